//! What whoever runs the service does from the command line, while it runs or not.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use countersign_protocol::Time;

use crate::{
    Clock,
    base::{
        custody::{self, CustodyError},
        time::utc,
    },
    journal::{Journal, JournalError, has_lines},
    keys::{
        file::{self, KeyFileError, RootKeys},
        ring::{KeyStatus, KeysError, Rotate, ServiceKeys},
    },
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
    fn note(&self, clock: &dyn Clock, what: &str, detail: &str) {
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
    /// Yes: whoever runs the service says that the old one is lost for good.
    NewJournal,
}

/// Opens the service's storage: the database, brought to the same as its journal, and the keys from the key file.
///
/// Of database, key file and journal each shows whether the others were there before. One that is missing or empty beside used
/// companions was lost, and is never replaced by an empty one without a word.
pub(crate) async fn open(
    places: &Places,
    begin: Begin,
    now: Time,
) -> Result<(Store, RootKeys), Refusal> {
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
    let root = settle(&store, new, places, begin, now).await;
    match root {
        Ok(root) => Ok((store, root)),
        Err(error) => {
            store.close();
            Err(error)
        }
    }
}

/// Whether all that the service has is its user's alone.
fn custody(places: &Places) -> Result<(), CustodyError> {
    custody::folder(&places.data)?;
    for file in [places.database(), places.key_file(), places.journal()] {
        if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) {
            custody::folder(folder)?;
        }
        custody::own_file(&file)?;
    }
    Ok(())
}

async fn settle(
    store: &Store,
    new: bool,
    places: &Places,
    begin: Begin,
    now: Time,
) -> Result<RootKeys, Refusal> {
    // New data without their own key yet: an interrupted first start left the tables, and nothing sealed.
    let keys = store.own_keys().await?;
    let unused = new || keys.keys.is_empty();
    let root = file::load(&places.key_file(), unused)?;
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
    Ok(root)
}

/// The service's keys can't be listed or rotated. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct KeysRefused(#[from] Refusal);

/// Why the service's storage can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "the database {} is missing or empty, and the key file {} shows that there was one. Restore the last backup (countersign-service \
         restore); or, to begin a new service with new data, move the key file away first",
        .0.display(), .1.display()
    )]
    LostDatabase(PathBuf, PathBuf),
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

/// A backup was not made, or not restored; each message says what a person can do.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BackupRefused(#[from] Refusal);

impl From<BackupError> for BackupRefused {
    fn from(error: BackupError) -> Self {
        Self(error.into())
    }
}

/// Copies the database to a file, as it is at one moment, whether or not the service runs. The file ends with a MAC under the key file. The key
/// that opens its secrets is not in it, nor is the journal.
///
/// # Errors
/// [`BackupRefused`]; there is no file then.
pub fn backup(places: &Places, to: &Path, clock: &dyn Clock) -> Result<(), BackupRefused> {
    custody(places).map_err(Refusal::from)?;
    let root = file::load(&places.key_file(), false).map_err(Refusal::from)?;
    store::backup(&places.data, to, &root.backups, clock.now())?;
    places.note(clock, "backup", &to.to_string_lossy());
    Ok(())
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// When the backup was made.
    pub made_at: Option<Time>,
    /// Where the database is that was there before.
    pub replaced: Option<PathBuf>,
}

/// Puts a backup into a data folder on which no service runs. Its MAC must be this service's, so the key file must be there. The next start moves all steps on, closes what was open, and applies the
/// journal.
///
/// # Errors
/// [`BackupRefused`]; nothing was changed then.
pub fn restore(
    places: &Places,
    from: &Path,
    replace: bool,
    clock: &dyn Clock,
) -> Result<RestoreReport, BackupRefused> {
    custody(places).map_err(Refusal::from)?;
    let root = file::load(&places.key_file(), false).map_err(Refusal::from)?;
    let draft = store::prepare(&places.data, from, replace, &root.backups)?;
    ServiceKeys::fit(&root, &draft.keys).map_err(Refusal::from)?;
    let rows = draft.rows_before();
    if rows.is_some() || has_lines(&places.journal()) {
        let opened = Journal::open(&places.journal(), root.journal);
        let (mut journal, written) = opened.map_err(Refusal::from)?;
        journal
            .reaches(&written, draft.last)
            .map_err(Refusal::from)?;
        // A crash may have left it without what the old database knows.
        journal
            .append(&rows.unwrap_or_default())
            .map_err(Refusal::from)?;
    }
    let replaced = draft.put(clock.now())?;
    places.note(clock, "restore", &from.to_string_lossy());
    Ok(RestoreReport {
        made_at: draft.made_at,
        replaced,
    })
}

/// One thing that [`doctor`] looked at: what, and what is wrong with it.
pub type Checked = (String, Result<(), String>);

/// Looks at everything that a start needs, and changes nothing. The service may be running.
pub fn doctor(places: &Places, tls_key: Option<&Path>) -> Vec<Checked> {
    let shown = |what: &str, path: &Path| format!("{what} {}", path.display());
    let (database, key_file, journal) = (places.database(), places.key_file(), places.journal());
    let mut checked = vec![(
        shown("data folder", &places.data),
        custody::folder(&places.data).map_err(|error| error.to_string()),
    )];
    for (what, path) in [
        ("database", &database),
        ("key file", &key_file),
        ("journal", &journal),
    ] {
        let there = path
            .exists()
            .then_some(())
            .ok_or_else(|| "it is not there".to_owned());
        let own = || custody::own_file(path).map_err(|error| error.to_string());
        checked.push((shown(what, path), there.and_then(|()| own())));
    }
    if let Some(path) = tls_key {
        let given = custody::given_key(path).map_err(|error| error.to_string());
        checked.push((shown("TLS key", path), given));
    }
    let opens = match file::load(&key_file, false) {
        Ok(root) => fits(places, &root).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    checked.push((
        "the database and the key file belong together".to_owned(),
        opens,
    ));
    checked
}

fn fits(places: &Places, root: &RootKeys) -> Result<(), Refusal> {
    let keys = store::own_keys(&places.database())?;
    Ok(ServiceKeys::fit(root, &keys)?)
}

/// How each key of the service stands at this time.
///
/// # Errors
/// [`KeysRefused`] says what is in the way.
pub async fn list_keys(places: &Places, clock: &dyn Clock) -> Result<Vec<KeyStatus>, KeysRefused> {
    let (store, root) = beside(places)?;
    let keys = match store.own_keys().await {
        Ok(stored) => ServiceKeys::open(&root, &stored).map_err(Refusal::from),
        Err(error) => Err(error.into()),
    };
    store.close();
    Ok(keys?.list(clock.now()))
}

/// Makes and publishes new keys. A running service takes them up within seconds.
///
/// # Errors
/// [`KeysRefused`] says what is in the way.
pub async fn rotate_keys(
    places: &Places,
    rotate: Rotate,
    clock: &dyn Clock,
) -> Result<Vec<KeyStatus>, KeysRefused> {
    let (store, root) = beside(places)?;
    let now = clock.now();
    let keys = ServiceKeys::rotate(&store, &root, rotate, now).await;
    store.close();
    let keys = keys.map_err(Refusal::from)?;
    places.note(clock, "keys-rotated", "");
    Ok(keys.list(now))
}

/// The database and its keys, whether or not the service runs.
fn beside(places: &Places) -> Result<(Store, RootKeys), Refusal> {
    custody(places)?;
    let store = Store::beside(&places.data)?;
    match file::load(&places.key_file(), false) {
        Ok(root) => Ok((store, root)),
        Err(error) => {
            store.close();
            Err(error.into())
        }
    }
}
