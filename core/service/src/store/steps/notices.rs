//! The messages about events that a person is to get.

use countersign_protocol::{Time, id::AccountId};

use super::{events, links, standing};
use crate::store::*;

impl Store {
    /// The accounts that a notice is due for, those that wait longest first.
    pub(crate) async fn due_accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        self.read(due_accounts)
    }

    /// The oldest events of an account whose notices have not left.
    pub(crate) async fn due_notices(
        &self,
        account: AccountId,
        now: Time,
    ) -> Result<Vec<DueNotice>, StoreError> {
        self.read(|tx| due_notices(tx, account, now))
    }

    /// The message about these events has left.
    pub(crate) async fn notice_sent(&self, ids: Vec<u64>) -> Result<(), StoreError> {
        self.write(Write::NoticeSent, move |tx| notice_sent(tx, &ids))
            .await
    }
}

pub(super) fn due_accounts(tx: &dyn Tx) -> Result<Vec<AccountId>, StoreError> {
    tx.all(
        "SELECT account FROM event WHERE mail = 1 GROUP BY account ORDER BY min(id) LIMIT 1000",
        params![],
        |row| row.get("account"),
    )
}

pub(super) fn due_notices(
    tx: &dyn Tx,
    account: AccountId,
    now: Time,
) -> Result<Vec<DueNotice>, StoreError> {
    let recovering = standing::standing(tx, account)?.recovery.is_some();
    let old = links::recovery_address(tx, account, now)?;
    tx.all(
        "SELECT event.id, event.account, email, first_name, language, at, what, detail, browser, place
         FROM event JOIN account ON acc = event.account
         WHERE mail = 1 AND event.account = ?1 ORDER BY event.id LIMIT 50",
        params![account.0],
        |row| {
            let event = events::from_row(row)?;
            let what = event.what.as_str();
            // Whoever has changed the address must not recover the account with it.
            let of_recovery = recovering || what == "panic" || what.starts_with("recovery-");
            let old = old.clone().filter(|_| of_recovery);
            Ok(DueNotice {
                id: row.get("id")?,
                account,
                email: old.map_or_else(|| row.get("email"), Ok)?,
                first_name: row.get("first_name")?,
                language: row.get("language")?,
                event,
            })
        },
    )
}

pub(super) fn notice_sent(tx: &dyn Tx, ids: &[u64]) -> Result<(), StoreError> {
    for id in ids {
        tx.execute("UPDATE event SET mail = 0 WHERE id = ?1", params![*id])?;
    }
    Ok(())
}
