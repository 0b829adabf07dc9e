//! Signing in: e-mail, password, then a factor that this account has.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{
    challenge::{Purpose, Unlock},
    id::{AccountId, DeviceId},
};
use minijinja::{Value, context};
use serde::Deserialize;

use super::{
    PageError, issue,
    passwords::{Checked, check},
    visitor::{Posted, Visitor, is_known},
};
use crate::{
    app::App,
    base::{
        email::{Email, NotAnEmail},
        hex,
    },
    edge::Source,
    password::Password,
    store::{Device, DeviceState, Share},
};

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
    match Email::parse(&form.email) {
        Ok(email) => {
            let values = context! { email => email.as_str() };
            app.pages.show("password.html", &visitor, values)
        }
        Err(NotAnEmail) => no_email(&app, &visitor, &form.email),
    }
}

fn no_email(app: &App, visitor: &Visitor, typed: &str) -> Result<Response, PageError> {
    let values = context! { email => typed, error => "error_email" };
    app.pages
        .refuse(StatusCode::BAD_REQUEST, "sign_in.html", visitor, values)
}

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
    let Ok(email) = Email::parse(&form.email) else {
        return no_email(&app, &visitor, &form.email);
    };
    let share = match app.store().account_by_email(&email).await? {
        Some(account) if is_known(&app, &headers, account.acc).await? => Share::Known,
        _ => Share::Unknown,
    };
    let (status, error) = match check(&app, source, share, &email, form.password).await? {
        Checked::Right(account) => return visitor.enter(&app, account.acc).await,
        Checked::Wrong => (StatusCode::UNAUTHORIZED, "sign_in_error"),
        Checked::Closed => (StatusCode::TOO_MANY_REQUESTS, "sign_in_error_closed"),
    };
    let closed = matches!(status, StatusCode::TOO_MANY_REQUESTS);
    let values = context! { email => email.as_str(), error, closed };
    app.pages.refuse(status, "password.html", &visitor, values)
}

/// The account's devices that can be used, as templates show them.
pub(super) async fn usable(app: &App, account: AccountId) -> Result<Vec<Device>, PageError> {
    let mut devices = app.store().devices(account).await?;
    devices.retain(|device| device.state == DeviceState::Active);
    Ok(devices)
}

/// Those that can approve: not blocked.
pub(super) fn approving(devices: &[Device]) -> Vec<&Device> {
    devices
        .iter()
        .filter(|device| !device.is_blocked())
        .collect()
}

/// Devices as a template's list.
pub(super) fn listed(devices: &[&Device]) -> Vec<Value> {
    devices
        .iter()
        .map(|device| context! { dev => hex::encode(&device.dev.0), name => device.name, model => device.model })
        .collect()
}

/// `GET /sign-in/method`.
pub(super) async fn method(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    choose(&app, &visitor, StatusCode::OK, None).await
}

async fn choose(
    app: &App,
    visitor: &Visitor,
    status: StatusCode,
    error: Option<&str>,
) -> Result<Response, PageError> {
    let devices = usable(app, visitor.half()?.account).await?;
    // Neither answers nor codes of a blocked device are taken.
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
        return Ok(Redirect::to(if approving(&devices).is_empty() {
            "/sign-in/method"
        } else {
            "/sign-in/device"
        })
        .into_response());
    };
    match issue::approval(
        &app,
        session,
        &headers,
        Purpose::SignIn,
        dev,
        None,
        String::new(),
    )
    .await?
    {
        Ok(id) => Ok(issue::to(id)),
        Err(error) => choose(&app, &visitor, StatusCode::CONFLICT, Some(error)).await,
    }
}

/// The device that was chosen, or the only one.
pub(super) fn pick(devices: &[&Device], chosen: Option<&str>) -> Option<DeviceId> {
    let chosen = chosen
        .filter(|chosen| !chosen.is_empty())
        .map(hex::decode::<8>);
    match (chosen, devices) {
        (None, [only]) => Some(only.dev),
        (Some(Some(dev)), _) => devices
            .iter()
            .map(|device| device.dev)
            .find(|known| known.0 == dev),
        _ => None,
    }
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

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
    // The password came first, so the code asks no PIN: the reference system's policy.
    match issue::code(
        &app,
        session,
        &headers,
        Purpose::SignIn,
        None,
        String::new(),
        Unlock::Nothing,
    )
    .await?
    {
        Ok(id) => Ok(issue::to(id)),
        Err(error) => choose(&app, &visitor, StatusCode::TOO_MANY_REQUESTS, Some(error)).await,
    }
}

/// `POST /sign-out`.
pub(super) async fn out(
    State(app): State<Arc<App>>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    if let Some(session) = &posted.visitor.session {
        app.store().end_session(session.hash, app.now()).await?;
    }
    Ok(Redirect::to("/sign-in").into_response())
}
