//! What the policy of changes is asked with, read in the transaction that makes the change.

use countersign_protocol::{Time, id::AccountId};

use super::{accounts, devices, standing};
use crate::{
    policy::{
        self,
        changes::{Change, Facts, Proof, Rank, Refused, allows},
    },
    store::*,
};

impl Store {
    /// How the account stands, for the policy of changes.
    pub(crate) async fn facts(&self, account: AccountId, now: Time) -> Result<Facts, StoreError> {
        self.read_of(JournalSubject::Account(account), |tx| of(tx, account, now))
            .await
    }
}

/// How an account stands. One that is gone stands like one that is guarded.
pub(super) fn of(tx: &dyn Tx, account: AccountId, now: Time) -> Result<Facts, StoreError> {
    let devices = devices::of_account(tx, account)?;
    let standing = standing::standing(tx, account)?;
    let by_link = tx.one(
        "SELECT password_by_link_at FROM account
         WHERE acc = ?1 AND password_by_link_at IS NOT NULL",
        params![account.0],
        |row| row.get::<Time>("password_by_link_at"),
    )?;
    let works = |device: &Device| device.state == DeviceState::Active && !device.is_blocked();
    Ok(Facts {
        held: (!devices.is_empty()).then_some(Rank::Three),
        able: devices.iter().any(works),
        guarded: standing.guarded,
        staff: standing.staff,
        recovering: standing.recovery.is_some(),
        weak_password: by_link.is_some_and(|at| now < at + policy::WEAK_PASSWORD_SECONDS),
    })
}

/// Whether `change` may be made now, where `given` was proved for it.
pub(super) fn allow(
    tx: &dyn Tx,
    account: AccountId,
    change: Change,
    given: Proof,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    if accounts::is_disabled(tx, account)? {
        return Ok(Err(Refused::Disabled));
    }
    Ok(allows(change, &of(tx, account, now)?, given))
}
