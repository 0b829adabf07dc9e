//! "STOP: delete all my devices", and the way back: password, a link sent to the account's e-mail address, and a day.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::id::AccountId;
use minijinja::context;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::{
    PageError, credentials,
    passwords::{Checked, check},
    visitor::{Posted, Visitor, is_known},
};
use crate::{
    app::App,
    base::{email::Email, hex, random},
    edge::Source,
    password::Password,
    policy::changes::{Change, needs},
    store::{Account, Method, NewPassword, PasswordSet, Recovery, RecoveryId, Share},
};

/// What a link of a message does.
pub(super) type Action = &'static str;
/// Goes on when the time is over.
pub(super) const FINISH: Action = "finish";
/// Cancels.
pub(super) const CANCEL: Action = "cancel";

/// The recovery's id and half of a MAC over it: 128 bits that only the service and who has the message know.
fn token(app: &App, action: Action, id: RecoveryId) -> [u8; 32] {
    let mac = app.root.recovery.mac(&[&id, action.as_bytes()]);
    let mut token = [0; 32];
    token[..16].copy_from_slice(&id);
    token[16..].copy_from_slice(&mac[..16]);
    token
}

/// A link for a message.
pub(super) fn link(app: &App, action: Action, id: RecoveryId) -> String {
    format!(
        "{}/recovery/{action}/{}",
        app.origin,
        hex::encode(&token(app, action, id))
    )
}

/// The recovery under way that a link belongs to.
async fn of_link(app: &App, action: Action, text: &str) -> Result<Recovery, PageError> {
    let recovery = known_by_link(app, action, text).await?;
    match recovery.finished_at {
        None => Ok(recovery),
        Some(_) => Err(PageError::NotFound),
    }
}

/// The recovery that a link belongs to, under way or finished just now.
async fn known_by_link(app: &App, action: Action, text: &str) -> Result<Recovery, PageError> {
    let given = hex::decode::<32>(text).ok_or(PageError::NotFound)?;
    let mut id = RecoveryId::default();
    id.copy_from_slice(&given[..16]);
    if !bool::from(given.ct_eq(&token(app, action, id))) {
        return Err(PageError::NotFound);
    }
    app.store().recovery(id).await?.ok_or(PageError::NotFound)
}

fn new(app: &App, account: &Account, by_panic: bool) -> Result<Recovery, PageError> {
    Ok(Recovery {
        id: random::bytes()?,
        account: account.acc,
        ripe_at: app.now() + u64::from(app.recovery_hours) * 3600,
        by_panic,
        finished_at: None,
    })
}

/// `GET /stop`.
pub(super) async fn stop_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let email = match visitor.signed_in() {
        Ok(session) => app.store().account(session.account).await?,
        Err(_) => None,
    };
    let email = email.map(|account| account.email.to_string());
    let values = context! {
        email => email.unwrap_or_default(), action => "/stop", hours => app.recovery_hours,
    };
    app.pages.show("stop.html", &visitor, values)
}

#[derive(Deserialize)]
pub(super) struct Stop {
    email: String,
    password: Password,
    word: String,
}

/// `POST /stop`. No second factor is asked: it may be the one that was lost.
pub(super) async fn stop(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<Stop>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    // A browser that the account knows has tries of its own, which strangers don't use up.
    let account = match Email::parse(&form.email) {
        Ok(email) => app.store().account_by_email(&email).await?,
        Err(_) => None,
    };
    let share = match account {
        Some(account) if is_at_home(&app, &visitor, &headers, account.acc).await? => Share::Known,
        _ => Share::Stop,
    };
    let typed = Typed {
        share,
        email: form.email,
        password: form.password,
        word: form.word,
        action: "/stop".into(),
    };
    press(&app, &visitor, source, typed).await
}

/// Is this a browser of the account's: signed in to it, or known for it?
async fn is_at_home(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    account: AccountId,
) -> Result<bool, PageError> {
    let signed_in = visitor.signed_in();
    let own = signed_in.is_ok_and(|session| session.account == account);
    Ok(own || is_known(app, headers, account).await?)
}

/// What was typed on a page of STOP.
pub(super) struct Typed {
    /// The share of guesses that the page has.
    pub(super) share: Share,
    pub(super) email: String,
    pub(super) password: Password,
    pub(super) word: String,
    /// The page's own address.
    pub(super) action: String,
}

/// Deletes all factors, if password and word are right and the policy allows it.
pub(super) async fn press(
    app: &App,
    visitor: &Visitor,
    source: Source,
    typed: Typed,
) -> Result<Response, PageError> {
    let by_link = typed.share == Share::Link;
    let refuse = |status, error: &str| {
        let values = context! {
            email => typed.email, error, action => typed.action, fixed => by_link,
            hours => app.recovery_hours,
        };
        app.pages.refuse(status, "stop.html", visitor, values)
    };
    // Without the word nothing is looked at, so that it costs no guess.
    let word = app.pages.texts.get("stop_word", &[]).unwrap_or_default();
    if typed.word.trim().to_lowercase() != word.to_lowercase() {
        return refuse(StatusCode::BAD_REQUEST, "stop_error_word");
    }
    let Ok(email) = Email::parse(&typed.email) else {
        return refuse(StatusCode::BAD_REQUEST, "error_email");
    };
    let closed = match by_link {
        true => "recover_error_closed",
        false => "stop_error_closed",
    };
    match check(app, source, typed.share, &email, typed.password).await? {
        Checked::Closed => refuse(StatusCode::TOO_MANY_REQUESTS, closed),
        Checked::Wrong => refuse(StatusCode::UNAUTHORIZED, "sign_in_error"),
        Checked::Right(account) => {
            let facts = app.store().facts(account.acc, app.now()).await?;
            if let Err(refused) = needs(Change::Panic, &facts) {
                return refuse(StatusCode::CONFLICT, refused.text());
            }
            let new = new(app, &account, true)?;
            let devices = app.store().panic(new, app.now()).await?;
            for dev in devices {
                app.waiting.wake(dev);
            }
            tracing::warn!(acc = %account.acc, "all factors of an account were deleted");
            Ok(Redirect::to("/stop/done").into_response())
        }
    }
}

/// `GET /stop/done`.
pub(super) async fn stopped(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let values = context! { hours => app.recovery_hours };
    app.pages.show("stopped.html", &visitor, values)
}

/// `GET /recovery`: for who has just given the password.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    show(&app, &visitor, StatusCode::OK, None).await
}

async fn show(
    app: &App,
    visitor: &Visitor,
    status: StatusCode,
    error: Option<&str>,
) -> Result<Response, PageError> {
    let session = visitor.half()?;
    let standing = app.store().standing(session.account).await?;
    let devices = app.store().devices(session.account).await?.len();
    let ripe_at = standing.recovery.map(|recovery| recovery.ripe_at);
    let values = context! {
        error, ripe_at, devices, ripe => ripe_at.is_some_and(|at| at <= app.now()), hours => app.recovery_hours,
    };
    app.pages.refuse(status, "recovery.html", visitor, values)
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `POST /recovery`: begins one, or sends the message of the one under way again.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let account = app.store().account(visitor.half()?.account).await?;
    let account = account.ok_or(PageError::SignInFirst)?;
    let new = new(&app, &account, false)?;
    match app.store().begin_recovery(new, app.now()).await? {
        Ok(true) => Ok(Redirect::to("/recovery").into_response()),
        Ok(false) => {
            let status = StatusCode::TOO_MANY_REQUESTS;
            show(&app, &visitor, status, Some("recovery_error_messages")).await
        }
        Err(refused) => show(&app, &visitor, StatusCode::CONFLICT, Some(refused.text())).await,
    }
}

/// `GET /recovery/finish/{token}`.
pub(super) async fn finish_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    let recovery = of_link(&app, FINISH, &token).await?;
    let values = finish_values(&app, &recovery, &token);
    app.pages.show("recover.html", &visitor, values)
}

fn finish_values(app: &App, recovery: &Recovery, token: &str) -> minijinja::Value {
    context! { token, ripe_at => recovery.ripe_at, ripe => recovery.ripe_at <= app.now() }
}

#[derive(Deserialize)]
pub(super) struct Finish {
    password: Password,
    new_password: Password,
    new_password_again: Password,
}

/// `POST /recovery/finish/{token}`: the link, the time and the password together.
pub(super) async fn finish(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    source: Source,
    posted: Posted<Finish>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let recovery = known_by_link(&app, FINISH, &token).await?;
    let refuse_all = |status, errors: Vec<&str>| {
        let values = finish_values(&app, &recovery, &token);
        let values = context! { errors, ..values };
        app.pages.refuse(status, "recover.html", &visitor, values)
    };
    let refuse = |status, error| refuse_all(status, vec![error]);
    let account = app.store().account(recovery.account).await?;
    let account = account.ok_or(PageError::NotFound)?;
    let mut errors = credentials::refused(&account, &form.new_password, &form.new_password_again);
    if form.new_password.same_as(&form.password) {
        errors.push("password_error_same");
    }
    if !errors.is_empty() {
        return refuse_all(StatusCode::BAD_REQUEST, errors);
    }
    // Whoever lost the answer has the new password already.
    let (typed, new) = match recovery.finished_at {
        None => (form.password, Some(form.new_password)),
        Some(_) => (form.new_password, None),
    };
    match check(&app, source, Share::Link, &account.email, typed).await? {
        Checked::Closed => {
            return refuse(StatusCode::TOO_MANY_REQUESTS, "recover_error_closed");
        }
        Checked::Wrong => return refuse(StatusCode::UNAUTHORIZED, "recover_error"),
        Checked::Right(_) => {}
    }
    let facts = app.store().facts(recovery.account, app.now()).await?;
    // The same link again, after a lost answer, is the store's to judge.
    if let (None, Err(refused)) = (recovery.finished_at, needs(Change::FinishRecovery, &facts)) {
        return refuse(StatusCode::CONFLICT, refused.text());
    }
    let sealed = match new {
        Some(new) => credentials::sealed(&app, source, account.acc, new).await?,
        None => account.password,
    };
    let password = NewPassword {
        sealed,
        how: PasswordSet::Recovered,
        keep: None,
        known: None,
    };
    let opening = visitor.opening(&app, recovery.account, Method::Recovery)?;
    let entry = opening.entry.clone();
    let finished = app
        .store()
        .finish_recovery(recovery.id, entry, password, app.now());
    let Some(devices) = finished.await? else {
        return refuse(StatusCode::CONFLICT, "recover_error_early");
    };
    for dev in devices {
        app.waiting.wake(dev);
    }
    tracing::warn!(acc = %recovery.account, "an account was recovered");
    Ok(opening.go("/account/devices"))
}

/// `GET /recovery/cancel/{token}`: asks first, because mail programs open links by themselves.
pub(super) async fn cancel_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    of_link(&app, CANCEL, &token).await?;
    let values = context! { token, done => false };
    app.pages.show("recovery_cancel.html", &visitor, values)
}

/// `POST /recovery/cancel/{token}`.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let recovery = of_link(&app, CANCEL, &token).await?;
    app.store().cancel_recovery(recovery.id, app.now()).await?;
    let values = context! { token, done => true };
    app.pages
        .show("recovery_cancel.html", &posted.visitor, values)
}
