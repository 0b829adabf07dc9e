//! Answers to approvals. Each function is one transaction; the order of the checks is the
//! protocol's own (`verify::judge_answer`).

use countersign_protocol::{
    Time,
    answer::{Decision, UnlockedBy},
    challenge::Purpose,
    policy::push,
    reply::ResultCode,
    verify::{ChallengeRecord, Next, judge_answer},
};

use super::{
    browsers, challenges, codes, devices,
    events::note,
    grants, old_tokens,
    outcomes::{self, CountedRequest, device_record, wrong_pin},
    removal, sessions, standing,
};
use crate::store::*;

impl Store {
    /// Judges everything of an answer but its PIN or biometric signature (11.3 to 11.13), and
    /// counts a try before that is checked (11.14).
    pub(crate) async fn begin_answer(
        &self,
        facts: AnswerFacts,
        now: Time,
    ) -> Result<CountedStep, StoreError> {
        let subject = JournalSubject::Device(facts.answer.dev);
        let step = move |tx: &dyn Tx| begin(tx, &facts, now);
        self.write_of(subject, Write::BeginAnswer, step).await
    }

    /// Records the result of that check (11.15, 11.16): closes the challenge if it is still open,
    /// and gives the try back or leaves it spent.
    pub(crate) async fn finish_answer(
        &self,
        facts: AnswerFacts,
        right: bool,
        now: Time,
    ) -> Result<Outcome, StoreError> {
        let subject = JournalSubject::Device(facts.answer.dev);
        let step = move |tx: &dyn Tx| finish(tx, &facts, right, now);
        self.write_of(subject, Write::FinishAnswer, step).await
    }
}

fn begin(tx: &dyn Tx, facts: &AnswerFacts, now: Time) -> Result<CountedStep, StoreError> {
    let answer = &facts.answer;
    // 11.3
    let known = outcomes::get(tx, answer.dev, facts.signed)?;
    if let Some(Known::Answered(outcome)) = known {
        return Ok(CountedStep::Decided {
            outcome,
            restored: None,
        });
    }
    let device = devices::get(tx, answer.dev)?.ok_or(StoreError::Gone)?;
    if known == Some(Known::Checking) {
        return Ok(CountedStep::check(device, None));
    }
    // 11.4 to 11.12
    let challenge = challenges::get(tx, answer.challenge)?;
    let record = challenge.as_ref().map(|challenge| ChallengeRecord {
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
    });
    let known = device_record(tx, &device)?;
    let is_own_token = old_tokens::counts(tx, &device, facts.token, now)?;
    let judged = judge_answer(answer, &known, record.as_ref(), now, is_own_token);
    let restored = Some(answer.state_token.sequence() > device.issued);
    let accepted = judged.accepted.as_ref();
    if accepted.is_some() {
        old_tokens::spend(tx, &device, facts.token, now)?;
    }
    let mut request = CountedRequest::begin(tx, device, facts.signed, accepted, now)?;
    let result = match judged.next {
        Next::Reply(result) => result,
        Next::Suspend => {
            removal::suspend(tx, &request.device, now)?;
            ResultCode::Suspended
        }
        Next::Close(Decision::Report) => {
            close(tx, facts, &request.device, ChallengeState::Fraud, now)?;
            if let Some(challenge) = &challenge {
                report(tx, challenge, &request.device, now)?;
            }
            ResultCode::Done
        }
        Next::Close(_) => {
            close(tx, facts, &request.device, ChallengeState::Declined, now)?;
            ResultCode::Done
        }
        Next::CloseWrongNumber => {
            close(tx, facts, &request.device, ChallengeState::WrongNumber, now)?;
            ResultCode::WrongNumber
        }
        // 11.13
        Next::CheckPin | Next::CheckBiometrics if !facts.opened => ResultCode::Unsealable,
        // 11.14
        Next::CheckPin | Next::CheckBiometrics => {
            if request.begin_check(tx, judged.next == Next::CheckPin, now)? {
                return Ok(CountedStep::check(request.device, restored));
            }
            ResultCode::Blocked
        }
    };
    let outcome = request.decide(tx, result, now)?;
    Ok(CountedStep::Decided { outcome, restored })
}

/// Closes the challenge without an approval.
fn close(
    tx: &dyn Tx,
    facts: &AnswerFacts,
    device: &Device,
    state: ChallengeState,
    now: Time,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE challenge SET state = ?2, closed_at = ?3, by_dev = ?4, proof = ?5
         WHERE id = ?1 AND state = 'open'",
        params![
            facts.answer.challenge.0,
            state.name(),
            now,
            device.dev.0,
            facts.proof
        ],
    )?;
    let what = match state {
        ChallengeState::Fraud => "reported-fraud",
        ChallengeState::WrongNumber => "wrong-number",
        _ => "declined",
    };
    note(tx, device.account, what, &device.name, now)
}

/// The person reports that they did not ask: the browser that did must not go on.
fn report(
    tx: &dyn Tx,
    challenge: &Challenge,
    device: &Device,
    now: Time,
) -> Result<(), StoreError> {
    sessions::end(tx, challenge.session, now)?;
    // One that began on another phone needed no password, so nothing is known of this account's.
    if challenge.kind != ChallengeKind::OnMobile {
        tx.execute(
            "UPDATE account SET no_push_until = ?2 WHERE acc = ?1",
            params![device.account.0, now + push::HOUR],
        )?;
    }
    // Whoever has that browser must not go on as its owner.
    match challenge.mark {
        Some(mark) => browsers::forget(tx, mark, device.account),
        None => Ok(()),
    }
}

fn finish(tx: &dyn Tx, facts: &AnswerFacts, right: bool, now: Time) -> Result<Outcome, StoreError> {
    let answer = &facts.answer;
    // The same request may have been checked twice at once; its first verdict stands, and gives
    // back one try at most.
    if let Some(Known::Answered(outcome)) = outcomes::get(tx, answer.dev, facts.signed)? {
        return Ok(outcome);
    }
    let device = devices::get(tx, answer.dev)?.ok_or(StoreError::Gone)?;
    let mut request = CountedRequest {
        device,
        signed: facts.signed,
        accepted: true,
    };
    // A new PIN epoch began while this was checked: what was right is right no longer.
    if request.device.epoch != answer.epoch {
        return request.decide(tx, ResultCode::Epoch, now);
    }
    // 11.15
    let pin = answer.unlocked_by == UnlockedBy::Pin;
    if !right {
        if pin {
            wrong_pin(tx, &request.device, now)?;
        }
        return request.decide(tx, ResultCode::WrongPin, now);
    }
    // 11.16
    if pin {
        request.give_back(tx)?;
    }
    let challenge = challenges::get(tx, answer.challenge)?;
    let mobile = ChallengeKind::OnMobile;
    let method = match (&challenge, pin) {
        (Some(challenge), _) if challenge.kind == mobile => Method::Mobile,
        (_, true) => Method::AppPin,
        (_, false) => Method::AppBiometric,
    };
    let device = &request.device;
    let closed = tx.execute(
        "UPDATE challenge SET state = 'approved', closed_at = ?2, strength = ?3, by_dev = ?4,
             proof = ?5, account = coalesce(account, ?6)
         WHERE id = ?1 AND state = 'open' AND expires_at > ?2
           AND EXISTS (SELECT 1 FROM device WHERE dev = ?4 AND state = 'active')",
        params![
            answer.challenge.0,
            now,
            method.name(),
            device.dev.0,
            facts.proof,
            device.account.0
        ],
    )?;
    if closed == 0 {
        return request.decide(tx, ResultCode::NotOpen, now);
    }
    if pin {
        standing::cancel_of(tx, device.account, now)?;
    }
    if let Some(challenge) = &challenge
        && challenge.kind == ChallengeKind::Approve
        && challenge.purpose == Purpose::Unblock
    {
        grants::grant(tx, challenge, device, facts.grants_itself, now)?;
    }
    codes::open_ways(tx, device.account)?;
    request.decide(tx, ResultCode::Done, now)
}
