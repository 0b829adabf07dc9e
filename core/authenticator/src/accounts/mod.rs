//! Accounts: listed, added, removed, and where their push messages go.

mod claim;
pub(crate) mod enrol;
pub(crate) mod list;
pub(crate) mod push;
pub(crate) mod remove;

pub use claim::ClaimError;
