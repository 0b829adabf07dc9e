//! Comment lines have at most 100 columns, files of `src` at most 500 lines.

use crate::common::files;

const COLUMNS: usize = 100;
const LINES: usize = 500;

/// The numbers of the comment lines that are too long.
fn long_comments(text: &str) -> Vec<usize> {
    let lines = text.lines().zip(1..);
    lines
        .filter(|(line, _)| line.trim_start().starts_with("//") && line.chars().count() > COLUMNS)
        .map(|(_, number)| number)
        .collect()
}

#[test]
fn no_comment_line_has_more_than_100_columns() {
    let mut long = Vec::new();
    for file in files(&[".rs"]) {
        let lines = long_comments(&file.text);
        long.extend(lines.iter().map(|line| format!("{}:{line}", file.path)));
    }
    assert!(long.is_empty(), "{} lines: {long:#?}", long.len());
}

#[test]
fn no_source_file_has_more_than_500_lines() {
    let mut long = Vec::new();
    for file in files(&[".rs"]) {
        let lines = file.text.lines().count();
        if file.path.contains("/src/") && lines > LINES {
            long.push(format!("{}: {lines}", file.path));
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn long_comments_are_found_and_long_code_is_not() {
    let long = "x".repeat(100);
    let text = format!("//! {long}\nlet s = \"{long}\"; // short\n    // {long}\n// short\n");
    assert_eq!(long_comments(&text), [1, 3]);
}
