//! Frames drawn from seeds: codes that a camera must see, and noise that holds none.

#![allow(clippy::unwrap_used)]

use countersign::qr::scan::{Image, Scanner, thorough};
use countersign_scan_bench::{HEIGHT, Random, SCENES, Scene, WIDTH, frame};

fn texts(pixels: &[u8]) -> Vec<Option<String>> {
    let image = Image::grey(pixels, WIDTH, HEIGHT, WIDTH).unwrap();
    thorough(image).into_iter().map(|c| c.text).collect()
}

#[test]
fn frames_are_read_rightly_or_not_at_all() {
    // Each scene runs from easy to hopeless; zxing-cpp 3.1 reads 21 of these.
    let mut read = 0;
    for scene in SCENES {
        for seed in 1..=3 {
            let drawn = frame(scene, seed);
            let found = texts(&drawn.pixels);
            if let Some(first) = found.first() {
                assert_eq!((found.len(), first), (1, &drawn.text), "{scene:?} {seed}");
                read += 1;
            }
        }
    }
    println!("{read} of {} frames with a code", 3 * (SCENES.len() - 1));
    assert!(read >= 22, "{read}");
}

#[test]
fn a_camera_reads_within_a_second_what_a_still_shows() {
    for (scene, seed) in [
        (Scene::Rotation, 1),
        (Scene::Dense, 2),
        (Scene::Screen, 1),
        (Scene::LowLight, 1),
    ] {
        let drawn = frame(scene, seed);
        let image = Image::grey(&drawn.pixels, WIDTH, HEIGHT, WIDTH).unwrap();
        if thorough(image).is_empty() {
            continue;
        }
        // The budget is for optimised code; here the order of looks is tested.
        let mut scanner = Scanner::new(std::time::Duration::from_secs(5));
        let found = (0..10).find_map(|_| scanner.frame(image).into_iter().next());
        assert_eq!(found.and_then(|c| c.text), drawn.text, "{scene:?} {seed}");
    }
}

#[test]
fn noise_and_texture_hold_no_code() {
    for seed in 0..6 {
        let mut r = Random::new(seed);
        let cell = 1 + seed as usize;
        let pixels: Vec<u8> = (0..640 * 480)
            .map(|i| match seed {
                0 => r.bits() as u8,
                // Random squares: like a code's data, without its finder patterns.
                1..=3 => {
                    let (x, y) = (i % 640 / cell, i / 640 / cell);
                    if Random::new((x + 1000 * y) as u64 + seed).bits() & 1 == 0 {
                        20
                    } else {
                        230
                    }
                }
                4 => ((i % 640 / 9 + i / 640 / 9) % 2 * 200) as u8,
                _ => ((i % 640) * (i / 640) / 200) as u8,
            })
            .collect();
        let image = Image::grey(&pixels, 640, 480, 640).unwrap();
        assert_eq!(thorough(image), [], "{seed}");
    }
}
