//! Settings of the whole service.

use crate::store::*;

impl Store {
    /// A setting of the whole service.
    pub(crate) async fn setting(&self, name: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|tx| setting(tx, name))
    }

    /// Sets a setting.
    pub(crate) async fn set_setting(
        &self,
        name: &'static str,
        value: Vec<u8>,
    ) -> Result<(), StoreError> {
        self.write(Write::SetSetting, move |tx| set_setting(tx, name, &value))
            .await
    }
}

pub(in crate::store) fn setting(tx: &dyn Tx, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    tx.one(
        "SELECT value FROM setting WHERE name = ?1",
        params![name],
        |row| row.get("value"),
    )
}

pub(in crate::store) fn set_setting(
    tx: &dyn Tx,
    name: &str,
    value: &[u8],
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![name, value],
    )?;
    Ok(())
}
