//! Changing the PIN, and renewing what it protects. The old PIN is never judged here: the service counts and says.

use std::time::Duration;

use countersign_protocol::pin::{Guessable, Pin, guessable};
use countersign_protocol::reply::ResultCode;
use countersign_protocol::update::ChangeKind;

use crate::account::{AccountNumber, AccountSummary};
use crate::advice;
use crate::epoch::{self, Ended, Plan};
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::service::{PATIENT, ServiceError};
use crate::status;
use crate::store::{Account, State};

/// With so many tries left in the epoch, or fewer, a right PIN is followed by new keys (§13).
const RENEW_AT: u8 = 7;
/// How long the renewal may keep an approval's caller waiting.
const RENEWAL_MAY_TAKE: Duration = Duration::from_secs(5);

/// Why a PIN was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The new PIN and its repetition differ.
    #[error("the two new PINs are not the same: type the same four digits twice")]
    PinsDiffer,
    /// The new PIN is too easy to guess.
    #[error("{0}")]
    Guessable(Guessable),
    /// What was typed as the present PIN was typed as the new one too. Nothing was compared with anything else.
    #[error("the new PIN is the same as the one that you typed as the present one: choose another")]
    SamePin,
    /// The present PIN was wrong, says the service.
    #[error("the present PIN was wrong: {tries_left} tries left; the PIN is as it was")]
    WrongPin {
        /// Tries left in a row.
        tries_left: u8,
        /// Tries left before the PIN's next renewal.
        tries_left_in_epoch: u8,
    },
    /// No tries are left.
    #[error("{}", advice::BLOCKED)]
    Blocked,
    /// The service saw a copy of this phone.
    #[error("{}", advice::SUSPENDED)]
    Suspended,
    /// The service has another PIN epoch than this phone.
    #[error("{}", advice::OTHER_EPOCH)]
    OtherEpoch,
    /// The account is not in use yet.
    #[error("{}", advice::NOT_ACTIVE)]
    NotActive,
    /// The service does not take it.
    #[error(
        "the service did not take it, and the PIN is as it was: try again, and update the app if it stays so"
    )]
    Refused,
    /// It did not reach the service.
    #[error("the PIN is as it was, because it could not be changed now: {0}")]
    Lost(ServiceError),
    /// The service's last answer did not come.
    #[error(
        "the last answer did not come ({0}), so this phone does not know yet which PIN holds: go online and open the app, which finishes the change by itself and says so"
    )]
    Unfinished(ServiceError),
    /// The service did not answer, or not as it should. Nothing was changed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Something on this phone is in the way.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(ChangeError);

/// Changes the PIN.
pub(crate) async fn change_pin(
    phone: &Phone,
    number: AccountNumber,
    old: Pin,
    new: Pin,
    again: Pin,
) -> Result<AccountSummary, ChangeError> {
    match choose(&new, &again) {
        Ok(()) => (),
        Err(NotChosen::Differ) => return Err(ChangeError::PinsDiffer),
        Err(NotChosen::Guessable(reason)) => return Err(ChangeError::Guessable(reason)),
    }
    if new.same_as(&old) {
        return Err(ChangeError::SamePin);
    }
    let plan = Same {
        kind: ChangeKind::Change,
        rotate: false,
        attempts: PATIENT,
    };
    next_epoch(phone, number, &old, &new, plan).await
}

/// Makes a new K_dev, with new keys for the PIN, which stays the same. Both old keys vouch for both new ones.
pub(crate) async fn rotate_keys(
    phone: &Phone,
    number: AccountNumber,
    pin: Pin,
) -> Result<AccountSummary, ChangeError> {
    let plan = Same {
        kind: ChangeKind::Refresh,
        rotate: true,
        attempts: PATIENT,
    };
    next_epoch(phone, number, &pin, &pin, plan).await
}

/// After a right PIN: makes what it protects anew where many tries were spent. What is in the way now is not in the way of what the PIN was
/// typed for; the next right PIN comes here again. The account, if they are new.
pub(crate) async fn renew_if_due(
    phone: &Phone,
    account: &Account,
    left: Option<u8>,
    pin: &Pin,
) -> Option<AccountSummary> {
    if left.is_none_or(|left| left > RENEW_AT) {
        return None;
    }
    let plan = Same {
        kind: ChangeKind::Refresh,
        rotate: false,
        attempts: 1,
    };
    let renewal = next_epoch(phone, AccountNumber(account.number), pin, pin, plan);
    match tokio::time::timeout(RENEWAL_MAY_TAKE, renewal).await {
        Ok(Ok(renewed)) => return Some(renewed),
        Ok(Err(error)) => tracing::warn!(%error, "the keys were not renewed"),
        Err(_) => tracing::warn!("the keys were not renewed in time"),
    }
    None
}

/// Why a PIN can't be chosen.
pub(crate) enum NotChosen {
    Differ,
    Guessable(Guessable),
}

/// Whether a PIN that is chosen here was typed twice and is not easy to guess.
pub(crate) fn choose(new: &Pin, again: &Pin) -> Result<(), NotChosen> {
    if !new.same_as(again) {
        return Err(NotChosen::Differ);
    }
    guessable(new).map_or(Ok(()), |reason| Err(NotChosen::Guessable(reason)))
}

/// What the old PIN vouches for.
struct Same {
    kind: ChangeKind,
    rotate: bool,
    attempts: u32,
}

async fn next_epoch(
    phone: &Phone,
    number: AccountNumber,
    old: &Pin,
    new: &Pin,
    what: Same,
) -> Result<AccountSummary, ChangeError> {
    let lock = phone.store.lock_requests().await?;
    epoch::settle(phone, &lock, number.0, what.attempts).await?;
    let account = phone.account(number.0)?;
    match account.state {
        State::Active => (),
        State::Blocked => return Err(ChangeError::Blocked),
        State::Suspended => return Err(ChangeError::Suspended),
        State::Stored | State::Claimed | State::Confirmed => return Err(ChangeError::NotActive),
    }
    let plan = Plan {
        kind: what.kind,
        epoch: epoch::after(&account, account.epoch)?,
        new,
        old: Some(old),
        granted_by: None,
        rotate: what.rotate,
        attempts: what.attempts,
    };
    match epoch::begin(phone, &lock, &account, &plan).await? {
        Ended::Begun(account) => Ok(AccountSummary::of(&account)),
        Ended::Lost(error) => Err(ChangeError::Lost(error)),
        Ended::Unfinished(error) => Err(ChangeError::Unfinished(error)),
        Ended::Refused(result, account) => Err(match (result, account.tries) {
            (ResultCode::WrongPin, Some(tries)) => ChangeError::WrongPin {
                tries_left: tries.in_row,
                tries_left_in_epoch: tries.in_epoch,
            },
            (ResultCode::Blocked, _) => ChangeError::Blocked,
            (ResultCode::Suspended, _) => ChangeError::Suspended,
            (ResultCode::NotActive, _) => ChangeError::NotActive,
            (ResultCode::Epoch, _) => {
                drop(lock);
                status::hear_of(phone, number).await;
                ChangeError::OtherEpoch
            }
            _ => ChangeError::Refused,
        }),
    }
}
