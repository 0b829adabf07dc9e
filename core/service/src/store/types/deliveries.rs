//! Deliveries, as they go into the store and come out of it.

use countersign_protocol::{Time, id::AccountId};

use super::{AccountEvent, LinkId};
use crate::base::{email::Email, lang::Lang, names::names};

/// A delivery's random identifier.
pub(crate) type DeliveryId = [u8; 16];

/// The random name of whoever carries a delivery now.
pub(crate) type LeaseId = [u8; 16];

/// By which way a delivery leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryKind {
    /// By e-mail.
    Mail,
}

names!(DeliveryKind { Mail = "mail" });

/// A delivery to be made.
#[derive(Clone)]
pub(crate) struct NewDelivery {
    /// Its identifier.
    pub(crate) id: DeliveryId,
    /// By which way.
    pub(crate) kind: DeliveryKind,
    /// Whose account it is about.
    pub(crate) account: Option<AccountId>,
    /// The link in it, without which it is not sent.
    pub(crate) link: Option<LinkId>,
    /// Sealed: address and text.
    pub(crate) content: Vec<u8>,
}

/// A delivery that is under way.
pub(crate) struct Delivery {
    /// Its identifier.
    pub(crate) id: DeliveryId,
    /// Its place in the order.
    pub(crate) number: u64,
    /// By which way.
    pub(crate) kind: DeliveryKind,
    /// Sealed: address and text.
    pub(crate) content: Vec<u8>,
    /// When it was made.
    pub(crate) created_at: Time,
    /// When it is given up.
    pub(crate) gives_up_at: Time,
    /// How often it was tried, with the try that is under way.
    pub(crate) tries: u32,
}

/// What became of deliveries that were given up and were to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retried {
    /// So many are tried again.
    pub(crate) again: usize,
    /// So many were dropped, because their links work no more.
    pub(crate) over: usize,
}

/// A delivery that was given up, or is tried again.
pub(crate) struct DeadDelivery {
    /// The delivery.
    pub(crate) delivery: Delivery,
    /// When it was given up, if it was.
    pub(crate) dead_at: Option<Time>,
    /// Why the last try failed, if one did.
    pub(crate) why: String,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tried {
    /// It was carried.
    Done,
    /// It is tried again at this time, because of this.
    Later(Time, String),
    /// It is given up, because of this.
    Never(String),
}

/// The events of an account that its owner was not told of yet.
pub(crate) struct DueNotices {
    /// Whose.
    pub(crate) account: AccountId,
    /// What the person is called.
    pub(crate) name: String,
    /// In which language.
    pub(crate) language: Lang,
    /// The events with their numbers, the oldest first.
    pub(crate) events: Vec<(u64, AccountEvent)>,
    /// The account's address, and those that can still undo a change of it.
    pub(crate) to: Vec<Recipient>,
}

/// An address for the notices of an account.
pub(crate) struct Recipient {
    /// The address.
    pub(crate) email: Email,
    /// What makes it the account's address again.
    pub(crate) undo: Option<Undo>,
    /// Whether a recovery can be finished from there.
    pub(crate) may_recover: bool,
}

/// A change of an address that can be undone.
#[derive(Clone, Copy)]
pub(crate) struct Undo {
    /// The link that does it.
    pub(crate) link: LinkId,
    /// When the address was changed.
    pub(crate) made_at: Time,
}
