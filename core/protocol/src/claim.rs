//! The claim (§7, §10): a phone takes up an enrolment.

use zeroize::Zeroizing;

use crate::Time;
use crate::cbor::{Fields, Map, ParseError};
use crate::challenge::closed_list;
use crate::id::{AccountId, DeviceId, EnrolmentId, Hash, PublicKey, Svc};
use crate::keys::PinKeys;
use crate::message::{BadSignature, SignatureBytes, sign_payload, verify_payload};
use crate::rand_core::CryptoRng;
use crate::request::{ReceivedRequest, Request, Transcript, Unsigned};
use crate::seal::{ContentError, Purpose, SealError, commitment, seal};
use crate::secret::{Secret, Secret32};

const PIN_DOMAIN: &str = "countersign/v1/claim-pin";
const SEAL_DOMAIN: &str = "countersign/v1/claim-secret";

closed_list!(
    /// Where K_dev lives.
    KeyClass {
        /// Sealed in a file.
        Software = 1,
        /// In hardware that does not give it away.
        Hardware = 2,
    }
);

/// The claim's transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The service.
    pub svc: Svc,
    /// The account.
    pub acc: AccountId,
    /// The device.
    pub dev: DeviceId,
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The enrolment message as the phone saw it.
    pub enrolment_hash: Hash,
    /// K_dev's public key.
    pub device_key: PublicKey,
    /// Where K_dev lives.
    pub key_class: KeyClass,
    /// Whether a hardware share takes part; fixed from now on.
    pub z_present: bool,
    /// The system, for people, 1 to 20 bytes.
    pub platform: String,
    /// The phone's model, for people, 1 to 40 bytes.
    pub model: String,
    /// The phone's clock.
    pub time: Time,
    /// Commits to the sealed body without being a test of it: SHA-256(32 random bytes | body).
    pub commitment: [u8; 32],
}

/// The secrets of a claim, for the service alone.
pub struct ClaimSecrets {
    /// From the enrolment message.
    pub one_time_secret: Secret<16>,
    /// The code secret where the PIN is asked.
    pub p: Secret32,
    /// The code secret where it is not.
    pub n: Secret32,
    /// The chain value of step i0.
    pub chain: Secret32,
    /// sk_pin's public key.
    pub pin_key: PublicKey,
    /// K, where the PIN was chosen in the browser.
    pub k: Option<Secret32>,
}

impl ClaimSecrets {
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        Map::new()
            .bytes(0, self.one_time_secret.expose())
            .bytes(1, self.p.expose())
            .bytes(2, self.n.expose())
            .bytes(3, self.chain.expose())
            .bytes(4, self.pin_key.as_bytes())
            .optional(5, self.k.as_ref().map(|k| &k.expose()[..]), Map::bytes)
            .encode_secret()
    }

    fn decode(body: &[u8]) -> Result<Self, ParseError> {
        let mut fields = Fields::parse("claim secrets", body, 512)?;
        let secrets = Self {
            one_time_secret: Secret::take(&mut fields.bytes(0, "one-time secret")?),
            p: Secret::take(&mut fields.bytes(1, "P")?),
            n: Secret::take(&mut fields.bytes(2, "N")?),
            chain: Secret::take(&mut fields.bytes(3, "C")?),
            pin_key: fields.public_key(4, "PIN key")?,
            k: fields
                .optional(5, |f| f.bytes(5, "K"))?
                .map(|mut k| Secret::take(&mut k)),
        };
        fields.finish()?;
        Ok(secrets)
    }
}

impl Claim {
    /// Makes the request: fills in the commitment, signs with sk_pin, and seals to the service's
    /// HPKE key.
    ///
    /// # Errors
    /// If the service's HPKE key is no key.
    pub fn prepare(
        mut self,
        secrets: &ClaimSecrets,
        pin: &PinKeys,
        hpke_key: &PublicKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Unsigned, SealError> {
        let blinding = Secret32::new_with(|r| rng.fill_bytes(r));
        let body = secrets.encode();
        self.commitment = commitment(blinding.expose(), &body);
        let transcript = self.encode();
        let signature = Zeroizing::new(sign_payload(PIN_DOMAIN, &transcript, pin.signing_key()));
        let plaintext = Map::new()
            .bytes(0, blinding.expose())
            .bytes(1, &body)
            .bytes(2, &*signature)
            .encode_secret();
        let sealed = seal(hpke_key, &self.sealing(), &plaintext, rng)?;
        Ok(Unsigned::new(self.domain(), &transcript, Some(sealed)))
    }

    /// The context to which the sealed part is bound.
    pub fn sealing(&self) -> Purpose {
        Purpose {
            domain: SEAL_DOMAIN,
            svc: self.svc,
            acc: self.acc,
            dev: self.dev,
        }
    }
}

impl Request<Claim> {
    /// Checks an opened claim: the commitment, and sk_pin's signature as proof of possession.
    ///
    /// # Errors
    /// If either is not right.
    pub fn secrets(&self, opened: &[u8]) -> Result<ClaimSecrets, ContentError> {
        let mut fields = Fields::parse("claim secrets", opened, 1024)?;
        let blinding = Secret32::take(&mut fields.bytes(0, "r")?);
        let body = fields.byte_string(1, "body", 1..=512)?;
        let signature: Zeroizing<SignatureBytes> = Zeroizing::new(fields.bytes(2, "signature")?);
        fields.finish()?;
        if commitment(blinding.expose(), &body) != self.commitment {
            return Err(ContentError::Commitment);
        }
        let secrets = ClaimSecrets::decode(&body)?;
        verify_payload(
            PIN_DOMAIN,
            self.transcript_bytes(),
            &signature,
            &secrets.pin_key,
        )?;
        Ok(secrets)
    }
}

impl ReceivedRequest<Claim> {
    /// The enrolment that it wants.
    pub fn enrolment(&self) -> EnrolmentId {
        self.unverified().enrolment
    }

    /// Verifies it with the key that it brings: a claim is where a device key is first seen.
    ///
    /// # Errors
    /// If the signature is not by that key.
    pub fn verify_own_key(self) -> Result<Request<Claim>, BadSignature> {
        let key = self.unverified().device_key;
        self.verify(&key)
    }
}

impl Transcript for Claim {
    const NAME: &'static str = "claim";

    fn domain(&self) -> &'static str {
        "countersign/v1/claim"
    }

    fn decode(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut fields = Fields::parse(Self::NAME, bytes, 512)?;
        fields.header(7)?;
        let claim = Self {
            svc: Svc(fields.bytes(2, "svc")?),
            acc: AccountId(fields.bytes(3, "acc")?),
            dev: DeviceId(fields.bytes(4, "dev")?),
            enrolment: EnrolmentId(fields.bytes(5, "enrolment id")?),
            enrolment_hash: Hash(fields.bytes(6, "enrolment hash")?),
            device_key: fields.public_key(7, "device key")?,
            key_class: fields.variant(8, "key class", KeyClass::from_number)?,
            z_present: fields.boolean(9, "z present")?,
            platform: fields.label(10, "platform", 20)?,
            model: fields.label(11, "model", 40)?,
            time: fields.number(12, "time")?,
            commitment: fields.bytes(13, "commitment")?,
        };
        fields.finish()?;
        Ok(claim)
    }

    fn encode(&self) -> Vec<u8> {
        Map::message(7)
            .bytes(2, &self.svc.0)
            .bytes(3, &self.acc.0)
            .bytes(4, &self.dev.0)
            .bytes(5, &self.enrolment.0)
            .bytes(6, &self.enrolment_hash.0)
            .bytes(7, self.device_key.as_bytes())
            .uint(8, self.key_class as u64)
            .boolean(9, self.z_present)
            .text(10, &self.platform)
            .text(11, &self.model)
            .uint(12, self.time)
            .bytes(13, &self.commitment)
            .encode()
    }

    fn needs_sealed(&self) -> bool {
        true
    }

    fn names(&self) -> (Svc, AccountId, DeviceId) {
        (self.svc, self.acc, self.dev)
    }

    fn time(&self) -> Time {
        self.time
    }
}
