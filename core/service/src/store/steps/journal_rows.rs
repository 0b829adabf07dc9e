//! The journal's rows: what a restore must not undo, recorded in the transaction that did it.

use countersign_protocol::Time;

use crate::store::*;

/// Rows are dropped once in so many seconds.
const DROPPED_EVERY: Time = 24 * 3600;

/// Leaves a mark in the place of the last row that is older than any backup that is restored, and
/// drops `at_most` of those before it; the newest row stays, for the numbers go on from it. Returns
/// how many it changed: none where there is less than a day's, which can wait. What an interrupted
/// drop has left before its mark is dropped first, and does not wait.
pub(super) fn drop_old(tx: &dyn Tx, before: Time, at_most: u32) -> Result<usize, StoreError> {
    let begun = mark(tx)?;
    let mark = match first(tx)? < begun {
        true => begun,
        false => next_mark(tx, before)?,
    };
    if mark == 0 {
        return Ok(0);
    }
    // First: where it stands, what is before it does not count any more.
    let marked = tx.execute(
        "UPDATE journal SET entry = ?2 WHERE seq = ?1 AND entry <> ?2",
        params![mark, JournalEntry::Dropped.to_text()],
    )?;
    let dropped = tx.execute(
        "DELETE FROM journal WHERE seq IN
           (SELECT seq FROM journal WHERE seq < ?1 ORDER BY seq LIMIT ?2)",
        params![mark, at_most],
    )?;
    Ok(dropped + marked)
}

/// The number of the row up to which all can be dropped; 0 where that can wait.
fn next_mark(tx: &dyn Tx, before: Time) -> Result<u64, StoreError> {
    // A number may be missing: that of a damaged line which somebody deleted.
    let mark = tx.one(
        "SELECT coalesce(max(seq), 0) AS mark FROM journal
         WHERE seq < (SELECT coalesce((SELECT min(seq) FROM journal WHERE at >= ?1), max(seq)) FROM journal)
           AND EXISTS (SELECT 1 FROM journal WHERE entry <> ?2 AND at < ?1 - ?3)",
        params![
            before,
            JournalEntry::Dropped.to_text(),
            DROPPED_EVERY
        ],
        |row| row.get("mark"),
    )?;
    Ok(mark.unwrap_or(0))
}

/// The number of the newest mark: no row before it counts. 0 where nothing was dropped yet.
pub(in crate::store) fn mark(tx: &dyn Tx) -> Result<u64, StoreError> {
    let mark = tx.one(
        "SELECT coalesce(max(seq), 0) AS mark FROM journal WHERE entry = ?1",
        params![JournalEntry::Dropped.to_text()],
        |row| row.get("mark"),
    )?;
    Ok(mark.unwrap_or(0))
}

/// The number of the first row.
fn first(tx: &dyn Tx) -> Result<u64, StoreError> {
    let first = tx.one(
        "SELECT coalesce(min(seq), 0) AS first FROM journal",
        params![],
        |row| row.get("first"),
    )?;
    Ok(first.unwrap_or(0))
}

/// Records what a restore must not undo.
pub(in crate::store) fn record(
    tx: &dyn Tx,
    entry: &JournalEntry,
    now: Time,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO journal (at, entry) VALUES (?1, ?2)",
        params![now, entry.to_text()],
    )?;
    Ok(())
}

/// The number of the last row.
pub(in crate::store) fn last(tx: &dyn Tx) -> Result<u64, StoreError> {
    let last = tx.one(
        "SELECT coalesce(max(seq), 0) AS last FROM journal",
        params![],
        |row| row.get("last"),
    )?;
    Ok(last.unwrap_or(0))
}

/// The rows after this number.
pub(in crate::store) fn since(tx: &dyn Tx, seq: u64) -> Result<Vec<Recorded>, StoreError> {
    tx.all(
        "SELECT seq, at, entry FROM journal WHERE seq > ?1 ORDER BY seq",
        params![seq],
        |row| {
            Ok(Recorded {
                seq: row.get("seq")?,
                at: row.get("at")?,
                entry: row.get("entry")?,
            })
        },
    )
}

/// The rows that count: those from the newest mark on.
pub(in crate::store) fn kept(tx: &dyn Tx) -> Result<Vec<Recorded>, StoreError> {
    let mark = mark(tx)?;
    since(tx, mark.saturating_sub(1))
}
