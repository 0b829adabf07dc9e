//! The corrected bits of a code, read as segments (ISO/IEC 18004, 7.4) to bytes and text.

use super::charset::{Charset, guess};

/// The content of the segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) text: Option<String>,
    /// Whether the padding is as the standard has it: a check on the result of error correction.
    pub(super) padded: bool,
}

struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl BitReader<'_> {
    fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at
    }

    fn take(&mut self, count: usize) -> Option<usize> {
        if count > self.left() {
            return None;
        }
        let value = (self.at..self.at + count).fold(0, |v, i| {
            v << 1 | usize::from(self.bytes[i / 8] >> (7 - i % 8) & 1)
        });
        self.at += count;
        Some(value)
    }
}

/// Bytes of one character set; `None` where the code names none.
struct Piece {
    set: Option<Charset>,
    bytes: Vec<u8>,
}

/// Reads the data words of a code of this version. `None` when they break the rules of the format.
pub(super) fn parse(words: &[u8], version: u8) -> Option<Content> {
    let mut bits = BitReader {
        bytes: words,
        at: 0,
    };
    let range = match version {
        1..=9 => 0,
        10..=26 => 1,
        _ => 2,
    };
    let mut pieces = vec![Piece {
        set: None,
        bytes: Vec::new(),
    }];
    let mut named = None;
    let mut gs1 = false;
    while bits.left() >= 4 {
        match bits.take(4)? {
            0 => break,
            1 => numeric(&mut bits, [10, 12, 14][range], into(&mut pieces, named))?,
            2 => alphanumeric(&mut bits, [9, 11, 13][range], gs1, into(&mut pieces, named))?,
            4 => {
                let count = bits.take([8, 16, 16][range])?;
                let out = into(&mut pieces, named);
                for _ in 0..count {
                    out.push(bits.take(8)? as u8);
                }
            }
            8 => kanji(
                &mut bits,
                [8, 10, 12][range],
                into(&mut pieces, Some(Charset::SHIFT_JIS)),
            )?,
            13 => hanzi(
                &mut bits,
                [8, 10, 12][range],
                into(&mut pieces, Some(Charset::GB_18030)),
            )?,
            // Structured append: which part of how many, and a parity. Each part is a code of its
            // own here.
            3 => drop(bits.take(16)?),
            5 => gs1 = true,
            7 => named = Some(designator(&mut bits)?),
            9 => {
                gs1 = true;
                application(bits.take(8)?, into(&mut pieces, named))?;
            }
            _ => return None,
        }
    }
    let padded = padding(&mut bits);
    let bytes = pieces
        .iter()
        .flat_map(|p| p.bytes.iter().copied())
        .collect();
    Some(Content {
        bytes,
        text: text(&pieces),
        padded,
    })
}

fn into(pieces: &mut Vec<Piece>, set: Option<Charset>) -> &mut Vec<u8> {
    if pieces.last().is_none_or(|p| p.set != set) {
        pieces.push(Piece {
            set,
            bytes: Vec::new(),
        });
    }
    let last = pieces.len() - 1;
    &mut pieces[last].bytes
}

fn numeric(bits: &mut BitReader<'_>, width: usize, out: &mut Vec<u8>) -> Option<()> {
    let mut count = bits.take(width)?;
    while count > 0 {
        let digits = count.min(3);
        let value = bits.take(1 + 3 * digits)?;
        let mut unit = 10_usize.pow(digits as u32);
        if value >= unit {
            return None;
        }
        while unit > 1 {
            unit /= 10;
            out.push(b'0' + (value / unit % 10) as u8);
        }
        count -= digits;
    }
    Some(())
}

fn alphanumeric(
    bits: &mut BitReader<'_>,
    width: usize,
    gs1: bool,
    out: &mut Vec<u8>,
) -> Option<()> {
    const SET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let count = bits.take(width)?;
    let mut found = Vec::new();
    for _ in 0..count / 2 {
        let pair = bits.take(11)?;
        found.extend([*SET.get(pair / 45)?, SET[pair % 45]]);
    }
    if count % 2 == 1 {
        found.push(*SET.get(bits.take(6)?)?);
    }
    if !gs1 {
        out.append(&mut found);
        return Some(());
    }
    // In a GS1 code a percent sign is the separator, and two are one percent sign (7.4.8.2).
    let mut rest = found.iter().copied().peekable();
    while let Some(c) = rest.next() {
        let double = c == b'%' && rest.next_if_eq(&b'%').is_some();
        out.push(if c == b'%' && !double { 0x1D } else { c });
    }
    Some(())
}

fn kanji(bits: &mut BitReader<'_>, width: usize, out: &mut Vec<u8>) -> Option<()> {
    for _ in 0..bits.take(width)? {
        let value = bits.take(13)?;
        let pair = value / 0xC0 * 256 + value % 0xC0;
        let pair = pair + if pair < 0x1F00 { 0x8140 } else { 0xC140 };
        out.extend([(pair >> 8) as u8, pair as u8]);
    }
    Some(())
}

/// GB 2312 characters, the Chinese standard's (GB/T 18284) addition.
fn hanzi(bits: &mut BitReader<'_>, width: usize, out: &mut Vec<u8>) -> Option<()> {
    if bits.take(4)? != 1 {
        return None;
    }
    for _ in 0..bits.take(width)? {
        let value = bits.take(13)?;
        let pair = value / 0x60 * 256 + value % 0x60;
        let pair = pair + if pair < 0xA00 { 0xA1A1 } else { 0xA6A1 };
        out.extend([(pair >> 8) as u8, pair as u8]);
    }
    Some(())
}

fn designator(bits: &mut BitReader<'_>) -> Option<Charset> {
    let first = bits.take(8)?;
    let value = match first {
        0x00..=0x7F => first,
        0x80..=0xBF => (first & 0x3F) << 8 | bits.take(8)?,
        0xC0..=0xDF => (first & 0x1F) << 16 | bits.take(16)?,
        _ => return None,
    };
    Some(Charset(value as u32))
}

/// FNC1 in second position: two digits or a letter (7.4.8.3).
fn application(value: usize, out: &mut Vec<u8>) -> Option<()> {
    match value {
        0..=99 => out.extend([b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]),
        165..=190 | 197..=222 => out.push((value - 100) as u8),
        _ => return None,
    }
    Some(())
}

/// Zero bits to the end of a byte, then 0xEC and 0x11 by turns (7.4.10).
fn padding(bits: &mut BitReader<'_>) -> bool {
    let partial = bits.left() % 8;
    bits.take(partial) == Some(0)
        && bits.bytes[bits.at / 8..]
            .iter()
            .zip([0xEC, 0x11].iter().cycle())
            .all(|(word, pad)| word == pad)
}

fn text(pieces: &[Piece]) -> Option<String> {
    // Where no set is named, everybody writes UTF-8, whatever the standard says; a character may
    // span two segments.
    if pieces.iter().all(|p| p.set.is_none()) {
        let bytes: Vec<u8> = pieces
            .iter()
            .flat_map(|p| p.bytes.iter().copied())
            .collect();
        return String::from_utf8(bytes)
            .or_else(|e| guess(e.as_bytes()).ok_or(()))
            .ok();
    }
    pieces
        .iter()
        .filter(|p| !p.bytes.is_empty())
        .try_fold(String::new(), |mut out, piece| {
            out.push_str(&match piece.set {
                Some(set) => set.decode(&piece.bytes)?,
                None => std::str::from_utf8(&piece.bytes)
                    .map(str::to_owned)
                    .ok()
                    .or_else(|| guess(&piece.bytes))?,
            });
            Some(out)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bits as text, filled up with the terminator and padding.
    fn words(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits
            .bytes()
            .filter(|b| *b != b' ')
            .map(|b| b - b'0')
            .chain([0; 4])
            .collect();
        let mut out: Vec<u8> = bits
            .chunks(8)
            .map(|c| c.iter().enumerate().fold(0, |b, (i, v)| b | v << (7 - i)))
            .collect();
        out.extend([0xEC, 0x11, 0xEC]);
        out
    }

    fn text_of(bits: &str) -> Option<String> {
        let content = parse(&words(bits), 1)?;
        assert!(content.padded);
        content.text
    }

    #[test]
    fn each_mode_reads_the_standards_examples() {
        // ISO/IEC 18004, 7.4.3 (numeric), 7.4.4 (alphanumeric), 7.4.6 (kanji: 点茗).
        assert_eq!(
            text_of("0001 0000001000 0000001100 0101011001 1000011").as_deref(),
            Some("01234567")
        );
        assert_eq!(
            text_of("0010 000000101 00111001110 11100111001 000010").as_deref(),
            Some("AC-42")
        );
        assert_eq!(
            text_of("1000 00000010 0110110011111 1101010101010").as_deref(),
            Some("点茗")
        );
        assert_eq!(
            text_of("0100 00000010 01001000 01101001").as_deref(),
            Some("Hi")
        );
    }

    #[test]
    fn a_named_character_set_is_followed_and_a_missing_one_means_utf_8() {
        // ECI 9 is ISO 8859-7: 7.4.2's example ΑΒΓΔΕ.
        let greek = "0111 00001001 0100 00000101 11000001 11000010 11000011 11000100 11000101";
        assert_eq!(text_of(greek).as_deref(), Some("ΑΒΓΔΕ"));
        assert_eq!(
            text_of("0100 00000010 11000100 10000001").as_deref(),
            Some("ā")
        );
    }

    #[test]
    fn percent_signs_in_a_gs1_code_are_separators() {
        // FNC1, then A%B%%C in alphanumeric mode.
        let value = |a: usize, b: usize| format!("{:011b}", a * 45 + b);
        let bits = format!(
            "0101 0010 000000110 {} {} {}",
            value(10, 38),
            value(11, 38),
            value(38, 12)
        );
        assert_eq!(text_of(&bits).as_deref(), Some("A\u{1d}B%C"));
    }

    #[test]
    fn what_breaks_the_format_is_refused() {
        // Numbers above 999 in three digits, characters past the 45, a count past the end, modes
        // that don't exist.
        for bits in [
            "0001 0000000011 1111101000",
            "0010 000000010 11111101001",
            "0100 11111111",
            "0110",
            "1111",
        ] {
            assert_eq!(parse(&words(bits), 1), None, "{bits}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]
        #[test]
        fn any_words_are_read_or_refused_without_a_panic(words in prop::collection::vec(any::<u8>(), 0..400), version in 1_u8..=40) {
            let _ = parse(&words, version);
        }
    }
}
