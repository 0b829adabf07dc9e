//! Accounts that were disabled or deleted. Both are in the journal, so that no restore undoes them.

use countersign_protocol::{Time, id::AccountId};

use super::{accounts::is_disabled, deletion, enrolments, links, sessions};
use crate::store::*;

impl Store {
    /// Whether an account is disabled.
    pub(crate) async fn is_disabled(&self, account: AccountId) -> Result<bool, StoreError> {
        self.read_of(JournalSubject::Account(account), |tx| {
            is_disabled(tx, account)
        })
        .await
    }
}

/// Disables an account, and ends what it has open. `false`: there is none, or it is disabled.
pub(super) fn disable(tx: &dyn Tx, account: AccountId, now: Time) -> Result<bool, StoreError> {
    let disabled = tx.execute(
        "UPDATE account SET disabled_at = ?2 WHERE acc = ?1 AND disabled_at IS NULL",
        params![account.0, now],
    )?;
    if disabled == 0 {
        return Ok(false);
    }
    sessions::end_others(tx, account, None, now)?;
    // Nobody accepts an invitation to a disabled account; it works again when that is enabled.
    links::end_but_invitations(tx, account, now)?;
    // A phone that is being added needs neither once its code was scanned.
    enrolments::void(tx, account)?;
    tx.execute(
        "UPDATE challenge SET state = 'replaced', closed_at = ?2
         WHERE account = ?1 AND state IN ('open', 'approved')",
        params![account.0, now],
    )?;
    Ok(true)
}

/// Takes a disabled account back into use.
pub(super) fn enable(tx: &dyn Tx, account: AccountId, now: Time) -> Result<bool, StoreError> {
    let enabled = tx.execute(
        "UPDATE account SET disabled_at = NULL WHERE acc = ?1 AND disabled_at IS NOT NULL",
        params![account.0],
    )?;
    deletion::wait_again(tx, account, now)?;
    Ok(enabled == 1)
}

/// Deletes an account. What belongs to it goes with its row, and so do messages that were not taken
/// yet or were given up: they have an address and a subject.
pub(super) fn delete(tx: &dyn Tx, account: AccountId) -> Result<bool, StoreError> {
    tx.execute(
        "DELETE FROM delivery WHERE account = ?1",
        params![account.0],
    )?;
    let deleted = tx.execute("DELETE FROM account WHERE acc = ?1", params![account.0])?;
    Ok(deleted == 1)
}
