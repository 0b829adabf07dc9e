//! Requests of the phone (§7): a transcript that K_dev signs, with the hash of the sealed part
//! beside it.

use core::ops::Deref;

use ciborium::Value;
use sha2::{Digest, Sha256};

use crate::cbor::{self, ParseError, Problem};
use crate::id::{AccountId, DeviceId, Hash, PublicKey, Svc};
use crate::message::{
    BadSignature, Envelope, SignatureBytes, assemble, low_s, message_hash, to_be_signed,
    verify_payload,
};

/// The longest request body, in bytes.
pub const LONGEST_BODY: usize = 4096;

/// The fields of a request that K_dev signs.
pub trait Transcript: Sized {
    /// Its name in errors.
    const NAME: &'static str;

    /// Its domain string.
    fn domain(&self) -> &'static str;
    /// Strictly parses it.
    ///
    /// # Errors
    /// Names the field that is wrong.
    fn decode(bytes: &[u8]) -> Result<Self, ParseError>;
    /// Encodes it.
    fn encode(&self) -> Vec<u8>;
    /// Whether a sealed part goes with it.
    fn needs_sealed(&self) -> bool;
    /// Service, account and device.
    fn names(&self) -> (Svc, AccountId, DeviceId);
    /// The sender's clock.
    fn time(&self) -> crate::Time;
}

/// A request that is ready for K_dev's signature.
pub struct Unsigned {
    domain: &'static str,
    payload: Vec<u8>,
    sealed: Option<Vec<u8>>,
}

impl Unsigned {
    /// Binds an encoded transcript to its sealed part.
    pub fn new(domain: &'static str, transcript: &[u8], sealed: Option<Vec<u8>>) -> Self {
        let mut parts = vec![Value::Bytes(transcript.to_vec())];
        if let Some(sealed) = &sealed {
            parts.push(Value::Bytes(Sha256::digest(sealed).to_vec()));
        }
        Self {
            domain,
            payload: cbor::encode(&Value::Array(parts)).to_vec(),
            sealed,
        }
    }

    /// A request with nothing sealed.
    pub fn plain(transcript: &impl Transcript) -> Self {
        Self::new(transcript.domain(), &transcript.encode(), None)
    }

    /// The bytes that K_dev signs with ES256.
    pub fn to_be_signed(&self) -> Vec<u8> {
        to_be_signed(self.domain, &self.payload)
    }

    /// Its hash, which the reply names.
    pub fn hash(&self) -> Hash {
        message_hash(self.domain, &self.payload)
    }

    /// The body to send. A high s is brought low.
    ///
    /// # Errors
    /// If the platform's signature is no signature.
    pub fn body(self, signature: &SignatureBytes) -> Result<Vec<u8>, BadSignature> {
        let message = assemble(&self.payload, &low_s(signature)?);
        let mut parts = vec![Value::Bytes(message)];
        parts.extend(self.sealed.map(Value::Bytes));
        Ok(cbor::encode(&Value::Array(parts)).to_vec())
    }
}

/// A request that was parsed, and whose signature nobody has looked at yet.
pub struct ReceivedRequest<T> {
    transcript: T,
    transcript_bytes: Vec<u8>,
    envelope: Envelope,
    sealed: Option<Vec<u8>>,
}

impl<T: Transcript> ReceivedRequest<T> {
    /// Strictly parses a body.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let fail = |field, problem| ParseError {
            message: T::NAME,
            field,
            problem,
        };
        let (message, sealed) = byte_strings(T::NAME, "body", body)?;
        let envelope = Envelope::parse(T::NAME, &message, LONGEST_BODY)?;
        let (transcript_bytes, sealed_hash) = byte_strings(T::NAME, "payload", &envelope.payload)?;
        let transcript = T::decode(&transcript_bytes)?;
        if transcript.needs_sealed() != sealed.is_some() {
            return Err(fail(
                "sealed",
                if sealed.is_some() {
                    Problem::Unknown
                } else {
                    Problem::Missing
                },
            ));
        }
        let expected = sealed
            .as_ref()
            .map(|sealed| Sha256::digest(sealed).to_vec());
        if expected != sealed_hash {
            return Err(fail("sealed hash", Problem::Bounds));
        }
        Ok(Self {
            transcript,
            transcript_bytes,
            envelope,
            sealed,
        })
    }

    /// Service, account and device that it names, not verified.
    pub fn names(&self) -> (Svc, AccountId, DeviceId) {
        self.transcript.names()
    }

    /// Verifies K_dev's signature.
    ///
    /// # Errors
    /// If it is not right.
    pub fn verify(self, key: &PublicKey) -> Result<Request<T>, BadSignature> {
        let domain = self.transcript.domain();
        verify_payload(
            domain,
            &self.envelope.payload,
            &self.envelope.signature,
            key,
        )?;
        Ok(Request {
            hash: message_hash(domain, &self.envelope.payload),
            signature: self.envelope.signature,
            transcript: self.transcript,
            transcript_bytes: self.transcript_bytes,
            sealed: self.sealed,
        })
    }

    /// The transcript before verification, for a claim, which brings its own key.
    pub(crate) fn unverified(&self) -> &T {
        &self.transcript
    }
}

/// An array of one or two byte strings.
fn byte_strings(
    message: &'static str,
    field: &'static str,
    bytes: &[u8],
) -> Result<(Vec<u8>, Option<Vec<u8>>), ParseError> {
    let fail = |problem| ParseError {
        message,
        field,
        problem,
    };
    let Value::Array(items) = cbor::parse_value(message, bytes, LONGEST_BODY)? else {
        return Err(fail(Problem::Type));
    };
    let mut strings = items.into_iter().map(|item| match item {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(fail(Problem::Type)),
    });
    let first = strings.next().ok_or(fail(Problem::Missing))??;
    let second = strings.next().transpose()?;
    match strings.next() {
        None => Ok((first, second)),
        Some(_) => Err(fail(Problem::Bounds)),
    }
}

/// A request with K_dev's signature verified.
pub struct Request<T> {
    transcript: T,
    transcript_bytes: Vec<u8>,
    signature: SignatureBytes,
    hash: Hash,
    sealed: Option<Vec<u8>>,
}

impl<T> Request<T> {
    /// Its hash: identifies a retry.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The transcript's bytes, which a service may keep.
    pub fn transcript_bytes(&self) -> &[u8] {
        &self.transcript_bytes
    }

    /// K_dev's signature, which a service may keep.
    pub fn signature(&self) -> &SignatureBytes {
        &self.signature
    }

    /// The sealed part, which nobody may keep. Empty if there is none.
    pub fn sealed(&self) -> &[u8] {
        self.sealed.as_deref().unwrap_or_default()
    }
}

impl<T> Deref for Request<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.transcript
    }
}
