//! Checks of what an app's platform returns, and the form in which the core keeps it.

use countersign::platform::KeyStoreError as CoreError;
use countersign_protocol::field::is_displayable;
use countersign_protocol::id::PublicKey;
use countersign_protocol::message::SignatureBytes;
use p256::ecdsa::Signature;
use ring::digest::{Context, SHA256};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The longest blob or handle that is taken from a key store, in bytes.
pub(crate) const LONGEST: usize = 4096;
/// Bytes of the check that is sealed with each secret.
pub(crate) const CHECK: usize = 16;
/// Java's prefix of a P-256 point: the header of its SubjectPublicKeyInfo (RFC 5480).
pub(crate) const SPKI_HEADER: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// In words that can be shown: an app's exceptions may say anything.
pub(crate) fn shown(why: &str) -> String {
    let mut short: String = why.chars().take(120).collect();
    short.retain(|character| is_displayable(character.encode_utf8(&mut [0; 4])));
    short
}

/// Binds a secret to what it is for, inside the seal: so platforms that seal without associated
/// data serve as well, and what was not what was sealed is noticed.
pub(crate) fn check(context: &[u8], secret: &[u8]) -> [u8; CHECK] {
    let mut hash = Context::new(&SHA256);
    hash.update(b"countersign/ffi/seal\0");
    hash.update(&(context.len() as u64).to_be_bytes());
    hash.update(context);
    hash.update(secret);
    let mut check = [0; CHECK];
    check.copy_from_slice(&hash.finish().as_ref()[..CHECK]);
    check
}

/// Ties a key to what it is for, and to its public half.
pub(crate) fn tag(context: &[u8]) -> [u8; CHECK] {
    check(context, b"key")
}

/// The secret of what was unsealed, if that is it.
pub(crate) fn unwrapped(
    context: &[u8],
    mut opened: Zeroizing<Vec<u8>>,
) -> Result<Zeroizing<Vec<u8>>, CoreError> {
    let length = opened.len().checked_sub(CHECK).ok_or(CoreError::NotOurs)?;
    let (secret, found) = opened.split_at(length);
    if !bool::from(check(context, secret)[..].ct_eq(found)) {
        return Err(CoreError::NotOurs);
    }
    opened.truncate(length);
    Ok(opened)
}

pub(crate) fn public_key(bytes: &[u8]) -> Option<PublicKey> {
    PublicKey::from_bytes(bytes.strip_prefix(&SPKI_HEADER).unwrap_or(bytes))
}

/// A handle for the core: what the key is for, its public half, and the key store's own handle.
pub(crate) fn handle_for(context: &[u8], public: &PublicKey, own: &[u8]) -> Vec<u8> {
    [&tag(context)[..], public.as_bytes(), own].concat()
}

/// A signature in DER, if it is right, as the core has it.
pub(crate) fn verified(public: &[u8; 65], message: &[u8], der: &[u8]) -> Option<SignatureBytes> {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public)
        .verify(message, der)
        .ok()?;
    let signature = Signature::from_der(der).ok()?;
    Some(signature.to_bytes().into())
}

/// A handle's tag, its public key, and the key store's own handle.
pub(crate) fn parts(handle: &[u8]) -> Option<(&[u8; CHECK], &[u8; 65], &[u8])> {
    let (tag, rest) = handle.split_first_chunk()?;
    let (public, own) = rest.split_first_chunk()?;
    Some((tag, public, own))
}
