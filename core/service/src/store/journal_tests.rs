use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;

use super::{super::steps::journal_rows, *};
use crate::keys::mac::{MacKey, MacKeys};

const ACC: AccountId = AccountId([1; 8]);
const DEV: DeviceId = DeviceId([2; 8]);
const NOW: Time = 1_795_450_000;

async fn store(folder: &std::path::Path) -> Arc<Store> {
    let (store, _) = Store::open(folder).unwrap();
    let key = Arc::new(MacKeys::new(MacKey::new([1; 32])));
    let (journal, written) = Journal::open(&folder.join("service.journal"), key).unwrap();
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
