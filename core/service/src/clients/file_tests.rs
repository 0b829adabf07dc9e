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
    let (at, why) = parse(text, true).map(drop).unwrap_err();
    (line(text, at.start), why)
}

#[test]
fn a_file_registers_what_it_says() {
    let registered = parse(WHOLE, true).unwrap();
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
    assert!(parse("", true).unwrap().0.is_empty());
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

const CONNECT: &str = r#"
[client.shop]
name = "Shop"
[client.shop.oidc]
redirect_uris = ["https://shop.example.eu/back"]
post_logout_redirect_uris = ["https://shop.example.eu/bye"]
method = "basic"
secrets = ["sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]
algorithm = "ES256"
backchannel_logout = "https://shop.example.eu/logout"
keys = []
pkce = true
"#;

#[test]
fn a_service_of_openid_connect_is_registered_as_its_entry_says() {
    let registered = parse(CONNECT, false).unwrap();
    let shop = registered.of("shop").unwrap();
    let oidc = shop.oidc.as_ref().unwrap();
    assert!(oidc.pkce && !oidc.refresh && !oidc.offline && shop.cas.is_none());
    assert!(matches!(&oidc.auth, Auth::Basic(secrets) if secrets.len() == 1));
    assert!(oidc.redirect_uris[0].covers("https://shop.example.eu/back"));
    // An address of OpenID Connect is that one alone, whatever it ends in.
    let slash = CONNECT.replace("eu/back", "eu/");
    let slash = parse(&slash, false).unwrap().of("shop").unwrap();
    let back = &slash.oidc.as_ref().unwrap().redirect_uris[0];
    assert!(back.covers("https://shop.example.eu/") && !back.covers("https://shop.example.eu/x"));
    let rs256 = CONNECT.replace("ES256", "RS256");
    assert!(parse(&rs256, true).is_ok());
    let (_, why) = parse(&rs256, false).map(drop).unwrap_err();
    assert!(why.contains("--oidc-rsa-key"), "{why}");
}

const HASH: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The same for a service of OpenID Connect; line 0: it is taken.
const CONNECT_FAULTS: &[(&str, &str, usize, &str)] = &[
    (
        "https://shop.example.eu/back",
        "http://shop.example.eu/back",
        5,
        "must be https",
    ),
    (
        "https://shop.example.eu/back",
        "https://shop.example.eu/*",
        0,
        "",
    ),
    (
        "https://shop.example.eu/back",
        "https://shop.example.eu/#x",
        5,
        "can't have",
    ),
    (
        "https://shop.example.eu/back",
        "https://shop.example.eu/a/../b",
        5,
        "can't have",
    ),
    (
        "https://shop.example.eu/back",
        "javascript:alert(1)",
        5,
        "must be https",
    ),
    ("[\"https://shop.example.eu/back\"]", "[]", 5, "1 to 50"),
    (
        "https://shop.example.eu/bye",
        "https://u@shop.example.eu/",
        6,
        "can't have",
    ),
    ("\"basic\"", "\"none\"", 7, "the method is"),
    ("\"basic\"", "\"private_key_jwt\"", 7, "the method is"),
    ("\"basic\"", "\"\"", 7, "the method is"),
    (HASH, "of-the-shop", 8, "sha256:"),
    (HASH, "sha256:00", 8, "sha256:"),
    ("\"ES256\"", "\"none\"", 9, "ES256 or RS256"),
    ("\"ES256\"", "\"HS256\"", 9, "ES256 or RS256"),
    (
        "https://shop.example.eu/logout",
        "http://10.0.0.1/logout",
        10,
        "must be https",
    ),
    (
        "keys = []",
        r#"keys = ['{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}']"#,
        11,
        "public JWK",
    ),
    (
        "keys = []",
        r#"keys = ['{"kty":"oct","k":"AAAA"}']"#,
        11,
        "public JWK",
    ),
    ("keys = []", "keys = ['{']", 11, "public JWK"),
    (
        "keys = []",
        "jwks_uri = \"https://evil.example/\"",
        11,
        "unknown field",
    ),
    ("pkce = true", "pkce = \"plain\"", 12, "invalid type"),
];

#[test]
fn what_is_wrong_with_a_service_of_openid_connect_is_said_with_its_line() {
    for &(from, to, at, says) in CONNECT_FAULTS {
        let text = CONNECT.replacen(from, to, 1);
        assert_ne!(text, CONNECT, "{from}");
        if at == 0 {
            // A star is a letter of a path like any other: nothing is covered by it.
            assert!(parse(&text, true).is_ok());
            continue;
        }
        let (line, why) = refused(&text);
        assert!(
            line == at && why.contains(says),
            "{from} -> {to}: {line}: {why}"
        );
    }
    let public = CONNECT.replace("\"basic\"", "\"none\"").replace(HASH, "x");
    let public = public.replace("secrets = [\"x\"]\n", "");
    assert!(parse(&public, true).is_ok());
    let (at, why) = refused(&public.replace("pkce = true", "pkce = false"));
    assert!(at == 11 && why.contains("needs PKCE"), "{at}: {why}");
}

#[test]
fn damaged_files_are_refused_or_read_and_never_end_the_program() {
    // Each byte left out, and each replaced by characters that TOML gives a meaning.
    let whole = format!("{WHOLE}{CONNECT}");
    assert!(whole.is_ascii() && parse(&whole, true).is_ok());
    for at in 0..whole.len() {
        for put in ["", "\"", "[", "]", "=", "\n", "\\", "\u{0}", "\u{feff}"] {
            let text = format!("{}{put}{}", &whole[..at], &whole[at + 1..]);
            let _ = parse(&text, true).map_err(|(at, _)| line(&text, at.start));
        }
        let _ = parse(&whole[..at], true);
    }
    for deep in [
        "[".repeat(10_000),
        format!("x = {}", "[".repeat(10_000)),
        "a.".repeat(10_000),
    ] {
        assert!(parse(&deep, true).is_err());
    }
}

#[test]
fn a_file_that_is_wrong_leaves_what_was_read_before() {
    let folder = tempfile::tempdir().unwrap();
    let clients = super::super::Clients::open(None, folder.path(), true).unwrap();
    assert!(clients.now().0.is_empty());
    let file = folder.path().join("clients.toml");
    fs::write(&file, WHOLE).unwrap();
    assert_eq!(clients.reload().unwrap(), 2);
    fs::write(&file, "[client.library]\nname = 1\n").unwrap();
    let error = clients.reload().unwrap_err().to_string();
    assert!(error.contains("clients.toml:2: "), "{error}");
    assert_eq!(clients.now().0.len(), 2);
    let missing = folder.path().join("other.toml");
    assert!(super::super::Clients::open(Some(&missing), folder.path(), true).is_err());
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_change_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clients.toml");
    fs::write(&file, WHOLE).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(matches!(
        read(&file, true, true),
        Err(BadClients::Custody(_))
    ));
}
