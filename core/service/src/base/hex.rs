//! Lower-case hexadecimal, for identifiers in addresses, forms and cookies.

use countersign_protocol::id::{ChallengeId, DeviceId, EnrolmentId};
use serde::{Deserialize, Deserializer, de};

/// An identifier that a form or an address gives as its lower-case hexadecimal digits, exactly as
/// many as it has. Anything else is a wrong form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hex<T>(pub(crate) T);

/// What [`Hex`] can hold.
pub(crate) trait FromHex: Sized {
    /// The value with these digits.
    fn from_hex(digits: &str) -> Option<Self>;
}

impl<const N: usize> FromHex for [u8; N] {
    fn from_hex(digits: &str) -> Option<Self> {
        decode(digits)
    }
}

macro_rules! identifiers {
    ($($name:ident)*) => {$(
        impl FromHex for $name {
            fn from_hex(digits: &str) -> Option<Self> {
                decode(digits).map(Self)
            }
        }
    )*};
}

identifiers!(ChallengeId DeviceId EnrolmentId);

impl<'de, T: FromHex> Deserialize<'de> for Hex<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        let value = T::from_hex(&digits).map(Self);
        value.ok_or_else(|| de::Error::custom("not the digits of an identifier"))
    }
}

/// `bytes` as lower-case hexadecimal digits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

/// Exactly `N` bytes from their lower-case digits; anything else is `None`.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut out = [0; N];
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{DeviceId, Hex};

    #[test]
    fn an_identifier_has_exactly_its_digits() {
        let read = |text: &str| serde_json::from_value::<Hex<DeviceId>>(text.into());
        let Hex(dev) = read("00000000000000fe").unwrap();
        assert_eq!(dev.to_string(), "00000000000000fe");
        for text in [
            "",
            "fe",
            "00000000000000FE",
            "000000000000000fe",
            " 0000000000000fe",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn hexadecimal_is_strict() {
        assert_eq!(
            super::decode::<2>(&super::encode(&[0, 0xfe])),
            Some([0, 0xfe])
        );
        for text in ["00f", "00f0f0", "00FE", "0g00", "", "é0"] {
            assert_eq!(super::decode::<2>(text), None, "{text}");
        }
    }
}
