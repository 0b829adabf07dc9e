//! A sign-in service that speaks Countersign: accounts, pages, enrolment, challenges, verification.
//!
//! [`Embedded::start`] runs it inside another program; the program `countersign-service` does
//! nothing else. What the pages take is listed in the documentation of the module `web`; what
//! phones send, in the protocol's `PROTOCOL.md`.
//!
//! It holds secrets that a thief of its database must not open: they are sealed under the key file,
//! `DIR/keys/service.key` unless [`Config::key_file`] says otherwise. Keep that file, and its
//! copies, apart from the database's.
//!
//! When a request opens for a phone, one that waits with a long poll is woken, and a push message
//! goes to the address that it has named, if push services are set up ([`Config::push_hosts`]);
//! where the protocol stops pushes against request fatigue, neither happens, the page says so, and
//! the phone finds the request when it next asks.

mod admin;
mod api;
mod app;
mod apps;
mod background;
mod base;
mod clients;
mod config;
mod deliveries;
mod edge;
mod embedded;
mod flow;
mod journal;
mod keys;
mod messages;
mod operations;
mod pages;
mod password;
mod picture;
mod policy;
mod push;
mod ring;
mod security;
mod server;
mod standards;
mod store;
mod tls;
mod transactions;
mod web;

pub use admin::{
    Act, Answer, AskError, Command, DeviceRow, EventRow, Imported, LONGEST_CSV, MOST_ROWS, MailAct,
    MailRow, Refused, Request, Row, Shown, ask,
};
pub use apps::{AndroidApp, Apps, BadApp, IosApp, StoreLink};
pub use base::clock::{Clock, SystemClock};
pub use base::email::{Email, NotAnEmail};
pub use base::time::utc;
pub use clients::{BadClients, ClientRow, NoSecret, client_secret, list_clients};
pub use config::{Config, Connections, MailSetting, OriginSetting, StartError};
pub use deliveries::{
    Carried, Carrier, Content, Mail, MailRefused, Message, Smtp, SmtpPassword, SmtpTls,
};
pub use edge::{BadNetwork, LargeNetwork};
pub use embedded::Embedded;
pub use operations::{
    BackupRefused, Checked, Exchange, ExchangeReport, KeysRefused, Places, Progress, RestoreReport,
    backup, doctor, exchange_keys, list_keys, restore, restore_with_old_key, rotate_keys,
};
pub use pages::{BadBrand, Brand};
pub use policy::lifetimes::{BadLifetime, Lifetimes};
pub use policy::registration::{BadDomain, Registration};
pub use push::{Knock, PushFailed, PushService};
pub use ring::{KeyState, KeyStatus, Rotate};

/// The policy of changes as a table: which proof each change of an account needs, a row a change
/// and a column a state of the account.
pub fn policy_table() -> String {
    policy::changes::table()
}

/// The names of everything that the service makes durable, for the tests that kill it before each.
#[cfg(debug_assertions)]
#[doc(hidden)]
pub const DURABLE_WRITES: &[&str] = base::durable::Write::ALL;
