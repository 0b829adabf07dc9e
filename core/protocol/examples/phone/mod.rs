//! The person's phone, played for the example: the part of a phone that answers one challenge.

use std::error::Error;

use countersign_protocol::SigningKey;
use countersign_protocol::answer::{Answer, Decision, StateToken, UnlockedBy};
use countersign_protocol::challenge::Challenge;
use countersign_protocol::id::PublicKey;
use countersign_protocol::keys::{Binding, PinKeys};
use countersign_protocol::message::Received;
use countersign_protocol::pin::Pin;
use countersign_protocol::rand_core::UnwrapErr;
use countersign_protocol::secret::Secret32;
use getrandom::SysRng;
use p256::ecdsa::{Signature, signature::Signer};

/// The storage of a phone. No part of it tells a right PIN from a wrong one.
pub(crate) struct Phone {
    pub(crate) binding: Binding,
    pub(crate) device_key: SigningKey,
    pub(crate) d: Secret32,
    pub(crate) service_key: PublicKey,
    pub(crate) hpke_key: PublicKey,
    pub(crate) counter: u64,
}

impl Phone {
    /// The keys that a PIN gives. Every PIN gives some.
    pub(crate) fn pin_keys(&self, pin: &str) -> Result<PinKeys, Box<dyn Error>> {
        let pin = Pin::from_bytes(pin.as_bytes())?;
        Ok(PinKeys::derive(&self.binding, &self.d, None, &pin))
    }

    /// Verifies a challenge and approves it with the number on the computer and a PIN.
    pub(crate) fn approve(
        &mut self,
        challenge: &[u8],
        number: u8,
        pin: &str,
        state_token: StateToken,
        now: u64,
    ) -> Result<Vec<u8>, Box<dyn Error>> {
        let challenge = Received::<Challenge>::parse(challenge)?.verify(&self.service_key)?;
        self.counter += 1;
        let answer = Answer {
            challenge_type: challenge.kind.number(),
            svc: challenge.svc,
            purpose: challenge.purpose,
            acc: self.binding.acc,
            dev: self.binding.dev,
            challenge: challenge.id,
            challenge_hash: challenge.hash(),
            decision: Decision::Approve,
            number: Some(number),
            time: now,
            counter: self.counter,
            last: 0,
            unlocked_by: UnlockedBy::Pin,
            epoch: self.binding.epoch,
            state_token,
        };
        let keys = self.pin_keys(pin)?;
        let mut rng = UnwrapErr(SysRng);
        let unsigned = answer.prepare_with_pin(keys.signing_key(), &self.hpke_key, &mut rng)?;
        let signature: Signature = self.device_key.sign(&unsigned.to_be_signed());
        Ok(unsigned.body(&signature.to_bytes().into())?)
    }
}
