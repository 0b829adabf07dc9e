//! What is sealed in a change (§7, §13): the secrets of a new PIN epoch, and the signatures of all
//! keys that it needs.

use zeroize::Zeroizing;

use crate::cbor::{Fields, Map, ParseError, Problem};
use crate::id::PublicKey;
use crate::keys::PinKeys;
use crate::message::{
    BadSignature, SignatureBytes, low_s, sign_payload, to_be_signed, verify_payload,
};
use crate::rand_core::CryptoRng;
use crate::request::{Request, Transcript, Unsigned};
use crate::seal::{ContentError, SealError, commitment, seal};
use crate::secret::{Secret, Secret32};
use crate::update::{Change, ChangeKind, Update, What};

const OLD_PIN_DOMAIN: &str = "countersign/v1/change-pin";
const NEW_PIN_DOMAIN: &str = "countersign/v1/change-new";
const NEW_DEVICE_DOMAIN: &str = "countersign/v1/change-device";

/// The secrets of a new epoch, for the service alone.
pub struct ChangeSecrets {
    /// The code secret where the PIN is asked.
    pub p: Secret32,
    /// The chain value of step `last` + 1.
    pub chain: Secret32,
    /// sk_pin's public key.
    pub pin_key: PublicKey,
}

impl ChangeSecrets {
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Map::new()
            .bytes(0, self.p.expose())
            .bytes(1, self.chain.expose())
            .bytes(2, self.pin_key.as_bytes())
            .encode_secret()
    }

    fn decode(body: &[u8]) -> Result<Self, ParseError> {
        let mut fields = Fields::parse("change secrets", body, 256)?;
        let secrets = Self {
            p: Secret::take(&mut fields.bytes(0, "P")?),
            chain: Secret::take(&mut fields.bytes(1, "C")?),
            pin_key: fields.public_key(2, "PIN key")?,
        };
        fields.finish()?;
        Ok(secrets)
    }
}

/// A change whose commitment is made, and which the old and new keys are about to sign. In memory
/// only.
pub struct ChangeDraft {
    update: Update,
    transcript: Vec<u8>,
    blinding: Secret32,
    body: Zeroizing<Vec<u8>>,
}

impl ChangeDraft {
    /// Fills in the commitment of `change`. `update` gives all but [`Update::what`].
    pub fn new(
        update: Update,
        change: Change,
        secrets: &ChangeSecrets,
        rng: &mut impl CryptoRng,
    ) -> Self {
        let blinding = Secret32::new_with(|r| rng.fill_bytes(r));
        let body = secrets.encode();
        let update = Update {
            what: What::Change(Change {
                commitment: commitment(blinding.expose(), &body),
                ..change
            }),
            ..update
        };
        Self {
            transcript: update.encode(),
            update,
            blinding,
            body,
        }
    }

    /// The bytes that the new K_dev signs in a rotation.
    pub fn to_be_signed_by_new_device_key(&self) -> Vec<u8> {
        to_be_signed(NEW_DEVICE_DOMAIN, &self.transcript)
    }

    /// Signs with the new PIN's key, and the old one's unless the PIN was forgotten, and seals. It
    /// is the same in form for any old PIN.
    ///
    /// # Errors
    /// If the service's HPKE key is no key, or the new K_dev's signature no signature.
    pub fn prepare(
        self,
        new: &PinKeys,
        old: Option<&PinKeys>,
        new_device: Option<&SignatureBytes>,
        hpke_key: &PublicKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Unsigned, SealError> {
        let sign = |domain, keys: &PinKeys| {
            Zeroizing::new(sign_payload(domain, &self.transcript, keys.signing_key()))
        };
        let proof = sign(NEW_PIN_DOMAIN, new);
        let vouched = old.map(|old| sign(OLD_PIN_DOMAIN, old));
        let device = new_device.map(low_s).transpose().map_err(|_| SealError)?;
        let plaintext = Map::new()
            .bytes(0, self.blinding.expose())
            .bytes(1, &self.body)
            .bytes(2, &*proof)
            .optional(
                3,
                vouched.as_ref().map(|signature| &signature[..]),
                Map::bytes,
            )
            .optional(
                4,
                device.as_ref().map(|signature| &signature[..]),
                Map::bytes,
            )
            .encode_secret();
        let sealed = seal(hpke_key, &self.update.sealing(), &plaintext, rng)?;
        Ok(Unsigned::new(
            self.update.domain(),
            &self.transcript,
            Some(sealed),
        ))
    }
}

/// An opened change: commitment and the new keys' signatures are right; the old PIN's nobody has
/// looked at yet.
pub struct OpenedChange {
    /// The secrets of the new epoch.
    pub secrets: ChangeSecrets,
    vouched: Option<Zeroizing<SignatureBytes>>,
}

impl OpenedChange {
    /// Verifies the old PIN's signature, after a try was taken. `key` is the present sk_pin's.
    ///
    /// # Errors
    /// If it is not right.
    pub fn verify_old_pin(
        &self,
        request: &Request<Update>,
        key: &PublicKey,
    ) -> Result<(), BadSignature> {
        let signature = self.vouched.as_ref().ok_or(BadSignature)?;
        verify_payload(OLD_PIN_DOMAIN, request.transcript_bytes(), signature, key)
    }
}

impl Request<Update> {
    /// Checks an opened change: its form, the commitment, the new sk_pin's signature, and the new
    /// K_dev's in a rotation.
    ///
    /// # Errors
    /// If it is no change, or any of that is not right.
    pub fn change_secrets(&self, opened: &[u8]) -> Result<OpenedChange, ContentError> {
        let mut fields = Fields::parse("change secrets", opened, 1024)?;
        let What::Change(change) = &self.what else {
            return Err(fields.fail("type", Problem::Bounds).into());
        };
        let blinding = Secret32::take(&mut fields.bytes(0, "r")?);
        let body = fields.byte_string(1, "body", 1..=256)?;
        let proof: Zeroizing<SignatureBytes> =
            Zeroizing::new(fields.bytes(2, "signature of the new PIN")?);
        let vouched = match change.kind {
            ChangeKind::Change | ChangeKind::Refresh => {
                Some(Zeroizing::new(fields.bytes(3, "signature of the old PIN")?))
            }
            ChangeKind::Forgotten => None,
        };
        let device = change
            .device_key
            .map(|new| {
                Ok::<_, ParseError>((new.key, fields.bytes(4, "new device key's signature")?))
            })
            .transpose()?;
        fields.finish()?;
        if commitment(blinding.expose(), &body) != change.commitment {
            return Err(ContentError::Commitment);
        }
        let secrets = ChangeSecrets::decode(&body)?;
        let transcript = self.transcript_bytes();
        verify_payload(NEW_PIN_DOMAIN, transcript, &proof, &secrets.pin_key)?;
        if let Some((key, signature)) = device {
            verify_payload(NEW_DEVICE_DOMAIN, transcript, &signature, &key)?;
        }
        Ok(OpenedChange { secrets, vouched })
    }
}
