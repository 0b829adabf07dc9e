//! Unicode's normalization form C (UAX #15), over the tables of crate `unicode-normalization`.
//!
//! That crate's own `nfc()` brings the tables of the compatibility forms along, which nobody here
//! uses and which an app would carry.

use unicode_normalization::char::{canonical_combining_class, compose, decompose_canonical};

/// The text in form C.
pub(crate) fn nfc(text: &str) -> impl Iterator<Item = char> {
    // Decomposed, each character with its combining class.
    let mut characters: Vec<(u8, char)> = Vec::with_capacity(text.len());
    for character in text.chars() {
        decompose_canonical(character, |part| {
            characters.push((canonical_combining_class(part), part));
        });
    }
    // Canonical ordering (definition D109): combining characters by class, those of one class in
    // the order in which they came.
    for run in characters.chunk_by_mut(|_, next| next.0 != 0) {
        run.sort_by_key(|(class, _)| *class);
    }
    // Canonical composition (D117): onto the last starter, unless something between them blocks.
    let mut composed: Vec<(u8, char)> = Vec::with_capacity(characters.len());
    let mut starter: Option<usize> = None;
    for (class, character) in characters {
        if let Some(start) = starter {
            let blocked = composed[start + 1..]
                .last()
                .is_some_and(|(before, _)| *before >= class);
            let joined = compose(composed[start].1, character).filter(|_| !blocked);
            if let Some(joined) = joined {
                composed[start].1 = joined;
                continue;
            }
        }
        if class == 0 {
            starter = Some(composed.len());
        }
        composed.push((class, character));
    }
    composed.into_iter().map(|(_, character)| character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    #[test]
    fn the_standards_hard_cases_are_normalised() {
        for (from, to) in [
            ("a\u{301}", "\u{e1}"),
            // Angstrom and ohm signs are singletons; excluded compositions stay apart.
            ("\u{212b}\u{2126}", "\u{c5}\u{3a9}"),
            ("\u{958}", "\u{915}\u{93c}"),
            // Marks are ordered by class, and a mark of the same class blocks.
            ("q\u{307}\u{323}", "q\u{323}\u{307}"),
            ("a\u{305}\u{301}", "a\u{305}\u{301}"),
            ("\u{1e0b}\u{323}", "\u{1e0d}\u{307}"),
            // Hangul.
            ("\u{1100}\u{1161}\u{11a8}", "\u{ac01}"),
        ] {
            assert_eq!(nfc(from).collect::<String>(), to, "{from:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn any_text_is_normalised_as_the_crate_normalises_it(
            text in "[a-zA-Z\u{300}-\u{36f}\u{340}-\u{345}\u{5b0}-\u{5c2}\u{93c}\u{9be}\u{9c7}\u{1100}-\u{1112}\u{1161}-\u{1175}\u{11a8}-\u{11c2}\u{ac00}-\u{ac30}\u{1e00}-\u{1eff}\u{2126}-\u{212b}\u{f900}-\u{f910}\u{1d15e}-\u{1d165}\\PC]{0,24}"
        ) {
            prop_assert_eq!(nfc(&text).collect::<String>(), text.nfc().collect::<String>());
        }
    }

    #[test]
    fn every_character_is_normalised_as_the_crate_normalises_it() {
        for character in '\0'..=char::MAX {
            let mut text = [0; 4];
            let text: &str = character.encode_utf8(&mut text);
            assert!(nfc(text).eq(text.nfc()), "{character:?}");
        }
    }
}
