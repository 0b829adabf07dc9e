//! STOP by a mailed link, for an owner whose way to the page of STOP was closed by strangers.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use minijinja::context;
use serde::Deserialize;

use super::{
    PageError,
    links::{self, Whose},
    recovery,
    visitor::{Posted, Visitor},
};
use crate::{
    app::App,
    base::email::Email,
    edge::Source,
    password::Password,
    store::{AskedLink, LinkKind, Share},
};

/// `GET /stop/link`.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    app.pages.show("stop_link.html", &visitor, context! {})
}

#[derive(Deserialize)]
pub(super) struct Who {
    email: String,
}

/// `POST /stop/link`: the answer is the same whether or not the address has an account.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    posted: Posted<Who>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let Ok(email) = Email::parse(&form.email) else {
        let values = context! { email => form.email, error => "error_email" };
        let status = StatusCode::BAD_REQUEST;
        return app.pages.refuse(status, "stop_link.html", &visitor, values);
    };
    let account = app.store().account_by_email(&email).await?;
    let kind = match &account {
        Some(_) => LinkKind::Stop,
        None => LinkKind::Nobody,
    };
    let whose = Whose {
        account: account.map(|account| account.acc),
        session: None,
    };
    match links::ask(&app, kind, &email, whose, &()).await? {
        AskedLink::Due | AskedLink::Enough => {
            let values = context! { email => email.as_str(), what => "stop_link_sent" };
            app.pages.show("link_sent.html", &visitor, values)
        }
        AskedLink::Busy => Err(PageError::Busy),
    }
}

/// `GET /stop/by-link/{token}`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    match links::find(&app, LinkKind::Stop, &token).await? {
        Some(link) => {
            let action = format!("/stop/by-link/{token}");
            let values = context! {
                action, fixed => true, email => link.address.as_str(), hours => app.recovery_hours,
            };
            app.pages.show("stop.html", &visitor, values)
        }
        None => links::over(&app, &visitor, "stop_title", "/stop/link"),
    }
}

#[derive(Deserialize)]
pub(super) struct Stop {
    password: Password,
    word: String,
}

/// `POST /stop/by-link/{token}`: password and word, with a share of guesses that only who reads the
/// mail of the account can use.
pub(super) async fn stop(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    source: Source,
    posted: Posted<Stop>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let Some(link) = links::find(&app, LinkKind::Stop, &token).await? else {
        return links::over(&app, &visitor, "stop_title", "/stop/link");
    };
    let typed = recovery::Typed {
        share: Share::Link,
        email: link.address.to_string(),
        password: form.password,
        word: form.word,
        action: format!("/stop/by-link/{token}"),
    };
    recovery::press(&app, &visitor, source, typed).await
}
