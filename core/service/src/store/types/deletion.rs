//! The deletion of an account, as it goes into the store and comes out of it.

use countersign_protocol::{Time, id::AccountId};

/// A deletion's random identifier.
pub(crate) type DeletionId = [u8; 16];

/// A deletion that a person asked for, and that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deletion {
    /// Its identifier.
    pub(crate) id: DeletionId,
    /// Of which account.
    pub(crate) account: AccountId,
    /// When the account is deleted.
    pub(crate) due_at: Time,
}
