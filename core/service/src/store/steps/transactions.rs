//! Operations that were signed.

use countersign_protocol::id::{AccountId, ChallengeId};

use super::events;
use crate::store::*;

impl Store {
    /// An account's newest signed operations, the newest first.
    pub(crate) async fn signed_transactions(
        &self,
        account: AccountId,
        at_most: u32,
    ) -> Result<Vec<SignedTransaction>, StoreError> {
        self.read(|tx| {
            tx.all(
                "SELECT * FROM signed_transaction WHERE account = ?1 ORDER BY at DESC, id LIMIT ?2",
                params![account.0, at_most],
                from_row,
            )
        })
    }

    /// What the challenge `id` signed for this account.
    pub(crate) async fn signed_transaction(
        &self,
        id: ChallengeId,
        account: AccountId,
    ) -> Result<Option<SignedTransaction>, StoreError> {
        self.read(|tx| {
            tx.one(
                "SELECT * FROM signed_transaction WHERE id = ?1 AND account = ?2",
                params![id.0, account.0],
                from_row,
            )
        })
    }
}

pub(super) fn record(
    tx: &dyn Tx,
    signed: &SignedTransaction,
    method: Method,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO signed_transaction (id, account, at, operation, data) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![signed.id.0, signed.account.0, signed.at, signed.operation, signed.data],
    )?;
    let what = match method {
        Method::CodeBiometric => "transaction-signed-biometric",
        _ => "transaction-signed",
    };
    events::note(tx, signed.account, what, &signed.operation, signed.at)
}

fn from_row(row: &dyn Row) -> Result<SignedTransaction, StoreError> {
    Ok(SignedTransaction {
        id: row.get("id")?,
        account: row.get("account")?,
        at: row.get("at")?,
        operation: row.get("operation")?,
        data: row.get("data")?,
    })
}
