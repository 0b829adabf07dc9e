//! Requests to approve: who asks, the inbox, the answer.

pub(crate) mod approve;
pub(crate) mod asked;
pub(crate) mod inbox;
