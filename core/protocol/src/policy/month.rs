//! Slow guessing. A thief who has a copy of the phone's files can guess a little, wait until the
//! owner's next right PIN has begun a new epoch, and guess again. So a device's wrong PINs of 30
//! days count together: in approvals, changes, biometrics and codes, and across epochs.

use super::share::Asker;
use crate::Time;

/// This many wrong PINs in [`MONTH`] block a device.
pub const IN_A_MONTH: u8 = 30;
/// So many of them may come from codes that were typed in unknown browsers; these alone never block
/// a device.
pub const OF_UNKNOWN: u8 = 20;
/// From this many on, the person is notified.
pub const TOLD_FROM: u8 = 10;
/// Thirty days, in seconds.
pub const MONTH: Time = 30 * 24 * 60 * 60;

/// No further PIN is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Spent {
    /// Thirty wrong PINs: the device is blocked, until another factor lets it set a new PIN.
    #[error("this device is blocked after too many wrong PINs: unblock it with another factor")]
    Blocked,
    /// Unknown browsers have used up their share, and the device goes on.
    #[error("too many wrong codes were typed in browsers that this account does not know")]
    Share,
}

/// A device's wrong PINs of the last 30 days, oldest first. A device set up now, or with a new PIN
/// that another factor granted, has none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Month(Vec<(Time, Asker)>);

impl Month {
    /// Takes a try, before the PIN is judged. Wrong PINs that are 30 days old do not count any
    /// more, but a block stays.
    ///
    /// # Errors
    /// [`Spent`] when none is left for this asker; nothing is judged then.
    pub fn spend(&self, asker: Asker, now: Time) -> Result<Self, Spent> {
        if self.is_full() {
            return Err(Spent::Blocked);
        }
        // A time in the future can only come from a clock that was set back, and then counts as
        // recent.
        let recent = |wrong: &&(Time, Asker)| now.saturating_sub(wrong.0) < MONTH;
        let mut kept: Vec<_> = self.0.iter().filter(recent).copied().collect();
        let unknown = kept.iter().filter(|wrong| !wrong.1.is_known()).count();
        if !asker.is_known() && unknown >= usize::from(OF_UNKNOWN) {
            return Err(Spent::Share);
        }
        kept.push((now, asker));
        Ok(Self(kept))
    }

    /// Gives back a try of this asker, which was a right one: the newest.
    #[must_use]
    pub fn give_back(&self, asker: Asker) -> Self {
        let mut kept = self.0.clone();
        if let Some(at) = kept.iter().rposition(|wrong| wrong.1 == asker) {
            kept.remove(at);
        }
        Self(kept)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }

    /// How many wrong PINs are left until the device is blocked.
    #[must_use]
    pub fn left(&self) -> u8 {
        IN_A_MONTH.saturating_sub(self.count())
    }

    /// Is the device blocked by them?
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.left() == 0
    }

    /// Whether to notify the person after a wrong PIN: at the tenth, and once in 30 days. `told` is
    /// the time of the last notice.
    #[must_use]
    pub fn is_told(&self, told: Time, now: Time) -> bool {
        self.count() >= TOLD_FROM && now.saturating_sub(told) >= MONTH
    }

    /// As a database keeps it: 8 bytes each.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let word = |wrong: &(Time, Asker)| wrong.0 << 1 | u64::from(!wrong.1.is_known());
        self.0
            .iter()
            .flat_map(|wrong| word(wrong).to_be_bytes())
            .collect()
    }

    /// Reads the bytes of [`Month::to_bytes`]; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        let read = |word: &[u8; 8]| {
            let word = u64::from_be_bytes(*word);
            (word >> 1, Asker::from_known(word & 1 == 0))
        };
        (rest.is_empty() && words.len() <= usize::from(IN_A_MONTH))
            .then(|| Self(words.iter().map(read).collect()))
    }
}
