//! Messages that the service signs (§3, §6, §8), and COSE_Sign1 with ES256 beneath every signed
//! message.
//!
//! A received message is a [`Received`] until its signature is verified; before that only the names
//! that find the key can be read.

use core::ops::Deref;

use coset::{
    CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, iana, sig_structure_data,
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use crate::cbor::{ParseError, Problem};
use crate::id::{Hash, KeyId, PublicKey, Svc};

/// The protected header: exactly `{1: -7}`.
const PROTECTED: [u8; 3] = [0xa1, 0x01, 0x26];

/// An ES256 signature: r and s, 32 bytes each, low s.
pub type SignatureBytes = [u8; 64];

/// A signature that does not verify, or whose s is high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not right")]
pub struct BadSignature;

/// The bytes that a key signs for a message: the Sig_structure of RFC 9052 §4.4, with the domain
/// string as external_aad.
pub fn to_be_signed(domain: &'static str, payload: &[u8]) -> Vec<u8> {
    sig_structure_data(
        coset::SignatureContext::CoseSign1,
        protected(),
        None,
        domain.as_bytes(),
        payload,
    )
}

fn protected() -> coset::ProtectedHeader {
    coset::ProtectedHeader {
        original_data: Some(PROTECTED.to_vec()),
        header: HeaderBuilder::new()
            .algorithm(iana::Algorithm::ES256)
            .build(),
    }
}

/// A message's hash: SHA-256 of its Sig_structure, never of the signature, which anyone could vary.
pub fn message_hash(domain: &'static str, payload: &[u8]) -> Hash {
    Hash(Sha256::digest(to_be_signed(domain, payload)).into())
}

/// Puts payload and signature together.
pub fn assemble(payload: &[u8], signature: &SignatureBytes) -> Vec<u8> {
    CoseSign1Builder::new()
        .protected(protected().header)
        .payload(payload.to_vec())
        .signature(signature.to_vec())
        .build()
        .to_vec()
        // Encoding to memory cannot fail.
        .unwrap_or_default()
}

/// Signs with a key in memory (RFC 6979, low s).
pub fn sign_payload(domain: &'static str, payload: &[u8], key: &SigningKey) -> SignatureBytes {
    let signature: Signature = key.sign(&to_be_signed(domain, payload));
    signature.normalize_s().to_bytes().into()
}

/// Brings a platform's signature to low s. The r and s of `signature` are 32 bytes each.
///
/// # Errors
/// If r or s is zero or not below the order.
pub fn low_s(signature: &SignatureBytes) -> Result<SignatureBytes, BadSignature> {
    let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
    Ok(signature.normalize_s().to_bytes().into())
}

/// Verifies a signature over a domain string and payload.
///
/// # Errors
/// If it is not right, or its s is high.
pub fn verify_payload(
    domain: &'static str,
    payload: &[u8],
    signature: &SignatureBytes,
    key: &PublicKey,
) -> Result<(), BadSignature> {
    if low_s(signature)? != *signature {
        return Err(BadSignature);
    }
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.as_bytes())
        .verify(&to_be_signed(domain, payload), signature)
        .map_err(|_| BadSignature)
}

/// A COSE_Sign1 in its one permitted form.
pub(crate) struct Envelope {
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: SignatureBytes,
}

impl Envelope {
    pub(crate) fn parse(
        message: &'static str,
        bytes: &[u8],
        limit: usize,
    ) -> Result<Self, ParseError> {
        let fail = |field, problem| ParseError {
            message,
            field,
            problem,
        };
        if bytes.len() > limit {
            return Err(fail("message", Problem::TooLong));
        }
        let cose = CoseSign1::from_slice(bytes).map_err(|_| fail("message", Problem::Encoding))?;
        let signature = cose
            .signature
            .as_slice()
            .try_into()
            .map_err(|_| fail("signature", Problem::Bounds))?;
        let payload = cose.payload.ok_or(fail("payload", Problem::Missing))?;
        // Re-encode and compare: one check for canonical CBOR, the exact protected header and an
        // empty unprotected header.
        if assemble(&payload, &signature) != bytes {
            return Err(fail("message", Problem::Encoding));
        }
        Ok(Self { payload, signature })
    }
}

/// A kind of message that the service signs.
pub trait Message: Sized {
    /// Its name in errors.
    const NAME: &'static str;
    /// Its domain string.
    const DOMAIN: &'static str;
    /// Its longest signed form, in bytes, whatever is in it.
    const LIMIT: usize;

    /// The longest signed form of a message with this content, in bytes.
    fn limit(&self) -> usize {
        Self::LIMIT
    }

    /// Checks what a receiver can check only after it verified the signature.
    ///
    /// # Errors
    /// Names the field that is wrong.
    fn issuable(&self) -> Result<(), ParseError> {
        Ok(())
    }

    /// Strictly parses the payload.
    ///
    /// # Errors
    /// Names the field that is wrong.
    fn decode(payload: &[u8]) -> Result<Self, ParseError>;
    /// Encodes the payload.
    fn encode(&self) -> Vec<u8>;
    /// The service that it is of.
    fn svc(&self) -> Svc;
    /// The key that signed it.
    fn kid(&self) -> KeyId;

    /// Signs it.
    ///
    /// # Errors
    /// If the message breaks one of its bounds: a message that a phone would refuse is never
    /// issued.
    fn sign(&self, key: &SigningKey) -> Result<Vec<u8>, ParseError> {
        let payload = self.encode();
        let bytes = assemble(&payload, &sign_payload(Self::DOMAIN, &payload, key));
        let message = Self::decode(&payload)?;
        within_limit(&message, &bytes)?;
        message.issuable()?;
        Ok(bytes)
    }
}

fn within_limit<T: Message>(message: &T, signed: &[u8]) -> Result<(), ParseError> {
    if signed.len() <= message.limit() {
        return Ok(());
    }
    Err(ParseError {
        message: T::NAME,
        field: "message",
        problem: Problem::TooLong,
    })
}

/// A message that was parsed, and whose signature nobody has looked at yet.
pub struct Received<T> {
    message: T,
    envelope: Envelope,
    bytes: Vec<u8>,
}

impl<T: Message> Received<T> {
    /// Strictly parses a signed message.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let envelope = Envelope::parse(T::NAME, bytes, T::LIMIT)?;
        let message = T::decode(&envelope.payload)?;
        within_limit(&message, bytes)?;
        Ok(Self {
            message,
            envelope,
            bytes: bytes.to_vec(),
        })
    }

    /// The service that it says it is of.
    pub fn svc(&self) -> Svc {
        self.message.svc()
    }

    /// The key that it says signed it.
    pub fn kid(&self) -> KeyId {
        self.message.kid()
    }

    /// Its hash.
    pub fn hash(&self) -> Hash {
        message_hash(T::DOMAIN, &self.envelope.payload)
    }

    /// Verifies the signature.
    ///
    /// # Errors
    /// If it is not right.
    pub fn verify(self, key: &PublicKey) -> Result<Verified<T>, BadSignature> {
        verify_payload(
            T::DOMAIN,
            &self.envelope.payload,
            &self.envelope.signature,
            key,
        )?;
        Ok(Verified {
            hash: self.hash(),
            message: self.message,
            bytes: self.bytes,
        })
    }

    /// The message before verification, for messages that bring the key that signs them.
    pub(crate) fn unverified(&self) -> &T {
        &self.message
    }
}

/// A message whose signature was verified.
#[derive(Debug, Clone)]
pub struct Verified<T> {
    message: T,
    hash: Hash,
    bytes: Vec<u8>,
}

impl<T> Verified<T> {
    /// Its hash.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The signed message as it was received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.message
    }
}
