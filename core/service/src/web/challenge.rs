//! The page of a challenge: it waits for the phone, or takes the code, and then lets the operation
//! go on that asked for it.

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
use minijinja::context;
use serde::Deserialize;

use super::{
    PageError, device_list, issue, new_address, new_device, new_password,
    own_data::{self, OwnData},
    prove, qr,
    signing::Words,
    visitor::{Posted, Visitor, account_of},
};
use crate::{
    app::App,
    base::hex,
    flow::{self, code::Judged},
    store::{Challenge, ChallengeKind, ChallengeState, Method, Then},
    transactions::Signing,
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

fn is_open(app: &App, challenge: &Challenge) -> bool {
    challenge.state == ChallengeState::Open && app.clock.now() < challenge.expires_at
}

/// `GET /challenge/{id}`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let challenge = own(&app, &visitor, &id).await?;
    match challenge.state {
        ChallengeState::Approved => proceed(&app, &visitor, &challenge).await,
        ChallengeState::Open if is_open(&app, &challenge) => {
            show(&app, &visitor, &challenge, StatusCode::OK, None)
        }
        _ => ended(&app, &visitor, &challenge),
    }
}

fn show(
    app: &App,
    visitor: &Visitor,
    challenge: &Challenge,
    status: StatusCode,
    error: Option<&str>,
) -> Result<Response, PageError> {
    let id = hex::encode(&challenge.id.0);
    let purpose = challenge.purpose as u8;
    let signing = match challenge.purpose {
        Purpose::Transaction => Some(Words::of(app, visitor).shown(&data(challenge)?)?),
        _ => None,
    };
    if challenge.kind.is_by_inbox() {
        let what = match (challenge.purpose, challenge.subject) {
            (Purpose::Unblock, Some(subject)) if challenge.dev == Some(subject) => "own".to_owned(),
            _ => purpose.to_string(),
        };
        let pushed = app.pushes.was_sent(challenge.id);
        let (number, quiet) = (challenge.number, challenge.quiet);
        let values = context! { id, what, number, quiet, pushed, signing };
        return app.pages.refuse(status, "waiting.html", visitor, values);
    }
    let values = context! {
        id, purpose, error, signing,
        qr => qr::svg(&qr_text(&app.origin, &challenge.message), &app.pages, visitor.lang)?,
        link => link_text(&app.origin, &challenge.message),
    };
    app.pages.refuse(status, "code.html", visitor, values)
}

/// The data of the transaction that is signed with a challenge.
fn data(challenge: &Challenge) -> Result<Signing, PageError> {
    let data = Signing::read(&challenge.payload);
    data.ok_or_else(|| PageError::Broken("a transaction's data are damaged".into()))
}

fn ended(app: &App, visitor: &Visitor, challenge: &Challenge) -> Result<Response, PageError> {
    // A browser that is not signed in learns nothing of what went wrong: it may be guessing.
    let what = match challenge.state {
        ChallengeState::Open => "ended_expired",
        ChallengeState::WrongCodes => "ended_codes",
        ChallengeState::Replaced => "ended_replaced",
        ChallengeState::Used => "ended_used",
        _ if visitor.signed_in().is_err() => "ended_refused",
        ChallengeState::Declined | ChallengeState::Fraud => "ended_declined",
        ChallengeState::WrongNumber => "ended_number",
        ChallengeState::Approved => "ended_expired",
    };
    let again = !challenge.kind.is_by_inbox() && challenge.state != ChallengeState::Used;
    let values = context! {
        what, again, id => hex::encode(&challenge.id.0), purpose => challenge.purpose as u8,
    };
    app.pages.show("ended.html", visitor, values)
}

/// `GET /challenge/{id}/state`.
pub(super) async fn state(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let challenge = own(&app, &visitor, &id).await?;
    let state = if is_open(&app, &challenge) {
        "open"
    } else {
        "done"
    };
    let mut answer = serde_json::json!({ "state": state });
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
    if challenge.kind.is_by_inbox() || !is_open(app, &challenge) {
        return Err(PageError::NotFound);
    }
    Ok(challenge)
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
    let shape = if challenge.kind == ChallengeKind::Transaction {
        Shape::Twelve
    } else {
        Shape::Eight
    };
    // What can't be a code costs no try: it says nothing about any secret.
    let Ok(typed) = Typed::read(shape, &form.code) else {
        if !is_open(&app, &challenge) {
            return ended(&app, &visitor, &challenge);
        }
        return show(
            &app,
            &visitor,
            &challenge,
            StatusCode::BAD_REQUEST,
            Some("code_error_form"),
        );
    };
    let session = visitor.any()?.hash;
    match flow::code::judge(&app, challenge.id, session, shape, &typed).await? {
        Judged::Accepted(challenge) => proceed(&app, &visitor, &challenge).await,
        Judged::Wrong(challenge) => show(
            &app,
            &visitor,
            &challenge,
            StatusCode::UNAUTHORIZED,
            Some("code_error_wrong"),
        ),
        Judged::Closed => show(
            &app,
            &visitor,
            &challenge,
            StatusCode::TOO_MANY_REQUESTS,
            Some("issue_closed"),
        ),
        Judged::Over => {
            let challenge = own(&app, &visitor, &id).await?;
            // The code was accepted, and the answer that said so was lost.
            if challenge.state == ChallengeState::Approved {
                return proceed(&app, &visitor, &challenge).await;
            }
            ended(&app, &visitor, &challenge)
        }
        Judged::Ended => {
            let challenge = own(&app, &visitor, &id).await?;
            ended(&app, &visitor, &challenge)
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `POST /challenge/{id}/renew`: a new QR code for the same operation.
pub(super) async fn renew(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let Posted {
        visitor, headers, ..
    } = posted;
    let challenge = own(&app, &visitor, &id).await?;
    if challenge.kind.is_by_inbox() || challenge.state == ChallengeState::Used {
        return Err(PageError::NotFound);
    }
    again(&app, &visitor, &headers, &challenge).await
}

async fn again(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    old: &Challenge,
) -> Result<Response, PageError> {
    let asking = issue::asking(app, visitor.any()?, headers).await?;
    let payload = old.payload.clone();
    let issued = if old.purpose == Purpose::Transaction {
        let form = Words::of(app, visitor).form(&data(old)?)?;
        flow::issue::transaction(app, &asking, form, payload, old.unlock).await?
    } else {
        let subject = flow::issue::subject_of(old);
        flow::issue::code(app, &asking, old.purpose, subject, payload, old.unlock).await?
    };
    match issued {
        Ok(id) => Ok(issue::to(id)),
        Err(error) => {
            let values = context! { what => error, again => false, purpose => old.purpose as u8 };
            app.pages
                .refuse(StatusCode::TOO_MANY_REQUESTS, "ended.html", visitor, values)
        }
    }
}

/// What was asked for, and the page that is next once it is done.
async fn wanted(
    app: &App,
    visitor: &Visitor,
    challenge: &Challenge,
) -> Result<(Then, Response), PageError> {
    let session = visitor.any()?;
    let account = challenge.account.ok_or(PageError::NotFound)?;
    Ok(match challenge.purpose {
        Purpose::SignIn => {
            let opening = visitor.opening(app, account, Method::Password)?;
            let then = Then::Enter(opening.entry.clone());
            (then, opening.go_known("/account"))
        }
        Purpose::AddDevice => {
            let wanted = new_device::NewDevice::from_payload(&challenge.payload);
            let new = new_device::draft(app, visitor.signed_in()?, wanted, None).await?;
            let id = new.id;
            (Then::Enrol(new), new_device::to(id))
        }
        Purpose::Remove => {
            let dev = hex::decode(&challenge.payload).map(DeviceId);
            let then = Then::Remove(dev.ok_or(PageError::NotFound)?);
            (then, Redirect::to("/account/devices").into_response())
        }
        // The phone that may set a new PIN has its grant in the challenge itself.
        Purpose::Unblock => (Then::Nothing, device_list::to_new_pin(&challenge.payload)),
        Purpose::Transaction => {
            let signed = data(challenge)?.record(challenge.id, account, app.clock.now());
            let then = Then::Record(signed);
            let id = hex::encode(&challenge.id.0);
            let page = format!("/account/transactions/done/{id}");
            (then, Redirect::to(&page).into_response())
        }
        Purpose::ChangePassword => {
            let new = new_password::approved(visitor, session, challenge.payload.clone());
            (Then::SetPassword(new), new_password::done(session))
        }
        Purpose::ChangeEmail => {
            let owner = app.store.account(account).await?;
            let owner = owner.ok_or(PageError::SignInFirst)?;
            let new = new_address::new_link(app, visitor, &owner, &challenge.payload)?;
            (Then::AskEmail(new), prove::to_waiting())
        }
        Purpose::ExportData => {
            let page = Redirect::to(OwnData::Export.path());
            (Then::Export, page.into_response())
        }
        Purpose::DeleteAccount => {
            let owner = account_of(app, session).await?;
            let new = own_data::new_deletion(app, &owner)?;
            let page = Redirect::to(OwnData::Delete.path());
            (Then::Delete(new), page.into_response())
        }
        _ => return Err(PageError::NotFound),
    })
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
    let mut challenge = own(app, visitor, &hex::encode(&challenge.id.0)).await?;
    if challenge.state == ChallengeState::Approved {
        challenge.state = ChallengeState::Open;
    }
    ended(app, visitor, &challenge)
}
