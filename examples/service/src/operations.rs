//! What whoever runs the service does from the command line, while it runs or not.

use std::path::PathBuf;

use crate::{
    Clock,
    keyfile::{self, KeyFileError, RootKeys},
    keys::{KeyStatus, KeysError, Rotate, ServiceKeys},
    store::{
        Store, StoreError,
        sqlite::{OpenError, Sqlite},
    },
};

/// Where the service keeps what it has.
#[derive(Debug, Clone)]
pub struct Places {
    /// The data folder.
    pub data: PathBuf,
    /// The key file, if it is not `keys/service.key` in the data folder.
    pub key_file: Option<PathBuf>,
}

impl Places {
    /// The key file.
    pub(crate) fn key_file(&self) -> PathBuf {
        let beside = || self.data.join("keys").join("service.key");
        self.key_file.clone().unwrap_or_else(beside)
    }
}

/// The service's keys can't be listed or rotated. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct KeysRefused(#[from] Refusal);

#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Store(#[from] StoreError),
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
    Ok(keys.map_err(Refusal::from)?.list(now))
}

/// The database and its keys, whether or not the service runs.
fn beside(places: &Places) -> Result<(Sqlite, RootKeys), Refusal> {
    let store = Sqlite::beside(&places.data)?;
    match keyfile::load(&places.key_file(), false) {
        Ok(root) => Ok((store, root)),
        Err(error) => {
            store.close();
            Err(error.into())
        }
    }
}
