//! The PIN's life: chosen, changed, forgotten.

pub(crate) mod change;
pub(crate) mod choose;
pub(crate) mod forgotten;
