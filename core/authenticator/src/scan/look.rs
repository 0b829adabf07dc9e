//! One look at a picture: through a lens, black and white, finder patterns, grids, codes.

use super::binary::{Bits, Lens, binarise};
use super::grid::{Grid, Triple, fit, sizes, triples};
use super::image::Image;
use super::sample::{Bent, decide};
use super::symbol::{self, Symbol};
use super::{Clock, Code, finder, zxing};

/// How hard a look tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) lens: Lens,
    /// The locator of our own where rxing's sampler fails.
    pub(super) own: bool,
}

/// What a look saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) codes: Vec<Code>,
    /// Sets of three finder patterns that might have been a code.
    pub(super) hints: usize,
}

impl Look {
    /// Every code that this look reads, corners in pixels of the image.
    pub(super) fn at(self, image: Image<'_>, clock: &Clock) -> Seen {
        let bits = binarise(image, self.lens);
        let step = (bits.height() / 300).clamp(2, 8);
        let found = finder::find(&bits, step, clock);
        let mut seen = Seen::default();
        if found.dark.len() >= 3 {
            self.among(&bits, &found.dark, image, false, clock, &mut seen);
        }
        if found.light.len() >= 3 {
            self.among(
                &bits.inverted(),
                &found.light,
                image,
                true,
                clock,
                &mut seen,
            );
        }
        seen
    }

    fn among(
        self,
        bits: &Bits,
        finders: &[finder::Finder],
        image: Image<'_>,
        inverted: bool,
        clock: &Clock,
        seen: &mut Seen,
    ) {
        let plausible = triples(bits, finders);
        if plausible.is_empty() {
            return;
        }
        let Some(matrix) = zxing::matrix(bits) else {
            return;
        };
        let scale = self.lens.scale();
        let mut read: Vec<[(f32, f32); 4]> = Vec::new();
        for triple in plausible {
            if clock.over() {
                return;
            }
            // A code's own finder patterns belong to no other.
            let taken = |f: &finder::Finder| read.iter().any(|q| inside(q, f.x, f.y));
            if taken(&triple.corner) || taken(&triple.right) || taken(&triple.below) {
                continue;
            }
            seen.hints += 1;
            let found = zxing::read(&matrix, &triple).or_else(|| {
                if self.own {
                    locate(bits, image, scale, inverted, &triple, clock)
                } else {
                    None
                }
            });
            if let Some((symbol, corners)) = found {
                read.push(corners);
                seen.codes
                    .push(code(symbol, corners.map(|(x, y)| (x * scale, y * scale))));
            }
        }
    }
}

fn code(symbol: Symbol, corners: [(f32, f32); 4]) -> Code {
    let [a, b, c, d] = corners;
    Code {
        text: symbol.content.text,
        bytes: symbol.content.bytes,
        corners: if symbol.mirrored {
            [a, d, c, b]
        } else {
            corners
        },
        version: symbol.version,
        level: symbol.level,
    }
}

/// Whether a point is inside a quadrilateral given clockwise, or counter-clockwise.
fn inside(quad: &[(f32, f32); 4], x: f32, y: f32) -> bool {
    let side = |i: usize| {
        let ((ax, ay), (bx, by)) = (quad[i], quad[(i + 1) % 4]);
        (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0.0
    };
    let first = side(0);
    (1..4).all(|i| side(i) == first)
}

/// The locator of our own.
fn locate(
    bits: &Bits,
    image: Image<'_>,
    scale: f32,
    inverted: bool,
    triple: &Triple,
    clock: &Clock,
) -> Option<(Symbol, [(f32, f32); 4])> {
    for size in sizes(bits, triple) {
        if clock.over() {
            return None;
        }
        let (grid, share) = fit(bits, triple, size)?;
        if share < 0.72 {
            continue;
        }
        if let Some(found) = read_grid(grid, bits, image, scale, inverted) {
            return Some(found);
        }
    }
    None
}

fn read_grid(
    grid: Grid,
    bits: &Bits,
    image: Image<'_>,
    scale: f32,
    inverted: bool,
) -> Option<(Symbol, [(f32, f32); 4])> {
    for bent in [Bent::flat(grid), Bent::follow(grid, bits)] {
        let symbol = symbol::read(&bent.modules(bits)).or_else(|| {
            let values = bent.values(&image, scale);
            [0.0, 0.25, 0.6]
                .into_iter()
                .find_map(|sharpen| symbol::read(&decide(&values, grid.size, sharpen, inverted)))
        });
        if let Some(symbol) = symbol {
            return Some((symbol, bent.corners()));
        }
    }
    None
}
