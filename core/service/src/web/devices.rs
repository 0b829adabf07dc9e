//! The account's devices: list, add, rename, remove.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use countersign_protocol::{
    challenge::{Purpose, Subject},
    enrolment::Way,
    field::is_displayable,
    id::DeviceId,
};
use serde::Deserialize;

use super::{
    choice::{self, approving, pick, removing, usable},
    device_list::show,
    error::{NotDone, PageError, Refusal},
    new_device::{self, NewDevice},
    posted::Posted,
    prove::{self, Approval, Wanted},
    told::Told,
    visitor::{Visitor, account_of},
};
use crate::{
    app::App,
    base::hex::Hex,
    edge::Source,
    password::Password,
    policy::changes::{Change, Proof, Refused},
    store::Begin,
};

/// `GET /account/devices`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    show(&app, &visitor, None).await
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
    match begin(&app, &visitor, source, &headers, form).await {
        Ok(response) => Ok(response),
        Err(not_done) => show(&app, &visitor, Some(not_done.refusal()?)).await,
    }
}

async fn begin(
    app: &App,
    visitor: &Visitor,
    source: Source,
    headers: &HeaderMap,
    form: Add,
) -> Result<Response, NotDone> {
    let session = visitor.signed_in()?;
    let name = name(&form.name).ok_or(Refusal::form("devices_error_name"))?;
    let way = match form.pin.as_deref() {
        Some("browser") => Way::PinInBrowser,
        _ => Way::PinOnPhone,
    };
    let new = NewDevice { name, way };
    match prove::needed(app, session.account, Change::Add).await? {
        Proof::Approval(_) => {
            let asked = Approval {
                purpose: Purpose::AddDevice,
                dev: choice::approver(app, session.account, form.with.as_deref()).await?,
                payload: new.to_payload(),
                subject: Some(Subject::Factor(new.name)),
            };
            prove::approval(app, session, headers, asked).await
        }
        proof @ Proof::Recovered if session.proves(proof, app.clock.now()) => {
            Ok(new_device::begin(app, visitor, new, Begin::Recovered, None).await?)
        }
        Proof::PasswordAndLink => {
            let account = account_of(app, session).await?;
            let wanted = Wanted::Device(new.to_payload());
            let typed = form.password;
            prove::password_and_link(app, visitor, source, &account, typed, &wanted).await
        }
        _ => Err(Refused::Guarded.into()),
    }
}

/// A device's name: trimmed, 1 to 40 bytes, nothing invisible.
fn name(text: &str) -> Option<String> {
    let text = text.trim();
    ((1..=40).contains(&text.len()) && is_displayable(text)).then(|| text.to_owned())
}

#[derive(Deserialize)]
pub(super) struct Rename {
    dev: Hex<DeviceId>,
    name: String,
}

/// `POST /account/devices/rename`.
pub(super) async fn rename(
    State(app): State<Arc<App>>,
    posted: Posted<Rename>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let account = visitor.signed_in()?.account;
    let Some(name) = name(&form.name) else {
        return show(&app, &visitor, Some(Refusal::form("devices_error_rename"))).await;
    };
    let renamed = app
        .store
        .rename_device(account, form.dev.0, name, app.clock.now());
    match renamed.await? {
        Ok(true) => Ok(Told::DeviceRenamed.at("/account/devices", visitor.secure)),
        Ok(false) => Err(PageError::NotFound),
        Err(refused) => show(&app, &visitor, Some(refused.into())).await,
    }
}

#[derive(Deserialize)]
pub(super) struct Remove {
    dev: Hex<DeviceId>,
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
    match ask_removal(&app, &visitor, &headers, form).await {
        Ok(response) => Ok(response),
        Err(not_done) => show(&app, &visitor, Some(not_done.refusal()?)).await,
    }
}

async fn ask_removal(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    form: Remove,
) -> Result<Response, NotDone> {
    let session = visitor.signed_in()?;
    let Hex(dev) = form.dev;
    prove::needed(app, session.account, Change::Remove).await?;
    let subject = choice::subject(app, session.account, dev).await?;
    let subject = subject.ok_or(PageError::NotFound)?;
    let devices = usable(app, session.account).await?;
    let with = pick(&removing(&approving(&devices), dev), form.with.as_deref());
    let asked = Approval {
        purpose: Purpose::Remove,
        dev: with.ok_or(Refusal::conflict("devices_error_with"))?,
        subject: Some(subject),
        payload: dev.to_string(),
    };
    prove::approval(app, session, headers, asked).await
}
