//! Backups of a service's database, and their way back.

use std::path::{Path, PathBuf};

use countersign_protocol::Time;

use super::places::{Places, Refusal, custody};
use crate::{
    base::clock::Clock,
    journal::{Journal, has_lines},
    keys::{
        file::KeyFile,
        root::{self, RootKeys},
    },
    ring::{KeysError, ServiceKeys},
    store::{self, BackupError},
};

/// A backup was not made, or not restored; each message says what a person can do.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BackupRefused(#[from] Refusal);

impl From<BackupError> for BackupRefused {
    fn from(error: BackupError) -> Self {
        Self(error.into())
    }
}

/// Copies the database to a file, as it is at one moment, whether or not the service runs. The file
/// ends with a MAC under the key file. The key that opens its secrets is not in it, nor is the
/// journal.
///
/// # Errors
/// [`BackupRefused`]; there is no file then.
pub fn backup(places: &Places, to: &Path, clock: &dyn Clock) -> Result<(), BackupRefused> {
    custody(places).map_err(Refusal::from)?;
    let root = root::load(&places.key_file(), false).map_err(Refusal::from)?;
    store::backup(&places.data, to, &root.backups, clock.now())?;
    places.note(clock, "backup", &to.to_string_lossy());
    Ok(())
}

/// A restore that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// When the backup was made.
    pub made_at: Option<Time>,
    /// Where the database is that was there before.
    pub replaced: Option<PathBuf>,
}

/// Puts a backup into a data folder on which no service runs. Its MAC must be this service's, so
/// the key file must be there. The next start moves all steps on, closes what was open, and applies
/// the journal.
///
/// # Errors
/// [`BackupRefused`]; nothing was changed then.
pub fn restore(
    places: &Places,
    from: &Path,
    replace: bool,
    clock: &dyn Clock,
) -> Result<RestoreReport, BackupRefused> {
    Ok(restored(places, from, replace, None, clock)?)
}

/// As [`restore`], of a backup from before the key file was exchanged. What is sealed in it is
/// sealed again. A backup is taken that anybody with the old key file may have made, so after a
/// theft it must come from a place that the thief could not write to.
///
/// # Errors
/// [`BackupRefused`]; nothing was changed then.
pub fn restore_with_old_key(
    places: &Places,
    from: &Path,
    replace: bool,
    old_key: &Path,
    clock: &dyn Clock,
) -> Result<RestoreReport, BackupRefused> {
    Ok(restored(places, from, replace, Some(old_key), clock)?)
}

fn restored(
    places: &Places,
    from: &Path,
    replace: bool,
    old_key: Option<&Path>,
    clock: &dyn Clock,
) -> Result<RestoreReport, Refusal> {
    custody(places)?;
    let path = places.key_file();
    let present = KeyFile::load(&path, false)?;
    let mut root = RootKeys::new(&present, &path)?;
    let old = old_key.map(|path| known(path, &present)).transpose()?;
    if let Some(old) = &old {
        root.accept_backups_of(old)?;
    }
    let mut draft = store::prepare(&places.data, from, replace, &root.backups)?;
    if old.is_some() {
        let copied_at = Some(present.last_copied_at()).filter(|at| *at > 0);
        draft.reseal(&root, copied_at, clock.now())?;
    }
    if let Err(error) = ServiceKeys::fit(&root, &draft.keys) {
        return Err(match error {
            KeysError::Seal(_) | KeysError::OlderKeyFile => {
                BackupError::OtherKey(from.to_owned()).into()
            }
            error => error.into(),
        });
    }
    let rows = draft.rows_before();
    if rows.is_some() || has_lines(&places.journal()) {
        let (mut journal, written) = Journal::open(&places.journal(), root.journal)?;
        journal.reaches(&written, draft.last)?;
        // A crash may have left it without what the old database knows.
        journal.append(&rows.unwrap_or_default())?;
    }
    let replaced = draft.put(clock.now())?;
    places.note(clock, "restore", &from.to_string_lossy());
    Ok(RestoreReport {
        made_at: draft.made_at,
        replaced,
    })
}

/// An old key file, which this service must have had: with another one anybody could make a backup.
fn known(path: &Path, present: &KeyFile) -> Result<KeyFile, Refusal> {
    let old = KeyFile::load(path, false)?;
    match present.had(&old) {
        true => Ok(old),
        false => Err(Refusal::ForeignOldKey(path.to_owned())),
    }
}
