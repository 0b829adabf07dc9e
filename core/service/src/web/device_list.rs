//! The page with the list of the account's devices. It also shows why a change of them is refused.

use axum::response::{IntoResponse, Redirect, Response};
use minijinja::{Value, context};

use super::{
    choice::{approving, listed, may_grant, removing},
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

/// The list.
pub(super) async fn show(
    app: &App,
    visitor: &Visitor,
    refusal: Option<Refusal>,
) -> Result<Response, PageError> {
    let session = visitor.signed_in()?;
    let all = app.store.devices(session.account).await?;
    let able = approving(&all);
    let devices: Vec<_> = all.iter().map(|device| row(app, device, &able)).collect();
    let facts = app.store.facts(session.account, app.clock.now()).await?;
    let add = needs(Change::Add, &facts);
    let proved = add.is_ok_and(|proof| session.proves(proof, app.clock.now()));
    let (status, error) = Refusal::parts(refusal);
    let values = context! {
        devices, approving => listed(&able), error, recovery => facts.recovering,
        full => all.len() >= usize::try_from(policy::DEVICES).unwrap_or(usize::MAX),
        password => add == Ok(Proof::PasswordAndLink),
        // Nothing can be confirmed, or nothing may be added: a recovery is the way out.
        lost => add == Err(Refused::NoneAble) || add == Ok(Proof::Recovered) && !proved,
        hours => app.recovery_hours,
    };
    app.pages.refuse(status, "devices.html", visitor, values)
}

/// A device in the list, with those of `able` that can grant it a new PIN, and those that can
/// confirm its removal.
fn row(app: &App, device: &Device, able: &[&Device]) -> Value {
    let blocked = device.state == DeviceState::Active && device.is_blocked();
    let state = match blocked {
        true => "blocked",
        false => device.state.name(),
    };
    let granting = able.iter().copied();
    let granting: Vec<_> = granting
        .filter(|other| may_grant(app, other, device.dev))
        .collect();
    context! {
        granting => listed(&granting), removing => listed(&removing(able, device.dev)),
        dev => device.dev.to_string(), name => device.name, model => device.model,
        platform => device.platform, created_at => device.created_at, used_at => device.used_at, state,
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
