//! Numbers that look random and follow from a seed, so that a picture is the same each time it is
//! fetched, and nobody gets the average of several.

use sha2::{Digest, Sha256};

/// A row of numbers: SHA-256 over the seed and a counter.
pub(super) struct Dice {
    seed: [u8; 32],
    drawn: u64,
    left: Vec<u8>,
}

impl Dice {
    /// The row of this seed for one use of it.
    pub(super) fn new(seed: &[u8], what: &str) -> Self {
        let hash = Sha256::new().chain_update(seed).chain_update(what);
        Self {
            seed: hash.finalize().into(),
            drawn: 0,
            left: Vec::new(),
        }
    }

    /// A byte.
    pub(super) fn byte(&mut self) -> u8 {
        if let Some(byte) = self.left.pop() {
            return byte;
        }
        let hash = Sha256::new().chain_update(self.seed);
        let hash = hash.chain_update(self.drawn.to_be_bytes()).finalize();
        self.drawn += 1;
        self.left.extend_from_slice(&hash);
        self.left.pop().unwrap_or_default()
    }

    /// A number from `low` to `high`, one of 256.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * f32::from(self.byte()) / 255.0
    }
}
