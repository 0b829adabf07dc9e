//! Text to a QR code: modules, SVG, PNG and lines for a terminal.
//!
//! The text is cut into segments of the modes that take the fewest bits, so that the code is the
//! smallest that holds it, and the finished code is read again before anybody sees it.

use std::fmt::Write;

use qrcode::bits::Bits;
use qrcode::optimize::Segment;
use qrcode::types::{Color, Mode, QrError};
use qrcode::{EcLevel, QrCode, Version};
use thiserror::Error;

use crate::scan::{Image, Level, thorough};

/// White modules around a code, on each side (ISO/IEC 18004, 9.1).
pub const QUIET_ZONE: usize = 4;

/// The longest side of a PNG, in pixels.
const MAX_PNG_SIDE: usize = 8_192;

/// Why a text could not be drawn.
#[derive(Debug, Error)]
pub enum DrawError {
    /// Nothing to draw.
    #[error("there is no text to draw; give at least one character")]
    Empty,
    /// More than version 40 holds.
    #[error(
        "the text of {0} bytes is too long for a QR code at this level; shorten it or choose a lower level"
    )]
    TooLong(usize),
    /// The picture would be too large.
    #[error(
        "a picture of {0} pixels a side is too large (at most {MAX_PNG_SIDE}); choose smaller modules"
    )]
    TooLarge(usize),
    /// The code was drawn and reads as something else, which should not happen.
    #[error("the drawn code could not be read back; please report this text")]
    Unreadable,
    /// The PNG encoder failed.
    #[error("the picture could not be written: {0}")]
    Png(#[from] png::EncodingError),
}

/// A drawn code: a square of modules, without the quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    modules: Vec<bool>,
    size: usize,
    version: u8,
    level: Level,
}

/// The smallest code that holds `text` at `level`.
///
/// # Errors
/// [`DrawError`] when the text is empty or too long.
pub fn draw(text: &str, level: Level) -> Result<Drawing, DrawError> {
    let drawing = encode(text.as_bytes(), level)?;
    let scale = 4;
    let (pixels, side) = drawing.pixels(scale);
    let image = Image::grey(&pixels, side, side, side).map_err(|_| DrawError::TooLarge(side))?;
    if thorough(image)
        .iter()
        .any(|code| code.bytes == text.as_bytes())
    {
        Ok(drawing)
    } else {
        Err(DrawError::Unreadable)
    }
}

fn encode(bytes: &[u8], level: Level) -> Result<Drawing, DrawError> {
    if bytes.is_empty() {
        return Err(DrawError::Empty);
    }
    let too_long = |_: QrError| DrawError::TooLong(bytes.len());
    let correction = match level {
        Level::L => EcLevel::L,
        Level::M => EcLevel::M,
        Level::Q => EcLevel::Q,
        Level::H => EcLevel::H,
    };
    // The width of the length fields grows with the version, in three ranges; so the best cut may
    // differ.
    for (first, last) in [(1, 9), (10, 26), (27, 40)] {
        let cut = segments(bytes, Version::Normal(first));
        let needed: usize = cut
            .iter()
            .map(|s| s.encoded_len(Version::Normal(first)))
            .sum();
        for version in (first..=last).map(Version::Normal) {
            let mut bits = Bits::new(version);
            if needed > bits.max_len(correction).map_err(too_long)? {
                continue;
            }
            bits.push_segments(bytes, cut.iter().copied())
                .map_err(too_long)?;
            bits.push_terminator(correction).map_err(too_long)?;
            let code = QrCode::with_bits(bits, correction).map_err(too_long)?;
            let Version::Normal(number) = code.version() else {
                return Err(DrawError::Unreadable);
            };
            let size = code.width();
            let modules = code
                .to_colors()
                .into_iter()
                .map(|c| c == Color::Dark)
                .collect();
            return Ok(Drawing {
                modules,
                size,
                version: number as u8,
                level,
            });
        }
    }
    Err(DrawError::TooLong(bytes.len()))
}

const MODES: [Mode; 3] = [Mode::Numeric, Mode::Alphanumeric, Mode::Byte];

fn fits(mode: Mode, byte: u8) -> bool {
    match mode {
        Mode::Numeric => byte.is_ascii_digit(),
        Mode::Alphanumeric => {
            byte.is_ascii_digit() || byte.is_ascii_uppercase() || b" $%*+-./:".contains(&byte)
        }
        // Kanji mode is never used: readers disagree on what Shift JIS means inside a text of
        // UTF-8.
        Mode::Byte | Mode::Kanji => true,
    }
}

/// The cut of least bits, by dynamic programming over the byte's position and mode.
///
/// Costs are counted in sixths of a bit: a digit is 10/3 bits, an alphanumeric character 11/2. A
/// segment's end rounds up to whole bits, which is what numeric mode (4 or 7 bits for a rest) and
/// alphanumeric mode (6) come to.
fn segments(bytes: &[u8], version: Version) -> Vec<Segment> {
    const NEVER: u32 = u32::MAX / 2;
    let header =
        MODES.map(|m| 6 * (version.mode_bits_count() + m.length_bits_count(version)) as u32);
    let mut cost = header;
    let mut steps: Vec<[u8; 3]> = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        let mut step = [0, 1, 2];
        let mut after = [NEVER; 3];
        for (m, mode) in MODES.into_iter().enumerate() {
            if fits(mode, byte) {
                after[m] = cost[m] + [20, 33, 48][m];
            }
        }
        // Closing one segment and opening another after this byte.
        let closed = after;
        for to in 0..3 {
            for (from, &closed) in closed.iter().enumerate() {
                let through = closed.div_ceil(6) * 6 + header[to];
                if closed < NEVER && through < after[to] {
                    after[to] = through;
                    step[to] = from as u8;
                }
            }
        }
        steps.push(step);
        cost = after;
    }
    // Back from the cheapest end; a step says in which mode a byte is, given the mode of what
    // follows.
    let mut mode = (0..3).min_by_key(|&m| cost[m].div_ceil(6)).unwrap_or(2);
    let mut out: Vec<Segment> = Vec::new();
    for (i, step) in steps.iter().enumerate().rev() {
        mode = usize::from(step[mode]);
        match out.last_mut() {
            Some(s) if s.mode == MODES[mode] => s.begin = i,
            _ => out.push(Segment {
                mode: MODES[mode],
                begin: i,
                end: i + 1,
            }),
        }
    }
    out.reverse();
    out
}

impl Drawing {
    /// Modules a side, without the quiet zone.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// 1 to 40.
    #[must_use]
    pub fn version(&self) -> u8 {
        self.version
    }

    /// The level of error correction.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Whether a module is dark. The quiet zone, and everything outside, is light.
    #[must_use]
    pub fn dark(&self, x: usize, y: usize) -> bool {
        x < self.size && y < self.size && self.modules[y * self.size + x]
    }

    /// An SVG image: a white square and one black path. It has no size of its own; a module is one
    /// unit.
    #[must_use]
    pub fn svg(&self) -> String {
        let side = self.size + 2 * QUIET_ZONE;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <rect fill=\"#fff\" width=\"{side}\" height=\"{side}\"/><path d=\""
        );
        for y in 0..self.size {
            let mut x = 0;
            while x < self.size {
                let run = (x..self.size).take_while(|&x| self.dark(x, y)).count();
                if run > 0 {
                    let _ = write!(
                        out,
                        "M{} {}h{run}v1h-{run}z",
                        x + QUIET_ZONE,
                        y + QUIET_ZONE
                    );
                }
                x += run.max(1);
            }
        }
        out.push_str("\"/></svg>\n");
        out
    }

    /// A PNG image of one bit a pixel; `scale` pixels a module, at least 1.
    ///
    /// # Errors
    /// [`DrawError::TooLarge`] above 8192 pixels a side.
    pub fn png(&self, scale: usize) -> Result<Vec<u8>, DrawError> {
        let side = (self.size + 2 * QUIET_ZONE).saturating_mul(scale.max(1));
        if side > MAX_PNG_SIDE {
            return Err(DrawError::TooLarge(side));
        }
        let (pixels, side) = self.pixels(scale.max(1));
        let mut packed = Vec::with_capacity(side.div_ceil(8) * side);
        for row in pixels.chunks_exact(side) {
            packed.extend(row.chunks(8).map(|eight| {
                eight
                    .iter()
                    .enumerate()
                    .fold(0, |b, (i, &p)| b | (p & 0x80) >> i)
            }));
        }
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, side as u32, side as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        encoder.write_header()?.write_image_data(&packed)?;
        Ok(out)
    }

    /// Lines for a terminal, two modules a character, with the quiet zone. Colours are set
    /// explicitly, so that a dark terminal shows black on white too.
    #[must_use]
    pub fn terminal(&self) -> String {
        let side = self.size + 2 * QUIET_ZONE;
        let dark = |x: usize, y: usize| {
            x >= QUIET_ZONE && y >= QUIET_ZONE && self.dark(x - QUIET_ZONE, y - QUIET_ZONE)
        };
        let mut out = String::new();
        for y in (0..side).step_by(2) {
            // White paper (bright white, 256 colours) under black ink.
            out.push_str("\u{1b}[38;5;16;48;5;231m");
            for x in 0..side {
                out.push(match (dark(x, y), dark(x, y + 1)) {
                    (false, false) => ' ',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (true, true) => '█',
                });
            }
            out.push_str("\u{1b}[0m\n");
        }
        out
    }

    /// Grey pixels with the quiet zone, and their side.
    pub(crate) fn pixels(&self, scale: usize) -> (Vec<u8>, usize) {
        let side = (self.size + 2 * QUIET_ZONE) * scale;
        let mut out = vec![255; side * side];
        for (i, _) in self.modules.iter().enumerate().filter(|(_, dark)| **dark) {
            let (x, y) = (
                (i % self.size + QUIET_ZONE) * scale,
                (i / self.size + QUIET_ZONE) * scale,
            );
            for row in out.chunks_exact_mut(side).skip(y).take(scale) {
                row[x..x + scale].fill(0);
            }
        }
        (out, side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::decode_file;

    fn texts(png: &[u8]) -> Vec<String> {
        decode_file(png)
            .unwrap()
            .into_iter()
            .filter_map(|c| c.text)
            .collect()
    }

    #[test]
    fn a_challenge_link_is_alphanumeric_with_its_fragment_as_one_more_segment() {
        let link = "HTTPS://SIGN.EXAMPLE.EU/Q/MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZPI";
        let alone = segments(link.as_bytes(), Version::Normal(1));
        assert_eq!(
            alone.iter().map(|s| s.mode).collect::<Vec<_>>(),
            [Mode::Alphanumeric]
        );
        for fragment in ["#mfrggzdfmztwq2lk", "#MFRGGZDFMZTWQ2LKNNWG23TP"] {
            let both = format!("{link}{fragment}");
            let modes: Vec<_> = segments(both.as_bytes(), Version::Normal(1))
                .iter()
                .map(|s| s.mode)
                .collect();
            assert!(
                modes.starts_with(&[Mode::Alphanumeric, Mode::Byte]) && modes.len() <= 3,
                "{modes:?}"
            );
            assert_eq!(
                texts(&draw(&both, Level::M).unwrap().png(3).unwrap()),
                [both]
            );
        }
    }

    #[test]
    fn a_183_byte_challenge_with_a_host_of_20_characters_fits_version_11_at_level_m() {
        let link = format!(
            "HTTPS://SIGN0.EXAMPLE-XYZ.EU/Q/{}",
            "A".repeat((183_usize * 8).div_ceil(5))
        );
        assert_eq!(draw(&link, Level::M).unwrap().version(), 11);
    }

    #[test]
    fn no_cut_into_segments_is_shorter() {
        // All cuts of short texts, by brute force.
        fn best(bytes: &[u8], version: Version) -> usize {
            (0..bytes.len()).fold(vec![0], |mut at, end| {
                let cheapest = (0..=end)
                    .flat_map(|begin| MODES.map(|mode| (begin, mode)))
                    .filter(|&(begin, mode)| bytes[begin..=end].iter().all(|&b| fits(mode, b)))
                    .map(|(begin, mode)| {
                        at[begin]
                            + Segment {
                                mode,
                                begin,
                                end: end + 1,
                            }
                            .encoded_len(version)
                    })
                    .min();
                at.push(cheapest.unwrap());
                at
            })[bytes.len()]
        }
        for text in [
            "1",
            "A",
            "a",
            "12345678ABCDEFab",
            "aB1234567890c",
            "ABCDEFGHIJ1234567890123abcd",
            "a1b2C3D4E5F6G7H8I9",
            "#77777777777777A",
        ] {
            for version in [1, 10, 27].map(Version::Normal) {
                let cut = segments(text.as_bytes(), version);
                let bits: usize = cut.iter().map(|s| s.encoded_len(version)).sum();
                assert_eq!(bits, best(text.as_bytes(), version), "{text} {cut:?}");
                let joined: String = cut.iter().map(|s| &text[s.begin..s.end]).collect();
                assert_eq!(joined, text);
            }
        }
    }

    #[test]
    fn a_terminal_shows_what_a_scanner_reads() {
        let drawing = draw("HTTPS://EXAMPLE.EU/", Level::Q).unwrap();
        let (mut dark, mut width) = (Vec::new(), 0);
        for line in drawing.terminal().lines() {
            let line = line
                .strip_prefix("\u{1b}[38;5;16;48;5;231m")
                .unwrap()
                .strip_suffix("\u{1b}[0m")
                .unwrap();
            width = line.chars().count();
            for half in ['▀', '▄'] {
                dark.extend(
                    line.chars()
                        .map(|c| if c == half || c == '█' { 0_u8 } else { 255 }),
                );
            }
        }
        let big: Vec<u8> = dark
            .chunks(width)
            .flat_map(|r| r.iter().flat_map(|&p| [p; 3]).collect::<Vec<_>>().repeat(3))
            .collect();
        let image = Image::grey(&big, 3 * width, big.len() / 3 / width, 3 * width).unwrap();
        assert_eq!(
            thorough(image)[0].text.as_deref(),
            Some("HTTPS://EXAMPLE.EU/")
        );
    }

    #[test]
    fn an_svg_is_one_path_over_white_and_covers_every_dark_module_once() {
        let drawing = draw("svg", Level::L).unwrap();
        let svg = drawing.svg();
        assert_eq!(svg.matches("<path").count(), 1);
        let runs: usize = svg
            .split('M')
            .skip(1)
            .filter_map(|p| p.split(['h', 'v']).nth(1)?.parse::<usize>().ok())
            .sum();
        assert_eq!(runs, drawing.modules.iter().filter(|d| **d).count());
    }

    #[test]
    fn texts_that_cannot_be_drawn_are_refused_with_the_reason() {
        assert!(matches!(draw("", Level::L), Err(DrawError::Empty)));
        assert!(matches!(
            draw(&"x".repeat(2954), Level::L),
            Err(DrawError::TooLong(2954))
        ));
        assert!(draw(&"x".repeat(2953), Level::L).is_ok());
        assert!(draw(&"7".repeat(7089), Level::L).is_ok());
        assert!(matches!(
            draw("x", Level::L).unwrap().png(1000),
            Err(DrawError::TooLarge(_))
        ));
    }
}
