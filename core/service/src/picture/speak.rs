//! The same six digits as speech: a WAV file of recorded digits in the page's language, with
//! varying pauses, speed and loudness over a floor of noise.

use super::{Number, dice::Dice};
use crate::base::lang::{Lang, PerLang};

/// Samples in a second. A sample is a byte; 128 is silence.
const RATE: u16 = 8000;
/// The bytes of a recording before its samples: made by `sounds/make.py`, all have the same.
const HEAD: usize = 44;

macro_rules! recorded {
    ($lang:literal) => {
        [
            include_bytes!(concat!("../../sounds/", $lang, "/0.wav")),
            include_bytes!(concat!("../../sounds/", $lang, "/1.wav")),
            include_bytes!(concat!("../../sounds/", $lang, "/2.wav")),
            include_bytes!(concat!("../../sounds/", $lang, "/3.wav")),
            include_bytes!(concat!("../../sounds/", $lang, "/4.wav")),
            include_bytes!(concat!("../../sounds/", $lang, "/5.wav")),
            include_bytes!(concat!("../../sounds/", $lang, "/6.wav")),
            include_bytes!(concat!("../../sounds/", $lang, "/7.wav")),
            include_bytes!(concat!("../../sounds/", $lang, "/8.wav")),
            include_bytes!(concat!("../../sounds/", $lang, "/9.wav")),
        ]
    };
}

/// The recordings of the digits, in order.
const DIGITS: PerLang<[&[u8]; 10]> = PerLang::new(recorded!("en"), recorded!("lv"));

/// The digits of this number as a WAV file. It follows from the seed, which nobody outside may
/// know.
pub(crate) fn wav(number: Number, lang: Lang, seed: &[u8]) -> Vec<u8> {
    let mut dice = Dice::new(seed, "sound");
    let mut samples: Vec<f32> = Vec::new();
    let pause = |samples: &mut Vec<f32>, seconds: f32| {
        let count = samples.len() + (seconds * f32::from(RATE)) as usize;
        samples.resize(count, 0.0);
    };
    pause(&mut samples, 0.3);
    for digit in number.digits() {
        let recorded = DIGITS.of(lang).get(digit).copied().unwrap_or_default();
        let recorded = recorded.get(HEAD..).unwrap_or_default();
        let (speed, loud) = (dice.between(0.88, 1.06), dice.between(0.7, 1.0));
        samples.extend(respoken(recorded, speed).map(|sample| sample * loud));
        pause(&mut samples, dice.between(0.35, 0.9));
    }
    let noise = dice.between(5.0, 9.0);
    let samples = samples.into_iter().map(|sample| {
        let sample = 128.0 + sample + dice.between(-noise, noise);
        sample.clamp(0.0, 255.0) as u8
    });
    file(&samples.collect::<Vec<u8>>())
}

/// A recording at another speed, around 0.
fn respoken(recorded: &[u8], speed: f32) -> impl Iterator<Item = f32> {
    let count = (recorded.len() as f32 / speed) as usize;
    let sample = |at: usize| f32::from(recorded.get(at).copied().unwrap_or(128)) - 128.0;
    (0..count).map(move |at| {
        let place = at as f32 * speed;
        let (before, part) = (place as usize, place.fract());
        sample(before) * (1.0 - part) + sample(before + 1) * part
    })
}

/// A WAV file of 8-bit samples.
fn file(samples: &[u8]) -> Vec<u8> {
    let size = u32::try_from(samples.len()).unwrap_or_default();
    let rate = u32::from(RATE).to_le_bytes();
    let mut out = Vec::with_capacity(HEAD + samples.len());
    for part in [
        b"RIFF",
        &(size + HEAD as u32 - 8).to_le_bytes()[..],
        b"WAVEfmt ",
        &16_u32.to_le_bytes(),
        // PCM, one channel.
        &1_u16.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &rate,
        &rate,
        &1_u16.to_le_bytes(),
        &8_u16.to_le_bytes(),
        b"data",
        &size.to_le_bytes(),
        samples,
    ] {
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_of_every_language_is_a_short_recording_in_the_same_form() {
        for lang in Lang::ALL {
            for (digit, recorded) in DIGITS.of(lang).iter().enumerate() {
                let samples = &recorded[HEAD..];
                assert!((1500..6000).contains(&samples.len()), "{lang:?} {digit}");
                assert_eq!(recorded[..HEAD], file(samples)[..HEAD], "{lang:?} {digit}");
            }
        }
    }

    #[test]
    fn six_digits_are_spoken_within_a_few_seconds_the_same_each_time_it_is_fetched() {
        for lang in Lang::ALL {
            let wav = wav(Number::new(917_480), lang, &[7; 16]);
            let seconds = (wav.len() - HEAD) / usize::from(RATE);
            assert!((3..12).contains(&seconds), "{seconds}");
            assert_eq!(wav, super::wav(Number::new(917_480), lang, &[7; 16]));
            assert_ne!(wav, super::wav(Number::new(917_480), lang, &[8; 16]));
            // Nowhere silence that would show where a digit begins.
            let samples = &wav[HEAD..];
            assert!(
                samples
                    .windows(40)
                    .all(|some| some.iter().any(|s| *s != some[0]))
            );
        }
    }
}
