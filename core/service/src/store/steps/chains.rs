//! Devices' chains, and the account's steps.

use countersign_protocol::{
    Step, Time,
    id::{AccountId, DeviceId},
    policy::steps::{Reported, reported},
};

use super::{devices::get, removal::suspend};
use crate::store::*;

impl Store {
    /// A device says that `last` is spent. Answers the step that its chain may be moved to.
    /// `restored`: does the request's state token show a restored service? `None` where there is no
    /// token: only then nothing is done about a device that is ahead of what was allotted;
    /// otherwise the account's step follows it, or the device is suspended.
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
    // A code that the phone has spent may still be on its way to the page: the chain waits for the
    // open challenges.
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
