//! The data of a transaction (§6): fields that the person types, or pairs that the phone shows.

use ciborium::Value;

use crate::cbor::{Fields, Map, ParseError, Problem};
use crate::field::{FieldKind, Patterns, is_canonical_text};

/// The most fields or pairs of a transaction.
pub(super) const MOST: usize = 12;
/// A field's name in errors.
const FIELD: &str = "field of a challenge";

/// A field of a transaction that the person types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// 1 to 12 characters `a-z 0-9 _ -`.
    pub id: String,
    /// The label for the person, 1 to 20 bytes.
    pub label: String,
    /// The kind of value.
    pub kind: FieldKind,
    /// The longest canonical value, in characters, 1 to 140.
    pub longest: u16,
    /// A regular expression that the whole canonical value must match, 1 to 64 bytes.
    pub pattern: Option<String>,
    /// An example or advice, 1 to 40 bytes.
    pub hint: Option<String>,
}

/// A line that the phone shows of an online transaction: both texts are canonical (§12, text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The value's label, 1 to 20 bytes, different from those of the transaction's other pairs.
    pub label: String,
    /// The value, 1 to 140 characters.
    pub value: String,
}

pub(super) fn transaction_fields(items: Vec<Value>) -> Result<Vec<Field>, ParseError> {
    let mut known: Vec<Field> = Vec::with_capacity(items.len());
    for item in items {
        let mut map = Fields::from_value(FIELD, item)?;
        let field = Field {
            id: map.text(0, "id", 1..=12)?,
            label: map.label(1, "label", 20)?,
            kind: map.variant(2, "kind", FieldKind::from_wire)?,
            longest: map.uint(3, "longest", 1..=140)? as u16,
            pattern: map.optional(4, |f| f.text(4, "pattern", 1..=64))?,
            hint: map.optional(5, |f| f.label(5, "hint", 40))?,
        };
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        if !field.id.bytes().all(good) || known.iter().any(|other| other.id == field.id) {
            return Err(map.fail("id", Problem::Bounds));
        }
        map.finish()?;
        known.push(field);
    }
    Ok(known)
}

/// Compiles the patterns of the fields. This costs more than the rest of a challenge together, so
/// parsing does not do it.
pub(super) fn patterns_of(fields: &[Field]) -> Result<Patterns, ParseError> {
    let sources = fields.iter().map(|field| field.pattern.as_deref());
    Patterns::compile(sources).map_err(|_| ParseError {
        message: FIELD,
        field: "pattern",
        problem: Problem::Bounds,
    })
}

pub(super) fn field_value(field: &Field) -> Value {
    Map::new()
        .text(0, &field.id)
        .text(1, &field.label)
        .uint(2, field.kind as u64)
        .uint(3, field.longest.into())
        .optional(4, field.pattern.as_deref(), Map::text)
        .optional(5, field.hint.as_deref(), Map::text)
        .into_value()
}

pub(super) fn pairs_of(fields: &mut Fields) -> Result<Vec<Pair>, ParseError> {
    let items = fields.array(22, "pairs", 1..=MOST)?;
    let mut known: Vec<Pair> = Vec::with_capacity(items.len());
    for item in items {
        let pair = pair_of(item)
            .filter(|pair| known.iter().all(|other| other.label != pair.label))
            .ok_or(fields.fail("pairs", Problem::Bounds))?;
        known.push(pair);
    }
    Ok(known)
}

fn pair_of(item: Value) -> Option<Pair> {
    let Value::Array(texts) = item else {
        return None;
    };
    let [Value::Text(label), Value::Text(value)] = <[Value; 2]>::try_from(texts).ok()? else {
        return None;
    };
    (label.len() <= 20 && is_canonical_text(&label, 20) && is_canonical_text(&value, 140))
        .then_some(Pair { label, value })
}

pub(super) fn pairs_value(pairs: &[Pair]) -> Value {
    let pair =
        |pair: &Pair| Value::Array(vec![pair.label.as_str().into(), pair.value.as_str().into()]);
    Value::Array(pairs.iter().map(pair).collect())
}
