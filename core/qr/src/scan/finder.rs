//! Finder patterns: the three squares of a code, seen as runs of 1 : 1 : 3 : 1 : 1 along any line
//! through their middle.
//!
//! Widths are compared from edge to like edge (black to black, white to white: 2 : 4 : 4 : 2), as
//! zxing-cpp does: blur and exposure move both edges of a black run outwards or inwards and cancel
//! out. Both polarities come from the same runs.

use super::Clock;
use super::binary::Bits;

/// The most finder patterns kept of a picture: twenty codes.
const MAX_FINDERS: usize = 64;
/// The most places looked at closely: a version 40 code in noise has about a thousand.
const MAX_CANDIDATES: usize = 20_000;

/// The smallest modules, in pixels, with which a finder pattern differs from noise; smaller ones
/// need a closer lens.
const SMALLEST: f32 = 1.4;

/// The middle of a likely finder pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Finder {
    pub(super) x: f32,
    pub(super) y: f32,
    /// Pixels a module, the mean of across and down.
    pub(super) module: f32,
    /// Rows that saw it.
    pub(super) seen: u32,
}

/// The finder patterns of a picture.
#[derive(Debug, Default)]
pub(super) struct Finders {
    /// Dark squares on light.
    pub(super) dark: Vec<Finder>,
    /// Light squares on dark: inverted codes.
    pub(super) light: Vec<Finder>,
}

/// Looks along every `step`-th row.
pub(super) fn find(bits: &Bits, step: usize, clock: &Clock) -> Finders {
    let mut dark = Seeking::default();
    let mut light = Seeking::default();
    let mut edges: Vec<u32> = Vec::new();
    for (turn, y) in (step / 2..bits.height()).step_by(step).enumerate() {
        if dark.candidates + light.candidates > MAX_CANDIDATES || turn % 8 == 0 && clock.over() {
            break;
        }
        row_edges(bits, y, &mut edges);
        let y = y as f32 + 0.5;
        dark.pass(y);
        light.pass(y);
        // Six neighbouring edges bound five runs; the first edge of a row opens a black run.
        for (i, e) in edges.windows(6).enumerate() {
            if let Some(module) = pattern([
                e[1] - e[0],
                e[2] - e[1],
                e[3] - e[2],
                e[4] - e[3],
                e[5] - e[4],
            ]) {
                let x = (e[2] + e[3]) as f32 / 2.0;
                if i % 2 == 0 {
                    dark.take(bits, x, y, module, true)
                } else {
                    light.take(bits, x, y, module, false)
                }
            }
        }
    }
    Finders {
        dark: dark.finish(),
        light: light.finish(),
    }
}

/// Finder patterns of one polarity, while the rows pass.
#[derive(Default)]
struct Seeking {
    found: Vec<Finder>,
    /// Those that the next rows may still cross.
    open: Vec<usize>,
    candidates: usize,
}

impl Seeking {
    fn pass(&mut self, y: f32) {
        let found = &self.found;
        self.open
            .retain(|&i| y - found[i].y < 2.0 * found[i].module);
    }

    fn take(&mut self, bits: &Bits, x: f32, y: f32, module: f32, is_dark: bool) {
        for &i in &self.open {
            let f = &mut self.found[i];
            if (f.x - x).abs() < 1.5 * f.module && (f.y - y).abs() < 2.0 * f.module {
                f.seen += 1;
                return;
            }
        }
        self.candidates += 1;
        let Some(finder) = confirm(bits, x, y, module, is_dark) else {
            return;
        };
        let twin =
            |f: &Finder| (f.x - finder.x).abs() < f.module && (f.y - finder.y).abs() < f.module;
        if !self.open.iter().any(|&i| twin(&self.found[i])) {
            self.open.push(self.found.len());
            self.found.push(finder);
        }
    }

    fn finish(mut self) -> Vec<Finder> {
        // A place that many rows saw is most likely a finder pattern.
        self.found
            .sort_unstable_by(|a, b| b.seen.cmp(&a.seen).then(b.module.total_cmp(&a.module)));
        self.found.truncate(MAX_FINDERS);
        self.found
    }
}

/// The places where a row changes colour, white before its start; ends with the row's width, and
/// once more if the count is odd.
fn row_edges(bits: &Bits, y: usize, edges: &mut Vec<u32>) {
    edges.clear();
    let mut carry = 0;
    for (i, &word) in bits.row(y).iter().enumerate() {
        let mut changes = word ^ (word << 1 | carry);
        carry = word >> 63;
        while changes != 0 {
            edges.push(i as u32 * 64 + changes.trailing_zeros());
            changes &= changes - 1;
        }
    }
    // A row that ends black and fills its last word has no closing edge in the words.
    let width = bits.width() as u32;
    if edges.len() % 2 == 1 || edges.last().is_some_and(|&e| e < width) {
        edges.push(width);
    }
}

/// The width of a module, if these runs are those of a finder pattern.
fn pattern(runs: [u32; 5]) -> Option<f32> {
    let [a, b, c, d, e] = runs;
    if c < 3 || c < b.max(d) || 3 * c < 4 * a.min(e) {
        return None;
    }
    let whole = [a + b, b + c, c + d, d + e];
    let module = whole.iter().sum::<u32>() as f32 / 12.0;
    if module < 0.6 * SMALLEST {
        return None;
    }
    // A pixel of play in small patterns, half a module in large ones; the lens may shrink one side.
    let play = 0.4 * module + 0.5;
    let fits = whole
        .iter()
        .zip([2.0, 4.0, 4.0, 2.0])
        .all(|(&w, n)| (w as f32 - n * module).abs() < play);
    fits.then_some(module)
}

/// Looks down, across and diagonally through the middle.
fn confirm(bits: &Bits, x: f32, y: f32, module: f32, is_dark: bool) -> Option<Finder> {
    // Most candidates in noise end here: a core of three modules is at least three pixels high.
    let core = |dy: i32| bits.get(x as i32, y as i32 + dy) == is_dark;
    if (-2..=0).all(|from| !(core(from) && core(from + 1) && core(from + 2))) {
        return None;
    }
    let (down, dy) = through(bits, (x, y), (0.0, 1.0), 12.0 * module, is_dark)?;
    if !(module / 3.0..module * 3.0).contains(&down) {
        return None;
    }
    let y = y + dy;
    let (across, dx) = through(bits, (x, y), (1.0, 0.0), 4.0 * module + 4.0, is_dark)?;
    let x = x + dx;
    let module = (across + down) / 2.0;
    if module < SMALLEST {
        return None;
    }
    let line = |slope: f32| {
        // Slopes are of the pattern's own square: a pattern seen from the side is higher or wider.
        let slope = slope * down / across;
        let length = (1.0 + slope * slope).sqrt();
        through(
            bits,
            (x, y),
            (1.0 / length, slope / length),
            8.0 * across.max(down) + 6.0,
            is_dark,
        )
        .is_some()
    };
    // Four of six further lines, the diagonals among them: noise seldom looks like rings from every
    // side.
    let rings = [1.0, -1.0, 0.41, -0.41, 2.41, -2.41]
        .into_iter()
        .filter(|&s| line(s))
        .count()
        >= 4;
    rings.then_some(Finder {
        x,
        y,
        module,
        seen: 1,
    })
}

/// The width of a module along a line through a pattern's middle, and how far along it the true
/// middle is.
fn through(
    bits: &Bits,
    at: (f32, f32),
    direction: (f32, f32),
    reach: f32,
    is_dark: bool,
) -> Option<(f32, f32)> {
    let ahead = three_edges(bits, at, direction, reach, is_dark)?;
    let back = three_edges(bits, at, (-direction.0, -direction.1), reach, is_dark)?;
    let [a, b, c] = ahead;
    let [d, e, f] = back;
    let runs = [f - e, e - d, a + d, b - a, c - b];
    let whole = [
        runs[0] + runs[1],
        runs[1] + runs[2],
        runs[2] + runs[3],
        runs[3] + runs[4],
    ];
    let module = whole.iter().sum::<f32>() / 12.0;
    let play = 0.55 * module + 0.7;
    let fits = whole
        .iter()
        .zip([2.0, 4.0, 4.0, 2.0])
        .all(|(w, n)| (w - n * module).abs() < play);
    (fits && runs[2] * 1.2 > runs[1].max(runs[3]))
        .then_some((module, (a - d + b - e + c - f) / 6.0))
}

/// Distances from a pattern's middle along a line to where its core, its ring's inner and its
/// ring's outer edge are.
pub(super) fn three_edges(
    bits: &Bits,
    at: (f32, f32),
    direction: (f32, f32),
    reach: f32,
    is_dark: bool,
) -> Option<[f32; 3]> {
    let mut edges = [0.0; 3];
    let mut found = 0;
    let mut colour = is_dark;
    let mut t = 0.0;
    // Half a pixel a step keeps corners of pixels from being missed.
    let step = if direction.0 == 0.0 || direction.1 == 0.0 {
        1.0
    } else {
        0.5
    };
    while t <= reach {
        let (x, y) = (at.0 + t * direction.0, at.1 + t * direction.1);
        if x < 0.0 || y < 0.0 || x >= bits.width() as f32 || y >= bits.height() as f32 {
            // The outer edge of a code without a border may be the picture's.
            if found == 2 {
                edges[2] = t;
                return Some(edges);
            }
            return None;
        }
        let dark = bits.get(x as i32, y as i32);
        if dark != colour {
            if t == 0.0 {
                return None;
            }
            edges[found] = t - step / 2.0;
            found += 1;
            if found == 3 {
                return Some(edges);
            }
            colour = dark;
        }
        t += step;
    }
    None
}
