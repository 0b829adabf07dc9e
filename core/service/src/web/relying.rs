//! Pages on the way into another service. A request of a service that waits for the person is an
//! ask; it completes in the browser whose cookie began it, and nowhere else.
//!
//! - `GET`, `POST /cas/login` (`service`, `renew`, `gateway`, `method`): back to the service with a
//!   ticket, or `/enter`. It needs no `csrf`: other sites send people here
//! - `GET /cas/logout` (`service`): signed out, back to the service; or a page that asks
//! - `POST /cas/logout` (`service`): signed out
//! - `GET`, `POST /oidc/authorize` (OpenID Connect Core 1.0, section 3.1.2.1): back to the service
//!   with a code, or `/enter`
//! - `GET`, `POST /oidc/logout`: signed out, back to the service; or a page that asks
//! - `POST /oidc/logout/yes`: signed out
//! - `GET /enter`: what is missing for the service that the person came from, or back to it
//! - `GET /enter/{id}`: the same, after a form of another site, which comes without cookies
//! - `POST /enter/password` (`password`): `/enter`
//! - `POST /enter/app` (`dev`), `POST /enter/code`: `/challenge/{id}`, then `/enter`
//! - `POST /enter/stop`: the person does not want to go there any more; back to a service of OpenID
//!   Connect, which is told

mod cas;
mod entering;
mod oidc;

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::HeaderMap,
    response::Response,
    routing::{get, post},
};
use countersign_protocol::challenge::{Purpose, Unlock};
use serde::Deserialize;

use super::{
    choice::{approving, pick, usable},
    error::{NotDone, PageError, Refusal},
    issue,
    posted::{Nothing, Posted},
    prove::{self, Approval},
    visitor::{Visitor, account_of},
};
use crate::{app::App, base::hex::Hex, edge::Source, flow, password::Password, standards};

/// The routes.
pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/cas/login", get(cas::login).post(cas::login_by_form))
        .route("/cas/logout", get(cas::logout).post(cas::sign_out))
        .route("/enter", get(enter))
        .route("/enter/{id}", get(open))
        .route("/enter/password", post(password))
        .route("/enter/app", post(app))
        .route("/enter/code", post(code))
        .route("/enter/stop", post(stop))
        .route(
            "/oidc/authorize",
            get(oidc::authorize).post(oidc::authorize_by_form),
        )
        .route("/oidc/logout", get(oidc::logout).post(oidc::logout_by_form))
        .route("/oidc/logout/yes", post(oidc::sign_out))
        .merge(standards::cas::router())
        .merge(standards::oidc::router())
}

/// `GET /enter`.
async fn enter(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Response, PageError> {
    entering::go_on(&app, &visitor, None).await
}

/// `GET /enter/{id}`: ties the ask to this browser, if none has it yet.
async fn open(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Hex(id): Hex<[u8; 32]>,
) -> Result<Response, PageError> {
    entering::open(&app, &visitor, id).await
}

#[derive(Deserialize)]
struct Typed {
    password: Password,
}

/// `POST /enter/password`: the password once more, in a session that is signed in.
async fn password(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<Typed>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let session = visitor.signed_in()?;
    let account = account_of(&app, session).await?;
    match prove::password(&app, source, &account, form.password).await {
        Ok(()) => {
            let now = app.clock.now();
            app.store.prove_password(session.hash, now).await?;
            Ok(entering::here())
        }
        Err(not_done) => refused(&app, &visitor, not_done).await,
    }
}

/// The page of what is missing, with why a step was not made.
async fn refused(app: &App, visitor: &Visitor, why: NotDone) -> Result<Response, PageError> {
    entering::go_on(app, visitor, Some(why.refusal()?)).await
}

#[derive(Deserialize)]
struct Chosen {
    dev: Option<String>,
}

/// `POST /enter/app`: asks a phone, in a session that is signed in.
async fn app(State(app): State<Arc<App>>, posted: Posted<Chosen>) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let session = visitor.signed_in()?;
    let devices = usable(&app, session.account).await?;
    let Some(dev) = pick(&approving(&devices), form.dev.as_deref()) else {
        return Ok(entering::here());
    };
    let asked = Approval {
        purpose: Purpose::SignIn,
        dev,
        subject: None,
        payload: String::new(),
    };
    match prove::approval(&app, session, &headers, asked).await {
        Ok(response) => Ok(response),
        Err(not_done) => refused(&app, &visitor, not_done).await,
    }
}

/// `POST /enter/code`: shows a QR code, in a session that is signed in.
async fn code(State(app): State<Arc<App>>, posted: Posted<Nothing>) -> Result<Response, PageError> {
    let Posted {
        visitor, headers, ..
    } = posted;
    match by_code(&app, &visitor, &headers).await {
        Ok(response) => Ok(response),
        Err(not_done) => refused(&app, &visitor, not_done).await,
    }
}

async fn by_code(app: &App, visitor: &Visitor, headers: &HeaderMap) -> Result<Response, NotDone> {
    let session = visitor.signed_in()?;
    let asking = issue::asking(app, session, headers).await?;
    let (purpose, unlock) = (Purpose::SignIn, Unlock::Nothing);
    let issued = flow::issue::code(app, &asking, purpose, None, String::new(), unlock).await?;
    prove::go(issued, Refusal::too_many)
}

/// `POST /enter/stop`: the service is told where its protocol has a word for it.
async fn stop(State(app): State<Arc<App>>, posted: Posted<Nothing>) -> Result<Response, PageError> {
    entering::stop(&app, &posted.visitor).await
}
