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

use super::{Address, Attribute, Cas, Client, Registered, UserName, level};
use crate::{base::custody, policy::levels::Level};

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
pub(super) fn read(path: &Path, needed: bool) -> Result<Registered, BadClients> {
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
    parse(&text).map_err(|(at, why)| BadClients::Line {
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

fn parse(text: &str) -> Result<Registered, Wrong> {
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
    if cas.is_none() {
        return Err((
            at,
            format!("{id} speaks no protocol: give it a table [client.{id}.cas]"),
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

fn cas_of(entry: CasEntry, ids: &BTreeSet<String>) -> Result<Cas, Wrong> {
    let count = entry.services.get_ref().len();
    if count == 0 || count > MOST_ADDRESSES {
        let why = format!("a service has 1 to {MOST_ADDRESSES} addresses");
        return Err(wrong(&entry.services, why));
    }
    let address = |text: &Spanned<String>, read: fn(&str) -> Result<Address, _>| {
        let address = read(text.get_ref());
        address.map_err(|why: super::address::BadAddress| {
            wrong(text, format!("{:?} can't be used: {why}", text.get_ref()))
        })
    };
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
