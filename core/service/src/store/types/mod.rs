//! Records, as they go into the store and come out of it.

mod accounts;
mod administration;
mod challenges;
mod checks;
mod credentials;
mod deletion;
mod deliveries;
mod export;
mod guesses;
mod links;
mod recovery;
mod relying;
mod tokens;
mod updates;

pub(crate) use accounts::*;
pub(crate) use administration::*;
pub(crate) use challenges::*;
pub(crate) use checks::*;
pub(crate) use credentials::*;
pub(crate) use deletion::*;
pub(crate) use deliveries::*;
pub(crate) use export::*;
pub(crate) use guesses::*;
pub(crate) use links::*;
pub(crate) use recovery::*;
pub(crate) use relying::*;
pub(crate) use tokens::*;
pub(crate) use updates::*;
