//! What earlier runs left unfinished: finished or dropped, by the services' word.

use countersign_protocol::update::ChangeKind;

use crate::account::AccountSummary;
use crate::enrol::{self, Claimed, Earlier};
use crate::epoch;
use crate::phone::{Phone, PhoneError};
use crate::service::{PATIENT, ServiceError};
use crate::store::Account;

/// What became of something that an earlier run left unfinished.
#[derive(Debug)]
pub enum Resumed {
    /// The enrolment is finished: the account is in use now.
    Active(AccountSummary),
    /// The enrolment waits to be confirmed on the page: show the code and call [`crate::Authenticator::complete_enrolment`].
    Waiting(Claimed),
    /// The service does not have the enrolment; nothing of it is left here.
    Dropped(AccountSummary),
    /// The new PIN holds: say so.
    PinChanged(AccountSummary),
    /// The service does not have the new PIN; the one before holds: say so.
    PinAsBefore(AccountSummary),
    /// The service was not reached; it is as it was.
    Unknown(AccountSummary, ServiceError),
}

/// Goes through all accounts.
pub(crate) async fn resume(phone: &Phone) -> Result<Vec<Resumed>, PhoneError> {
    if !phone.store.discarded_keys()?.is_empty() {
        phone.tidy();
    }
    let mut all = Vec::new();
    for account in phone.store.accounts()? {
        if !account.state.is_enrolled() {
            all.push(match enrol::resume_one(phone, &account).await? {
                Earlier::Active(account) => Resumed::Active(account),
                Earlier::Waiting(claimed) => Resumed::Waiting(claimed),
                Earlier::Dropped(account) => Resumed::Dropped(account),
                Earlier::Unknown(account, error) => Resumed::Unknown(account, error),
            });
        } else if account.pending.is_some() {
            all.extend(change(phone, &account).await?);
        }
    }
    Ok(all)
}

/// What a person did not begin, a renewal of the keys, is no news.
async fn change(phone: &Phone, account: &Account) -> Result<Option<Resumed>, PhoneError> {
    let is_news = account
        .pending
        .as_ref()
        .is_some_and(|slot| slot.kind != ChangeKind::Refresh);
    let lock = phone.store.lock_requests().await?;
    match epoch::settle(phone, &lock, account.number, PATIENT).await {
        Ok(begun) => {
            let account = AccountSummary::of(&phone.account(account.number)?);
            let resumed = match begun {
                true => Resumed::PinChanged(account),
                false => Resumed::PinAsBefore(account),
            };
            Ok(is_news.then_some(resumed))
        }
        Err(ServiceError::Phone(error)) => Err(error),
        Err(error) => Ok(Some(Resumed::Unknown(AccountSummary::of(account), error))),
    }
}
