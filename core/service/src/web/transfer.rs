//! A sample operation that is signed with the app: a transfer.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use countersign_protocol::{
    challenge::{Purpose, Unlock},
    field::canonical,
    id::ChallengeId,
};
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};

use super::{
    choice::{approving, listed, pick, usable},
    error::{PageError, Refusal},
    issue, prove,
    visitor::{Posted, Visitor},
};
use crate::{
    app::App,
    base::hex::Hex,
    flow,
    store::ChallengeState,
    transfer::{Details, FIELDS, TITLE},
};

/// `GET /account/transfer`.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let devices = usable(&app, visitor.signed_in()?.account).await?;
    let approving = listed(&approving(&devices));
    app.pages.show(
        "transfer.html",
        &visitor,
        context! { devices => devices.len(), approving },
    )
}

#[derive(Deserialize, Serialize)]
pub(super) struct Typed {
    iban: String,
    name: String,
    amount: String,
    reference: String,
    /// `phone`: the phone shows the data. Otherwise the person types them there once more, which a
    /// dishonest page can't falsify.
    way: Option<String>,
    /// The phone, where there are several.
    with: Option<String>,
}

/// `POST /account/transfer`.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    posted: Posted<Typed>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let session = visitor.signed_in()?;
    let usable = usable(&app, session.account).await?;
    let (devices, able) = (usable.len(), approving(&usable));
    let approving = listed(&able);
    let check = |at: usize, text: &str| {
        let (id, _, kind, longest) = FIELDS[at];
        canonical(kind, None, longest, text)
            .map_err(|error| context! { id, text => error.to_string() })
    };
    let checked = (
        check(0, &form.iban),
        check(1, &form.name),
        check(2, &form.amount),
        check(3, &form.reference),
    );
    let show = |errors: Vec<Value>, refusal: Option<Refusal>| {
        let (status, error) = match errors.is_empty() {
            true => Refusal::parts(refusal),
            false => (StatusCode::BAD_REQUEST, None),
        };
        let typed = Value::from_serialize(&form);
        let values = context! { devices, approving, typed, errors, error };
        app.pages.refuse(status, "transfer.html", &visitor, values)
    };
    let refuse = |refusal| show(Vec::new(), Some(refusal));
    let details = match checked {
        (Ok(iban), Ok(name), Ok(amount), Ok(reference)) => Details {
            iban,
            name,
            amount,
            reference,
        },
        (iban, name, amount, reference) => {
            let errors = [iban.err(), name.err(), amount.err(), reference.err()]
                .into_iter()
                .flatten()
                .collect();
            return show(errors, None);
        }
    };
    if devices == 0 {
        return refuse(Refusal::conflict("transfer_error_device"));
    }
    let payload =
        serde_json::to_string(&details).map_err(|error| PageError::Broken(error.to_string()))?;
    let unlock = match app.biometric_transfers {
        true => Unlock::PinOrBiometrics,
        false => Unlock::Pin,
    };
    let asking = issue::asking(&app, session, &headers).await?;
    let issued = if form.way.as_deref() == Some("phone") {
        let Some(dev) = pick(&able, form.with.as_deref()) else {
            return refuse(Refusal::conflict("devices_error_with"));
        };
        let shown = flow::issue::Shown {
            title: TITLE,
            pairs: details.pairs(),
            client: None,
            binding: None,
            unlock,
        };
        flow::issue::online(&app, &asking, dev, shown, payload).await?
    } else {
        let purpose = Purpose::Transaction;
        flow::issue::code(&app, &asking, purpose, None, payload, unlock).await?
    };
    match prove::go(issued, Refusal::too_many) {
        Ok(response) => Ok(response),
        Err(not_done) => refuse(not_done.refusal()?),
    }
}

/// `GET /account/transfer/{id}`.
pub(super) async fn outcome(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Hex(id): Hex<ChallengeId>,
) -> Result<Response, PageError> {
    let session = visitor.signed_in()?;
    let challenge = app.store.challenge(id).await?.filter(|challenge| {
        challenge.account == Some(session.account)
            && challenge.purpose == Purpose::Transaction
            && challenge.state == ChallengeState::Used
    });
    let challenge = challenge.ok_or(PageError::NotFound)?;
    app.pages.show(
        "signed.html",
        &visitor,
        context! { transfer => Details::read(&challenge.payload) },
    )
}
