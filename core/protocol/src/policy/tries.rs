//! Tries for a device's PIN in approvals and PIN changes.

/// This many wrong PINs in a row block a device.
pub const IN_A_ROW: u8 = 5;
/// This many wrong PINs in one PIN epoch block a device; a right PIN between them does not reset
/// this count.
pub const IN_EPOCH: u8 = 15;
/// With this many spent in the epoch, the phone refreshes after the next right PIN: same PIN, new
/// key material, epoch + 1.
pub const REFRESH_FROM: u8 = 8;
/// With this many tries left, the person is warned by a notice.
pub const WARN_AT: u8 = 2;

/// The tries that a device has spent. A new epoch starts with [`Tries::default`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Tries {
    /// Since the last right PIN.
    pub in_a_row: u8,
    /// Since the epoch began.
    pub in_epoch: u8,
}

/// No try is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this device is blocked after too many wrong PINs: unblock it with another factor")]
pub struct Blocked;

/// A notice to the person after a wrong PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Few tries are left.
    Warning {
        /// How many.
        left: u8,
    },
    /// The device is blocked now.
    Blocked,
}

impl Tries {
    /// Takes one try, before the PIN is verified. The caller commits the result before it goes on.
    ///
    /// # Errors
    /// [`Blocked`] when none is left; nothing is then verified.
    pub const fn spend(self) -> Result<Self, Blocked> {
        if self.left() == 0 {
            return Err(Blocked);
        }
        Ok(Self {
            in_a_row: self.in_a_row + 1,
            in_epoch: self.in_epoch + 1,
        })
    }

    /// Gives the try back after a right PIN: the row starts again, and the epoch loses only the one
    /// try taken for this PIN.
    #[must_use]
    pub const fn give_back(self) -> Self {
        Self {
            in_a_row: 0,
            in_epoch: self.in_epoch.saturating_sub(1),
        }
    }

    /// A wrong PIN that came after the backup from which a database was restored. It counts in the
    /// epoch. Nobody knows which right ones came between, so in the row it leaves one try; a block
    /// is recorded on its own ([`Tries::all_in_a_row`]).
    #[must_use]
    pub const fn lost(self) -> Self {
        let in_a_row = if self.left_in_a_row() > 1 {
            self.in_a_row + 1
        } else {
            self.in_a_row
        };
        let in_epoch = if self.in_epoch < IN_EPOCH {
            self.in_epoch + 1
        } else {
            self.in_epoch
        };
        Self { in_a_row, in_epoch }
    }

    /// A device that was blocked.
    #[must_use]
    pub const fn all_in_a_row(self) -> Self {
        Self {
            in_a_row: IN_A_ROW,
            ..self
        }
    }

    /// How many tries are left in a row: 0 to 5.
    #[must_use]
    pub const fn left_in_a_row(self) -> u8 {
        IN_A_ROW.saturating_sub(self.in_a_row)
    }

    /// How many tries are left in the epoch: 0 to 15.
    #[must_use]
    pub const fn left_in_epoch(self) -> u8 {
        IN_EPOCH.saturating_sub(self.in_epoch)
    }

    /// How many wrong PINs can still be sent before the device is blocked: the lesser of the two.
    #[must_use]
    pub const fn left(self) -> u8 {
        let (row, epoch) = (self.left_in_a_row(), self.left_in_epoch());
        if row < epoch { row } else { epoch }
    }

    /// Whether the phone must refresh, asked after a right PIN with the try given back.
    #[must_use]
    pub const fn refresh_needed(self) -> bool {
        self.in_epoch >= REFRESH_FROM
    }

    /// The notice that goes out after a wrong PIN.
    #[must_use]
    pub const fn notice(self) -> Option<Notice> {
        notice(self.left())
    }
}

/// The notice that goes out after a wrong PIN, with this many tries left.
#[must_use]
pub const fn notice(left: u8) -> Option<Notice> {
    match left {
        0 => Some(Notice::Blocked),
        WARN_AT => Some(Notice::Warning { left: WARN_AT }),
        _ => None,
    }
}
