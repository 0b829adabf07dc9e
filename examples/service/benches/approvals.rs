//! What an approval costs the service, against the cryptography that it can't do without: two P-256
//! verifications and one HPKE opening.
//!
//! `cargo bench -p countersign-server --bench approvals`. Counted is all processor time of the
//! service's process, of all its threads and in the system, from when 64 phones begin to post their
//! answers to `/api/v1/answer` over connections that are kept alive until the last reply is there:
//! parsing, judging, counting the try, two durable commits, the signed reply, HTTP. Asking for the
//! approval and fetching it are the page's and the inbox's, and happen in between, uncounted. The
//! run fails above the bound.
#![allow(clippy::unwrap_used)]

#[path = "common/mod.rs"]
mod common;
#[path = "../../../core/service/tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Connection, Service, post};
use countersign_protocol::answer::Decision;
use countersign_protocol::id::{AccountId, DeviceId, Hash, PublicKey, Svc};
use countersign_protocol::message::{Received, sign_payload, to_be_signed};
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::seal::{OpeningKey, Purpose, seal};
use countersign_protocol::secret::Secret;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use rustix::time::{ClockId, clock_gettime};
use support::{Browser, OsRng, PIN, Phone, TestClock, random};

/// The most that an approval may cost, in its cryptography.
const BOUND: f64 = 3.0;
/// So many phones speak at once.
const CLIENTS: usize = 64;
/// Approvals that a client sends one after another in a round: of as many people, because a device
/// has one at a time.
const EACH: usize = 4;
const ROUNDS: usize = 12;
/// How often the cryptography is done in between, for each round.
const REFERENCES: usize = 256;

/// Somebody who is signed in on a computer and has a phone.
struct Person {
    browser: Browser,
    phone: Phone,
}

impl Person {
    async fn new(service: &Service, clock: &Arc<TestClock>, number: usize) -> Self {
        let mut browser = Browser::new(service.address, common::ORIGIN);
        browser.outbox.clone_from(&service.outbox);
        browser
            .register(&format!("person{number}@example.eu"))
            .await;
        let phone = browser.add_phone(clock).await;
        Self { browser, phone }
    }

    /// The page asks for an approval; the phone fetches it and signs the answer.
    async fn answer(&mut self) -> (Vec<u8>, Hash) {
        self.browser.get("/account/devices").await;
        let page = self
            .browser
            .post("/account/devices/add", &[("name", "Another")])
            .await;
        let challenge = self.phone.inbox(0).await.unwrap();
        let (body, hash) =
            self.phone
                .answer(&challenge, Decision::Approve, Some(page.number()), PIN);
        (post("/api/v1/answer", &body), hash)
    }

    fn take_reply(&mut self, bytes: &[u8], hash: Hash) {
        let info = &self.phone.info;
        let reply = Received::<Reply>::parse(bytes)
            .unwrap()
            .verify(info.signing_key(info.kid).unwrap())
            .unwrap();
        assert_eq!((reply.request, reply.result), (hash, ResultCode::Done));
        self.phone.token = reply.state_token;
    }
}

/// Two signatures and a sealed message, as long as an answer's.
struct Least {
    key: PublicKey,
    message: Vec<u8>,
    signature: [u8; 64],
    opening: OpeningKey,
    purpose: Purpose,
    sealed: Vec<u8>,
}

impl Least {
    fn new() -> Self {
        let key = countersign_protocol::SigningKey::from_slice(&random::<32>()).unwrap();
        let payload = random::<230>();
        let opening = OpeningKey::derive(&Secret::new_with(|out| *out = random())).unwrap();
        let purpose = Purpose {
            domain: "bench",
            svc: Svc(random()),
            acc: AccountId(random()),
            dev: DeviceId(random()),
        };
        Self {
            key: PublicKey::of(&key),
            message: to_be_signed("bench", &payload),
            signature: sign_payload("bench", &payload, &key),
            sealed: seal(opening.public(), &purpose, &random::<64>(), &mut OsRng).unwrap(),
            opening,
            purpose,
        }
    }

    /// The processor time of it all, once.
    fn time(&self) -> Duration {
        let start = thread_time();
        for _ in 0..REFERENCES {
            for _ in 0..2 {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.key.as_bytes())
                    .verify(black_box(&self.message), black_box(&self.signature))
                    .unwrap();
            }
            black_box(self.opening.open(&self.purpose, black_box(&self.sealed))).unwrap();
        }
        (thread_time() - start) / REFERENCES as u32
    }
}

fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// Every client sends its people's answers one after another; gives back the replies.
async fn send_all(
    connections: &mut Vec<Connection>,
    answers: Vec<Vec<(Vec<u8>, Hash)>>,
) -> Vec<Vec<(Vec<u8>, Hash)>> {
    let tasks: Vec<_> = connections
        .drain(..)
        .zip(answers)
        .map(|(mut connection, answers)| {
            tokio::spawn(async move {
                let mut replies = Vec::with_capacity(answers.len());
                for (request, hash) in answers {
                    connection.send(&request).await;
                    replies.push((connection.receive().await, hash));
                }
                (connection, replies)
            })
        })
        .collect();
    let mut replies = Vec::with_capacity(tasks.len());
    for task in tasks {
        let (connection, of_client) = task.await.unwrap();
        connections.push(connection);
        replies.push(of_client);
    }
    replies
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let service = Service::start(&folder.path().join("data"));
    let clock = TestClock::new();
    let begun = Instant::now();
    let mut people = Vec::new();
    for client in 0..CLIENTS {
        let mut of_client = Vec::new();
        for number in 0..EACH {
            of_client.push(Person::new(&service, &clock, client * EACH + number).await);
        }
        people.push(of_client);
    }
    let mut connections = Vec::new();
    for _ in 0..CLIENTS {
        connections.push(Connection::from(Ipv4Addr::LOCALHOST.into(), service.address).await);
    }

    let least = Least::new();
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    let mut seconds = 0;
    let mut took = Duration::ZERO;
    for _ in 0..ROUNDS {
        clock.advance(begun.elapsed().as_secs() - seconds);
        seconds = begun.elapsed().as_secs();
        let mut answers = Vec::new();
        for of_client in &mut people {
            let mut signed = Vec::new();
            for person in of_client {
                signed.push(person.answer().await);
            }
            answers.push(signed);
        }
        theirs += least.time();
        let (before, start) = (service.processor_time(), Instant::now());
        let replies = send_all(&mut connections, answers).await;
        took += start.elapsed();
        ours += service.processor_time() - before;
        theirs += least.time();
        for (of_client, replies) in people.iter_mut().zip(replies) {
            for (person, (bytes, hash)) in of_client.iter_mut().zip(replies) {
                person.take_reply(&bytes, hash);
            }
        }
    }

    let count = (ROUNDS * CLIENTS * EACH) as u32;
    let ours = ours / count;
    let theirs = theirs / (2 * ROUNDS as u32);
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!(
        "an approval of {CLIENTS} clients at once: {} µs of the service's processor time, {ratio:.2} times two P-256 verifications and one HPKE \
         opening, {} µs (at most {BOUND}); {:.0} a second",
        ours.as_micros(),
        theirs.as_micros(),
        f64::from(count) / took.as_secs_f64()
    );
    if ratio <= BOUND {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
