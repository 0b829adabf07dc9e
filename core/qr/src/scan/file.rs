//! Picture files: the codes in them, or the likely reason why none is found.

use thiserror::Error;

use super::Code;
use super::image::{Image, MAX_PIXELS, MAX_SIDE};
use super::picture::unpack;
use super::scanner::search;

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

/// Every code in an image file, which may be a screenshot with several. An orientation noted by a
/// camera does not matter to a code; corners are in pixels as they are stored.
///
/// # Errors
/// [`ScanError`] when the file is no picture, too large, or no code is found.
pub fn decode_file(bytes: &[u8]) -> Result<Vec<Code>, ScanError> {
    let grey = unpack(bytes)?;
    let image = Image::grey(&grey.pixels, grey.width, grey.height, grey.width)
        .map_err(|_| ScanError::TooLarge)?;
    let (codes, finished) = search(image);
    if codes.is_empty() {
        Err(ScanError::NoCode(match diagnose(image) {
            Diagnosis::None if !finished => Diagnosis::Unfinished,
            diagnosis => diagnosis,
        }))
    } else {
        Ok(codes)
    }
}

/// Looks at about a million pixels for a fault that a person can mend.
fn diagnose(image: Image<'_>) -> Diagnosis {
    if image.width() < 21 || image.height() < 21 {
        return Diagnosis::TooSmall;
    }
    let step = (image.height() * image.width() / 1_000_000).max(1);
    let mut histogram = [0_usize; 256];
    let mut steepest = 0;
    let mut buffer = Vec::new();
    for y in (0..image.height()).step_by(step) {
        let row = image.row(y, &mut buffer);
        row.iter().for_each(|&p| histogram[usize::from(p)] += 1);
        let steep = row
            .windows(3)
            .map(|w| w[0].abs_diff(w[2]))
            .max()
            .unwrap_or(0);
        steepest = steepest.max(steep);
    }
    let total: usize = histogram.iter().sum();
    let quantile = |part: usize| {
        let mut seen = 0;
        histogram
            .iter()
            .position(|&n| {
                seen += n;
                seen * 100 >= total * part
            })
            .unwrap_or(255)
    };
    let (dark, light) = (quantile(2), quantile(98));
    if light < 60 {
        Diagnosis::TooDark
    } else if dark > 200 {
        Diagnosis::TooBright
    } else if light - dark < 30 {
        Diagnosis::Flat
    } else if usize::from(steepest) * 4 < light - dark {
        Diagnosis::Blurred
    } else if image.width() < 60 || image.height() < 60 {
        Diagnosis::TooSmall
    } else {
        Diagnosis::None
    }
}
