//! The sealed part when biometrics are turned on (§7, §13): B, and the signatures of sk_pin and
//! K_bio.

use zeroize::Zeroizing;

use crate::cbor::{Fields, Map, Problem};
use crate::id::PublicKey;
use crate::keys::PinKeys;
use crate::message::{
    BadSignature, SignatureBytes, low_s, sign_payload, to_be_signed, verify_payload,
};
use crate::rand_core::CryptoRng;
use crate::request::{Request, Transcript, Unsigned};
use crate::seal::{ContentError, SealError, commitment, seal};
use crate::secret::Secret32;
use crate::update::{Update, What};

const PIN_DOMAIN: &str = "countersign/v1/biometrics-pin";
const KEY_DOMAIN: &str = "countersign/v1/biometrics-key";

/// Biometrics about to be turned on: the commitment is made, and sk_pin and K_bio are about to
/// sign. In memory only.
pub struct BiometricsDraft {
    update: Update,
    transcript: Vec<u8>,
    blinding: Secret32,
    body: Zeroizing<Vec<u8>>,
}

impl BiometricsDraft {
    /// For K_bio's public key and the code secret B, 32 random bytes. `update` gives all but
    /// [`Update::what`].
    pub fn new(
        update: Update,
        epoch: u32,
        key: PublicKey,
        b: &Secret32,
        rng: &mut impl CryptoRng,
    ) -> Self {
        let blinding = Secret32::new_with(|r| rng.fill_bytes(r));
        let body = Map::new().bytes(0, b.expose()).encode_secret();
        let update = Update {
            what: What::BiometricsOn {
                epoch,
                commitment: commitment(blinding.expose(), &body),
                key,
            },
            ..update
        };
        Self {
            transcript: update.encode(),
            update,
            blinding,
            body,
        }
    }

    /// The bytes that K_bio signs as proof of possession.
    pub fn to_be_signed_by_biometrics(&self) -> Vec<u8> {
        to_be_signed(KEY_DOMAIN, &self.transcript)
    }

    /// Signs with sk_pin and seals. It is the same in form for any PIN.
    ///
    /// # Errors
    /// If the service's HPKE key is no key, or K_bio's signature no signature.
    pub fn prepare(
        self,
        pin: &PinKeys,
        biometrics: &SignatureBytes,
        hpke_key: &PublicKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Unsigned, SealError> {
        let vouched = Zeroizing::new(sign_payload(
            PIN_DOMAIN,
            &self.transcript,
            pin.signing_key(),
        ));
        let proof = low_s(biometrics).map_err(|_| SealError)?;
        let plaintext = Map::new()
            .bytes(0, self.blinding.expose())
            .bytes(1, &self.body)
            .bytes(2, &*vouched)
            .bytes(3, &proof)
            .encode_secret();
        let sealed = seal(hpke_key, &self.update.sealing(), &plaintext, rng)?;
        Ok(Unsigned::new(
            self.update.domain(),
            &self.transcript,
            Some(sealed),
        ))
    }
}

/// Biometrics as opened: commitment and K_bio's signature are right; the PIN's nobody has looked at
/// yet.
pub struct OpenedBiometrics {
    /// The code secret B.
    pub b: Secret32,
    vouched: Zeroizing<SignatureBytes>,
}

impl OpenedBiometrics {
    /// Verifies the PIN's signature, after a try was taken. `key` is sk_pin's.
    ///
    /// # Errors
    /// If it is not right.
    pub fn verify_pin(
        &self,
        request: &Request<Update>,
        key: &PublicKey,
    ) -> Result<(), BadSignature> {
        verify_payload(PIN_DOMAIN, request.transcript_bytes(), &self.vouched, key)
    }
}

impl Request<Update> {
    /// Checks the opened part when biometrics are turned on: its form, the commitment, and K_bio's
    /// signature (13.13).
    ///
    /// # Errors
    /// If it is something else, or any of that is not right.
    pub fn biometric_secrets(&self, opened: &[u8]) -> Result<OpenedBiometrics, ContentError> {
        let mut fields = Fields::parse("biometric secrets", opened, 512)?;
        let What::BiometricsOn {
            commitment: signed,
            key,
            ..
        } = &self.what
        else {
            return Err(fields.fail("type", Problem::Bounds).into());
        };
        let blinding = Secret32::take(&mut fields.bytes(0, "r")?);
        let body = fields.byte_string(1, "body", 1..=64)?;
        let vouched = Zeroizing::new(fields.bytes(2, "signature of the PIN")?);
        let proof: SignatureBytes = fields.bytes(3, "signature of the biometric key")?;
        fields.finish()?;
        if commitment(blinding.expose(), &body) != *signed {
            return Err(ContentError::Commitment);
        }
        let mut inner = Fields::parse("biometric secrets", &body, 64)?;
        let b = Secret32::take(&mut inner.bytes(0, "B")?);
        inner.finish()?;
        verify_payload(KEY_DOMAIN, self.transcript_bytes(), &proof, key)?;
        Ok(OpenedBiometrics { b, vouched })
    }
}
