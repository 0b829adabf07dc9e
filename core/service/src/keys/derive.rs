//! Keys from the root of the key file.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// A key of 32 bytes for one purpose: HKDF-SHA256 (RFC 5869) of the root.
pub(super) fn derive(root: &[u8; 32], purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    // 32 bytes are far below HKDF's limit of 255 blocks, the only error there is.
    let _ = Hkdf::<Sha256>::new(Some(b"countersign-service/v1/keyfile"), root)
        .expand(purpose.as_bytes(), out.as_mut());
    out
}
