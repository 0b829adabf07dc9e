//! Every drawing is read: every version, level and mode; upright, turned, mirrored, inverted,
//! several at once.

#![allow(clippy::unwrap_used)]

use countersign_qr::draw::{Drawing, draw};
use countersign_qr::scan::{Code, Image, Level, decode_file, thorough};
use proptest::prelude::*;

const LEVELS: [Level; 4] = [Level::L, Level::M, Level::Q, Level::H];

/// Grey pixels with the quiet zone.
fn pixels(drawing: &Drawing, scale: usize) -> (Vec<u8>, usize) {
    let side = (drawing.size() + 8) * scale;
    let dark = |x: usize, y: usize| x >= 4 && y >= 4 && drawing.dark(x - 4, y - 4);
    let grey = |i: usize| {
        if dark(i % side / scale, i / side / scale) {
            0
        } else {
            255
        }
    };
    ((0..side * side).map(grey).collect(), side)
}

fn read(pixels: &[u8], width: usize) -> Vec<Code> {
    thorough(Image::grey(pixels, width, pixels.len() / width, width).unwrap())
}

/// Versions and texts that crate rqrr reads, which shares no code with this one.
fn second_reader(pixels: &[u8], width: usize) -> Vec<(usize, String)> {
    let height = pixels.len() / width;
    let grey = |x, y| pixels[y * width + x];
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, grey);
    let grids = image.detect_grids();
    let decoded = grids.iter().map(|grid| grid.decode().unwrap());
    decoded.map(|(meta, text)| (meta.version.0, text)).collect()
}

/// The longest text of one mode in every version is drawn in that version, and read with it. `draw`
/// itself refuses texts that it can't read back.
fn every_version(level: Level) {
    let mut length = [1, 1, 1];
    for version in 1..=40 {
        for (mode, alphabet) in ["7", "A", "a"].into_iter().enumerate() {
            // From the last version's length upwards: double the step while it fits, then halve it.
            let fits =
                |n: usize| draw_size(&alphabet.repeat(n), level).is_some_and(|v| v <= version);
            let mut step = 64;
            while step > 0 {
                if fits(length[mode] + step) {
                    length[mode] += step
                } else {
                    step /= 2
                }
            }
            let text = alphabet.repeat(length[mode]);
            let drawing = draw(&text, level).unwrap();
            assert_eq!((drawing.version(), drawing.level()), (version, level));
            let (pixels, side) = pixels(&drawing, 3);
            let codes = read(&pixels, side);
            assert_eq!(codes.len(), 1, "{version} {level:?} {alphabet}");
            assert_eq!(
                (codes[0].version, codes[0].level, codes[0].text.as_deref()),
                (version, level, Some(&*text))
            );
            assert_eq!(
                second_reader(&pixels, side),
                [(usize::from(version), text)],
                "a second reader: {version} {level:?} {alphabet}"
            );
        }
    }
}

/// The version that a text needs, by the tables of the drawing library.
fn draw_size(text: &str, level: Level) -> Option<u8> {
    let level = [
        qrcode::EcLevel::L,
        qrcode::EcLevel::M,
        qrcode::EcLevel::Q,
        qrcode::EcLevel::H,
    ][level as usize];
    match qrcode::bits::encode_auto(text.as_bytes(), level)
        .ok()?
        .version()
    {
        qrcode::Version::Normal(v) => u8::try_from(v).ok(),
        qrcode::Version::Micro(_) => None,
    }
}

#[test]
fn every_version_and_mode_at_level_l() {
    every_version(Level::L);
}

#[test]
fn every_version_and_mode_at_level_m() {
    every_version(Level::M);
}

#[test]
fn every_version_and_mode_at_level_q() {
    every_version(Level::Q);
}

#[test]
fn every_version_and_mode_at_level_h() {
    every_version(Level::H);
}

#[test]
fn corners_are_in_the_codes_own_order_however_it_is_turned() {
    let drawing = draw("HTTPS://EXAMPLE.EU/Q/CORNERS", Level::M).unwrap();
    let (upright, side) = pixels(&drawing, 5);
    let (near, far) = (20.0, side as f32 - 20.0);
    let square = [(near, near), (far, near), (far, far), (near, far)];
    let at = |x: usize, y: usize| upright[y * side + x];
    let turned: [&dyn Fn(usize, usize) -> u8; 4] = [
        &at,
        &|x, y| at(y, side - 1 - x),
        &|x, y| at(side - 1 - x, side - 1 - y),
        &|x, y| at(side - 1 - y, x),
    ];
    for (quarters, look) in turned.into_iter().enumerate() {
        let pixels: Vec<u8> = (0..side * side).map(|i| look(i % side, i / side)).collect();
        let codes = read(&pixels, side);
        for (i, corner) in codes[0].corners.iter().enumerate() {
            let wanted = square[(i + quarters) % 4];
            assert!(
                (corner.0 - wanted.0).hypot(corner.1 - wanted.1) < 4.0,
                "{quarters} {:?}",
                codes[0].corners
            );
        }
    }
}

#[test]
fn mirrored_and_inverted_codes_are_read() {
    let drawing = draw("mirrored, inverted", Level::M).unwrap();
    let (upright, side) = pixels(&drawing, 4);
    let mirrored: Vec<u8> = (0..side * side)
        .map(|i| upright[i / side * side + side - 1 - i % side])
        .collect();
    let inverted: Vec<u8> = upright.iter().map(|p| 255 - p).collect();
    let both: Vec<u8> = mirrored.iter().map(|p| 255 - p).collect();
    for picture in [upright, mirrored, inverted, both] {
        assert_eq!(
            read(&picture, side)[0].text.as_deref(),
            Some("mirrored, inverted")
        );
    }
}

#[test]
fn a_screenshot_with_several_codes_gives_all_of_them() {
    let (width, height) = (1200, 800);
    let mut screen = vec![240_u8; width * height];
    let mut wanted = Vec::new();
    for i in 0..6 {
        let text = format!("HTTPS://EXAMPLE.EU/Q/CODE{}", "X".repeat(20 * i));
        let (code, side) = pixels(&draw(&text, Level::M).unwrap(), 4 + i % 2);
        let (left, top) = (20 + i % 3 * 400, 20 + i / 3 * 400);
        for (y, row) in code.chunks(side).enumerate() {
            screen[(top + y) * width + left..][..side].copy_from_slice(row);
        }
        wanted.push(text);
    }
    let mut found: Vec<String> = read(&screen, width)
        .into_iter()
        .filter_map(|c| c.text)
        .collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
}

#[test]
fn rgba_yuv_and_padded_rows_read_alike() {
    let drawing = draw("layouts", Level::Q).unwrap();
    let (grey, side) = pixels(&drawing, 4);
    let stride = side + 13;
    let padded: Vec<u8> = grey
        .chunks(side)
        .flat_map(|row| row.iter().copied().chain([99; 13]))
        .collect();
    let rgba: Vec<u8> = grey.iter().flat_map(|&p| [p, p / 2 + 60, p, 7]).collect();
    let nv21 = [&grey[..], &vec![128; side * side / 2]].concat();
    let images = [
        Image::grey(&padded[..stride * (side - 1) + side], side, side, stride).unwrap(),
        Image::rgba(&rgba, side, side, 4 * side).unwrap(),
        Image::yuv(&nv21, side, side, side).unwrap(),
    ];
    for image in images {
        assert_eq!(thorough(image)[0].text.as_deref(), Some("layouts"));
    }
}

#[test]
fn a_picture_is_refused_with_the_numbers_that_are_wrong() {
    assert!(Image::grey(&[], 0, 1, 0).is_err());
    assert!(Image::grey(&[0; 100], 10, 10, 9).is_err());
    assert!(
        Image::grey(&[0; 99], 10, 10, 10)
            .unwrap_err()
            .to_string()
            .contains("100")
    );
    assert!(Image::rgba(&[0; 400], 10, 10, 39).is_err());
    assert!(Image::grey(&[], usize::MAX, usize::MAX, usize::MAX).is_err());
}

#[test]
fn a_file_without_a_code_says_what_may_help() {
    let png = |grey: &dyn Fn(u32, u32) -> u8| {
        let picture = image::GrayImage::from_fn(200, 200, |x, y| image::Luma([grey(x, y)]));
        let mut out = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut out, image::ImageFormat::Png).unwrap();
        decode_file(out.get_ref()).unwrap_err().to_string()
    };
    assert!(png(&|_, _| 12).contains("dark"));
    assert!(png(&|_, _| 250).contains("bright"));
    assert!(png(&|_, _| 120).contains("contrast"));
    assert!(png(&|x, _| x as u8).contains("blurred"));
    assert!(png(&|x, y| if (x ^ y) & 16 == 0 { 20 } else { 220 }).contains("whole code"));
    assert!(
        decode_file(b"GIF89a")
            .unwrap_err()
            .to_string()
            .contains("damaged")
    );
    assert!(
        decode_file(b"no picture")
            .unwrap_err()
            .to_string()
            .contains("PNG")
    );
}

#[test]
fn a_file_that_unpacks_to_more_than_memory_is_refused() {
    // A PNG header of 60,000 × 60,000 pixels, and nothing behind it.
    let mut header = b"IHDR".to_vec();
    header.extend([0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60, 8, 0, 0, 0, 0]);
    let crc = header.iter().fold(!0_u32, |crc, &b| {
        (0..8).fold(crc ^ u32::from(b), |c, _| {
            if c & 1 == 1 {
                c >> 1 ^ 0xEDB8_8320
            } else {
                c >> 1
            }
        })
    });
    let png = [
        b"\x89PNG\r\n\x1a\n\0\0\0\x0d",
        &header[..],
        &(!crc).to_be_bytes(),
        b"\0\0\0\0IDAT\x35\xaf\x06\x1e",
    ]
    .concat();
    assert!(
        decode_file(&png)
            .unwrap_err()
            .to_string()
            .contains("too large"),
        "{}",
        decode_file(&png).unwrap_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_that_can_be_drawn_is_read_again(text in "\\PC{1,120}", level in 0_usize..4, scale in 1_usize..6) {
        let drawing = draw(&text, LEVELS[level]).unwrap();
        let codes = decode_file(&drawing.png(scale).unwrap()).unwrap();
        prop_assert_eq!(codes.len(), 1);
        prop_assert_eq!(codes[0].text.as_deref(), Some(&*text));
        prop_assert_eq!((codes[0].level, codes[0].version), (LEVELS[level], drawing.version()));
    }

    #[test]
    fn no_picture_makes_the_scanner_panic(width in 1_usize..90, height in 1_usize..90, seed in prop::collection::vec(any::<u8>(), 1..400)) {
        let pixels: Vec<u8> = (0..width * height).map(|i| seed[i * 7 % seed.len()]).collect();
        let _ = read(&pixels, width);
    }
}
