//! Three finder patterns to the grid of a code: which three, how many modules, and where each
//! module lies.

use super::Clock;
use super::binary::Bits;
use super::finder::{Finder, three_edges};
use super::symbol::Layout;

/// The most sets of three tried on one picture.
const MAX_TRIPLES: usize = 24;

/// Three finder patterns that may belong to a code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Triple {
    pub(super) corner: Finder,
    pub(super) right: Finder,
    pub(super) below: Finder,
    /// The number of modules a side as the widths say, not yet rounded.
    pub(super) modules: f32,
    /// Lower is more plausible.
    pub(super) score: f32,
}

/// The plausible sets of three dark finder patterns, best first.
pub(super) fn triples(bits: &Bits, finders: &[Finder], clock: &Clock) -> Vec<Triple> {
    let mut out = Vec::new();
    let mut near: Vec<(f32, usize)> = Vec::new();
    for (i, corner) in finders.iter().enumerate() {
        near.clear();
        near.extend(
            finders
                .iter()
                .enumerate()
                .filter(|&(j, f)| j != i && alike(corner, f))
                .map(|(j, f)| (distance(corner, f), j)),
        );
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        near.truncate(12);
        for (k, &(_, a)) in near.iter().enumerate() {
            for &(_, b) in &near[k + 1..] {
                out.extend(triple(bits, *corner, finders[a], finders[b]));
            }
        }
        if out.len() > 1000 || clock.over() {
            break;
        }
    }
    out.sort_unstable_by(|a, b| a.score.total_cmp(&b.score));
    out.truncate(MAX_TRIPLES);
    out
}

fn distance(a: &Finder, b: &Finder) -> f32 {
    (a.x - b.x).hypot(a.y - b.y)
}

fn alike(a: &Finder, b: &Finder) -> bool {
    let ratio = a.module / b.module;
    let modules = 2.0 * distance(a, b) / (a.module + b.module);
    (0.4..2.5).contains(&ratio) && (8.0..260.0).contains(&modules)
}

fn triple(bits: &Bits, corner: Finder, a: Finder, b: Finder) -> Option<Triple> {
    if !alike(&a, &b) {
        return None;
    }
    let (ax, ay, bx, by) = (
        a.x - corner.x,
        a.y - corner.y,
        b.x - corner.x,
        b.y - corner.y,
    );
    let (la, lb) = (ax.hypot(ay), bx.hypot(by));
    let cosine = (ax * bx + ay * by) / (la * lb);
    if cosine.abs() > 0.8 || la > 3.0 * lb || lb > 3.0 * la {
        return None;
    }
    let (right, below) = if ax * by - ay * bx > 0.0 {
        (a, b)
    } else {
        (b, a)
    };
    let across = side(bits, &corner, &right)?;
    let down = side(bits, &corner, &below)?;
    let modules = (across + down) / 2.0;
    let disagreement = (across - down).abs() / modules;
    if !(17.5..205.0).contains(&modules) || disagreement > 0.45 {
        return None;
    }
    let sizes = [corner.module, a.module, b.module];
    let uneven = sizes.iter().copied().fold(0.0, f32::max)
        / sizes.iter().copied().fold(f32::MAX, f32::min)
        - 1.0;
    let score = disagreement * 2.0 + cosine.abs() + uneven + (la / lb).ln().abs() + modules / 300.0;
    Some(Triple {
        corner,
        right,
        below,
        modules,
        score,
    })
}

/// Modules along a side, from the widths of its two finder patterns along the line between them.
fn side(bits: &Bits, a: &Finder, b: &Finder) -> Option<f32> {
    let length = distance(a, b);
    let direction = ((b.x - a.x) / length, (b.y - a.y) / length);
    let back = (-direction.0, -direction.1);
    let module = |f: &Finder| {
        let reach = 6.0 * f.module + 3.0;
        let width = |d| three_edges(bits, (f.x, f.y), d, reach, true).map(|e| e[2]);
        match (width(direction), width(back)) {
            (Some(p), Some(q)) => Some((p + q) / 7.0),
            (Some(p), None) | (None, Some(p)) => Some(p / 3.5),
            _ => None,
        }
    };
    match (module(a), module(b)) {
        (Some(p), Some(q)) => Some(2.0 * length / (p + q) + 7.0),
        (Some(p), None) | (None, Some(p)) => Some(length / p + 7.0),
        _ => None,
    }
}

/// A projective map from modules to pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map([f32; 8]);

impl Map {
    /// The map that takes four points to four points.
    pub(super) fn between(from: [(f32, f32); 4], to: [(f32, f32); 4]) -> Option<Self> {
        // Eight equations in eight unknowns, by elimination with pivots.
        let mut rows = [[0.0_f64; 9]; 8];
        for (i, ((u, v), (x, y))) in from.into_iter().zip(to).enumerate() {
            let (u, v, x, y) = (f64::from(u), f64::from(v), f64::from(x), f64::from(y));
            rows[2 * i] = [u, v, 1.0, 0.0, 0.0, 0.0, -u * x, -v * x, x];
            rows[2 * i + 1] = [0.0, 0.0, 0.0, u, v, 1.0, -u * y, -v * y, y];
        }
        for c in 0..8 {
            let pivot = (c..8).max_by(|&a, &b| rows[a][c].abs().total_cmp(&rows[b][c].abs()))?;
            rows.swap(c, pivot);
            if rows[c][c].abs() < 1e-9 {
                return None;
            }
            let row = rows[c];
            for (r, other) in rows.iter_mut().enumerate() {
                let factor = other[c] / row[c];
                if r != c {
                    other
                        .iter_mut()
                        .zip(row)
                        .for_each(|(o, v)| *o -= factor * v);
                }
            }
        }
        Some(Self(std::array::from_fn(|i| {
            (rows[i][8] / rows[i][i]) as f32
        })))
    }

    pub(super) fn at(&self, u: f32, v: f32) -> (f32, f32) {
        let [a, b, c, d, e, f, g, h] = self.0;
        let w = g * u + h * v + 1.0;
        ((a * u + b * v + c) / w, (d * u + e * v + f) / w)
    }
}

/// A grid laid over a code: a projective map for so many modules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) size: usize,
    pub(super) map: Map,
}

fn colour_at(bits: &Bits, map: &Map, u: f32, v: f32) -> bool {
    bits.at(map.at(u, v))
}

/// A first guess at a code's grid, before the fourth corner is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guess {
    pub(super) size: usize,
    map: Map,
    /// The share of finder and timing modules that it gets right.
    pub(super) share: f32,
}

/// The numbers of modules worth trying, likeliest first: by the finder patterns' rings, and by the
/// timing patterns, which change colour with every module.
pub(super) fn guesses(bits: &Bits, triple: &Triple) -> Vec<Guess> {
    let nearest = ((triple.modules - 17.0) / 4.0).round().max(1.0) as usize * 4 + 17;
    // The larger the code, the less the widths of its finder patterns say.
    let doubt = if nearest < 45 {
        4
    } else {
        nearest / 10 / 4 * 4
    };
    let mut out: Vec<(f32, Guess)> = (nearest.saturating_sub(doubt).max(21)
        ..=(nearest + doubt).min(177))
        .step_by(4)
        .filter_map(|size| {
            let known = Known::frame(size);
            let best = [parallelogram(triple, size), receding(triple, size)]
                .into_iter()
                .flatten()
                .map(|map| Guess {
                    size,
                    map,
                    share: known.share(bits, &map),
                })
                .max_by(|a, b| a.share.total_cmp(&b.share))?;
            let far = (size.abs_diff(nearest) / 4) as f32;
            Some((best.share - 0.02 * far, best))
        })
        .collect();
    out.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    out.into_iter()
        .map(|(_, guess)| guess)
        .filter(|g| g.share > 0.6)
        .take(3)
        .collect()
}

/// The map that follows from the finder patterns' sizes: a pattern further away looks smaller.
/// Under a projective map areas shrink with the third power of the divisor; so each finder
/// pattern's size gives its divisor, and three points with theirs give the map.
fn receding(t: &Triple, size: usize) -> Option<Map> {
    let divisor = |f: &Finder| (f.module / t.corner.module).powf(-2.0 / 3.0);
    let (right, below) = (divisor(&t.right), divisor(&t.below));
    let last = right + below - 1.0;
    if last < 0.2 {
        return None;
    }
    let fourth = |a: f32, b: f32, c: f32| (b * right + c * below - a) / last;
    let (x, y) = (
        fourth(t.corner.x, t.right.x, t.below.x),
        fourth(t.corner.y, t.right.y, t.below.y),
    );
    map_with(t, size, (x, y), 3.5)
}

fn parallelogram(t: &Triple, size: usize) -> Option<Map> {
    let fourth = (
        t.right.x + t.below.x - t.corner.x,
        t.right.y + t.below.y - t.corner.y,
    );
    map_with(t, size, fourth, 3.5)
}

fn map_with(t: &Triple, size: usize, fourth: (f32, f32), inset: f32) -> Option<Map> {
    let far = size as f32 - 3.5;
    let last = size as f32 - inset;
    Map::between(
        [(3.5, 3.5), (far, 3.5), (last, last), (3.5, far)],
        [
            (t.corner.x, t.corner.y),
            (t.right.x, t.right.y),
            fourth,
            (t.below.x, t.below.y),
        ],
    )
}

/// A guess with its fourth point placed, by the last alignment pattern where there is one and it is
/// seen.
pub(super) struct Placed {
    pub(super) grid: Grid,
    known: Known,
    /// The share of the known modules that the grid gets right.
    pub(super) share: f32,
    /// How far inside the last corner the fourth point lies, in modules, and where, in pixels.
    fourth: (f32, (f32, f32)),
}

/// Looks for the alignment pattern nearest to the fourth corner: where its rings fit best, near
/// where it is expected. `None` when the time is over.
pub(super) fn place(bits: &Bits, triple: &Triple, guess: &Guess, clock: &Clock) -> Option<Placed> {
    let (size, first) = (guess.size, guess.map);
    let known = Known::of(size);
    let far = size as f32 - 3.5;
    let mut placed = Placed {
        grid: Grid { size, map: first },
        share: known.share(bits, &first),
        known,
        fourth: (3.5, first.at(far, far)),
    };
    if size == 21 {
        return Some(placed);
    }
    let middle = size as f32 - 6.5;
    let steps = ((2.0 + size as f32 / 12.0) * 2.0) as i32;
    let mut nearest: Option<(i32, f32, f32)> = None;
    for i in -steps..=steps {
        if clock.over() {
            return None;
        }
        for j in -steps..=steps {
            let (u, v) = (middle + i as f32 * 0.5, middle + j as f32 * 0.5);
            let Some(right) = alignment_fit(bits, &first, u, v) else {
                continue;
            };
            let fit = right * 8 - (i.abs() + j.abs()) / 2;
            if nearest.is_none_or(|(b, ..)| fit > b) {
                nearest = Some((fit, u, v));
            }
        }
    }
    let at = nearest.map(|(_, u, v)| first.at(u, v));
    if let Some((at, map)) = at.and_then(|at| Some((at, map_with(triple, size, at, 6.5)?))) {
        let share = placed.known.share(bits, &map);
        if share > placed.share {
            placed.share = share;
            placed.grid.map = map;
            placed.fourth = (6.5, at);
        }
    }
    Some(placed)
}

/// Climbs: the fourth point moves while more of the known modules become right. The grid, and the
/// share that it gets right; `None` when the time is over.
pub(super) fn climb(
    bits: &Bits,
    triple: &Triple,
    placed: Placed,
    clock: &Clock,
) -> Option<(Grid, f32)> {
    let Placed {
        mut grid,
        known,
        mut share,
        fourth: (inset, mut fourth),
    } = placed;
    let pixel = triple.corner.module.max(0.5);
    let mut stride = 2.0 * pixel;
    while stride > 0.2 * pixel {
        if clock.over() {
            return None;
        }
        let mut moved = false;
        for (dx, dy) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
            let to = (fourth.0 + dx * stride, fourth.1 + dy * stride);
            let Some(map) = map_with(triple, grid.size, to, inset) else {
                continue;
            };
            let better = known.share(bits, &map);
            if better > share {
                (share, grid.map, fourth) = (better, map, to);
                moved = true;
            }
        }
        if !moved {
            stride /= 2.0;
        }
    }
    Some((grid, share))
}

/// How far an alignment pattern is from where a map has it, in modules, looked for near `from`: the
/// middle of where it fits best. `from` itself where there is none.
pub(super) fn alignment_near(
    bits: &Bits,
    map: &Map,
    middle: (f32, f32),
    from: (f32, f32),
) -> (f32, f32) {
    const AT_LEAST: i32 = 21;
    let mut best = AT_LEAST;
    let (mut sum, mut count) = ((0.0, 0.0), 0.0);
    for i in -6..=6 {
        for j in -6..=6 {
            let shift = (from.0 + i as f32 * 0.25, from.1 + j as f32 * 0.25);
            let (u, v) = (middle.0 + shift.0, middle.1 + shift.1);
            let Some(right) = alignment_fit(bits, map, u, v).filter(|&right| right >= best) else {
                continue;
            };
            if right > best {
                (best, sum, count) = (right, (0.0, 0.0), 0.0);
            }
            sum = (sum.0 + shift.0, sum.1 + shift.1);
            count += 1.0;
        }
    }
    if count == 0.0 {
        from
    } else {
        (sum.0 / count, sum.1 / count)
    }
}

/// How many of the 25 modules of an alignment pattern are right; `None` where it is not worth
/// counting.
fn alignment_fit(bits: &Bits, map: &Map, u: f32, v: f32) -> Option<i32> {
    let dark = |i: i32, j: i32| colour_at(bits, map, u + i as f32, v + j as f32);
    let ring = [(1, 0), (-1, 0), (0, 1), (0, -1)];
    if !dark(0, 0) || ring.iter().filter(|(i, j)| dark(*i, *j)).count() > 1 {
        return None;
    }
    let all = (-2..=2_i32).flat_map(|i| (-2..=2_i32).map(move |j| (i, j)));
    Some(
        all.filter(|&(i, j)| dark(i, j) == (i.abs().max(j.abs()) != 1))
            .count() as i32,
    )
}

/// The modules whose colour every code of a size shares.
pub(super) struct Known(Vec<(f32, f32, bool)>);

impl Known {
    /// The finder and timing patterns.
    pub(super) fn frame(size: usize) -> Self {
        let mut out = Vec::new();
        let mut add =
            |x: usize, y: usize, dark: bool| out.push((x as f32 + 0.5, y as f32 + 0.5, dark));
        for (left, top) in [(0, 0), (size - 7, 0), (0, size - 7)] {
            for y in 0..7_usize {
                for x in 0..7_usize {
                    let ring = x.abs_diff(3).max(y.abs_diff(3));
                    add(left + x, top + y, ring != 2);
                }
            }
        }
        for i in 8..size - 8 {
            add(i, 6, i % 2 == 0);
            add(6, i, i % 2 == 0);
        }
        Self(out)
    }

    /// The finder, timing and alignment patterns.
    fn of(size: usize) -> Self {
        let Self(mut out) = Self::frame(size);
        let mut add =
            |x: usize, y: usize, dark: bool| out.push((x as f32 + 0.5, y as f32 + 0.5, dark));
        if let Some(layout) = Layout::of(size) {
            let centres = &layout.alignment;
            let last = centres.len().saturating_sub(1);
            for (i, &cx) in centres.iter().enumerate() {
                for (j, &cy) in centres.iter().enumerate() {
                    if [(0, 0), (0, last), (last, 0)].contains(&(i, j)) {
                        continue;
                    }
                    for dy in 0..5_usize {
                        for dx in 0..5_usize {
                            let ring = dx.abs_diff(2).max(dy.abs_diff(2));
                            add(cx + dx - 2, cy + dy - 2, ring != 1);
                        }
                    }
                }
            }
        }
        Self(out)
    }

    /// How much of it a map gets right.
    pub(super) fn share(&self, bits: &Bits, map: &Map) -> f32 {
        let right = self
            .0
            .iter()
            .filter(|&&(u, v, dark)| colour_at(bits, map, u, v) == dark)
            .count();
        right as f32 / self.0.len() as f32
    }
}
