//! The services of a phone's platform that the core uses: keys, presence, biometrics, push
//! addresses, clock, entropy. Traits only; [`software`] is the embedded default.
//!
//! The core keeps an `Arc<dyn ...>` of each. Calls into [`KeyStore`], [`Clock`] and [`Entropy`] are
//! short and may block; the network comes in through [`transport::Transport`].

#[cfg(feature = "platform-authorities")]
mod authorities;
pub mod software;
pub mod transport;

use async_trait::async_trait;
use countersign_protocol::Time;
use countersign_protocol::claim::KeyClass;
use countersign_protocol::id::PublicKey;
use countersign_protocol::message::SignatureBytes;
pub use countersign_protocol::push::{NotAPushAddress, PushAddress, PushKind};
use countersign_protocol::secret::Secret32;
use zeroize::Zeroizing;

/// Why a key store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyStoreError {
    /// Something was sealed with another key, for another purpose, or was changed.
    #[error(
        "what is stored here was not sealed with this phone's key: put the key and the data that belong together back in place, or remove both and initialise the accounts again"
    )]
    NotOurs,
    /// The key store can't be used now.
    #[error("the phone's key store is not available ({0}); unlock the phone and try again")]
    Unavailable(String),
}

/// A signing key that a key store made.
pub struct DeviceKey {
    /// How the key store finds it again; kept in the store as it is. It must be worthless without
    /// the key store.
    pub handle: Vec<u8>,
    /// Its public half.
    pub public: PublicKey,
    /// Whether it can leave the hardware.
    pub class: KeyClass,
}

/// The platform's keys: one that wraps secrets at rest, and P-256 signing keys.
pub trait KeyStore: Send + Sync {
    /// Whether the wrapping key was there before this run: made by an earlier one, or by an
    /// installation of the app whose data are gone. It is asked once where the data are new, and
    /// the answer stored before anything is sealed, so a key store may make its key when it first
    /// seals. If it was there, [`crate::Authenticator::resume`] reports a reinstall.
    ///
    /// # Errors
    /// If the key store can't be used now.
    fn has_key(&self) -> Result<bool, KeyStoreError>;

    /// Seals a secret with authenticated encryption; `context` is the associated data.
    ///
    /// # Errors
    /// If the key store can't be used now.
    fn seal(&self, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, KeyStoreError>;

    /// Opens what [`KeyStore::seal`] made for the same context.
    ///
    /// # Errors
    /// If it was made with another key or context, or was changed.
    fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError>;

    /// Makes a P-256 key that only this key store can use. `context` names the account; a second
    /// call makes another key, with a handle of its own.
    ///
    /// # Errors
    /// If the key store can't be used now.
    fn create_key(&self, context: &[u8]) -> Result<DeviceKey, KeyStoreError>;

    /// Signs with ES256: r and s, 32 bytes each. A high s is brought low by the caller.
    ///
    /// # Errors
    /// If the handle is not one of this key store and context.
    fn sign(
        &self,
        context: &[u8],
        handle: &[u8],
        message: &[u8],
    ) -> Result<SignatureBytes, KeyStoreError>;

    /// Forgets a key. A key that is gone already is no error.
    ///
    /// # Errors
    /// If the key store can't be used now.
    fn delete_key(&self, handle: &[u8]) -> Result<(), KeyStoreError>;

    /// Z, the account's share that never leaves hardware, where there is such hardware. The same
    /// for the same context, always; whether it is there is fixed when an account is enrolled.
    ///
    /// # Errors
    /// If there is such hardware and it can't be used now.
    fn hardware_share(&self, context: &[u8]) -> Result<Option<Secret32>, KeyStoreError>;
}

/// The person did not confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was not confirmed; unlock the phone and try again")]
pub struct NotConfirmed;

/// Whether the phone's owner is there: the phone's own lock.
#[async_trait]
pub trait UserPresence: Send + Sync {
    /// Asks for the phone's own lock, unless it was asked a moment ago. Called before a code that
    /// needs no PIN is made.
    ///
    /// # Errors
    /// If the person does not confirm.
    async fn confirm(&self, reason: &str) -> Result<(), NotConfirmed>;
}

/// Why the phone's biometrics did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BiometricsError {
    /// The person did not confirm, or was not recognised.
    #[error("it was not confirmed; try again, or use the PIN")]
    NotConfirmed,
    /// A finger or face was added or removed since, and the platform has destroyed the keys.
    #[error(
        "the fingers or faces that this phone knows have changed, so biometrics are off for this account: use the PIN, and turn them on again"
    )]
    Changed,
    /// They can't be used now.
    #[error("biometrics cannot be used now ({0}); use the PIN")]
    Unavailable(String),
}

/// A signing key that only the person's finger or face unlocks.
pub struct BiometricKey {
    /// How [`Biometrics`] finds it again. It must be worthless without the hardware.
    pub handle: Vec<u8>,
    /// Its public half.
    pub public: PublicKey,
}

/// The phone's fingerprint or face reader with the keys that it unlocks. What is `async` may ask
/// the person, with a reason in English for the platform's own question. The platform destroys the
/// keys when fingers or faces are added; then everything says [`BiometricsError::Changed`].
#[async_trait]
pub trait Biometrics: Send + Sync {
    /// Whether there is such a reader and the person has set it up.
    fn available(&self) -> bool;

    /// Makes a P-256 key that only this finger or face unlocks, and what [`Biometrics::seal`]
    /// needs. `context` names the account; a second call makes another key, with a handle of its
    /// own.
    ///
    /// # Errors
    /// If they can't be used now.
    async fn create_key(&self, context: &[u8]) -> Result<BiometricKey, BiometricsError>;

    /// Signs with ES256: r and s, 32 bytes each. A high s is brought low by the caller.
    ///
    /// # Errors
    /// If the person does not confirm, or the key is gone.
    async fn sign(
        &self,
        context: &[u8],
        handle: &[u8],
        message: &[u8],
        reason: &str,
    ) -> Result<SignatureBytes, BiometricsError>;

    /// Seals a secret so that only the same finger or face opens it; `context` is the associated
    /// data.
    ///
    /// # Errors
    /// If the person does not confirm, or the key is gone.
    async fn seal(
        &self,
        context: &[u8],
        handle: &[u8],
        secret: &[u8],
        reason: &str,
    ) -> Result<Vec<u8>, BiometricsError>;

    /// Opens what [`Biometrics::seal`] made for the same context and key.
    ///
    /// # Errors
    /// If the person does not confirm, or the key is gone.
    async fn open(
        &self,
        context: &[u8],
        handle: &[u8],
        sealed: &[u8],
        reason: &str,
    ) -> Result<Zeroizing<Vec<u8>>, BiometricsError>;

    /// Forgets a key, asking nobody. A key that is gone already is no error.
    ///
    /// # Errors
    /// If they can't be used now.
    fn delete_key(&self, handle: &[u8]) -> Result<(), BiometricsError>;
}

/// Why the platform does not say where push messages for the phone go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the phone does not say now where push messages go ({0}); the app asks for requests while it is open"
)]
pub struct PushAddressError(pub String);

/// Where push messages for this phone go: what wakes it when a request waits. A message says "look"
/// and nothing else, so whoever sends a false one makes the app look, and no more. When one comes,
/// look: [`crate::Authenticator::pending_all`].
#[async_trait]
pub trait PushAddresses: Send + Sync {
    /// The address for the service at `origin`, one of its own where the platform can (a Web Push
    /// subscription can, an app's token can't): no service can then reach the phone in another's
    /// name. `push_key` is the key that the service signs Web Push requests with (VAPID, RFC 8292),
    /// to which a subscription is to be bound; without one the service sends no Web Push. `None`:
    /// no push messages, and the service forgets the address that it has. After the last account at
    /// the service was removed it is asked without a key once more, so that it can end the
    /// subscription. It is asked at every start, so answer from what is known already; the core
    /// waits five seconds at most, and asks again at the next start.
    ///
    /// # Errors
    /// If it is not known now. Nothing is changed then.
    async fn address(
        &self,
        origin: &str,
        push_key: Option<&PublicKey>,
    ) -> Result<Option<PushAddress>, PushAddressError>;
}

/// The phone's clock.
pub trait Clock: Send + Sync {
    /// Seconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> Time;
}

/// There is no randomness to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers; restart it and try again")]
pub struct NoEntropy;

/// The system's random numbers.
pub trait Entropy: Send + Sync {
    /// Fills with random bytes fit for keys.
    ///
    /// # Errors
    /// If the system gives none.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}
