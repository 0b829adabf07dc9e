//! The files that pages load: built in, compressed once, and below a folder whose name changes
//! with any of them, so that browsers keep them for good and never mix two versions.

use std::io::Write as _;

use countersign_protocol::pin::{Guessable, Pin, guessable};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use super::{brand::Look, mark};
use crate::base::hex;

/// A file.
pub(crate) struct File {
    name: &'static str,
    /// Its media type.
    pub(crate) media: &'static str,
    /// Its bytes.
    pub(crate) plain: Vec<u8>,
    /// The same, compressed, where that is shorter.
    pub(crate) gzip: Option<Vec<u8>>,
}

/// All of them.
pub(crate) struct Files {
    /// The name of their folder.
    folder: String,
    files: Vec<File>,
    /// `/favicon.ico`, which browsers look for there.
    pub(crate) favicon: Vec<u8>,
}

impl Files {
    /// Those of this look.
    pub(super) fn new(look: &mut Look) -> Result<Self, String> {
        const SCRIPT: &str = "text/javascript; charset=utf-8";
        let said = |error: image::ImageError| error.to_string();
        let style = [include_str!("../../static/style.css"), &look.tokens()].concat();
        let touch = mark::png(look.accent, 180, false).map_err(said)?;
        let mut all = vec![
            ("style.css", "text/css; charset=utf-8", style.into_bytes()),
            (
                "page.js",
                SCRIPT,
                include_bytes!("../../static/page.js").to_vec(),
            ),
            (
                "work.js",
                SCRIPT,
                include_bytes!("../../static/work.js").to_vec(),
            ),
            (
                "send.js",
                SCRIPT,
                include_bytes!("../../static/send.js").to_vec(),
            ),
            (
                "pin.js",
                SCRIPT,
                include_bytes!("../../static/pin.js").to_vec(),
            ),
            (
                "qrcode.mjs",
                SCRIPT,
                include_bytes!("../../static/vendor/qrcode.mjs").to_vec(),
            ),
            (
                "guessable-pins.json",
                "application/json",
                guessable_pins().to_string().into_bytes(),
            ),
            (
                "icon.svg",
                "image/svg+xml",
                mark::svg(look.accent).into_bytes(),
            ),
            ("apple-touch-icon.png", "image/png", touch),
        ];
        if let Some(logo) = &mut look.logo {
            all.push((logo.name, logo.media, std::mem::take(&mut logo.bytes)));
        }
        let mut hash = Sha256::new();
        for (name, _, bytes) in &all {
            hash.update(format!("{name} {}\n", bytes.len()));
            hash.update(bytes);
        }
        let hash = hash.finalize();
        let folder = hex::encode(hash.first_chunk::<8>().ok_or("no hash")?);
        let files = all.into_iter().map(|(name, media, plain)| File {
            gzip: (media != "image/png").then(|| gzip(&plain)).flatten(),
            name,
            media,
            plain,
        });
        Ok(Self {
            folder,
            files: files.collect(),
            favicon: mark::ico(look.accent).map_err(said)?,
        })
    }

    /// Where they are, without a slash at the end.
    pub(super) fn folder(&self) -> String {
        format!("/static/{}", self.folder)
    }

    /// The file of this name, if the folder is today's.
    pub(crate) fn get(&self, folder: &str, name: &str) -> Option<&File> {
        let mut files = self.files.iter().filter(|_| folder == self.folder);
        files.find(|file| file.name == name)
    }
}

fn gzip(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    let gzip = encoder.finish().ok()?;
    (gzip.len() < plain.len()).then_some(gzip)
}

/// The name of a reason, and of its text: `pin_guessable_` and it.
fn name(reason: Guessable) -> &'static str {
    match reason {
        Guessable::FourEqual => "equal",
        Guessable::Run => "run",
        Guessable::Year => "year",
        Guessable::Date => "date",
        Guessable::Common => "common",
    }
}

/// Every PIN that a phone refuses, by the reason's name: the page has no rules of its own.
/// `[["year", ["1900", …]], …]`.
fn guessable_pins() -> serde_json::Value {
    let mut reasons: Vec<(Guessable, Vec<String>)> = Vec::new();
    for number in 0..10_000 {
        let digits = format!("{number:04}");
        let Some(reason) = Pin::from_bytes(digits.as_bytes())
            .ok()
            .and_then(|pin| guessable(&pin))
        else {
            continue;
        };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, pins)) => pins.push(digits),
            None => reasons.push((reason, vec![digits])),
        }
    }
    reasons
        .into_iter()
        .map(|(reason, pins)| serde_json::json!([name(reason), pins]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::brand::Brand;

    #[test]
    fn the_page_refuses_exactly_the_pins_that_a_phone_refuses() {
        let list = guessable_pins();
        let listed = |pin: &str| {
            list.as_array().unwrap().iter().any(|group| {
                let mut pins = group[1].as_array().unwrap().iter();
                pins.any(|listed| listed == pin)
            })
        };
        for number in 0..10_000 {
            let digits = format!("{number:04}");
            let pin = Pin::from_bytes(digits.as_bytes()).unwrap();
            assert_eq!(listed(&digits), guessable(&pin).is_some(), "{digits}");
        }
    }

    #[test]
    fn the_folder_changes_with_any_file() {
        let files = |accent: Option<&str>| {
            let brand = Brand {
                accent: accent.map(str::to_owned),
                ..Brand::default()
            };
            Files::new(&mut brand.look().unwrap()).unwrap()
        };
        let (ours, same, other) = (files(None), files(None), files(Some("#663399")));
        assert_eq!(ours.folder, same.folder);
        assert_ne!(ours.folder, other.folder);
        assert!(other.get(&ours.folder, "style.css").is_none());
        let style = other.get(&other.folder, "style.css").unwrap();
        assert!(String::from_utf8_lossy(&style.plain).contains("--accent:#663399"));
    }
}
