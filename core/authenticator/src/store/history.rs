//! Rows of the event history.

use countersign_protocol::Time;
use countersign_protocol::id::Svc;
use rusqlite::{Connection, params};

use super::{Store, StoreError};

/// The most events that are kept in all. Beyond it the oldest event of the service with the most
/// events goes. So a service can push out only events of one that has more than itself: of `n`
/// services each keeps its newest `MOST / n` events, or [`MOST_OF_A_SERVICE`] if that is less.
const MOST: i64 = 2_000;
/// The most events that are kept of one service; its older ones go.
const MOST_OF_A_SERVICE: i64 = 500;

/// An event as it is stored: all of it is readable, none of it secret.
pub(crate) struct Record {
    pub(crate) at: Time,
    /// The service, unless the event is about none.
    pub(crate) svc: Option<Svc>,
    /// The account's number, unless the event is about none.
    pub(crate) account: Option<u32>,
    /// The account's name then.
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) detail: String,
}

impl Store {
    /// Adds an event, in the transaction of the change that it describes, and removes what is then
    /// beyond the bounds.
    pub(crate) fn add_record(
        &self,
        connection: &Connection,
        record: &Record,
    ) -> Result<(), StoreError> {
        let svc = record.svc.map(|svc| svc.0);
        self.run(
            connection,
            "INSERT INTO history (at, svc, account, name, kind, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                record.at as i64,
                svc,
                record.account,
                record.name,
                record.kind,
                record.detail
            ],
        )?;
        self.run(
            connection,
            "DELETE FROM history WHERE svc IS ?1 AND id <= \
             (SELECT id FROM history WHERE svc IS ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
            params![svc, MOST_OF_A_SERVICE],
        )?;
        self.run(
            connection,
            "DELETE FROM history WHERE (SELECT count(*) FROM history) > ?1 AND id = \
             (SELECT min(id) FROM history GROUP BY svc ORDER BY count(*) DESC LIMIT 1)",
            [MOST],
        )
    }

    /// The newest events, the newest first.
    pub(crate) fn records(&self, most: i64) -> Result<Vec<Record>, StoreError> {
        self.read(|connection| {
            connection
                .prepare("SELECT at, svc, account, name, kind, detail FROM history ORDER BY id DESC LIMIT ?1")?
                .query_map([most], |row| {
                    Ok(Record {
                        at: row.get::<_, i64>(0)?.unsigned_abs(),
                        svc: row.get::<_, Option<_>>(1)?.map(Svc),
                        account: row.get(2)?,
                        name: row.get(3)?,
                        kind: row.get(4)?,
                        detail: row.get(5)?,
                    })
                })?
                .collect()
        })
    }
}
