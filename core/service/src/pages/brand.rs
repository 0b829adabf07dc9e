//! How the operator's pages look, and where they lead for help.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use reqwest::Url;

use super::colour::Colour;

/// The longest logo, in bytes.
const LONGEST_LOGO: u64 = 64 * 1024;
/// The least contrast of text, of WCAG 2.2, 1.4.3.
const LEAST_CONTRAST: f64 = 4.5;
/// The accent of a service whose operator has chosen none.
const ACCENT: Colour = Colour([0x0b, 0x5a, 0x73]);

/// How the operator's pages look, and where they lead for help.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brand {
    /// The colour of buttons and links, `#RRGGBB`, dark enough to be read on white. The colour for
    /// dark pages is made from it.
    pub accent: Option<String>,
    /// A file with the operator's logo, SVG or PNG, at most 64 KB. It is shown beside the name.
    pub logo: Option<PathBuf>,
    /// Who helps people who can't sign in: `https:`, `mailto:` or `tel:`.
    pub help_desk: Option<String>,
    /// The legal notice: `https:`.
    pub legal: Option<String>,
    /// The accessibility statement: `https:`.
    pub accessibility: Option<String>,
    /// Where faults that an attacker could use are reported: `https:`, `mailto:` or `tel:`. With
    /// it, there is a `/.well-known/security.txt` (RFC 9116).
    pub security_contact: Option<String>,
}

/// Why the pages can't look like that.
#[derive(Debug, thiserror::Error)]
pub enum BadBrand {
    /// It is no colour.
    #[error("the accent {0:?} can't be used: give it as in --accent '#0b5a73'")]
    Accent(String),
    /// White text on it, or text in it on a light page, can't be read by everybody.
    #[error(
        "the accent {0} can't be used: its contrast to a light page is {1:.1}, and text needs 4.5. Take a darker one; for dark pages a light one is made from it"
    )]
    Faint(String, f64),
    /// The logo can't be read.
    #[error("the logo {0} can't be read: {1}")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The logo is too long or of another kind.
    #[error("the logo {0} can't be used: it must be an SVG or PNG file of at most 64 KB")]
    Logo(PathBuf),
    /// A link leads nowhere.
    #[error("{0:?} can't be used: give a whole address, as in https://example.eu/help{1}")]
    Link(String, &'static str),
}

/// The operator's logo.
#[derive(Debug)]
pub(crate) struct Logo {
    /// Its name among the files of the pages.
    pub(super) name: &'static str,
    /// Its media type.
    pub(super) media: &'static str,
    /// The file.
    pub(super) bytes: Vec<u8>,
}

/// A brand that can be shown.
#[derive(Debug)]
pub(crate) struct Look {
    /// The colour of buttons and links on light pages.
    pub(super) accent: Colour,
    /// Whether the operator chose it.
    pub(super) own: bool,
    /// The operator's logo.
    pub(super) logo: Option<Logo>,
    /// As the operator gave it, with addresses that lead somewhere.
    pub(super) brand: Brand,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            accent: ACCENT,
            own: false,
            logo: None,
            brand: Brand::default(),
        }
    }
}

impl Brand {
    /// Checks everything, and reads the logo.
    pub(crate) fn look(&self) -> Result<Look, BadBrand> {
        let (web, all) = (["https"].as_slice(), ["https", "mailto", "tel"].as_slice());
        check(self.help_desk.as_deref(), all)?;
        check(self.legal.as_deref(), web)?;
        check(self.accessibility.as_deref(), web)?;
        check(self.security_contact.as_deref(), all)?;
        Ok(Look {
            accent: self.accent.as_deref().map_or(Ok(ACCENT), accent)?,
            own: self.accent.is_some(),
            logo: self.logo.as_deref().map(logo).transpose()?,
            brand: self.clone(),
        })
    }
}

fn check(link: Option<&str>, schemes: &[&str]) -> Result<(), BadBrand> {
    let Some(link) = link else { return Ok(()) };
    let others = match schemes {
        [_] => "",
        _ => ", mailto:help@example.eu or tel:+37160000000",
    };
    let good = link.is_ascii()
        && !link.contains(|c: char| c.is_ascii_control() || c == ' ')
        && Url::parse(link).is_ok_and(|url| schemes.contains(&url.scheme()));
    good.then_some(())
        .ok_or_else(|| BadBrand::Link(link.to_owned(), others))
}

fn accent(text: &str) -> Result<Colour, BadBrand> {
    let accent = Colour::parse(text).ok_or_else(|| BadBrand::Accent(text.to_owned()))?;
    let contrast = accent.contrast(Colour::PAGE);
    match contrast < LEAST_CONTRAST {
        true => Err(BadBrand::Faint(text.to_owned(), contrast)),
        false => Ok(accent),
    }
}

fn logo(path: &Path) -> Result<Logo, BadBrand> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST_LOGO + 1).read_to_end(&mut bytes))
        .map_err(|error| BadBrand::Unreadable(path.to_owned(), error))?;
    let svg = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).map_or("", str::trim_start);
        text.starts_with("<svg") || (text.starts_with("<?xml") && text.contains("<svg"))
    };
    let fits = bytes.len() as u64 <= LONGEST_LOGO;
    let (name, media) = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] if fits => ("logo.png", "image/png"),
        text if fits && svg(text) => ("logo.svg", "image/svg+xml"),
        _ => return Err(BadBrand::Logo(path.to_owned())),
    };
    Ok(Logo { name, media, bytes })
}

impl Look {
    /// The tokens of `style.css` that depend on the accent, where the operator chose one.
    pub(super) fn tokens(&self) -> String {
        if !self.own {
            return String::new();
        }
        let light = self.accent;
        let dark = light.on_dark();
        let (strong, soft) = (
            light.mixed(Colour::BLACK, 25),
            Colour::WHITE.mixed(light, 8),
        );
        let dark_strong = dark.mixed(Colour::WHITE, 30);
        let dark_soft = Colour::DARK_SURFACE.mixed(dark, 12);
        let dark_page = Colour::DARK_PAGE;
        format!(
            ":root{{--accent:{light};--accent-strong:{strong};--accent-soft:{soft};--on-accent:#ffffff}}\n\
             @media (prefers-color-scheme:dark){{:root{{--accent:{dark};--accent-strong:{dark_strong};--accent-soft:{dark_soft};\
             --on-accent:{dark_page}}}}}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(brand: Brand) -> Result<Look, BadBrand> {
        brand.look()
    }

    fn with_accent(accent: &str) -> Result<Look, BadBrand> {
        look(Brand {
            accent: Some(accent.into()),
            ..Brand::default()
        })
    }

    #[test]
    fn an_accent_that_white_text_can_not_be_read_on_is_refused_in_words() {
        for faint in ["#ffcc00", "#7f8c8d", "#ffffff"] {
            let error = with_accent(faint).unwrap_err().to_string();
            assert!(error.contains(faint) && error.contains("4.5"), "{error}");
        }
        for wrong in ["red", "#12345", "#1234567", "0b5a73", "#12345g", "#é1234"] {
            assert!(matches!(with_accent(wrong), Err(BadBrand::Accent(_))));
        }
    }

    #[test]
    fn every_accent_that_is_taken_can_be_read_on_light_and_dark_pages() {
        let mut taken = 0;
        for number in 0..16 * 16 * 16_u32 {
            let [red, green, blue] = [number >> 8, number >> 4, number].map(|part| part & 15);
            let text = format!("#{red:x}{red:x}{green:x}{green:x}{blue:x}{blue:x}");
            let Ok(look) = with_accent(&text) else {
                continue;
            };
            taken += 1;
            let css = look.tokens();
            let colours: Vec<_> = css
                .match_indices('#')
                .map(|(at, _)| Colour::parse(&css[at..at + 7]).unwrap())
                .collect();
            let [
                light,
                strong,
                soft,
                on,
                dark,
                dark_strong,
                dark_soft,
                dark_on,
            ] = colours[..]
            else {
                panic!("{css}");
            };
            for (front, back) in [
                (light, Colour::WHITE),
                (light, Colour::PAGE),
                (strong, soft),
                (on, light),
                (on, strong),
                (dark, Colour::DARK_PAGE),
                (dark, Colour::DARK_SURFACE),
                (dark_strong, dark_soft),
                (dark_on, dark),
                (dark_on, dark_strong),
            ] {
                let contrast = front.contrast(back);
                assert!(contrast >= LEAST_CONTRAST, "{text}: {front} on {back}");
            }
        }
        assert!(taken > 500, "{taken}");
    }

    #[test]
    fn links_lead_somewhere_and_run_nothing() {
        for (link, good) in [
            ("https://example.eu/help?a=1", true),
            ("mailto:help@example.eu", true),
            ("tel:+37160000000", true),
            ("http://example.eu", false),
            ("javascript:alert(1)", false),
            ("/help", false),
            ("https://example.eu/a b", false),
        ] {
            let brand = Brand {
                help_desk: Some(link.into()),
                ..Brand::default()
            };
            assert_eq!(look(brand).is_ok(), good, "{link}");
        }
        let legal = Some("mailto:x@example.eu".into());
        let brand = Brand {
            legal,
            ..Brand::default()
        };
        assert!(look(brand).is_err());
    }

    #[test]
    fn a_logo_is_an_svg_or_png_file_of_64_kb() {
        let folder = tempfile::tempdir().unwrap();
        let kind = |bytes: &[u8]| {
            let path = folder.path().join("logo");
            std::fs::write(&path, bytes).unwrap();
            super::logo(&path).map(|logo| logo.media).ok()
        };
        assert_eq!(kind(b"\n<svg xmlns='x'/>"), Some("image/svg+xml"));
        assert_eq!(kind(b"<?xml version='1.0'?><svg/>"), Some("image/svg+xml"));
        assert_eq!(kind(b"\x89PNG\r\n\x1a\nrest"), Some("image/png"));
        assert_eq!(kind(b"<html><svg/></html>"), None);
        assert_eq!(kind(b"GIF89a"), None);
        assert_eq!(kind(&[b"<svg>".as_slice(), &[b' '; 65_536]].concat()), None);
        assert!(matches!(
            super::logo(&folder.path().join("none")),
            Err(BadBrand::Unreadable(..))
        ));
    }
}
