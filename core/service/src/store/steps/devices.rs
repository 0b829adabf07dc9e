//! Devices and their chains.

use countersign_protocol::{
    Step, Time,
    id::{AccountId, DeviceId},
    policy::{
        codes::DeviceEpoch,
        share::Wrong,
        steps::{Reported, reported},
        tries::Tries,
    },
};

use super::{events::note, facts, journal_rows, recovery, sessions};
use crate::{
    policy::changes::{Change, Proof, Refused},
    store::*,
};

impl Store {
    /// An account's devices, pending ones left out, oldest first.
    pub(crate) async fn devices(&self, account: AccountId) -> Result<Vec<Device>, StoreError> {
        self.read_of(JournalSubject::Account(account), |tx| {
            of_account(tx, account)
        })
        .await
    }

    /// A device in any state.
    pub(crate) async fn device(&self, dev: DeviceId) -> Result<Option<Device>, StoreError> {
        self.read_of(JournalSubject::Device(dev), |tx| get(tx, dev))
            .await
    }

    /// Gives a device another name, where the policy allows it; `false` when it isn't this account's.
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

    /// A device removes itself, whatever its state: its key alone says so. It goes with everything that was sealed for it, all sessions of the
    /// account end, and if it was the last the account is guarded. `false` when it is gone already.
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

    /// A device says that `last` is spent. Answers the step that its chain may be moved to. `restored` is told by an answer's state token, and
    /// `None` where there is none: only then nothing is done about a device that is ahead of what was allotted; otherwise the account's step
    /// follows it, or the device is suspended.
    pub(crate) async fn adopt_last(
        &self,
        dev: DeviceId,
        last: Step,
        restored: Option<bool>,
        now: Time,
    ) -> Result<Step, StoreError> {
        self.write_of(JournalSubject::Device(dev), Write::AdoptLast, move |tx| {
            adopt_last(tx, dev, last, restored, now)
        })
        .await
    }

    /// Moves a device's chain forward; it never goes back.
    pub(crate) async fn advance_chain(&self, chain: NewChain) -> Result<(), StoreError> {
        self.write(Write::AdvanceChain, move |tx| advance_chain(tx, &chain))
            .await
    }

    /// The least step for which the account has or may get an open challenge.
    pub(crate) async fn next_step(
        &self,
        account: AccountId,
        now: Time,
    ) -> Result<Step, StoreError> {
        self.read(|tx| next_step(tx, account, now))
    }
}

pub(super) fn of_account(tx: &dyn Tx, account: AccountId) -> Result<Vec<Device>, StoreError> {
    tx.all(
        "SELECT * FROM device WHERE account = ?1 AND state <> 'pending' ORDER BY created_at, dev",
        params![account.0],
        from_row,
    )
}

pub(in crate::store) fn get(tx: &dyn Tx, dev: DeviceId) -> Result<Option<Device>, StoreError> {
    tx.one(
        "SELECT * FROM device WHERE dev = ?1",
        params![dev.0],
        from_row,
    )
}

/// A device of this account that is past its enrolment.
pub(super) fn of(
    tx: &dyn Tx,
    account: AccountId,
    dev: DeviceId,
) -> Result<Option<Device>, StoreError> {
    let device = get(tx, dev)?;
    Ok(device.filter(|device| device.account == account && device.state != DeviceState::Pending))
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
        recovery::guard(tx, account)?;
        journal_rows::record(tx, &JournalEntry::Guarded(account), now)?;
    }
    let what = if last { "last-device-removed" } else { what };
    note(tx, account, what, &device.name, now)
}

/// Deletes a device with everything that was sealed for it, and ends all sessions of its account but `keep`.
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

pub(super) fn adopt_last(
    tx: &dyn Tx,
    dev: DeviceId,
    last: Step,
    restored: Option<bool>,
    now: Time,
) -> Result<Step, StoreError> {
    let Some(device) = get(tx, dev)? else {
        return Ok(0);
    };
    let allotted = tx
        .one(
            "SELECT step FROM account WHERE acc = ?1",
            params![device.account.0],
            |row| row.get::<Step>("step"),
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
                tx.execute(
                    "UPDATE account SET step = ?2 WHERE acc = ?1",
                    params![device.account.0, step],
                )?;
            }
            Reported::Suspend => {
                suspend(tx, &device, now)?;
                return Ok(device.chain_step);
            }
        }
    }
    // A code that the phone has spent may still be on its way to the page: the chain waits for the open challenges.
    Ok(next_step(tx, device.account, now)?.min(last + 1))
}

pub(super) fn advance_chain(tx: &dyn Tx, chain: &NewChain) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE device SET chain = ?3, chain_step = ?4 WHERE dev = ?1 AND epoch = ?2 AND chain_step < ?4",
        params![chain.dev.0, chain.epoch, chain.chain, chain.to],
    )?;
    tx.execute(
        "UPDATE past_epoch SET chain = ?3, chain_step = ?4 WHERE dev = ?1 AND epoch = ?2 AND chain_step < ?4",
        params![chain.dev.0, chain.epoch, chain.chain, chain.to],
    )?;
    Ok(())
}

pub(super) fn next_step(tx: &dyn Tx, account: AccountId, now: Time) -> Result<Step, StoreError> {
    let next = tx.one(
        "SELECT coalesce(
            (SELECT min(step) FROM challenge WHERE account = ?1 AND step IS NOT NULL AND state = 'open' AND expires_at > ?2),
            (SELECT step + 1 FROM account WHERE acc = ?1)) AS next",
        params![account.0, now],
        |row| row.get::<Option<Step>>("next"),
    )?;
    Ok(next.flatten().unwrap_or(1))
}

pub(super) fn from_row(row: &dyn Row) -> Result<Device, StoreError> {
    Ok(Device {
        dev: row.get("dev")?,
        account: row.get("account")?,
        enrolment: row.get("enrolment")?,
        name: row.get("name")?,
        model: row.get("model")?,
        platform: row.get("platform")?,
        state: row.named("state", DeviceState::from_name)?,
        created_at: row.get("created_at")?,
        used_at: row.get("used_at")?,
        keys: DeviceKeys {
            device_key: row.get("device_key")?,
            pin_key: row.get("pin_key")?,
            pin_share: row.get("pin_share")?,
            plain_share: row.get("plain_share")?,
            chain: row.get("chain")?,
        },
        hardware: row.get("hardware")?,
        bio_key: row.get("bio_key")?,
        bio_share: row.get("bio_share")?,
        epoch: row.get("epoch")?,
        began_with: row.get("began_with")?,
        first_step: row.get("first_step")?,
        chain_step: row.get("chain_step")?,
        counter: row.get("counter")?,
        issued: row.get("issued")?,
        acked: row.get("acked")?,
        tries: read_tries(row)?,
        wrong_codes: DeviceEpoch(Wrong {
            all: row.get("wrong_codes")?,
            unknown: row.get("unknown_codes")?,
        }),
        month: row.get("wrong_month")?,
        month_told: row.get("month_told")?,
    })
}

/// The tries at a device's PIN.
pub(super) fn read_tries(row: &dyn Row) -> Result<Tries, StoreError> {
    Ok(Tries {
        in_a_row: row.get("wrong_row")?,
        in_epoch: row.get("wrong_epoch")?,
    })
}
