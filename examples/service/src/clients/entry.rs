//! The entry of a service, as it stands in the clients file.

use std::{fmt::Write as _, fs, path::Path};

use super::{Add, Connect, Method};

/// A text in quotation marks, as TOML has it.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn list(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// The entry; `hash` of a secret that was made for it.
pub(super) fn of(add: &Add, hash: Option<&str>) -> Result<String, String> {
    let mut text = format!("\n[client.{}]\nname = {}\n", add.id, quoted(&add.name));
    let optional = [
        ("level", &add.level),
        ("start", &add.start),
        ("help_desk", &add.help_desk),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            let _ = writeln!(text, "{name} = {}", quoted(value));
        }
    }
    if !add.attribute.is_empty() {
        let _ = writeln!(text, "attributes = {}", list(&add.attribute));
    }
    if !add.cas.is_empty() {
        let services = list(&add.cas);
        let _ = writeln!(text, "[client.{}.cas]\nservices = {services}", add.id);
    }
    if add.single_logout {
        text.push_str("single_logout = true\n");
    }
    if !add.connect.oidc.is_empty() {
        let _ = writeln!(text, "[client.{}.oidc]", add.id);
        text.push_str(&oidc(&add.connect, hash)?);
    }
    Ok(text)
}

fn oidc(connect: &Connect, hash: Option<&str>) -> Result<String, String> {
    let mut text = format!("redirect_uris = {}\n", list(&connect.oidc));
    let mut add = |name: &str, value: &str| {
        let _ = writeln!(text, "{name} = {value}");
    };
    if !connect.after_logout.is_empty() {
        add("post_logout_redirect_uris", &list(&connect.after_logout));
    }
    add("method", &quoted(connect.method.name()));
    if let Some(hash) = hash {
        add("secrets", &list(&[hash.to_owned()]));
    }
    if connect.method == Method::PrivateKeyJwt {
        let keys: Result<Vec<_>, _> = connect.key.iter().map(|file| key(file)).collect();
        // In apostrophes, TOML takes a text as it is; JSON has none of its own.
        add("keys", &format!("[{}]", keys?.join(", ")));
    }
    for (name, value, is_set) in [
        ("pkce", "false", connect.no_pkce),
        ("algorithm", "\"RS256\"", connect.rs256),
        ("refresh", "true", connect.refresh || connect.offline),
        ("offline", "true", connect.offline),
    ] {
        if is_set {
            add(name, value);
        }
    }
    if let Some(url) = &connect.backchannel_logout {
        add("backchannel_logout", &quoted(url));
    }
    Ok(text)
}

/// A key of a file, on one line.
fn key(file: &Path) -> Result<String, String> {
    let read = fs::read_to_string(file);
    let text = read.map_err(|error| format!("{} can't be read: {error}", file.display()))?;
    let line: String = text.lines().map(str::trim).collect();
    match line.contains('\'') {
        true => Err(format!("{} is no JWK", file.display())),
        false => Ok(format!("'{line}'")),
    }
}
