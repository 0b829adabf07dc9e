//! Rows of the event history.

use countersign_protocol::Time;
use rusqlite::{Connection, params};

use super::{Store, StoreError};

/// The most events that are kept; older ones go.
const MOST: i64 = 2_000;

/// An event as it is stored: all of it is readable, none of it secret.
pub(crate) struct Record {
    pub(crate) at: Time,
    /// The account's number, unless the event is of none.
    pub(crate) account: Option<u32>,
    /// What the account was called then.
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) detail: String,
}

impl Store {
    /// Adds an event inside the transaction of what it tells of.
    pub(crate) fn add_record(
        &self,
        connection: &Connection,
        record: &Record,
    ) -> Result<(), StoreError> {
        let add = || {
            connection
                .prepare_cached(
                    "INSERT INTO history (at, account, name, kind, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    record.at as i64,
                    record.account,
                    record.name,
                    record.kind,
                    record.detail
                ])?;
            connection
                .prepare_cached("DELETE FROM history WHERE id <= ?1 - ?2")?
                .execute([connection.last_insert_rowid(), MOST])
        };
        add().map(drop).map_err(|error| self.failure(error))
    }

    /// Every event, the newest first.
    pub(crate) fn records(&self) -> Result<Vec<Record>, StoreError> {
        self.read(|connection| {
            connection
                .prepare("SELECT at, account, name, kind, detail FROM history ORDER BY id DESC")?
                .query_map([], |row| {
                    Ok(Record {
                        at: row.get::<_, i64>(0)?.unsigned_abs(),
                        account: row.get(1)?,
                        name: row.get(2)?,
                        kind: row.get(3)?,
                        detail: row.get(4)?,
                    })
                })?
                .collect()
        })
    }
}
