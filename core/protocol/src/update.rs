//! Change, commit, biometrics and push address (§7, §13): requests that change a device's record at
//! the service. All carry a counter and a state token.

use crate::answer::StateToken;
use crate::cbor::{Fields, MAX_NUMBER, Map, ParseError, Problem};
use crate::challenge::closed_list;
use crate::claim::KeyClass;
use crate::id::{AccountId, ChallengeId, DeviceId, Hash, PublicKey, Svc};
use crate::push::PushAddress;
use crate::request::Transcript;
use crate::seal::Purpose;
use crate::{Step, Time};

const CHANGE: u64 = 13;
const COMMIT: u64 = 14;
const BIOMETRICS: u64 = 16;
const PUSH: u64 = 17;
/// The longest transcript, in bytes: one with a push address.
const LONGEST: usize = 1024;

closed_list!(
    /// Why a PIN epoch begins.
    ChangeKind {
        /// The person chose another PIN and gave the old one.
        Change = 1,
        /// The same PIN with new key material, after many wrong ones were spent.
        Refresh = 2,
        /// The PIN was forgotten or blocked, and another factor approved a new one.
        Forgotten = 3,
    }
);

/// A new K_dev that takes the place of the old one when the change is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewDeviceKey {
    /// Its public key.
    pub key: PublicKey,
    /// Where it lives; never a lower class than before.
    pub class: KeyClass,
}

/// A new PIN epoch: the fields that K_dev signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The epoch that it begins.
    pub epoch: u32,
    /// Why.
    pub kind: ChangeKind,
    /// The approved challenge that grants it: exactly with [`ChangeKind::Forgotten`].
    pub granted_by: Option<ChallengeId>,
    /// Commits to the sealed body without being a test of it: SHA-256(32 random bytes | body).
    pub commitment: [u8; 32],
    /// A rotation of K_dev.
    pub device_key: Option<NewDeviceKey>,
}

/// The change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// To prepare a new PIN epoch.
    Change(Change),
    /// To begin it.
    Commit {
        /// The hash of the change.
        change: Hash,
    },
    /// To turn biometrics on.
    BiometricsOn {
        /// The present epoch.
        epoch: u32,
        /// Commits to the sealed body: SHA-256(32 random bytes | body).
        commitment: [u8; 32],
        /// K_bio's public key.
        key: PublicKey,
    },
    /// To turn biometrics off.
    BiometricsOff {
        /// The present epoch.
        epoch: u32,
    },
    /// Where push messages for the device go from now on; none: nowhere.
    PushAddress(Option<PushAddress>),
}

/// The transcript T of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The service.
    pub svc: Svc,
    /// The account.
    pub acc: AccountId,
    /// The device.
    pub dev: DeviceId,
    /// The phone's clock.
    pub time: Time,
    /// Higher than in any request answered before.
    pub counter: u64,
    /// The last spent step.
    pub last: Step,
    /// The newest that the phone has.
    pub state_token: StateToken,
    /// The change.
    pub what: What,
}

impl Update {
    /// The context to which the sealed part is bound, where there is one.
    pub fn sealing(&self) -> Purpose {
        Purpose {
            domain: match self.what {
                What::Change(_) | What::Commit { .. } | What::PushAddress(_) => {
                    "countersign/v1/change-secret"
                }
                What::BiometricsOn { .. } | What::BiometricsOff { .. } => {
                    "countersign/v1/biometrics-secret"
                }
            },
            svc: self.svc,
            acc: self.acc,
            dev: self.dev,
        }
    }
}

fn change(fields: &mut Fields) -> Result<Change, ParseError> {
    let change = Change {
        epoch: epoch(fields)?,
        kind: fields.variant(11, "kind", ChangeKind::from_number)?,
        granted_by: fields
            .optional(12, |f| f.bytes(12, "granting challenge"))?
            .map(ChallengeId),
        commitment: fields.bytes(13, "commitment")?,
        device_key: fields.optional(14, |f| {
            Ok(NewDeviceKey {
                key: f.public_key(14, "device key")?,
                class: f.variant(15, "key class", KeyClass::from_number)?,
            })
        })?,
    };
    match (change.kind, change.granted_by) {
        (ChangeKind::Forgotten, None) => Err(fields.fail("granting challenge", Problem::Missing)),
        (ChangeKind::Change | ChangeKind::Refresh, Some(_)) => {
            Err(fields.fail("granting challenge", Problem::Unknown))
        }
        _ => Ok(change),
    }
}

fn epoch(fields: &mut Fields) -> Result<u32, ParseError> {
    Ok(fields.uint(9, "epoch", 1..=u32::MAX.into())? as u32)
}

impl Transcript for Update {
    const NAME: &'static str = "update";

    fn domain(&self) -> &'static str {
        match self.what {
            What::Change(_) => "countersign/v1/change",
            What::Commit { .. } => "countersign/v1/commit",
            What::BiometricsOn { .. } | What::BiometricsOff { .. } => "countersign/v1/biometrics",
            What::PushAddress(_) => "countersign/v1/push",
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut fields = Fields::parse(Self::NAME, bytes, LONGEST)?;
        let kind = fields.version_and_type()?;
        let svc = Svc(fields.bytes(2, "svc")?);
        let acc = AccountId(fields.bytes(3, "acc")?);
        let dev = DeviceId(fields.bytes(4, "dev")?);
        let time = fields.number(5, "time")?;
        let counter = fields.uint(6, "counter", 1..=MAX_NUMBER)?;
        let last = fields.number(7, "last")?;
        let state_token = StateToken(fields.bytes(8, "state token")?);
        let what = match kind {
            CHANGE => What::Change(change(&mut fields)?),
            COMMIT => What::Commit {
                change: Hash(fields.bytes(10, "hash of the change")?),
            },
            BIOMETRICS if fields.has(16) => What::BiometricsOn {
                epoch: epoch(&mut fields)?,
                commitment: fields.bytes(13, "commitment")?,
                key: fields.public_key(16, "biometric key")?,
            },
            BIOMETRICS => What::BiometricsOff {
                epoch: epoch(&mut fields)?,
            },
            PUSH => What::PushAddress(PushAddress::decode(&mut fields)?),
            _ => return Err(fields.fail("type", Problem::Bounds)),
        };
        fields.finish()?;
        Ok(Self {
            svc,
            acc,
            dev,
            time,
            counter,
            last,
            state_token,
            what,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let kind = match self.what {
            What::Change(_) => CHANGE,
            What::Commit { .. } => COMMIT,
            What::BiometricsOn { .. } | What::BiometricsOff { .. } => BIOMETRICS,
            What::PushAddress(_) => PUSH,
        };
        let head = Map::message(kind)
            .bytes(2, &self.svc.0)
            .bytes(3, &self.acc.0)
            .bytes(4, &self.dev.0)
            .uint(5, self.time)
            .uint(6, self.counter)
            .uint(7, self.last)
            .bytes(8, &self.state_token.0);
        match &self.what {
            What::Change(change) => {
                let granted_by = change.granted_by.as_ref().map(|id| &id.0[..]);
                let key = change.device_key.as_ref();
                head.uint(9, change.epoch.into())
                    .uint(11, change.kind as u64)
                    .optional(12, granted_by, Map::bytes)
                    .bytes(13, &change.commitment)
                    .optional(14, key.map(|new| &new.key.as_bytes()[..]), Map::bytes)
                    .optional(15, key.map(|new| new.class as u64), Map::uint)
            }
            What::Commit { change } => head.bytes(10, &change.0),
            What::BiometricsOn {
                epoch,
                commitment,
                key,
            } => head
                .uint(9, (*epoch).into())
                .bytes(13, commitment)
                .bytes(16, key.as_bytes()),
            What::BiometricsOff { epoch } => head.uint(9, (*epoch).into()),
            What::PushAddress(address) => {
                let address = address.as_ref();
                head.optional(17, address.map(|to| to.kind() as u64), Map::uint)
                    .optional(18, address.map(PushAddress::address), Map::text)
            }
        }
        .encode()
    }

    fn needs_sealed(&self) -> bool {
        matches!(self.what, What::Change(_) | What::BiometricsOn { .. })
    }

    fn names(&self) -> (Svc, AccountId, DeviceId) {
        (self.svc, self.acc, self.dev)
    }

    fn time(&self) -> Time {
        self.time
    }
}
