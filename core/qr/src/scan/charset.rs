//! Bytes to text, by the character set that a code names (ECI) or that is likely.
//!
//! UTF-8, ASCII and ISO 8859-1 are always there: nothing else is in a sign-in code. The rest comes
//! with feature `charsets`, which an app leaves out (its tables take as much room as the scanner).

/// A character set by its number in an extended channel interpretation (AIM ECI assignments, part
/// 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Charset(pub(super) u32);

impl Charset {
    pub(super) const SHIFT_JIS: Self = Self(20);
    pub(super) const GB_18030: Self = Self(32);

    /// The text, or `None` if these bytes are none in it, or it is not known here.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<String> {
        match self.0 {
            26 => String::from_utf8(bytes.to_vec()).ok(),
            27 | 170 => bytes.is_ascii().then(|| latin_1(bytes)),
            1 | 3 => Some(latin_1(bytes)),
            other => foreign(other, bytes),
        }
    }
}

/// The text of bytes that are not UTF-8 and name no character set.
pub(super) fn guess(bytes: &[u8]) -> Option<String> {
    // ISO 8859-1 takes any bytes; but three double-byte characters in a row, or as many half-width
    // katakana, are hardly Western.
    let japanese = longest_run(bytes) >= 3;
    japanese
        .then(|| Charset::SHIFT_JIS.decode(bytes))
        .flatten()
        .or_else(|| Some(latin_1(bytes)))
}

fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// The most characters in a row that are Shift JIS and not ASCII; 0 if anything is not Shift JIS.
fn longest_run(bytes: &[u8]) -> usize {
    let (mut run, mut longest) = (0, 0);
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        run = match byte {
            0x00..=0x7F => 0,
            0xA1..=0xDF => run + 1,
            0x81..=0x9F | 0xE0..=0xFC => match rest.next() {
                Some(0x40..=0x7E | 0x80..=0xFC) => run + 1,
                _ => return 0,
            },
            _ => return 0,
        };
        longest = longest.max(run);
    }
    longest
}

#[cfg(not(feature = "charsets"))]
fn foreign(_: u32, _: &[u8]) -> Option<String> {
    None
}

#[cfg(feature = "charsets")]
fn foreign(number: u32, bytes: &[u8]) -> Option<String> {
    use encoding_rs as e;
    let encoding = match number {
        4 => e::ISO_8859_2,
        5 => e::ISO_8859_3,
        6 => e::ISO_8859_4,
        7 => e::ISO_8859_5,
        8 => e::ISO_8859_6,
        9 => e::ISO_8859_7,
        10 => e::ISO_8859_8,
        11 => e::WINDOWS_1254,
        12 => e::ISO_8859_10,
        13 => e::WINDOWS_874,
        15 => e::ISO_8859_13,
        16 => e::ISO_8859_14,
        17 => e::ISO_8859_15,
        18 => e::ISO_8859_16,
        20 => e::SHIFT_JIS,
        21 => e::WINDOWS_1250,
        22 => e::WINDOWS_1251,
        23 => e::WINDOWS_1252,
        24 => e::WINDOWS_1256,
        25 => e::UTF_16BE,
        28 => e::BIG5,
        29 => e::GBK,
        30 => e::EUC_KR,
        32 => e::GB18030,
        33 => e::UTF_16LE,
        _ => return None,
    };
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_name_no_set_are_western_unless_they_look_japanese() {
        assert_eq!(guess(b"caf\xE9").as_deref(), Some("caf\u{E9}"));
        assert_eq!(guess(b"\xE9t\xE9").as_deref(), Some("\u{E9}t\u{E9}"));
        if cfg!(feature = "charsets") {
            let text = "\u{65E5}\u{672C}\u{8A9E}";
            assert_eq!(guess(b"\x93\xFA\x96\x7B\x8C\xEA").as_deref(), Some(text));
        }
    }

    #[test]
    fn what_a_set_does_not_hold_is_no_text() {
        assert_eq!(Charset(27).decode(b"\xE9"), None);
        assert_eq!(Charset(26).decode(b"\xE9"), None);
        assert_eq!(Charset(899).decode(b"binary"), None);
    }
}
