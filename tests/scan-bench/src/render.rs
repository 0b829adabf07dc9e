//! Light, lens and sensor: the way of a code into a camera.

use crate::Random;

/// Where and how a code lies in a frame.
#[derive(Debug, Clone)]
pub struct Placement {
    /// Centre, in pixels.
    pub x: f32,
    /// Centre, in pixels.
    pub y: f32,
    /// Pixels a module, at the centre.
    pub module: f32,
    /// Turn in the picture's plane, radians.
    pub angle: f32,
    /// Tilt out of that plane, radians.
    pub tilt: f32,
    /// The direction of the tilt, radians.
    pub towards: f32,
    /// Curvature: how far the middle stands out, as a part of the code's size.
    pub bend: f32,
    /// White modules around.
    pub border: f32,
}

impl Placement {
    /// From a pixel to units of modules around the code's centre; `None` behind the camera.
    fn unproject(&self, px: f32, py: f32, size: f32) -> Option<(f32, f32)> {
        let (dx, dy) = ((px - self.x) / self.module, (py - self.y) / self.module);
        // Along and across the tilt.
        let (s, c) = self.towards.sin_cos();
        let (along, across) = (dx * c + dy * s, dy * c - dx * s);
        // The camera is three code sizes away: perspective division.
        let distance = 3.0 * size;
        let (sin, cos) = self.tilt.sin_cos();
        let divisor = distance * cos - along * sin;
        if divisor <= 0.0 {
            return None;
        }
        let along2 = distance * along / divisor;
        let across2 = across * (distance + along2 * sin) / distance;
        let (x, y) = (along2 * c - across2 * s, along2 * s + across2 * c);
        let (s, c) = self.angle.sin_cos();
        let (u, v) = (x * c + y * s, y * c - x * s);
        Some((u, v + self.bend * size * (1.0 - (2.0 * u / size).powi(2))))
    }
}

/// Grey values from 0 to 255, not yet rounded.
#[derive(Debug, Clone)]
pub struct Canvas {
    values: Vec<f32>,
    width: usize,
    height: usize,
}

impl Canvas {
    /// A desk, a wall, a page: a gradient, some rectangles, some lines of text.
    #[must_use]
    pub fn background(width: usize, height: usize, r: &mut Random) -> Self {
        let (base, across, down) = (
            r.between(60.0, 200.0),
            r.between(-50.0, 50.0),
            r.between(-50.0, 50.0),
        );
        let mut canvas = Self {
            values: vec![0.0; width * height],
            width,
            height,
        };
        for y in 0..height {
            for x in 0..width {
                canvas.values[y * width + x] = base
                    + across * (x as f32 / width as f32 - 0.5)
                    + down * (y as f32 / height as f32 - 0.5);
            }
        }
        for _ in 0..r.below(8) {
            let (x, y) = (r.between(0.0, width as f32), r.between(0.0, height as f32));
            let (w, h) = (r.between(20.0, 500.0), r.between(20.0, 300.0));
            let shade = r.between(20.0, 235.0);
            canvas.rectangle(x, y, w, h, shade);
        }
        for _ in 0..r.below(5) {
            canvas.text(r);
        }
        canvas
    }

    fn rectangle(&mut self, x: f32, y: f32, w: f32, h: f32, value: f32) {
        let clip = |v: f32, side: usize| (v.max(0.0) as usize).min(side);
        let (left, right) = (clip(x, self.width), clip(x + w, self.width));
        for y in clip(y, self.height)..clip(y + h, self.height) {
            self.values[y * self.width + left..y * self.width + right].fill(value);
        }
    }

    /// Something with the rhythm of print.
    fn text(&mut self, r: &mut Random) {
        let (mut x, mut y) = (
            r.between(0.0, self.width as f32 * 0.7),
            r.between(0.0, self.height as f32 * 0.8),
        );
        let (left, height, ink) = (x, r.between(8.0, 30.0), r.between(10.0, 80.0));
        for _ in 0..4 {
            while x < (left + 400.0).min(self.width as f32) {
                if r.below(5) > 0 {
                    for _ in 0..3 {
                        let (dx, dy) = (r.between(0.0, height * 0.5), r.between(0.0, height * 0.7));
                        let upright = r.below(2) == 0;
                        let (w, h) = if upright {
                            (height * 0.12, height * 0.6)
                        } else {
                            (height * 0.45, height * 0.12)
                        };
                        self.rectangle(x + dx, y + dy, w.max(1.0), h.max(1.0), ink);
                    }
                }
                x += height * 0.7;
            }
            x = left;
            y += height * 1.6;
        }
    }

    /// Shapes that a careless finder takes for a code: rings, checkerboards, stripes, circles,
    /// barcodes.
    pub fn distractors(&mut self, r: &mut Random) {
        for _ in 0..3 + r.below(12) {
            let (x, y) = (
                r.between(0.0, self.width as f32),
                r.between(0.0, self.height as f32),
            );
            let m = r.between(2.0, 14.0);
            let (dark, light) = (r.between(5.0, 60.0), r.between(170.0, 250.0));
            match r.below(4) {
                0 => {
                    // A finder pattern with nothing around.
                    self.rectangle(x - 4.5 * m, y - 4.5 * m, 9.0 * m, 9.0 * m, light);
                    self.rectangle(x - 3.5 * m, y - 3.5 * m, 7.0 * m, 7.0 * m, dark);
                    self.rectangle(x - 2.5 * m, y - 2.5 * m, 5.0 * m, 5.0 * m, light);
                    self.rectangle(x - 1.5 * m, y - 1.5 * m, 3.0 * m, 3.0 * m, dark);
                }
                1 => {
                    for i in 0..20 {
                        for j in 0..20 {
                            let value = if r.below(2) == 0 { dark } else { light };
                            self.rectangle(x + i as f32 * m, y + j as f32 * m, m, m, value);
                        }
                    }
                }
                2 => {
                    let mut at = x;
                    for i in 0..60 {
                        let w = m * 0.4 * (1 + r.below(4)) as f32;
                        self.rectangle(at, y, w, 20.0 * m, if i % 2 == 0 { dark } else { light });
                        at += w;
                    }
                }
                _ => self.text(r),
            }
        }
    }

    /// Draws a code with its border, four samples a pixel.
    pub fn code(&mut self, modules: &[bool], size: usize, place: &Placement, ink: f32, paper: f32) {
        let (half, whole) = (size as f32 / 2.0, size as f32 / 2.0 + place.border);
        for y in 0..self.height {
            for x in 0..self.width {
                let (mut sum, mut covered) = (0.0, 0.0);
                for (sx, sy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
                    let Some((u, v)) = place.unproject(x as f32 + sx, y as f32 + sy, size as f32)
                    else {
                        continue;
                    };
                    if u.abs() > whole || v.abs() > whole {
                        if covered == 0.0 {
                            break;
                        }
                        continue;
                    }
                    covered += 1.0;
                    let (i, j) = ((u + half).floor(), (v + half).floor());
                    let inside = i >= 0.0 && j >= 0.0 && i < size as f32 && j < size as f32;
                    let dark = inside && modules[j as usize * size + i as usize];
                    sum += if dark { ink } else { paper };
                }
                let at = &mut self.values[y * self.width + x];
                *at = *at * (1.0 - covered / 4.0) + sum / 4.0;
            }
        }
    }

    /// Blur of a lens: about a Gaussian of this standard deviation in pixels, as three means.
    pub fn soften(&mut self, sigma: f32) {
        // A mean over 2a + 1 pixels with the outermost weighted has a variance of about (2a + 1)²
        // / 12.
        let width = (4.0 * sigma * sigma + 1.0).sqrt();
        let mut other = vec![0.0; self.values.len()];
        for _ in 0..3 {
            for (to, from) in other
                .chunks_exact_mut(self.width)
                .zip(self.values.chunks_exact(self.width))
            {
                mean(from, to, width);
            }
            std::mem::swap(&mut self.values, &mut other);
        }
        let (mut from, mut to) = (vec![0.0; self.height], vec![0.0; self.height]);
        for x in 0..self.width {
            for (y, v) in from.iter_mut().enumerate() {
                *v = self.values[y * self.width + x];
            }
            for _ in 0..3 {
                mean(&from, &mut to, width);
                std::mem::swap(&mut from, &mut to);
            }
            for (y, v) in from.iter().enumerate() {
                self.values[y * self.width + x] = *v;
            }
        }
    }

    /// Blur of a moving hand: the mean along a line of this length in pixels.
    pub fn smear(&mut self, length: f32, angle: f32) {
        let before = self.values.clone();
        let steps = (2.0 * length).ceil().max(1.0) as usize;
        let (s, c) = angle.sin_cos();
        for y in 0..self.height {
            for x in 0..self.width {
                let mut sum = 0.0;
                for i in 0..=steps {
                    let t = length * (i as f32 / steps as f32 - 0.5);
                    let px = (x as f32 + t * c)
                        .round()
                        .clamp(0.0, self.width as f32 - 1.0) as usize;
                    let py = (y as f32 + t * s)
                        .round()
                        .clamp(0.0, self.height as f32 - 1.0) as usize;
                    sum += before[py * self.width + px];
                }
                self.values[y * self.width + x] = sum / (steps + 1) as f32;
            }
        }
    }

    /// A reflection: a bright spot over a part of the code, burnt out in its middle.
    pub fn glare(&mut self, place: &Placement, r: &mut Random) {
        let reach = place.module * 20.0;
        let (cx, cy) = (
            place.x + r.between(-1.0, 1.0) * reach,
            place.y + r.between(-1.0, 1.0) * reach,
        );
        let (radius, strength) = (r.between(30.0, 220.0), r.between(80.0, 400.0));
        self.add(|x, y, _| {
            strength * (-((x - cx).powi(2) + (y - cy).powi(2)) / (radius * radius)).exp()
        });
    }

    /// Light from one side; `keep` of it on the other.
    pub fn shade(&mut self, keep: f32, r: &mut Random) {
        let (s, c) = r.between(0.0, std::f32::consts::TAU).sin_cos();
        let (w, h) = (self.width as f32, self.height as f32);
        self.add(|x, y, v| {
            let t = ((x / w - 0.5) * c + (y / h - 0.5) * s + 0.7) / 1.4;
            v * (keep + (1.0 - keep) * t.clamp(0.0, 1.0)) - v
        });
    }

    /// Two gratings of close pitch: slow bands over fine lines.
    pub fn moire(&mut self, strength: f32, r: &mut Random) {
        let (a, b) = (r.between(0.0, 3.1).sin_cos(), r.between(0.0, 3.1).sin_cos());
        let (fine, coarse) = (r.between(2.0, 4.5), r.between(12.0, 70.0));
        self.add(|x, y, v| {
            let wave = ((x * a.0 + y * a.1) * std::f32::consts::TAU / fine).sin()
                + ((x * b.0 + y * b.1) * std::f32::consts::TAU / coarse).sin();
            v * strength * 0.5 * wave
        });
    }

    /// Stains and scratches.
    pub fn wear(&mut self, place: &Placement, r: &mut Random) {
        for _ in 0..r.below(7) {
            let reach = place.module * 14.0;
            let (x, y) = (
                place.x + r.between(-1.0, 1.0) * reach,
                place.y + r.between(-1.0, 1.0) * reach,
            );
            let (w, h) = (
                place.module * r.between(0.5, 5.0),
                place.module * r.between(0.5, 5.0),
            );
            let shade = r.between(20.0, 240.0);
            self.rectangle(x, y, w, h, shade);
        }
    }

    /// Gaussian noise (the sum of four even ones).
    pub fn noise(&mut self, sigma: f32, r: &mut Random) {
        for v in &mut self.values {
            let bits = r.bits();
            let sum: u64 = (0..4).map(|i| bits >> (16 * i) & 0xFFFF).sum();
            *v += sigma * (sum as f32 / 65_535.0 - 2.0) * 1.732;
        }
    }

    fn add(&mut self, change: impl Fn(f32, f32, f32) -> f32) {
        for y in 0..self.height {
            for x in 0..self.width {
                let v = &mut self.values[y * self.width + x];
                *v += change(x as f32, y as f32, *v);
            }
        }
    }

    /// Rounded to bytes.
    #[must_use]
    pub fn pixels(&self) -> Vec<u8> {
        self.values
            .iter()
            .map(|v| v.round().clamp(0.0, 255.0) as u8)
            .collect()
    }
}

/// A running mean over `width` pixels; the outermost two count in part.
fn mean(from: &[f32], to: &mut [f32], width: f32) {
    let reach = ((width - 1.0) / 2.0).floor() as usize;
    let part = (width - 1.0) / 2.0 - reach as f32;
    let at = |i: isize| from[i.clamp(0, from.len() as isize - 1) as usize];
    let mut sum: f32 = (-(reach as isize)..=reach as isize).map(&at).sum();
    for (i, v) in to.iter_mut().enumerate() {
        let (left, right) = (
            i as isize - reach as isize - 1,
            i as isize + reach as isize + 1,
        );
        *v = (sum + part * (at(left) + at(right))) / width;
        sum += at(right) - at(left + 1);
    }
}
