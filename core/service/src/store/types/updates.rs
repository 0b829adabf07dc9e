//! Changes of a device's record, as they go into the store and come out of it.

use crate::keys::root::Made;
use countersign_protocol::{
    Time,
    id::{ChallengeId, Hash},
    update::Update,
};

use super::Device;

/// What a change brings for the next PIN epoch, sealed for it.
#[derive(Clone)]
pub(crate) struct NewEpoch {
    /// Sealed: the public key of sk_pin.
    pub(crate) pin_key: Vec<u8>,
    /// Sealed: P.
    pub(crate) pin_code_secret: Vec<u8>,
    /// Sealed: the chain value of the step after the last that the phone had spent.
    pub(crate) chain: Vec<u8>,
}

/// What an update brings: opened, checked but for the PIN's signature, and sealed for the store.
#[derive(Clone)]
pub(crate) enum Content {
    /// Nothing: a commit, or biometrics turned off.
    Nothing,
    /// It did not open.
    Unsealable,
    /// It is not what it must be.
    Refused,
    /// A change's.
    Change(NewEpoch),
    /// Sealed: B.
    Biometrics(Vec<u8>),
    /// Sealed: where push messages go from now on; none: nowhere.
    PushAddress(Option<Vec<u8>>),
    /// A push address to which this service sends nothing.
    NoPush,
}

/// An update whose device signature is right.
#[derive(Clone)]
pub(crate) struct UpdateFacts {
    /// What the phone signed.
    pub(crate) update: Update,
    /// The hash of that.
    pub(crate) signed: Hash,
    /// Is the state token one that this service made for this device?
    pub(crate) token: Made,
    /// The sealed content, sealed again for the store.
    pub(crate) content: Content,
    /// Transcript and device signature, which are kept.
    pub(crate) proof: Vec<u8>,
}

/// Secrets that are sealed again when a PIN epoch begins.
pub(crate) struct Resealed {
    /// Sealed: N.
    pub(crate) plain_code_secret: Vec<u8>,
    /// Sealed: B, of a device that has it.
    pub(crate) bio_code_secret: Option<Vec<u8>>,
}

/// Seals the shares of a device that stay for its next epoch, inside the transaction that begins
/// it.
pub(crate) type Reseal = Box<dyn Fn(&Device, u32) -> Option<Resealed> + Send>;

/// What the status of a device says of its keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Life {
    /// The hash of the change that waits for its commit.
    pub(crate) pending: Option<Hash>,
    /// The approved challenge that lets the device set a new PIN now.
    pub(crate) granted: Option<ChallengeId>,
    /// When a recovery of the account that is under way can be finished.
    pub(crate) recovery_ends_at: Option<Time>,
}

/// The share of codes and the chain of a PIN epoch that has ended.
pub(crate) struct PastEpoch {
    /// Which.
    pub(crate) epoch: u32,
    /// Sealed: P.
    pub(crate) pin_code_secret: Vec<u8>,
    /// Sealed: the chain value of `chain_step`.
    pub(crate) chain: Vec<u8>,
    /// The step of the stored chain value.
    pub(crate) chain_step: countersign_protocol::Step,
}
