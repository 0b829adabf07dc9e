//! Answers to approvals (PROTOCOL.md, section 11).

use std::sync::Arc;

use countersign_protocol::{
    answer::{Answer, Decision, UnlockedBy},
    id::{ChallengeId, DeviceId, PublicKey},
    reply::{Reply, ResultCode},
    request::Request,
    verify::clock_is_near,
};

use super::{Posted, Signed, authenticated, chains, signed};
use crate::{
    app::App,
    keys::seal::Place,
    store::{AnswerFacts, ChallengeKind, CountedStep, Known, Outcome},
};

/// Judges an answer.
///
/// # Errors
/// See [`Failed`](super::Failed).
pub(crate) async fn answer(app: Arc<App>, posted: Posted) -> Signed {
    // 11.1, 11.2
    let (device, request) = authenticated::<Answer>(&app, &posted).await?;
    let hash = request.hash();
    // 11.3, 11.4: looked at again in the transaction; here, so that a repeated message or a wrong
    // clock costs a reading and no more.
    match app.store.outcome(device.dev, hash).await? {
        Some(Known::Answered(outcome)) => return reply(&app, &request, &outcome),
        None if !clock_is_near(request.time, app.clock.now()) => {
            return signed(&app, hash, ResultCode::Clock, |_| ());
        }
        _ => {}
    }
    // 11.13 comes before the rest: opening says nothing about the PIN, so all the rest is judged in
    // one transaction.
    let opened = match request.decision {
        Decision::Approve => {
            let (keys, sealing) = (app.keys.now(), request.sealing());
            keys.unseal(&sealing, request.sealed(), app.clock.now())
        }
        Decision::Decline | Decision::Report => None,
    };
    let facts = AnswerFacts {
        answer: (*request).clone(),
        signed: hash,
        token: app.root.tokens.made(device.dev, &request.state_token),
        opened: opened.is_some(),
        // A phone that knows the PIN needs no new one, and its owner must not be led to think so.
        grants_itself: app.own_biometrics && request.unlocked_by == UnlockedBy::Biometrics,
        proof: [request.signature().as_slice(), request.transcript_bytes()].concat(),
    };
    // 11.3 to 11.14
    let now = app.clock.now();
    let (outcome, restored) = match app.store.begin_answer(facts.clone(), now).await? {
        CountedStep::Decided { outcome, restored } => (outcome, restored),
        CountedStep::Check {
            pin_key,
            bio_key,
            epoch,
            restored,
        } => {
            // 11.15: the try is counted and on the disk; only now is the signature looked at.
            let key = match request.unlocked_by {
                UnlockedBy::Biometrics => bio_key,
                UnlockedBy::Pin | UnlockedBy::Nothing => {
                    let place = Place {
                        owner: device.dev.0,
                        field: "pin-key",
                        epoch,
                    };
                    PublicKey::from_bytes(&app.root.sealing.open(place, &pin_key)?)
                }
            };
            let right = match (&opened, key) {
                (Some(opened), Some(key)) => request.verify_unlock(opened, &key).is_ok(),
                _ => false,
            };
            // 11.16
            let now = app.clock.now();
            let outcome = app.store.finish_answer(facts, right, now).await?;
            (outcome, restored)
        }
    };
    // 12.10 to 12.12
    if outcome.issued.is_some() {
        chains::follow(&app, &device, request.last, restored).await?;
    }
    tracing::info!(dev = %device.dev, result = ?outcome.result, "an answer was judged");
    reply(&app, &request, &outcome)
}

/// Signs the reply to an answer.
fn reply(app: &App, request: &Request<Answer>, outcome: &Outcome) -> Signed {
    signed(app, request.hash(), outcome.result, |reply| {
        counted(app, reply, request.dev, outcome);
        if request.challenge_type == ChallengeKind::OnMobile.number()
            && request.decision == Decision::Approve
            && outcome.result == ResultCode::Done
        {
            reply.r = Some(return_value(app, request.challenge));
        }
    })
}

/// What the reply to an answer or an update says of the device.
pub(super) fn counted(app: &App, reply: &mut Reply, dev: DeviceId, outcome: &Outcome) {
    match outcome.issued {
        Some(issued) if outcome.result != ResultCode::Suspended => {
            reply.state_token = Some(app.root.tokens.token(dev, issued));
            reply.tries_in_row = Some(outcome.row_left);
            reply.tries_in_epoch = Some(outcome.epoch_left);
            reply.counter = Some(outcome.counter);
        }
        _ if outcome.result == ResultCode::Counter => reply.counter = Some(outcome.counter),
        _ => {}
    }
}

/// r (section 11): what the browser must come back with. Made from the challenge's identifier with
/// a key that is not in the database, so that an answer that was lost can be repeated and nothing
/// has to be kept.
pub(crate) fn return_value(app: &App, challenge: ChallengeId) -> [u8; 16] {
    let [r @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        app.root.mobile.mac(&[&challenge.0]);
    r
}
