//! The service's side of an approval: the transactions of PROTOCOL.md, section 11, for one device.
//! Every judgement is the shipped one; the model adds where a transaction ends, and so where
//! a crash or another request can come between.

use std::collections::{BTreeMap, BTreeSet};

use countersign_protocol::answer::{Answer, Decision, StateToken, UnlockedBy};
use countersign_protocol::challenge::{Purpose, Unlock};
use countersign_protocol::id::{AccountId, ChallengeId, DeviceId, Hash, Svc};
use countersign_protocol::policy::month::Month;
use countersign_protocol::policy::share::Asker;
use countersign_protocol::policy::tries::Tries;
use countersign_protocol::reply::{DeviceState, ResultCode};
use countersign_protocol::verify::{ChallengeRecord, DeviceRecord, Next, TokenState, judge_answer};

/// The signer of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum By {
    /// The phone.
    Phone,
    /// A copy of the phone's whole storage.
    Copy,
    /// Somebody without the device's key.
    Stranger,
}

/// The content of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// An approval with a right or wrong PIN.
    Approve { right: bool },
    /// A decline.
    Decline,
    /// An approval by biometrics where they are not allowed: its token is accepted, and the
    /// challenge stays open.
    NotAllowed,
}

/// A signed message; equal ones are the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Message {
    pub(crate) by: By,
    pub(crate) kind: Kind,
    pub(crate) challenge: u8,
    pub(crate) counter: u64,
    pub(crate) token: u64,
}

impl Message {
    pub(crate) fn is_right(&self) -> bool {
        self.kind == Kind::Approve { right: true }
    }

    fn answer(&self) -> Answer {
        let mut state_token = StateToken([0; 32]);
        state_token.0[..8].copy_from_slice(&self.token.to_be_bytes());
        let (decision, unlocked_by) = match self.kind {
            Kind::Approve { .. } => (Decision::Approve, UnlockedBy::Pin),
            Kind::Decline => (Decision::Decline, UnlockedBy::Nothing),
            Kind::NotAllowed => (Decision::Approve, UnlockedBy::Biometrics),
        };
        Answer {
            challenge_type: 1,
            svc: Svc([0; 8]),
            purpose: Purpose::SignIn,
            acc: ACC,
            dev: DEV,
            challenge: ChallengeId([self.challenge; 16]),
            challenge_hash: Hash([self.challenge; 32]),
            decision,
            number: None,
            time: NOW,
            counter: self.counter,
            last: 0,
            unlocked_by,
            epoch: 1,
            state_token,
        }
    }
}

const ACC: AccountId = AccountId([1; 8]);
const DEV: DeviceId = DeviceId([2; 8]);
const NOW: u64 = 1_795_000_000;

/// When a try is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// Taken and committed in the transaction that finds one left, before the PIN is looked at.
    BeforeCheck,
    /// Broken: after the PIN was found wrong.
    AfterCheck,
    /// Broken: the count is read in one transaction and written in another.
    ReadEarlier,
}

/// The rules of the service; each can be broken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) counting: Counting,
    /// Only messages that the device's key signed are judged.
    pub(crate) checks_device_key: bool,
    /// The same bytes get the recorded outcome.
    pub(crate) remembers: bool,
    /// The same bytes whose try is taken, but whose outcome is not recorded, are verified without
    /// another try.
    pub(crate) resumes: bool,
    /// The transaction that takes a try records for which message, and its counter; broken: the one
    /// that records the outcome does.
    pub(crate) records_with_the_try: bool,
    /// A right PIN gives its try back.
    pub(crate) gives_back: bool,
    /// An approval closes its challenge only if that is still open.
    pub(crate) compares_and_sets: bool,
    /// The token shown last is accepted beside the one issued last.
    pub(crate) keeps_shown_token: bool,
    /// A token that is neither is a copy's.
    pub(crate) refuses_other_tokens: bool,
    /// A newer token than was ever issued is adopted.
    pub(crate) adopts_newer_tokens: bool,
    /// A restore from a backup closes the challenges that were open in it.
    pub(crate) restore_closes: bool,
    /// A new epoch of the same PIN leaves the wrong PINs of 30 days counted.
    pub(crate) month_goes_on: bool,
}

/// The rules as they are.
pub(crate) const RULES: Rules = Rules {
    counting: Counting::BeforeCheck,
    checks_device_key: true,
    remembers: true,
    resumes: true,
    records_with_the_try: true,
    gives_back: true,
    compares_and_sets: true,
    keeps_shown_token: true,
    refuses_other_tokens: true,
    adopts_newer_tokens: true,
    restore_closes: true,
    month_goes_on: true,
};

/// How a challenge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Status {
    Open,
    Approved,
    Declined,
    Expired,
}

/// The reply to the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Outcome {
    pub(crate) result: ResultCode,
    /// The new state token, when the answer's own was accepted.
    pub(crate) issued: Option<u64>,
    pub(crate) counter: u64,
}

/// The immediate effect of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// 401, or nothing at all.
    Ignored,
    /// This reply.
    Reply(Outcome),
    /// The PIN is looked at next, in [`Service::finish`].
    Checking,
}

/// The database, and the requests that are being worked on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Service {
    pub(crate) suspended: bool,
    pub(crate) counter: u64,
    pub(crate) tokens: TokenState,
    pub(crate) tries: Tries,
    pub(crate) month: Month,
    pub(crate) challenge: u8,
    pub(crate) status: Status,
    /// Messages for which a try is taken and no outcome recorded.
    pub(crate) taken: BTreeSet<Message>,
    pub(crate) outcomes: BTreeMap<Message, Outcome>,
    /// Not in the database: requests between the two transactions, the same one twice at most.
    pub(crate) checking: Vec<Message>,
    /// Not in the database: counts that were read and not yet written.
    pub(crate) read: Vec<(Message, Tries, Month)>,
    /// For the properties: how many different wrong PINs were looked at, how many right ones, and
    /// how often a challenge was closed.
    pub(crate) wrong: u8,
    pub(crate) right: u8,
    pub(crate) effects: u8,
}

impl Service {
    pub(crate) fn new(tries: Tries) -> Self {
        Self {
            suspended: false,
            counter: 0,
            tokens: TokenState::FIRST,
            tries,
            month: Month::default(),
            challenge: 1,
            status: Status::Open,
            taken: BTreeSet::new(),
            outcomes: BTreeMap::new(),
            checking: Vec::new(),
            read: Vec::new(),
            wrong: 0,
            right: 0,
            effects: 0,
        }
    }

    pub(crate) fn open_next(&mut self) {
        if self.status != Status::Open {
            self.challenge += 1;
            self.status = Status::Open;
        }
    }

    /// State that was not committed is gone.
    pub(crate) fn crash(&mut self) {
        self.checking.clear();
        self.read.clear();
    }

    /// The database as it was in the backup.
    pub(crate) fn restore(&mut self, backup: &Self, rules: &Rules) {
        let lost = core::mem::replace(self, backup.clone());
        self.crash();
        if rules.restore_closes && self.status == Status::Open {
            self.status = Status::Expired;
        }
        // Challenge ids are random: the next one is no old one.
        if self.status != Status::Open {
            self.challenge = self.challenge.max(lost.challenge);
        }
    }

    fn device(&self, rules: &Rules, message: &Message) -> DeviceRecord {
        let mut tokens = self.tokens;
        if !rules.keeps_shown_token {
            tokens.acked = 0;
        }
        if !rules.refuses_other_tokens {
            tokens.acked = message.token;
        }
        DeviceRecord {
            state: if self.suspended {
                DeviceState::Suspended
            } else if self.tries.left() == 0 || self.month.is_full() {
                DeviceState::Blocked
            } else {
                DeviceState::Active
            },
            acc: ACC,
            counter: self.counter,
            tokens,
            epoch: 1,
            has_biometrics: false,
        }
    }

    fn challenge(&self) -> ChallengeRecord {
        ChallengeRecord {
            id: ChallengeId([self.challenge; 16]),
            hash: Hash([self.challenge; 32]),
            challenge_type: 1,
            acc: Some(ACC),
            dev: Some(DEV),
            purpose: Purpose::SignIn,
            expires_at: NOW + 300,
            open: self.status == Status::Open,
            unlock: Unlock::Pin,
            number: None,
        }
    }

    fn outcome(&self, result: ResultCode, accepted: bool) -> Outcome {
        Outcome {
            result,
            issued: accepted.then_some(self.tokens.issued),
            counter: self.counter,
        }
    }

    fn record(&mut self, message: Message, result: ResultCode) -> Begun {
        let outcome = self.outcome(result, true);
        self.outcomes.insert(message, outcome);
        Begun::Reply(outcome)
    }

    /// The first transaction: from the recorded outcome to the try.
    pub(crate) fn begin(&mut self, rules: &Rules, message: Message) -> Begun {
        if message.by == By::Stranger && rules.checks_device_key {
            return Begun::Ignored;
        }
        if rules.remembers
            && let Some(outcome) = self.outcomes.get(&message)
        {
            return Begun::Reply(*outcome);
        }
        if rules.resumes && rules.records_with_the_try && self.taken.contains(&message) {
            return self.check(message);
        }
        let made = rules.adopts_newer_tokens || message.token <= self.tokens.issued;
        let device = self.device(rules, &message);
        let judged = judge_answer(
            &message.answer(),
            &device,
            Some(&self.challenge()),
            NOW,
            made,
        );
        let leaves_it = judged.next == Next::CheckPin && !rules.records_with_the_try;
        if let Some(accepted) = judged.accepted.filter(|_| !leaves_it) {
            self.counter = accepted.counter;
            self.tokens = accepted.tokens;
        }
        match judged.next {
            Next::Reply(result) if judged.accepted.is_some() => self.record(message, result),
            Next::Reply(result) => Begun::Reply(self.outcome(result, false)),
            Next::Suspend => {
                self.suspended = true;
                Begun::Reply(self.outcome(ResultCode::Suspended, false))
            }
            Next::Close(_) => {
                self.status = Status::Declined;
                self.effects += 1;
                self.record(message, ResultCode::Done)
            }
            Next::CloseWrongNumber | Next::CheckBiometrics => Begun::Ignored,
            Next::CheckPin => match (self.take(), rules.counting) {
                (None, _) => self.record(message, ResultCode::Blocked),
                (Some((tries, month)), Counting::BeforeCheck) => {
                    (self.tries, self.month) = (tries, month);
                    self.taken.insert(message);
                    self.check(message)
                }
                (Some(_), Counting::AfterCheck) => self.check(message),
                (Some((tries, month)), Counting::ReadEarlier) => {
                    self.read.push((message, tries, month));
                    Begun::Checking
                }
            },
        }
    }

    fn take(&self) -> Option<(Tries, Month)> {
        let month = self.month.spend(Asker::Known, NOW).ok()?;
        Some((self.tries.spend().ok()?, month))
    }

    /// A wrong code with PIN, in a browser that is known: counted, then judged. Its own budgets are
    /// left out.
    pub(crate) fn wrong_code(&mut self) {
        if self.tries.left() > 0
            && let Ok(month) = self.month.spend(Asker::Known, NOW)
        {
            self.month = month;
            self.wrong += 1;
        }
    }

    /// The phone's next epoch, with the same PIN.
    pub(crate) fn refresh(&mut self, rules: &Rules) {
        self.tries = Tries::default();
        if !rules.month_goes_on {
            self.month = Month::default();
        }
    }

    fn check(&mut self, message: Message) -> Begun {
        let same = self.checking.iter().filter(|other| **other == message);
        if same.count() == 2 {
            return Begun::Ignored;
        }
        self.checking.push(message);
        self.checking.sort();
        Begun::Checking
    }

    /// Broken: the count that was read before is written.
    pub(crate) fn write(&mut self, message: Message) {
        if let Some(at) = self.read.iter().position(|read| read.0 == message) {
            (_, self.tries, self.month) = self.read.remove(at);
            self.check(message);
        }
    }

    /// Verifies the PIN's signature; the second transaction records the result.
    pub(crate) fn finish(&mut self, rules: &Rules, message: Message) -> Option<Outcome> {
        let at = self.checking.iter().position(|other| *other == message)?;
        self.checking.remove(at);
        if rules.remembers
            && let Some(outcome) = self.outcomes.get(&message)
        {
            return Some(*outcome);
        }
        self.taken.remove(&message);
        let result = if message.is_right() {
            self.right += 1;
            if rules.gives_back {
                self.tries = self.tries.give_back();
                self.month = self.month.give_back(Asker::Known);
            }
            let open = self.status == Status::Open && self.challenge == message.challenge;
            if (open && !self.suspended) || !rules.compares_and_sets {
                self.status = Status::Approved;
                self.effects += 1;
                ResultCode::Done
            } else {
                ResultCode::NotOpen
            }
        } else {
            self.wrong += 1;
            if rules.counting == Counting::AfterCheck {
                let taken = self.take();
                (self.tries, self.month) = taken.unwrap_or((self.tries, self.month.clone()));
            }
            ResultCode::WrongPin
        };
        match self.record(message, result) {
            Begun::Reply(outcome) => Some(outcome),
            Begun::Ignored | Begun::Checking => None,
        }
    }
}
