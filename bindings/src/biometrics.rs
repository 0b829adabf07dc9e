//! A finger or face in the place of the PIN.

use std::sync::Arc;

use countersign::{AccountNumber, TurnOnError as CoreTurnOn};

use crate::accounts::PhoneError;
use crate::authenticator::Authenticator;
use crate::pin::PinEntry;
use crate::problem::{
    PhoneProblem, Refusal, ServiceProblem, errors, from_incomplete_pin, from_service_and_phone,
};
use crate::records::Account;

errors! {
    /// Why biometrics were not turned on.
    TurnOnError {
        /// Fewer than four digits were typed.
        PinIncomplete {}
        /// No finger or face is set up on this phone.
        NotAvailable {}
        /// The person or the platform said no.
        Biometrics {}
        /// The service refuses it.
        Refused {
            /// Why.
            refusal: Refusal,
        }
        /// The service does not take it.
        NotTaken {}
        /// It did not reach the service.
        Lost {
            /// The error.
            problem: ServiceProblem,
        }
        /// No answer came, so whether they are on is not known yet: `resume`, or the next request,
        /// finds out.
        Unfinished {
            /// The error.
            problem: ServiceProblem,
        }
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
from_service_and_phone!(TurnOnError);
from_incomplete_pin!(TurnOnError);

impl From<CoreTurnOn> for TurnOnError {
    fn from(error: CoreTurnOn) -> Self {
        let text = error.to_string();
        match error {
            CoreTurnOn::NotAvailable => Self::NotAvailable { text },
            CoreTurnOn::Biometrics(_) => Self::Biometrics { text },
            CoreTurnOn::Refused(refusal) => Self::Refused {
                refusal: refusal.into(),
                text,
            },
            CoreTurnOn::NotTaken => Self::NotTaken { text },
            CoreTurnOn::Lost(error) => Self::Lost {
                problem: ServiceProblem::of(&error),
                text,
            },
            CoreTurnOn::Unfinished(error) => Self::Unfinished {
                problem: ServiceProblem::of(&error),
                text,
            },
            CoreTurnOn::Service(error) => error.into(),
            CoreTurnOn::Phone(error) => error.into(),
        }
    }
}

#[uniffi::export]
impl Authenticator {
    /// Whether to offer biometrics for an account: there is a finger or face to ask, and they are
    /// not on.
    ///
    /// # Errors
    /// If the data can't be read.
    pub async fn biometrics_offered(&self, account: u32) -> Result<bool, PhoneError> {
        let core = self.core();
        Ok(self
            .runner
            .block(move || core.biometrics_offered(AccountNumber(account)))
            .await?)
    }

    /// Turns biometrics on for an account, with its PIN, which always stays as the way back. A new
    /// PIN turns them off, and so does the platform when fingers or faces are added.
    ///
    /// # Errors
    /// Among others `Refused` with the tries left after a wrong PIN, and `Unfinished` if no answer
    /// came. After all others they are off.
    pub async fn turn_on_biometrics(
        &self,
        account: u32,
        pin: Arc<PinEntry>,
    ) -> Result<Account, TurnOnError> {
        let pin = pin.take()?;
        let core = self.core();
        let account = self
            .runner
            .run(async move { core.turn_on_biometrics(AccountNumber(account), pin).await })
            .await?;
        Ok(account.into())
    }

    /// Turns biometrics off for an account, without a network too: it is reported to the service
    /// now or later.
    ///
    /// # Errors
    /// If an error on this phone prevents it.
    pub async fn turn_off_biometrics(&self, account: u32) -> Result<Account, PhoneError> {
        let core = self.core();
        let account = self
            .runner
            .run(async move { core.turn_off_biometrics(AccountNumber(account)).await })
            .await?;
        Ok(account.into())
    }
}
