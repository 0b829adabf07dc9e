//! The state of a phone: its store, its platform, and what it keeps in memory only.

pub(crate) mod account;
pub(crate) mod history;
pub(crate) mod random;
pub(crate) mod secrets;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_protocol::challenge::Challenge;
use countersign_protocol::code::Code;
use countersign_protocol::field::Patterns;
use countersign_protocol::id::{ChallengeId, Hash, Svc};
use countersign_protocol::info::Info;
use countersign_protocol::message::Verified;
use countersign_protocol::{ParseError, Time};
use rusqlite::Connection;

use self::account::AccountNumber;
use crate::durable::Write;
use crate::platform::transport::Transport;
use crate::platform::{
    Biometrics, Clock, Entropy, KeyStore, KeyStoreError, NoEntropy, PushAddresses, UserPresence,
};
use crate::store::{Account, DiscardedKey, Store, StoreError};

/// The description of this phone that is sent when it enrols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The system, for people; what goes past 20 bytes is cut off.
    pub platform: String,
    /// The model, for people; what goes past 40 bytes is cut off.
    pub model: String,
}

/// An error on this phone. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// The data can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys can't be used.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// There is no such account.
    #[error("there is no account {0} on this phone; look at the list of accounts")]
    NoSuchAccount(AccountNumber),
}

/// Lets an operation's own error take in what goes wrong on the phone, by `?`.
macro_rules! from_phone_errors {
    ($error:ty) => {
        $crate::phone::from_phone_errors!($error, $crate::store::StoreError);
        $crate::phone::from_phone_errors!($error, $crate::platform::KeyStoreError);
        $crate::phone::from_phone_errors!($error, $crate::platform::NoEntropy);
    };
    ($error:ty, $from:ty) => {
        impl From<$from> for $error {
            fn from(error: $from) -> Self {
                Self::Phone(error.into())
            }
        }
    };
}
pub(crate) use from_phone_errors;

/// A challenge that was verified and waits for the person.
#[derive(Clone)]
pub(crate) struct Held {
    /// The account; none while the person has yet to choose it.
    pub(crate) account: Option<u32>,
    pub(crate) challenge: Arc<Verified<Challenge>>,
    /// The patterns that the fields of its form must match; empty without a form.
    pub(crate) patterns: Arc<Patterns>,
}

/// A code that was made. It is in memory until it expires, and nowhere else.
pub(crate) struct KeptCode {
    pub(crate) code: Code,
    /// The field ids and canonical values that a transaction's code was made for.
    pub(crate) values: Vec<(String, String)>,
    pub(crate) expires_at: Time,
}

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) infos: HashMap<Svc, Arc<Verified<Info>>>,
    /// Seconds to add to the phone's clock, where a service said that it is off.
    pub(crate) offsets: HashMap<Svc, i64>,
    pub(crate) held: HashMap<ChallengeId, Held>,
    /// By the challenge's hash.
    pub(crate) codes: HashMap<Hash, KeptCode>,
}

/// The most challenges of one service that wait in memory: one that asks without end crowds out
/// itself alone. An inbox holds four for an account; the rest is room.
const MOST_HELD: usize = 64;

pub(crate) struct Phone {
    pub(crate) store: Store,
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) presence: Arc<dyn UserPresence>,
    pub(crate) biometrics: Option<Arc<dyn Biometrics>>,
    pub(crate) push: Option<Arc<dyn PushAddresses>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) device: Device,
    pub(crate) memory: Mutex<Memory>,
    /// One code at a time, so that the same scan twice at once gives the same code twice.
    pub(crate) making_codes: Mutex<()>,
}

impl Phone {
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time as the service has it, as far as is known.
    pub(crate) fn now(&self, svc: Svc) -> Time {
        let offset = self.memory().offsets.get(&svc).copied().unwrap_or(0);
        self.clock.now().saturating_add_signed(offset)
    }

    /// Takes a service's word for its time. In memory only: the next start asks again.
    pub(crate) fn adopt_time(&self, svc: Svc, time: Time) {
        let offset = i64::try_from(time)
            .unwrap_or(i64::MAX)
            .saturating_sub(i64::try_from(self.clock.now()).unwrap_or(i64::MAX));
        self.memory().offsets.insert(svc, offset);
    }

    pub(crate) fn account(&self, number: u32) -> Result<Account, PhoneError> {
        self.store
            .inspect(|connection| self.store.account(connection, number))?
            .ok_or(PhoneError::NoSuchAccount(AccountNumber(number)))
    }

    /// Changes an account in one transaction, on what is in the store at that moment.
    pub(crate) fn change<T, E>(
        &self,
        write: Write,
        number: u32,
        work: impl FnOnce(&Connection, &mut Account) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError> + From<PhoneError>,
    {
        self.store.write(write, |transaction| {
            let mut account = self
                .store
                .account(transaction, number)?
                .ok_or(PhoneError::NoSuchAccount(AccountNumber(number)))?;
            let value = work(transaction, &mut account)?;
            self.store.save_account(transaction, &account)?;
            Ok(value)
        })
    }

    /// Leaves no remains of what was erased, and has the key stores forget what was discarded.
    /// Failures are retried at the next start.
    pub(crate) fn tidy(&self) {
        let clear = || -> Result<(), PhoneError> {
            for key in self.store.discarded_keys()? {
                // A key store that can't be used now is no reason to leave remains of anything
                // else.
                if self.forget(&key) {
                    self.store.forget_discarded(&key)?;
                }
            }
            Ok(self.store.rewrite()?)
        };
        if let Err(error) = clear() {
            tracing::warn!(%error, "erased data are cleared away at the next start");
        }
    }

    fn forget(&self, key: &DiscardedKey) -> bool {
        let forgotten = if key.biometric {
            let reader = self.biometrics.as_ref();
            reader
                .map_or(Ok(()), |reader| reader.delete_key(&key.handle))
                .map_err(|error| error.to_string())
        } else {
            self.keys
                .delete_key(&key.handle)
                .map_err(|error| error.to_string())
        };
        if let Err(error) = &forgotten {
            tracing::warn!(error, "a key is forgotten later");
        }
        forgotten.is_ok()
    }

    /// The same, where anything was discarded at all.
    pub(crate) fn tidy_if_due(&self) -> Result<(), PhoneError> {
        if !self.store.discarded_keys()?.is_empty() {
            self.tidy();
        }
        Ok(())
    }

    /// The patterns of a verified form, compiled unless it is in memory already: a camera reads the
    /// same code many times.
    pub(crate) fn patterns(
        &self,
        challenge: &Verified<Challenge>,
    ) -> Result<Arc<Patterns>, ParseError> {
        match self.held(&challenge.id) {
            Some(held) if held.challenge.hash() == challenge.hash() => Ok(held.patterns),
            _ => challenge.patterns().map(Arc::new),
        }
    }

    /// Holds a verified challenge until it expires, with the patterns of its form.
    pub(crate) fn hold(
        &self,
        account: Option<u32>,
        challenge: Arc<Verified<Challenge>>,
        patterns: Arc<Patterns>,
    ) {
        let now = self.now(challenge.svc);
        let mut memory = self.memory();
        memory
            .held
            .retain(|_, held| held.challenge.expires_at() > now);
        let of_service = || {
            memory
                .held
                .iter()
                .filter(|(_, held)| held.challenge.svc == challenge.svc)
        };
        if of_service().count() >= MOST_HELD {
            let oldest = of_service()
                .min_by_key(|(_, held)| held.challenge.issued_at)
                .map(|(id, _)| *id);
            if let Some(oldest) = oldest {
                memory.held.remove(&oldest);
            }
        }
        let held = Held {
            account,
            patterns,
            challenge,
        };
        memory.held.insert(held.challenge.id, held);
    }

    pub(crate) fn held(&self, id: &ChallengeId) -> Option<Held> {
        self.memory().held.get(id).cloned()
    }
}

/// No state behind these locks is ever left half changed, so a panic elsewhere is no reason to
/// stop.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
