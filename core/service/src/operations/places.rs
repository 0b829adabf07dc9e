//! Where the service keeps its data, how its storage is opened, and why that is refused.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
};

use countersign_protocol::Time;

use crate::{
    base::clock::Clock,
    base::{
        custody::{self, CustodyError},
        files,
        time::utc,
    },
    journal::{Journal, JournalError, has_lines, last_number},
    keys::{
        file::KeyFileError,
        root::{self, RootKeys},
    },
    ring::{KeysError, ServiceKeys},
    security,
    store::{self, BackupError, OpenError, ReconcileError, Store, StoreError},
};

/// Where the service keeps what it has.
#[derive(Debug, Clone)]
pub struct Places {
    /// The data folder.
    pub data: PathBuf,
    /// The key file, if it is not `keys/service.key` in the data folder.
    pub key_file: Option<PathBuf>,
    /// The journal, if it is not `service.journal` in the data folder.
    pub journal: Option<PathBuf>,
    /// The security log, if it is not `security.log` in the data folder.
    pub security_log: Option<PathBuf>,
}

impl Places {
    /// Everything in the data folder.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            key_file: None,
            journal: None,
            security_log: None,
        }
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.data.join("service.db")
    }

    /// The key file.
    pub(crate) fn key_file(&self) -> PathBuf {
        let beside = || self.data.join("keys").join("service.key");
        self.key_file.clone().unwrap_or_else(beside)
    }

    /// The security log.
    pub(crate) fn security_log(&self) -> PathBuf {
        let beside = || self.data.join("security.log");
        self.security_log.clone().unwrap_or_else(beside)
    }

    /// Says in the security log what was done on the command line.
    pub(super) fn note(&self, clock: &dyn Clock, what: &str, detail: &str) {
        security::note_command(&self.security_log(), clock.now(), what, detail);
    }

    /// The journal.
    pub(crate) fn journal(&self) -> PathBuf {
        let beside = || self.data.join("service.journal");
        self.journal.clone().unwrap_or_else(beside)
    }
}

/// Whether a journal may be begun for data that have been used already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// No: one that is missing was lost.
    Never,
    /// Yes: the administrator says that the old one is lost for good.
    NewJournal,
}

/// Opens the service's storage: the database, brought to the same as its journal, and the keys from
/// the key file.
///
/// Of database, key file and journal each shows whether the others were there before. One that is
/// missing or empty beside used companions was lost, and is never replaced by an empty one without
/// a word.
pub(crate) async fn open(
    places: &Places,
    begin: Begin,
    now: Time,
) -> Result<(Store, Arc<RootKeys>), Refusal> {
    let (database, key_file, journal) = (places.database(), places.key_file(), places.journal());
    custody(places)?;
    if !store::is_used(&database)? {
        if has_lines(&journal) {
            return Err(JournalError::NewDatabase(journal).into());
        }
        if key_file.exists() {
            return Err(Refusal::LostDatabase(database, key_file));
        }
    }
    let (store, new) = Store::open(&places.data)?;
    let root = reconcile(&store, new, places, begin, now).await;
    match root {
        Ok(root) => Ok((store, root)),
        Err(error) => {
            store.close();
            Err(error)
        }
    }
}

/// Whether all that the service has is its user's alone.
pub(super) fn custody(places: &Places) -> Result<(), CustodyError> {
    custody::folder(&places.data)?;
    for file in [places.database(), places.key_file(), places.journal()] {
        if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) {
            custody::folder(folder)?;
        }
        custody::own_file(&file)?;
    }
    Ok(())
}

async fn reconcile(
    store: &Store,
    new: bool,
    places: &Places,
    begin: Begin,
    now: Time,
) -> Result<Arc<RootKeys>, Refusal> {
    // New data without their own key yet: an interrupted first start left the tables, and nothing
    // sealed.
    let keys = store.own_keys().await?;
    let unused = new || keys.keys.is_empty();
    let root = Arc::new(root::load(&places.key_file(), unused)?);
    ServiceKeys::fit(&root, &keys)?;
    let path = places.journal();
    if begin == Begin::Never && !has_lines(&path) && store.needs_journal(path.exists())? {
        return Err(JournalError::Missing(path).into());
    }
    let (journal, written) = Journal::open(&places.journal(), Arc::clone(&root.journal))?;
    if let Some(restored) = store.keep_journal(journal, written, now).await? {
        tracing::warn!(
            backup = restored.made_at.map(utc),
            applied = restored.applied,
            "the database was restored from a backup: everybody signs in again; removals, panics and suspensions since then are applied"
        );
    }
    if root.is_unfinished {
        go_on(store, &root, now).await?;
    }
    Ok(root)
}

/// An exchange of the key file was interrupted: what makes it safe to start in between is done.
async fn go_on(store: &Store, root: &Arc<RootKeys>, now: Time) -> Result<(), StoreError> {
    store.begin_exchange(Arc::clone(root), now).await?;
    match root.copied_at {
        Some(_) => tracing::warn!(
            "the key file is being exchanged because it was copied, and that was interrupted. Sessions, links and codes from before are \
             void, but the service still has its copied signing and HPKE keys: keep the key file as it is, stop the service, and run \
             countersign-service keys reseal --compromised again at once"
        ),
        None => tracing::warn!(
            "the key file is being exchanged, and that was interrupted. Everything works; keep the key file as it is, stop the service \
             when it suits you, and run countersign-service keys reseal again"
        ),
    }
    Ok(())
}

/// Lets one command at a time change the service's own keys, or the key file.
pub(super) fn exchanging(places: &Places) -> Result<File, Refusal> {
    let path = places.data.join("keys.lock");
    let failed = |error| Refusal::from(OpenError::Folder(places.data.clone(), error));
    let file = files::private(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Refusal::Exchanging),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Whether a database that is changed beside the service has all that its journal has. A new row of
/// one that was restored, and not started since, would take a number that the journal has already.
pub(super) fn settled(store: &Store, places: &Places) -> Result<(), Refusal> {
    // Before the database is read: a running service writes there first.
    let newest = last_number(&places.journal())?;
    match store.is_restored(newest)? {
        true => Err(Refusal::Unsettled(places.database(), places.journal())),
        false => Ok(()),
    }
}

/// Why the service's storage can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "the database {} was restored, or is older than the journal {}, and the service was not started since. Nothing was changed. \
         Start the service once, which applies what the journal has of the time after the backup, and try again",
        .0.display(), .1.display()
    )]
    Unsettled(PathBuf, PathBuf),
    #[error(
        "the database {} is missing or empty, and the key file {} shows that there was one. Restore the last backup (countersign-service \
         restore); or, to begin a new service with new data, move the key file away first",
        .0.display(), .1.display()
    )]
    LostDatabase(PathBuf, PathBuf),
    #[error(
        "another command changes the keys at this moment. Wait until it has ended, and try again"
    )]
    Exchanging,
    #[error(
        "the exchange of the key file is half done ({0}). Keep the key file as it is now: a part of the database opens with it alone, and no \
         copy from before opens that. Mend what is named, and run the same command again"
    )]
    HalfDone(String),
    #[error(
        "{} is not a key file that this service had, so a backup that was made with it may be anybody's. Nothing was changed. Give the key \
         file that was in use when the backup was made",
        .0.display()
    )]
    ForeignOldKey(PathBuf),
    #[error(transparent)]
    Custody(#[from] CustodyError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Reconcile(#[from] ReconcileError),
    #[error(transparent)]
    Backup(#[from] BackupError),
}
