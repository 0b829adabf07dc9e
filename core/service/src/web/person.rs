//! What a person says of themselves: their name, and the language of messages.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use minijinja::context;
use serde::Deserialize;

use super::{
    error::{PageError, Refusal},
    posted::Posted,
    told::Told,
    visitor::{Visitor, account_of},
};
use crate::{
    app::App,
    base::{
        lang::Lang,
        person::{BadName, PersonName},
    },
    policy::changes::Refused,
    store::AccountKind,
};

/// `GET /account/person`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    show(&app, &visitor, (StatusCode::OK, Vec::new())).await
}

/// The page, with what was filled in and why it was not taken.
async fn show(
    app: &App,
    visitor: &Visitor,
    (status, errors): (StatusCode, Vec<&str>),
) -> Result<Response, PageError> {
    let account = account_of(app, visitor.signed_in()?).await?;
    let filled = |name| visitor.filled.get(name);
    let first = filled("first_name").unwrap_or(&account.first_name);
    let last = filled("last_name").unwrap_or(&account.last_name);
    let mails = Lang::ALL.map(
        |lang| context! { code => lang.code(), name => lang.own_name(), chosen => lang == account.language },
    );
    let values = context! {
        errors, first_name => first, last_name => last, email => account.email.as_str(), mails,
        managed => account.kind == AccountKind::Staff,
    };
    app.pages.refuse(status, "person.html", visitor, values)
}

#[derive(Deserialize)]
pub(super) struct Name {
    first_name: String,
    last_name: String,
}

/// `POST /account/person`.
pub(super) async fn name(
    State(app): State<Arc<App>>,
    posted: Posted<Name>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let account = visitor.signed_in()?.account;
    let name = match PersonName::parse(&form.first_name, &form.last_name) {
        Ok(name) => name,
        Err(bad) => {
            let errors = bad.into_iter().map(BadName::text).collect();
            let said = (StatusCode::BAD_REQUEST, errors);
            return show(&app, &visitor, said).await;
        }
    };
    let changed = app.store.set_name(account, name, app.clock.now()).await?;
    done(&app, &visitor, changed, Told::NameSaved).await
}

#[derive(Deserialize)]
pub(super) struct Language {
    language: String,
}

/// `POST /account/person/language`: the language of messages.
pub(super) async fn language(
    State(app): State<Arc<App>>,
    posted: Posted<Language>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let account = visitor.signed_in()?.account;
    let language = Lang::from_name(&form.language).ok_or(PageError::BadForm)?;
    let changed = app.store.set_language(account, language, app.clock.now());
    done(&app, &visitor, changed.await?, Told::MailsSaved).await
}

async fn done(
    app: &App,
    visitor: &Visitor,
    changed: Result<(), Refused>,
    told: Told,
) -> Result<Response, PageError> {
    match changed {
        Ok(()) => Ok(told.at("/account/person", visitor.secure)),
        Err(refused) => {
            let Refusal { status, text } = refused.into();
            show(app, visitor, (status, vec![text])).await
        }
    }
}
