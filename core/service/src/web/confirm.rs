//! Changes of an account that holds no factor: the password was typed, and a link to the confirmed
//! address must come back to the session that named the change, opened there or pasted.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::{
    PageError, address, devices, enrolment,
    links::{self, Whose},
    visitor::{Posted, Visitor},
};
use crate::{
    app::App,
    store::{Account, AskedLink, Begin, LinkKind},
};

/// What was asked for.
#[derive(Serialize, Deserialize)]
pub(super) enum Wanted {
    /// The first device, as its enrolment keeps it.
    Device(String),
    /// Another e-mail address.
    Email(String),
}

/// Mails the link, and goes to the page that waits for it.
pub(super) async fn ask(
    app: &App,
    visitor: &Visitor,
    account: &Account,
    wanted: &Wanted,
) -> Result<Response, PageError> {
    let whose = Whose {
        account: Some(account.acc),
        session: Some(visitor.signed_in()?.hash),
    };
    match links::ask(app, LinkKind::Confirm, &account.email, whose, wanted).await? {
        AskedLink::Due => Ok(Redirect::to("/account/confirm").into_response()),
        AskedLink::Enough => waiting(
            app,
            visitor,
            StatusCode::TOO_MANY_REQUESTS,
            Some("confirm_error_enough"),
        ),
        AskedLink::Busy => Err(PageError::Busy),
    }
}

fn waiting(
    app: &App,
    visitor: &Visitor,
    status: StatusCode,
    error: Option<&str>,
) -> Result<Response, PageError> {
    let values = context! { error };
    app.pages.refuse(status, "confirm.html", visitor, values)
}

/// `GET /account/confirm`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    visitor.signed_in()?;
    waiting(&app, &visitor, StatusCode::OK, None)
}

#[derive(Deserialize)]
pub(super) struct Pasted {
    link: String,
}

/// `POST /account/confirm`: a link that was pasted. It leads to the link's own page.
pub(super) async fn paste(
    State(app): State<Arc<App>>,
    posted: Posted<Pasted>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    visitor.signed_in()?;
    for kind in [LinkKind::Confirm, LinkKind::NewEmail] {
        if let Some(link) = links::find(&app, kind, &form.link).await? {
            return Ok(Redirect::to(&links::path(&app, kind, link.id)).into_response());
        }
    }
    let status = StatusCode::BAD_REQUEST;
    waiting(&app, &visitor, status, Some("confirm_error_link"))
}

/// `GET /account/confirm/{token}`.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    let Some(link) = links::find(&app, LinkKind::Confirm, &token).await? else {
        return links::over(&app, &visitor, "nav_account", "/account");
    };
    if !links::is_here(&link, &visitor) {
        return links::elsewhere(&app, &visitor);
    }
    let what = match links::payload(&app, &link)? {
        Wanted::Device(_) => "confirm_device",
        Wanted::Email(_) => "confirm_email",
    };
    let values = context! {
        what, action => format!("/account/confirm/{token}"), email => link.address.as_str(),
    };
    app.pages.show("link_confirm.html", &visitor, values)
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `POST /account/confirm/{token}`: goes on with what was asked for.
pub(super) async fn go_on(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let Some(link) = links::find(&app, LinkKind::Confirm, &token).await? else {
        return links::over(&app, &visitor, "nav_account", "/account");
    };
    if !links::is_here(&link, &visitor) {
        return links::elsewhere(&app, &visitor);
    }
    let session = visitor.signed_in()?;
    match links::payload(&app, &link)? {
        Wanted::Device(payload) => {
            let wanted = enrolment::Wanted::from_payload(&payload);
            enrolment::begin(&app, &visitor, wanted, Begin::Confirmed(link.id), None).await
        }
        Wanted::Email(new) => {
            let account = app.store().account(session.account).await?;
            let account = account.ok_or(PageError::SignInFirst)?;
            let new = address::new_link(&app, &visitor, &account, &new)?;
            match app.store().confirm_email(link.id, new, app.now()).await? {
                Ok(()) => {
                    app.mail.notify_one();
                    Ok(address::sent())
                }
                Err(refused) => devices::refuse(&app, &visitor, refused).await,
            }
        }
    }
}
