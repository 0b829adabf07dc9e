//! Mailed links: what they look like, and whose they are.
//!
//! A link's token is its random id and half of a MAC over kind and id under a key from the key
//! file, so nothing that acts is stored, and a message can be written again after a crash. A link
//! works once, by `POST`; looking at its page changes nothing, because mail programs open links by
//! themselves.

use axum::{http::StatusCode, response::Response};
use countersign_protocol::id::AccountId;
use minijinja::context;
use serde::{Serialize, de::DeserializeOwned};
use subtle::ConstantTimeEq;

use super::{PageError, visitor::Visitor};
use crate::{
    app::App,
    base::{email::Email, hex, random},
    keys::seal::Place,
    store::{AskedLink, Link, LinkId, LinkKind, NewLink, SessionHash},
};

/// The page that a link opens.
fn page(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Register | LinkKind::Taken => "/register",
        LinkKind::Reset | LinkKind::ResetRefused | LinkKind::Nobody => "/password/forgotten",
        LinkKind::Stop => "/stop/by-link",
        LinkKind::Confirm => "/account/confirm",
        LinkKind::NewEmail => "/account/email",
        LinkKind::UndoEmail | LinkKind::Undone => "/email/undo",
    }
}

fn token(app: &App, kind: LinkKind, id: LinkId) -> [u8; 32] {
    let mac = app.root.links.mac(&[&id, kind.name().as_bytes()]);
    let mut token = [0; 32];
    token[..16].copy_from_slice(&id);
    token[16..].copy_from_slice(&mac[..16]);
    token
}

/// The link's path.
pub(super) fn path(app: &App, kind: LinkKind, id: LinkId) -> String {
    format!("{}/{}", page(kind), hex::encode(&token(app, kind, id)))
}

/// The link as its message has it.
pub(super) fn url(app: &App, kind: LinkKind, id: LinkId) -> String {
    format!("{}{}", app.origin, path(app, kind, id))
}

/// Is this the session in which a link works?
pub(super) fn is_here(link: &Link, visitor: &Visitor) -> bool {
    visitor
        .signed_in()
        .is_ok_and(|session| link.session == Some(session.hash))
}

/// The page of a link that was opened in another browser than the one that asked for it.
pub(super) fn elsewhere(app: &App, visitor: &Visitor) -> Result<Response, PageError> {
    let status = StatusCode::FORBIDDEN;
    app.pages
        .refuse(status, "link_elsewhere.html", visitor, context! {})
}

/// The page of a link that does not work (any more): `what` is the text of the way to begin again.
pub(super) fn over(
    app: &App,
    visitor: &Visitor,
    what: &str,
    to: &str,
) -> Result<Response, PageError> {
    let values = context! { what, to };
    app.pages
        .refuse(StatusCode::NOT_FOUND, "link_over.html", visitor, values)
}

/// The link that this text is: its token, or its whole address as it was pasted. `None`: it does
/// not work (any more).
pub(super) async fn find(app: &App, kind: LinkKind, text: &str) -> Result<Option<Link>, PageError> {
    let text = text.trim();
    let text = text.rsplit_once('/').map_or(text, |(_, last)| last);
    let Some(given) = hex::decode::<32>(text) else {
        return Ok(None);
    };
    let mut id = LinkId::default();
    id.copy_from_slice(&given[..16]);
    if !bool::from(given.ct_eq(&token(app, kind, id))) {
        return Ok(None);
    }
    let link = app.store().link(id, app.now()).await?;
    Ok(link.filter(|link| link.kind == kind))
}

/// Where a link's payload is sealed.
fn place(id: LinkId) -> Place {
    let mut owner = [0; 8];
    owner.copy_from_slice(&id[..8]);
    Place {
        owner,
        field: "mailed-link",
        epoch: 0,
    }
}

/// Whose a link is, and where it works.
#[derive(Default)]
pub(super) struct Whose {
    /// The account.
    pub(super) account: Option<AccountId>,
    /// The one session.
    pub(super) session: Option<SessionHash>,
}

/// Asks for a link with what its page needs to go on.
pub(super) async fn ask(
    app: &App,
    kind: LinkKind,
    address: &Email,
    whose: Whose,
    payload: &impl Serialize,
) -> Result<AskedLink, PageError> {
    let new = new(app, kind, address, whose, payload)?;
    let asked = app.store().ask_link(new, app.now()).await?;
    app.mail.notify_one();
    Ok(asked)
}

/// A link that the store is to ask for, with what its page needs to go on.
pub(super) fn new(
    app: &App,
    kind: LinkKind,
    address: &Email,
    whose: Whose,
    payload: &impl Serialize,
) -> Result<NewLink, PageError> {
    let id = random::bytes()?;
    let payload =
        serde_json::to_vec(payload).map_err(|error| PageError::Broken(error.to_string()))?;
    Ok(NewLink {
        id,
        kind,
        account: whose.account,
        session: whose.session,
        address: address.clone(),
        payload: app.root.sealing.seal(place(id), &payload)?,
    })
}

/// What was asked with the link.
pub(super) fn payload<T: DeserializeOwned>(app: &App, link: &Link) -> Result<T, PageError> {
    let opened = app.root.sealing.open(place(link.id), &link.payload)?;
    serde_json::from_slice(&opened).map_err(|error| PageError::Broken(error.to_string()))
}
