//! Signing in on the phone that has the app (PROTOCOL.md, section 11, on mobile). The page never
//! completes by waiting: the phone opens the return address, and only the browser that began, with
//! what the phone was given, is signed in. Without both, a link that was begun by one person and
//! approved by another would sign one of them in as the other.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{
    id::{AccountId, ChallengeId},
    link::{encode_base32, link_text},
};
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::{
    PageError,
    posted::Posted,
    visitor::{Visitor, is_known},
};
use crate::{
    app::App,
    base::hex,
    edge::Source,
    flow::{self, answer::return_value, issue::MobileBrowser},
    security,
    store::{Challenge, ChallengeKind, ChallengeState, Method},
};

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `POST /sign-in/mobile`.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let browser = MobileBrowser {
        cookie: visitor.browser(),
        account: visitor.session.as_ref().map(|session| session.account),
        source,
        context: security::caller().context(),
    };
    match flow::issue::on_mobile(&app, browser).await? {
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
    let challenge = app.store.challenge(id).await?;
    Ok(challenge.filter(|challenge| {
        challenge.kind == ChallengeKind::OnMobile && challenge.session == visitor.browser()
    }))
}

/// Seconds that are left.
fn left(app: &App, challenge: &Challenge) -> u64 {
    challenge.expires_at.saturating_sub(app.clock.now())
}

fn is_over(app: &App, challenge: &Challenge) -> bool {
    app.clock.now() >= challenge.expires_at
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

/// `GET /mobile/{id}`: the ways into the app. An approved one looks the same: this page can't tell
/// who approved.
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
    app.pages.show(
        "mobile.html",
        &visitor,
        context! {
            id, link, custom, stores => app.apps.stores(), until => challenge.expires_at,
            left => left(&app, &challenge),
        },
    )
}

/// `GET /mobile/{id}/state`: whether the page is still good. It never tells of an approval.
pub(super) async fn state(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let challenge = own(&app, &visitor, &id).await?.ok_or(PageError::NotFound)?;
    let state = match is_over(&app, &challenge) {
        true => json!({ "state": "over" }),
        false => json!({ "state": "open", "left": left(&app, &challenge) }),
    };
    Ok(Json(state).into_response())
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

/// An approved sign-in that this browser began, and the account of the phone that approved it.
struct Approved {
    challenge: Challenge,
    account: AccountId,
}

/// The approved sign-in of an address, if this browser began it and `r` is what the phone was
/// given; otherwise the text key of why there is none.
async fn approved(
    app: &App,
    visitor: &Visitor,
    id: &str,
    r: &str,
) -> Result<Result<Approved, &'static str>, PageError> {
    let Some(challenge) = own(app, visitor, id).await? else {
        return Ok(Err("mobile_other"));
    };
    let right = encode_base32(&return_value(app, challenge.id));
    if !bool::from(r.as_bytes().ct_eq(right.as_bytes())) {
        return Ok(Err("mobile_wrong"));
    }
    let account = challenge.account.filter(|_| {
        challenge.state == ChallengeState::Approved && app.clock.now() < challenge.expires_at
    });
    Ok(match account {
        Some(account) => Ok(Approved { challenge, account }),
        None => Err("mobile_over"),
    })
}

/// `GET /mobile/{id}/return?r=…`: the phone has opened it. Whoever saw the link may have approved
/// it with a phone and an account of their own, so the page asks whether the person means that
/// account, unless this browser is known for it. The question uses nothing up.
pub(super) async fn back(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    // Base32 needs no escapes.
    let query = query.unwrap_or_default();
    let r = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("r="))
        .unwrap_or_default();
    let approved = match approved(&app, &visitor, &id, r).await? {
        Ok(approved) => approved,
        Err(error) => return refuse(&app, &visitor, error),
    };
    if is_known(&app, &headers, approved.account).await? {
        return complete(&app, &visitor, &approved).await;
    }
    let account = app.store.account(approved.account).await?;
    // The address alone: a name could be chosen to look like the victim's.
    let email = account.ok_or(PageError::NotFound)?.email;
    let id = hex::encode(&approved.challenge.id.0);
    app.pages.show(
        "mobile_continue.html",
        &visitor,
        context! { id, r, email => email.as_str() },
    )
}

#[derive(Deserialize)]
pub(super) struct Return {
    r: String,
}

/// `POST /mobile/{id}/return`: the person means the account that the page named.
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    posted: Posted<Return>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    match approved(&app, &visitor, &id, &form.r).await? {
        Ok(approved) => complete(&app, &visitor, &approved).await,
        Err(error) => refuse(&app, &visitor, error),
    }
}

/// Signs the browser in, which uses r up.
async fn complete(
    app: &App,
    visitor: &Visitor,
    approved: &Approved,
) -> Result<Response, PageError> {
    let opening = visitor.opening(app, approved.account, Method::Mobile)?;
    let completed = app
        .store
        .complete_mobile(
            approved.challenge.id,
            opening.entry.clone(),
            app.clock.now(),
        )
        .await?;
    match completed {
        true => Ok(opening.go_known(visitor.next())),
        false => refuse(app, visitor, "mobile_over"),
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
