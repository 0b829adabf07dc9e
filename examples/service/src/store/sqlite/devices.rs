//! Devices and their chains.

use countersign_protocol::{
    Step, Time,
    id::{AccountId, DeviceId},
    policy::steps::{Reported, reported},
};
use rusqlite::{Connection, params};

use super::{
    accounts::note,
    journal, recovery,
    rows::{self, all, int, num, one, run},
};
use crate::store::*;

pub(super) fn of_account(c: &Connection, account: AccountId) -> Result<Vec<Device>, StoreError> {
    all(
        c,
        "SELECT * FROM device WHERE account = ?1 AND state <> 'pending' ORDER BY created_at, dev",
        [account.0],
        rows::device,
    )
}

pub(super) fn get(c: &Connection, dev: DeviceId) -> Result<Option<Device>, StoreError> {
    one(
        c,
        "SELECT * FROM device WHERE dev = ?1",
        [dev.0],
        rows::device,
    )
}

/// A device of this account that is past its enrolment.
pub(super) fn of(
    c: &Connection,
    account: AccountId,
    dev: DeviceId,
) -> Result<Option<Device>, StoreError> {
    let device = get(c, dev)?;
    Ok(device.filter(|device| device.account == account && device.state != DeviceState::Pending))
}

pub(super) fn rename(
    c: &Connection,
    account: AccountId,
    dev: DeviceId,
    name: &str,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(device) = of(c, account, dev)? else {
        return Ok(false);
    };
    if device.name != name {
        run(
            c,
            "UPDATE device SET name = ?2 WHERE dev = ?1",
            params![dev.0, name],
        )?;
        let change = format!("{} → {name}", device.name);
        note(c, account, "device-renamed", &change, now)?;
    }
    Ok(true)
}

pub(super) fn remove(
    c: &Connection,
    account: AccountId,
    dev: DeviceId,
    keep: SessionHash,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(device) = of(c, account, dev)? else {
        return Ok(false);
    };
    // Factors don't change during a recovery.
    if recovery::standing(c, account)?.recovery.is_some() {
        return Ok(false);
    }
    delete(c, &device, Some(keep), now)?;
    journal::record(c, &JournalEntry::Removed(account, dev), now)?;
    note(c, account, "device-removed", &device.name, now)?;
    Ok(true)
}

/// Deletes a device with everything that was sealed for it, and ends all sessions of its account but `keep`.
pub(super) fn delete(
    c: &Connection,
    device: &Device,
    keep: Option<SessionHash>,
    now: Time,
) -> Result<(), StoreError> {
    run(c, "DELETE FROM device WHERE dev = ?1", [device.dev.0])?;
    // Whoever had the phone may be signed in elsewhere.
    run(
        c,
        "DELETE FROM session WHERE account = ?1 AND hash IS NOT ?2",
        params![device.account.0, keep],
    )?;
    end_challenges(c, device.dev, now)
}

/// Ends what a device was asked.
fn end_challenges(c: &Connection, dev: DeviceId, now: Time) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE challenge SET state = 'replaced', closed_at = ?2 WHERE dev = ?1 AND state = 'open'",
        params![dev.0, int(now)],
    )?;
    Ok(())
}

/// A device removes itself, which takes no PIN: whoever holds the phone can do it. So that this and the password are not enough to put
/// another phone in its place, the account is guarded when no device is left.
pub(super) fn remove_by_itself(
    c: &Connection,
    dev: DeviceId,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(device) = get(c, dev)? else {
        return Ok(false);
    };
    if device.state == DeviceState::Pending {
        run(
            c,
            "UPDATE enrolment SET state = 'void', code = NULL WHERE id = ?1",
            [device.enrolment.0],
        )?;
        run(c, "DELETE FROM device WHERE dev = ?1", [dev.0])?;
        note(c, device.account, "enrolment-void", &device.name, now)?;
        return Ok(true);
    }
    delete(c, &device, None, now)?;
    journal::record(c, &JournalEntry::Removed(device.account, dev), now)?;
    let what = if of_account(c, device.account)?.is_empty() {
        recovery::guard(c, device.account)?;
        journal::record(c, &JournalEntry::Guarded(device.account), now)?;
        "last-device-removed"
    } else {
        "device-removed-itself"
    };
    note(c, device.account, what, &device.name, now)?;
    Ok(true)
}

pub(super) fn suspend(c: &Connection, device: &Device, now: Time) -> Result<(), StoreError> {
    stop(c, device, now)?;
    journal::record(c, &JournalEntry::Suspended(device.account, device.dev), now)?;
    note(c, device.account, "device-suspended", &device.name, now)
}

/// Suspends a device.
pub(super) fn stop(c: &Connection, device: &Device, now: Time) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE device SET state = 'suspended' WHERE dev = ?1",
        [device.dev.0],
    )?;
    // Nobody knows which of the two phones opened them.
    run(
        c,
        "DELETE FROM session WHERE account = ?1 AND signed_in = 1",
        [device.account.0],
    )?;
    end_challenges(c, device.dev, now)?;
    for sql in [
        "DELETE FROM pin_grant WHERE dev = ?1 OR by_dev = ?1",
        "DELETE FROM pending_change WHERE by_dev = ?1",
        // It may be the copy's.
        "DELETE FROM push_address WHERE dev = ?1",
    ] {
        run(c, sql, [device.dev.0])?;
    }
    Ok(())
}

pub(super) fn adopt_last(
    c: &Connection,
    dev: DeviceId,
    last: Step,
    restored: Option<bool>,
    now: Time,
) -> Result<Step, StoreError> {
    let Some(device) = get(c, dev)? else {
        return Ok(0);
    };
    let allotted = one(
        c,
        "SELECT step FROM account WHERE acc = ?1",
        [device.account.0],
        |row| num(row, "step"),
    )?
    .unwrap_or(0);
    if let Some(restored) = restored {
        match reported(
            allotted,
            last,
            restored && device.state == DeviceState::Active,
        ) {
            Reported::Keep => {}
            Reported::Raise(step) => {
                run(
                    c,
                    "UPDATE account SET step = ?2 WHERE acc = ?1",
                    params![device.account.0, int(step)],
                )?;
            }
            Reported::Suspend => {
                suspend(c, &device, now)?;
                return Ok(device.chain_step);
            }
        }
    }
    // A code that the phone has spent may still be on its way to the page: the chain waits for the open challenges.
    Ok(next_step(c, device.account, now)?.min(last + 1))
}

pub(super) fn advance_chain(c: &Connection, chain: &NewChain) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE device SET chain = ?3, chain_step = ?4 WHERE dev = ?1 AND epoch = ?2 AND chain_step < ?4",
        params![chain.dev.0, chain.epoch, chain.chain, int(chain.to)],
    )?;
    run(
        c,
        "UPDATE past_epoch SET chain = ?3, chain_step = ?4 WHERE dev = ?1 AND epoch = ?2 AND chain_step < ?4",
        params![chain.dev.0, chain.epoch, chain.chain, int(chain.to)],
    )?;
    Ok(())
}

pub(super) fn next_step(c: &Connection, account: AccountId, now: Time) -> Result<Step, StoreError> {
    let next = one(
        c,
        "SELECT coalesce(
            (SELECT min(step) FROM challenge WHERE account = ?1 AND step IS NOT NULL AND state = 'open' AND expires_at > ?2),
            (SELECT step + 1 FROM account WHERE acc = ?1)) AS next",
        params![account.0, int(now)],
        |row| Ok(row.get::<_, Option<i64>>("next")?),
    )?;
    Ok(next
        .flatten()
        .and_then(|next| u64::try_from(next).ok())
        .unwrap_or(1))
}
