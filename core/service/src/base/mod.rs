//! What everything else stands on: files, text forms, randomness, time, and who may read a file.

pub(crate) mod agent;
pub(crate) mod clock;
pub(crate) mod custody;
pub(crate) mod durable;
pub(crate) mod email;
pub(crate) mod files;
pub(crate) mod hex;
pub(crate) mod lang;
pub(crate) mod month;
pub(crate) mod names;
pub(crate) mod operator;
pub(crate) mod outgoing;
pub(crate) mod person;
pub(crate) mod random;
pub(crate) mod time;
