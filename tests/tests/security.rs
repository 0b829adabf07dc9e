//! SECURITY.md claims nothing that no test or model shows any more.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Every Rust and JavaScript source of the project, in one text.
fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && name != "node_modules" && !name.starts_with('.') {
                sources(&path, text);
            }
        } else if name.ends_with(".rs") || name.ends_with(".mjs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_and_model_that_security_md_names_is_there() {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let mut code = String::new();
    sources(&root(), &mut code);
    let is_name = |word: &&str| {
        word.len() > 20
            && word.contains('_')
            && word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(is_name).collect();
    assert!(named.len() > 40, "the names are in backquotes");
    let missing: Vec<_> = named
        .iter()
        .filter(|name| !code.contains(&format!("fn {name}(")))
        .collect();
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
        let file = root().join(format!("tests/models/proverif/{model}.pv"));
        assert!(file.exists(), "no such model: {model}");
    }
}
