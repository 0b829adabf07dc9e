//! A service, a phone and the person between them. Everything is real: HTTP, databases, QR images.
//! Only time is set by hand.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use countersign::qr::scan::decode_file;
use countersign::transport::{HttpTransport, Outgoing, Transport, TransportError};
use countersign::{
    AccountNumber, Authenticator, CodeRequest, PendingRequest, Pin, Platform, Scanned, Source,
    TransactionForm, TypedValue,
};
use countersign_cli::person::{Account, Person, Transfer};
use countersign_service::{Config, Embedded, OriginSetting};
use tempfile::TempDir;

pub const PIN: &str = "4071";
pub const WRONG_PIN: &str = "1704";
pub const EMAIL: &str = "anna.berzina@example.eu";
pub const PASSWORD: &str = "Ventspils-1991!";
pub const PATIENCE: Duration = Duration::from_secs(20);

pub const TRANSFER: Transfer<'static> = Transfer {
    iban: "LV80BANK0000435195001",
    name: "Jānis Kalniņš",
    amount: "1234.50",
    reference: "RF2026",
};

/// A browser of somebody whose mail is where the service leaves it.
pub fn browser_of(service: &Embedded) -> Person {
    let person = Person::at(service.origin()).unwrap();
    person.with_mail(&service.data().join("outbox"))
}

pub fn pin(digits: &str) -> Pin {
    Pin::from_bytes(digits.as_bytes()).unwrap()
}

/// A clock that a test moves; the service's and the phone's are two.
#[derive(Default)]
pub struct TestClock(AtomicU64);

impl TestClock {
    pub fn now() -> Arc<Self> {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        Arc::new(Self(AtomicU64::new(now.as_secs())))
    }

    pub fn forward(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn back(&self, seconds: u64) {
        self.0.fetch_sub(seconds, Ordering::SeqCst);
    }
}

impl countersign::platform::Clock for TestClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl countersign_service::Clock for TestClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// The phone's real network, which a test can cut, and whose answers it can lose after the service
/// gave them.
pub struct Wire {
    http: HttpTransport,
    pub lose_answers: AtomicUsize,
    pub cut: AtomicUsize,
    /// Every body that the phone sent.
    pub sent: Mutex<Vec<Vec<u8>>>,
}

impl Wire {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            http: HttpTransport::new(),
            lose_answers: AtomicUsize::new(0),
            cut: AtomicUsize::new(0),
            sent: Mutex::new(Vec::new()),
        })
    }

    fn lost(counter: &AtomicUsize) -> bool {
        counter
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, outgoing: Outgoing) -> Result<Vec<u8>, TransportError> {
        let host = outgoing.origin.authority().to_owned();
        let lost = || TransportError::CutOff { host: host.clone() };
        if Self::lost(&self.cut) {
            return Err(lost());
        }
        self.sent
            .lock()
            .unwrap()
            .extend(outgoing.body.iter().cloned());
        let answer = self.http.send(outgoing).await?;
        if Self::lost(&self.lose_answers) {
            return Err(lost());
        }
        Ok(answer)
    }
}

/// A phone with its folder, clock and network.
pub struct TestPhone {
    pub core: Authenticator,
    pub clock: Arc<TestClock>,
    pub wire: Arc<Wire>,
    pub folder: PathBuf,
}

impl TestPhone {
    pub fn open(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).unwrap();
        Self::on(folder, Platform::embedded(folder).unwrap())
    }

    /// On this platform, but for time and network.
    pub fn on(folder: &Path, mut platform: Platform) -> Self {
        let (clock, wire) = (TestClock::now(), Wire::new());
        platform.clock = clock.clone();
        platform.transport = wire.clone();
        Self {
            core: Authenticator::open(folder, platform).unwrap(),
            clock,
            wire,
            folder: folder.to_owned(),
        }
    }

    /// The same phone after a restart.
    pub fn restarted(self) -> Self {
        let folder = self.folder.clone();
        drop(self);
        Self::open(&folder)
    }

    pub fn offline(&self) {
        self.wire.cut.store(usize::MAX, Ordering::SeqCst);
    }

    pub fn online(&self) {
        self.wire.cut.store(0, Ordering::SeqCst);
    }

    pub async fn request(&self, account: AccountNumber) -> PendingRequest {
        let mut requests = tokio::time::timeout(PATIENCE, self.core.watch(account, None))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(requests.len(), 1);
        requests.remove(0)
    }

    /// Scans a PNG as the camera would.
    pub async fn scan(&self, png: &[u8]) -> Scanned {
        let codes = decode_file(png).unwrap();
        let text = codes[0].text.clone().unwrap();
        self.core.scan(&text, Source::Camera).await.unwrap()
    }

    pub async fn scan_code(&self, png: &[u8]) -> CodeRequest {
        match self.scan(png).await {
            Scanned::Code(request) => request,
            other => panic!("{other:?}"),
        }
    }

    pub async fn scan_transaction(&self, png: &[u8]) -> TransactionForm {
        match self.scan(png).await {
            Scanned::Transaction(form) => form,
            other => panic!("{other:?}"),
        }
    }

    pub fn tries(&self) -> Option<u8> {
        self.core.accounts().unwrap()[0].tries_left
    }
}

pub struct World {
    pub service: Embedded,
    pub clock: Arc<TestClock>,
    pub person: Person,
    pub phone: TestPhone,
    pub folder: TempDir,
}

pub async fn start(data: PathBuf, clock: Arc<TestClock>) -> Embedded {
    start_with(data, clock, |_| {}).await
}

/// With other settings.
pub async fn start_with(
    data: PathBuf,
    clock: Arc<TestClock>,
    set: impl FnOnce(&mut Config),
) -> Embedded {
    let mut config = Config::embedded(data);
    set(&mut config);
    config.clock = clock;
    config.origin = OriginSetting::Loopback;
    Embedded::start(config).await.unwrap()
}

impl World {
    /// A service, and a person with an account and a phone without one.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings of the service.
    pub async fn with(set: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::now();
        let service = start_with(folder.path().join("service"), clock.clone(), set).await;
        let mut person = browser_of(&service);
        person.create_account(&anna(EMAIL)).await.unwrap();
        let phone = TestPhone::open(&folder.path().join("phone"));
        Self {
            service,
            clock,
            person,
            phone,
            folder,
        }
    }

    /// The same with the phone enrolled.
    pub async fn enrolled() -> (Self, AccountNumber) {
        let mut world = Self::new().await;
        let account = enrol(&mut world.person, &world.phone, "My phone").await;
        (world, account)
    }

    /// The service stops, and starts so many seconds later at the same address.
    pub async fn restarted_after(self, seconds: u64) -> Self {
        let clocks = [self.clock.clone(), self.phone.clock.clone()];
        self.started_again(|| clocks.iter().for_each(|clock| clock.forward(seconds)))
            .await
    }

    /// The service stops, and starts at the same address after this.
    pub async fn started_again(self, meanwhile: impl FnOnce()) -> Self {
        let mut config = Config::embedded(self.service.data());
        config.listen = self.service.address();
        config.clock = self.clock.clone();
        self.service.stop().await;
        meanwhile();
        let service = Embedded::start(config).await.unwrap();
        Self { service, ..self }
    }

    /// Both clocks go on.
    pub fn forward(&self, seconds: u64) {
        self.clock.forward(seconds);
        self.phone.clock.forward(seconds);
    }

    /// At the method chooser again.
    pub async fn begin_sign_in(&mut self) {
        if self.person.is_signed_in().await.unwrap() {
            self.person.sign_out().await.unwrap();
        }
        self.person.give_password(EMAIL, PASSWORD).await.unwrap();
    }

    /// The page waits, and the phone has heard of it.
    pub async fn ask_app(&mut self, account: AccountNumber) -> (u8, PendingRequest) {
        self.begin_sign_in().await;
        self.person.ask_app().await.unwrap();
        let number = self.person.number().unwrap();
        (number, self.phone.request(account).await)
    }

    /// Approves with the right PIN.
    pub async fn approve(&self, request: &PendingRequest, number: u8) {
        self.phone
            .core
            .approve(request.id, None, Some(number), pin(PIN).into())
            .await
            .unwrap();
    }

    /// The page shows a QR code for signing in.
    pub async fn ask_code(&mut self) -> Vec<u8> {
        self.begin_sign_in().await;
        self.person.ask_code().await.unwrap();
        self.person.qr_png().await.unwrap()
    }

    pub async fn page_goes_on(&mut self) -> bool {
        self.person.wait_while("open", PATIENCE).await.unwrap();
        self.person.is_signed_in().await.unwrap()
    }
}

pub fn anna(email: &str) -> Account<'_> {
    Account {
        first_name: "Anna",
        last_name: "Bērziņa",
        email,
        password: PASSWORD,
    }
}

/// Adds a phone: the page's QR code is scanned, and the six digits are typed.
pub async fn enrol(person: &mut Person, phone: &TestPhone, name: &str) -> AccountNumber {
    person.add_device(name).await.unwrap();
    let png = person.qr_png().await.unwrap();
    let text = decode_file(&png).unwrap()[0].text.clone().unwrap();
    let offer = phone
        .core
        .begin_enrolment(&text, Source::Camera)
        .await
        .unwrap();
    let claimed = phone
        .core
        .claim_with_new_pin(&offer, pin(PIN), pin(PIN))
        .await
        .unwrap();
    person.wait_while("open", PATIENCE).await.unwrap();
    person
        .type_code(&claimed.confirmation_code.unwrap())
        .await
        .unwrap();
    phone
        .core
        .complete_enrolment(claimed.account.number)
        .await
        .unwrap()
        .number
}

pub fn typed(transfer: &Transfer<'_>) -> Vec<TypedValue> {
    transfer
        .fields()
        .into_iter()
        .map(|(id, value)| TypedValue {
            id: id.into(),
            value: value.into(),
        })
        .collect()
}
