//! The service's own keys and its information.

use super::{
    journal_rows,
    settings::{set_setting, setting},
};
use crate::{keys::seal::KeyName, store::*};

impl Store {
    /// The service's own keys and its information.
    pub(crate) async fn own_keys(&self) -> Result<OwnKeys, StoreError> {
        self.database.readers.snapshot(own)
    }

    /// Publishes new information and changes the keys with it; `false` when another process was
    /// first.
    pub(crate) async fn publish(&self, new: Publication) -> Result<bool, StoreError> {
        self.write(Write::Publish, move |tx| publish(tx, &new))
            .await
    }
}

/// The setting with the information that is served; what a replaced key signed last is in `info-`
/// and its id.
const INFO: &str = "info";
/// Set while the information of a restored database is the backup's.
const ANEW: &str = "publish-anew";

/// The setting with the name of the sealing key that an exchange of the key file brought last.
const SEALED_BY: &str = "sealed-by";

/// From now on only a key file with this sealing key is taken.
pub(super) fn set_sealed_by(tx: &dyn Tx, name: &KeyName) -> Result<(), StoreError> {
    set_setting(tx, SEALED_BY, name)
}

/// To be read as they are at one moment, so that keys and information belong together.
pub(in crate::store) fn own(tx: &dyn Tx) -> Result<OwnKeys, StoreError> {
    let keys = tx.all(
        "SELECT purpose, kid, created_at, sealed FROM service_key ORDER BY created_at, kid",
        params![],
        |row| {
            Ok(OwnKey {
                used_for: row.get("purpose")?,
                kid: row.get("kid")?,
                created_at: row.get("created_at")?,
                sealed: row.get("sealed")?,
            })
        },
    )?;
    let earlier = tx.all(
        "SELECT value FROM setting WHERE name LIKE 'info-%'",
        params![],
        |row| row.get("value"),
    )?;
    Ok(OwnKeys {
        keys,
        info: setting(tx, INFO)?,
        earlier,
        restored: setting(tx, ANEW)?.is_some(),
        sealed_by: setting(tx, SEALED_BY)?,
    })
}

/// The next information must have a sequence that no phone has met.
pub(super) fn publish_anew(tx: &dyn Tx) -> Result<(), StoreError> {
    set_setting(tx, ANEW, b"")
}

pub(super) fn add(tx: &dyn Tx, key: &OwnKey) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO service_key (purpose, kid, created_at, sealed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        params![
            key.used_for.name(),
            key.kid.0,
            key.created_at,
            key.sealed
        ],
    )?;
    Ok(())
}

pub(super) fn publish(tx: &dyn Tx, new: &Publication) -> Result<bool, StoreError> {
    if setting(tx, INFO)? != new.replaces {
        return Ok(false);
    }
    for key in &new.new {
        add(tx, key)?;
        journal_rows::record(tx, &JournalEntry::Key(key.clone()), key.created_at)?;
    }
    for (used_for, kid) in &new.erase {
        tx.execute(
            "DELETE FROM service_key WHERE purpose = ?1 AND kid = ?2",
            params![used_for.name(), kid.0],
        )?;
    }
    for (kid, info) in &new.earlier {
        set_setting(tx, &format!("{INFO}-{kid}"), info)?;
    }
    set_setting(tx, INFO, &new.info)?;
    tx.execute("DELETE FROM setting WHERE name = ?1", params![ANEW])?;
    Ok(true)
}
