//! The PIN, and which PINs are too easy to guess.
//!
//! A PIN is exactly four ASCII digits. Nothing here can distinguish a right PIN from a wrong one:
//! the phone has nothing to compare it with.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::ZeroizeOnDrop;

/// A PIN as it was typed: four ASCII digits, wiped on drop.
///
/// It can't be copied, printed, stored or compared, so that no code can come to know whether it is
/// the right one.
#[derive(ZeroizeOnDrop)]
pub struct Pin([u8; 4]);

/// The typed text is not a PIN. The error holds no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a PIN is exactly four digits, 0 to 9: type all four")]
pub struct NotAPin;

impl Pin {
    /// Takes exactly four ASCII digits.
    ///
    /// # Errors
    /// [`NotAPin`] for another length or any other byte; nothing is trimmed or mapped.
    pub fn from_bytes(typed: &[u8]) -> Result<Self, NotAPin> {
        let digits: &[u8; 4] = typed.try_into().map_err(|_| NotAPin)?;
        if digits.iter().all(u8::is_ascii_digit) {
            Ok(Self(*digits))
        } else {
            Err(NotAPin)
        }
    }

    /// The four ASCII digits, for the key schedule.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }

    /// Whether a PIN typed twice is the same, in constant time: used only while a new PIN is being
    /// chosen.
    #[must_use]
    pub fn same_as(&self, again: &Self) -> bool {
        self.0.ct_eq(&again.0).into()
    }
}

/// The reason why a PIN is too easy to guess; [`fmt::Display`] has a text for the person who
/// chooses one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guessable {
    /// Four equal digits, such as 7777.
    FourEqual,
    /// Digits in a row, up or down, such as 2345, 4321 or 7890.
    Run,
    /// 1900 to 2099, which somebody who knows the person's age tries first.
    Year,
    /// A day and a month, in either order.
    Date,
    /// Among the PINs that people choose most often.
    Common,
}

impl fmt::Display for Guessable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FourEqual => "four equal digits are guessed first; choose four digits that differ",
            Self::Run => "digits in a row, like 1234 or 4321, are guessed first; choose another order",
            Self::Year => "this looks like a year, and years of birth are guessed first; choose something that is no year",
            Self::Date => "this looks like a day and a month, and birthdays are guessed first; choose something that is no date",
            Self::Common => "many people choose this PIN, so it is guessed first; choose another one",
        })
    }
}

impl std::error::Error for Guessable {}

/// Of the PINs that people choose most often, those that no other rule here catches.
///
/// From the twenty most frequent four-digit passwords of DataGenetics, "PIN analysis" (2012), and
/// the ten most frequent iPhone lock codes of D. Amitay (2011): 2580 and 0852 are the middle column
/// of the keypad, 5683 spells LOVE.
const COMMON: [&[u8; 4]; 5] = [b"6969", b"1313", b"2580", b"0852", b"5683"];

/// Says why a PIN is too easy to guess, if it is.
///
/// Only for the moment in which a PIN is *chosen*. To refuse a guessable PIN where an existing one
/// is entered would show a thief which PINs not to try. It isn't constant-time: the person types
/// the PIN on this screen twice anyway.
#[must_use]
pub fn guessable(pin: &Pin) -> Option<Guessable> {
    let digits = pin.0.map(|digit| digit - b'0');
    let step_by = |step: u8| {
        digits
            .windows(2)
            .all(|pair| (pair[0] + step) % 10 == pair[1])
    };
    let [first, second, third, fourth] = digits;
    let (left, right) = (first * 10 + second, third * 10 + fourth);

    if step_by(0) {
        Some(Guessable::FourEqual)
    } else if step_by(1) || step_by(9) {
        Some(Guessable::Run)
    } else if left == 19 || left == 20 {
        Some(Guessable::Year)
    } else if is_day_of(left, right) || is_day_of(right, left) {
        Some(Guessable::Date)
    } else if COMMON.contains(&&pin.0) {
        Some(Guessable::Common)
    } else {
        None
    }
}

/// Whether the day exists in the month in some year, 29 February included.
fn is_day_of(day: u8, month: u8) -> bool {
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 29,
        _ => return false,
    };
    (1..=longest).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(pin: &str) -> Option<Guessable> {
        guessable(&Pin::from_bytes(pin.as_bytes()).unwrap())
    }

    #[test]
    fn a_pin_is_exactly_four_ascii_digits() {
        assert_eq!(Pin::from_bytes(b"0470").unwrap().as_bytes(), b"0470");
        for wrong in [
            "",
            "123",
            "12345",
            "12a4",
            " 123",
            "123\n",
            "+123",
            "１２３４",
            "١٢٣٤",
        ] {
            assert!(Pin::from_bytes(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn guessable_pins_are_named_with_their_reason() {
        use Guessable::{Common, Date, FourEqual, Run, Year};
        let table: [(Guessable, &[&str]); 5] = [
            (FourEqual, &["0000", "1111", "9999"]),
            (
                Run,
                &[
                    "1234", "0123", "6789", "7890", "8901", "4321", "9876", "0987", "3210",
                ],
            ),
            (Year, &["1900", "1987", "1999", "2000", "2024", "2099"]),
            (
                Date,
                &[
                    "3112", "1231", "2902", "0229", "0101", "1212", "1004", "1122", "3004",
                ],
            ),
            (Common, &["6969", "1313", "2580", "0852", "5683"]),
        ];
        for (expected, pins) in table {
            for pin in pins {
                assert_eq!(reason(pin), Some(expected), "{pin}");
            }
        }
        for pin in [
            "3102", "3002", "0431", "3104", "1847", "2100", "1800", "0470", "5739", "1332", "0032",
            "1357",
        ] {
            assert_eq!(reason(pin), None, "{pin}");
        }
    }

    #[test]
    fn more_than_nine_pins_in_ten_remain_to_choose_from() {
        let refused = (0..10_000)
            .filter(|n| reason(&format!("{n:04}")).is_some())
            .count();
        assert_eq!(refused, 796);
    }

    #[test]
    fn a_pin_typed_twice_is_compared() {
        let pin = |text: &[u8]| Pin::from_bytes(text).unwrap();
        assert!(pin(b"5739").same_as(&pin(b"5739")));
        assert!(!pin(b"5739").same_as(&pin(b"5738")));
    }
}
