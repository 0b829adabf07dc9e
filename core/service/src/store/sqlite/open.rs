//! Opening the database: the folder's lock, the settings that make commits durable, the migrations.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};

use super::{Readers, Sqlite, snapshot, writer::Writer};
use crate::{
    base::{durable::Write, files},
    store::{StoreError, tx::Tx},
};

/// Migration `n` brings the schema from version `n` to `n + 1`. They are never changed once
/// released.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/0001_first.sql"),
    include_str!("../../../migrations/0002_browser.sql"),
    include_str!("../../../migrations/0003_guard.sql"),
    include_str!("../../../migrations/0004_recovery.sql"),
    include_str!("../../../migrations/0005_life.sql"),
    include_str!("../../../migrations/0006_journal.sql"),
    include_str!("../../../migrations/0007_grant.sql"),
    include_str!("../../../migrations/0008_push.sql"),
    include_str!("../../../migrations/0009_online.sql"),
    include_str!("../../../migrations/0010_proofs.sql"),
    include_str!("../../../migrations/0011_budgets.sql"),
    include_str!("../../../migrations/0012_guesses.sql"),
    include_str!("../../../migrations/0013_links.sql"),
    include_str!("../../../migrations/0014_reseal.sql"),
    include_str!("../../../migrations/0015_lifetimes.sql"),
    include_str!("../../../migrations/0016_disabled.sql"),
    include_str!("../../../migrations/0017_language.sql"),
    include_str!("../../../migrations/0018_callers.sql"),
    include_str!("../../../migrations/0019_transactions.sql"),
    include_str!("../../../migrations/0020_last_means.sql"),
    include_str!("../../../migrations/0021_entered.sql"),
    include_str!("../../../migrations/0022_checks.sql"),
    include_str!("../../../migrations/0023_deliveries.sql"),
    include_str!("../../../migrations/0024_administration.sql"),
    include_str!("../../../migrations/0025_deletion.sql"),
    include_str!("../../../migrations/0026_seen_browsers.sql"),
    include_str!("../../../migrations/0030_relying.sql"),
    include_str!("../../../migrations/0031_oidc.sql"),
    include_str!("../../../migrations/0032_grants.sql"),
];
/// How long a folder's lock is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// Marks the file as ours ("CSsv").
const APPLICATION: i32 = 0x4353_7376;

/// Why the data folder can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The folder can't be made or written to.
    #[error("the data folder {} can't be used: {}. Choose another with --data, or give this user the right to write there", .0.display(), .1)]
    Folder(PathBuf, #[source] io::Error),
    /// Another process has it.
    #[error("another countersign-service is running with the data folder {}. Stop it first, or choose another folder with --data", .0.display())]
    InUse(PathBuf),
    /// A later program has written it.
    #[error(
        "the database has schema version {found}, and this program knows versions up to {known}: it was written by a newer countersign-service. Run that one"
    )]
    Newer {
        /// What the file has.
        found: i64,
        /// What this program knows.
        known: usize,
    },
    /// There is none.
    #[error("there is no database in {}. Is --data right?", .0.display())]
    None(PathBuf),
    /// An earlier program has written it.
    #[error(
        "the database was written by an older countersign-service. Start the service of this version once, then try again"
    )]
    Older,
    /// The file is something else.
    #[error("{} is not a database of this service", .0.display())]
    Foreign(PathBuf),
    /// SQLite refused.
    #[error("the database can't be opened: {0}")]
    Database(#[source] StoreError),
    /// The writing thread did not start.
    #[error("no thread for the database: {0}")]
    Thread(#[source] io::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}

impl Sqlite {
    /// Opens the database in `folder`, making it where there is none; `true` when it is new.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub(crate) fn open(folder: &Path) -> Result<(Self, bool), OpenError> {
        let failed = |error| OpenError::Folder(folder.to_owned(), error);
        files::make_folder(folder).map_err(failed)?;
        let lock = lock(folder)?;
        let path = folder.join("service.db");
        // SQLite would make it readable as the umask allows; its log and journal have the
        // database's own mode.
        let file = files::private(&path).map_err(failed)?;
        drop(file);
        let mut connection = Connection::open(&path)?;
        let new = prepare(&mut connection, &path)?;
        let writer = Writer::start(connection).map_err(OpenError::Thread)?;
        Ok((
            Self {
                writer,
                readers: Readers::new(path),
                _lock: Some(lock),
            },
            new,
        ))
    }

    /// Opens the database that is in `folder`, beside the service that may be running with it.
    /// Nothing is made or migrated.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub(crate) fn beside(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join("service.db");
        let connection = existing(&path)?;
        if version(&connection, &path)? != MIGRATIONS.len() {
            return Err(OpenError::Older);
        }
        configure(&connection)?;
        Ok(Self {
            writer: Writer::start(connection).map_err(OpenError::Thread)?,
            readers: Readers::new(path),
            _lock: None,
        })
    }
}

/// Does a file hold a database of ours with tables? One that is missing, empty, or was never
/// written to does not.
///
/// # Errors
/// [`OpenError::Foreign`] when it is something else.
pub(crate) fn is_used(path: &Path) -> Result<bool, OpenError> {
    if !path.exists() {
        return Ok(false);
    }
    let connection = reader(path).map_err(OpenError::Database)?;
    Ok(version(&connection, path)? > 0)
}

/// Reads from a database of the present schema that may be in use, as it is at one moment.
///
/// # Errors
/// See [`OpenError`].
pub(crate) fn look<T>(
    path: &Path,
    read: impl FnOnce(&dyn Tx) -> Result<T, StoreError>,
) -> Result<T, OpenError> {
    let connection = existing(path)?;
    if version(&connection, path)? != MIGRATIONS.len() {
        return Err(OpenError::Older);
    }
    snapshot(&connection, read).map_err(OpenError::Database)
}

/// Opens a database that is there.
pub(super) fn existing(path: &Path) -> Result<Connection, OpenError> {
    if !path.exists() {
        let folder = path.parent().unwrap_or(path);
        return Err(OpenError::None(folder.to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(path, flags)?)
}

/// Takes a folder for one process. Who is just stopping, or a program that one which stopped was
/// just starting, may hold it a moment longer.
pub(super) fn lock(folder: &Path) -> Result<File, OpenError> {
    let failed = |error| OpenError::Folder(folder.to_owned(), error);
    let file = files::private(&folder.join("lock")).map_err(failed)?;
    let end = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

/// The version of a database's schema, 0 for an empty file.
pub(super) fn version(connection: &Connection, path: &Path) -> Result<usize, OpenError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION && (tables > 0 || found != 0) {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let version = usize::try_from(found)
        .ok()
        .filter(|version| *version <= MIGRATIONS.len());
    version.ok_or(OpenError::Newer {
        found,
        known: MIGRATIONS.len(),
    })
}

/// How every connection that writes is set.
fn configure(connection: &Connection) -> Result<(), OpenError> {
    // WAL lets readers go on while one writes; FULL makes every commit wait for the disk.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

pub(super) fn prepare(connection: &mut Connection, path: &Path) -> Result<bool, OpenError> {
    let version = version(connection, path)?;
    configure(connection)?;
    for (number, migration) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(
            None,
            "user_version",
            i64::try_from(number + 1).unwrap_or(i64::MAX),
        )?;
        Write::Schema.reach();
        transaction.commit()?;
    }
    Ok(version == 0)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Brings the write-ahead log into the database and empties it. `secure_delete` overwrites what was
/// deleted in the database itself; the log would keep the pages as they were until it happens to be
/// written over. Where somebody reads at this moment, the next time does it.
pub(super) fn empty_log(path: &Path) -> Result<(), StoreError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_millis(50))?;
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    tracing::debug!(busy, "the log was emptied");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn two_processes_on_one_data_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (first, new) = Sqlite::open(folder.path()).unwrap();
        assert!(new);
        assert!(matches!(
            Sqlite::open(folder.path()),
            Err(OpenError::InUse(_))
        ));
        first.close();
        let (again, new) = Sqlite::open(folder.path()).unwrap();
        assert!(!new);
        again.close();
    }

    #[test]
    fn a_database_of_the_first_schema_keeps_its_challenges_and_enrolments() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("service.db")).unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection
            .pragma_update(None, "application_id", APPLICATION)
            .unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let acc = [1_u8; 8];
        connection
            .execute(
                "INSERT INTO account (acc, email, first_name, last_name, password, created_at) VALUES (?1, 'a@example.eu', 'A', 'B', 'x', 1)",
                [acc],
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO challenge (id, account, session, kind, purpose, message, hash, payload, unlock, issued_at, expires_at, state)
                 VALUES (?1, ?2, ?3, 'code', 1, x'00', ?3, 'kept', 0, 1, 2, 'open')",
                rusqlite::params![[2_u8; 16], acc, [3_u8; 32]],
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO enrolment (id, account, session, dev, name, message, hash, secret, way, issued_at, expires_at, state)
                 VALUES (?1, ?2, ?3, ?2, 'n', x'00', ?3, ?3, 2, 1, 2, 'open')",
                rusqlite::params![[2_u8; 16], acc, [3_u8; 32]],
            )
            .unwrap();
        connection.close().unwrap();
        let (store, new) = Sqlite::open(folder.path()).unwrap();
        assert!(!new);
        store.close();
        let connection = Connection::open(folder.path().join("service.db")).unwrap();
        let kept: (String, i64) = connection
            .query_row(
                "SELECT payload, length(pin_claims) FROM challenge JOIN enrolment USING (id)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        assert_eq!(kept, ("kept".to_owned(), 0));
    }

    #[test]
    fn transfers_of_an_older_program_stay_signed_and_those_that_wait_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("service.db")).unwrap();
        let before = MIGRATIONS
            .iter()
            .position(|sql| sql.contains("DROP TABLE transfer"));
        for migration in &MIGRATIONS[..before.unwrap()] {
            connection.execute_batch(migration).unwrap();
        }
        connection
            .execute_batch(
                r#"INSERT INTO account (acc, email, first_name, last_name, password, created_at)
                   VALUES (x'0101010101010101', 'a@example.eu', 'A', 'B', 'x', 1);
                   INSERT INTO transfer VALUES
                   (x'02', x'0101010101010101', 7, 'LV80', 'SIA "Ozols"', '12.50', 'ķ\ļ');
                   INSERT INTO event (account, at, what, detail)
                   VALUES (x'0101010101010101', 7, 'transfer-signed', '12.50');
                   INSERT INTO challenge (id, account, session, kind, purpose, message, hash, payload,
                     unlock, issued_at, expires_at, state)
                   SELECT randomblob(16), acc, zeroblob(32), 'code', purpose, x'00', zeroblob(32), payload,
                     0, 1, 2, 'open' FROM account, (SELECT 7 AS purpose,
                     '{"iban":"LV80","name":"SIA \"Ozols\"","amount":"12.50","reference":"ķ\\ļ"}' AS payload
                     UNION SELECT 5, '0011')"#,
            )
            .unwrap();
        for migration in &MIGRATIONS[before.unwrap()..] {
            connection.execute_batch(migration).unwrap();
        }
        let all = |sql: &str| {
            let mut rows = connection.prepare(sql).unwrap();
            let rows = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
            rows.map(Result::unwrap).collect::<Vec<_>>()
        };
        let data =
            r#"[["iban","LV80"],["name","SIA \"Ozols\""],["amount","12.50"],["reference","ķ\\ļ"]]"#;
        assert_eq!(
            all("SELECT data FROM signed_transaction WHERE operation = 'other'"),
            [data]
        );
        let payload = format!(r#"{{"operation":"other","data":{data}}}"#);
        let payloads = all("SELECT payload FROM challenge ORDER BY purpose");
        assert_eq!(payloads, ["0011".to_owned(), payload]);
        assert_eq!(
            all("SELECT what || ' ' || detail FROM event"),
            ["transaction-signed other"]
        );
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        Sqlite::open(folder.path()).unwrap().0.close();
        let connection = Connection::open(folder.path().join("service.db")).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        connection.close().unwrap();
        assert!(matches!(
            Sqlite::open(folder.path()),
            Err(OpenError::Newer { found: 99, .. })
        ));
    }

    #[test]
    fn a_foreign_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("service.db")).unwrap();
        connection.execute_batch("CREATE TABLE other (x)").unwrap();
        connection.close().unwrap();
        assert!(matches!(
            Sqlite::open(folder.path()),
            Err(OpenError::Foreign(_))
        ));
    }

    #[test]
    fn a_data_folder_that_can_not_be_made_is_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(matches!(
            Sqlite::open(&file.join("data")),
            Err(OpenError::Folder(..))
        ));
    }
}
