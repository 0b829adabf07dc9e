//! Models of the state of service and phones, explored whole: every order of messages,
//! losses, repetitions, crashes and restores within the bounds. Whatever is judged is judged by the
//! functions that ship. README.md explains each model.

#![allow(clippy::unwrap_used)] // Tests, helper functions too.

mod change;
mod change_model;
mod guesses;
mod honest;
mod journal;
mod retry;
mod service;
mod steps;
mod tokens;

use std::fmt::Debug;
use std::hash::Hash;

use stateright::{Checker, HasDiscoveries, Model};

/// Explores every state: each "always" holds, and each "sometimes" is reached.
fn holds<M>(model: M)
where
    M: Model + Send + Sync + 'static,
    M::State: Hash + Send + Sync + Clone + PartialEq + Debug,
    M::Action: Clone + PartialEq + Debug,
{
    let checker = model.checker().spawn_bfs().join();
    assert!(checker.is_done(), "the model was not explored whole");
    println!("{} states", checker.unique_state_count());
    checker.assert_properties();
}

/// A broken rule: the checker must find how it breaks this property, or the model shows nothing.
fn breaks<M>(model: M, property: &'static str)
where
    M: Model + Send + Sync + 'static,
    M::State: Hash + Send + Sync + Clone + PartialEq + Debug,
    M::Action: Clone + PartialEq + Debug,
{
    let until = HasDiscoveries::AnyOf([property].into());
    let checker = model.checker().finish_when(until).spawn_bfs().join();
    let path = checker.assert_any_discovery(property);
    println!("{property}: broken by {:?}", path.into_actions());
}
