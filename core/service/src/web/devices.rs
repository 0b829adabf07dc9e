//! The account's devices: list, add, remove.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
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
    PageError, confirm, enrolment, issue,
    passwords::{Checked, check},
    sign_in::{approving, listed, pick, usable},
    unblock,
    visitor::{Posted, Visitor},
};
use crate::{
    app::App,
    base::hex,
    edge::Source,
    password::Password,
    policy::{
        self,
        changes::{Change, Proof, Refused, needs, session_proves},
    },
    store::{Begin, DeviceState, Share},
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
    let removed = removed.iter().any(|event| {
        matches!(
            event.what.as_str(),
            "device-removed" | "last-device-removed"
        ) && event.at + 60 > app.now()
    });
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
    let facts = app.store().facts(account, app.now()).await?;
    let password = needs(Change::Add, &facts) == Ok(Proof::PasswordAndLink);
    let values = context! { password, devices, approving => listed(&usable), full, error, removed, recovery, hours => app.recovery_hours };
    app.pages.refuse(status, "devices.html", visitor, values)
}

#[derive(Deserialize)]
pub(super) struct Add {
    name: String,
    pin: Option<String>,
    with: Option<String>,
    password: Option<Password>,
}

/// `POST /account/devices/add`.
pub(super) async fn add(
    State(app): State<Arc<App>>,
    source: Source,
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
    let facts = app.store().facts(session.account, app.now()).await?;
    let with = form.with.as_deref();
    match needs(Change::Add, &facts) {
        Ok(Proof::Approval(_)) => {
            let devices = usable(&app, session.account).await?;
            let with = pick(&approving(&devices), with);
            let payload = wanted.to_payload();
            ask(
                &app,
                &visitor,
                &headers,
                Purpose::AddDevice,
                with,
                Some(Subject::Factor(wanted.name)),
                payload,
            )
            .await
        }
        Ok(proof @ Proof::Recovered) if session_proves(proof, session, app.now()) => {
            enrolment::begin(&app, &visitor, wanted, Begin::Recovered, None).await
        }
        Ok(Proof::PasswordAndLink) => {
            let account = app.store().account(session.account).await?;
            let account = account.ok_or(PageError::SignInFirst)?;
            let password = form.password.unwrap_or_else(Password::none);
            let refuse = |status, error| show(&app, &visitor, status, Some(error));
            match check(&app, source, Share::Known, &account.email, password).await? {
                Checked::Right(_) => {
                    let wanted = confirm::Wanted::Device(wanted.to_payload());
                    confirm::ask(&app, &visitor, &account, &wanted).await
                }
                Checked::Wrong => refuse(StatusCode::UNAUTHORIZED, "password_error_old").await,
                Checked::Closed => {
                    refuse(StatusCode::TOO_MANY_REQUESTS, "password_error_closed").await
                }
            }
        }
        Ok(_) => refuse(&app, &visitor, Refused::Guarded).await,
        Err(refused) => refuse(&app, &visitor, refused).await,
    }
}

/// Asks the device `with` for an approval of a change, and goes to the page that waits for it.
async fn ask(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    purpose: Purpose,
    with: Option<DeviceId>,
    subject: Option<Subject>,
    payload: String,
) -> Result<Response, PageError> {
    let conflict = StatusCode::CONFLICT;
    let Some(with) = with else {
        return show(app, visitor, conflict, Some("devices_error_with")).await;
    };
    let session = visitor.signed_in()?;
    match issue::approval(app, session, headers, purpose, with, subject, payload).await? {
        Ok(id) => Ok(issue::to(id)),
        Err(error) => show(app, visitor, conflict, Some(error)).await,
    }
}

/// The list, with why the policy refuses a change.
pub(super) async fn refuse(
    app: &App,
    visitor: &Visitor,
    refused: Refused,
) -> Result<Response, PageError> {
    show(app, visitor, StatusCode::CONFLICT, Some(refused.text())).await
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
    match app
        .store()
        .rename_device(account, dev, name, app.now())
        .await?
    {
        Ok(true) => Ok(Redirect::to("/account/devices").into_response()),
        Ok(false) => Err(PageError::NotFound),
        Err(refused) => refuse(&app, &visitor, refused).await,
    }
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
    let facts = app.store().facts(session.account, app.now()).await?;
    if let Err(refused) = needs(Change::Remove, &facts) {
        return refuse(&app, &visitor, refused).await;
    }
    let subject = subject(&app, session.account, dev)
        .await?
        .ok_or(PageError::NotFound)?;
    let devices = usable(&app, session.account).await?;
    let approving = approving(&devices);
    let with = form.with.as_deref().filter(|with| !with.is_empty());
    // The device itself may confirm its own removal, when it still can.
    let itself = approving.iter().any(|device| device.dev == dev);
    let with = match with {
        None if itself => Some(dev),
        with => pick(&approving, with),
    };
    let payload = hex::encode(&dev.0);
    ask(
        &app,
        &visitor,
        &headers,
        Purpose::Remove,
        with,
        Some(subject),
        payload,
    )
    .await
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
