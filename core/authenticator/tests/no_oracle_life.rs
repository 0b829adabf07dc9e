//! The PIN rule through a phone's whole life: at every moment of a changed, renewed and forgotten
//! PIN, and of biometrics, and at all of them together, nothing that is stored tells a right PIN
//! from a wrong one.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign::platform::{
    BiometricKey, Biometrics, BiometricsError, DeviceKey, Entropy, KeyStore, KeyStoreError,
    NoEntropy,
};
use countersign::software::{LoggedIn, SoftwareBiometrics, SoftwareKeyStore};
use countersign::transport::{Outgoing, Transport, TransportError};
use countersign::{AccountNumber, Authenticator, DATABASE_FILE, Platform, Scanned, Source, Unlock};
use countersign_protocol::SigningKey;
use countersign_protocol::claim::KeyClass;
use countersign_protocol::id::{AccountId, PublicKey};
use countersign_protocol::message::SignatureBytes;
use countersign_protocol::secret::Secret32;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Signer;
use ring::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::support::*;

const NEW: &str = "8023";
const WRONG: &str = "5739";

/// The verifier, with a thief who copies the phone before each message and after its answer.
struct Spied {
    desk: Arc<Desk>,
    folder: std::path::PathBuf,
    loots: Mutex<Vec<Loot>>,
}

#[async_trait]
impl Transport for Spied {
    async fn send(&self, request: Outgoing) -> Result<Vec<u8>, TransportError> {
        let before = steal(&self.folder);
        let answer = self.desk.send(request).await;
        let after = steal(&self.folder);
        self.loots.lock().unwrap().extend([before, after]);
        answer
    }
}

struct Life {
    phone: Authenticator,
    notebook: Arc<Notebook>,
    spied: Arc<Spied>,
    account: AccountNumber,
    acc: AccountId,
}

async fn life(folder: &Path) -> Life {
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let spied = Arc::new(Spied {
        desk: Arc::clone(&desk),
        folder: folder.to_owned(),
        loots: Mutex::default(),
    });
    let mut platform = platform(folder, clock, Arc::clone(&spied) as _);
    let notebook = Arc::new(Notebook {
        keys: SoftwareKeyStore::open(folder).unwrap(),
        sealed: Mutex::default(),
    });
    platform.keys = Arc::clone(&notebook) as _;
    platform.biometrics = Some(Arc::new(
        SoftwareBiometrics::open(folder, Arc::new(LoggedIn)).unwrap(),
    ));
    let phone = Authenticator::open(folder, platform).unwrap();
    let account = enrol(&phone, &desk, "anna@example.eu").await;
    let acc = desk.only().0;
    Life {
        phone,
        notebook,
        spied,
        account,
        acc,
    }
}

impl Life {
    async fn code(&self, step: u64, typed: &str) {
        let text = self.spied.desk.ask_code(self.acc, step, Unlock::Pin);
        let Scanned::Code(request) = self.phone.scan(&text, Source::Camera).await.unwrap() else {
            panic!("not a code");
        };
        self.phone
            .code(request.id, pin(typed).into())
            .await
            .unwrap();
    }

    async fn change(&self, old: &str, new: &str) -> bool {
        let changed = self
            .phone
            .change_pin(self.account, pin(old), pin(new), pin(new));
        changed.await.is_ok()
    }

    /// Everything in which a PIN takes part: wrong ones too, and answers that are lost.
    async fn live(&self) {
        let Self { phone, account, .. } = self;
        let account = *account;
        let on = phone.turn_on_biometrics(account, pin(PIN)).await;
        assert!(on.unwrap().biometrics);
        self.code(1, PIN).await;
        assert!(!self.change(WRONG, NEW).await);
        // Slot B, sent, and no answer; then accepted, and no answer.
        self.spied.desk.twist(&[Twist::Lost, Twist::Unreachable]);
        let lost = [Twist::None, Twist::Unreachable, Twist::Unreachable];
        self.spied
            .desk
            .twist(&[&lost[..], &[Twist::Unreachable; 2]].concat());
        assert!(!self.change(PIN, NEW).await);
        phone.resume().await.unwrap();
        self.code(2, NEW).await;
        phone.rotate_keys(account, pin(NEW)).await.unwrap();
        self.spied.desk.grant();
        let forgotten = phone.set_forgotten_pin(account, pin(PIN), pin(PIN)).await;
        forgotten.unwrap();
        self.code(3, WRONG).await;
    }
}

#[tokio::test(start_paused = true)]
async fn at_no_moment_of_a_phones_life_and_at_all_together_does_anything_tell_a_right_pin() {
    let folder = tempfile::tempdir().unwrap();
    let life = life(folder.path()).await;
    life.live().await;
    let mut loots = std::mem::take(&mut *life.spied.loots.lock().unwrap());
    loots.push(steal(folder.path()));
    let has = |fields: &[&str]| {
        loots.iter().any(|loot| {
            let all = loot.opened.iter().map(|(_, field, _)| field.as_str());
            let all: Vec<&str> = all.collect();
            fields
                .iter()
                .all(|field| all.iter().filter(|other| *other == field).count() == 2)
        })
    };
    // The thief was there with both slots, also with both K_dev of a rotation, and had K_bio and B.
    assert!(has(&["C", "D"]) && has(&["C", "D", "K_dev"]));
    let biometric = loots.iter().filter(|loot| {
        let mut opened = loot.opened.iter();
        opened.any(|(_, field, _)| field == "B")
    });
    assert!(biometric.count() > 4);
    // Epoch 1, the one that was refused, the changed, the rotated and the forgotten.
    assert_eq!(try_every_pin(&loots, life.acc, &[PIN, NEW, WRONG]), 5);
}

#[tokio::test(start_paused = true)]
async fn no_message_that_a_pin_entered_is_stored_nor_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let life = life(folder.path()).await;
    life.live().await;
    let loots = life.spied.loots.lock().unwrap();
    let bodies = ["/api/v1/change", "/api/v1/biometrics"].map(|path| life.spied.desk.sent(path));
    let bodies = bodies.concat();
    assert!(bodies.len() >= 5);
    let mut haystack = Haystack::new();
    for loot in loots.iter() {
        haystack.add_pages(&loot.raw);
    }
    for body in &bodies {
        // What is sealed is the body's end.
        let sealed = &body[body.len() - 200..];
        assert!(!sealed.windows(8).any(|part| haystack.contains(part)));
        assert!(!found(&haystack, digest(&SHA256, body).as_ref()));
    }
}

#[tokio::test(start_paused = true)]
async fn slot_a_is_erased_with_its_chain_and_keys_from_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let life = life(folder.path()).await;
    // Rows of other accounts around it, which make room for each other.
    for other in 0..12 {
        enrol(
            &life.phone,
            &life.spied.desk,
            &format!("{other}@example.eu"),
        )
        .await;
    }
    life.live().await;
    let account = steal(folder.path());
    let kept: Vec<&Vec<u8>> = account.opened.iter().map(|(_, _, secret)| secret).collect();
    let haystack = windows(&account.raw);
    let notes = life.notebook.sealed.lock().unwrap();
    let ours = notes
        .iter()
        .filter(|(context, ..)| context.len() == 29 && context[8..16] == life.acc.0);
    let mut gone = 0;
    for (_, secret, blob) in ours {
        // N is the same in every epoch, sealed again.
        if !kept.contains(&secret) {
            assert!(!found(&haystack, secret), "in clear");
            gone += 1;
        }
        let in_use = haystack_holds(&account.raw, blob);
        assert!(!in_use || kept.contains(&secret), "sealed");
    }
    assert!(
        gone >= 10,
        "D and C of four epochs, and the steps of each chain: {gone}"
    );
    let loots = life.spied.loots.lock().unwrap();
    let keys = loots.iter().flat_map(|loot| &loot.opened);
    let keys = keys.filter(|(of, field, key)| {
        *of == life.acc && ["K_dev", "K_bio", "B"].contains(&&field[..]) && !kept.contains(&key)
    });
    let mut old = 0;
    for (_, _, key) in keys {
        assert!(!found(&haystack, key));
        old += 1;
    }
    assert!(old > 0);
}

fn haystack_holds(raw: &[u8], blob: &[u8]) -> bool {
    raw.windows(blob.len()).any(|window| window == blob)
}

/// Keys that seal nothing and sign always alike, so that equal secrets are equal bytes.
struct PlainKeys;

fn key_of(context: &[u8]) -> SigningKey {
    SigningKey::from_slice(digest(&SHA256, context).as_ref()).unwrap()
}

impl KeyStore for PlainKeys {
    fn has_key(&self) -> Result<bool, KeyStoreError> {
        Ok(false)
    }

    fn seal(&self, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        Ok([context, secret].concat())
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        let secret = sealed.strip_prefix(context).ok_or(KeyStoreError::NotOurs)?;
        Ok(Zeroizing::new(secret.to_vec()))
    }

    fn create_key(&self, context: &[u8]) -> Result<DeviceKey, KeyStoreError> {
        Ok(DeviceKey {
            handle: context.to_vec(),
            public: PublicKey::of(&key_of(context)),
            class: KeyClass::Software,
        })
    }

    fn sign(
        &self,
        _: &[u8],
        handle: &[u8],
        message: &[u8],
    ) -> Result<SignatureBytes, KeyStoreError> {
        let signature: Signature = key_of(handle).sign(message);
        Ok(signature.to_bytes().into())
    }

    fn delete_key(&self, _: &[u8]) -> Result<(), KeyStoreError> {
        Ok(())
    }

    fn hardware_share(&self, _: &[u8]) -> Result<Option<Secret32>, KeyStoreError> {
        Ok(None)
    }
}

#[async_trait]
impl Biometrics for PlainKeys {
    fn available(&self) -> bool {
        true
    }

    async fn create_key(&self, context: &[u8]) -> Result<BiometricKey, BiometricsError> {
        let DeviceKey { handle, public, .. } = KeyStore::create_key(self, context)?;
        Ok(BiometricKey { handle, public })
    }

    async fn sign(
        &self,
        context: &[u8],
        handle: &[u8],
        message: &[u8],
        _: &str,
    ) -> Result<SignatureBytes, BiometricsError> {
        Ok(KeyStore::sign(self, context, handle, message)?)
    }

    async fn seal(
        &self,
        context: &[u8],
        _: &[u8],
        secret: &[u8],
        _: &str,
    ) -> Result<Vec<u8>, BiometricsError> {
        Ok(KeyStore::seal(self, context, secret)?)
    }

    async fn open(
        &self,
        context: &[u8],
        _: &[u8],
        sealed: &[u8],
        _: &str,
    ) -> Result<Zeroizing<Vec<u8>>, BiometricsError> {
        Ok(KeyStore::open(self, context, sealed)?)
    }

    fn delete_key(&self, _: &[u8]) -> Result<(), BiometricsError> {
        Ok(())
    }
}

/// The same random numbers in every run.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for chunk in bytes.chunks_mut(32) {
            let number = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
            chunk.copy_from_slice(&digest(&SHA256, &number).as_ref()[..chunk.len()]);
        }
        Ok(())
    }
}

fn plain(folder: &Path, clock: &Arc<TestClock>, desk: &Arc<Desk>) -> Authenticator {
    let platform = Platform {
        keys: Arc::new(PlainKeys),
        biometrics: Some(Arc::new(PlainKeys)),
        entropy: Arc::new(Counted(AtomicU64::new(0))),
        ..platform(folder, Arc::clone(clock), Arc::clone(desk) as _)
    };
    Authenticator::open(folder, platform).unwrap()
}

/// The database's bytes. What is known to be random to whoever reads it, the hash of a change, is
/// left out.
fn database(folder: &Path) -> Vec<u8> {
    let file = folder.join(DATABASE_FILE);
    let connection = rusqlite::Connection::open(&file).unwrap();
    let hash: Option<Vec<u8>> = connection
        .query_row("SELECT max(hash) FROM pending_change", [], |row| row.get(0))
        .unwrap();
    drop(connection);
    let mut bytes = fs::read(file).unwrap();
    if let Some(hash) = hash {
        let at = bytes.windows(32).position(|window| window == hash).unwrap();
        bytes[at..at + 32].fill(0);
    }
    bytes
}

/// With the same random numbers every PIN leaves the same bytes in the store, until the service
/// speaks.
#[tokio::test(start_paused = true)]
async fn what_is_stored_does_not_depend_on_the_pin_that_was_typed() {
    let base = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let acc = {
        let phone = plain(base.path(), &clock, &desk);
        enrol(&phone, &desk, "anna@example.eu").await;
        desk.only().0
    };
    let code = desk.ask_code(acc, 1, Unlock::Pin);
    desk.ask_approval(None);
    let offline = || desk.twist(&[Twist::Unreachable; 40]);
    let (account, mut different) = (AccountNumber(1), Vec::new());
    for act in [
        "approve",
        "code",
        "change",
        "biometrics",
        "rotate",
        "forgotten",
    ] {
        let mut left = Vec::new();
        for (old, new) in [(PIN, NEW), (WRONG, "6182"), ("0000", "9406")] {
            let folder = tempfile::tempdir().unwrap();
            for file in [DATABASE_FILE, "wrapping.key"] {
                fs::copy(base.path().join(file), folder.path().join(file)).unwrap();
            }
            let phone = plain(folder.path(), &clock, &desk);
            desk.twist(&[]);
            let (old, new, again) = (pin(old), pin(new), pin(new));
            let done = match act {
                "approve" => {
                    let request = phone.pending(account).await.unwrap().remove(0);
                    offline();
                    phone
                        .approve(request.id, None, None, old.into())
                        .await
                        .is_ok()
                }
                "code" => {
                    let Scanned::Code(request) = phone.scan(&code, Source::Camera).await.unwrap()
                    else {
                        panic!("not a code");
                    };
                    phone.code(request.id, old.into()).await.is_ok()
                }
                "change" => {
                    offline();
                    phone.change_pin(account, old, new, again).await.is_ok()
                }
                "biometrics" => {
                    offline();
                    phone.turn_on_biometrics(account, old).await.is_ok()
                }
                "rotate" => {
                    offline();
                    phone.rotate_keys(account, old).await.is_ok()
                }
                _ => {
                    desk.grant();
                    desk.twist(&[&[Twist::None][..], &[Twist::Unreachable; 40]].concat());
                    phone.set_forgotten_pin(account, new, again).await.is_ok()
                }
            };
            assert_eq!(done, act == "code", "{act}");
            drop(phone);
            left.push(database(folder.path()));
        }
        assert!(left[0] == left[1] && left[1] == left[2], "{act}");
        different.push(left.swap_remove(0));
    }
    // Each of them does leave something.
    different.push(database(base.path()));
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 7);
    desk.twist(&[]);
}
