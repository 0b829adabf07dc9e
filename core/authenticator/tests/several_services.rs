//! Several services on one phone: none of them stands in another's way, and one that is gone is
//! forgotten.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign::Authenticator;
use countersign::transport::{Outgoing, Transport, TransportError};

use crate::support::*;

/// The services that can be reached.
struct Net(Mutex<Vec<Arc<Desk>>>);

#[async_trait]
impl Transport for Net {
    async fn send(&self, request: Outgoing) -> Result<Vec<u8>, TransportError> {
        let desks = self.0.lock().unwrap().clone();
        match desks.iter().find(|desk| desk.origin == request.origin) {
            Some(desk) => desk.send(request).await,
            None => panic!("no service {}", request.origin),
        }
    }
}

#[tokio::test]
async fn a_service_that_asks_without_end_does_not_crowd_out_another() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let hostile = Desk::at("https://hostile.example.eu", &clock);
    let bank = Desk::at("https://bank.example.eu", &clock);
    let net = Arc::new(Net(Mutex::new(vec![hostile.clone(), bank.clone()])));
    let platform = platform(folder.path(), clock.clone(), net);
    let phone = Authenticator::open(folder.path(), platform).unwrap();
    let flooded = enrol(&phone, &hostile, "anna@hostile.example.eu").await;
    let account = enrol(&phone, &bank, "anna@bank.example.eu").await;
    for _ in 0..70 {
        for _ in 0..4 {
            hostile.ask_approval(None);
        }
        assert_eq!(phone.pending(flooded).await.unwrap().len(), 4);
        hostile.books.lock().unwrap().challenges.clear();
    }
    bank.ask_approval(None);
    let request = phone.pending(account).await.unwrap().remove(0);
    phone
        .approve(request.id, None, None, pin(PIN).into())
        .await
        .unwrap();
    // Nor is the flood's own newest request lost.
    hostile.ask_approval(None);
    let request = phone.pending(flooded).await.unwrap().remove(0);
    phone.decline(request.id, None, false).await.unwrap();
}

#[tokio::test]
async fn a_service_whose_last_account_was_removed_is_met_for_the_first_time_again() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let old = Desk::new(&clock);
    let net = Arc::new(Net(Mutex::new(vec![old.clone()])));
    let platform = platform(folder.path(), clock.clone(), net.clone());
    let phone = Authenticator::open(folder.path(), platform).unwrap();
    let account = enrol(&phone, &old, "anna@example.eu").await;
    phone.remove(account).await.unwrap();
    // Set up again at the same address, with other keys.
    let new = Desk::new(&clock);
    *net.0.lock().unwrap() = vec![new.clone()];
    enrol(&phone, &new, "anna@example.eu").await;
}

#[tokio::test]
async fn however_many_events_one_service_causes_those_of_others_stay_in_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let hostile = Desk::at("https://hostile.example.eu", &clock);
    let bank = Desk::at("https://bank.example.eu", &clock);
    let net = Arc::new(Net(Mutex::new(vec![hostile.clone(), bank.clone()])));
    let phone = Authenticator::open(folder.path(), platform(folder.path(), clock, net)).unwrap();
    let account = enrol(&phone, &bank, "anna@bank.example.eu").await;
    let flooded = enrol(&phone, &hostile, "anna@hostile.example.eu").await;
    // Earlier events, so that the history is nearly full.
    let database = folder.path().join(countersign::DATABASE_FILE);
    rusqlite::Connection::open(database)
        .unwrap()
        .execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1490)
             INSERT INTO history (at, account, name, kind, detail)
             SELECT 0, NULL, '', 'declined', '' FROM n",
        )
        .unwrap();
    for _ in 0..510 {
        phone.rename(flooded, "flood").unwrap();
    }
    let history = phone.history().unwrap();
    let of = |account| {
        history
            .iter()
            .filter(move |event| event.account == Some(account))
    };
    assert_eq!(of(account).count(), 1);
    assert_eq!(of(flooded).count(), 500, "the bound of one service");
}

#[tokio::test]
async fn what_is_beyond_the_history_s_bound_goes_from_the_service_with_the_most_events() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let phone = phone(folder.path(), &clock, &desk);
    let account = enrol(&phone, &desk, "anna@example.eu").await;
    let database = folder.path().join(countersign::DATABASE_FILE);
    let database = rusqlite::Connection::open(database).unwrap();
    // Four services with as many events as one may have.
    database
        .execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1998)
             INSERT INTO history (at, svc, account, name, kind, detail)
             SELECT 0, unhex(printf('%016x', i % 4)), NULL, '', 'declined', '' FROM n",
        )
        .unwrap();
    for _ in 0..10 {
        phone.rename(account, "Anna").unwrap();
    }
    let history = phone.history().unwrap();
    assert_eq!(history.len(), 2_000);
    let own = history
        .iter()
        .filter(|event| event.account == Some(account));
    assert_eq!(own.count(), 11);
}
