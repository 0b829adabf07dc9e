//! What a person granted a service by OpenID Connect, as it goes into the store and comes out of
//! it.

use countersign_protocol::{Time, id::AccountId};

use super::{Account, SecretHash};
use crate::{
    base::names::names,
    store::{SessionHash, SessionId},
};

/// A grant's random name.
pub(crate) type GrantId = [u8; 16];

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// It is exchanged for the others, once.
    Code,
    /// It reads what the grant tells of the person.
    Access,
    /// It is exchanged for a new pair, once.
    Refresh,
}

names!(TokenKind { Code = "code", Access = "access", Refresh = "refresh" });

/// What a person granted a service.
#[derive(Debug, Clone)]
pub(crate) struct TokenGrant {
    /// Its random name.
    pub(crate) id: GrantId,
    /// The service's entry.
    pub(crate) client: String,
    /// Whose.
    pub(crate) account: AccountId,
    /// The session's random name.
    pub(crate) session: SessionId,
    /// The name of the session that it was made in, by which the service knows the session. The
    /// grant goes over to another when the person signs in once more.
    pub(crate) opened_by: SessionId,
    /// The sector whose name of the person the service was told.
    pub(crate) sector: String,
    /// The scopes, with spaces between them.
    pub(crate) scope: String,
    /// The claims that the request named, JSON.
    pub(crate) claims: String,
    /// How the person signed in, JSON.
    pub(crate) proved: String,
    /// What the service's request brought, to be repeated.
    pub(crate) nonce: Option<String>,
    /// Whether it goes on when the session has ended.
    pub(crate) offline: bool,
    /// When it was made.
    pub(crate) created_at: Time,
    /// Until when its last token lives.
    pub(crate) expires_at: Time,
}

/// A code that a service is given in a browser.
#[derive(Debug, Clone)]
pub(crate) struct NewCode {
    /// The hash of the session's cookie.
    pub(crate) session: SessionHash,
    /// What it stands for.
    pub(crate) grant: TokenGrant,
    /// The hash of its text.
    pub(crate) hash: SecretHash,
    /// Where it is sent.
    pub(crate) address: String,
    /// The challenge that its verifier has to meet.
    pub(crate) challenge: Option<String>,
    /// Until when.
    pub(crate) expires_at: Time,
    /// What the service is called in the list of services that were entered.
    pub(crate) listed: String,
    /// By what the service's sector knows the person, if it does not yet.
    pub(crate) subject: (String, String),
    /// Where the service is told of the session's end, and by what it knows the session.
    pub(crate) told: Option<(String, String)>,
    /// The ask that ends with it.
    pub(crate) ask: Option<SecretHash>,
}

/// Tokens to be given.
#[derive(Debug, Clone)]
pub(crate) struct NewTokens {
    /// The access token's hash, and until when it lives.
    pub(crate) access: (SecretHash, Time),
    /// The refresh token's, if there is one.
    pub(crate) refresh: Option<(SecretHash, Time)>,
}

/// What a service exchanges.
#[derive(Debug, Clone)]
pub(crate) struct Exchanging {
    /// The hash of what it brings.
    pub(crate) hash: SecretHash,
    /// A code, or a refresh token.
    pub(crate) kind: TokenKind,
    /// The service that brings it.
    pub(crate) client: String,
    /// Of a code: the address that the service says it was sent to.
    pub(crate) address: Option<String>,
    /// Of a code: the challenge that the verifier meets, if the service brings one.
    pub(crate) challenge: Option<String>,
    /// What is given for it.
    pub(crate) new: NewTokens,
    /// The sector of the service.
    pub(crate) sector: String,
}

/// A grant with its person.
pub(crate) struct Granted {
    /// The grant.
    pub(crate) grant: TokenGrant,
    /// Whose.
    pub(crate) account: Box<Account>,
    /// By what the service's sector knows them.
    pub(crate) subject: String,
}

/// Why nothing is given for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotExchanged {
    /// There is none, it is another service's or its time is over, or what goes with it is wrong.
    Unknown,
    /// It was used before. All that it gave is revoked.
    Twice,
}
