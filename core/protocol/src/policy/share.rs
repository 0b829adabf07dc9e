//! Shares of one total. A stranger may spend a part of what an account has; the rest is kept for
//! browsers that the account knows, so that strangers never use up the owner's tries, and all
//! together never get more than the total.

/// The browser that asks, as far as the service knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asker {
    /// A browser that signed in to this account with more than the password, now or not too long
    /// ago.
    Known,
    /// Any other browser. It may be the owner's new one, or a stranger's.
    Unknown,
}

impl Asker {
    /// From the answer to "is this browser known?".
    #[must_use]
    pub const fn from_known(known: bool) -> Self {
        if known { Self::Known } else { Self::Unknown }
    }

    /// Is it a known browser?
    #[must_use]
    pub const fn is_known(self) -> bool {
        matches!(self, Self::Known)
    }
}

/// The most wrong tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Of all askers together.
    pub all: u8,
    /// Of unknown browsers, as a part of `all`.
    pub unknown: u8,
}

/// Wrong tries that count against a [`Limit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Wrong {
    /// Of all askers together.
    pub all: u8,
    /// Those of them that unknown browsers made.
    pub unknown: u8,
}

impl Wrong {
    /// Takes a try, before anything is judged. `None`: the total, or this asker's share of it, is
    /// spent.
    #[must_use]
    pub const fn spend(self, asker: Asker, limit: Limit) -> Option<Self> {
        if self.left(asker, limit) == 0 {
            return None;
        }
        Some(match asker {
            Asker::Known => Self {
                all: self.all + 1,
                ..self
            },
            Asker::Unknown => Self {
                all: self.all + 1,
                unknown: self.unknown + 1,
            },
        })
    }

    /// Gives back the try of this asker, which was a right one.
    #[must_use]
    pub const fn give_back(self, asker: Asker) -> Self {
        Self {
            all: self.all.saturating_sub(1),
            unknown: match asker {
                Asker::Known => self.unknown,
                Asker::Unknown => self.unknown.saturating_sub(1),
            },
        }
    }

    /// How many tries are left for this asker.
    #[must_use]
    pub const fn left(self, asker: Asker, limit: Limit) -> u8 {
        let all = limit.all.saturating_sub(self.all);
        let unknown = limit.unknown.saturating_sub(self.unknown);
        match asker {
            Asker::Unknown if unknown < all => unknown,
            _ => all,
        }
    }

    /// Drops the part of unknown browsers.
    #[must_use]
    pub const fn without_unknown(self) -> Self {
        Self {
            all: self.all.saturating_sub(self.unknown),
            unknown: 0,
        }
    }
}
