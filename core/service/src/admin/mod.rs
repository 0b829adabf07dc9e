//! Administration of a running service. Operators give their commands on a socket in the data
//! folder, which the service's user and root can open and nobody else; the program
//! `countersign-service account` is its client.
//!
//! A command is a request of one line, and is answered once what it did is on the disk and in the
//! journal. Each names its operator: in the journal, the security log and the account's history;
//! and each that changes an account tells its owner by mail. No command sets or shows a password,
//! gives tries at a PIN back, or lets a phone choose a new PIN.

mod client;
mod commands;
mod import;
#[cfg(unix)]
mod socket;
#[cfg(not(unix))]
#[path = "no_socket.rs"]
mod socket;
mod words;

pub use client::{AskError, ask};
pub(crate) use socket::Socket;
pub use words::*;
