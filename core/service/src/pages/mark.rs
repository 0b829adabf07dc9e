//! The mark: a rounded square with a tick that is signed twice. Drawn here in the accent's colour,
//! as SVG and as the pictures that browsers and phones still ask for.

use image::{ExtendedColorType, ImageEncoder, ImageError, codecs::png::PngEncoder};

use super::colour::Colour;

/// The strokes on a square of 32, as a path of SVG.
pub(super) const PATH: &str = "M6 16.5L12 23L20.5 8.5M18.5 23L26.5 9.5";
/// The same as lines: from x, y to x, y.
const LINES: [[f32; 4]; 3] = [
    [6.0, 16.5, 12.0, 23.0],
    [12.0, 23.0, 20.5, 8.5],
    [18.5, 23.0, 26.5, 9.5],
];
/// Half the width of a stroke.
const HALF: f32 = 1.7;
/// The radius of the corners.
const CORNER: f32 = 8.0;
/// Samples of a pixel's side.
const FINE: u32 = 4;
/// The sides of the pictures in `favicon.ico`.
const SIDES: [u32; 3] = [16, 32, 48];

/// As SVG.
pub(super) fn svg(accent: Colour) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"{CORNER}\" fill=\"{accent}\"/>\
         <path d=\"{PATH}\" fill=\"none\" stroke=\"#fff\" stroke-width=\"{}\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg>",
        2.0 * HALF
    )
}

/// As PNG with this side. Phones round the corners themselves.
pub(super) fn png(accent: Colour, side: u32, rounded: bool) -> Result<Vec<u8>, ImageError> {
    let [red, green, blue] = accent.0;
    let mut pixels = Vec::new();
    for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
        let (mut inside, mut white) = (0, 0);
        for (v, u) in (0..FINE).flat_map(|v| (0..FINE).map(move |u| (v, u))) {
            let [u, v] = [x * FINE + u, y * FINE + v]
                .map(|at| (at as f32 + 0.5) * 32.0 / (side * FINE) as f32);
            inside += u32::from(!rounded || in_square(u, v));
            white += u32::from(on_stroke(u, v));
        }
        let all = FINE * FINE;
        let part = |colour: u8| {
            let sum = u32::from(colour) * (all - white) + 255 * white;
            u8::try_from(sum / all).unwrap_or(u8::MAX)
        };
        let alpha = u8::try_from(255 * inside / all).unwrap_or(u8::MAX);
        pixels.extend([part(red), part(green), part(blue), alpha]);
    }
    let mut out = Vec::new();
    PngEncoder::new(&mut out).write_image(&pixels, side, side, ExtendedColorType::Rgba8)?;
    Ok(out)
}

/// As `favicon.ico`: PNG pictures behind a directory.
pub(super) fn ico(accent: Colour) -> Result<Vec<u8>, ImageError> {
    let pictures = SIDES.map(|side| png(accent, side, true).map(|png| (side, png)));
    let mut directory = vec![0, 0, 1, 0, SIDES.len() as u8, 0];
    let mut files = Vec::new();
    let first = 6 + 16 * SIDES.len();
    for picture in pictures {
        let (side, png) = picture?;
        let [length, at] =
            [png.len(), first + files.len()].map(|number| (number as u32).to_le_bytes());
        directory.extend([side as u8, side as u8, 0, 0, 1, 0, 32, 0]);
        directory.extend(length.iter().chain(&at));
        files.extend(png);
    }
    directory.extend(files);
    Ok(directory)
}

fn in_square(x: f32, y: f32) -> bool {
    let beyond = |at: f32| (CORNER - at).max(at - (32.0 - CORNER)).max(0.0);
    beyond(x).hypot(beyond(y)) <= CORNER
}

fn on_stroke(x: f32, y: f32) -> bool {
    LINES.iter().any(|[ax, ay, bx, by]| {
        let (dx, dy) = (bx - ax, by - ay);
        let along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy);
        let along = along.clamp(0.0, 1.0);
        (x - ax - along * dx).hypot(y - ay - along * dy) <= HALF
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_has_the_lines() {
        let [a, b, c] = LINES;
        let path = format!(
            "M{} {}L{} {}L{} {}M{} {}L{} {}",
            a[0], a[1], a[2], a[3], b[2], b[3], c[0], c[1], c[2], c[3]
        );
        assert_eq!(path, PATH);
        assert_eq!((a[2], a[3]), (b[0], b[1]));
    }

    #[test]
    fn favicon_ico_holds_three_pictures_of_the_mark() {
        let accent = Colour([0x0b, 0x5a, 0x73]);
        let ico = ico(accent).unwrap();
        assert_eq!(&ico[..6], [0, 0, 1, 0, 3, 0]);
        for (entry, side) in ico[6..54].chunks(16).zip(SIDES) {
            let number =
                |at: usize| u32::from_le_bytes(entry[at..at + 4].try_into().unwrap()) as usize;
            assert_eq!(u32::from(entry[0]), side);
            let png = &ico[number(12)..number(12) + number(8)];
            let picture = image::load_from_memory(png).unwrap().into_rgba8();
            assert_eq!(picture.dimensions(), (side, side));
            // The corner is clear, the left edge the accent, and the tick's foot white.
            assert_eq!(picture.get_pixel(0, 0).0[3], 0);
            assert_eq!(picture.get_pixel(1, side / 4).0, [0x0b, 0x5a, 0x73, 255]);
            let foot = picture.get_pixel(side * 12 / 32, side * 22 / 32);
            assert!(foot.0[0] > 200, "{foot:?}");
        }
    }
}
