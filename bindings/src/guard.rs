//! Between the core's platform traits and those that an app implements: limits in time and size, and a check of everything that comes back.
//!
//! What the key store returns is used only if it is what must have been asked for. So a key store that errs stops an operation, and can't cost a PIN
//! try, spend a step of the chain, or leave something stored that it can't open.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use countersign::Time;
use countersign::platform::{
    Clock as CoreClock, DeviceKey, KeyStore as CoreKeyStore, KeyStoreError as CoreError,
    NotConfirmed, UserPresence as CorePresence,
};
use countersign::software::SystemClock;
use countersign_protocol::claim::KeyClass;
use countersign_protocol::field::is_displayable;
use countersign_protocol::id::PublicKey;
use countersign_protocol::message::SignatureBytes;
use countersign_protocol::secret::Secret32;
use p256::ecdsa::Signature;
use ring::digest::{Context, SHA256};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::limit::{Calls, NoAnswer};
use crate::platform::{Clock, CreatedKey, KeyStore, KeyStoreError, PresenceError, UserPresence};

const KEY_STORE_LIMIT: Duration = Duration::from_secs(10);
pub(crate) const PRESENCE_LIMIT: Duration = Duration::from_secs(120);
const CLOCK_LIMIT: Duration = Duration::from_secs(1);
/// So many calls may hang in the key store before it is not asked any more.
const MOST_HANGING: isize = 4;
/// The longest blob or handle that is taken from a key store, in bytes.
pub(crate) const LONGEST: usize = 4096;
/// Bytes of the check that is sealed with each secret.
pub(crate) const CHECK: usize = 16;
/// What Java puts before a P-256 point: the header of its SubjectPublicKeyInfo (RFC 5480).
const SPKI_HEADER: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// 2020-01-01 and 2200-01-01: a clock outside is broken.
const PLAUSIBLE: std::ops::Range<Time> = 1_577_836_800..7_258_118_400;

/// A key store of an app.
pub(crate) struct GuardedKeys {
    inner: Arc<dyn KeyStore>,
    calls: Calls,
}

impl GuardedKeys {
    pub(crate) fn new(inner: Arc<dyn KeyStore>) -> Self {
        Self {
            inner,
            calls: Calls::new(KEY_STORE_LIMIT, MOST_HANGING),
        }
    }

    fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn KeyStore) -> Result<T, KeyStoreError> + Send + 'static,
    ) -> Result<T, CoreError> {
        let inner = Arc::clone(&self.inner);
        match self.calls.make(move || call(&*inner)) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(KeyStoreError::NotOurs)) => Err(CoreError::NotOurs),
            Ok(Err(KeyStoreError::Unavailable { why })) => Err(unavailable(&why)),
            Err(error) => Err(CoreError::Unavailable(error.to_string())),
        }
    }
}

fn unavailable(why: &str) -> CoreError {
    CoreError::Unavailable(shown(why))
}

/// In words that can be shown: an app's exceptions may say anything.
pub(crate) fn shown(why: &str) -> String {
    let mut short: String = why.chars().take(120).collect();
    short.retain(|character| is_displayable(character.encode_utf8(&mut [0; 4])));
    short
}

fn rubbish(what: &str) -> CoreError {
    CoreError::Unavailable(format!("it returned {what}"))
}

/// Binds a secret to what it is for, inside the seal: so platforms that seal without associated data serve as well, and what was not what was
/// sealed is noticed.
pub(crate) fn check(context: &[u8], secret: &[u8]) -> [u8; CHECK] {
    let mut hash = Context::new(&SHA256);
    hash.update(b"countersign/ffi/seal\0");
    hash.update(&(context.len() as u64).to_be_bytes());
    hash.update(context);
    hash.update(secret);
    let mut check = [0; CHECK];
    check.copy_from_slice(&hash.finish().as_ref()[..CHECK]);
    check
}

/// Ties a key to what it is for, and to its public half.
pub(crate) fn tag(context: &[u8]) -> [u8; CHECK] {
    check(context, b"key")
}

/// The secret of what was unsealed, if that is it.
pub(crate) fn unwrapped(
    context: &[u8],
    mut opened: Zeroizing<Vec<u8>>,
) -> Result<Zeroizing<Vec<u8>>, CoreError> {
    let length = opened.len().checked_sub(CHECK).ok_or(CoreError::NotOurs)?;
    let (secret, found) = opened.split_at(length);
    if !bool::from(check(context, secret)[..].ct_eq(found)) {
        return Err(CoreError::NotOurs);
    }
    opened.truncate(length);
    Ok(opened)
}

pub(crate) fn public_key(bytes: &[u8]) -> Option<PublicKey> {
    PublicKey::from_bytes(bytes.strip_prefix(&SPKI_HEADER).unwrap_or(bytes))
}

/// A handle for the core: what the key is for, its public half, and the key store's own handle.
pub(crate) fn handle_for(context: &[u8], public: &PublicKey, own: &[u8]) -> Vec<u8> {
    [&tag(context)[..], public.as_bytes(), own].concat()
}

/// A signature in DER, if it is right, as the core has it.
pub(crate) fn verified(public: &[u8; 65], message: &[u8], der: &[u8]) -> Option<SignatureBytes> {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public)
        .verify(message, der)
        .ok()?;
    let signature = Signature::from_der(der).ok()?;
    Some(signature.to_bytes().into())
}

impl CoreKeyStore for GuardedKeys {
    fn has_key(&self) -> Result<bool, CoreError> {
        self.call(|keys| keys.has_key())
    }

    fn seal(&self, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, CoreError> {
        let check = check(context, secret);
        let mut whole = Zeroizing::new(Vec::with_capacity(secret.len() + CHECK));
        whole.extend_from_slice(secret);
        whole.extend_from_slice(&check);
        // Opened at once: something that can't be opened again must not take the place of something that can.
        let (sealed, same) = self.call(move |keys| {
            let sealed = keys.seal(whole.to_vec())?;
            let opened = Zeroizing::new(keys.unseal(sealed.clone())?);
            Ok((sealed, bool::from(opened.ct_eq(&whole))))
        })?;
        if !same || sealed.len() > LONGEST {
            return Err(rubbish("a seal that it cannot open"));
        }
        Ok(sealed)
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CoreError> {
        let sealed = sealed.to_vec();
        let opened = self.call(move |keys| keys.unseal(sealed).map(Zeroizing::new))?;
        unwrapped(context, opened)
    }

    fn create_key(&self, context: &[u8]) -> Result<DeviceKey, CoreError> {
        let CreatedKey {
            handle,
            public_key: bytes,
            in_hardware,
        } = self.call(|keys| keys.create_key())?;
        let public = public_key(&bytes).ok_or_else(|| rubbish("something that is no P-256 key"))?;
        if handle.len() > LONGEST {
            return Err(rubbish("a key's handle that is too long"));
        }
        Ok(DeviceKey {
            handle: handle_for(context, &public, &handle),
            public,
            class: if in_hardware {
                KeyClass::Hardware
            } else {
                KeyClass::Software
            },
        })
    }

    fn sign(
        &self,
        context: &[u8],
        handle: &[u8],
        message: &[u8],
    ) -> Result<SignatureBytes, CoreError> {
        let (found, public, handle) = parts(handle).ok_or(CoreError::NotOurs)?;
        if *found != tag(context) {
            return Err(CoreError::NotOurs);
        }
        let (handle, own) = (handle.to_vec(), message.to_vec());
        let der = self.call(move |keys| keys.sign(handle, own))?;
        verified(public, message, &der).ok_or_else(|| rubbish("a signature that is not right"))
    }

    fn delete_key(&self, handle: &[u8]) -> Result<(), CoreError> {
        // What is no handle of this key store names no key that could be there.
        let Some((_, _, handle)) = parts(handle) else {
            return Ok(());
        };
        let handle = handle.to_vec();
        self.call(move |keys| keys.delete_key(handle))
    }

    fn hardware_share(&self, context: &[u8]) -> Result<Option<Secret32>, CoreError> {
        let context = context.to_vec();
        // Asked twice: one that is not always the same would turn a right PIN into a wrong one.
        let (one, two) = self.call(move |keys| {
            let one = keys.hardware_share(context.clone())?.map(Zeroizing::new);
            let two = match &one {
                Some(_) => keys.hardware_share(context)?.map(Zeroizing::new),
                None => None,
            };
            Ok((one, two))
        })?;
        match (one, two) {
            (None, _) => Ok(None),
            (Some(one), Some(two)) if one.ct_eq(&two).into() => Secret32::from_slice(&one)
                .map(Some)
                .ok_or_else(|| rubbish("a hardware share that is not 32 bytes")),
            _ => Err(rubbish("a hardware share that changes")),
        }
    }
}

/// A handle's tag, its public key, and the key store's own handle.
pub(crate) fn parts(handle: &[u8]) -> Option<(&[u8; CHECK], &[u8; 65], &[u8])> {
    let (tag, rest) = handle.split_first_chunk()?;
    let (public, own) = rest.split_first_chunk()?;
    Some((tag, public, own))
}

/// The phone's own lock, as an app asks for it.
pub(crate) struct GuardedPresence(pub(crate) Arc<dyn UserPresence>);

#[async_trait]
impl CorePresence for GuardedPresence {
    async fn confirm(&self, reason: &str) -> Result<(), NotConfirmed> {
        match tokio::time::timeout(PRESENCE_LIMIT, self.0.confirm(reason.to_owned())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(PresenceError::NotConfirmed)) | Err(_) => Err(NotConfirmed),
            Ok(Err(PresenceError::Unavailable { why })) => {
                tracing::warn!(why, "the phone's own lock could not be asked");
                Err(NotConfirmed)
            }
        }
    }
}

/// An app's clock, with the system's behind it.
pub(crate) struct GuardedClock {
    inner: Arc<dyn Clock>,
    calls: Calls,
}

impl GuardedClock {
    pub(crate) fn new(inner: Arc<dyn Clock>) -> Self {
        Self {
            inner,
            // Once it has hung it is not asked again until it answers.
            calls: Calls::new(CLOCK_LIMIT, 1),
        }
    }

    fn asked(&self) -> Result<Option<Time>, NoAnswer> {
        let inner = Arc::clone(&self.inner);
        let answer = self.calls.make(move || inner.now())?;
        Ok(answer
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map(|since| since.as_secs())
            .filter(|time| PLAUSIBLE.contains(time)))
    }
}

impl CoreClock for GuardedClock {
    fn now(&self) -> Time {
        match self.asked() {
            Ok(Some(time)) => time,
            Ok(None) | Err(_) => SystemClock.now(),
        }
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
