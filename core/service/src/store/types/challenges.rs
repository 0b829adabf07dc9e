//! Challenges and answers, as they go into the store and come out of it.

use crate::keys::root::Made;
use countersign_protocol::{
    Step, Time,
    answer::{Answer, UnlockedBy},
    challenge::{Purpose, Unlock},
    id::{AccountId, ChallengeId, DeviceId, EnrolmentId, Hash, PublicKey},
    policy::{codes::ForChallenge, share::Asker},
    reply::ResultCode,
};

use crate::base::names::names;
use crate::policy::changes::Refused;
use crate::security::Caller;
use crate::store::{
    Deletion, Device, Entry, LinkId, NewChain, NewEnrolment, NewLink, NewPassword, PastEpoch,
    SessionHash, SignedMessage,
};

/// What kind of challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChallengeKind {
    /// Asked and answered online.
    Approve,
    /// Answered by a code that is typed.
    Code,
    /// Answered by a code over typed data.
    Transaction,
    /// Began in the browser of a phone that has the app, and is answered there.
    OnMobile,
    /// A transaction whose data the phone shows, answered online.
    Online,
}

impl ChallengeKind {
    /// The protocol's type number.
    pub(crate) const fn number(self) -> u64 {
        match self {
            Self::Approve => 1,
            Self::Code => 2,
            Self::Transaction => 3,
            Self::OnMobile => 4,
            Self::Online => 18,
        }
    }

    /// Does it arrive in a phone's inbox and wait there for an answer?
    pub(crate) const fn is_by_inbox(self) -> bool {
        matches!(self, Self::Approve | Self::Online)
    }
}
names!(ChallengeKind { Approve = "approve", Code = "code", Transaction = "transaction", OnMobile = "on-mobile", Online = "online" });

/// Where a challenge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChallengeState {
    /// Waits for an answer.
    Open,
    /// Approved; the browser has not collected it.
    Approved,
    /// The person declined.
    Declined,
    /// The person reported it.
    Fraud,
    /// The number was wrong.
    WrongNumber,
    /// Three wrong codes.
    WrongCodes,
    /// A newer one took its place, or who asked gave it up.
    Replaced,
    /// The browser has collected it.
    Used,
}

names!(ChallengeState { Open = "open", Approved = "approved", Declined = "declined", Fraud = "fraud", WrongNumber = "wrong-number", WrongCodes = "wrong-codes", Replaced = "replaced", Used = "used" });

/// A challenge to open.
pub(crate) struct NewChallenge {
    /// Its identifier.
    pub(crate) id: ChallengeId,
    /// On mobile, the one that makes room for it.
    pub(crate) replaces: Option<ChallengeId>,
    /// Whose; on mobile only if the session has an account already.
    pub(crate) account: Option<AccountId>,
    /// The session that asks, or the hash of the browser's cookie where there is no session yet.
    pub(crate) session: SessionHash,
    /// Is the browser known by a strong sign-in, this session's or an earlier one's?
    pub(crate) asker: Asker,
    /// The mark by which it is known, if it has one.
    pub(crate) mark: Option<SessionHash>,
    /// What kind.
    pub(crate) kind: ChallengeKind,
    /// What for.
    pub(crate) purpose: Purpose,
    /// For which device (approvals).
    pub(crate) dev: Option<DeviceId>,
    /// About which device, where it is about one (approvals).
    pub(crate) subject: Option<DeviceId>,
    /// May a device grant a new PIN to itself, by biometrics?
    pub(crate) grants_itself: bool,
    /// The signed message (approvals and on mobile; the others are signed when they have their
    /// step).
    pub(crate) message: Option<SignedMessage>,
    /// The number on the computer's screen (approvals).
    pub(crate) number: Option<u8>,
    /// What the operation needs to go on.
    pub(crate) payload: String,
    /// Which secret unlocks it.
    pub(crate) unlock: Unlock,
    /// Until when.
    pub(crate) expires_at: Time,
}

/// How opening a challenge went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Issue {
    /// It is open.
    Opened,
    /// It is open, and the phone finds it when it asks: no push goes out, because the last ones
    /// were not answered or were declined.
    OpenedQuietly,
    /// Another browser waits for this device's answer, and this one does not take its place.
    Busy,
    /// Too many are open for this account, or were in the last hour.
    TooMany,
    /// Too many wrong codes have closed this way, or a report of fraud has.
    Closed,
    /// The device is not there or not active any more.
    NoDevice,
    /// It could not be signed.
    NotSigned,
}

/// A challenge.
pub(crate) struct Challenge {
    /// Its identifier.
    pub(crate) id: ChallengeId,
    /// Whose; on mobile that of the phone that approved, once it has.
    pub(crate) account: Option<AccountId>,
    /// The session that asked, or the hash of the browser's cookie where there was no session yet.
    pub(crate) session: SessionHash,
    /// What kind.
    pub(crate) kind: ChallengeKind,
    /// What for.
    pub(crate) purpose: Purpose,
    /// For which device (approvals).
    pub(crate) dev: Option<DeviceId>,
    /// About which device, where it is about one (approvals).
    pub(crate) subject: Option<DeviceId>,
    /// Its step (codes and transactions).
    pub(crate) step: Option<Step>,
    /// The message as signed.
    pub(crate) message: Vec<u8>,
    /// The message's hash.
    pub(crate) hash: Hash,
    /// The number on the computer's screen.
    pub(crate) number: Option<u8>,
    /// What the operation needs to go on.
    pub(crate) payload: String,
    /// Which secret unlocks it.
    pub(crate) unlock: Unlock,
    /// Until when.
    pub(crate) expires_at: Time,
    /// Where it stands.
    pub(crate) state: ChallengeState,
    /// Codes tried so far.
    pub(crate) codes: ForChallenge,
    /// Did it go out without a push, because earlier ones were not answered?
    pub(crate) quiet: bool,
    /// Did a known browser ask?
    pub(crate) asker: Asker,
    /// The mark by which it is known, if it has one.
    pub(crate) mark: Option<SessionHash>,
}

/// An open approval for a device.
pub(crate) struct InboxItem {
    /// Its identifier.
    pub(crate) id: ChallengeId,
    /// The message as signed.
    pub(crate) message: Vec<u8>,
}

/// The answer to a request of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The result.
    pub(crate) result: ResultCode,
    /// When.
    pub(crate) at: Time,
    /// Tries left in a row.
    pub(crate) row_left: u8,
    /// Tries left in this epoch.
    pub(crate) epoch_left: u8,
    /// The counter recorded for the device.
    pub(crate) counter: u64,
    /// The device's PIN epoch.
    pub(crate) epoch: u32,
    /// The number of the state token that was issued for this request.
    pub(crate) issued: Option<u64>,
}

/// How far a request got that came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was answered so.
    Answered(Outcome),
    /// Its try is taken, and its signature was not judged yet, or the service stopped before it
    /// was.
    Checking,
}

/// An answer whose device signature is right.
#[derive(Clone)]
pub(crate) struct AnswerFacts {
    /// What the phone signed.
    pub(crate) answer: Answer,
    /// The hash of that.
    pub(crate) signed: Hash,
    /// Is the state token one that this service made for this device?
    pub(crate) token: Made,
    /// Did the sealed part open?
    pub(crate) opened: bool,
    /// May it grant a new PIN to the device that it comes from?
    pub(crate) grants_itself: bool,
    /// Transcript and device signature, which are kept.
    pub(crate) proof: Vec<u8>,
}

/// How an answer or an update goes on.
pub(crate) enum CountedStep {
    /// It is decided, now or when it came before.
    Decided {
        /// The outcome.
        outcome: Outcome,
        /// Does its state token show a restored service? Only the first copy that comes tells,
        /// whose token is not accepted yet.
        restored: Option<bool>,
    },
    /// A try is counted, where the PIN unlocked it; its signature must be checked now.
    Check {
        /// Sealed: the public key of sk_pin.
        pin_key: Vec<u8>,
        /// K_bio.
        bio_key: Option<PublicKey>,
        /// The epoch that `pin_key` is sealed for.
        epoch: u32,
        /// As above.
        restored: Option<bool>,
    },
}

impl CountedStep {
    /// The keys of a device to check with.
    pub(crate) fn check(device: Device, restored: Option<bool>) -> Self {
        Self::Check {
            pin_key: device.keys.pin_key,
            bio_key: device.bio_key,
            epoch: device.epoch,
            restored,
        }
    }
}

/// How the check of a code goes on.
pub(crate) enum CodeStep {
    /// A try is taken: compute the code for each of these.
    Check {
        /// The challenge.
        challenge: Box<Challenge>,
        /// The devices whose code it may be, each with its past PIN epochs that may have given it.
        devices: Vec<(Device, Vec<PastEpoch>)>,
        /// Is it the challenge's last try?
        last: bool,
    },
    /// Too many wrong codes have closed this way for a while.
    Closed,
    /// The challenge is over.
    Over,
}

/// A right code.
pub(crate) struct RightCode {
    /// The chain past its step.
    pub(crate) chain: NewChain,
    /// What unlocked it.
    pub(crate) unlocked: UnlockedBy,
}

/// What a result is collected for. It is done in the same transaction, so that a crash leaves
/// neither one without the other.
pub(crate) enum Then {
    /// The browser is signed in.
    Enter(Entry),
    /// An enrolment begins.
    Enrol(NewEnrolment),
    /// A device is removed.
    Remove(DeviceId),
    /// A signed operation is recorded.
    Record(SignedTransaction),
    /// A password is set.
    SetPassword(NewPassword),
    /// A link to a new address goes out.
    AskEmail(NewLink),
    /// The session can download the person's data.
    Export,
    /// The account waits for its deletion.
    Delete(Deletion),
    /// It is enough that it was collected.
    Nothing,
}

/// The result of collecting: done, or refused by the policy.
pub(crate) type Collected = Result<(), Refused>;

/// What an enrolment rests on that no approval was collected for.
pub(crate) enum Begin {
    /// The session, which finished a recovery.
    Recovered,
    /// The password, and this link to the confirmed address, in the session that asked for it: the
    /// account's first factor.
    Confirmed(LinkId),
    /// Another open enrolment of the same session, whose place it takes.
    InPlaceOf(EnrolmentId),
}

/// An operation that was signed.
pub(crate) struct SignedTransaction {
    /// The challenge it was signed with.
    pub(crate) id: ChallengeId,
    /// Whose.
    pub(crate) account: AccountId,
    /// When.
    pub(crate) at: Time,
    /// Which operation.
    pub(crate) operation: String,
    /// Its fields and values, in the order in which they were signed, as JSON.
    pub(crate) data: String,
}

/// Something that happened.
pub(crate) struct AccountEvent {
    /// When.
    pub(crate) at: Time,
    /// What: a text key.
    pub(crate) what: String,
    /// A device's name, for instance.
    pub(crate) detail: String,
    /// Who did it, as far as that is known.
    pub(crate) caller: Caller,
}
