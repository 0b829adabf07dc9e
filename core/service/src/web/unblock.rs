//! A forgotten or blocked PIN: another device of the account approves, or where the service is set so this one's own biometrics do, and the
//! phone sets it anew.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{challenge::Purpose, id::DeviceId};
use minijinja::context;
use serde::Deserialize;

use super::{
    PageError, devices, issue,
    sign_in::{approving, pick, usable},
    visitor::{Posted, Visitor},
};
use crate::{
    app::App,
    base::hex,
    policy::changes::{Change, needs},
    store::Device,
};

#[derive(Deserialize)]
pub(super) struct Ask {
    dev: String,
    with: Option<String>,
}

/// `POST /account/devices/unblock`.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    posted: Posted<Ask>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let session = visitor.signed_in()?;
    let dev = hex::decode(&form.dev)
        .map(DeviceId)
        .ok_or(PageError::BadForm)?;
    let facts = app.store().facts(session.account, app.now()).await?;
    if let Err(refused) = needs(Change::Unblock, &facts) {
        return devices::refuse(&app, &visitor, refused).await;
    }
    let usable = usable(&app, session.account).await?;
    if usable.iter().all(|device| device.dev != dev) {
        return Err(PageError::NotFound);
    }
    let mut others = approving(&usable);
    others.retain(|device| may_grant(&app, device, dev));
    let refuse = |error| devices::show(&app, &visitor, StatusCode::CONFLICT, Some(error));
    let Some(with) = pick(&others, form.with.as_deref()) else {
        return refuse("devices_error_other").await;
    };
    let subject = devices::subject(&app, session.account, dev).await?;
    match issue::approval(
        &app,
        session,
        &headers,
        Purpose::Unblock,
        with,
        subject,
        hex::encode(&dev.0),
    )
    .await?
    {
        Ok(id) => Ok(issue::to(id)),
        Err(error) => refuse(error).await,
    }
}

/// May an approval of this device grant a new PIN to `subject`?
pub(super) fn may_grant(app: &App, device: &Device, subject: DeviceId) -> bool {
    device.dev != subject || (app.own_biometrics && device.bio_key.is_some())
}

/// The page of a device that may set its PIN anew.
pub(super) fn to(dev: &str) -> Response {
    Redirect::to(&format!("/account/devices/{dev}/pin")).into_response()
}

/// The name of a device of this account, and whether it may set its PIN anew now.
async fn granted(app: &App, visitor: &Visitor, dev: &str) -> Result<(String, bool), PageError> {
    let account = visitor.signed_in()?.account;
    let dev = hex::decode(dev).map(DeviceId).ok_or(PageError::NotFound)?;
    let subject = devices::subject(app, account, dev).await?;
    let name = subject.ok_or(PageError::NotFound)?.text().to_owned();
    let life = app.store().life(dev, app.now()).await?;
    Ok((name, life.granted.is_some()))
}

/// `GET /account/devices/{dev}/pin`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(dev): Path<String>,
) -> Result<Response, PageError> {
    let (name, granted) = granted(&app, &visitor, &dev).await?;
    if !granted {
        return Ok(Redirect::to("/account/devices").into_response());
    }
    app.pages
        .show("new_pin.html", &visitor, context! { dev, name })
}

/// `GET /account/devices/{dev}/pin/state`.
pub(super) async fn state(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(dev): Path<String>,
) -> Result<Response, PageError> {
    let (_, granted) = granted(&app, &visitor, &dev).await?;
    let state = if granted { "open" } else { "done" };
    Ok(Json(serde_json::json!({ "state": state })).into_response())
}
