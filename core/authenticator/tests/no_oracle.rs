//! A thief who holds the phone's folder and its wrapping key, and opens every seal, learns nothing that tells a right PIN from a wrong one.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use countersign::platform::{DeviceKey, KeyStore, KeyStoreError};
use countersign::software::SoftwareKeyStore;
use countersign::{Authenticator, DATABASE_FILE, Scanned, Source, Unlock};
use countersign_protocol::id::{AccountId, DeviceId, PublicKey, Svc};
use countersign_protocol::keys::{Binding, Chain, PinKeys};
use countersign_protocol::message::SignatureBytes;
use countersign_protocol::secret::Secret32;
use ring::{digest, hmac};
use zeroize::Zeroizing;

use support::*;

/// Context, secret and blob of a seal.
type Note = (Vec<u8>, Vec<u8>, Vec<u8>);

/// The thief's notes: the real key store, with everything that it sealed and opened written down.
struct Notebook {
    keys: SoftwareKeyStore,
    sealed: Mutex<Vec<Note>>,
}

impl KeyStore for Notebook {
    fn seal(&self, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        let blob = self.keys.seal(context, secret)?;
        let note = (context.to_vec(), secret.to_vec(), blob.clone());
        self.sealed.lock().unwrap().push(note);
        Ok(blob)
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

/// Every file of the folder but the wrapping key.
fn folder_bytes(folder: &Path) -> Vec<u8> {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    files
        .filter(|path| !path.ends_with("wrapping.key"))
        .flat_map(|path| fs::read(path).unwrap())
        .collect()
}

/// Every eight bytes in a row that occur, so that ten thousand needles are looked for in no time.
fn windows(bytes: &[u8]) -> BTreeSet<[u8; 8]> {
    bytes
        .windows(8)
        .map(|window| <[u8; 8]>::try_from(window).unwrap())
        .collect()
}

fn found(windows: &BTreeSet<[u8; 8]>, needle: &[u8]) -> bool {
    needle
        .chunks_exact(8)
        .any(|part| windows.contains(&<[u8; 8]>::try_from(part).unwrap()))
}

struct Stolen {
    phone: Authenticator,
    notebook: Arc<Notebook>,
    desk: Arc<Desk>,
    acc: AccountId,
}

/// A phone with a full life: an enrolment, a wrong PIN and a right one, codes with and without PIN, a second account come and gone.
async fn a_phone_with_a_life(folder: &Path) -> Stolen {
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let mut platform = platform(folder, Arc::clone(&clock), Arc::clone(&desk) as _);
    let notebook = Arc::new(Notebook {
        keys: SoftwareKeyStore::open(folder).unwrap(),
        sealed: Mutex::default(),
    });
    platform.keys = Arc::clone(&notebook) as _;
    let phone = Authenticator::open(folder, platform).unwrap();
    let account = enrol(&phone, &desk, "anna@example.eu").await;
    let (acc, _) = desk.only();

    desk.ask_approval(Some(42));
    let request = phone.pending(account).await.unwrap().remove(0);
    let wrong = phone.approve(request.id, Some(42), pin("0815")).await;
    assert!(wrong.is_err());
    phone.approve(request.id, Some(42), pin(PIN)).await.unwrap();

    for (step, typed) in [(1, None), (2, Some(PIN)), (3, Some("0815")), (9, Some(PIN))] {
        let unlock = if typed.is_some() {
            Unlock::Pin
        } else {
            Unlock::Nothing
        };
        let text = desk.ask_code(acc, step, unlock);
        let Scanned::Code(request) = phone.scan(&text, Source::Camera).await.unwrap() else {
            panic!("not a code");
        };
        phone.code(request.id, typed.map(pin)).await.unwrap();
        if step == 2 {
            // Enough accounts that their rows are moved from page to page, each of which might keep a remnant.
            for other in 0..24 {
                let other = Desk::at(&format!("https://other-{other}.example.eu"), &clock);
                enrol_elsewhere(folder, &notebook, &clock, &other).await;
            }
        }
    }
    // The last account and one in the middle go again.
    let accounts = phone.accounts().unwrap();
    for at in [12, accounts.len() - 1] {
        phone.remove(accounts[at].number).await.unwrap();
    }
    Stolen {
        phone,
        notebook,
        desk,
        acc,
    }
}

/// Another program on the same data, whose network leads to another service.
async fn enrol_elsewhere(
    folder: &Path,
    notebook: &Arc<Notebook>,
    clock: &Arc<TestClock>,
    desk: &Arc<Desk>,
) {
    let mut platform = platform(folder, Arc::clone(clock), Arc::clone(desk) as _);
    platform.keys = Arc::clone(notebook) as _;
    let phone = Authenticator::open(folder, platform).unwrap();
    enrol(&phone, desk, "bert@example.eu").await;
}

#[tokio::test]
async fn nothing_that_is_stored_tells_a_right_pin_from_a_wrong_one() {
    let folder = tempfile::tempdir().unwrap();
    let stolen = a_phone_with_a_life(folder.path()).await;
    drop(stolen.phone);

    // The thief opens every seal: each row, with the context that it names.
    let database = rusqlite::Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let mut opened = Vec::new();
    let mut secrets = std::collections::HashMap::new();
    let mut rows = database
        .prepare("SELECT svc, acc, dev, field, sealed.epoch, blob FROM sealed JOIN account ON account.number = sealed.account")
        .unwrap();
    let rows = rows
        .query_map([], |row| {
            Ok((
                row.get::<_, [u8; 8]>(0)?,
                row.get::<_, [u8; 8]>(1)?,
                row.get::<_, [u8; 8]>(2)?,
                row.get::<_, String>(3)?,
                row.get::<_, u32>(4)?,
                row.get::<_, Vec<u8>>(5)?,
            ))
        })
        .unwrap();
    for row in rows {
        let (svc, acc, dev, field, epoch, blob) = row.unwrap();
        let context = [&svc[..], &acc, &dev, field.as_bytes(), &epoch.to_be_bytes()].concat();
        let secret = stolen.notebook.open(&context, &blob).unwrap();
        opened.extend_from_slice(&secret);
        if acc == stolen.acc.0 {
            secrets.insert(field, (Svc(svc), DeviceId(dev), epoch, secret));
        }
    }
    assert_eq!(
        secrets.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from(["C", "D", "N"]),
        "an account has these sealed and no others"
    );

    let (svc, dev, epoch, d) = &secrets["D"];
    let d = Secret32::from_slice(d).unwrap();
    let binding = Binding {
        svc: *svc,
        acc: stolen.acc,
        dev: *dev,
        epoch: *epoch,
    };
    let raw = folder_bytes(folder.path());
    let haystack = windows(&[raw, opened].concat());
    let wrapping = fs::read(folder.path().join("wrapping.key")).unwrap();
    let mac = |key: &[u8], bytes: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, bytes).as_ref().to_vec()
    };
    for number in 0..10_000 {
        let guess = pin(&format!("{number:04}"));
        let keys = PinKeys::derive(&binding, &d, None, &guess);
        let public = PublicKey::of(keys.signing_key());
        let x = &public.as_bytes()[1..33];
        let sk = keys.signing_key().to_bytes();
        let p = keys.code.expose();
        // Of the same form, whichever PIN it is.
        assert_eq!((public.as_bytes().len(), sk.len(), p.len()), (65, 32, 32));
        for material in [&public.as_bytes()[..], x, &sk, p, guess.as_bytes()] {
            if material.len() > 4 {
                assert!(!found(&haystack, material), "{number:04}");
            }
            let hash = digest::digest(&digest::SHA256, material);
            assert!(!found(&haystack, hash.as_ref()), "{number:04}");
            for key in [&d.expose()[..], &wrapping] {
                assert!(!found(&haystack, &mac(key, material)), "{number:04}");
            }
        }
    }
    // The search finds what is there.
    assert!(found(&haystack, d.expose()));
    // And the verifier, which counts, does tell.
    let right = PinKeys::derive(&binding, &d, None, &pin(PIN));
    let books = stolen.desk.books.lock().unwrap();
    assert!(books.devices[&dev.0].pin_key == PublicKey::of(right.signing_key()));
}

#[tokio::test]
async fn no_earlier_chain_value_is_in_any_file_in_clear_or_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let stolen = a_phone_with_a_life(folder.path()).await;
    let raw = folder_bytes(folder.path());
    let haystack = windows(&raw);
    let notes = stolen.notebook.sealed.lock().unwrap();
    let chain: Vec<_> = notes
        .iter()
        .filter(|(context, ..)| {
            context[8..16] == stolen.acc.0 && context.len() == 29 && context[24] == b'C'
        })
        .collect();
    assert_eq!(chain.len(), 5, "the first value and one for each code");
    let (_, newest, newest_blob) = chain.last().unwrap();
    assert!(
        found(&haystack, newest_blob),
        "the value in use is there, sealed"
    );
    assert!(!found(&haystack, newest));
    for (_, value, blob) in &chain[..chain.len() - 1] {
        assert!(!found(&haystack, value), "in clear");
        assert!(!found(&haystack, &blob[12..]), "sealed");
    }
    // Nor any value in between, over which the chain moved from step 3 to 9.
    let first = Chain::new(1, Secret32::from_slice(&chain[0].1).unwrap());
    for step in 1..=9 {
        let value = first.advanced(step, 100).unwrap();
        assert!(!found(&haystack, value.value().expose()), "{step}");
    }
    // What belonged to the accounts that were removed is gone too.
    let kept: BTreeSet<Vec<u8>> = accounts_in(folder.path()).into_iter().collect();
    assert_eq!(kept.len(), 23);
    let gone = notes
        .iter()
        .filter(|(context, ..)| context.len() == 29 && !kept.contains(&context[8..16]));
    let mut count = 0;
    for (_, value, blob) in gone {
        assert!(!found(&haystack, value) && !found(&haystack, &blob[12..]));
        count += 1;
    }
    assert_eq!(count, 6, "D, N and C of two accounts");
}

fn accounts_in(folder: &Path) -> Vec<Vec<u8>> {
    let database = rusqlite::Connection::open(folder.join(DATABASE_FILE)).unwrap();
    let mut rows = database.prepare("SELECT acc FROM account").unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn no_request_and_no_signature_of_the_pin_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let stolen = a_phone_with_a_life(folder.path()).await;
    let haystack = windows(&folder_bytes(folder.path()));
    let bodies = [
        stolen.desk.sent("/api/v1/claim"),
        stolen.desk.sent("/api/v1/answer"),
    ]
    .concat();
    assert!(bodies.len() >= 3);
    for body in bodies {
        // Public names are in both; what is sealed and the signatures are in neither form here. They are the body's last 300 bytes.
        let sealed = &body[body.len() - 100..];
        assert!(!sealed.windows(8).any(|part| haystack.contains(part)));
        let hash = digest::digest(&digest::SHA256, &body);
        assert!(!found(&haystack, hash.as_ref()));
    }
}

#[tokio::test]
async fn a_wrong_pin_looks_and_is_stored_like_a_right_one_until_the_service_speaks() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, desk) = {
        let clock = TestClock::new();
        (Arc::clone(&clock), Desk::new(&clock))
    };
    let phone = phone(folder.path(), &clock, &desk);
    let account = enrol(&phone, &desk, "anna@example.eu").await;
    desk.ask_approval(None);
    let request = phone.pending(account).await.unwrap().remove(0);
    let before = phone.history().unwrap();
    for guess in ["0815", PIN] {
        desk.twist(&[Twist::Unreachable, Twist::Unreachable, Twist::Unreachable]);
        assert!(phone.approve(request.id, None, pin(guess)).await.is_err());
        assert_eq!(phone.history().unwrap(), before);
        assert_eq!(phone.accounts().unwrap()[0].tries_left, Some(5));
    }
    // What goes out has the same length for every PIN.
    let mut lengths = BTreeSet::new();
    for guess in ["0815", "9999", PIN] {
        let _ = phone.approve(request.id, None, pin(guess)).await;
    }
    lengths.extend(desk.sent("/api/v1/answer").iter().map(Vec::len));
    assert_eq!(lengths.len(), 1);
}
