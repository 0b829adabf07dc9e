//! Where push messages for devices go.

use countersign_protocol::id::DeviceId;
use rusqlite::{Connection, params};

use super::rows::{one, run};
use crate::store::*;

pub(super) fn get(c: &Connection, dev: DeviceId) -> Result<Option<Vec<u8>>, StoreError> {
    one(
        c,
        "SELECT address FROM push_address JOIN device USING (dev) WHERE dev = ?1 AND state = 'active'",
        [dev.0],
        |row| Ok(row.get("address")?),
    )
}

/// An address takes the place of the one before, or none does.
pub(super) fn set(c: &Connection, dev: DeviceId, address: Option<&[u8]>) -> Result<(), StoreError> {
    match address {
        Some(address) => run(
            c,
            "INSERT OR REPLACE INTO push_address (dev, address) VALUES (?1, ?2)",
            params![dev.0, address],
        )?,
        None => run(c, "DELETE FROM push_address WHERE dev = ?1", [dev.0])?,
    };
    Ok(())
}

/// Forgets this address, and no newer one.
pub(super) fn drop_gone(c: &Connection, dev: DeviceId, address: &[u8]) -> Result<(), StoreError> {
    run(
        c,
        "DELETE FROM push_address WHERE dev = ?1 AND address = ?2",
        params![dev.0, address],
    )?;
    Ok(())
}
