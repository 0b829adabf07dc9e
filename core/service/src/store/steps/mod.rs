//! The steps of the service: functions over [`Tx`], each written once for every database. Beside
//! them stand the operations of [`Store`](super::Store) that run them.

mod accounts;
mod answers;
mod browsers;
mod challenges;
mod codes;
mod collect;
mod credentials;
pub(super) mod devices;
mod enrolments;
mod events;
mod facts;
mod failures;
mod grants;
mod guesses;
pub(super) mod journal_rows;
mod links;
mod old_tokens;
mod outcomes;
pub(super) mod own_keys;
mod past_epochs;
mod pushes;
mod recovery;
pub(super) mod reseal;
pub(super) mod restore;
mod sessions;
pub(super) mod settings;
mod updates;

use super::*;

/// Drops what has expired, and the journal's rows of before `before`; `true` when there were such.
pub(super) fn sweep(tx: &dyn Tx, now: Time, before: Time) -> Result<bool, StoreError> {
    sessions::sweep(tx, now)?;
    outcomes::sweep(tx, now)?;
    guesses::sweep(tx, now)?;
    links::sweep(tx, now)?;
    challenges::sweep(tx, now)?;
    browsers::sweep(tx, now)?;
    recovery::sweep(tx, now)?;
    past_epochs::sweep(tx, now)?;
    grants::sweep(tx, now)?;
    enrolments::sweep(tx, now)?;
    journal_rows::drop_old(tx, before)
}
