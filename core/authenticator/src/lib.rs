//! The phone's side of Countersign: a mobile authenticator's core.

pub mod draw;
pub mod scan;
