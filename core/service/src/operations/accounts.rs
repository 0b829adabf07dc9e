//! Accounts, closed from the command line, while the service runs or not.

use super::places::{Places, Refusal, custody, settled};
use crate::{
    Clock,
    base::email::{Email, NotAnEmail},
    store::Store,
};

/// A change of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountChange {
    /// It signs in nowhere, its sessions end, and its phones are answered that they are not active.
    Disable,
    /// It is taken back into use. People sign in again.
    Enable,
    /// It is deleted with everything that belongs to it. No restore brings it back.
    Delete,
}

/// An account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountRefused {
    /// It is no address.
    #[error(transparent)]
    Email(#[from] NotAnEmail),
    /// Nobody has this address.
    #[error("no account has the address {0}. Nothing was changed")]
    None(Email),
    /// The account is disabled already, or is not.
    #[error("the account {0} is so already. Nothing was changed")]
    Already(Email),
    /// The storage can't be used.
    #[error(transparent)]
    Storage(#[from] StorageUnused),
}

/// Why the storage can't be used.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StorageUnused(#[from] Refusal);

/// Disables, enables or deletes the account with this address. A running service does so at once,
/// and has it in its journal within a minute, or before it answers a request about the account; a
/// stopped one at its next start.
///
/// # Errors
/// See [`AccountRefused`]; nothing was changed. A database that was restored is refused until the
/// service was started once.
pub async fn change_account(
    places: &Places,
    change: AccountChange,
    email: &str,
    clock: &dyn Clock,
) -> Result<(), AccountRefused> {
    let email = Email::parse(email)?;
    let storage = |error: Refusal| AccountRefused::Storage(error.into());
    custody(places).map_err(|error| storage(error.into()))?;
    let store = Store::beside(&places.data).map_err(|error| storage(error.into()))?;
    let done = match settled(&store, places) {
        Ok(()) => in_store(&store, change, email, clock).await,
        Err(error) => Err(storage(error)),
    };
    store.close();
    let what = match change {
        AccountChange::Disable => "account-disabled",
        AccountChange::Enable => "account-enabled",
        AccountChange::Delete => "account-deleted",
    };
    let account = done?;
    places.note(clock, what, &account);
    Ok(())
}

async fn in_store(
    store: &Store,
    change: AccountChange,
    email: Email,
    clock: &dyn Clock,
) -> Result<String, AccountRefused> {
    let storage = |error: crate::store::StoreError| {
        AccountRefused::Storage(StorageUnused(Refusal::from(error)))
    };
    let found = store.account_by_email(&email).await.map_err(storage)?;
    let Some(account) = found.map(|account| account.acc) else {
        return Err(AccountRefused::None(email));
    };
    let now = clock.now();
    let done = match change {
        AccountChange::Disable => store.disable_account(account, now).await,
        AccountChange::Enable => store.enable_account(account, now).await,
        AccountChange::Delete => store.delete_account(account, now).await,
    };
    match done.map_err(storage)? {
        true => Ok(account.to_string()),
        false => Err(AccountRefused::Already(email)),
    }
}
