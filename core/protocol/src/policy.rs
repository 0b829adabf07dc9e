//! Counts and limits of a service: pure functions from the recorded numbers to the next ones.
//!
//! The database runs each of them inside one transaction. "Count before check" everywhere: a try is
//! taken and committed first, then the PIN or code is verified, and a right one gives the try back;
//! so neither a crash nor two requests at once buy a guess.

pub mod approvals;
pub mod codes;
pub mod month;
pub mod push;
pub mod share;
pub mod steps;
pub mod tries;
