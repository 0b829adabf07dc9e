//! Judging for a service (§11 to §13): record and request in, verdict out. The caller stores,
//! counts and reads the clock; the order is fixed here.

use crate::answer::{Answer, Decision, StateToken, UnlockedBy};
use crate::challenge::{Purpose, Unlock};
use crate::code::{Code, Shape, Typed};
use crate::id::{AccountId, ChallengeId, DeviceId, Hash};
use crate::keys::{Chain, LONGEST_ADVANCE, mac};
use crate::reply::{DeviceState, ResultCode};
use crate::secret::Secret32;
use crate::{Step, Time};

mod update;

pub use update::{
    GRANT_LASTS, PendingChange, UpdateJudgement, UpdateNext, UpdateRecord, judge_update,
};

/// A phone's clock may be this many seconds off, either way.
pub const CLOCK_TOLERANCE: u64 = 120;

/// Whether a phone's clock is near enough to the service's.
pub fn clock_is_near(phone: Time, service: Time) -> bool {
    phone.abs_diff(service) <= CLOCK_TOLERANCE
}

/// The key under which a service makes state tokens; it is kept outside the database.
pub struct StateTokenKey(Secret32);

impl StateTokenKey {
    /// From 32 secret random bytes.
    pub fn new(key: Secret32) -> Self {
        Self(key)
    }

    /// The token of a device with a sequence number.
    pub fn token(&self, dev: DeviceId, sequence: u64) -> StateToken {
        let seq = sequence.to_be_bytes();
        let tag = mac(self.0.expose(), &[b"countersign/v1/state", &dev.0, &seq]);
        let mut token = [0; 32];
        token[..8].copy_from_slice(&seq);
        token[8..].copy_from_slice(&tag.expose()[..24]);
        StateToken(token)
    }

    /// Whether a token is one that this key made for this device.
    pub fn made(&self, dev: DeviceId, token: &StateToken) -> bool {
        use subtle::ConstantTimeEq;
        let own = self.token(dev, token.sequence());
        own.0.as_slice().ct_eq(token.0.as_slice()).into()
    }
}

/// The sequence numbers of a device's state tokens that the service keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenState {
    /// The newest one given out.
    pub issued: u64,
    /// The one that the phone last showed; 0 before the first.
    pub acked: u64,
}

impl TokenState {
    /// The state when a device's claim is recorded: the first token is issued, none was shown.
    pub const FIRST: Self = Self {
        issued: 1,
        acked: 0,
    };

    /// The state after a phone showed the token with this sequence number, which was well made.
    /// None if it is a copy's.
    pub fn shown(self, sequence: u64) -> Option<Self> {
        let known = sequence == self.issued || (sequence == self.acked && self.acked != 0);
        // A newer one than was ever issued means that the service was restored from a backup: the
        // phone knows better.
        (known || sequence > self.issued).then_some(Self {
            issued: self.issued.max(sequence).saturating_add(1),
            acked: sequence,
        })
    }
}

/// A service's record of the device that answers.
#[derive(Debug, Clone, Copy)]
pub struct DeviceRecord {
    /// How it stands.
    pub state: DeviceState,
    /// Its account.
    pub acc: AccountId,
    /// The highest counter answered.
    pub counter: u64,
    /// Its state tokens.
    pub tokens: TokenState,
    /// Its PIN epoch.
    pub epoch: u32,
    /// Whether it has a biometric key.
    pub has_biometrics: bool,
}

/// A service's record of the challenge that is answered.
#[derive(Debug, Clone, Copy)]
pub struct ChallengeRecord {
    /// The challenge.
    pub id: ChallengeId,
    /// The hash of the message.
    pub hash: Hash,
    /// Its type: 1 approve, 4 on-mobile, 18 online transaction.
    pub challenge_type: u64,
    /// The account of the web session, if it is known by then.
    pub acc: Option<AccountId>,
    /// The device that is asked, for challenges that travel by inbox.
    pub dev: Option<DeviceId>,
    /// The operation.
    pub purpose: Purpose,
    /// When it ends.
    pub expires_at: Time,
    /// Whether it is still unanswered.
    pub open: bool,
    /// The way in which the answer must be unlocked.
    pub unlock: Unlock,
    /// The number that the page shows, with number matching.
    pub number: Option<u8>,
}

/// The verdict on an answer after steps 11.1 to 11.3: parsed, signed by its device, and without a
/// recorded outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// To be recorded in the same transaction, once the counter and state token were accepted.
    pub accepted: Option<Accepted>,
    /// The next step.
    pub next: Next,
}

/// The new counter and state tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The answer's counter.
    pub counter: u64,
    /// The tokens after this answer: `issued` goes into the reply.
    pub tokens: TokenState,
}

/// The step that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Reply so; nothing else changes.
    Reply(ResultCode),
    /// Suspend the device, notify the person, and reply so.
    Suspend,
    /// Close the challenge as declined or reported; it is final.
    Close(Decision),
    /// Close the challenge: the number was wrong. No try is spent and the PIN stays unseen.
    CloseWrongNumber,
    /// Open the sealed part, take a try, commit, and only then verify sk_pin's signature.
    CheckPin,
    /// Open the sealed part and verify K_bio's signature, which costs no try.
    CheckBiometrics,
}

/// Judges an answer from the time to the number (11.4 to 11.12). `made` says whether the service
/// made the state token.
pub fn judge_answer(
    answer: &Answer,
    device: &DeviceRecord,
    challenge: Option<&ChallengeRecord>,
    now: Time,
    made: bool,
) -> Judgement {
    let refuse = |result| Judgement {
        accepted: None,
        next: Next::Reply(result),
    };
    // 11.4: the time.
    if !clock_is_near(answer.time, now) {
        return refuse(ResultCode::Clock);
    }
    // 11.5: the device is active.
    match device.state {
        DeviceState::Active => {}
        DeviceState::Blocked => return refuse(ResultCode::Blocked),
        DeviceState::Suspended => return refuse(ResultCode::Suspended),
        DeviceState::Claimed | DeviceState::Confirmed => return refuse(ResultCode::NotActive),
    }
    // 11.6: the challenge is open, unexpired, this device's, and its hash right.
    let Some(challenge) = challenge.filter(|challenge| is_for(challenge, answer, device, now))
    else {
        return refuse(ResultCode::NotOpen);
    };
    // 11.7: the counter.
    if answer.counter <= device.counter {
        return refuse(ResultCode::Counter);
    }
    // 11.8: the state token.
    let shown = device.tokens.shown(answer.state_token.sequence());
    let Some(tokens) = shown.filter(|_| made) else {
        return Judgement {
            accepted: None,
            next: Next::Suspend,
        };
    };
    Judgement {
        accepted: Some(Accepted {
            counter: answer.counter,
            tokens,
        }),
        next: judge_content(answer, device, challenge),
    }
}

fn is_for(challenge: &ChallengeRecord, answer: &Answer, device: &DeviceRecord, now: Time) -> bool {
    challenge.open
        && now < challenge.expires_at
        && challenge.id == answer.challenge
        && challenge.hash == answer.challenge_hash
        && challenge.challenge_type == answer.challenge_type
        && challenge.purpose == answer.purpose
        && device.acc == answer.acc
        && challenge.acc.is_none_or(|acc| acc == answer.acc)
        && challenge.dev.is_none_or(|dev| dev == answer.dev)
}

fn judge_content(answer: &Answer, device: &DeviceRecord, challenge: &ChallengeRecord) -> Next {
    // 11.9: the epoch.
    if answer.epoch != device.epoch {
        return Next::Reply(ResultCode::Epoch);
    }
    // 11.11: a decline or report is final. Nothing has to unlock it (11.10).
    if answer.decision != Decision::Approve {
        return Next::Close(answer.decision);
    }
    // 11.10: this way to unlock is allowed.
    let check = match answer.unlocked_by {
        UnlockedBy::Pin => Next::CheckPin,
        UnlockedBy::Biometrics
            if device.has_biometrics && challenge.unlock == Unlock::PinOrBiometrics =>
        {
            Next::CheckBiometrics
        }
        UnlockedBy::Biometrics | UnlockedBy::Nothing => {
            return Next::Reply(ResultCode::Unlock);
        }
    };
    // 11.12: the number.
    if answer.number != challenge.number {
        return Next::CloseWrongNumber;
    }
    check
}

/// Judges a typed code for one device: its stored chain, the code secret, and the question (12.9).
///
/// Returns the chain to store, past the step, if the code is right. Nothing is to be stored
/// otherwise.
pub fn judge_code(
    chain: &Chain,
    code_secret: &Secret32,
    step: Step,
    question: &[u8; 32],
    shape: Shape,
    typed: &Typed,
) -> Option<Chain> {
    let here = chain.advanced(step, LONGEST_ADVANCE)?;
    let key = here.code_key(code_secret);
    if !Code::compute(shape, key.expose(), step, question).matches(typed) {
        return None;
    }
    here.advanced(step.checked_add(1)?, 1)
}

/// The chain that a device's message moves it to, when it says that `last` is its last spent step.
/// None if it stands there or further.
///
/// A message moves it by 65,536 steps at most, and the next message further, so a phone that was
/// away for long catches up.
pub fn chain_moved_to(chain: &Chain, last: Step) -> Option<Chain> {
    let furthest = chain.next().saturating_add(LONGEST_ADVANCE + 1);
    let next = last.checked_add(1)?.min(furthest);
    (next > chain.next())
        .then(|| chain.advanced(next, LONGEST_ADVANCE + 1))
        .flatten()
}
