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
    sessions,
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

/// Removes a device, as the policy has allowed; `false` when it isn't this account's.
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
    delete(c, &device, Some(keep), now)?;
    removed(c, &device, "device-removed", now)?;
    Ok(true)
}

/// Records a removal. When no device is left the account is guarded, so that the password and
/// whatever removed the last device are not enough to put another in its place.
fn removed(c: &Connection, device: &Device, what: &str, now: Time) -> Result<(), StoreError> {
    let account = device.account;
    journal::record(c, &JournalEntry::Removed(account, device.dev), now)?;
    let last = of_account(c, account)?.is_empty();
    if last {
        recovery::guard(c, account)?;
        journal::record(c, &JournalEntry::Guarded(account), now)?;
    }
    let what = if last { "last-device-removed" } else { what };
    note(c, account, what, &device.name, now)
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
    sessions::end_others(c, device.account, keep, now)?;
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

/// A device removes itself, which takes no PIN: whoever holds the phone can do it.
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
    removed(c, &device, "device-removed-itself", now)?;
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
