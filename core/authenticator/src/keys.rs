//! What an account's secrets are sealed for, and how they are used. Everything that the PIN enters stays inside one call.

use core::convert::Infallible;

use countersign_protocol::id::{AccountId, DeviceId, Svc};
use countersign_protocol::keys::{Binding, Chain, PinKeys};
use countersign_protocol::pin::Pin;
use countersign_protocol::rand_core::{TryCryptoRng, TryRng};
use countersign_protocol::secret::Secret32;
use rusqlite::Connection;

use crate::phone::{Phone, PhoneError};
use crate::platform::{Entropy, KeyStore, KeyStoreError, NoEntropy};
use crate::store::Account;

/// D, 32 random bytes from which, with the PIN, everything of the PIN is derived.
pub(crate) const D: &str = "D";
/// The code share where no PIN is asked.
pub(crate) const N: &str = "N";
/// The chain value of the account's next step.
pub(crate) const C: &str = "C";
const DEVICE_KEY: &str = "K_dev";
const SHARE: &str = "Z";

/// Whose secret it is.
#[derive(Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) svc: Svc,
    pub(crate) acc: AccountId,
    pub(crate) dev: DeviceId,
}

impl Owner {
    /// The associated data of a seal: account | field name | epoch. Ends of fixed length leave one way to read it.
    pub(crate) fn context(&self, field: &str, epoch: u32) -> Vec<u8> {
        [
            &self.svc.0[..],
            &self.acc.0,
            &self.dev.0,
            field.as_bytes(),
            &epoch.to_be_bytes(),
        ]
        .concat()
    }

    /// `epoch` is 0 for the K_dev of the enrolment, and that of its rotation for a later one, so that each has a name of its own.
    pub(crate) fn device_key_context(&self, epoch: u32) -> Vec<u8> {
        self.context(DEVICE_KEY, epoch)
    }

    pub(crate) fn share(&self, keys: &dyn KeyStore) -> Result<Option<Secret32>, KeyStoreError> {
        keys.hardware_share(&self.context(SHARE, 0))
    }

    pub(crate) fn binding(&self, epoch: u32) -> Binding {
        Binding {
            svc: self.svc,
            acc: self.acc,
            dev: self.dev,
            epoch,
        }
    }
}

impl Account {
    pub(crate) fn owner(&self) -> Owner {
        Owner {
            svc: self.svc,
            acc: self.acc,
            dev: self.dev,
        }
    }

    /// The last spent step, 0 before the first.
    pub(crate) fn last_step(&self) -> u64 {
        self.next_step.map_or(0, |next| next.saturating_sub(1))
    }
}

impl Phone {
    /// Opens one of an account's secrets.
    pub(crate) fn secret(
        &self,
        connection: &Connection,
        account: &Account,
        field: &str,
    ) -> Result<Secret32, PhoneError> {
        let blob = self.store.sealed(connection, account, field)?;
        let context = account.owner().context(field, account.epoch);
        let opened = self.keys.open(&context, &blob)?;
        Ok(Secret32::from_slice(&opened).ok_or(KeyStoreError::NotOurs)?)
    }

    /// What this PIN gives. Any PIN gives something, and nothing tells which is right.
    pub(crate) fn pin_keys(
        &self,
        connection: &Connection,
        account: &Account,
        pin: &Pin,
    ) -> Result<PinKeys, PhoneError> {
        self.of_pin(connection, account, pin, PinKeys::derive)
    }

    /// The code share that this PIN gives.
    pub(crate) fn pin_share(
        &self,
        connection: &Connection,
        account: &Account,
        pin: &Pin,
    ) -> Result<Secret32, PhoneError> {
        self.of_pin(connection, account, pin, PinKeys::derive_code)
    }

    fn of_pin<T>(
        &self,
        connection: &Connection,
        account: &Account,
        pin: &Pin,
        derive: impl FnOnce(&Binding, &Secret32, Option<&Secret32>, &Pin) -> T,
    ) -> Result<T, PhoneError> {
        let d = self.secret(connection, account, D)?;
        let z = self.share(account)?;
        let binding = account.owner().binding(account.epoch);
        Ok(derive(&binding, &d, z.as_ref(), pin))
    }

    /// Z, which is there or not as it was at the enrolment.
    pub(crate) fn share(&self, account: &Account) -> Result<Option<Secret32>, PhoneError> {
        let z = account.owner().share(&*self.keys)?;
        if z.is_some() != account.z_present {
            return Err(KeyStoreError::Unavailable("its hardware share".to_owned()).into());
        }
        Ok(z)
    }

    /// The account's place on the chain. `None` before the service has named the first step.
    pub(crate) fn chain(
        &self,
        connection: &Connection,
        account: &Account,
    ) -> Result<Option<Chain>, PhoneError> {
        let Some(next) = account.next_step else {
            return Ok(None);
        };
        Ok(Some(Chain::new(next, self.secret(connection, account, C)?)))
    }

    /// Puts a further place of the chain where the old one was, which is erased with the commit.
    pub(crate) fn move_chain(
        &self,
        connection: &Connection,
        account: &mut Account,
        chain: &Chain,
    ) -> Result<(), PhoneError> {
        let context = account.owner().context(C, account.epoch);
        let blob = self.keys.seal(&context, chain.value().expose())?;
        self.store.replace_sealed(connection, account, C, &blob)?;
        account.next_step = Some(chain.next());
        Ok(())
    }
}

/// 32 random bytes.
pub(crate) fn random_secret(entropy: &dyn Entropy) -> Result<Secret32, NoEntropy> {
    Secret32::try_new_with(|bytes| entropy.fill(bytes))
}

/// The platform's entropy in the form that sealing takes, which cannot fail: whoever uses it asks [`Random::check`] before anything made with
/// it leaves.
pub(crate) struct Random<'a> {
    entropy: &'a dyn Entropy,
    failed: bool,
}

impl<'a> Random<'a> {
    pub(crate) fn new(entropy: &'a dyn Entropy) -> Self {
        Self {
            entropy,
            failed: false,
        }
    }

    pub(crate) fn check(&self) -> Result<(), NoEntropy> {
        if self.failed { Err(NoEntropy) } else { Ok(()) }
    }
}

impl TryRng for Random<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.failed |= self.entropy.fill(bytes).is_err();
        Ok(())
    }
}

impl TryCryptoRng for Random<'_> {}
