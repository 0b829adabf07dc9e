//! Every start: what earlier runs left unfinished is finished or dropped, as the services say.

use countersign_protocol::update::ChangeKind;

use crate::accounts::enrol::{Claimed, Earlier};
use crate::accounts::remove;
use crate::authenticator::Authenticator;
use crate::exchange::{PATIENT, ServiceError};
use crate::phone::account::AccountSummary;
use crate::phone::history::Kind;
use crate::phone::{Phone, PhoneError};
use crate::store::{Account, BiometricRow, BiometricState};
use crate::sync::epoch;
use crate::sync::settle::{reconcile_biometrics, report_deleted_key};

/// The outcome of something that an earlier run left unfinished.
#[derive(Debug)]
pub enum Resumed {
    /// The app was on this phone before, and its data are gone: a reinstall, or data that were
    /// deleted. Say that every account has to be initialised again, and the old device removed on
    /// the service's page. Reported at each start until something else has happened.
    Reinstalled,
    /// The enrolment is finished: the account is in use now.
    Active(AccountSummary),
    /// The enrolment waits to be confirmed on the page: show the code and call
    /// [`crate::Authenticator::complete_enrolment`].
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

impl Authenticator {
    /// Finishes or drops what an earlier run left unfinished: enrolments, changes of the PIN,
    /// biometrics. Reports to services what was removed here, and where push messages go where that
    /// has changed. Call it at every start; without anything it does nothing.
    ///
    /// # Errors
    /// If an error on this phone prevents it. A service that can't be reached is no error.
    pub async fn resume(&self) -> Result<Vec<Resumed>, PhoneError> {
        let phone = &*self.phone;
        phone.tidy_if_due()?;
        remove::report(phone).await?;
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
                all.push(match self.finish_enrolment(&account).await? {
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
        self.push_address_changed().await?;
        Ok(all)
    }
}

/// Only a change that the person began is reported; a renewal of the keys is not.
async fn change(phone: &Phone, account: &Account) -> Result<Option<Resumed>, PhoneError> {
    let is_news = account
        .pending
        .as_ref()
        .is_some_and(|slot| slot.kind != ChangeKind::Refresh);
    let lock = phone.store.lock_requests().await?;
    match epoch::reconcile(phone, &lock, account.number, PATIENT).await {
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
    let settled = reconcile_biometrics(phone, &lock, account.number, PATIENT).await;
    drop(lock);
    report_deleted_key(phone, account.number).await;
    let account = AccountSummary::of(&phone.account(account.number)?);
    match settled {
        Ok(true) if asked => Ok(Some(Resumed::BiometricsOn(account))),
        Ok(false) if asked => Ok(Some(Resumed::BiometricsOff(account))),
        Ok(_) => Ok(None),
        Err(ServiceError::Phone(error)) => Err(error),
        Err(error) => Ok(Some(Resumed::Unknown(account, error))),
    }
}
