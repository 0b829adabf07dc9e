//! How an account stands: whether it is guarded, and its recovery. An account is *guarded* from the
//! moment that its factors were deleted until whoever recovered it has added one: until then
//! nothing is added with the password alone.

use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId},
};

use super::{
    entered,
    events::{note, note_silently},
    journal_rows, links,
};
use crate::store::*;

impl Store {
    /// How the account stands once its password was given.
    pub(crate) async fn standing(&self, account: AccountId) -> Result<Standing, StoreError> {
        self.read_of(JournalSubject::Account(account), |tx| standing(tx, account))
            .await
    }

    /// A recovery that is under way.
    pub(crate) async fn recovery(&self, id: RecoveryId) -> Result<Option<Recovery>, StoreError> {
        self.read(|tx| get(tx, id))
    }
}

/// A query for recoveries, which says whether an operator's reset began it: that happened at the
/// same time.
macro_rules! recovery {
    ($where:literal) => {
        concat!(
            "SELECT recovery.*, EXISTS (SELECT 1 FROM event
               WHERE event.account = recovery.account AND what = 'admin-reset' AND at = began_at
             ) AS by_operator
             FROM recovery WHERE ",
            $where
        )
    };
}

fn from_row(row: &dyn Row) -> Result<Recovery, StoreError> {
    Ok(Recovery {
        id: row.get("id")?,
        account: row.get("account")?,
        ripe_at: row.get("ripe_at")?,
        by_panic: row.get("by_panic")?,
        by_operator: row.get("by_operator")?,
        finished_at: row.get("finished_at")?,
    })
}

pub(super) fn deletion_from_row(row: &dyn Row) -> Result<Deletion, StoreError> {
    Ok(Deletion {
        id: row.get("id")?,
        account: row.get("account")?,
        due_at: row.get("due_at")?,
    })
}

pub(super) fn standing(tx: &dyn Tx, account: AccountId) -> Result<Standing, StoreError> {
    let found = tx.one(
        "SELECT guarded, kind, disabled_at FROM account WHERE acc = ?1",
        params![account.0],
        |row| {
            let disabled_at: Option<Time> = row.get("disabled_at")?;
            Ok((row.get("guarded")?, row.get("kind")?, disabled_at.is_some()))
        },
    )?;
    // An account that is gone is guarded best.
    let (guarded, kind, disabled) = found.unwrap_or((true, AccountKind::Own, true));
    Ok(Standing {
        guarded,
        disabled,
        staff: kind == AccountKind::Staff,
        recovery: tx.one(
            recovery!("recovery.account = ?1 AND finished_at IS NULL"),
            params![account.0],
            from_row,
        )?,
        deletion: tx.one(
            "SELECT * FROM deletion WHERE account = ?1 AND begun_at IS NULL",
            params![account.0],
            deletion_from_row,
        )?,
    })
}

/// From now on the password alone adds no factor.
pub(super) fn guard(tx: &dyn Tx, account: AccountId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET guarded = 1 WHERE acc = ?1",
        params![account.0],
    )?;
    Ok(())
}

/// Ends the way back into a recovery that was finished minutes ago: whoever finished it might send
/// the same form again, and be let in again.
pub(super) fn end_finished(tx: &dyn Tx, account: AccountId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM recovery WHERE account = ?1 AND finished_at IS NOT NULL",
        params![account.0],
    )?;
    Ok(())
}

/// Ends every session and the way back into a finished recovery, ends what is under way, and
/// deletes every factor.
pub(super) fn clear(
    tx: &dyn Tx,
    account: AccountId,
    now: Time,
) -> Result<Vec<DeviceId>, StoreError> {
    let devices = tx.all(
        "SELECT dev FROM device WHERE account = ?1",
        params![account.0],
        |row| row.get("dev"),
    )?;
    entered::end_all(tx, account, now)?;
    let values: &[Value<'_>] = params![account.0];
    tx.batch(&[
        ("DELETE FROM session WHERE account = ?1", values),
        ("DELETE FROM known_browser WHERE account = ?1", values),
        ("DELETE FROM device WHERE account = ?1", values),
        ("UPDATE enrolment SET state = 'void', code = NULL WHERE account = ?1 AND state <> 'done'", values),
    ])?;
    end_finished(tx, account)?;
    guard(tx, account)?;
    // Whoever deletes every factor, or gets the account back, wants to keep it.
    cancel_deletion(tx, account, now)?;
    links::end_of_account(tx, account, now)?;
    tx.execute(
        "UPDATE challenge SET state = 'replaced', closed_at = ?2 WHERE account = ?1 AND state IN ('open', 'approved')",
        params![account.0, now],
    )?;
    Ok(devices)
}

/// Cancels the account's recovery, if there is one. Deleted factors stay deleted, and the account
/// guarded.
pub(super) fn cancel_of(tx: &dyn Tx, account: AccountId, now: Time) -> Result<bool, StoreError> {
    let cancelled = forget_recovery(tx, account)?;
    if cancelled {
        note(tx, account, "recovery-cancelled", "", now)?;
    }
    Ok(cancelled)
}

/// The same where another message says it.
pub(super) fn cancel_silently(
    tx: &dyn Tx,
    account: AccountId,
    now: Time,
) -> Result<(), StoreError> {
    match forget_recovery(tx, account)? {
        true => note_silently(tx, account, "recovery-cancelled", "", now),
        false => Ok(()),
    }
}

fn forget_recovery(tx: &dyn Tx, account: AccountId) -> Result<bool, StoreError> {
    let under_way = "DELETE FROM recovery WHERE account = ?1 AND finished_at IS NULL";
    Ok(tx.execute(under_way, params![account.0])? == 1)
}

/// Cancels the account's deletion, if one waits. Whoever does so has the account, or a message
/// about it; cancelling takes nothing from anybody.
pub(super) fn cancel_deletion(
    tx: &dyn Tx,
    account: AccountId,
    now: Time,
) -> Result<bool, StoreError> {
    if !forget_deletion(tx, account)? {
        return Ok(false);
    }
    let cancelled = JournalEntry::DeletionCancelled(account);
    journal_rows::record(tx, &cancelled, now)?;
    note(tx, account, "deletion-cancelled", "", now)?;
    Ok(true)
}

/// Lets no deletion of the account wait. `false`: none did.
pub(super) fn forget_deletion(tx: &dyn Tx, account: AccountId) -> Result<bool, StoreError> {
    let waiting = "DELETE FROM deletion WHERE account = ?1 AND begun_at IS NULL";
    Ok(tx.execute(waiting, params![account.0])? == 1)
}

pub(super) fn get(tx: &dyn Tx, id: RecoveryId) -> Result<Option<Recovery>, StoreError> {
    tx.one(recovery!("recovery.id = ?1"), params![id], from_row)
}
