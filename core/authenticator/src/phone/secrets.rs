//! The contexts for which an account's secrets are sealed, and their use. Everything that the PIN
//! enters stays inside one call.

use countersign_protocol::id::{AccountId, DeviceId, Svc};
use countersign_protocol::keys::{Binding, Chain, PinKeys};
use countersign_protocol::pin::Pin;
use countersign_protocol::secret::Secret32;
use rusqlite::Connection;

use super::{Phone, PhoneError};
use crate::platform::{KeyStore, KeyStoreError};
use crate::store::Account;

/// D, 32 random bytes from which, with the PIN, everything of the PIN is derived.
pub(crate) const D: &str = "D";
/// The code secret where no PIN is asked.
pub(crate) const N: &str = "N";
/// The chain value of the account's next step.
pub(crate) const C: &str = "C";
/// K_bio, which only a finger or face unlocks. It is of no PIN epoch.
pub(crate) const K_BIO: &str = "K_bio";
/// The code secret that only a finger or face unlocks. It is of no PIN epoch.
pub(crate) const B: &str = "B";
const DEVICE_KEY: &str = "K_dev";
const Z: &str = "Z";

/// How the person unlocks an approval, a code or a signature.
pub enum UnlockMethod {
    /// Nothing: for a code that asks for none.
    Nothing,
    /// The PIN. Nothing on this phone tells whether it is right.
    Pin(Pin),
    /// A finger or face, in the place of the PIN.
    Biometrics,
}

impl From<Pin> for UnlockMethod {
    fn from(pin: Pin) -> Self {
        Self::Pin(pin)
    }
}

impl From<Option<Pin>> for UnlockMethod {
    fn from(pin: Option<Pin>) -> Self {
        pin.map_or(Self::Nothing, Self::Pin)
    }
}

/// Whose secret it is.
#[derive(Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) svc: Svc,
    pub(crate) acc: AccountId,
    pub(crate) dev: DeviceId,
}

impl Owner {
    /// The associated data of a seal: account | field name | epoch. Ends of fixed length leave one
    /// way to read it.
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

    /// `epoch` is 0 for the K_dev of the enrolment, and that of its rotation for a later one, so
    /// that each has a name of its own.
    pub(crate) fn device_key_context(&self, epoch: u32) -> Vec<u8> {
        self.context(DEVICE_KEY, epoch)
    }

    pub(crate) fn hardware_share(
        &self,
        keys: &dyn KeyStore,
    ) -> Result<Option<Secret32>, KeyStoreError> {
        keys.hardware_share(&self.context(Z, 0))
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

    /// The associated data of what biometrics unlock.
    pub(crate) fn biometric_context(&self, field: &str) -> Vec<u8> {
        self.owner().context(field, 0)
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

    /// The keys that this PIN gives. Any PIN gives some, and nothing tells which are right.
    pub(crate) fn pin_keys(&self, account: &Account, pin: &Pin) -> Result<PinKeys, PhoneError> {
        let d = self
            .store
            .inspect(|connection| self.secret(connection, account, D))?;
        let z = self.hardware_share(account)?;
        let binding = account.owner().binding(account.epoch);
        Ok(PinKeys::derive(&binding, &d, z.as_ref(), pin))
    }

    /// The code secret that this PIN gives.
    pub(crate) fn pin_code_secret(
        &self,
        connection: &Connection,
        account: &Account,
        pin: &Pin,
    ) -> Result<Secret32, PhoneError> {
        let d = self.secret(connection, account, D)?;
        let z = self.hardware_share(account)?;
        let binding = account.owner().binding(account.epoch);
        Ok(PinKeys::derive_code(&binding, &d, z.as_ref(), pin))
    }

    /// Z, which is there or not as it was at the enrolment.
    pub(crate) fn hardware_share(&self, account: &Account) -> Result<Option<Secret32>, PhoneError> {
        let z = account.owner().hardware_share(&*self.keys)?;
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
