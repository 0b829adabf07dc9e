//! Accounts as operators see and change them.

use countersign_protocol::{Time, id::AccountId};

use super::{Account, AccountEvent, Deletion, NewDelivery, Recovery, Share};
use crate::{
    base::{email::Email, lang::Lang, names::names, operator::Act, person::PersonName},
    store::LinkId,
};

/// Whose an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountKind {
    /// Its owner's, who registered.
    Own,
    /// A member's of the staff: an administrator added it, and keeps its names and its address.
    Staff,
}

names!(AccountKind { Own = "self", Staff = "staff" });

/// A member of the staff, for whom an account is to be made.
pub(crate) struct NewStaff {
    /// The account's random identifier.
    pub(crate) account: AccountId,
    /// The address, which nobody has confirmed.
    pub(crate) email: Email,
    /// The first name; it may be empty.
    pub(crate) first_name: String,
    /// The surname; it may be empty.
    pub(crate) last_name: String,
    /// The language in which the person is written to.
    pub(crate) language: Lang,
    /// The identifier of the invitation.
    pub(crate) link: LinkId,
}

/// What an operator's command needs to change an account.
pub(crate) enum Order {
    /// To invite: the identifier of the link.
    Invite(LinkId),
    /// To disable.
    Disable,
    /// To take back into use.
    Enable,
    /// To delete, with the messages about it, if somebody reads the addresses.
    Delete(Vec<NewDelivery>),
    /// To open the ways by password, and by codes without PIN.
    Unblock,
    /// To give the person this name.
    Rename(PersonName),
    /// To delete every factor: the recovery that begins in an account of its owner's.
    Reset(Recovery),
}

impl Order {
    /// What it does.
    pub(crate) const fn act(&self) -> Act {
        match self {
            Self::Invite(_) => Act::Invite,
            Self::Disable => Act::Disable,
            Self::Enable => Act::Enable,
            Self::Delete(_) => Act::Delete,
            Self::Rename(_) => Act::Rename,
            Self::Unblock => Act::Unblock,
            Self::Reset(_) => Act::Reset,
        }
    }
}

/// Why an account can't be changed so. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// There is no such account any more.
    Gone,
    /// It is disabled already.
    Already,
    /// It is not disabled.
    NotDisabled,
    /// Nothing is locked that can be lifted.
    NotLocked,
    /// It is in use: nobody needs to be invited.
    InUse,
    /// Its owner recovers it, and nobody else.
    Own,
    /// Its owner changes the name, and nobody else.
    OwnName,
    /// It is disabled.
    Disabled,
    /// Nobody has confirmed its address.
    Invited,
}

/// How accepting an invitation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// The browser is let in.
    Entered,
    /// The account lost its factors: a recovery has begun, and its waiting time with it.
    Waiting,
    /// The link does not work (any more).
    Over,
}

/// An account in a list.
pub(crate) struct Listed {
    /// The account.
    pub(crate) account: Account,
    /// Nobody has confirmed its address.
    pub(crate) invited: bool,
    /// An invitation works.
    pub(crate) invitation: bool,
    /// It lost its factors, and was not recovered since.
    pub(crate) guarded: bool,
    /// It is disabled.
    pub(crate) disabled: bool,
    /// How many devices it has.
    pub(crate) devices: u64,
    /// When it was made.
    pub(crate) created_at: Time,
}

/// A device of an account.
pub(crate) struct ListedDevice {
    /// The person's name for it.
    pub(crate) name: String,
    /// As the phone says.
    pub(crate) platform: String,
    /// `active`, `blocked` or `suspended`.
    pub(crate) state: &'static str,
    /// When it was added.
    pub(crate) created_at: Time,
    /// When it last signed something.
    pub(crate) used_at: Time,
}

/// An account with all that an operator sees of it.
pub(crate) struct Dossier {
    /// As in a list.
    pub(crate) listed: Listed,
    /// Its devices.
    pub(crate) devices: Vec<ListedDevice>,
    /// The ways in which no password is taken now.
    pub(crate) closed: Vec<Share>,
    /// Whether codes with PIN are closed.
    pub(crate) pin_codes_closed: bool,
    /// Whether codes without PIN are closed.
    pub(crate) plain_codes_closed: bool,
    /// A recovery that is under way.
    pub(crate) recovery: Option<Recovery>,
    /// A deletion that waits.
    pub(crate) deletion: Option<Deletion>,
    /// Until when an invitation works that was not accepted.
    pub(crate) invitation: Option<Time>,
    /// Why messages were not taken at the last try, the newest first.
    pub(crate) not_delivered: Vec<String>,
    /// The newest events, newest first.
    pub(crate) events: Vec<AccountEvent>,
}
