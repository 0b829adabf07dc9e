//! Writes the pictures of the benchmark, and measures Countersign's scanner on them. `run` beside
//! this folder's manifest calls it.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use countersign::qr::scan::{Code, Image, Scanner, thorough};
use countersign_scan_bench::files::{Grey, photographs, photographs_folder};
use countersign_scan_bench::{HEIGHT, SCENES, Scene, WIDTH, frame};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["export", folder, seeds, first] => {
            export(Path::new(folder), seeds.parse()?, first.parse()?)
        }
        ["read", folder] => read(Path::new(folder)),
        ["worst"] => worst(),
        _ => Err("usage: scan-bench export FOLDER SEEDS FIRST | read FOLDER | worst".into()),
    }
}

/// Photographs at four rotations, and `seeds` frames of each scene, as PGM files with a text file
/// each (empty: no code).
fn export(folder: &Path, seeds: u64, first: u64) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    match photographs_folder() {
        Some(from) => {
            for p in photographs(&from)? {
                for quarters in 0..4 {
                    let name = format!(
                        "photo{}-{}",
                        90 * quarters,
                        p.name.replace(['/', '.', '#'], "_")
                    );
                    p.image
                        .turned(quarters)
                        .save(&folder.join(format!("{name}.pgm")))?;
                    fs::write(folder.join(format!("{name}.txt")), &p.text)?;
                }
            }
        }
        None => println!(
            "no photographs: set COUNTERSIGN_PHOTOS to a folder of pictures with texts beside them"
        ),
    }
    for scene in SCENES {
        for seed in first..first + seeds {
            let drawn = frame(scene, seed);
            let name = format!("frame-{scene:?}-{seed}");
            let grey = Grey {
                pixels: drawn.pixels,
                width: WIDTH,
                height: HEIGHT,
            };
            grey.save(&folder.join(format!("{name}.pgm")))?;
            fs::write(
                folder.join(format!("{name}.txt")),
                drawn.text.unwrap_or_default(),
            )?;
        }
    }
    Ok(())
}

/// Lines of `name, way, milliseconds, texts in hex`: each picture as a still, as crate rqrr reads
/// it, and each frame as the camera's.
fn read(folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut paths: Vec<_> = fs::read_dir(folder)?
        .map(|e| Ok(e?.path()))
        .collect::<std::io::Result<_>>()?;
    paths.retain(|p| p.extension().is_some_and(|e| e == "pgm"));
    paths.sort();
    for path in paths {
        let data = fs::read(&path)?;
        let (width, height, pixels) = pgm(&data).ok_or("not a PGM file of this program")?;
        let image = Image::grey(pixels, width, height, width)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let (time, codes) = best_of(3, || thorough(image));
        print_line(&name, "still", time, &codes);
        let (time, texts) = best_of(3, || peer(pixels, width, height));
        print_texts(&name, "rqrr", time, &texts);
        if name.starts_with("frame") {
            // A second at ten frames a second, of the same frame: what is read, and what a frame
            // costs.
            let mut scanner = Scanner::default();
            let mut found = Vec::new();
            let mut times = Vec::new();
            for _ in 0..10 {
                let start = processor_time();
                let codes = scanner.frame(image);
                times.push(processor_time().saturating_sub(start));
                if !codes.is_empty() {
                    found = codes;
                    break;
                }
            }
            print_line(
                &name,
                "camera",
                times.iter().sum::<Duration>() / times.len() as u32,
                &found,
            );
            print_line(
                &name,
                "camera-worst",
                times.into_iter().max().unwrap_or_default(),
                &found,
            );
        }
    }
    Ok(())
}

/// Processor time of this thread: other programs on the machine don't count.
fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

fn best_of<T>(times: usize, mut work: impl FnMut() -> T) -> (Duration, T) {
    let mut best = None;
    for _ in 0..times {
        let start = processor_time();
        let out = work();
        let time = processor_time().saturating_sub(start);
        if best.as_ref().is_none_or(|(t, _)| time < *t) {
            best = Some((time, out));
        }
        // A long run needs no second measurement.
        if time > Duration::from_millis(200) {
            break;
        }
    }
    best.unwrap_or_else(|| (Duration::ZERO, work()))
}

fn print_line(name: &str, way: &str, time: Duration, codes: &[Code]) {
    let text = |code: &Code| code.text.clone().unwrap_or_default().into_bytes();
    print_texts(name, way, time, &codes.iter().map(text).collect::<Vec<_>>());
}

fn print_texts(name: &str, way: &str, time: Duration, texts: &[Vec<u8>]) {
    let hex = |text: &Vec<u8>| {
        text.iter().fold(String::new(), |mut s, b| {
            let _ = write!(s, "{b:02x}");
            s
        })
    };
    println!(
        "{name}\t{way}\t{:.3}\t{}",
        time.as_secs_f64() * 1e3,
        texts.iter().map(hex).collect::<Vec<_>>().join(",")
    );
}

/// Reads the same picture with crate rqrr. Where it panics, it has read nothing.
fn peer(pixels: &[u8], width: usize, height: usize) -> Vec<Vec<u8>> {
    let read = || {
        let grey = |x, y| pixels[y * width + x];
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, grey);
        let decode = |grid: &rqrr::Grid<_>| {
            let mut text = Vec::new();
            grid.decode_to(&mut text).ok().map(|_| text)
        };
        image.detect_grids().iter().filter_map(decode).collect()
    };
    std::panic::catch_unwind(read).unwrap_or_default()
}

fn pgm(data: &[u8]) -> Option<(usize, usize, &[u8])> {
    let mut lines = data.splitn(4, |&b| b == b'\n');
    lines.next().filter(|l| *l == b"P5")?;
    let mut sizes = std::str::from_utf8(lines.next()?)
        .ok()?
        .split(' ')
        .filter_map(|n| n.parse().ok());
    let (width, height) = (sizes.next()?, sizes.next()?);
    lines.next()?;
    Some((width, height, lines.next()?))
}

const KINDS: [&str; 7] = [
    "black",
    "noise",
    "blocks",
    "rings",
    "rings-jittered",
    "stripes",
    "gradient",
];

/// A picture of one kind, of black, grey and white pixels without any code.
fn hard(kind: &str, width: usize, height: usize, noisy: &[u8]) -> Vec<u8> {
    let mut r = countersign_scan_bench::Random::new(3);
    let jitter: Vec<usize> = (0..4096).map(|_| r.below(3)).collect();
    let pixel = |i: usize| {
        let (x, y) = (i % width, i / width);
        match kind {
            "black" => 0,
            "noise" => noisy[(i * 7 + i / 911_111) % noisy.len()],
            "blocks" => {
                if noisy[(x / 3 + y / 3 * (width / 3 + 1)) % noisy.len()] & 1 == 0 {
                    0
                } else {
                    255
                }
            }
            "rings" | "rings-jittered" => {
                // 24 × 24 finder patterns.
                let m = (width.min(height) / 24 / 9).max(1);
                let j = if kind == "rings" {
                    0
                } else {
                    jitter[(x / (9 * m) + 64 * (y / (9 * m))) % 4096] * m / 2
                };
                let (u, v) = ((x + j) / m % 9, (y + j) / m % 9);
                let inside = |w: usize| u.max(v) < 7 && u.min(v) >= w && u.max(v) < 7 - w;
                if u > 6 || v > 6 || (inside(1) && !inside(2)) {
                    255
                } else {
                    0
                }
            }
            "stripes" => {
                if (x + y / 7) % 14 < 7 {
                    20
                } else {
                    230
                }
            }
            _ => (x * 255 / width.max(2)) as u8,
        }
    };
    (0..width * height).map(pixel).collect()
}

/// The inputs that take longest: large pictures full of noise, rings, checkerboards and large
/// codes.
fn worst() -> Result<(), Box<dyn Error>> {
    let mut noisy = frame(Scene::Nothing, 1).pixels;
    let mut r = countersign_scan_bench::Random::new(7);
    noisy.iter_mut().for_each(|p| *p = r.bits() as u8);
    for (width, height) in [
        (100, 1),
        (1, 100),
        (1280, 720),
        (1920, 1080),
        (4000, 3000),
        (12_000, 1000),
        (1000, 12_000),
    ] {
        for kind in KINDS {
            let pixels = hard(kind, width, height, &noisy);
            let image = Image::grey(&pixels, width, height, width)?;
            let (still, codes) = best_of(1, || thorough(image));
            let mut scanner = Scanner::default();
            let mut frames: Vec<Duration> = (0..30)
                .map(|_| best_of(1, || scanner.frame(image)).0)
                .collect();
            frames.sort();
            println!(
                "{width}×{height}\t{kind}\tstill {:.1} ms\tframe median {:.2} worst {:.2} ms\tcodes {}",
                still.as_secs_f64() * 1e3,
                frames[15].as_secs_f64() * 1e3,
                frames[29].as_secs_f64() * 1e3,
                codes.len()
            );
        }
    }
    Ok(())
}
