//! Answers to approvals. Each function is one transaction; the order of the checks is the protocol's own (`verify::judge_answer`).

use countersign_protocol::{
    Time,
    answer::{Decision, UnlockedBy},
    policy::push,
    reply::ResultCode,
    verify::{ChallengeRecord, Next, judge_answer},
};

use super::{
    browsers, challenges, codes, devices,
    events::note,
    facts, grants, old_tokens,
    outcomes::{self, accept, decide, device_record, record, refusal, set_tries, wrong_pin},
    recovery, sessions,
};
use crate::{
    policy::changes::{Change, Proof, Rank},
    store::*,
};

impl Store {
    /// Judges everything of an answer but its PIN or biometric signature, in the protocol's order, and takes a try before that is checked.
    pub(crate) async fn begin_answer(
        &self,
        answer: AnswerFacts,
        now: Time,
    ) -> Result<AnswerStep, StoreError> {
        self.write_of(
            JournalSubject::Device(answer.answer.dev),
            Write::BeginAnswer,
            move |tx| begin(tx, &answer, now),
        )
        .await
    }

    /// Records what came of the signature: closes the challenge (if it is still open) and gives the try back, or leaves it spent.
    pub(crate) async fn finish_answer(
        &self,
        answer: CheckedAnswer,
        now: Time,
    ) -> Result<Outcome, StoreError> {
        self.write_of(
            JournalSubject::Device(answer.dev),
            Write::FinishAnswer,
            move |tx| finish(tx, &answer, now),
        )
        .await
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

pub(super) fn begin(tx: &dyn Tx, facts: &AnswerFacts, now: Time) -> Result<AnswerStep, StoreError> {
    let answer = &facts.answer;
    let known = outcomes::get(tx, answer.dev, facts.signed)?;
    if let Some(Known::Answered(outcome)) = known {
        return Ok(AnswerStep::Decided(outcome));
    }
    let device = devices::get(tx, answer.dev)?.ok_or(StoreError::Gone)?;
    if known == Some(Known::Checking) {
        return Ok(check(device));
    }
    let challenge =
        challenges::get(tx, answer.challenge)?.map(|challenge| challenge_record(&challenge));
    let made = old_tokens::counts(tx, answer.dev, facts.made, now)?;
    let judged = judge_answer(
        answer,
        &device_record(&device),
        challenge.as_ref(),
        now,
        made,
    );
    if let Some(accepted) = &judged.accepted {
        accept(tx, answer.dev, accepted, now)?;
        old_tokens::taken(tx, &device, facts.made, now)?;
    }
    let decided = |result| match judged.accepted {
        Some(_) => decide(tx, answer.dev, facts.signed, result, now).map(AnswerStep::Decided),
        None => Ok(AnswerStep::Decided(refusal(&device, result, now))),
    };
    let close = |state: ChallengeState, what: &str| {
        tx.execute(
            "UPDATE challenge SET state = ?2, closed_at = ?3, by_dev = ?4, proof = ?5 WHERE id = ?1 AND state = 'open'",
            params![
                answer.challenge.0,
                state.name(),
                now,
                answer.dev.0,
                facts.proof
            ],
        )?;
        note(tx, device.account, what, &device.name, now)
    };
    match judged.next {
        Next::Reply(result) => decided(result),
        Next::Suspend => {
            devices::suspend(tx, &device, now)?;
            decided(ResultCode::Suspended)
        }
        Next::Close(Decision::Report) => {
            close(ChallengeState::Fraud, "reported-fraud")?;
            if let Some(challenge) = challenges::get(tx, answer.challenge)? {
                sessions::end(tx, challenge.session, now)?;
                // Who began on another phone needed no password, so nothing is known of this account's.
                if challenge.kind != ChallengeKind::OnMobile {
                    tx.execute(
                        "UPDATE account SET no_push_until = ?2 WHERE acc = ?1",
                        params![device.account.0, now + push::HOUR],
                    )?;
                }
                // Whoever has that browser must not go on as its owner.
                if let Some(mark) = challenge.mark {
                    browsers::forget(tx, mark, device.account)?;
                }
            }
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
                let Some(taken) = device.take_try(now) else {
                    return decided(ResultCode::Blocked);
                };
                set_tries(tx, answer.dev, taken)?;
            }
            record(tx, answer.dev, facts.signed, None, now)?;
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
    tx: &dyn Tx,
    answer: &CheckedAnswer,
    now: Time,
) -> Result<Outcome, StoreError> {
    // The same request may have been checked twice at once; its first verdict stands, and gives back one try at most.
    if let Some(Known::Answered(outcome)) = outcomes::get(tx, answer.dev, answer.signed)? {
        return Ok(outcome);
    }
    let device = devices::get(tx, answer.dev)?.ok_or(StoreError::Gone)?;
    // A new PIN epoch began while this was checked: what was right is right no longer.
    if device.epoch != answer.epoch {
        return decide(tx, answer.dev, answer.signed, ResultCode::Epoch, now);
    }
    let pin = answer.unlocked == UnlockedBy::Pin;
    if !answer.right {
        if pin {
            wrong_pin(tx, &device, now)?;
        }
        return decide(tx, answer.dev, answer.signed, ResultCode::WrongPin, now);
    }
    if pin {
        set_tries(tx, answer.dev, device.give_back_try())?;
    }
    let challenge = challenges::get(tx, answer.challenge)?;
    let mobile = challenge
        .as_ref()
        .is_some_and(|challenge| challenge.kind == ChallengeKind::OnMobile);
    let method = match (mobile, pin) {
        (true, _) => Method::Mobile,
        (false, true) => Method::AppPin,
        (false, false) => Method::AppBiometric,
    };
    let closed = tx.execute(
        "UPDATE challenge SET state = 'approved', closed_at = ?2, strength = ?3, by_dev = ?4, proof = ?5, account = coalesce(account, ?6)
         WHERE id = ?1 AND state = 'open' AND expires_at > ?2
           AND EXISTS (SELECT 1 FROM device WHERE dev = ?4 AND state = 'active')",
        params![answer.challenge.0, now, method.name(), answer.dev.0, answer.proof, device.account.0],
    )?;
    if closed == 1 && pin {
        recovery::cancel_of(tx, device.account, now)?;
    }
    if closed == 1
        && let Some(challenge) = &challenge
        && facts::allow(
            tx,
            device.account,
            Change::Unblock,
            Proof::Approval(Rank::Three),
            now,
        )?
        .is_ok()
    {
        grants::grant(tx, challenge, &device, answer.grants_itself, now)?;
    }
    if closed == 1 {
        codes::open_ways(tx, device.account)?;
    }
    decide(
        tx,
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
