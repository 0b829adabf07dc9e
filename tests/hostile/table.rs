//! The text files of inputs: an aim in one line, and in the next, indented, the input:
//! `target: means => refusal`. Lines that begin with `#` are comments.

use std::fmt;
use std::fs;

/// One input.
pub struct Row {
    /// The attacker's aim.
    pub aim: String,
    /// The parser or program that gets the input.
    pub target: String,
    /// How it differs from a good one.
    pub means: String,
    /// The expected refusal.
    pub expected: String,
}

impl Row {
    /// Whether the refusal is the expected one: the same, or for `…text` one that contains the
    /// text.
    pub fn is_met_by(&self, told: &str) -> bool {
        match self.expected.split_once('…') {
            Some((begin, part)) => {
                assert!(!part.is_empty(), "any refusal would do: {self}");
                told.starts_with(begin) && told.contains(part)
            }
            None => told == self.expected,
        }
    }

    /// The first word of the means, and the rest.
    pub fn verb(&self) -> (&str, &str) {
        self.means.split_once(' ').unwrap_or((&self.means, ""))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            aim,
            target,
            means,
            expected,
        } = self;
        write!(f, "{aim}\n      {target}: {means} => {expected}")
    }
}

/// Reads a file of inputs.
pub fn read(kind: &str) -> Vec<Row> {
    let path = format!("{}/hostile/{kind}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    let mut rows = Vec::new();
    let mut aim: Option<&str> = None;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let Some(way) = line.strip_prefix("  ") else {
            assert!(aim.is_none(), "no input after: {aim:?}");
            aim = Some(line);
            continue;
        };
        let (way, expected) = way.rsplit_once(" => ").unwrap_or_else(|| panic!("{line}"));
        let (target, means) = way.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        rows.push(Row {
            aim: aim
                .take()
                .unwrap_or_else(|| panic!("no aim: {line}"))
                .into(),
            target: target.trim().into(),
            means: means.into(),
            expected: expected.into(),
        });
    }
    rows
}
