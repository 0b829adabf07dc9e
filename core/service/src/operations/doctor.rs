//! Looks whether everything that a start needs is there.

use std::path::Path;

use super::places::{Places, Refusal};
use crate::{
    base::custody,
    keys::root::{self, RootKeys},
    ring::ServiceKeys,
    store,
};

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
    let opens = match root::load(&key_file, false) {
        Ok(root) if root.is_unfinished => Err(
            "an exchange of the key file was interrupted: keep the key file as it is, and run countersign-service keys reseal again"
                .to_owned(),
        ),
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
