//! Telling people from programs, as far as a form of strangers needs it: a picture of six digits,
//! the same digits spoken, and work that a browser does in silence.
//!
//! Everything here is a pure function. What holds it together is in `web/check.rs`:
//!
//! - A form of a stranger carries a **check**: a number of six digits, an identifier, an expiry and
//!   a difficulty, sealed for one browser. Nothing is stored until somebody answers it.
//! - A browser with script does some [work](work) for the check while the person types, and the
//!   person is asked nothing. The work costs a phone a second or two, and whoever fills in forms by
//!   the thousand as much for each. It doubles with each quarter of its allowance that a network
//!   has used, and beyond the allowance it is not taken.
//! - Without script, or without allowance, the person types the digits, which are
//!   [drawn](draw::png) and [spoken](speak::wav). Three wrong answers end a check.
//! - A check that was answered is spent: the store has its identifier until it expires.
//!
//! None of this keeps a determined program out: machines read pictures well. It makes each form
//! cost something. What keeps mailboxes from being flooded are the limits of messages by address,
//! and the budgets of the edge by source, which hold beside it.

mod dice;
pub(crate) mod draw;
mod glyphs;
pub(crate) mod speak;
pub(crate) mod work;

use subtle::ConstantTimeEq;

/// How many digits a picture shows.
pub(crate) const DIGITS: usize = 6;
/// All numbers of so many digits.
pub(crate) const NUMBERS: u32 = 1_000_000;

/// The number that a picture shows.
#[derive(Clone, Copy)]
pub(crate) struct Number(u32);

impl Number {
    /// The last six decimal digits of a number.
    pub(crate) const fn new(number: u32) -> Self {
        Self(number % NUMBERS)
    }

    /// As a number.
    pub(crate) const fn get(self) -> u32 {
        self.0
    }

    /// What a person typed: six digits, with or without spaces.
    pub(crate) fn typed(text: &str) -> Option<Self> {
        let shown = text.chars().filter(|c| !c.is_whitespace());
        let digits: Vec<u32> = shown.map(|c| c.to_digit(10)).collect::<Option<_>>()?;
        let digits: [u32; DIGITS] = digits.try_into().ok()?;
        Some(Self(
            digits.iter().fold(0, |number, digit| number * 10 + digit),
        ))
    }

    /// Whether both are the same; the time that this takes tells nothing.
    pub(crate) fn is(self, other: Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// Its digits, in order.
    fn digits(self) -> [usize; DIGITS] {
        let mut rest = self.0 as usize;
        let mut digits = [0; DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit = rest % 10;
            rest /= 10;
        }
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_number_has_six_digits_and_any_spaces() {
        for (text, number) in [
            ("012345", Some(12_345)),
            (" 012 345 ", Some(12_345)),
            ("9 9 9 9 9 9", Some(999_999)),
            ("", None),
            ("12345", None),
            ("1234567", None),
            ("12345x", None),
            ("-12345", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(Number::typed(text).map(Number::get), number, "{text}");
        }
        assert_eq!(Number::new(12_345).digits(), [0, 1, 2, 3, 4, 5]);
        assert!(Number::new(7).is(Number::new(1_000_007)));
        assert!(!Number::new(7).is(Number::new(8)));
    }
}
