//! An account as an app sees it: its number and state, why a use of it is refused, and what to
//! advise.

use core::fmt;

use countersign_protocol::Time;
use countersign_protocol::reply::ResultCode;

use crate::store::{Account, BiometricState, State, Tries};

/// The number of an account on this phone: given in order, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNumber(pub u32);

impl fmt::Display for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How an account stands, as last reported by the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountState {
    /// The enrolment is not finished: [`crate::Authenticator::resume`] finishes or drops it.
    Unfinished,
    /// In use.
    Active,
    /// No PIN tries are left.
    Blocked,
    /// This phone and the service no longer have the same PIN, because one of them was restored
    /// from a backup: a new PIN is set with [`crate::Authenticator::set_forgotten_pin`].
    NewPinNeeded,
    /// A copy of this phone was seen: remove the device on the service's page, and the account
    /// here, and initialise it again.
    Suspended,
}

/// An account, as a list shows it. [`AccountSummary::advice`] says what to do where it can't be
/// used as usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSummary {
    /// Its number on this phone.
    pub number: AccountNumber,
    /// The person's name for it; the service's label until it is renamed.
    pub name: String,
    /// The service's name for people.
    pub app_name: String,
    /// The service's host, with the port where it is not the default.
    pub host: String,
    /// The account's name at the service.
    pub account_label: String,
    /// The service's name for this phone; empty while the enrolment is unfinished.
    pub device_name: String,
    /// How it stands.
    pub state: AccountState,
    /// PIN tries left in a row, as last reported.
    pub tries_left: Option<u8>,
    /// PIN tries left before the PIN's next renewal, as last reported.
    pub tries_left_in_epoch: Option<u8>,
    /// Whether biometrics may unlock what asks for “PIN or biometrics”.
    pub biometrics: bool,
    /// A change of the PIN was begun and not answered: [`crate::Authenticator::resume`] finishes or
    /// drops it.
    pub change_unfinished: bool,
    /// When a recovery of the account that somebody began can be finished, as last reported: warn
    /// the person, who may not have begun it.
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

/// Why the service refuses, or would refuse, what needs the account or its PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The PIN was wrong.
    #[error("the PIN was wrong: {tries_left} tries left")]
    WrongPin {
        /// Tries left in a row.
        tries_left: u8,
        /// Tries left before the PIN's next renewal.
        tries_left_in_epoch: u8,
    },
    /// No tries are left.
    #[error(
        "no PIN tries are left: sign in on the service's page, have this device unblocked there, and set a new PIN"
    )]
    Blocked,
    /// The service saw a copy of this phone.
    #[error(
        "the service saw a copy of this phone and suspended it: remove the device on its page and the account here, and initialise it again"
    )]
    Suspended,
    /// The service has another PIN epoch than this phone.
    #[error(
        "this phone and the service no longer have the same PIN, because one of them was restored from a backup: sign in on the service's page, have this device unblocked there, and set a new PIN"
    )]
    OtherEpoch,
    /// The account is not in use yet.
    #[error("this account is not in use yet: finish initialising it")]
    NotActive,
}

impl Refusal {
    /// The refusal that a result states. `None` for any other result, and for a wrong PIN without
    /// the tries left.
    pub(crate) fn stated(result: ResultCode, tries: Option<Tries>) -> Option<Self> {
        Some(match result {
            ResultCode::WrongPin => {
                let tries = tries?;
                Self::WrongPin {
                    tries_left: tries.in_row,
                    tries_left_in_epoch: tries.in_epoch,
                }
            }
            ResultCode::Blocked => Self::Blocked,
            ResultCode::Suspended => Self::Suspended,
            ResultCode::Epoch => Self::OtherEpoch,
            ResultCode::NotActive => Self::NotActive,
            _ => return None,
        })
    }
}

impl Account {
    /// Whether the account can be used with its PIN.
    pub(crate) fn usable(&self) -> Result<(), Refusal> {
        match self.state {
            State::Active => Ok(()),
            State::Blocked => Err(Refusal::Blocked),
            State::Suspended => Err(Refusal::Suspended),
            State::Stored | State::Claimed | State::Confirmed => Err(Refusal::NotActive),
        }
    }

    /// Whether the service answers requests about the account: it can be used, or is blocked.
    pub(crate) fn answered(&self) -> Result<(), Refusal> {
        match self.usable() {
            Err(Refusal::Blocked) => Ok(()),
            usable => usable,
        }
    }

    /// The service's host, with the port where it is not the default.
    pub(crate) fn host(&self) -> &str {
        host(&self.origin)
    }

    /// Whether biometrics are on, as far as this phone knows.
    pub(crate) fn has_biometrics(&self) -> bool {
        let row = self.biometrics.as_ref();
        row.is_some_and(|row| row.state == BiometricState::On)
    }
}

/// The host of an origin.
pub(crate) fn host(origin: &str) -> &str {
    origin.split_once("://").map_or("", |(_, host)| host)
}

/// With so few tries left in a row, a person is warned.
const FEW: u8 = 2;

impl AccountSummary {
    /// Advice about the account, with the next step. `None` where it can be used as usual.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        let host = &self.host;
        let device = match self.device_name.as_str() {
            "" => "this device".to_owned(),
            name => format!("the device {}", quoted(name)),
        };
        let unblock = format!(
            "Sign in at {host}, choose to unblock {device}, approve that with another device or key, and set a new PIN here. If you have no other, recover the account there."
        );
        Some(match self.state {
            AccountState::Unfinished => format!(
                "The account is not finished. Go online and open the app, which finishes it; or start again with a new QR code of {host}."
            ),
            AccountState::Suspended => format!(
                "{host} saw a copy of this phone's data and suspended this phone, so that neither can be used. Sign in there in another way, remove {device}, remove the account here, and initialise it again. If you have not restored a backup or moved to a new phone, somebody has copied the data: say so there."
            ),
            AccountState::Blocked => format!(
                "This phone is blocked for this account, because the PIN was wrong too often. {unblock} If it was not you, somebody has tried your PIN."
            ),
            AccountState::NewPinNeeded => format!(
                "This phone and {host} no longer have the same PIN, because one of them was restored from a backup. {unblock}"
            ),
            AccountState::Active if self.change_unfinished => format!(
                "The last answer to a new PIN has not come. Go online and open the app: it asks {host} which PIN holds, and says so."
            ),
            AccountState::Active => {
                let left = self.tries_left.min(self.tries_left_in_epoch)?;
                if left > FEW {
                    return None;
                }
                let tries = match left {
                    1 => "one wrong PIN more".to_owned(),
                    left => format!("{left} wrong PINs more"),
                };
                format!(
                    "With {tries} this phone is blocked for this account. If you are not sure of the PIN, set a new one instead of trying. {unblock}"
                )
            }
        })
    }
}

/// A name in quotation marks, for a sentence: whatever quotation marks it has itself become `'`, so
/// that it can't end early.
#[must_use]
pub fn quoted(name: &str) -> String {
    let inside: String = name
        .chars()
        .map(|c| match c {
            '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '〝' | '〞' | '〟' | '＂' | '″' | '‶' => {
                '\''
            }
            c => c,
        })
        .collect();
    format!("“{inside}”")
}
