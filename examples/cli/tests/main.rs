//! The program's tests but the demo's, which mind the clock and run alone. One program: linked
//! once, it takes a fraction of the time and the disk of one for each file.
#![allow(clippy::unwrap_used, clippy::panic)]

mod accounts;
mod asked;
mod common;
mod crash;
mod disk;
mod phone;
mod program;
