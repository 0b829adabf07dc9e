//! Which looks are taken at a still, and which at each frame of a camera.

use std::time::{Duration, Instant};

use super::binary::Lens;
use super::image::Image;
use super::look::{Seen, inside, look};
use super::{Clock, Code, FRAME_BUDGET, STILL_BUDGET};

/// Pictures up to so many pixels are looked at as they are first; in larger ones the noise of the
/// sensor comes first.
const SMALL: usize = 300_000;
/// A frame above so many pixels is first looked at from further away.
const LARGE: usize = 1_500_000;
/// About the pixels of a part of a large frame that is looked at closely.
const PART: usize = 700_000;

/// Every code in a still picture, for at most about [`STILL_BUDGET`].
///
/// Looks go on until one reads something, and after that only while a code is seen that was not
/// read: screenshots may have several.
#[must_use]
pub fn thorough(image: Image<'_>) -> Vec<Code> {
    search(image).0
}

/// The same, and whether there was time for every look.
pub(super) fn search(image: Image<'_>) -> (Vec<Code>, bool) {
    let clock = Clock::new(STILL_BUDGET);
    let pixels = image.width() * image.height();
    let further = [
        Lens::Shrink(2),
        Lens::Gamma,
        Lens::Double,
        Lens::Shrink(3),
        Lens::Shrink(4),
        Lens::Shrink(6),
    ];
    let first = if pixels <= SMALL {
        [Lens::Plain, Lens::Soft]
    } else {
        [Lens::Soft, Lens::Plain]
    };
    let mut codes: Vec<Code> = Vec::new();
    // A large photograph shows a code of usual size well enough at a fraction of the time.
    let distant = (pixels > 2 * LARGE).then(|| Lens::Shrink(distance(pixels)));
    for lens in distant.into_iter().chain(first).chain(further) {
        let (width, height) = lens.size(&image);
        if codes_fit(width, height) {
            let Seen {
                codes: seen,
                unread,
            } = look(image, lens, &clock);
            seen.into_iter().for_each(|code| add(&mut codes, code));
            if !codes.is_empty() && !unread {
                break;
            }
            if clock.over() {
                return (codes, false);
            }
        }
    }
    (codes, true)
}

/// No code is smaller than 21 modules of a pixel.
fn codes_fit(width: usize, height: usize) -> bool {
    width >= 21 && height >= 21
}

/// How far away a large picture is looked at, so that about [`LARGE`] pixels are left.
fn distance(pixels: usize) -> usize {
    (2..16).find(|k| pixels / (k * k) <= LARGE).unwrap_or(16)
}

/// A code seen through two lenses is one.
fn add(codes: &mut Vec<Code>, code: Code) {
    let middle = code
        .corners
        .iter()
        .fold((0.0, 0.0), |m, c| (m.0 + c.0 / 4.0, m.1 + c.1 / 4.0));
    if !codes.iter().any(|c| inside(&c.corners, middle.0, middle.1)) {
        codes.push(code);
    }
}

/// A further look at a frame, when the first read nothing.
#[derive(Debug, Clone, Copy)]
enum Further {
    /// At all of it.
    Whole(Lens),
    /// At the next of its parts, from the middle outwards.
    Part(Lens),
}

const ROUND: [Further; 7] = [
    Further::Whole(Lens::Plain),
    Further::Whole(Lens::Shrink(2)),
    Further::Part(Lens::Double),
    Further::Whole(Lens::Gamma),
    Further::Whole(Lens::Shrink(3)),
    Further::Part(Lens::Double),
    Further::Part(Lens::Soft),
];

/// Reads codes from a stream of camera frames, each within a budget.
///
/// Every frame gets the look that reads most codes, and one further look of a round that goes on
/// over the frames: a code that the first look can't read is found some frames later, and a frame
/// without a code stays cheap. Where a phone is too slow for both, they take turns.
#[derive(Debug)]
pub struct Scanner {
    budget: Duration,
    next: usize,
    part: usize,
    /// The last frame's first look took most of the budget.
    late: bool,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new(FRAME_BUDGET)
    }
}

impl Scanner {
    /// A scanner that spends at most about `budget` on a frame.
    #[must_use]
    pub fn new(budget: Duration) -> Self {
        Self {
            budget,
            next: 0,
            part: 0,
            late: false,
        }
    }

    /// Every code that this frame's looks read.
    pub fn frame(&mut self, image: Image<'_>) -> Vec<Code> {
        let clock = Clock::new(self.budget);
        if !codes_fit(image.width(), image.height()) {
            return Vec::new();
        }
        let pixels = image.width() * image.height();
        let usual = if pixels > LARGE {
            Lens::Shrink(distance(pixels))
        } else {
            Lens::Soft
        };
        if !self.late {
            let start = Instant::now();
            let codes = look(image, usual, &clock).codes;
            self.late = start.elapsed() * 2 > self.budget;
            if !codes.is_empty() || self.late {
                return codes;
            }
        }
        self.late = false;
        let further = ROUND[self.next];
        self.next = (self.next + 1) % ROUND.len();
        match further {
            Further::Whole(lens) if pixels <= LARGE => look(image, lens, &clock).codes,
            Further::Whole(Lens::Shrink(k)) => {
                look(image, Lens::Shrink(k * distance(pixels)), &clock).codes
            }
            Further::Whole(lens) | Further::Part(lens) => self.part(image, lens, &clock),
        }
    }

    fn part(&mut self, image: Image<'_>, lens: Lens, clock: &Clock) -> Vec<Code> {
        let area = if lens == Lens::Double { PART / 3 } else { PART };
        let [left, top, width, height] = part(image.width(), image.height(), area, self.part);
        self.part = self.part.wrapping_add(1);
        let Some(crop) = image.crop(left, top, width, height) else {
            return Vec::new();
        };
        let mut codes = look(crop, lens, clock).codes;
        for code in &mut codes {
            code.corners = code.corners.map(|(x, y)| (x + left as f32, y + top as f32));
        }
        codes
    }
}

/// The `index`-th part of about `area` pixels: left, top, width, height. Neighbours overlap by
/// half, so that a code of half a part's size is whole in one of them. Every second part is the
/// middle, where people hold the code.
fn part(width: usize, height: usize, area: usize, index: usize) -> [usize; 4] {
    let share = (area as f64 / (width * height) as f64).sqrt().min(1.0);
    let size = |side: usize| ((side as f64 * share) as usize).clamp(1, side);
    let (w, h) = (size(width), size(height));
    if index.is_multiple_of(2) {
        return [(width - w) / 2, (height - h) / 2, w, h];
    }
    let count = |side: usize, part: usize| (2 * (side - part)).div_ceil(part) + 1;
    let (across, down) = (count(width, w), count(height, h));
    let at = |i: usize, count: usize, spare: usize| {
        if count > 1 {
            spare * i / (count - 1)
        } else {
            0
        }
    };
    let i = index / 2 % (across * down);
    [
        at(i % across, across, width - w),
        at(i / across, down, height - h),
        w,
        h,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_frame_cover_it() {
        for (width, height) in [
            (1280, 720),
            (4000, 3000),
            (100, 1),
            (12_000, 30),
            (700, 700),
        ] {
            let mut columns = vec![false; width];
            let mut rows = vec![false; height];
            for index in 0..4000 {
                let [left, top, w, h] = part(width, height, PART, index);
                assert!(w > 0 && h > 0 && left + w <= width && top + h <= height);
                columns[left..left + w].fill(true);
                rows[top..top + h].fill(true);
            }
            assert!(
                columns.iter().chain(&rows).all(|&seen| seen),
                "{width}×{height}"
            );
        }
    }
}
