//! Keeping phone and service in step: the account's status, PIN epochs, the biometric key.

pub(crate) mod biometric_key;
pub(crate) mod epoch;
pub(crate) mod refresh;
pub(crate) mod settle;
mod slot;
pub(crate) mod status;

pub(crate) use slot::Plan;
