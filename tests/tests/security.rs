//! SECURITY.md claims nothing that no test or model shows any more.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;

#[test]
fn every_test_and_model_that_security_md_names_is_there() {
    let text = fs::read_to_string(common::root().join("SECURITY.md")).unwrap();
    let sources = common::files(&[".rs", ".mjs"]);
    let is_name = |word: &&str| {
        word.len() > 20
            && word.contains('_')
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(is_name).collect();
    assert!(named.len() > 40, "the names are in backquotes");
    let is_there = |name: &str| {
        let function = format!("fn {name}(");
        sources.iter().any(|file| file.text.contains(&function))
    };
    let missing: Vec<_> = named.iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "no such test: {missing:?}");

    // Not the folder itself, whose name has another one before it.
    let places = text
        .match_indices("models/")
        .filter(|(at, _)| !text[..*at].ends_with('/'));
    let models = places.map(|(at, word)| {
        text[at + word.len()..]
            .split(|c: char| !c.is_ascii_lowercase() && c != '-')
            .next()
            .unwrap()
    });
    let models: Vec<&str> = models.collect();
    assert!(models.len() > 30, "the models are named after their folder");
    for model in models {
        let file = common::root().join(format!("tests/models/proverif/{model}.pv"));
        assert!(file.exists(), "no such model: {model}");
    }
}
