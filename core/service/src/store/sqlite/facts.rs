//! What the policy of changes is asked with, read in the transaction that makes the change.

use countersign_protocol::{Time, id::AccountId};
use rusqlite::Connection;

use super::{
    devices, recovery,
    rows::{num, one},
};
use crate::{
    policy::{
        self,
        changes::{Change, Facts, Proof, Rank, Refused, allows},
    },
    store::*,
};

/// How an account stands. One that is gone stands like one that is guarded.
pub(super) fn of(c: &Connection, account: AccountId, now: Time) -> Result<Facts, StoreError> {
    let devices = devices::of_account(c, account)?;
    let standing = recovery::standing(c, account)?;
    let by_link = one(
        c,
        "SELECT password_by_link_at FROM account
         WHERE acc = ?1 AND password_by_link_at IS NOT NULL",
        [account.0],
        |row| num(row, "password_by_link_at"),
    )?;
    let works = |device: &Device| device.state == DeviceState::Active && !device.is_blocked();
    Ok(Facts {
        held: (!devices.is_empty()).then_some(Rank::Three),
        able: devices.iter().any(works),
        guarded: standing.guarded,
        recovering: standing.recovery.is_some(),
        weak_password: by_link.is_some_and(|at| now < at + policy::WEAK_PASSWORD_SECONDS),
    })
}

/// Whether `change` may be made now, where `given` was proved for it.
pub(super) fn allow(
    c: &Connection,
    account: AccountId,
    change: Change,
    given: Proof,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    Ok(allows(change, &of(c, account, now)?, given))
}
