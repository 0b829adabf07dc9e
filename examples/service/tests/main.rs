//! Tests of the program `countersign-service`: what only a process of its own shows.
#![allow(clippy::unwrap_used, clippy::panic)]

mod administration;
mod clients;
mod connections;
mod crash;
mod disk;
mod exchange;
mod incidents;
mod interrupted;
mod keys;
mod old_tokens;
mod restore;
mod security_log;
#[path = "../../../core/service/tests/support/mod.rs"]
mod support;
mod theft;
