//! The service's keys: the key file and what is sealed under it, and the keys that phones know.

pub(crate) mod file;
pub(crate) mod own;
pub(crate) mod ring;
pub(crate) mod seal;
