//! Adding a device: the QR code, the phone's model with the six digits, the end.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{
    Time,
    enrolment::{Enrolment as EnrolmentMessage, Way},
    id::{DeviceId, EnrolmentId},
    link::{link_text, qr_text},
    message::{Message, Received},
    secret::Secret,
};
use minijinja::context;
use ring::digest;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::{
    PageError, devices, qr,
    visitor::{Posted, Visitor},
};
use crate::{
    api::account_label,
    app::App,
    base::{hex, random},
    keys::seal::Place,
    policy,
    store::{Begin, Enrolment, EnrolmentState, NewEnrolment, Session, SignedMessage},
};

/// The device that is to be added.
pub(super) struct Wanted {
    /// Its name.
    pub(super) name: String,
    /// Where the PIN is chosen.
    pub(super) way: Way,
}

impl Wanted {
    /// As it waits in a challenge's payload until the person has confirmed.
    pub(super) fn to_payload(&self) -> String {
        format!("{}{}", self.way as u8, self.name)
    }

    /// What [`Wanted::to_payload`] made.
    pub(super) fn from_payload(payload: &str) -> Self {
        let (way, name) = payload.split_at_checked(1).unwrap_or(("2", payload));
        Self {
            name: name.to_owned(),
            way: if way == "1" {
                Way::PinInBrowser
            } else {
                Way::PinOnPhone
            },
        }
    }
}

/// Begins an enrolment that no approval was collected for, and goes to its page. It lasts five
/// minutes, or until `expires_at`.
pub(super) async fn begin(
    app: &App,
    visitor: &Visitor,
    wanted: Wanted,
    on: Begin,
    expires_at: Option<Time>,
) -> Result<Response, PageError> {
    let new = draft(app, visitor.signed_in()?, wanted, expires_at).await?;
    let id = new.id;
    match app.store().begin_enrolment(new, on, app.now()).await? {
        Ok(()) => Ok(to(id)),
        Err(refused) => devices::refuse(app, visitor, refused).await,
    }
}

/// An enrolment with its signed message.
pub(super) async fn draft(
    app: &App,
    session: &Session,
    wanted: Wanted,
    expires_at: Option<Time>,
) -> Result<NewEnrolment, PageError> {
    let account = app
        .store()
        .account(session.account)
        .await?
        .ok_or(PageError::SignInFirst)?;
    let now = app.now();
    let mut secret = random::bytes::<16>()?;
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, &secret).as_ref());
    let keys = app.keys.now();
    let message = EnrolmentMessage {
        svc: app.origin.svc(),
        kid: keys.kid(now),
        acc: session.account,
        dev: DeviceId(random::bytes()?),
        id: EnrolmentId(random::bytes()?),
        one_time_secret: Secret::take(&mut secret),
        way: wanted.way,
        expires_at: expires_at.unwrap_or(now + policy::ENROLMENT_SECONDS),
        app_name: app.name.clone(),
        account_label: account_label(&account),
        info_hash: keys.info_hash,
    };
    let signed = keys.signing(message.kid).and_then(|key| {
        let bytes = message.sign(key).ok()?;
        let hash = Received::<EnrolmentMessage>::parse(&bytes).ok()?.hash();
        Some(SignedMessage { bytes, hash })
    });
    let signed = signed.ok_or_else(|| PageError::Broken("an enrolment can't be signed".into()))?;
    Ok(NewEnrolment {
        id: message.id,
        account: session.account,
        session: session.hash,
        dev: message.dev,
        name: wanted.name,
        message: signed,
        secret: hash,
        way: wanted.way,
        issued_at: now,
        expires_at: message.expires_at,
    })
}

/// An enrolment's page.
pub(super) fn to(id: EnrolmentId) -> Response {
    Redirect::to(&format!("/account/enrolments/{}", hex::encode(&id.0))).into_response()
}

pub(super) async fn own(
    app: &App,
    visitor: &Visitor,
    id: &str,
) -> Result<Option<Enrolment>, PageError> {
    let session = visitor.signed_in()?;
    let id = hex::decode(id)
        .map(EnrolmentId)
        .ok_or(PageError::NotFound)?;
    let found = app.store().enrolment(id, app.now()).await?;
    Ok(found.filter(|enrolment| enrolment.session == session.hash))
}

/// `GET /account/enrolments/{id}`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let enrolment = own(&app, &visitor, &id).await?;
    show(&app, &visitor, enrolment, StatusCode::OK, None).await
}

async fn show(
    app: &App,
    visitor: &Visitor,
    enrolment: Option<Enrolment>,
    status: StatusCode,
    error: Option<&str>,
) -> Result<Response, PageError> {
    let Some(enrolment) = enrolment else {
        return app.pages.refuse(
            StatusCode::NOT_FOUND,
            "enrolment.html",
            visitor,
            context! { state => "void" },
        );
    };
    let id = hex::encode(&enrolment.id.0);
    let state = enrolment.state.name();
    let values = match enrolment.state {
        EnrolmentState::Done => return Ok(Redirect::to("/account/devices").into_response()),
        EnrolmentState::Open if enrolment.way == Way::PinInBrowser => {
            context! { id, state, error, name => enrolment.name, browser => true }
        }
        EnrolmentState::Open => context! {
            id, state, error, name => enrolment.name,
            qr => qr::svg(&qr_text(&app.origin, &enrolment.message), "QR code")?,
            link => link_text(&app.origin, &enrolment.message),
        },
        EnrolmentState::Claimed | EnrolmentState::Confirmed => {
            let device = app.store().device(enrolment.dev).await?;
            let (model, platform) = device
                .map(|device| (device.model, device.platform))
                .unwrap_or_default();
            let left = policy::ENROLMENT_TRIES.saturating_sub(enrolment.code_tries);
            context! { id, state, error, name => enrolment.name, model, platform, left }
        }
        EnrolmentState::Void => context! { id, state, error },
    };
    app.pages.refuse(status, "enrolment.html", visitor, values)
}

/// `GET /account/enrolments/{id}/state`.
pub(super) async fn state(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let state = own(&app, &visitor, &id)
        .await?
        .map_or(EnrolmentState::Void, |enrolment| enrolment.state);
    Ok(Json(serde_json::json!({ "state": state.name() })).into_response())
}

/// `GET /account/enrolments/{id}/code.png`.
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

/// `GET /account/enrolments/{id}/link`.
pub(super) async fn link(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    Ok(link_text(&app.origin, &scannable(&app, &visitor, &id).await?.message).into_response())
}

async fn scannable(app: &App, visitor: &Visitor, id: &str) -> Result<Enrolment, PageError> {
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

/// `POST /account/enrolments/{id}/code`.
pub(super) async fn code(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    posted: Posted<Code>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let Some(enrolment) = own(&app, &visitor, &id).await? else {
        return show(&app, &visitor, None, StatusCode::NOT_FOUND, None).await;
    };
    let typed: String = form
        .code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    if typed.len() != 6 || !typed.bytes().all(|byte| byte.is_ascii_digit()) {
        return show(
            &app,
            &visitor,
            Some(enrolment),
            StatusCode::BAD_REQUEST,
            Some("enrolment_error_form"),
        )
        .await;
    }
    let session = visitor.signed_in()?.hash;
    let Some(taken) = app
        .store()
        .take_enrolment_try(enrolment.id, session, app.now())
        .await?
    else {
        return Ok(to(enrolment.id));
    };
    let place = Place {
        owner: taken.dev.0,
        field: "enrolment-code",
        epoch: 1,
    };
    let right = bool::from(
        app.root
            .sealing
            .open(place, &taken.code)?
            .ct_eq(typed.as_bytes()),
    );
    app.store()
        .finish_enrolment_try(enrolment.id, right, app.now())
        .await?;
    app.waiting.wake(taken.dev);
    if right || taken.left == 0 {
        return Ok(to(enrolment.id));
    }
    let enrolment = own(&app, &visitor, &id).await?;
    show(
        &app,
        &visitor,
        enrolment,
        StatusCode::UNAUTHORIZED,
        Some("enrolment_error_wrong"),
    )
    .await
}
