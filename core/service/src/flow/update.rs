//! Change, commit, biometrics and push address (PROTOCOL.md, section 13).

use std::sync::Arc;

use countersign_protocol::{
    biometrics::OpenedBiometrics,
    change::OpenedChange,
    id::PublicKey,
    reply::ResultCode,
    request::Request,
    update::{Update, What},
    verify::clock_is_near,
};

use super::{Failed, Posted, Signed, answer::counted, authenticated, chains, signed};
use crate::{
    app::App,
    keys::seal::{Place, SealError},
    store::{Content, CountedStep, Known, NewEpoch, Outcome, Reseal, Resealed, UpdateFacts},
};

/// Judges an update. `belongs`: is it of the type that the endpoint takes?
///
/// # Errors
/// See [`Failed`].
pub(crate) async fn update(app: Arc<App>, posted: Posted, belongs: fn(&What) -> bool) -> Signed {
    // 13.1, 13.2
    let (device, request) = authenticated::<Update>(&app, &posted).await?;
    if !belongs(&request.what) {
        return Err(Failed::OtherEndpoint);
    }
    let hash = request.hash();
    // 13.3, 13.4: looked at again in the transaction; here, so that a repeated message or a wrong
    // clock costs a reading and no more.
    match app.store.outcome(device.dev, hash).await? {
        Some(Known::Answered(outcome)) => return reply(&app, &request, &outcome),
        None if !clock_is_near(request.time, app.clock.now()) => {
            return signed(&app, hash, ResultCode::Clock, |_| ());
        }
        _ => {}
    }
    // 13.12 and 13.13 come before the rest: nothing that is looked at says anything about the old
    // PIN, so all the rest is judged in one transaction.
    let opened = open(&app, &request);
    let facts = UpdateFacts {
        update: (*request).clone(),
        signed: hash,
        token: app.root.tokens.made(device.dev, &request.state_token),
        content: opened.content(&app, &request)?,
        proof: [request.signature().as_slice(), request.transcript_bytes()].concat(),
    };
    // 13.3 to 13.14, and 13.16 of what needs no PIN
    let (reseal, now) = (reseal(app.clone()), app.clock.now());
    let begun = app.store.begin_update(facts.clone(), reseal, now).await?;
    let (outcome, restored) = match begun {
        CountedStep::Decided { outcome, restored } => (outcome, restored),
        CountedStep::Check {
            pin_key,
            epoch,
            restored,
            ..
        } => {
            // 13.15: the try is counted and on the disk; only now is the signature looked at.
            let place = Place {
                owner: device.dev.0,
                field: "pin-key",
                epoch,
            };
            let key = PublicKey::from_bytes(&app.root.sealing.open(place, &pin_key)?);
            let right = key.is_some_and(|key| opened.is_vouched_for(&request, &key));
            // 13.16
            let now = app.clock.now();
            let outcome = app.store.finish_update(facts, right, now).await?;
            (outcome, restored)
        }
    };
    // 12.10 to 12.12
    if outcome.issued.is_some()
        && let Some(present) = app.store.device(device.dev).await?
    {
        chains::follow(&app, &present, request.last, restored).await?;
    }
    tracing::info!(dev = %device.dev, result = ?outcome.result, "a change of a device was judged");
    reply(&app, &request, &outcome)
}

/// Signs the reply to an update.
fn reply(app: &App, request: &Request<Update>, outcome: &Outcome) -> Signed {
    signed(app, request.hash(), outcome.result, |reply| {
        counted(app, reply, request.dev, outcome);
        if reply.state_token.is_some() && matches!(request.what, What::Commit { .. }) {
            reply.epoch = Some(outcome.epoch);
        }
    })
}

/// An update's sealed part, opened, in memory only.
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
    let Some(opened) = keys.unseal(&request.sealing(), request.sealed(), app.clock.now()) else {
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
                pin_code_secret: seal("pin-share", change.epoch, opened.secrets.p.expose())?,
                chain: seal("chain", change.epoch, opened.secrets.chain.expose())?,
            }),
            (Self::Biometrics(opened), What::BiometricsOn { epoch, .. }) => {
                Content::Biometrics(seal("bio-share", *epoch, opened.b.expose())?)
            }
            (_, What::PushAddress(None)) => Content::PushAddress(None),
            (_, What::PushAddress(Some(to))) if app.pushes.takes(to) => {
                Content::PushAddress(Some(app.pushes.seal(request.dev, to)?))
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
        let bio_code_secret = device
            .bio_code_secret
            .as_ref()
            .map(|b| again("bio-share", b));
        Some(Resealed {
            plain_code_secret: again("plain-share", &device.keys.plain_code_secret).ok()?,
            bio_code_secret: bio_code_secret.transpose().ok()?,
        })
    })
}
