//! Mailed links, as they go into the store and come out of it.

use countersign_protocol::id::AccountId;

use crate::store::SessionHash;
use crate::{
    base::{email::Email, lang::Lang, names::names},
    policy,
};

/// A link's random identifier.
pub(crate) type LinkId = [u8; 16];

/// What a mailed link, or a message without one, is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkKind {
    /// Makes an account for its address.
    Register,
    /// No link: somebody asked for an account, and the address has one.
    Taken,
    /// No message: as the one before, and the owner was told already today. It is noted so that
    /// this takes as long, and counts, as the others.
    TakenAgain,
    /// No link: somebody asked for an account, and the address is invited already.
    Invited,
    /// Accepts an operator's invitation.
    Invite,
    /// Opens the session in which a forgotten password is replaced.
    Reset,
    /// No link: somebody asked for that, and it can't be replaced now.
    ResetRefused,
    /// Presses STOP, with password and word.
    Stop,
    /// No message: the address has no account. It is noted so that this takes as long as the
    /// others.
    Nobody,
    /// Confirms a change of an account that holds no factor, in the session that named it.
    Confirm,
    /// Confirms a new address, in the session that named it.
    NewEmail,
    /// Takes a change of the address back, sent to the old one.
    UndoEmail,
    /// No link: a notice, to the address that goes, that a change of the address was taken back.
    Undone,
    /// No link: a notice, to the address of an account that is deleted.
    Deleted,
}

names!(LinkKind {
    Register = "register",
    Taken = "taken",
    TakenAgain = "taken-again",
    Invited = "invited",
    Invite = "invite",
    Reset = "reset",
    ResetRefused = "reset-refused",
    Stop = "stop",
    Nobody = "nobody",
    Confirm = "confirm",
    NewEmail = "new-email",
    UndoEmail = "undo-email",
    Undone = "undone",
    Deleted = "deleted",
});

impl LinkKind {
    /// Does a message go out?
    pub(crate) const fn is_mailed(self) -> bool {
        !matches!(self, Self::Nobody | Self::TakenAgain)
    }

    /// How long it works, in seconds.
    pub(crate) const fn seconds(self) -> u64 {
        match self {
            Self::UndoEmail => 14 * policy::DAY,
            Self::Invite => 7 * policy::DAY,
            _ => 30 * 60,
        }
    }

    /// Is knowing the address enough to make it go out?
    pub(crate) const fn is_strangers(self) -> bool {
        !matches!(self, Self::Confirm | Self::NewEmail) && !self.is_owed()
    }

    /// Does the message go out whatever went out before?
    pub(crate) const fn is_owed(self) -> bool {
        matches!(
            self,
            Self::UndoEmail | Self::Undone | Self::Deleted | Self::Invite
        )
    }
}

/// A link to be mailed.
#[derive(Debug, Clone)]
pub(crate) struct NewLink {
    /// Its identifier.
    pub(crate) id: LinkId,
    /// What for.
    pub(crate) kind: LinkKind,
    /// For which account.
    pub(crate) account: Option<AccountId>,
    /// The one session in which it works.
    pub(crate) session: Option<SessionHash>,
    /// Where to.
    pub(crate) address: Email,
    /// Sealed: what its page needs.
    pub(crate) payload: Vec<u8>,
    /// In which language its message is, where there is no account whose language counts.
    pub(crate) language: Lang,
}

/// How asking for a link went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedLink {
    /// The message goes out.
    Due,
    /// It does not: enough went to this address. Nobody but its owner may learn of that.
    Enough,
    /// It does not: enough went out in all.
    Busy,
}

/// A link that works now.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// Its identifier.
    pub(crate) id: LinkId,
    /// What for.
    pub(crate) kind: LinkKind,
    /// For which account.
    pub(crate) account: Option<AccountId>,
    /// The one session in which it works.
    pub(crate) session: Option<SessionHash>,
    /// Where it went.
    pub(crate) address: Email,
    /// Sealed: what its page needs.
    pub(crate) payload: Vec<u8>,
}

/// A link whose message has not left.
#[derive(Debug, Clone)]
pub(crate) struct DueLink {
    /// Its place in the order.
    pub(crate) seq: u64,
    /// In which language its message is.
    pub(crate) language: Lang,
    /// The link.
    pub(crate) link: Link,
}
