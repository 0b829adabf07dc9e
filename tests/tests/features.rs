//! FEATURES.md names every test that is named after a row, and none that is gone.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;

/// A row: its name, and the tests that it names with their files.
struct Row {
    name: String,
    tests: Vec<(String, String)>,
}

/// The rows of the tables: `| A1 | what | [file](path) `test`, ... |`.
fn rows(text: &str) -> Vec<Row> {
    let cells = |line: &str| line.split(" | ").map(str::to_owned).collect::<Vec<_>>();
    let lines = text.lines().filter(|line| line.starts_with("| "));
    lines
        .map(cells)
        .filter(|cells| is_row(cells[0].trim_start_matches("| ")))
        .map(|cells| Row {
            name: cells[0].trim_start_matches("| ").to_owned(),
            tests: named(&cells[2]),
        })
        .collect()
}

fn is_row(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_uppercase())
        && bytes.len() > 0
        && bytes.all(|b| b.is_ascii_digit())
}

/// The tests of a cell, each with the path of the link before it.
fn named(cell: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in cell.split("](").skip(1) {
        let (path, rest) = part.split_once(')').expect("a link is closed");
        let tests = rest.split('`').skip(1).step_by(2);
        found.extend(tests.map(|test| (path.to_owned(), test.to_owned())));
    }
    found
}

/// The rows with which a test's name begins: `b1_b4_an_account` has B1 and B4.
fn prefixes(name: &str) -> Vec<String> {
    name.split('_')
        .map(str::to_uppercase)
        .take_while(|part| is_row(part))
        .collect()
}

/// The names of functions in a Rust source.
fn functions(source: &str) -> impl Iterator<Item = &str> {
    source
        .split("fn ")
        .skip(1)
        .filter_map(|rest| rest.split_once('(').map(|(name, _)| name))
        .filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

#[test]
fn features_md_names_tests_that_exist_where_it_says() {
    let text = fs::read_to_string(common::root().join("FEATURES.md")).unwrap();
    let rows = rows(&text);
    assert!(rows.len() > 30, "the rows are read");
    let sources = common::files(&[".rs", ".mjs", ".kt"]);
    let has = |source: &str, test: &str| {
        [
            format!("fn {test}("),
            format!("fun `{test}`"),
            format!("test(\"{test}\""),
        ]
        .iter()
        .any(|form| source.contains(form))
    };
    let mut wrong = Vec::new();
    for (path, test) in rows.iter().flat_map(|row| &row.tests) {
        let here = sources.iter().find(|file| file.path == *path);
        if !here.is_some_and(|file| has(&file.text, test)) {
            let elsewhere = sources.iter().find(|file| has(&file.text, test));
            let found = elsewhere.map_or("nowhere", |file| &file.path);
            wrong.push(format!("{test} is not in {path}, but {found}"));
        }
    }
    assert!(wrong.is_empty(), "FEATURES.md: {wrong:#?}");
}

#[test]
fn every_test_that_is_named_after_a_row_is_in_that_row() {
    let text = fs::read_to_string(common::root().join("FEATURES.md")).unwrap();
    let rows = rows(&text);
    let mut missing = Vec::new();
    for file in common::files(&[".rs"]) {
        for test in functions(&file.text) {
            for prefix in prefixes(test) {
                let row = rows.iter().find(|row| row.name == prefix);
                if !row.is_some_and(|row| row.tests.iter().any(|(_, name)| name == test)) {
                    missing.push(format!("{prefix}: {test} of {}", file.path));
                }
            }
        }
    }
    assert!(missing.is_empty(), "not in FEATURES.md: {missing:#?}");
}

#[test]
fn rows_and_names_are_read_as_they_are_written() {
    let text = "| row | what | by |\n|---|---|---|\n| A1 | x | [a.rs](t/a.rs) `one`, `two`; [b](t/b) `three`; not yet |\n";
    let rows = rows(text);
    assert_eq!(rows.len(), 1);
    let pair = |path: &str, test: &str| (path.to_owned(), test.to_owned());
    assert_eq!(
        rows[0].tests,
        [
            pair("t/a.rs", "one"),
            pair("t/a.rs", "two"),
            pair("t/b", "three")
        ]
    );
    assert_eq!(prefixes("b1_b4_an_account"), ["B1", "B4"]);
    assert_eq!(prefixes("a_b4_an_account"), Vec::<String>::new());
    let source = "fn one() {}\nasync fn two_of_them(x: u8) {}\nlet f = |fn_| 1;";
    assert_eq!(
        functions(source).collect::<Vec<_>>(),
        ["one", "two_of_them"]
    );
}
