//! Replies (§8) of the service to a phone, signed over the hash of the request.

use ciborium::Value;

use crate::answer::StateToken;
use crate::cbor::{Fields, MAX_NUMBER, Map, ParseError, Problem};
use crate::challenge::{Challenge, closed_list};
use crate::field::is_displayable;
use crate::id::{ChallengeId, Hash, KeyId, Svc};
use crate::message::Message;
use crate::{Step, Time};

closed_list!(
    /// How a request ended.
    ResultCode {
        /// As asked.
        Done = 0,
        /// The PIN signature was wrong; a try is spent.
        WrongPin = 1,
        /// The number was wrong; the challenge is closed.
        WrongNumber = 2,
        /// No tries are left.
        Blocked = 3,
        /// The challenge can't be answered any more, or not by this device.
        NotOpen = 4,
        /// The counter was not above the recorded one.
        Counter = 5,
        /// The state token shows a copied phone.
        Suspended = 6,
        /// Another PIN epoch.
        Epoch = 7,
        /// Not unlocked in a way that is allowed.
        Unlock = 8,
        /// The phone's clock is over 120 seconds off.
        Clock = 9,
        /// The sealed part could not be opened.
        Unsealable = 10,
        /// The device is not active yet.
        NotActive = 11,
        /// The claim is not confirmed yet.
        NotYet = 12,
        /// The enrolment can't be had.
        Refused = 13,
        /// K was wrong.
        WrongEnrolmentPin = 14,
        /// The service sends no pushes of that kind; nothing is wrong.
        NoPush = 15,
    }
);

closed_list!(
    /// How a device stands.
    DeviceState {
        /// Claimed, not confirmed.
        Claimed = 1,
        /// Confirmed, not complete.
        Confirmed = 2,
        /// In use.
        Active = 3,
        /// Out of tries.
        Blocked = 4,
        /// A copy of it was seen.
        Suspended = 5,
    }
);

/// The names of a device and its account, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The service, 1 to 20 bytes.
    pub app_name: String,
    /// The account, 1 to 40 bytes.
    pub account_label: String,
    /// The device, 1 to 40 bytes.
    pub device_name: String,
}

/// The tries that a device has altogether.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// In a row.
    pub in_row: u8,
    /// In a PIN epoch.
    pub in_epoch: u8,
}

/// A reply. Request and result decide which of the optional fields are there (§8).
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The service.
    pub svc: Svc,
    /// The key that signed this.
    pub kid: KeyId,
    /// The request.
    pub request: Hash,
    /// How it ended.
    pub result: ResultCode,
    /// The service's clock.
    pub time: Time,
    /// Of the information that the service now serves.
    pub info_sequence: u64,
    /// The state token to use from now on.
    pub state_token: Option<StateToken>,
    /// Tries left in a row, 0 to 5; after a wrong K those of the enrolment.
    pub tries_in_row: Option<u8>,
    /// Tries left in this epoch, 0 to 15.
    pub tries_in_epoch: Option<u8>,
    /// The counter recorded.
    pub counter: Option<u64>,
    /// The least step for which the account may still have or get an open challenge.
    pub next_step: Option<Step>,
    /// The step of the first chain value.
    pub i0: Option<Step>,
    /// The PIN epoch.
    pub epoch: Option<u32>,
    /// How the device stands.
    pub device_state: Option<DeviceState>,
    /// Names for people.
    pub names: Option<Names>,
    /// The tries that a device has altogether.
    pub policy: Option<Tries>,
    /// Six digits that the person types on the page.
    pub confirmation_code: Option<String>,
    /// Open challenges as signed, 0 to 4.
    pub challenges: Option<Vec<Vec<u8>>>,
    /// Completes an on-mobile sign-in, together with the session's cookie.
    pub r: Option<[u8; 16]>,
    /// The change that is pending.
    pub pending_change: Option<Hash>,
    /// The change with which the present epoch began.
    pub epoch_change: Option<Hash>,
    /// The approved challenge that lets this device replace a forgotten PIN, while it holds.
    pub granted: Option<ChallengeId>,
    /// K_bio, where the device has one.
    pub biometric_kid: Option<KeyId>,
    /// When a recovery of the account that is under way can be finished.
    pub recovery_ends_at: Option<Time>,
}

/// Leaves out the values that complete a sign-in or an enrolment.
impl core::fmt::Debug for Reply {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Reply")
            .field("request", &self.request)
            .field("result", &self.result)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

impl Reply {
    /// A reply with no optional field.
    pub fn new(
        svc: Svc,
        kid: KeyId,
        request: Hash,
        result: ResultCode,
        time: Time,
        info_sequence: u64,
    ) -> Self {
        Self {
            svc,
            kid,
            request,
            result,
            time,
            info_sequence,
            state_token: None,
            tries_in_row: None,
            tries_in_epoch: None,
            counter: None,
            next_step: None,
            i0: None,
            epoch: None,
            device_state: None,
            names: None,
            policy: None,
            confirmation_code: None,
            challenges: None,
            r: None,
            pending_change: None,
            epoch_change: None,
            granted: None,
            biometric_kid: None,
            recovery_ends_at: None,
        }
    }
}

impl Message for Reply {
    const NAME: &'static str = "reply";
    const DOMAIN: &'static str = "countersign/v1/reply";
    const LIMIT: usize = 8192;

    fn decode(payload: &[u8]) -> Result<Self, ParseError> {
        let mut f = Fields::parse(Self::NAME, payload, Self::LIMIT)?;
        f.header(12)?;
        let small = |key, name, most: u8| {
            move |f: &mut Fields| Ok(f.uint(key, name, 0..=most.into())? as u8)
        };
        let reply = Self {
            svc: Svc(f.bytes(2, "svc")?),
            kid: KeyId(f.bytes(3, "kid")?),
            request: Hash(f.bytes(4, "request hash")?),
            result: f.variant(5, "result", ResultCode::from_number)?,
            time: f.number(6, "time")?,
            info_sequence: f.number(7, "sequence")?,
            state_token: f
                .optional(8, |f| f.bytes(8, "state token"))?
                .map(StateToken),
            tries_in_row: f.optional(9, small(9, "tries in a row", 5))?,
            tries_in_epoch: f.optional(10, small(10, "tries in the epoch", 15))?,
            counter: f.optional(11, |f| f.number(11, "counter"))?,
            next_step: f.optional(12, |f| f.uint(12, "next step", 1..=MAX_NUMBER))?,
            i0: f.optional(13, |f| f.uint(13, "i0", 1..=MAX_NUMBER))?,
            epoch: f.optional(14, |f| Ok(f.uint(14, "epoch", 1..=u32::MAX.into())? as u32))?,
            device_state: f.optional(15, |f| {
                f.variant(15, "device state", DeviceState::from_number)
            })?,
            names: f.optional(16, names)?,
            policy: f.optional(17, policy)?,
            confirmation_code: f.optional(18, confirmation_code)?,
            challenges: f.optional(19, challenges)?,
            r: f.optional(20, |f| f.bytes(20, "r"))?,
            pending_change: f.optional(21, |f| f.bytes(21, "pending change"))?.map(Hash),
            epoch_change: f
                .optional(22, |f| f.bytes(22, "change of the epoch"))?
                .map(Hash),
            granted: f.optional(23, |f| f.bytes(23, "granted"))?.map(ChallengeId),
            biometric_kid: f.optional(24, |f| f.bytes(24, "biometric key"))?.map(KeyId),
            recovery_ends_at: f.optional(25, |f| f.number(25, "recovery ends at"))?,
        };
        f.finish()?;
        Ok(reply)
    }

    fn encode(&self) -> Vec<u8> {
        let names = self.names.as_ref().map(|names| {
            Value::Array(vec![
                names.app_name.as_str().into(),
                names.account_label.as_str().into(),
                names.device_name.as_str().into(),
            ])
        });
        let policy = self
            .policy
            .map(|tries| Value::Array(vec![tries.in_row.into(), tries.in_epoch.into()]));
        let challenges = self
            .challenges
            .as_ref()
            .map(|list| Value::Array(list.iter().cloned().map(Value::Bytes).collect()));
        let token = self.state_token.as_ref().map(|token| &token.0[..]);
        let r = self.r.as_ref().map(|r| &r[..]);
        let pending = self.pending_change.as_ref().map(|hash| &hash.0[..]);
        let began = self.epoch_change.as_ref().map(|hash| &hash.0[..]);
        let granted = self.granted.as_ref().map(|id| &id.0[..]);
        let bio = self.biometric_kid.as_ref().map(|kid| &kid.0[..]);
        Map::message(12)
            .bytes(2, &self.svc.0)
            .bytes(3, &self.kid.0)
            .bytes(4, &self.request.0)
            .uint(5, self.result as u64)
            .uint(6, self.time)
            .uint(7, self.info_sequence)
            .optional(8, token, Map::bytes)
            .optional(9, self.tries_in_row.map(u64::from), Map::uint)
            .optional(10, self.tries_in_epoch.map(u64::from), Map::uint)
            .optional(11, self.counter, Map::uint)
            .optional(12, self.next_step, Map::uint)
            .optional(13, self.i0, Map::uint)
            .optional(14, self.epoch.map(u64::from), Map::uint)
            .optional(15, self.device_state.map(|state| state as u64), Map::uint)
            .optional(16, names, Map::value)
            .optional(17, policy, Map::value)
            .optional(18, self.confirmation_code.as_deref(), Map::text)
            .optional(19, challenges, Map::value)
            .optional(20, r, Map::bytes)
            .optional(21, pending, Map::bytes)
            .optional(22, began, Map::bytes)
            .optional(23, granted, Map::bytes)
            .optional(24, bio, Map::bytes)
            .optional(25, self.recovery_ends_at, Map::uint)
            .encode()
    }

    fn svc(&self) -> Svc {
        self.svc
    }

    fn kid(&self) -> KeyId {
        self.kid
    }
}

fn names(fields: &mut Fields) -> Result<Names, ParseError> {
    let mut texts = fields
        .array(16, "names", 3..=3)?
        .into_iter()
        .zip([20, 40, 40])
        .map(|(value, longest)| match value {
            Value::Text(text) if (1..=longest).contains(&text.len()) && is_displayable(&text) => {
                Ok(text)
            }
            Value::Text(_) => Err(fields.fail("names", Problem::Bounds)),
            _ => Err(fields.fail("names", Problem::Type)),
        });
    let mut next = || {
        texts
            .next()
            .unwrap_or(Err(fields.fail("names", Problem::Bounds)))
    };
    Ok(Names {
        app_name: next()?,
        account_label: next()?,
        device_name: next()?,
    })
}

fn policy(fields: &mut Fields) -> Result<Tries, ParseError> {
    let items = fields.array(17, "policy", 2..=2)?;
    let tries = |at: usize, most: u8| {
        items
            .get(at)
            .and_then(Value::as_integer)
            .and_then(|n| u8::try_from(n).ok())
            .filter(|n| (1..=most).contains(n))
            .ok_or(fields.fail("policy", Problem::Bounds))
    };
    Ok(Tries {
        in_row: tries(0, 5)?,
        in_epoch: tries(1, 15)?,
    })
}

fn confirmation_code(fields: &mut Fields) -> Result<String, ParseError> {
    let code = fields.text(18, "confirmation code", 6..=6)?;
    if code.bytes().all(|b| b.is_ascii_digit()) {
        Ok(code)
    } else {
        Err(fields.fail("confirmation code", Problem::Bounds))
    }
}

fn challenges(fields: &mut Fields) -> Result<Vec<Vec<u8>>, ParseError> {
    fields
        .array(19, "challenges", 0..=4)?
        .into_iter()
        .map(|value| match value {
            Value::Bytes(bytes) if bytes.len() <= Challenge::LIMIT => Ok(bytes),
            _ => Err(fields.fail("challenges", Problem::Bounds)),
        })
        .collect()
}
