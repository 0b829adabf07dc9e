//! A person's browser and a phone, as far as these tests need them. The phone is not the project's
//! own: it is written here from PROTOCOL.md with the protocol crate, so that it can misbehave.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    clippy::panic
)]

mod browser;
pub mod life;
mod phone;
pub mod push;

pub use browser::{Browser, NEW_PASSWORD, Page, encode, registration};
pub use phone::Phone;

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, TcpListener},
    sync::{
        Arc, Once,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use countersign_protocol::{
    SigningKey,
    answer::Decision,
    message::sign_payload,
    rand_core::{TryCryptoRng, TryRng},
    reply::{Reply, ResultCode},
    secret::Secret,
};
use countersign_service::{
    Act, Answer, AskError, Clock, Command, Config, Embedded, Request, SystemClock,
};
use reqwest::{Client, ClientBuilder, redirect::Policy};

pub const PASSWORD: &str = "Correct-horse7";
pub const PIN: &str = "4829";
pub const IBAN: &str = "LV80BANK0000435195001";

/// A clock that tests move.
pub struct TestClock(AtomicU64);

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(SystemClock.now())))
    }

    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// The operating system's randomness, for sealing.
pub struct OsRng;

impl TryRng for OsRng {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_le_bytes(random()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_le_bytes(random()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        getrandom::fill(out).unwrap();
        Ok(())
    }
}

impl TryCryptoRng for OsRng {}

pub fn random<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    getrandom::fill(&mut out).unwrap();
    out
}

pub fn secret<const N: usize>() -> Secret<N> {
    Secret::new_with(|out| *out = random())
}

pub fn copy<const N: usize>(secret: &Secret<N>) -> Secret<N> {
    Secret::new_with(|out| *out = *secret.expose())
}

pub fn client() -> Client {
    build(Client::builder())
}

/// One that connects from this address of this computer.
pub fn client_at(source: IpAddr) -> Client {
    build(Client::builder().local_address(source))
}

fn build(builder: ClientBuilder) -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    builder
        .redirect(Policy::none())
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

/// A port for a service that will start there again: below those that the system gives to whoever
/// asks for any, so that no other test and no connection takes it in between.
pub fn port_of_its_own() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(97);
    loop {
        let next = first.wrapping_add(NEXT.fetch_add(1, Ordering::SeqCst));
        let port = 15_000 + u16::try_from(next % 16_000).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// A service in a temporary folder.
pub struct World {
    pub service: Embedded,
    pub clock: Arc<TestClock>,
    pub folder: tempfile::TempDir,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings.
    pub async fn with(set: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::new();
        let mut config = Config {
            listen: (Ipv4Addr::LOCALHOST, port_of_its_own()).into(),
            clock: clock.clone(),
            ..Config::embedded(folder.path())
        };
        set(&mut config);
        let service = Embedded::start(config).await.unwrap();
        Self {
            service,
            clock,
            folder,
        }
    }

    /// A command of the operator Ilze on the service's socket.
    pub async fn command(&self, command: Command) -> Result<Answer, AskError> {
        let request = Request {
            operator: Some("Ilze".to_owned()),
            sudo_user: None,
            command,
        };
        countersign_service::ask(self.service.data(), &request, |_| {}).await
    }

    /// The same, with one account.
    pub async fn act(&self, act: Act, email: &str) -> Result<Answer, AskError> {
        let email = email.to_owned();
        self.command(Command::Act { act, email }).await
    }

    pub fn browser(&self) -> Browser {
        let mut browser = Browser::new(self.service.address(), self.service.origin());
        browser.outbox = self.folder.path().join("outbox");
        browser
    }

    /// Somebody with an account and a phone, signed in.
    pub async fn person(&self) -> (Browser, Phone) {
        let mut browser = self.browser();
        browser.register("anna@example.eu").await;
        let phone = browser.add_phone(&self.clock).await;
        (browser, phone)
    }
}

/// Signs arbitrary bytes, for tests of hostile input.
pub fn sign(key: &SigningKey, domain: &'static str, payload: &[u8]) -> [u8; 64] {
    sign_payload(domain, payload, key)
}

/// Signs out and begins to sign in again with the password; the page after `method`.
pub async fn begin_sign_in(browser: &mut Browser, method: &str) -> Page {
    browser.get("/account").await;
    browser.post("/sign-out", &[]).await;
    let email = browser.email.clone();
    browser.password(&email, PASSWORD).await;
    browser.post(method, &[]).await
}

/// The phone approves what waits for it.
pub async fn approve(phone: &mut Phone, page: &Page, pin: &str) {
    let challenge = phone.inbox(0).await.unwrap();
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), pin)
        .await;
    assert_eq!(reply.result, ResultCode::Done);
}

/// Signs in again by the app with this PIN.
pub async fn try_pin(browser: &mut Browser, phone: &mut Phone, pin: &str) -> Reply {
    let page = begin_sign_in(browser, "/sign-in/app").await;
    let challenge = phone.inbox(0).await.unwrap();
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), pin)
        .await;
    browser.get(&page.path).await;
    reply
}

fn database(world: &World) -> rusqlite::Connection {
    rusqlite::Connection::open(world.folder.path().join("service.db")).unwrap()
}

/// A number from the database.
pub fn number(world: &World, query: &str) -> i64 {
    database(world)
        .query_row(query, [], |row| row.get(0))
        .unwrap()
}

/// A text from the database.
pub fn text(world: &World, query: &str) -> String {
    database(world)
        .query_row(query, [], |row| row.get(0))
        .unwrap()
}

/// Changes one row of the database behind the service's back.
pub fn sql(world: &World, statement: &str) {
    assert_eq!(database(world).execute(statement, []).unwrap(), 1);
}

/// How often something happened.
pub fn events(world: &World, what: &str) -> i64 {
    number(
        world,
        &format!("SELECT count(*) FROM event WHERE what = '{what}'"),
    )
}

/// The newest message whose subject has these words, once it is there.
pub async fn mail(world: &World, subject: &str) -> String {
    for _ in 0..100 {
        let mut found: Vec<_> = fs::read_dir(world.folder.path().join("outbox"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "eml"))
            .collect();
        found.sort();
        for path in found.iter().rev() {
            // Long header lines are folded.
            let text = fs::read_to_string(path).unwrap().replace("\r\n ", " ");
            let line = text.lines().find(|line| line.starts_with("Subject: "));
            if line.unwrap().contains(subject) {
                return text;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no message: {subject}")
}
