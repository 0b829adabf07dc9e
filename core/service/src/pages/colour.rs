//! Colours and their contrast, as WCAG 2.2 defines it.

use std::fmt;

/// A colour of sRGB: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub(super) [u8; 3]);

impl Colour {
    pub(super) const WHITE: Self = Self([0xff; 3]);
    pub(super) const BLACK: Self = Self([0; 3]);
    /// `--page` of the light theme, as in `style.css`: the darkest that links of it stand on.
    pub(super) const PAGE: Self = Self([0xf4, 0xf7, 0xf9]);
    /// `--page` of the dark theme.
    pub(super) const DARK_PAGE: Self = Self([0x0f, 0x16, 0x1b]);
    /// `--surface` of the dark theme.
    pub(super) const DARK_SURFACE: Self = Self([0x18, 0x21, 0x28]);

    /// From `#RRGGBB`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self([red, green, blue]))
    }

    /// This colour with so many percent of another.
    pub(super) fn mixed(self, other: Self, percent: u16) -> Self {
        let part = |mine: u8, theirs: u8| {
            let sum = u16::from(mine) * (100 - percent) + u16::from(theirs) * percent;
            u8::try_from(sum / 100).unwrap_or(u8::MAX)
        };
        let ([red, green, blue], [r, g, b]) = (self.0, other.0);
        Self([part(red, r), part(green, g), part(blue, b)])
    }

    /// The same colour, lighter by as much as text on a dark page needs.
    pub(super) fn on_dark(self) -> Self {
        (0..=100)
            .step_by(4)
            .map(|percent| self.mixed(Self::WHITE, percent))
            .find(|lighter| lighter.contrast(Self::DARK_SURFACE) >= 7.0)
            .unwrap_or(Self::WHITE)
    }

    /// The contrast of two colours, 1 to 21.
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (mine, theirs) = (self.luminance(), other.luminance());
        (mine.max(theirs) + 0.05) / (mine.min(theirs) + 0.05)
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            match part <= 0.040_45 {
                true => part / 12.92,
                false => ((part + 0.055) / 1.055).powf(2.4),
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_wcag() {
        let contrast = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|text| Colour::parse(text).unwrap());
            (a.contrast(b) * 100.0).round()
        };
        assert_eq!(contrast("#000000", "#ffffff"), 2100.0);
        assert_eq!(contrast("#767676", "#ffffff"), 454.0);
        assert_eq!(contrast("#ff0000", "#ffffff"), 400.0);
    }

    #[test]
    fn the_colours_of_pages_are_those_of_the_style_sheet() {
        let css = include_str!("../../static/style.css");
        for (token, colour) in [
            ("--page", Colour::PAGE),
            ("--page", Colour::DARK_PAGE),
            ("--surface", Colour::DARK_SURFACE),
        ] {
            assert!(css.contains(&format!("{token}: {colour};")), "{token}");
        }
    }
}
