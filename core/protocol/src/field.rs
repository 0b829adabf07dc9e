//! The fields of a transaction: typed values, and the one canonical form over which the code is
//! computed.
//!
//! Both sides use [`canonical`], the service on the true values and the phone on the typed ones, so
//! that a code fits exactly when both mean the same. Characters that can't be seen, or that turn
//! the reading direction, are refused rather than dropped: what the person sees beside the code is
//! all that is signed.

use core::fmt;

use regex_automata::nfa::thompson::{NFA, WhichCaptures, pikevm::PikeVM};
use regex_automata::util::syntax;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::nfc::nfc;
use crate::pattern;

/// The most bytes that are looked at; a longer input is refused unseen. No field is allowed to be
/// near as long.
const LONGEST_TYPED: usize = 4096;
/// The most digits before an amount's decimal point: less than a million millions.
const AMOUNT_DIGITS: usize = 12;

/// The kind of value that a field takes. The numbers are those on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FieldKind {
    /// Digits 0-9, leading zeros kept.
    Digits = 1,
    /// An amount of money, canonical `1234.50`.
    Amount = 2,
    /// An international bank account number (ISO 13616), canonical without spaces and in capitals.
    Iban = 3,
    /// Capital letters A-Z and digits.
    Code = 4,
    /// A calendar date, canonical `2026-11-23`.
    Date = 5,
    /// Any text that can be seen.
    Text = 6,
}

impl FieldKind {
    /// The number on the wire, 1 to 6.
    #[must_use]
    pub const fn to_wire(self) -> u8 {
        self as u8
    }

    /// The kind of a number on the wire.
    #[must_use]
    pub const fn from_wire(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::Digits,
            2 => Self::Amount,
            3 => Self::Iban,
            4 => Self::Code,
            5 => Self::Date,
            6 => Self::Text,
            _ => return None,
        })
    }
}

/// Why a character can't be part of a value, title or label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hostile {
    /// Cc, Zl and Zp: tabs, line breaks and other control characters.
    Control,
    /// Bidirectional controls, which make text read otherwise than it is.
    Bidi,
    /// Cf: other invisible format characters.
    Format,
    /// Co: private use, which every font shows differently.
    PrivateUse,
    /// Cs: a surrogate. Rust's text can't hold one; named so that the list is whole.
    Surrogate,
    /// Cn: unassigned, which normalization may treat differently tomorrow.
    Unassigned,
}

impl Hostile {
    /// Why this character is refused, if it is.
    #[must_use]
    pub fn of(character: char) -> Option<Self> {
        match character.general_category() {
            // The Bidi_Control property (UAX #9 §2) names exactly these; all of them are of
            // category Cf.
            GeneralCategory::Format if matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                Some(Self::Bidi)
            }
            GeneralCategory::Control
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator => Some(Self::Control),
            GeneralCategory::Format => Some(Self::Format),
            GeneralCategory::PrivateUse => Some(Self::PrivateUse),
            GeneralCategory::Surrogate => Some(Self::Surrogate),
            GeneralCategory::Unassigned => Some(Self::Unassigned),
            _ => None,
        }
    }
}

impl fmt::Display for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "a control character",
            Self::Bidi => "a character that turns the reading direction",
            Self::Format => "an invisible format character",
            Self::PrivateUse => "a private-use character",
            Self::Surrogate => "a surrogate",
            Self::Unassigned => "an unassigned character",
        })
    }
}

/// The fault of a typed value, with advice on what to type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// Nothing, or spaces only.
    #[error("nothing was typed: this field is required")]
    Empty,
    /// The canonical value has more characters than the field takes.
    #[error("this has {found} characters, and at most {longest} fit: shorten it")]
    TooLong {
        /// The most characters.
        longest: u16,
        /// How many there are; an input that is far too long is counted in bytes.
        found: usize,
    },
    /// A character that can't be seen or that misleads.
    #[error("U+{:04X} is {hostile}, which can't be used here: type the value by hand instead of pasting it", u32::from(*character))]
    Hostile {
        /// The character.
        character: char,
        /// The reason.
        hostile: Hostile,
    },
    /// A character other than 0-9 in digits.
    #[error("{character:?} is not a digit: type digits 0-9 only, without spaces")]
    Digits {
        /// The first character that is wrong.
        character: char,
    },
    /// Not an amount.
    #[error(
        "type the amount as 1234.50 or 1234,50: no spaces or points between thousands, no sign or currency, at most two decimals"
    )]
    Amount,
    /// An amount with more than twelve digits before the point.
    #[error("this amount is too large: at most twelve digits can stand before the decimal point")]
    AmountTooLarge,
    /// Not the form of an IBAN.
    #[error(
        "an IBAN is two letters for the country, two digits, then letters and digits, 15 to 34 in all: type it as it is printed"
    )]
    Iban,
    /// The form of an IBAN, but its check digits don't fit.
    #[error(
        "this IBAN's check digits don't fit: a character is wrong or two are swapped; compare it with the original"
    )]
    IbanCheck,
    /// A character other than A-Z and 0-9 in a code.
    #[error(
        "{character:?} can't be used here: type capital letters A-Z and digits 0-9 only, without spaces"
    )]
    Code {
        /// The first character that is wrong.
        character: char,
    },
    /// Not a date of the calendar.
    #[error("type a date of the calendar, as 2026-11-23 or 23.11.2026")]
    Date,
    /// The service's pattern doesn't match.
    #[error("this isn't in the form that the service expects: follow the example beside the field")]
    Pattern,
}

/// A pattern that can't be used: for the service, before it issues the challenge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// More bytes than [`Pattern::LONGEST`], or none.
    #[error(
        "a pattern has 1 to {} bytes, this one {found}: shorten it, or leave it out if the kind says enough",
        Pattern::LONGEST
    )]
    Length {
        /// How many bytes it has.
        found: usize,
    },
    /// Not a regular expression of the kind that PROTOCOL.md names (section 6), or one that grows
    /// too large.
    #[error(
        "the pattern is not a regular expression of RE2's syntax, uses what phones leave out, or grows too large: {0}"
    )]
    Regex(String),
}

/// A compiled pattern: matched against the whole canonical value.
///
/// One engine of crate `regex` out of its five, the one that runs everything it compiles: a value
/// is short, and the others would be half a megabyte in an app.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: PikeVM,
    source: String,
}

impl Pattern {
    /// The most bytes of a pattern.
    pub const LONGEST: usize = 64;

    /// Compiles a pattern, anchored as `\A(?:...)\z`, that is the only one of its form.
    ///
    /// # Errors
    /// [`PatternError`] when it is empty, too long, no regular expression, or one too large to run
    /// on a phone.
    pub fn compile(source: &str) -> Result<Self, PatternError> {
        Self::within(source, Patterns::MEMORY)
    }

    /// Compiles a pattern to a program of at most `memory` bytes.
    fn within(source: &str, memory: usize) -> Result<Self, PatternError> {
        if source.is_empty() || source.len() > Self::LONGEST {
            return Err(PatternError::Length {
                found: source.len(),
            });
        }
        pattern::check(source).map_err(PatternError::Regex)?;
        // `a)|(?:b` is no expression and was refused by the check; between our anchors it would
        // become one.
        let regex = PikeVM::builder()
            .syntax(syntax::Config::new().nest_limit(pattern::NEST_LIMIT))
            .thompson(
                NFA::config()
                    .nfa_size_limit(Some(memory))
                    .which_captures(WhichCaptures::None),
            )
            .build(&format!(r"\A(?:{source})\z"))
            .map_err(|error| PatternError::Regex(error.to_string()))?;
        Ok(Self {
            regex,
            source: source.to_owned(),
        })
    }

    fn is_match(&self, value: &str) -> bool {
        self.regex.is_match(&mut self.regex.create_cache(), value)
    }

    /// The pattern as it was written, without anchors.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

/// The compiled patterns of a form's fields, in order: compiled once, when the form's signature was
/// verified.
#[derive(Debug, Clone, Default)]
pub struct Patterns(Vec<Option<Pattern>>);

impl Patterns {
    /// The most memory in bytes for the programs of one form together. Time goes with memory: 2 MiB
    /// take about 15 ms to compile on a small computer, and hold `\p{L}{1,70}` (1.03 MiB) with the
    /// patterns that a transfer needs beside it.
    pub const MEMORY: usize = 2 << 20;

    /// Compiles the patterns of a form's fields.
    ///
    /// # Errors
    /// [`PatternError`] of the first that is wrong, or that is too large beside those before it.
    pub fn compile<'a>(
        sources: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Result<Self, PatternError> {
        let mut left = Self::MEMORY;
        let mut patterns = Vec::new();
        for source in sources {
            let pattern = source
                .map(|source| Pattern::within(source, left))
                .transpose()?;
            let used = pattern
                .as_ref()
                .map_or(0, |pattern| pattern.regex.get_nfa().memory_usage());
            left = left.saturating_sub(used);
            patterns.push(pattern);
        }
        Ok(Self(patterns))
    }

    /// The pattern of the field at this place, if it has one.
    #[must_use]
    pub fn of(&self, place: usize) -> Option<&Pattern> {
        self.0.get(place)?.as_ref()
    }
}

/// Whether a title, label or hint can be shown: it has no character that can't be seen or that
/// misleads.
#[must_use]
pub fn is_displayable(text: &str) -> bool {
    text.chars()
        .all(|character| Hostile::of(character).is_none())
}

/// Whether a text is the canonical value of a field of kind [`FieldKind::Text`] with this many
/// characters at most.
#[must_use]
pub fn is_canonical_text(text: &str, longest: u16) -> bool {
    canonical(FieldKind::Text, None, longest, text).is_ok_and(|canonical| canonical == text)
}

/// The canonical form of a typed value: NFC, trimmed, runs of spaces made one, then as the kind
/// says.
///
/// `longest` counts characters (Unicode scalar values) of the canonical value; the pattern is
/// applied to it. A canonical value is its own canonical form.
///
/// # Errors
/// [`FieldError`], whose text says what to type.
pub fn canonical(
    kind: FieldKind,
    pattern: Option<&Pattern>,
    longest: u16,
    typed: &str,
) -> Result<String, FieldError> {
    if typed.len() > LONGEST_TYPED {
        return Err(FieldError::TooLong {
            longest,
            found: typed.len(),
        });
    }
    let text = plain(typed)?;
    let value = match kind {
        FieldKind::Digits => digits(text)?,
        FieldKind::Amount => amount(&text)?,
        FieldKind::Iban => iban(&text)?,
        FieldKind::Code => code(text)?,
        FieldKind::Date => date(&text)?,
        FieldKind::Text => text,
    };
    let found = value.chars().count();
    if found > usize::from(longest) {
        return Err(FieldError::TooLong { longest, found });
    }
    if pattern.is_some_and(|pattern| !pattern.is_match(&value)) {
        return Err(FieldError::Pattern);
    }
    Ok(value)
}

/// NFC, without hostile characters, trimmed, with every run of spaces (category Zs) made one
/// U+0020.
fn plain(typed: &str) -> Result<String, FieldError> {
    let mut text = String::with_capacity(typed.len());
    let mut space = false;
    for character in nfc(typed) {
        if let Some(hostile) = Hostile::of(character) {
            return Err(FieldError::Hostile { character, hostile });
        }
        if character.general_category() == GeneralCategory::SpaceSeparator {
            space = !text.is_empty();
            continue;
        }
        if space {
            text.push(' ');
            space = false;
        }
        text.push(character);
    }
    if text.is_empty() {
        Err(FieldError::Empty)
    } else {
        Ok(text)
    }
}

fn digits(text: String) -> Result<String, FieldError> {
    match text.chars().find(|character| !character.is_ascii_digit()) {
        Some(character) => Err(FieldError::Digits { character }),
        None => Ok(text),
    }
}

/// Capitals only: a small letter is refused and not changed, so that the screen shows what was
/// typed.
fn code(text: String) -> Result<String, FieldError> {
    match text
        .chars()
        .find(|character| !character.is_ascii_uppercase() && !character.is_ascii_digit())
    {
        Some(character) => Err(FieldError::Code { character }),
        None => Ok(text),
    }
}

/// `1234,5` gives `1234.50`. Three decimals are refused: they may be meant as thousands.
fn amount(text: &str) -> Result<String, FieldError> {
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, cents) = match text.split_once(['.', ',']) {
        Some((whole, cents)) if all_digits(cents) && cents.len() <= 2 => (whole, cents),
        Some(_) => return Err(FieldError::Amount),
        None => (text, ""),
    };
    if !all_digits(whole) {
        return Err(FieldError::Amount);
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole if whole.len() > AMOUNT_DIGITS => return Err(FieldError::AmountTooLarge),
        whole => whole,
    };
    Ok(format!("{whole}.{cents:0<2}"))
}

/// ISO 13616: the form, and the check digits by ISO 7064 MOD 97-10.
fn iban(text: &str) -> Result<String, FieldError> {
    let value: String = text
        .chars()
        .filter(|character| *character != ' ')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let (country, rest) = value.split_at_checked(2).ok_or(FieldError::Iban)?;
    let (check, account) = rest.split_at_checked(2).ok_or(FieldError::Iban)?;
    let form = (15..=34).contains(&value.len())
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && check.bytes().all(|byte| byte.is_ascii_digit())
        && account
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !form {
        return Err(FieldError::Iban);
    }
    // Letters count as 10 to 35. Check digits lie between 02 and 98: 00, 01 and 99 would be second
    // forms of 97, 98 and 02.
    let remainder = account
        .bytes()
        .chain(country.bytes())
        .chain(check.bytes())
        .fold(0_u32, |sum, byte| match byte {
            b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
            _ => (sum * 100 + u32::from(byte - b'A') + 10) % 97,
        });
    if remainder != 1 || matches!(check, "00" | "01" | "99") {
        return Err(FieldError::IbanCheck);
    }
    Ok(value)
}

/// `2026-11-23`, or `23.11.2026` made that.
fn date(text: &str) -> Result<String, FieldError> {
    let (year, month, day) = match text.as_bytes() {
        [y @ .., b'-', m1, m2, b'-', d1, d2] => {
            (number(y, 4), number(&[*m1, *m2], 2), number(&[*d1, *d2], 2))
        }
        [d1, d2, b'.', m1, m2, b'.', y @ ..] => {
            (number(y, 4), number(&[*m1, *m2], 2), number(&[*d1, *d2], 2))
        }
        _ => return Err(FieldError::Date),
    };
    let (Some(year), Some(month), Some(day)) = (year, month, day) else {
        return Err(FieldError::Date);
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return Err(FieldError::Date),
    };
    if year == 0 || !(1..=days).contains(&day) {
        return Err(FieldError::Date);
    }
    Ok(format!("{year:04}-{month:02}-{day:02}"))
}

/// A number of exactly so many digits.
fn number(digits: &[u8], count: usize) -> Option<u32> {
    if digits.len() != count || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        digits
            .iter()
            .fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')),
    )
}
