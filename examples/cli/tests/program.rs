//! The program as people and scripts meet it: help, exit codes, pictures, and what it says when
//! something is wrong.

#![allow(clippy::unwrap_used)]

use std::fs;

use crate::common::{countersign, with_input};

const COMMANDS: [&str; 15] = [
    "init",
    "accounts",
    "pending",
    "watch",
    "approve",
    "decline",
    "scan",
    "history",
    "rename",
    "remove",
    "decode",
    "draw",
    "doctor",
    "completions",
    "demo",
];

#[test]
fn the_help_of_every_command_has_an_example() {
    let folder = tempfile::tempdir().unwrap();
    let all = countersign(folder.path(), &["--help"]);
    assert_eq!(all.code, 0);
    for command in COMMANDS {
        assert!(
            all.stdout.contains(&format!("\n  {command}")),
            "{command} is not listed"
        );
        for help in ["-h", "--help"] {
            let run = countersign(folder.path(), &[command, help]);
            assert_eq!(run.code, 0, "{command}");
            assert!(
                run.stdout.contains("Example")
                    && run.stdout.contains(&format!("countersign {command}")),
                "{command} {help}:\n{}",
                run.stdout
            );
        }
    }
}

#[test]
fn the_help_lists_the_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let help = countersign(folder.path(), &["--help"]).stdout;
    for code in 0..=6 {
        assert!(
            help.contains(&format!("\n  {code}  ")),
            "{code} is missing:\n{help}"
        );
    }
}

#[test]
fn a_pin_is_never_taken_as_an_argument_or_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["approve", "--pin", "4071"][..],
        &["approve", "--pin=4071"],
        &["scan", "x.png", "--pin=4071"],
        &["init", "x.png", "--pin", "4071"],
        &["init", "x.png", "--pin-stdin=4071"],
        &["--pin", "4071", "accounts"],
    ] {
        let run = countersign(folder.path(), args);
        assert_eq!(run.code, 2, "{args:?}: {}", run.stderr);
        assert!(!run.stdout.contains("4071"), "{args:?}");
    }
    let help = countersign(folder.path(), &["approve", "--help"]).stdout;
    assert!(!help.contains("[env"), "{help}");
}

#[test]
fn a_drawn_code_decodes_to_its_text() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("code.png");
    let file = file.to_str().unwrap();
    for text in [
        "HTTPS://EXAMPLE.EU/Q/ABC",
        "Jānis Kalniņš, 1234.50 €",
        "0123456789",
    ] {
        let drawn = countersign(
            folder.path(),
            &["draw", text, "--output", file, "--scale", "3"],
        );
        assert_eq!(drawn.code, 0, "{}", drawn.stderr);
        let decoded = countersign(folder.path(), &["decode", file]);
        assert_eq!(
            (decoded.code, decoded.stdout.as_str()),
            (0, format!("{text}\n").as_str())
        );
        let json = countersign(folder.path(), &["decode", "--json", file]).json();
        assert_eq!(json[0]["text"], text);
    }
    let piped = with_input(folder.path(), &["decode", "-"], &fs::read(file).unwrap());
    assert_eq!((piped.code, piped.stdout.as_str()), (0, "0123456789\n"));
    let drawn = with_input(folder.path(), &["draw", "-", "--json"], b"from a pipe\n");
    assert_eq!(drawn.json()["modules"][0].as_str().unwrap().len(), 21);
    let svg = folder.path().join("code.svg");
    assert_eq!(
        countersign(folder.path(), &["draw", "x", "-o", svg.to_str().unwrap()]).code,
        0
    );
    assert!(fs::read_to_string(svg).unwrap().starts_with("<svg"));
}

#[test]
fn a_picture_without_a_code_exits_with_1_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.bmp");
    fs::write(&file, white_bmp(64)).unwrap();
    let run = countersign(folder.path(), &["decode", file.to_str().unwrap()]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("no QR code found"), "{}", run.stderr);
    assert!(run.stdout.is_empty());
    let json = countersign(folder.path(), &["decode", "--json", file.to_str().unwrap()]);
    assert_eq!(
        (json.code, json.json()["error"].as_str()),
        (1, Some("nothing"))
    );
}

#[test]
fn what_is_no_picture_exits_with_6_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("text.png"), "this is no picture").unwrap();
    fs::write(path("empty.png"), "").unwrap();
    assert_eq!(
        countersign(folder.path(), &["draw", "x", "-o", &path("good.png")]).code,
        0
    );
    let good = fs::read(path("good.png")).unwrap();
    fs::write(path("cut.png"), &good[..good.len() / 2]).unwrap();
    for (file, says) in [
        ("text.png", "save it as PNG or JPEG"),
        ("empty.png", "is empty"),
        ("cut.png", "damaged"),
        ("none.png", "there is no file"),
        (".", "is a folder"),
    ] {
        for command in ["decode", "scan", "init"] {
            let run = countersign(folder.path(), &[command, &path(file)]);
            assert_eq!(run.code, 6, "{command} {file}: {}", run.stderr);
            assert!(
                run.stderr.contains(says),
                "{command} {file}: {}",
                run.stderr
            );
        }
    }
    // The good one is still read, and the exit code tells of the others.
    let both = countersign(
        folder.path(),
        &["decode", &path("cut.png"), &path("good.png")],
    );
    assert_eq!((both.code, both.stdout.as_str()), (6, "x\n"));
}

#[test]
fn control_characters_in_a_code_are_never_printed_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evil.png");
    let file = file.to_str().unwrap();
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}fdp\u{9b}31m";
    assert_eq!(
        countersign(folder.path(), &["draw", evil, "-o", file]).code,
        0
    );
    for args in [
        &["decode", file][..],
        &["decode", "--json", file],
        &["scan", file],
        &["init", file],
    ] {
        let run = countersign(folder.path(), args);
        let all = run.stdout + &run.stderr;
        let hostile = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!all.contains(hostile), "{args:?}: {all:?}");
    }
}

#[test]
fn completions_are_printed_for_every_shell() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = countersign(folder.path(), &["completions", shell]);
        assert!(
            run.code == 0 && run.stdout.contains("countersign") && run.stdout.contains("decode"),
            "{shell}"
        );
    }
}

/// A white picture of `side` pixels, a multiple of four.
fn white_bmp(side: u32) -> Vec<u8> {
    let pixels = side * side * 3;
    let mut out = b"BM".to_vec();
    for word in [54 + pixels, 0, 54, 40, side, side] {
        out.extend(word.to_le_bytes());
    }
    out.extend([1, 0, 24, 0]);
    for word in [0, pixels, 0, 0, 0, 0] {
        out.extend(word.to_le_bytes());
    }
    out.resize(54 + pixels as usize, 0xff);
    out
}
