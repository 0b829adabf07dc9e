//! `clients.toml`: read strictly, with the line of what is wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use countersign_protocol::field::is_displayable;
use serde::Deserialize;
use toml::Spanned;

use super::{
    Address, Attribute, Auth, Cas, Client, Oidc, Registered, UserName, address::BadAddress, level,
};
use crate::{
    base::{custody, hex},
    keys::token::{Algorithm, PublicJwk},
    policy::levels::Level,
};

/// The longest file, in bytes.
const LONGEST_FILE: u64 = 1024 * 1024;
/// The longest name that people see, in characters.
const LONGEST_NAME: usize = 60;
/// The longest name of an entry, in bytes.
const LONGEST_ID: usize = 40;
/// Services that a file can register.
const MOST: usize = 2000;
/// Addresses of one service.
const MOST_ADDRESSES: usize = 50;

/// A clients file that can't be used. Where it was read while the service ran, the services that
/// were registered before stay.
#[derive(Debug, thiserror::Error)]
pub enum BadClients {
    /// It can't be read.
    #[error("the clients file {} can't be read: {}", .0.display(), .1)]
    Unread(PathBuf, #[source] io::Error),
    /// Others than its owner may change it, or it is not what it seems.
    #[error("the clients file can't be trusted: {0}")]
    Custody(String),
    /// It is longer than any can be.
    #[error("the clients file {} has more than 1 MB", .0.display())]
    TooLong(PathBuf),
    /// A line is wrong.
    #[error("{}:{line}: {why}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    client: BTreeMap<String, Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Spanned<String>,
    start: Option<Spanned<String>>,
    help_desk: Option<Spanned<String>>,
    level: Option<Spanned<String>>,
    people: Option<Spanned<String>>,
    #[serde(default)]
    attributes: Vec<Spanned<String>>,
    sector: Option<Spanned<String>>,
    #[serde(default)]
    private_network: bool,
    cas: Option<CasEntry>,
    oidc: Option<OidcEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OidcEntry {
    redirect_uris: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    post_logout_redirect_uris: Vec<Spanned<String>>,
    method: Spanned<String>,
    #[serde(default)]
    secrets: Vec<Spanned<String>>,
    #[serde(default)]
    keys: Vec<Spanned<String>>,
    pkce: Option<Spanned<bool>>,
    algorithm: Option<Spanned<String>>,
    #[serde(default)]
    refresh: bool,
    #[serde(default)]
    offline: bool,
    backchannel_logout: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CasEntry {
    services: Spanned<Vec<Spanned<String>>>,
    user: Option<Spanned<String>>,
    #[serde(default)]
    single_logout: bool,
    #[serde(default)]
    proxy_callbacks: Vec<Spanned<String>>,
    #[serde(default)]
    proxies: Vec<Spanned<String>>,
}

/// What is wrong, and where in the text.
type Wrong = (Range<usize>, String);

fn wrong<T>(value: &Spanned<T>, why: impl Into<String>) -> Wrong {
    (value.span(), why.into())
}

/// Reads a file. One that is not there registers nobody, unless it has to be there.
pub(super) fn read(path: &Path, needed: bool, rs256: bool) -> Result<Registered, BadClients> {
    let unread = |error| BadClients::Unread(path.to_owned(), error);
    custody::settings(path).map_err(|error| BadClients::Custody(error.to_string()))?;
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !needed => {
            return Ok(Registered::default());
        }
        Err(error) => return Err(unread(error)),
        Ok(found) if found.len() > LONGEST_FILE => {
            return Err(BadClients::TooLong(path.to_owned()));
        }
        Ok(_) => {}
    }
    let text = fs::read_to_string(path).map_err(unread)?;
    parse(&text, rs256).map_err(|(at, why)| BadClients::Line {
        file: path.to_owned(),
        line: line(&text, at.start),
        why,
    })
}

/// The number of the line in which this byte is.
fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

fn parse(text: &str, rs256: bool) -> Result<Registered, Wrong> {
    let file: File = toml::from_str(text).map_err(|error| {
        let at = error.span().unwrap_or(0..0);
        (at, error.message().to_owned())
    })?;
    if file.client.len() > MOST {
        return Err((0..0, format!("at most {MOST} services can be registered")));
    }
    let ids: BTreeSet<String> = file.client.keys().cloned().collect();
    let mut registered = BTreeMap::new();
    let (mut taken, mut names) = (BTreeMap::new(), BTreeSet::new());
    for (id, entry) in file.client {
        let at = entry.span();
        let client = client(&id, entry, &ids)?;
        // People tell services by their names.
        if !names.insert(client.name.clone()) {
            return Err((
                at,
                format!("another service has the name {:?}", client.name),
            ));
        }
        for address in client.cas.iter().flat_map(|cas| &cas.services) {
            if let Some(other) = taken.insert(address.as_str().to_owned(), id.clone()) {
                let why = format!("{} is an address of {other} already", address.as_str());
                return Err((at, why));
            }
        }
        let signs = client.oidc.as_ref().map(|oidc| oidc.algorithm);
        if signs == Some(Algorithm::Rs256) && !rs256 {
            let why = format!("{id} asks for RS256: start the service with --oidc-rsa-key FILE");
            return Err((at, why));
        }
        registered.insert(id, Arc::new(client));
    }
    Ok(Registered(registered))
}

fn client(id: &str, entry: Spanned<Entry>, ids: &BTreeSet<String>) -> Result<Client, Wrong> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(plain) {
        let why =
            format!("the name of an entry has 1 to {LONGEST_ID} small letters, digits and hyphens");
        return Err(wrong(&entry, why));
    }
    let at = entry.span();
    let entry = entry.into_inner();
    let cas = entry.cas.map(|cas| cas_of(cas, ids)).transpose()?;
    let oidc = entry.oidc.map(oidc_of).transpose()?;
    if cas.is_none() && oidc.is_none() {
        return Err((
            at,
            format!(
                "{id} speaks no protocol: give it a table [client.{id}.cas] or [client.{id}.oidc]"
            ),
        ));
    }
    let start = entry
        .start
        .map(|start| match Address::exact(start.get_ref()) {
            Ok(_) => Ok(start.into_inner()),
            Err(why) => Err(wrong(&start, why.to_string())),
        });
    let help_desk = entry
        .help_desk
        .map(|desk| match is_contact(desk.get_ref()) {
            true => Ok(desk.into_inner()),
            false => Err(wrong(
                &desk,
                "a help desk is an address with https:, mailto: or tel:",
            )),
        });
    let least = entry.level.map(|name| {
        level(name.get_ref()).ok_or_else(|| wrong(&name, "a level is BASIC, MEDIUM or HIGH"))
    });
    let released = entry.attributes.iter().map(|name| {
        let known = Attribute::from_name(name.get_ref());
        known.ok_or_else(|| {
            wrong(
                name,
                "an attribute is email, first_name, last_name, name or language",
            )
        })
    });
    Ok(Client {
        id: id.to_owned(),
        name: shown(entry.name)?,
        start: start.transpose()?,
        help_desk: help_desk.transpose()?,
        least: least.transpose()?.unwrap_or(Level::Basic),
        staff_only: staff_only(entry.people)?,
        released: released.collect::<Result<_, _>>()?,
        sector: match entry.sector {
            Some(sector) => shown(sector)?,
            None => id.to_owned(),
        },
        private_network: entry.private_network,
        cas,
        oidc,
    })
}

/// A name that people see.
fn shown(name: Spanned<String>) -> Result<String, Wrong> {
    let text = name.get_ref();
    let fits = !text.trim().is_empty() && text.chars().count() <= LONGEST_NAME;
    match fits && is_displayable(text) {
        true => Ok(name.into_inner()),
        false => Err(wrong(
            &name,
            format!("a name has 1 to {LONGEST_NAME} characters, none of them invisible"),
        )),
    }
}

fn staff_only(people: Option<Spanned<String>>) -> Result<bool, Wrong> {
    match people
        .as_ref()
        .map(|people| (people, people.get_ref().as_str()))
    {
        None | Some((_, "all")) => Ok(false),
        Some((_, "staff")) => Ok(true),
        Some((people, _)) => Err(wrong(people, "people are \"all\" or \"staff\"")),
    }
}

/// Whether this leads to somebody who helps.
fn is_contact(text: &str) -> bool {
    let known = ["https://", "mailto:", "tel:"];
    let has = known
        .iter()
        .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
    has && text.len() <= 300
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"\"<>'\\".contains(&b))
}

fn address(
    text: &Spanned<String>,
    read: fn(&str) -> Result<Address, BadAddress>,
) -> Result<Address, Wrong> {
    let address = read(text.get_ref());
    address.map_err(|why| wrong(text, format!("{:?} can't be used: {why}", text.get_ref())))
}

/// The hash of a secret: `sha256:` and 64 hexadecimal digits.
fn secret_hash(text: &Spanned<String>) -> Result<[u8; 32], Wrong> {
    let hash = text.get_ref().strip_prefix("sha256:").and_then(hex::decode);
    hash.ok_or_else(|| {
        let why = "a secret is kept as sha256: and its hash; `client add` makes one";
        wrong(text, why)
    })
}

fn key(text: &Spanned<String>) -> Result<PublicJwk, Wrong> {
    let value = serde_json::from_str(text.get_ref()).ok();
    let key = value.as_ref().and_then(PublicJwk::of);
    key.ok_or_else(|| wrong(text, "a key is a public JWK of P-256 or RSA, as JSON text"))
}

fn oidc_of(entry: OidcEntry) -> Result<Oidc, Wrong> {
    let count = entry.redirect_uris.get_ref().len();
    if count == 0 || count > MOST_ADDRESSES {
        let why = format!("a service has 1 to {MOST_ADDRESSES} addresses");
        return Err(wrong(&entry.redirect_uris, why));
    }
    let exact = |texts: &[Spanned<String>]| {
        let all = texts.iter().map(|text| address(text, Address::exact));
        all.collect::<Result<Vec<_>, _>>()
    };
    let secrets: Vec<_> = entry
        .secrets
        .iter()
        .map(secret_hash)
        .collect::<Result<_, _>>()?;
    let keys: Vec<_> = entry.keys.iter().map(key).collect::<Result<_, _>>()?;
    let auth = match (
        entry.method.get_ref().as_str(),
        secrets.is_empty(),
        keys.is_empty(),
    ) {
        ("none", true, true) => Auth::Public,
        ("basic", false, true) => Auth::Basic(secrets),
        ("post", false, true) => Auth::Post(secrets),
        ("private_key_jwt", true, false) => Auth::Keys(keys),
        _ => {
            let why = "the method is \"basic\" or \"post\" with secrets, \"private_key_jwt\" with \
                       keys, or \"none\" with neither";
            return Err(wrong(&entry.method, why));
        }
    };
    let pkce = entry.pkce.as_ref().is_none_or(|pkce| *pkce.get_ref());
    if let (Some(given), false, Auth::Public) = (&entry.pkce, pkce, &auth) {
        return Err(wrong(given, "a service without a secret or key needs PKCE"));
    }
    let algorithm = entry
        .algorithm
        .as_ref()
        .map(|name| (name, name.get_ref().as_str()));
    let algorithm = match algorithm {
        None | Some((_, "ES256")) => Algorithm::Es256,
        Some((_, "RS256")) => Algorithm::Rs256,
        Some((name, _)) => return Err(wrong(name, "the algorithm is ES256 or RS256")),
    };
    let backchannel = entry.backchannel_logout.as_ref();
    let backchannel = backchannel.map(|text| address(text, Address::exact));
    Ok(Oidc {
        redirect_uris: exact(entry.redirect_uris.get_ref())?,
        after_logout: exact(&entry.post_logout_redirect_uris)?,
        auth,
        pkce,
        algorithm,
        refresh: entry.refresh,
        offline: entry.offline,
        backchannel_logout: backchannel.transpose()?,
    })
}

fn cas_of(entry: CasEntry, ids: &BTreeSet<String>) -> Result<Cas, Wrong> {
    let count = entry.services.get_ref().len();
    if count == 0 || count > MOST_ADDRESSES {
        let why = format!("a service has 1 to {MOST_ADDRESSES} addresses");
        return Err(wrong(&entry.services, why));
    }
    let services = entry.services.get_ref().iter();
    let services = services.map(|text| address(text, Address::exact_or_below));
    let callbacks = entry.proxy_callbacks.iter();
    let callbacks = callbacks.map(|text| address(text, Address::exact));
    let user = match entry
        .user
        .as_ref()
        .map(|user| (user, user.get_ref().as_str()))
    {
        None | Some((_, "pairwise")) => UserName::Pairwise,
        Some((_, "email")) => UserName::Email,
        Some((user, _)) => return Err(wrong(user, "the user is \"pairwise\" or \"email\"")),
    };
    if let Some(unknown) = entry.proxies.iter().find(|id| !ids.contains(id.get_ref())) {
        return Err(wrong(unknown, "there is no entry of this name"));
    }
    Ok(Cas {
        services: services.collect::<Result<_, _>>()?,
        user,
        single_logout: entry.single_logout,
        callbacks: callbacks.collect::<Result<_, _>>()?,
        proxies: entry.proxies.into_iter().map(Spanned::into_inner).collect(),
    })
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
