//! ARCHITECTURE.md leads through one approval by functions that are there.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::collections::BTreeSet;
use std::fs;

/// At most so many functions, in so many files, lead through an approval.
const FUNCTIONS: usize = 45;
const FILES: usize = 25;

/// The rows `| 7 | `file` | `function` |`, in their order.
fn rows(text: &str) -> Vec<(usize, String, String)> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let number = cells.next()?.trim().parse().ok()?;
        let name = |cell: &str| Some(cell.strip_prefix('`')?.strip_suffix('`')?.to_owned());
        Some((number, name(cells.next()?)?, name(cells.next()?)?))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn the_functions_that_lead_through_an_approval_are_there_and_few() {
    let root = common::root();
    let rows = rows(&fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap());
    assert!((30..=FUNCTIONS).contains(&rows.len()), "{}", rows.len());
    let files: BTreeSet<_> = rows.iter().map(|(_, file, _)| file).collect();
    assert!(files.len() <= FILES, "{} files", files.len());
    for (at, (number, file, function)) in rows.iter().enumerate() {
        assert_eq!(*number, at + 1, "the rows are numbered from 1");
        let source = fs::read_to_string(root.join(file)).expect(file);
        let there = [format!("fn {function}("), format!("fn {function}<")]
            .iter()
            .any(|name| source.contains(name));
        assert!(there, "{file} has no function {function}");
    }
}
