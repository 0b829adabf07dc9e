//! Image files: PNG, JPEG, WebP, GIF and BMP, with limits against files that unpack to more than memory holds.

use std::io::Cursor;

use ::image::{DynamicImage, ImageDecoder, ImageError as Unreadable, ImageReader, Limits};
use thiserror::Error;

use super::Code;
use super::image::{Image, MAX_PIXELS, MAX_SIDE};
use super::scanner::search;

/// What an image may take in memory while it is unpacked: [`MAX_PIXELS`] of four bytes, and as much for the decoder.
const MAX_ALLOCATION: u64 = 2 * 4 * MAX_PIXELS as u64;

/// What seems to stand between a picture and its code.
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
    #[error("this is no PNG, JPEG, WebP, GIF or BMP picture; save it as one of these")]
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

/// Every code in an image file, which may be a screenshot with several. An orientation noted by a camera does not matter to
/// a code; corners are in pixels as they are stored.
///
/// # Errors
/// [`ScanError`] when the file is no picture, too large, or no code is found.
pub fn decode_file(bytes: &[u8]) -> Result<Vec<Code>, ScanError> {
    let grey = open(bytes)?;
    let (width, height) = (grey.width() as usize, grey.height() as usize);
    let image =
        Image::grey(grey.as_raw(), width, height, width).map_err(|_| ScanError::TooLarge)?;
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

fn open(bytes: &[u8]) -> Result<::image::GrayImage, ScanError> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| ScanError::Format)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE as u32);
    limits.max_image_height = Some(MAX_SIDE as u32);
    limits.max_alloc = Some(MAX_ALLOCATION);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(refusal)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS as u64 {
        return Err(ScanError::TooLarge);
    }
    Ok(grey(DynamicImage::from_decoder(decoder).map_err(refusal)?))
}

fn refusal(e: Unreadable) -> ScanError {
    match e {
        Unreadable::Limits(_) => ScanError::TooLarge,
        Unreadable::Unsupported(_) => ScanError::Format,
        other => ScanError::Damaged(other.to_string()),
    }
}

/// Transparent parts count as white paper: a code saved without its background is black on nothing.
fn grey(picture: DynamicImage) -> ::image::GrayImage {
    if !picture.color().has_alpha() {
        return picture.into_luma8();
    }
    let rgba = picture.into_rgba8();
    ::image::GrayImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, a] = rgba.get_pixel(x, y).0.map(u32::from);
        let luma = (77 * r + 150 * g + 29 * b) >> 8;
        ::image::Luma([((luma * a + 255 * (255 - a)) / 255) as u8])
    })
}

/// Looks at about a million pixels for what a person could do better.
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
