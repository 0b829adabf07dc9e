//! Picture files to brightness, with limits against files that unpack to more than memory holds.
//!
//! PNG and JPEG are always read: screenshots and photographs. WebP, GIF and BMP come with feature
//! `pictures`, which an app leaves out, as its platform opens them.

use std::io::Cursor;

use png::{ColorType, DecodingError, Limits, Transformations};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::fault::ScanError;
use super::image::{MAX_PIXELS, MAX_SIDE};

/// The most memory that an image may take while it is unpacked: [`MAX_PIXELS`] of four bytes, and
/// as much for the decoder.
const MAX_ALLOCATION: usize = 2 * 4 * MAX_PIXELS;

/// An unpacked picture: 8-bit brightness, row after row.
pub(super) struct Grey {
    pub(super) pixels: Vec<u8>,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Grey {
    fn new(pixels: Vec<u8>, (width, height): (usize, usize)) -> Self {
        Self {
            pixels,
            width,
            height,
        }
    }
}

/// Unpacks a picture file. Transparent parts count as white paper: a code saved without its
/// background is black on nothing.
pub(super) fn unpack(bytes: &[u8]) -> Result<Grey, ScanError> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => unpack_png(bytes),
        [0xFF, 0xD8, 0xFF, ..] => unpack_jpeg(bytes),
        _ => unpack_other(bytes),
    }
}

fn within_limits(width: usize, height: usize) -> Result<(usize, usize), ScanError> {
    if width > MAX_SIDE || height > MAX_SIDE || width.saturating_mul(height) > MAX_PIXELS {
        return Err(ScanError::TooLarge);
    }
    Ok((width, height))
}

fn unpack_png(bytes: &[u8]) -> Result<Grey, ScanError> {
    let refusal = |error| match error {
        DecodingError::LimitsExceeded => ScanError::TooLarge,
        other => ScanError::Damaged(other.to_string()),
    };
    let limits = Limits {
        bytes: MAX_ALLOCATION,
    };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let info = decoder.read_header_info().map_err(refusal)?;
    let size = within_limits(info.width as usize, info.height as usize)?;
    let mut reader = decoder.read_info().map_err(refusal)?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or(ScanError::TooLarge)?];
    reader.next_frame(&mut pixels).map_err(refusal)?;
    let (colour, _) = reader.output_color_type();
    let grey = match colour {
        ColorType::Grayscale => pixels,
        ColorType::GrayscaleAlpha => each(&pixels, |[v, a]| on_white(u32::from(v), a)),
        ColorType::Rgb => each(&pixels, |rgb| luma(rgb) as u8),
        ColorType::Rgba => each(&pixels, |[r, g, b, a]| on_white(luma([r, g, b]), a)),
        ColorType::Indexed => return Err(ScanError::Format),
    };
    Ok(Grey::new(grey, size))
}

fn unpack_jpeg(bytes: &[u8]) -> Result<Grey, ScanError> {
    let damaged = |error: zune_jpeg::errors::DecodeErrors| ScanError::Damaged(error.to_string());
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder
        .dimensions()
        .ok_or_else(|| ScanError::Damaged("it has no size".to_owned()))?;
    let size = within_limits(width, height)?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let out = if grey {
        ColorSpace::Luma
    } else {
        ColorSpace::RGB
    };
    decoder.set_options(decoder.options().jpeg_set_out_colorspace(out));
    let pixels = decoder.decode().map_err(damaged)?;
    Ok(Grey::new(
        if grey {
            pixels
        } else {
            each(&pixels, |rgb| luma(rgb) as u8)
        },
        size,
    ))
}

#[cfg(not(feature = "pictures"))]
fn unpack_other(_: &[u8]) -> Result<Grey, ScanError> {
    Err(ScanError::Format)
}

#[cfg(feature = "pictures")]
fn unpack_other(bytes: &[u8]) -> Result<Grey, ScanError> {
    use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};
    let refusal = |error| match error {
        ImageError::Limits(_) => ScanError::TooLarge,
        ImageError::Unsupported(_) => ScanError::Format,
        other => ScanError::Damaged(other.to_string()),
    };
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| ScanError::Format)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE as u32);
    limits.max_image_height = Some(MAX_SIDE as u32);
    limits.max_alloc = Some(MAX_ALLOCATION as u64);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(refusal)?;
    let (width, height) = decoder.dimensions();
    let size = within_limits(width as usize, height as usize)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    let grey = if picture.color().has_alpha() {
        each(picture.into_rgba8().as_raw(), |[r, g, b, a]| {
            on_white(luma([r, g, b]), a)
        })
    } else {
        picture.into_luma8().into_raw()
    };
    Ok(Grey::new(grey, size))
}

fn each<const N: usize>(pixels: &[u8], grey: impl Fn([u8; N]) -> u8) -> Vec<u8> {
    pixels
        .as_chunks()
        .0
        .iter()
        .map(|&pixel| grey(pixel))
        .collect()
}

/// ITU-R BT.601 weights, in 256ths.
fn luma([r, g, b]: [u8; 3]) -> u32 {
    (77 * u32::from(r) + 150 * u32::from(g) + 29 * u32::from(b)) >> 8
}

fn on_white(luma: u32, alpha: u8) -> u8 {
    let alpha = u32::from(alpha);
    ((luma * alpha + 255 * (255 - alpha)) / 255) as u8
}
