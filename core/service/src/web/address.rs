//! The e-mail address: a new one is proved by the change's own proof, confirmed by a link in the
//! same session, and can be undone from the old address for two weeks.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::challenge::{Purpose, Subject};
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::{
    choice,
    error::{NotDone, PageError, Refusal},
    links::{self, Whose},
    new_address::show,
    posted::{Nothing, Posted},
    prove::{self, Approval, Wanted},
    told::Told,
    visitor::{Visitor, account_of},
};
use crate::{
    app::App,
    base::email::Email,
    edge::Source,
    password::Password,
    policy::changes::{Change, Proof},
    store::{EmailChanged, LinkKind},
};

/// `GET /account/email`.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    show(&app, &visitor, None).await
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
    match begin(&app, &visitor, source, &headers, form).await {
        Ok(response) => Ok(response),
        Err(not_done) => show(&app, &visitor, Some(not_done.refusal()?)).await,
    }
}

async fn begin(
    app: &App,
    visitor: &Visitor,
    source: Source,
    headers: &HeaderMap,
    form: ChangeEmail,
) -> Result<Response, NotDone> {
    let session = visitor.signed_in()?;
    let account = account_of(app, session).await?;
    let new = Email::parse(&form.email).ok();
    let new = new.filter(|new| *new != account.email);
    let new = new.ok_or(Refusal::form("email_error_form"))?;
    if app.doors.keep(&new) {
        return Err(Refusal::form("email_error_kept").into());
    }
    let new = new.to_string();
    if prove::needed(app, account.acc, Change::Email).await? == Proof::PasswordAndLink {
        let (typed, wanted) = (form.password, Wanted::Email(new));
        return prove::password_and_link(app, visitor, source, &account, typed, &wanted).await;
    }
    let asked = Approval {
        purpose: Purpose::ChangeEmail,
        dev: choice::approver(app, account.acc, form.with.as_deref()).await?,
        subject: Some(Subject::Address(new.clone())),
        payload: new,
    };
    prove::approval(app, session, headers, asked).await
}

/// `GET /account/email/{token}`: works in the session that named the address.
pub(super) async fn confirm_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    links::form(&app, &visitor, LinkKind::NewEmail, &token, "email_confirm").await
}

/// `POST /account/email/{token}`: the new address takes the old one's place.
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let link = match links::open(&app, &visitor, LinkKind::NewEmail, &token).await? {
        Ok(link) => link,
        Err(page) => return Ok(page),
    };
    if app.doors.keep(&link.address) {
        return show(&app, &visitor, Some(Refusal::form("email_error_kept"))).await;
    }
    let session = visitor.signed_in()?;
    let account = account_of(&app, session).await?;
    let whose = Whose {
        account: Some(account.acc),
        session: None,
    };
    let before = Before {
        password: account.password.clone(),
    };
    let undo = links::new(&app, LinkKind::UndoEmail, &account.email, whose, &before)?;
    let changed = app
        .store
        .change_email(link.id, session.hash, undo, app.clock.now());
    let refusal = match changed.await? {
        EmailChanged::Done => {
            app.mail.notify_one();
            return Ok(Told::EmailChanged.at("/account", visitor.secure));
        }
        EmailChanged::Over => return links::over(&app, &visitor, LinkKind::NewEmail),
        EmailChanged::Taken => Refusal::conflict("email_error_taken"),
        EmailChanged::Refused(refused) => refused.into(),
    };
    show(&app, &visitor, Some(refusal)).await
}

/// What an undone change brings back besides the address.
#[derive(Serialize, Deserialize)]
struct Before {
    /// The password's hash, sealed as it is in the account.
    password: String,
}

/// `GET /email/undo/{token}`: works in any browser, for two weeks.
pub(super) async fn undo_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    links::form(&app, &visitor, LinkKind::UndoEmail, &token, "undo_confirm").await
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
        && let Some(account) = app.store.account(acc).await?
    {
        let before = links::payload::<Before>(&app, &link)?;
        let whose = Whose {
            account: Some(acc),
            session: None,
        };
        let notice = links::new(&app, LinkKind::Undone, &account.email, whose, &())?;
        let undone = app
            .store
            .undo_email(link.id, before.password, notice, app.clock.now());
        if undone.await? {
            app.mail.notify_one();
            return Ok(Redirect::to("/email/undone").into_response());
        }
    }
    match links::done_already(&app, &visitor, LinkKind::UndoEmail, &token).await? {
        Some(page) => Ok(page),
        None => links::over(&app, &visitor, LinkKind::UndoEmail),
    }
}

/// `GET /email/undone`.
pub(super) async fn undone(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    app.pages.show("email_undone.html", &visitor, context! {})
}
