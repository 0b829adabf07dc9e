//! The e-mail address: another one is proved by the change's own proof, confirmed by a link in the
//! same session, and can be undone from the old address for two weeks.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::challenge::{Purpose, Subject};
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::{
    PageError,
    confirm::{self, Wanted},
    issue,
    links::{self, Whose},
    passwords::{Checked, check},
    sign_in::{approving, listed, pick, usable},
    visitor::{Posted, Visitor},
};
use crate::{
    app::App,
    base::email::Email,
    edge::Source,
    password::Password,
    policy::changes::{Change, Proof, Refused, needs},
    store::{Account, EmailChanged, LinkKind, NewLink, Share},
};

/// `GET /account/email`.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    show(&app, &visitor, StatusCode::OK, None).await
}

pub(super) async fn show(
    app: &App,
    visitor: &Visitor,
    status: StatusCode,
    error: Option<&str>,
) -> Result<Response, PageError> {
    let account = account_of(app, visitor).await?;
    let facts = app.store().facts(account.acc, app.now()).await?;
    let devices = usable(app, account.acc).await?;
    let values = context! {
        error, email => account.email.as_str(), approving => listed(&approving(&devices)),
        password => needs(Change::Email, &facts) == Ok(Proof::PasswordAndLink),
    };
    app.pages
        .refuse(status, "change_email.html", visitor, values)
}

/// The page with the policy's refusal.
pub(super) async fn refuse(
    app: &App,
    visitor: &Visitor,
    refused: Refused,
) -> Result<Response, PageError> {
    show(app, visitor, StatusCode::CONFLICT, Some(refused.text())).await
}

async fn account_of(app: &App, visitor: &Visitor) -> Result<Account, PageError> {
    let account = app.store().account(visitor.signed_in()?.account).await?;
    account.ok_or(PageError::SignInFirst)
}

#[derive(Deserialize)]
pub(super) struct ChangeEmail {
    email: String,
    password: Option<Password>,
    with: Option<String>,
}

/// `POST /account/email`.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<ChangeEmail>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let session = visitor.signed_in()?;
    let account = account_of(&app, &visitor).await?;
    let refuse = |status, error| show(&app, &visitor, status, Some(error));
    let Some(new) = Email::parse(&form.email)
        .ok()
        .filter(|new| *new != account.email)
    else {
        return refuse(StatusCode::BAD_REQUEST, "email_error_form").await;
    };
    let facts = app.store().facts(account.acc, app.now()).await?;
    match needs(Change::Email, &facts) {
        Ok(Proof::PasswordAndLink) => {
            let password = form.password.unwrap_or_else(Password::none);
            match check(&app, source, Share::Known, &account.email, password).await? {
                Checked::Right(_) => {}
                Checked::Closed => {
                    return refuse(StatusCode::TOO_MANY_REQUESTS, "password_error_closed").await;
                }
                Checked::Wrong => {
                    return refuse(StatusCode::UNAUTHORIZED, "password_error_old").await;
                }
            }
            let wanted = Wanted::Email(new.to_string());
            confirm::ask(&app, &visitor, &account, &wanted).await
        }
        Ok(_) => {
            let devices = usable(&app, account.acc).await?;
            let with = form.with.as_deref();
            let Some(with) = pick(&approving(&devices), with) else {
                return refuse(StatusCode::CONFLICT, "devices_error_with").await;
            };
            let subject = Some(Subject::Address(new.to_string()));
            let payload = new.to_string();
            let purpose = Purpose::ChangeEmail;
            match issue::approval(&app, session, &headers, purpose, with, subject, payload).await? {
                Ok(id) => Ok(issue::to(id)),
                Err(error) => refuse(StatusCode::CONFLICT, error).await,
            }
        }
        Err(refused) => refuse(StatusCode::CONFLICT, refused.text()).await,
    }
}

/// The link to a new address, for the session that has proved the change.
pub(super) fn new_link(
    app: &App,
    visitor: &Visitor,
    account: &Account,
    address: &str,
) -> Result<NewLink, PageError> {
    let address = Email::parse(address).map_err(|_| PageError::NotFound)?;
    let whose = Whose {
        account: Some(account.acc),
        session: Some(visitor.signed_in()?.hash),
    };
    links::new(app, LinkKind::NewEmail, &address, whose, &())
}

/// Where the browser goes when the link to the new address is on its way.
pub(super) fn sent() -> Response {
    Redirect::to("/account/confirm").into_response()
}

/// `GET /account/email/{token}`: works in the session that named the address.
pub(super) async fn confirm_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    let link = links::find(&app, LinkKind::NewEmail, &token).await?;
    let Some(link) = link else {
        return links::over(&app, &visitor, "email_title", "/account/email");
    };
    if !links::is_here(&link, &visitor) {
        return links::elsewhere(&app, &visitor);
    }
    let values = context! {
        what => "email_confirm", action => format!("/account/email/{token}"), email => link.address.as_str(),
    };
    app.pages.show("link_confirm.html", &visitor, values)
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `POST /account/email/{token}`: the new address takes the old one's place.
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let link = links::find(&app, LinkKind::NewEmail, &token).await?;
    let Some(link) = link else {
        return links::over(&app, &visitor, "email_title", "/account/email");
    };
    if !links::is_here(&link, &visitor) {
        return links::elsewhere(&app, &visitor);
    }
    let session = visitor.signed_in()?;
    let account = account_of(&app, &visitor).await?;
    let whose = Whose {
        account: Some(account.acc),
        session: None,
    };
    let before = Before {
        password: account.password.clone(),
    };
    let undo = links::new(&app, LinkKind::UndoEmail, &account.email, whose, &before)?;
    let changed = app
        .store()
        .change_email(link.id, session.hash, undo, app.now());
    match changed.await? {
        EmailChanged::Done => {
            app.mail.notify_one();
            Ok(Redirect::to("/account").into_response())
        }
        EmailChanged::Over => links::over(&app, &visitor, "email_title", "/account/email"),
        EmailChanged::Taken => {
            show(
                &app,
                &visitor,
                StatusCode::CONFLICT,
                Some("email_error_taken"),
            )
            .await
        }
        EmailChanged::Refused(refused) => {
            show(&app, &visitor, StatusCode::CONFLICT, Some(refused.text())).await
        }
    }
}

/// What an undone change brings back besides the address.
#[derive(Serialize, Deserialize)]
struct Before {
    /// The password's hash, sealed as it is in the account.
    password: String,
}

/// `GET /email/undo/{token}`: anywhere, for two weeks.
pub(super) async fn undo_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    match links::find(&app, LinkKind::UndoEmail, &token).await? {
        Some(link) => {
            let values = context! {
                what => "undo_confirm", action => format!("/email/undo/{token}"),
                email => link.address.as_str(),
            };
            app.pages.show("link_confirm.html", &visitor, values)
        }
        None => links::over(&app, &visitor, "sign_in_title", "/sign-in"),
    }
}

/// `POST /email/undo/{token}`.
pub(super) async fn undo(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    if let Some(link) = links::find(&app, LinkKind::UndoEmail, &token).await?
        && let Some(acc) = link.account
        && let Some(account) = app.store().account(acc).await?
    {
        let before = links::payload::<Before>(&app, &link)?;
        let whose = Whose {
            account: Some(acc),
            session: None,
        };
        let notice = links::new(&app, LinkKind::Undone, &account.email, whose, &())?;
        let undone = app
            .store()
            .undo_email(link.id, before.password, notice, app.now());
        if undone.await? {
            app.mail.notify_one();
            return app.pages.show("email_undone.html", &visitor, context! {});
        }
    }
    links::over(&app, &visitor, "sign_in_title", "/sign-in")
}
