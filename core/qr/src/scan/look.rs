//! One look at a picture: through a lens, black and white, finder patterns, grids, codes.

use super::binary::{Bits, Lens, binarise};
use super::finder::{self, Finder};
use super::grid::{Grid, Guess, Placed, Triple, climb, guesses, place, triples};
use super::image::Image;
use super::sample::{Bent, decide};
use super::symbol::{self, Symbol};
use super::{Clock, Code, pure};

/// The share of known modules from which a grid is worth reading. Chance gives 0.55, codes on cloth
/// 0.8.
const WORTH_READING: f32 = 0.72;

type Quad = [(f32, f32); 4];

/// The result of a look.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) codes: Vec<Code>,
    /// Three finder patterns that fit together so well that a code must be there, which was not
    /// read.
    pub(super) unread: bool,
}

/// Every code seen through a lens, corners in pixels of the image.
pub(super) fn look(image: Image<'_>, lens: Lens, clock: &Clock) -> Seen {
    let bits = binarise(image, lens, clock);
    let mut look = Look {
        image,
        scale: lens.scale(),
        clock,
        seen: Seen::default(),
    };
    let pure = if lens == Lens::Plain {
        pure::grid(&bits)
    } else {
        None
    };
    if let Some(found) = pure.and_then(|grid| plainly(grid, &bits)) {
        look.found(found);
        return look.seen;
    }
    // Small pictures row by row, large ones so that a version 20 code that fills a quarter is seen
    // five times.
    let step = (bits.height() / 240).clamp(2, 8);
    let finders = finder::find(&bits, step, clock);
    if finders.dark.len() >= 3 {
        look.among(&bits, &finders.dark, false);
    }
    if finders.light.len() >= 3 {
        look.among(&bits.inverted(), &finders.light, true);
    }
    look.seen
}

struct Look<'a> {
    image: Image<'a>,
    /// Pixels of the image for one of the bits.
    scale: f32,
    clock: &'a Clock,
    seen: Seen,
}

impl Look<'_> {
    fn found(&mut self, (symbol, quad): (Symbol, Quad)) {
        let [a, b, c, d] = quad.map(|(x, y)| (x * self.scale, y * self.scale));
        self.seen.codes.push(Code {
            text: symbol.content.text,
            bytes: symbol.content.bytes,
            corners: if symbol.mirrored {
                [a, d, c, b]
            } else {
                [a, b, c, d]
            },
            version: symbol.version,
            level: symbol.level,
        });
    }

    fn among(&mut self, bits: &Bits, finders: &[Finder], inverted: bool) {
        let plausible = triples(bits, finders, self.clock);
        let mut read: Vec<Quad> = Vec::new();
        for triple in plausible {
            if self.clock.over() {
                return;
            }
            // A code's own finder patterns belong to no other.
            let taken = |f: &Finder| read.iter().any(|q| inside(q, f.x, f.y));
            if taken(&triple.corner) || taken(&triple.right) || taken(&triple.below) {
                continue;
            }
            let guesses = guesses(bits, &triple);
            let Some(best) = guesses.iter().map(|g| g.share).max_by(f32::total_cmp) else {
                continue;
            };
            if self.clock.over() {
                return;
            }
            match self.locate(bits, inverted, &triple, &guesses) {
                Some(found) => {
                    read.push(found.1);
                    self.found(found);
                }
                None => self.seen.unread |= best > 0.85,
            }
        }
    }

    /// Each guess read as it is, which is enough for most codes; then with more and more care.
    fn locate(
        &self,
        bits: &Bits,
        inverted: bool,
        triple: &Triple,
        guesses: &[Guess],
    ) -> Option<(Symbol, Quad)> {
        let mut placed: Vec<Placed> = Vec::new();
        for guess in guesses {
            let place = place(bits, triple, guess, self.clock)?;
            let quick = plainly(place.grid, bits).or_else(|| aligned(place.grid, bits));
            if quick.is_some() {
                return quick;
            }
            placed.push(place);
        }
        placed.into_iter().find_map(|placed| {
            let (grid, share) = climb(bits, triple, placed, self.clock)?;
            if share < WORTH_READING {
                None
            } else {
                self.read(grid, bits, inverted)
            }
        })
    }

    /// Reads a grid as it is, then bent as the edges say; by the black-and-white picture, then by
    /// each module's brightness, sharpened more and more.
    fn read(&self, grid: Grid, bits: &Bits, inverted: bool) -> Option<(Symbol, Quad)> {
        let flat = Bent::flat(grid);
        if let Some(symbol) = symbol::read_either_way(&flat.modules(bits)) {
            return Some((symbol, flat.corners()));
        }
        if let Some(found) = aligned(grid, bits) {
            return Some(found);
        }
        let mut bent = Bent::follow(grid, bits, self.clock)?;
        for settled in [false, true] {
            if settled {
                bent = bent.settle(bits, self.clock)?;
            }
            if let Some(symbol) = symbol::read(&bent.modules(bits)) {
                return Some((symbol, bent.corners()));
            }
        }
        for bent in [flat, bent] {
            if self.clock.over() {
                return None;
            }
            let values = bent.values(&self.image, self.scale);
            for sharpen in [0.0, 0.25, 0.6] {
                if self.clock.over() {
                    return None;
                }
                if let Some(symbol) = symbol::read(&decide(&values, grid.size, sharpen, inverted)) {
                    return Some((symbol, bent.corners()));
                }
            }
        }
        None
    }
}

fn plainly(grid: Grid, bits: &Bits) -> Option<(Symbol, Quad)> {
    let flat = Bent::flat(grid);
    Some((
        symbol::read_either_way(&flat.modules(bits))?,
        flat.corners(),
    ))
}

/// Read as the alignment patterns lie.
fn aligned(grid: Grid, bits: &Bits) -> Option<(Symbol, Quad)> {
    let bent = Bent::aligned(grid, bits)?;
    Some((symbol::read(&bent.modules(bits))?, bent.corners()))
}

/// Whether a point is inside a quadrilateral given clockwise, or counter-clockwise.
pub(super) fn inside(quad: &Quad, x: f32, y: f32) -> bool {
    let side = |i: usize| {
        let ((ax, ay), (bx, by)) = (quad[i], quad[(i + 1) % 4]);
        (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0.0
    };
    let first = side(0);
    (1..4).all(|i| side(i) == first)
}
