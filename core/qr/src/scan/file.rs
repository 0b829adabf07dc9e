//! Picture files: the codes in them, or the likely reason why none is found.

use super::Code;
use super::fault::{Diagnosis, ScanError};
use super::image::Image;
use super::picture::unpack;
use super::scanner::search;

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
