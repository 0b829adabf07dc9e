//! A verifier that the phone is tried against: the protocol's own `verify`, behind the phone's
//! `Transport`. It is no service; what needs one is tested in the project's `tests`. And a platform
//! whose clock the test holds.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod asks;
mod desk;
mod pins;
mod scene;
mod thief;
mod updates;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign::platform::{Clock, Entropy};
use countersign::software::{LoggedIn, SoftwareKeyStore, SystemEntropy};
use countersign::transport::Transport;
use countersign::{AccountNumber, Authenticator, Device, Pin, Platform, Source};

#[allow(unused_imports, reason = "each test program uses some of it")]
pub use asks::*;
#[allow(unused_imports, reason = "each test program uses some of it")]
pub use desk::*;
#[allow(unused_imports, reason = "each test program uses some of it")]
pub use pins::*;
#[allow(unused_imports, reason = "each test program uses some of it")]
pub use scene::*;
#[allow(unused_imports, reason = "each test program uses some of it")]
pub use thief::*;
#[allow(unused_imports, reason = "each test program uses some of it")]
pub use updates::*;

/// The moment at which tests begin.
pub const NOW: u64 = 1_795_392_000;
pub const PIN: &str = "4711";

pub fn pin(text: &str) -> Pin {
    Pin::from_bytes(text.as_bytes()).unwrap()
}

pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemEntropy::default().fill(&mut bytes).unwrap();
    bytes
}

/// A clock that stands still until the test moves it.
pub struct TestClock(pub AtomicU64);

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(NOW)))
    }

    pub fn set(&self, time: u64) {
        self.0.store(time, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub fn platform(folder: &Path, clock: Arc<TestClock>, transport: Arc<dyn Transport>) -> Platform {
    std::fs::create_dir_all(folder).unwrap();
    Platform {
        keys: Arc::new(SoftwareKeyStore::open(folder).unwrap()),
        presence: Arc::new(LoggedIn),
        biometrics: None,
        push: None,
        clock,
        entropy: Arc::new(SystemEntropy::default()),
        transport,
        device: Device {
            platform: "Linux".into(),
            model: "test phone".into(),
        },
    }
}

pub fn phone(folder: &Path, clock: &Arc<TestClock>, desk: &Arc<Desk>) -> Authenticator {
    let transport = Arc::clone(desk) as Arc<dyn Transport>;
    Authenticator::open(folder, platform(folder, Arc::clone(clock), transport)).unwrap()
}

/// Enrols with the PIN on the phone.
pub async fn enrol(phone: &Authenticator, desk: &Desk, label: &str) -> AccountNumber {
    let text = desk.invite(label, None);
    let offer = phone.begin_enrolment(&text, Source::Camera).await.unwrap();
    let claimed = phone
        .claim_with_new_pin(&offer, pin(PIN), pin(PIN))
        .await
        .unwrap();
    let number = claimed.account.number;
    phone.complete_enrolment(number).await.unwrap();
    number
}
