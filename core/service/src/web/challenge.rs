//! The page of a challenge: it waits for the phone, or takes the code, and then lets the operation
//! go on that asked for it. It can be given up, and asked for again when it is over.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{
    challenge::Purpose,
    code::{Shape, Typed},
    id::{ChallengeId, DeviceId},
    link::{link_text, qr_text},
};
use minijinja::{Value, context};
use serde::Deserialize;

use super::{
    choice, device_list,
    error::{NotDone, PageError, Refusal},
    issue, new_address, new_password,
    own_data::OwnData,
    posted::{Nothing, Posted},
    prove, qr,
    signing::Words,
    told::Told,
    visitor::Visitor,
    wanted::{data, signed_page, wanted},
};
use crate::{
    app::App,
    base::hex,
    flow::{self, code::Judged},
    policy::{self, changes::of_purpose},
    store::{Challenge, ChallengeKind, ChallengeState, Device},
};

/// The challenge of an address, if this visitor's session asked for it.
async fn own(app: &App, visitor: &Visitor, id: &str) -> Result<Challenge, PageError> {
    let session = visitor.any()?;
    let id = hex::decode(id)
        .map(ChallengeId)
        .ok_or(PageError::NotFound)?;
    let challenge = app.store.challenge(id).await?;
    challenge
        .filter(|challenge| {
            // Those that began on a phone complete by r alone, never by this page.
            challenge.session == session.hash && challenge.kind != ChallengeKind::OnMobile
        })
        .ok_or(PageError::NotFound)
}

/// Where a challenge stands, as its page sees it.
enum Standing {
    /// It waits; an approval for this device.
    Open(Option<Box<Device>>),
    /// It waits for a device that can't answer: blocked, suspended or removed. A browser that gave
    /// no more than the password may hear of it: the choice of means tells it the same, and who
    /// guesses at a PIN is told by the phone itself.
    Unable,
    /// It is approved.
    Approved,
    /// It ended without an approval, or was used.
    Over,
}

async fn standing(app: &App, challenge: &Challenge) -> Result<Standing, PageError> {
    Ok(match challenge.state {
        ChallengeState::Approved => Standing::Approved,
        ChallengeState::Open if app.clock.now() < challenge.expires_at => match challenge.dev {
            None => Standing::Open(None),
            Some(dev) => match choice::able(app, dev).await? {
                None => Standing::Unable,
                device => Standing::Open(device.map(Box::new)),
            },
        },
        _ => Standing::Over,
    })
}

/// `GET /challenge/{id}`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let challenge = match own(&app, &visitor, &id).await {
        // Whoever goes back after a sign-in has another session now.
        Err(PageError::NotFound) if visitor.signed_in().is_ok() => {
            return Ok(Redirect::to("/account").into_response());
        }
        found => found?,
    };
    match standing(&app, &challenge).await? {
        Standing::Open(Some(device)) => show_waiting(&app, &visitor, &challenge, &device),
        Standing::Open(None) => show_code(&app, &visitor, &challenge, None),
        Standing::Approved => proceed(&app, &visitor, &challenge).await,
        Standing::Unable => {
            let refusal = Refusal::new(StatusCode::OK, "ended_unable");
            refuse(&app, &visitor, &challenge, refusal)
        }
        Standing::Over => ended(&app, &visitor, &challenge).await,
    }
}

/// What is signed, where the challenge is a transaction's.
fn signing(app: &App, visitor: &Visitor, challenge: &Challenge) -> Result<Value, PageError> {
    match challenge.purpose {
        Purpose::Transaction => Words::of(app, visitor).shown(&data(challenge)?),
        _ => Ok(Value::UNDEFINED),
    }
}

/// Seconds that are left.
fn left(app: &App, challenge: &Challenge) -> u64 {
    challenge.expires_at.saturating_sub(app.clock.now())
}

/// The page that waits for a device.
fn show_waiting(
    app: &App,
    visitor: &Visitor,
    challenge: &Challenge,
    device: &Device,
) -> Result<Response, PageError> {
    let what = match (challenge.purpose, challenge.subject) {
        (Purpose::Unblock, Some(subject)) if subject == device.dev => "own".to_owned(),
        (purpose, _) => (purpose as u8).to_string(),
    };
    let values = context! {
        id => hex::encode(&challenge.id.0), purpose => challenge.purpose as u8, what, name => device.name,
        number => challenge.number, digit_by_digit => challenge.number.map(|number| format!("{} {}", number / 10, number % 10)),
        quiet => challenge.quiet, pushed => app.pushes.was_sent(challenge.id),
        left => left(app, challenge), until => challenge.expires_at,
        signing => signing(app, visitor, challenge)?,
    };
    app.pages.show("waiting.html", visitor, values)
}

/// The page with a QR code, which takes the code that the app shows.
fn show_code(
    app: &App,
    visitor: &Visitor,
    challenge: &Challenge,
    refusal: Option<Refusal>,
) -> Result<Response, PageError> {
    let (status, error) = Refusal::parts(refusal);
    let values = context! {
        id => hex::encode(&challenge.id.0), purpose => challenge.purpose as u8, error,
        left => left(app, challenge), until => challenge.expires_at,
        signing => signing(app, visitor, challenge)?,
        qr => qr::svg(&qr_text(&app.origin, &challenge.message), &app.pages, visitor.lang)?,
        link => link_text(&app.origin, &challenge.message),
    };
    app.pages.refuse(status, "code.html", visitor, values)
}

/// The page of a challenge that is over: why, and what comes next.
async fn ended(app: &App, visitor: &Visitor, challenge: &Challenge) -> Result<Response, PageError> {
    if (challenge.state, challenge.purpose) == (ChallengeState::Used, Purpose::Transaction) {
        return Ok(Redirect::to(&signed_page(challenge.id)).into_response());
    }
    // A browser that is not signed in learns nothing of what went wrong: it may be guessing.
    let what = match challenge.state {
        ChallengeState::Open | ChallengeState::Approved => "ended_expired",
        ChallengeState::WrongCodes => "ended_codes",
        ChallengeState::Replaced => "ended_replaced",
        ChallengeState::Used => "ended_used",
        _ if visitor.signed_in().is_err() => "ended_refused",
        ChallengeState::Declined | ChallengeState::Fraud => "ended_declined",
        ChallengeState::WrongNumber => "ended_number",
    };
    let able = match challenge.dev {
        Some(dev) => choice::able(app, dev).await?.is_some(),
        None => true,
    };
    let again = able && challenge.state != ChallengeState::Used;
    show_ended(app, visitor, challenge, StatusCode::OK, (what, again))
}

/// The same page, with why a challenge is not open or was not asked for again.
fn refuse(
    app: &App,
    visitor: &Visitor,
    challenge: &Challenge,
    Refusal { status, text }: Refusal,
) -> Result<Response, PageError> {
    show_ended(
        app,
        visitor,
        challenge,
        status,
        (text, text == "issue_busy"),
    )
}

fn show_ended(
    app: &App,
    visitor: &Visitor,
    challenge: &Challenge,
    status: StatusCode,
    (what, again): (&str, bool),
) -> Result<Response, PageError> {
    let values = context! {
        what, again, id => hex::encode(&challenge.id.0), purpose => challenge.purpose as u8,
        by_inbox => challenge.kind.is_by_inbox(), done => what == "ended_used", back => began_at(visitor, challenge)?,
    };
    app.pages.refuse(status, "ended.html", visitor, values)
}

/// The page on which a challenge was asked for.
fn began_at(visitor: &Visitor, challenge: &Challenge) -> Result<String, PageError> {
    Ok(match challenge.purpose {
        Purpose::SignIn if visitor.signed_in().is_ok() => visitor.next().to_owned(),
        Purpose::SignIn => "/sign-in/method".to_owned(),
        Purpose::AddDevice | Purpose::Remove | Purpose::Unblock => "/account/devices".to_owned(),
        Purpose::Transaction => format!("/account/transactions/{}", data(challenge)?.operation),
        Purpose::ChangePassword if visitor.signed_in().is_err() => "/password/new".to_owned(),
        Purpose::ChangePassword => "/account/password".to_owned(),
        Purpose::ChangeEmail => "/account/email".to_owned(),
        Purpose::ExportData => OwnData::Export.path().to_owned(),
        Purpose::DeleteAccount => OwnData::Delete.path().to_owned(),
        _ => "/account".to_owned(),
    })
}

/// `GET /challenge/{id}/state`.
pub(super) async fn state(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let challenge = own(&app, &visitor, &id).await?;
    let state = match standing(&app, &challenge).await? {
        Standing::Open(_) => "open",
        Standing::Unable => "unable",
        Standing::Approved => "done",
        Standing::Over => "over",
    };
    let mut answer = serde_json::json!({ "state": state });
    if state == "open" {
        answer["left"] = left(&app, &challenge).into();
    }
    if app.pushes.was_sent(challenge.id) {
        answer["pushed"] = true.into();
    }
    Ok(Json(answer).into_response())
}

/// `GET /challenge/{id}/code.png`.
pub(super) async fn png(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    qr::png(&qr_text(
        &app.origin,
        &scannable(&app, &visitor, &id).await?.message,
    ))
}

/// `GET /challenge/{id}/link`.
pub(super) async fn link(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    Ok(link_text(&app.origin, &scannable(&app, &visitor, &id).await?.message).into_response())
}

async fn scannable(app: &App, visitor: &Visitor, id: &str) -> Result<Challenge, PageError> {
    let challenge = own(app, visitor, id).await?;
    match standing(app, &challenge).await? {
        Standing::Open(None) => Ok(challenge),
        _ => Err(PageError::NotFound),
    }
}

#[derive(Deserialize)]
pub(super) struct Code {
    code: String,
}

/// `POST /challenge/{id}/code`.
pub(super) async fn code(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    posted: Posted<Code>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let challenge = own(&app, &visitor, &id).await?;
    if challenge.kind.is_by_inbox() {
        return Err(PageError::NotFound);
    }
    let shape = if challenge.kind == ChallengeKind::Transaction {
        Shape::Twelve
    } else {
        Shape::Eight
    };
    // What can't be a code costs no try: it says nothing about any secret.
    let Ok(typed) = Typed::read(shape, &form.code) else {
        return match standing(&app, &challenge).await? {
            Standing::Open(_) => {
                let refusal = Some(Refusal::form("code_error_form"));
                show_code(&app, &visitor, &challenge, refusal)
            }
            _ => ended(&app, &visitor, &challenge).await,
        };
    };
    let session = visitor.any()?.hash;
    match flow::code::judge(&app, challenge.id, session, shape, &typed).await? {
        Judged::Accepted(challenge) => proceed(&app, &visitor, &challenge).await,
        Judged::Wrong(challenge) => {
            let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "code_error_wrong");
            show_code(&app, &visitor, &challenge, Some(refusal))
        }
        Judged::Closed => {
            let refusal = Some(Refusal::too_many("issue_closed"));
            show_code(&app, &visitor, &challenge, refusal)
        }
        Judged::Over => {
            let challenge = own(&app, &visitor, &id).await?;
            // The code was accepted, and the answer that said so was lost.
            if challenge.state == ChallengeState::Approved {
                return proceed(&app, &visitor, &challenge).await;
            }
            ended(&app, &visitor, &challenge).await
        }
        Judged::Ended => {
            let challenge = own(&app, &visitor, &id).await?;
            ended(&app, &visitor, &challenge).await
        }
    }
}

/// `POST /challenge/{id}/cancel`: gives it up, so that the phone takes no answer to it any more,
/// and goes back to where it was asked for.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let challenge = own(&app, &posted.visitor, &id).await?;
    app.store
        .cancel_challenge(challenge.id, challenge.session, app.clock.now())
        .await?;
    let visitor = &posted.visitor;
    Ok(Told::Cancelled.at(&began_at(visitor, &challenge)?, visitor.secure))
}

/// `POST /challenge/{id}/renew`: asks once more, the same device or with a new QR code.
pub(super) async fn renew(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let Posted {
        visitor, headers, ..
    } = posted;
    let challenge = own(&app, &visitor, &id).await?;
    if let ChallengeState::Approved | ChallengeState::Used = challenge.state {
        return Ok(issue::to(challenge.id));
    }
    // What the form proved does not hold for ever.
    if app.clock.now() >= challenge.expires_at + policy::AGAIN_SECONDS {
        return Ok(Redirect::to(&began_at(&visitor, &challenge)?).into_response());
    }
    match again(&app, &visitor, &headers, &challenge).await {
        Ok(response) => Ok(response),
        Err(not_done) => refuse(&app, &visitor, &challenge, not_done.refusal()?),
    }
}

async fn again(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    old: &Challenge,
) -> Result<Response, NotDone> {
    let session = visitor.any()?;
    if let Some(change) = of_purpose(old.purpose) {
        prove::needed(app, session.account, change).await?;
    }
    let asking = issue::asking(app, session, headers).await?;
    let (subject, payload) = (flow::issue::subject_of(old), old.payload.clone());
    let Some(dev) = old.dev else {
        let issued = match old.kind {
            ChallengeKind::Transaction => {
                let form = Words::of(app, visitor).form(&data(old)?)?;
                flow::issue::transaction(app, &asking, form, payload, old.unlock).await?
            }
            _ => flow::issue::code(app, &asking, old.purpose, subject, payload, old.unlock).await?,
        };
        return prove::go(issued, Refusal::too_many);
    };
    if choice::able(app, dev).await?.is_none() {
        return Err(Refusal::conflict("issue_no_device").into());
    }
    let issued = match old.kind {
        ChallengeKind::Online => {
            let shown = Words::of(app, visitor).on_phone(&data(old)?, old.unlock)?;
            flow::issue::online(app, &asking, dev, shown, payload).await?
        }
        _ => flow::issue::approval(app, &asking, old.purpose, dev, subject, payload).await?,
    };
    prove::go(issued, Refusal::conflict)
}

/// Collects the result, once, and does what was asked for.
async fn proceed(
    app: &App,
    visitor: &Visitor,
    challenge: &Challenge,
) -> Result<Response, PageError> {
    let session = visitor.any()?;
    let (then, done) = wanted(app, visitor, challenge).await?;
    let collecting = app
        .store
        .collect(challenge.id, session.hash, then, app.clock.now());
    match (collecting.await?, challenge.purpose) {
        (Some(Ok(())), purpose) => {
            match (purpose, hex::decode(&challenge.payload)) {
                (Purpose::Remove, Some(dev)) => app.waiting.wake(DeviceId(dev)),
                (Purpose::ChangeEmail, _) => app.mail.notify_one(),
                _ => {}
            }
            return Ok(done);
        }
        (Some(Err(refused)), Purpose::ChangePassword) => {
            return new_password::refuse(app, visitor, refused).await;
        }
        (Some(Err(refused)), Purpose::ChangeEmail) => {
            return new_address::refuse(app, visitor, refused).await;
        }
        (Some(Err(refused)), Purpose::ExportData) => {
            return OwnData::Export.refuse(app, visitor, refused).await;
        }
        (Some(Err(refused)), Purpose::DeleteAccount) => {
            return OwnData::Delete.refuse(app, visitor, refused).await;
        }
        (Some(Err(refused)), _) => return device_list::refuse(app, visitor, refused).await,
        (None, _) => {}
    }
    let challenge = own(app, visitor, &hex::encode(&challenge.id.0)).await?;
    ended(app, visitor, &challenge).await
}
