//! The PIN while it is being typed: digit by digit into Rust, and never back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign::{Guessable, NotAPin, Pin, guessable};
use zeroize::Zeroize;

/// A pushed value is not a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum PinEntryError {
    /// A digit is 0 to 9.
    #[error("a PIN has digits 0 to 9 only")]
    NotADigit,
}

/// Four digits that are being typed on a keypad.
///
/// Push each digit as it is typed, and hand the entry to the call that needs the PIN. That call
/// takes the digits and leaves the entry empty, whatever comes of it, so that the next attempt is
/// typed again. The digits are wiped when they are taken, cleared, or the entry is closed. Nothing
/// gives them back; a screen shows as many dots as `length` says.
#[derive(uniffi::Object)]
pub struct PinEntry(Mutex<Typed>);

/// So many digits have been typed; the rest is zero.
struct Typed {
    digits: [u8; 4],
    length: usize,
}

impl Typed {
    fn pin(&self) -> Result<Pin, NotAPin> {
        Pin::from_bytes(&self.digits[..self.length])
    }

    fn clear(&mut self) {
        self.digits.zeroize();
        self.length = 0;
    }
}

impl Drop for Typed {
    fn drop(&mut self) {
        self.clear();
    }
}

#[uniffi::export]
impl PinEntry {
    /// An empty entry.
    #[uniffi::constructor]
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::new(Typed {
            digits: [0; 4],
            length: 0,
        }))
    }

    /// Adds a digit, 0 to 9, and returns how many there are. A fifth is ignored.
    ///
    /// # Errors
    /// If it is no digit; the entry is as it was.
    pub fn push(&self, digit: i32) -> Result<i32, PinEntryError> {
        let digit = u8::try_from(digit)
            .ok()
            .filter(|digit| *digit <= 9)
            .ok_or(PinEntryError::NotADigit)?;
        let mut typed = self.typed();
        let length = typed.length;
        if let Some(free) = typed.digits.get_mut(length) {
            *free = b'0' + digit;
            typed.length += 1;
        }
        Ok(typed.length as i32)
    }

    /// Takes the last digit away, if there is one, and returns how many are left.
    pub fn erase(&self) -> i32 {
        let mut typed = self.typed();
        typed.length = typed.length.saturating_sub(1);
        let length = typed.length;
        typed.digits[length..].zeroize();
        length as i32
    }

    /// Takes all digits away.
    pub fn clear(&self) {
        self.typed().clear();
    }

    /// How many digits have been typed: 0 to 4.
    pub fn length(&self) -> i32 {
        self.typed().length as i32
    }

    /// Why the PIN is too easy to guess, if all four digits are there and it is. Ask only where a
    /// new PIN is chosen: where an existing one is entered, it would tell a thief which PINs not to
    /// try.
    pub fn guessable(&self) -> Option<Guessable> {
        guessable(&self.typed().pin().ok()?)
    }
}

impl Default for PinEntry {
    fn default() -> Self {
        Self::new()
    }
}

impl PinEntry {
    /// Takes the PIN out. With fewer than four digits the entry is as it was.
    pub(crate) fn take(&self) -> Result<Pin, NotAPin> {
        let mut typed = self.typed();
        let pin = typed.pin()?;
        typed.clear();
        Ok(pin)
    }

    fn typed(&self) -> MutexGuard<'_, Typed> {
        // A panic while it was held left whole digits behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the person unlocks an approval, a code or a signature.
#[derive(Clone, uniffi::Enum)]
pub enum UnlockMethod {
    /// Nothing: for a code that asks for none.
    Nothing,
    /// The PIN. The call takes the digits out of the entry, whatever comes of it.
    Pin {
        /// The digits.
        pin: Arc<PinEntry>,
    },
    /// A finger or face, in the place of the PIN.
    Biometrics,
}

impl UnlockMethod {
    /// Takes the PIN out of its entry, where it is the PIN.
    pub(crate) fn take(self) -> Result<countersign::UnlockMethod, NotAPin> {
        Ok(match self {
            Self::Nothing => countersign::UnlockMethod::Nothing,
            Self::Pin { pin } => pin.take()?.into(),
            Self::Biometrics => countersign::UnlockMethod::Biometrics,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(digits: &[i32]) -> PinEntry {
        let entry = PinEntry::new();
        for digit in digits {
            entry.push(*digit).unwrap();
        }
        entry
    }

    #[test]
    fn digits_are_pushed_erased_and_cleared() {
        let entry = typed(&[4, 0, 7]);
        assert_eq!(entry.erase(), 2);
        assert_eq!(entry.push(9), Ok(3));
        assert_eq!(entry.push(1), Ok(4));
        assert_eq!(entry.push(8), Ok(4), "a fifth is ignored");
        assert_eq!(entry.take().unwrap().as_bytes(), b"4091");
        assert_eq!(entry.length(), 0, "taken is gone");
        entry.push(5).unwrap();
        entry.clear();
        assert_eq!((entry.length(), entry.erase()), (0, 0));
    }

    #[test]
    fn what_is_no_digit_changes_nothing() {
        let entry = typed(&[1, 2, 3]);
        for wrong in [-1, 10, i32::from(b'4'), i32::MAX, i32::MIN] {
            assert_eq!(entry.push(wrong), Err(PinEntryError::NotADigit));
        }
        assert!(entry.take().is_err());
        assert_eq!(entry.length(), 3, "an incomplete PIN stays to be completed");
    }

    #[test]
    fn nothing_of_the_digits_is_left_behind() {
        let entry = typed(&[4, 0, 7, 1]);
        drop(entry.take());
        assert_eq!(entry.typed().digits, [0; 4]);
        let entry = typed(&[4, 0, 7, 1]);
        entry.erase();
        assert_eq!(entry.typed().digits, *b"407\0");
        entry.clear();
        assert_eq!(entry.typed().digits, [0; 4]);
    }

    #[test]
    fn a_new_pin_that_is_easy_to_guess_is_named() {
        assert_eq!(typed(&[1, 2, 3, 4]).guessable(), Some(Guessable::Run));
        assert_eq!(typed(&[4, 0, 7, 1]).guessable(), None);
        assert_eq!(typed(&[1, 2, 3]).guessable(), None);
    }
}
