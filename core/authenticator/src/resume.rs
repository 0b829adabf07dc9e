//! What earlier runs left unfinished: finished or dropped, by the services' word.

use countersign_protocol::update::ChangeKind;

use crate::account::AccountSummary;
use crate::biometrics;
use crate::enrol::{self, Claimed, Earlier};
use crate::epoch;
use crate::history::Kind;
use crate::phone::{Phone, PhoneError};
use crate::push;
use crate::remove;
use crate::service::{PATIENT, ServiceError};
use crate::store::{Account, BiometricRow, BiometricState};

/// What became of something that an earlier run left unfinished.
#[derive(Debug)]
pub enum Resumed {
    /// The app was on this phone before, and its data are gone: a reinstall, or data that were
    /// deleted. Say that every account has to be initialised again, and the old device removed on
    /// the service's page. Reported at each start until something else has happened.
    Reinstalled,
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
    /// Biometrics, of which no answer had come, are on.
    BiometricsOn(AccountSummary),
    /// Biometrics, of which no answer had come, are not on.
    BiometricsOff(AccountSummary),
    /// The service was not reached; it is as it was.
    Unknown(AccountSummary, ServiceError),
}

/// Goes through all accounts.
pub(crate) async fn resume(phone: &Phone) -> Result<Vec<Resumed>, PhoneError> {
    phone.tidy_if_due()?;
    remove::tell(phone).await?;
    let mut all = Vec::new();
    let newest = phone.store.records(1)?;
    if newest
        .iter()
        .any(|event| event.kind == Kind::Reinstalled.as_str())
    {
        all.push(Resumed::Reinstalled);
    }
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
        if let Some(row) = &account.biometrics
            && row.state != BiometricState::On
        {
            all.extend(biometrics(phone, &account, row).await?);
        }
    }
    push::tell_all(phone).await?;
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

async fn biometrics(
    phone: &Phone,
    account: &Account,
    row: &BiometricRow,
) -> Result<Option<Resumed>, PhoneError> {
    let lock = phone.store.lock_requests().await?;
    let asked = row.state == BiometricState::Asked;
    let settled = biometrics::settle(phone, &lock, account.number, PATIENT).await;
    drop(lock);
    biometrics::tell(phone, account.number).await;
    let account = AccountSummary::of(&phone.account(account.number)?);
    match settled {
        Ok(true) if asked => Ok(Some(Resumed::BiometricsOn(account))),
        Ok(false) if asked => Ok(Some(Resumed::BiometricsOff(account))),
        Ok(_) => Ok(None),
        Err(ServiceError::Phone(error)) => Err(error),
        Err(error) => Ok(Some(Resumed::Unknown(account, error))),
    }
}

/// Before every request of an account: what an earlier one left unfinished comes first.
pub(crate) async fn settled(
    phone: &Phone,
    account: Account,
    attempts: u32,
) -> Result<Account, ServiceError> {
    let number = account.number;
    if account.pending.is_none() && account.biometrics.is_none() {
        return Ok(account);
    }
    if account.pending.is_some() {
        let lock = phone.store.lock_requests().await?;
        epoch::settle(phone, &lock, number, attempts).await?;
    }
    biometrics::tell(phone, number).await;
    Ok(phone.account(number)?)
}
