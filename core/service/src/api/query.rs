//! Complete, status, inbox and remove: what a phone asks under its device key alone.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, response::Response};
use countersign_protocol::{
    Step,
    id::{DeviceId, PublicKey},
    keys::Chain,
    query::{Query, QueryRequest},
    reply::ResultCode,
    verify::{chain_moved_to, clock_is_near},
};
use tokio::time::Instant;

use super::{ApiError, Cbor, authenticated, claim, reply, signed, state_of, wait};
use crate::{
    app::{App, secret},
    keys::seal::Place,
    store::{Completion, Device, DeviceState, NewChain},
};

/// `POST /api/v1/complete`.
pub(super) async fn complete(
    State(app): State<Arc<App>>,
    body: Cbor,
) -> Result<Response, ApiError> {
    let (device, request) = authenticated::<QueryRequest>(&app, &body).await?;
    let Query::Complete {
        wait: seconds,
        enrolment,
    } = request.query
    else {
        return Err(ApiError::OtherEndpoint);
    };
    if !clock_is_near(request.time, app.now()) {
        return signed(&app, &reply(&app, request.hash(), ResultCode::Clock));
    }
    let end = Instant::now() + Duration::from_secs(seconds.into());
    let place = app.waiting.place(device.dev);
    let result = loop {
        let woken = place.woken();
        match app
            .store()
            .complete(enrolment, device.dev, app.now())
            .await?
        {
            Completion::Active => break ResultCode::Done,
            Completion::Refused => break ResultCode::Refused,
            Completion::NotYet if Instant::now() >= end || *app.stopping.borrow() => {
                break ResultCode::NotYet;
            }
            Completion::NotYet => wait(&app, woken, end - Instant::now()).await,
        }
    };
    let mut reply = reply(&app, request.hash(), result);
    if result == ResultCode::Done {
        reply.device_state = Some(countersign_protocol::reply::DeviceState::Active);
    }
    signed(&app, &reply)
}

/// `POST /api/v1/status`.
pub(super) async fn status(State(app): State<Arc<App>>, body: Cbor) -> Result<Response, ApiError> {
    let (device, request) = authenticated::<QueryRequest>(&app, &body).await?;
    let Query::Status { last } = request.query else {
        return Err(ApiError::OtherEndpoint);
    };
    if !clock_is_near(request.time, app.now()) {
        return signed(&app, &reply(&app, request.hash(), ResultCode::Clock));
    }
    follow_chain(&app, &device, last, None).await?;
    // Before the device, of which both tell: a commit that lands between the two is seen by one of them at least. A status that named its
    // change neither as pending nor as begun would have the phone erase the only PIN that works.
    let life = app.store().life(device.dev, app.now()).await?;
    // Read again: the phone may have been suspended just now.
    let device = app
        .store()
        .device(device.dev)
        .await?
        .ok_or(ApiError::Unknown)?;
    let enrolment = match device.state {
        DeviceState::Pending => Some(
            app.store()
                .enrolment(device.enrolment, app.now())
                .await?
                .ok_or(ApiError::Unknown)?,
        ),
        _ => None,
    };
    let mut reply = reply(&app, request.hash(), ResultCode::Done);
    claim::standing(&app, &mut reply, &device, enrolment.as_ref()).await?;
    if enrolment.is_none() {
        reply.pending_change = life.pending.filter(|hash| device.began_with != Some(*hash));
        reply.epoch_change = device.began_with;
        reply.granted = life.granted;
        reply.biometric_kid = device.bio_key.as_ref().map(PublicKey::key_id);
        reply.recovery_ends_at = life.recovery_ends_at;
    }
    signed(&app, &reply)
}

/// `POST /api/v1/inbox`.
pub(super) async fn inbox(State(app): State<Arc<App>>, body: Cbor) -> Result<Response, ApiError> {
    let (device, request) = authenticated::<QueryRequest>(&app, &body).await?;
    let Query::Inbox {
        last,
        wait: seconds,
        known,
    } = request.query
    else {
        return Err(ApiError::OtherEndpoint);
    };
    let hash = request.hash();
    if !clock_is_near(request.time, app.now()) {
        return signed(&app, &reply(&app, hash, ResultCode::Clock));
    }
    if device.state == DeviceState::Pending {
        return signed(&app, &reply(&app, hash, ResultCode::NotActive));
    }
    follow_chain(&app, &device, last, None).await?;
    // Thousands may wait here, and each should hold no more than it needs.
    let dev = device.dev;
    drop((body, request, device));
    let end = Instant::now() + Duration::from_secs(seconds.into());
    let place = app.waiting.place(dev);
    let challenges = loop {
        let woken = place.woken();
        let open = app.store().inbox(dev, app.now()).await?;
        if open.iter().any(|item| Some(item.id) != known)
            || Instant::now() >= end
            || *app.stopping.borrow()
        {
            break open;
        }
        wait(&app, woken, end - Instant::now()).await;
    };
    let device = app.store().device(dev).await?.ok_or(ApiError::Unknown)?;
    let mut reply = reply(&app, hash, ResultCode::Done);
    reply.tries_in_row = Some(device.left_in_a_row());
    reply.tries_in_epoch = Some(device.left_in_epoch());
    reply.device_state = Some(state_of(&device));
    reply.challenges = Some(challenges.into_iter().map(|item| item.message).collect());
    signed(&app, &reply)
}

/// `POST /api/v1/remove`.
pub(super) async fn remove(State(app): State<Arc<App>>, body: Cbor) -> Result<Response, ApiError> {
    let (device, request) = authenticated::<QueryRequest>(&app, &body).await?;
    if request.query != Query::Remove {
        return Err(ApiError::OtherEndpoint);
    }
    if !clock_is_near(request.time, app.now()) {
        return signed(&app, &reply(&app, request.hash(), ResultCode::Clock));
    }
    if !app.store().remove_by_device(device.dev, app.now()).await? {
        return Err(ApiError::Unknown);
    }
    app.waiting.wake(device.dev);
    tracing::info!(dev = %device.dev, "a device was removed on the phone");
    signed(&app, &reply(&app, request.hash(), ResultCode::Done))
}

/// A chain of a device's PIN epoch, opened.
pub(crate) fn open_chain(
    app: &App,
    dev: DeviceId,
    epoch: u32,
    step: Step,
    sealed: &[u8],
) -> Result<Chain, ApiError> {
    let place = Place {
        owner: dev.0,
        field: "chain",
        epoch,
    };
    let value = app.root.sealing.open(place, sealed)?;
    let value =
        secret(&value).ok_or_else(|| ApiError::Unavailable("a chain value is damaged".into()))?;
    Ok(Chain::new(step, value))
}

/// A chain's value sealed for the store.
pub(crate) fn sealed_chain(
    app: &App,
    dev: DeviceId,
    epoch: u32,
    chain: &Chain,
) -> Result<NewChain, ApiError> {
    let place = Place {
        owner: dev.0,
        field: "chain",
        epoch,
    };
    Ok(NewChain {
        dev,
        epoch,
        to: chain.next(),
        chain: app.root.sealing.seal(place, chain.value().expose())?,
    })
}

/// A device says that `last` is spent: its chain here follows, as far as no open challenge needs an earlier step.
pub(crate) async fn follow_chain(
    app: &App,
    device: &Device,
    last: Step,
    restored: Option<bool>,
) -> Result<(), ApiError> {
    if last < device.chain_step || device.state != DeviceState::Active {
        return Ok(());
    }
    let to = app
        .store()
        .adopt_last(device.dev, last, restored, app.now())
        .await?;
    let chain = open_chain(
        app,
        device.dev,
        device.epoch,
        device.chain_step,
        &device.keys.chain,
    )?;
    if let Some(moved) = to
        .checked_sub(1)
        .and_then(|last| chain_moved_to(&chain, last))
    {
        app.store()
            .advance_chain(sealed_chain(app, device.dev, device.epoch, &moved)?)
            .await?;
    }
    Ok(())
}
