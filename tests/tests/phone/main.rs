//! The rows of the phone app: a person with the phone and at the computer, through the
//! real core, service, pages and images.

#![allow(clippy::unwrap_used, clippy::panic)]

mod accounts;
mod approval;
mod codes;
mod enrolment;
mod hostile;
mod own_biometrics;
mod push;
mod restore;
mod rotation;
mod support;
