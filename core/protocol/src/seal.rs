//! Seals secrets to the service's HPKE key (§3): RFC 9180 base mode, DHKEM(P-256), HKDF-SHA256,
//! AES-256-GCM, one message.

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256;
use hpke::rand_core::CryptoRng;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::cbor::ParseError;
use crate::id::{AccountId, DeviceId, KeyId, PublicKey, Svc};
use crate::message::BadSignature;

/// The recipient and purpose of a sealed part: the HPKE info and aad.
#[derive(Debug, Clone, Copy)]
pub struct Purpose {
    /// The domain string.
    pub domain: &'static str,
    /// The service.
    pub svc: Svc,
    /// The account.
    pub acc: AccountId,
    /// The device.
    pub dev: DeviceId,
}

impl Purpose {
    fn aad(&self, kid: KeyId) -> [u8; 28] {
        let mut aad = [0; 28];
        aad[..8].copy_from_slice(&self.svc.0);
        aad[8..16].copy_from_slice(&self.acc.0);
        aad[16..24].copy_from_slice(&self.dev.0);
        aad[24..].copy_from_slice(&kid.0);
        aad
    }
}

/// Sealing or opening failed. The error gives no reason, so that it reveals nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed part of the message could not be made or opened")]
pub struct SealError;

/// The reason why an opened part is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// It is no such thing.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It is not the part that K_dev signed.
    #[error("the sealed part of the message is not the one that was signed")]
    Commitment,
    /// Its sender does not hold the key that it brings.
    #[error(transparent)]
    Signature(#[from] BadSignature),
}

/// Binds a transcript to a secret body without being a test of it: SHA-256(32 random bytes | body).
pub(crate) fn commitment(blinding: &[u8; 32], body: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(blinding)
        .chain_update(body)
        .finalize()
        .into()
}

/// Seals to the service's HPKE key: `kid | enc | ciphertext`.
///
/// # Errors
/// If the key is no HPKE key.
pub fn seal(
    key: &PublicKey,
    purpose: &Purpose,
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, SealError> {
    let kid = key.key_id();
    let public =
        <DhP256HkdfSha256 as Kem>::PublicKey::from_bytes(key.as_bytes()).map_err(|_| SealError)?;
    let (enc, ciphertext) =
        hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
            &OpModeS::Base,
            &public,
            purpose.domain.as_bytes(),
            plaintext,
            &purpose.aad(kid),
            rng,
        )
        .map_err(|_| SealError)?;
    Ok([&kid.0[..], &enc.to_bytes(), &ciphertext].concat())
}

/// The service's HPKE key pair.
pub struct OpeningKey {
    private: <DhP256HkdfSha256 as Kem>::PrivateKey,
    public: PublicKey,
}

impl OpeningKey {
    /// Derives the key pair from 32 secret random bytes (RFC 9180 §7.1.3), which a service stores.
    pub fn derive(seed: &crate::secret::Secret32) -> Option<Self> {
        let (private, public) = DhP256HkdfSha256::derive_keypair(seed.expose());
        Some(Self {
            private,
            public: PublicKey::from_bytes(&public.to_bytes())?,
        })
    }

    /// The public key, which the service publishes.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Opens a part made by [`seal`].
    ///
    /// # Errors
    /// If it is for another key or purpose, or was changed.
    pub fn open(&self, purpose: &Purpose, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (kid, rest) = sealed.split_at_checked(4).ok_or(SealError)?;
        let (enc, ciphertext) = rest.split_at_checked(65).ok_or(SealError)?;
        let own = self.public.key_id();
        if kid != own.0 {
            return Err(SealError);
        }
        let enc = <DhP256HkdfSha256 as Kem>::EncappedKey::from_bytes(enc).map_err(|_| SealError)?;
        hpke::single_shot_open::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
            &OpModeR::Base,
            &self.private,
            &enc,
            purpose.domain.as_bytes(),
            ciphertext,
            &purpose.aad(own),
        )
        .map(Zeroizing::new)
        .map_err(|_| SealError)
    }
}
