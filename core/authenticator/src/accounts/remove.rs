//! Removing an account (§13). Everything of it but K_dev is deleted at once, without a network too;
//! the removal is reported now or later, and then K_dev goes.

use std::time::Duration;

use countersign_protocol::id::Svc;
use countersign_protocol::query::Query;
use countersign_protocol::reply::ResultCode;

use super::push;
use crate::authenticator::Authenticator;
use crate::durable::Write;
use crate::exchange::query::query;
use crate::exchange::{Endpoint, Identity, ServiceError};
use crate::phone::account::{AccountNumber, AccountSummary, quoted};
use crate::phone::history::{self, Kind};
use crate::phone::secrets::Owner;
use crate::phone::{Phone, PhoneError};
use crate::store::{Account, Removal};

/// How long telling the service may keep the person waiting.
const REPORT_MAY_TAKE: Duration = Duration::from_secs(5);

/// An account that was removed from this phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The account.
    pub account: AccountSummary,
    /// Whether the service has removed the device too. Otherwise this phone reports it at a later
    /// start: [`crate::Authenticator::resume`].
    pub told: bool,
    /// The next step, for people.
    pub next: String,
}

impl Authenticator {
    /// Removes an account from this phone, without a network too: everything of it goes at once,
    /// but for the key that reports it to the service, now or at a later [`Authenticator::resume`].
    /// [`Removed::next`] names the next step for the person.
    ///
    /// # Errors
    /// If the data can't be written.
    pub async fn remove(&self, number: AccountNumber) -> Result<Removed, PhoneError> {
        let phone = &*self.phone;
        let account = phone.account(number.0)?;
        phone
            .store
            .write::<_, PhoneError>(Write::AccountErased, |transaction| {
                phone.store.add_removal(transaction, &account)?;
                let row = account.biometrics.as_ref();
                if let Some(row) = row.filter(|row| !row.key.is_empty()) {
                    phone.store.discard_key(transaction, &row.key, true)?;
                }
                phone.store.remove_account(transaction, &account)?;
                let (kind, host) = (Kind::AccountRemoved, account.host());
                Ok(history::add(phone, transaction, &account, kind, host)?)
            })?;
        phone.store.rewrite()?;
        phone.tidy_if_due()?;
        forget(phone, &account, account.svc)?;
        push::end(phone, &account).await?;
        if tokio::time::timeout(REPORT_MAY_TAKE, report(phone))
            .await
            .is_err()
        {
            tracing::warn!("a removal is reported to the service later");
        }
        let removals = phone.store.removals()?;
        let told = removals
            .iter()
            .all(|removal| (removal.svc, removal.dev) != (account.svc, account.dev));
        let account = AccountSummary::of(&account);
        Ok(Removed {
            next: next(&account, told),
            account,
            told,
        })
    }
}

fn next(account: &AccountSummary, told: bool) -> String {
    let device = match account.device_name.as_str() {
        "" => String::new(),
        name => format!(" {}", quoted(name)),
    };
    let host = &account.host;
    if told {
        format!(
            "The account is gone from this phone, and the device{device} from {host}. If it was your last device there, the account has to be recovered on its page before another is added."
        )
    } else {
        format!(
            "The account is gone from this phone. {host} does not know it yet: this phone reports it when the app is next opened with a network. If you will not open it again, sign in there and remove the device{device}."
        )
    }
}

/// Removes an account of which the service knows nothing, with its keys, and leaves no remains of
/// them in the file.
pub(crate) fn erase(phone: &Phone, account: &Account) -> Result<(), PhoneError> {
    phone
        .store
        .write::<_, PhoneError>(Write::AccountErased, |transaction| {
            Ok(phone.store.remove_account(transaction, account)?)
        })?;
    phone.store.rewrite()?;
    phone.keys.delete_key(&account.device_key)?;
    forget(phone, account, account.svc)
}

/// Removes an account from memory.
fn forget(phone: &Phone, account: &Account, svc: Svc) -> Result<(), PhoneError> {
    phone
        .memory()
        .held
        .retain(|_, held| held.account != Some(account.number));
    forget_service(phone, svc)
}

/// After its last account the service is met for the first time again, as after the next start.
fn forget_service(phone: &Phone, svc: Svc) -> Result<(), PhoneError> {
    if phone.store.info(svc)?.is_none() {
        let mut memory = phone.memory();
        memory.infos.remove(&svc);
        memory.offsets.remove(&svc);
    }
    Ok(())
}

/// Reports everything that was removed here to its services. Failures are retried at the next
/// start.
pub(crate) async fn report(phone: &Phone) -> Result<(), PhoneError> {
    for removal in phone.store.removals()? {
        match report_one(phone, &removal).await {
            Ok(()) => close(phone, &removal)?,
            Err(ServiceError::Phone(error)) => return Err(error),
            Err(error) => tracing::warn!(%error, "a removal is reported to the service later"),
        }
    }
    Ok(())
}

/// Reports one removal. A device that the service does not know is removed already.
async fn report_one(phone: &Phone, removal: &Removal) -> Result<(), ServiceError> {
    for (key, epoch) in &removal.keys {
        let who = Identity {
            owner: Owner {
                svc: removal.svc,
                acc: removal.acc,
                dev: removal.dev,
            },
            origin: removal.origin.clone(),
            device_key: key.clone(),
            device_key_epoch: *epoch,
        };
        match query(phone, &who, Endpoint::REMOVE, Query::Remove).await {
            Ok(reply) if reply.result == ResultCode::Done => return Ok(()),
            Ok(_) => return Err(who.unexpected("its result")),
            Err(ServiceError::NotKnown { .. }) => (),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn close(phone: &Phone, removal: &Removal) -> Result<(), PhoneError> {
    phone
        .store
        .write::<_, PhoneError>(Write::RemovalTold, |transaction| {
            Ok(phone.store.close_removal(transaction, removal)?)
        })?;
    phone.tidy();
    forget_service(phone, removal.svc)
}
