//! The password: changed by someone who knows it, and replaced when it is forgotten.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::id::AccountId;
use minijinja::context;
use serde::Deserialize;

use super::{
    error::{NotDone, PageError},
    links::{self, Whose},
    new_password::{self, CHANGE, FORGOTTEN, show, show_refusal},
    passwords::{faults, sealed},
    posted::{Nothing, Posted},
    prove,
    told::Told,
    visitor::{Visitor, account_of},
};
use crate::{
    app::App,
    edge::Source,
    password::Password,
    policy::changes::{Change, Proof, needs},
    store::{Account, LinkKind, Method, NewPassword, PasswordSet, Session},
};

/// A page on which nothing is wrong yet.
const FRESH: (StatusCode, Vec<&str>) = (StatusCode::OK, Vec::new());

/// `GET /account/password`.
pub(super) async fn change_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let account = visitor.signed_in()?.account;
    show(&app, &visitor, account, CHANGE, FRESH).await
}

#[derive(Deserialize)]
pub(super) struct ChangePassword {
    old: Password,
    password: Password,
    password_again: Password,
    with: Option<String>,
}

/// `POST /account/password`.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<ChangePassword>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let account = account_of(&app, visitor.signed_in()?).await?;
    let acc = account.acc;
    match begin_change(&app, &visitor, source, &headers, &account, form).await {
        Ok(response) => Ok(response),
        Err(not_done) => show_refusal(&app, &visitor, acc, CHANGE, not_done.refusal()?).await,
    }
}

async fn begin_change(
    app: &App,
    visitor: &Visitor,
    source: Source,
    headers: &HeaderMap,
    account: &Account,
    form: ChangePassword,
) -> Result<Response, NotDone> {
    let session = visitor.signed_in()?;
    let acc = account.acc;
    let proof = prove::needed(app, acc, Change::Password).await?;
    let faults = faults(account, &form.password, &form.password_again);
    if !faults.is_empty() {
        let said = (StatusCode::BAD_REQUEST, faults);
        return Ok(show(app, visitor, acc, CHANGE, said).await?);
    }
    prove::password(app, source, account, form.old).await?;
    let sealed = sealed(app, source, acc, form.password).await?;
    if proof != Proof::Password {
        let with = form.with.as_deref();
        return new_password::approval(app, session, headers, account, with, sealed).await;
    }
    let new = NewPassword {
        sealed,
        how: PasswordSet::ChangedAlone,
        keep: Some(session.hash),
        known: visitor.known_mark(),
    };
    app.store
        .change_password(acc, new, app.clock.now())
        .await??;
    Ok(Told::PasswordChanged.at("/account", visitor.secure))
}

/// `GET /password/forgotten`.
pub(super) async fn forgotten_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    app.pages.show("forgotten.html", &visitor, context! {})
}

#[derive(Deserialize)]
pub(super) struct Forgotten {
    email: String,
}

/// `POST /password/forgotten`: the reply is the same whether or not the address has an account, and
/// in every state of that account.
pub(super) async fn forgotten(
    State(app): State<Arc<App>>,
    posted: Posted<Forgotten>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let email = match links::typed_address(&app, &visitor, "forgotten.html", &form.email)? {
        Ok(email) => email,
        Err(page) => return Ok(page),
    };
    let account = app.store.account_by_email(&email).await?;
    // The same work is done where there is no account.
    let acc = account
        .as_ref()
        .map_or(AccountId([0; 8]), |account| account.acc);
    let facts = app.store.facts(acc, app.clock.now()).await?;
    let disabled = app.store.is_disabled(acc).await?;
    let kind = match (&account, needs(Change::ForgottenPassword, &facts)) {
        (None, _) => LinkKind::Nobody,
        (Some(_), Ok(_)) if !disabled => LinkKind::Reset,
        (Some(_), _) => LinkKind::ResetRefused,
    };
    let whose = Whose {
        account: account.map(|account| account.acc),
        session: None,
    };
    let new = links::new(&app, kind, &email, whose, &())?;
    links::send(&app, &visitor, new, "/password/sent").await
}

/// `GET /password/sent`.
pub(super) async fn sent(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    links::sent(&app, &visitor, "forgotten_sent")
}

/// `GET /password/forgotten/{token}`.
pub(super) async fn reset_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    links::form(&app, &visitor, LinkKind::Reset, &token, "reset_confirm").await
}

/// `POST /password/forgotten/{token}`: opens the session in which the password is replaced.
pub(super) async fn reset(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let link = links::find(&app, LinkKind::Reset, &token).await?;
    if let Some(link) = link
        && let Some(account) = link.account
    {
        let opening = visitor.opening(&app, account, Method::Link)?;
        let entry = opening.entry.clone();
        if app
            .store
            .open_reset(link.id, entry, app.clock.now())
            .await?
        {
            return Ok(opening.go("/password/new"));
        }
    }
    links::over(&app, &visitor, LinkKind::Reset)
}

/// The session that a link opened to replace a password.
fn by_link(visitor: &Visitor) -> Result<&Session, PageError> {
    visitor
        .any()
        .ok()
        .filter(|session| !session.signed_in && session.proved(Method::Link).is_some())
        .ok_or(PageError::SignInFirst)
}

/// `GET /password/new`.
pub(super) async fn new_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let account = by_link(&visitor)?.account;
    show(&app, &visitor, account, FORGOTTEN, FRESH).await
}

#[derive(Deserialize)]
pub(super) struct New {
    password: Password,
    password_again: Password,
    with: Option<String>,
}

/// `POST /password/new`.
pub(super) async fn new(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<New>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let account = account_of(&app, by_link(&visitor)?).await?;
    let acc = account.acc;
    match replace(&app, &visitor, source, &headers, &account, form).await {
        Ok(response) => Ok(response),
        Err(not_done) => show_refusal(&app, &visitor, acc, FORGOTTEN, not_done.refusal()?).await,
    }
}

async fn replace(
    app: &App,
    visitor: &Visitor,
    source: Source,
    headers: &HeaderMap,
    account: &Account,
    form: New,
) -> Result<Response, NotDone> {
    let session = by_link(visitor)?;
    let acc = account.acc;
    let proof = prove::needed(app, acc, Change::ForgottenPassword).await?;
    let faults = faults(account, &form.password, &form.password_again);
    if !faults.is_empty() {
        let said = (StatusCode::BAD_REQUEST, faults);
        return Ok(show(app, visitor, acc, FORGOTTEN, said).await?);
    }
    let sealed = sealed(app, source, acc, form.password).await?;
    if proof != Proof::Link {
        let with = form.with.as_deref();
        return new_password::approval(app, session, headers, account, with, sealed).await;
    }
    let new = NewPassword {
        sealed,
        how: PasswordSet::ByLink,
        keep: None,
        known: None,
    };
    app.store
        .reset_password(acc, new, app.clock.now())
        .await??;
    Ok(Redirect::to("/password/done").into_response())
}

/// `GET /password/done`.
pub(super) async fn new_done(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    app.pages.show("password_done.html", &visitor, context! {})
}
