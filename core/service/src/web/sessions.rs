//! The browsers that are signed in to an account, and how to sign them out.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::context;
use serde::Deserialize;

use super::{
    error::PageError,
    events,
    posted::{Nothing, Posted},
    told::Told,
    visitor::Visitor,
};
use crate::{app::App, base::hex, policy, security::Caller, store::Method};

/// `GET /account/sessions`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let own = visitor.signed_in()?;
    let mut sessions = Vec::new();
    for session in app.store.sessions(own.account, app.clock.now()).await? {
        // What an approval or a code proves includes the password that came before it.
        let mut proofs = session.proofs.iter().map(|proof| proof.method);
        let how = proofs.rfind(|method| *method != Method::Password);
        let caller = Caller {
            by: Some(session.caller.browser()),
            place: session.caller.place,
        };
        sessions.push(context! {
            id => hex::encode(&session.id), caller => events::caller(&app, visitor.lang, &caller)?,
            opened => session.created_at, used => session.used_at, own => session.hash == own.hash,
            how => how.unwrap_or(Method::Password).name(),
        });
    }
    let values = context! {
        sessions, hours => policy::SESSION_SECONDS / policy::HOUR,
        minutes => policy::SESSION_IDLE_SECONDS / 60,
    };
    app.pages.show("sessions.html", &visitor, values)
}

#[derive(Deserialize)]
pub(super) struct Which {
    id: String,
}

/// `POST /account/sessions/end`: signs one browser out; this one too.
pub(super) async fn end(
    State(app): State<Arc<App>>,
    posted: Posted<Which>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let own = visitor.signed_in()?;
    let id = hex::decode(&form.id).ok_or(PageError::BadForm)?;
    let now = app.clock.now();
    // One that is over already, or is somebody else's, is not in the list that is shown next.
    if !app.store.end_session_of(own.account, id, now).await? {
        return Ok(Redirect::to("/account/sessions").into_response());
    }
    let (told, to) = match id == own.id {
        true => (Told::SignedOut, "/sign-in"),
        false => (Told::SessionEnded, "/account/sessions"),
    };
    let mut response = told.at(to, visitor.secure);
    if id == own.id {
        visitor.leave(&mut response);
    }
    Ok(response)
}

/// `POST /account/sessions/end-others`: signs every other browser out.
pub(super) async fn end_others(
    State(app): State<Arc<App>>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let own = posted.visitor.signed_in()?;
    let (account, keep) = (own.account, own.hash);
    let ended = app.store.end_other_sessions(account, keep, app.clock.now());
    ended.await?;
    let secure = posted.visitor.secure;
    Ok(Told::SessionsEnded.at("/account/sessions", secure))
}
