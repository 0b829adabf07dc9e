//! Pixels to text: every QR code in a camera frame, a photograph or a screenshot.
//!
//! [`thorough`] takes its time over a still; a [`Scanner`] keeps to a budget for each camera frame
//! and spreads its further attempts over the frames that follow; [`decode_file`] opens image files.
//! Nothing here panics on any input.

mod binary;
mod charset;
mod fault;
mod file;
mod finder;
mod grid;
mod image;
mod look;
mod picture;
mod pure;
mod sample;
mod scanner;
mod segments;
mod solomon;
mod symbol;
mod version;

use std::time::{Duration, Instant};

pub use fault::{Diagnosis, ScanError};
pub use file::decode_file;
pub use image::{Image, ImageError, MAX_PIXELS, MAX_SIDE};
pub use scanner::{Scanner, thorough};

/// How much of a code may be unreadable and still be corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// About 7 % of the code words.
    L,
    /// About 15 %.
    M,
    /// About 25 %.
    Q,
    /// About 30 %.
    H,
}

/// A code that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Code {
    /// The text, by the character set that the code names or, when it names none, UTF-8 where the
    /// bytes are that. `None` when the bytes are no text.
    pub text: Option<String>,
    /// The bytes as they were encoded.
    pub bytes: Vec<u8>,
    /// The corners in pixels of the picture, in the code's own order: top left, top right, bottom
    /// right, bottom left. The top left corner is the one whose neighbours both have finder
    /// patterns.
    pub corners: [(f32, f32); 4],
    /// 1 to 40: the size is 17 + 4 × version modules.
    pub version: u8,
    /// The level of error correction.
    pub level: Level,
}

/// The budget of [`thorough`].
pub const STILL_BUDGET: Duration = Duration::from_millis(1500);

/// The default budget of a [`Scanner`] for each frame.
pub const FRAME_BUDGET: Duration = Duration::from_millis(8);

/// Says when to stop. Wall time, because a frame's budget is about the next frame.
pub(crate) struct Clock {
    end: Instant,
}

impl Clock {
    fn new(budget: Duration) -> Self {
        Self {
            end: Instant::now() + budget,
        }
    }

    pub(crate) fn over(&self) -> bool {
        Instant::now() >= self.end
    }
}
