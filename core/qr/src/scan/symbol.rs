//! From a square of modules to its content: format, mask, code words, error correction.

use super::segments::{Content, parse};
use super::{Level, solomon, version};

/// The modules of a symbol as they were sampled.
#[derive(Debug, Clone)]
pub(super) struct Modules {
    pub(super) size: usize,
    pub(super) dark: Vec<bool>,
    /// How sure each module is, 0 not at all. Empty: all the same.
    pub(super) sure: Vec<u8>,
}

impl Modules {
    fn at(&self, x: usize, y: usize) -> bool {
        self.dark[y * self.size + x]
    }

    /// The other way round: a code seen in a mirror, or printed so.
    fn mirrored(&self) -> Self {
        let n = self.size;
        let swap = |i: usize| i % n * n + i / n;
        Self {
            size: n,
            dark: (0..n * n).map(|i| self.dark[swap(i)]).collect(),
            sure: if self.sure.is_empty() {
                Vec::new()
            } else {
                (0..n * n).map(|i| self.sure[swap(i)]).collect()
            },
        }
    }
}

/// The content of a symbol.
pub(super) struct Symbol {
    pub(super) content: Content,
    pub(super) version: u8,
    pub(super) level: Level,
    pub(super) mirrored: bool,
}

/// The modules that carry no data, for each version; made when first needed.
pub(super) struct Layout {
    version: u8,
    /// Centres of the alignment patterns along each side, in modules.
    pub(super) alignment: Vec<usize>,
    /// Where data lies, in the order of reading: bit after bit.
    order: Vec<u16>,
}

impl Layout {
    /// The layout of a symbol of so many modules a side.
    pub(super) fn of(size: usize) -> Option<&'static Layout> {
        use std::sync::OnceLock;
        static LAYOUTS: [OnceLock<Layout>; 40] = [const { OnceLock::new() }; 40];
        if !(21..=177).contains(&size) || size % 4 != 1 {
            return None;
        }
        Some(LAYOUTS[(size - 17) / 4 - 1].get_or_init(|| Self::build(size)))
    }

    fn build(size: usize) -> Self {
        let version = ((size - 17) / 4) as u8;
        let function = version::function_modules(version);
        let mut order = Vec::new();
        // Pairs of columns from the right, up and down by turns; the vertical timing pattern is
        // skipped (7.7.3).
        let columns = (1..=(size - 1) / 2)
            .rev()
            .map(|pair| if pair > 3 { 2 * pair } else { 2 * pair - 1 });
        for (i, right) in columns.enumerate() {
            for row in 0..size {
                let y = if i % 2 == 0 { size - 1 - row } else { row };
                for x in [right, right - 1] {
                    if !function[y * size + x] {
                        order.push((y * size + x) as u16);
                    }
                }
            }
        }
        Self {
            version,
            alignment: version::alignment(version),
            order,
        }
    }
}

/// Reads a symbol, or its mirror image.
pub(super) fn read_either_way(modules: &Modules) -> Option<Symbol> {
    read(modules).or_else(|| {
        read(&modules.mirrored()).map(|s| Symbol {
            mirrored: true,
            ..s
        })
    })
}

/// Reads a symbol. Doubtful code words, if the modules say which, are treated as erased when plain
/// correction fails.
pub(super) fn read(modules: &Modules) -> Option<Symbol> {
    let layout = Layout::of(modules.size)?;
    let (level, mask) = format(modules)?;
    let (words, sure) = code_words(modules, layout, mask);
    let level = [Level::M, Level::L, Level::H, Level::Q][usize::from(level)];
    let version = layout.version;
    let blocks = Blocks::new(version, level, words.len())?;
    let rounds: &[usize] = if modules.sure.is_empty() {
        &[0]
    } else {
        &[0, 25, 45, 65]
    };
    let mut data = Vec::new();
    for (block, check) in blocks.iter() {
        // Fewer check words than the standard keeps back in small versions would let a wrong text
        // through (table 9, note b).
        let spare = match (version, level) {
            (1, Level::L) => 3,
            (1, Level::M) | (2, Level::L) => 2,
            (1, _) | (3, Level::L) => 1,
            _ => 0,
        };
        let corrected = rounds.iter().find_map(|&share| {
            let mut block_words: Vec<u8> = block.iter().map(|&i| words[i]).collect();
            let mut weakest: Vec<usize> = Vec::new();
            if share > 0 {
                weakest.extend(0..block.len());
                weakest.sort_unstable_by_key(|&i| sure[block[i]]);
                weakest.truncate(check * share / 100);
            }
            // An erasure is a check word that checks nothing: three are kept for that, whatever the
            // version.
            let spare = if share > 0 { spare.max(3) } else { spare };
            solomon::correct(&mut block_words, check, &weakest, spare)?;
            Some(block_words)
        })?;
        data.extend_from_slice(&corrected[..corrected.len() - check]);
    }
    let content = parse(&data, version)?;
    (!content.bytes.is_empty()).then_some(Symbol {
        content,
        version,
        level,
        mirrored: false,
    })
}

/// The level and mask: the nearer of two copies to one of 32 words (7.9), at most three bits away.
fn format(modules: &Modules) -> Option<(u8, u8)> {
    let (near, far) = format_words(modules);
    let (distance, data) = (0..32_u16)
        .map(|data| {
            let word = format_word(data);
            (
                (word ^ near).count_ones().min((word ^ far).count_ones()),
                data,
            )
        })
        .min()?;
    (distance <= 3).then_some(((data >> 3) as u8, (data & 7) as u8))
}

/// Both copies as they were sampled, most significant bit first.
fn format_words(modules: &Modules) -> (u16, u16) {
    let n = modules.size;
    let bit = |value: u16, x: usize, y: usize| value << 1 | u16::from(modules.at(x, y));
    // Around the top left finder pattern, most significant bit first.
    let near = (0..6)
        .map(|x| (x, 8))
        .chain([(7, 8), (8, 8), (8, 7)])
        .chain((0..6).rev().map(|y| (8, y)));
    let near = near.fold(0, |v, (x, y)| bit(v, x, y));
    let far = (0..7)
        .map(|i| (8, n - 1 - i))
        .chain((n - 8..n).map(|x| (x, 8)));
    let far = far.fold(0, |v, (x, y)| bit(v, x, y));
    (near, far)
}

/// The 15-bit word for five bits: BCH with generator 0x537, masked (annex C).
fn format_word(data: u16) -> u16 {
    let mut rest = data << 10;
    for bit in (10..15).rev() {
        if rest >> bit & 1 == 1 {
            rest ^= 0x537 << (bit - 10);
        }
    }
    (data << 10 | rest) ^ 0x5412
}

fn masked(mask: u8, x: usize, y: usize) -> bool {
    match mask {
        0 => (x + y).is_multiple_of(2),
        1 => y.is_multiple_of(2),
        2 => x.is_multiple_of(3),
        3 => (x + y).is_multiple_of(3),
        4 => (y / 2 + x / 3).is_multiple_of(2),
        5 => (x * y).is_multiple_of(6),
        6 => x * y % 6 < 3,
        _ => (x * y % 3 + x + y).is_multiple_of(2),
    }
}

/// The code words in the order of reading, and how sure the least sure bit of each is.
fn code_words(modules: &Modules, layout: &Layout, mask: u8) -> (Vec<u8>, Vec<u8>) {
    let n = modules.size;
    let bytes = layout.order.chunks_exact(8);
    let words = bytes.clone().map(|places| {
        places.iter().fold(0, |word, &place| {
            let place = usize::from(place);
            word << 1 | u8::from(modules.dark[place] != masked(mask, place % n, place / n))
        })
    });
    let sure = if modules.sure.is_empty() {
        Vec::new()
    } else {
        bytes
            .map(|places| {
                places
                    .iter()
                    .map(|&p| modules.sure[usize::from(p)])
                    .min()
                    .unwrap_or(0)
            })
            .collect()
    };
    (words.collect(), sure)
}

/// How the code words are dealt out to blocks (7.6).
struct Blocks {
    /// Data words of each block.
    data: Vec<usize>,
    check: usize,
}

impl Blocks {
    fn new(version: u8, level: Level, words: usize) -> Option<Self> {
        let (check, count) = version::correction(version, level)?;
        // As even as can be, the longer ones last.
        let data = words.checked_sub(check * count)?;
        Some(Self {
            data: (0..count).map(|i| (data + i) / count).collect(),
            check,
        })
    }

    /// For each block the places of its words in the sequence, and the number of check words.
    fn iter(&self) -> impl Iterator<Item = (Vec<usize>, usize)> + '_ {
        let count = self.data.len();
        let shortest = self.data.first().copied().unwrap_or(0);
        let short = self.data.iter().filter(|&&d| d == shortest).count();
        let total: usize = self.data.iter().sum();
        (0..count).map(move |b| {
            let mut places: Vec<usize> = (0..shortest).map(|i| i * count + b).collect();
            if self.data[b] > shortest {
                places.push(shortest * count + b - short);
            }
            places.extend((0..self.check).map(|i| total + i * count + b));
            (places, self.check)
        })
    }
}
