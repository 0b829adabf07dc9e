//! The claim: a phone takes up an enrolment (PROTOCOL.md, section 10, step 4).

use std::sync::Arc;

use axum::{extract::State, response::Response};
use countersign_protocol::{
    claim::{Claim, ClaimSecrets, KeyClass},
    enrolment::Way,
    id::{DeviceId, Hash},
    keys::enrolment_pin_verifier,
    reply::{DeviceState, Reply, ResultCode},
    request::Request,
    verify::clock_is_near,
};
use ring::digest;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{ApiError, Cbor, describe, reply, signed, to_the_end};
use crate::{
    app::App,
    base::random,
    keys::seal::Place,
    store::{Device, DeviceKeys, Enrolment, EnrolmentState, NewClaim},
};

/// `POST /api/v1/claim`.
pub(super) async fn claim(State(app): State<Arc<App>>, body: Cbor) -> Result<Response, ApiError> {
    to_the_end(judge(app, body)).await
}

async fn judge(app: Arc<App>, body: Cbor) -> Result<Response, ApiError> {
    let received = body.parse::<Claim>()?;
    let (svc, acc, dev) = received.names();
    let id = received.enrolment();
    let request = received.verify_own_key().map_err(|_| ApiError::Unknown)?;
    let now = app.now();
    let enrolment = app.store().enrolment(id, now).await?;
    let fits = |enrolment: &Enrolment| {
        svc == app.origin.svc() && enrolment.account == acc && enrolment.dev == dev
    };
    let Some(enrolment) = enrolment.filter(fits) else {
        return refuse(&app, &request, ResultCode::Refused);
    };
    if enrolment.claim == Some(request.hash()) {
        return claimed(&app, request.hash(), &enrolment).await;
    }
    if enrolment.state != EnrolmentState::Open || enrolment.hash != request.enrolment_hash {
        return refuse(&app, &request, ResultCode::Refused);
    }
    if !clock_is_near(request.time, now) {
        return refuse(&app, &request, ResultCode::Clock);
    }
    let keys = app.keys.now();
    let Some(opened) = keys.unseal(&request.sealing(), request.sealed(), now) else {
        return refuse(&app, &request, ResultCode::Unsealable);
    };
    let secrets = request.secrets(&opened).ok().filter(|secrets| {
        let hash = digest::digest(&digest::SHA256, secrets.one_time_secret.expose());
        bool::from(hash.as_ref().ct_eq(&enrolment.secret))
            && secrets.k.is_some() == (enrolment.way == Way::PinInBrowser)
    });
    let Some(secrets) = secrets else {
        return refuse(&app, &request, ResultCode::Refused);
    };

    if let Some(k) = &secrets.k {
        // The try is taken and on the disk; only now is K looked at.
        let Some(taken) = app
            .store()
            .take_pin_try(request.enrolment, request.hash(), now)
            .await?
        else {
            return repeat_or_refuse(&app, &request).await;
        };
        let pin_check = app.root.sealing.open(pin_check(dev), &taken.pin_check)?;
        if !bool::from(enrolment_pin_verifier(k).expose().ct_eq(&pin_check)) {
            app.store().fail_pin_try(request.enrolment, now).await?;
            tracing::info!(%dev, left = taken.left, "a claim came with a wrong PIN");
            let mut wrong = reply(&app, request.hash(), ResultCode::WrongEnrolmentPin);
            wrong.tries_in_row = u8::try_from(taken.left).ok();
            return signed(&app, &wrong);
        }
    }

    let new = new_claim(&app, &request, &secrets)?;
    match app.store().claim(new, app.now()).await? {
        Some(enrolment) if enrolment.claim == Some(request.hash()) => {
            tracing::info!(%dev, "an enrolment was claimed");
            claimed(&app, request.hash(), &enrolment).await
        }
        _ => refuse(&app, &request, ResultCode::Refused),
    }
}

/// Where V is sealed.
pub(crate) fn pin_check(dev: DeviceId) -> Place {
    Place {
        owner: dev.0,
        field: "pin-check",
        epoch: 1,
    }
}

/// No try could be taken: the same claim may have been recorded a moment ago.
async fn repeat_or_refuse(app: &App, request: &Request<Claim>) -> Result<Response, ApiError> {
    let enrolment = app.store().enrolment(request.enrolment, app.now()).await?;
    match enrolment.filter(|enrolment| enrolment.claim == Some(request.hash())) {
        Some(enrolment) => claimed(app, request.hash(), &enrolment).await,
        None => refuse(app, request, ResultCode::Refused),
    }
}

fn refuse(app: &App, request: &Request<Claim>, result: ResultCode) -> Result<Response, ApiError> {
    signed(app, &reply(app, request.hash(), result))
}

fn new_claim(
    app: &App,
    request: &Request<Claim>,
    secrets: &ClaimSecrets,
) -> Result<NewClaim, ApiError> {
    let place = |field| Place {
        owner: request.dev.0,
        field,
        epoch: 1,
    };
    let seal = |field, secret: &[u8]| app.root.sealing.seal(place(field), secret);
    // Where the PIN was chosen in the browser, a right K confirms by itself.
    let code = match secrets.k {
        Some(_) => None,
        None => {
            let code = Zeroizing::new(format!("{:06}", random::below(1_000_000)?));
            Some(seal("enrolment-code", code.as_bytes())?)
        }
    };
    Ok(NewClaim {
        id: request.enrolment,
        claim: request.hash(),
        proof: [request.signature().as_slice(), request.transcript_bytes()].concat(),
        code,
        model: request.model.clone(),
        platform: request.platform.clone(),
        hardware: request.key_class == KeyClass::Hardware,
        keys: DeviceKeys {
            device_key: request.device_key,
            pin_key: seal("pin-key", secrets.pin_key.as_bytes())?,
            pin_share: seal("pin-share", secrets.p.expose())?,
            plain_share: seal("plain-share", secrets.n.expose())?,
            chain: seal("chain", secrets.chain.expose())?,
        },
    })
}

/// The reply to a recorded claim, the same every time.
async fn claimed(app: &App, request: Hash, enrolment: &Enrolment) -> Result<Response, ApiError> {
    let device = app.store().device(enrolment.dev).await?;
    let Some(device) = device.filter(|device| device.enrolment == enrolment.id) else {
        return signed(app, &reply(app, request, ResultCode::Refused));
    };
    let mut reply = reply(app, request, ResultCode::Done);
    standing(app, &mut reply, &device, Some(enrolment)).await?;
    signed(app, &reply)
}

/// Fills in what a claim's and a status's reply say, with the six digits while they are due.
pub(super) async fn standing(
    app: &App,
    reply: &mut Reply,
    device: &Device,
    enrolment: Option<&Enrolment>,
) -> Result<(), ApiError> {
    let state = match enrolment.map(|enrolment| enrolment.state) {
        Some(EnrolmentState::Claimed) => DeviceState::Claimed,
        Some(EnrolmentState::Confirmed) => DeviceState::Confirmed,
        _ => super::state_of(device),
    };
    let account = app
        .store()
        .account(device.account)
        .await?
        .ok_or(ApiError::Unknown)?;
    let next_step = app.store().next_step(device.account, app.now()).await?;
    describe(app, reply, device, &account, state, next_step);
    if state == DeviceState::Claimed
        && let Some(sealed) = enrolment.and_then(|enrolment| enrolment.code.as_ref())
    {
        let place = Place {
            owner: device.dev.0,
            field: "enrolment-code",
            epoch: 1,
        };
        let code = app.root.sealing.open(place, sealed)?;
        reply.confirmation_code = Some(String::from_utf8_lossy(&code).into_owned());
    }
    Ok(())
}
