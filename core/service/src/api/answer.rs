//! Answers to approvals (PROTOCOL.md, section 11).

use std::sync::Arc;

use axum::{extract::State, response::Response};
use countersign_protocol::{
    answer::{Answer, Decision, UnlockedBy},
    id::{ChallengeId, PublicKey},
    reply::ResultCode,
    request::Request,
    verify::clock_is_near,
};

use super::{ApiError, Cbor, authenticated, query::follow_chain, reply, signed, to_the_end, token};
use crate::{
    app::App,
    keys::seal::Place,
    store::{AnswerFacts, AnswerStep, ChallengeKind, CheckedAnswer, Known, Outcome},
};

/// `POST /api/v1/answer`.
pub(super) async fn answer(State(app): State<Arc<App>>, body: Cbor) -> Result<Response, ApiError> {
    to_the_end(judge(app, body)).await
}

async fn judge(app: Arc<App>, body: Cbor) -> Result<Response, ApiError> {
    let (device, request) = authenticated::<Answer>(&app, &body).await?;
    let hash = request.hash();
    let known = app.store().outcome(device.dev, hash).await?;
    if let Some(Known::Answered(outcome)) = known {
        return answered(&app, &request, outcome);
    }
    let now = app.now();
    if known.is_none() && !clock_is_near(request.time, now) {
        return signed(&app, &reply(&app, hash, ResultCode::Clock));
    }
    // Opened first, because opening says nothing about the PIN, so that all the rest can be judged in one transaction.
    let opened = match request.decision {
        Decision::Approve => {
            let keys = app.keys.now();
            keys.unseal(&request.sealing(), request.sealed(), now)
        }
        Decision::Decline | Decision::Report => None,
    };
    let proof = [request.signature().as_slice(), request.transcript_bytes()].concat();
    let facts = AnswerFacts {
        answer: (*request).clone(),
        signed: hash,
        made: app.root.tokens.made(device.dev, &request.state_token),
        opened: opened.is_some(),
        proof: proof.clone(),
    };
    let outcome = match app.store().begin_answer(facts, now).await? {
        AnswerStep::Decided(outcome) => outcome,
        // The try is taken and on the disk; only now is the signature looked at.
        AnswerStep::Check {
            pin_key,
            bio_key,
            epoch,
        } => {
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
            let checked = CheckedAnswer {
                dev: device.dev,
                signed: hash,
                challenge: request.challenge,
                unlocked: request.unlocked_by,
                epoch: request.epoch,
                right,
                // Who knows the PIN needs no new one, and must not be led to think that it was needed.
                grants_itself: app.own_biometrics && request.unlocked_by == UnlockedBy::Biometrics,
                proof,
            };
            app.store().finish_answer(checked, app.now()).await?
        }
    };
    if outcome.issued.is_some() {
        // Whether the service was restored tells only the first copy that comes, whose token is not accepted yet.
        let restored = known
            .is_none()
            .then(|| request.state_token.sequence() > device.issued);
        follow_chain(&app, &device, request.last, restored).await?;
    }
    tracing::info!(dev = %device.dev, result = ?outcome.result, "an answer was judged");
    answered(&app, &request, outcome)
}

/// r (PROTOCOL.md, section 11): what the browser must come back with. Made from the challenge's identifier with a key that is not in the
/// database, so that an answer that was lost can be repeated and nothing has to be kept.
pub(crate) fn return_value(app: &App, challenge: ChallengeId) -> [u8; 16] {
    let [r @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
        app.root.mobile.mac(&[&challenge.0]);
    r
}

fn answered(app: &App, request: &Request<Answer>, outcome: Outcome) -> Result<Response, ApiError> {
    let mut reply = reply(app, request.hash(), outcome.result);
    if let Some(issued) = outcome.issued {
        reply.state_token = Some(token(app, request.dev, issued));
        reply.tries_in_row = Some(outcome.row_left);
        reply.tries_in_epoch = Some(outcome.epoch_left);
        reply.counter = Some(outcome.counter);
    } else if outcome.result == ResultCode::Counter {
        reply.counter = Some(outcome.counter);
    }
    if request.challenge_type == ChallengeKind::OnMobile.number()
        && request.decision == Decision::Approve
        && outcome.result == ResultCode::Done
    {
        reply.r = Some(return_value(app, request.challenge));
    }
    signed(app, &reply)
}
