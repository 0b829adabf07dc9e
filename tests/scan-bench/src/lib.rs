//! Camera frames drawn from a seed: codes as phones see them, and frames without one.
//!
//! A frame is a function of its scene and seed, so that nothing needs to be stored and a failure
//! can be looked at again. Each scene runs from easy to hopeless, so that decoders differ on it.
//! The scanner's own code takes no part in the drawing.

pub mod files;
pub mod render;

use qrcode::{Color, EcLevel, QrCode};

use render::{Canvas, Placement};

/// A frame's width in pixels.
pub const WIDTH: usize = 1280;
/// A frame's height in pixels.
pub const HEIGHT: usize = 720;

/// A small generator of random numbers (SplitMix64, Steele et al. 2014): seeded, the same
/// everywhere.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A sequence of its own for each seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xA076_1D64_78BD_642F) ^ 0xE703_7ED1_A0B4_28DB)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Evenly from `low` to `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * ((self.bits() >> 40) as f32 / (1_u64 << 24) as f32)
    }

    /// Evenly from `0` to `count - 1`.
    pub fn below(&mut self, count: usize) -> usize {
        (self.bits() % count.max(1) as u64) as usize
    }
}

/// The scene of a frame, and its obstacle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scene {
    /// Seen from the side.
    Perspective,
    /// Out of focus, or the hand moves.
    Blur,
    /// A noisy sensor.
    Noise,
    /// A lamp's reflection over a part.
    Glare,
    /// Turned by any angle.
    Rotation,
    /// Little light: dark, noisy, with a gradient.
    LowLight,
    /// Interference of a screen's pixels with the camera's.
    Moire,
    /// Modules of hardly two pixels.
    Small,
    /// A screen: pixel grid, dark mode, gradient, reflection.
    Screen,
    /// A large version, as of a transaction with many fields.
    Dense,
    /// Paper that is not flat, dirty or partly covered.
    Worn,
    /// No code: texture, text, noise, things with squares.
    Nothing,
}

/// Every scene.
pub const SCENES: [Scene; 12] = [
    Scene::Perspective,
    Scene::Blur,
    Scene::Noise,
    Scene::Glare,
    Scene::Rotation,
    Scene::LowLight,
    Scene::Moire,
    Scene::Small,
    Scene::Screen,
    Scene::Dense,
    Scene::Worn,
    Scene::Nothing,
];

/// A drawn frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// 8-bit grey, [`WIDTH`] × [`HEIGHT`].
    pub pixels: Vec<u8>,
    /// The text of the code, where there is one.
    pub text: Option<String>,
}

/// Draws a frame.
#[must_use]
pub fn frame(scene: Scene, seed: u64) -> Frame {
    let mut r = Random::new(seed.wrapping_mul(64).wrapping_add(scene as u64));
    let mut canvas = Canvas::background(WIDTH, HEIGHT, &mut r);
    if scene == Scene::Nothing {
        canvas.distractors(&mut r);
        canvas.soften(r.between(0.3, 1.0));
        let sigma = r.between(1.0, 25.0);
        canvas.noise(sigma, &mut r);
        return Frame {
            pixels: canvas.pixels(),
            text: None,
        };
    }
    let text = payload(scene, &mut r);
    let level = [EcLevel::L, EcLevel::M, EcLevel::M, EcLevel::Q][r.below(4)];
    let Ok(code) = QrCode::with_error_correction_level(text.as_bytes(), level) else {
        return Frame {
            pixels: canvas.pixels(),
            text: None,
        };
    };
    let size = code.width();
    let modules: Vec<bool> = code
        .to_colors()
        .into_iter()
        .map(|c| c == Color::Dark)
        .collect();

    let mut place = placement(scene, size, &mut r);
    let (ink, paper) = match scene {
        Scene::LowLight => (r.between(10.0, 30.0), r.between(45.0, 110.0)),
        Scene::Screen if r.below(3) == 0 => (r.between(180.0, 250.0), r.between(5.0, 40.0)),
        _ => (r.between(10.0, 70.0), r.between(150.0, 250.0)),
    };
    if scene == Scene::Worn {
        place.bend = r.between(-0.10, 0.10);
    }
    canvas.code(&modules, size, &place, ink, paper);

    match scene {
        Scene::Blur => {
            if r.below(2) == 0 {
                let focus = place.module * r.between(0.2, 0.75);
                canvas.soften(focus);
            } else {
                let length = place.module * r.between(0.3, 2.2);
                let angle = r.between(0.0, 3.1);
                canvas.smear(length, angle);
            }
        }
        Scene::Glare => canvas.glare(&place, &mut r),
        Scene::Moire => {
            let strength = r.between(0.08, 0.5);
            canvas.moire(strength, &mut r);
        }
        Scene::Screen => {
            let strength = r.between(0.0, 0.25);
            canvas.moire(strength, &mut r);
            canvas.shade(r.between(0.5, 1.0), &mut r);
        }
        Scene::Worn => canvas.wear(&place, &mut r),
        Scene::LowLight => canvas.shade(r.between(0.3, 1.0), &mut r),
        _ => {}
    }
    // Every lens is a little soft and every sensor a little noisy.
    canvas.soften(r.between(0.4, 0.9));
    let sigma = match scene {
        Scene::Noise => r.between(12.0, 60.0),
        Scene::LowLight => r.between(4.0, 16.0),
        _ => r.between(1.0, 5.0),
    };
    canvas.noise(sigma, &mut r);
    Frame {
        pixels: canvas.pixels(),
        text: Some(text),
    }
}

/// Links as the service draws them, other people's links, and plain text.
fn payload(scene: Scene, r: &mut Random) -> String {
    let length = match scene {
        Scene::Dense => 250 + r.below(700),
        Scene::Small => 10 + r.below(60),
        _ => 12 + r.below(290),
    };
    let alphabet: &[u8] = match r.below(3) {
        0 => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        1 => b"abcdefghijklmnopqrstuvwxyz0123456789-_",
        _ => b"0123456789",
    };
    let start = if alphabet[0] == b'A' {
        "HTTPS://SIGN.EXAMPLE.EU/Q/"
    } else {
        "https://example.org/?"
    };
    let mut text = String::from(start);
    text.extend((0..length).map(|_| char::from(alphabet[r.below(alphabet.len())])));
    text
}

fn placement(scene: Scene, size: usize, r: &mut Random) -> Placement {
    let whole = size as f32 + 8.0;
    let largest = 0.92 * HEIGHT as f32 / whole;
    let module = match scene {
        Scene::Small => r.between(1.3, 2.6),
        Scene::Dense => (0.98 * largest).min(r.between(2.2, 5.0)),
        _ => r.between(2.6, 9.0),
    }
    .min(largest);
    let angle = match scene {
        Scene::Rotation => r.between(0.0, std::f32::consts::TAU),
        Scene::Screen | Scene::Dense => r.between(-0.1, 0.1),
        _ => r.between(-0.35, 0.35),
    };
    let tilt = match scene {
        Scene::Perspective => r.between(0.3, 1.15),
        Scene::Rotation | Scene::Screen | Scene::Dense => r.between(0.0, 0.15),
        _ => r.between(0.0, 0.35),
    };
    // A turned square needs room: its half diagonal.
    let reach = 0.5 * module * whole * (angle.cos().abs() + angle.sin().abs());
    let spare = |side: usize| (side as f32 / 2.0 - reach).max(0.0);
    Placement {
        x: WIDTH as f32 / 2.0 + r.between(-1.0, 1.0) * spare(WIDTH),
        y: HEIGHT as f32 / 2.0 + r.between(-1.0, 1.0) * spare(HEIGHT),
        module,
        angle,
        tilt,
        towards: r.between(0.0, std::f32::consts::TAU),
        bend: 0.0,
        border: r.between(1.5, 4.5),
    }
}
