//! The PIN chosen in the browser (PROTOCOL.md, section 10, way 1). The page's script asks the
//! service for the things below; the service never sees S or the PIN.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use countersign_protocol::{enrolment::Way, id::EnrolmentId, link::qr_text};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    error::PageError,
    new_device::{self, NewDevice},
    posted::{Nothing, Posted},
};
use crate::{
    app::App,
    base::hex::{self, Hex},
    flow::claim,
    store::{Begin, EnrolmentState},
};

#[derive(Deserialize)]
pub(super) struct Verifier {
    v: String,
}

/// `POST /account/enrolments/{id}/pin`: takes V, and gives the code that the page's script draws
/// with S after it.
pub(super) async fn verifier(
    State(app): State<Arc<App>>,
    Hex(id): Hex<EnrolmentId>,
    posted: Posted<Verifier>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let session = visitor.signed_in()?.hash;
    let v = hex::decode::<32>(&form.v)
        .map(Zeroizing::new)
        .ok_or(PageError::BadForm)?;
    let enrolment = new_device::own(&app, &visitor, id)
        .await?
        .ok_or(PageError::NotFound)?;
    let sealed = app
        .root
        .sealing
        .seal(claim::pin_check(enrolment.dev), v.as_slice())?;
    let taken = app
        .store
        .set_pin_check(enrolment.id, session, sealed, app.clock.now())
        .await?;
    if !taken {
        return Err(PageError::NotFound);
    }
    let code = qr_text(&app.origin, &enrolment.message);
    Ok(Json(serde_json::json!({ "code": code })).into_response())
}

/// `POST /account/enrolments/{id}/phone`: the same device, with the PIN chosen on the phone. The
/// new enrolment ends when the old one would have ended.
pub(super) async fn on_phone(
    State(app): State<Arc<App>>,
    Hex(id): Hex<EnrolmentId>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let enrolment = new_device::own(&app, &visitor, id)
        .await?
        .filter(|enrolment| {
            enrolment.state == EnrolmentState::Open && enrolment.way == Way::PinInBrowser
        })
        .ok_or(PageError::NotFound)?;
    let new = NewDevice {
        name: enrolment.name,
        way: Way::PinOnPhone,
    };
    let on = Begin::InPlaceOf(enrolment.id);
    new_device::begin(&app, &visitor, new, on, Some(enrolment.expires_at)).await
}
