//! An exchange of the key file that was killed in the middle: what may be put back, started and
//! restored until it is done.
#![cfg(all(unix, debug_assertions))]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use countersign_service::{
    Config, Embedded, Exchange, Places, backup, doctor, exchange_keys, restore,
    restore_with_old_key, rotate_keys,
};
use tempfile::TempDir;

use crate::{
    exchange::old_key,
    restore::{saved, signs_in},
    support::{TestClock, World},
};

/// The data of a service that does not run.
struct Stopped {
    folder: TempDir,
    clock: Arc<TestClock>,
    listen: std::net::SocketAddr,
    places: Places,
}

impl Stopped {
    /// Stops a service, and copies its key file to [`old_key`].
    async fn of(world: World) -> Self {
        let listen = world.service.address();
        world.service.stop().await;
        let places = Places::new(world.folder.path());
        let stopped = Self {
            folder: world.folder,
            clock: world.clock,
            listen,
            places,
        };
        fs::copy(stopped.key(), old_key(&stopped.folder)).unwrap();
        stopped
    }

    /// The same, and kills an exchange of the key file before this write.
    async fn killed(world: World, arguments: &[&str], before: &str) -> Self {
        let stopped = Self::of(world).await;
        let output = Command::new(env!("CARGO_BIN_EXE_countersign-service"))
            .args(["keys", "reseal", "--data"])
            .arg(stopped.folder.path())
            .args(arguments)
            .env("COUNTERSIGN_KILL_BEFORE", before)
            .output()
            .unwrap();
        assert!(!output.status.success());
        let left = fs::read_to_string(stopped.key()).unwrap();
        assert!(left.contains("replaced-sealing"), "{before}");
        stopped
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("keys/service.key")
    }

    /// Puts the key file of before back.
    fn put_back(&self) {
        fs::copy(old_key(&self.folder), self.key()).unwrap();
    }

    async fn start(&self) -> Result<Embedded, String> {
        let config = Config {
            listen: self.listen,
            clock: self.clock.clone(),
            ..Config::embedded(self.folder.path())
        };
        let started = Embedded::start(config).await;
        started.map_err(|error| error.to_string())
    }

    async fn exchange(&self, exchange: Exchange) -> Result<bool, String> {
        let done = exchange_keys(&self.places, exchange, self.clock.as_ref(), |_| {}).await;
        done.map(|report| report.resumed)
            .map_err(|error| error.to_string())
    }

    fn restore(&self, file: &Path, old_key: Option<&Path>) -> Result<(), String> {
        let (places, clock) = (&self.places, self.clock.as_ref());
        let done = match old_key {
            Some(old_key) => restore_with_old_key(places, file, true, old_key, clock),
            None => restore(places, file, true, clock),
        };
        done.map(|_| ()).map_err(|error| error.to_string())
    }

    /// How many devices have a PIN epoch whose codes are not taken because it was copied.
    fn copied(&self) -> i64 {
        let database = rusqlite::Connection::open(self.folder.path().join("service.db")).unwrap();
        let query = "SELECT count(*) FROM device WHERE copied_epoch = epoch";
        database.query_row(query, [], |row| row.get(0)).unwrap()
    }
}

#[tokio::test]
async fn an_old_key_file_that_is_put_back_into_a_half_done_exchange_is_refused_with_what_to_do() {
    for before in ["Reseal:1", "Reseal:4"] {
        let world = World::new().await;
        let (mut owner, mut phone) = world.person().await;
        let stopped = Stopped::killed(world, &[], before).await;
        let half = fs::read(stopped.key()).unwrap();
        stopped.put_back();
        let doctor = doctor(&stopped.places, None).pop().unwrap().1;
        let rotate = countersign_service::Rotate::Both;
        let rotated = rotate_keys(&stopped.places, rotate, stopped.clock.as_ref()).await;
        for told in [
            stopped.start().await.err().unwrap(),
            doctor.unwrap_err(),
            rotated.unwrap_err().to_string(),
            stopped.exchange(Exchange::Sealing).await.unwrap_err(),
        ] {
            assert!(told.contains("Put the newer key file back"), "{told}");
        }
        fs::write(stopped.key(), half).unwrap();
        assert!(stopped.exchange(Exchange::Sealing).await.unwrap());
        let service = stopped.start().await.unwrap();
        signs_in(&mut owner, &mut phone).await;
        service.stop().await;
    }
}

#[tokio::test]
async fn what_a_service_seals_in_a_half_done_exchange_is_not_lost_to_the_old_key_file() {
    let world = World::new().await;
    world.person().await;
    // Nothing but the key file is changed yet, until the service starts with it.
    let stopped = Stopped::killed(world, &[], "BeginExchange:1").await;
    stopped.start().await.unwrap().stop().await;
    stopped.put_back();
    let refused = stopped.start().await.err().unwrap();
    assert!(refused.contains("Put the newer key file back"), "{refused}");
}

#[tokio::test]
async fn an_exchange_that_fails_in_the_middle_says_to_keep_the_key_file_and_to_go_on() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let stopped = Stopped::of(world).await;
    // The journal can't be written again.
    let draft = stopped.folder.path().join("service.part");
    fs::create_dir(&draft).unwrap();
    let refused = stopped.exchange(Exchange::Sealing).await.unwrap_err();
    assert!(
        refused.contains("half done") && refused.contains("Keep the key file"),
        "{refused}"
    );
    fs::remove_dir(&draft).unwrap();
    assert!(stopped.exchange(Exchange::Sealing).await.unwrap());
    let service = stopped.start().await.unwrap();
    signs_in(&mut owner, &mut phone).await;
    service.stop().await;
}

#[tokio::test]
async fn a_service_that_starts_in_a_half_done_exchange_after_a_theft_has_ended_what_was_stolen() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    assert_eq!(owner.get("/account").await.path, "/account");
    let (_folder, file) = saved(&world);
    let stopped = Stopped::killed(world, &["--compromised"], "BeginExchange:1").await;
    let service = stopped.start().await.unwrap();
    assert_eq!(owner.get("/account").await.path, "/sign-in");
    assert_eq!(stopped.copied(), 1);
    service.stop().await;
    // A thief with the old key file may have made a backup.
    let refused = stopped.restore(&file, None).unwrap_err();
    assert!(refused.contains("--old-key"), "{refused}");
    let old = old_key(&stopped.folder);
    stopped.restore(&file, Some(&old)).unwrap();
    // The command without --compromised goes on with what was begun, and the log says so.
    assert!(stopped.exchange(Exchange::Sealing).await.unwrap());
    assert_eq!(stopped.copied(), 1);
    let log = fs::read_to_string(stopped.folder.path().join("security.log")).unwrap();
    assert!(log.contains("keys-replaced") && !log.contains("keys-resealed"));
}

#[tokio::test]
async fn a_backup_of_a_half_done_exchange_after_a_theft_is_restored_with_what_was_stolen_ended() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    assert_eq!(owner.get("/account").await.path, "/account");
    let stopped = Stopped::killed(world, &["--compromised"], "BeginExchange:1").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.db");
    backup(&stopped.places, &file, stopped.clock.as_ref()).unwrap();
    let old = old_key(&stopped.folder);
    fs::copy(stopped.key(), &old).unwrap();
    assert!(stopped.exchange(Exchange::Copied).await.unwrap());
    stopped.restore(&file, Some(&old)).unwrap();
    assert_eq!(stopped.copied(), 1);
    let service = stopped.start().await.unwrap();
    assert_eq!(owner.get("/account").await.path, "/sign-in");
    service.stop().await;
}

#[tokio::test]
async fn an_old_key_file_that_this_service_never_had_opens_no_backup() {
    let theirs = World::new().await;
    theirs.person().await;
    let (_folder, file) = saved(&theirs);
    let made = theirs.folder.path().join("keys/service.key");
    let world = World::new().await;
    world.person().await;
    let stopped = Stopped::of(world).await;
    let refused = stopped.restore(&file, Some(&made)).unwrap_err();
    assert!(
        refused.contains("not a key file that this service had"),
        "{refused}"
    );
    stopped.start().await.unwrap().stop().await;
    theirs.service.stop().await;
}
