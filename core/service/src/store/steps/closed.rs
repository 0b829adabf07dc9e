//! Accounts that were disabled or deleted. Both are in the journal, so that no restore undoes them.

use countersign_protocol::{Time, id::AccountId};

use super::{accounts::is_disabled, enrolments, events::note, journal_rows, links, sessions};
use crate::store::*;

impl Store {
    /// Disables an account: its sessions end, it signs in nowhere, and its phones are not taken.
    /// `false`: there is no such account, or it is disabled already.
    pub(crate) async fn disable_account(
        &self,
        account: AccountId,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::DisableAccount, move |tx| {
            let done = disable(tx, account, now)?;
            if done {
                journal_rows::record(tx, &JournalEntry::Disabled(account), now)?;
                note(tx, account, "account-disabled", "", now)?;
            }
            Ok(done)
        })
        .await
    }

    /// Takes a disabled account back into use. `false`: there is none.
    pub(crate) async fn enable_account(
        &self,
        account: AccountId,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::EnableAccount, move |tx| {
            let done = enable(tx, account)?;
            if done {
                journal_rows::record(tx, &JournalEntry::Enabled(account), now)?;
                note(tx, account, "account-enabled", "", now)?;
            }
            Ok(done)
        })
        .await
    }

    /// Deletes an account with everything that belongs to it. `false`: there is none.
    pub(crate) async fn delete_account(
        &self,
        account: AccountId,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::DeleteAccount, move |tx| {
            let done = delete(tx, account)?;
            if done {
                journal_rows::record(tx, &JournalEntry::Deleted(account), now)?;
            }
            Ok(done)
        })
        .await
    }

    /// Whether an account is disabled.
    pub(crate) async fn is_disabled(&self, account: AccountId) -> Result<bool, StoreError> {
        self.read_of(JournalSubject::Account(account), |tx| {
            is_disabled(tx, account)
        })
        .await
    }
}

/// Disables an account, and ends what it has open.
pub(super) fn disable(tx: &dyn Tx, account: AccountId, now: Time) -> Result<bool, StoreError> {
    let disabled = tx.execute(
        "UPDATE account SET disabled_at = ?2 WHERE acc = ?1 AND disabled_at IS NULL",
        params![account.0, now],
    )?;
    if disabled == 0 {
        return Ok(false);
    }
    sessions::end_others(tx, account, None, now)?;
    links::end_of_account(tx, account, now)?;
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
pub(super) fn enable(tx: &dyn Tx, account: AccountId) -> Result<bool, StoreError> {
    let enabled = tx.execute(
        "UPDATE account SET disabled_at = NULL WHERE acc = ?1 AND disabled_at IS NOT NULL",
        params![account.0],
    )?;
    Ok(enabled == 1)
}

/// Deletes an account. What belongs to it goes with its row.
pub(super) fn delete(tx: &dyn Tx, account: AccountId) -> Result<bool, StoreError> {
    let deleted = tx.execute("DELETE FROM account WHERE acc = ?1", params![account.0])?;
    Ok(deleted == 1)
}
