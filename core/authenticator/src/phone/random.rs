//! Random numbers of the platform, for secrets and for sealing.

use core::convert::Infallible;

use countersign_protocol::rand_core::{TryCryptoRng, TryRng};
use countersign_protocol::secret::Secret32;

use crate::platform::{Entropy, NoEntropy};

/// 32 random bytes.
pub(crate) fn random_secret(entropy: &dyn Entropy) -> Result<Secret32, NoEntropy> {
    Secret32::try_new_with(|bytes| entropy.fill(bytes))
}

/// The platform's entropy in the form that sealing takes, which cannot fail: whoever uses it asks
/// [`Random::check`] before anything made with it leaves.
pub(crate) struct Random<'a> {
    entropy: &'a dyn Entropy,
    failed: bool,
}

impl<'a> Random<'a> {
    pub(crate) fn new(entropy: &'a dyn Entropy) -> Self {
        Self {
            entropy,
            failed: false,
        }
    }

    pub(crate) fn check(&self) -> Result<(), NoEntropy> {
        if self.failed { Err(NoEntropy) } else { Ok(()) }
    }
}

impl TryRng for Random<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.failed |= self.entropy.fill(bytes).is_err();
        Ok(())
    }
}

impl TryCryptoRng for Random<'_> {}
