//! A picture that is nothing but a code, straight, black on white: as programs save them, down to
//! one pixel a module.

use super::binary::Bits;
use super::grid::{Grid, Known, Map};

/// The grid, if the picture is such a code.
pub(super) fn grid(bits: &Bits) -> Option<Grid> {
    let [left, top, right, bottom] = bounds(bits)?;
    let (width, height) = (right - left, bottom - top);
    if width.abs_diff(height) > 1 + width / 50 || width < 21 {
        return None;
    }
    // Three corners begin with the seven modules of a finder pattern's edge; one of the two upper
    // corners does in any rotation.
    let run = |mut xs: Box<dyn Iterator<Item = usize>>| {
        xs.position(|x| !bits.get(x as i32, top as i32))
            .unwrap_or(width)
    };
    let seven = run(Box::new(left..right)).max(run(Box::new((left..right).rev())));
    if seven == 0 || seven > width / 3 {
        return None;
    }
    let near = ((7.0 * width as f32 / seven as f32 - 17.0) / 4.0).round() as i32;
    let square = [(left, top), (right, top), (right, bottom), (left, bottom)]
        .map(|(x, y)| (x as f32, y as f32));
    let (share, grid) = (near - 1..=near + 1)
        .filter(|version| (1..=40).contains(version))
        .flat_map(|version| (0..4).map(move |turn| (17 + 4 * version as usize, turn)))
        .filter_map(|(size, turn)| {
            let n = size as f32;
            let mut corners = square;
            corners.rotate_left(turn);
            let map = Map::between([(0.0, 0.0), (n, 0.0), (n, n), (0.0, n)], corners)?;
            Some((Known::frame(size).share(bits, &map), Grid { size, map }))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (share > 0.95).then_some(grid)
}

/// The black part: left, top, and the first column and row past it.
fn bounds(bits: &Bits) -> Option<[usize; 4]> {
    let black = |y: &usize| bits.row(*y).iter().any(|&w| w != 0);
    let top = (0..bits.height()).find(black)?;
    let bottom = (top..bits.height()).rev().find(black)? + 1;
    let (mut left, mut right) = (bits.width(), 0);
    for y in top..bottom {
        let row = bits.row(y);
        if let Some(i) = row.iter().position(|&w| w != 0) {
            left = left.min(i * 64 + row[i].trailing_zeros() as usize);
        }
        if let Some(i) = row.iter().rposition(|&w| w != 0) {
            right = right.max(i * 64 + 64 - row[i].leading_zeros() as usize);
        }
    }
    Some([left, top, right, bottom])
}
