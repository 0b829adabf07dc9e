//! Changes of password and address, as they go into the store and come out of it.

use crate::policy::changes::Refused;
use crate::store::SessionHash;

/// How a password came to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasswordSet {
    /// With the old one and an approval.
    Changed,
    /// With the old one, in an account without a factor.
    ChangedAlone,
    /// With a recovery.
    Recovered,
    /// By whoever accepted an invitation to recover the account.
    Invited,
    /// By a mailed link and an approval.
    ByLinkAndApproval,
    /// By a mailed link alone: for a week it neither presses STOP nor recovers.
    ByLink,
}

/// A new password.
#[derive(Debug, Clone)]
pub(crate) struct NewPassword {
    /// The Argon2id hash, sealed.
    pub(crate) sealed: String,
    /// How it came.
    pub(crate) how: PasswordSet,
    /// The session that stays.
    pub(crate) keep: Option<SessionHash>,
    /// The browser that stays known.
    pub(crate) known: Option<SessionHash>,
}

/// How a change of the e-mail address went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EmailChanged {
    /// It is changed.
    Done,
    /// The link does not work (any more), or not in this session.
    Over,
    /// Another account has the address.
    Taken,
    /// The policy refuses.
    Refused(Refused),
}
