//! Signing in on the phone that has the app (PROTOCOL.md, section 11, on mobile). The page never completes by waiting: the phone opens the
//! return address, and only the browser that began, with what the phone was given, is signed in. Without both, a link that was begun by
//! one person and approved by another would sign one of them in as the other.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{
    id::ChallengeId,
    link::{encode_base32, link_text},
};
use minijinja::context;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::{
    PageError, issue,
    visitor::{Posted, Visitor},
};
use crate::{
    api::return_value,
    app::App,
    hex,
    store::{Challenge, ChallengeKind, ChallengeState, Strength},
};

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `POST /sign-in/mobile`.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let Posted {
        visitor, headers, ..
    } = posted;
    match issue::on_mobile(&app, &visitor, &headers).await? {
        Ok(id) => Ok(Redirect::to(&format!("/mobile/{}", hex::encode(&id.0))).into_response()),
        Err(error) => app.pages.refuse(
            StatusCode::TOO_MANY_REQUESTS,
            "mobile.html",
            &visitor,
            context! { error },
        ),
    }
}

/// The challenge of an address, if this browser began it.
async fn own(app: &App, visitor: &Visitor, id: &str) -> Result<Option<Challenge>, PageError> {
    let Some(id) = hex::decode(id).map(ChallengeId) else {
        return Ok(None);
    };
    let challenge = app.store().challenge(id).await?;
    Ok(challenge.filter(|challenge| {
        challenge.kind == ChallengeKind::OnMobile && challenge.session == visitor.browser()
    }))
}

fn is_over(app: &App, challenge: &Challenge) -> bool {
    app.now() >= challenge.expires_at
        || !matches!(
            challenge.state,
            ChallengeState::Open | ChallengeState::Approved
        )
}

/// The text key of why it is over. Which of the two refusals it was is the phone's business.
fn why_over(challenge: &Challenge) -> &'static str {
    match challenge.state {
        ChallengeState::Declined | ChallengeState::Fraud => "mobile_refused",
        _ => "mobile_over",
    }
}

/// `GET /mobile/{id}`: the ways into the app. An approved one looks the same: this page can't tell who approved.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let Some(challenge) = own(&app, &visitor, &id).await? else {
        return refuse(&app, &visitor, "mobile_other");
    };
    if is_over(&app, &challenge) {
        return refuse(&app, &visitor, why_over(&challenge));
    }
    let id = hex::encode(&challenge.id.0);
    let link = link_text(&app.origin, &challenge.message);
    let custom = link
        .split_once("://")
        .map(|(_, rest)| format!("countersign://{rest}"));
    app.pages
        .show("mobile.html", &visitor, context! { id, link, custom })
}

/// `GET /mobile/{id}/state`: whether the page is still good. It never tells of an approval.
pub(super) async fn state(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let challenge = own(&app, &visitor, &id).await?.ok_or(PageError::NotFound)?;
    let state = if is_over(&app, &challenge) {
        "over"
    } else {
        "open"
    };
    Ok(Json(serde_json::json!({ "state": state })).into_response())
}

/// `GET /mobile/{id}/link`: the link as text.
pub(super) async fn link(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    own(&app, &visitor, &id)
        .await?
        .filter(|challenge| !is_over(&app, challenge))
        .map(|challenge| link_text(&app.origin, &challenge.message).into_response())
        .ok_or(PageError::NotFound)
}

/// `GET /mobile/{id}/return?r=…`: the phone has opened it. A request that does not complete uses nothing up.
pub(super) async fn back(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let Some(challenge) = own(&app, &visitor, &id).await? else {
        return refuse(&app, &visitor, "mobile_other");
    };
    // Base32 needs no escapes.
    let query = query.unwrap_or_default();
    let r = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("r="))
        .unwrap_or_default();
    let right = encode_base32(&return_value(&app, challenge.id));
    if !bool::from(r.as_bytes().ct_eq(right.as_bytes())) {
        return refuse(&app, &visitor, "mobile_wrong");
    }
    // The approval has told whose phone it was.
    let Some(account) = challenge.account else {
        return refuse(&app, &visitor, "mobile_over");
    };
    let opening = visitor.opening(&app, account, true, Strength::Mobile)?;
    let collected = app
        .store()
        .complete_mobile(challenge.id, opening.entry.clone(), app.now())
        .await?;
    match collected {
        Some(collected) => Ok(opening.go(collected.strength, "/account")),
        None => refuse(&app, &visitor, "mobile_over"),
    }
}

fn refuse(app: &App, visitor: &Visitor, error: &str) -> Result<Response, PageError> {
    app.pages.refuse(
        StatusCode::FORBIDDEN,
        "mobile.html",
        visitor,
        context! { error },
    )
}
