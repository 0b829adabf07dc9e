//! Budgets for typed codes. They are separate from those for approvals: typed codes can't use up an
//! approval's tries.
//!
//! A wrong code names no device, so it counts for the account, and where the PIN is asked, for each
//! active device too. Unknown browsers have a share of each budget ([`super::share`]).

use super::share::{Asker, Limit, Wrong};
use crate::Time;

/// This many wrong codes end a challenge.
pub const FOR_A_CHALLENGE: u8 = 3;
/// This many wrong codes in a row close the codes for which the PIN is asked, for the account.
pub const WITH_PIN_IN_A_ROW: Limit = Limit { all: 5, unknown: 3 };
/// This many wrong codes in a device's PIN epoch close its codes for which the PIN is asked.
pub const WITH_PIN_IN_EPOCH: Limit = Limit {
    all: 15,
    unknown: 10,
};
/// This many wrong codes in a row close the codes for which no PIN is asked, for the account.
pub const WITHOUT_PIN_IN_A_ROW: Limit = Limit {
    all: 15,
    unknown: 10,
};
/// For this long, in seconds, unless another factor opens them before.
pub const WITHOUT_PIN_CLOSED: Time = 24 * 60 * 60;
/// From this many wrong codes a day on, a notice goes out, once.
pub const NOTICE_AT: u8 = 3;

/// Why no code can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The challenge has had its three wrong codes.
    #[error("three wrong codes were typed: get a new QR code")]
    Challenge,
    /// Codes with PIN are closed for the account.
    #[error(
        "too many wrong codes were typed: approve with the PIN on a phone that is online, or use another strong factor, and codes work again"
    )]
    WithPin,
    /// Codes with PIN are closed for this device.
    #[error(
        "too many wrong codes were typed: codes of this phone work again after its next approval with the right PIN"
    )]
    Device,
    /// Codes without PIN are closed for the account.
    #[error("too many wrong codes were typed: sign in with another factor, or try again tomorrow")]
    WithoutPin {
        /// When they open by themselves.
        until: Time,
    },
}

/// Codes tried for one challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ForChallenge(pub u8);

impl ForChallenge {
    /// Takes one of the three tries, before the code is judged.
    ///
    /// # Errors
    /// [`Closed::Challenge`] when all are spent.
    pub const fn spend(self) -> Result<Self, Closed> {
        if self.ended() {
            Err(Closed::Challenge)
        } else {
            Ok(Self(self.0 + 1))
        }
    }

    /// Whether no code is taken for this challenge any more.
    #[must_use]
    pub const fn ended(self) -> bool {
        self.0 >= FOR_A_CHALLENGE
    }
}

/// The account's wrong codes in a row where the PIN is asked. Neither a password change nor a code
/// without PIN resets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WithPin(pub Wrong);

impl WithPin {
    /// Takes a try, before the code is judged.
    ///
    /// # Errors
    /// [`Closed::WithPin`] after five in a row, or three of unknown browsers for one of these.
    pub const fn spend(self, asker: Asker) -> Result<Self, Closed> {
        match self.0.spend(asker, WITH_PIN_IN_A_ROW) {
            Some(taken) => Ok(Self(taken)),
            None => Err(Closed::WithPin),
        }
    }

    /// After a right code with PIN, an approval with PIN, or another strong factor: the row starts
    /// again.
    #[must_use]
    pub const fn reset(self) -> Self {
        Self(Wrong { all: 0, unknown: 0 })
    }
}

/// A device's wrong codes in its PIN epoch where the PIN is asked. Only a new epoch,
/// [`DeviceEpoch::default`], resets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeviceEpoch(pub Wrong);

impl DeviceEpoch {
    /// Takes a try, before the code is judged against this device.
    ///
    /// # Errors
    /// [`Closed::Device`] after fifteen in the epoch, or ten of unknown browsers for one of these;
    /// the code is then not judged against this device.
    pub const fn spend(self, asker: Asker) -> Result<Self, Closed> {
        match self.0.spend(asker, WITH_PIN_IN_EPOCH) {
            Some(taken) => Ok(Self(taken)),
            None => Err(Closed::Device),
        }
    }

    /// Gives the try of this asker back after a right code, for each device that it was taken from.
    #[must_use]
    pub const fn give_back(self, asker: Asker) -> Self {
        Self(self.0.give_back(asker))
    }

    /// How many are left in the epoch, for known browsers: 0 to 15.
    #[must_use]
    pub const fn left(self) -> u8 {
        self.0.left(Asker::Known, WITH_PIN_IN_EPOCH)
    }

    /// Whether so many wrong codes more, of all and of unknown browsers, stay within the limits.
    #[must_use]
    pub const fn has_room(self, to_come: Limit) -> bool {
        self.left() >= to_come.all
            && WITH_PIN_IN_EPOCH.unknown.saturating_sub(self.0.unknown) >= to_come.unknown
    }

    /// Whether the phone must refresh, asked after a right PIN: with as many spent as for
    /// [`super::tries`].
    #[must_use]
    pub const fn refresh_needed(self) -> bool {
        self.0.all >= super::tries::REFRESH_FROM
    }
}

/// The account's wrong codes in a row where no PIN is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WithoutPin {
    /// How many.
    pub in_a_row: Wrong,
    /// When the last try was taken.
    pub last: Time,
    /// When the last try of an unknown browser was taken.
    pub last_unknown: Time,
}

impl WithoutPin {
    /// Takes a try at this time, before the code is judged. A day after the last try of a row or
    /// share that is spent, it starts again.
    ///
    /// # Errors
    /// [`Closed::WithoutPin`] after fifteen in a row, or ten of unknown browsers for one of these,
    /// and for a day.
    pub const fn spend(self, asker: Asker, now: Time) -> Result<Self, Closed> {
        let limit = WITHOUT_PIN_IN_A_ROW;
        let mut row = self.in_a_row;
        let until = self.last.saturating_add(WITHOUT_PIN_CLOSED);
        let until_unknown = self.last_unknown.saturating_add(WITHOUT_PIN_CLOSED);
        if row.all >= limit.all && now >= until {
            row = Wrong { all: 0, unknown: 0 };
        } else if row.unknown >= limit.unknown && now >= until_unknown {
            row = row.without_unknown();
        }
        match row.spend(asker, limit) {
            Some(in_a_row) => Ok(Self {
                in_a_row,
                last: now,
                last_unknown: match asker {
                    Asker::Known => self.last_unknown,
                    Asker::Unknown => now,
                },
            }),
            None if row.unknown >= limit.unknown => Err(Closed::WithoutPin {
                until: until_unknown,
            }),
            None => Err(Closed::WithoutPin { until }),
        }
    }

    /// After a right code or another factor: the row starts again.
    #[must_use]
    pub const fn reset(self) -> Self {
        Self {
            in_a_row: Wrong { all: 0, unknown: 0 },
            ..self
        }
    }
}
