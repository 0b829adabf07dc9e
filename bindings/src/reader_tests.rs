use std::sync::Mutex;

use countersign_protocol::id::PublicKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};

use super::*;

const CONTEXT: &[u8] = b"the account, K_bio";
const SHARE: &[u8] = b"the account, B";

type Change = fn(Vec<u8>) -> Vec<u8>;

/// A reader whose person always confirms, but for what a test changes. It keeps what it seals, and
/// gives its place in the list.
struct Reader {
    changed: Change,
    error: Option<BiometricsError>,
    sealed: Mutex<Vec<Vec<u8>>>,
}

impl Reader {
    fn key() -> SigningKey {
        SigningKey::from_slice(&[7; 32]).unwrap()
    }

    fn answer(&self, bytes: Vec<u8>) -> Result<Vec<u8>, BiometricsError> {
        self.error
            .clone()
            .map_or_else(|| Ok((self.changed)(bytes)), Err)
    }
}

#[async_trait]
impl Biometrics for Reader {
    fn available(&self) -> Result<bool, BiometricsError> {
        self.error.clone().map_or(Ok(true), Err)
    }

    async fn create_key(&self) -> Result<CreatedBiometricKey, BiometricsError> {
        Ok(CreatedBiometricKey {
            handle: b"finger".to_vec(),
            public_key: PublicKey::of(&Self::key()).as_bytes().to_vec(),
        })
    }

    async fn sign(
        &self,
        handle: Vec<u8>,
        message: Vec<u8>,
        _reason: String,
    ) -> Result<Vec<u8>, BiometricsError> {
        assert_eq!(handle, b"finger");
        let signature: Signature = Self::key().sign(&message);
        self.answer(signature.to_der().as_bytes().to_vec())
    }

    async fn seal(
        &self,
        _handle: Vec<u8>,
        secret: Vec<u8>,
        _reason: String,
    ) -> Result<Vec<u8>, BiometricsError> {
        let mut sealed = self.sealed.lock().unwrap();
        sealed.push(secret);
        Ok(vec![sealed.len() as u8 - 1])
    }

    async fn unseal(
        &self,
        _handle: Vec<u8>,
        sealed: Vec<u8>,
        _reason: String,
    ) -> Result<Vec<u8>, BiometricsError> {
        let secret = self.sealed.lock().unwrap()[usize::from(sealed[0])].clone();
        self.answer(secret)
    }

    fn delete_key(&self, _handle: Vec<u8>) -> Result<(), BiometricsError> {
        Ok(())
    }
}

fn guarded(changed: Change, error: Option<BiometricsError>) -> GuardedBiometrics {
    GuardedBiometrics::new(Arc::new(Reader {
        changed,
        error,
        sealed: Mutex::default(),
    }))
}

#[tokio::test]
async fn a_finger_signs_and_opens_what_was_sealed_for_it() {
    let reader = guarded(|bytes| bytes, None);
    let key = reader.create_key(CONTEXT).await.unwrap();
    let signature = reader
        .sign(CONTEXT, &key.handle, b"message", "")
        .await
        .unwrap();
    assert_eq!(signature.len(), 64);
    let sealed = reader.seal(SHARE, &key.handle, &[9; 32], "").await.unwrap();
    let opened = reader.open(SHARE, &key.handle, &sealed, "").await.unwrap();
    assert_eq!(*opened, [9; 32]);
    let other = reader.open(b"another", &key.handle, &sealed, "").await;
    assert!(matches!(other, Err(CoreError::Unavailable(_))));
    let other = reader.sign(b"another", &key.handle, b"message", "").await;
    assert_eq!(other.err(), Some(CoreError::Changed));
}

#[tokio::test]
async fn what_a_reader_returns_is_checked() {
    let wrong: [Change; 3] = [
        |_| Vec::new(),
        |bytes| bytes[1..].to_vec(),
        |mut bytes| {
            bytes[10] ^= 1;
            bytes
        },
    ];
    for changed in wrong {
        let reader = guarded(changed, None);
        let key = reader.create_key(CONTEXT).await.unwrap();
        let signed = reader.sign(CONTEXT, &key.handle, b"message", "").await;
        assert!(matches!(signed, Err(CoreError::Unavailable(_))));
        let sealed = reader
            .seal(CONTEXT, &key.handle, &[9; 32], "")
            .await
            .unwrap();
        let opened = reader.open(CONTEXT, &key.handle, &sealed, "").await;
        assert!(matches!(opened, Err(CoreError::Unavailable(_))));
    }
}

#[tokio::test]
async fn a_readers_errors_come_through_by_kind() {
    for (error, told) in [
        (BiometricsError::NotConfirmed, CoreError::NotConfirmed),
        (BiometricsError::Changed, CoreError::Changed),
        (
            BiometricsError::Unavailable {
                why: "too\nmany attempts".to_owned(),
            },
            CoreError::Unavailable("toomany attempts".to_owned()),
        ),
    ] {
        let reader = guarded(|bytes| bytes, Some(error));
        let key = reader.create_key(CONTEXT).await.unwrap();
        let signed = reader.sign(CONTEXT, &key.handle, b"message", "").await;
        assert_eq!(signed.err(), Some(told));
    }
}

#[test]
fn a_reader_that_fails_is_not_there() {
    assert!(guarded(|bytes| bytes, None).available());
    assert!(!guarded(|bytes| bytes, Some(BiometricsError::NotConfirmed)).available());
}
