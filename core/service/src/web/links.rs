//! Mailed links: who may use them, and the pages that they open.
//!
//! A link works once, by `POST`; looking at its page changes nothing, because mail programs open
//! links by themselves.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::id::AccountId;
use minijinja::context;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{error::PageError, remembered::TypedAddress, visitor::Visitor};
use crate::{
    app::App,
    base::{email::Email, hex, lang::Lang, person::PersonName, random},
    keys::seal::Place,
    messages::links::id_in,
    store::{AskedLink, Link, LinkId, LinkKind, NewLink, SessionHash},
};

pub(super) use crate::messages::links::path;

/// Whether links of this kind work only in the session that asked for them.
fn is_for_one_session(kind: LinkKind) -> bool {
    matches!(kind, LinkKind::Confirm | LinkKind::NewEmail)
}

/// The way to begin again when a link does not work: the key of its text, and its page.
fn again(kind: LinkKind) -> (&'static str, &'static str) {
    match kind {
        LinkKind::Register | LinkKind::Taken | LinkKind::TakenAgain | LinkKind::Invited => {
            ("register_title", "/register")
        }
        LinkKind::Invite => ("sign_in_title", "/sign-in"),
        LinkKind::Reset | LinkKind::ResetRefused | LinkKind::Nobody => {
            ("forgotten_title", "/password/forgotten")
        }
        LinkKind::Stop => ("stop_title", "/stop/link"),
        LinkKind::Confirm => ("nav_account", "/account"),
        LinkKind::NewEmail => ("email_title", "/account/email"),
        LinkKind::UndoEmail | LinkKind::Undone | LinkKind::Deleted => ("sign_in_title", "/sign-in"),
    }
}

/// The page of a link that does not work, or no longer: it shows how to begin again.
pub(super) fn over(app: &App, visitor: &Visitor, kind: LinkKind) -> Result<Response, PageError> {
    let (what, to) = again(kind);
    let values = context! {
        what, to, is_registration => to == "/register",
        is_invitation => kind == LinkKind::Invite,
    };
    app.pages
        .refuse(StatusCode::NOT_FOUND, "link_over.html", visitor, values)
}

/// Whether what this link does was done minutes ago.
pub(super) async fn was_done(app: &App, kind: LinkKind, token: &str) -> Result<bool, PageError> {
    match id(app, kind, token) {
        Some(id) => Ok(app.store.was_link_done(id, kind, app.clock.now()).await?),
        None => Ok(false),
    }
}

/// The page of a form that was sent again: what its link does was done minutes ago, and the reply
/// was lost, or the button clicked twice. `None`: that was not so.
pub(super) async fn done_already(
    app: &App,
    visitor: &Visitor,
    kind: LinkKind,
    token: &str,
) -> Result<Option<Response>, PageError> {
    let what = match kind {
        LinkKind::Register => "link_done_register",
        LinkKind::UndoEmail => "link_done_undo",
        _ => return Ok(None),
    };
    if !was_done(app, kind, token).await? {
        return Ok(None);
    }
    let page = app
        .pages
        .show("link_done.html", visitor, context! { what })?;
    Ok(Some(page))
}

/// The page that says who makes an account for this address: the same whether or not it has one.
pub(super) fn closed(
    app: &App,
    visitor: &Visitor,
    email: Option<&Email>,
) -> Result<Response, PageError> {
    let kept = email.filter(|email| app.doors.keep(email));
    let values = context! { domain => kept.map(Email::domain) };
    app.pages.refuse(
        StatusCode::FORBIDDEN,
        "register_closed.html",
        visitor,
        values,
    )
}

/// The link of a page's address, or the page that says why it does not work here: it is over, or
/// was asked for in another session.
pub(super) async fn open(
    app: &App,
    visitor: &Visitor,
    kind: LinkKind,
    token: &str,
) -> Result<Result<Link, Response>, PageError> {
    let Some(link) = find(app, kind, token).await? else {
        return over(app, visitor, kind).map(Err);
    };
    let session = visitor.signed_in().ok().map(|session| session.hash);
    if is_for_one_session(kind) && (session.is_none() || link.session != session) {
        let status = StatusCode::FORBIDDEN;
        let page = app
            .pages
            .refuse(status, "link_elsewhere.html", visitor, context! {});
        return page.map(Err);
    }
    Ok(Ok(link))
}

/// The page of a link that asks, with the text `what`, whether to go on.
pub(super) async fn form(
    app: &App,
    visitor: &Visitor,
    kind: LinkKind,
    token: &str,
    what: &str,
) -> Result<Response, PageError> {
    match open(app, visitor, kind, token).await? {
        Ok(link) => question(app, visitor, &link, what),
        Err(page) => Ok(page),
    }
}

/// Asks, with the text `what`, whether to go on with this link.
pub(super) fn question(
    app: &App,
    visitor: &Visitor,
    link: &Link,
    what: &str,
) -> Result<Response, PageError> {
    let values = context! {
        what, action => path(app, link.kind, link.id), email => link.address.as_str(),
    };
    app.pages.show("link_confirm.html", visitor, values)
}

/// The link with this text: its token, or its whole address as it was pasted. `None` if it does not
/// work, or no longer.
pub(super) async fn find(app: &App, kind: LinkKind, text: &str) -> Result<Option<Link>, PageError> {
    let Some(id) = id(app, kind, text) else {
        return Ok(None);
    };
    let link = app.store.link(id, app.clock.now()).await?;
    Ok(link.filter(|link| link.kind == kind))
}

/// The link's identifier in this text, if the service made it.
fn id(app: &App, kind: LinkKind, text: &str) -> Option<LinkId> {
    let text = text.trim();
    let text = text.rsplit_once('/').map_or(text, |(_, last)| last);
    id_in(&app.root.links, &hex::decode::<32>(text)?, kind.name())
}

/// The place that a link's payload is sealed for.
fn place(id: LinkId) -> Place {
    let mut owner = [0; 8];
    owner.copy_from_slice(&id[..8]);
    Place {
        owner,
        field: "mailed-link",
        epoch: 0,
    }
}

/// The account and the session that a link is bound to.
#[derive(Default)]
pub(super) struct Whose {
    /// The account.
    pub(super) account: Option<AccountId>,
    /// The one session.
    pub(super) session: Option<SessionHash>,
}

/// What a link for an account that does not exist yet waits with.
#[derive(Serialize, Deserialize)]
pub(super) struct Wish {
    /// The first name, or nothing.
    pub(super) first: String,
    /// The surname, or nothing.
    pub(super) last: String,
    /// The language of messages.
    #[serde(default)]
    language: String,
}

impl Wish {
    /// An account for this name.
    pub(super) fn new(name: &PersonName, language: Lang) -> Self {
        Self {
            first: name.first().to_owned(),
            last: name.last().to_owned(),
            language: language.code().to_owned(),
        }
    }

    /// The language of its messages; the page's, where an older program made the link.
    pub(super) fn language(&self, page: Lang) -> Lang {
        Lang::from_name(&self.language).unwrap_or(page)
    }
}

/// Asks the store to mail a link.
pub(super) async fn ask(app: &App, new: NewLink) -> Result<AskedLink, PageError> {
    let asked = app.store.ask_link(new, app.clock.now()).await?;
    app.mail.notify_one();
    Ok(asked)
}

/// Asks for a link to an address that anybody may name, and goes to the page `to`. It is the same
/// page when no message goes out: only the owner of the address may learn of that.
pub(super) async fn send(
    app: &App,
    visitor: &Visitor,
    new: NewLink,
    to: &str,
) -> Result<Response, PageError> {
    // The next page names the address, which never stands in a URL.
    let typed = TypedAddress {
        email: new.address.clone(),
        remember: false,
    };
    match ask(app, new).await? {
        AskedLink::Due | AskedLink::Enough => {
            let mut response = Redirect::to(to).into_response();
            typed.keep(&mut response, visitor.secure);
            Ok(response)
        }
        AskedLink::Busy => Err(PageError::Busy),
    }
}

/// The page after that, with the text `what`.
pub(super) fn sent(app: &App, visitor: &Visitor, what: &str) -> Result<Response, PageError> {
    match &visitor.typed {
        Some(typed) => {
            let values = context! { email => typed.email.as_str(), what };
            app.pages.show("link_sent.html", visitor, values)
        }
        None => Ok(Redirect::to("/sign-in").into_response()),
    }
}

/// The address that was typed, or the form again, which says that it is none.
pub(super) fn typed_address(
    app: &App,
    visitor: &Visitor,
    template: &str,
    typed: &str,
) -> Result<Result<Email, Response>, PageError> {
    if let Ok(email) = Email::parse(typed) {
        return Ok(Ok(email));
    }
    let values = context! { error => "error_email" };
    let status = StatusCode::BAD_REQUEST;
    app.pages.refuse(status, template, visitor, values).map(Err)
}

/// A link to be mailed, with what its page needs to go on.
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
        language: Lang::default(),
    })
}

/// What the link's page needs to go on.
pub(super) fn payload<T: DeserializeOwned>(app: &App, link: &Link) -> Result<T, PageError> {
    let opened = app.root.sealing.open(place(link.id), &link.payload)?;
    serde_json::from_slice(&opened).map_err(|error| PageError::Broken(error.to_string()))
}
