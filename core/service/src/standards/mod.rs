//! Signing people in to other services. Every protocol is an [`Ask`] that becomes a [`Grant`]: what
//! a service asks for, and what it may be told once a session reaches that. A protocol reads the
//! one and writes the other; whether a session is good enough is decided here, once for all.

mod calls;
pub(crate) mod cas;
pub(crate) mod oidc;

use std::sync::Arc;

use countersign_protocol::{Time, id::AccountId};
use ring::digest;
use serde::{Deserialize, Serialize};

pub(crate) use calls::run as run_calls;

use crate::{
    app::App,
    base::{
        hex, person,
        random::{self, NoRandomness},
    },
    clients::{Attribute, Client},
    policy::levels::{Level, Reached, Steps, Wanted, Way},
    store::{Account, AccountKind, DeviceState, Session, SessionHash, SessionId, StoreError},
};

/// What a service asks for: that a person is signed in and comes back to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ask {
    /// The service's entry.
    pub(crate) client: String,
    /// Where the person comes back to. It was compared with the entry.
    pub(crate) return_to: String,
    /// What the sign-in has to reach.
    pub(crate) wanted: Wanted,
    /// Whether nothing may be asked of the person.
    pub(crate) silent: bool,
    /// When it came.
    pub(crate) at: Time,
    /// How the answer is given.
    pub(crate) reply: Reply,
}

/// The protocol in which an ask is answered, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// CAS: by a redirect, or in a form that is posted.
    Cas {
        /// Whether it is posted.
        post: bool,
    },
    /// OpenID Connect.
    Oidc(Box<oidc::Answering>),
}

/// What a service may be told.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    /// Whose session it is.
    pub(crate) account: AccountId,
    /// The hash of its cookie.
    pub(crate) session: SessionHash,
    /// Its random name.
    pub(crate) name: SessionId,
    /// How the person signed in.
    pub(crate) proved: ProvedBy,
}

/// How a person signed in, as far as an ask rests on it. It never says more than was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProvedBy {
    /// The way.
    pub(crate) way: Way,
    /// When the oldest of what it rests on was proved.
    pub(crate) at: Time,
    /// Whether the person proved something for this ask.
    pub(crate) new: bool,
}

impl ProvedBy {
    /// The level that it reaches.
    pub(crate) const fn level(self) -> Level {
        self.way.level()
    }

    /// As a ticket keeps it.
    pub(crate) fn text(self) -> String {
        // Four plain fields can always be written.
        serde_json::to_string(&self).unwrap_or_default()
    }

    /// What [`ProvedBy::text`] wrote.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// What comes next for an ask.
#[derive(Debug)]
pub(crate) enum Next {
    /// The service is told.
    Granted(Grant),
    /// Nobody is signed in.
    SignIn,
    /// The session lacks something, and each of these steps leads on.
    Step(Steps),
    /// The service does not let this account in. The key of the text that says why.
    Denied(&'static str),
}

/// Decides what comes next for an ask in a browser with this session. `waited`: it was kept while
/// the person did something; else nothing can have been typed for it.
///
/// # Errors
/// When the store refuses.
pub(crate) async fn next(
    app: &App,
    client: &Client,
    ask: &Ask,
    session: Option<&Session>,
    waited: bool,
) -> Result<Next, StoreError> {
    let Some(session) = session.filter(|session| session.signed_in) else {
        return Ok(Next::SignIn);
    };
    let Some(account) = app.store.account(session.account).await? else {
        return Ok(Next::SignIn);
    };
    if client.staff_only && account.kind != AccountKind::Staff {
        return Ok(Next::Denied("denied_people"));
    }
    if let Reply::Oidc(how) = &ask.reply
        && let Some(meant) = &how.meant
    {
        let known = app.store.subject(&client.sector, account.acc).await?;
        if known.as_ref() != Some(meant) {
            return Ok(Next::Denied("denied_other"));
        }
    }
    let elements = session.elements();
    if let Some(Reached { way, at }) = ask.wanted.reached(&elements) {
        let new = waited && session.proofs.iter().any(|proof| proof.at >= ask.at);
        return Ok(Next::Granted(Grant {
            account: account.acc,
            session: session.hash,
            name: session.id,
            proved: ProvedBy { way, at, new },
        }));
    }
    let has_device = has_device(app, account.acc).await?;
    Ok(match ask.wanted.steps(&elements, has_device) {
        Some(steps) => Next::Step(steps),
        None if !has_device && ask.wanted.steps(&elements, true).is_some() => {
            Next::Denied("denied_device")
        }
        None => Next::Denied("denied_level"),
    })
}

/// Whether an account has a device that can approve.
async fn has_device(app: &App, account: AccountId) -> Result<bool, StoreError> {
    let devices = app.store.devices(account).await?;
    let mut devices = devices.iter();
    Ok(devices.any(|device| device.state == DeviceState::Active && !device.is_blocked()))
}

/// The service of an ask that waits, if it is still registered and takes people back there.
pub(crate) fn client_of(app: &App, ask: &Ask) -> Option<Arc<Client>> {
    let client = app.clients.now().of(&ask.client)?;
    let takes = match ask.reply {
        Reply::Cas { .. } => {
            let mut services = client.cas.iter().flat_map(|cas| &cas.services);
            services.any(|address| address.covers(&ask.return_to))
        }
        Reply::Oidc(_) => {
            let mut returns = client.oidc.iter().flat_map(|oidc| &oidc.redirect_uris);
            returns.any(|address| address.covers(&ask.return_to))
        }
    };
    takes.then_some(client)
}

/// By what the services of a sector know a person, where none is kept yet: HMAC under a key from
/// the key file. What is kept goes before it, so that an exchange of that key changes no name.
pub(crate) fn subject(app: &App, sector: &str, account: AccountId) -> (String, String) {
    let mac = app.root.subjects.mac(&[&account.0, sector.as_bytes()]);
    (sector.to_owned(), hex::encode(&mac[..20]))
}

/// A random text that nobody guesses, after a word that says what it is, and its hash.
///
/// # Errors
/// When the system gives no randomness.
pub(crate) fn secret(word: &str) -> Result<(String, [u8; 32]), NoRandomness> {
    let text = format!("{word}{}", hex::encode(&random::bytes::<32>()?));
    let hash = hash(&text);
    Ok((text, hash))
}

/// The hash under which a random text is kept.
pub(crate) fn hash(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    hash
}

/// What a service is told of a person by an attribute of its entry; `None` where there is nothing.
pub(crate) fn released(account: &Account, attribute: Attribute) -> Option<String> {
    let value = match attribute {
        Attribute::Email => account.email.as_str().to_owned(),
        Attribute::FirstName => account.first_name.clone(),
        Attribute::LastName => account.last_name.clone(),
        Attribute::Name => person::whole(&account.first_name, &account.last_name).to_string(),
        Attribute::Language => account.language.code().to_owned(),
    };
    (!value.is_empty()).then_some(value)
}
