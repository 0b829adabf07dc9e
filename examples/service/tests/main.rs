//! The service's tests. One program: linked once, it takes a fraction of the time and the disk of one for each file.
#![allow(clippy::unwrap_used, clippy::panic)]

mod answers;
mod biometrics;
mod browser_pin;
mod connections;
mod crash;
mod disk;
mod epoch_codes;
mod fatigue;
mod flows;
mod forgotten_pin;
mod journal;
mod keys;
mod limits;
mod manage;
mod on_mobile;
mod phone_removal;
mod pin_change;
mod push;
mod recovery;
mod restore;
mod safety;
mod stop;
mod support;
mod thief;
mod tls;
