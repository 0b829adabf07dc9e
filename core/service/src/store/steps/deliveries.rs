//! Deliveries: made with what they tell of, leased by one carrier at a time, tried until they are
//! carried or given up.

use countersign_protocol::Time;

use crate::{policy, store::*};

impl Store {
    /// Makes the deliveries that tell of these events of one account; `false`, and none is made,
    /// when one of the events was told of already.
    pub(crate) async fn tell_events(
        &self,
        events: Vec<u64>,
        deliveries: Vec<NewDelivery>,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::TellEvents, move |tx| {
            tell_events(tx, &events, &deliveries, now)
        })
        .await
    }

    /// Makes the delivery of a mailed link; `false` when it was made already.
    pub(crate) async fn tell_link(
        &self,
        seq: u64,
        delivery: NewDelivery,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::TellLink, move |tx| {
            tell_link(tx, seq, &delivery, now)
        })
        .await
    }

    /// Leases so many deliveries at most that are due: nobody else carries them until then. Those
    /// whose link works no more are dropped.
    pub(crate) async fn lease(
        &self,
        lease: LeaseId,
        at_most: usize,
        now: Time,
    ) -> Result<Vec<Delivery>, StoreError> {
        // Most looks find nothing, and cost no commit.
        if !self.read(|tx| is_due(tx, now))? {
            return Ok(Vec::new());
        }
        self.write(Write::LeaseDelivery, move |tx| {
            leased(tx, &lease, at_most, now)
        })
        .await
    }

    /// A try has ended. Nothing happens if the lease was lost meanwhile.
    pub(crate) async fn tried(
        &self,
        id: DeliveryId,
        lease: LeaseId,
        how: Tried,
        now: Time,
    ) -> Result<(), StoreError> {
        self.write(Write::DeliveryTried, move |tx| {
            tried(tx, id, &lease, &how, now)
        })
        .await
    }

    /// Ends the leases of a process that is gone: nobody but whoever holds the folder's lock can
    /// have one.
    pub(crate) async fn end_leases(&self) -> Result<(), StoreError> {
        if self.read(has_leases)? {
            self.write(Write::EndLeases, end_leases).await?;
        }
        Ok(())
    }
}

pub(super) fn delivery(row: &dyn Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: row.get("id")?,
        number: row.get("number")?,
        kind: row.get("kind")?,
        content: row.get("content")?,
        created_at: row.get("created_at")?,
        gives_up_at: row.get("gives_up_at")?,
        tries: row.get("tries")?,
    })
}

/// Makes a delivery, in the transaction of what it tells of.
pub(super) fn put(tx: &dyn Tx, new: &NewDelivery, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO delivery (id, kind, account, link, content, created_at, due, gives_up_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
        params![
            new.id,
            new.kind.name(),
            new.account.map(|account| account.0),
            new.link,
            new.content,
            now,
            now + policy::DELIVERY_SECONDS
        ],
    )?;
    Ok(())
}

pub(super) fn tell_events(
    tx: &dyn Tx,
    events: &[u64],
    deliveries: &[NewDelivery],
    now: Time,
) -> Result<bool, StoreError> {
    for id in events {
        let due = "SELECT 1 FROM event WHERE id = ?1 AND mail = 1";
        if tx.one(due, params![*id], |_| Ok(()))?.is_none() {
            return Ok(false);
        }
    }
    for id in events {
        tx.execute("UPDATE event SET mail = 0 WHERE id = ?1", params![*id])?;
    }
    for new in deliveries {
        put(tx, new, now)?;
    }
    Ok(true)
}

pub(super) fn tell_link(
    tx: &dyn Tx,
    seq: u64,
    new: &NewDelivery,
    now: Time,
) -> Result<bool, StoreError> {
    let told = tx.execute(
        "UPDATE mailed_link SET due = 0 WHERE seq = ?1 AND due = 1",
        params![seq],
    )?;
    if told == 1 {
        put(tx, new, now)?;
    }
    Ok(told == 1)
}

pub(super) fn is_due(tx: &dyn Tx, now: Time) -> Result<bool, StoreError> {
    let found = tx.one(
        "SELECT 1 FROM delivery
         WHERE dead_at IS NULL AND due <= ?1 AND lease_until <= ?1 LIMIT 1",
        params![now],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// The condition stands outside too: where two nodes choose the same rows, the second finds it
/// broken when the first has committed.
pub(super) fn leased(
    tx: &dyn Tx,
    lease: &LeaseId,
    at_most: usize,
    now: Time,
) -> Result<Vec<Delivery>, StoreError> {
    tx.execute(
        "DELETE FROM delivery
         WHERE dead_at IS NULL AND due <= ?1 AND lease_until <= ?1 AND link IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM mailed_link
             WHERE mailed_link.id = link AND used_at IS NULL AND expires_at > ?1)",
        params![now],
    )?;
    let mut leased = tx.all(
        "UPDATE delivery SET lease = ?2, lease_until = ?3, tries = tries + 1
         WHERE number IN (SELECT number FROM delivery
             WHERE dead_at IS NULL AND due <= ?1 AND lease_until <= ?1
             ORDER BY due, number LIMIT ?4)
           AND lease_until <= ?1
         RETURNING *",
        params![now, lease, now + policy::LEASE_SECONDS, at_most as u64],
        delivery,
    )?;
    leased.sort_by_key(|delivery| delivery.number);
    Ok(leased)
}

pub(super) fn tried(
    tx: &dyn Tx,
    id: DeliveryId,
    lease: &LeaseId,
    how: &Tried,
    now: Time,
) -> Result<(), StoreError> {
    match how {
        Tried::Done => tx.execute(
            "DELETE FROM delivery WHERE id = ?1 AND lease = ?2",
            params![id, lease],
        ),
        Tried::Later(due, why) => tx.execute(
            "UPDATE delivery SET due = ?3, why = ?4, lease = NULL, lease_until = 0
             WHERE id = ?1 AND lease = ?2",
            params![id, lease, *due, why],
        ),
        Tried::Never(why) => tx.execute(
            "UPDATE delivery SET dead_at = ?3, why = ?4, lease = NULL, lease_until = 0
             WHERE id = ?1 AND lease = ?2",
            params![id, lease, now, why],
        ),
    }?;
    Ok(())
}

fn has_leases(tx: &dyn Tx) -> Result<bool, StoreError> {
    let found = tx.one(
        "SELECT 1 FROM delivery WHERE lease IS NOT NULL LIMIT 1",
        params![],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

fn end_leases(tx: &dyn Tx) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE delivery SET lease = NULL, lease_until = 0 WHERE lease IS NOT NULL",
        params![],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path, sync::Arc};

    use countersign_protocol::id::AccountId;
    use rusqlite::Connection;

    use super::*;
    use crate::base::operator::Operator;

    const NOW: Time = 1_795_450_000;

    fn store(folder: &Path) -> (Store, Connection) {
        let (store, _) = Store::open(folder).unwrap();
        let c = Connection::open(folder.join("service.db")).unwrap();
        c.execute_batch(
            "PRAGMA busy_timeout = 5000;
             INSERT INTO account (acc, email, first_name, last_name, password, created_at)
             VALUES (x'0101010101010101', 'a@example.eu', 'A', 'B', 'x', 1);
             INSERT INTO event (id, account, at, what, detail, mail)
             VALUES (7, x'0101010101010101', 1, 'panic', '', 1)",
        )
        .unwrap();
        (store, c)
    }

    fn new(number: u8) -> NewDelivery {
        NewDelivery {
            id: [number; 16],
            kind: DeliveryKind::Mail,
            account: None,
            link: None,
            content: vec![number],
        }
    }

    fn count(c: &Connection, of: &str) -> i64 {
        c.query_row(&format!("SELECT count(*) FROM {of}"), [], |row| row.get(0))
            .unwrap()
    }

    #[tokio::test]
    async fn an_event_is_told_of_once() {
        let folder = tempfile::tempdir().unwrap();
        let (store, c) = store(folder.path());
        for (number, told) in [(1, true), (2, false)] {
            let done = store.tell_events(vec![7], vec![new(number)], NOW).await;
            assert_eq!(done.unwrap(), told);
        }
        assert_eq!(count(&c, "event WHERE mail = 1"), 0);
        assert_eq!(count(&c, "delivery"), 1);
        store.close();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_processes_never_hold_one_delivery_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let (store, c) = store(folder.path());
        let all = (1..=60).map(new).collect();
        store.tell_events(vec![7], all, NOW).await.unwrap();
        let other = Arc::new(Store::beside(folder.path()).unwrap());
        let store = Arc::new(store);
        let mut takers = tokio::task::JoinSet::new();
        for number in 0..8_u8 {
            let store = Arc::clone(if number % 2 == 0 { &store } else { &other });
            takers.spawn(async move {
                let mut taken = Vec::new();
                loop {
                    // The other process may have the database.
                    match store.lease([number; 16], 3, NOW).await {
                        Ok(some) if some.is_empty() => return taken,
                        Ok(some) => taken.extend(some.into_iter().map(|delivery| delivery.id)),
                        Err(StoreError::Locked) => tokio::task::yield_now().await,
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        let taken: Vec<_> = takers.join_all().await.concat();
        assert_eq!(taken.len(), 60);
        assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 60);
        assert_eq!(
            count(&c, "delivery WHERE lease_until > 0 AND tries = 1"),
            60
        );
        Arc::into_inner(other).unwrap().close();
        Arc::into_inner(store).unwrap().close();
    }

    #[tokio::test]
    async fn a_lease_that_is_over_is_another_ones_and_whoever_had_it_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (store, c) = store(folder.path());
        store.tell_events(vec![7], vec![new(1)], NOW).await.unwrap();
        let (first, second) = ([1; 16], [2; 16]);
        assert_eq!(store.lease(first, 4, NOW).await.unwrap().len(), 1);
        let later = NOW + policy::LEASE_SECONDS;
        assert!(store.lease(second, 4, later - 1).await.unwrap().is_empty());
        let again = store.lease(second, 4, later).await.unwrap();
        assert_eq!(again[0].tries, 2);
        store
            .tried([1; 16], first, Tried::Done, later)
            .await
            .unwrap();
        assert_eq!(count(&c, "delivery"), 1);
        let how = Tried::Later(later + 5, "busy".into());
        store.tried([1; 16], second, how, later).await.unwrap();
        assert!(store.lease(first, 4, later + 4).await.unwrap().is_empty());
        assert_eq!(count(&c, "delivery WHERE why = 'busy'"), 1);
        assert_eq!(store.lease(first, 4, later + 5).await.unwrap().len(), 1);
        // A process that was killed had it.
        store.end_leases().await.unwrap();
        assert_eq!(store.lease(second, 4, later + 5).await.unwrap().len(), 1);
        let never = Tried::Never("no".into());
        store.tried([1; 16], second, never, later).await.unwrap();
        assert!(store.lease(first, 4, later + 99).await.unwrap().is_empty());
        let dead = store.dead_deliveries(0, 9, false).await.unwrap();
        assert_eq!((dead.len(), dead[0].why.as_str()), (1, "no"));
        let number = dead[0].delivery.number;
        for (number, again) in [(number + 1, 0), (number, 1)] {
            let retried = store.retry_dead(Some(number), later).await.unwrap();
            assert_eq!(retried, Retried { again, over: 0 });
        }
        let again = store.lease(first, 4, later).await.unwrap();
        assert_eq!(again[0].tries, 1);
        assert_eq!(again[0].gives_up_at, later + policy::DELIVERY_SECONDS);
        // What waits is not dropped.
        let by = || Operator::parse("root").unwrap();
        assert_eq!(store.drop_dead(None, by(), later).await.unwrap(), 0);
        let never = Tried::Never("no".into());
        store.tried([1; 16], first, never, later).await.unwrap();
        assert_eq!(store.drop_dead(None, by(), later).await.unwrap(), 1);
        assert_eq!(count(&c, "delivery"), 0);
        store.close();
    }

    #[tokio::test]
    async fn a_message_whose_link_works_no_more_is_dropped_and_one_of_a_deleted_account_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (store, c) = store(folder.path());
        for (number, used_at, expires_at) in [(1, "NULL", 100), (2, "5", 100), (3, "NULL", 0)] {
            c.execute_batch(&format!(
                "INSERT INTO mailed_link
                   (seq, id, kind, account, address, payload, created_at, expires_at, used_at)
                 VALUES ({number}, CAST(x'{}' AS BLOB), 'stop', x'0101010101010101', 'a@example.eu',
                   x'', {NOW}, {NOW} + {expires_at}, {used_at})",
                format!("{number:02}").repeat(16)
            ))
            .unwrap();
            let new = NewDelivery {
                link: Some([number; 16]),
                ..new(number)
            };
            let told = store.tell_link(number.into(), new, NOW).await.unwrap();
            assert!(told);
        }
        let notice = NewDelivery {
            account: Some(AccountId([1; 8])),
            ..new(4)
        };
        store.tell_events(vec![7], vec![notice], NOW).await.unwrap();
        let leased = store.lease([9; 16], 9, NOW).await.unwrap();
        let ids: Vec<_> = leased.iter().map(|delivery| delivery.id[0]).collect();
        assert_eq!(ids, [1, 4]);
        assert_eq!(count(&c, "delivery"), 2);
        c.execute_batch("PRAGMA foreign_keys = ON; DELETE FROM account")
            .unwrap();
        store.end_leases().await.unwrap();
        let leased = store.lease([9; 16], 9, NOW).await.unwrap();
        let ids: Vec<_> = leased.iter().map(|delivery| delivery.id[0]).collect();
        assert_eq!(ids, [4]);
        store.close();
    }
}
