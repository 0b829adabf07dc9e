//! Recovery and notices, as they go into the store and come out of it.

use countersign_protocol::{Time, id::AccountId};

use super::Deletion;

/// A recovery's random identifier.
pub(crate) type RecoveryId = [u8; 16];

/// A recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recovery {
    /// Its identifier.
    pub(crate) id: RecoveryId,
    /// Whose.
    pub(crate) account: AccountId,
    /// From when it can be finished.
    pub(crate) ripe_at: Time,
    /// Did STOP open it?
    pub(crate) by_panic: bool,
    /// Did an operator's reset open it?
    pub(crate) by_operator: bool,
    /// When it was.
    pub(crate) finished_at: Option<Time>,
}

/// How an account stands when its password is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// Its factors were deleted, and none is there yet: the password alone opens nothing.
    pub(crate) guarded: bool,
    /// Nobody signs in with it.
    pub(crate) disabled: bool,
    /// An administrator added it, and lets its person back in.
    pub(crate) staff: bool,
    /// A recovery that is under way.
    pub(crate) recovery: Option<Recovery>,
    /// A deletion that waits.
    pub(crate) deletion: Option<Deletion>,
}

/// How far the password alone opened an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entered {
    /// It has no factor, and never lost one: all the way.
    Whole,
    /// A factor is still owed.
    Half,
    /// A factor is owed, and none is there: the account has to be recovered.
    Guarded,
    /// Not at all: the account is disabled.
    Disabled,
}
