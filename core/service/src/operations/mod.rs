//! Administration of the service's data from the command line, while the service runs or not.
//! Accounts are administered by the running service: see the room `admin`.

mod backups;
mod doctor;
mod own_keys;
mod places;
mod reseal;

pub use backups::{BackupRefused, RestoreReport, backup, restore, restore_with_old_key};
pub use doctor::{Checked, doctor};
pub use own_keys::{KeysRefused, list_keys, rotate_keys};
pub use places::Places;
pub(crate) use places::{Begin, open};
pub use reseal::{Exchange, ExchangeReport, Progress, exchange_keys};
