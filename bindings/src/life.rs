//! The PIN's life: changed, renewed, forgotten; and what an earlier run left unfinished.

use std::sync::Arc;

use countersign::{
    AccountNumber, ChangeError as CoreChange, ForgottenError as CoreForgotten, Guessable,
    Resumed as CoreResumed,
};

use crate::accounts::PhoneError;
use crate::authenticator::Authenticator;
use crate::pin::PinEntry;
use crate::problem::{
    PhoneProblem, Refusal, ServiceProblem, errors, from_incomplete_pin, from_service_and_phone,
};
use crate::records::{Account, Claimed};

errors! {
    /// Why a PIN was not changed.
    ChangeError {
        /// Fewer than four digits were typed.
        PinIncomplete {}
        /// The new PIN and its repetition differ: ask for both again.
        PinsDiffer {}
        /// The new PIN is too easy to guess: ask for another.
        GuessablePin {
            /// Why.
            reason: Guessable,
        }
        /// The new PIN is what was typed as the present one.
        SamePin {}
        /// The service refuses it; the PIN is as it was.
        Refused {
            /// Why.
            refusal: Refusal,
        }
        /// The service did not take it; the PIN is as it was.
        NotTaken {}
        /// It did not reach the service; the PIN is as it was.
        Lost {
            /// The error.
            problem: ServiceProblem,
        }
        /// The service's last answer did not come, so which PIN holds is not known yet: `resume`,
        /// or the next request, finds out.
        Unfinished {
            /// The error.
            problem: ServiceProblem,
        }
        /// The service did not answer, or not as it should. Nothing was changed.
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
from_service_and_phone!(ChangeError);
from_incomplete_pin!(ChangeError);

impl From<CoreChange> for ChangeError {
    fn from(error: CoreChange) -> Self {
        let text = error.to_string();
        match error {
            CoreChange::PinsDiffer => Self::PinsDiffer { text },
            CoreChange::Guessable(reason) => Self::GuessablePin { reason, text },
            CoreChange::SamePin => Self::SamePin { text },
            CoreChange::Refused(refusal) => Self::Refused {
                refusal: refusal.into(),
                text,
            },
            CoreChange::NotTaken => Self::NotTaken { text },
            CoreChange::Lost(error) => Self::Lost {
                problem: ServiceProblem::of(&error),
                text,
            },
            CoreChange::Unfinished(error) => Self::Unfinished {
                problem: ServiceProblem::of(&error),
                text,
            },
            CoreChange::Service(error) => error.into(),
            CoreChange::Phone(error) => error.into(),
        }
    }
}

errors! {
    /// Why a new PIN was not set.
    ForgottenError {
        /// Fewer than four digits were typed.
        PinIncomplete {}
        /// The new PIN and its repetition differ: ask for both again.
        PinsDiffer {}
        /// The new PIN is too easy to guess: ask for another.
        GuessablePin {
            /// Why.
            reason: Guessable,
        }
        /// Another factor has to approve it on the service's page first, within the ten minutes
        /// before.
        NotGranted {}
        /// The service refuses it; the PIN is as it was.
        Refused {
            /// Why.
            refusal: Refusal,
        }
        /// The service did not take it; the PIN is as it was.
        NotTaken {}
        /// It did not reach the service; the PIN is as it was.
        Lost {
            /// The error.
            problem: ServiceProblem,
        }
        /// The service's last answer did not come, so which PIN holds is not known yet: `resume`,
        /// or the next request, finds out.
        Unfinished {
            /// The error.
            problem: ServiceProblem,
        }
        /// The service did not answer, or not as it should. Nothing was changed.
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
from_service_and_phone!(ForgottenError);
from_incomplete_pin!(ForgottenError);

impl From<CoreForgotten> for ForgottenError {
    fn from(error: CoreForgotten) -> Self {
        let text = error.to_string();
        match error {
            CoreForgotten::PinsDiffer => Self::PinsDiffer { text },
            CoreForgotten::Guessable(reason) => Self::GuessablePin { reason, text },
            CoreForgotten::NotGranted => Self::NotGranted { text },
            CoreForgotten::Refused(refusal) => Self::Refused {
                refusal: refusal.into(),
                text,
            },
            CoreForgotten::NotTaken => Self::NotTaken { text },
            CoreForgotten::Lost(error) => Self::Lost {
                problem: ServiceProblem::of(&error),
                text,
            },
            CoreForgotten::Unfinished(error) => Self::Unfinished {
                problem: ServiceProblem::of(&error),
                text,
            },
            CoreForgotten::Service(error) => error.into(),
            CoreForgotten::Phone(error) => error.into(),
        }
    }
}

/// The outcome of something that an earlier run left unfinished.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Resumed {
    /// The app was on this phone before, and its data are gone: a reinstall, or data that were
    /// deleted. Say that every account has to be initialised again, and the old device removed on
    /// the service's page. Reported at each start until something else has happened.
    Reinstalled,
    /// The enrolment is finished: the account is in use now.
    Active {
        /// The account.
        account: Account,
    },
    /// The enrolment waits to be confirmed on the page: show the code and call `completeEnrolment`.
    Waiting {
        /// The account and code to show.
        claimed: Claimed,
    },
    /// The service does not have the enrolment; nothing of it is left here.
    Dropped {
        /// The account.
        account: Account,
    },
    /// The new PIN holds: say so.
    PinChanged {
        /// The account.
        account: Account,
    },
    /// The service does not have the new PIN; the one before holds: say so.
    PinAsBefore {
        /// The account.
        account: Account,
    },
    /// Biometrics, of which no answer had come, are on.
    BiometricsOn {
        /// The account.
        account: Account,
    },
    /// Biometrics, of which no answer had come, are not on.
    BiometricsOff {
        /// The account.
        account: Account,
    },
    /// The service was not reached; it is as it was.
    Unknown {
        /// The account.
        account: Account,
        /// Why nothing is known.
        problem: ServiceProblem,
    },
}

impl From<CoreResumed> for Resumed {
    fn from(resumed: CoreResumed) -> Self {
        match resumed {
            CoreResumed::Reinstalled => Self::Reinstalled,
            CoreResumed::Active(account) => Self::Active {
                account: account.into(),
            },
            CoreResumed::Waiting(claimed) => Self::Waiting {
                claimed: claimed.into(),
            },
            CoreResumed::Dropped(account) => Self::Dropped {
                account: account.into(),
            },
            CoreResumed::PinChanged(account) => Self::PinChanged {
                account: account.into(),
            },
            CoreResumed::PinAsBefore(account) => Self::PinAsBefore {
                account: account.into(),
            },
            CoreResumed::BiometricsOn(account) => Self::BiometricsOn {
                account: account.into(),
            },
            CoreResumed::BiometricsOff(account) => Self::BiometricsOff {
                account: account.into(),
            },
            CoreResumed::Unknown(account, error) => Self::Unknown {
                account: account.into(),
                problem: ServiceProblem::of(&error),
            },
        }
    }
}

#[uniffi::export]
impl Authenticator {
    /// Finishes or drops what an earlier run left unfinished: enrolments and changes of the PIN,
    /// and tells services where push messages go, if that is another place than they know. Call it
    /// at every start; without anything it does nothing.
    ///
    /// # Errors
    /// If an error on this phone prevents it. A service that can't be reached is no error.
    pub async fn resume(&self) -> Result<Vec<Resumed>, PhoneError> {
        let core = self.core();
        let all = self.runner.run(async move { core.resume().await }).await?;
        Ok(all.into_iter().map(Resumed::from).collect())
    }

    /// The platform has another push address: asks `PushAddresses` for those of all accounts, and
    /// tells the services that know another one. It says whether all know theirs now; otherwise the
    /// next start tells them, or the next call. It takes five seconds at most.
    ///
    /// # Errors
    /// If an error on this phone prevents it. A service that can't be reached is no error.
    pub async fn push_address_changed(&self) -> Result<bool, PhoneError> {
        let core = self.core();
        Ok(self
            .runner
            .run(async move { core.push_address_changed().await })
            .await?)
    }

    /// Changes an account's PIN. The new one is typed twice and must not be easy to guess; only the
    /// service can tell whether the old one is right, and alone. Whatever breaks off, one PIN
    /// works, and `resume` or the next request finds out which.
    ///
    /// # Errors
    /// Among others `Refused` with the tries left after a wrong PIN, and `Unfinished` if the last
    /// answer did not come. After all others the PIN is as it was.
    pub async fn change_pin(
        &self,
        account: u32,
        old: Arc<PinEntry>,
        new: Arc<PinEntry>,
        again: Arc<PinEntry>,
    ) -> Result<Account, ChangeError> {
        // All are taken, also when one is not whole: none is left for the next attempt.
        let (old, new, again) = (old.take(), new.take(), again.take());
        let (old, new, again) = (old?, new?, again?);
        let (core, number) = (self.core(), AccountNumber(account));
        let account = self
            .runner
            .run(async move { core.change_pin(number, old, new, again).await })
            .await?;
        Ok(account.into())
    }

    /// Makes new keys for an account, with the same PIN: the old ones vouch for them.
    ///
    /// # Errors
    /// As `changePin`.
    pub async fn rotate_keys(
        &self,
        account: u32,
        pin: Arc<PinEntry>,
    ) -> Result<Account, ChangeError> {
        let pin = pin.take()?;
        let (core, number) = (self.core(), AccountNumber(account));
        let account = self
            .runner
            .run(async move { core.rotate_keys(number, pin).await })
            .await?;
        Ok(account.into())
    }

    /// Whether another factor has approved on the service's page that this phone sets a new PIN.
    /// The approval holds for ten minutes.
    ///
    /// # Errors
    /// If the service can't be reached or does not know this phone, or suspended it.
    pub async fn can_set_new_pin(&self, account: u32) -> Result<bool, ForgottenError> {
        let core = self.core();
        Ok(self
            .runner
            .run(async move { core.can_set_new_pin(AccountNumber(account)).await })
            .await?)
    }

    /// Waits until another factor has approved it. Networks that fail are waited out.
    ///
    /// # Errors
    /// Errors that waiting can't resolve.
    pub async fn watch_new_pin_grant(&self, account: u32) -> Result<(), ForgottenError> {
        let core = self.core();
        Ok(self
            .runner
            .run(async move { core.watch_new_pin_grant(AccountNumber(account)).await })
            .await?)
    }

    /// Sets a new PIN, typed twice, after another factor approved it: where it was forgotten,
    /// blocked, or is not the service's any more. It lifts a block.
    ///
    /// # Errors
    /// Among others `NotGranted`, and `Unfinished` if the last answer did not come. After all
    /// others the PIN is as it was.
    pub async fn set_forgotten_pin(
        &self,
        account: u32,
        new: Arc<PinEntry>,
        again: Arc<PinEntry>,
    ) -> Result<Account, ForgottenError> {
        let (new, again) = (new.take(), again.take());
        let (new, again) = (new?, again?);
        let (core, number) = (self.core(), AccountNumber(account));
        let account = self
            .runner
            .run(async move { core.set_forgotten_pin(number, new, again).await })
            .await?;
        Ok(account.into())
    }
}
