//! Texts that are no message: origins, typed values, patterns, and push addresses.

use countersign_protocol::code::{Shape, Typed};
use countersign_protocol::field::{FieldKind, Pattern, canonical};
use countersign_protocol::origin::Origin;
use countersign_protocol::pin::{Pin, guessable};
use countersign_protocol::push::{PushAddress, PushKind};

use crate::diagnostic::unescape;
use crate::table::Row;

/// The refusal of the text of a row.
pub fn refusal(row: &Row) -> String {
    let text = unescape(
        row.means
            .strip_prefix('<')
            .unwrap()
            .strip_suffix('>')
            .unwrap(),
    );
    let told = match row.target.split_once(' ').unwrap_or((&row.target, "")) {
        ("origin", _) => Origin::parse(&text).err().map(|error| error.to_string()),
        ("host", _) => Origin::from_authority(&text)
            .err()
            .map(|error| error.to_string()),
        ("field", how) => field(how, &text),
        ("pattern", _) => Pattern::compile(&text).err().map(|error| error.to_string()),
        ("PIN", _) => Pin::from_bytes(text.as_bytes())
            .err()
            .map(|error| error.to_string()),
        ("new", "PIN") => {
            let pin = Pin::from_bytes(text.as_bytes()).unwrap();
            guessable(&pin).map(|why| why.to_string())
        }
        ("code", shape) => {
            let shape = match shape {
                "of 8" => Shape::Eight,
                "of digits" => Shape::Digits,
                _ => Shape::Twelve,
            };
            Typed::read(shape, &text)
                .err()
                .map(|error| error.to_string())
        }
        ("push", kind) => {
            let kind = match kind {
                "web" => PushKind::WebPush,
                "fcm" => PushKind::Fcm,
                _ => PushKind::Apns,
            };
            PushAddress::new(kind, text)
                .err()
                .map(|error| error.to_string())
        }
        other => panic!("no such target: {other:?}"),
    };
    told.unwrap_or_else(|| "taken".into())
}

fn field(how: &str, text: &str) -> Option<String> {
    let (kind, rest) = how.split_once(' ').unwrap();
    let kind = match kind {
        "digits" => FieldKind::Digits,
        "amount" => FieldKind::Amount,
        "iban" => FieldKind::Iban,
        "code" => FieldKind::Code,
        "date" => FieldKind::Date,
        _ => FieldKind::Text,
    };
    let (longest, pattern) = rest.split_once(' ').unwrap_or((rest, ""));
    let pattern = (!pattern.is_empty()).then(|| Pattern::compile(pattern).unwrap());
    canonical(kind, pattern.as_ref(), longest.parse().unwrap(), text)
        .err()
        .map(|error| error.to_string())
}
