//! Backups: what a copy of the database must say of itself, and what is read of one before it is
//! restored.

use std::path::{Path, PathBuf};

use countersign_protocol::Time;

pub(crate) use super::sqlite::backup::BackupError;
use super::{
    OpenError, OwnKeys, Recorded,
    sqlite::{self, backup::Draft},
    steps::{
        journal_rows, own_keys, reseal,
        restore::BACKUP,
        settings::{set_setting, setting},
    },
};
use crate::keys::{mac::MacKeys, root::RootKeys};

/// Copies the database in `folder` to a file that is not there yet, as it is at one moment, while
/// the service runs or not.
///
/// # Errors
/// See [`BackupError`]; nothing is left of an unfinished backup.
pub(crate) fn backup(
    folder: &Path,
    to: &Path,
    key: &MacKeys,
    now: Time,
) -> Result<(), BackupError> {
    sqlite::backup::backup(folder, to, key, |tx| {
        set_setting(tx, BACKUP, now.to_string().as_bytes())
    })
}

/// The service's own keys in a database that may be in use.
///
/// # Errors
/// See [`OpenError`].
pub(crate) fn own_keys(path: &Path) -> Result<OwnKeys, OpenError> {
    sqlite::look(path, own_keys::own)
}

/// A backup on its way back, checked and beside where it belongs. The folder's lock is held: no
/// service runs on it.
pub(crate) struct Prepared {
    draft: Draft,
    /// When it was made, if it says so.
    pub(crate) made_at: Option<Time>,
    /// The number of the last row of the journal in it.
    pub(crate) last: u64,
    /// The service's own keys in it.
    pub(crate) keys: OwnKeys,
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
) -> Result<Prepared, BackupError> {
    let draft = sqlite::backup::prepare(folder, from, replace, key)?;
    let (made_at, last, keys) = draft.read(|tx| {
        let last = match draft.has_journal() {
            true => journal_rows::last(tx)?,
            false => 0,
        };
        Ok((setting(tx, BACKUP)?, last, own_keys::own(tx)?))
    })?;
    Ok(Prepared {
        draft,
        made_at: made_at.and_then(|at| String::from_utf8(at).ok()?.parse().ok()),
        last,
        keys,
    })
}

impl Prepared {
    /// Seals again what an older key sealed. `copied_at`: when the root was last replaced because
    /// it was copied; a backup from before then has what the thief could use, which is ended.
    ///
    /// # Errors
    /// See [`BackupError`]; the backup can't be used then, or with another old key only.
    pub(crate) fn reseal(
        &mut self,
        root: &RootKeys,
        copied_at: Option<Time>,
        now: Time,
    ) -> Result<(), BackupError> {
        self.draft.change(|tx| {
            reseal::begin(tx, root, copied_at, now)?;
            reseal::all(tx, &root.sealing)
        })?;
        self.keys = self.draft.read(own_keys::own)?;
        Ok(())
    }

    /// What the database that is to be replaced knows of the journal, if it can still be read.
    pub(crate) fn rows_before(&self) -> Option<Vec<Recorded>> {
        self.draft.read_replaced(|tx| journal_rows::since(tx, 0))
    }

    /// Puts it in its place. The database that was there is moved aside; returns its new path.
    ///
    /// # Errors
    /// [`BackupError::Io`]; what was there before is there still, or beside.
    pub(crate) fn put(&self, now: Time) -> Result<Option<PathBuf>, BackupError> {
        self.draft.put(now)
    }
}
