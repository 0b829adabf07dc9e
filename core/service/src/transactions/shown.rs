//! Values grouped for people, and read when people write them so.

use countersign_protocol::field::FieldKind;

use super::Field;
use crate::base::lang::Lang;

/// Keeps a number on one line.
const NO_BREAK: char = '\u{a0}';
/// What people write between thousands, beside commas and points.
const SPACES: [char; 4] = [' ', NO_BREAK, '\u{2009}', '\u{202f}'];
const CURRENCY: char = '€';

/// A canonical value as pages show it in this language.
pub(super) fn grouped(field: &Field, lang: Lang, value: &str) -> String {
    match field.kind {
        FieldKind::Iban => fours(value),
        FieldKind::Amount => {
            let (whole, cents) = value.split_once('.').unwrap_or((value, "00"));
            let whole = thousands(lang, whole);
            match lang {
                Lang::En => format!("{CURRENCY}{whole}.{cents}"),
                Lang::Lv => format!("{whole},{cents}{NO_BREAK}{CURRENCY}"),
            }
        }
        FieldKind::Digits if field.count => thousands(lang, value),
        _ => value.to_owned(),
    }
}

/// A typed value without the groups of thousands and the currency sign. What is not clearly
/// grouped stays as it is, for the check of its kind to judge.
pub(super) fn ungrouped(field: &Field, lang: Lang, typed: &str) -> String {
    match field.kind {
        FieldKind::Amount => {
            let around = |character: char| character == CURRENCY || SPACES.contains(&character);
            let text = typed.trim_matches(around);
            let at = text.rfind([',', '.']).filter(|at| text.len() - at <= 3);
            let (whole, cents) = text.split_at(at.unwrap_or(text.len()));
            // With two signs it is clear which one is decimal; "1,234" could mean both.
            let mark = match cents.chars().next() {
                Some('.') => Some(','),
                Some(_) => Some('.'),
                None => None,
            };
            joined(whole, mark) + cents
        }
        FieldKind::Digits if field.count => joined(
            typed.trim_matches(SPACES),
            (lang == Lang::En).then_some(','),
        ),
        _ => typed.to_owned(),
    }
}

fn fours(value: &str) -> String {
    let mut shown = String::with_capacity(value.len() + value.len() / 4);
    for (at, character) in value.chars().enumerate() {
        if at > 0 && at.is_multiple_of(4) {
            shown.push(' ');
        }
        shown.push(character);
    }
    shown
}

/// Digits with a mark between thousands. Latvian groups numbers from five digits on (CLDR).
fn thousands(lang: Lang, digits: &str) -> String {
    let (mark, least) = match lang {
        Lang::En => (',', 4),
        Lang::Lv => (NO_BREAK, 5),
    };
    let count = digits.chars().count();
    let mut shown = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if count >= least && at > 0 && (count - at).is_multiple_of(3) {
            shown.push(mark);
        }
        shown.push(digit);
    }
    shown
}

/// The digits of a number whose thousands are apart by spaces, or by `mark`; any other text as it
/// is.
fn joined(text: &str, mark: Option<char>) -> String {
    let is_apart = |character: char| SPACES.contains(&character) || Some(character) == mark;
    let Some(apart) = text.chars().find(|&character| is_apart(character)) else {
        return text.to_owned();
    };
    let mut groups = text.split(apart);
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups
        .next()
        .is_some_and(|first| (1..=3).contains(&first.len()) && digits(first));
    match first && groups.all(|group| group.len() == 3 && digits(group)) {
        true => text.replace(apart, ""),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transactions::{OPERATIONS, Wrong};
    use countersign_protocol::field::FieldError;

    fn field(id: &str) -> &'static Field {
        let mut fields = OPERATIONS.iter().flat_map(|operation| operation.fields);
        fields.find(|field| field.id == id).unwrap()
    }

    #[test]
    fn values_are_grouped_as_each_language_does_and_ibans_by_four() {
        for (id, value, en, lv) in [
            ("amount", "12.50", "€12.50", "12,50\u{a0}€"),
            ("amount", "1234.50", "€1,234.50", "1234,50\u{a0}€"),
            (
                "amount",
                "1234567.05",
                "€1,234,567.05",
                "1\u{a0}234\u{a0}567,05\u{a0}€",
            ),
            ("units", "999", "999", "999"),
            ("units", "12500", "12,500", "12\u{a0}500"),
            ("year", "2026", "2026", "2026"),
            (
                "iban",
                "LV80BANK0000435195001",
                "LV80 BANK 0000 4351 9500 1",
                "LV80 BANK 0000 4351 9500 1",
            ),
        ] {
            assert_eq!(field(id).shown(Lang::En, value), en);
            assert_eq!(field(id).shown(Lang::Lv, value), lv);
            for (lang, shown) in [(Lang::En, en), (Lang::Lv, lv)] {
                assert_eq!(field(id).read(lang, shown).as_deref(), Ok(value));
            }
        }
    }

    #[test]
    fn numbers_are_read_as_people_group_them_and_what_could_mean_two_is_refused() {
        for typed in [
            "1234.5",
            "1234,50",
            "1 234,50",
            "1\u{202f}234.50",
            "1,234.50",
            "1.234,50",
            " 1234.50 €",
        ] {
            for lang in Lang::ALL {
                assert_eq!(
                    field("amount").read(lang, typed).as_deref(),
                    Ok("1234.50"),
                    "{typed}"
                );
            }
        }
        let refused = Err(Wrong::Value(FieldError::Amount));
        for typed in [
            "1,234",
            "1.234",
            "1,23,4.50",
            "12 34,50",
            "1 234 5",
            "1,234,567",
            "1.234.50",
            "1,234,50",
            "€-5",
            "5€6",
            "1 234,567",
        ] {
            assert_eq!(field("amount").read(Lang::En, typed), refused, "{typed}");
        }
        assert_eq!(
            field("units").read(Lang::En, "12,500").as_deref(),
            Ok("12500")
        );
        assert_eq!(
            field("units").read(Lang::Lv, "12 500").as_deref(),
            Ok("12500")
        );
        for (lang, typed) in [
            (Lang::Lv, "12,500"),
            (Lang::Lv, "12.500"),
            (Lang::En, "12,5"),
        ] {
            assert!(field("units").read(lang, typed).is_err(), "{typed}");
        }
        for typed in ["0", "007", "-1", "1e9", "1000000000"] {
            assert!(field("units").read(Lang::En, typed).is_err(), "{typed}");
        }
    }
}
