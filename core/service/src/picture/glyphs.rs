//! The ten digits as strokes, drawn for this program. Their box is 0.6 wide and 1 high, y down.
//!
//! Digits that people confuse are kept apart: the one has a flag and a foot, the seven a bar.

use std::f32::consts::TAU;

/// A point.
pub(super) type Point = (f32, f32);
/// A straight piece of a stroke.
pub(super) type Piece = (Point, Point);

/// The width of the box.
pub(super) const WIDTH: f32 = 0.6;
/// The pieces of an arc for each full turn.
const PIECES: f32 = 24.0;

enum Stroke {
    /// Through these points.
    Line(&'static [Point]),
    /// Of an ellipse: its centre, its half axes, and from where to where in turns; 0 is right, 0.25
    /// down.
    Arc(Point, Point, f32, f32),
}
use Stroke::{Arc, Line};

const FULL: (f32, f32) = (0.0, 1.0);

fn strokes(digit: usize) -> Vec<Stroke> {
    match digit {
        0 => vec![Arc((0.3, 0.5), (0.28, 0.48), FULL.0, FULL.1)],
        1 => vec![
            Line(&[(0.1, 0.22), (0.34, 0.02), (0.34, 0.98)]),
            Line(&[(0.12, 0.98), (0.56, 0.98)]),
        ],
        2 => vec![
            Arc((0.3, 0.28), (0.27, 0.26), 0.52, 1.11),
            Line(&[(0.508, 0.446), (0.05, 0.98), (0.58, 0.98)]),
        ],
        3 => vec![
            Arc((0.28, 0.26), (0.25, 0.24), 0.56, 1.25),
            Arc((0.28, 0.74), (0.28, 0.24), 0.75, 1.44),
        ],
        4 => vec![Line(&[
            (0.42, 0.98),
            (0.42, 0.02),
            (0.02, 0.66),
            (0.6, 0.66),
        ])],
        5 => vec![
            Line(&[(0.52, 0.02), (0.12, 0.02), (0.082, 0.458)]),
            Arc((0.28, 0.67), (0.28, 0.3), 0.625, 1.42),
        ],
        6 => vec![
            Arc((0.3, 0.68), (0.27, 0.3), FULL.0, FULL.1),
            Line(&[(0.46, 0.02), (0.27, 0.19), (0.12, 0.42), (0.04, 0.62)]),
        ],
        7 => vec![
            Line(&[(0.04, 0.02), (0.56, 0.02), (0.2, 0.98)]),
            Line(&[(0.18, 0.5), (0.52, 0.5)]),
        ],
        8 => vec![
            Arc((0.3, 0.26), (0.23, 0.24), FULL.0, FULL.1),
            Arc((0.3, 0.74), (0.28, 0.24), FULL.0, FULL.1),
        ],
        _ => vec![
            Arc((0.3, 0.32), (0.27, 0.3), FULL.0, FULL.1),
            Line(&[(0.14, 0.98), (0.33, 0.81), (0.48, 0.58), (0.56, 0.38)]),
        ],
    }
}

/// The pieces of a digit.
pub(super) fn pieces(digit: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for stroke in strokes(digit) {
        let points: Vec<Point> = match stroke {
            Line(points) => points.to_vec(),
            Arc((x, y), (a, b), from, to) => {
                let count = (PIECES * (to - from)).ceil();
                let turn = |at: u16| TAU * (from + (to - from) * f32::from(at) / count);
                let at = (0..).take(count as usize + 1);
                at.map(|at| (x + a * turn(at).cos(), y + b * turn(at).sin()))
                    .collect()
            }
        };
        pieces.extend(points.array_windows().map(|[from, to]| (*from, *to)));
    }
    pieces
}

/// The distance of a point from a piece.
pub(super) fn distance((x, y): Point, ((x1, y1), (x2, y2)): Piece) -> f32 {
    let (dx, dy) = (x2 - x1, y2 - y1);
    let long = dx * dx + dy * dy;
    let along = ((x - x1) * dx + (y - y1) * dy) / long.max(f32::EPSILON);
    let along = along.clamp(0.0, 1.0);
    (x - x1 - along * dx).hypot(y - y1 - along * dy)
}
