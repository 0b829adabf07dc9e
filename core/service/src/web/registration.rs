//! Creating an account: the address is confirmed first, by a link that is mailed to it. Until then
//! there is no account and no session, and the message holds nothing that was typed.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use countersign_protocol::id::AccountId;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::{
    error::PageError,
    links::{self, Whose},
    passwords,
    visitor::{Posted, Visitor},
};
use crate::{
    app::App,
    base::{email::Email, person::PersonName, random},
    edge::Source,
    password::Password,
    store::{Link, LinkKind, Method, NewAccount},
};

/// `GET /register`.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    app.pages.show("register.html", &visitor, context! {})
}

#[derive(Deserialize)]
pub(super) struct Register {
    first_name: String,
    last_name: String,
    email: String,
    privacy: Option<String>,
}

/// The names that were typed. They wait in the link until the address is confirmed.
#[derive(Serialize, Deserialize)]
struct Names {
    first: String,
    last: String,
}

/// `POST /register`: mails a link. The reply is the same whether or not the address has an account.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    posted: Posted<Register>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let names = PersonName::parse(&form.first_name, &form.last_name);
    let email = Email::parse(&form.email);
    let mut errors = Vec::new();
    if names.is_err() {
        errors.push("register_error_name");
    }
    if email.is_err() {
        errors.push("error_email");
    }
    if form.privacy.as_deref() != Some("yes") {
        errors.push("register_error_privacy");
    }
    let (Ok(name), Ok(email), true) = (names, email, errors.is_empty()) else {
        let values = context! {
            errors, first_name => form.first_name, last_name => form.last_name, email => form.email,
            privacy => form.privacy.is_some(),
        };
        return app
            .pages
            .refuse(StatusCode::BAD_REQUEST, "register.html", &visitor, values);
    };
    let kind = match app.store.is_taken(&email, app.clock.now()).await? {
        true => LinkKind::Taken,
        false => LinkKind::Register,
    };
    let names = Names {
        first: name.first().to_owned(),
        last: name.last().to_owned(),
    };
    let new = links::new(&app, kind, &email, Whose::default(), &names)?;
    links::send(&app, &visitor, new, "register_sent").await
}

/// `GET /register/{token}`.
pub(super) async fn confirm_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    match links::open(&app, &visitor, LinkKind::Register, &token).await? {
        Ok(link) => show(&app, &visitor, &link, Vec::new()),
        Err(page) => Ok(page),
    }
}

fn show(
    app: &App,
    visitor: &Visitor,
    link: &Link,
    errors: Vec<&str>,
) -> Result<Response, PageError> {
    let names: Names = links::payload(app, link)?;
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::BAD_REQUEST,
    };
    let values = context! {
        errors, action => links::path(app, link.kind, link.id), email => link.address.as_str(),
        first_name => names.first, last_name => names.last,
    };
    app.pages
        .refuse(status, "register_confirm.html", visitor, values)
}

#[derive(Deserialize)]
pub(super) struct Confirm {
    first_name: Option<String>,
    last_name: Option<String>,
    password: Password,
    password_again: Password,
}

/// `POST /register/{token}`: makes the account, signed in.
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    source: Source,
    posted: Posted<Confirm>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let link = match links::open(&app, &visitor, LinkKind::Register, &token).await? {
        Ok(link) => link,
        Err(page) => return Ok(page),
    };
    let names: Names = links::payload(&app, &link)?;
    // Another person may have asked: the names that are confirmed count.
    let first = form.first_name.as_deref().unwrap_or(&names.first);
    let last = form.last_name.as_deref().unwrap_or(&names.last);
    let name = PersonName::parse(first, last);
    let own = [first, last, link.address.as_str()];
    let mut errors = form.password.is_refused(&form.password_again, &own);
    if name.is_err() {
        errors.insert(0, "register_error_name");
    }
    let (Ok(name), true) = (name, errors.is_empty()) else {
        return show(&app, &visitor, &link, errors);
    };
    let acc = AccountId(random::bytes()?);
    let account = NewAccount {
        acc,
        email: link.address.clone(),
        first_name: name.first().to_owned(),
        last_name: name.last().to_owned(),
        password: passwords::sealed(&app, source, acc, form.password).await?,
        language: visitor.lang,
    };
    let opening = visitor.opening(&app, acc, Method::Password)?;
    let entry = opening.entry.clone();
    if !app
        .store
        .register(link.id, account, entry, app.clock.now())
        .await?
    {
        return links::over(&app, &visitor, LinkKind::Register);
    }
    tracing::info!(%acc, "an account was created");
    Ok(opening.go("/account"))
}
