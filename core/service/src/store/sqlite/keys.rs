//! The service's own keys and its information.

use countersign_protocol::id::KeyId;
use rusqlite::{Connection, params};

use super::{
    accounts::{set_setting, setting},
    journal,
    rows::{all, int, num, run},
};
use crate::store::*;

/// The setting with the information that is served; what a replaced key signed last is in `info-` and its id.
const INFO: &str = "info";
/// Set while the information of a restored database is the backup's.
const ANEW: &str = "publish-anew";

pub(super) fn own(c: &Connection) -> Result<OwnKeys, StoreError> {
    // One transaction, so that keys and information belong together.
    let snapshot = c.unchecked_transaction()?;
    let keys = all(
        &snapshot,
        "SELECT purpose, kid, created_at, sealed FROM service_key ORDER BY created_at, kid",
        [],
        |row| {
            Ok(OwnKey {
                used_for: KeyUse::from_name(&row.get::<_, String>("purpose")?)
                    .ok_or(StoreError::Damaged("purpose"))?,
                kid: KeyId(row.get("kid")?),
                created_at: num(row, "created_at")?,
                sealed: row.get("sealed")?,
            })
        },
    )?;
    let earlier = all(
        &snapshot,
        "SELECT value FROM setting WHERE name LIKE 'info-%'",
        [],
        |row| Ok(row.get(0)?),
    )?;
    Ok(OwnKeys {
        keys,
        info: setting(&snapshot, INFO)?,
        earlier,
        restored: setting(&snapshot, ANEW)?.is_some(),
    })
}

/// The next information must have a sequence that no phone has met.
pub(super) fn publish_anew(c: &Connection) -> Result<(), StoreError> {
    set_setting(c, ANEW, b"")
}

pub(super) fn add(c: &Connection, key: &OwnKey) -> Result<(), StoreError> {
    run(
        c,
        "INSERT INTO service_key (purpose, kid, created_at, sealed) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        params![
            key.used_for.name(),
            key.kid.0,
            int(key.created_at),
            key.sealed
        ],
    )?;
    Ok(())
}

pub(super) fn publish(c: &Connection, new: &Publication) -> Result<bool, StoreError> {
    if setting(c, INFO)? != new.replaces {
        return Ok(false);
    }
    for key in &new.new {
        add(c, key)?;
        journal::record(c, &JournalEntry::Key(key.clone()), key.created_at)?;
    }
    for (used_for, kid) in &new.erase {
        run(
            c,
            "DELETE FROM service_key WHERE purpose = ?1 AND kid = ?2",
            params![used_for.name(), kid.0],
        )?;
    }
    for (kid, info) in &new.earlier {
        set_setting(c, &format!("{INFO}-{kid}"), info)?;
    }
    set_setting(c, INFO, &new.info)?;
    run(c, "DELETE FROM setting WHERE name = ?1", [ANEW])?;
    Ok(true)
}
