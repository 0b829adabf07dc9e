//! The phone's fingerprint or face reader: the trait that an app implements, and the guard before
//! it.
//!
//! As with the key store, what comes back is used only if it is what must have been asked for. What
//! was sealed for a finger can't be opened at once to see whether it opens, because the person
//! would be asked twice: should it not open later, the PIN always works.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign::platform::{
    BiometricKey, Biometrics as CoreBiometrics, BiometricsError as CoreError,
};
use countersign_protocol::message::SignatureBytes;
use uniffi::UnexpectedUniFFICallbackError;
use zeroize::Zeroizing;

use crate::checked::{
    CHECK, LONGEST, check, handle_for, parts, public_key, shown, tag, unwrapped, verified,
};
use crate::limit::{Calls, PRESENCE_LIMIT};

/// The longest time for a call that does not ask the person.
const LIMIT: Duration = Duration::from_secs(5);
const MOST_HANGING: isize = 2;

/// Why a reader did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum BiometricsError {
    /// The person did not confirm, or was not recognised.
    #[error("it was not confirmed")]
    NotConfirmed,
    /// A finger or face was added or removed since, and the platform has destroyed the keys.
    #[error("the fingers or faces that this phone knows have changed")]
    Changed,
    /// It can't be used now.
    #[error("{why}")]
    Unavailable {
        /// The reason, in a few words of English.
        why: String,
    },
}

impl From<UnexpectedUniFFICallbackError> for BiometricsError {
    fn from(error: UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable { why: error.reason }
    }
}

/// A signing key that only the person's finger or face unlocks.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CreatedBiometricKey {
    /// How the reader finds it again. It must be worthless without the hardware; up to 4,096 bytes.
    pub handle: Vec<u8>,
    /// Its public half: an uncompressed point (65 bytes), or that in an X.509 SubjectPublicKeyInfo
    /// (91 bytes).
    pub public_key: Vec<u8>,
}

/// The phone's fingerprint or face reader, with the keys that it unlocks. The platform must destroy
/// them when fingers or faces are added; then everything says `Changed`.
///
/// A call that may ask the person has two minutes. A reader that fails, hangs or errs stops the
/// operation, and the PIN is used instead.
#[uniffi::export(foreign)]
#[async_trait]
pub trait Biometrics: Send + Sync {
    /// Whether there is such a reader and the person has set it up. Quick.
    ///
    /// # Errors
    /// If that can't be known; it counts as no.
    fn available(&self) -> Result<bool, BiometricsError>;

    /// Makes a P-256 key for ECDSA with SHA-256 that only this finger or face unlocks, and what
    /// `seal` needs.
    ///
    /// # Errors
    /// If the reader can't be used now.
    async fn create_key(&self) -> Result<CreatedBiometricKey, BiometricsError>;

    /// Signs with ECDSA and SHA-256, in ASN.1 DER, after asking the person, for a reason in
    /// English.
    ///
    /// # Errors
    /// If the person does not confirm, or the key is gone.
    async fn sign(
        &self,
        handle: Vec<u8>,
        message: Vec<u8>,
        reason: String,
    ) -> Result<Vec<u8>, BiometricsError>;

    /// Seals a secret of at most 64 bytes so that only the same finger or face opens it. Wipe your
    /// copy of the secret.
    ///
    /// # Errors
    /// If the person does not confirm, or the key is gone.
    async fn seal(
        &self,
        handle: Vec<u8>,
        secret: Vec<u8>,
        reason: String,
    ) -> Result<Vec<u8>, BiometricsError>;

    /// Opens what `seal` made with the same key.
    ///
    /// # Errors
    /// If the person does not confirm, or the key is gone.
    async fn unseal(
        &self,
        handle: Vec<u8>,
        sealed: Vec<u8>,
        reason: String,
    ) -> Result<Vec<u8>, BiometricsError>;

    /// Forgets a key, asking nobody. A key that is gone already is no error.
    ///
    /// # Errors
    /// If the reader can't be used now.
    fn delete_key(&self, handle: Vec<u8>) -> Result<(), BiometricsError>;
}

/// An app's reader.
pub(crate) struct GuardedBiometrics {
    inner: Arc<dyn Biometrics>,
    calls: Calls,
}

impl GuardedBiometrics {
    pub(crate) fn new(inner: Arc<dyn Biometrics>) -> Self {
        Self {
            inner,
            calls: Calls::new(LIMIT, MOST_HANGING),
        }
    }
}

fn core_error(error: BiometricsError) -> CoreError {
    match error {
        BiometricsError::NotConfirmed => CoreError::NotConfirmed,
        BiometricsError::Changed => CoreError::Changed,
        BiometricsError::Unavailable { why } => CoreError::Unavailable(shown(&why)),
    }
}

fn rubbish(what: &str) -> CoreError {
    CoreError::Unavailable(format!("it returned {what}"))
}

/// Waits for an answer that may need the person.
async fn asked<T>(
    answer: impl Future<Output = Result<T, BiometricsError>>,
) -> Result<T, CoreError> {
    match tokio::time::timeout(PRESENCE_LIMIT, answer).await {
        Ok(answer) => answer.map_err(core_error),
        Err(_) => Err(CoreError::NotConfirmed),
    }
}

/// The reader's own handle. What is sealed with a key has a context of its own, which `check`
/// binds.
fn own(handle: &[u8]) -> Result<&[u8], CoreError> {
    parts(handle)
        .map(|(_, _, own)| own)
        .ok_or(CoreError::Changed)
}

#[async_trait]
impl CoreBiometrics for GuardedBiometrics {
    fn available(&self) -> bool {
        let inner = Arc::clone(&self.inner);
        matches!(self.calls.make(move || inner.available()), Ok(Ok(true)))
    }

    async fn create_key(&self, context: &[u8]) -> Result<BiometricKey, CoreError> {
        let made = asked(self.inner.create_key()).await?;
        let public = public_key(&made.public_key)
            .ok_or_else(|| rubbish("something that is no P-256 key"))?;
        if made.handle.len() > LONGEST {
            return Err(rubbish("a key's handle that is too long"));
        }
        Ok(BiometricKey {
            handle: handle_for(context, &public, &made.handle),
            public,
        })
    }

    async fn sign(
        &self,
        context: &[u8],
        handle: &[u8],
        message: &[u8],
        reason: &str,
    ) -> Result<SignatureBytes, CoreError> {
        let (_, public, own) = parts(handle)
            .filter(|(found, _, _)| **found == tag(context))
            .ok_or(CoreError::Changed)?;
        let signing = self
            .inner
            .sign(own.to_vec(), message.to_vec(), reason.to_owned());
        let der = asked(signing).await?;
        verified(public, message, &der).ok_or_else(|| rubbish("a signature that is not right"))
    }

    async fn seal(
        &self,
        context: &[u8],
        handle: &[u8],
        secret: &[u8],
        reason: &str,
    ) -> Result<Vec<u8>, CoreError> {
        let own = own(handle)?;
        let mut whole = Zeroizing::new(Vec::with_capacity(secret.len() + CHECK));
        whole.extend_from_slice(secret);
        whole.extend_from_slice(&check(context, secret));
        let sealing = self
            .inner
            .seal(own.to_vec(), whole.to_vec(), reason.to_owned());
        let sealed = asked(sealing).await?;
        if sealed.is_empty() || sealed.len() > LONGEST {
            return Err(rubbish("something that is no seal"));
        }
        Ok(sealed)
    }

    async fn open(
        &self,
        context: &[u8],
        handle: &[u8],
        sealed: &[u8],
        reason: &str,
    ) -> Result<Zeroizing<Vec<u8>>, CoreError> {
        let own = own(handle)?;
        let opening = self
            .inner
            .unseal(own.to_vec(), sealed.to_vec(), reason.to_owned());
        let opened = Zeroizing::new(asked(opening).await?);
        unwrapped(context, opened).map_err(|_| rubbish("something else than what was sealed"))
    }

    fn delete_key(&self, handle: &[u8]) -> Result<(), CoreError> {
        // A handle that is not of this reader's form names no key.
        let Some((_, _, own)) = parts(handle) else {
            return Ok(());
        };
        let (inner, own) = (Arc::clone(&self.inner), own.to_vec());
        match self.calls.make(move || inner.delete_key(own)) {
            Ok(done) => done.map_err(core_error),
            Err(error) => Err(CoreError::Unavailable(error.to_string())),
        }
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
