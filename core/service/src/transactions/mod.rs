//! Sample operations that are signed with the app. Each has one description, from which its pages,
//! its challenges and the check of its data are made; its texts are found by its name.

mod samples;
mod shown;

use countersign_protocol::{
    Time,
    field::{FieldError, FieldKind, Pattern, canonical},
    id::{AccountId, ChallengeId},
};
use serde::{Deserialize, Serialize};

pub(crate) use samples::OPERATIONS;

use crate::{base::lang::Lang, store::SignedTransaction};

/// An operation.
pub(crate) struct Operation {
    /// Its name in addresses, in rows, and in the keys of its texts.
    pub(crate) id: &'static str,
    /// What is signed, in this order.
    pub(crate) fields: &'static [Field],
    /// Whether a phone that is online may show the data instead of having them typed.
    pub(crate) online: bool,
}

/// A field of an operation. A field of one name has the same label everywhere.
pub(crate) struct Field {
    /// Its name in forms, in what is signed, and in the keys of its texts.
    pub(crate) id: &'static str,
    /// The kind of value.
    pub(crate) kind: FieldKind,
    /// The longest value, in characters.
    pub(crate) longest: u16,
    /// What the whole value must match, beside its kind.
    pub(crate) pattern: Option<&'static str>,
    /// A value that is right, for the page.
    pub(crate) example: &'static str,
    /// Whether there is advice, which the phone shows too.
    pub(crate) hint: bool,
    /// Whether its digits count something, and are grouped for people.
    pub(crate) count: bool,
    /// The values from which one is chosen, each with its owner's name. None: any is typed.
    pub(crate) choices: &'static [(&'static str, &'static str)],
}

/// Why a value can't be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It is not of its field's kind.
    Value(FieldError),
    /// It is none of those to choose from.
    Choice,
}

impl Operation {
    /// The operation of this name.
    pub(crate) fn find(id: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.id == id)
    }
}

impl Field {
    /// The one form of a typed value that is signed. Numbers may be grouped as pages group them.
    pub(crate) fn read(&self, lang: Lang, typed: &str) -> Result<String, Wrong> {
        let plain = shown::ungrouped(self, lang, typed);
        let pattern = self.pattern.map(Pattern::compile).transpose();
        let pattern = pattern.map_err(|_| Wrong::Value(FieldError::Pattern))?;
        let value = canonical(self.kind, pattern.as_ref(), self.longest, &plain);
        let value = value.map_err(Wrong::Value)?;
        let offered = |(choice, _): &(&str, &str)| *choice == value;
        match self.choices.is_empty() || self.choices.iter().any(offered) {
            true => Ok(value),
            false => Err(Wrong::Choice),
        }
    }

    /// A canonical value as pages show it.
    pub(crate) fn shown(&self, lang: Lang, value: &str) -> String {
        shown::grouped(self, lang, value)
    }
}

/// The data of an operation: fields with their canonical values, in the order in which they are
/// signed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signing {
    /// The operation's name.
    pub(crate) operation: String,
    /// Names of fields, and values.
    pub(crate) data: Vec<(String, String)>,
}

impl Signing {
    /// From a challenge's payload; `None` for that of any other purpose.
    pub(crate) fn read(payload: &str) -> Option<Self> {
        serde_json::from_str(payload).ok()
    }

    /// From a row; `None` if it is damaged.
    pub(crate) fn of(row: &SignedTransaction) -> Option<Self> {
        Some(Self {
            operation: row.operation.clone(),
            data: serde_json::from_str(&row.data).ok()?,
        })
    }

    /// The payload of the challenge that asks for it.
    pub(crate) fn payload(&self) -> String {
        // Texts can always be written as JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The row that is kept when the challenge `id` was answered.
    pub(crate) fn record(
        &self,
        id: ChallengeId,
        account: AccountId,
        at: Time,
    ) -> SignedTransaction {
        SignedTransaction {
            id,
            account,
            at,
            operation: self.operation.clone(),
            data: serde_json::to_string(&self.data).unwrap_or_default(),
        }
    }

    /// The values as the code is computed over them.
    pub(crate) fn values(&self) -> Vec<(&str, &str)> {
        let texts = self.data.iter();
        texts.map(|(id, value)| (&**id, &**value)).collect()
    }

    /// Its fields with their values. An operation or a field that is described no more is left out.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static Field, &str)> {
        let described = Operation::find(&self.operation).map_or(&[][..], |found| found.fields);
        self.data.iter().filter_map(move |(id, value)| {
            let field = described.iter().find(|field| field.id == id)?;
            Some((field, &**value))
        })
    }
}
