//! Setting a new PIN where it was forgotten or blocked, or where phone and service no longer agree
//! on it (PROTOCOL.md §13). Another factor grants it.

use std::time::Duration;

use countersign_protocol::pin::{Guessable, Pin};
use countersign_protocol::reply::ResultCode;
use countersign_protocol::update::ChangeKind;

use super::choose::{NotChosen, choose};
use crate::authenticator::Authenticator;
use crate::exchange::backoff::Backoff;
use crate::exchange::{PATIENT, ServiceError};
use crate::phone::account::{AccountNumber, AccountSummary, Refusal};
use crate::phone::{PhoneError, from_phone_errors};
use crate::store::State;
use crate::sync::Plan;
use crate::sync::epoch::{self, Ended};
use crate::sync::refresh::renew;
use crate::sync::settle::{locked, up_to_date};

/// How often a phone that waits for the grant asks for it.
const PAUSE: Duration = Duration::from_secs(2);

/// Why a new PIN was not set.
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
    /// The service refuses it; the PIN is as it was.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The service does not take it.
    #[error(
        "the service did not take it, and the PIN is as it was: try again, and update the app if it stays so"
    )]
    NotTaken,
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
    /// An error on this phone.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(ForgottenError);

impl Authenticator {
    /// Whether another factor has approved on the service's page that this phone sets a new PIN.
    /// The approval holds for ten minutes.
    ///
    /// # Errors
    /// If the service can't be reached or does not know this phone, or suspended it.
    pub async fn can_set_new_pin(&self, number: AccountNumber) -> Result<bool, ForgottenError> {
        // A state that is known without a network is reported without one.
        self.phone.account(number.0)?.answered()?;
        up_to_date(&self.phone, number.0, PATIENT)
            .await?
            .answered()?;
        let (account, reply) = renew(&self.phone, number.0).await?;
        match account.state {
            State::Suspended => Err(Refusal::Suspended.into()),
            _ => Ok(reply.granted.is_some()),
        }
    }

    /// Waits until another factor has approved it. Network failures are retried; dropping the
    /// future stops the waiting.
    ///
    /// # Errors
    /// Those that waiting can't resolve.
    pub async fn watch_new_pin_grant(&self, number: AccountNumber) -> Result<(), ForgottenError> {
        let mut backoff = Backoff::new();
        loop {
            match self.can_set_new_pin(number).await {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    backoff = Backoff::new();
                    tokio::time::sleep(PAUSE).await;
                }
                Err(ForgottenError::Service(error)) if error.may_pass() => {
                    backoff.wait(&self.phone, &error).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sets a new PIN, typed twice, after another factor approved it: where the PIN was forgotten
    /// or blocked, or is not the service's any more. It lifts a block. The old PIN is not asked
    /// for.
    ///
    /// # Errors
    /// [`ForgottenError::NotGranted`] with what to do first; [`ForgottenError::Unfinished`] if the
    /// last answer did not come; and the rest, after which the PIN is as it was.
    pub async fn set_forgotten_pin(
        &self,
        number: AccountNumber,
        new: Pin,
        again: Pin,
    ) -> Result<AccountSummary, ForgottenError> {
        match choose(&new, &again) {
            Ok(()) => (),
            Err(NotChosen::Differ) => return Err(ForgottenError::PinsDiffer),
            Err(NotChosen::Guessable(reason)) => return Err(ForgottenError::Guessable(reason)),
        }
        let phone = &*self.phone;
        phone.account(number.0)?.answered()?;
        let (lock, account) = locked(phone, number.0, PATIENT).await?;
        account.answered()?;
        let (account, reply) = renew(phone, number.0).await?;
        if account.state == State::Suspended {
            return Err(Refusal::Suspended.into());
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
                ResultCode::Suspended => Refusal::Suspended.into(),
                ResultCode::NotActive => Refusal::NotActive.into(),
                _ => ForgottenError::NotTaken,
            }),
        }
    }
}
