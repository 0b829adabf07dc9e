//! Signing in: e-mail, password, then a factor that this account has.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::challenge::{Purpose, Unlock};
use minijinja::context;
use serde::Deserialize;

use super::{
    choice::{approving, listed, pick, usable},
    error::{PageError, Refusal},
    issue, links,
    passwords::{self, Typed},
    prove::{self, Approval},
    visitor::{Nothing, Posted, Visitor, is_known},
};
use crate::{app::App, edge::Source, flow, password::Password, store::Share};

/// `GET /sign-in`.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    app.pages.show("sign_in.html", &visitor, context! {})
}

#[derive(Deserialize)]
pub(super) struct Who {
    email: String,
}

/// `POST /sign-in`: the password is asked whether or not there is such an account.
pub(super) async fn email(
    State(app): State<Arc<App>>,
    posted: Posted<Who>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    match links::typed_address(&app, &visitor, "sign_in.html", &form.email)? {
        Ok(email) => {
            let values = context! { email => email.as_str() };
            app.pages.show("password.html", &visitor, values)
        }
        Err(page) => Ok(page),
    }
}

/// The text when too many passwords were wrong for an address.
const CLOSED: &str = "sign_in_error_closed";

#[derive(Deserialize)]
pub(super) struct EmailAndPassword {
    email: String,
    password: Password,
}

/// `POST /sign-in/password`.
pub(super) async fn password(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<EmailAndPassword>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let email = match links::typed_address(&app, &visitor, "sign_in.html", &form.email)? {
        Ok(email) => email,
        Err(page) => return Ok(page),
    };
    let share = match app.store.account_by_email(&email).await? {
        Some(account) if is_known(&app, &headers, account.acc).await? => Share::Known,
        _ => Share::Unknown,
    };
    let typed = Typed {
        share,
        email: &email,
        password: form.password,
        wrong: "sign_in_error",
        closed: CLOSED,
    };
    let Refusal { status, text } = match passwords::right(&app, source, typed).await {
        Ok(account) => return visitor.enter(&app, account.acc).await,
        Err(not_done) => not_done.refusal()?,
    };
    let values = context! { email => email.as_str(), error => text, closed => text == CLOSED };
    app.pages.refuse(status, "password.html", &visitor, values)
}

/// `GET /sign-in/method`.
pub(super) async fn method(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    choose(&app, &visitor, None).await
}

async fn choose(
    app: &App,
    visitor: &Visitor,
    refusal: Option<Refusal>,
) -> Result<Response, PageError> {
    let devices = usable(app, visitor.half()?.account).await?;
    let (status, error) = Refusal::parts(refusal);
    // The service takes neither answers nor codes of a blocked device.
    let values = context! { works => !approving(&devices).is_empty(), error };
    app.pages.refuse(status, "method.html", visitor, values)
}

/// `GET /sign-in/device`.
pub(super) async fn device(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let devices = usable(&app, visitor.half()?.account).await?;
    app.pages.show(
        "device.html",
        &visitor,
        context! { devices => listed(&approving(&devices)) },
    )
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    dev: Option<String>,
}

/// `POST /sign-in/app`.
pub(super) async fn app(
    State(app): State<Arc<App>>,
    posted: Posted<Chosen>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let session = visitor.half()?;
    let devices = usable(&app, session.account).await?;
    let Some(dev) = pick(&approving(&devices), form.dev.as_deref()) else {
        let to = match approving(&devices).is_empty() {
            true => "/sign-in/method",
            false => "/sign-in/device",
        };
        return Ok(Redirect::to(to).into_response());
    };
    let asked = Approval {
        purpose: Purpose::SignIn,
        dev,
        subject: None,
        payload: String::new(),
    };
    match prove::approval(&app, session, &headers, asked).await {
        Ok(response) => Ok(response),
        Err(not_done) => choose(&app, &visitor, Some(not_done.refusal()?)).await,
    }
}

/// `POST /sign-in/code`.
pub(super) async fn code(
    State(app): State<Arc<App>>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let Posted {
        visitor, headers, ..
    } = posted;
    let session = visitor.half()?;
    if approving(&usable(&app, session.account).await?).is_empty() {
        return Ok(Redirect::to("/sign-in/method").into_response());
    }
    // The password came first, so the code needs no PIN: the reference system's policy.
    let (purpose, unlock) = (Purpose::SignIn, Unlock::Nothing);
    let payload = String::new();
    let asking = issue::asking(&app, session, &headers).await?;
    let issued = flow::issue::code(&app, &asking, purpose, None, payload, unlock).await?;
    match prove::go(issued, Refusal::too_many) {
        Ok(response) => Ok(response),
        Err(not_done) => choose(&app, &visitor, Some(not_done.refusal()?)).await,
    }
}

/// `POST /sign-out`.
pub(super) async fn out(
    State(app): State<Arc<App>>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    if let Some(session) = &posted.visitor.session {
        app.store.end_session(session.hash, app.clock.now()).await?;
    }
    Ok(Redirect::to("/sign-in").into_response())
}
