//! The services that sign people in here, as `clients.toml` registers them. The file is read at the
//! start and when the operator asks for it; one that is wrong leaves what was read before.

mod address;
mod file;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

pub(crate) use address::{Address, escaped, origin, with};
pub use file::BadClients;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use ring::digest;
use zeroize::Zeroizing;

use crate::{
    base::{
        hex,
        random::{self, NoRandomness},
    },
    keys::token::{Algorithm, PublicJwk},
    policy::levels::{Level, Way},
};

/// The file's name in the data folder.
pub(crate) const FILE: &str = "clients.toml";

/// What a service may be told of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// The confirmed e-mail address.
    Email,
    FirstName,
    LastName,
    /// First and last name.
    Name,
    /// The language in which the person is written to.
    Language,
}

impl Attribute {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Email,
        Self::FirstName,
        Self::LastName,
        Self::Name,
        Self::Language,
    ];

    /// The one that an entry names so.
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "email" => Self::Email,
            "first_name" => Self::FirstName,
            "last_name" => Self::LastName,
            "name" => Self::Name,
            "language" => Self::Language,
            _ => return None,
        })
    }
}

/// A service that signs people in here.
#[derive(Debug)]
pub(crate) struct Client {
    /// The name of its entry.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Its first page.
    pub(crate) start: Option<String>,
    /// Who helps people whom it does not let in.
    pub(crate) help_desk: Option<String>,
    /// The lowest level that it takes, whatever a request says.
    pub(crate) least: Level,
    /// Whether it lets in accounts alone that an administrator added.
    pub(crate) staff_only: bool,
    /// What it is told of a person.
    pub(crate) released: Vec<Attribute>,
    /// Services of one sector know a person by one name.
    pub(crate) sector: String,
    /// Whether its addresses may lead to a private network.
    pub(crate) private_network: bool,
    /// How it speaks CAS, if it does.
    pub(crate) cas: Option<Cas>,
    /// How it speaks OpenID Connect, if it does.
    pub(crate) oidc: Option<Oidc>,
}

/// How a service shows which one it is.
#[derive(Debug)]
pub(crate) enum Auth {
    /// It has nothing to show it with.
    Public,
    /// By a secret in a header; the hashes of those that are taken.
    Basic(Vec<[u8; 32]>),
    /// By a secret in the body.
    Post(Vec<[u8; 32]>),
    /// By what it signs with one of these keys.
    Keys(Vec<PublicJwk>),
}

/// How a service speaks OpenID Connect.
#[derive(Debug)]
pub(crate) struct Oidc {
    /// Where people come back to with a code: exactly these.
    pub(crate) redirect_uris: Vec<Address>,
    /// Where they go after signing out.
    pub(crate) after_logout: Vec<Address>,
    /// How it shows which one it is.
    pub(crate) auth: Auth,
    /// Whether its requests need a challenge (PKCE).
    pub(crate) pkce: bool,
    /// The algorithm of its ID tokens.
    pub(crate) algorithm: Algorithm,
    /// Whether it gets refresh tokens.
    pub(crate) refresh: bool,
    /// Whether they may outlive the session, where it asks for that.
    pub(crate) offline: bool,
    /// Where it is told of the end of a session.
    pub(crate) backchannel_logout: Option<Address>,
}

/// What CAS calls the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserName {
    /// A name of the person in this sector alone, which never changes.
    Pairwise,
    /// The confirmed e-mail address.
    Email,
}

/// How a service speaks CAS.
#[derive(Debug)]
pub(crate) struct Cas {
    /// Where people come back to with a ticket.
    pub(crate) services: Vec<Address>,
    /// What it calls the user.
    pub(crate) user: UserName,
    /// Whether it is told of a sign-out.
    pub(crate) single_logout: bool,
    /// Where it takes tickets with which it asks for more of them.
    pub(crate) callbacks: Vec<Address>,
    /// The services that may come here on a person's behalf.
    pub(crate) proxies: Vec<String>,
}

impl Client {
    /// The origins of every address of it, for a page whose form may lead there.
    pub(crate) fn origins(&self) -> Vec<String> {
        let cas = self.cas.iter().flat_map(|cas| &cas.services);
        let oidc = self.oidc.iter();
        let oidc = oidc.flat_map(|oidc| oidc.redirect_uris.iter().chain(&oidc.after_logout));
        let mut origins: Vec<_> = cas.chain(oidc).map(Address::origin).collect();
        origins.extend(self.start.as_deref().map(origin));
        origins.sort();
        origins.dedup();
        origins
    }
}

/// Every service, by the name of its entry.
#[derive(Debug, Default)]
pub(crate) struct Registered(BTreeMap<String, Arc<Client>>);

impl Registered {
    /// The one of this name.
    pub(crate) fn of(&self, id: &str) -> Option<Arc<Client>> {
        self.0.get(id).cloned()
    }

    /// The one whose CAS address this is. Two with the same address are refused in the file; where
    /// one covers the other, it is the one with the longest.
    pub(crate) fn by_service(&self, service: &str) -> Option<Arc<Client>> {
        let covering = self.0.values().filter_map(|client| {
            let services = client.cas.iter().flat_map(|cas| &cas.services);
            let covering = services.filter(|address| address.covers(service));
            let longest = covering.map(|address| address.as_str().len()).max()?;
            Some((longest, client))
        });
        let found = covering.max_by_key(|(longest, _)| *longest);
        found.map(|(_, client)| Arc::clone(client))
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.0.values()
    }
}

/// The services as they are now, and the file that says so.
pub(crate) struct Clients {
    file: PathBuf,
    /// Whether the file was named, and so has to be there.
    named: bool,
    /// Whether there is a key for RS256.
    rs256: bool,
    now: RwLock<Arc<Registered>>,
}

impl Clients {
    /// Those of the file that was named, or else of the data folder's, if it has one. `rs256`:
    /// there is a key for that.
    ///
    /// # Errors
    /// [`BadClients`]
    pub(crate) fn open(named: Option<&Path>, data: &Path, rs256: bool) -> Result<Self, BadClients> {
        let clients = Self {
            file: named.map_or_else(|| data.join(FILE), Path::to_owned),
            named: named.is_some(),
            rs256,
            now: RwLock::default(),
        };
        clients.reload()?;
        Ok(clients)
    }

    /// Reads the file again, and says how many services there are. What was read before stays where
    /// it is wrong.
    ///
    /// # Errors
    /// [`BadClients`]
    pub(crate) fn reload(&self) -> Result<usize, BadClients> {
        let read = Arc::new(file::read(&self.file, self.named, self.rs256)?);
        let count = read.0.len();
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(count)
    }

    /// The services as they are now.
    pub(crate) fn now(&self) -> Arc<Registered> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A registered service, for an operator's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRow {
    /// The name of its entry.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The protocols that it speaks.
    pub protocols: Vec<&'static str>,
    /// The lowest level that it takes.
    pub level: &'static str,
    /// Where people come back to.
    pub addresses: Vec<String>,
}

/// The services that a clients file registers. Reads nothing else, so that a file can be checked
/// before it is used.
///
/// # Errors
/// [`BadClients`]: the line, and what is wrong there.
pub fn list_clients(file: &Path) -> Result<Vec<ClientRow>, BadClients> {
    let read = file::read(file, true, true)?;
    let row = |client: &Arc<Client>| {
        let services = client.cas.iter().flat_map(|cas| &cas.services);
        let returns = client.oidc.iter().flat_map(|oidc| &oidc.redirect_uris);
        let cas = client.cas.iter().map(|_| "CAS");
        let oidc = client.oidc.iter().map(|_| "OpenID Connect");
        ClientRow {
            id: client.id.clone(),
            name: client.name.clone(),
            protocols: cas.chain(oidc).collect(),
            level: client.least.name(),
            addresses: services
                .chain(returns)
                .map(|it| it.as_str().to_owned())
                .collect(),
        }
    };
    Ok(read.all().map(row).collect())
}

/// There is no randomness for a secret.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct NoSecret(#[from] NoRandomness);

/// A new secret of a service, 256 random bits in base64url, and what `secrets` of its entry has of
/// it: `sha256:` and the hash, from which nobody finds it. So it can be shown once alone.
///
/// # Errors
/// [`NoSecret`], when the system gives no randomness.
pub fn client_secret() -> Result<(Zeroizing<String>, String), NoSecret> {
    let bytes = Zeroizing::new(random::bytes::<32>()?);
    let secret = Zeroizing::new(BASE64.encode(*bytes));
    let hash = digest::digest(&digest::SHA256, secret.as_bytes());
    let hash = format!("sha256:{}", hex::encode(hash.as_ref()));
    Ok((secret, hash))
}

/// The level of a name, in any case.
pub(crate) fn level(name: &str) -> Option<Level> {
    Level::from_name(&name.to_ascii_uppercase())
}

/// The ways that a list of names says, separated by commas. Names that this service does not know
/// are left out: what they stand for can't be used here.
pub(crate) fn ways(names: &str) -> Vec<Way> {
    names
        .split(',')
        .filter_map(|name| Way::from_name(name.trim()))
        .collect()
}
