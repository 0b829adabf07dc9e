//! Complete, status, inbox and remove: what a phone asks under its device key alone.

use std::{sync::Arc, time::Duration};

use countersign_protocol::{
    id::PublicKey,
    query::{Query, QueryRequest},
    reply::ResultCode,
    verify::clock_is_near,
};
use tokio::time::Instant;

use super::{Failed, Posted, Signed, authenticated, chains, claim::Standing, signed};
use crate::{
    app::App,
    store::{Completion, DeviceState},
};

/// Answers whether an enrolment is complete, waiting for it if the phone asks so.
///
/// # Errors
/// See [`Failed`].
pub(crate) async fn complete(app: Arc<App>, posted: Posted) -> Signed {
    let (device, request) = authenticated::<QueryRequest>(&app, &posted).await?;
    let Query::Complete {
        wait: seconds,
        enrolment,
    } = request.query
    else {
        return Err(Failed::OtherEndpoint);
    };
    // 10.16
    if !clock_is_near(request.time, app.clock.now()) {
        return signed(&app, request.hash(), ResultCode::Clock, |_| ());
    }
    let end = Instant::now() + Duration::from_secs(seconds.into());
    let place = app.waiting.place(device.dev);
    let result = loop {
        let woken = place.woken();
        match app
            .store
            .complete(enrolment, device.dev, app.clock.now())
            .await?
        {
            // 10.17, 10.18
            Completion::Active => break ResultCode::Done,
            Completion::Refused => break ResultCode::Refused,
            Completion::NotYet if Instant::now() >= end || *app.stopping.borrow() => {
                break ResultCode::NotYet;
            }
            Completion::NotYet => wait(&app, woken, end - Instant::now()).await,
        }
    };
    // 10.20
    signed(&app, request.hash(), result, |reply| {
        let active = countersign_protocol::reply::DeviceState::Active;
        reply.device_state = (result == ResultCode::Done).then_some(active);
    })
}

/// Answers how the device stands.
///
/// # Errors
/// See [`Failed`].
pub(crate) async fn status(app: Arc<App>, posted: Posted) -> Signed {
    let (device, request) = authenticated::<QueryRequest>(&app, &posted).await?;
    let Query::Status { last } = request.query else {
        return Err(Failed::OtherEndpoint);
    };
    // 10.16
    if !clock_is_near(request.time, app.clock.now()) {
        return signed(&app, request.hash(), ResultCode::Clock, |_| ());
    }
    chains::follow(&app, &device, last, None).await?;
    // Before the device, of which both tell: a commit that lands between the two is seen by one of
    // them at least. A status that named its change neither as pending nor as begun would have the
    // phone erase the only PIN that works.
    let life = app.store.life(device.dev, app.clock.now()).await?;
    // Read again: the phone may have been suspended just now.
    let device = app.store.device(device.dev).await?.ok_or(Failed::Unknown)?;
    let enrolment = match device.state {
        DeviceState::Pending => Some(
            app.store
                .enrolment(device.enrolment, app.clock.now())
                .await?
                .ok_or(Failed::Unknown)?,
        ),
        _ => None,
    };
    let standing = Standing::read(&app, &device, enrolment.as_ref()).await?;
    signed(&app, request.hash(), ResultCode::Done, |reply| {
        standing.fill(&app, reply, &device);
        if enrolment.is_none() {
            reply.pending_change = life.pending.filter(|hash| device.began_with != Some(*hash));
            reply.epoch_change = device.began_with;
            reply.granted = life.granted;
            reply.biometric_kid = device.bio_key.as_ref().map(PublicKey::key_id);
            reply.recovery_ends_at = life.recovery_ends_at;
        }
    })
}

/// Answers the open approvals, waiting for one if the phone asks so.
///
/// # Errors
/// See [`Failed`].
pub(crate) async fn inbox(app: Arc<App>, posted: Posted) -> Signed {
    let (device, request) = authenticated::<QueryRequest>(&app, &posted).await?;
    let Query::Inbox {
        last,
        wait: seconds,
        known,
    } = request.query
    else {
        return Err(Failed::OtherEndpoint);
    };
    let hash = request.hash();
    // 10.16
    if !clock_is_near(request.time, app.clock.now()) {
        return signed(&app, hash, ResultCode::Clock, |_| ());
    }
    // 10.19
    if device.state == DeviceState::Pending || app.store.is_disabled(device.account).await? {
        return signed(&app, hash, ResultCode::NotActive, |_| ());
    }
    chains::follow(&app, &device, last, None).await?;
    // Thousands may wait here, and each should hold no more than it needs.
    let dev = device.dev;
    drop((posted, request, device));
    let end = Instant::now() + Duration::from_secs(seconds.into());
    let place = app.waiting.place(dev);
    let challenges = loop {
        let woken = place.woken();
        let open = app.store.inbox(dev, app.clock.now()).await?;
        if open.iter().any(|item| Some(item.id) != known)
            || Instant::now() >= end
            || *app.stopping.borrow()
        {
            break open;
        }
        wait(&app, woken, end - Instant::now()).await;
    };
    // 10.20
    let device = app.store.device(dev).await?.ok_or(Failed::Unknown)?;
    signed(&app, hash, ResultCode::Done, |reply| {
        reply.tries_in_row = Some(device.left_in_a_row());
        reply.tries_in_epoch = Some(device.left_in_epoch());
        reply.device_state = Some(device.shown_state());
        reply.challenges = Some(challenges.into_iter().map(|item| item.message).collect());
    })
}

/// Removes a device that says so itself.
///
/// # Errors
/// See [`Failed`].
pub(crate) async fn remove(app: Arc<App>, posted: Posted) -> Signed {
    let (device, request) = authenticated::<QueryRequest>(&app, &posted).await?;
    if request.query != Query::Remove {
        return Err(Failed::OtherEndpoint);
    }
    // 10.16
    if !clock_is_near(request.time, app.clock.now()) {
        return signed(&app, request.hash(), ResultCode::Clock, |_| ());
    }
    if !app
        .store
        .remove_by_device(device.dev, app.clock.now())
        .await?
    {
        return Err(Failed::Unknown);
    }
    app.waiting.wake(device.dev);
    tracing::info!(dev = %device.dev, "a device was removed on the phone");
    signed(&app, request.hash(), ResultCode::Done, |_| ())
}

/// Waits until there may be news, the service stops, or the time is over.
async fn wait(app: &App, woken: tokio::sync::futures::Notified<'_>, time: Duration) {
    let mut stopping = app.stopping.clone();
    tokio::select! {
        () = woken => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
        () = tokio::time::sleep(time) => {}
    }
}
