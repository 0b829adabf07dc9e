//! What services ask for and are given, as it goes into the store and comes out of it.

use countersign_protocol::{Time, id::AccountId};

use super::Account;
use crate::{base::names::names, store::SessionHash, store::SessionId};

/// SHA-256 of a random text that a browser or a service has.
pub(crate) type SecretHash = [u8; 32];

/// What a service asks for, as it waits.
#[derive(Debug, Clone)]
pub(crate) struct PendingAsk {
    /// The hash of what its address says.
    pub(crate) id: SecretHash,
    /// The hash of the cookie of the browser in which it was opened; none until then.
    pub(crate) browser: Option<SecretHash>,
    /// The service's entry.
    pub(crate) client: String,
    /// The whole of it, JSON.
    pub(crate) asked: String,
    /// When it came.
    pub(crate) created_at: Time,
    /// Until when it waits.
    pub(crate) expires_at: Time,
}

/// What became of an ask that is to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskKept {
    /// It waits.
    Kept,
    /// Too many wait.
    Full,
}

/// What a service is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TicketKind {
    /// To the service that the person enters; redeemed once.
    Service,
    /// To a service on behalf of the person, for another one; redeemed once.
    Proxy,
    /// To a service that may ask for proxy tickets, as long as the session lasts.
    Granting,
}

names!(TicketKind { Service = "service", Proxy = "proxy", Granting = "granting" });

/// A ticket to be given.
#[derive(Debug, Clone)]
pub(crate) struct NewTicket {
    /// The hash of its text.
    pub(crate) hash: SecretHash,
    /// What for.
    pub(crate) kind: TicketKind,
    /// The entry of the service that redeems it.
    pub(crate) client: String,
    /// The whole address for which it is.
    pub(crate) service: String,
    /// Whose.
    pub(crate) account: AccountId,
    /// The session's random name.
    pub(crate) session: SessionId,
    /// How the person signed in, JSON.
    pub(crate) proved: String,
    /// Now.
    pub(crate) created_at: Time,
    /// Until when.
    pub(crate) expires_at: Time,
}

/// The way into a service for a session, in one step.
#[derive(Debug, Clone)]
pub(crate) struct Entering {
    /// The hash of the session's cookie.
    pub(crate) session: SessionHash,
    /// The ticket.
    pub(crate) ticket: NewTicket,
    /// What the service is called in the list of services that were entered.
    pub(crate) listed: String,
    /// By what the service's sector knows the person, if it does not yet.
    pub(crate) subject: (String, String),
    /// The ask that ends with it.
    pub(crate) ask: Option<SecretHash>,
}

/// A ticket that was redeemed.
pub(crate) struct Redeemed {
    /// What was redeemed.
    pub(crate) ticket: NewTicket,
    /// Whose.
    pub(crate) account: Box<Account>,
    /// By what the sector that was asked about knows the person.
    pub(crate) subject: String,
}

/// Why a ticket is not redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRedeemed {
    /// There is none, it was used, its time is over, or its session has ended.
    Ticket,
    /// It is a proxy ticket, and none was asked for.
    Kind,
    /// It is for another service. It is used up.
    Service,
    /// It was given without typing anything, and that was asked for. It is used up.
    Renew,
}

/// What a service is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// That a session has ended, as CAS says it.
    CasLogout,
    /// The same, as OpenID Connect says it.
    OidcLogout,
}

names!(CallKind { CasLogout = "cas-logout", OidcLogout = "oidc-logout" });

/// Something that a service is to be told.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Its place in the order.
    pub(crate) number: u64,
    /// What.
    pub(crate) kind: CallKind,
    /// The service's entry.
    pub(crate) client: String,
    /// Where it is told.
    pub(crate) address: String,
    /// By what the service knows the session.
    pub(crate) name: String,
    /// Until when it is tried.
    pub(crate) gives_up_at: Time,
    /// How often it was tried before.
    pub(crate) tries: u32,
}
