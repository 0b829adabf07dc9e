//! Any modules of any version, drawn cleanly: format, mask, error correction and segments take
//! whatever comes. And any text that can be drawn is read again.
#![no_main]

use countersign_qr::draw::draw;
use countersign_qr::scan::{Image, Level, thorough};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [level, rest @ ..] = data else { return };
    let level = [Level::L, Level::M, Level::Q, Level::H][usize::from(level & 3)];
    let text = String::from_utf8_lossy(rest);
    let Ok(drawing) = draw(&text, level) else { return };
    // Damage: the last bytes say which modules change colour.
    let n = drawing.size();
    let mut dark: Vec<bool> = (0..n * n).map(|i| drawing.dark(i % n, i / n)).collect();
    for pair in rest.rchunks_exact(2).take(usize::from(data[0] >> 2)) {
        let at = usize::from(u16::from_le_bytes([pair[0], pair[1]])) % (n * n);
        dark[at] = !dark[at];
    }
    let side = (n + 8) * 3;
    let pixels: Vec<u8> = (0..side * side)
        .map(|i| {
            let (x, y) = ((i % side / 3).wrapping_sub(4), (i / side / 3).wrapping_sub(4));
            if x < n && y < n && dark[y * n + x] { 0 } else { 255 }
        })
        .collect();
    if let Ok(image) = Image::grey(&pixels, side, side, side) {
        let _ = thorough(image);
    }
});
