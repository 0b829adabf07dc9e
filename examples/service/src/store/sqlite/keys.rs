//! The service's own keys and its information.

use countersign_protocol::id::KeyId;
use rusqlite::{Connection, params};

use super::{
    accounts::{set_setting, setting},
    rows::{all, int, num, run},
};
use crate::store::*;

/// The setting with the information that is served; what a replaced key signed last is in `info-` and its id.
const INFO: &str = "info";

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
    })
}

pub(super) fn publish(c: &Connection, new: &Publication) -> Result<bool, StoreError> {
    if setting(c, INFO)? != new.replaces {
        return Ok(false);
    }
    for key in &new.new {
        run(
            c,
            "INSERT INTO service_key (purpose, kid, created_at, sealed) VALUES (?1, ?2, ?3, ?4)",
            params![
                key.used_for.name(),
                key.kid.0,
                int(key.created_at),
                key.sealed
            ],
        )?;
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
    Ok(true)
}
