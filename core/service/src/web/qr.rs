//! QR codes as SVG and PNG.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use qrcode::{Color, EcLevel, QrCode};

use super::PageError;
use crate::{base::lang::Lang, pages::Pages};

/// The quiet zone that ISO/IEC 18004 asks for, in modules.
const MARGIN: usize = 4;
/// The side of a module in the PNG, in pixels.
const SCALE: usize = 8;

fn modules(text: &str) -> Result<(Vec<bool>, usize), PageError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|error| PageError::Broken(error.to_string()))?;
    let width = code.width();
    Ok((
        code.into_colors()
            .into_iter()
            .map(|color| color == Color::Dark)
            .collect(),
        width,
    ))
}

/// One path of dark runs on white, sized by the page, with its name in the page's language.
pub(super) fn svg(text: &str, pages: &Pages, lang: Lang) -> Result<minijinja::Value, PageError> {
    let label = pages.texts.get(lang, "qr_label", &[]);
    let label = label.ok_or_else(|| PageError::Broken("no text qr_label".to_owned()))?;
    let (dark, width) = modules(text)?;
    let mut path = String::new();
    for (y, row) in dark.chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|dark| **dark).count();
            if run > 0 {
                path.push_str(&format!("M{} {}h{run}v1h-{run}z", x + MARGIN, y + MARGIN));
            }
            x += run.max(1);
        }
    }
    let side = width + 2 * MARGIN;
    // `label` is one of our own texts.
    Ok(minijinja::Value::from_safe_string(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    )))
}

/// The same as a PNG image.
pub(super) fn png(text: &str) -> Result<Response, PageError> {
    let (dark, width) = modules(text)?;
    let side = (width + 2 * MARGIN) * SCALE;
    let mut pixels = vec![0xff_u8; side * side];
    for (y, row) in pixels.chunks_mut(side).enumerate() {
        for (x, pixel) in row.iter_mut().enumerate() {
            let (column, line) = (
                (x / SCALE).wrapping_sub(MARGIN),
                (y / SCALE).wrapping_sub(MARGIN),
            );
            if column < width && line < width && dark[line * width + column] {
                *pixel = 0;
            }
        }
    }
    let mut out = Vec::new();
    let side = u32::try_from(side).map_err(|_| PageError::TooLong)?;
    PngEncoder::new(&mut out)
        .write_image(&pixels, side, side, ExtendedColorType::L8)
        .map_err(|error| PageError::Broken(error.to_string()))?;
    Ok((
        [(header::CONTENT_TYPE, HeaderValue::from_static("image/png"))],
        out,
    )
        .into_response())
}
