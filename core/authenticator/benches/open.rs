//! Processor time of opening a phone with 20 accounts, up to the list, in a program that has just
//! started.
//!
//! `cargo bench -p countersign --bench open`. The run fails above the bound.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use countersign::Authenticator;
use criterion::Criterion;
use rustix::time::{ClockId, clock_gettime};
use support::*;

const BOUND: Duration = Duration::from_millis(3);
const ACCOUNTS: usize = 20;
const STARTS: usize = 51;
/// Says which folder a process of its own opens.
const FOLDER: &str = "COUNTERSIGN_BENCH_FOLDER";

/// Of all threads of this process: other programs on the machine don't count.
fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

fn open(folder: &Path) -> Duration {
    let start = processor_time();
    let phone = Authenticator::embedded(folder).unwrap();
    let accounts = black_box(phone.accounts().unwrap());
    let time = processor_time() - start;
    assert_eq!(accounts.len(), ACCOUNTS);
    time
}

/// The same in a process that has done nothing before.
fn open_in_new_process(folder: &Path) -> Duration {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program).env(FOLDER, folder).output().unwrap();
    let nanoseconds = String::from_utf8(output.stdout).unwrap();
    Duration::from_nanos(nanoseconds.trim().parse().unwrap())
}

fn main() -> ExitCode {
    if let Some(folder) = std::env::var_os(FOLDER) {
        println!("{}", open(folder.as_ref()).as_nanos());
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let phone = phone(folder.path(), &clock, &desk);
        for number in 1..=ACCOUNTS {
            enrol(&phone, &desk, &format!("anna{number}@example.eu")).await;
        }
    });

    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("opening 20 accounts, processor time", |b| {
        b.iter_custom(|times| (0..times).map(|_| open(folder.path())).sum());
    });
    criterion.final_summary();

    let mut times: Vec<_> = (0..STARTS)
        .map(|_| open_in_new_process(folder.path()))
        .collect();
    times.sort_unstable();
    let time = times[STARTS / 2];
    println!(
        "opening {ACCOUNTS} accounts to the list: {:.2} ms of processor time in a new process (at most {} ms)",
        time.as_secs_f64() * 1e3,
        BOUND.as_millis()
    );
    if time < BOUND {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
