//! The service's own keys, listed and rotated from the command line.

use super::places::{Places, Refusal, custody, exchanging, settled};
use crate::{
    base::clock::Clock,
    keys::root::{self, RootKeys},
    ring::{KeyStatus, Rotate, ServiceKeys},
    store::Store,
};

/// The service's keys can't be listed or rotated. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct KeysRefused(#[from] Refusal);

/// How each key of the service stands at this time.
///
/// # Errors
/// [`KeysRefused`] says why.
pub async fn list_keys(places: &Places, clock: &dyn Clock) -> Result<Vec<KeyStatus>, KeysRefused> {
    let (store, root) = beside(places).await?;
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
/// [`KeysRefused`] says why.
pub async fn rotate_keys(
    places: &Places,
    rotate: Rotate,
    clock: &dyn Clock,
) -> Result<Vec<KeyStatus>, KeysRefused> {
    // Before the key file is read: an exchange of it must not come between.
    let _alone = match places.database().exists() {
        true => Some(exchanging(places)?),
        false => None,
    };
    let (store, root) = beside(places).await?;
    let now = clock.now();
    let keys = match settled(&store, places) {
        Ok(()) => {
            let rotated = ServiceKeys::rotate(&store, &root, rotate, now).await;
            rotated.map_err(Refusal::from)
        }
        Err(error) => Err(error),
    };
    store.close();
    let keys = keys?;
    places.note(clock, "keys-rotated", "");
    Ok(keys.list(now))
}

/// The database and its keys, whether or not the service runs.
async fn beside(places: &Places) -> Result<(Store, RootKeys), Refusal> {
    custody(places)?;
    let store = Store::beside(&places.data)?;
    match fitting(&store, places).await {
        Ok(root) => Ok((store, root)),
        Err(error) => {
            store.close();
            Err(error)
        }
    }
}

async fn fitting(store: &Store, places: &Places) -> Result<RootKeys, Refusal> {
    let root = root::load(&places.key_file(), false)?;
    ServiceKeys::fit(&root, &store.own_keys().await?)?;
    Ok(root)
}
