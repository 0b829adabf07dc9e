//! The sample operation that is signed with the app: a transfer. Its fields, and its data as they
//! wait in a challenge.

use countersign_protocol::{
    Time,
    challenge::{Field, Pair},
    field::FieldKind,
    id::{AccountId, ChallengeId},
};
use serde::{Deserialize, Serialize};

use crate::store::Transfer;

/// What the phone shows above the fields.
pub(crate) const TITLE: &str = "Transfer";

/// The fields in their order: identifier, label, kind, and the longest value in characters.
pub(crate) const FIELDS: [(&str, &str, FieldKind, u16); 4] = [
    ("iban", "IBAN", FieldKind::Iban, 34),
    ("name", "Recipient", FieldKind::Text, 70),
    ("amount", "Amount, EUR", FieldKind::Amount, 12),
    ("reference", "Reference", FieldKind::Text, 35),
];

/// The fields as a challenge has them.
pub(crate) fn fields() -> Vec<Field> {
    let field = |&(id, label, kind, longest): &(&str, &str, _, _)| Field {
        id: id.into(),
        label: label.into(),
        kind,
        longest,
        pattern: None,
        hint: None,
    };
    FIELDS.iter().map(field).collect()
}

/// A transfer's data, each value in the canonical form of its field.
#[derive(Serialize, Deserialize)]
pub(crate) struct Details {
    /// The recipient's account.
    pub(crate) iban: String,
    /// The recipient.
    pub(crate) name: String,
    /// The amount in EUR.
    pub(crate) amount: String,
    /// The text for the recipient.
    pub(crate) reference: String,
}

impl Details {
    /// From a challenge's payload; `None` for the payload of another operation.
    pub(crate) fn read(payload: &str) -> Option<Self> {
        serde_json::from_str(payload).ok()
    }

    /// The values in the order of [`FIELDS`], as the code is computed over them.
    pub(crate) fn values(&self) -> [(&'static str, &str); 4] {
        [
            ("iban", &self.iban),
            ("name", &self.name),
            ("amount", &self.amount),
            ("reference", &self.reference),
        ]
    }

    /// The values with the labels of their fields, for a phone that shows them.
    pub(crate) fn pairs(&self) -> Vec<Pair> {
        let labels = FIELDS.iter().map(|(_, label, ..)| *label);
        labels
            .zip(self.values())
            .map(|(label, (_, value))| Pair {
                label: label.into(),
                value: value.into(),
            })
            .collect()
    }

    /// The transfer that is recorded when the challenge `id` was answered.
    pub(crate) fn record(self, id: ChallengeId, account: AccountId, at: Time) -> Transfer {
        Transfer {
            id,
            account,
            at,
            iban: self.iban,
            name: self.name,
            amount: self.amount,
            reference: self.reference,
        }
    }
}
