//! The way back into an account whose factors are lost: password, a link that is mailed to the
//! account's address, and a waiting time.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::context;
use serde::Deserialize;

use super::{
    error::{NotDone, PageError, Refusal},
    passwords::{self, Typed, faults},
    posted::{Nothing, Posted},
    prove,
    recovery_link::{self, FINISH},
    visitor::{Opening, Visitor, account_of},
};
use crate::{
    app::App,
    base::hex::{self, Hex},
    edge::Source,
    password::Password,
    policy::changes::Change,
    store::{Account, AccountKind, Method, NewPassword, PasswordSet, Recovery, Session, Share},
};

/// A link's token: the id of a recovery and half of a MAC.
type Token = [u8; 32];

/// `GET /recovery`: for a visitor who has just given the password, or is signed in.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    show(&app, &visitor, None).await
}

/// Who may begin a recovery.
fn session(visitor: &Visitor) -> Result<&Session, PageError> {
    visitor.half().or_else(|_| visitor.signed_in())
}

async fn show(
    app: &App,
    visitor: &Visitor,
    refusal: Option<Refusal>,
) -> Result<Response, PageError> {
    let session = session(visitor)?;
    let standing = app.store.standing(session.account).await?;
    let devices = app.store.devices(session.account).await?.len();
    let ripe_at = standing.recovery.map(|recovery| recovery.ripe_at);
    let (status, error) = Refusal::parts(refusal);
    let values = context! {
        error, ripe_at, devices, ripe => ripe_at.is_some_and(|at| at <= app.clock.now()),
        hours => app.recovery_hours, staff => standing.staff,
    };
    app.pages.refuse(status, "recovery.html", visitor, values)
}

#[derive(Deserialize)]
pub(super) struct Begin {
    old: Option<Password>,
}

/// `POST /recovery`: begins one, or sends the message of the one under way again.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<Begin>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    match ask(&app, &visitor, source, form).await {
        Ok(()) => Ok(Redirect::to("/recovery").into_response()),
        Err(not_done) => show(&app, &visitor, Some(not_done.refusal()?)).await,
    }
}

async fn ask(app: &App, visitor: &Visitor, source: Source, form: Begin) -> Result<(), NotDone> {
    let session = session(visitor)?;
    let account = account_of(app, session).await?;
    // Whoever is signed in gave it long ago, and may have left the browser.
    if session.signed_in {
        let typed = form.old.unwrap_or_else(Password::none);
        prove::password(app, source, &account, typed).await?;
    }
    let new = recovery_link::new(app, &account, false)?;
    match app.store.begin_recovery(new, app.clock.now()).await?? {
        true => Ok(()),
        false => Err(Refusal::too_many("recovery_error_messages").into()),
    }
}

/// `GET /recovery/finish/{token}`.
pub(super) async fn finish_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Hex(token): Hex<Token>,
) -> Result<Response, PageError> {
    // The form of one that is finished is taken again after a lost answer, and may be refused.
    let recovery = match visitor.was_refused() {
        true => recovery_link::known(&app, FINISH, &token).await?,
        false => recovery_link::under_way(&app, FINISH, &token).await?,
    };
    let account = of(&app, &recovery).await?;
    let values = finish_values(&app, &recovery, &account, &token);
    app.pages.show("recover.html", &visitor, values)
}

/// The account of a recovery.
async fn of(app: &App, recovery: &Recovery) -> Result<Account, PageError> {
    let account = app.store.account(recovery.account).await?;
    account.ok_or(PageError::NotFound)
}

/// Whoever accepted an invitation to recover the account has chosen a new password then.
fn has_new_password(account: &Account) -> bool {
    account.kind == AccountKind::Staff
}

fn finish_values(
    app: &App,
    recovery: &Recovery,
    account: &Account,
    token: &Token,
) -> minijinja::Value {
    context! {
        token => hex::encode(token), ripe_at => recovery.ripe_at,
        ripe => recovery.ripe_at <= app.clock.now(), has_new => has_new_password(account),
    }
}

#[derive(Deserialize)]
pub(super) struct Finish {
    password: Password,
    new_password: Option<Password>,
    new_password_again: Option<Password>,
}

/// `POST /recovery/finish/{token}`: the link, the time and the password together.
pub(super) async fn finish(
    State(app): State<Arc<App>>,
    Hex(token): Hex<Token>,
    source: Source,
    posted: Posted<Finish>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let recovery = recovery_link::known(&app, FINISH, &token).await?;
    let account = of(&app, &recovery).await?;
    let values = finish_values(&app, &recovery, &account, &token);
    let refuse = |status, errors: Vec<&str>| {
        let values = context! { errors, ..values };
        app.pages.refuse(status, "recover.html", &visitor, values)
    };
    let new = form.new_password.unwrap_or_else(Password::none);
    let again = form.new_password_again.unwrap_or_else(Password::none);
    let new = match has_new_password(&account) {
        true => None,
        false => {
            let mut errors = faults(&account, &new, &again);
            if new.same_as(&form.password) {
                errors.push("password_error_same");
            }
            if !errors.is_empty() {
                return refuse(StatusCode::BAD_REQUEST, errors);
            }
            Some(new)
        }
    };
    let typed = (form.password, new);
    match recover(&app, &visitor, source, &recovery, account, typed).await {
        Ok(opening) => Ok(opening.go_known("/account/devices")),
        Err(not_done) => {
            let Refusal { status, text } = not_done.refusal()?;
            refuse(status, vec![text])
        }
    }
}

/// Finishes a recovery with the password, and with a new one that has no faults. The same form
/// again, after a lost reply, ends as it did the first time.
async fn recover(
    app: &App,
    visitor: &Visitor,
    source: Source,
    recovery: &Recovery,
    account: Account,
    typed: (Password, Option<Password>),
) -> Result<Opening, NotDone> {
    // If the reply was lost, the account has the new password already.
    let (password, new) = match (recovery.finished_at, typed) {
        (Some(_), (_, Some(new))) => (new, None),
        (_, typed) => typed,
    };
    let typed = Typed {
        share: Share::Link,
        email: &account.email,
        password,
        wrong: "recover_error",
        closed: "recover_error_closed",
    };
    passwords::right(app, source, typed).await?;
    // The store judges a form that is sent again.
    if recovery.finished_at.is_none() {
        prove::needed(app, account.acc, Change::FinishRecovery).await?;
    }
    let sealed = match new {
        Some(new) => passwords::sealed(app, source, account.acc, new).await?,
        None => account.password,
    };
    let password = NewPassword {
        sealed,
        how: PasswordSet::Recovered,
        keep: None,
        known: None,
    };
    let opening = visitor.opening(app, account.acc, Method::Recovery)?;
    let entry = opening.entry.clone();
    let finished = app
        .store
        .finish_recovery(recovery.id, entry, password, app.clock.now());
    let devices = finished
        .await?
        .ok_or(Refusal::conflict("recover_error_early"))?;
    for dev in devices {
        app.waiting.wake(dev);
    }
    tracing::warn!(acc = %account.acc, "an account was recovered");
    Ok(opening)
}

/// `GET /recovery/cancel/{token}`: asks first, because mail programs open links by themselves.
pub(super) async fn cancel_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Hex(token): Hex<Token>,
) -> Result<Response, PageError> {
    let Some(recovery) = recovery_link::to_cancel(&app, &token).await? else {
        return nothing_to_cancel(&app, &visitor);
    };
    let staff = app.store.standing(recovery.account).await?.staff;
    let values = context! { token => hex::encode(&token), done => false, staff };
    app.pages.show("recovery_cancel.html", &visitor, values)
}

/// The page of a link whose recovery is not under way any more.
fn nothing_to_cancel(app: &App, visitor: &Visitor) -> Result<Response, PageError> {
    let status = StatusCode::NOT_FOUND;
    app.pages
        .refuse(status, "recovery_over.html", visitor, context! {})
}

/// `POST /recovery/cancel/{token}`.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Hex(token): Hex<Token>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let Some(recovery) = recovery_link::to_cancel(&app, &token).await? else {
        return nothing_to_cancel(&app, &posted.visitor);
    };
    let staff = app.store.standing(recovery.account).await?.staff;
    app.store
        .cancel_recovery(recovery.id, app.clock.now())
        .await?;
    let page = match staff {
        true => "/recovery/cancelled/staff",
        false => "/recovery/cancelled",
    };
    Ok(Redirect::to(page).into_response())
}

/// `GET /recovery/cancelled`.
pub(super) async fn cancelled(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let values = context! { done => true, staff => false };
    app.pages.show("recovery_cancel.html", &visitor, values)
}

/// `GET /recovery/cancelled/staff`.
pub(super) async fn cancelled_of_staff(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let values = context! { done => true, staff => true };
    app.pages.show("recovery_cancel.html", &visitor, values)
}
