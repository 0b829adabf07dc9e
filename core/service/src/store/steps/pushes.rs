//! Where push messages for devices go.

use countersign_protocol::id::DeviceId;

use crate::store::*;

impl Store {
    /// Where push messages for a device in use go, sealed.
    pub(crate) async fn push_address(&self, dev: DeviceId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|tx| get(tx, dev))
    }

    /// There is no such address any more: forgets it, if no newer one has taken its place.
    pub(crate) async fn drop_push_address(
        &self,
        dev: DeviceId,
        address: Vec<u8>,
    ) -> Result<(), StoreError> {
        self.write(Write::DropPushAddress, move |tx| {
            drop_gone(tx, dev, &address)
        })
        .await
    }
}

pub(super) fn get(tx: &dyn Tx, dev: DeviceId) -> Result<Option<Vec<u8>>, StoreError> {
    tx.one(
        "SELECT address FROM push_address JOIN device USING (dev) WHERE dev = ?1 AND state = 'active'",
        params![dev.0],
        |row| row.get("address"),
    )
}

/// An address takes the place of the one before, or none does.
pub(super) fn set(tx: &dyn Tx, dev: DeviceId, address: Option<&[u8]>) -> Result<(), StoreError> {
    match address {
        Some(address) => tx.execute(
            "INSERT INTO push_address (dev, address) VALUES (?1, ?2)
             ON CONFLICT (dev) DO UPDATE SET address = excluded.address",
            params![dev.0, address],
        )?,
        None => tx.execute("DELETE FROM push_address WHERE dev = ?1", params![dev.0])?,
    };
    Ok(())
}

/// Forgets this address, and no newer one.
pub(super) fn drop_gone(tx: &dyn Tx, dev: DeviceId, address: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM push_address WHERE dev = ?1 AND address = ?2",
        params![dev.0, address],
    )?;
    Ok(())
}
