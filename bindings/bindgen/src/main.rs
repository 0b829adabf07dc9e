//! Writes the code that calls the library from Kotlin or Swift: `countersign-bindgen kotlin|swift LIBRARY FOLDER`.
//!
//! It reads what the library says of itself, so the library must have been built, and not stripped of more than debug information.

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
    let mut paths = BindgenPaths::default();
    paths.add_layer(Bindings);
    let options = GenerateOptions {
        languages: vec![language],
        source: library.into(),
        out_dir: folder.into(),
        ..GenerateOptions::default()
    };
    match generate_with_bindgen_paths(options, paths) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign-bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: countersign-bindgen kotlin|swift LIBRARY FOLDER");
    ExitCode::from(2)
}
