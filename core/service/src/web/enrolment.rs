//! Adding a device: the QR code, the phone's model with the six digits, the end.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use countersign_protocol::{
    enrolment::Way,
    id::EnrolmentId,
    link::{link_text, qr_text},
};
use minijinja::context;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::{
    error::{PageError, Refusal},
    new_device::{own, to},
    posted::Posted,
    qr,
    told::Told,
    visitor::Visitor,
};
use crate::{
    app::App,
    base::hex::Hex,
    keys::seal::Place,
    policy,
    store::{Enrolment, EnrolmentState},
};

/// `GET /account/enrolments/{id}`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Hex(id): Hex<EnrolmentId>,
) -> Result<Response, PageError> {
    let enrolment = own(&app, &visitor, id).await?;
    show(&app, &visitor, enrolment, None).await
}

async fn show(
    app: &App,
    visitor: &Visitor,
    enrolment: Option<Enrolment>,
    refusal: Option<Refusal>,
) -> Result<Response, PageError> {
    let Some(enrolment) = enrolment else {
        let values = context! { state => EnrolmentState::Void.name() };
        let status = StatusCode::NOT_FOUND;
        return app.pages.refuse(status, "enrolment.html", visitor, values);
    };
    let (status, error) = Refusal::parts(refusal);
    let id = enrolment.id.to_string();
    let state = enrolment.state.name();
    let until = enrolment.expires_at;
    let left = until.saturating_sub(app.clock.now());
    let values = match enrolment.state {
        EnrolmentState::Done => return Ok(Told::DeviceAdded.at("/account/devices", visitor.secure)),
        EnrolmentState::Open if enrolment.way == Way::PinInBrowser => {
            context! { id, state, error, name => enrolment.name, browser => true, left, until }
        }
        EnrolmentState::Open => context! {
            id, state, error, name => enrolment.name, left, until,
            qr => qr::svg(&qr_text(&app.origin, &enrolment.message), &app.pages, visitor.lang)?,
            link => link_text(&app.origin, &enrolment.message),
        },
        EnrolmentState::Claimed | EnrolmentState::Confirmed => {
            let device = app.store.device(enrolment.dev).await?;
            let (model, platform) = device
                .map(|device| (device.model, device.platform))
                .unwrap_or_default();
            let tries = policy::ENROLMENT_TRIES.saturating_sub(enrolment.code_tries);
            context! { id, state, error, name => enrolment.name, model, platform, tries, left, until }
        }
        EnrolmentState::Void => context! { id, state, error },
    };
    app.pages.refuse(status, "enrolment.html", visitor, values)
}

/// `GET /account/enrolments/{id}/state`.
pub(super) async fn state(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Hex(id): Hex<EnrolmentId>,
) -> Result<Response, PageError> {
    let state = own(&app, &visitor, id)
        .await?
        .map_or(EnrolmentState::Void, |enrolment| enrolment.state);
    Ok(Json(serde_json::json!({ "state": state.name() })).into_response())
}

/// `GET /account/enrolments/{id}/code.png`.
pub(super) async fn png(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Hex(id): Hex<EnrolmentId>,
) -> Result<Response, PageError> {
    qr::png(&qr_text(
        &app.origin,
        &scannable(&app, &visitor, id).await?.message,
    ))
}

/// `GET /account/enrolments/{id}/link`.
pub(super) async fn link(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Hex(id): Hex<EnrolmentId>,
) -> Result<Response, PageError> {
    Ok(link_text(&app.origin, &scannable(&app, &visitor, id).await?.message).into_response())
}

async fn scannable(app: &App, visitor: &Visitor, id: EnrolmentId) -> Result<Enrolment, PageError> {
    let enrolment = own(app, visitor, id).await?;
    enrolment
        // With the PIN in the browser the code is whole in the page only: S is not here.
        .filter(|enrolment| {
            enrolment.state == EnrolmentState::Open && enrolment.way == Way::PinOnPhone
        })
        .ok_or(PageError::NotFound)
}

#[derive(Deserialize)]
pub(super) struct Code {
    code: String,
}

/// `POST /account/enrolments/{id}/code`. A try is counted before the digits are compared.
pub(super) async fn code(
    State(app): State<Arc<App>>,
    Hex(id): Hex<EnrolmentId>,
    posted: Posted<Code>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let Some(enrolment) = own(&app, &visitor, id).await? else {
        return show(&app, &visitor, None, None).await;
    };
    let typed: String = form
        .code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    if typed.len() != 6 || !typed.bytes().all(|byte| byte.is_ascii_digit()) {
        let refusal = Refusal::form("enrolment_error_form");
        return show(&app, &visitor, Some(enrolment), Some(refusal)).await;
    }
    let session = visitor.signed_in()?.hash;
    let taken = app.store.spend_enrolment_try(id, session, app.clock.now());
    let Some(taken) = taken.await? else {
        return Ok(to(id));
    };
    let place = Place {
        owner: taken.dev.0,
        field: "enrolment-code",
        epoch: 1,
    };
    let code = app.root.sealing.open(place, &taken.code)?;
    let right = bool::from(code.ct_eq(typed.as_bytes()));
    app.store
        .finish_enrolment_try(id, right, app.clock.now())
        .await?;
    app.waiting.wake(taken.dev);
    if right || taken.left == 0 {
        return Ok(to(id));
    }
    let enrolment = own(&app, &visitor, id).await?;
    let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "enrolment_error_wrong");
    show(&app, &visitor, enrolment, Some(refusal)).await
}
