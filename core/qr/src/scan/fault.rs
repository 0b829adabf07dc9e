//! The reasons why a picture file gave no code.

use thiserror::Error;

use super::image::{MAX_PIXELS, MAX_SIDE};

/// The likely reason why no code is found in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Diagnosis {
    /// Too few pixels for any code.
    TooSmall,
    /// Hardly anything is brighter than dark.
    TooDark,
    /// Hardly anything is darker than bright.
    TooBright,
    /// No contrast between dark and light.
    Flat,
    /// No sharp edge anywhere.
    Blurred,
    /// The time was over before all of it was looked at.
    Unfinished,
    /// Nothing wrong with the picture: perhaps there is no code, or it is cut off or covered.
    None,
}

impl std::fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooSmall => "the picture is too small for a code; go closer, or take the original instead of a preview",
            Self::TooDark => "the picture is too dark; turn on a light",
            Self::TooBright => "the picture is too bright; avoid glare, and lower the exposure",
            Self::Flat => "the picture has hardly any contrast",
            Self::Blurred => "the picture is blurred; hold still, go a little further away, and let the camera focus",
            Self::Unfinished => "there was no time to look at all of the picture; crop it to the code, or try again when this device is less busy",
            Self::None => "perhaps there is none, or it is cut off, covered or very small; the whole code and its white border must be in the picture",
        })
    }
}

/// Why a file gave no code.
#[derive(Debug, Error)]
pub enum ScanError {
    /// Not one of the formats that are read.
    #[error("this is no picture of a kind that is read here; save it as PNG or JPEG")]
    Format,
    /// The file is cut off or broken.
    #[error("the picture is damaged ({0}); save or send it again")]
    Damaged(String),
    /// More pixels than are read, or more memory than is given.
    #[error(
        "the picture is too large: at most {MAX_SIDE} pixels a side and {MAX_PIXELS} in all are read; scale it down or crop it to the code"
    )]
    TooLarge,
    /// The picture was read and no code found.
    #[error("no QR code found: {0}")]
    NoCode(Diagnosis),
}
