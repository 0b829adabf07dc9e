//! A forgotten or blocked PIN: another device of the account approves, or, if the service is set
//! so, the device's own biometrics do; then the phone sets a new PIN.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{challenge::Purpose, id::DeviceId};
use minijinja::context;
use serde::Deserialize;

use super::{
    choice::{approving, may_grant, pick, subject, usable},
    device_list,
    error::{NotDone, PageError, Refusal},
    posted::Posted,
    prove::{self, Approval},
    told::Told,
    visitor::Visitor,
};
use crate::{app::App, base::hex::Hex, policy::changes::Change};

/// How long a new PIN is told of on the page after it, in seconds.
const JUST_NOW_SECONDS: u64 = 60;

#[derive(Deserialize)]
pub(super) struct Ask {
    dev: Hex<DeviceId>,
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
    match ask_grant(&app, &visitor, &headers, form).await {
        Ok(response) => Ok(response),
        Err(not_done) => device_list::show(&app, &visitor, Some(not_done.refusal()?)).await,
    }
}

async fn ask_grant(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    form: Ask,
) -> Result<Response, NotDone> {
    let session = visitor.signed_in()?;
    let Hex(dev) = form.dev;
    prove::needed(app, session.account, Change::Unblock).await?;
    let usable = usable(app, session.account).await?;
    if usable.iter().all(|device| device.dev != dev) {
        return Err(PageError::NotFound.into());
    }
    let mut others = approving(&usable);
    others.retain(|device| may_grant(app, device, dev));
    let with = pick(&others, form.with.as_deref());
    let asked = Approval {
        purpose: Purpose::Unblock,
        dev: with.ok_or(Refusal::conflict("devices_error_other"))?,
        subject: subject(app, session.account, dev).await?,
        payload: dev.to_string(),
    };
    prove::approval(app, session, headers, asked).await
}

/// The name of a device of this account, and whether it may set a new PIN now.
async fn granted(app: &App, visitor: &Visitor, dev: DeviceId) -> Result<(String, bool), PageError> {
    let account = visitor.signed_in()?.account;
    let subject = subject(app, account, dev).await?;
    let name = subject.ok_or(PageError::NotFound)?.text().to_owned();
    let life = app.store.life(dev, app.clock.now()).await?;
    Ok((name, life.granted.is_some()))
}

/// Whether a phone of this account has set its new PIN just now. A permission that has run out
/// leads to the same page without a word.
async fn was_set(app: &App, visitor: &Visitor) -> Result<bool, PageError> {
    let last = app.store.events(visitor.signed_in()?.account, 1).await?;
    let since = app.clock.now().saturating_sub(JUST_NOW_SECONDS);
    Ok(last
        .iter()
        .any(|event| event.what == "pin-set-anew" && event.at >= since))
}

/// `GET /account/devices/{dev}/pin`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Hex(dev): Hex<DeviceId>,
) -> Result<Response, PageError> {
    let (name, granted) = granted(&app, &visitor, dev).await?;
    if !granted {
        return match was_set(&app, &visitor).await? {
            true => Ok(Told::PinSet.at("/account/devices", visitor.secure)),
            false => Ok(Redirect::to("/account/devices").into_response()),
        };
    }
    let until = app.store.grant_until(dev).await?;
    let left = until.map(|until| until.saturating_sub(app.clock.now()));
    let values = context! { dev => dev.to_string(), name, until, left };
    app.pages.show("new_pin.html", &visitor, values)
}

/// `GET /account/devices/{dev}/pin/state`.
pub(super) async fn state(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Hex(dev): Hex<DeviceId>,
) -> Result<Response, PageError> {
    let (_, granted) = granted(&app, &visitor, dev).await?;
    let until = app.store.grant_until(dev).await?;
    Ok(match until.filter(|_| granted) {
        Some(until) => {
            let left = until.saturating_sub(app.clock.now());
            Json(serde_json::json!({ "state": "open", "left": left })).into_response()
        }
        None => Json(serde_json::json!({ "state": "done" })).into_response(),
    })
}
