//! The first engine: rxing's detector, step by step, so that it can be stopped between steps.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rxing::common::cpp_essentials::ConcentricPattern;
use rxing::common::{BitArray, BitMatrix, DetectorRXingResult};
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{
    FindFinderPatterns, FinderPatternSet, GenerateFinderPatternSets, SampleQR,
};

use super::binary::Bits;
use super::{Clock, Code, Level};

/// Sets of three finder patterns tried on one picture.
const MAX_SETS: usize = 64;

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

/// Every code that rxing finds; corners in pixels of `bits`. A panic inside rxing counts as nothing found.
pub(super) fn read(bits: &Bits, clock: &Clock) -> Vec<Code> {
    let mut out = Vec::new();
    // rxing keeps no state between calls, so nothing half-changed survives a panic.
    let _ = catch_unwind(AssertUnwindSafe(|| search(bits, clock, &mut out)));
    out
}

fn search(bits: &Bits, clock: &Clock, out: &mut Vec<Code>) {
    let Some(matrix) = matrix(bits) else { return };
    let mut patterns = FindFinderPatterns(&matrix, false, 0);
    patterns.truncate(64);
    let mut used: Vec<ConcentricPattern> = Vec::new();
    for set in GenerateFinderPatternSets(&mut patterns)
        .iter()
        .take(MAX_SETS)
    {
        if clock.over() {
            return;
        }
        let three = [set.bl, set.tl, set.tr];
        if three.iter().any(|p| used.contains(p)) {
            continue;
        }
        if let Some(code) = sample(&matrix, set) {
            used.extend(three);
            out.push(code);
        }
    }
}

fn sample(matrix: &BitMatrix, set: &FinderPatternSet) -> Option<Code> {
    let found = SampleQR(matrix, set).ok()?;
    let decoded = Decode(found.getBits()).ok()?;
    if !decoded.isValid() {
        return None;
    }
    let points = found.getPoints();
    let corner = |i: usize| points.get(i).map_or((0.0, 0.0), |p| (p.x, p.y));
    let bytes = decoded.content().bytes().to_vec();
    let text = String::from_utf8(bytes.clone()).unwrap_or_else(|_| decoded.text());
    Some(Code {
        text: Some(text),
        bytes,
        corners: [corner(0), corner(1), corner(2), corner(3)],
        version: decoded.versionNumber() as u8,
        level: match decoded.ecLevel() {
            "L" => Level::L,
            "M" => Level::M,
            "Q" => Level::Q,
            _ => Level::H,
        },
    })
}
