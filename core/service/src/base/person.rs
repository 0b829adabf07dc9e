//! Names of people: first name and surname in any script, one of them is enough.
//!
//! Everybody who takes a name takes it here: registration, personal data, imports, invitations. A
//! name is kept in Unicode's form NFC, without spaces around it, and holds nothing that can't be
//! seen or that turns the page around. It may still mix reading directions by its letters, so pages
//! show it in `<bdi>`.

use unicode_joining_type::{JoiningType, get_joining_type};
use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// The longest first name or surname, in characters (Unicode scalar values).
pub(crate) const LONGEST: usize = 60;
/// The longest input that is looked at, in bytes: far more than [`LONGEST`] characters take.
const LONGEST_TYPED: usize = 2048;
/// The most marks on one letter. Hebrew and Tibetan need four.
const MARKS: usize = 4;
/// The combining class of a virama, the sign that joins letters of Indic scripts.
const VIRAMA: u8 = 9;
const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';
/// Signs within names: d’Arc, John-Paul, Jr., Ravi a/l Kumar, ジョン・スミス, ג׳ורג׳, བསྟན་འཛིན. A dash
/// is any of its category.
const SIGNS: &str = "'’‘`´.,()/·・׳״՚་";

/// One of the two fields of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The first name.
    First,
    /// The surname.
    Last,
}

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadName {
    /// Both fields are empty.
    Missing,
    /// A field has more than [`LONGEST`] characters.
    TooLong(Part),
    /// A field holds something that no name has: a sign, an invisible character, a mark without its
    /// letter.
    Character(Part),
}

impl BadName {
    /// The key of the text that says what to do. It begins with the name of the form's field.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Missing => "first_name_error_missing",
            Self::TooLong(Part::First) => "first_name_error_long",
            Self::TooLong(Part::Last) => "last_name_error_long",
            Self::Character(Part::First) => "first_name_error_character",
            Self::Character(Part::Last) => "last_name_error_character",
        }
    }
}

/// A person's name. At least one of its parts is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonName {
    first: String,
    last: String,
}

impl PersonName {
    /// The name that somebody typed.
    ///
    /// # Errors
    /// Each [`BadName`] that is there.
    pub(crate) fn parse(first: &str, last: &str) -> Result<Self, Vec<BadName>> {
        let (first, last) = (part(Part::First, first), part(Part::Last, last));
        match (first, last) {
            (Ok(first), Ok(last)) if first.is_empty() && last.is_empty() => {
                Err(vec![BadName::Missing])
            }
            (Ok(first), Ok(last)) => Ok(Self { first, last }),
            (first, last) => Err(first.err().into_iter().chain(last.err()).collect()),
        }
    }

    /// The first name, or nothing.
    pub(crate) fn first(&self) -> &str {
        &self.first
    }

    /// The surname, or nothing.
    pub(crate) fn last(&self) -> &str {
        &self.last
    }
}

/// The whole name, from its two parts as they are kept.
pub(crate) fn whole(first: &str, last: &str) -> String {
    [first, last].join(" ").trim().to_owned()
}

/// One field in its kept form, which may be empty.
fn part(which: Part, typed: &str) -> Result<String, BadName> {
    if typed.len() > LONGEST_TYPED {
        return Err(BadName::TooLong(which));
    }
    let text: String = typed.trim().nfc().collect();
    let mut name = String::with_capacity(text.len());
    for c in text.chars() {
        match c.general_category() {
            // One space for all kinds and for several; a line break is a control.
            GeneralCategory::SpaceSeparator if name.ends_with(' ') => (),
            GeneralCategory::SpaceSeparator => name.push(' '),
            _ => name.push(c),
        }
    }
    if name.chars().count() > LONGEST {
        return Err(BadName::TooLong(which));
    }
    if !name.is_empty() && !is_name(&name) {
        return Err(BadName::Character(which));
    }
    Ok(name)
}

fn is_name(name: &str) -> bool {
    let chars: Vec<char> = name.chars().collect();
    let mut marks = 0;
    let mut after_letter = false;
    for (at, c) in chars.iter().enumerate() {
        let (before, after) = (chars.split_at(at).0, chars.split_at(at + 1).1);
        let fits = match c.general_category_group() {
            _ if is_invisible(*c) => false,
            GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number => {
                marks = 0;
                !matches!(c.general_category(), GeneralCategory::OtherNumber)
            }
            GeneralCategoryGroup::Mark => {
                marks += 1;
                after_letter
                    && marks <= MARKS
                    && !matches!(c.general_category(), GeneralCategory::EnclosingMark)
            }
            GeneralCategoryGroup::Separator => *c == ' ',
            GeneralCategoryGroup::Punctuation | GeneralCategoryGroup::Symbol => {
                let sign = SIGNS.contains(*c);
                let dash = c.general_category() == GeneralCategory::DashPunctuation;
                (sign || dash) && !(*c == '.' && is_word(after))
            }
            GeneralCategoryGroup::Other => may_join(*c, before, after),
        };
        if !fits {
            return false;
        }
        // A joiner stands between a letter and what follows it.
        after_letter = matches!(
            c.general_category_group(),
            GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark
        ) || matches!(*c, ZWJ | ZWNJ);
    }
    chars
        .iter()
        .any(|c| c.general_category_group() == GeneralCategoryGroup::Letter)
}

/// Whether two letters or digits follow at once. After a dot that is no name, and mail programs
/// make a link to a website of it.
fn is_word(after: &[char]) -> bool {
    matches!(after, [first, second, ..] if first.is_alphanumeric() && second.is_alphanumeric())
}

/// Letters and marks that show nothing: fillers of Hangul, variation selectors, the grapheme joiner
/// (Default_Ignorable_Code_Point, as far as it is not of category Cf).
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether a joiner is needed here: the rules CONTEXTJ of RFC 5892, A.1 (ZWNJ) and A.2 (ZWJ). They
/// keep a joiner after a virama, and ZWNJ between two letters that would otherwise join.
fn may_join(c: char, before: &[char], after: &[char]) -> bool {
    let follows_virama = before
        .last()
        .is_some_and(|c| canonical_combining_class(*c) == VIRAMA);
    let joining = |c: &&char| get_joining_type(**c) != JoiningType::Transparent;
    let left = before
        .iter()
        .rev()
        .find(joining)
        .map(|c| get_joining_type(*c));
    let right = after.iter().find(joining).map(|c| get_joining_type(*c));
    match c {
        ZWJ => follows_virama,
        ZWNJ => {
            use JoiningType::{DualJoining, LeftJoining, RightJoining};
            follows_virama
                || matches!(left, Some(LeftJoining | DualJoining))
                    && matches!(right, Some(RightJoining | DualJoining))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(first: &str, last: &str) -> Option<(String, String)> {
        let name = PersonName::parse(first, last).ok()?;
        Some((name.first().to_owned(), name.last().to_owned()))
    }

    fn alone(typed: &str) -> Option<String> {
        kept(typed, "").map(|(first, _)| first)
    }

    #[test]
    fn names_of_all_scripts_are_kept_as_they_are() {
        for name in [
            "Jānis Bērziņš",
            "Ángel María",
            "Nguyễn Thị Minh Khai",
            "Αλέξανδρος",
            "Σοφία-Μαρία",
            "თამარ",
            "Արամ",
            "Ольга",
            "محمد",
            "عبد الرحمن",
            // Persian: ZWNJ keeps the letters before and after it apart.
            "علی\u{200c}رضا",
            "کیان\u{200c}پور",
            "דָּוִד",
            "ג׳ורג׳",
            "राजेश",
            // Hindi, and Malayalam's chillu as it was written before Unicode 5.1: ZWJ after the
            // virama.
            "शर्\u{200d}मा",
            "അനിയന്\u{200d}",
            "ශ්\u{200d}රී",
            "ක්\u{200c}ෂ",
            "தமிழ்ச்செல்வி",
            "สมชาย",
            "བསྟན་འཛིན",
            "ᠪᠠᠲᠤ",
            "王小明",
            "山田 太郎",
            "ジョン・スミス",
            "김영희",
            "O’Brien",
            "d'Arc",
            "'t Hooft",
            "ʻIolani",
            "Jean-Luc",
            "Ravi a/l Kumar",
            "Smith Jr.",
            "J.R.R. Tolkien",
            "John Smith 3rd",
            "Ólafur Þór",
            "Hawaiʻi",
            "李·爱国",
        ] {
            let nfc: String = name.nfc().collect();
            assert_eq!(alone(name), Some(nfc), "{name}");
        }
    }

    #[test]
    fn one_name_is_enough_and_none_is_not() {
        assert_eq!(kept("Suharto", ""), Some(("Suharto".into(), String::new())));
        assert_eq!(
            kept(" ", "Sukarno"),
            Some((String::new(), "Sukarno".into()))
        );
        for (first, last) in [("", ""), (" ", "\u{a0}")] {
            assert_eq!(PersonName::parse(first, last), Err(vec![BadName::Missing]));
        }
        assert_eq!(whole("Suharto", ""), "Suharto");
        assert_eq!(whole("", "Sukarno"), "Sukarno");
        assert_eq!(whole("Anna", "Ozola"), "Anna Ozola");
    }

    #[test]
    fn a_name_has_one_spelling() {
        assert_eq!(alone("  Anna \u{a0} Marija "), Some("Anna Marija".into()));
        assert_eq!(alone("Ja\u{304}nis"), Some("Jānis".into()));
        assert_eq!(alone("\u{1112}\u{1161}\u{11ab}"), Some("한".into()));
    }

    #[test]
    fn a_name_has_at_most_sixty_characters_in_its_kept_form() {
        assert_eq!(alone(&"ā".repeat(60)), Some("ā".repeat(60)));
        assert_eq!(alone(&"a\u{304}".repeat(60)), Some("ā".repeat(60)));
        let long = "ā".repeat(61);
        let (first, last) = (BadName::TooLong(Part::First), BadName::TooLong(Part::Last));
        assert_eq!(PersonName::parse(&long, &long), Err(vec![first, last]));
        assert_eq!(PersonName::parse(&"a ".repeat(9000), "b"), Err(vec![first]));
    }

    #[test]
    fn what_is_invisible_or_no_letter_is_refused() {
        for bad in [
            // Bidi controls and overrides.
            "Anna\u{202e}alozO",
            "\u{2067}Anna\u{2069}",
            "Anna\u{200f}",
            // Controls and line breaks.
            "Anna\nBcc: eve@example.eu",
            "An\0na",
            "Anna\u{2028}Ozola",
            // Private use, unassigned, format, no character.
            "\u{e000}",
            "\u{378}",
            "An\u{ad}na",
            "An\u{200b}na",
            "\u{feff}Anna",
            "\u{ffff}",
            "An\u{fffd}na",
            // Letters and marks that show nothing.
            "\u{3164}",
            "\u{115f}\u{1160}",
            "Anna\u{34f}",
            "葛\u{e0100}",
            "Anna\u{fe0f}",
            // Marks without a letter, enclosing ones, and towers of them.
            "\u{301}Anna",
            "Anna \u{301}",
            "Anna-\u{301}",
            "A\u{20dd}",
            "Z\u{34e}\u{353}\u{32a}\u{317}\u{33a}algo",
            // What mail programs make a link of.
            "evil.example.eu/x",
            "Anna www.evil.eu",
            // Emoji and signs.
            "Anna😀",
            "👩\u{200d}💻",
            "❤",
            "①",
            "=cmd|' /C calc'!A0",
            "+1",
            "@anna",
            "<b>Anna</b>",
            "https://evil.example.eu",
            "Anna\"",
            "A&B",
            // No letter at all.
            "123",
            "-",
            ".",
        ] {
            let refused = PersonName::parse(bad, "").unwrap_err();
            assert_eq!(refused, [BadName::Character(Part::First)], "{bad:?}");
            let refused = PersonName::parse("", bad).unwrap_err();
            assert_eq!(refused, [BadName::Character(Part::Last)], "{bad:?}");
        }
    }

    #[test]
    fn joiners_stay_only_where_a_script_needs_them() {
        for bad in [
            "An\u{200d}na",
            "An\u{200c}na",
            "Anna\u{200c}",
            "\u{200d}Anna",
            // Between letters that don't join anyway, and at an end.
            "در\u{200c}",
            "\u{200c}علی",
            "رد\u{200c}ا",
            "علی\u{200d}رضا",
            "राज\u{200d}ेश",
            "राज\u{200c}ेश",
            // Two of them.
            "علی\u{200c}\u{200c}رضا",
            "शर्\u{200d}\u{200d}मा",
        ] {
            assert_eq!(alone(bad), None, "{bad:?}");
        }
        // Marks in between are looked through (A.1).
        assert_eq!(alone("بِ\u{200c}ب"), Some("بِ\u{200c}ب".into()));
    }
}
