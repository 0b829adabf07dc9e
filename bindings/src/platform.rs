//! The platform traits that an app implements in Kotlin or Swift.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use uniffi::UnexpectedUniFFICallbackError;

use crate::push::PushAddresses;
use crate::reader::Biometrics;

/// Why a key store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum KeyStoreError {
    /// Something was sealed with another key, was changed, or its key is gone for good.
    #[error("this is not the key store's own, or its key is gone")]
    NotOurs,
    /// It can't be used now, for instance because the phone is locked.
    #[error("{why}")]
    Unavailable {
        /// The reason, in a few words of English.
        why: String,
    },
}

impl From<UnexpectedUniFFICallbackError> for KeyStoreError {
    fn from(error: UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable { why: error.reason }
    }
}

/// A signing key that a key store made.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CreatedKey {
    /// How the key store finds it again. It must be worthless without the key store; up to 4,096
    /// bytes.
    pub handle: Vec<u8>,
    /// Its public half: an uncompressed point (65 bytes), or that in an X.509 SubjectPublicKeyInfo
    /// (91 bytes).
    pub public_key: Vec<u8>,
    /// Whether it is in hardware that does not give it away.
    pub in_hardware: bool,
}

/// The platform's keys: one that wraps secrets at rest, and P-256 signing keys.
///
/// The core calls it on threads of its own, several at once, never on the screen's thread. A call
/// that takes more than ten seconds is given up, and counts as failed. What it returns is checked
/// before it is used: a key store that fails, hangs or errs stops the operation, and harms nothing.
#[uniffi::export(foreign)]
pub trait KeyStore: Send + Sync {
    /// Whether the wrapping key was there before this run: made by an earlier one, or by an
    /// installation of the app whose data are gone. It is asked once where the data are new, and
    /// the answer stored before anything is sealed: make the key when you first seal, not before.
    /// If it was there, `resume` reports a reinstall.
    ///
    /// # Errors
    /// If the key store can't be used now.
    fn has_key(&self) -> Result<bool, KeyStoreError>;

    /// Seals a secret of at most 64 bytes with authenticated encryption under the wrapping key.
    /// Wipe your copy of the secret.
    ///
    /// # Errors
    /// If the key store can't be used now.
    fn seal(&self, secret: Vec<u8>) -> Result<Vec<u8>, KeyStoreError>;

    /// Opens what `seal` made.
    ///
    /// # Errors
    /// If it was made with another key, or was changed.
    fn unseal(&self, sealed: Vec<u8>) -> Result<Vec<u8>, KeyStoreError>;

    /// Makes a P-256 key for ECDSA with SHA-256 that only this key store can use, and that can't be
    /// exported.
    ///
    /// # Errors
    /// If the key store can't be used now.
    fn create_key(&self) -> Result<CreatedKey, KeyStoreError>;

    /// Signs with ECDSA and SHA-256. The signature is in ASN.1 DER, as both platforms give it.
    ///
    /// # Errors
    /// If there is no such key, or the key store can't be used now.
    fn sign(&self, handle: Vec<u8>, message: Vec<u8>) -> Result<Vec<u8>, KeyStoreError>;

    /// Forgets a key. A key that is gone already is no error.
    ///
    /// # Errors
    /// If the key store can't be used now.
    fn delete_key(&self, handle: Vec<u8>) -> Result<(), KeyStoreError>;

    /// A share of an account's secrets that never leaves hardware, where there is such hardware: 32
    /// bytes, the same for the same context, always, for instance an HMAC of the context by a
    /// hardware key. Whether there is one is fixed when an account is initialised.
    ///
    /// # Errors
    /// If there is such hardware and it can't be used now.
    fn hardware_share(&self, context: Vec<u8>) -> Result<Option<Vec<u8>>, KeyStoreError>;
}

/// The person did not confirm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum PresenceError {
    /// The person declined, or was not recognised.
    #[error("it was not confirmed")]
    NotConfirmed,
    /// It could not be asked.
    #[error("{why}")]
    Unavailable {
        /// The reason, in a few words of English.
        why: String,
    },
}

impl From<UnexpectedUniFFICallbackError> for PresenceError {
    fn from(error: UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable { why: error.reason }
    }
}

/// Whether the phone's owner is there: the phone's own lock, by finger, face or the phone's own
/// code.
#[uniffi::export(foreign)]
#[async_trait]
pub trait UserPresence: Send + Sync {
    /// Asks for the phone's own lock, unless it was asked a moment ago. Asked before a code that
    /// needs no PIN is made. After two minutes without an answer it counts as not confirmed, and is
    /// cancelled.
    ///
    /// # Errors
    /// If the person does not confirm.
    async fn confirm(&self, reason: String) -> Result<(), PresenceError>;
}

/// The clock can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum ClockError {
    /// It can't be read now.
    #[error("{why}")]
    Unavailable {
        /// The reason, in a few words of English.
        why: String,
    },
}

impl From<UnexpectedUniFFICallbackError> for ClockError {
    fn from(error: UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable { why: error.reason }
    }
}

/// A clock other than the system's, for tests and for apps that know the time better.
#[uniffi::export(foreign)]
pub trait Clock: Send + Sync {
    /// The time. If it fails, hangs, or is before 2020 or after 2199, the system's clock is asked
    /// instead.
    ///
    /// # Errors
    /// If it can't be read.
    fn now(&self) -> Result<SystemTime, ClockError>;
}

/// The platform of an app.
#[derive(uniffi::Record)]
pub struct Platform {
    /// The platform's keys.
    pub key_store: Arc<dyn KeyStore>,
    /// The phone's own lock.
    pub presence: Arc<dyn UserPresence>,
    /// The system's name, for people, such as "Android 16"; what goes past 20 bytes is cut off.
    pub system: String,
    /// The phone's model, for people; what goes past 40 bytes is cut off.
    pub model: String,
    /// The phone's fingerprint or face reader, where there is one.
    #[uniffi(default = None)]
    pub biometrics: Option<Arc<dyn Biometrics>>,
    /// Where push messages for the phone go, where it has a way.
    #[uniffi(default = None)]
    pub push_addresses: Option<Arc<dyn PushAddresses>>,
    /// A clock other than the system's.
    #[uniffi(default = None)]
    pub clock: Option<Arc<dyn Clock>>,
    /// Certificate authorities to trust beside the public ones, each a DER certificate: for
    /// services inside an organisation.
    #[uniffi(default = [])]
    pub authorities: Vec<Vec<u8>>,
}
