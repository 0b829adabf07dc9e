//! The account's devices: list, add, remove.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{
    challenge::{Purpose, Subject},
    enrolment::Way,
    field::is_displayable,
    id::{AccountId, DeviceId},
};
use minijinja::context;
use serde::Deserialize;

use super::{
    PageError, enrolment, issue,
    sign_in::{approving, listed, pick, usable},
    unblock,
    visitor::{Posted, Visitor},
};
use crate::{
    app::App,
    hex, policy,
    store::{DeviceState, Strength},
};

/// `GET /account/devices`.
pub(super) async fn page(
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
    let account = visitor.signed_in()?.account;
    let all = app.store().devices(account).await?;
    let recovery = app.store().standing(account).await?.recovery.is_some();
    // Whoever comes from a removal reads what it means; a minute later it is in the history alone.
    let removed = app.store().events(account, 1).await?;
    let removed = removed
        .iter()
        .any(|event| event.what == "device-removed" && event.at + 60 > app.now());
    let usable: Vec<_> = all
        .iter()
        .filter(|device| device.state == DeviceState::Active && !device.is_blocked())
        .collect();
    let devices: Vec<_> = all
        .iter()
        .map(|device| {
            let state = if device.state == DeviceState::Active && device.is_blocked() { "blocked" } else { device.state.name() };
            let others: Vec<_> = usable
                .iter()
                .copied()
                .filter(|other| unblock::may_grant(app, other, device.dev))
                .collect();
            context! {
                others => listed(&others),
                dev => hex::encode(&device.dev.0), name => device.name, model => device.model, platform => device.platform,
                created_at => device.created_at, used_at => device.used_at, state,
            }
        })
        .collect();
    let full = all.len() >= usize::try_from(policy::DEVICES).unwrap_or(usize::MAX);
    let values = context! { devices, approving => listed(&usable), full, error, removed, recovery };
    app.pages.refuse(status, "devices.html", visitor, values)
}

#[derive(Deserialize)]
pub(super) struct Add {
    name: String,
    pin: Option<String>,
    with: Option<String>,
}

/// `POST /account/devices/add`.
pub(super) async fn add(
    State(app): State<Arc<App>>,
    posted: Posted<Add>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let session = visitor.signed_in()?;
    let Some(name) = name(&form.name) else {
        return show(
            &app,
            &visitor,
            StatusCode::BAD_REQUEST,
            Some("devices_error_name"),
        )
        .await;
    };
    let wanted = enrolment::Wanted {
        name,
        way: match form.pin.as_deref() {
            Some("browser") => Way::PinInBrowser,
            _ => Way::PinOnPhone,
        },
    };
    let all = app.store().devices(session.account).await?;
    if all.is_empty() {
        return enrolment::begin(&app, &visitor, wanted, None).await;
    }
    // The strongest factor that the account has is asked first: an approval with PIN.
    let devices = usable(&app, session.account).await?;
    let Some(with) = pick(&approving(&devices), form.with.as_deref()) else {
        return show(
            &app,
            &visitor,
            StatusCode::CONFLICT,
            Some("devices_error_with"),
        )
        .await;
    };
    match issue::approval(
        &app,
        session,
        &headers,
        Purpose::AddDevice,
        with,
        Some(Subject::Factor(wanted.name.clone())),
        wanted.to_payload(),
    )
    .await?
    {
        Ok(id) => Ok(issue::to(id)),
        Err(error) => show(&app, &visitor, StatusCode::CONFLICT, Some(error)).await,
    }
}

/// A device's name: trimmed, 1 to 40 bytes, nothing invisible.
fn name(text: &str) -> Option<String> {
    let text = text.trim();
    ((1..=40).contains(&text.len()) && is_displayable(text)).then(|| text.to_owned())
}

#[derive(Deserialize)]
pub(super) struct Rename {
    dev: String,
    name: String,
}

/// `POST /account/devices/rename`.
pub(super) async fn rename(
    State(app): State<Arc<App>>,
    posted: Posted<Rename>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let account = visitor.signed_in()?.account;
    let dev = hex::decode(&form.dev)
        .map(DeviceId)
        .ok_or(PageError::BadForm)?;
    let Some(name) = name(&form.name) else {
        return show(
            &app,
            &visitor,
            StatusCode::BAD_REQUEST,
            Some("devices_error_name"),
        )
        .await;
    };
    if !app
        .store()
        .rename_device(account, dev, name, app.now())
        .await?
    {
        return Err(PageError::NotFound);
    }
    Ok(Redirect::to("/account/devices").into_response())
}

#[derive(Deserialize)]
pub(super) struct Remove {
    dev: String,
    with: Option<String>,
}

/// `POST /account/devices/remove`.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    posted: Posted<Remove>,
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
    let devices = usable(&app, session.account).await?;
    let approving = approving(&devices);
    if approving.is_empty() {
        // No device can approve any more. Who signed in with its PIN in this session may still remove them; who came by a code without
        // PIN may not: anybody who holds the phone can make that code, and can block the phone by typing wrong PINs.
        if session.strength < Strength::AppPin {
            return show(
                &app,
                &visitor,
                StatusCode::CONFLICT,
                Some("devices_error_strength"),
            )
            .await;
        }
        if !app
            .store()
            .remove_device(session.account, dev, session.hash, app.now())
            .await?
        {
            return show(
                &app,
                &visitor,
                StatusCode::CONFLICT,
                Some("devices_error_remove"),
            )
            .await;
        }
        app.waiting.wake(dev);
        return Ok(Redirect::to("/account/devices").into_response());
    }
    let with = form.with.as_deref().filter(|with| !with.is_empty());
    // The device itself may confirm its own removal, when it still can.
    let itself = approving.iter().any(|device| device.dev == dev);
    let with = match with {
        None if itself => Some(dev),
        with => pick(&approving, with),
    };
    let Some(with) = with else {
        return show(
            &app,
            &visitor,
            StatusCode::CONFLICT,
            Some("devices_error_with"),
        )
        .await;
    };
    let subject = subject(&app, session.account, dev).await?;
    if subject.is_none() {
        return Err(PageError::NotFound);
    }
    match issue::approval(
        &app,
        session,
        &headers,
        Purpose::Remove,
        with,
        subject,
        hex::encode(&dev.0),
    )
    .await?
    {
        Ok(id) => Ok(issue::to(id)),
        Err(error) => show(&app, &visitor, StatusCode::CONFLICT, Some(error)).await,
    }
}

/// A device of the account as the phone that is asked about it shows it.
pub(super) async fn subject(
    app: &App,
    account: AccountId,
    dev: DeviceId,
) -> Result<Option<Subject>, PageError> {
    let device = app.store().device(dev).await?;
    Ok(device
        .filter(|device| device.account == account && device.state != DeviceState::Pending)
        .map(|device| Subject::Device {
            dev,
            name: device.name,
        }))
}
