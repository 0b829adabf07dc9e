//! Change, commit, biometrics and push address (PROTOCOL.md, section 13).

use std::sync::Arc;

use axum::{extract::State, response::Response};
use countersign_protocol::{
    biometrics::OpenedBiometrics,
    change::OpenedChange,
    id::PublicKey,
    reply::ResultCode,
    request::Request,
    update::{Update, What},
    verify::clock_is_near,
};

use super::{ApiError, Cbor, authenticated, query::follow_chain, reply, signed, to_the_end, token};
use crate::{
    app::App,
    keys::seal::{Place, SealError},
    push,
    store::{Content, Known, NewEpoch, Outcome, Reseal, Resealed, UpdateFacts, UpdateStep},
};

/// `POST /api/v1/change`.
pub(super) async fn change(State(app): State<Arc<App>>, body: Cbor) -> Result<Response, ApiError> {
    to_the_end(update(app, body, |what| matches!(what, What::Change(_)))).await
}

/// `POST /api/v1/commit`.
pub(super) async fn commit(State(app): State<Arc<App>>, body: Cbor) -> Result<Response, ApiError> {
    to_the_end(update(app, body, |what| {
        matches!(what, What::Commit { .. })
    }))
    .await
}

/// `POST /api/v1/biometrics`.
pub(super) async fn biometrics(
    State(app): State<Arc<App>>,
    body: Cbor,
) -> Result<Response, ApiError> {
    to_the_end(update(app, body, |what| {
        matches!(what, What::BiometricsOn { .. } | What::BiometricsOff { .. })
    }))
    .await
}

/// `POST /api/v1/push`.
pub(super) async fn push(State(app): State<Arc<App>>, body: Cbor) -> Result<Response, ApiError> {
    to_the_end(update(app, body, |what| {
        matches!(what, What::PushAddress(_))
    }))
    .await
}

async fn update(
    app: Arc<App>,
    body: Cbor,
    belongs: fn(&What) -> bool,
) -> Result<Response, ApiError> {
    let (device, request) = authenticated::<Update>(&app, &body).await?;
    if !belongs(&request.what) {
        return Err(ApiError::OtherEndpoint);
    }
    let hash = request.hash();
    let known = app.store().outcome(device.dev, hash).await?;
    if let Some(Known::Answered(outcome)) = known {
        return updated(&app, &request, outcome);
    }
    let now = app.now();
    if known.is_none() && !clock_is_near(request.time, now) {
        return signed(&app, &reply(&app, hash, ResultCode::Clock));
    }
    // Opened first, because all that is looked at says nothing about the old PIN, so that the rest can be judged in one transaction.
    let opened = open(&app, &request);
    let facts = UpdateFacts {
        update: (*request).clone(),
        signed: hash,
        made: app.root.tokens.made(device.dev, &request.state_token),
        content: opened.content(&app, &request)?,
        proof: [request.signature().as_slice(), request.transcript_bytes()].concat(),
    };
    // Whether the service was restored tells only the first copy that comes, whose token is not accepted yet.
    let restored = known
        .is_none()
        .then(|| request.state_token.sequence() > device.issued);
    let step = app
        .store()
        .begin_update(facts.clone(), reseal(app.clone()), now)
        .await?;
    let outcome = match step {
        UpdateStep::Decided(outcome) => outcome,
        // The try is taken and on the disk; only now is the signature looked at.
        UpdateStep::Check { pin_key, epoch } => {
            let place = Place {
                owner: device.dev.0,
                field: "pin-key",
                epoch,
            };
            let key = PublicKey::from_bytes(&app.root.sealing.open(place, &pin_key)?);
            let right = key.is_some_and(|key| opened.is_vouched_for(&request, &key));
            app.store().finish_update(facts, right, app.now()).await?
        }
    };
    if outcome.issued.is_some()
        && let Some(present) = app.store().device(device.dev).await?
    {
        follow_chain(&app, &present, request.last, restored).await?;
    }
    tracing::info!(dev = %device.dev, result = ?outcome.result, "a change of a device was judged");
    updated(&app, &request, outcome)
}

/// What was sealed in an update, in memory only.
enum Opened {
    Nothing,
    Unsealable,
    Refused,
    Change(OpenedChange),
    Biometrics(OpenedBiometrics),
}

fn open(app: &App, request: &Request<Update>) -> Opened {
    if matches!(
        request.what,
        What::Commit { .. } | What::BiometricsOff { .. } | What::PushAddress(_)
    ) {
        return Opened::Nothing;
    }
    let keys = app.keys.now();
    let Some(opened) = keys.unseal(&request.sealing(), request.sealed(), app.now()) else {
        return Opened::Unsealable;
    };
    let read = match request.what {
        What::Change(_) => request.change_secrets(&opened).map(Opened::Change),
        _ => request.biometric_secrets(&opened).map(Opened::Biometrics),
    };
    read.unwrap_or(Opened::Refused)
}

impl Opened {
    /// The same for the store, sealed.
    fn content(&self, app: &App, request: &Request<Update>) -> Result<Content, SealError> {
        let seal = |field, epoch, secret: &[u8]| {
            let place = Place {
                owner: request.dev.0,
                field,
                epoch,
            };
            app.root.sealing.seal(place, secret)
        };
        Ok(match (self, &request.what) {
            (Self::Change(opened), What::Change(change)) => Content::Change(NewEpoch {
                pin_key: seal("pin-key", change.epoch, opened.secrets.pin_key.as_bytes())?,
                pin_share: seal("pin-share", change.epoch, opened.secrets.p.expose())?,
                chain: seal("chain", change.epoch, opened.secrets.chain.expose())?,
            }),
            (Self::Biometrics(opened), What::BiometricsOn { epoch, .. }) => {
                Content::Biometrics(seal("bio-share", *epoch, opened.b.expose())?)
            }
            (_, What::PushAddress(None)) => Content::PushAddress(None),
            (_, What::PushAddress(Some(to))) if app.pushes.takes(to) => {
                Content::PushAddress(Some(push::seal(app, request.dev, to)?))
            }
            (_, What::PushAddress(_)) => Content::NoPush,
            (Self::Nothing, _) => Content::Nothing,
            (Self::Unsealable, _) => Content::Unsealable,
            (Self::Refused | Self::Change(_) | Self::Biometrics(_), _) => Content::Refused,
        })
    }

    /// Is the PIN's signature right?
    fn is_vouched_for(&self, request: &Request<Update>, key: &PublicKey) -> bool {
        match self {
            Self::Change(opened) => opened.verify_old_pin(request, key).is_ok(),
            Self::Biometrics(opened) => opened.verify_pin(request, key).is_ok(),
            Self::Nothing | Self::Unsealable | Self::Refused => false,
        }
    }
}

/// Seals N and B for the epoch that begins.
fn reseal(app: Arc<App>) -> Reseal {
    Box::new(move |device, epoch| {
        let again = |field, sealed: &[u8]| {
            let place = |epoch| Place {
                owner: device.dev.0,
                field,
                epoch,
            };
            let share = app.root.sealing.open(place(device.epoch), sealed)?;
            app.root.sealing.seal(place(epoch), &share)
        };
        let bio_share = device.bio_share.as_ref().map(|b| again("bio-share", b));
        Some(Resealed {
            plain_share: again("plain-share", &device.keys.plain_share).ok()?,
            bio_share: bio_share.transpose().ok()?,
        })
    })
}

fn updated(app: &App, request: &Request<Update>, outcome: Outcome) -> Result<Response, ApiError> {
    let mut reply = reply(app, request.hash(), outcome.result);
    match outcome.issued {
        Some(issued) if outcome.result != ResultCode::Suspended => {
            reply.state_token = Some(token(app, request.dev, issued));
            reply.tries_in_row = Some(outcome.row_left);
            reply.tries_in_epoch = Some(outcome.epoch_left);
            reply.counter = Some(outcome.counter);
            if matches!(request.what, What::Commit { .. }) {
                reply.epoch = Some(outcome.epoch);
            }
        }
        _ if outcome.result == ResultCode::Counter => reply.counter = Some(outcome.counter),
        _ => {}
    }
    signed(app, &reply)
}
