//! The descriptions of the sample operations.

use countersign_protocol::field::FieldKind;

use super::{Field, Operation};

/// Every operation, in the order of the page.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "trusted",
        fields: &[TRUSTED, AMOUNT],
        online: true,
    },
    Operation {
        id: "other",
        fields: &[IBAN, NAME, AMOUNT, REFERENCE],
        online: true,
    },
    Operation {
        id: "deletion",
        fields: &[TRANSFER, DATE, AMOUNT],
        online: true,
    },
    // What can't be undone is typed on the phone, which a dishonest page can't falsify.
    Operation {
        id: "cancellation",
        fields: &[ACCOUNT, UNITS, REASON],
        online: false,
    },
    Operation {
        id: "exchange",
        fields: &[ACCOUNT, UNITS, TYPE],
        online: true,
    },
    Operation {
        id: "return",
        fields: &[ACCOUNT, UNITS, YEAR],
        online: true,
    },
    Operation {
        id: "surrender",
        fields: &[ACCOUNT, YEAR, UNITS],
        online: false,
    },
];

/// What most fields have, for the others to differ from.
const FIELD: Field = Field {
    id: "",
    kind: FieldKind::Text,
    longest: 35,
    pattern: None,
    example: "",
    hint: false,
    count: false,
    choices: &[],
};

const IBAN: Field = Field {
    id: "iban",
    kind: FieldKind::Iban,
    longest: 34,
    example: "LV80 BANK 0000 4351 9500 1",
    ..FIELD
};

/// An account that the person trusts. A service of its own would keep a list for each person.
const TRUSTED: Field = Field {
    choices: &[
        ("LV80BANK0000435195001", "SIA Ozols"),
        ("LT121000011101001000", "UAB Beržas"),
        ("EE382200221020145685", "OÜ Kask"),
    ],
    ..IBAN
};

const NAME: Field = Field {
    id: "name",
    longest: 70,
    example: "SIA Ozols",
    ..FIELD
};

const AMOUNT: Field = Field {
    id: "amount",
    kind: FieldKind::Amount,
    longest: 12,
    example: "1234.50",
    ..FIELD
};

const REFERENCE: Field = Field {
    id: "reference",
    example: "RF2026",
    ..FIELD
};

const TRANSFER: Field = Field {
    id: "transfer",
    kind: FieldKind::Code,
    longest: 11,
    pattern: Some("T[0-9]{10}"),
    example: "T2026000123",
    hint: true,
    ..FIELD
};

const DATE: Field = Field {
    id: "date",
    kind: FieldKind::Date,
    longest: 10,
    example: "2026-12-24",
    ..FIELD
};

const ACCOUNT: Field = Field {
    id: "account",
    kind: FieldKind::Code,
    longest: 9,
    pattern: Some("U[0-9]{8}"),
    example: "U20260017",
    hint: true,
    ..FIELD
};

const UNITS: Field = Field {
    id: "units",
    kind: FieldKind::Digits,
    longest: 9,
    pattern: Some("[1-9][0-9]*"),
    example: "12500",
    count: true,
    ..FIELD
};

const REASON: Field = Field {
    id: "reason",
    longest: 70,
    example: "ISO 14068",
    ..FIELD
};

const TYPE: Field = Field {
    id: "type",
    kind: FieldKind::Code,
    longest: 3,
    example: "UNB",
    choices: &[("UNA", ""), ("UNB", ""), ("UNC", "")],
    ..FIELD
};

const YEAR: Field = Field {
    id: "year",
    kind: FieldKind::Digits,
    longest: 4,
    pattern: Some("20[0-9]{2}"),
    example: "2026",
    ..FIELD
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::lang::Lang;

    #[test]
    fn the_seven_sample_operations_have_names_of_their_own_and_examples_that_are_right() {
        let mut ids: Vec<_> = OPERATIONS.iter().map(|operation| operation.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 7);
        for operation in OPERATIONS {
            assert!((1..=12).contains(&operation.fields.len()));
            for field in operation.fields {
                for lang in Lang::ALL {
                    let value = field.read(lang, field.example).unwrap();
                    let shown = field.shown(lang, &value);
                    assert_eq!(field.read(lang, &shown), Ok(value), "{shown}");
                }
                for (choice, _) in field.choices {
                    assert_eq!(field.read(Lang::En, choice).as_deref(), Ok(*choice));
                }
            }
        }
    }
}
