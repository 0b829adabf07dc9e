//! Between the core's platform traits and those that an app implements: limits in time and size,
//! and a check of everything that comes back.
//!
//! A value from the key store is used only if it passes the checks of `checked.rs`. So a key store
//! that errs stops an operation, and can't cost a PIN try, spend a step of the chain, or leave
//! something stored that it can't open.

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
use countersign_protocol::message::SignatureBytes;
use countersign_protocol::secret::Secret32;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::checked::{
    CHECK, LONGEST, check, handle_for, parts, public_key, shown, tag, unwrapped, verified,
};
use crate::limit::{Calls, NoAnswer, PRESENCE_LIMIT};
use crate::platform::{Clock, CreatedKey, KeyStore, KeyStoreError, PresenceError, UserPresence};

const KEY_STORE_LIMIT: Duration = Duration::from_secs(10);
const CLOCK_LIMIT: Duration = Duration::from_secs(1);
/// So many calls may hang in the key store before it is not asked any more.
const MOST_HANGING: isize = 4;
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

fn rubbish(what: &str) -> CoreError {
    CoreError::Unavailable(format!("it returned {what}"))
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
        // Opened at once: something that can't be opened again must not take the place of something
        // that can.
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
        // A handle that is not of this key store's form names no key.
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
