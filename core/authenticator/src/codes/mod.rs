//! Codes without a network: sign-in codes, and signed transactions.

pub(crate) mod code;
pub(crate) mod sign;
pub(crate) mod unlock;
