//! The phone's tests. One program: linked once, it takes a fraction of the time and the disk of one
//! for each file.
#![allow(clippy::unwrap_used, clippy::panic)]

mod advice;
mod asked;
mod biometrics;
mod change;
mod codes;
mod enrolment;
mod forms;
mod hostile_replies;
mod lost;
mod meanwhile;
mod no_oracle;
mod no_oracle_life;
mod push;
mod removal;
mod requests;
mod several_services;
mod store;
mod support;
