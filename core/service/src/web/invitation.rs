//! Accepting an administrator's invitation: the account's person chooses a password. A new account
//! is then entered. In one that lost its factors the waiting time of a recovery begins instead,
//! because somebody else may read the mailbox.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::context;
use serde::Deserialize;

use super::{error::PageError, links, passwords, posted::Posted, recovery_link, visitor::Visitor};
use crate::{
    app::App,
    base::person,
    edge::Source,
    password::Password,
    store::{Accepted, Account, Link, LinkKind, Method},
};

/// The account that a link invites to, or the page that says that it does not work.
async fn open(
    app: &App,
    visitor: &Visitor,
    token: &str,
) -> Result<Result<(Link, Account), Response>, PageError> {
    let link = match links::open(app, visitor, LinkKind::Invite, token).await? {
        Ok(link) => link,
        Err(page) => return Ok(Err(page)),
    };
    let account = match link.account {
        Some(account) => app.store.account(account).await?,
        None => None,
    };
    match account {
        Some(account) => Ok(Ok((link, account))),
        None => links::over(app, visitor, LinkKind::Invite).map(Err),
    }
}

async fn show(
    app: &App,
    visitor: &Visitor,
    link: &Link,
    account: &Account,
    errors: Vec<&str>,
) -> Result<Response, PageError> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::BAD_REQUEST,
    };
    let values = context! {
        errors, action => links::path(app, link.kind, link.id), email => account.email.as_str(),
        name => person::whole(&account.first_name, &account.last_name),
        back => app.store.standing(account.acc).await?.guarded, hours => app.recovery_hours,
        privacy_page => app.privacy_page,
    };
    app.pages.refuse(status, "invitation.html", visitor, values)
}

/// `GET /invitation/{token}`: changes nothing, because mail programs open links by themselves.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    match open(&app, &visitor, &token).await? {
        Ok((link, account)) => show(&app, &visitor, &link, &account, Vec::new()).await,
        Err(page) => Ok(page),
    }
}

#[derive(Deserialize)]
pub(super) struct Accept {
    password: Password,
    password_again: Password,
    privacy: Option<String>,
}

/// `POST /invitation/{token}`.
pub(super) async fn accept(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    source: Source,
    posted: Posted<Accept>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let (link, account) = match open(&app, &visitor, &token).await? {
        Ok(found) => found,
        Err(page) => return Ok(page),
    };
    let mut errors = passwords::faults(&account, &form.password, &form.password_again);
    if form.privacy.as_deref() != Some("yes") {
        errors.push("privacy_error");
    }
    if !errors.is_empty() {
        return show(&app, &visitor, &link, &account, errors).await;
    }
    let acc = account.acc;
    let sealed = passwords::sealed(&app, source, acc, form.password).await?;
    let recovery = recovery_link::new(&app, &account, false)?;
    let opening = visitor.opening(&app, acc, Method::Password)?;
    let entry = opening.entry.clone();
    let accepted = app
        .store
        .accept_invitation(link.id, sealed, entry, recovery, app.clock.now());
    match accepted.await? {
        Accepted::Entered => Ok(opening.go_known(visitor.next())),
        Accepted::Waiting => {
            app.mail.notify_one();
            Ok(Redirect::to("/recovery/begun").into_response())
        }
        Accepted::Over => links::over(&app, &visitor, LinkKind::Invite),
    }
}

/// `GET /recovery/begun`.
pub(super) async fn begun(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let values = context! { hours => app.recovery_hours };
    app.pages.show("recovery_begun.html", &visitor, values)
}
