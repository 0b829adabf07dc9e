//! Properties of the versions of QR codes: ISO/IEC 18004, tables 9 and E.1.

use super::Level;

/// Check words in each block, by level (L, M, Q, H) and version.
const CHECK: [[u8; 40]; 4] = [
    [
        7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30,
        30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
    [
        10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28,
        28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    ],
    [
        13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30,
        30, 30, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
    [
        17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30,
        30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
];

/// Blocks, by level (L, M, Q, H) and version.
const BLOCKS: [[u8; 40]; 4] = [
    [
        1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13,
        14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25,
    ],
    [
        1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23,
        25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
    ],
    [
        1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29,
        34, 34, 35, 38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68,
    ],
    [
        1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35,
        37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81,
    ],
];

/// The check words in each block and the number of blocks of a version, 1 to 40.
pub(super) fn correction(version: u8, level: Level) -> Option<(usize, usize)> {
    let index = usize::from(version.checked_sub(1)?);
    let row = level as usize;
    Some((
        usize::from(*CHECK[row].get(index)?),
        usize::from(*BLOCKS[row].get(index)?),
    ))
}

/// Centres of the alignment patterns along each side, in modules; none in version 1. They are
/// evenly spaced from the far side, an even number of modules apart.
pub(super) fn alignment(version: u8) -> Vec<usize> {
    if version < 2 {
        return Vec::new();
    }
    let version = usize::from(version);
    let gaps = version / 7 + 1;
    let far = 4 * version + 10;
    let step = match version {
        // The standard's one exception.
        32 => 26,
        _ => (2 * (far - 6) + 3 * gaps) / (4 * gaps) * 2,
    };
    let mut centres: Vec<usize> = (0..gaps).map(|i| far - i * step).collect();
    centres.push(6);
    centres.reverse();
    centres
}

/// The modules that carry no data: finder, timing and alignment patterns, format and version, row
/// by row.
pub(super) fn function_modules(version: u8) -> Vec<bool> {
    let n = 4 * usize::from(version) + 17;
    let mut used = vec![false; n * n];
    let mut mark = |left: usize, top: usize, width: usize, height: usize| {
        for y in top..top + height {
            used[y * n + left..y * n + left + width].fill(true);
        }
    };
    mark(0, 0, 9, 9);
    mark(n - 8, 0, 8, 9);
    mark(0, n - 8, 9, 8);
    mark(8, 6, n - 16, 1);
    mark(6, 8, 1, n - 16);
    let centres = alignment(version);
    let last = centres.len().saturating_sub(1);
    for (i, &x) in centres.iter().enumerate() {
        for (j, &y) in centres.iter().enumerate() {
            if ![(0, 0), (0, last), (last, 0)].contains(&(i, j)) {
                mark(x - 2, y - 2, 5, 5);
            }
        }
    }
    if version >= 7 {
        mark(n - 11, 0, 3, 6);
        mark(0, n - 11, 6, 3);
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignment_patterns_lie_where_table_e_1_says() {
        for (version, centres) in [
            (1, &[][..]),
            (2, &[6, 18]),
            (7, &[6, 22, 38]),
            (14, &[6, 26, 46, 66]),
            (15, &[6, 26, 48, 70]),
            (16, &[6, 26, 50, 74]),
            (22, &[6, 26, 50, 74, 98]),
            (30, &[6, 26, 52, 78, 104, 130]),
            (32, &[6, 34, 60, 86, 112, 138]),
            (36, &[6, 24, 50, 76, 102, 128, 154]),
            (39, &[6, 26, 54, 82, 110, 138, 166]),
            (40, &[6, 30, 58, 86, 114, 142, 170]),
        ] {
            assert_eq!(alignment(version), centres, "{version}");
        }
    }

    #[test]
    fn the_data_modules_hold_the_code_words_and_less_than_eight_bits_more() {
        // Table 1: 208 data modules in version 1, 29,648 in version 40.
        for (version, modules) in [(1, 208), (2, 359), (7, 1568), (40, 29_648)] {
            let free = function_modules(version)
                .iter()
                .filter(|used| !**used)
                .count();
            assert_eq!(free, modules, "{version}");
        }
    }
}
