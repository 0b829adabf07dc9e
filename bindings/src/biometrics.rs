//! A finger or face in the place of the PIN.

use std::sync::Arc;

use countersign::{
    AccountNumber, ApproveError as CoreApprove, CodeError as CoreCode, FormError as CoreForm,
    SignError as CoreSign, TurnOnError as CoreTurnOn, TypedValue as CoreTyped,
};

use crate::accounts::PhoneError;
use crate::authenticator::Authenticator;
use crate::codes::{CodeError, SignError};
use crate::pin::PinEntry;
use crate::problem::{
    PhoneProblem, ServiceProblem, errors, from_incomplete_pin, from_service_and_phone,
};
use crate::records::{Account, Approved, ShownCode, SignedTransaction, TypedValue, challenge};
use crate::requests::ApproveError;

errors! {
    /// Why biometrics were not turned on.
    TurnOnError {
        /// Fewer than four digits were typed.
        PinIncomplete {}
        /// No finger or face is set up on this phone.
        NotAvailable {}
        /// The person or the platform said no.
        Biometrics {}
        /// The PIN was wrong.
        WrongPin {
            /// Tries left in a row.
            tries_left: i32,
            /// Tries left before the PIN's next renewal.
            tries_left_in_epoch: i32,
        }
        /// No tries are left: a new PIN is set with `setForgottenPin`.
        Blocked {}
        /// The service saw a copy of this phone: remove the device on its page and the account here, and initialise anew.
        Suspended {}
        /// The service has another PIN epoch than this phone: a new PIN is set with `setForgottenPin`.
        OtherEpoch {}
        /// The account is not in use yet.
        NotActive {}
        /// The service does not take it.
        Refused {}
        /// It did not reach the service.
        Lost {
            /// What was wrong.
            problem: ServiceProblem,
        }
        /// No answer came, so whether they are on is not known yet: `resume`, or the next request, finds out.
        Unfinished {
            /// What was wrong.
            problem: ServiceProblem,
        }
        /// The service did not answer, or not as it should.
        Service {
            /// What was wrong.
            problem: ServiceProblem,
        }
        /// Something on this phone is in the way.
        Phone {
            /// What it is.
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
            CoreTurnOn::WrongPin {
                tries_left,
                tries_left_in_epoch,
            } => Self::WrongPin {
                tries_left: tries_left.into(),
                tries_left_in_epoch: tries_left_in_epoch.into(),
                text,
            },
            CoreTurnOn::Blocked => Self::Blocked { text },
            CoreTurnOn::Suspended => Self::Suspended { text },
            CoreTurnOn::OtherEpoch => Self::OtherEpoch { text },
            CoreTurnOn::NotActive => Self::NotActive { text },
            CoreTurnOn::Refused => Self::Refused { text },
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
    /// Whether to offer biometrics for an account: there is a finger or face to ask, and they are not on.
    ///
    /// # Errors
    /// If the data can't be read.
    pub async fn biometrics_offered(&self, account: u32) -> Result<bool, PhoneError> {
        let core = Arc::clone(&self.core);
        Ok(self
            .runner
            .block(move || core.biometrics_offered(AccountNumber(account)))
            .await?)
    }

    /// Turns biometrics on for an account, with its PIN, which always stays as the way back. A new PIN turns them off, and so does the
    /// platform when fingers or faces are added.
    ///
    /// # Errors
    /// Among others `WrongPin` with the tries left, and `Unfinished` if no answer came. After all others they are off.
    pub async fn turn_on_biometrics(
        &self,
        account: u32,
        pin: Arc<PinEntry>,
    ) -> Result<Account, TurnOnError> {
        let pin = pin.take()?;
        let core = Arc::clone(&self.core);
        let account = self
            .runner
            .run(async move { core.turn_on_biometrics(AccountNumber(account), pin).await })
            .await?;
        Ok(account.into())
    }

    /// Turns biometrics off for an account, without a network too: the service is told now or later.
    ///
    /// # Errors
    /// If something on this phone is in the way.
    pub async fn turn_off_biometrics(&self, account: u32) -> Result<Account, PhoneError> {
        let core = Arc::clone(&self.core);
        let account = self
            .runner
            .run(async move { core.turn_off_biometrics(AccountNumber(account)).await })
            .await?;
        Ok(account.into())
    }

    /// Approves a request of the inbox with a finger or face in the place of the PIN, where the request's `unlock` and the account allow it.
    ///
    /// # Errors
    /// `Biometrics`, after which the same request can be approved with the PIN; and as `approve`.
    pub async fn approve_with_biometrics(
        &self,
        request: String,
        number: Option<i32>,
    ) -> Result<Approved, ApproveError> {
        let id = challenge(&request).ok_or(CoreApprove::NotHeld)?;
        let number = number.and_then(|number| u8::try_from(number).ok());
        let core = Arc::clone(&self.core);
        let approved = self
            .runner
            .run(async move { core.approve_with_biometrics(id, number).await })
            .await?;
        Ok(approved.into())
    }

    /// The same for what began in a browser on this phone. Open the answer's address in that browser at once.
    ///
    /// # Errors
    /// As `approveWithBiometrics`.
    pub async fn approve_on_mobile_with_biometrics(
        &self,
        request: String,
        account: u32,
    ) -> Result<Approved, ApproveError> {
        let id = challenge(&request).ok_or(CoreApprove::NotHeld)?;
        let (core, number) = (Arc::clone(&self.core), AccountNumber(account));
        let approved = self
            .runner
            .run(async move { core.approve_on_mobile_with_biometrics(id, number).await })
            .await?;
        Ok(approved.into())
    }

    /// A sign-in code with a finger or face in the place of the PIN, where the request's `unlock` and the account allow it.
    ///
    /// # Errors
    /// `Biometrics`, after which the PIN may be used; and as `code`.
    pub async fn code_with_biometrics(&self, request: String) -> Result<ShownCode, CodeError> {
        let id = challenge(&request).ok_or(CoreCode::NotHeld)?;
        let core = Arc::clone(&self.core);
        let shown = self
            .runner
            .run(async move { core.code_with_biometrics(id).await })
            .await?;
        Ok(shown.into())
    }

    /// Signs what was typed with a finger or face in the place of the PIN, where the form's `unlock` and the account allow it.
    ///
    /// # Errors
    /// As `sign`, and `Biometrics` inside `Code`, after which the PIN may be used.
    pub async fn sign_with_biometrics(
        &self,
        form: String,
        typed: Vec<TypedValue>,
    ) -> Result<SignedTransaction, SignError> {
        let id = challenge(&form).ok_or(CoreSign::Form(CoreForm::NotHeld))?;
        let typed: Vec<CoreTyped> = typed.into_iter().map(CoreTyped::from).collect();
        let core = Arc::clone(&self.core);
        let signed = self
            .runner
            .run(async move { core.sign_with_biometrics(id, &typed).await })
            .await?;
        Ok(signed.into())
    }
}
