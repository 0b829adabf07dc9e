//! Pictures on disc: photographs with their texts, and grey images for other decoders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// An 8-bit grey picture.
#[derive(Debug, Clone)]
pub struct Grey {
    /// Row after row.
    pub pixels: Vec<u8>,
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Grey {
    /// A quarter turn clockwise, so many times.
    #[must_use]
    pub fn turned(&self, quarters: usize) -> Self {
        if quarters.is_multiple_of(4) {
            return self.clone();
        }
        let (w, h) = (self.width, self.height);
        let mut pixels = vec![0; w * h];
        for y in 0..h {
            for x in 0..w {
                pixels[x * h + (h - 1 - y)] = self.pixels[y * w + x];
            }
        }
        Self {
            pixels,
            width: h,
            height: w,
        }
        .turned(quarters % 4 - 1)
    }

    /// Writes the picture as a binary PGM.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let mut out = format!("P5\n{} {}\n255\n", self.width, self.height).into_bytes();
        out.extend_from_slice(&self.pixels);
        fs::write(path, out)
    }
}

/// A photograph and the text of its code.
#[derive(Debug, Clone)]
pub struct Photograph {
    /// Its folder and name.
    pub name: String,
    /// Its pixels.
    pub image: Grey,
    /// Its text.
    pub text: String,
}

/// The folder of photographs: the one that `COUNTERSIGN_PHOTOS` names, else `../shared/photos`
/// beside the repository.
#[must_use]
pub fn photographs_folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)?
        .join("shared/photos");
    let folder = std::env::var_os("COUNTERSIGN_PHOTOS").map_or(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// Is this a list of the corners of codes, as BoofCV's benchmark has beside its pictures, and not
/// the text of one?
fn is_corners(text: &str) -> bool {
    let mut lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && *line != "SETS");
    let numbers = |line: &str| {
        line.split_whitespace()
            .all(|word| word.parse::<f64>().is_ok())
    };
    text.starts_with('#') && lines.all(numbers)
}

/// Every picture below `folder` that has a text file of the same name, in the order of names.
/// Those whose file has the corners of their codes instead are left out.
///
/// # Errors
/// When a file can't be read.
pub fn photographs(folder: &Path) -> io::Result<Vec<Photograph>> {
    let mut paths = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|e| ["png", "webp", "jpg"].iter().any(|p| e == *p))
            {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let mut out = Vec::new();
    for path in paths {
        let Ok(text) = fs::read(path.with_extension("txt")) else {
            continue;
        };
        let text = String::from_utf8_lossy(&text).into_owned();
        if is_corners(&text) {
            continue;
        }
        let picture = image::open(&path).map_err(io::Error::other)?.into_rgba8();
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        // Transparent pixels lie on white.
        let pixels = picture.pixels().map(|p| {
            let [r, g, b, a] = p.0.map(u32::from);
            (((77 * r + 150 * g + 29 * b) / 256 * a + 255 * (255 - a)) / 255) as u8
        });
        out.push(Photograph {
            name: path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .display()
                .to_string(),
            image: Grey {
                pixels: pixels.collect(),
                width,
                height,
            },
            text,
        });
    }
    Ok(out)
}
