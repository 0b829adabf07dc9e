//! The PIN chosen in the browser (PROTOCOL.md, section 10, way 1). The page's script asks the
//! service for the things below; the service never sees S or the PIN.

use std::sync::{Arc, LazyLock};

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use countersign_protocol::{
    enrolment::Way,
    id::EnrolmentId,
    link::qr_text,
    pin::{Guessable, Pin, guessable},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    error::PageError,
    new_device::{self, NewDevice},
    visitor::{Nothing, Posted},
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

/// `GET /static/guessable-pins.json`: the PINs that the page refuses, by reason:
/// `[["equal", ["0000", …]], …]`.
pub(super) async fn guessable_pins() -> Response {
    static LIST: LazyLock<String> = LazyLock::new(|| guessable_list().to_string());
    (
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )],
        LIST.as_str(),
    )
        .into_response()
}

/// The name of a reason: the form has its text in the attribute `data-` with this name.
const fn code(reason: Guessable) -> &'static str {
    match reason {
        Guessable::FourEqual => "equal",
        Guessable::Run => "run",
        Guessable::Year => "year",
        Guessable::Date => "date",
        Guessable::Common => "common",
    }
}

/// Every PIN that [`guessable`] refuses, by its reason: the page has no rules of its own.
fn guessable_list() -> serde_json::Value {
    let mut reasons: Vec<(Guessable, Vec<String>)> = Vec::new();
    for number in 0..10_000 {
        let digits = format!("{number:04}");
        let Some(reason) = Pin::from_bytes(digits.as_bytes())
            .ok()
            .and_then(|pin| guessable(&pin))
        else {
            continue;
        };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, pins)) => pins.push(digits),
            None => reasons.push((reason, vec![digits])),
        }
    }
    reasons
        .into_iter()
        .map(|(reason, pins)| serde_json::json!([code(reason), pins]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_refuses_exactly_the_pins_that_a_phone_refuses() {
        let list = guessable_list();
        let listed = |pin: &str| {
            list.as_array().unwrap().iter().any(|group| {
                group[1]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|listed| listed == pin)
            })
        };
        for number in 0..10_000 {
            let digits = format!("{number:04}");
            let pin = Pin::from_bytes(digits.as_bytes()).unwrap();
            assert_eq!(listed(&digits), guessable(&pin).is_some(), "{digits}");
        }
    }
}
