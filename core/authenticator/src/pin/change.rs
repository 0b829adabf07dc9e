//! Changing the PIN, and renewing what it protects (PROTOCOL.md §13). The old PIN is never judged
//! on this phone: the service counts tries and answers.

use std::time::Duration;

use countersign_protocol::pin::{Guessable, Pin};
use countersign_protocol::update::ChangeKind;

use super::choose::{NotChosen, choose};
use crate::authenticator::Authenticator;
use crate::exchange::{PATIENT, ServiceError};
use crate::phone::account::{AccountNumber, AccountSummary, Refusal};
use crate::phone::{PhoneError, from_phone_errors};
use crate::store::Account;
use crate::sync::Plan;
use crate::sync::epoch::{self, Ended};
use crate::sync::settle::locked;

/// With so many tries left in the epoch, or fewer, a correct PIN is followed by new keys (§13).
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
    /// The new PIN is what was typed as the present one. Nothing else was compared.
    #[error("the new PIN is the same as the one that you typed as the present one: choose another")]
    SamePin,
    /// The service refuses it; the PIN is as it was.
    #[error("{}", refused(.0))]
    Refused(#[from] Refusal),
    /// The service does not take it.
    #[error(
        "the service did not take it, and the PIN is as it was: try again, and update the app if it stays so"
    )]
    NotTaken,
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
    /// An error on this phone.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(ChangeError);

/// The change that the present PIN vouches for.
struct Vouched {
    kind: ChangeKind,
    rotate: bool,
    attempts: u32,
}

fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::WrongPin { tries_left, .. } => {
            format!("the present PIN was wrong: {tries_left} tries left; the PIN is as it was")
        }
        other => other.to_string(),
    }
}

impl Authenticator {
    /// Changes an account's PIN. The new one is typed twice and must not be easy to guess; only the
    /// service can tell whether the old one is right. If the change is interrupted, one PIN works,
    /// and [`Authenticator::resume`] or the next request finds out which.
    ///
    /// # Errors
    /// [`Refusal::WrongPin`] with the tries left; [`ChangeError::Unfinished`] if the last answer
    /// did not come; and the rest, after which the PIN is as it was.
    pub async fn change_pin(
        &self,
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
        let what = Vouched {
            kind: ChangeKind::Change,
            rotate: false,
            attempts: PATIENT,
        };
        self.begin_epoch(number, &old, &new, what).await
    }

    /// Makes new keys for an account, with the same PIN: a new K_dev, and new keys of the PIN. Both
    /// old keys vouch for both new ones.
    ///
    /// # Errors
    /// As [`Authenticator::change_pin`].
    pub async fn rotate_keys(
        &self,
        number: AccountNumber,
        pin: Pin,
    ) -> Result<AccountSummary, ChangeError> {
        let what = Vouched {
            kind: ChangeKind::Refresh,
            rotate: true,
            attempts: PATIENT,
        };
        self.begin_epoch(number, &pin, &pin, what).await
    }

    /// After a correct PIN, begins a new epoch if at most 7 of its tries are left. Best effort: a
    /// failure is logged, never fails the caller, and is retried after the next correct PIN.
    pub(crate) async fn renew_if_due(
        &self,
        account: &Account,
        left: Option<u8>,
        pin: &Pin,
    ) -> Option<AccountSummary> {
        if left.is_none_or(|left| left > RENEW_AT) {
            return None;
        }
        let what = Vouched {
            kind: ChangeKind::Refresh,
            rotate: false,
            attempts: 1,
        };
        let renewal = self.begin_epoch(AccountNumber(account.number), pin, pin, what);
        match tokio::time::timeout(RENEWAL_MAY_TAKE, renewal).await {
            Ok(Ok(renewed)) => return Some(renewed),
            Ok(Err(error)) => tracing::warn!(%error, "the keys were not renewed"),
            Err(_) => tracing::warn!("the keys were not renewed in time"),
        }
        None
    }

    async fn begin_epoch(
        &self,
        number: AccountNumber,
        old: &Pin,
        new: &Pin,
        what: Vouched,
    ) -> Result<AccountSummary, ChangeError> {
        let phone = &*self.phone;
        let (lock, account) = locked(phone, number.0, what.attempts).await?;
        account.usable()?;
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
            Ended::Refused(result, account) => {
                let refusal = Refusal::stated(result, account.tries);
                if refusal == Some(Refusal::OtherEpoch) {
                    drop(lock);
                    self.refresh_after_mismatch(number).await;
                }
                Err(refusal.map_or(ChangeError::NotTaken, ChangeError::Refused))
            }
        }
    }
}
