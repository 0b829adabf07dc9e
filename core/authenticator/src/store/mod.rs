//! The phone's database: SQLite in one folder. It sees sealed blobs and public facts only.
//!
//! A rollback journal that is deleted at each commit, `secure_delete`, and `synchronous=EXTRA`, so
//! that an erased chain value is in no file once the commit returns, and a power cut cannot bring
//! the journal that held it back.

mod accounts;
mod biometrics;
mod changes;
mod history;
mod migrate;
mod removals;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior};

pub(crate) use accounts::{Account, NewAccount, State, Tries};
pub(crate) use biometrics::{BiometricRow, BiometricState};
pub(crate) use changes::{DiscardedKey, PendingChange};
pub(crate) use history::Record;
pub(crate) use removals::Removal;

use crate::durable::Write;
use crate::files::{make_folder, private_file};

/// The database's file.
pub const DATABASE_FILE: &str = "countersign.db";
const LOCK_FILE: &str = "requests.lock";
/// Stands in the file's header (application_id) while pages may hold remains of rows that moved.
const REMAINS: i32 = 0x4353_7265;
/// How long one program waits for another on the same phone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the phone's data can't be read or changed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A newer version of the program wrote it.
    #[error(
        "the data in {} were written by a newer version of this app (schema {found}, this one knows {known}): update the app", folder.display()
    )]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that is known here.
        known: i64,
    },
    /// Another program is using it.
    #[error(
        "another Countersign program is using the data in {}: let it finish or close it, and try again", folder.display()
    )]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// It can't be written.
    #[error(
        "the data in {} cannot be written ({why}): make the folder writable for this user, or choose another", folder.display()
    )]
    NotWritable {
        /// The folder.
        folder: PathBuf,
        /// The system's message.
        why: String,
    },
    /// No room is left.
    #[error("there is no room left on the disk that holds {}: free some and try again; nothing was lost", folder.display())]
    Full {
        /// The folder.
        folder: PathBuf,
    },
    /// The disk fails.
    #[error(
        "the disk that holds {} is full or fails ({why}): free some room, or see what the system says of the disk", folder.display()
    )]
    Disk {
        /// The folder.
        folder: PathBuf,
        /// The database's message.
        why: String,
    },
    /// It is not what this program wrote.
    #[error(
        "the data in {} are damaged ({why}): restore the folder as a whole, or remove it, remove this phone on the service's page, and initialise the account again", folder.display()
    )]
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// The damage.
        why: String,
    },
    /// Anything else that the database says.
    #[error("the data in {} cannot be used: {why}", folder.display())]
    Other {
        /// The folder.
        folder: PathBuf,
        /// The database's message.
        why: String,
    },
}

/// The open database.
pub(crate) struct Store {
    folder: PathBuf,
    connection: Mutex<Connection>,
}

/// Held while a request that carries a counter and state token is on its way; given back when
/// dropped, or by the system when the program ends.
pub(crate) struct RequestLock(
    #[expect(dead_code, reason = "closing the file gives the lock back")] File,
);

impl Store {
    /// Opens the database in `folder`, which is made if it is not there.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let fail = |source: io::Error| StoreError::NotWritable {
            folder: folder.to_owned(),
            why: source.to_string(),
        };
        make_folder(folder).map_err(fail)?;
        let file = folder.join(DATABASE_FILE);
        if !file.exists() {
            Write::DatabaseFile.reach();
        }
        match private_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(fail(error)),
            _ => (),
        }
        let map = |error| failure(folder, error);
        let mut connection = Connection::open(&file).map_err(map)?;
        connection.busy_timeout(PATIENCE).map_err(map)?;
        // Without this a kept statement is compiled again whenever another value is bound to it.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
            .map_err(map)?;
        connection
            .execute_batch(
                "PRAGMA secure_delete = ON;
                 PRAGMA journal_mode = DELETE;
                 PRAGMA synchronous = EXTRA;
                 PRAGMA foreign_keys = ON;
                 PRAGMA temp_store = MEMORY;
                 PRAGMA trusted_schema = OFF;",
            )
            .map_err(map)?;
        migrate::run(&mut connection, folder)?;
        let header: i32 = connection
            .pragma_query_value(None, "application_id", |row| row.get(0))
            .map_err(map)?;
        let store = Self {
            folder: folder.to_owned(),
            connection: Mutex::new(connection),
        };
        if header == REMAINS {
            // A program ended between adding or removing an account and rewriting the file.
            store.rewrite()?;
        }
        Ok(store)
    }

    /// Waits for requests of other programs on the same phone: those with a counter and state token
    /// go one at a time.
    pub(crate) async fn lock_requests(&self) -> Result<RequestLock, StoreError> {
        let not_writable = |source: io::Error| StoreError::NotWritable {
            folder: self.folder.clone(),
            why: source.to_string(),
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.folder.join(LOCK_FILE))
            .map_err(not_writable)?;
        let pause = Duration::from_millis(50);
        for _ in 0..PATIENCE.as_millis() / pause.as_millis() {
            match file.try_lock() {
                Ok(()) => return Ok(RequestLock(file)),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(pause).await,
                Err(TryLockError::Error(error)) => return Err(not_writable(error)),
            }
        }
        Err(StoreError::Busy {
            folder: self.folder.clone(),
        })
    }

    /// Runs `work` in one transaction that other programs cannot come between, and commits it
    /// durably.
    pub(crate) fn write<T, E: From<StoreError>>(
        &self,
        write: Write,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| self.failure(error))?;
        let value = work(&transaction)?;
        write.reach();
        transaction.commit().map_err(|error| self.failure(error))?;
        Ok(value)
    }

    /// Looks at the database without changing it.
    pub(crate) fn inspect<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        work(&self.connection())
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&self.connection()).map_err(|error| self.failure(error))
    }

    /// Rewrites the whole file. Pages on which rows were added or removed may hold remains of their
    /// neighbours; this leaves none.
    pub(crate) fn rewrite(&self) -> Result<(), StoreError> {
        self.read(|connection| {
            Write::Rewritten.reach();
            connection.execute_batch("VACUUM")?;
            Write::NoRemains.reach();
            connection.pragma_update(None, "application_id", 0)
        })
    }

    /// Notes, in the transaction that adds or removes rows, that [`Self::rewrite`] is due, so that
    /// the next start makes up for it.
    fn expect_remains(&self, connection: &Connection) -> Result<(), StoreError> {
        connection
            .pragma_update(None, "application_id", REMAINS)
            .map_err(|error| self.failure(error))
    }

    /// Whether the key store had a key before the first seal into these data. `None` before
    /// [`Self::keep_first_start`].
    pub(crate) fn first_start(&self) -> Result<Option<bool>, StoreError> {
        self.read(|connection| {
            connection
                .query_row("SELECT had_key FROM first_start", [], |row| row.get(0))
                .optional()
        })
    }

    /// Keeps that, unless it is kept already. The answer that holds.
    pub(crate) fn keep_first_start(&self, had_key: bool) -> Result<bool, StoreError> {
        self.write(Write::FirstStart, |transaction| {
            self.run(
                transaction,
                "INSERT INTO first_start (id, had_key) VALUES (1, ?1) ON CONFLICT DO NOTHING",
                [had_key],
            )?;
            transaction
                .query_row("SELECT had_key FROM first_start", [], |row| row.get(0))
                .map_err(|error| self.failure(error))
        })
    }

    /// The proof that key and data belong together.
    pub(crate) fn proof(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| {
            connection
                .query_row("SELECT blob FROM proof", [], |row| row.get(0))
                .optional()
        })
    }

    /// Keeps a proof, with an event, unless another program has just kept one. The proof that
    /// holds.
    pub(crate) fn keep_proof(
        &self,
        blob: &[u8],
        event: Option<&Record>,
    ) -> Result<Vec<u8>, StoreError> {
        self.write(Write::Proof, |transaction| {
            let kept = transaction
                .execute(
                    "INSERT INTO proof (id, blob) VALUES (1, ?1) ON CONFLICT DO NOTHING",
                    [blob],
                )
                .map_err(|error| self.failure(error))?;
            if let (1, Some(event)) = (kept, event) {
                self.add_record(transaction, event)?;
            }
            transaction
                .query_row("SELECT blob FROM proof", [], |row| row.get(0))
                .map_err(|error| self.failure(error))
        })
    }

    pub(crate) fn failure(&self, error: rusqlite::Error) -> StoreError {
        failure(&self.folder, error)
    }

    pub(crate) fn damaged(&self, why: &str) -> StoreError {
        StoreError::Damaged {
            folder: self.folder.clone(),
            why: why.to_owned(),
        }
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere leaves the connection usable: its transaction was rolled back as it was
        // dropped.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn failure(folder: &Path, error: rusqlite::Error) -> StoreError {
    let folder = folder.to_owned();
    let why = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { folder },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            StoreError::NotWritable { folder, why }
        }
        Some(ErrorCode::SystemIoFailure) => StoreError::Disk { folder, why },
        Some(ErrorCode::DiskFull) => StoreError::Full { folder },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { folder, why }
        }
        _ => StoreError::Other { folder, why },
    }
}
