use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use countersign::software::SoftwareKeyStore;
use countersign_protocol::field::is_displayable;
use countersign_protocol::id::PublicKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use ring::signature::UnparsedPublicKey;

use super::*;
use crate::checked::SPKI_HEADER;
use crate::platform::ClockError;

const CONTEXT: &[u8] = b"the account, D, epoch 1";

type Change = fn(Vec<u8>) -> Vec<u8>;
type Share = fn(usize) -> Option<Vec<u8>>;

/// A key store that does what it should but for what a test changes: the software one, with
/// signatures as platforms give them.
struct Keys {
    software: SoftwareKeyStore,
    _folder: tempfile::TempDir,
    sealed: Change,
    opened: Change,
    public: Change,
    signature: Change,
    share: Share,
    shares: AtomicUsize,
    keys: Mutex<Vec<SigningKey>>,
}

impl Default for Keys {
    fn default() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            software: SoftwareKeyStore::open(folder.path()).unwrap(),
            _folder: folder,
            sealed: |bytes| bytes,
            opened: |bytes| bytes,
            public: |bytes| bytes,
            signature: |bytes| bytes,
            share: |_| None,
            shares: AtomicUsize::new(0),
            keys: Mutex::default(),
        }
    }
}

fn theirs(error: CoreError) -> KeyStoreError {
    match error {
        CoreError::NotOurs => KeyStoreError::NotOurs,
        CoreError::Unavailable(why) => KeyStoreError::Unavailable { why },
    }
}

impl KeyStore for Keys {
    fn has_key(&self) -> Result<bool, KeyStoreError> {
        self.software.has_key().map_err(theirs)
    }

    fn seal(&self, secret: Vec<u8>) -> Result<Vec<u8>, KeyStoreError> {
        let sealed = self.software.seal(b"", &secret).map_err(theirs)?;
        Ok((self.sealed)(sealed))
    }

    fn unseal(&self, sealed: Vec<u8>) -> Result<Vec<u8>, KeyStoreError> {
        let opened = self.software.open(b"", &sealed).map_err(theirs)?;
        Ok((self.opened)(opened.to_vec()))
    }

    fn create_key(&self) -> Result<CreatedKey, KeyStoreError> {
        let mut keys = self.keys.lock().unwrap();
        let key = SigningKey::from_slice(&[keys.len() as u8 + 1; 32]).unwrap();
        let public = PublicKey::of(&key);
        keys.push(key);
        Ok(CreatedKey {
            handle: vec![keys.len() as u8 - 1],
            public_key: (self.public)([&SPKI_HEADER[..], public.as_bytes()].concat()),
            in_hardware: true,
        })
    }

    fn sign(&self, handle: Vec<u8>, message: Vec<u8>) -> Result<Vec<u8>, KeyStoreError> {
        let keys = self.keys.lock().unwrap();
        let key = keys
            .get(usize::from(handle[0]))
            .ok_or(KeyStoreError::NotOurs)?;
        let signature: Signature = key.sign(&message);
        Ok((self.signature)(signature.to_der().as_bytes().to_vec()))
    }

    fn delete_key(&self, _handle: Vec<u8>) -> Result<(), KeyStoreError> {
        Ok(())
    }

    fn hardware_share(&self, _context: Vec<u8>) -> Result<Option<Vec<u8>>, KeyStoreError> {
        Ok((self.share)(self.shares.fetch_add(1, Ordering::SeqCst)))
    }
}

fn guarded(keys: Keys) -> GuardedKeys {
    GuardedKeys::new(Arc::new(keys))
}

#[test]
fn what_was_sealed_opens_for_the_same_context_alone() {
    let keys = guarded(Keys::default());
    let sealed = keys.seal(CONTEXT, &[7; 32]).unwrap();
    assert_eq!(*keys.open(CONTEXT, &sealed).unwrap(), [7; 32]);
    assert!(matches!(
        keys.open(b"another", &sealed),
        Err(CoreError::NotOurs)
    ));
    let mut changed = sealed;
    changed[20] ^= 1;
    assert!(matches!(
        keys.open(CONTEXT, &changed),
        Err(CoreError::NotOurs)
    ));
}

#[test]
fn a_seal_that_cannot_be_opened_again_is_not_taken() {
    let wrong: [Change; 3] = [
        |_| Vec::new(),
        |bytes| [&bytes[..], &[0; LONGEST]].concat(),
        |mut bytes| {
            bytes[0] ^= 1;
            bytes
        },
    ];
    for sealed in wrong {
        let keys = guarded(Keys {
            sealed,
            ..Keys::default()
        });
        assert!(keys.seal(CONTEXT, &[7; 32]).is_err());
    }
}

#[test]
fn what_opens_to_something_else_is_refused() {
    let good = Keys::default();
    let sealed = guarded(Keys::default()).seal(CONTEXT, &[7; 32]).unwrap();
    assert!(guarded(good).open(CONTEXT, &sealed).is_err(), "another key");
    let wrong: [Change; 5] = [
        |_| Vec::new(),
        |_| vec![0; 48],
        |bytes| bytes[..32].to_vec(),
        |bytes| [&bytes[..], &[0]].concat(),
        |mut bytes| {
            bytes[31] ^= 1;
            bytes
        },
    ];
    for opened in wrong {
        let keys = Keys {
            opened,
            ..Keys::default()
        };
        let check = check(CONTEXT, &[7; 32]);
        let sealed = keys
            .software
            .seal(b"", &[&[7; 32][..], &check].concat())
            .unwrap();
        assert!(matches!(
            guarded(keys).open(CONTEXT, &sealed),
            Err(CoreError::NotOurs)
        ));
    }
}

#[test]
fn a_key_signs_and_its_public_half_is_taken_in_both_forms() {
    let forms: [Change; 2] = [|bytes| bytes, |bytes| bytes[26..].to_vec()];
    for public in forms {
        let keys = guarded(Keys {
            public,
            ..Keys::default()
        });
        let key = keys.create_key(CONTEXT).unwrap();
        assert!(matches!(key.class, KeyClass::Hardware));
        let signature = keys.sign(CONTEXT, &key.handle, b"a message").unwrap();
        UnparsedPublicKey::new(
            &ring::signature::ECDSA_P256_SHA256_FIXED,
            key.public.as_bytes(),
        )
        .verify(b"a message", &signature)
        .unwrap();
        assert!(matches!(
            keys.sign(b"another", &key.handle, b"m"),
            Err(CoreError::NotOurs)
        ));
        assert!(matches!(
            keys.sign(CONTEXT, b"short", b"m"),
            Err(CoreError::NotOurs)
        ));
        keys.delete_key(&key.handle).unwrap();
        keys.delete_key(b"short").unwrap();
    }
}

#[test]
fn a_wrong_signature_or_key_never_leaves() {
    let wrong: [Change; 4] = [
        |_| Vec::new(),
        |_| vec![0x30; 70],
        |der| Signature::from_der(&der).unwrap().to_bytes().to_vec(),
        |_| {
            let other = SigningKey::from_slice(&[99; 32]).unwrap();
            let signature: Signature = other.sign(b"a message");
            signature.to_der().as_bytes().to_vec()
        },
    ];
    for signature in wrong {
        let keys = guarded(Keys {
            signature,
            ..Keys::default()
        });
        let key = keys.create_key(CONTEXT).unwrap();
        assert!(matches!(
            keys.sign(CONTEXT, &key.handle, b"a message"),
            Err(CoreError::Unavailable(_))
        ));
    }
    let no_keys: [Change; 3] = [
        |_| Vec::new(),
        |_| vec![4; 65],
        |bytes| bytes[..90].to_vec(),
    ];
    for public in no_keys {
        let keys = guarded(Keys {
            public,
            ..Keys::default()
        });
        assert!(keys.create_key(CONTEXT).is_err());
    }
}

#[test]
fn a_hardware_share_is_the_same_always_or_refused() {
    let shared = |share| {
        guarded(Keys {
            share,
            ..Keys::default()
        })
        .hardware_share(CONTEXT)
    };
    assert!(shared(|_| None).unwrap().is_none());
    assert!(
        shared(|_| Some(vec![7; 32]))
            .unwrap()
            .unwrap()
            .matches(&[7; 32])
    );
    let wrong: [Share; 3] = [
        |at| Some(vec![at as u8; 32]),
        |at| (at == 0).then(|| vec![7; 32]),
        |_| Some(vec![7; 31]),
    ];
    for share in wrong {
        assert!(matches!(shared(share), Err(CoreError::Unavailable(_))));
    }
}

#[test]
fn what_an_app_says_is_shortened_and_made_safe_to_show() {
    let CoreError::Unavailable(shown) = unavailable(&"line\n\u{202e}".repeat(100)) else {
        panic!("another error");
    };
    assert!(shown.len() <= 120 && is_displayable(&shown), "{shown:?}");
}

struct AppClock(fn() -> Result<SystemTime, ClockError>);

impl Clock for AppClock {
    fn now(&self) -> Result<SystemTime, ClockError> {
        (self.0)()
    }
}

#[test]
fn a_clock_that_is_broken_is_replaced_by_the_systems() {
    let told = |clock| GuardedClock::new(Arc::new(AppClock(clock))).now();
    assert_eq!(
        told(|| Ok(UNIX_EPOCH + Duration::from_secs(1_800_000_000))),
        1_800_000_000
    );
    let broken: [fn() -> Result<SystemTime, ClockError>; 4] = [
        || Ok(UNIX_EPOCH),
        || Ok(UNIX_EPOCH - Duration::from_secs(1)),
        || Ok(UNIX_EPOCH + Duration::from_secs(1 << 50)),
        || {
            Err(ClockError::Unavailable {
                why: "stopped".to_owned(),
            })
        },
    ];
    for clock in broken {
        assert!(told(clock).abs_diff(SystemClock.now()) < 60);
    }
}

#[test]
fn a_clock_that_hangs_is_waited_for_once() {
    let clock = GuardedClock::new(Arc::new(AppClock(|| {
        std::thread::sleep(Duration::from_secs(3600));
        Ok(SystemTime::now())
    })));
    let start = std::time::Instant::now();
    for _ in 0..100 {
        clock.now();
    }
    assert!(start.elapsed() < 3 * CLOCK_LIMIT);
}
