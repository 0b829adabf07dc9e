//! The PIN chosen in the browser (PROTOCOL.md, section 10, way 1): what the page's script needs of the service, which never sees S or the PIN.

use std::sync::{Arc, LazyLock};

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use countersign_protocol::{
    enrolment::Way,
    link::qr_text,
    pin::{Guessable, Pin, guessable},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    PageError,
    enrolment::{self, Wanted},
    visitor::Posted,
};
use crate::{
    api,
    app::App,
    base::hex,
    store::{Begin, EnrolmentState},
};

#[derive(Deserialize)]
pub(super) struct Verifier {
    v: String,
}

/// `POST /account/enrolments/{id}/pin`: takes V, and gives the code that the page's script draws with S after it.
pub(super) async fn verifier(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    posted: Posted<Verifier>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let session = visitor.signed_in()?.hash;
    let v = hex::decode::<32>(&form.v)
        .map(Zeroizing::new)
        .ok_or(PageError::BadForm)?;
    let enrolment = enrolment::own(&app, &visitor, &id)
        .await?
        .ok_or(PageError::NotFound)?;
    let sealed = app
        .root
        .sealing
        .seal(api::pin_check(enrolment.dev), v.as_slice())?;
    let taken = app
        .store()
        .set_pin_check(enrolment.id, session, sealed, app.now())
        .await?;
    if !taken {
        return Err(PageError::NotFound);
    }
    let code = qr_text(&app.origin, &enrolment.message);
    Ok(Json(serde_json::json!({ "code": code })).into_response())
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `POST /account/enrolments/{id}/phone`: the same device, with the PIN chosen on the phone. It gains no time.
pub(super) async fn on_phone(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let enrolment = enrolment::own(&app, &visitor, &id)
        .await?
        .filter(|enrolment| {
            enrolment.state == EnrolmentState::Open && enrolment.way == Way::PinInBrowser
        })
        .ok_or(PageError::NotFound)?;
    let wanted = Wanted {
        name: enrolment.name,
        way: Way::PinOnPhone,
    };
    let on = Begin::InPlaceOf(enrolment.id);
    enrolment::begin(&app, &visitor, wanted, on, Some(enrolment.expires_at)).await
}

/// `GET /static/guessable-pins.json`: which PINs the page refuses, and why: `[["reason", ["0000", …]], …]`.
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
        .map(|(reason, pins)| serde_json::json!([reason.to_string(), pins]))
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
