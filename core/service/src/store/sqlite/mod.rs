//! A database in one SQLite file: one thread writes, batching commits ([`writer`]); readers have
//! connections of their own (WAL). It knows transactions and statements, and no steps.

pub(super) mod backup;
mod open;
mod tx;
mod writer;

use std::{
    fs::File,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;

use super::{StoreError, tx::Tx};
pub(super) use open::look;
pub(crate) use open::{OpenError, is_used};
use writer::Writer;

/// So many idle connections for reading are kept.
const READERS: usize = 8;

/// A database. The service's own holds its folder's lock.
pub(super) struct Sqlite {
    pub(super) writer: Writer,
    pub(super) readers: Arc<Readers>,
    _lock: Option<File>,
}

impl Sqlite {
    /// Lets pending writes finish and closes the database.
    pub(super) fn close(self) {
        drop(self.readers);
        self.writer.stop();
    }
}

/// Connections that only read.
pub(super) struct Readers {
    idle: Mutex<Vec<Connection>>,
    path: PathBuf,
}

impl Readers {
    fn new(path: PathBuf) -> Arc<Self> {
        let idle = Mutex::default();
        Arc::new(Self { idle, path })
    }

    /// Runs `work` on the calling thread. Each of its queries sees what is committed by then.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&dyn Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lent = idle().pop();
        let connection = lent.map_or_else(|| open::reader(&self.path), Ok)?;
        let result = work(&connection);
        let mut idle = idle();
        if idle.len() < READERS {
            idle.push(connection);
        }
        result
    }

    /// As [`Readers::read`], on a connection of its own, where all queries must see the same
    /// moment.
    pub(super) fn snapshot<T>(
        &self,
        work: impl FnOnce(&dyn Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        snapshot(&open::reader(&self.path)?, work)
    }

    /// Brings the write-ahead log into the database and empties it: see [`open::empty_log`].
    pub(super) fn empty_log(&self) -> Result<(), StoreError> {
        open::empty_log(&self.path)
    }
}

/// Reads as the database is at one moment.
fn snapshot<T>(
    connection: &Connection,
    work: impl FnOnce(&dyn Tx) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // Dropped at the end, which rolls back what changed nothing.
    let transaction = connection.unchecked_transaction()?;
    work(&*transaction)
}
