//! The row of an account's biometrics.

use countersign_protocol::id::KeyId;
use rusqlite::{Connection, params};

use super::{Store, StoreError};

/// How far biometrics are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BiometricState {
    /// Stored before they were asked for; nothing heard yet.
    Asked = 1,
    /// In use.
    On = 2,
    /// Deleted here, and not reported to the service yet.
    Gone = 3,
}

impl BiometricState {
    pub(super) fn from_number(number: u64) -> Option<Self> {
        [Self::Asked, Self::On, Self::Gone]
            .into_iter()
            .find(|state| *state as u64 == number)
    }
}

/// K_bio and B, as they are stored.
#[derive(Clone)]
pub(crate) struct BiometricRow {
    pub(crate) state: BiometricState,
    /// The handle of K_bio.
    pub(crate) key: Vec<u8>,
    /// Its key id at the service.
    pub(crate) kid: KeyId,
    /// B, sealed by the biometric store.
    pub(crate) code_secret: Vec<u8>,
}

impl Store {
    /// Puts the row in the place of the one before.
    pub(crate) fn set_biometrics(
        &self,
        connection: &Connection,
        account: u32,
        row: &BiometricRow,
    ) -> Result<(), StoreError> {
        self.expect_remains(connection)?;
        self.run(
            connection,
            "INSERT OR REPLACE INTO biometrics (account, state, key, kid, share) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![account, row.state as i64, row.key, row.kid.0, row.code_secret],
        )
    }

    /// The service has them.
    pub(crate) fn confirm_biometrics(
        &self,
        connection: &Connection,
        account: u32,
    ) -> Result<(), StoreError> {
        self.run(
            connection,
            "UPDATE biometrics SET state = ?2 WHERE account = ?1",
            params![account, BiometricState::On as i64],
        )
    }

    /// Takes the row away.
    pub(crate) fn remove_biometrics(
        &self,
        connection: &Connection,
        account: u32,
    ) -> Result<(), StoreError> {
        self.expect_remains(connection)?;
        self.run(
            connection,
            "DELETE FROM biometrics WHERE account = ?1",
            [account],
        )
    }
}
