//! Answers to approvals. Each function is one transaction; the order of the checks is the protocol's own (`verify::judge_answer`).

use countersign_protocol::{
    Time,
    answer::{Decision, UnlockedBy},
    id::{DeviceId, Hash},
    policy::{
        push,
        tries::{Notice, Tries},
    },
    reply::{self, ResultCode},
    verify::{ChallengeRecord, DeviceRecord, Next, TokenState, judge_answer},
};
use rusqlite::{Connection, params};

use super::{
    accounts::{end_session, note},
    challenges, devices, recovery,
    rows::{byte, int, num, one, run},
};
use crate::{policy, store::*};

pub(super) fn outcome(
    c: &Connection,
    dev: DeviceId,
    signed: Hash,
) -> Result<Option<Known>, StoreError> {
    one(
        c,
        "SELECT * FROM outcome WHERE dev = ?1 AND signed = ?2",
        params![dev.0, signed.0],
        |row| {
            let Some(result) = row.get::<_, Option<u8>>("result")? else {
                return Ok(Known::Checking);
            };
            Ok(Known::Answered(Outcome {
                result: ResultCode::from_number(result.into())
                    .ok_or(StoreError::Damaged("result"))?,
                at: num(row, "at")?,
                row_left: byte(row, "row_left")?,
                epoch_left: byte(row, "epoch_left")?,
                counter: num(row, "counter")?,
                issued: Some(num(row, "issued")?),
            }))
        },
    )
}

/// An outcome that was not recorded, because the state token was not accepted.
fn refusal(device: &Device, result: ResultCode, now: Time) -> AnswerStep {
    AnswerStep::Decided(Outcome {
        result,
        at: now,
        row_left: device.tries.left_in_a_row(),
        epoch_left: device.tries.left_in_epoch(),
        counter: device.counter,
        issued: None,
    })
}

/// Records a request whose state token was accepted, as the device stands now: with its outcome, or as one that is being checked.
fn record(
    c: &Connection,
    dev: DeviceId,
    signed: Hash,
    result: Option<ResultCode>,
    now: Time,
) -> Result<(), StoreError> {
    let device = devices::get(c, dev)?.ok_or(StoreError::Damaged("device"))?;
    // The counter and state token are those that this very request was given, also if another came while it was checked.
    run(
        c,
        "INSERT INTO outcome (dev, signed, at, result, row_left, epoch_left, counter, issued) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (dev, signed) DO UPDATE SET at = ?3, result = ?4, row_left = ?5, epoch_left = ?6 WHERE result IS NULL",
        params![
            dev.0,
            signed.0,
            int(now),
            result.map(|result| result as u8),
            device.tries.left_in_a_row(),
            device.tries.left_in_epoch(),
            int(device.counter),
            int(device.issued)
        ],
    )?;
    // A phone asks again before it asks anything else; one that asks without end must not fill the table.
    run(
        c,
        "DELETE FROM outcome WHERE dev = ?1 AND issued <= ?2",
        params![dev.0, int(device.issued.saturating_sub(policy::OUTCOMES))],
    )?;
    Ok(())
}

/// Records an outcome and gives it back as it is recorded.
fn decide(
    c: &Connection,
    dev: DeviceId,
    signed: Hash,
    result: ResultCode,
    now: Time,
) -> Result<Outcome, StoreError> {
    record(c, dev, signed, Some(result), now)?;
    match outcome(c, dev, signed)? {
        Some(Known::Answered(outcome)) => Ok(outcome),
        _ => Err(StoreError::Damaged("outcome")),
    }
}

fn set_tries(c: &Connection, dev: DeviceId, tries: Tries) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE device SET wrong_row = ?2, wrong_epoch = ?3 WHERE dev = ?1",
        params![dev.0, tries.in_a_row, tries.in_epoch],
    )?;
    Ok(())
}

fn device_record(device: &Device) -> DeviceRecord {
    DeviceRecord {
        state: match device.state {
            DeviceState::Pending => reply::DeviceState::Claimed,
            DeviceState::Suspended => reply::DeviceState::Suspended,
            DeviceState::Active if device.is_blocked() => reply::DeviceState::Blocked,
            DeviceState::Active => reply::DeviceState::Active,
        },
        acc: device.account,
        counter: device.counter,
        tokens: TokenState {
            issued: device.issued,
            acked: device.acked,
        },
        epoch: device.epoch,
        has_biometrics: device.bio_key.is_some(),
    }
}

fn challenge_record(challenge: &Challenge) -> ChallengeRecord {
    ChallengeRecord {
        id: challenge.id,
        hash: challenge.hash,
        challenge_type: challenge.kind.number(),
        acc: challenge.account,
        dev: challenge.dev,
        purpose: challenge.purpose,
        expires_at: challenge.expires_at,
        open: challenge.state == ChallengeState::Open,
        unlock: challenge.unlock,
        number: challenge.number,
    }
}

pub(super) fn begin(
    c: &Connection,
    facts: &AnswerFacts,
    now: Time,
) -> Result<AnswerStep, StoreError> {
    let answer = &facts.answer;
    let known = outcome(c, answer.dev, facts.signed)?;
    if let Some(Known::Answered(outcome)) = known {
        return Ok(AnswerStep::Decided(outcome));
    }
    let device = devices::get(c, answer.dev)?.ok_or(StoreError::Damaged("device"))?;
    if known == Some(Known::Checking) {
        return Ok(check(device));
    }
    let challenge =
        challenges::get(c, answer.challenge)?.map(|challenge| challenge_record(&challenge));
    let judged = judge_answer(
        answer,
        &device_record(&device),
        challenge.as_ref(),
        now,
        facts.made,
    );
    if let Some(accepted) = judged.accepted {
        run(
            c,
            "UPDATE device SET counter = ?2, issued = ?3, acked = ?4, used_at = ?5 WHERE dev = ?1",
            params![
                answer.dev.0,
                int(accepted.counter),
                int(accepted.tokens.issued),
                int(accepted.tokens.acked),
                int(now)
            ],
        )?;
    }
    let decided = |result| match judged.accepted {
        Some(_) => decide(c, answer.dev, facts.signed, result, now).map(AnswerStep::Decided),
        None => Ok(refusal(&device, result, now)),
    };
    let close = |state: ChallengeState, what: &str| {
        run(
            c,
            "UPDATE challenge SET state = ?2, closed_at = ?3, by_dev = ?4, proof = ?5 WHERE id = ?1 AND state = 'open'",
            params![
                answer.challenge.0,
                state.name(),
                int(now),
                answer.dev.0,
                facts.proof
            ],
        )?;
        note(c, device.account, what, &device.name, now)
    };
    match judged.next {
        Next::Reply(result) => decided(result),
        Next::Suspend => {
            devices::suspend(c, &device, now)?;
            decided(ResultCode::Suspended)
        }
        Next::Close(Decision::Report) => {
            close(ChallengeState::Fraud, "reported-fraud")?;
            if let Some(challenge) = challenges::get(c, answer.challenge)? {
                end_session(c, challenge.session, now)?;
            }
            run(
                c,
                "UPDATE account SET no_push_until = ?2 WHERE acc = ?1",
                params![device.account.0, int(now + push::HOUR)],
            )?;
            decided(ResultCode::Done)
        }
        Next::Close(_) => {
            close(ChallengeState::Declined, "declined")?;
            decided(ResultCode::Done)
        }
        Next::CloseWrongNumber => {
            close(ChallengeState::WrongNumber, "wrong-number")?;
            decided(ResultCode::WrongNumber)
        }
        Next::CheckPin | Next::CheckBiometrics if !facts.opened => decided(ResultCode::Unsealable),
        next @ (Next::CheckPin | Next::CheckBiometrics) => {
            if next == Next::CheckPin {
                let Ok(taken) = device.tries.take() else {
                    return decided(ResultCode::Blocked);
                };
                set_tries(c, answer.dev, taken)?;
            }
            record(c, answer.dev, facts.signed, None, now)?;
            Ok(check(device))
        }
    }
}

fn check(device: Device) -> AnswerStep {
    AnswerStep::Check {
        pin_key: device.keys.pin_key,
        bio_key: device.bio_key,
        epoch: device.epoch,
    }
}

pub(super) fn finish(
    c: &Connection,
    answer: &CheckedAnswer,
    now: Time,
) -> Result<Outcome, StoreError> {
    // The same request may have been checked twice at once; its first verdict stands, and gives back one try at most.
    if let Some(Known::Answered(outcome)) = outcome(c, answer.dev, answer.signed)? {
        return Ok(outcome);
    }
    let device = devices::get(c, answer.dev)?.ok_or(StoreError::Damaged("device"))?;
    let pin = answer.unlocked == UnlockedBy::Pin;
    if !answer.right {
        if pin {
            let what = device.tries.notice().map(|notice| match notice {
                Notice::Blocked => "device-blocked",
                Notice::Warning { .. } => "few-tries-left",
            });
            if let Some(what) = what {
                note(c, device.account, what, &device.name, now)?;
            }
        }
        return decide(c, answer.dev, answer.signed, ResultCode::WrongPin, now);
    }
    if pin {
        set_tries(c, answer.dev, device.tries.give_back())?;
    }
    let mobile = challenges::get(c, answer.challenge)?
        .is_some_and(|challenge| challenge.kind == ChallengeKind::OnMobile);
    let strength = match (mobile, pin) {
        (true, _) => Strength::Mobile,
        (false, true) => Strength::AppPin,
        (false, false) => Strength::AppBiometric,
    };
    let closed = run(
        c,
        "UPDATE challenge SET state = 'approved', closed_at = ?2, strength = ?3, by_dev = ?4, proof = ?5, account = coalesce(account, ?6)
         WHERE id = ?1 AND state = 'open' AND expires_at > ?2
           AND EXISTS (SELECT 1 FROM device WHERE dev = ?4 AND state = 'active')",
        params![answer.challenge.0, int(now), strength.name(), answer.dev.0, answer.proof, device.account.0],
    )?;
    if closed == 1 && pin {
        recovery::cancel_of(c, device.account, now)?;
    }
    if closed == 1 {
        // An approval with PIN or biometric opens the ways by code again.
        run(
            c,
            "UPDATE account SET wrong_pin_codes = 0, wrong_plain_codes = 0 WHERE acc = ?1",
            [device.account.0],
        )?;
    }
    decide(
        c,
        answer.dev,
        answer.signed,
        if closed == 1 {
            ResultCode::Done
        } else {
            ResultCode::NotOpen
        },
        now,
    )
}
