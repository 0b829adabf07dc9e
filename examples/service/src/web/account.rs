//! Creating an account, and its first page.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use countersign_protocol::{field::is_displayable, id::AccountId};
use minijinja::context;
use serde::Deserialize;

use super::{
    PageError, history,
    visitor::{Posted, Visitor},
};
use crate::{app::App, edge::Source, password::Password, random, store::NewAccount};

/// `GET /register`.
pub(super) async fn register_form(
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
    password: Password,
    password_again: Password,
    privacy: Option<String>,
}

/// `POST /register`.
pub(super) async fn register(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<Register>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let first_name = name(&form.first_name);
    let last_name = name(&form.last_name);
    let email = email(&form.email);
    let mut errors = Vec::new();
    if first_name.is_none() || last_name.is_none() {
        errors.push("register_error_name");
    }
    if email.is_none() {
        errors.push("error_email");
    }
    errors.extend(form.password.breaks());
    if !form.password.same_as(&form.password_again) {
        errors.push("register_error_again");
    }
    if form.privacy.as_deref() != Some("yes") {
        errors.push("register_error_privacy");
    }
    let refuse = |status, errors: Vec<&str>| {
        let values = context! {
            errors, first_name => form.first_name, last_name => form.last_name, email => form.email,
            privacy => form.privacy.is_some(),
        };
        app.pages.refuse(status, "register.html", &visitor, values)
    };
    let (Some(first_name), Some(last_name), Some(email), true) =
        (first_name, last_name, email, errors.is_empty())
    else {
        return refuse(StatusCode::BAD_REQUEST, errors);
    };
    let acc = AccountId(random::bytes()?);
    let place = app.passwords.place(source).await?;
    let password = app.passwords.hash(&place, form.password).await?;
    drop(place);
    let account = NewAccount {
        acc,
        email,
        first_name,
        last_name,
        password,
    };
    if !app.store().create_account(account, app.now()).await? {
        return refuse(StatusCode::CONFLICT, vec!["register_error_taken"]);
    }
    tracing::info!(%acc, "an account was created");
    visitor.enter(&app, acc).await
}

/// `GET /account`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let session = visitor.signed_in()?;
    let account = app
        .store()
        .account(session.account)
        .await?
        .ok_or(PageError::SignInFirst)?;
    let events = history::listed(&app, &visitor, 20).await?;
    let devices = app.store().devices(session.account).await?.len();
    let values = context! {
        first_name => account.first_name, last_name => account.last_name, email => account.email,
        strength => session.last_method().name(), events, devices,
    };
    app.pages.show("account.html", &visitor, values)
}

/// A person's name: trimmed, 1 to 60 characters, nothing invisible.
fn name(text: &str) -> Option<String> {
    let text = text.trim();
    ((1..=60).contains(&text.chars().count()) && is_displayable(text)).then(|| text.to_owned())
}

/// An e-mail address in lower case, in so far as it has the form of one.
pub(super) fn email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.split_once('@')?;
    let fits = !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !domain.contains('@')
        && text.len() <= 254
        && is_displayable(&text)
        && !text.contains(char::is_whitespace);
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn e_mail_addresses_have_their_form() {
        for good in ["a@b.lv", "Anna.Ozola@Example.EU", "ūdens@ezers.lv"] {
            assert_eq!(super::email(good), Some(good.to_lowercase()));
        }
        for bad in [
            "",
            "a",
            "a@b",
            "@b.lv",
            "a@.lv",
            "a@b.",
            "a@b@c.lv",
            "a b@c.lv",
            "a\u{202e}@c.lv",
        ] {
            assert_eq!(super::email(bad), None, "{bad}");
        }
    }
}
