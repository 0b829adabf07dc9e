//! Keys of signed tokens (RFC 7515, 7517, 7519): the service's own, which sign by ES256, or by
//! RS256 with a key of the operator's; and public ones, of services. The algorithm follows from the
//! key, never from a token. Crate jsonwebtoken writes, reads and verifies.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use countersign_protocol::SigningKey;
use jsonwebtoken::{
    DecodingKey, EncodingKey, Header, Validation, decode, encode,
    jwk::{Jwk, PublicKeyUse, ThumbprintHash},
};
use p256::PublicKey;
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// The longest token that is read, in bytes.
pub(crate) const LONGEST: usize = 8192;
/// The bytes of an RSA modulus: 2,048 to 8,192 bits, which ring verifies.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

/// The algorithm by which a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    const fn of_crate(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

/// A key that signs tokens of this service.
pub(crate) struct TokenKey {
    key: EncodingKey,
    algorithm: Algorithm,
    public: Jwk,
    /// Its name: the thumbprint of RFC 7638.
    kid: String,
}

impl TokenKey {
    /// A key that signs by ES256; `None` never.
    pub(crate) fn es256(key: &SigningKey) -> Option<Self> {
        let bytes = Zeroizing::new(key.to_bytes());
        Self::of(EncodingKey::from_ec_der(&bytes), Algorithm::Es256)
    }

    /// A key that signs by RS256, from the text of a PEM file; `None`: it has no RSA key of 2,048
    /// bits or more.
    pub(crate) fn rs256(pem: &[u8]) -> Option<Self> {
        let key = match PrivateKeyDer::from_pem_slice(pem).ok()? {
            PrivateKeyDer::Pkcs8(der) => EncodingKey::from_rsa_der(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => EncodingKey::from_rsa_der(der.secret_pkcs1_der()),
            _ => return None,
        };
        Self::of(key, Algorithm::Rs256)
    }

    fn of(key: EncodingKey, algorithm: Algorithm) -> Option<Self> {
        let mut public = Jwk::from_encoding_key(&key, algorithm.of_crate()).ok()?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).ok()?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Some(Self {
            key,
            algorithm,
            public,
            kid,
        })
    }

    /// A token of this kind with these claims; `None` where it can't be signed.
    pub(crate) fn sign(&self, kind: &str, claims: &Value) -> Option<String> {
        let mut head = Header::new(self.algorithm.of_crate());
        head.typ = Some(kind.to_owned());
        head.kid = Some(self.kid.clone());
        encode(&head, claims, &self.key).ok()
    }

    /// Its public part (RFC 7517).
    pub(crate) fn published(&self) -> Option<Value> {
        serde_json::to_value(&self.public).ok()
    }

    /// The claims of a token of this kind, if this key signed it under its name.
    pub(crate) fn read(&self, kind: &str, token: &str) -> Option<Value> {
        let public = DecodingKey::from_jwk(&self.public).ok()?;
        let (head, claims) = verified(&public, self.algorithm, token)?;
        let own = head.kid.as_deref() == Some(&self.kid) && head.typ.as_deref() == Some(kind);
        own.then_some(claims)
    }
}

/// Head and claims of a token, if this key signed it by this algorithm. Times and audience are left
/// to the caller, who has the service's clock.
fn verified(key: &DecodingKey, algorithm: Algorithm, token: &str) -> Option<(Header, Value)> {
    if token.len() > LONGEST {
        return None;
    }
    let mut how = Validation::new(algorithm.of_crate());
    how.required_spec_claims.clear();
    how.validate_exp = false;
    how.validate_aud = false;
    let read = decode::<Map<String, Value>>(token, key, &how).ok()?;
    Some((read.header, Value::Object(read.claims)))
}

/// The claims of a token that nobody verified: to find out whose key verifies it, and nothing
/// else.
pub(crate) fn unverified(token: &str) -> Option<Value> {
    if token.len() > LONGEST {
        return None;
    }
    let claims = jsonwebtoken::dangerous::insecure_decode_claims(token).ok()?;
    Some(Value::Object(claims))
}

/// A public key of a service: P-256 for ES256, RSA for RS256, and nothing else.
#[derive(Debug)]
pub(crate) struct PublicJwk {
    /// Its name, if it has one.
    kid: Option<String>,
    key: DecodingKey,
    algorithm: Algorithm,
}

impl PublicJwk {
    /// The key of a JSON object; `None` for keys of other kinds or uses, for weak and impossible
    /// ones, and for private ones.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let part = |name: &str| BASE64.decode(text(name)?).ok();
        if value.get("d").is_some() || !matches!(text("use"), None | Some("sig")) {
            return None;
        }
        let (algorithm, named, key) = match text("kty")? {
            "EC" if text("crv") == Some("P-256") => {
                let (x, y) = (part("x")?, part("y")?);
                let point = [&[4][..], &x, &y].concat();
                // Not every pair is a point of the curve.
                let fits = x.len() == 32 && PublicKey::from_sec1_bytes(&point).is_ok();
                let key = fits.then(|| DecodingKey::from_ec_der(&point))?;
                (Algorithm::Es256, "ES256", key)
            }
            "RSA" => {
                let (n, e) = (part("n")?, part("e")?);
                let whole = |bytes: &[u8]| {
                    let odd = bytes.last().is_some_and(|last| last % 2 == 1);
                    odd && bytes.first().is_some_and(|first| *first != 0)
                };
                let fits = MODULUS.contains(&n.len()) && e.len() <= 4 && e != [1];
                let key = (fits && whole(&n) && whole(&e))
                    .then(|| DecodingKey::from_rsa_raw_components(&n, &e))?;
                (Algorithm::Rs256, "RS256", key)
            }
            _ => return None,
        };
        if text("alg").is_some_and(|alg| alg != named) {
            return None;
        }
        Some(Self {
            kid: text("kid").map(str::to_owned),
            key,
            algorithm,
        })
    }

    /// The claims of a token, if this key signed it. One that names another key is not tried.
    pub(crate) fn read(&self, token: &str) -> Option<Value> {
        let (head, claims) = verified(&self.key, self.algorithm, token)?;
        let other = matches!((&head.kid, &self.kid), (Some(named), Some(kid)) if named != kid);
        (!other).then_some(claims)
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
