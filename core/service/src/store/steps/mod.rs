//! The steps of the service: functions over [`Tx`], each written once for every database. Beside
//! them stand the operations of [`Store`](super::Store) that run them.

mod accounts;
mod administration;
mod answers;
mod browsers;
mod chains;
mod challenges;
mod checks;
mod claims;
mod closed;
mod codes;
mod collect;
mod credentials;
mod deletion;
mod deliveries;
pub(super) mod devices;
mod enrolments;
mod entered;
mod events;
mod export;
mod facts;
mod failures;
mod grants;
mod guesses;
mod issue;
pub(super) mod journal_rows;
mod links;
mod notices;
mod old_tokens;
mod outcomes;
pub(super) mod own_keys;
mod past_epochs;
mod person;
mod pushes;
mod recovery;
mod removal;
pub(super) mod reseal;
pub(super) mod restore;
mod sessions;
pub(super) mod settings;
mod staff;
mod standing;
pub(super) mod sweep;
mod transactions;
mod updates;

use super::*;
