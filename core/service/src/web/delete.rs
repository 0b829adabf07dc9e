//! The deletion of an account: asked for with a proof of its own, waited for, and cancelled by a
//! link in any message meanwhile, by a sign-in, or on the account's own page.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::challenge::{Purpose, Subject};
use minijinja::context;
use serde::Deserialize;

use super::{
    choice, deletion_link,
    error::{NotDone, PageError},
    links::{self, Whose},
    own_data::OwnData,
    posted::{Nothing, Posted},
    prove::{self, Approval, Wanted},
    told::Told,
    visitor::{Visitor, account_of},
};
use crate::{
    app::App,
    base::hex::{self, Hex},
    edge::Source,
    flow::claim::account_label,
    password::Password,
    policy::changes::{Change, Proof},
    store::{Deletion, LinkKind, NewLink},
};

/// `GET /account/delete`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    OwnData::Delete.show(&app, &visitor, None).await
}

#[derive(Deserialize)]
pub(super) struct Ask {
    password: Option<Password>,
    with: Option<String>,
}

/// `POST /account/delete`.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<Ask>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    match begin(&app, &visitor, source, &headers, form).await {
        Ok(response) => Ok(response),
        Err(not_done) => {
            let refusal = not_done.refusal()?;
            OwnData::Delete.show(&app, &visitor, Some(refusal)).await
        }
    }
}

async fn begin(
    app: &App,
    visitor: &Visitor,
    source: Source,
    headers: &HeaderMap,
    form: Ask,
) -> Result<Response, NotDone> {
    let session = visitor.signed_in()?;
    let account = account_of(app, session).await?;
    if waiting(app, visitor).await?.is_some() {
        return Ok(Redirect::to(OwnData::Delete.path()).into_response());
    }
    if prove::needed(app, account.acc, Change::Delete).await? == Proof::PasswordAndLink {
        let (typed, wanted) = (form.password, Wanted::Delete);
        return prove::password_and_link(app, visitor, source, &account, typed, &wanted).await;
    }
    let asked = Approval {
        purpose: Purpose::DeleteAccount,
        dev: choice::approver(app, account.acc, form.with.as_deref()).await?,
        subject: Some(Subject::Account(account_label(&account))),
        payload: String::new(),
    };
    prove::approval(app, session, headers, asked).await
}

/// The deletion that waits of the visitor's account.
async fn waiting(app: &App, visitor: &Visitor) -> Result<Option<Deletion>, PageError> {
    let account = visitor.signed_in()?.account;
    Ok(app.store.standing(account).await?.deletion)
}

/// `POST /account/delete/cancel`: by a visitor who is signed in.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    if let Some(deletion) = waiting(&app, &posted.visitor).await? {
        let cancelled = app.store.cancel_deletion(deletion.id, app.clock.now());
        if cancelled.await? {
            return Ok(Told::AccountKept.at("/account", posted.visitor.secure));
        }
    }
    Ok(Redirect::to("/account").into_response())
}

/// `GET /deletion/cancel/{token}`: asks first, because mail programs open links by themselves.
pub(super) async fn cancel_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Hex(token): Hex<[u8; 32]>,
) -> Result<Response, PageError> {
    match deletion_link::waiting(&app, &token).await? {
        Some(_) => {
            let values = context! { token => hex::encode(&token), done => false };
            app.pages.show("deletion_cancel.html", &visitor, values)
        }
        None => over(&app, &visitor),
    }
}

/// `POST /deletion/cancel/{token}`: from any message, in any browser.
pub(super) async fn cancel_by_link(
    State(app): State<Arc<App>>,
    Hex(token): Hex<[u8; 32]>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let now = app.clock.now();
    match deletion_link::waiting(&app, &token).await? {
        Some(deletion) if app.store.cancel_deletion(deletion.id, now).await? => {
            Ok(Redirect::to("/deletion/cancelled").into_response())
        }
        _ => over(&app, &visitor),
    }
}

/// `GET /deletion/cancelled`.
pub(super) async fn cancelled(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let values = context! { done => true };
    app.pages.show("deletion_cancel.html", &visitor, values)
}

/// The page of a link whose deletion does not wait any more.
fn over(app: &App, visitor: &Visitor) -> Result<Response, PageError> {
    let status = StatusCode::NOT_FOUND;
    app.pages
        .refuse(status, "deletion_over.html", visitor, context! {})
}

/// Deletes the accounts whose time has come, and lets those know whose time is near. `true`: some
/// were deleted, and what is left of them is for the sweep.
///
/// # Errors
/// When the store refuses.
pub(crate) async fn delete_due(app: &App) -> Result<bool, PageError> {
    let now = app.clock.now();
    if app.store.remind_of_deletions(now).await? {
        app.mail.notify_one();
    }
    let mut deleted = false;
    for account in app.store.due_deletions(now).await? {
        let Some(owner) = app.store.account(account).await? else {
            continue;
        };
        let kind = LinkKind::Deleted;
        let farewell = NewLink {
            language: owner.language,
            ..links::new(app, kind, &owner.email, Whose::default(), &())?
        };
        let begun = app.store.begin_deletion(account, farewell, now).await?;
        for dev in begun.iter().flatten() {
            app.waiting.wake(*dev);
        }
        if begun.is_some() {
            deleted = true;
            tracing::info!(acc = %account, "an account was deleted, as its person asked");
            app.mail.notify_one();
        }
    }
    Ok(deleted)
}
