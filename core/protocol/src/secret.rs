//! Secrets of a fixed length: on the heap so that moving leaves no copy, wiped on drop, compared in
//! constant time.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// `N` secret bytes. It has no Debug, Clone or comparison operator on purpose.
#[derive(ZeroizeOnDrop)]
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Fills a new secret in place.
    pub fn new_with(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut bytes = Box::new([0; N]);
        fill(&mut bytes);
        Self(bytes)
    }

    /// The same where filling may fail; bytes that were written before a failure are wiped.
    ///
    /// # Errors
    /// The error of `fill`.
    pub fn try_new_with<E>(fill: impl FnOnce(&mut [u8; N]) -> Result<(), E>) -> Result<Self, E> {
        let mut secret = Self(Box::new([0; N]));
        fill(&mut secret.0)?;
        Ok(secret)
    }

    /// Copies a secret out of a buffer of exactly `N` bytes; the caller wipes the buffer.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == N).then(|| Self::new_with(|own| own.copy_from_slice(bytes)))
    }

    /// Takes an array and wipes it.
    pub fn take(bytes: &mut [u8; N]) -> Self {
        let secret = Self::new_with(|own| own.copy_from_slice(bytes));
        bytes.zeroize();
        secret
    }

    /// The bytes, to be used at once and not kept.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &[u8; N]) -> bool {
        self.0.as_slice().ct_eq(other.as_slice()).into()
    }
}

/// A secret of 32 bytes, the length of most.
pub type Secret32 = Secret<32>;
