//! Backups of the database, and their way back.
//!
//! A backup is a copy of the database, then [`MARK`], then HMAC-SHA256 over the copy under a key
//! from the key file. A copy that anybody else made or changed is refused: with a device's row
//! deleted, the password alone would sign in.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use countersign_protocol::Time;
use rusqlite::{Connection, OpenFlags};
use subtle::ConstantTimeEq;

use super::open::{self, OpenError};
use crate::{
    base::{durable::Write, files},
    keys::mac::MacKeys,
    store::{StoreError, tx::Tx},
};

/// Stands between a backup's database and its MAC.
const MARK: &[u8] = b"countersign-service-backup-1";
/// The length of a MAC.
const MAC: usize = 32;

/// The version of the schema that brought the journal.
const JOURNAL: usize = 6;
/// Beside a database that is restored over, the old one: with this and the time after its name.
const ASIDE: &str = "service.db.replaced-";
/// What a data folder without a database may hold, so that one may be restored into it.
const BESIDE: [&str; 7] = [
    "keys",
    "keys.lock",
    "lock",
    "outbox",
    "service.db.part",
    "service.journal",
    "service.part",
];

/// A backup was not made, or not restored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    /// The database can't be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file can't be read or written.
    #[error("{} can't be used: {}", .0.display(), .1)]
    Io(PathBuf, #[source] io::Error),
    /// The backup's name is taken.
    #[error("{} is there already, and is not overwritten. Give the backup another name, with its date for instance", .0.display())]
    Taken(PathBuf),
    /// The file is damaged.
    #[error("the backup {} is damaged ({}). Nothing was changed; use another one", .0.display(), .1)]
    Damaged(PathBuf, String),
    /// The file was not made, or not left, by this service.
    #[error(
        "{} is no backup that this service made with its key file, or it was changed since. Nothing was changed here. Use another one, \
         and the key file that belongs to it. If it was made before the key file was exchanged, give the key file of that time with --old-key",
        .0.display()
    )]
    Unauthentic(PathBuf),
    /// The file is this service's, and its secrets were sealed with another key.
    #[error(
        "the backup {} was made before the key file was exchanged, and nothing was changed here. Give the key file of that time with --old-key",
        .0.display()
    )]
    OtherKey(PathBuf),
    /// The data folder has a database.
    #[error(
        "there is a database in {} already, and nothing was changed. To put the backup in its place, add --replace: the old one is kept beside it",
        .0.display()
    )]
    InTheWay(PathBuf),
    /// The data folder is some other folder.
    #[error("{} is not empty: {:?} is no part of a data folder. Nothing was changed. Is --data right? If so, add --replace", .0.display(), .1)]
    NotEmpty(PathBuf, String),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Copies the database in `folder` to a file that is not there yet, as it is at one moment, while
/// the service runs or not. `mark` marks the copy as a backup.
///
/// # Errors
/// See [`BackupError`]; nothing is left of an unfinished backup.
pub(crate) fn backup(
    folder: &Path,
    to: &Path,
    key: &MacKeys,
    mark: impl Fn(&dyn Tx) -> Result<(), StoreError>,
) -> Result<(), BackupError> {
    let failed = |error| BackupError::Io(to.to_owned(), error);
    let path = folder.join("service.db");
    let connection = open::existing(&path)?;
    open::version(&connection, &path)?;
    if to.exists() {
        return Err(BackupError::Taken(to.to_owned()));
    }
    let draft = suffixed(to, ".part");
    let copied = copy(&connection, &draft, key, mark).and_then(|()| {
        fs::rename(&draft, to).map_err(failed)?;
        files::sync_name(to).map_err(failed)
    });
    if copied.is_err() {
        let _ = remove_database(&draft);
    }
    copied
}

fn copy(
    connection: &Connection,
    draft: &Path,
    key: &MacKeys,
    mark: impl Fn(&dyn Tx) -> Result<(), StoreError>,
) -> Result<(), BackupError> {
    let failed = |error| BackupError::Io(draft.to_owned(), error);
    // SQLite writes into an empty file, which has its mode already. Content that was deleted is not
    // copied.
    let mut file = files::draft(draft).map_err(failed)?;
    let name = draft.to_str().ok_or_else(|| {
        let unnamed = "its name is not UTF-8, which SQLite needs";
        failed(io::Error::new(io::ErrorKind::InvalidInput, unnamed))
    })?;
    connection.execute("VACUUM INTO ?1", [name])?;
    let copy = Connection::open_with_flags(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    mark(&copy)?;
    copy.close().map_err(|(_, error)| error)?;
    let sign = |file: &mut File| {
        file.rewind()?;
        let macs = key.macs_copied(file, &mut io::sink())?;
        let mac = macs.first().map_or(&[][..], |mac| &mac[..]);
        file.write_all(&[MARK, mac].concat())?;
        // VACUUM INTO does not wait for the disk.
        file.sync_all()
    };
    sign(&mut file).map_err(failed)
}

/// Copies the database of a backup to `to`; `false` when its mark or MAC is not this service's.
fn extract(from: &mut File, to: &mut File, key: &MacKeys) -> io::Result<bool> {
    let trailer = MARK.len() + MAC;
    let length = from.metadata()?.len();
    let Some(database) = length.checked_sub(trailer as u64) else {
        return Ok(false);
    };
    from.seek(SeekFrom::Start(database))?;
    let mut end = vec![0; trailer];
    from.read_exact(&mut end)?;
    from.rewind()?;
    let macs = key.macs_copied(&mut (&*from).take(database), to)?;
    let (mark, right) = end.split_at(MARK.len());
    let is_right = macs.iter().any(|mac| bool::from(right.ct_eq(mac)));
    Ok(mark == MARK && is_right)
}

/// A backup on its way back, checked and beside where it belongs. The folder's lock is held: no
/// service runs on it.
pub(crate) struct Draft {
    folder: PathBuf,
    path: PathBuf,
    /// The version of its schema.
    version: usize,
    _lock: File,
}

/// Copies a backup into a data folder, under another name, and looks whether it can be used.
///
/// # Errors
/// See [`BackupError`]; nothing was changed.
pub(crate) fn prepare(
    folder: &Path,
    from: &Path,
    replace: bool,
    key: &MacKeys,
) -> Result<Draft, BackupError> {
    let unreadable = |error| BackupError::Io(from.to_owned(), error);
    let mut source = File::open(from).map_err(unreadable)?;
    files::make_folder(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
    let lock = open::lock(folder)?;
    if !replace {
        look_around(folder)?;
    }
    let path = folder.join("service.db.part");
    let failed = |error| BackupError::Io(path.clone(), error);
    remove_database(&path).map_err(failed)?;
    Write::RestoreDraft.reach();
    let mut file = files::draft(&path).map_err(failed)?;
    let checked = match extract(&mut source, &mut file, key) {
        Ok(true) => check(from, &path),
        Ok(false) => Err(BackupError::Unauthentic(from.to_owned())),
        Err(error) => Err(failed(error)),
    };
    let checked = checked.and_then(|checked| file.sync_all().map_err(failed).map(|()| checked));
    match checked {
        Ok(version) => Ok(Draft {
            folder: folder.to_owned(),
            path,
            version,
            _lock: lock,
        }),
        Err(error) => {
            let _ = remove_database(&path);
            Err(error)
        }
    }
}

fn look_around(folder: &Path) -> Result<(), BackupError> {
    let failed = |error| BackupError::Io(folder.to_owned(), error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        if name == "service.db" {
            return Err(BackupError::InTheWay(folder.to_owned()));
        }
        let beside = BESIDE.contains(&&*name) || name.starts_with(ASIDE);
        if !beside && !name.starts_with("security.log") {
            return Err(BackupError::NotEmpty(folder.to_owned(), name.into_owned()));
        }
    }
    Ok(())
}

fn check(from: &Path, path: &Path) -> Result<usize, BackupError> {
    let damaged = |why: String| BackupError::Damaged(from.to_owned(), why);
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let version = open::version(&connection, path).map_err(|error| match error {
        OpenError::Foreign(_) => OpenError::Foreign(from.to_owned()).into(),
        OpenError::Database(error) => damaged(error.to_string()),
        error => error.into(),
    })?;
    if version == 0 {
        return Err(OpenError::Foreign(from.to_owned()).into());
    }
    let found: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| damaged(error.to_string()))?;
    if found != "ok" {
        return Err(damaged(found));
    }
    connection.close().map_err(|(_, error)| error)?;
    Ok(version)
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already when it was put in its place.
        let _ = remove_database(&self.path);
    }
}

impl Draft {
    /// Has its schema the journal? One of the first had none.
    pub(crate) fn has_journal(&self) -> bool {
        self.version >= JOURNAL
    }

    /// Reads from it.
    ///
    /// # Errors
    /// See [`BackupError`].
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&dyn Tx) -> Result<T, StoreError>,
    ) -> Result<T, BackupError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        let found = read(&connection)?;
        connection.close().map_err(|(_, error)| error)?;
        Ok(found)
    }

    /// Brings it to the present schema, and changes it in one transaction.
    ///
    /// # Errors
    /// See [`BackupError`]; it can't be used then.
    pub(crate) fn change(
        &self,
        change: impl FnOnce(&dyn Tx) -> Result<(), StoreError>,
    ) -> Result<(), BackupError> {
        let mut connection = open::existing(&self.path)?;
        open::prepare(&mut connection, &self.path)?;
        let transaction = connection.transaction()?;
        change(&*transaction)?;
        transaction.commit()?;
        // The draft alone gets the database's name: nothing of it may be left in the log beside it.
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy != 0 {
            return Err(StoreError::Locked.into());
        }
        connection.close().map_err(|(_, error)| error)?;
        let failed = |error| BackupError::Io(self.path.clone(), error);
        let file = File::open(&self.path).map_err(failed)?;
        file.sync_all().map_err(failed)
    }

    /// Reads from the database that is to be replaced, if it can still be read.
    pub(crate) fn read_replaced<T>(
        &self,
        read: impl FnOnce(&dyn Tx) -> Result<T, StoreError>,
    ) -> Option<T> {
        let connection = open::existing(&self.folder.join("service.db")).ok()?;
        read(&connection).ok()
    }

    /// Puts it in its place. The database that was there is moved aside; returns its new path.
    ///
    /// # Errors
    /// [`BackupError::Io`]; what was there before is there still, or beside.
    pub(crate) fn put(&self, now: Time) -> Result<Option<PathBuf>, BackupError> {
        let path = self.folder.join("service.db");
        let failed = |error| BackupError::Io(path.clone(), error);
        let mut replaced = None;
        if path.exists() {
            // Its log is brought into it, if it can be; SQLite would else bring it into
            // the restored one.
            if let Ok(connection) = open::existing(&path) {
                let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            }
            let aside = self.folder.join(format!("{ASIDE}{now}"));
            for kind in ["-wal", "-shm"] {
                let log = suffixed(&path, kind);
                if log.exists() {
                    fs::rename(&log, suffixed(&aside, kind)).map_err(failed)?;
                }
            }
            // A second name, so that at no moment a start finds no database and makes a new one;
            // not every disk has such.
            fs::hard_link(&path, &aside)
                .or_else(|_| fs::rename(&path, &aside))
                .map_err(failed)?;
            replaced = Some(aside);
        }
        Write::RestoreName.reach();
        fs::rename(&self.path, &path).map_err(failed)?;
        files::sync_name(&path).map_err(failed)?;
        Ok(replaced)
    }
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove_database(path: &Path) -> io::Result<()> {
    for kind in ["", "-wal", "-shm", "-journal"] {
        files::remove(&suffixed(path, kind))?;
    }
    Ok(())
}
