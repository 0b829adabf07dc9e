//! Accounts, sessions, devices and enrolments, as they go into the store and come out of it.

use countersign_protocol::{
    Step, Time,
    enrolment::Way,
    id::{AccountId, DeviceId, EnrolmentId, Hash, PublicKey},
    policy::{
        codes::DeviceEpoch,
        month::Month,
        tries::{Notice, Tries, notice},
    },
    reply,
};

use super::AccountKind;
use crate::store::{SessionHash, SessionId};
use crate::{
    base::{email::Email, lang::Lang, names::names},
    policy::{
        changes::{Proof, RECOVERED_SECONDS, Rank},
        levels::Element,
    },
    security::Caller,
};

/// An account to be made.
pub(crate) struct NewAccount {
    /// Its random identifier.
    pub(crate) acc: AccountId,
    /// The confirmed e-mail address.
    pub(crate) email: Email,
    /// As typed.
    pub(crate) first_name: String,
    /// As typed.
    pub(crate) last_name: String,
    /// The Argon2id hash, sealed.
    pub(crate) password: String,
    /// The language in which the person is written to.
    pub(crate) language: Lang,
}

/// An account.
pub(crate) struct Account {
    /// Its identifier.
    pub(crate) acc: AccountId,
    /// The confirmed e-mail address.
    pub(crate) email: Email,
    /// As typed.
    pub(crate) first_name: String,
    /// As typed.
    pub(crate) last_name: String,
    /// The Argon2id hash, sealed.
    pub(crate) password: String,
    /// The language in which the person is written to.
    pub(crate) language: Lang,
    /// Whose it is.
    pub(crate) kind: AccountKind,
}

/// A database that was restored from a backup, and is fit for use again.
pub(crate) struct Restored {
    /// When the backup was made, if it says so.
    pub(crate) made_at: Option<Time>,
    /// So many lines of the journal were applied to it.
    pub(crate) applied: usize,
}

/// One thing that a session proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// The password.
    Password,
    /// A link to the confirmed e-mail address, without the password.
    Link,
    /// Password, a link sent to the e-mail address, and the waiting time: it may add a factor, and
    /// is no factor itself.
    Recovery,
    /// A code of the app, without PIN.
    Code,
    /// A code of the app, with PIN.
    CodePin,
    /// A code of the app, with a biometric.
    CodeBiometric,
    /// An approval with PIN.
    AppPin,
    /// An approval with a biometric.
    AppBiometric,
    /// An approval with PIN or biometric that began in the browser of the same phone, without a
    /// password.
    Mobile,
}

names!(Method { Password = "password", Link = "link", Recovery = "recovery", Code = "code", CodePin = "code-pin", CodeBiometric = "code-biometric", AppPin = "app-pin", AppBiometric = "app-biometric", Mobile = "mobile" });

impl Method {
    /// Is it a factor of its own, beside password and e-mail?
    pub(crate) const fn is_strong(self) -> bool {
        self.rank().is_some()
    }

    /// What it proves to a service that is entered with it; `None`: nothing.
    pub(crate) const fn element(self) -> Option<Element> {
        match self {
            Self::Password => Some(Element::Password),
            Self::Link | Self::Recovery => None,
            Self::Code | Self::CodePin | Self::CodeBiometric => Some(Element::Code),
            Self::AppPin | Self::AppBiometric => Some(Element::App),
            Self::Mobile => Some(Element::Mobile),
        }
    }

    /// How strongly it proves a change of the account; `None`: it is no factor.
    pub(crate) const fn rank(self) -> Option<Rank> {
        match self {
            Self::Password | Self::Link | Self::Recovery => None,
            Self::Code => Some(Rank::One),
            Self::CodePin | Self::CodeBiometric => Some(Rank::Two),
            Self::AppPin | Self::AppBiometric | Self::Mobile => Some(Rank::Three),
        }
    }
}

/// What a session proved, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proved {
    /// What.
    pub(crate) method: Method,
    /// When.
    pub(crate) at: Time,
    /// The device that approved, or whose code it was.
    pub(crate) dev: Option<DeviceId>,
}

/// A browser that gave a first factor or more.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// SHA-256 of the cookie.
    pub(crate) hash: SessionHash,
    /// Its random name, which its owner's pages say.
    pub(crate) id: SessionId,
    /// Which browser it is.
    pub(crate) caller: Caller,
    /// Whose it is.
    pub(crate) account: AccountId,
    /// Signed in; otherwise only the password was given, and a second factor is due.
    pub(crate) signed_in: bool,
    /// What it proved, oldest first: at least one thing.
    pub(crate) proofs: Vec<Proved>,
    /// When it was opened.
    pub(crate) created_at: Time,
    /// When it was last used, to the minute.
    pub(crate) used_at: Time,
    /// When it ends, used or not.
    pub(crate) expires_at: Time,
    /// Did its sign-in cancel the account's deletion?
    pub(crate) kept_account: bool,
    /// Until when it can download the person's data, once.
    pub(crate) export_until: Option<Time>,
}

impl Session {
    /// When it proved this, if it did.
    pub(crate) fn proved(&self, method: Method) -> Option<Time> {
        let proof = self.proofs.iter().find(|proof| proof.method == method);
        proof.map(|proof| proof.at)
    }

    /// What it proved last, which stands for how it was signed in.
    pub(crate) fn last_method(&self) -> Method {
        self.proofs
            .last()
            .map_or(Method::Password, |proof| proof.method)
    }

    /// Whether this session by itself is the proof that a change needs. Only [`Proof::Session`] and
    /// [`Proof::Recovered`] can be; every other proof is made for the change.
    pub(crate) fn proves(&self, proof: Proof, now: Time) -> bool {
        let recovered = |at| now < at + RECOVERED_SECONDS;
        match proof {
            Proof::Session => self.signed_in,
            Proof::Recovered => {
                self.signed_in && self.proved(Method::Recovery).is_some_and(recovered)
            }
            _ => false,
        }
    }

    /// What it proved that a service may rest on, with the times.
    pub(crate) fn elements(&self) -> Vec<(Element, Time)> {
        let proofs = self.proofs.iter();
        let elements = proofs.filter_map(|proof| Some((proof.method.element()?, proof.at)));
        elements.collect()
    }

    /// Did it prove a factor of its own, beside password and e-mail?
    pub(crate) fn is_strong(&self) -> bool {
        self.proofs.iter().any(|proof| proof.method.is_strong())
    }
}

/// A service that was entered with an account.
pub(crate) struct EnteredService {
    /// Its name.
    pub(crate) service: String,
    /// When it was last.
    pub(crate) at: Time,
}

/// A browser that is let in.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The cookie that it had: a session of it ends.
    pub(crate) replaces: SessionHash,
    /// The session that is opened. Where it is an approval or code that lets in, the account is
    /// that one's, and it is the last proof.
    pub(crate) session: Session,
    /// The mark that the browser had. Whoever copied it has nothing of it after a sign-in.
    pub(crate) known_before: Option<SessionHash>,
    /// The mark under which the browser is seen from now on, once it is signed in; and known, if
    /// it gave more than the password.
    pub(crate) known: SessionHash,
}

/// A device's state, as stored. Blocked is not a state: it follows from the tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeviceState {
    /// Claimed, and not yet complete.
    Pending,
    /// In use.
    Active,
    /// A copy of it was noticed; it must be removed.
    Suspended,
}

names!(DeviceState { Pending = "pending", Active = "active", Suspended = "suspended" });

/// What a device gives when it is claimed. The secrets are sealed already.
#[derive(Clone)]
pub(crate) struct DeviceKeys {
    /// K_dev.
    pub(crate) device_key: PublicKey,
    /// Sealed: the public key of sk_pin.
    pub(crate) pin_key: Vec<u8>,
    /// Sealed: P.
    pub(crate) pin_code_secret: Vec<u8>,
    /// Sealed: N.
    pub(crate) plain_code_secret: Vec<u8>,
    /// Sealed: the chain value of `chain_step`.
    pub(crate) chain: Vec<u8>,
}

/// A device.
pub(crate) struct Device {
    /// Its identifier.
    pub(crate) dev: DeviceId,
    /// Whose it is.
    pub(crate) account: AccountId,
    /// The enrolment that made it.
    pub(crate) enrolment: EnrolmentId,
    /// The person's name for it.
    pub(crate) name: String,
    /// As the phone says.
    pub(crate) model: String,
    /// As the phone says.
    pub(crate) platform: String,
    /// Its state.
    pub(crate) state: DeviceState,
    /// When it was claimed.
    pub(crate) created_at: Time,
    /// When it last signed something.
    pub(crate) used_at: Time,
    /// Its keys and shares.
    pub(crate) keys: DeviceKeys,
    /// Is K_dev in hardware?
    pub(crate) hardware: bool,
    /// K_bio, when turned on.
    pub(crate) bio_key: Option<PublicKey>,
    /// Sealed: B, when turned on.
    pub(crate) bio_code_secret: Option<Vec<u8>>,
    /// The PIN epoch.
    pub(crate) epoch: u32,
    /// The hash of the change with which the epoch began; none in the first.
    pub(crate) began_with: Option<Hash>,
    /// i0.
    pub(crate) first_step: Step,
    /// The step of the stored chain value.
    pub(crate) chain_step: Step,
    /// The highest counter accepted.
    pub(crate) counter: u64,
    /// The number of the newest state token issued.
    pub(crate) issued: u64,
    /// The number of the newest state token that the device has shown.
    pub(crate) acked: u64,
    /// Tries at the PIN that are spent.
    pub(crate) tries: Tries,
    /// Wrong PIN codes in this epoch.
    pub(crate) wrong_codes: DeviceEpoch,
    /// Wrong PINs in 30 days, whatever asked for them, across epochs.
    pub(crate) month: Month,
    /// When the person was last sent a notice about those.
    pub(crate) month_noticed_at: Time,
}

impl Device {
    /// Its state as its phone sees it.
    pub(crate) fn shown_state(&self) -> reply::DeviceState {
        match self.state {
            DeviceState::Pending => reply::DeviceState::Claimed,
            DeviceState::Suspended => reply::DeviceState::Suspended,
            DeviceState::Active if self.is_blocked() => reply::DeviceState::Blocked,
            DeviceState::Active => reply::DeviceState::Active,
        }
    }

    /// Are there no tries at the PIN left?
    pub(crate) fn is_blocked(&self) -> bool {
        self.tries.left() == 0 || self.month.is_full()
    }

    /// How many wrong PINs in a row can still be sent.
    pub(crate) fn left_in_a_row(&self) -> u8 {
        self.tries.left_in_a_row().min(self.month.left())
    }

    /// How many are left in the epoch; none in a device that wrong PINs of 30 days block.
    pub(crate) fn left_in_epoch(&self) -> u8 {
        match self.month.is_full() {
            true => 0,
            false => self.tries.left_in_epoch(),
        }
    }

    /// The notice that goes out after a wrong PIN.
    pub(crate) fn notice(&self) -> Option<Notice> {
        notice(self.tries.left().min(self.month.left()))
    }
}

/// A chain moved forward.
pub(crate) struct NewChain {
    /// Whose.
    pub(crate) dev: DeviceId,
    /// The epoch it belongs to.
    pub(crate) epoch: u32,
    /// The step of the new value: the next one that can be used.
    pub(crate) to: Step,
    /// The new value, sealed.
    pub(crate) chain: Vec<u8>,
}

/// A signed message with its hash.
pub(crate) struct SignedMessage {
    /// As sent.
    pub(crate) bytes: Vec<u8>,
    /// SHA-256 of its Sig_structure.
    pub(crate) hash: Hash,
}

/// Where an enrolment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EnrolmentState {
    /// Waits for a phone.
    Open,
    /// A phone has claimed it; the six digits are due.
    Claimed,
    /// Confirmed; the phone's `complete` is due.
    Confirmed,
    /// The device is active.
    Done,
    /// Too many wrong codes, or replaced.
    Void,
}

names!(EnrolmentState { Open = "open", Claimed = "claimed", Confirmed = "confirmed", Done = "done", Void = "void" });

/// An enrolment to begin.
pub(crate) struct NewEnrolment {
    /// Its identifier.
    pub(crate) id: EnrolmentId,
    /// Whose.
    pub(crate) account: AccountId,
    /// The session that asked.
    pub(crate) session: SessionHash,
    /// The device's identifier to be.
    pub(crate) dev: DeviceId,
    /// The device's name.
    pub(crate) name: String,
    /// The signed message.
    pub(crate) message: SignedMessage,
    /// SHA-256 of the one-time secret.
    pub(crate) secret: [u8; 32],
    /// Where the PIN is chosen.
    pub(crate) way: Way,
    /// Now.
    pub(crate) issued_at: Time,
    /// Until when.
    pub(crate) expires_at: Time,
}

/// An enrolment.
pub(crate) struct Enrolment {
    /// Its identifier.
    pub(crate) id: EnrolmentId,
    /// Whose.
    pub(crate) account: AccountId,
    /// The session that asked.
    pub(crate) session: SessionHash,
    /// The device's identifier.
    pub(crate) dev: DeviceId,
    /// The device's name.
    pub(crate) name: String,
    /// The message as signed.
    pub(crate) message: Vec<u8>,
    /// Its hash.
    pub(crate) hash: Hash,
    /// SHA-256 of the one-time secret.
    pub(crate) secret: [u8; 32],
    /// Where the PIN is chosen.
    pub(crate) way: Way,
    /// Until when.
    pub(crate) expires_at: Time,
    /// Where it stands.
    pub(crate) state: EnrolmentState,
    /// The hash of the claim that was recorded.
    pub(crate) claim: Option<Hash>,
    /// Sealed: the six digits.
    pub(crate) code: Option<Vec<u8>>,
    /// Tries at the digits that were taken.
    pub(crate) code_tries: u32,
}

/// A claim that was verified.
pub(crate) struct NewClaim {
    /// The enrolment.
    pub(crate) id: EnrolmentId,
    /// The claim's hash.
    pub(crate) claim: Hash,
    /// The transcript with the device's signature, which is kept.
    pub(crate) proof: Vec<u8>,
    /// Sealed: the six digits made for it, which the page asks for. `None`: K was right, which
    /// confirms the claim.
    pub(crate) code: Option<Vec<u8>>,
    /// As the phone says.
    pub(crate) model: String,
    /// As the phone says.
    pub(crate) platform: String,
    /// Is the device key in hardware?
    pub(crate) hardware: bool,
    /// Keys and shares; the chain is that of i0, whatever step that is.
    pub(crate) keys: DeviceKeys,
}

/// A try at the six digits that was taken.
pub(crate) struct CodeTry {
    /// The device that they were made for.
    pub(crate) dev: DeviceId,
    /// Sealed: the digits.
    pub(crate) code: Vec<u8>,
    /// Tries left after this one.
    pub(crate) left: u32,
}

/// A try at the PIN that was chosen in the browser, which was taken.
pub(crate) struct PinTry {
    /// Sealed: V.
    pub(crate) pin_check: Vec<u8>,
    /// Tries left after this one.
    pub(crate) left: u32,
}

/// What a `complete` brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completion {
    /// The device is active.
    Active,
    /// The claim is not confirmed yet.
    NotYet,
    /// There is no such enrolment (any more).
    Refused,
}

#[cfg(test)]
#[path = "accounts_tests.rs"]
mod tests;
