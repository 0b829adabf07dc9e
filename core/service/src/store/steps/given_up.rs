//! Deliveries that were given up: listed, tried again and dropped.

use countersign_protocol::{Time, id::AccountId};

use super::{deliveries::delivery, events};
use crate::{base::operator::Operator, policy, store::*};

impl Store {
    /// Deliveries that were given up, or those that are `waiting`, in their order, from the first
    /// after this number on.
    pub(crate) async fn dead_deliveries(
        &self,
        after: u64,
        at_most: u32,
        waiting: bool,
    ) -> Result<Vec<DeadDelivery>, StoreError> {
        self.read(|tx| dead(tx, after, at_most, waiting))
    }

    /// Tries a delivery that was given up again, or all of them: for as long as a new one. Those
    /// whose link works no more are dropped.
    pub(crate) async fn retry_dead(
        &self,
        number: Option<u64>,
        now: Time,
    ) -> Result<Retried, StoreError> {
        self.write(Write::RetryDead, move |tx| retry_dead(tx, number, now))
            .await
    }

    /// Drops a delivery that was given up, or all of them, which the accounts' histories say.
    /// Answers how many.
    pub(crate) async fn drop_dead(
        &self,
        number: Option<u64>,
        by: Operator,
        now: Time,
    ) -> Result<usize, StoreError> {
        self.write(Write::DropDead, move |tx| drop_dead(tx, number, &by, now))
            .await
    }
}

pub(super) fn dead(
    tx: &dyn Tx,
    after: u64,
    at_most: u32,
    waiting: bool,
) -> Result<Vec<DeadDelivery>, StoreError> {
    const DEAD: &str = "SELECT * FROM delivery WHERE dead_at IS NOT NULL AND number > ?1
         ORDER BY number LIMIT ?2";
    const WAITING: &str = "SELECT * FROM delivery WHERE dead_at IS NULL AND number > ?1
         ORDER BY number LIMIT ?2";
    tx.all(
        if waiting { WAITING } else { DEAD },
        params![after, at_most],
        |row| {
            Ok(DeadDelivery {
                delivery: delivery(row)?,
                dead_at: row.get("dead_at")?,
                why: row.get("why")?,
            })
        },
    )
}

pub(super) fn retry_dead(
    tx: &dyn Tx,
    number: Option<u64>,
    now: Time,
) -> Result<Retried, StoreError> {
    let over = tx.execute(
        "DELETE FROM delivery
         WHERE dead_at IS NOT NULL AND (number = ?1 OR ?1 IS NULL) AND link IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM mailed_link
             WHERE mailed_link.id = link AND used_at IS NULL AND expires_at > ?2)",
        params![number, now],
    )?;
    let again = tx.execute(
        "UPDATE delivery SET dead_at = NULL, due = ?2, gives_up_at = ?3, tries = 0
         WHERE dead_at IS NOT NULL AND (number = ?1 OR ?1 IS NULL)",
        params![number, now, now + policy::DELIVERY_SECONDS],
    )?;
    Ok(Retried { again, over })
}

pub(super) fn drop_dead(
    tx: &dyn Tx,
    number: Option<u64>,
    by: &Operator,
    now: Time,
) -> Result<usize, StoreError> {
    let dropped = tx.all(
        "DELETE FROM delivery WHERE dead_at IS NOT NULL AND (number = ?1 OR ?1 IS NULL)
         RETURNING account",
        params![number],
        |row| row.get::<Option<AccountId>>("account"),
    )?;
    for account in dropped.iter().flatten() {
        events::note_silently(tx, *account, "admin-dropped-mail", by.as_str(), now)?;
    }
    Ok(dropped.len())
}

/// Why messages about an account were not taken at the last try, the newest first, a few of them.
pub(super) fn not_delivered(tx: &dyn Tx, account: AccountId) -> Result<Vec<String>, StoreError> {
    tx.all(
        "SELECT why FROM delivery WHERE account = ?1 AND why <> '' ORDER BY number DESC LIMIT 5",
        params![account.0],
        |row| row.get("why"),
    )
}
