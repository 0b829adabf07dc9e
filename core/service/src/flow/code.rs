//! Codes that a person types (PROTOCOL.md, section 12).

use std::iter;

use countersign_protocol::{
    answer::UnlockedBy,
    challenge::Unlock,
    code::{Shape, Typed, transaction_question},
    id::ChallengeId,
    secret::{Secret, Secret32},
    verify::judge_code,
};

use super::{Failed, chains};
use crate::{
    app::App,
    keys::seal::Place,
    store::{Challenge, ChallengeKind, CodeStep, Device, PastEpoch, RightCode, SessionHash},
    transactions::Signing,
};

/// The result of a typed code.
pub(crate) enum Judged {
    /// It is accepted.
    Accepted(Box<Challenge>),
    /// It is wrong, and the challenge takes another.
    Wrong(Box<Challenge>),
    /// The challenge ended with it: it was the last wrong one, or another right one was accepted
    /// before it.
    Ended,
    /// The challenge was over before.
    Over,
    /// Too many wrong codes have closed this way for a while.
    Closed,
}

/// Judges a code that was typed in a session.
///
/// # Errors
/// See [`Failed`].
pub(crate) async fn judge(
    app: &App,
    id: ChallengeId,
    session: SessionHash,
    shape: Shape,
    typed: &Typed,
) -> Result<Judged, Failed> {
    // 12.6 to 12.8: a try is counted before the code is computed.
    let step = app.store.spend_code_try(id, session, app.clock.now());
    let (challenge, devices, last) = match step.await? {
        CodeStep::Check {
            challenge,
            devices,
            last,
        } => (challenge, devices, last),
        CodeStep::Closed => return Ok(Judged::Closed),
        CodeStep::Over => return Ok(Judged::Over),
    };
    // 12.9
    let winner = winner(app, &challenge, &devices, shape, typed)?;
    let right = winner.is_some();
    // 12.7: it is accepted once, and gives the tries back.
    let counted = devices.iter().map(|(device, _)| device.dev).collect();
    let now = app.clock.now();
    if app.store.finish_code(id, winner, counted, now).await? {
        return Ok(Judged::Accepted(challenge));
    }
    Ok(match right || last {
        true => Judged::Ended,
        false => Judged::Wrong(challenge),
    })
}

/// The device and the PIN epoch whose code it is, with the chain past the step.
fn winner(
    app: &App,
    challenge: &Challenge,
    devices: &[(Device, Vec<PastEpoch>)],
    shape: Shape,
    typed: &Typed,
) -> Result<Option<RightCode>, Failed> {
    let Some(step) = challenge.step else {
        return Ok(None);
    };
    let question = match challenge.kind {
        ChallengeKind::Transaction => {
            let Some(signing) = Signing::read(&challenge.payload) else {
                return Ok(None);
            };
            transaction_question(&challenge.hash.0, &signing.values())
        }
        _ => challenge.hash.0,
    };
    for (device, past) in devices {
        let present = (
            device.epoch,
            &device.keys.pin_code_secret,
            &device.keys.chain,
            device.chain_step,
        );
        let past = past.iter().map(|past| {
            (
                past.epoch,
                &past.pin_code_secret,
                &past.chain,
                past.chain_step,
            )
        });
        for (epoch, pin_code_secret, chain, chain_step) in iter::once(present).chain(past) {
            let chain = chains::open(app, device.dev, epoch, chain_step, chain)?
                .ok_or_else(|| Failed::Unavailable("a chain value is damaged".into()))?;
            for (unlocked, secret) in
                code_secrets(app, device, epoch, pin_code_secret, challenge.unlock)?
            {
                if let Some(moved) = judge_code(&chain, &secret, step, &question, shape, typed) {
                    let chain = chains::seal(app, device.dev, epoch, &moved)?;
                    return Ok(Some(RightCode { chain, unlocked }));
                }
            }
        }
    }
    Ok(None)
}

/// The shares of what may unlock a code of this PIN epoch. N and B are the same in all of them,
/// sealed for the present one.
fn code_secrets(
    app: &App,
    device: &Device,
    epoch: u32,
    pin_code_secret: &[u8],
    unlock: Unlock,
) -> Result<Vec<(UnlockedBy, Secret32)>, Failed> {
    let pin = || (UnlockedBy::Pin, "pin-share", epoch, pin_code_secret);
    let sealed = match unlock {
        Unlock::Nothing => vec![(
            UnlockedBy::Nothing,
            "plain-share",
            device.epoch,
            device.keys.plain_code_secret.as_slice(),
        )],
        Unlock::Pin => vec![pin()],
        Unlock::PinOrBiometrics => {
            let b = device.bio_code_secret.as_deref();
            let b = b.map(|b| (UnlockedBy::Biometrics, "bio-share", device.epoch, b));
            iter::once(pin()).chain(b).collect()
        }
    };
    let mut secrets = Vec::with_capacity(sealed.len());
    for (unlocked, field, epoch, sealed) in sealed {
        let place = Place {
            owner: device.dev.0,
            field,
            epoch,
        };
        secrets.extend(
            Secret::from_slice(&app.root.sealing.open(place, sealed)?)
                .map(|secret| (unlocked, secret)),
        );
    }
    Ok(secrets)
}
