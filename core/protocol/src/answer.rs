//! The answer to an approval (§7, §11): approve, decline, or report as fraud.

use p256::ecdsa::SigningKey;
use zeroize::Zeroizing;

use crate::cbor::{Fields, MAX_NUMBER, Map, ParseError, Problem};
use crate::challenge::{Purpose, closed_list};
use crate::id::{AccountId, ChallengeId, DeviceId, Hash, PublicKey, Svc};
use crate::message::{
    BadSignature, SignatureBytes, low_s, sign_payload, to_be_signed, verify_payload,
};
use crate::rand_core::CryptoRng;
use crate::request::{Request, Transcript, Unsigned};
use crate::seal::{self, SealError, seal};
use crate::{Step, Time};

const PIN_DOMAIN: &str = "countersign/v1/answer-pin";
const BIO_DOMAIN: &str = "countersign/v1/answer-bio";
const SEAL_DOMAIN: &str = "countersign/v1/answer-secret";

closed_list!(
    /// The person's decision.
    Decision {
        /// Approve.
        Approve = 1,
        /// Decline.
        Decline = 2,
        /// Decline, and report as fraud.
        Report = 3,
    }
);

closed_list!(
    /// The way in which the answer was unlocked.
    UnlockedBy {
        /// Nothing, which only a decline or report may be.
        Nothing = 0,
        /// The PIN.
        Pin = 1,
        /// Biometrics.
        Biometrics = 2,
    }
);

/// A state token: seq (8 bytes, big-endian) | first 24 bytes of its MAC.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StateToken(pub [u8; 32]);

impl core::fmt::Debug for StateToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "StateToken({})", self.sequence())
    }
}

impl StateToken {
    /// Its sequence number, not verified.
    pub fn sequence(&self) -> u64 {
        let mut seq = [0; 8];
        seq.copy_from_slice(&self.0[..8]);
        u64::from_be_bytes(seq)
    }
}

/// The transcript T of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The type of the challenge: 1 approve, 4 on-mobile, 18 online transaction.
    pub challenge_type: u64,
    /// The service.
    pub svc: Svc,
    /// As in the challenge.
    pub purpose: Purpose,
    /// The account; for on-mobile the phone's choice.
    pub acc: AccountId,
    /// The device.
    pub dev: DeviceId,
    /// The challenge.
    pub challenge: ChallengeId,
    /// The challenge message as the phone saw it.
    pub challenge_hash: Hash,
    /// The person's decision.
    pub decision: Decision,
    /// The number typed, 10 to 99, where number matching is asked.
    pub number: Option<u8>,
    /// The phone's clock.
    pub time: Time,
    /// Higher than in any request answered before.
    pub counter: u64,
    /// The last spent step.
    pub last: Step,
    /// The way in which it was unlocked.
    pub unlocked_by: UnlockedBy,
    /// The PIN epoch.
    pub epoch: u32,
    /// The newest that the phone has.
    pub state_token: StateToken,
}

impl Answer {
    /// Makes an approval that the PIN unlocks: sk_pin's signature, sealed. It is the same in form
    /// for any PIN.
    ///
    /// # Errors
    /// If the service's HPKE key is no key.
    pub fn prepare_with_pin(
        &self,
        pin: &SigningKey,
        hpke_key: &PublicKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Unsigned, SealError> {
        let transcript = self.encode();
        let signature = Zeroizing::new(sign_payload(PIN_DOMAIN, &transcript, pin));
        let sealed = seal(hpke_key, &self.sealing(), &*signature, rng)?;
        Ok(Unsigned::new(self.domain(), &transcript, Some(sealed)))
    }

    /// The bytes that K_bio signs for an approval that biometrics unlock.
    pub fn to_be_signed_by_biometrics(&self) -> Vec<u8> {
        to_be_signed(BIO_DOMAIN, &self.encode())
    }

    /// Makes an approval from K_bio's signature.
    ///
    /// # Errors
    /// If the signature is none, or the service's HPKE key no key.
    pub fn prepare_with_biometrics(
        &self,
        signature: &SignatureBytes,
        hpke_key: &PublicKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Unsigned, SealError> {
        let signature = low_s(signature).map_err(|_| SealError)?;
        let sealed = seal(hpke_key, &self.sealing(), &signature, rng)?;
        Ok(Unsigned::new(self.domain(), &self.encode(), Some(sealed)))
    }

    /// The context to which the sealed part is bound.
    pub fn sealing(&self) -> seal::Purpose {
        seal::Purpose {
            domain: SEAL_DOMAIN,
            svc: self.svc,
            acc: self.acc,
            dev: self.dev,
        }
    }
}

impl Request<Answer> {
    /// Verifies the opened signature that unlocked an approval: by `key`, the public key of sk_pin
    /// or K_bio.
    ///
    /// # Errors
    /// If it is not right.
    pub fn verify_unlock(&self, opened: &[u8], key: &PublicKey) -> Result<(), BadSignature> {
        let domain = match self.unlocked_by {
            UnlockedBy::Pin => PIN_DOMAIN,
            UnlockedBy::Biometrics => BIO_DOMAIN,
            UnlockedBy::Nothing => return Err(BadSignature),
        };
        let signature: &SignatureBytes = opened.try_into().map_err(|_| BadSignature)?;
        verify_payload(domain, self.transcript_bytes(), signature, key)
    }
}

impl Transcript for Answer {
    const NAME: &'static str = "answer";

    fn domain(&self) -> &'static str {
        "countersign/v1/answer"
    }

    fn decode(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut fields = Fields::parse(Self::NAME, bytes, 512)?;
        let challenge_type = fields.version_and_type()?;
        if !matches!(challenge_type, 1 | 4 | 18) {
            return Err(fields.fail("type", Problem::Bounds));
        }
        let answer = Self {
            challenge_type,
            svc: Svc(fields.bytes(2, "svc")?),
            purpose: fields.variant(3, "purpose", Purpose::from_number)?,
            acc: AccountId(fields.bytes(4, "acc")?),
            dev: DeviceId(fields.bytes(5, "dev")?),
            challenge: ChallengeId(fields.bytes(6, "challenge id")?),
            challenge_hash: Hash(fields.bytes(7, "challenge hash")?),
            decision: fields.variant(8, "decision", Decision::from_number)?,
            number: fields
                .optional(9, |f| f.uint(9, "number", 10..=99))?
                .map(|number| number as u8),
            time: fields.number(10, "time")?,
            counter: fields.uint(11, "counter", 1..=MAX_NUMBER)?,
            last: fields.number(12, "last")?,
            unlocked_by: fields.variant(13, "unlocked by", UnlockedBy::from_number)?,
            epoch: fields.uint(14, "epoch", 1..=u32::MAX.into())? as u32,
            state_token: StateToken(fields.bytes(15, "state token")?),
        };
        let approves = answer.decision == Decision::Approve;
        if approves == (answer.unlocked_by == UnlockedBy::Nothing) {
            return Err(fields.fail("unlocked by", Problem::Bounds));
        }
        if !approves && answer.number.is_some() {
            return Err(fields.fail("number", Problem::Unknown));
        }
        fields.finish()?;
        Ok(answer)
    }

    fn encode(&self) -> Vec<u8> {
        Map::message(self.challenge_type)
            .bytes(2, &self.svc.0)
            .uint(3, self.purpose as u64)
            .bytes(4, &self.acc.0)
            .bytes(5, &self.dev.0)
            .bytes(6, &self.challenge.0)
            .bytes(7, &self.challenge_hash.0)
            .uint(8, self.decision as u64)
            .optional(9, self.number.map(u64::from), Map::uint)
            .uint(10, self.time)
            .uint(11, self.counter)
            .uint(12, self.last)
            .uint(13, self.unlocked_by as u64)
            .uint(14, self.epoch.into())
            .bytes(15, &self.state_token.0)
            .encode()
    }

    fn needs_sealed(&self) -> bool {
        self.decision == Decision::Approve
    }

    fn names(&self) -> (Svc, AccountId, DeviceId) {
        (self.svc, self.acc, self.dev)
    }

    fn time(&self) -> Time {
        self.time
    }
}
