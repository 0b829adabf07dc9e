//! Devices, as they are read.

use countersign_protocol::{
    id::{AccountId, DeviceId},
    policy::{codes::DeviceEpoch, share::Wrong, tries::Tries},
};

use crate::store::*;

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

/// The devices of an account whose present PIN epoch was copied with the key file.
pub(super) fn copied(tx: &dyn Tx, account: AccountId) -> Result<Vec<DeviceId>, StoreError> {
    tx.all(
        "SELECT dev FROM device WHERE account = ?1 AND copied_epoch = epoch",
        params![account.0],
        |row| row.get("dev"),
    )
}

pub(super) fn from_row(row: &dyn Row) -> Result<Device, StoreError> {
    Ok(Device {
        dev: row.get("dev")?,
        account: row.get("account")?,
        enrolment: row.get("enrolment")?,
        name: row.get("name")?,
        model: row.get("model")?,
        platform: row.get("platform")?,
        state: row.get("state")?,
        created_at: row.get("created_at")?,
        used_at: row.get("used_at")?,
        keys: DeviceKeys {
            device_key: row.get("device_key")?,
            pin_key: row.get("pin_key")?,
            pin_code_secret: row.get("pin_share")?,
            plain_code_secret: row.get("plain_share")?,
            chain: row.get("chain")?,
        },
        hardware: row.get("hardware")?,
        bio_key: row.get("bio_key")?,
        bio_code_secret: row.get("bio_share")?,
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
        month_noticed_at: row.get("month_told")?,
    })
}

/// The tries at a device's PIN.
pub(super) fn read_tries(row: &dyn Row) -> Result<Tries, StoreError> {
    Ok(Tries {
        in_a_row: row.get("wrong_row")?,
        in_epoch: row.get("wrong_epoch")?,
    })
}
