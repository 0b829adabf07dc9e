//! Initialising an account, step by step.

use std::sync::Arc;

use countersign::{
    AccountNumber, BeginError as CoreBegin, ClaimError as CoreClaim, CompleteError as CoreComplete,
    EnrolmentOffer as CoreOffer, Guessable, Source,
};

use crate::authenticator::Authenticator;
use crate::pin::PinEntry;
use crate::problem::{
    LinkProblem, PhoneProblem, ServiceProblem, errors, from_incomplete_pin, from_service_and_phone,
};
use crate::records::{Account, Claimed, OfferDetails};

errors! {
    /// Why an enrolment can't begin. Nothing was stored or sent.
    BeginError {
        /// The text is no link of ours, or came a way that it may not.
        Link {
            /// The error.
            problem: LinkProblem,
        }
        /// It is a code for something else: give it to `scan`.
        NotAnEnrolment {}
        /// It was not made by the service that it names.
        NotGenuine {
            /// The service that it names.
            host: String,
        }
        /// It expired: ask the page for a new one.
        Expired {}
        /// The account is on this phone already.
        AlreadyHere {
            /// Its name.
            name: String,
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
from_service_and_phone!(BeginError);

impl From<CoreBegin> for BeginError {
    fn from(error: CoreBegin) -> Self {
        let text = error.to_string();
        match error {
            CoreBegin::Link(error) => Self::Link {
                problem: LinkProblem::of(&error),
                text,
            },
            CoreBegin::NotAnEnrolment => Self::NotAnEnrolment { text },
            CoreBegin::WrongHost { host } | CoreBegin::NotGenuine { host, .. } => {
                Self::NotGenuine { host, text }
            }
            CoreBegin::Expired => Self::Expired { text },
            CoreBegin::AlreadyHere { name } => Self::AlreadyHere { name, text },
            CoreBegin::Service(error) => error.into(),
            CoreBegin::Phone(error) => error.into(),
        }
    }
}

errors! {
    /// Why a claim was not accepted.
    ClaimError {
        /// Fewer than four digits were typed.
        PinIncomplete {}
        /// The PIN is chosen on this phone, or was chosen in the browser; the other call is the
        /// right one.
        OtherWay {}
        /// The two PINs differ: ask for both again.
        PinsDiffer {}
        /// A new PIN that is too easy to guess: ask for another.
        GuessablePin {
            /// Why.
            reason: Guessable,
        }
        /// The PIN is not the one that was chosen in the browser. The same offer can be claimed
        /// again.
        WrongPin {
            /// Tries left for this enrolment.
            tries_left: i32,
        }
        /// The service does not take it any more: start again on its page.
        Refused {}
        /// It expired before it was sent.
        Expired {}
        /// The account is on this phone already.
        AlreadyHere {
            /// Its name.
            name: String,
        }
        /// The service did not answer, or not as it should. Claim again, or let `resume` finish or
        /// drop it.
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
from_service_and_phone!(ClaimError);
from_incomplete_pin!(ClaimError);

impl From<CoreClaim> for ClaimError {
    fn from(error: CoreClaim) -> Self {
        let text = error.to_string();
        match error {
            CoreClaim::OtherWay(_) => Self::OtherWay { text },
            CoreClaim::PinsDiffer => Self::PinsDiffer { text },
            CoreClaim::Guessable(reason) => Self::GuessablePin { reason, text },
            CoreClaim::WrongPin { tries_left } => Self::WrongPin {
                tries_left: tries_left.into(),
                text,
            },
            CoreClaim::Refused => Self::Refused { text },
            CoreClaim::Expired => Self::Expired { text },
            CoreClaim::AlreadyHere { name } => Self::AlreadyHere { name, text },
            CoreClaim::Service(error) => error.into(),
            CoreClaim::Phone(error) => error.into(),
        }
    }
}

errors! {
    /// Why an enrolment is not complete.
    CompleteError {
        /// The service dropped it: start again on its page.
        Refused {}
        /// Nobody confirmed it on the page in time.
        Expired {}
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
from_service_and_phone!(CompleteError);

impl From<CoreComplete> for CompleteError {
    fn from(error: CoreComplete) -> Self {
        let text = error.to_string();
        match error {
            CoreComplete::Refused => Self::Refused { text },
            CoreComplete::Expired => Self::Expired { text },
            CoreComplete::Service(error) => error.into(),
            CoreComplete::Phone(error) => error.into(),
        }
    }
}

/// An invitation to an account that was verified. In memory only.
#[derive(uniffi::Object)]
pub struct EnrolmentOffer(Arc<CoreOffer>);

#[uniffi::export]
impl EnrolmentOffer {
    /// The details to show before any PIN is asked.
    pub fn details(&self) -> OfferDetails {
        self.0.details().into()
    }
}

#[uniffi::export]
impl Authenticator {
    /// Begins an enrolment: reads the code and verifies it with what its origin serves. Nothing is
    /// stored yet. Show the offer's details before asking for a PIN.
    ///
    /// # Errors
    /// If it is not genuine or expired, the account is here already, or the service can't be
    /// reached.
    pub async fn begin_enrolment(
        &self,
        text: String,
        source: Source,
    ) -> Result<EnrolmentOffer, BeginError> {
        let core = self.core();
        let offer = self
            .runner
            .run(async move { core.begin_enrolment(&text, source).await })
            .await?;
        Ok(EnrolmentOffer(Arc::new(offer)))
    }

    /// Claims an account with a PIN that is chosen here and was typed twice. Show the confirmation
    /// code, then call `completeEnrolment`.
    ///
    /// # Errors
    /// If the PINs differ or are easy to guess, or the service does not take the claim.
    pub async fn claim_with_new_pin(
        &self,
        offer: Arc<EnrolmentOffer>,
        pin: Arc<PinEntry>,
        again: Arc<PinEntry>,
    ) -> Result<Claimed, ClaimError> {
        let (pin, again) = (pin.take(), again.take());
        let (pin, again) = (pin?, again?);
        let (core, offer) = (self.core(), Arc::clone(&offer.0));
        let claimed = self
            .runner
            .run(async move { core.claim_with_new_pin(&offer, pin, again).await })
            .await?;
        Ok(claimed.into())
    }

    /// Claims an account with the PIN that was chosen in the browser. After a wrong one the same
    /// offer can be claimed again.
    ///
    /// # Errors
    /// If the service says that the PIN is wrong, or does not take the claim.
    pub async fn claim_with_browser_pin(
        &self,
        offer: Arc<EnrolmentOffer>,
        pin: Arc<PinEntry>,
    ) -> Result<Claimed, ClaimError> {
        let pin = pin.take()?;
        let (core, offer) = (self.core(), Arc::clone(&offer.0));
        let claimed = self
            .runner
            .run(async move { core.claim_with_browser_pin(&offer, pin).await })
            .await?;
        Ok(claimed.into())
    }

    /// Waits until the claim is confirmed on the page (at once, where the PIN was chosen in the
    /// browser); then the account is in use.
    ///
    /// # Errors
    /// If the service drops the enrolment, or nobody confirms it in time.
    pub async fn complete_enrolment(&self, account: u32) -> Result<Account, CompleteError> {
        let core = self.core();
        let account = self
            .runner
            .run(async move { core.complete_enrolment(AccountNumber(account)).await })
            .await?;
        Ok(account.into())
    }
}
