//! Tests of the service as a library. One test program: linked once, it takes a fraction of the
//! time and the disk of one for each file.
#![allow(clippy::unwrap_used, clippy::panic)]

mod answers;
mod app_links;
mod biometrics;
mod browser_pin;
mod callers;
mod check;
mod closed;
mod credentials;
mod epoch_codes;
mod fatigue;
mod flows;
mod forgotten_pin;
mod guesses;
mod journal;
mod language;
mod limits;
mod manage;
mod my_account;
mod on_mobile;
mod online;
mod phone_removal;
mod pin_change;
mod push;
mod recovery;
mod registration;
mod safety;
mod shares;
mod sign_in;
mod slow_guessing;
mod stop;
mod support;
mod thief;
mod tls;
mod transactions;
