//! From grey to black and white: one bit a pixel, by a threshold that follows the light.
//!
//! The idea is that of ZXing's hybrid binariser (Apache-2.0; the method, not its code): blocks of
//! 8×8 pixels, a black point for each, and a threshold from the 5×5 blocks around. Flat blocks have
//! no say, unlike there, where they count as white: so light codes on dark are no worse off than
//! dark on light. The picture streams through three strips of eight rows, so that a scaled or
//! brightened version of it never exists as a whole: memory is the bits, an eighth of the pixels.

use super::Clock;
use super::image::Image;

const BLOCK: usize = 8;
/// A block whose pixels differ by less than this is taken as flat.
const FLAT: u8 = 24;

/// A black-and-white picture; a set bit is black. Rows start at a word.
#[derive(Clone)]
pub(crate) struct Bits {
    words: Vec<u64>,
    per_row: usize,
    width: usize,
    height: usize,
}

impl Bits {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let per_row = width.div_ceil(64);
        Self {
            words: vec![0; per_row * height],
            per_row,
            width,
            height,
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// The words of a row, low bit leftmost; bits past the width are clear.
    pub(crate) fn row(&self, y: usize) -> &[u64] {
        &self.words[y * self.per_row..(y + 1) * self.per_row]
    }

    /// Whether a pixel is black; outside is white.
    #[inline]
    pub(crate) fn get(&self, x: i32, y: i32) -> bool {
        if x < 0 || y < 0 || x as usize >= self.width || y as usize >= self.height {
            return false;
        }
        self.words[y as usize * self.per_row + x as usize / 64] >> (x as usize % 64) & 1 == 1
    }

    /// Whether the pixel that a point lies in is black.
    #[inline]
    pub(crate) fn at(&self, (x, y): (f32, f32)) -> bool {
        // All that is left of or above the picture is as good as -1; a cast is quicker than a
        // floor.
        let pixel = |v: f32| if v < 0.0 { -1 } else { v as i32 };
        self.get(pixel(x), pixel(y))
    }

    fn put_byte(&mut self, column: usize, y: usize, byte: u8) {
        self.words[y * self.per_row + column / 8] |= u64::from(byte) << (column % 8 * 8);
    }

    /// White becomes black.
    pub(crate) fn inverted(&self) -> Self {
        let mut out = self.clone();
        let spare = self.per_row * 64 - self.width;
        for row in out.words.chunks_exact_mut(self.per_row) {
            row.iter_mut().for_each(|w| *w = !*w);
            if let Some(last) = row.last_mut() {
                *last &= u64::MAX >> spare;
            }
        }
        out
    }
}

/// The filter for the pixels before the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lens {
    /// Nothing.
    Plain,
    /// A little blur, 1 : 2 : 1 across and down: the sensor's noise.
    Soft,
    /// Each pixel's square, which spreads the light greys: codes washed out by glare or exposure.
    Gamma,
    /// The mean of squares of so many pixels a side: noise, moiré and blur shrink with it. From 2.
    Shrink(usize),
    /// Twice the size, interpolated: codes with modules of one or two pixels.
    Double,
}

impl Lens {
    /// The size of the result.
    pub(crate) fn size(self, image: &Image<'_>) -> (usize, usize) {
        match self {
            Lens::Plain | Lens::Soft | Lens::Gamma => (image.width(), image.height()),
            Lens::Shrink(k) => ((image.width() / k).max(1), (image.height() / k).max(1)),
            Lens::Double => (image.width() * 2, image.height() * 2),
        }
    }

    /// How many pixels of the original one of the result stands for.
    pub(crate) fn scale(self) -> f32 {
        match self {
            Lens::Plain | Lens::Soft | Lens::Gamma => 1.0,
            Lens::Shrink(k) => k as f32,
            Lens::Double => 0.5,
        }
    }
}

/// Rows of a picture seen through a [`Lens`].
struct Rows<'a> {
    image: Image<'a>,
    lens: Lens,
    width: usize,
    height: usize,
    buffer: Vec<u8>,
    sums: Vec<u16>,
    gamma: [u8; 256],
}

impl<'a> Rows<'a> {
    fn new(image: Image<'a>, lens: Lens) -> Self {
        let (width, height) = lens.size(&image);
        let gamma = std::array::from_fn(|v| (v * v / 255) as u8);
        Self {
            image,
            lens,
            width,
            height,
            buffer: Vec::new(),
            sums: Vec::new(),
            gamma,
        }
    }

    fn write(&mut self, y: usize, out: &mut [u8]) {
        match self.lens {
            Lens::Plain => out.copy_from_slice(self.image.row(y, &mut self.buffer)),
            Lens::Soft => self.soft(y, out),
            Lens::Gamma => {
                for (o, &p) in out.iter_mut().zip(self.image.row(y, &mut self.buffer)) {
                    *o = self.gamma[usize::from(p)];
                }
            }
            Lens::Shrink(k) => self.shrink(k, y, out),
            Lens::Double => self.double(y, out),
        }
    }

    fn shrink(&mut self, k: usize, y: usize, out: &mut [u8]) {
        self.sums.clear();
        self.sums.resize(self.width * k, 0);
        // Sixteen rows of 255 fit; beyond four every k/4-th row is enough of a mean.
        let step = k.div_ceil(4);
        let rows = k.div_ceil(step);
        for dy in (0..k).step_by(step) {
            for (s, &p) in self
                .sums
                .iter_mut()
                .zip(self.image.row(y * k + dy, &mut self.buffer))
            {
                *s += u16::from(p);
            }
        }
        let count = (k * rows) as u32;
        for (o, s) in out.iter_mut().zip(self.sums.chunks_exact(k)) {
            *o = (s.iter().map(|&v| u32::from(v)).sum::<u32>() / count) as u8;
        }
    }

    fn soft(&mut self, y: usize, out: &mut [u8]) {
        self.sums.clear();
        self.sums.resize(self.width + 2, 0);
        let inner = &mut self.sums[1..=self.width];
        for (row, weight) in [(y.saturating_sub(1), 1), (y, 2), (y + 1, 1)] {
            for (s, &p) in inner.iter_mut().zip(self.image.row(row, &mut self.buffer)) {
                *s += weight * u16::from(p);
            }
        }
        self.sums[0] = self.sums[1];
        self.sums[self.width + 1] = self.sums[self.width];
        let (left, middle, right) = (&self.sums[..], &self.sums[1..], &self.sums[2..]);
        for (((o, &a), &b), &c) in out.iter_mut().zip(left).zip(middle).zip(right) {
            *o = ((a + 2 * b + c + 8) >> 4) as u8;
        }
    }

    /// Bilinear, output pixel centres at a quarter and three quarters of an input pixel: weights 9,
    /// 3, 3, 1.
    fn double(&mut self, y: usize, out: &mut [u8]) {
        let near = y / 2;
        let far = if y.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            near + 1
        };
        self.sums.clear();
        self.sums.extend(
            self.image
                .row(near, &mut self.buffer)
                .iter()
                .map(|&p| 3 * u16::from(p)),
        );
        for (s, &p) in self
            .sums
            .iter_mut()
            .zip(self.image.row(far, &mut self.buffer))
        {
            *s += u16::from(p);
        }
        let n = self.sums.len();
        for (x, pair) in out.chunks_exact_mut(2).enumerate() {
            let here = 3 * self.sums[x] + 8;
            pair[0] = ((here + self.sums[x.saturating_sub(1)]) >> 4) as u8;
            pair[1] = ((here + self.sums[(x + 1).min(n - 1)]) >> 4) as u8;
        }
    }
}

/// Black and white by the local threshold. Rows that are not done when the time is over stay white.
pub(crate) fn binarise(image: Image<'_>, lens: Lens, clock: &Clock) -> Bits {
    let mut rows = Rows::new(image, lens);
    let (width, height) = (rows.width, rows.height);
    let mut bits = Bits::new(width, height);
    let (across, down) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
    let mut strips: [Vec<u8>; 3] = std::array::from_fn(|_| vec![0; width * BLOCK]);
    let mut points: [Vec<u16>; 5] = std::array::from_fn(|_| vec![0; across]);
    let mut column = Columns::new(width);
    let mut mean = vec![128_u8; across];
    for ahead in 0..down + 2 {
        if ahead % 8 == 7 && clock.over() {
            break;
        }
        if ahead < down {
            let strip = &mut strips[ahead % 3];
            for (dy, out) in strip.chunks_exact_mut(width).enumerate() {
                // The last strip of a height that is no multiple of eight repeats rows from above.
                rows.write((ahead * BLOCK + dy).min(height - 1), out);
            }
            column.measure(strip, width);
            column.black_points(&mut points[ahead % 5]);
        }
        let Some(y) = ahead.checked_sub(2) else {
            continue;
        };
        let (top, bottom) = window(y, down);
        thresholds(&points, top, bottom, &mut mean);
        let strip = &strips[y % 3];
        for (dy, row) in strip
            .chunks_exact(width)
            .enumerate()
            .take(height - y * BLOCK)
        {
            threshold_row(row, &mean, &mut bits, y * BLOCK + dy);
        }
    }
    bits
}

/// Five blocks around `at`; fewer at the edges.
fn window(at: usize, count: usize) -> (usize, usize) {
    (at.saturating_sub(2), (at + 3).min(count))
}

/// Least, greatest and sum of each column of a strip.
struct Columns {
    least: Vec<u8>,
    greatest: Vec<u8>,
    sum: Vec<u16>,
}

impl Columns {
    fn new(width: usize) -> Self {
        Self {
            least: vec![0; width],
            greatest: vec![0; width],
            sum: vec![0; width],
        }
    }

    fn measure(&mut self, strip: &[u8], width: usize) {
        self.least.fill(255);
        self.greatest.fill(0);
        self.sum.fill(0);
        for row in strip.chunks_exact(width) {
            for (((&p, least), greatest), sum) in row
                .iter()
                .zip(&mut self.least)
                .zip(&mut self.greatest)
                .zip(&mut self.sum)
            {
                *least = p.min(*least);
                *greatest = p.max(*greatest);
                *sum += u16::from(p);
            }
        }
    }

    /// The mean of each block with contrast; zero for flat ones, which say nothing about where
    /// black ends.
    fn black_points(&self, at: &mut [u16]) {
        let width = self.sum.len();
        for (x, point) in at.iter_mut().enumerate() {
            let end = ((x + 1) * BLOCK).min(width);
            let range = end.saturating_sub(BLOCK)..end;
            let least = self.least[range.clone()].iter().copied().fold(255, u8::min);
            let greatest = self.greatest[range.clone()]
                .iter()
                .copied()
                .fold(0, u8::max);
            *point = if greatest - least > FLAT {
                let sum: u32 = self.sum[range.clone()].iter().map(|&s| u32::from(s)).sum();
                (sum / (range.len() * BLOCK) as u32).max(1) as u16
            } else {
                0
            };
        }
    }
}

/// For each block the mean of the black points around; where nothing around has contrast, the
/// threshold of the block to the left or above goes on, so that the inside of a large dark area
/// stays dark.
fn thresholds(points: &[Vec<u16>; 5], top: usize, bottom: usize, mean: &mut [u8]) {
    let across = mean.len();
    let mut column = vec![(0_u32, 0_u32); across];
    for y in top..bottom {
        for (c, &p) in column.iter_mut().zip(&points[y % 5]) {
            *c = (c.0 + u32::from(p), c.1 + u32::from(p > 0));
        }
    }
    for x in 0..across {
        let (left, right) = window(x, across);
        let (sum, count) = column[left..right]
            .iter()
            .fold((0, 0), |a, c| (a.0 + c.0, a.1 + c.1));
        if let Some(t) = sum.checked_div(count) {
            mean[x] = t as u8;
        } else if x > 0 {
            mean[x] = ((u16::from(mean[x]) + u16::from(mean[x - 1])) / 2) as u8;
        }
    }
}

fn threshold_row(row: &[u8], mean: &[u8], bits: &mut Bits, y: usize) {
    let blocks = row.chunks_exact(BLOCK);
    let rest = blocks.remainder();
    let whole = blocks.len();
    for (x, (block, &t)) in blocks.zip(mean).enumerate() {
        let mut eight = [0; BLOCK];
        eight.copy_from_slice(block);
        bits.put_byte(x, y, at_most(u64::from_le_bytes(eight), t));
    }
    if let Some(&t) = mean.get(whole) {
        let byte = rest
            .iter()
            .enumerate()
            .fold(0, |b, (i, &p)| b | u8::from(p <= t) << i);
        bits.put_byte(whole, y, byte);
    }
}

/// Which of eight bytes are at most `t`, as bits: eight comparisons in one word.
fn at_most(bytes: u64, t: u8) -> u8 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let t = u64::from(t) * 0x0101_0101_0101_0101;
    // Per byte t - p without borrow from the neighbour; its high bit says whether the low seven
    // bits of t are enough.
    let low = (t | HIGH) - (bytes & !HIGH);
    let flags = ((t & !bytes) | (!(t ^ bytes) & low)) & HIGH;
    ((flags >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_comparisons_in_a_word_equal_eight_comparisons() {
        let samples = [0_u8, 1, 63, 64, 127, 128, 129, 200, 254, 255];
        for &t in &samples {
            for (i, &a) in samples.iter().enumerate() {
                let mut bytes = [a; 8];
                bytes[i % 8] = samples[(i + 3) % 10];
                let expected = bytes
                    .iter()
                    .enumerate()
                    .fold(0, |b, (i, &p)| b | u8::from(p <= t) << i);
                assert_eq!(
                    at_most(u64::from_le_bytes(bytes), t),
                    expected,
                    "{t} {bytes:?}"
                );
            }
        }
    }

    #[test]
    fn every_size_gives_bits_of_its_size_and_nothing_past_the_edge() {
        for width in [1, 7, 8, 9, 39, 40, 41, 64, 65, 130] {
            for height in [1, 7, 8, 9, 41] {
                let data: Vec<u8> = (0..width * height).map(|i| (i * 37 % 256) as u8).collect();
                let Ok(image) = Image::grey(&data, width, height, width) else {
                    panic!("{width}×{height}")
                };
                for lens in [
                    Lens::Plain,
                    Lens::Gamma,
                    Lens::Shrink(2),
                    Lens::Shrink(7),
                    Lens::Double,
                ] {
                    let bits =
                        binarise(image, lens, &Clock::new(std::time::Duration::from_secs(60)));
                    assert_eq!((bits.width(), bits.height()), lens.size(&image));
                    let spare = bits.per_row * 64 - bits.width;
                    for y in 0..bits.height() {
                        let last = bits.row(y).last().copied().unwrap_or(0);
                        assert_eq!(last & !(u64::MAX >> spare), 0);
                        let last = bits.inverted().row(y).last().copied().unwrap_or(0);
                        assert_eq!(last & !(u64::MAX >> spare), 0);
                    }
                }
            }
        }
    }
}
