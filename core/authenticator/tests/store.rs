//! The phone's data under everything that can happen to them: each error says what to do, and
//! nothing confirmed is lost.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use countersign::platform::{DeviceKey, KeyStore, KeyStoreError};
use countersign::software::{KEY_FILE, SoftwareKeyStore};
use countersign::transport::{Outgoing, Transport, TransportError};
use countersign::{
    AccountState, Authenticator, DATABASE_FILE, EventKind, Platform, Scanned, Source, Unlock,
    UnlockMethod,
};
use countersign_protocol::message::SignatureBytes;
use countersign_protocol::secret::Secret32;
use zeroize::Zeroizing;

use crate::support::*;

fn refusal(folder: &Path) -> String {
    match Authenticator::embedded(folder) {
        Ok(_) => panic!("it opened"),
        Err(error) => error.to_string(),
    }
}

fn database(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join(DATABASE_FILE)).unwrap()
}

#[test]
fn a_newer_schema_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    Authenticator::embedded(folder.path()).unwrap();
    database(folder.path())
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = refusal(folder.path());
    assert!(
        error.contains("newer version") && error.contains("update the app"),
        "{error}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    fs::write(&file, "").unwrap();
    for place in [file.join("data"), "/proc/countersign".into()] {
        let error = refusal(&place);
        assert!(error.contains("writable"), "{error}");
        assert!(error.contains(&place.display().to_string()), "{error}");
    }
}

#[test]
fn damaged_data_are_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(DATABASE_FILE), [0x5a; 8192]).unwrap();
    let error = refusal(folder.path());
    assert!(
        error.contains("damaged") && error.contains("initialise the account again"),
        "{error}"
    );
}

#[test]
fn an_emptied_or_lost_database_beside_its_wrapping_key_is_refused_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    drop(Authenticator::embedded(folder.path()).unwrap());
    let database = folder.path().join(DATABASE_FILE);
    for emptied in [true, false] {
        match emptied {
            true => fs::write(&database, "").unwrap(),
            false => fs::remove_file(&database).unwrap(),
        }
        let told = Authenticator::embedded(folder.path()).err().unwrap();
        assert!(
            told.to_string().contains("move the key file away"),
            "{told}"
        );
        assert_eq!(fs::metadata(&database).map_or(0, |file| file.len()), 0);
    }
    fs::remove_file(folder.path().join("wrapping.key")).unwrap();
    assert!(Authenticator::embedded(folder.path()).is_ok());
}

/// A platform's key store: its key outlives the data, as one in a keychain does.
fn with_keys(folder: &Path, keys: &Path) -> Result<Authenticator, countersign::OpenError> {
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let mut platform = platform(folder, clock, desk);
    platform.keys = Arc::new(SoftwareKeyStore::open(keys).unwrap());
    Authenticator::open(folder, platform)
}

#[tokio::test]
async fn a_platform_key_without_its_data_is_reported_as_a_reinstall() {
    let (folder, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let new = with_keys(folder.path(), keys.path()).unwrap();
    assert!(new.resume().await.unwrap().is_empty(), "a new phone");
    drop(new);
    let database = folder.path().join(DATABASE_FILE);
    for emptied in [true, false] {
        match emptied {
            true => fs::write(&database, "").unwrap(),
            false => fs::remove_file(&database).unwrap(),
        }
        // At each start, until something else has happened.
        for _ in 0..2 {
            let again = with_keys(folder.path(), keys.path()).unwrap();
            let resumed = again.resume().await.unwrap();
            assert!(matches!(resumed[..], [countersign::Resumed::Reinstalled]));
            assert_eq!(again.history().unwrap()[0].kind, EventKind::Reinstalled);
        }
    }
}

/// A platform's key store as phones have them: its first seal makes the key, and may fail after
/// that.
struct FirstSeal {
    folder: PathBuf,
    fails: bool,
}

impl FirstSeal {
    fn keys(&self) -> SoftwareKeyStore {
        SoftwareKeyStore::open(&self.folder).unwrap()
    }
}

impl KeyStore for FirstSeal {
    fn has_key(&self) -> Result<bool, KeyStoreError> {
        Ok(self.folder.join(KEY_FILE).exists())
    }

    fn seal(&self, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        let keys = self.keys();
        match self.fails {
            true => Err(KeyStoreError::Unavailable("it ended".to_owned())),
            false => keys.seal(context, secret),
        }
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        self.keys().open(context, sealed)
    }

    fn create_key(&self, context: &[u8]) -> Result<DeviceKey, KeyStoreError> {
        self.keys().create_key(context)
    }

    fn sign(
        &self,
        context: &[u8],
        handle: &[u8],
        message: &[u8],
    ) -> Result<SignatureBytes, KeyStoreError> {
        self.keys().sign(context, handle, message)
    }

    fn delete_key(&self, handle: &[u8]) -> Result<(), KeyStoreError> {
        self.keys().delete_key(handle)
    }

    fn hardware_share(&self, context: &[u8]) -> Result<Option<Secret32>, KeyStoreError> {
        self.keys().hardware_share(context)
    }
}

#[tokio::test]
async fn a_first_start_that_was_cut_off_is_no_reinstall_and_a_reinstall_is_recorded_once() {
    let (data, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let open = |fails| {
        let clock = TestClock::new();
        let desk = Desk::new(&clock);
        let mut platform = platform(data.path(), clock, desk);
        let folder = keys.path().to_owned();
        platform.keys = Arc::new(FirstSeal { folder, fails });
        Authenticator::open(data.path(), platform)
    };
    assert!(open(true).is_err());
    assert!(keys.path().join(KEY_FILE).exists());
    let new = open(false).unwrap();
    assert!(new.resume().await.unwrap().is_empty(), "a new phone");
    assert!(new.history().unwrap().is_empty());
    drop(new);
    // Now the data go, and the start after that is cut off too.
    fs::remove_file(data.path().join(DATABASE_FILE)).unwrap();
    for _ in 0..2 {
        assert!(open(true).is_err());
    }
    for _ in 0..2 {
        let again = open(false).unwrap();
        let resumed = again.resume().await.unwrap();
        assert!(matches!(resumed[..], [countersign::Resumed::Reinstalled]));
        assert_eq!(again.history().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_new_phone_on_a_computer_is_no_reinstall() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let three = tempfile::tempdir().unwrap();
    // A start that was cut off when it had made the key.
    drop(Authenticator::embedded(three.path()).unwrap());
    let database = database(three.path());
    database.execute("DELETE FROM proof", []).unwrap();
    let platform = Platform::with_stand_in_reader(two.path()).unwrap();
    for new in [
        Authenticator::embedded_with_stand_in_reader(one.path()).unwrap(),
        Authenticator::open(two.path(), platform).unwrap(),
        Authenticator::embedded(three.path()).unwrap(),
    ] {
        assert!(new.resume().await.unwrap().is_empty());
        assert!(new.history().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_reinstall_is_not_reported_any_more_once_an_account_was_added() {
    let (folder, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    SoftwareKeyStore::open(keys.path()).unwrap();
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let mut platform = platform(
        folder.path(),
        clock,
        Arc::clone(&desk) as Arc<dyn Transport>,
    );
    platform.keys = Arc::new(SoftwareKeyStore::open(keys.path()).unwrap());
    let phone = Authenticator::open(folder.path(), platform).unwrap();
    assert_eq!(phone.resume().await.unwrap().len(), 1);
    enrol(&phone, &desk, "anna@example.eu").await;
    assert!(phone.resume().await.unwrap().is_empty());
}

#[tokio::test]
async fn data_whose_platform_key_is_gone_or_another_are_refused_with_what_to_do() {
    let (folder, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let mut platform = platform(
        folder.path(),
        clock,
        Arc::clone(&desk) as Arc<dyn Transport>,
    );
    platform.keys = Arc::new(SoftwareKeyStore::open(keys.path()).unwrap());
    let phone = Authenticator::open(folder.path(), platform).unwrap();
    enrol(&phone, &desk, "anna@example.eu").await;
    drop(phone);
    let other = tempfile::tempdir().unwrap();
    let refused = with_keys(folder.path(), other.path()).err().unwrap();
    assert!(refused.to_string().contains("initialise"), "{refused}");
    // Without the proof nothing shows which key the accounts were sealed with.
    let database = database(folder.path());
    database.execute("DELETE FROM proof", []).unwrap();
    let refused = with_keys(folder.path(), keys.path()).err().unwrap();
    assert!(refused.to_string().contains("damaged"), "{refused}");
}

#[test]
fn the_wrong_wrapping_key_is_found_out_at_once() {
    let folder = tempfile::tempdir().unwrap();
    Authenticator::embedded(folder.path()).unwrap();
    let key = folder.path().join("wrapping.key");
    let right = fs::read(&key).unwrap();
    // Lost, then replaced by a new one.
    fs::remove_file(&key).unwrap();
    let error = refusal(folder.path());
    assert!(
        error.contains("put the key and the data that belong together back"),
        "{error}"
    );
    fs::write(&key, &right[..31]).unwrap();
    assert!(refusal(folder.path()).contains("damaged"));
    fs::write(&key, right).unwrap();
    Authenticator::embedded(folder.path()).unwrap();
}

#[cfg(unix)]
#[test]
fn key_and_data_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("new");
    Authenticator::embedded(&folder).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let key = folder.join("wrapping.key");
    assert_eq!(mode(&key), 0o600);
    assert_eq!(mode(&folder.join(DATABASE_FILE)), 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(refusal(&folder).contains("chmod 600"));
}

/// Another process of this test program, which runs `the_other_process` below in one of its roles.
fn child(role: &str, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store::the_other_process",
            "--ignored",
            "--nocapture",
        ])
        .env("COUNTERSIGN_TEST_ROLE", role)
        .env("COUNTERSIGN_TEST_FOLDER", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the child says so, and returns what it says after it.
fn wait_for(child: &mut Child, word: &str) -> BufReader<std::process::ChildStdout> {
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        if line.trim_end().ends_with(word) {
            return lines;
        }
        line.clear();
    }
    panic!("the child ended before {word:?}");
}

/// A key store that ends the process at its n-th call, as a power cut would.
struct Failpoint {
    keys: SoftwareKeyStore,
    seals_left: Arc<AtomicI32>,
}

impl KeyStore for Failpoint {
    fn has_key(&self) -> Result<bool, KeyStoreError> {
        // This process has opened the file before.
        Ok(false)
    }

    fn seal(&self, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        if self.seals_left.fetch_sub(1, Ordering::SeqCst) == 0 {
            std::process::abort();
        }
        self.keys.seal(context, secret)
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        self.keys.open(context, sealed)
    }

    fn create_key(&self, context: &[u8]) -> Result<DeviceKey, KeyStoreError> {
        self.keys.create_key(context)
    }

    fn sign(
        &self,
        context: &[u8],
        handle: &[u8],
        message: &[u8],
    ) -> Result<SignatureBytes, KeyStoreError> {
        self.keys.sign(context, handle, message)
    }

    fn delete_key(&self, handle: &[u8]) -> Result<(), KeyStoreError> {
        self.keys.delete_key(handle)
    }

    fn hardware_share(&self, context: &[u8]) -> Result<Option<Secret32>, KeyStoreError> {
        self.keys.hardware_share(context)
    }
}

/// A network that ends the process when a path is asked for.
struct Cable {
    desk: Arc<Desk>,
    cut_at: &'static str,
}

#[async_trait]
impl Transport for Cable {
    async fn send(&self, request: Outgoing) -> Result<Vec<u8>, TransportError> {
        if request.path == self.cut_at {
            std::process::abort();
        }
        self.desk.send(request).await
    }
}

#[test]
#[ignore = "run by the other tests as a process of its own"]
fn the_other_process() {
    let (Ok(role), Some(folder)) = (
        std::env::var("COUNTERSIGN_TEST_ROLE"),
        std::env::var_os("COUNTERSIGN_TEST_FOLDER"),
    ) else {
        return;
    };
    let folder = Path::new(&folder);
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let seals_left = Arc::new(AtomicI32::new(i32::MAX));
    let open = |cut_at| {
        let cable = Cable {
            desk: Arc::clone(&desk),
            cut_at,
        };
        let mut platform = platform(folder, Arc::clone(&clock), Arc::new(cable));
        platform.keys = Arc::new(Failpoint {
            keys: SoftwareKeyStore::open(folder).unwrap(),
            seals_left: Arc::clone(&seals_left),
        });
        Authenticator::open(folder, platform).unwrap()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match role.as_str() {
        "write" => {
            let connection = database(folder);
            connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
            println!("ready");
            std::thread::sleep(Duration::from_secs(60));
        }
        "request" => {
            let file = fs::File::create(folder.join("requests.lock")).unwrap();
            file.lock().unwrap();
            println!("ready");
            std::thread::sleep(Duration::from_secs(2));
        }
        "claim is sent" => {
            runtime.block_on(enrol(&open("/api/v1/claim"), &desk, "anna@example.eu"));
        }
        "keys are sealed" => {
            let phone = open("");
            seals_left.store(2, Ordering::SeqCst);
            runtime.block_on(enrol(&phone, &desk, "anna@example.eu"));
        }
        "answer is sent" => runtime.block_on(async {
            let phone = open("/api/v1/answer");
            let account = enrol(&phone, &desk, "anna@example.eu").await;
            desk.ask_approval(None);
            let request = phone.pending(account).await.unwrap().remove(0);
            let _ = phone.approve(request.id, None, None, pin(PIN).into()).await;
        }),
        "chain moves" => runtime.block_on(async {
            let phone = open("");
            enrol(&phone, &desk, "anna@example.eu").await;
            make_code(&phone, &desk, 1).await;
            seals_left.store(0, Ordering::SeqCst);
            make_code(&phone, &desk, 2).await;
        }),
        "codes" => runtime.block_on(async {
            let phone = open("");
            enrol(&phone, &desk, "anna@example.eu").await;
            println!("ready");
            for step in 1.. {
                make_code(&phone, &desk, step).await;
                println!("shown {step}");
            }
        }),
        other => panic!("no role {other}"),
    }
}

async fn make_code(phone: &Authenticator, desk: &Desk, step: u64) {
    let (acc, _) = desk.only();
    let text = desk.ask_code(acc, step, Unlock::Nothing);
    let Scanned::Code(request) = phone.scan(&text, Source::Camera).await.unwrap() else {
        panic!("not a code");
    };
    phone.code(request.id, UnlockMethod::Nothing).await.unwrap();
}

fn next_step(folder: &Path) -> u64 {
    let connection = database(folder);
    let step: i64 = connection
        .query_row("SELECT next_step FROM account", [], |row| row.get(0))
        .unwrap();
    step as u64
}

fn is_sound(folder: &Path) {
    let verdict: String = database(folder)
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
}

#[test]
fn a_crash_while_keys_are_made_leaves_no_account() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        !child("keys are sealed", folder.path())
            .wait()
            .unwrap()
            .success()
    );
    let phone = Authenticator::embedded(folder.path()).unwrap();
    assert!(phone.accounts().unwrap().is_empty());
}

#[tokio::test]
async fn what_a_claim_needs_is_stored_before_the_claim_is_sent_and_later_finished_or_dropped() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        !child("claim is sent", folder.path())
            .wait()
            .unwrap()
            .success()
    );
    is_sound(folder.path());
    let clock = TestClock::new();
    let phone = phone(folder.path(), &clock, &Desk::new(&clock));
    assert_eq!(phone.accounts().unwrap()[0].state, AccountState::Unfinished);
    // This verifier has never heard of it. While the claim might still arrive, nothing is dropped.
    let resumed = phone.resume().await.unwrap();
    assert!(matches!(resumed[..], [countersign::Resumed::Unknown(..)]));
    assert_eq!(phone.accounts().unwrap().len(), 1);
    clock.set(NOW + 601);
    let resumed = phone.resume().await.unwrap();
    assert!(matches!(resumed[..], [countersign::Resumed::Dropped(_)]));
    assert!(phone.accounts().unwrap().is_empty());
}

#[test]
fn the_counter_is_on_disk_before_an_answer_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        !child("answer is sent", folder.path())
            .wait()
            .unwrap()
            .success()
    );
    let counter: i64 = database(folder.path())
        .query_row("SELECT counter FROM account", [], |row| row.get(0))
        .unwrap();
    assert_eq!(counter, 1);
}

#[test]
fn a_crash_before_the_chain_has_moved_spends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        !child("chain moves", folder.path())
            .wait()
            .unwrap()
            .success()
    );
    is_sound(folder.path());
    assert_eq!(next_step(folder.path()), 2);
    let phone = Authenticator::embedded(folder.path()).unwrap();
    let history = phone.history().unwrap();
    let codes = history
        .iter()
        .filter(|event| event.kind == EventKind::CodeMade);
    assert_eq!(codes.count(), 1);
}

#[test]
fn a_code_that_was_shown_is_spent_whenever_the_process_is_killed() {
    for millis in [5, 40, 90, 170] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = child("codes", folder.path());
        let lines = wait_for(&mut child, "ready");
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().unwrap();
        child.wait().unwrap();
        let shown = lines
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| {
                line.strip_prefix("shown ")
                    .and_then(|n| n.parse::<u64>().ok())
            })
            .max()
            .unwrap_or(0);
        Authenticator::embedded(folder.path()).unwrap();
        is_sound(folder.path());
        assert!(next_step(folder.path()) > shown);
        assert!(next_step(folder.path()) <= shown + 2);
    }
}

#[tokio::test]
async fn a_program_that_is_writing_is_waited_for_and_then_named() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let phone = phone(folder.path(), &clock, &desk);
    let account = enrol(&phone, &desk, "anna@example.eu").await;
    let mut other = child("write", folder.path());
    wait_for(&mut other, "ready");
    let error = phone.rename(account, "Anna").unwrap_err().to_string();
    assert!(error.contains("another Countersign program"), "{error}");
    other.kill().unwrap();
    other.wait().unwrap();
    phone.rename(account, "Anna").unwrap();
}

#[tokio::test]
async fn requests_of_two_programs_go_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let phone = phone(folder.path(), &clock, &desk);
    let account = enrol(&phone, &desk, "anna@example.eu").await;
    desk.ask_approval(None);
    let request = phone.pending(account).await.unwrap().remove(0);
    let mut other = child("request", folder.path());
    wait_for(&mut other, "ready");
    let began = std::time::Instant::now();
    phone
        .approve(request.id, None, None, pin(PIN).into())
        .await
        .unwrap();
    assert!(began.elapsed() > Duration::from_secs(1));
    other.wait().unwrap();
}

#[tokio::test]
async fn two_programs_on_one_store_share_its_chain() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let (one, two) = (
        phone(folder.path(), &clock, &desk),
        phone(folder.path(), &clock, &desk),
    );
    enrol(&one, &desk, "anna@example.eu").await;
    let (acc, _) = desk.only();
    let text = desk.ask_code(acc, 1, Unlock::Nothing);
    let (Scanned::Code(first), Scanned::Code(second)) = (
        one.scan(&text, Source::Camera).await.unwrap(),
        two.scan(&text, Source::Camera).await.unwrap(),
    ) else {
        panic!("no codes");
    };
    one.code(first.id, UnlockMethod::Nothing).await.unwrap();
    assert!(two.code(second.id, UnlockMethod::Nothing).await.is_err());
    make_code(&two, &desk, 2).await;
    make_code(&one, &desk, 3).await;
}

#[test]
fn remains_of_rows_that_moved_go_at_the_next_start_where_a_crash_left_them() {
    const REMAINS: &[u8] = b"an earlier chain value, sealed";
    let folder = tempfile::tempdir().unwrap();
    let holds = || {
        let raw = fs::read(folder.path().join(DATABASE_FILE)).unwrap();
        raw.windows(REMAINS.len()).any(|window| window == REMAINS)
    };
    Authenticator::embedded(folder.path()).unwrap();
    let database = database(folder.path());
    database
        .execute_batch("PRAGMA secure_delete = OFF; CREATE TABLE gone (value BLOB)")
        .unwrap();
    database
        .execute("INSERT INTO gone VALUES (?1)", [REMAINS])
        .unwrap();
    // The transaction that adds or removes an account leaves this in the header until the file is
    // written again.
    database
        .execute_batch("DROP TABLE gone; PRAGMA application_id = 0x43537265")
        .unwrap();
    drop(database);
    assert!(holds());
    Authenticator::embedded(folder.path()).unwrap();
    assert!(!holds());
}
