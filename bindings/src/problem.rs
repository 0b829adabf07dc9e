//! Errors that every operation has: of the service, the phone, a field's value. Kinds for a screen
//! to branch on, and the core's own words.

use std::time::Duration;

use countersign::platform::KeyStoreError;
use countersign::transport::TransportError;
use countersign::{FieldError, LinkError, PhoneError, ServiceError, StoreError};

/// Defines an operation's error: every variant has the core's own words beside what a screen
/// branches on.
macro_rules! errors {
    (
        $(#[$doc:meta])*
        $name:ident {
            $(
                $(#[$variant_doc:meta])*
                $variant:ident { $( $(#[$field_doc:meta])* $field:ident: $type:ty, )* }
            )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
        #[uniffi::export(Display)]
        pub enum $name {
            $(
                $(#[$variant_doc])*
                #[error("{text}")]
                $variant {
                    $( $(#[$field_doc])* $field: $type, )*
                    /// What happened and what to do, in English.
                    text: String,
                },
            )*
        }
    };
}
pub(crate) use errors;

/// Lets an operation's error take in what is not a whole PIN, and what goes wrong on the phone, by
/// `?`.
macro_rules! from_incomplete_pin {
    ($error:ty) => {
        impl From<countersign::NotAPin> for $error {
            fn from(error: countersign::NotAPin) -> Self {
                Self::PinIncomplete {
                    text: error.to_string(),
                }
            }
        }
    };
}
pub(crate) use from_incomplete_pin;

/// Lets an operation's error take in what goes wrong on the phone.
macro_rules! from_phone {
    ($error:ty) => {
        impl From<countersign::PhoneError> for $error {
            fn from(error: countersign::PhoneError) -> Self {
                Self::Phone {
                    text: error.to_string(),
                    problem: $crate::problem::PhoneProblem::of(&error),
                }
            }
        }
    };
}
pub(crate) use from_phone;

/// The same, and what goes wrong with a service.
macro_rules! from_service_and_phone {
    ($error:ty) => {
        $crate::problem::from_phone!($error);

        impl From<countersign::ServiceError> for $error {
            fn from(error: countersign::ServiceError) -> Self {
                match error {
                    countersign::ServiceError::Phone(error) => error.into(),
                    error => Self::Service {
                        text: error.to_string(),
                        problem: $crate::problem::ServiceProblem::of(&error),
                    },
                }
            }
        }
    };
}
pub(crate) use from_service_and_phone;

/// An error of a service's reply. Nothing was changed on this phone.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ServiceProblem {
    /// The error.
    pub kind: ServiceProblemKind,
    /// The service's host.
    pub host: String,
    /// How long to wait before trying again, where the service says so.
    pub retry_after: Option<Duration>,
    /// What happened and what to do, in English.
    pub text: String,
}

/// Kinds of [ServiceProblem].
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ServiceProblemKind {
    /// No connection, or none that is secure: try again with a network.
    Unreachable,
    /// It took too long, or the answer broke off: try again.
    NoAnswer,
    /// The network answered in the service's place, as one does that wants a sign-in of its own
    /// first.
    OtherAnswer,
    /// It is busy: try again after the time that it names.
    Busy,
    /// It does not know this phone, or no longer.
    NotKnown,
    /// It refused, or its answer can't be read or does not fit.
    Failed,
    /// The answer is not the service's own: somebody may be in between.
    NotGenuine,
}

impl ServiceProblem {
    pub(crate) fn of(error: &ServiceError) -> Self {
        use ServiceProblemKind as Kind;
        let (kind, host) = match error {
            ServiceError::Transport(error) => match error {
                TransportError::Unreachable { host, .. } => (Kind::Unreachable, host.as_str()),
                TransportError::TimedOut { host } | TransportError::CutOff { host } => {
                    (Kind::NoAnswer, host.as_str())
                }
                TransportError::Redirect { host } | TransportError::NotCose { host, .. } => {
                    (Kind::OtherAnswer, host.as_str())
                }
                TransportError::Refused { host, .. } | TransportError::TooLarge { host } => {
                    (Kind::Failed, host.as_str())
                }
            },
            ServiceError::NotKnown { host } => (Kind::NotKnown, host.as_str()),
            ServiceError::TooMany { host, .. } => (Kind::Busy, host.as_str()),
            ServiceError::NotGenuine { host, .. } => (Kind::NotGenuine, host.as_str()),
            ServiceError::Unreadable { host, .. } | ServiceError::Unexpected { host, .. } => {
                (Kind::Failed, host.as_str())
            }
            ServiceError::Phone(_) => (Kind::Failed, ""),
        };
        Self {
            kind,
            host: host.to_owned(),
            retry_after: match error {
                ServiceError::TooMany { seconds, .. } => Some(Duration::from_secs(*seconds)),
                _ => None,
            },
            text: error.to_string(),
        }
    }
}

/// An error on this phone. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PhoneProblem {
    /// A newer version of the app wrote the data: update the app.
    DataNewer,
    /// Another program is using the data.
    DataBusy,
    /// The data can't be written.
    DataNotWritable,
    /// No room is left.
    DiskFull,
    /// The data are damaged, or can't be used for another reason.
    DataDamaged,
    /// The data were sealed with another key than this phone's, or the key store gave back
    /// something else.
    KeysNotOurs,
    /// The key store can't be used now, or failed.
    KeysUnavailable,
    /// The system gives no random numbers.
    NoRandomNumbers,
    /// There is no such account on this phone.
    NoSuchAccount,
}

impl PhoneProblem {
    pub(crate) fn of(error: &PhoneError) -> Self {
        match error {
            PhoneError::Store(error) => match error {
                StoreError::Newer { .. } => Self::DataNewer,
                StoreError::Busy { .. } => Self::DataBusy,
                StoreError::NotWritable { .. } => Self::DataNotWritable,
                StoreError::Full { .. } | StoreError::Disk { .. } => Self::DiskFull,
                StoreError::Damaged { .. } | StoreError::Other { .. } => Self::DataDamaged,
            },
            PhoneError::Keys(KeyStoreError::NotOurs) => Self::KeysNotOurs,
            PhoneError::Keys(KeyStoreError::Unavailable(_)) => Self::KeysUnavailable,
            PhoneError::Entropy(_) => Self::NoRandomNumbers,
            PhoneError::NoSuchAccount(_) => Self::NoSuchAccount,
        }
    }
}

/// Why the service refuses, or would refuse, what needs the account or its PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Refusal {
    /// The PIN was wrong.
    WrongPin {
        /// Tries left in a row.
        tries_left: i32,
        /// Tries left before the PIN's next renewal.
        tries_left_in_epoch: i32,
    },
    /// No tries are left: a new PIN is set with `setForgottenPin`.
    Blocked,
    /// The service saw a copy of this phone: remove the device on its page and the account here,
    /// and initialise it again.
    Suspended,
    /// The service has another PIN epoch than this phone: a new PIN is set with `setForgottenPin`.
    OtherEpoch,
    /// The account is not in use yet.
    NotActive,
}

impl From<countersign::Refusal> for Refusal {
    fn from(refusal: countersign::Refusal) -> Self {
        match refusal {
            countersign::Refusal::WrongPin {
                tries_left,
                tries_left_in_epoch,
            } => Self::WrongPin {
                tries_left: tries_left.into(),
                tries_left_in_epoch: tries_left_in_epoch.into(),
            },
            countersign::Refusal::Blocked => Self::Blocked,
            countersign::Refusal::Suspended => Self::Suspended,
            countersign::Refusal::OtherEpoch => Self::OtherEpoch,
            countersign::Refusal::NotActive => Self::NotActive,
        }
    }
}

/// Why a text is not a link that this phone takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum LinkProblem {
    /// Another kind of QR code or link.
    Foreign,
    /// It begins like one of ours, and is damaged or cut off.
    Damaged,
    /// It is made for another version of the app: update it.
    OtherVersion,
    /// It may not come this way: scan it, or open it, instead.
    WrongWay,
}

impl LinkProblem {
    pub(crate) fn of(error: &LinkError) -> Self {
        match error {
            LinkError::Foreign => Self::Foreign,
            LinkError::Damaged(_) | LinkError::Message(_) => Self::Damaged,
            LinkError::OtherVersion => Self::OtherVersion,
            LinkError::Source(..) => Self::WrongWay,
        }
    }
}

/// An error in a typed value, with what to type.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum FieldProblem {
    /// Nothing, or spaces only.
    Empty,
    /// More characters than the field takes.
    TooLong {
        /// The most characters.
        longest: i32,
    },
    /// A character that can't be seen, or that misleads; likely pasted.
    Hostile {
        /// The character.
        character: String,
    },
    /// A character other than 0-9 in digits.
    Digits {
        /// The first character that is wrong.
        character: String,
    },
    /// Not an amount such as `1234.50`.
    Amount,
    /// More than twelve digits before the decimal point.
    AmountTooLarge,
    /// Not the form of an IBAN.
    Iban,
    /// The form of an IBAN, but its check digits don't fit.
    IbanCheck,
    /// A character other than A-Z and 0-9 in a code.
    Code {
        /// The first character that is wrong.
        character: String,
    },
    /// Not a date of the calendar.
    Date,
    /// Not in the form that the service expects: see the field's hint.
    Pattern,
}

impl FieldProblem {
    pub(crate) fn of(error: &FieldError) -> Self {
        match error {
            FieldError::Empty => Self::Empty,
            FieldError::TooLong { longest, .. } => Self::TooLong {
                longest: (*longest).into(),
            },
            FieldError::Hostile { character, .. } => Self::Hostile {
                character: character.to_string(),
            },
            FieldError::Digits { character } => Self::Digits {
                character: character.to_string(),
            },
            FieldError::Amount => Self::Amount,
            FieldError::AmountTooLarge => Self::AmountTooLarge,
            FieldError::Iban => Self::Iban,
            FieldError::IbanCheck => Self::IbanCheck,
            FieldError::Code { character } => Self::Code {
                character: character.to_string(),
            },
            FieldError::Date => Self::Date,
            FieldError::Pattern => Self::Pattern,
        }
    }
}
