//! The core's records, as Kotlin and Swift see them: times are the platform's, numbers are signed,
//! names of challenges are text.

use std::time::SystemTime;

use countersign::{AccountNumber, AccountState, ChallengeId, EventKind, FieldKind, Unlock};

use crate::asked::{RequestDetails, instant};

/// The challenge of a request's name. A text that is no name gives `None`.
pub(crate) fn challenge(name: &str) -> Option<ChallengeId> {
    let mut bytes = [0; 16];
    if name.len() != 32 || !name.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(name.get(at..at + 2)?, 16).ok()?;
    }
    Some(ChallengeId(bytes))
}

/// An account, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Account {
    /// Its number on this phone, by which every call names it. Never used again.
    pub number: u32,
    /// The person's name for it; the service's label until it is renamed.
    pub name: String,
    /// The service's name for people.
    pub app_name: String,
    /// The service's host, with the port where it is not the default.
    pub host: String,
    /// The account's name at the service.
    pub account_label: String,
    /// The service's name for this phone; empty while the enrolment is unfinished.
    pub device_name: String,
    /// How it stands.
    pub state: AccountState,
    /// PIN tries left in a row, as last reported.
    pub tries_left: Option<i32>,
    /// PIN tries left before the PIN's next renewal, as last reported.
    pub tries_left_in_epoch: Option<i32>,
    /// Whether biometrics may unlock what asks for the PIN or biometrics.
    pub biometrics: bool,
    /// A change of the PIN was begun and not answered: `resume` finishes or drops it.
    pub change_unfinished: bool,
    /// When a recovery of the account that somebody began can be finished, as last reported: warn
    /// the person, who may not have begun it.
    pub recovery_ends_at: Option<SystemTime>,
    /// Advice about it, with the next step, in English; none where it can be used as usual.
    pub advice: Option<String>,
    /// When it was initialised.
    pub created_at: SystemTime,
}

impl From<countersign::AccountSummary> for Account {
    fn from(account: countersign::AccountSummary) -> Self {
        Self {
            advice: account.advice(),
            number: account.number.0,
            name: account.name,
            app_name: account.app_name,
            host: account.host,
            account_label: account.account_label,
            device_name: account.device_name,
            state: account.state,
            tries_left: account.tries_left.map(i32::from),
            tries_left_in_epoch: account.tries_left_in_epoch.map(i32::from),
            biometrics: account.biometrics,
            change_unfinished: account.change_unfinished,
            recovery_ends_at: account.recovery_ends_at.map(instant),
            created_at: instant(account.created_at),
        }
    }
}

pub(crate) fn accounts(accounts: Vec<countersign::AccountSummary>) -> Vec<Account> {
    accounts.into_iter().map(Account::from).collect()
}

/// A request that waits for the person's decision.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct PendingRequest {
    /// Names it in `approve` and `decline`.
    pub id: String,
    /// Whose it is.
    pub account: Account,
    /// The details: who asks, for what, from where and when.
    pub details: RequestDetails,
    /// The unlock methods that an approval takes: the PIN, or biometrics too.
    pub unlock: Unlock,
    /// Whether the person types the number (10 to 99) that the computer shows.
    pub number_asked: bool,
}

impl From<countersign::PendingRequest> for PendingRequest {
    fn from(request: countersign::PendingRequest) -> Self {
        Self {
            id: request.id.to_string(),
            account: request.account.into(),
            details: request.details.into(),
            unlock: request.unlock,
            number_asked: request.number_asked,
        }
    }
}

/// An approval that the service took.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Approved {
    /// PIN tries left in a row, from the reply.
    pub tries_left: Option<i32>,
    /// PIN tries left before the PIN's next renewal, from the reply.
    pub tries_left_in_epoch: Option<i32>,
    /// Where the browser on this phone goes on: open it at once, in the browser that began. Only
    /// for requests that began on this phone.
    pub open: Option<String>,
}

impl From<countersign::Approved> for Approved {
    fn from(approved: countersign::Approved) -> Self {
        Self {
            tries_left: approved.tries_left.map(i32::from),
            tries_left_in_epoch: approved.tries_left_in_epoch.map(i32::from),
            open: approved.open,
        }
    }
}

/// The details to show before any PIN is asked.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OfferDetails {
    /// The service's host, with the port where it is not the default. International names are in
    /// their `xn--` form.
    pub host: String,
    /// The service's name for people.
    pub app_name: String,
    /// The account's name at the service.
    pub account_label: String,
    /// Whether the PIN was chosen in the browser, and is typed here once; otherwise a new one is
    /// chosen here, and typed twice.
    pub pin_chosen_in_browser: bool,
    /// When the offer expires.
    pub expires_at: SystemTime,
}

impl From<countersign::OfferDetails> for OfferDetails {
    fn from(details: countersign::OfferDetails) -> Self {
        Self {
            host: details.host,
            app_name: details.app_name,
            account_label: details.account_label,
            pin_chosen_in_browser: details.pin_chosen_in_browser,
            expires_at: instant(details.expires_at),
        }
    }
}

/// An account that was claimed and waits to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Claimed {
    /// The account, unfinished.
    pub account: Account,
    /// Six digits to type on the page, where the PIN was chosen on this phone.
    pub confirmation_code: Option<String>,
    /// An earlier attempt had arrived without its answer: the PIN typed then is the one that
    /// counts.
    pub earlier_attempt: bool,
}

impl From<countersign::Claimed> for Claimed {
    fn from(claimed: countersign::Claimed) -> Self {
        Self {
            account: claimed.account.into(),
            confirmation_code: claimed.confirmation_code,
            earlier_attempt: claimed.earlier_attempt,
        }
    }
}

/// A request for a code.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CodeRequest {
    /// Names it in `code`.
    pub id: String,
    /// Whose it is: say so where it is not the account that the person is looking at.
    pub account: Account,
    /// The details: who asks, for what, from where and when.
    pub details: RequestDetails,
    /// The unlock method that the code asks for.
    pub unlock: Unlock,
    /// The request seems to come from the future: this phone's clock looks wrong. The service's
    /// clock decides.
    pub clock_looks_wrong: bool,
    /// A code was made for it already and is still in memory: it is shown again, and nothing is
    /// asked.
    pub same_as_before: bool,
}

impl From<countersign::CodeRequest> for CodeRequest {
    fn from(request: countersign::CodeRequest) -> Self {
        Self {
            id: request.id.to_string(),
            account: request.account.into(),
            details: request.details.into(),
            unlock: request.unlock,
            clock_looks_wrong: request.clock_looks_wrong,
            same_as_before: request.same_as_before,
        }
    }
}

/// A code to show.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ShownCode {
    /// In groups of four: `7KQ4-M2XD`.
    pub code: String,
    /// From when on it is of no use.
    pub expires_at: SystemTime,
    /// Whether it was made before and is shown again.
    pub same_as_before: bool,
}

impl From<countersign::ShownCode> for ShownCode {
    fn from(shown: countersign::ShownCode) -> Self {
        Self {
            code: shown.code.as_str().to_owned(),
            expires_at: instant(shown.expires_at),
            same_as_before: shown.same_as_before,
        }
    }
}

/// A field to fill in.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FormField {
    /// Names it in `TypedValue`.
    pub id: String,
    /// Its label.
    pub label: String,
    /// Its kind, by which an app chooses the keyboard.
    pub kind: FieldKind,
    /// The longest value, in characters, as it is signed.
    pub longest: i32,
    /// An example or advice.
    pub hint: Option<String>,
}

/// A transaction's form. Every field is required.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TransactionForm {
    /// Names it in `checkField`, `review` and `sign`.
    pub id: String,
    /// Whose it is: say so where it is not the account that the person is looking at.
    pub account: Account,
    /// The details: who asks, from where and when.
    pub details: RequestDetails,
    /// The unlock method that the code asks for.
    pub unlock: Unlock,
    /// This phone's clock looks wrong.
    pub clock_looks_wrong: bool,
    /// A code was made for it already: the same values show it again, others need a new code on the
    /// page.
    pub same_as_before: bool,
    /// The title.
    pub title: String,
    /// The advice above the fields, in English.
    pub advice: String,
    /// The fields in order.
    pub fields: Vec<FormField>,
}

impl From<countersign::TransactionForm> for TransactionForm {
    fn from(form: countersign::TransactionForm) -> Self {
        Self {
            id: form.id.to_string(),
            account: form.account.into(),
            details: form.details.into(),
            unlock: form.unlock,
            clock_looks_wrong: form.clock_looks_wrong,
            same_as_before: form.same_as_before,
            title: form.title,
            advice: form.advice.to_owned(),
            fields: form
                .fields
                .into_iter()
                .map(|field| FormField {
                    id: field.id,
                    label: field.label,
                    kind: field.kind,
                    longest: field.longest.into(),
                    hint: field.hint,
                })
                .collect(),
        }
    }
}

/// A typed value.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TypedValue {
    /// The field.
    pub id: String,
    /// The text, as it was typed.
    pub value: String,
}

impl From<TypedValue> for countersign::TypedValue {
    fn from(typed: TypedValue) -> Self {
        Self {
            id: typed.id,
            value: typed.value,
        }
    }
}

/// A value as it is signed: shown before the PIN is asked, and beside the code.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SignedValue {
    /// The field.
    pub id: String,
    /// Its label.
    pub label: String,
    /// The value in the form in which it is signed.
    pub value: String,
}

impl From<countersign::SignedValue> for SignedValue {
    fn from(signed: countersign::SignedValue) -> Self {
        Self {
            id: signed.id,
            label: signed.label,
            value: signed.value,
        }
    }
}

/// A transaction's code to show.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct SignedTransaction {
    /// The title.
    pub title: String,
    /// The signed values, to be shown beside the code.
    pub values: Vec<SignedValue>,
    /// In groups of four: `7KQ4-M2XD-93AB`.
    pub code: String,
    /// From when on it is of no use.
    pub expires_at: SystemTime,
    /// Whether it was made before and is shown again.
    pub same_as_before: bool,
}

impl From<countersign::SignedTransaction> for SignedTransaction {
    fn from(signed: countersign::SignedTransaction) -> Self {
        Self {
            title: signed.title,
            values: signed.values.into_iter().map(SignedValue::from).collect(),
            code: signed.code.as_str().to_owned(),
            expires_at: instant(signed.expires_at),
            same_as_before: signed.same_as_before,
        }
    }
}

/// A request that began in a browser on this phone.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OnMobileRequest {
    /// Names it in `approve` and `decline`, with the account that the person chose.
    pub id: String,
    /// The accounts of the service on this phone; with several the person chooses.
    pub accounts: Vec<Account>,
    /// The details: who asks, for what, from where and when.
    pub details: RequestDetails,
    /// The unlock methods that an approval takes: the PIN, or biometrics too.
    pub unlock: Unlock,
}

/// The meaning of the text of a code or link.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Scanned {
    /// To add an account: pass the same text on to `beginEnrolment`.
    Enrolment,
    /// A sign-in code.
    Code {
        /// The request.
        request: CodeRequest,
    },
    /// Data to type and sign.
    Transaction {
        /// The form.
        form: TransactionForm,
    },
    /// An approval of what began in a browser on this phone.
    OnMobile {
        /// The request.
        request: OnMobileRequest,
    },
}

impl From<countersign::Scanned> for Scanned {
    fn from(scanned: countersign::Scanned) -> Self {
        match scanned {
            countersign::Scanned::Enrolment => Self::Enrolment,
            countersign::Scanned::Code(request) => Self::Code {
                request: request.into(),
            },
            countersign::Scanned::Transaction(form) => Self::Transaction { form: form.into() },
            countersign::Scanned::OnMobile(request) => Self::OnMobile {
                request: OnMobileRequest {
                    id: request.id.to_string(),
                    accounts: accounts(request.accounts),
                    details: request.details.into(),
                    unlock: request.unlock,
                },
            },
        }
    }
}

/// An account that was removed from this phone.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Removed {
    /// The account.
    pub account: Account,
    /// Whether the service has removed the device too. Otherwise this phone tells it at a later
    /// `resume`.
    pub told: bool,
    /// The next step, in English.
    pub next: String,
}

impl From<countersign::Removed> for Removed {
    fn from(removed: countersign::Removed) -> Self {
        Self {
            account: removed.account.into(),
            told: removed.told,
            next: removed.next,
        }
    }
}

/// Something that happened on this phone.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct HistoryEvent {
    /// When, by this phone's clock.
    pub at: SystemTime,
    /// The account, which may be gone by now.
    pub account: Option<u32>,
    /// The account's name then.
    pub name: String,
    /// The kind of event.
    pub kind: EventKind,
    /// For what and from where, in English.
    pub detail: String,
}

impl From<countersign::HistoryEvent> for HistoryEvent {
    fn from(event: countersign::HistoryEvent) -> Self {
        Self {
            at: instant(event.at),
            account: event.account.map(|AccountNumber(number)| number),
            name: event.name,
            kind: event.kind,
            detail: event.detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_named_by_32_hexadecimal_digits() {
        let id = ChallengeId([0xa7; 16]);
        assert_eq!(challenge(&id.to_string()), Some(id));
        for wrong in [
            "",
            "a7",
            "g7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7",
            "+7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7",
            "ā7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a",
        ] {
            assert_eq!(challenge(wrong), None, "{wrong}");
        }
    }
}
