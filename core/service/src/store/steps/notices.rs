//! The messages about events that a person is to get.

use countersign_protocol::{Time, id::AccountId};

use super::{accounts, events, links};
use crate::{base::email::Email, store::*};

impl Store {
    /// The accounts that a notice is due for, those that wait longest first.
    pub(crate) async fn due_accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        self.read(due_accounts)
    }

    /// The addresses of an account: its own, and those that can still undo a change of it.
    pub(crate) async fn addresses(
        &self,
        account: AccountId,
        now: Time,
    ) -> Result<Vec<Email>, StoreError> {
        self.read(|tx| {
            let Some(owner) = accounts::get(tx, account)? else {
                return Ok(Vec::new());
            };
            let to = recipients(tx, account, &owner.email, now)?;
            Ok(to.into_iter().map(|to| to.email).collect())
        })
    }

    /// The oldest events of an account whose notices are due, and where they go. `None`: there is
    /// no such account any more.
    pub(crate) async fn due_notices(
        &self,
        account: AccountId,
        now: Time,
    ) -> Result<Option<DueNotices>, StoreError> {
        self.read(|tx| due_notices(tx, account, now))
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
) -> Result<Option<DueNotices>, StoreError> {
    let Some(owner) = accounts::get(tx, account)? else {
        return Ok(None);
    };
    let events = tx.all(
        "SELECT * FROM event WHERE mail = 1 AND account = ?1 ORDER BY id LIMIT 50",
        params![account.0],
        |row| Ok((row.get("id")?, events::from_row(row)?)),
    )?;
    let to = recipients(tx, account, &owner.email, now)?;
    Ok(Some(DueNotices {
        account,
        name: match owner.first_name.is_empty() {
            true => owner.last_name,
            false => owner.first_name,
        },
        language: owner.language,
        events,
        to,
    }))
}

/// For as long as a change of the address can be undone, both addresses hear of everything. A
/// recovery is finished from the oldest: not by whoever changed it.
fn recipients(
    tx: &dyn Tx,
    account: AccountId,
    own: &Email,
    now: Time,
) -> Result<Vec<Recipient>, StoreError> {
    let mut to = links::undoing(tx, account, now)?;
    if to.iter().all(|older| older.email != *own) {
        to.push(Recipient {
            may_recover: to.is_empty(),
            email: own.clone(),
            undo: None,
        });
    }
    Ok(to)
}
