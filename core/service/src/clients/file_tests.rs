use super::*;

const WHOLE: &str = r#"# Services.
[client.library]
name = "City library"
start = "https://library.example.eu/"
help_desk = "mailto:help@library.example.eu"
level = "medium"
people = "staff"
attributes = ["email", "first_name", "last_name", "name", "language"]
sector = "city"

[client.library.cas]
services = ["https://library.example.eu/login", "https://library.example.eu/app/"]
user = "email"
single_logout = true
proxy_callbacks = ["https://library.example.eu/callback"]
proxies = ["archive"]

[client.archive]
name = "Archive"
[client.archive.cas]
services = ["https://archive.example.eu/"]
"#;

fn refused(text: &str) -> (usize, String) {
    let (at, why) = parse(text).map(drop).unwrap_err();
    (line(text, at.start), why)
}

#[test]
fn a_file_registers_what_it_says() {
    let registered = parse(WHOLE).unwrap();
    let library = registered.of("library").unwrap();
    assert_eq!(library.name, "City library");
    assert_eq!(library.least, Level::Medium);
    assert!(library.staff_only);
    assert_eq!(library.released.len(), 5);
    let archive = registered.of("archive").unwrap();
    assert_eq!(
        (archive.least, archive.sector.as_str()),
        (Level::Basic, "archive")
    );
    let of = |service: &str| Some(registered.by_service(service)?.id.clone());
    assert_eq!(
        of("https://library.example.eu/app/x?y=1").unwrap(),
        "library"
    );
    assert_eq!(of("https://archive.example.eu/app/x").unwrap(), "archive");
    assert_eq!(of("https://library.example.eu/other"), None);
    assert_eq!(registered.of("nobody").map(drop), None);
    assert!(parse("").unwrap().0.is_empty());
}

/// A name of 61 characters.
const TOO_LONG: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

/// What is changed in the whole file, to what, and what is said of it at which line.
const FAULTS: &[(&str, &str, usize, &str)] = &[
    ("name = \"City library\"", "nam = \"x\"", 3, "unknown field"),
    ("name = \"City library\"\n", "", 2, "missing field `name`"),
    ("City library", "", 3, "1 to 60 characters"),
    ("City library", "City\\u202Elibrary", 3, "invisible"),
    ("City library", TOO_LONG, 3, "1 to 60 characters"),
    (
        "\"https://library.example.eu/\"",
        "\"http://evil.example/\"",
        4,
        "must be https",
    ),
    (
        "mailto:help",
        "javascript:alert(1)//",
        5,
        "https:, mailto: or tel:",
    ),
    ("\"medium\"", "\"strong\"", 6, "BASIC, MEDIUM or HIGH"),
    ("\"medium\"", "2", 6, "invalid type"),
    ("\"staff\"", "\"teachers\"", 7, "all"),
    ("\"last_name\"", "\"password\"", 8, "an attribute is"),
    (
        "https://library.example.eu/app/",
        "https://library.example.eu/a/../",
        12,
        "can't have",
    ),
    (
        "https://library.example.eu/app/",
        "https://library.example.eu/app/?x=/",
        12,
        "query",
    ),
    ("user = \"email\"", "user = \"name\"", 13, "pairwise"),
    ("[\"archive\"]", "[\"nobody\"]", 16, "no entry of this name"),
    ("[client.archive]", "[client.library]", 18, "duplicate key"),
    (
        "https://archive.example.eu/",
        "https://library.example.eu/app/",
        2,
        "already",
    ),
    (
        "[client.archive.cas]\nservices = [\"https://archive.example.eu/\"]",
        "",
        18,
        "no protocol",
    ),
    (
        "[\"https://archive.example.eu/\"]",
        "[]",
        21,
        "1 to 50 addresses",
    ),
    (
        "[client.archive]\nname = \"Archive\"\n[client.archive.cas]",
        "[client.\"ar chive\"]\nname = \"Archive\"\n[client.\"ar chive\".cas]",
        18,
        "small letters",
    ),
    (
        "[client.archive]\nname",
        "[client.archive]\nsecret = \"x\"\nname",
        19,
        "unknown field",
    ),
    (
        "\"Archive\"",
        "\"City library\"",
        2,
        "another service has the name",
    ),
    ("# Services.", "= x", 1, ""),
];

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for &(from, to, at, says) in FAULTS {
        let text = WHOLE.replacen(from, to, 1);
        assert_ne!(text, WHOLE, "{from}");
        let (line, why) = refused(&text);
        assert!(
            line == at && why.contains(says),
            "{from} -> {to}: {line}: {why}"
        );
    }
}

#[test]
fn damaged_files_are_refused_or_read_and_never_end_the_program() {
    // Each byte left out, and each replaced by characters that TOML gives a meaning.
    for at in 0..WHOLE.len() {
        if !WHOLE.is_char_boundary(at) || !WHOLE.is_char_boundary(at + 1) {
            continue;
        }
        for put in ["", "\"", "[", "]", "=", "\n", "\\", "\u{0}", "\u{feff}"] {
            let text = format!("{}{put}{}", &WHOLE[..at], &WHOLE[at + 1..]);
            let _ = parse(&text).map_err(|(at, _)| line(&text, at.start));
        }
        let _ = parse(&WHOLE[..at]);
    }
    for deep in [
        "[".repeat(10_000),
        format!("x = {}", "[".repeat(10_000)),
        "a.".repeat(10_000),
    ] {
        assert!(parse(&deep).is_err());
    }
}

#[test]
fn a_file_that_is_wrong_leaves_what_was_read_before() {
    let folder = tempfile::tempdir().unwrap();
    let clients = super::super::Clients::open(None, folder.path()).unwrap();
    assert!(clients.now().0.is_empty());
    let file = folder.path().join("clients.toml");
    fs::write(&file, WHOLE).unwrap();
    assert_eq!(clients.reload().unwrap(), 2);
    fs::write(&file, "[client.library]\nname = 1\n").unwrap();
    let error = clients.reload().unwrap_err().to_string();
    assert!(error.contains("clients.toml:2: "), "{error}");
    assert_eq!(clients.now().0.len(), 2);
    let missing = folder.path().join("other.toml");
    assert!(super::super::Clients::open(Some(&missing), folder.path()).is_err());
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_change_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clients.toml");
    fs::write(&file, WHOLE).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(matches!(read(&file, true), Err(BadClients::Custody(_))));
}
