//! The house rules that a compiler does not check: lines, files, and arrows that go one way.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;
mod graph;
mod paths;
mod rooms;
mod sizes;
