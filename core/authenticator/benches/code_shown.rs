//! What stands between a scanned text and the code on the screen, against what it can't do without:
//! one P-256 verification, and one commit of a row by a database with the same journal, erasing and
//! waiting for the disk.
//!
//! `cargo bench -p countersign --bench code_shown`. Both are measured by turns in one run on the
//! disk that holds the build, and the run fails above the bound.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::{Authenticator, DATABASE_FILE, Scanned, Source, Unlock};
use countersign_protocol::id::{AccountId, PublicKey};
use countersign_protocol::message::sign_payload;
use criterion::Criterion;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};
use support::*;
use tokio::runtime::{Builder, Runtime};

/// The most that a code may take, in verifications and commits.
const BOUND: f64 = 1.5;
const ROUNDS: usize = 400;

/// A phone with one account, and the service that asks it for codes.
struct Codes {
    phone: Authenticator,
    desk: Arc<Desk>,
    clock: Arc<TestClock>,
    acc: AccountId,
    runtime: Runtime,
    step: u64,
    /// QR codes to be scanned, made beforehand: whoever computes before it is measured waits for
    /// its turn afterwards.
    texts: Vec<String>,
}

impl Codes {
    fn new(folder: &Path) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let clock = TestClock::new();
        let desk = Desk::new(&clock);
        let phone = phone(folder, &clock, &desk);
        runtime.block_on(enrol(&phone, &desk, "anna@example.eu"));
        let acc = desk.only().0;
        Self {
            phone,
            desk,
            clock,
            acc,
            runtime,
            step: 0,
            texts: Vec::new(),
        }
    }

    fn next_text(&mut self) -> String {
        if self.texts.is_empty() {
            // The codes before have expired and are forgotten.
            self.clock.set(NOW + self.step * 301);
            let steps = self.step + 1..=self.step + 20;
            self.step += 20;
            self.texts = steps
                .rev()
                .map(|step| self.desk.ask_code(self.acc, step, Unlock::Pin))
                .collect();
            std::thread::sleep(Duration::from_millis(20));
        }
        self.texts.pop().unwrap()
    }

    /// What it takes from the text of a new QR code to the code, with a PIN.
    fn code(&mut self) -> Cost {
        let text = self.next_text();
        let pin = pin(PIN);
        let phone = &self.phone;
        let start = Start::now();
        let shown = self.runtime.block_on(async {
            let Scanned::Code(request) = phone.scan(&text, Source::Camera).await.unwrap() else {
                panic!("not a code");
            };
            phone.code(request.id, pin.into()).await.unwrap()
        });
        let cost = start.cost();
        assert!(!shown.same_as_before && shown.code.len() == 9);
        cost
    }
}

/// One verification of a message that is as long as a challenge, and one commit of one row in a
/// copy of the phone's database.
struct Least {
    key: PublicKey,
    message: Vec<u8>,
    signature: [u8; 64],
    database: Connection,
    round: u8,
}

impl Least {
    fn new(folder: &Path) -> Self {
        let key = countersign_protocol::SigningKey::from_slice(&random::<32>()).unwrap();
        let payload = random::<110>();
        let copy = folder.join("one-row.db");
        std::fs::copy(folder.join(DATABASE_FILE), &copy).unwrap();
        let database = Connection::open(copy).unwrap();
        database
            .execute_batch(
                "PRAGMA secure_delete = ON;
                 PRAGMA journal_mode = DELETE;
                 PRAGMA synchronous = EXTRA;",
            )
            .unwrap();
        Self {
            key: PublicKey::of(&key),
            message: countersign_protocol::message::to_be_signed("bench", &payload),
            signature: sign_payload("bench", &payload, &key),
            database,
            round: 0,
        }
    }

    fn both(&mut self) -> Cost {
        self.round = self.round.wrapping_add(1);
        let value = [self.round; 60];
        let start = Start::now();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.key.as_bytes())
            .verify(black_box(&self.message), &self.signature)
            .unwrap();
        let rows = self
            .database
            .prepare_cached("UPDATE sealed SET blob = ?1 WHERE field = 'C'")
            .unwrap()
            .execute([value])
            .unwrap();
        let cost = start.cost();
        assert_eq!(rows, 1);
        cost
    }
}

/// Time, and this thread's processor time in it: on a busy machine or a slow disk the difference is
/// all waiting, the same for both.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    processor: Duration,
}

struct Start(Instant, Duration);

impl Start {
    fn now() -> Self {
        Self(Instant::now(), processor_time())
    }

    fn cost(self) -> Cost {
        Cost {
            time: self.0.elapsed(),
            processor: processor_time() - self.1,
        }
    }
}

fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// In milliseconds.
fn median(costs: &[Cost], of: impl Fn(&Cost) -> Duration) -> f64 {
    let mut times: Vec<_> = costs.iter().map(of).collect();
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

fn main() -> ExitCode {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut codes = Codes::new(folder.path());
    let mut least = Least::new(folder.path());

    let mut criterion = Criterion::default().configure_from_args().sample_size(30);
    let mut group = criterion.benchmark_group("code shown");
    group.bench_function("scanned text to code", |b| {
        b.iter_custom(|times| (0..times).map(|_| codes.code().time).sum());
    });
    group.bench_function("one verification and one commit", |b| {
        b.iter_custom(|times| (0..times).map(|_| least.both().time).sum());
    });
    group.finish();
    criterion.final_summary();

    // By turns, and each as often first.
    // By turns, and each as often first.
    let (ours, theirs): (Vec<_>, Vec<_>) = (0..ROUNDS)
        .map(|round| {
            if round % 2 == 0 {
                (codes.code(), least.both())
            } else {
                let theirs = least.both();
                (codes.code(), theirs)
            }
        })
        .unzip();
    let compared = |of: fn(&Cost) -> Duration| (median(&ours, of), median(&theirs, of));
    let (ours_time, theirs_time) = compared(|cost| cost.time);
    let (ours_processor, theirs_processor) = compared(|cost| cost.processor);
    let ratio = ours_time / theirs_time;
    println!(
        "from scanned text to code: {ours_time:.2} ms, {ratio:.2} times one verification and one commit, {theirs_time:.2} ms (at most {BOUND}); of processor time {ours_processor:.2} ms, {:.2} times",
        ours_processor / theirs_processor
    );
    if ratio <= BOUND {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
