//! The page with the list of the account's devices. It also shows why a change of them is refused.

use axum::response::{IntoResponse, Redirect, Response};
use minijinja::{Value, context};

use super::{
    choice::{listed, may_grant},
    error::{PageError, Refusal},
    visitor::Visitor,
};
use crate::{
    app::App,
    policy::{
        self,
        changes::{Change, Proof, Refused, needs},
    },
    store::{Device, DeviceState},
};

/// How long the page says that a device was removed, in seconds. After that only the history does.
const REMOVED_SHOWN_SECONDS: u64 = 60;

/// The list.
pub(super) async fn show(
    app: &App,
    visitor: &Visitor,
    refusal: Option<Refusal>,
) -> Result<Response, PageError> {
    let account = visitor.signed_in()?.account;
    let all = app.store.devices(account).await?;
    let recovery = app.store.standing(account).await?.recovery.is_some();
    let last = app.store.events(account, 1).await?;
    let removed = last.iter().any(|event| {
        matches!(
            event.what.as_str(),
            "device-removed" | "last-device-removed"
        ) && event.at + REMOVED_SHOWN_SECONDS > app.clock.now()
    });
    let able: Vec<_> = all
        .iter()
        .filter(|device| device.state == DeviceState::Active && !device.is_blocked())
        .collect();
    let devices: Vec<_> = all.iter().map(|device| row(app, device, &able)).collect();
    let full = all.len() >= usize::try_from(policy::DEVICES).unwrap_or(usize::MAX);
    let facts = app.store.facts(account, app.clock.now()).await?;
    let password = needs(Change::Add, &facts) == Ok(Proof::PasswordAndLink);
    let (status, error) = Refusal::parts(refusal);
    let values = context! {
        password, devices, approving => listed(&able), full, error, removed, recovery,
        hours => app.recovery_hours,
    };
    app.pages.refuse(status, "devices.html", visitor, values)
}

/// A device in the list, with those of `able` that can grant it a new PIN.
fn row(app: &App, device: &Device, able: &[&Device]) -> Value {
    let blocked = device.state == DeviceState::Active && device.is_blocked();
    let state = match blocked {
        true => "blocked",
        false => device.state.name(),
    };
    let others: Vec<_> = able
        .iter()
        .copied()
        .filter(|other| may_grant(app, other, device.dev))
        .collect();
    context! {
        others => listed(&others), dev => device.dev.to_string(), name => device.name,
        model => device.model, platform => device.platform, created_at => device.created_at,
        used_at => device.used_at, state,
    }
}

/// The list, with why the policy refuses a change.
pub(super) async fn refuse(
    app: &App,
    visitor: &Visitor,
    refused: Refused,
) -> Result<Response, PageError> {
    show(app, visitor, Some(refused.into())).await
}

/// Goes to the page of a device that may set a new PIN.
pub(super) fn to_new_pin(dev: &str) -> Response {
    Redirect::to(&format!("/account/devices/{dev}/pin")).into_response()
}
