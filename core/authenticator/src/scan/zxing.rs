//! rxing's sampler for three finder patterns: many alignment patterns, strong tilt, and the codes of 1994 ("model 1").

use std::panic::{AssertUnwindSafe, catch_unwind};

use rxing::common::cpp_essentials::ConcentricPattern;
use rxing::common::{BitArray, BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{FinderPatternSet, SampleQR};

use super::binary::Bits;
use super::finder::Finder;
use super::grid::Triple;
use super::symbol::{Modules, Symbol};
use super::{Level, segments, symbol};

/// The same bits in rxing's form.
pub(super) fn matrix(bits: &Bits) -> Option<BitMatrix> {
    let mut out = BitMatrix::new(bits.width() as u32, bits.height() as u32).ok()?;
    let mut row = BitArray::with_size(bits.width());
    for y in 0..bits.height() {
        for (i, &word) in bits.row(y).iter().enumerate() {
            if usize::BITS == 64 {
                row.setBulk(i * 64, word as usize);
            } else {
                row.setBulk(i * 64, word as u32 as usize);
                if i * 64 + 32 < bits.width() {
                    row.setBulk(i * 64 + 32, (word >> 32) as usize);
                }
            }
        }
        out.setRow(y as u32, &row);
    }
    Some(out)
}

/// A code's content and corners, in pixels of the matrix. A panic inside rxing counts as nothing found: rxing keeps no state between
/// calls, so nothing half-changed survives it.
pub(super) fn read(matrix: &BitMatrix, triple: &Triple) -> Option<(Symbol, [(f32, f32); 4])> {
    catch_unwind(AssertUnwindSafe(|| sample(matrix, triple)))
        .ok()
        .flatten()
}

fn sample(matrix: &BitMatrix, triple: &Triple) -> Option<(Symbol, [(f32, f32); 4])> {
    let pattern = |f: &Finder| ConcentricPattern {
        p: rxing::point(f.x, f.y),
        size: (7.0 * f.module).round() as i32,
    };
    let set = FinderPatternSet {
        bl: pattern(&triple.below),
        tl: pattern(&triple.corner),
        tr: pattern(&triple.right),
    };
    let found = SampleQR(matrix, &set).ok()?;
    let bits = found.getBits();
    let size = bits.width() as usize;
    if bits.height() as usize != size {
        return None;
    }
    let dark = (0..size * size)
        .map(|i| bits.get((i % size) as u32, (i / size) as u32))
        .collect();
    let modules = Modules {
        size,
        dark,
        sure: Vec::new(),
    };
    let symbol = symbol::read_either_way(&modules)
        .or_else(|| modules.may_be_model_1().then(|| model_1(bits)).flatten())?;
    let points = found.getPoints();
    // In the order top left, top right, bottom left, bottom right.
    let corner = |i: usize| points.get(i).map_or((0.0, 0.0), |p| (p.x, p.y));
    Some((symbol, [corner(0), corner(1), corner(3), corner(2)]))
}

/// Codes of the first edition, with another layout and other tables, are rxing's to decode.
fn model_1(bits: &BitMatrix) -> Option<Symbol> {
    let decoded = Decode(bits).ok().filter(|d| d.isValid())?;
    let bytes = decoded.content().bytes().to_vec();
    let level = match decoded.ecLevel() {
        "L" => Level::L,
        "M" => Level::M,
        "Q" => Level::Q,
        _ => Level::H,
    };
    let content = segments::Content {
        bytes,
        text: Some(decoded.text()),
        padded: true,
    };
    Some(Symbol {
        content,
        version: decoded.versionNumber() as u8,
        level,
        mirrored: decoded.isMirrored(),
    })
}
