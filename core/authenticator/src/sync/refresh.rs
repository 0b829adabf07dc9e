//! Asking the service how an account stands, when nothing of it is unfinished.

use countersign_protocol::message::Verified;
use countersign_protocol::reply::Reply;

use super::settle::up_to_date;
use super::status::{ask, store_status};
use crate::authenticator::Authenticator;
use crate::durable::Write;
use crate::exchange::{PATIENT, ServiceError};
use crate::phone::account::{AccountNumber, AccountSummary};
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::store::Account;

/// Why the service's word on an account was not had.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The service did not answer, or not as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// An error on this phone.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(StatusError);

impl Authenticator {
    /// Asks the service how an account stands: names, tries left, and the step from which on codes
    /// may be asked.
    ///
    /// # Errors
    /// If the service can't be reached or does not know this phone.
    pub async fn refresh(&self, number: AccountNumber) -> Result<AccountSummary, StatusError> {
        up_to_date(&self.phone, number.0, PATIENT).await?;
        let (account, _) = renew(&self.phone, number.0).await?;
        Ok(AccountSummary::of(&account))
    }

    /// The same after a reply that did not fit. On failure nothing changes.
    pub(crate) async fn refresh_after_mismatch(&self, number: AccountNumber) {
        if let Err(error) = self.refresh(number).await {
            tracing::warn!(%error, "the account's status was not had");
        }
    }
}

/// Asks for the status and stores it. The account with the reply.
pub(crate) async fn renew(
    phone: &Phone,
    number: u32,
) -> Result<(Account, Verified<Reply>), ServiceError> {
    loop {
        let asked = phone.account(number)?;
        let reply = ask(phone, &asked, PATIENT).await?;
        let taken =
            phone.change::<_, ServiceError>(Write::Status, number, |connection, account| {
                if account.epoch != asked.epoch {
                    // A new PIN epoch began meanwhile, of which this answer knows nothing.
                    return Ok(None);
                }
                store_status(phone, connection, account, &reply)?;
                Ok(Some(account.clone()))
            })?;
        if let Some(account) = taken {
            phone.tidy_if_due()?;
            return Ok((account, reply));
        }
    }
}
