//! Rows of slot B, the PIN epoch that is being prepared, and of keys that were discarded.

use countersign_protocol::Step;
use countersign_protocol::id::Hash;
use countersign_protocol::update::ChangeKind;
use rusqlite::{Connection, params};

use super::{Store, StoreError};
use crate::durable::Write;

/// Slot B without its secrets.
#[derive(Clone)]
pub(crate) struct PendingChange {
    pub(crate) epoch: u32,
    /// Of the newest message that was sent for it.
    pub(crate) hash: Hash,
    pub(crate) kind: ChangeKind,
    /// Whether `commit` may have been sent.
    pub(crate) accepted: bool,
    /// The step of its chain value.
    pub(crate) step: Step,
    /// The handle of the new K_dev in a rotation.
    pub(crate) device_key: Option<Vec<u8>>,
}

/// A key that its store has yet to forget.
pub(crate) struct DiscardedKey {
    id: i64,
    pub(crate) handle: Vec<u8>,
    /// Of the biometric store.
    pub(crate) biometric: bool,
}

impl Store {
    /// Stores slot B with its sealed secrets, each a field name and a blob.
    pub(crate) fn add_pending(
        &self,
        connection: &Connection,
        account: u32,
        pending: &PendingChange,
        sealed: [(&'static str, &[u8]); 2],
    ) -> Result<(), StoreError> {
        self.expect_remains(connection)?;
        self.run(
            connection,
            "INSERT INTO pending_change (account, epoch, hash, kind, accepted, step, device_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                account,
                pending.epoch,
                pending.hash.0,
                pending.kind as i64,
                pending.accepted,
                pending.step as i64,
                pending.device_key
            ],
        )?;
        for (field, blob) in sealed {
            self.run(
                connection,
                "INSERT INTO sealed (account, field, epoch, blob) VALUES (?1, ?2, ?3, ?4)",
                params![account, field, pending.epoch, blob],
            )?;
        }
        Ok(())
    }

    /// Writes back the parts of slot B that a re-signed message changes: its hash, and the chain
    /// value with its step.
    pub(crate) fn sign_pending_anew(
        &self,
        connection: &Connection,
        account: u32,
        pending: &PendingChange,
        (field, blob): (&'static str, &[u8]),
    ) -> Result<(), StoreError> {
        self.run(
            connection,
            "UPDATE pending_change SET hash = ?2, step = ?3 WHERE account = ?1",
            params![account, pending.hash.0, pending.step as i64],
        )?;
        self.run(
            connection,
            "UPDATE sealed SET blob = ?4 WHERE account = ?1 AND field = ?2 AND epoch = ?3",
            params![account, field, pending.epoch, blob],
        )
    }

    /// The service took the change: `commit` may be sent from here on.
    pub(crate) fn accept_pending(
        &self,
        connection: &Connection,
        account: u32,
    ) -> Result<(), StoreError> {
        self.run(
            connection,
            "UPDATE pending_change SET accepted = 1 WHERE account = ?1",
            [account],
        )
    }

    /// Takes slot B away: its row, and every secret of the account that is not of the epoch `kept`.
    pub(crate) fn close_pending(
        &self,
        connection: &Connection,
        account: u32,
        kept: u32,
    ) -> Result<(), StoreError> {
        self.expect_remains(connection)?;
        self.run(
            connection,
            "DELETE FROM pending_change WHERE account = ?1",
            [account],
        )?;
        self.run(
            connection,
            "DELETE FROM sealed WHERE account = ?1 AND epoch <> ?2",
            params![account, kept],
        )
    }

    /// Moves a secret that outlives its epoch into the next one, sealed again for it.
    pub(crate) fn move_sealed(
        &self,
        connection: &Connection,
        account: u32,
        field: &str,
        (from, to): (u32, u32),
        blob: &[u8],
    ) -> Result<(), StoreError> {
        self.run(
            connection,
            "UPDATE sealed SET epoch = ?4, blob = ?5 WHERE account = ?1 AND field = ?2 AND epoch = ?3",
            params![account, field, from, to, blob],
        )
    }

    /// Notes a key that its store has to forget.
    pub(crate) fn discard_key(
        &self,
        connection: &Connection,
        handle: &[u8],
        biometric: bool,
    ) -> Result<(), StoreError> {
        self.run(
            connection,
            "INSERT INTO discarded_key (handle, biometric) VALUES (?1, ?2)",
            params![handle, biometric],
        )
    }

    pub(crate) fn discarded_keys(&self) -> Result<Vec<DiscardedKey>, StoreError> {
        self.read(|connection| {
            connection
                .prepare("SELECT id, handle, biometric FROM discarded_key ORDER BY id")?
                .query_map([], |row| {
                    Ok(DiscardedKey {
                        id: row.get(0)?,
                        handle: row.get(1)?,
                        biometric: row.get(2)?,
                    })
                })?
                .collect()
        })
    }

    /// A key store has forgotten a key.
    pub(crate) fn forget_discarded(&self, key: &DiscardedKey) -> Result<(), StoreError> {
        self.write(Write::KeyForgotten, |transaction| {
            self.expect_remains(transaction)?;
            self.run(
                transaction,
                "DELETE FROM discarded_key WHERE id = ?1",
                [key.id],
            )
        })
    }
}
