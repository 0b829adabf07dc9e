//! A thief who holds the phone's folder and its wrapping key, and opens every seal, learns nothing
//! that tells a right PIN from a wrong one.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use countersign::software::SoftwareKeyStore;
use countersign::{Authenticator, DATABASE_FILE, Scanned, Source, Unlock};
use countersign_protocol::id::{AccountId, PublicKey};
use countersign_protocol::keys::{Chain, PinKeys};
use countersign_protocol::secret::Secret32;
use ring::digest;

use crate::support::*;

struct Stolen {
    phone: Authenticator,
    notebook: Arc<Notebook>,
    desk: Arc<Desk>,
    acc: AccountId,
}

/// A phone with a full life: an enrolment, a wrong PIN and a right one, codes with and without PIN,
/// a second account come and gone.
async fn a_phone_with_a_life(folder: &Path) -> Stolen {
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let mut platform = platform(folder, Arc::clone(&clock), Arc::clone(&desk) as _);
    let notebook = Arc::new(Notebook {
        keys: SoftwareKeyStore::open(folder).unwrap(),
        sealed: Mutex::default(),
    });
    platform.keys = Arc::clone(&notebook) as _;
    let phone = Authenticator::open(folder, platform).unwrap();
    let account = enrol(&phone, &desk, "anna@example.eu").await;
    let (acc, _) = desk.only();

    desk.ask_approval(Some(42));
    let request = phone.pending(account).await.unwrap().remove(0);
    let wrong = phone
        .approve(request.id, None, Some(42), pin("0815").into())
        .await;
    assert!(wrong.is_err());
    phone
        .approve(request.id, None, Some(42), pin(PIN).into())
        .await
        .unwrap();

    for (step, typed) in [(1, None), (2, Some(PIN)), (3, Some("0815")), (9, Some(PIN))] {
        let unlock = if typed.is_some() {
            Unlock::Pin
        } else {
            Unlock::Nothing
        };
        let text = desk.ask_code(acc, step, unlock);
        let Scanned::Code(request) = phone.scan(&text, Source::Camera).await.unwrap() else {
            panic!("not a code");
        };
        phone.code(request.id, typed.map(pin).into()).await.unwrap();
        if step == 2 {
            // Enough accounts that their rows are moved from page to page, each of which might keep
            // a remnant.
            for other in 0..24 {
                let other = Desk::at(&format!("https://other-{other}.example.eu"), &clock);
                enrol_elsewhere(folder, &notebook, &clock, &other).await;
            }
        }
    }
    // The last account and one in the middle go again.
    let accounts = phone.accounts().unwrap();
    for at in [12, accounts.len() - 1] {
        phone.remove(accounts[at].number).await.unwrap();
    }
    Stolen {
        phone,
        notebook,
        desk,
        acc,
    }
}

/// Another program on the same data, whose network leads to another service.
async fn enrol_elsewhere(
    folder: &Path,
    notebook: &Arc<Notebook>,
    clock: &Arc<TestClock>,
    desk: &Arc<Desk>,
) {
    let mut platform = platform(folder, Arc::clone(clock), Arc::clone(desk) as _);
    platform.keys = Arc::clone(notebook) as _;
    let phone = Authenticator::open(folder, platform).unwrap();
    enrol(&phone, desk, "bert@example.eu").await;
}

#[tokio::test]
async fn nothing_that_is_stored_tells_a_right_pin_from_a_wrong_one() {
    let folder = tempfile::tempdir().unwrap();
    let stolen = a_phone_with_a_life(folder.path()).await;
    drop(stolen.phone);

    let loot = steal(folder.path());
    let fields: BTreeSet<&str> = loot.opened.iter().map(|(_, field, _)| &field[..]).collect();
    assert_eq!(
        fields,
        BTreeSet::from(["C", "D", "K_dev", "N"]),
        "an account has these sealed and no others"
    );
    let (binding, d) = loot.ds.iter().find(|(of, _)| of.acc == stolen.acc).unwrap();
    let right = PinKeys::derive(binding, d, None, &pin(PIN));
    let dev = binding.dev;
    assert_eq!(try_every_pin(&[loot], stolen.acc, &[PIN]), 1);
    // And the verifier, which counts, does tell.
    let books = stolen.desk.books.lock().unwrap();
    assert!(books.devices[&dev.0].pin_key == PublicKey::of(right.signing_key()));
}

#[tokio::test]
async fn no_earlier_chain_value_is_in_any_file_in_clear_or_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let stolen = a_phone_with_a_life(folder.path()).await;
    let raw = folder_bytes(folder.path());
    let haystack = windows(&raw);
    let notes = stolen.notebook.sealed.lock().unwrap();
    let chain: Vec<_> = notes
        .iter()
        .filter(|(context, ..)| {
            context[8..16] == stolen.acc.0 && context.len() == 29 && context[24] == b'C'
        })
        .collect();
    assert_eq!(chain.len(), 5, "the first value and one for each code");
    let (_, newest, newest_blob) = chain.last().unwrap();
    assert!(
        found(&haystack, newest_blob),
        "the value in use is there, sealed"
    );
    assert!(!found(&haystack, newest));
    for (_, value, blob) in &chain[..chain.len() - 1] {
        assert!(!found(&haystack, value), "in clear");
        assert!(!found(&haystack, &blob[12..]), "sealed");
    }
    // Nor any value in between, over which the chain moved from step 3 to 9.
    let first = Chain::new(1, Secret32::from_slice(&chain[0].1).unwrap());
    for step in 1..=9 {
        let value = first.advanced(step, 100).unwrap();
        assert!(!found(&haystack, value.value().expose()), "{step}");
    }
    // What belonged to the accounts that were removed is gone too.
    let kept: BTreeSet<Vec<u8>> = accounts_in(folder.path()).into_iter().collect();
    assert_eq!(kept.len(), 23);
    let gone = notes
        .iter()
        .filter(|(context, ..)| context.len() == 29 && !kept.contains(&context[8..16]));
    let mut count = 0;
    for (_, value, blob) in gone {
        assert!(!found(&haystack, value) && !found(&haystack, &blob[12..]));
        count += 1;
    }
    assert_eq!(count, 6, "D, N and C of two accounts");
}

fn accounts_in(folder: &Path) -> Vec<Vec<u8>> {
    let database = rusqlite::Connection::open(folder.join(DATABASE_FILE)).unwrap();
    let mut rows = database.prepare("SELECT acc FROM account").unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn no_request_and_no_signature_of_the_pin_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let stolen = a_phone_with_a_life(folder.path()).await;
    let haystack = windows(&folder_bytes(folder.path()));
    let bodies = [
        stolen.desk.sent("/api/v1/claim"),
        stolen.desk.sent("/api/v1/answer"),
    ]
    .concat();
    assert!(bodies.len() >= 3);
    for body in bodies {
        // Public names are in both; what is sealed and the signatures are in neither form here.
        // They are the body's last 300 bytes.
        let sealed = &body[body.len() - 100..];
        assert!(!sealed.windows(8).any(|part| haystack.contains(part)));
        let hash = digest::digest(&digest::SHA256, &body);
        assert!(!found(&haystack, hash.as_ref()));
    }
}

#[tokio::test]
async fn a_wrong_pin_looks_and_is_stored_like_a_right_one_until_the_service_speaks() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, desk) = {
        let clock = TestClock::new();
        (Arc::clone(&clock), Desk::new(&clock))
    };
    let phone = phone(folder.path(), &clock, &desk);
    let account = enrol(&phone, &desk, "anna@example.eu").await;
    desk.ask_approval(None);
    let request = phone.pending(account).await.unwrap().remove(0);
    let before = phone.history().unwrap();
    for guess in ["0815", PIN] {
        desk.twist(&[Twist::Unreachable, Twist::Unreachable, Twist::Unreachable]);
        assert!(
            phone
                .approve(request.id, None, None, pin(guess).into())
                .await
                .is_err()
        );
        assert_eq!(phone.history().unwrap(), before);
        assert_eq!(phone.accounts().unwrap()[0].tries_left, Some(5));
    }
    // What goes out has the same length for every PIN.
    let mut lengths = BTreeSet::new();
    for guess in ["0815", "9999", PIN] {
        let _ = phone
            .approve(request.id, None, None, pin(guess).into())
            .await;
    }
    lengths.extend(desk.sent("/api/v1/answer").iter().map(Vec::len));
    assert_eq!(lengths.len(), 1);
}
