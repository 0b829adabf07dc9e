use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;

use super::{
    super::steps::{journal_rows, sweep},
    *,
};
use crate::{
    base::operator::Operator,
    keys::mac::{MacKey, MacKeys},
    policy::{DAY, lifetimes::Lifetimes},
};

const ACC: AccountId = AccountId([1; 8]);
const DEV: DeviceId = DeviceId([2; 8]);
const NOW: Time = 1_795_450_000;

fn open(folder: &std::path::Path) -> (Journal, Written) {
    let key = Arc::new(MacKeys::new(MacKey::new([1; 32])));
    Journal::open(&folder.join("service.journal"), key).unwrap()
}

async fn store(folder: &std::path::Path) -> Arc<Store> {
    let (store, _) = Store::open(folder).unwrap();
    let (journal, written) = open(folder);
    store.keep_journal(journal, written, NOW).await.unwrap();
    Arc::new(store)
}

fn removes(store: &Arc<Store>) -> JoinHandle<()> {
    let store = Arc::clone(store);
    tokio::spawn(async move {
        let removed = JournalEntry::Removed(ACC, DEV);
        store
            .write(Write::RemoveByDevice, move |tx| {
                journal_rows::record(tx, &removed, NOW)
            })
            .await
            .unwrap();
    })
}

/// Requests whose answers depend on it.
fn asks(store: &Arc<Store>) -> Vec<JoinHandle<()>> {
    let ask = |at: usize| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            match at {
                0 => store.device(DEV).await.map(drop),
                1 => store.devices(ACC).await.map(drop),
                2 => store.life(DEV, NOW).await.map(drop),
                3 => store.standing(ACC).await.map(drop),
                _ => store.remove_by_device(DEV, NOW).await.map(drop),
            }
            .unwrap();
        })
    };
    (0..5).map(ask).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_again_hears_of_a_removal_no_sooner_than_its_line_is_in_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let before = asks(&store);
    for ask in before {
        ask.await.unwrap();
    }
    // The disk takes its time over the line.
    let (hold, held) = (std::sync::mpsc::channel::<()>(), std::sync::mpsc::channel());
    let journal = Arc::clone(&store.journal);
    let slow = std::thread::spawn(move || {
        let _kept = journal.lock().unwrap();
        held.0.send(()).unwrap();
        let _ = hold.1.recv();
    });
    held.1.recv().unwrap();
    let first = removes(&store);
    while store.read(last).unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let again = asks(&store);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!first.is_finished());
    assert!(again.iter().all(|ask| !ask.is_finished()));
    let text = || std::fs::read_to_string(folder.path().join("service.journal")).unwrap();
    assert!(!text().contains("removed"));
    hold.0.send(()).unwrap();
    first.await.unwrap();
    for ask in again {
        ask.await.unwrap();
    }
    assert_eq!(text().matches("removed").count(), 1);
    slow.join().unwrap();
}

#[test]
fn a_line_that_is_missing_is_in_the_way_of_those_alone_whom_it_concerns() {
    let (other_acc, other_dev) = (AccountId([8; 8]), DeviceId([9; 8]));
    let is_of = |account: Option<AccountId>, entry: JournalEntry, of: JournalSubject| {
        let row = Recorded {
            seq: 1,
            at: NOW,
            entry: entry.to_text(),
        };
        of.may_be(account, &row)
    };
    let may_be = |entry: JournalEntry, of: JournalSubject| is_of(Some(ACC), entry, of);
    for entry in [
        || JournalEntry::Removed(ACC, DEV),
        || JournalEntry::Suspended(ACC, DEV),
    ] {
        assert!(
            may_be(entry(), JournalSubject::Account(ACC))
                && may_be(entry(), JournalSubject::Device(DEV))
        );
        assert!(!may_be(entry(), JournalSubject::Account(other_acc)));
        assert!(!may_be(entry(), JournalSubject::Device(other_dev)));
    }
    let panic = || JournalEntry::Cleared(ACC, Cleared::Panic);
    assert!(
        may_be(panic(), JournalSubject::Account(ACC))
            && may_be(panic(), JournalSubject::Device(DEV))
    );
    assert!(!may_be(panic(), JournalSubject::Account(other_acc)));
    assert!(!is_of(
        Some(other_acc),
        panic(),
        JournalSubject::Device(other_dev)
    ));
    assert!(
        is_of(None, panic(), JournalSubject::Device(other_dev)),
        "it was deleted"
    );
    assert!(may_be(
        JournalEntry::Guarded(ACC),
        JournalSubject::Account(ACC)
    ));
    assert!(!may_be(
        JournalEntry::Guarded(ACC),
        JournalSubject::Account(other_acc)
    ));
}

#[test]
fn a_long_journal_is_compared_with_its_rows_in_one_pass() {
    let folder = tempfile::tempdir().unwrap();
    let key = Arc::new(MacKeys::new(MacKey::new([1; 32])));
    let (journal, _) = Journal::open(&folder.path().join("service.journal"), key).unwrap();
    let row = |seq| Recorded {
        seq,
        at: NOW,
        entry: JournalEntry::WrongPin(ACC, DEV, 1).to_text(),
    };
    let rows: Vec<_> = (1..=100_000).map(row).collect();
    let written = |lines| Written {
        lines,
        damaged: Vec::new(),
    };
    let begun = std::time::Instant::now();
    check(&journal, &written(rows.clone()), &rows, 100_000).unwrap();
    // Looking for each line among all rows took minutes in a build like this.
    assert!(begun.elapsed() < Duration::from_secs(5));
    // Both ways of differing are still found: another entry, and a row that is not there.
    let mut other = rows.clone();
    other[70_000].at += 1;
    let differs = check(&journal, &written(other), &rows, 100_000);
    assert!(matches!(differs, Err(JournalError::Differs(_, 70_001))));
    let mut fewer = rows.clone();
    fewer.remove(70_000);
    let differs = check(&journal, &written(rows), &fewer, 100_000);
    assert!(matches!(differs, Err(JournalError::Differs(_, 70_001))));
}

const OVER: fn() -> Over = || Over {
    now: NOW,
    kept: Lifetimes::default().kept().unwrap(),
    backups: 90 * DAY,
};

/// A service with a thousand rows, of which those up to 800 are older than any backup, and whose
/// drop of them was interrupted after its first transaction: rows 201 to 799 are left, which are
/// less than a day older.
async fn interrupted_drop(folder: &std::path::Path) -> Arc<Store> {
    let store = store(folder).await;
    let old = NOW - 90 * DAY;
    let recorded = store.write(Write::Sweep, move |tx| {
        for seq in 1..=1000 {
            let at = match seq {
                1..=200 => old - 2 * DAY,
                201..=800 => old - 1,
                _ => old,
            };
            journal_rows::record(tx, &JournalEntry::WrongPin(ACC, DEV, seq), at)?;
        }
        Ok(())
    });
    recorded.await.unwrap();
    let batch = |tx: &dyn Tx| sweep::batch(tx, &OVER());
    assert!(
        store.write(Write::Sweep, batch).await.unwrap(),
        "there is more"
    );
    store
}

fn numbers(rows: &[Recorded]) -> Vec<u64> {
    rows.iter().map(|row| row.seq).collect()
}

#[tokio::test]
async fn a_service_starts_after_a_drop_of_old_lines_was_interrupted_and_refuses_older_backups() {
    let folder = tempfile::tempdir().unwrap();
    let interrupted = interrupted_drop(folder.path()).await;
    assert_eq!(interrupted.read(|tx| since(tx, 0)).unwrap().len(), 800);
    assert_eq!(open(folder.path()).1.lines.len(), 1000);
    Arc::into_inner(interrupted).unwrap().close();

    let started = store(folder.path()).await;
    let kept: Vec<_> = (800..=1000).collect();
    let (journal, written) = open(folder.path());
    assert_eq!(numbers(&written.lines), kept);
    assert_eq!(written.lines[0].entry, JournalEntry::Dropped.to_text());
    let too_old = journal.reaches(&written, 799);
    assert!(matches!(too_old, Err(JournalError::TooOld(_))));
    journal.reaches(&written, 800).unwrap();
    started.sweep(OVER()).await.unwrap();
    let rows = started.read(|tx| since(tx, 0)).unwrap();
    assert_eq!(numbers(&rows), kept);
    Arc::into_inner(started).unwrap().close();
    Arc::into_inner(store(folder.path()).await).unwrap().close();
}

#[tokio::test]
async fn a_drop_of_old_lines_that_failed_in_between_goes_on_with_the_next_sweep() {
    let folder = tempfile::tempdir().unwrap();
    let store = interrupted_drop(folder.path()).await;
    // What is left before the mark is less than a day's.
    store.sweep(OVER()).await.unwrap();
    let kept: Vec<_> = (800..=1000).collect();
    let rows = store.read(|tx| since(tx, 0)).unwrap();
    assert_eq!(numbers(&rows), kept);
    assert_eq!(open(folder.path()).1.lines, rows);
}

#[tokio::test]
async fn lines_from_the_newest_mark_on_are_compared_and_so_is_the_time_of_the_mark() {
    let folder = tempfile::tempdir().unwrap();
    let interrupted = interrupted_drop(folder.path()).await;
    let rows = interrupted.read(|tx| since(tx, 0)).unwrap();
    let differs = |seq: u64| {
        let (journal, mut written) = open(folder.path());
        written.lines[usize::try_from(seq).unwrap() - 1].at += 1;
        match check(&journal, &written, &rows, 1000) {
            Err(JournalError::Differs(_, from)) => Some(from),
            checked => checked.map(|()| None).unwrap(),
        }
    };
    let checked = [1, 300, 799, 800, 801, 1000].map(differs);
    let compared = [None, None, None, Some(800), Some(801), Some(1000)];
    assert_eq!(checked, compared);
    // The file may be the one that has dropped more, if the database was restored.
    let (journal, written) = open(folder.path());
    let mut marked = rows.clone();
    marked.retain(|row| row.seq >= 800);
    let written_mark = Written {
        lines: marked,
        damaged: Vec::new(),
    };
    check(&journal, &written_mark, &written.lines, 1000).unwrap();
}

#[tokio::test]
async fn where_a_number_is_missing_the_mark_takes_the_place_of_the_row_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let recorded = store.write(Write::Sweep, |tx| {
        for (seq, at) in [(1, 1), (2, 2), (4, NOW), (5, NOW)] {
            tx.execute(
                "INSERT INTO journal (seq, at, entry) VALUES (?1, ?2, ?3)",
                params![seq as u64, at, JournalEntry::Guarded(ACC).to_text()],
            )?;
        }
        Ok(())
    });
    recorded.await.unwrap();
    store.sweep(OVER()).await.unwrap();
    let (_, written) = open(folder.path());
    assert_eq!(numbers(&written.lines), [2, 4, 5]);
    assert_eq!(written.lines[0].entry, JournalEntry::Dropped.to_text());
}

#[tokio::test]
async fn a_row_that_another_process_recorded_is_in_the_journal_before_a_request_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let service = store(folder.path()).await;
    let beside = Store::beside(folder.path()).unwrap();
    for (lines, ask) in [(1, true), (2, false)] {
        let recorded = beside.write(Write::Publish, |tx| {
            journal_rows::record(tx, &JournalEntry::Disabled(ACC), NOW)
        });
        recorded.await.unwrap();
        assert_eq!(open(folder.path()).1.lines.len(), lines - 1);
        match ask {
            true => drop(service.is_disabled(ACC).await.unwrap()),
            false => drop(service.device(DEV).await.unwrap()),
        }
        assert_eq!(open(folder.path()).1.lines.len(), lines);
    }
    beside.close();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_while_the_journal_is_full_never_says_that_it_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let c = rusqlite::Connection::open(folder.path().join("service.db")).unwrap();
    c.execute_batch(
        "INSERT INTO account (acc, email, first_name, last_name, password, created_at)
         VALUES (x'0101010101010101', 'a@example.eu', 'A', 'B', 'x', 1)",
    )
    .unwrap();
    let works = |works: bool| {
        let mut journal = store.journal.lock().unwrap();
        journal.as_mut().unwrap().takes_nothing(!works);
    };
    let by = Operator::parse("root").unwrap();
    let disable = || store.administer(ACC, Order::Disable, by.clone(), NOW);
    works(false);
    // It is done, and says so.
    let done = disable().await.unwrap_err();
    assert!(matches!(done, StoreError::Journal(_)) && done.to_string().contains("this is done"));
    // It does nothing, and so does whoever reads.
    for nothing in [
        disable().await.map(drop).unwrap_err(),
        store.standing(ACC).await.map(drop).unwrap_err(),
    ] {
        assert!(matches!(nothing, StoreError::Behind(_)), "{nothing}");
        assert!(!nothing.to_string().contains("this is done"), "{nothing}");
    }
    works(true);
    assert_eq!(disable().await.unwrap(), Err(Unfit::Already));
    store.standing(ACC).await.unwrap();
}
