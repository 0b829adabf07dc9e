//! The canonical form of transaction values, kind by kind, and the values that are refused.

use countersign_protocol::field::{
    FieldError, FieldKind, Hostile, Pattern, PatternError, canonical, is_displayable,
};
use proptest::prelude::*;

fn value(kind: FieldKind, typed: &str) -> Result<String, FieldError> {
    canonical(kind, None, 100, typed)
}

fn taken(kind: FieldKind, rows: &[(&str, &str)]) {
    for (typed, expected) in rows {
        assert_eq!(value(kind, typed).as_deref(), Ok(*expected), "{typed:?}");
    }
}

fn refused(kind: FieldKind, error: &FieldError, rows: &[&str]) {
    for typed in rows {
        assert_eq!(value(kind, typed).as_ref(), Err(error), "{typed:?}");
    }
}

#[test]
fn text_is_normalized_trimmed_and_its_spaces_made_one() {
    taken(
        FieldKind::Text,
        &[
            ("  Jānis   Bērziņš ", "Jānis Bērziņš"),
            ("Ja\u{304}nis", "Jānis"),
            ("a\u{a0}\u{2003} b", "a b"),
            ("\u{3000}x", "x"),
            ("\u{212b}", "å".to_uppercase().as_str()),
            ("Ελλάδα 5 €", "Ελλάδα 5 €"),
        ],
    );
    for kind in [1, 2, 3, 4, 5, 6].map(|n| FieldKind::from_wire(n).unwrap()) {
        refused(kind, &FieldError::Empty, &["", " ", "\u{a0}\u{2003} "]);
    }
}

#[test]
fn characters_that_mislead_are_refused_and_named() {
    for (character, hostile) in [
        ('\t', Hostile::Control),
        ('\n', Hostile::Control),
        ('\0', Hostile::Control),
        ('\u{85}', Hostile::Control),
        ('\u{2028}', Hostile::Control),
        ('\u{202e}', Hostile::Bidi),
        ('\u{2066}', Hostile::Bidi),
        ('\u{200f}', Hostile::Bidi),
        ('\u{61c}', Hostile::Bidi),
        ('\u{200b}', Hostile::Format),
        ('\u{ad}', Hostile::Format),
        ('\u{feff}', Hostile::Format),
        ('\u{e0041}', Hostile::Format),
        ('\u{e000}', Hostile::PrivateUse),
        ('\u{10fffd}', Hostile::PrivateUse),
        ('\u{378}', Hostile::Unassigned),
        ('\u{ffff}', Hostile::Unassigned),
    ] {
        for text in [
            format!("a{character}b"),
            format!("{character}"),
            format!("a{character}"),
        ] {
            assert_eq!(
                value(FieldKind::Text, &text),
                Err(FieldError::Hostile { character, hostile }),
                "{text:?}"
            );
            assert!(!is_displayable(&text));
        }
    }
    let error = value(FieldKind::Text, "12\u{202e}34")
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("U+202E is a character that turns the reading direction"),
        "{error}"
    );
    assert!(is_displayable("Pārskaitījums: 5 € → Jānim (steidzams)"));
}

#[test]
fn the_longest_value_is_counted_in_canonical_characters() {
    assert_eq!(
        canonical(FieldKind::Text, None, 5, "  Jānis  ").as_deref(),
        Ok("Jānis")
    );
    assert_eq!(
        canonical(FieldKind::Text, None, 5, "Ja\u{304}nis").as_deref(),
        Ok("Jānis")
    );
    assert_eq!(
        canonical(FieldKind::Text, None, 4, "Jānis"),
        Err(FieldError::TooLong {
            longest: 4,
            found: 5
        })
    );
    assert_eq!(
        canonical(FieldKind::Text, None, u16::MAX, &"a".repeat(5000)),
        Err(FieldError::TooLong {
            longest: u16::MAX,
            found: 5000
        })
    );
}

#[test]
fn digits_keep_their_zeros() {
    taken(FieldKind::Digits, &[("0042", "0042"), (" 7 ", "7")]);
    for (typed, character) in [
        ("12a", 'a'),
        ("1 2", ' '),
        ("-1", '-'),
        ("١٢", '١'),
        ("１", '１'),
    ] {
        refused(
            FieldKind::Digits,
            &FieldError::Digits { character },
            &[typed],
        );
    }
}

#[test]
fn amounts_have_two_decimals_and_no_grouping() {
    taken(
        FieldKind::Amount,
        &[
            ("1234.50", "1234.50"),
            ("1234,5", "1234.50"),
            ("1234", "1234.00"),
            ("0,07", "0.07"),
            ("007.10", "7.10"),
            ("000", "0.00"),
            ("999999999999.99", "999999999999.99"),
            (" 5 ", "5.00"),
        ],
    );
    refused(
        FieldKind::Amount,
        &FieldError::Amount,
        &[
            "1 234.50", "1.234,50", "1,234.50", "1.234", "1.", ".5", ",5", "-1", "+1", "1e3", "5€",
            "€5", "1.2.3", "x", "1,,2", "١",
        ],
    );
    refused(
        FieldKind::Amount,
        &FieldError::AmountTooLarge,
        &["1000000000000", "9999999999999999999999,99"],
    );
}

#[test]
fn ibans_are_checked_and_written_without_spaces() {
    // Examples of the SWIFT IBAN registry, the shortest (Norway) and the longest (Malta, Saint
    // Lucia) in use among them.
    taken(
        FieldKind::Iban,
        &[
            ("LV80 BANK 0000 4351 9500 1", "LV80BANK0000435195001"),
            ("lv80bank0000435195001", "LV80BANK0000435195001"),
            ("NO93 8601 1117 947", "NO9386011117947"),
            ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
            ("GB29 NWBK 6016 1331 9268 19", "GB29NWBK60161331926819"),
            (
                "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
                "MT84MALT011000012345MTLCAST001S",
            ),
            (
                "LC55 HEMM 0001 0001 0012 0012 0002 3015",
                "LC55HEMM000100010012001200023015",
            ),
        ],
    );
    refused(
        FieldKind::Iban,
        &FieldError::IbanCheck,
        &[
            "LV81 BANK 0000 4351 9500 1",
            "LV80 BNAK 0000 4351 9500 1",
            "DE89 3704 0044 0532 0103 00",
        ],
    );
    refused(
        FieldKind::Iban,
        &FieldError::Iban,
        &[
            "LV",
            "L",
            "80LVBANK0000435195001",
            "LVXXBANK0000435195001",
            "LV80-BANK-0000-4351-9500-1",
            "LV80BANKĀ000435195001",
            "NO938601111794",
            "Ā",
            "LV80BANK00004351950010000435195001X",
        ],
    );
}

#[test]
fn no_iban_has_two_forms() {
    for account in 0..97_u32 {
        let fitting = (0..100)
            .filter(|check| {
                value(
                    FieldKind::Iban,
                    &format!("XX{check:02}0000000000{account:02}"),
                )
                .is_ok()
            })
            .count();
        assert_eq!(fitting, 1, "account {account}");
    }
}

#[test]
fn codes_take_capitals_and_digits_only() {
    taken(FieldKind::Code, &[("AB12", "AB12"), (" Z9 ", "Z9")]);
    for (typed, character) in [
        ("ab12", 'a'),
        ("AB 12", ' '),
        ("AB-12", '-'),
        ("Ā1", 'Ā'),
        ("А1", 'А'),
    ] {
        refused(FieldKind::Code, &FieldError::Code { character }, &[typed]);
    }
    assert!(
        value(FieldKind::Code, "ab")
            .unwrap_err()
            .to_string()
            .contains("capital letters")
    );
}

#[test]
fn dates_are_days_of_the_calendar() {
    taken(
        FieldKind::Date,
        &[
            ("2026-11-23", "2026-11-23"),
            ("23.11.2026", "2026-11-23"),
            ("2024-02-29", "2024-02-29"),
            ("29.02.2000", "2000-02-29"),
            ("0001-01-01", "0001-01-01"),
            ("31.12.9999", "9999-12-31"),
        ],
    );
    refused(
        FieldKind::Date,
        &FieldError::Date,
        &[
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "0000-01-01",
            "1.2.2026",
            "23.11.26",
            "23/11/2026",
            "11-23-2026",
            "2026-11-2",
            "26-11-23",
            "20260-11-23",
            "23.11-2026",
            "2026.11.23",
            "today",
            "２026-11-23",
            "+026-11-23",
        ],
    );
}

#[test]
fn a_pattern_must_match_the_whole_canonical_value() {
    let pattern = Pattern::compile(r"[0-9]{4}\.[0-9]{2}|x").unwrap();
    let amount = |typed| canonical(FieldKind::Amount, Some(&pattern), 20, typed);
    assert_eq!(
        amount("1234,5").as_deref(),
        Ok("1234.50"),
        "the pattern sees the canonical value"
    );
    assert_eq!(amount("12345"), Err(FieldError::Pattern));
    assert_eq!(
        canonical(FieldKind::Text, Some(&pattern), 20, "ax"),
        Err(FieldError::Pattern)
    );
    assert_eq!(
        canonical(FieldKind::Text, Some(&pattern), 20, "x").as_deref(),
        Ok("x")
    );
    assert_eq!(pattern.as_str(), r"[0-9]{4}\.[0-9]{2}|x");
}

#[test]
fn a_pattern_knows_categories_of_characters_and_ascii_without_regard_to_case() {
    let fits = |pattern: &str, typed: &str| {
        let pattern = Pattern::compile(pattern).unwrap();
        canonical(FieldKind::Text, Some(&pattern), 40, typed).is_ok()
    };
    assert!(fits(r"[\p{L}' -]+", "\u{100}nna B\u{113}rzi\u{146}a"));
    assert!(fits(r"\w+ \d{2}", "\u{160}odien 12"));
    assert!(fits(r"(?i-u)lv[0-9]{2}", "LV42"));
    // A pattern for which a phone has no tables is refused where it is written, and never on a
    // phone.
    for left_out in [
        r"(?i)a",
        r"(?i:a)",
        r"(?-ui)a(?i)b",
        r"\p{Alphabetic}",
        r"[\p{Greek}]",
        r"\P{sc=Greek}",
        r"\p{Age:3.0}",
        r"\p{CI}",
    ] {
        assert!(Pattern::compile(left_out).is_err(), "{left_out}");
    }
}

#[test]
fn a_pattern_is_refused_before_it_is_issued() {
    assert_eq!(
        Pattern::compile("").unwrap_err(),
        PatternError::Length { found: 0 }
    );
    assert_eq!(
        Pattern::compile(&"a".repeat(65)).unwrap_err(),
        PatternError::Length { found: 65 }
    );
    assert!(Pattern::compile(&"a".repeat(64)).is_ok());
    for bad in [
        "(",
        "a)|(?:b",
        "[",
        r"\8",
        "(?=a)",
        "a**b{",
        "(?x)a #",
        r"\p{L}{1000}{1000}",
        "((((((((((((((((((a))))))))))))))))))",
    ] {
        assert!(
            matches!(Pattern::compile(bad), Err(PatternError::Regex(_))),
            "{bad:?}"
        );
    }
    assert!(
        Pattern::compile(r"[\p{L} .'-]{1,35}").is_ok(),
        "a person's name"
    );
}

#[test]
fn the_wire_numbers_are_one_to_six() {
    for number in 1..=6_u8 {
        assert_eq!(
            FieldKind::from_wire(u64::from(number)).unwrap().to_wire(),
            number
        );
    }
    for number in [0, 7, 256, 257, u64::MAX] {
        assert_eq!(FieldKind::from_wire(number), None);
    }
}

proptest! {
    #[test]
    fn a_canonical_value_is_its_own_canonical_form(kind in 1_u64..=6, typed in "\\PC{0,40}|[0-9., ]{1,10}|[0-9.-]{10}") {
        let kind = FieldKind::from_wire(kind).unwrap();
        if let Ok(first) = value(kind, &typed) {
            prop_assert!(is_displayable(&first));
            prop_assert_eq!(value(kind, &first), Ok(first));
        }
    }

    #[test]
    fn no_text_makes_it_panic(kind in 1_u64..=6, typed: String) {
        let _ = value(FieldKind::from_wire(kind).unwrap(), &typed);
    }

    #[test]
    fn no_pattern_makes_it_panic(source in ".{0,70}", typed in ".{0,20}") {
        if let Ok(pattern) = Pattern::compile(&source) {
            let _ = canonical(FieldKind::Text, Some(&pattern), 20, &typed);
        }
    }
}

#[test]
fn the_largest_pattern_that_is_taken_compiles_quickly() {
    let begun = std::time::Instant::now();
    for pattern in [
        r"\p{L}{1,140}",
        r"(\w{1,60}){1,9}",
        r"\w{1000}",
        r"(\p{L}|\p{N}){1,999}",
    ] {
        let _ = Pattern::compile(pattern);
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(4));
    assert!(Pattern::compile(r"\p{L}{1,60}").is_ok());
}
