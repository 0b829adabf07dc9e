//! Rows of accounts that were removed here and whose removal is not reported to the service yet.

use countersign_protocol::id::{AccountId, DeviceId, Svc};
use rusqlite::{Connection, Row, params};

use super::accounts::Account;
use super::{Store, StoreError};

/// The remains of an account that was removed, until its removal is reported.
pub(crate) struct Removal {
    id: i64,
    pub(crate) svc: Svc,
    pub(crate) acc: AccountId,
    pub(crate) dev: DeviceId,
    pub(crate) origin: String,
    /// The handle of K_dev, and in whose name it was made; with those of slot B after them.
    pub(crate) keys: Vec<(Vec<u8>, u32)>,
}

fn removal(row: &Row<'_>) -> rusqlite::Result<Removal> {
    let other: Option<Vec<u8>> = row.get(7)?;
    let mut keys = vec![(row.get(5)?, row.get(6)?)];
    if let Some(other) = other {
        keys.push((other, row.get(8)?));
    }
    Ok(Removal {
        id: row.get(0)?,
        svc: Svc(row.get(1)?),
        acc: AccountId(row.get(2)?),
        dev: DeviceId(row.get(3)?),
        origin: row.get(4)?,
        keys,
    })
}

impl Store {
    /// Keeps of an account, in the transaction that removes it, what signs that it is gone.
    pub(crate) fn add_removal(
        &self,
        connection: &Connection,
        account: &Account,
    ) -> Result<(), StoreError> {
        let other = account
            .pending
            .as_ref()
            .and_then(|slot| Some((slot.device_key.as_deref()?, slot.epoch)));
        self.run(
            connection,
            "INSERT INTO removal (svc, acc, dev, device_key, device_key_epoch, other_key, other_key_epoch) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                account.svc.0,
                account.acc.0,
                account.dev.0,
                account.device_key,
                account.device_key_epoch,
                other.map(|(key, _)| key),
                other.map(|(_, epoch)| epoch)
            ],
        )
    }

    /// Every removal that is not reported yet, in order.
    pub(crate) fn removals(&self) -> Result<Vec<Removal>, StoreError> {
        self.read(|connection| {
            connection
                .prepare(
                    "SELECT id, removal.svc, acc, dev, origin, device_key, device_key_epoch, other_key, other_key_epoch \
                     FROM removal JOIN service USING (svc) ORDER BY id",
                )?
                .query_map([], removal)?
                .collect()
        })
    }

    /// The removal was reported.
    pub(crate) fn close_removal(
        &self,
        connection: &Connection,
        removal: &Removal,
    ) -> Result<(), StoreError> {
        self.expect_remains(connection)?;
        self.run(
            connection,
            "DELETE FROM removal WHERE id = ?1",
            [removal.id],
        )?;
        for (key, _) in &removal.keys {
            self.discard_key(connection, key, false)?;
        }
        self.remove_service(connection, removal.svc)
    }
}
