//! What the service keeps. The operations of [`Store`] are steps of the protocol, each of them
//! **one transaction**, durable when it returns. A step is written once, in `steps`, over
//! [`tx::Tx`]; a database is an implementation of that ([`sqlite`]), and knows no steps. Nothing
//! here decides about signatures, codes or texts.

mod backup;
mod journal;
mod sqlite;
mod steps;
mod tx;
mod types;

use std::{
    path::Path,
    sync::{Arc, Mutex, OnceLock, atomic::AtomicU64},
};

use countersign_protocol::Step;

pub(crate) use crate::{base::durable::Write, journal::entry::*, keys::own::*, keys::root::Made};
use crate::{
    journal::Journal,
    security::{self, SecurityLog},
};
pub(crate) use backup::{BackupError, backup, own_keys, prepare};
use journal::JournalSubject;
pub(crate) use journal::ReconcileError;
use sqlite::Sqlite;
pub(crate) use sqlite::{OpenError, is_used};
use steps::{journal_rows, sweep};
pub(crate) use steps::{reseal::Position, sweep::Over, tickets::Redeeming};
use tx::{Row, Tx, Value, params};
pub(crate) use types::*;

/// Why the store did not do what it was asked. Nothing was changed, but where it says so.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum StoreError {
    /// No room is left on the disk.
    #[error(
        "there is no room left on the disk that holds the data folder. Free some: until then nothing is changed"
    )]
    Full,
    /// The data folder can't be written.
    #[error(
        "the data folder can't be written ({0}). Give this user the right to write there: until then nothing is changed"
    )]
    ReadOnly(String),
    /// The disk fails, or is too full for SQLite's own files.
    #[error(
        "the disk that holds the data folder is full or fails ({0}). Free some room, or see what the system says of the disk"
    )]
    Disk(String),
    /// Another program has locked the database.
    #[error("another program uses the database. Close it: only this service may")]
    Locked,
    /// The database refused for another reason.
    #[error("the database refused: {0}")]
    Database(String),
    /// The change is in the database, and not in the journal yet.
    #[error(
        "this is done, but not recorded ({0}). Until it is, a restore from a backup would undo it"
    )]
    Journal(String),
    /// An earlier change is in the database, and not in the journal yet.
    #[error(
        "an earlier change is not in the journal yet ({0}). Until it can be written, nothing more is done or said of what it changed"
    )]
    Behind(String),
    /// The device was removed meanwhile.
    #[error("this device was removed")]
    Gone,
    /// A stored value has a form that this program never writes.
    #[error("a stored value is damaged: {0}")]
    Damaged(&'static str),
    /// A sealed value opens under no key.
    #[error(
        "a sealed value of the table {0}, in the row {1}, opens under no key: it is damaged, or the database and the key file do not belong \
         together"
    )]
    Unopened(&'static str, String),
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopped,
}

/// The hash of a session's cookie.
pub(crate) type SessionHash = [u8; 32];

/// The random name of a session, which its owner's pages say.
pub(crate) type SessionId = [u8; 16];

/// Signs a challenge for the step that was allotted to it, inside the transaction that allots it.
pub(crate) type SignStep = Box<dyn Fn(Step) -> Option<SignedMessage> + Send>;

/// The storage of the service. Times are arguments: the store has no clock. Each operation is
/// beside its step, in `steps`.
pub(crate) struct Store {
    database: Sqlite,
    /// The journal, which keeps what a restore must not undo.
    journal: Arc<Mutex<Option<Journal>>>,
    /// The number of the newest row that is in the journal too.
    appended: Arc<AtomicU64>,
    /// The log of events, written once they are on the disk.
    security: OnceLock<Arc<SecurityLog>>,
}

impl Store {
    /// Opens the store in `folder`, making it where there is none; `true` when it is new. It holds
    /// the folder's lock: a second service on the same folder is refused.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub(crate) fn open(folder: &Path) -> Result<(Self, bool), OpenError> {
        let (database, new) = Sqlite::open(folder)?;
        Ok((Self::of(database), new))
    }

    /// Opens the store that is in `folder`, beside the service that may be running with it. Nothing
    /// is made or migrated.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub(crate) fn beside(folder: &Path) -> Result<Self, OpenError> {
        Sqlite::beside(folder).map(Self::of)
    }

    fn of(database: Sqlite) -> Self {
        Self {
            database,
            journal: Arc::default(),
            appended: Arc::default(),
            security: OnceLock::new(),
        }
    }

    /// Lets pending writes finish and closes the database.
    pub(crate) fn close(self) {
        self.database.close();
    }

    /// Writes events to this log from now on.
    pub(crate) fn log_to(&self, log: Arc<SecurityLog>) {
        // A second one is another's.
        let _ = self.security.set(log);
    }

    /// Runs a step in a transaction and returns when it is on the disk, and its rows of the journal
    /// in the journal.
    async fn write<T: Send + 'static>(
        &self,
        write: Write,
        step: impl Fn(&dyn Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write_of(None, write, step).await
    }

    /// As [`Store::write`], where the result may depend on an earlier removal, suspension or panic
    /// of this account or device.
    async fn write_of<T: Send + 'static>(
        &self,
        subject: impl Into<Option<JournalSubject>>,
        write: Write,
        step: impl Fn(&dyn Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let subject = subject.into();
        let caller = security::caller();
        let recording = move |tx: &dyn Tx| {
            let before = journal_rows::last(tx)?;
            // Events of a transaction before this one, which was rolled back.
            security::take_seen();
            let done = security::on_behalf_of(caller.clone(), || step(tx))?;
            let recorded = journal_rows::last(tx)? > before;
            Ok((done, recorded, security::take_seen()))
        };
        let done = self.database.writer.write(write, recording).await;
        if let (Ok((_, _, seen)), Some(log)) = (&done, self.security.get()) {
            for (at, happened) in seen {
                log.note(*at, happened);
            }
        }
        if let Ok((_, true, _)) = &done {
            self.append_to_journal().await?;
        }
        // That a device is gone must not be answered too early either.
        if let (Some(subject), Ok(_) | Err(StoreError::Gone)) = (subject, &done) {
            self.wait_for_journal(subject).await?;
        }
        done.map(|(done, ..)| done)
    }

    /// As [`Store::read`], where removals, suspensions and panics are read.
    async fn read_of<T: Send>(
        &self,
        subject: JournalSubject,
        step: impl FnOnce(&dyn Tx) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        let found = self.database.readers.read(step)?;
        self.wait_for_journal(subject).await?;
        Ok(found)
    }

    /// Reads on the calling thread: a few indexed rows from the page cache take less time than a
    /// change of threads.
    fn read<T>(
        &self,
        step: impl FnOnce(&dyn Tx) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.database.readers.read(step)
    }

    /// Deletes what is over, a few rows in each transaction: whoever writes waits for one of them
    /// at most.
    ///
    /// # Errors
    /// When the database refuses, or the journal can't be written.
    pub(crate) async fn sweep(&self, over: Over) -> Result<(), StoreError> {
        let batch = move |tx: &dyn Tx| sweep::batch(tx, &over);
        while self.write(Write::Sweep, batch).await? {}
        // Rows that could not be appended when they were recorded.
        self.append_to_journal().await?;
        self.drop_lines().await?;
        self.empty_log().await
    }

    /// Empties the write-ahead log, which may have what was replaced or deleted.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn empty_log(&self) -> Result<(), StoreError> {
        let readers = Arc::clone(&self.database.readers);
        let emptied = tokio::task::spawn_blocking(move || readers.empty_log());
        emptied.await.map_err(|_| StoreError::Stopped)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_replaced_is_in_no_file_after_a_sweep() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(folder.path()).unwrap();
        let holds = |byte: u8| {
            ["service.db", "service.db-wal"].iter().any(|file| {
                let bytes = std::fs::read(folder.path().join(file)).unwrap();
                bytes.windows(64).any(|window| window == [byte; 64])
            })
        };
        for byte in [0xa5, 0xa6] {
            store.set_setting("test", vec![byte; 64]).await.unwrap();
        }
        assert!(holds(0xa5) && holds(0xa6));
        let over = Over {
            now: 1,
            kept: crate::policy::lifetimes::Lifetimes::default()
                .kept()
                .unwrap(),
            backups: 1,
        };
        store.sweep(over).await.unwrap();
        assert!(!holds(0xa5) && holds(0xa6));
        store.close();
    }
}
