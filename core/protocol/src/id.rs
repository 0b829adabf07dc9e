//! The public names of things: fixed-length identifiers, hashes and public keys (§2).

use core::fmt;

use sha2::{Digest, Sha256};

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// The bytes.
            pub fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            /// From a slice of exactly the right length.
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        /// Lower-case hex.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    };
}

identifier!(
    /// The service: first 8 bytes of SHA-256 of its origin. Look-ups compare the whole origin too.
    Svc, 8
);
identifier!(
    /// An account at a service.
    AccountId, 8
);
identifier!(
    /// A device of an account.
    DeviceId, 8
);
identifier!(
    /// A public key: first 4 bytes of SHA-256 of it. Finds a key, proves nothing.
    KeyId, 4
);
identifier!(
    /// An enrolment.
    EnrolmentId, 16
);
identifier!(
    /// A challenge.
    ChallengeId, 16
);
identifier!(
    /// SHA-256 of a message's Sig_structure.
    Hash, 32
);

/// A P-256 public key, known to be on the curve: SEC 1 uncompressed, 65 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 65]);

impl PublicKey {
    /// Checks the form and that the point is on the curve.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 65] = bytes.try_into().ok()?;
        if bytes[0] != 4 {
            return None;
        }
        p256::PublicKey::from_sec1_bytes(&bytes).ok()?;
        Some(Self(bytes))
    }

    /// The public half of a signing key.
    pub fn of(key: &p256::ecdsa::SigningKey) -> Self {
        let point = key.verifying_key().to_sec1_point(false);
        let mut bytes = [0; 65];
        bytes.copy_from_slice(point.as_bytes());
        Self(bytes)
    }

    /// SEC 1 uncompressed.
    pub fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    /// Its key id.
    pub fn key_id(&self) -> KeyId {
        let hash = Sha256::digest(self.0);
        KeyId([hash[0], hash[1], hash[2], hash[3]])
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.key_id())
    }
}
