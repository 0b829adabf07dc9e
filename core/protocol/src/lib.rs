//! The Countersign protocol, version 1: messages, key schedule, codes and verification.
//!
//! Pure: no I/O, no clock, no randomness of its own. The specification is `PROTOCOL.md` beside this
//! crate; section numbers in these docs are its.
//!
//! * [`message`] and [`request`] hold the two forms of signed messages: the service's, and the
//!   phone's with its sealed part.
//! * [`info`], [`enrolment`], [`challenge`], [`query`], [`claim`], [`answer`], [`update`],
//!   [`reply`] are the messages, one family a file; [`change`] and [`biometrics`] are the sealed
//!   parts of updates, [`push`] is the address that one may bring.
//! * [`keys`] is the key schedule, [`code`] and [`ocra`] turn its output into codes that a person
//!   types.
//! * [`policy`] has the counts and limits of a service.
//! * [`verify`] (feature `verify`) judges requests for a service.

pub mod answer;
pub mod biometrics;
mod cbor;
pub mod challenge;
pub mod change;
pub mod claim;
pub mod code;
pub mod enrolment;
pub mod field;
pub mod hotp;
pub mod id;
pub mod info;
pub mod keys;
pub mod link;
pub mod message;
mod nfc;
pub mod ocra;
pub mod origin;
mod pattern;
pub mod pin;
pub mod policy;
pub mod push;
pub mod query;
pub mod reply;
pub mod request;
pub mod seal;
pub mod secret;
pub mod totp;
pub mod update;
#[cfg(feature = "verify")]
pub mod verify;

pub use cbor::{ParseError, Problem};
pub use hpke::rand_core;
pub use p256::ecdsa::SigningKey;

/// The version of the protocol that this crate speaks.
pub const VERSION: u64 = 1;

/// Seconds since 1970-01-01T00:00:00Z, below 2^53.
pub type Time = u64;

/// The number of an offline code of an account, from 1, below 2^53.
pub type Step = u64;
