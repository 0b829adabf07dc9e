//! Setting a PIN anew where it was forgotten or blocked, or where phone and service no longer agree on it (§13). Another factor grants it.

use std::time::Duration;

use countersign_protocol::pin::{Guessable, Pin};
use countersign_protocol::reply::ResultCode;
use countersign_protocol::update::ChangeKind;

use crate::account::{AccountNumber, AccountSummary};
use crate::advice;
use crate::change::{NotChosen, choose};
use crate::epoch::{self, Ended, Plan};
use crate::inbox::Backoff;
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::resume;
use crate::service::{PATIENT, ServiceError};
use crate::status;
use crate::store::State;

/// How often a phone that waits for the grant asks for it.
const PAUSE: Duration = Duration::from_secs(2);

/// Why a PIN was not set anew.
#[derive(Debug, thiserror::Error)]
pub enum ForgottenError {
    /// The new PIN and its repetition differ.
    #[error("the two new PINs are not the same: type the same four digits twice")]
    PinsDiffer,
    /// The new PIN is too easy to guess.
    #[error("{0}")]
    Guessable(Guessable),
    /// No other factor has approved it, or that was too long ago.
    #[error(
        "this has to be approved first: sign in on the service's page, choose to unblock this device, approve that with another device or key, and come back here within ten minutes"
    )]
    NotGranted,
    /// The service saw a copy of this phone.
    #[error("{}", advice::SUSPENDED)]
    Suspended,
    /// The account is not in use yet.
    #[error("{}", advice::NOT_ACTIVE)]
    NotActive,
    /// The service does not take it.
    #[error(
        "the service did not take it, and the PIN is as it was: try again, and update the app if it stays so"
    )]
    Refused,
    /// It did not reach the service.
    #[error("the PIN is as it was, because it could not be set now: {0}")]
    Lost(ServiceError),
    /// The service's last answer did not come.
    #[error(
        "the last answer did not come ({0}), so this phone does not know yet which PIN holds: go online and open the app, which finishes it by itself and says so"
    )]
    Unfinished(ServiceError),
    /// The service did not answer, or not as it should. Nothing was changed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Something on this phone is in the way.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(ForgottenError);

/// Whether another factor has approved that a PIN is set anew, now.
pub(crate) async fn can_set(phone: &Phone, number: AccountNumber) -> Result<bool, ForgottenError> {
    let account = resume::settled(phone, phone.account(number.0)?, PATIENT).await?;
    match account.state {
        State::Active | State::Blocked => (),
        State::Suspended => return Err(ForgottenError::Suspended),
        State::Stored | State::Claimed | State::Confirmed => {
            return Err(ForgottenError::NotActive);
        }
    }
    let (account, reply) = status::renew(phone, number).await?;
    match account.state {
        State::Suspended => Err(ForgottenError::Suspended),
        _ => Ok(reply.granted.is_some()),
    }
}

/// Waits until another factor has approved it. Networks that fail are waited out.
pub(crate) async fn watch(phone: &Phone, number: AccountNumber) -> Result<(), ForgottenError> {
    let mut backoff = Backoff::new();
    loop {
        match can_set(phone, number).await {
            Ok(true) => return Ok(()),
            Ok(false) => {
                backoff = Backoff::new();
                tokio::time::sleep(PAUSE).await;
            }
            Err(ForgottenError::Service(error)) if error.may_pass() => {
                backoff.wait(phone, &error).await?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Sets a new PIN; the old one is not asked for.
pub(crate) async fn set_pin(
    phone: &Phone,
    number: AccountNumber,
    new: Pin,
    again: Pin,
) -> Result<AccountSummary, ForgottenError> {
    match choose(&new, &again) {
        Ok(()) => (),
        Err(NotChosen::Differ) => return Err(ForgottenError::PinsDiffer),
        Err(NotChosen::Guessable(reason)) => return Err(ForgottenError::Guessable(reason)),
    }
    let lock = phone.store.lock_requests().await?;
    let account = phone.account(number.0)?;
    match account.state {
        State::Active | State::Blocked => (),
        State::Suspended => return Err(ForgottenError::Suspended),
        State::Stored | State::Claimed | State::Confirmed => {
            return Err(ForgottenError::NotActive);
        }
    }
    epoch::settle(phone, &lock, number.0, PATIENT).await?;
    let (account, reply) = status::renew(phone, number).await?;
    if account.state == State::Suspended {
        return Err(ForgottenError::Suspended);
    }
    let Some(granted_by) = reply.granted else {
        return Err(ForgottenError::NotGranted);
    };
    // A restored service, or a restored phone, is behind the other.
    let later = account.epoch.max(account.told_epoch.unwrap_or(0));
    let plan = Plan {
        kind: ChangeKind::Forgotten,
        epoch: epoch::after(&account, later)?,
        new: &new,
        old: None,
        granted_by: Some(granted_by),
        rotate: false,
        attempts: PATIENT,
    };
    match epoch::begin(phone, &lock, &account, &plan).await? {
        Ended::Begun(account) => Ok(AccountSummary::of(&account)),
        Ended::Lost(error) => Err(ForgottenError::Lost(error)),
        Ended::Unfinished(error) => Err(ForgottenError::Unfinished(error)),
        Ended::Refused(result, _) => Err(match result {
            ResultCode::NotOpen => ForgottenError::NotGranted,
            ResultCode::Suspended => ForgottenError::Suspended,
            ResultCode::NotActive => ForgottenError::NotActive,
            _ => ForgottenError::Refused,
        }),
    }
}
