//! The service's edge: who asks, by address, and how much of it each may ask for.

mod source;

pub(crate) use source::{Origins, Source};
