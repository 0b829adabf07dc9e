//! What a phone that waits costs the service in memory: 15,000 phones, each with its own connection
//! and a long poll of its inbox, on one process.
//!
//! `cargo bench -p countersign-server --bench waiting`. Counted is the growth of the service's
//! resident memory from before the first connection until all wait, divided by their number. The
//! phones' accounts are put into the database beforehand, because 15,000 enrolments would take an
//! hour. Without TLS. The run fails above the bound.
#![allow(clippy::unwrap_used)]

#[path = "common/mod.rs"]
mod common;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::{Connection, Service, post, raise_file_limit};
use countersign_protocol::SigningKey;
use countersign_protocol::id::{AccountId, DeviceId, PublicKey};
use countersign_protocol::origin::Origin;
use countersign_protocol::query::{Query, QueryRequest};
use countersign_protocol::request::Unsigned;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rusqlite::{Connection as Database, params};

const PHONES: u64 = 15_000;
/// The most that one may cost, in bytes.
const BOUND: u64 = 25 * 1024;
/// How long each asks the service to hold its request, in seconds: the longest that it does.
const HOLD: u8 = 50;
/// The phones connect from so many addresses of this computer, so that ports don't run out.
const ADDRESSES: u64 = 8;

fn acc(number: u64) -> AccountId {
    AccountId(number.to_be_bytes())
}

fn dev(number: u64) -> DeviceId {
    DeviceId((number | 1 << 63).to_be_bytes())
}

/// Puts accounts with a device each into the database of a service that does not run. One key is
/// good for all; what is sealed is opened for none of them.
fn add_phones(folder: &Path, key: &PublicKey) {
    let mut database = Database::open(folder.join("service.db")).unwrap();
    let transaction = database.transaction().unwrap();
    for number in 1..=PHONES {
        let (acc, dev) = (acc(number).0, dev(number).0);
        transaction
            .prepare_cached(
                "INSERT INTO account (acc, email, first_name, last_name, password, created_at) VALUES (?1, ?2, 'A', 'B', '', 1)",
            )
            .unwrap()
            .execute(params![acc, format!("person{number}@example.eu")])
            .unwrap();
        transaction
            .prepare_cached(
                "INSERT INTO device (dev, account, enrolment, name, model, platform, state, created_at, used_at, hardware, device_key, epoch,
                    first_step, pin_key, pin_share, plain_share, chain, chain_step)
                 VALUES (?1, ?2, ?3, 'My phone', 'Test phone', 'test', 'active', 1, 1, 0, ?4, 1, 1, ?5, ?5, ?5, ?5, 1)",
            )
            .unwrap()
            .execute(params![dev, acc, [dev, acc].concat(), key.as_bytes(), [0_u8; 60]])
            .unwrap();
    }
    transaction.commit().unwrap();
}

/// A phone's question for requests to approve, signed.
fn inbox(number: u64, key: &EcdsaKeyPair) -> Vec<u8> {
    let random = SystemRandom::new();
    let mut nonce = [0; 16];
    random.fill(&mut nonce).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let query = QueryRequest {
        svc: Origin::parse(common::ORIGIN).unwrap().svc(),
        acc: acc(number),
        dev: dev(number),
        time: now.as_secs(),
        nonce,
        query: Query::Inbox {
            last: 0,
            wait: HOLD,
            known: None,
        },
    };
    let unsigned = Unsigned::plain(&query);
    let signature = key.sign(&random, &unsigned.to_be_signed()).unwrap();
    let signature = signature.as_ref().try_into().unwrap();
    post("/api/v1/inbox", &unsigned.body(&signature).unwrap())
}

/// Asks again for every phone that was answered because its time was over, and says for how many.
async fn ask_again(phones: &mut [Connection], key: &EcdsaKeyPair) -> u64 {
    let mut asked = 0;
    for (number, phone) in (1..).zip(phones) {
        if !phone.is_quiet() {
            assert!(!phone.receive().await.is_empty());
            phone.send(&inbox(number, key)).await;
            asked += 1;
        }
    }
    asked
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let files = raise_file_limit();
    if files < PHONES + 1_000 {
        println!(
            "at most {files} files may be open here: too few for {PHONES} phones; raise the hard limit (ulimit -Hn)"
        );
        return ExitCode::FAILURE;
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let data = folder.path().join("data");
    let secret = [7; 32];
    let public = PublicKey::of(&SigningKey::from_slice(&secret).unwrap());
    let key = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &secret,
        public.as_bytes(),
        &SystemRandom::new(),
    )
    .unwrap();
    Service::start(&data).stop();
    add_phones(&data, &public);
    let service = Service::start(&data);

    let before = service.resident();
    let mut phones = Vec::new();
    for number in 1..=PHONES {
        let source = IpAddr::from(Ipv4Addr::new(127, 0, 0, 2 + (number % ADDRESSES) as u8));
        let mut phone = Connection::from(source, service.address).await;
        phone.send(&inbox(number, &key)).await;
        phones.push(phone);
    }
    // All wait when none was answered for a while and the service has nothing to do. On a slow
    // machine the first are answered before the last have asked; they ask again, as phones do.
    let each = loop {
        let spent = service.processor_time();
        tokio::time::sleep(Duration::from_millis(500)).await;
        if ask_again(&mut phones, &key).await == 0 && spent == service.processor_time() {
            let resident = service.resident();
            if phones.iter_mut().all(Connection::is_quiet) {
                break resident.saturating_sub(before) / PHONES;
            }
        }
    };
    // Each of them is answered in the end.
    for phone in &mut phones {
        assert!(!phone.receive().await.is_empty());
    }
    println!(
        "a phone that waits: {:.1} KB of the service's memory, for each of {PHONES} (at most {} KB)",
        each as f64 / 1024.0,
        BOUND / 1024
    );
    if each <= BOUND {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
