//! `countersign-service client`: what it writes, and what it prints.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn client(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-service"));
    command.arg("client").args(arguments);
    command.arg("--data").arg(folder);
    command.output().unwrap()
}

/// What it printed, once it did it.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = client(folder, arguments);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{words}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn b20_a_service_of_openid_connect_gets_a_secret_once_and_what_to_paste() {
    let folder = tempfile::tempdir().unwrap();
    let shop = [
        "add",
        "shop",
        "--name",
        "The \"shop\"",
        "--oidc",
        "https://shop.example.eu/back",
        "--after-logout",
        "https://shop.example.eu/bye",
        "--backchannel-logout",
        "https://shop.example.eu/out",
        "--level",
        "MEDIUM",
        "--attribute",
        "email",
        "--offline",
        "--origin",
        "https://id.example.eu/",
    ];
    let printed = done(folder.path(), &shop);
    let secret = printed.rsplit_once("\nclient_secret ").unwrap().1;
    let secret = secret.lines().next().unwrap();
    assert_eq!(secret.len(), 43, "256 bits in base64url");
    for line in [
        "OIDCProviderMetadataURL https://id.example.eu/.well-known/openid-configuration".to_owned(),
        format!("OIDCClientSecret \"{secret}\""),
        "OIDCPKCEMethod S256".to_owned(),
        "oidc_issuer_url = \"https://id.example.eu\"".to_owned(),
        "OIDC_OP_TOKEN_ENDPOINT = \"https://id.example.eu/oidc/token\"".to_owned(),
        "OIDC_RP_SIGN_ALGO = \"ES256\"".to_owned(),
        "spring.security.oauth2.client.provider.shop.issuer-uri=https://id.example.eu".to_owned(),
        "token_endpoint_auth_method client_secret_basic".to_owned(),
    ] {
        assert!(printed.lines().any(|own| own == line), "{line}:\n{printed}");
    }
    assert!(!printed.contains("CASLoginURL"));
    let file = folder.path().join("clients.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains(secret) && text.contains("secrets = [\"sha256:"));
    for line in [
        "name = \"The \\\"shop\\\"\"",
        "method = \"basic\"",
        "refresh = true",
        "offline = true",
    ] {
        assert!(text.lines().any(|own| own == line), "{line}:\n{text}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // A second one, which keeps no secret and speaks CAS as well.
    let page = [
        "add",
        "page",
        "--name",
        "Page",
        "--oidc",
        "http://localhost:3000/",
        "--method",
        "none",
        "--cas",
        "http://localhost:3000/cas/",
    ];
    let printed = done(folder.path(), &page);
    assert!(
        printed.contains("CASLoginURL") && !printed.contains("ecret"),
        "{printed}"
    );
    let listed = done(folder.path(), &["list"]);
    let protocols: Vec<_> = listed
        .lines()
        .filter_map(|line| line.split('\t').nth(1))
        .collect();
    assert_eq!(protocols, ["CAS,OpenID Connect", "OpenID Connect"]);
    done(folder.path(), &["check"]);
}

#[test]
fn a_service_that_can_not_be_registered_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clients.toml");
    let key = folder.path().join("key.json");
    fs::write(&key, r#"{"kty":"oct","k":"AAAA"}"#).unwrap();
    let key = key.to_str().unwrap();
    let back = "https://shop.example.eu/back";
    for wrong in [
        &[][..],
        &["--oidc", "http://shop.example.eu/back"],
        &["--oidc", back, "--method", "private_key_jwt"],
        &["--oidc", back, "--method", "private_key_jwt", "--key", key],
        &["--oidc", back, "--method", "none", "--no-pkce"],
        &["--oidc", back, "--single-logout"],
        &["--cas", back, "--offline"],
        &["--oidc", back, "--level", "STRONG"],
    ] {
        let arguments = [&["add", "shop", "--name", "Shop"], wrong].concat();
        let output = client(folder.path(), &arguments);
        assert!(!output.status.success(), "{wrong:?}");
        assert!(output.stdout.is_empty(), "{wrong:?}");
        assert!(!file.exists(), "{wrong:?}");
    }
}
