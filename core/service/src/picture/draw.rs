//! The picture: six digits, turned, bent and speckled, dark on a light ground.

use std::f32::consts::TAU;

use image::{ExtendedColorType, ImageEncoder, ImageError, codecs::png::PngEncoder};

use super::{
    DIGITS, Number,
    dice::Dice,
    glyphs::{self, Piece, Point},
};

/// Its size in pixels.
pub(crate) const SIZE: (u16, u16) = (360, 120);
/// The lightest ink, and the darkest ground. Their contrast is more than the 4.5:1 that WCAG 2.2
/// asks of text (1.4.3).
const INK: f32 = 70.0;
const GROUND: f32 = 205.0;
/// The room of a digit, and the margin before the first.
const PITCH: f32 = 55.0;
const MARGIN: f32 = 18.0;

/// A digit in its place.
struct Placed {
    pieces: Vec<Piece>,
    at: Point,
    /// Pixels for the height of the box.
    high: f32,
    sin: f32,
    cos: f32,
    shear: f32,
    /// Half the width of its stroke, in pixels.
    half: f32,
}

impl Placed {
    fn new(digit: usize, place: u16, dice: &mut Dice) -> Self {
        let turn = dice.between(-0.05, 0.05) * TAU;
        Self {
            pieces: glyphs::pieces(digit),
            at: (
                MARGIN + f32::from(place) * PITCH + dice.between(-4.0, 4.0),
                dice.between(16.0, 30.0),
            ),
            high: dice.between(62.0, 76.0),
            sin: turn.sin(),
            cos: turn.cos(),
            shear: dice.between(-0.18, 0.18),
            half: dice.between(3.2, 4.6),
        }
    }

    /// How much of a pixel is ink, 0 to 1.
    fn covers(&self, (x, y): Point) -> f32 {
        // From the middle of the box, turned back, sheared back, in parts of its height.
        let middle = (glyphs::WIDTH / 2.0, 0.5);
        let x = (x - self.at.0) / self.high - middle.0;
        let y = (y - self.at.1) / self.high - middle.1;
        if x.hypot(y) > 0.8 {
            return 0.0;
        }
        let (x, y) = (x * self.cos + y * self.sin, y * self.cos - x * self.sin);
        let point = (x + self.shear * y + middle.0, y + middle.1);
        let pieces = self.pieces.iter();
        let near = pieces.map(|piece| glyphs::distance(point, *piece));
        let near = near.fold(f32::INFINITY, f32::min) * self.high;
        (self.half - near + 0.5).clamp(0.0, 1.0)
    }
}

/// A wave along one axis that bends the other.
struct Wave {
    high: f32,
    often: f32,
    from: f32,
}

impl Wave {
    fn new(dice: &mut Dice, high: f32, longest: f32) -> Self {
        Self {
            high: dice.between(high / 2.0, high),
            often: TAU / dice.between(longest / 2.0, longest),
            from: dice.between(0.0, TAU),
        }
    }

    fn at(&self, along: f32) -> f32 {
        self.high * (along * self.often + self.from).sin()
    }
}

/// A picture of this number as PNG. It follows from the seed, which nobody outside may know:
/// without it the bends can't be taken back.
///
/// # Errors
/// Those of the encoder, none of which can occur in memory.
pub(crate) fn png(number: Number, seed: &[u8]) -> Result<Vec<u8>, ImageError> {
    let (width, height) = SIZE;
    let mut png = Vec::new();
    PngEncoder::new(&mut png).write_image(
        &pixels(number, seed),
        width.into(),
        height.into(),
        ExtendedColorType::L8,
    )?;
    Ok(png)
}

fn pixels(number: Number, seed: &[u8]) -> Vec<u8> {
    let mut dice = Dice::new(seed, "picture");
    let places = (0..).zip(number.digits());
    let digits: Vec<Placed> = places
        .take(DIGITS)
        .map(|(place, digit)| Placed::new(digit, place, &mut dice))
        .collect();
    let bends = (
        Wave::new(&mut dice, 5.0, 90.0),
        Wave::new(&mut dice, 7.0, 160.0),
    );
    // Pale threads behind the digits.
    let threads: Vec<(f32, Wave)> = (0..4)
        .map(|_| (dice.between(20.0, 100.0), Wave::new(&mut dice, 24.0, 300.0)))
        .collect();
    let ink = dice.between(20.0, INK);
    let (width, height) = SIZE;
    let mut pixels = Vec::with_capacity(usize::from(width) * usize::from(height));
    for y in (0..height).map(f32::from) {
        for x in (0..width).map(f32::from) {
            let mut ground = dice.between(GROUND + 10.0, 255.0);
            if threads
                .iter()
                .any(|(at, wave)| (y - at - wave.at(x)).abs() < 1.6)
            {
                ground = GROUND;
            }
            let bent = (x + bends.0.at(y), y + bends.1.at(x));
            let covers = digits.iter().map(|digit| digit.covers(bent));
            let covers = covers.fold(0.0, f32::max);
            pixels.push((ground + (ink - ground) * covers) as u8);
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, as WCAG 2.2 defines it.
    fn luminance(grey: f32) -> f32 {
        let part = grey / 255.0;
        match part <= 0.04045 {
            true => part / 12.92,
            false => ((part + 0.055) / 1.055).powf(2.4),
        }
    }

    #[test]
    fn ink_and_ground_have_a_contrast_of_four_and_a_half_at_least() {
        let contrast = (luminance(GROUND) + 0.05) / (luminance(INK) + 0.05);
        assert!(contrast >= 4.5, "{contrast}");
        for number in [0, 123_456, 789_012, 999_999, 111_111] {
            let pixels = pixels(Number::new(number), &[number as u8; 16]);
            let share = |fits: &dyn Fn(f32) -> bool| {
                let fitting = pixels.iter().filter(|grey| fits(f32::from(**grey)));
                fitting.count() as f32 / pixels.len() as f32
            };
            let ink = share(&|grey| grey <= INK);
            let ground = share(&|grey| grey >= GROUND);
            assert!(ink > 0.04 && ground > 0.7, "{number}: {ink}, {ground}");
            // The rest is the edges of strokes.
            assert!(ink + ground > 0.93, "{number}: {ink}, {ground}");
        }
    }

    #[test]
    fn no_digit_is_cut_off_and_each_seed_gives_its_own_picture() {
        let mut seen = std::collections::HashSet::new();
        for seed in 0..20 {
            let pixels = pixels(Number::new(888_888), &[seed; 16]);
            let width = usize::from(SIZE.0);
            for (at, grey) in pixels.iter().enumerate() {
                let (x, y) = (at % width, at / width);
                let edge = x == 0 || y == 0 || x == width - 1 || y == usize::from(SIZE.1) - 1;
                assert!(!edge || f32::from(*grey) > INK, "{seed}: {x}, {y}");
            }
            assert!(seen.insert(pixels));
        }
    }

    #[test]
    fn a_picture_is_the_same_each_time_it_is_fetched() {
        let png = || png(Number::new(123_456), &[7; 16]).unwrap();
        let once = png();
        assert_eq!(once, png());
        let read = image::load_from_memory(&once).unwrap();
        assert_eq!(read.width(), u32::from(SIZE.0));
    }
}
