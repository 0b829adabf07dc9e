//! The service's keys: the key file and what is sealed under it, and the keys that phones know.

mod derive;
pub(crate) mod file;
pub(crate) mod jose;
pub(crate) mod mac;
pub(crate) mod own;
pub(crate) mod root;
pub(crate) mod seal;
pub(crate) mod token;
