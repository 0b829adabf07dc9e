//! Signed transactions (PROTOCOL.md §12): a form to fill in from one's own papers, and a code over
//! exactly what was typed.

use countersign_protocol::Time;
use countersign_protocol::challenge::{Field, Kind, Unlock};
use countersign_protocol::code::{Shape, transaction_question};
use countersign_protocol::field::{FieldError, FieldKind, Pattern, canonical};
use countersign_protocol::id::ChallengeId;
use zeroize::Zeroizing;

use super::code::{CodeRequest, Spend, spend_once};
use super::unlock::{CodeError, code_secret};
use crate::authenticator::Authenticator;
use crate::phone::account::AccountSummary;
use crate::phone::history::Kind as Event;
use crate::phone::secrets::UnlockMethod;
use crate::phone::{Held, Phone};
use crate::requests::asked::RequestDetails;

/// The advice above a form's fields.
pub const FROM_YOUR_OWN_PAPERS: &str = "Type the data from your own papers, not from the page that shows the code: only what you type here is signed.";

/// A field to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormField {
    /// Names it in [`TypedValue`].
    pub id: String,
    /// Its label.
    pub label: String,
    /// Its kind, by which an app chooses the keyboard.
    pub kind: FieldKind,
    /// The longest canonical value, in characters.
    pub longest: u16,
    /// An example or advice.
    pub hint: Option<String>,
}

/// A form to fill in. Every field is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionForm {
    /// The challenge, which names the form in [`crate::Authenticator::check_field`] and the like.
    pub id: ChallengeId,
    /// Whose it is: say so where it is not the account that the person is looking at.
    pub account: AccountSummary,
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
    /// The advice above the fields.
    pub advice: &'static str,
    /// The fields in order.
    pub fields: Vec<FormField>,
}

impl TransactionForm {
    pub(crate) fn new(request: CodeRequest, title: &str, fields: &[Field]) -> Self {
        Self {
            id: request.id,
            account: request.account,
            details: request.details,
            unlock: request.unlock,
            clock_looks_wrong: request.clock_looks_wrong,
            same_as_before: request.same_as_before,
            title: title.to_owned(),
            advice: FROM_YOUR_OWN_PAPERS,
            fields: fields
                .iter()
                .map(|field| FormField {
                    id: field.id.clone(),
                    label: field.label.clone(),
                    kind: field.kind,
                    longest: field.longest,
                    hint: field.hint.clone(),
                })
                .collect(),
        }
    }
}

/// A typed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedValue {
    /// The field.
    pub id: String,
    /// The text, as it was typed.
    pub value: String,
}

/// A value as it is signed: shown before the PIN is asked, and beside the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedValue {
    /// The field.
    pub id: String,
    /// Its label.
    pub label: String,
    /// The canonical value.
    pub value: String,
}

/// A transaction's code to show.
pub struct SignedTransaction {
    /// The title.
    pub title: String,
    /// The canonical values, to be shown beside the code.
    pub values: Vec<SignedValue>,
    /// In groups of four: `7KQ4-M2XD-93AB`.
    pub code: Zeroizing<String>,
    /// From when on it is of no use.
    pub expires_at: Time,
    /// Whether it was made before and is shown again.
    pub same_as_before: bool,
}

/// An error in a typed form. Nothing was spent.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// The form is not in memory.
    #[error("scan the code again")]
    NotHeld,
    /// There is no such field.
    #[error("there is no field “{0}” in this form")]
    NoSuchField(String),
    /// A field was given twice.
    #[error("the field “{0}” was given twice")]
    Twice(String),
    /// A value is not good.
    #[error("{label}: {problem}")]
    Value {
        /// The field.
        id: String,
        /// Its label.
        label: String,
        /// The error, with what to type.
        problem: FieldError,
    },
}

/// Why there is no code. Nothing was spent.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Something that was typed is not good.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The code can't be made.
    #[error(transparent)]
    Code(#[from] CodeError),
}

impl Authenticator {
    /// Checks one field of a transaction while it is being typed, and returns the value as it would
    /// be signed.
    ///
    /// # Errors
    /// If the value is not valid: with what to type.
    pub fn check_field(
        &self,
        transaction: ChallengeId,
        typed: &TypedValue,
    ) -> Result<String, FormError> {
        let held = held(&self.phone, transaction)?;
        fields(&held)?
            .iter()
            .enumerate()
            .find(|(_, field)| field.id == typed.id)
            .ok_or_else(|| FormError::NoSuchField(typed.id.clone()))
            .and_then(|(place, field)| value(field, held.patterns.of(place), &typed.value))
    }

    /// Checks the whole form and returns the values as they will be signed, in the form's order:
    /// show them before asking for the PIN.
    ///
    /// # Errors
    /// The first field that is wrong or missing.
    pub fn review(
        &self,
        transaction: ChallengeId,
        typed: &[TypedValue],
    ) -> Result<Vec<SignedValue>, FormError> {
        reviewed(&held(&self.phone, transaction)?, typed)
    }

    /// Signs what was typed, without a network: the code fits exactly these values. `unlock` as
    /// [`TransactionForm::unlock`] asks. The same values give the same code until it expires.
    ///
    /// # Errors
    /// If a value is not valid, the form expired, or a code was made for other values. After
    /// [`CodeError::Biometrics`] the PIN may be used.
    pub async fn sign(
        &self,
        transaction: ChallengeId,
        typed: &[TypedValue],
        unlock: UnlockMethod,
    ) -> Result<SignedTransaction, SignError> {
        let phone = &*self.phone;
        let held = held(phone, transaction)?;
        let values = reviewed(&held, typed)?;
        let Kind::Transaction { title, .. } = &held.challenge.kind else {
            return Err(FormError::NotHeld.into());
        };
        let pairs: Vec<(&str, &str)> = values
            .iter()
            .map(|value| (value.id.as_str(), value.value.as_str()))
            .collect();
        let spend = Spend {
            held: &held,
            shape: Shape::Twelve,
            question: transaction_question(&held.challenge.hash().0, &pairs),
            values: pairs
                .iter()
                .map(|(id, value)| ((*id).to_owned(), (*value).to_owned()))
                .collect(),
            event: Event::TransactionSigned,
        };
        let secret = code_secret(phone, &held, &unlock).await?;
        let shown = spend_once(phone, spend, &secret)?;
        Ok(SignedTransaction {
            title: title.clone(),
            values,
            code: shown.code,
            expires_at: shown.expires_at,
            same_as_before: shown.same_as_before,
        })
    }
}

fn reviewed(held: &Held, typed: &[TypedValue]) -> Result<Vec<SignedValue>, FormError> {
    let fields = fields(held)?;
    for (at, one) in typed.iter().enumerate() {
        if !fields.iter().any(|field| field.id == one.id) {
            return Err(FormError::NoSuchField(one.id.clone()));
        }
        if typed.iter().take(at).any(|other| other.id == one.id) {
            return Err(FormError::Twice(one.id.clone()));
        }
    }
    fields
        .iter()
        .enumerate()
        .map(|(place, field)| {
            let text = typed
                .iter()
                .find(|one| one.id == field.id)
                .map_or("", |one| one.value.as_str());
            Ok(SignedValue {
                id: field.id.clone(),
                label: field.label.clone(),
                value: value(field, held.patterns.of(place), text)?,
            })
        })
        .collect()
}

fn held(phone: &Phone, id: ChallengeId) -> Result<Held, FormError> {
    phone.held(&id).ok_or(FormError::NotHeld)
}

fn fields(held: &Held) -> Result<&[Field], FormError> {
    match &held.challenge.kind {
        Kind::Transaction { fields, .. } => Ok(fields),
        _ => Err(FormError::NotHeld),
    }
}

fn value(field: &Field, pattern: Option<&Pattern>, typed: &str) -> Result<String, FormError> {
    canonical(field.kind, pattern, field.longest, typed).map_err(|problem| FormError::Value {
        id: field.id.clone(),
        label: field.label.clone(),
        problem,
    })
}
