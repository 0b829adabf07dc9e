//! The back end of crate jsonwebtoken: ES256 and RS256, and nothing else. ring verifies and signs
//! by RSA; p256 signs by ECDSA, since its keys are wiped. The crate writes and reads the tokens.
//!
//! Private keys are given to it as the 32 bytes of the scalar (EC), or as PKCS#8 or PKCS#1 (RSA);
//! public ones as the uncompressed point, or as modulus and exponent.

use countersign_protocol::SigningKey;
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{self, ErrorKind},
    jwk::{EllipticCurve, ThumbprintHash},
    signature::{Error, Signer, Verifier},
};
use p256::ecdsa::Signature;
use ring::{
    digest,
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
        RsaPublicKeyComponents, UnparsedPublicKey,
    },
};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |key| {
            let parts = rsa::PublicKeyComponents::<Vec<u8>>::from(rsa_pair(key)?.public());
            Ok((parts.n, parts.e))
        },
        rsa_pub_components_from_public_key: |_| Err(ErrorKind::UnsupportedAlgorithm.into()),
        ec_pub_components_from_private_key: |key, _| {
            let point = ec_key(key)?.verifying_key().to_sec1_point(false);
            let part = |part: Option<&[u8]>| part.unwrap_or_default().to_vec();
            let x = part(point.x().map(AsRef::as_ref));
            Ok((EllipticCurve::P256, x, part(point.y().map(AsRef::as_ref))))
        },
        ed_pub_components_from_private_key: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
        compute_digest: |data, how| match how {
            ThumbprintHash::SHA256 => Ok(digest::digest(&digest::SHA256, data).as_ref().to_vec()),
            _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
        },
    },
};

/// Makes this the back end of the whole process, which has one; `false`: it has another.
pub(crate) fn install() -> bool {
    // It fails where it is installed already, which is how a second service in a process finds it.
    let _ = PROVIDER.install_default();
    CryptoProvider::try_get_default().is_some_and(|own| std::ptr::eq(own, &raw const PROVIDER))
}

fn ec_key(bytes: &[u8]) -> errors::Result<SigningKey> {
    SigningKey::from_slice(bytes).map_err(|_| ErrorKind::InvalidEcdsaKey.into())
}

fn rsa_pair(bytes: &[u8]) -> errors::Result<rsa::KeyPair> {
    let pair = rsa::KeyPair::from_pkcs8(bytes).or_else(|_| rsa::KeyPair::from_der(bytes));
    pair.map_err(|why| ErrorKind::InvalidRsaKey(why.to_string()).into())
}

struct Es256(SigningKey);

impl Signer<Vec<u8>> for Es256 {
    fn try_sign(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        let signature: Signature = self.0.try_sign(text)?;
        Ok(signature.to_vec())
    }
}

impl JwtSigner for Es256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

struct Rs256(rsa::KeyPair);

impl Signer<Vec<u8>> for Rs256 {
    fn try_sign(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = vec![0; self.0.public().modulus_len()];
        let signed = self
            .0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut out);
        signed.map_err(|_| Error::new())?;
        Ok(out)
    }
}

impl JwtSigner for Rs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> errors::Result<Box<dyn JwtSigner>> {
    match algorithm {
        Algorithm::ES256 => Ok(Box::new(Es256(ec_key(key.as_bytes())?))),
        Algorithm::RS256 => Ok(Box::new(Rs256(rsa_pair(key.as_bytes())?))),
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}

/// The public key of an algorithm.
enum Public {
    Es256(Vec<u8>),
    Rs256(RsaPublicKeyComponents<Vec<u8>>),
}

impl Verifier<Vec<u8>> for Public {
    fn verify(&self, text: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        let verified = match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(text, signature)
            }
            Self::Rs256(key) => key.verify(&RSA_PKCS1_2048_8192_SHA256, text, signature),
        };
        verified.map_err(|_| Error::new())
    }
}

impl JwtVerifier for Public {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256(_) => Algorithm::ES256,
            Self::Rs256(_) => Algorithm::RS256,
        }
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> errors::Result<Box<dyn JwtVerifier>> {
    let public = match (algorithm, key.kind()) {
        (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => Public::Es256(point.clone()),
        (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            Public::Rs256(RsaPublicKeyComponents {
                n: n.clone(),
                e: e.clone(),
            })
        }
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    };
    Ok(Box::new(public))
}
