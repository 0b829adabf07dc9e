//! The accounts on this phone: list, rename.

use core::fmt;

use countersign_protocol::Time;
use countersign_protocol::field::is_displayable;
use countersign_protocol::id::Svc;

use crate::history::{self, Kind};
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::store::{Account, State, Write};

/// The number of an account on this phone: given in order, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNumber(pub u32);

impl fmt::Display for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How an account stands, as last told by the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountState {
    /// The enrolment is not finished: [`crate::Authenticator::resume`] finishes or drops it.
    Unfinished,
    /// In use.
    Active,
    /// No PIN tries are left.
    Blocked,
    /// This phone and the service no longer have the same PIN, because one of them was restored from a backup: a new PIN is set with
    /// [`crate::Authenticator::set_forgotten_pin`].
    NewPinNeeded,
    /// A copy of this phone was seen: remove the device on the service's page, and the account here, and initialise anew.
    Suspended,
}

/// An account, as a list shows it. [`AccountSummary::advice`] says what to do where it can't be used as usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSummary {
    /// Its number on this phone.
    pub number: AccountNumber,
    /// What the person calls it; the service's label until it is renamed.
    pub name: String,
    /// The service's name for people.
    pub app_name: String,
    /// The service's host, with the port where it is not the default.
    pub host: String,
    /// The account's name at the service.
    pub account_label: String,
    /// What the service calls this phone; empty while the enrolment is unfinished.
    pub device_name: String,
    /// How it stands.
    pub state: AccountState,
    /// PIN tries left in a row, as last told.
    pub tries_left: Option<u8>,
    /// PIN tries left before the PIN's next renewal, as last told.
    pub tries_left_in_epoch: Option<u8>,
    /// Whether biometrics may unlock what asks for “PIN or biometrics”.
    pub biometrics: bool,
    /// A change of the PIN was begun and not answered: [`crate::Authenticator::resume`] finishes or drops it.
    pub change_unfinished: bool,
    /// When a recovery of the account that somebody began can be finished, as last told: warn the person, who may not have begun it.
    pub recovery_ends_at: Option<Time>,
    /// When it was initialised.
    pub created_at: Time,
}

impl AccountSummary {
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            number: AccountNumber(account.number),
            name: account.name().to_owned(),
            app_name: account.app_name.clone(),
            host: account.host().to_owned(),
            account_label: account.account_label.clone(),
            device_name: account.device_name.clone(),
            state: match account.state {
                State::Stored | State::Claimed | State::Confirmed => AccountState::Unfinished,
                State::Active if account.told_epoch.is_some() => AccountState::NewPinNeeded,
                State::Active => AccountState::Active,
                State::Blocked => AccountState::Blocked,
                State::Suspended => AccountState::Suspended,
            },
            tries_left: account.tries.map(|tries| tries.in_row),
            tries_left_in_epoch: account.tries.map(|tries| tries.in_epoch),
            biometrics: account.has_biometrics(),
            change_unfinished: account.pending.is_some(),
            recovery_ends_at: account.recovery_ends_at,
            created_at: account.created_at,
        }
    }
}

/// Why an account can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Not a name.
    #[error("a name has 1 to 40 characters that can be seen; choose another")]
    Name,
    /// Something on this phone is in the way.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(AccountError);

pub(crate) fn list(phone: &Phone) -> Result<Vec<AccountSummary>, PhoneError> {
    Ok(phone
        .store
        .accounts()?
        .iter()
        .map(AccountSummary::of)
        .collect())
}

/// The accounts of a service that are in use.
pub(crate) fn enrolled_at(phone: &Phone, svc: Svc) -> Result<Vec<Account>, PhoneError> {
    let mut accounts = phone.store.accounts_at(svc)?;
    accounts.retain(|account| account.state.is_enrolled());
    Ok(accounts)
}

pub(crate) fn rename(
    phone: &Phone,
    number: AccountNumber,
    name: &str,
) -> Result<AccountSummary, AccountError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 40 || !is_displayable(name) {
        return Err(AccountError::Name);
    }
    phone.change(Write::Renamed, number.0, |connection, account| {
        let before = account.name().to_owned();
        account.own_name = Some(name.to_owned());
        history::add(phone, connection, account, Kind::AccountRenamed, &before)?;
        Ok(AccountSummary::of(account))
    })
}
