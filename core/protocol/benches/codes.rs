//! The cost of a code: ratchet, derivation and code against that of any OCRA code, one HMAC-SHA256
//! with a fresh key over the same message.
//!
//! `cargo bench -p countersign-protocol --bench codes`. Both are measured by turns in one run, and
//! the run fails above the bound.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use countersign_protocol::code::{Code, Shape};
use countersign_protocol::keys::Chain;
use countersign_protocol::secret::Secret32;
use criterion::Criterion;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The most that a code may cost, in HMACs.
const BOUND: f64 = 5.0;
const SUITE: &[u8] = b"OCRA-1:HOTP-SHA256-0:C-QH64";
const STEP: u64 = 42;
const QUESTION: [u8; 32] = [7; 32];

fn secret(byte: u8) -> Secret32 {
    Secret32::new_with(|out| out.fill(byte))
}

/// The phone's work between a challenge and its code: the key of the step, the code, and the chain
/// value of the next step.
fn code(chain: &Chain, code_secret: &Secret32) -> (Code, Option<Chain>) {
    let key = chain.code_key(code_secret);
    let code = Code::compute(Shape::Eight, key.expose(), STEP, &QUESTION);
    (code, chain.advanced(STEP + 1, 1))
}

/// HMAC-SHA256 over the OCRA message, by the same crate.
fn one_hmac(key: &[u8; 32]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of every length");
    };
    mac.update(SUITE);
    mac.update(&[0]);
    mac.update(&STEP.to_be_bytes());
    mac.update(&QUESTION);
    mac.update(&[0; 96]);
    mac.finalize().into_bytes().into()
}

fn time(mut run: impl FnMut()) -> Duration {
    let start = Instant::now();
    (0..200).for_each(|_| run());
    start.elapsed()
}

/// The median of ratios that are measured one right after the other, so that a busy machine slows
/// both.
fn ratio(chain: &Chain, code_secret: &Secret32) -> f64 {
    let mut ratios: Vec<f64> = (0..501)
        .map(|_| {
            let code = time(|| {
                black_box(code(black_box(chain), black_box(code_secret)));
            });
            let hmac = time(|| {
                black_box(one_hmac(black_box(code_secret.expose())));
            });
            code.as_secs_f64() / hmac.as_secs_f64()
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

fn main() -> ExitCode {
    let (chain, code_secret) = (Chain::new(STEP, secret(1)), secret(2));
    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("code with ratchet and derivation", |b| {
        b.iter(|| code(black_box(&chain), black_box(&code_secret)));
    });
    criterion.bench_function("HMAC-SHA256 over the OCRA message", |b| {
        b.iter(|| one_hmac(black_box(code_secret.expose())));
    });
    criterion.final_summary();

    let ratio = ratio(&chain, &code_secret);
    println!("a code costs {ratio:.2} times one HMAC (at most {BOUND})");
    if ratio <= BOUND {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
