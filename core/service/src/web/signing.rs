//! What pages and phones show of an operation that is signed.

use countersign_protocol::{
    challenge::{Field, Pair, Unlock},
    field::{FieldError, Hostile},
};
use fluent_bundle::FluentValue;
use minijinja::{Value, context};

use super::{error::PageError, visitor::Visitor};
use crate::{
    app::App,
    base::lang::Lang,
    flow::issue::{Form, Shown},
    pages::Pages,
    transactions::{self, Operation, Signing, Wrong},
};

/// The words of operations in a language.
pub(super) struct Words<'a> {
    pages: &'a Pages,
    lang: Lang,
}

impl<'a> Words<'a> {
    /// In the language of a visitor. It is signed with the rest: the phone shows the same words.
    pub(super) fn of(app: &'a App, visitor: &Visitor) -> Self {
        Self {
            pages: &app.pages,
            lang: visitor.lang,
        }
    }

    fn text(&self, key: &str, values: &[(&str, FluentValue<'_>)]) -> Result<String, PageError> {
        let text = self.pages.texts.get(self.lang, key, values);
        text.ok_or_else(|| PageError::Broken(format!("no text {key}")))
    }

    /// What an operation is called. One that is described no more has only its name.
    pub(super) fn title(&self, operation: &str) -> Result<String, PageError> {
        match Operation::find(operation) {
            Some(found) => self.text(&format!("transactions_title_{}", found.id), &[]),
            None => Ok(operation.to_owned()),
        }
    }

    /// A field's label.
    pub(super) fn label(&self, field: &transactions::Field) -> Result<String, PageError> {
        self.text(&format!("transactions_label_{}", field.id), &[])
    }

    /// A field's advice, if it has one.
    pub(super) fn hint(&self, field: &transactions::Field) -> Result<Option<String>, PageError> {
        let hint = || self.text(&format!("transactions_hint_{}", field.id), &[]);
        field.hint.then(hint).transpose()
    }

    /// The data as a page shows them: a title, and lines with label and value.
    pub(super) fn shown(&self, signing: &Signing) -> Result<Value, PageError> {
        let mut lines = Vec::new();
        for (field, value) in signing.fields() {
            let (label, value) = (self.label(field)?, field.shown(self.lang, value));
            lines.push(context! { label, value });
        }
        Ok(context! { title => self.title(&signing.operation)?, lines })
    }

    /// The data as a phone shows them, canonical.
    pub(super) fn on_phone(&self, signing: &Signing, unlock: Unlock) -> Result<Shown, PageError> {
        let mut pairs = Vec::new();
        for (field, value) in signing.fields() {
            pairs.push(Pair {
                label: self.label(field)?,
                value: value.into(),
            });
        }
        Ok(Shown {
            title: self.title(&signing.operation)?,
            pairs,
            client: None,
            binding: None,
            unlock,
        })
    }

    /// The form into which the data are typed on the phone.
    pub(super) fn form(&self, signing: &Signing) -> Result<Form, PageError> {
        let mut fields = Vec::new();
        for (field, _) in signing.fields() {
            fields.push(Field {
                id: field.id.into(),
                label: self.label(field)?,
                kind: field.kind,
                longest: field.longest,
                pattern: field.pattern.map(Into::into),
                hint: self.hint(field)?,
            });
        }
        let title = self.title(&signing.operation)?;
        Ok(Form { title, fields })
    }

    /// Why a value can't be signed, and what to type.
    pub(super) fn reason(&self, wrong: &Wrong) -> Result<String, PageError> {
        let Wrong::Value(error) = wrong else {
            return self.text("field_choice", &[]);
        };
        match error {
            FieldError::Empty => self.text("field_empty", &[]),
            FieldError::TooLong { longest, found } => {
                let values = [("longest", (*longest).into()), ("found", (*found).into())];
                self.text("field_too_long", &values)
            }
            FieldError::Hostile { character, hostile } => {
                let key = match hostile {
                    Hostile::Control => "field_control",
                    Hostile::Bidi => "field_bidi",
                    Hostile::Format => "field_invisible",
                    Hostile::PrivateUse | Hostile::Surrogate | Hostile::Unassigned => {
                        "field_unknown"
                    }
                };
                let code = format!("U+{:04X}", u32::from(*character));
                self.text(key, &[("code", code.into())])
            }
            FieldError::Digits { character } => self.text(
                "field_digits",
                &[("character", character.to_string().into())],
            ),
            FieldError::Code { character } => {
                self.text("field_code", &[("character", character.to_string().into())])
            }
            FieldError::Amount => self.text("field_amount", &[]),
            FieldError::AmountTooLarge => self.text("field_amount_large", &[]),
            FieldError::Iban => self.text("field_iban", &[]),
            FieldError::IbanCheck => self.text("field_iban_check", &[]),
            FieldError::Date => self.text("field_date", &[]),
            FieldError::Pattern => self.text("field_pattern", &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use countersign_protocol::{
        SigningKey,
        challenge::{Browser, Challenge, Context, Kind, Purpose, System, Unlock},
        id::{AccountId, ChallengeId, DeviceId, KeyId, Svc},
        message::Message,
    };

    use super::*;
    use crate::transactions::OPERATIONS;

    /// Whether the service can sign this, with the longest name that a service has.
    fn is_signed(kind: Kind) -> bool {
        let challenge = Challenge {
            svc: Svc([1; 8]),
            kid: KeyId([1; 4]),
            id: ChallengeId([1; 16]),
            purpose: Purpose::Transaction,
            issued_at: 1_795_450_000,
            lifetime: 180,
            app_name: "Twenty letters are 2".into(),
            unlock: Unlock::Pin,
            context: Context {
                browser: Browser::Firefox,
                system: System::Linux,
                place: *b"LV",
            },
            subject: None,
            client: None,
            binding: None,
            kind,
        };
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        challenge.sign(&key).is_ok()
    }

    #[test]
    fn every_operation_has_its_texts_in_each_language_and_they_fit_what_is_signed() {
        let pages = Pages::new("Example", crate::pages::Look::default()).unwrap();
        for lang in Lang::ALL {
            let words = Words {
                pages: &pages,
                lang,
            };
            let mut titles = BTreeSet::new();
            for operation in OPERATIONS {
                let name = operation.id;
                words
                    .text(&format!("transactions_word_{name}"), &[])
                    .unwrap();
                // The longest values, in letters of four bytes where a value may have any.
                let data = operation.fields.iter().map(|field| {
                    let longest = match field.example.parse::<u128>().is_ok() {
                        true => "9".repeat(field.longest.into()),
                        false => "\u{1f5ff}".repeat(field.longest.into()),
                    };
                    (field.id.to_owned(), longest)
                });
                let signing = Signing {
                    operation: name.into(),
                    data: data.collect(),
                };
                let Form { title, fields } = words.form(&signing).unwrap();
                assert!(titles.insert(title.clone()), "{title}");
                let (acc, dev) = (AccountId([1; 8]), DeviceId([1; 8]));
                let typed = Kind::Transaction {
                    acc,
                    step: u64::from(u32::MAX),
                    title: title.clone(),
                    fields,
                };
                assert!(is_signed(typed), "{lang:?} {name}");
                let shown = Kind::Online {
                    acc,
                    dev,
                    number_matching: true,
                    title,
                    pairs: words.on_phone(&signing, Unlock::Pin).unwrap().pairs,
                };
                assert!(is_signed(shown), "{lang:?} {name}");
            }
            let character = 'x';
            for error in [
                FieldError::Empty,
                FieldError::TooLong {
                    longest: 4,
                    found: 5000,
                },
                FieldError::Digits { character },
                FieldError::Code { character },
                FieldError::Amount,
                FieldError::AmountTooLarge,
                FieldError::Iban,
                FieldError::IbanCheck,
                FieldError::Date,
                FieldError::Pattern,
            ] {
                words.reason(&Wrong::Value(error)).unwrap();
            }
            for hostile in [
                Hostile::Control,
                Hostile::Bidi,
                Hostile::Format,
                Hostile::PrivateUse,
            ] {
                let error = FieldError::Hostile { character, hostile };
                let text = words.reason(&Wrong::Value(error)).unwrap();
                assert!(text.starts_with("U+0078 "), "{text}");
            }
            words.reason(&Wrong::Choice).unwrap();
        }
    }
}
