//! Making an account with the link that was mailed: the address is fixed, the password is chosen.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::id::AccountId;
use minijinja::context;
use serde::Deserialize;

use super::{
    cookies::{Cookie, YEAR},
    error::PageError,
    links::{self, Wish},
    passwords,
    posted::Posted,
    visitor::Visitor,
};
use crate::{
    app::App,
    base::{
        person::{self, BadName, PersonName},
        random,
    },
    edge::Source,
    password::Password,
    store::{Link, LinkKind, Method, NewAccount},
};

/// `GET /register/{token}`.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    match links::open(&app, &visitor, LinkKind::Register, &token).await? {
        Ok(link) if !app.doors.take(&link.address) => {
            links::closed(&app, &visitor, Some(&link.address))
        }
        Ok(link) => {
            let wish: Wish = links::payload(&app, &link)?;
            show(&app, &visitor, &link, &wish, Vec::new())
        }
        // Whoever goes back to it has the account that it led to.
        Err(_)
            if visitor.signed_in().is_ok()
                && links::was_done(&app, LinkKind::Register, &token).await? =>
        {
            Ok(Redirect::to("/account").into_response())
        }
        Err(page) => Ok(page),
    }
}

fn show(
    app: &App,
    visitor: &Visitor,
    link: &Link,
    wish: &Wish,
    errors: Vec<&str>,
) -> Result<Response, PageError> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::BAD_REQUEST,
    };
    let filled = |name| visitor.filled.get(name);
    let first = filled("first_name").unwrap_or(&wish.first);
    let last = filled("last_name").unwrap_or(&wish.last);
    let values = context! {
        errors, action => links::path(app, link.kind, link.id), email => link.address.as_str(),
        first_name => first, last_name => last, name => person::whole(first, last),
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
        Err(over) => {
            let done = links::done_already(&app, &visitor, LinkKind::Register, &token);
            return Ok(done.await?.unwrap_or(over));
        }
    };
    // The link may be older than the setting.
    if !app.doors.take(&link.address) {
        return links::closed(&app, &visitor, Some(&link.address));
    }
    let wish: Wish = links::payload(&app, &link)?;
    // Another person may have asked: the names that are confirmed count.
    let first = form.first_name.as_deref().unwrap_or(&wish.first);
    let last = form.last_name.as_deref().unwrap_or(&wish.last);
    let name = PersonName::parse(first, last);
    let bad = name.as_ref().err().into_iter().flatten();
    let mut errors: Vec<_> = bad.map(|bad| BadName::text(*bad)).collect();
    let own = [first, last, link.address.as_str()];
    errors.extend(form.password.is_refused(&form.password_again, &own));
    let (Ok(name), true) = (name, errors.is_empty()) else {
        return show(&app, &visitor, &link, &wish, errors);
    };
    let acc = AccountId(random::bytes()?);
    let account = NewAccount {
        acc,
        email: link.address.clone(),
        first_name: name.first().to_owned(),
        last_name: name.last().to_owned(),
        password: passwords::sealed(&app, source, acc, form.password).await?,
        language: wish.language(visitor.lang),
    };
    let other_language = account.language != visitor.lang;
    let opening = visitor.opening(&app, acc, Method::Password)?;
    let entry = opening.entry.clone();
    if !app
        .store
        .register(link.id, account, entry, app.clock.now())
        .await?
    {
        // The other one of two clicks made it.
        let done = links::done_already(&app, &visitor, LinkKind::Register, &token);
        return match done.await? {
            Some(page) => Ok(page),
            None => links::over(&app, &visitor, LinkKind::Register),
        };
    }
    tracing::info!(%acc, "an account was created");
    let mut response = opening.go_known("/register/done");
    // The language of messages is another choice: pages stay in the one that they were in.
    if other_language {
        let code = visitor.lang.code();
        Cookie::Language.set(&mut response, code, visitor.secure, Some(YEAR));
    }
    Ok(response)
}

/// `GET /register/done`: the account is there, and what comes next.
pub(super) async fn done(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    visitor.signed_in()?;
    let values = context! { proceed => visitor.next() };
    app.pages.show("register_done.html", &visitor, values)
}
