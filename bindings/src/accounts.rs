//! The accounts on this phone, and its history.

use countersign::{AccountError as CoreAccount, AccountNumber, StatusError as CoreStatus};

use crate::authenticator::Authenticator;
use crate::problem::{PhoneProblem, ServiceProblem, errors, from_phone, from_service_and_phone};
use crate::records::{Account, HistoryEvent, Removed, accounts};

errors! {
    /// Why an account can't be changed.
    AccountError {
        /// Not a name: 1 to 40 characters that can be seen.
        Name {}
        /// An error on this phone.
        Phone {
            /// The error.
            problem: PhoneProblem,
        }
    }
}
from_phone!(AccountError);

impl From<CoreAccount> for AccountError {
    fn from(error: CoreAccount) -> Self {
        let text = error.to_string();
        match error {
            CoreAccount::Name => Self::Name { text },
            CoreAccount::Phone(error) => error.into(),
        }
    }
}

errors! {
    /// Why the service's word on an account was not had.
    StatusError {
        /// The service did not answer, or not as it should.
        Service {
            /// The error.
            problem: ServiceProblem,
        }
        /// An error on this phone.
        Phone {
            /// The error.
            problem: PhoneProblem,
        }
    }
}
from_service_and_phone!(StatusError);

impl From<CoreStatus> for StatusError {
    fn from(error: CoreStatus) -> Self {
        match error {
            CoreStatus::Service(error) => error.into(),
            CoreStatus::Phone(error) => error.into(),
        }
    }
}

errors! {
    /// An error on this phone.
    PhoneError {
        /// An error on this phone.
        Phone {
            /// The error.
            problem: PhoneProblem,
        }
    }
}
from_phone!(PhoneError);

#[uniffi::export]
impl Authenticator {
    /// The accounts on this phone.
    ///
    /// # Errors
    /// If the data can't be read.
    pub async fn accounts(&self) -> Result<Vec<Account>, PhoneError> {
        let core = self.core();
        Ok(accounts(self.runner.block(move || core.accounts()).await?))
    }

    /// Asks the service how an account stands: names, tries left, and the step from which on codes
    /// may be asked.
    ///
    /// # Errors
    /// If the service can't be reached or does not know this phone.
    pub async fn refresh(&self, account: u32) -> Result<Account, StatusError> {
        let core = self.core();
        let account = self
            .runner
            .run(async move { core.refresh(AccountNumber(account)).await })
            .await?;
        Ok(account.into())
    }

    /// Gives an account another name on this phone: 1 to 40 characters.
    ///
    /// # Errors
    /// If it is no name.
    pub async fn rename(&self, account: u32, name: String) -> Result<Account, AccountError> {
        let core = self.core();
        let account = self
            .runner
            .block(move || core.rename(AccountNumber(account), &name))
            .await?;
        Ok(account.into())
    }

    /// Removes an account from this phone, without a network too: everything of it goes at once,
    /// but for the key that tells the service, now or at a later `resume`. The answer says what is
    /// left to do.
    ///
    /// # Errors
    /// If the data can't be written.
    pub async fn remove(&self, account: u32) -> Result<Removed, PhoneError> {
        let core = self.core();
        let removed = self
            .runner
            .run(async move { core.remove(AccountNumber(account)).await })
            .await?;
        Ok(removed.into())
    }

    /// The events on this phone, the newest first.
    ///
    /// # Errors
    /// If the data can't be read.
    pub async fn history(&self) -> Result<Vec<HistoryEvent>, PhoneError> {
        let core = self.core();
        let events = self.runner.block(move || core.history()).await?;
        Ok(events.into_iter().map(HistoryEvent::from).collect())
    }

    /// The history as comma-separated values (RFC 4180).
    ///
    /// # Errors
    /// If the data can't be read.
    pub async fn export_history(&self) -> Result<String, PhoneError> {
        let core = self.core();
        Ok(self.runner.block(move || core.export_history()).await?)
    }
}
