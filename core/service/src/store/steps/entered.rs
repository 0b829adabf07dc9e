//! Which services were entered with an account, by which session and when.

use countersign_protocol::{Time, id::AccountId};

use super::calls;
use crate::store::*;

impl Store {
    /// The services that were entered with an account, each once, the last one first.
    pub(crate) async fn entered(
        &self,
        account: AccountId,
    ) -> Result<Vec<EnteredService>, StoreError> {
        self.read(|tx| {
            tx.all(
                "SELECT service, max(at) AS at FROM entered WHERE account = ?1
                 GROUP BY service ORDER BY at DESC, service LIMIT 100",
                params![account.0],
                |row| {
                    Ok(EnteredService {
                        service: row.get("service")?,
                        at: row.get("at")?,
                    })
                },
            )
        })
    }

    /// Whether a session entered a service.
    pub(crate) async fn has_entered(
        &self,
        session: SessionId,
        service: &str,
    ) -> Result<bool, StoreError> {
        self.read(|tx| {
            let found = tx.one(
                "SELECT 1 AS found FROM entered WHERE session = ?1 AND service = ?2",
                params![session, service],
                |row| row.get::<i64>("found"),
            )?;
            Ok(found.is_some())
        })
    }
}

/// Notes that a session entered a service; `true` when it did so for the first time.
pub(super) fn enter(
    tx: &dyn Tx,
    account: AccountId,
    session: SessionId,
    service: &str,
    now: Time,
) -> Result<bool, StoreError> {
    let known = tx.execute(
        "UPDATE entered SET at = ?4, ended_at = NULL
         WHERE account = ?1 AND session = ?2 AND service = ?3",
        params![account.0, session, service, now],
    )?;
    if known == 0 {
        tx.execute(
            "INSERT INTO entered (account, session, service, at) VALUES (?1, ?2, ?3, ?4)",
            params![account.0, session, service, now],
        )?;
    }
    Ok(known == 0)
}

/// What a session entered goes over to the one that takes its place in the same browser, for the
/// same person.
pub(super) fn go_over(
    tx: &dyn Tx,
    from: SessionHash,
    account: AccountId,
    to: SessionId,
) -> Result<(), StoreError> {
    let old = tx.one(
        "SELECT id FROM session WHERE hash = ?1 AND account = ?2",
        params![from, account.0],
        |row| row.get::<SessionId>("id"),
    )?;
    let Some(old) = old else {
        return Ok(());
    };
    let values: &[Value<'_>] = params![old, to];
    tx.batch(&[
        (
            "UPDATE entered SET session = ?2 WHERE session = ?1 AND ended_at IS NULL",
            values,
        ),
        ("UPDATE visit SET session = ?2 WHERE session = ?1", values),
        ("UPDATE ticket SET session = ?2 WHERE session = ?1", values),
        (
            "UPDATE token_grant SET session = ?2 WHERE session = ?1",
            values,
        ),
    ])
}

/// A session ends, and so is to end what services have open for it.
pub(super) fn end(tx: &dyn Tx, session: SessionHash, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE entered SET ended_at = ?2
         WHERE session = (SELECT id FROM session WHERE hash = ?1) AND ended_at IS NULL",
        params![session, now],
    )?;
    calls::of_session(tx, session, now)
}

/// Every session of an account ends.
pub(super) fn end_all(tx: &dyn Tx, account: AccountId, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE entered SET ended_at = ?2 WHERE account = ?1 AND ended_at IS NULL",
        params![account.0, now],
    )?;
    calls::of_account(tx, account, now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_service_is_listed_once_with_its_last_time_and_ends_with_its_session() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(folder.path()).unwrap();
        let account = AccountId([1; 8]);
        let entered = store.write(Write::Sweep, move |tx| {
            tx.execute(
                "INSERT INTO account (acc, email, first_name, last_name, password, created_at)
                 VALUES (?1, 'a@example.eu', 'A', 'B', '', 1)",
                params![account.0],
            )?;
            for (hash, id) in [([1_u8; 32], [1_u8; 16]), ([2; 32], [2; 16])] {
                tx.execute(
                    "INSERT INTO session
                       (hash, id, account, signed_in, created_at, used_at, expires_at)
                     VALUES (?1, ?2, ?3, 1, 1, 1, 1000)",
                    params![hash, id, account.0],
                )?;
            }
            enter(tx, account, [1; 16], "https://bank.example.eu/", 10)?;
            enter(tx, account, [2; 16], "https://bank.example.eu/", 20)?;
            enter(tx, account, [2; 16], "https://library.example.eu/", 15)?;
            end(tx, [2; 32], 30)
        });
        entered.await.unwrap();
        let listed = store.entered(account).await.unwrap();
        let listed: Vec<_> = listed
            .iter()
            .map(|all| (all.service.as_str(), all.at))
            .collect();
        let (bank, library) = ("https://bank.example.eu/", "https://library.example.eu/");
        assert_eq!(listed, [(bank, 20), (library, 15)]);
        let ended = store.read(|tx| {
            tx.all(
                "SELECT session FROM entered WHERE ended_at = 30",
                params![],
                |row| row.get::<SessionId>("session"),
            )
        });
        assert_eq!(ended.unwrap(), [[2; 16], [2; 16]]);
        store.close();
    }
}
