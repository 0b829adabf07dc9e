//! Several services on one phone: none of them stands in another's way, and one that is gone is forgotten.
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
    phone.approve(request.id, None, pin(PIN)).await.unwrap();
    // Nor is the flood's own newest request lost.
    hostile.ask_approval(None);
    let request = phone.pending(flooded).await.unwrap().remove(0);
    phone.decline(request.id).await.unwrap();
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
    // Set up anew at the same address, with other keys.
    let new = Desk::new(&clock);
    *net.0.lock().unwrap() = vec![new.clone()];
    enrol(&phone, &new, "anna@example.eu").await;
}
