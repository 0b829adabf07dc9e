//! Modules read through a grid: where paper bends, the grid bends with it; where pixels are
//! blurred, modules are sharpened.

use std::f32::consts::{FRAC_1_SQRT_2, TAU};

use super::Clock;
use super::binary::Bits;
use super::grid::{Grid, alignment_near};
use super::image::Image;
use super::symbol::{Layout, Modules};

/// How far around a node edges are collected, in modules.
const REACH: i32 = 3;

/// A grid with a shift for each node, in modules: cloth, curved paper, a lens at its edge.
///
/// The edges between dark and light lie on the grid's lines. So around each node the phase of the
/// edges, modulo one module, shows how far the grid is off there; going outwards from the finder
/// patterns, where it is right, each node starts from its neighbours' shift, and the phase never
/// slips by a whole module. (As a clock is recovered from a signal; the method is our own.)
pub(super) struct Bent {
    grid: Grid,
    /// Modules between nodes.
    spacing: usize,
    /// Nodes a side.
    across: usize,
    bent: bool,
    shifts: Vec<(f32, f32)>,
}

impl Bent {
    /// No bend.
    pub(super) fn flat(grid: Grid) -> Self {
        // Large codes bend less from module to module.
        let spacing = 3 * grid.size.div_ceil(60);
        let across = grid.size.div_ceil(spacing) + 1;
        Self {
            grid,
            spacing,
            across,
            bent: false,
            shifts: vec![(0.0, 0.0); across * across],
        }
    }

    /// The bend that the alignment patterns show, where there is more than one: each is looked for
    /// where its neighbours say, and a node between them shifts as they do.
    pub(super) fn aligned(grid: Grid, bits: &Bits) -> Option<Self> {
        let centres = &Layout::of(grid.size)?.alignment;
        let n = centres.len();
        if n < 3 {
            return None;
        }
        let mut shifts = vec![(0.0_f32, 0.0_f32); n * n];
        for k in 0..n * n {
            let (i, j) = (k % n, k / n);
            // The corners that finder patterns have are right as they are.
            if [(0, 0), (n - 1, 0), (0, n - 1)].contains(&(i, j)) {
                continue;
            }
            let (left, above) = (
                (i > 0).then(|| shifts[k - 1]),
                (j > 0).then(|| shifts[k - n]),
            );
            let from = match (left, above) {
                (Some(a), Some(b)) => ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0),
                (Some(a), None) | (None, Some(a)) => a,
                (None, None) => (0.0, 0.0),
            };
            let middle = (centres[i] as f32 + 0.5, centres[j] as f32 + 0.5);
            shifts[k] = alignment_near(bits, &grid.map, middle, from);
        }
        let mut bent = Self::flat(grid);
        bent.bent = true;
        // The gap before a coordinate, and how far into it the coordinate is; beyond the last
        // patterns the bend goes on as it was.
        let place = |u: f32| {
            let gap = (1..n - 1)
                .find(|&i| u < centres[i] as f32 + 0.5)
                .unwrap_or(n - 1);
            let (a, b) = (centres[gap - 1] as f32, centres[gap] as f32);
            (gap, (u - a - 0.5) / (b - a))
        };
        for i in 0..bent.shifts.len() {
            let (u, v) = bent.node(i);
            let ((x, s), (y, t)) = (place(u), place(v));
            let at = |x: usize, y: usize| shifts[y * n + x];
            let mix = |a: (f32, f32), b: (f32, f32), t: f32| {
                (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t)
            };
            bent.shifts[i] = mix(
                mix(at(x - 1, y - 1), at(x, y - 1), s),
                mix(at(x - 1, y), at(x, y), s),
                t,
            );
        }
        Some(bent)
    }

    /// The bend that the edges show; `None` when the time is over.
    pub(super) fn follow(grid: Grid, bits: &Bits, clock: &Clock) -> Option<Self> {
        let mut bent = Self::flat(grid);
        bent.bent = true;
        let n = bent.across;
        let far = grid.size as f32 - 3.5;
        let start = |i: usize| {
            let (u, v) = bent.node(i);
            [(3.5, 3.5), (far, 3.5), (3.5, far)]
                .iter()
                .map(|(a, b)| (u - a).hypot(v - b))
                .fold(f32::MAX, f32::min)
        };
        let mut order: Vec<(f32, usize)> = (0..n * n).map(|i| (start(i), i)).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut done = vec![false; n * n];
        for &(away, i) in &order {
            if i % 32 == 0 && clock.over() {
                return None;
            }
            let from = if away < 4.0 {
                (0.0, 0.0)
            } else {
                bent.expected(i, &done)
            };
            bent.shifts[i] = bent.measure(bits, i, from);
            done[i] = true;
        }
        Some(bent)
    }

    /// Follows the edges once more from all sides, so that no node depends on the way it was
    /// reached; `None` when the time is over.
    pub(super) fn settle(mut self, bits: &Bits, clock: &Clock) -> Option<Self> {
        let before = self.shifts.clone();
        for i in 0..before.len() {
            if i % 32 == 0 && clock.over() {
                return None;
            }
            let mean = self.neighbours_mean(&before, i);
            let from = (0.5 * (mean.0 + before[i].0), 0.5 * (mean.1 + before[i].1));
            self.shifts[i] = self.measure(bits, i, from);
        }
        Some(self)
    }

    fn node(&self, i: usize) -> (f32, f32) {
        (
            (i % self.across * self.spacing) as f32,
            (i / self.across * self.spacing) as f32,
        )
    }

    fn neighbours(&self, i: usize) -> impl Iterator<Item = (usize, Option<usize>)> {
        let (n, x, y) = (
            self.across as i32,
            (i % self.across) as i32,
            (i / self.across) as i32,
        );
        let index = move |x: i32, y: i32| {
            (x >= 0 && y >= 0 && x < n && y < n).then_some((y * n + x) as usize)
        };
        [
            (1, 0),
            (-1, 0),
            (0, 1),
            (0, -1),
            (1, 1),
            (-1, -1),
            (1, -1),
            (-1, 1),
        ]
        .into_iter()
        .filter_map(move |(dx, dy)| Some((index(x + dx, y + dy)?, index(x + 2 * dx, y + 2 * dy))))
    }

    /// The shift that the neighbours already measured suggest, with half of their slope.
    fn expected(&self, i: usize, done: &[bool]) -> (f32, f32) {
        let (mut sum, mut count) = ((0.0, 0.0), 0.0);
        for (near, beyond) in self.neighbours(i).filter(|(near, _)| done[*near]) {
            let (a, b) = self.shifts[near];
            let slope = beyond
                .filter(|&b| done[b])
                .map_or((0.0, 0.0), |f| (a - self.shifts[f].0, b - self.shifts[f].1));
            sum = (sum.0 + a + 0.5 * slope.0, sum.1 + b + 0.5 * slope.1);
            count += 1.0;
        }
        if count == 0.0 {
            (0.0, 0.0)
        } else {
            (sum.0 / count, sum.1 / count)
        }
    }

    fn neighbours_mean(&self, shifts: &[(f32, f32)], i: usize) -> (f32, f32) {
        let (mut sum, mut count) = ((0.0, 0.0), 0.0);
        for (near, _) in self.neighbours(i) {
            sum = (sum.0 + shifts[near].0, sum.1 + shifts[near].1);
            count += 1.0;
        }
        (sum.0 / count, sum.1 / count)
    }

    /// The phase of the edges around a node, added to the shift it starts from.
    fn measure(&self, bits: &Bits, i: usize, from: (f32, f32)) -> (f32, f32) {
        let (u0, v0) = self.node(i);
        let side = self.grid.size as f32;
        let mut shift = from;
        let (mut across, mut down) = (Phase::default(), Phase::default());
        for line in -REACH..REACH {
            let middle = line as f32 + 0.5;
            let (mut left, mut above) = (None, None);
            for k in -4 * REACH..=4 * REACH {
                let along = k as f32 * 0.25;
                // Outside there is no grid to follow.
                let look = |u: f32, v: f32| {
                    let inside = u > -1.0 && v > -1.0 && u < side + 1.0 && v < side + 1.0;
                    inside.then(|| bits.at(self.grid.map.at(u + from.0, v + from.1)))
                };
                let (h, v) = (look(u0 + along, v0 + middle), look(u0 + middle, v0 + along));
                if let (Some(a), Some(b)) = (left, h) {
                    across.add(a != b, k);
                }
                if let (Some(a), Some(b)) = (above, v) {
                    down.add(a != b, k);
                }
                (left, above) = (h, v);
            }
        }
        shift.0 += across.shift();
        shift.1 += down.shift();
        shift
    }

    /// The pixel of a point in modules.
    fn at(&self, u: f32, v: f32) -> (f32, f32) {
        if !self.bent {
            return self.grid.map.at(u, v);
        }
        let (x, y) = (u / self.spacing as f32, v / self.spacing as f32);
        let (i, j) = (
            (x as usize).min(self.across - 2),
            (y as usize).min(self.across - 2),
        );
        let (s, t) = (x - i as f32, y - j as f32);
        let k = j * self.across + i;
        let mix =
            |a: (f32, f32), b: (f32, f32), t: f32| (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t);
        let top = mix(self.shifts[k], self.shifts[k + 1], s);
        let bottom = mix(
            self.shifts[k + self.across],
            self.shifts[k + self.across + 1],
            s,
        );
        let (du, dv) = mix(top, bottom, t);
        self.grid.map.at(u + du, v + dv)
    }

    /// The outer corners, in pixels.
    pub(super) fn corners(&self) -> [(f32, f32); 4] {
        let n = self.grid.size as f32;
        [
            self.at(0.0, 0.0),
            self.at(n, 0.0),
            self.at(n, n),
            self.at(0.0, n),
        ]
    }

    /// Pixels a module, in the middle.
    fn module(&self) -> f32 {
        let middle = self.grid.size as f32 / 2.0;
        let (a, b) = (self.at(middle, middle), self.at(middle + 1.0, middle));
        (a.0 - b.0).hypot(a.1 - b.1)
    }

    /// The modules by the black-and-white picture: most of five points each, or the middle of very
    /// small ones.
    pub(super) fn modules(&self, bits: &Bits) -> Modules {
        const POINTS: [(f32, f32); 5] = [
            (0.0, 0.0),
            (0.2, 0.2),
            (-0.2, -0.2),
            (0.2, -0.2),
            (-0.2, 0.2),
        ];
        let points = if self.module() < 3.0 {
            &POINTS[..1]
        } else {
            &POINTS
        };
        let n = self.grid.size;
        let mut dark = Vec::with_capacity(n * n);
        for y in 0..n {
            for x in 0..n {
                let votes = points
                    .iter()
                    .filter(|(a, b)| bits.at(self.at(x as f32 + 0.5 + a, y as f32 + 0.5 + b)));
                dark.push(2 * votes.count() > points.len());
            }
        }
        Modules {
            size: n,
            dark,
            sure: Vec::new(),
        }
    }

    /// The brightness of each module: the mean of some points around its middle. `scale` is from
    /// pixels of the bits to the image's.
    pub(super) fn values(&self, image: &Image<'_>, scale: f32) -> Vec<f32> {
        let n = self.grid.size;
        let module = self.module() * scale;
        let points: &[f32] = match module {
            m if m < 2.5 => &[0.0],
            m if m < 5.0 => &[-0.2, 0.2],
            _ => &[-0.25, 0.0, 0.25],
        };
        let mut out = Vec::with_capacity(n * n);
        for y in 0..n {
            for x in 0..n {
                let mut sum = 0.0;
                for dv in points {
                    for du in points {
                        let (px, py) = self.at(x as f32 + 0.5 + du, y as f32 + 0.5 + dv);
                        sum += bilinear(image, px * scale - 0.5, py * scale - 0.5);
                    }
                }
                out.push(sum / (points.len() * points.len()) as f32);
            }
        }
        out
    }
}

/// The mean phase of edges, as a sum of unit vectors.
#[derive(Default)]
struct Phase {
    sum: (f32, f32),
    edges: f32,
}

impl Phase {
    /// An edge between the `quarter`-th quarter of a module and the one before: at an eighth, three
    /// eighths and so on.
    fn add(&mut self, edge: bool, quarter: i32) {
        const S: f32 = FRAC_1_SQRT_2;
        const AT: [(f32, f32); 4] = [(S, -S), (S, S), (-S, S), (-S, -S)];
        if edge {
            let (c, s) = AT[quarter.rem_euclid(4) as usize];
            self.sum = (self.sum.0 + c, self.sum.1 + s);
            self.edges += 1.0;
        }
    }

    /// How far the edges are past the lines, in modules, trusted by how well they agree.
    fn shift(&self) -> f32 {
        let strength = self.sum.0.hypot(self.sum.1) / self.edges.max(1.0);
        if self.edges < 5.0 || strength < 0.2 {
            return 0.0;
        }
        self.sum.1.atan2(self.sum.0) / TAU * (1.5 * strength).min(1.0)
    }
}

fn bilinear(image: &Image<'_>, x: f32, y: f32) -> f32 {
    let (x, y) = (x.max(0.0), y.max(0.0));
    let (i, j) = (x as usize, y as usize);
    let (s, t) = (x - i as f32, y - j as f32);
    let at = |i, j| f32::from(image.at(i, j));
    (at(i, j) * (1.0 - s) + at(i + 1, j) * s) * (1.0 - t)
        + (at(i, j + 1) * (1.0 - s) + at(i + 1, j + 1) * s) * t
}

/// Dark and light by each module's brightness against the mean around it. `sharpen` undoes blur:
/// this share of the difference to the four neighbours is added. `inverted` exchanges the colours.
pub(super) fn decide(values: &[f32], size: usize, sharpen: f32, inverted: bool) -> Modules {
    let at = |x: usize, y: usize| values[y.min(size - 1) * size + x.min(size - 1)];
    let sharp: Vec<f32> = (0..size * size)
        .map(|i| {
            let (x, y) = (i % size, i / size);
            let v = values[i];
            let around = at(x + 1, y)
                + at(x.saturating_sub(1), y)
                + at(x, y + 1)
                + at(x, y.saturating_sub(1));
            v + sharpen * (4.0 * v - around)
        })
        .collect();
    // Sums over rectangles, for the mean around each module.
    let width = size + 1;
    let mut sums = vec![0.0_f32; width * width];
    for y in 0..size {
        let mut row = 0.0;
        for x in 0..size {
            row += sharp[y * size + x];
            sums[(y + 1) * width + x + 1] = sums[y * width + x + 1] + row;
        }
    }
    let mut dark = Vec::with_capacity(size * size);
    let mut sure = Vec::with_capacity(size * size);
    for y in 0..size {
        for x in 0..size {
            let (left, right) = (x.saturating_sub(4), (x + 5).min(size));
            let (top, bottom) = (y.saturating_sub(4), (y + 5).min(size));
            let sum = sums[bottom * width + right]
                - sums[top * width + right]
                - sums[bottom * width + left]
                + sums[top * width + left];
            let mean = sum / ((right - left) * (bottom - top)) as f32;
            let off = sharp[y * size + x] - mean;
            dark.push((off < 0.0) != inverted);
            sure.push(off.abs().min(255.0) as u8);
        }
    }
    Modules { size, dark, sure }
}
