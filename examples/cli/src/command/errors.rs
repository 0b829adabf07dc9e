//! Which exit code each of the phone's errors has. What they say, they say themselves.

use countersign::platform::BiometricsError;
use countersign::transport::TransportError;
use countersign::{
    AccountError, ApproveError, BeginError, ChangeError, ClaimError, CodeError, CompleteError,
    ForgottenError, FormError, InboxError, NotAccepted, OpenError, PhoneError, ReadError, Refusal,
    ServiceError, SignError, StatusError, TurnOnError,
};

use crate::failure::{Exit, Failure};

trait HasExit: ToString {
    fn exit(&self) -> Exit;
}

/// `?` on the phone's errors.
macro_rules! failures {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Failure::new(error.exit(), error)
            }
        })+
    };
}
failures!(
    AccountError,
    BeginError,
    CodeError,
    CompleteError,
    ForgottenError,
    InboxError,
    OpenError,
    PhoneError,
    ReadError,
    ServiceError,
    FormError,
    SignError,
    StatusError,
);

impl From<ClaimError> for Failure {
    fn from(error: ClaimError) -> Self {
        let failure = Failure::new(error.exit(), &error);
        match error {
            ClaimError::WrongPin { tries_left } => failure.with("tries_left", tries_left),
            _ => failure,
        }
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        let failure = Failure::new(error.exit(), &error);
        match error {
            ChangeError::Refused(refusal) => refused(failure, refusal),
            ChangeError::Unfinished(_) => failure.with("reason", "unfinished"),
            _ => failure,
        }
    }
}

impl From<TurnOnError> for Failure {
    fn from(error: TurnOnError) -> Self {
        let failure = Failure::new(error.exit(), &error);
        match error {
            TurnOnError::Refused(refusal) => refused(failure, refusal),
            TurnOnError::Unfinished(_) => failure.with("reason", "unfinished"),
            _ => failure,
        }
    }
}

impl From<ApproveError> for Failure {
    fn from(error: ApproveError) -> Self {
        let failure = Failure::new(error.exit(), &error);
        match error {
            ApproveError::Refused(refusal) => refused(failure, refusal),
            ApproveError::WrongNumber => failure.with("reason", "wrong-number"),
            ApproveError::Expired => failure.with("reason", "expired"),
            ApproveError::Closed | ApproveError::NotHeld => failure.with("reason", "closed"),
            _ => failure.with("reason", "other"),
        }
    }
}

/// For scripts, which have to tell a wrong PIN from a wrong number.
fn refused(failure: Failure, refusal: Refusal) -> Failure {
    match refusal {
        Refusal::WrongPin {
            tries_left,
            tries_left_in_epoch,
        } => failure
            .with("reason", "wrong-pin")
            .with("tries_left", tries_left)
            .with("tries_left_in_epoch", tries_left_in_epoch),
        Refusal::Blocked => failure.with("reason", "blocked"),
        Refusal::Suspended => failure.with("reason", "suspended"),
        Refusal::OtherEpoch | Refusal::NotActive => failure.with("reason", "other"),
    }
}

impl HasExit for OpenError {
    fn exit(&self) -> Exit {
        Exit::Store
    }
}

impl HasExit for PhoneError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoSuchAccount(_) => Exit::Nothing,
            Self::Store(_) | Self::Keys(_) | Self::Entropy(_) => Exit::Store,
        }
    }
}

impl HasExit for ServiceError {
    fn exit(&self) -> Exit {
        match self {
            Self::NotKnown { .. } | Self::TooMany { .. } => Exit::Refused,
            Self::Transport(TransportError::Refused { status, .. }) if *status < 500 => {
                Exit::Refused
            }
            Self::Transport(_)
            | Self::Unreadable { .. }
            | Self::NotGenuine { .. }
            | Self::Unexpected { .. } => Exit::Network,
            Self::Phone(error) => error.exit(),
        }
    }
}

impl HasExit for AccountError {
    fn exit(&self) -> Exit {
        match self {
            Self::Name => Exit::Usage,
            Self::Phone(error) => error.exit(),
        }
    }
}

impl HasExit for BeginError {
    fn exit(&self) -> Exit {
        match self {
            Self::Service(error) => error.exit(),
            Self::Phone(error) => error.exit(),
            _ => Exit::Input,
        }
    }
}

impl HasExit for ClaimError {
    fn exit(&self) -> Exit {
        match self {
            Self::OtherWay(_) | Self::PinsDiffer | Self::Guessable(_) => Exit::Usage,
            Self::WrongPin { .. } | Self::Refused => Exit::Refused,
            Self::Expired | Self::AlreadyHere { .. } => Exit::Input,
            Self::Service(error) => error.exit(),
            Self::Phone(error) => error.exit(),
        }
    }
}

impl HasExit for CompleteError {
    fn exit(&self) -> Exit {
        match self {
            Self::Refused | Self::Expired => Exit::Refused,
            Self::Service(error) => error.exit(),
            Self::Phone(error) => error.exit(),
        }
    }
}

impl HasExit for StatusError {
    fn exit(&self) -> Exit {
        match self {
            Self::Service(error) => error.exit(),
            Self::Phone(error) => error.exit(),
        }
    }
}

impl HasExit for InboxError {
    fn exit(&self) -> Exit {
        match self {
            Self::Refused(_) => Exit::Refused,
            Self::Service(error) => error.exit(),
            Self::Phone(error) => error.exit(),
        }
    }
}

impl HasExit for ApproveError {
    fn exit(&self) -> Exit {
        match self {
            Self::NumberNeeded
            | Self::PinNeeded
            | Self::AccountNeeded
            | Self::BiometricsNotAllowed
            | Self::BiometricsOff => Exit::Usage,
            Self::Biometrics(BiometricsError::NotConfirmed) => Exit::Nothing,
            Self::Biometrics(_) => Exit::Store,
            Self::Service(error) => error.exit(),
            Self::Phone(error) => error.exit(),
            _ => Exit::Refused,
        }
    }
}

impl HasExit for ChangeError {
    fn exit(&self) -> Exit {
        match self {
            Self::PinsDiffer | Self::Guessable(_) | Self::SamePin => Exit::Usage,
            Self::Lost(error) | Self::Unfinished(error) | Self::Service(error) => error.exit(),
            Self::Phone(error) => error.exit(),
            _ => Exit::Refused,
        }
    }
}

impl HasExit for TurnOnError {
    fn exit(&self) -> Exit {
        match self {
            Self::NotAvailable => Exit::Usage,
            Self::Biometrics(BiometricsError::NotConfirmed) => Exit::Nothing,
            Self::Biometrics(_) => Exit::Store,
            Self::Lost(error) | Self::Unfinished(error) | Self::Service(error) => error.exit(),
            Self::Phone(error) => error.exit(),
            _ => Exit::Refused,
        }
    }
}

impl HasExit for ForgottenError {
    fn exit(&self) -> Exit {
        match self {
            Self::PinsDiffer | Self::Guessable(_) => Exit::Usage,
            Self::Lost(error) | Self::Unfinished(error) | Self::Service(error) => error.exit(),
            Self::Phone(error) => error.exit(),
            _ => Exit::Refused,
        }
    }
}

impl HasExit for ReadError {
    fn exit(&self) -> Exit {
        match self {
            Self::Refused(_) => Exit::Refused,
            Self::NewKey { .. } => Exit::Network,
            Self::Service(error) => error.exit(),
            Self::Phone(error) => error.exit(),
            _ => Exit::Input,
        }
    }
}

impl HasExit for CodeError {
    fn exit(&self) -> Exit {
        match self {
            Self::PinNeeded
            | Self::NotConfirmed(_)
            | Self::BiometricsNotAllowed
            | Self::BiometricsOff
            | Self::Biometrics(_) => Exit::Usage,
            Self::Unfinished => Exit::Network,
            Self::Refused(_) => Exit::Refused,
            // Too far ahead: connecting once helps.
            Self::Step(NotAccepted::TooFar) => Exit::Network,
            Self::Phone(error) => error.exit(),
            Self::NotHeld | Self::Expired | Self::Step(_) | Self::OtherValues => Exit::Input,
        }
    }
}

impl HasExit for FormError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl HasExit for SignError {
    fn exit(&self) -> Exit {
        match self {
            Self::Form(error) => error.exit(),
            Self::Code(error) => error.exit(),
        }
    }
}
