//! HOTP, the counter-based one-time password of RFC 4226, and the parts of it that TOTP and OCRA
//! use.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The hash function under HMAC. RFC 4226 has SHA-1 only; RFC 6238 §1.2 and RFC 6287 §5.2 add the
/// others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-1: 20 bytes. Sound under HMAC, though broken for collisions.
    Sha1,
    /// SHA-256: 32 bytes.
    Sha256,
    /// SHA-512: 64 bytes.
    Sha512,
}

impl Algorithm {
    /// The length of the hash in bytes.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// HMAC (RFC 2104) over the parts one after the other.
    pub(crate) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Digest {
        match self {
            Self::Sha1 => mac::<Hmac<Sha1>>(key, parts),
            Self::Sha256 => mac::<Hmac<Sha256>>(key, parts),
            Self::Sha512 => mac::<Hmac<Sha512>>(key, parts),
        }
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Digest {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of every length (RFC 2104 §2)")
    };
    for part in parts {
        mac.update(part);
    }
    let output = mac.finalize();
    let output = output.as_bytes();
    let mut digest = Digest {
        bytes: [0; 64],
        length: output.len(),
    };
    digest.bytes[..output.len()].copy_from_slice(output);
    digest
}

/// An HMAC of 20, 32 or 64 bytes, wiped on drop.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Digest {
    bytes: [u8; 64],
    length: usize,
}

impl Digest {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Dynamic truncation, RFC 4226 §5.3: 31 bits at the offset that the last four bits name.
    fn truncate(&self) -> u32 {
        // The offset is at most 15, and the shortest hash has 20 bytes.
        let offset = usize::from(self.bytes[self.length - 1] & 0x0f);
        let mut word = [0; 4];
        word.copy_from_slice(&self.bytes[offset..offset + 4]);
        let value = u32::from_be_bytes(word) & 0x7fff_ffff;
        word.zeroize();
        value
    }

    pub(crate) fn digits(&self, digits: Digits) -> Otp {
        let mut value = self.truncate();
        let mut otp = Otp {
            ascii: [b'0'; Digits::MOST],
            length: digits.0,
        };
        // Repeated division gives the remainder modulo 10^digits, for ten digits too, where
        // 10^digits passes 31 bits.
        for place in otp.ascii[..usize::from(digits.0)].iter_mut().rev() {
            *place = b'0' + (value % 10) as u8;
            value /= 10;
        }
        value.zeroize();
        otp
    }
}

/// How many digits a one-time password has: 4 to 10 (RFC 6287 §5.2; HOTP and TOTP use 6 to 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digits(u8);

impl Digits {
    /// Six, the most usual.
    pub const SIX: Self = Self(6);
    /// Eight.
    pub const EIGHT: Self = Self(8);
    const MOST: usize = 10;

    /// Takes 4 to 10; otherwise `None`.
    #[must_use]
    pub const fn new(digits: u8) -> Option<Self> {
        if 4 <= digits && digits as usize <= Self::MOST {
            Some(Self(digits))
        } else {
            None
        }
    }

    /// The number of digits, 4 to 10.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A one-time password: ASCII digits, wiped on drop, compared in constant time.
#[derive(ZeroizeOnDrop)]
pub struct Otp {
    ascii: [u8; Digits::MOST],
    length: u8,
}

/// The typed text is not a one-time password of the expected length. The error holds no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this code has {} digits and nothing else: type all of them", digits.get())]
pub struct NotAnOtp {
    /// How many digits the code has.
    pub digits: Digits,
}

impl Otp {
    /// Reads a typed password of exactly this many ASCII digits; spaces and hyphens between them
    /// are ignored.
    ///
    /// # Errors
    /// [`NotAnOtp`] for any other character or number of digits.
    pub fn read(digits: Digits, typed: &str) -> Result<Self, NotAnOtp> {
        let mut otp = Self {
            ascii: [b'0'; Digits::MOST],
            length: 0,
        };
        for byte in typed.bytes().filter(|byte| !matches!(byte, b' ' | b'-')) {
            if !byte.is_ascii_digit() || otp.length == digits.0 {
                return Err(NotAnOtp { digits });
            }
            otp.ascii[usize::from(otp.length)] = byte;
            otp.length += 1;
        }
        if otp.length == digits.0 {
            Ok(otp)
        } else {
            Err(NotAnOtp { digits })
        }
    }

    /// The digits, to be shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII digits are ever put in, so the empty fallback is never taken.
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.ascii[..usize::from(self.length)]
    }
}

impl ConstantTimeEq for Otp {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.length.ct_eq(&other.length) & self.ascii.ct_eq(&other.ascii)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        })
    }
}

/// HOTP(K, C) of RFC 4226 §5.3. The RFC asks for keys of 128 bits and more (§4, R6): check that
/// where a key is imported.
#[must_use]
pub fn hotp(algorithm: Algorithm, key: &[u8], counter: u64, digits: Digits) -> Otp {
    algorithm
        .hmac(key, &[&counter.to_be_bytes()])
        .digits(digits)
}

/// Looks for a typed password at `next` and up to `look_ahead` counters after it (RFC 4226 §7.4).
///
/// `next` is the first counter that was never accepted. Returns the counter that fits; the verifier
/// then stores one more than that as the new `next`, in the transaction that closes the sign-in.
/// The whole window is always computed, so that the time taken doesn't reveal where, or whether,
/// the password fitted.
#[must_use]
pub fn find(
    algorithm: Algorithm,
    key: &[u8],
    next: u64,
    look_ahead: u16,
    digits: Digits,
    typed: &Otp,
) -> Option<u64> {
    let mut found = Choice::from(0);
    let mut at = 0_u64;
    for counter in next..=next.saturating_add(u64::from(look_ahead)) {
        let fits = hotp(algorithm, key, counter, digits).ct_eq(typed) & !found;
        at = u64::conditional_select(&at, &counter, fits);
        found |= fits;
    }
    bool::from(found).then_some(at)
}

/// The password as text that wipes itself, for those that pass it on.
impl From<&Otp> for Zeroizing<String> {
    fn from(otp: &Otp) -> Self {
        Self::new(otp.as_str().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"12345678901234567890";
    /// RFC 4226 appendix D, counters 0 to 9.
    const ROWS: [&str; 10] = [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
        "520489",
    ];
    /// The truncated values of the same appendix, in decimal: all ten digits.
    const TRUNCATED: [&str; 10] = [
        "1284755224",
        "1094287082",
        "0137359152",
        "1726969429",
        "1640338314",
        "0868254676",
        "1918287922",
        "0082162583",
        "0673399871",
        "0645520489",
    ];

    #[test]
    fn the_rows_of_rfc_4226_come_out() {
        let ten = Digits::new(10).unwrap();
        for (counter, (six, all)) in (0..).zip(ROWS.iter().zip(TRUNCATED)) {
            assert_eq!(
                hotp(Algorithm::Sha1, KEY, counter, Digits::SIX).as_str(),
                *six
            );
            assert_eq!(hotp(Algorithm::Sha1, KEY, counter, ten).as_str(), all);
            assert_eq!(
                hotp(Algorithm::Sha1, KEY, counter, Digits::EIGHT).as_str(),
                &all[2..]
            );
        }
    }

    #[test]
    fn a_password_is_found_within_the_window_and_never_before_it() {
        let find = |next, row: usize| {
            let typed = Otp::read(Digits::SIX, ROWS[row]).unwrap();
            super::find(Algorithm::Sha1, KEY, next, 3, Digits::SIX, &typed)
        };
        assert_eq!(find(4, 4), Some(4));
        assert_eq!(find(4, 7), Some(7));
        assert_eq!(find(4, 8), None, "one past the window");
        assert_eq!(find(5, 4), None, "used already");
    }

    #[test]
    fn the_end_of_the_counter_is_no_overflow() {
        let last = hotp(Algorithm::Sha256, KEY, u64::MAX, Digits::SIX);
        assert_eq!(
            find(
                Algorithm::Sha256,
                KEY,
                u64::MAX - 1,
                100,
                Digits::SIX,
                &last
            ),
            Some(u64::MAX)
        );
    }

    #[test]
    fn reading_takes_the_digits_and_refuses_all_else() {
        for good in ["287082", "287 082", "287-082", " 2 8 7 0 8 2 "] {
            assert_eq!(Otp::read(Digits::SIX, good).unwrap().as_str(), "287082");
        }
        for wrong in [
            "", "28708", "2870823", "28708a", "２87082", "287.082", "287082\n",
        ] {
            assert!(Otp::read(Digits::SIX, wrong).is_err(), "{wrong:?}");
        }
        assert!(Digits::new(3).is_none() && Digits::new(11).is_none());
    }
}
