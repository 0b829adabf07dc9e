//! Writes the code that calls the library from Kotlin or Swift: `countersign-bindgen kotlin|swift
//! LIBRARY FOLDER`.
//!
//! It reads what the library says of itself, so the library must have been built, and not stripped
//! of more than debug information.

mod swift;

use std::error::Error;
use std::fs;
use std::process::ExitCode;

use camino::Utf8PathBuf;
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate_with_bindgen_paths};
use uniffi_bindgen::{BindgenPaths, BindgenPathsLayer};

/// Where `uniffi.toml` is: in the folder around this program's.
struct Bindings;

impl BindgenPathsLayer for Bindings {
    fn get_crate_root(&self, name: &str) -> Option<Utf8PathBuf> {
        (name == "countersign_ffi").then(|| concat!(env!("CARGO_MANIFEST_DIR"), "/..").into())
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [language, library, folder] = &arguments[..] else {
        return usage();
    };
    let language = match language.as_str() {
        "kotlin" => TargetLanguage::Kotlin,
        "swift" => TargetLanguage::Swift,
        _ => return usage(),
    };
    match write(language, library.into(), folder.into()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign-bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn write(
    language: TargetLanguage,
    source: Utf8PathBuf,
    folder: Utf8PathBuf,
) -> Result<(), Box<dyn Error>> {
    let mut paths = BindgenPaths::default();
    paths.add_layer(Bindings);
    let options = GenerateOptions {
        languages: vec![language.clone()],
        source,
        out_dir: folder.clone(),
        ..GenerateOptions::default()
    };
    generate_with_bindgen_paths(options, paths)?;
    if matches!(language, TargetLanguage::Swift) {
        let file = folder.join("Countersign.swift");
        let code = fs::read_to_string(&file)?;
        // Taken away first: what can't be completed must not be built into an app.
        fs::remove_file(&file)?;
        fs::write(&file, swift::completed(&code)?)?;
    }
    Ok(())
}

fn usage() -> ExitCode {
    eprintln!("usage: countersign-bindgen kotlin|swift LIBRARY FOLDER");
    ExitCode::from(2)
}
