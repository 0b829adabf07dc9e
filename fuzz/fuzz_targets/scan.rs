//! Any pixels, as a still and as camera frames: no panic, no read outside, corners that are
//! numbers.
#![no_main]

use countersign_qr::scan::{Image, Scanner, thorough};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [kind, width, height, rest @ ..] = data else { return };
    let (width, height) = (usize::from(*width) + 1, usize::from(*height) + 1);
    // Bits become pixels of one to four a side, so that the fuzzer can draw codes with few bytes.
    let scale = usize::from(kind & 3) + 1;
    let bit = |i: usize| rest.get(i / 8).is_some_and(|b| b >> (i % 8) & 1 == 1);
    let grey = |x: usize, y: usize| {
        if kind & 4 == 0 {
            if bit(y / scale * width.div_ceil(scale) + x / scale) { 20 } else { 230 }
        } else {
            rest.get((y * width + x) % rest.len().max(1)).copied().unwrap_or(0)
        }
    };
    let pixels: Vec<u8> = (0..width * height).map(|i| grey(i % width, i / width)).collect();
    let image = if kind & 8 == 0 {
        Image::grey(&pixels, width, height, width)
    } else {
        Image::rgba(&pixels, width / 4, height, width)
    };
    let Ok(image) = image else { return };
    let mut codes = thorough(image);
    let mut scanner = Scanner::default();
    for _ in 0..4 {
        codes.extend(scanner.frame(image));
    }
    for code in codes {
        assert!((1..=40).contains(&code.version));
        assert!(code.corners.iter().all(|(x, y)| x.is_finite() && y.is_finite()));
    }
});
