//! What ends a device or changes its name: removal, suspension, another name.

use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId},
};

use super::{
    devices::{get, of, of_account},
    entered,
    events::note,
    facts, journal_rows, sessions,
    standing::{self, guard},
};
use crate::{
    policy::changes::{Change, Proof, Refused},
    store::*,
};

impl Store {
    /// Gives a device another name, where the policy allows it; `false` when it isn't this
    /// account's.
    pub(crate) async fn rename_device(
        &self,
        account: AccountId,
        dev: DeviceId,
        name: String,
        now: Time,
    ) -> Result<Result<bool, Refused>, StoreError> {
        self.write(Write::RenameDevice, move |tx| {
            match facts::allow(tx, account, Change::Rename, Proof::Session, now)? {
                Ok(()) => rename(tx, account, dev, &name, now).map(Ok),
                Err(refused) => Ok(Err(refused)),
            }
        })
        .await
    }

    /// A device removes itself, whatever its state: its key alone says so. It goes with everything
    /// that was sealed for it, all sessions of the account end, and if it was the last the account
    /// is guarded. `false` when it is gone already.
    pub(crate) async fn remove_by_device(
        &self,
        dev: DeviceId,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write_of(
            JournalSubject::Device(dev),
            Write::RemoveByDevice,
            move |tx| remove_by_itself(tx, dev, now),
        )
        .await
    }
}

/// Removes a device, as the policy has allowed; `false` when it isn't this account's.
pub(super) fn remove(
    tx: &dyn Tx,
    account: AccountId,
    dev: DeviceId,
    keep: SessionHash,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(device) = of(tx, account, dev)? else {
        return Ok(false);
    };
    delete(tx, &device, Some(keep), now)?;
    removed(tx, &device, "device-removed", now)?;
    Ok(true)
}

/// Records a removal. When no device is left the account is guarded, so that the password and
/// whatever removed the last device are not enough to put another in its place.
fn removed(tx: &dyn Tx, device: &Device, what: &str, now: Time) -> Result<(), StoreError> {
    let account = device.account;
    journal_rows::record(tx, &JournalEntry::Removed(account, device.dev), now)?;
    let last = of_account(tx, account)?.is_empty();
    if last {
        guard(tx, account)?;
        journal_rows::record(tx, &JournalEntry::Guarded(account), now)?;
        // The person can't sign in any more, which would cancel it.
        standing::cancel_deletion(tx, account, now)?;
    }
    let what = if last { "last-device-removed" } else { what };
    note(tx, account, what, &device.name, now)
}

/// Deletes a device with everything that was sealed for it, and ends all sessions of its account
/// but `keep`.
pub(super) fn delete(
    tx: &dyn Tx,
    device: &Device,
    keep: Option<SessionHash>,
    now: Time,
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM device WHERE dev = ?1", params![device.dev.0])?;
    // Whoever had the phone may be signed in elsewhere.
    sessions::end_others(tx, device.account, keep, now)?;
    end_challenges(tx, device.dev, now)
}

/// Ends what a device was asked.
fn end_challenges(tx: &dyn Tx, dev: DeviceId, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE challenge SET state = 'replaced', closed_at = ?2 WHERE dev = ?1 AND state = 'open'",
        params![dev.0, now],
    )?;
    Ok(())
}

/// A device removes itself, which takes no PIN: whoever holds the phone can do it.
pub(super) fn remove_by_itself(tx: &dyn Tx, dev: DeviceId, now: Time) -> Result<bool, StoreError> {
    let Some(device) = get(tx, dev)? else {
        return Ok(false);
    };
    if device.state == DeviceState::Pending {
        tx.execute(
            "UPDATE enrolment SET state = 'void', code = NULL WHERE id = ?1",
            params![device.enrolment.0],
        )?;
        tx.execute("DELETE FROM device WHERE dev = ?1", params![dev.0])?;
        note(tx, device.account, "enrolment-void", &device.name, now)?;
        return Ok(true);
    }
    delete(tx, &device, None, now)?;
    removed(tx, &device, "device-removed-itself", now)?;
    Ok(true)
}

pub(super) fn suspend(tx: &dyn Tx, device: &Device, now: Time) -> Result<(), StoreError> {
    stop(tx, device, now)?;
    journal_rows::record(
        tx,
        &JournalEntry::Suspended(device.account, device.dev),
        now,
    )?;
    note(tx, device.account, "device-suspended", &device.name, now)
}

/// Suspends a device.
pub(super) fn stop(tx: &dyn Tx, device: &Device, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE device SET state = 'suspended' WHERE dev = ?1",
        params![device.dev.0],
    )?;
    // Nobody knows which of the two phones opened them.
    entered::end_all(tx, device.account, now)?;
    tx.execute(
        "DELETE FROM session WHERE account = ?1 AND signed_in = 1",
        params![device.account.0],
    )?;
    end_challenges(tx, device.dev, now)?;
    let values: &[Value<'_>] = params![device.dev.0];
    tx.batch(&[
        (
            "DELETE FROM pin_grant WHERE dev = ?1 OR by_dev = ?1",
            values,
        ),
        ("DELETE FROM pending_change WHERE by_dev = ?1", values),
        // It may be the copy's.
        ("DELETE FROM push_address WHERE dev = ?1", values),
    ])?;
    Ok(())
}

pub(super) fn rename(
    tx: &dyn Tx,
    account: AccountId,
    dev: DeviceId,
    name: &str,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(device) = of(tx, account, dev)? else {
        return Ok(false);
    };
    if device.name != name {
        tx.execute(
            "UPDATE device SET name = ?2 WHERE dev = ?1",
            params![dev.0, name],
        )?;
        let change = format!("{} → {name}", device.name);
        note(tx, account, "device-renamed", &change, now)?;
    }
    Ok(true)
}
