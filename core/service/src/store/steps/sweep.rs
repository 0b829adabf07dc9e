//! Deletes what is over, a few rows at a time, so that nobody waits long for the writer.
//!
//! Every table is listed here or in the test below, which says what ends its rows: nothing is kept
//! for ever, but accounts and their devices.

use countersign_protocol::Time;

use super::{deletion, journal_rows, sessions};
use crate::{
    policy::{self, lifetimes::Kept},
    store::*,
};

/// So many rows at most are deleted in one transaction. Rows that hang on them go too: a session's
/// few proofs, an enrolment's pending device.
const BATCH: u32 = 200;

/// A time, and how long before it ends what is over.
#[derive(Clone, Copy)]
pub(crate) struct Over {
    /// Now.
    pub(crate) now: Time,
    /// How long the rest is kept.
    pub(crate) kept: Kept,
    /// For how many seconds backups can be restored: the journal's older rows are dropped.
    pub(crate) backups: Time,
}

impl Over {
    fn ago(&self, seconds: Time) -> Time {
        self.now.saturating_sub(seconds)
    }
}

/// Deletes `?2` rows at most of what is over since `?1`, the time beside it.
type Statement = (&'static str, fn(&Over) -> Time);

const STATEMENTS: &[Statement] = &[
    (
        "DELETE FROM session WHERE hash IN
               (SELECT hash FROM session WHERE expires_at <= ?1 LIMIT ?2)",
        |over| over.now,
    ),
    (
        "DELETE FROM session WHERE hash IN
               (SELECT hash FROM session WHERE used_at <= ?1 LIMIT ?2)",
        |over| over.ago(policy::SESSION_IDLE_SECONDS),
    ),
    (
        "DELETE FROM outcome WHERE (dev, signed) IN
               (SELECT dev, signed FROM outcome WHERE at <= ?1 LIMIT ?2)",
        |over| over.ago(policy::OUTCOME_SECONDS),
    ),
    (
        "DELETE FROM guess_lift WHERE id IN
               (SELECT id FROM guess_lift WHERE at <= ?1 LIMIT ?2)",
        |over| over.ago(policy::GUESS_LIFTS_SECONDS),
    ),
    // A link stays for a day, for the limits, and for as long as it works.
    (
        "DELETE FROM mailed_link WHERE seq IN
               (SELECT seq FROM mailed_link WHERE created_at <= ?1 AND used_at IS NOT NULL
                LIMIT ?2)",
        |over| over.ago(policy::DAY),
    ),
    (
        "DELETE FROM mailed_link WHERE seq IN
               (SELECT seq FROM mailed_link WHERE expires_at <= ?1 AND created_at <= ?1 - 86400
                LIMIT ?2)",
        |over| over.now,
    ),
    // What waits to leave ends when it has left, or is given up.
    (
        "DELETE FROM delivery WHERE number IN
               (SELECT number FROM delivery WHERE dead_at <= ?1 LIMIT ?2)",
        |over| over.ago(policy::DEAD_DELIVERY_SECONDS),
    ),
    (
        "DELETE FROM answered_check WHERE id IN
               (SELECT id FROM answered_check WHERE expires_at <= ?1 LIMIT ?2)",
        |over| over.now,
    ),
    (
        "DELETE FROM challenge WHERE id IN
               (SELECT id FROM challenge
                WHERE kind = 'on-mobile' AND account IS NULL AND expires_at <= ?1 LIMIT ?2)",
        |over| over.now,
    ),
    (
        "DELETE FROM challenge WHERE id IN
               (SELECT id FROM challenge
                WHERE state IN ('open', 'replaced', 'wrong-codes') AND issued_at <= ?1 LIMIT ?2)",
        |over| over.ago(over.kept.unanswered),
    ),
    (
        "DELETE FROM challenge WHERE id IN
               (SELECT id FROM challenge
                WHERE state IN ('approved', 'used', 'declined', 'fraud', 'wrong-number')
                  AND issued_at <= ?1 LIMIT ?2)",
        |over| over.ago(over.kept.approvals),
    ),
    (
        "DELETE FROM signed_transaction WHERE id IN
               (SELECT id FROM signed_transaction WHERE at <= ?1 LIMIT ?2)",
        |over| over.ago(over.kept.approvals),
    ),
    // An event whose message has not left stays until then.
    (
        "DELETE FROM event WHERE id IN
               (SELECT id FROM event WHERE at <= ?1 AND mail = 0 LIMIT ?2)",
        |over| over.ago(over.kept.events),
    ),
    (
        "DELETE FROM entered WHERE (account, session, service) IN
               (SELECT account, session, service FROM entered WHERE at <= ?1 LIMIT ?2)",
        |over| over.ago(over.kept.events),
    ),
    (
        "DELETE FROM ask WHERE id IN (SELECT id FROM ask WHERE expires_at <= ?1 LIMIT ?2)",
        |over| over.now,
    ),
    (
        "DELETE FROM ticket WHERE hash IN
               (SELECT hash FROM ticket WHERE expires_at <= ?1 LIMIT ?2)",
        |over| over.now,
    ),
    // A service has its own end for what it opened, if nobody signs out.
    (
        "DELETE FROM visit WHERE number IN
               (SELECT number FROM visit WHERE at <= ?1 LIMIT ?2)",
        |over| over.ago(2 * policy::SESSION_SECONDS),
    ),
    (
        "DELETE FROM token_grant WHERE id IN
               (SELECT id FROM token_grant WHERE expires_at <= ?1 LIMIT ?2)",
        |over| over.now,
    ),
    (
        "DELETE FROM used_assertion WHERE hash IN
               (SELECT hash FROM used_assertion WHERE expires_at <= ?1 LIMIT ?2)",
        |over| over.now,
    ),
    (
        "DELETE FROM call WHERE number IN
               (SELECT number FROM call WHERE gives_up_at <= ?1 LIMIT ?2)",
        |over| over.ago(policy::CALL_SECONDS),
    ),
    (
        "DELETE FROM known_browser WHERE (hash, account) IN
               (SELECT hash, account FROM known_browser WHERE at <= ?1 LIMIT ?2)",
        |over| over.ago(policy::KNOWN_BROWSER_SECONDS),
    ),
    (
        "DELETE FROM recovery WHERE account IN
               (SELECT account FROM recovery WHERE ripe_at <= ?1 LIMIT ?2)",
        |over| over.ago(policy::RECOVERY_OPEN_SECONDS),
    ),
    (
        "DELETE FROM recovery WHERE account IN
               (SELECT account FROM recovery WHERE finished_at <= ?1 LIMIT ?2)",
        |over| over.ago(policy::RECOVERY_AGAIN_SECONDS),
    ),
    (
        "DELETE FROM past_epoch WHERE (dev, epoch) IN
               (SELECT dev, epoch FROM past_epoch WHERE until <= ?1 LIMIT ?2)",
        |over| over.now,
    ),
    (
        "DELETE FROM pin_grant WHERE dev IN
               (SELECT dev FROM pin_grant WHERE until <= ?1 LIMIT ?2)",
        |over| over.now,
    ),
    (
        "DELETE FROM enrolment WHERE id IN
               (SELECT id FROM enrolment WHERE expires_at <= ?1 AND state = 'done' LIMIT ?2)",
        |over| over.ago(over.kept.enrolments),
    ),
];

/// Deletes the next rows; `true` when there may be more.
pub(in crate::store) fn batch(tx: &dyn Tx, over: &Over) -> Result<bool, StoreError> {
    let mut left = less(BATCH, sessions::end_half_over(tx, over.now, BATCH)?);
    for (statement, since) in STATEMENTS {
        left = less(left, tx.execute(statement, params![since(over), left])?);
        if left == 0 {
            break;
        }
    }
    left = less(left, unfinished_enrolments(tx, over.now, left)?);
    left = less(left, deletion::remove_rest(tx, left)?);
    let dropped = journal_rows::drop_old(tx, over.now.saturating_sub(over.backups), left)?;
    Ok(less(left, dropped) == 0)
}

/// The room that is left after so many were deleted.
fn less(left: u32, deleted: usize) -> u32 {
    left.saturating_sub(u32::try_from(deleted).unwrap_or(u32::MAX))
}

/// Enrolments that were not finished in time, with the devices that were claimed.
fn unfinished_enrolments(tx: &dyn Tx, now: Time, at_most: u32) -> Result<usize, StoreError> {
    let ended = tx.all(
        "SELECT id FROM enrolment WHERE expires_at <= ?1 AND state <> 'done' LIMIT ?2",
        params![now, at_most],
        |row| row.get::<[u8; 16]>("id"),
    )?;
    for id in &ended {
        tx.execute(
            "DELETE FROM device WHERE enrolment = ?1 AND state = 'pending'",
            params![id],
        )?;
        tx.execute("DELETE FROM enrolment WHERE id = ?1", params![id])?;
    }
    Ok(ended.len())
}

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        sync::Arc,
        time::{Duration, Instant},
    };

    use rusqlite::Connection;

    use super::*;
    use crate::policy::lifetimes::{CHALLENGES_COUNT, EVENTS_COUNT, LEAST, Lifetimes};

    const NOW: Time = 1_795_450_000;
    fn over(lifetimes: Lifetimes) -> Over {
        Over {
            now: NOW,
            kept: lifetimes.kept().unwrap(),
            backups: 90 * policy::DAY,
        }
    }

    /// A store with an account, and the same database beside it.
    fn store(folder: &Path) -> (Store, Connection) {
        let (store, _) = Store::open(folder).unwrap();
        let c = Connection::open(folder.join("service.db")).unwrap();
        c.execute_batch(
            "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;
             INSERT INTO account (acc, email, first_name, last_name, password, created_at)
             VALUES (x'0101010101010101', 'a@example.eu', 'A', 'B', 'x', 1)",
        )
        .unwrap();
        (store, c)
    }

    /// One challenge a second for each of these states, `first` seconds old and older.
    fn challenges(c: &Connection, states: &[&str], first: Time, count: u32) {
        for state in states {
            c.execute(
                "WITH RECURSIVE n (x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < ?4 - 1)
                 INSERT INTO challenge (id, account, session, kind, purpose, message, hash, payload,
                   unlock, issued_at, expires_at, state, proof)
                 SELECT randomblob(16), x'0101010101010101', zeroblob(32), 'approve', 1,
                   zeroblob(300), zeroblob(32), '', 1, ?1 - ?2 - x, ?1 - ?2 - x + 180, ?3,
                   zeroblob(300) FROM n",
                rusqlite::params![NOW as i64, first as i64, state, count],
            )
            .unwrap();
        }
    }

    fn count(c: &Connection, what: &str) -> i64 {
        let query = format!("SELECT count(*) FROM {what}");
        c.query_row(&query, [], |row| row.get(0)).unwrap()
    }

    const UNANSWERED: [&str; 3] = ["open", "replaced", "wrong-codes"];
    const ANSWERED: [&str; 5] = ["approved", "used", "declined", "fraud", "wrong-number"];

    #[tokio::test]
    async fn what_nobody_answered_is_kept_for_a_day_and_what_a_phone_signed_for_thirteen_months() {
        let folder = tempfile::tempdir().unwrap();
        let (store, c) = store(folder.path());
        let day = policy::DAY;
        for (states, kept) in [(&UNANSWERED[..], day), (&ANSWERED[..], 396 * day)] {
            challenges(&c, states, kept - 10, 20);
        }
        c.execute_batch(&format!(
            "INSERT INTO event (account, at, what, detail, mail) VALUES
               (x'0101010101010101', {young}, 'young', '', 0),
               (x'0101010101010101', {old}, 'old', '', 0),
               (x'0101010101010101', {old}, 'untold', '', 1);
             INSERT INTO signed_transaction VALUES
               (x'01', x'0101010101010101', {young}, '', ''),
               (x'02', x'0101010101010101', {old}, '', '')",
            young = NOW - 396 * day + 1,
            old = NOW - 396 * day
        ))
        .unwrap();
        store.sweep(over(Lifetimes::default())).await.unwrap();
        for state in UNANSWERED.iter().chain(&ANSWERED) {
            let of = format!("challenge WHERE state = '{state}'");
            assert_eq!(count(&c, &of), 10, "{state}");
        }
        assert_eq!(count(&c, "event WHERE what = 'old'"), 0);
        assert_eq!(count(&c, "event"), 2);
        assert_eq!(count(&c, "signed_transaction"), 1);
        store.close();
    }

    #[tokio::test]
    async fn no_setting_takes_a_row_from_a_limit_that_counts_it() {
        let folder = tempfile::tempdir().unwrap();
        let (store, c) = store(folder.path());
        let counted = u32::try_from(CHALLENGES_COUNT).unwrap() / 100;
        for state in UNANSWERED.iter().chain(&ANSWERED) {
            for step in 0..=100 {
                challenges(&c, &[state], Time::from(step * counted), 1);
            }
        }
        for at in 0..=100 {
            c.execute(
                "INSERT INTO event (account, at, what, detail, mail)
                 VALUES (x'0101010101010101', ?1, 'recovery-link', '', 0)",
                [(NOW - at * EVENTS_COUNT / 100) as i64],
            )
            .unwrap();
        }
        let before = (count(&c, "challenge"), count(&c, "event"));
        store.sweep(over(LEAST)).await.unwrap();
        assert_eq!((count(&c, "challenge"), count(&c, "event")), before);
        store.close();
    }

    /// A row of each kind that a limit or a person still waits for, one second before its end, and
    /// another at its end.
    #[tokio::test]
    async fn with_any_setting_what_is_counted_or_waited_for_stays_until_its_very_end() {
        let folder = tempfile::tempdir().unwrap();
        let (store, c) = store(folder.path());
        let day = policy::DAY;
        for (table, columns, age) in [
            (
                "outcome (dev, signed, at, row_left, epoch_left, counter, issued)",
                "zeroblob(8), randomblob(32), AT, 0, 0, 0, 0",
                policy::OUTCOME_SECONDS,
            ),
            (
                "guess_lift (account, at)",
                "acc, AT",
                policy::GUESS_LIFTS_SECONDS,
            ),
            (
                "known_browser (hash, account, at)",
                "randomblob(32), acc, AT",
                policy::KNOWN_BROWSER_SECONDS,
            ),
            // A link that undoes a change of the address works for 14 days.
            (
                "mailed_link (id, kind, account, address, payload, created_at, expires_at)",
                "randomblob(16), 'undo-email', acc, '', x'', AT, AT + 14 * 86400",
                14 * day,
            ),
            // A message that was given up waits a month for whoever mends the cause.
            (
                "delivery (id, kind, content, created_at, due, gives_up_at, dead_at)",
                "randomblob(16), 'mail', x'', AT, AT, AT, AT",
                policy::DEAD_DELIVERY_SECONDS,
            ),
            // A message that was sent counts for a day.
            (
                "mailed_link (id, kind, account, address, payload, created_at, expires_at, used_at)",
                "randomblob(16), 'reset', acc, '', x'', AT, AT + 3600, AT",
                day,
            ),
            // The longest wait of a recovery, and the week in which it can be finished.
            (
                "recovery (account, id, began_at, ripe_at)",
                "acc, randomblob(16), AT, AT + 720 * 3600",
                720 * 3600 + policy::RECOVERY_OPEN_SECONDS,
            ),
            (
                "session (hash, account, signed_in, created_at, used_at, expires_at)",
                "randomblob(32), acc, 1, AT, AT, AT + 86400",
                policy::SESSION_IDLE_SECONDS,
            ),
        ] {
            let name = table.split(' ').next().unwrap();
            c.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
            let mut left = Vec::new();
            for at in [NOW - age + 1, NOW - age] {
                c.execute_batch(&format!("DELETE FROM {name}")).unwrap();
                let values = columns.replace("AT", &at.to_string());
                let insert = format!("INSERT INTO {table} SELECT {values} FROM account");
                c.execute_batch(&insert).unwrap();
                store.sweep(over(LEAST)).await.unwrap();
                left.push(count(&c, name));
            }
            assert_eq!(left, [1, 0], "{table}");
        }
        store.close();
    }

    #[tokio::test]
    async fn an_enrolment_that_is_done_goes_after_a_week_and_its_phone_is_still_answered() {
        let folder = tempfile::tempdir().unwrap();
        let (store, c) = store(folder.path());
        c.execute_batch(&format!(
            "INSERT INTO enrolment (id, account, session, dev, name, message, hash, secret, way,
               issued_at, expires_at, state)
             SELECT CAST(zeroblob(15) || x AS BLOB), x'0101010101010101', zeroblob(32), zeroblob(8),
               'n', x'', zeroblob(32), zeroblob(32), 2, at - 300, at, state FROM (
               SELECT '1' AS x, {week} AS at, 'done' AS state UNION SELECT '2', {week} + 1, 'done'
               UNION SELECT '3', {now}, 'open' UNION SELECT '4', {now} + 1, 'open');
             INSERT INTO device (dev, account, enrolment, name, model, platform, state, created_at,
               used_at, hardware, device_key, epoch, first_step, pin_key, pin_share, plain_share,
               chain, chain_step)
             SELECT zeroblob(8), account, id, 'n', 'm', 'p', 'active', 1, 1, 0, x'', 1, 1, x'', x'',
               x'', x'', 1 FROM enrolment WHERE id = CAST(zeroblob(15) || '1' AS BLOB)",
            week = NOW - 7 * policy::DAY,
            now = NOW
        ))
        .unwrap();
        store.sweep(over(Lifetimes::default())).await.unwrap();
        assert_eq!(count(&c, "enrolment"), 2);
        let id = |last| {
            let mut id = [0; 16];
            id[15] = last;
            countersign_protocol::id::EnrolmentId(id)
        };
        let dev = countersign_protocol::id::DeviceId([0; 8]);
        let ask = async |last| store.complete(id(last), dev, NOW).await.unwrap();
        assert!(matches!(ask(b'1').await, Completion::Active));
        assert!(matches!(ask(b'9').await, Completion::Refused));
        store.close();
    }

    #[test]
    fn every_table_has_an_end_of_its_own_or_hangs_on_one_that_has() {
        const HANG: [&str; 13] = [
            // Until they are deleted.
            "account",
            "device",
            // With them.
            "pending_change",
            "device_proof",
            "push_address",
            "session_proof",
            "deletion",
            "subject",
            "token",
            // Until a right or a new password; those of addresses without an account are bounded.
            "guess",
            // A few rows of the service itself.
            "setting",
            "service_key",
            // Until no backup that is older is restored.
            "journal",
        ];
        let folder = tempfile::tempdir().unwrap();
        let (store, c) = store(folder.path());
        let mut tables = c
            .prepare(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
            )
            .unwrap();
        let names = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
        for name in names.map(Result::unwrap) {
            let ends = format!("DELETE FROM {name} ");
            let has = STATEMENTS.iter().any(|(sql, _)| sql.starts_with(&ends));
            assert!(has != HANG.contains(&name.as_str()), "{name}");
        }
        drop(tables);
        store.close();
    }

    /// How long somebody who writes waits at most while 100,000 rows are deleted. The bound is
    /// wide, for slow machines: all in one transaction it takes seconds.
    #[tokio::test(flavor = "multi_thread")]
    async fn nobody_waits_long_for_the_writer_while_a_hundred_thousand_rows_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let (store, c) = store(folder.path());
        challenges(&c, &["open"], 2 * policy::DAY, 100_000);
        let store = Arc::new(store);
        let begin = Instant::now();
        let sweeping = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.sweep(over(Lifetimes::default())).await })
        };
        let (mut longest, mut writes) = (Duration::ZERO, 0);
        while !sweeping.is_finished() {
            let asked = Instant::now();
            store.set_setting("test", vec![1]).await.unwrap();
            longest = longest.max(asked.elapsed());
            writes += 1;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        sweeping.await.unwrap().unwrap();
        let all = begin.elapsed();
        println!("swept in {all:?}; of {writes} writes the longest took {longest:?}");
        assert_eq!(count(&c, "challenge"), 0);
        assert!(longest < Duration::from_millis(500), "{longest:?}");
    }
}
