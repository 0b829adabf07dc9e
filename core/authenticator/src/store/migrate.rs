//! Numbered migrations: `user_version` is the number of the last one that ran.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreError, failure};
use crate::durable::Write;

/// The migrations in order; the first is number 1. Never change one that was released.
const MIGRATIONS: &[&str] = &[
    include_str!("0001_start.sql"),
    include_str!("0002_life.sql"),
    include_str!("0003_biometrics.sql"),
    include_str!("0004_removal.sql"),
    include_str!("0005_push.sql"),
    include_str!("0006_recovery.sql"),
    include_str!("0007_history.sql"),
    include_str!("0008_first_start.sql"),
];

/// Brings the database to the newest schema, each step in a transaction of its own.
pub(super) fn run(connection: &mut Connection, folder: &Path) -> Result<(), StoreError> {
    let fail = |error| failure(folder, error);
    let known = MIGRATIONS.len() as i64;
    let mut version = read(connection).map_err(fail)?;
    while version != known {
        if !(0..known).contains(&version) {
            return Err(StoreError::Newer {
                folder: folder.to_owned(),
                found: version,
                known,
            });
        }
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fail)?;
        // Another program may have migrated while this one waited.
        version = read(&transaction).map_err(fail)?;
        if let Some(sql) = usize::try_from(version)
            .ok()
            .and_then(|at| MIGRATIONS.get(at))
        {
            transaction.execute_batch(sql).map_err(fail)?;
            version += 1;
            transaction
                .pragma_update(None, "user_version", version)
                .map_err(fail)?;
            Write::Schema.reach();
            transaction.commit().map_err(fail)?;
        }
    }
    Ok(())
}

fn read(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
