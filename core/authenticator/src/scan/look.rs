//! One look at a picture: through a lens, black and white, finder patterns, grids, codes.

use super::binary::{Bits, Lens, binarise};
use super::grid::{Grid, Guess, Triple, fit, guesses, triples};
use super::image::Image;
use super::sample::{Bent, decide};
use super::symbol::{self, Symbol};
use super::{Clock, Code, finder, pure, zxing};

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
        let t0 = std::time::Instant::now();
        let bits = binarise(image, self.lens);
        let t1 = std::time::Instant::now();
        if self.lens == Lens::Plain // pure
            && let Some(grid) = pure::grid(&bits)
            && let Some((symbol, corners)) = read_flat(grid, &bits)
        {
            return Seen {
                codes: vec![code(symbol, corners)],
                hints: 1,
            };
        }
        let step = (bits.height() / 240).clamp(2, 8);
        let found = finder::find(&bits, step, clock);
        let t2 = std::time::Instant::now();
        let mut seen = Seen::default();
        if std::env::var("SCAN_DEBUG").is_ok() {
            eprintln!(
                "{:?} {}x{} step {step} dark {:?}\n light {}",
                self,
                bits.width(),
                bits.height(),
                found
                    .dark
                    .iter()
                    .map(|f| format!("{:.0},{:.0} m{:.1} s{}", f.x, f.y, f.module, f.seen))
                    .collect::<Vec<_>>(),
                found.light.len()
            );
        }
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
        if std::env::var("SCAN_TIME").is_ok() {
            eprintln!(
                "{:?} bin {:?} find {:?} rest {:?} dark {} light {} hints {}",
                self.lens,
                t1 - t0,
                t2 - t1,
                t2.elapsed(),
                found.dark.len(),
                found.light.len(),
                seen.hints
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
            let guesses = guesses(bits, &triple);
            if guesses.is_empty() {
                continue;
            }
            seen.hints += 1;
            let debug_start = std::time::Instant::now();
            let found = zxing::read(&matrix, &triple).or_else(|| {
                if self.own {
                    locate(bits, image, scale, inverted, &triple, &guesses, clock)
                } else {
                    None
                }
            });
            if std::env::var("SCAN_DEBUG").is_ok() {
                let t = triple;
                eprintln!(
                    "  triple {:.0},{:.0} {:.0},{:.0} {:.0},{:.0} modules {:.1} score {:.2} -> {} {:?} {:?}",
                    t.corner.x,
                    t.corner.y,
                    t.right.x,
                    t.right.y,
                    t.below.x,
                    t.below.y,
                    t.modules,
                    t.score,
                    found.is_some(),
                    debug_start.elapsed(),
                    guesses
                        .iter()
                        .map(|g| fit(bits, &t, g).map(|f| (g.size, g.share, f.1)))
                        .collect::<Vec<_>>()
                );
            }
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
    guesses: &[Guess],
    clock: &Clock,
) -> Option<(Symbol, [(f32, f32); 4])> {
    for guess in guesses {
        if clock.over() {
            return None;
        }
        let (grid, share) = fit(bits, triple, guess)?;
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

fn read_flat(grid: Grid, bits: &Bits) -> Option<(Symbol, [(f32, f32); 4])> {
    let flat = Bent::flat(grid);
    Some((symbol::read(&flat.modules(bits))?, flat.corners()))
}
