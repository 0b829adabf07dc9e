//! A person's browser and a phone, as far as these tests need them. The phone is not the project's own: it is written here from
//! PROTOCOL.md with the protocol crate, so that it can misbehave.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

pub mod life;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use countersign_protocol::{
    SigningKey,
    answer::{Answer, Decision, StateToken, UnlockedBy},
    challenge::{Challenge, Kind, Unlock},
    claim::{Claim, ClaimSecrets, KeyClass},
    code::{Code, Shape, transaction_question},
    id::{Hash, PublicKey},
    info::Info,
    keys::{Chain, PinKeys, enrolment_pin_key},
    link::{Link, LinkMessage, Source},
    message::{Received, Verified, sign_payload},
    pin::Pin,
    query::{Ask, Query},
    rand_core::{TryCryptoRng, TryRng},
    reply::{Reply, ResultCode},
    request::Unsigned,
    secret::{Secret, Secret32},
};
use countersign_service::{Clock, Config, Embedded, SystemClock};
use reqwest::{Client, Method, redirect::Policy};

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

fn secret<const N: usize>() -> Secret<N> {
    Secret::new_with(|out| *out = random())
}

fn copy<const N: usize>(secret: &Secret<N>) -> Secret<N> {
    Secret::new_with(|out| *out = *secret.expose())
}

pub fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder()
        .redirect(Policy::none())
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

/// A service in a temporary folder.
pub struct World {
    pub service: Embedded,
    pub clock: Arc<TestClock>,
    pub folder: tempfile::TempDir,
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::new();
        let service = Embedded::start(Config {
            clock: clock.clone(),
            ..Config::embedded(folder.path())
        })
        .await
        .unwrap();
        Self {
            service,
            clock,
            folder,
        }
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.service.address(), self.service.origin())
    }

    /// Somebody with an account and a phone, signed in.
    pub async fn person(&self) -> (Browser, Phone) {
        let mut browser = self.browser();
        browser.register("anna@example.eu").await;
        let phone = browser.add_phone(&self.clock).await;
        (browser, phone)
    }
}

#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub body: String,
    pub path: String,
    pub headers: reqwest::header::HeaderMap,
}

impl Page {
    /// The text between `before` and the next `after`.
    pub fn between(&self, before: &str, after: &str) -> &str {
        let rest = self
            .body
            .split_once(before)
            .unwrap_or_else(|| panic!("no {before} in {}", self.body))
            .1;
        rest.split_once(after).unwrap().0
    }

    /// The number on the waiting page.
    pub fn number(&self) -> u8 {
        self.between("id=\"number\">", "<").parse().unwrap()
    }

    pub fn id(&self) -> String {
        self.path.rsplit('/').next().unwrap().to_owned()
    }
}

/// A browser: one cookie, forms with the token of the page before.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    address: SocketAddr,
    pub origin: String,
    pub cookie: Option<String>,
    /// The cookie that marks the browser as known.
    pub known: Option<String>,
    pub csrf: String,
}

pub fn encode(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect::<String>()
    };
    fields
        .iter()
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect::<Vec<_>>()
        .join("&")
}

impl Browser {
    pub fn new(address: SocketAddr, origin: &str) -> Self {
        Self {
            client: client(),
            address,
            origin: origin.to_owned(),
            cookie: None,
            known: None,
            csrf: String::new(),
        }
    }

    /// One request, no redirects followed.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Page {
        let mut request = self
            .client
            .request(method, format!("http://{}{path}", self.address));
        if let Some(cookie) = &self.cookie {
            let known = self.known.as_deref().unwrap_or("more=2");
            request = request.header("cookie", format!("other=1; {cookie}; {known}"));
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let headers = response.headers().clone();
        for cookie in headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            let place = if cookie.contains("-known=") {
                &mut self.known
            } else {
                &mut self.cookie
            };
            *place = Some(cookie.to_owned());
        }
        let status = response.status().as_u16();
        let path = headers
            .get("location")
            .map_or(path.to_owned(), |to| to.to_str().unwrap().to_owned());
        let body = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
        if let Some((_, rest)) = body.split_once("name=\"csrf\" value=\"") {
            self.csrf = rest.split('"').next().unwrap().to_owned();
        }
        Page {
            status,
            body,
            path,
            headers,
        }
    }

    async fn follow(&mut self, mut page: Page) -> Page {
        while page.status == 303 {
            page = self.send(Method::GET, &page.path.clone(), None, &[]).await;
        }
        page
    }

    pub async fn get(&mut self, path: &str) -> Page {
        let page = self.send(Method::GET, path, None, &[]).await;
        self.follow(page).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.post_once(path, fields).await;
        self.follow(page).await
    }

    pub async fn post_once(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.csrf.clone();
        let body = encode(&[&[("csrf", csrf.as_str())], fields].concat());
        let origin = self.origin.clone();
        self.send(
            Method::POST,
            path,
            Some(body),
            &[("origin", &origin), ("sec-fetch-site", "same-origin")],
        )
        .await
    }

    pub async fn register(&mut self, email: &str) -> Page {
        self.register_as("Anna", "Ozola", email).await
    }

    pub async fn register_as(&mut self, first: &str, last: &str, email: &str) -> Page {
        self.get("/register").await;
        let fields = [
            ("first_name", first),
            ("last_name", last),
            ("email", email),
            ("password", PASSWORD),
            ("password_again", PASSWORD),
            ("privacy", "yes"),
        ];
        let page = self.post("/register", &fields).await;
        assert_eq!(
            (page.status, page.path.as_str()),
            (200, "/account"),
            "{}",
            page.body
        );
        page
    }

    /// E-mail and password; the page after them.
    pub async fn password(&mut self, email: &str, password: &str) -> Page {
        self.get("/sign-in").await;
        self.post("/sign-in", &[("email", email)]).await;
        self.post(
            "/sign-in/password",
            &[("email", email), ("password", password)],
        )
        .await
    }

    /// Adds a phone, with everything that the person does on the page.
    pub async fn add_phone(&mut self, clock: &Arc<TestClock>) -> Phone {
        self.get("/account/devices").await;
        let page = self
            .post("/account/devices/add", &[("name", "My phone")])
            .await;
        assert_eq!(page.status, 200, "{}", page.body);
        let link = self.get(&format!("{}/link", page.path)).await.body;
        let mut phone = Phone::scan(self.address, clock.clone(), &link).await;
        let reply = phone.claim(PIN).await;
        assert_eq!(reply.result, ResultCode::Done);
        let code = reply.confirmation_code.clone().unwrap();
        let shown = self.get(&page.path).await;
        assert!(
            shown
                .between("id=\"model\">", "</p>")
                .contains("Test phone")
        );
        self.post(&format!("{}/code", page.path), &[("code", &code)])
            .await;
        assert_eq!(phone.complete().await.result, ResultCode::Done);
        phone
    }
}

/// A phone that holds everything in memory.
pub struct Phone {
    client: Client,
    address: SocketAddr,
    clock: Arc<TestClock>,
    pub info: Verified<Info>,
    enrolment: Verified<countersign_protocol::enrolment::Enrolment>,
    pub key: SigningKey,
    pub d: Secret32,
    pub n: Secret32,
    pub chain: Chain,
    /// The PIN epoch.
    pub epoch: u32,
    /// K_bio and B.
    pub bio: Option<(SigningKey, Secret32)>,
    /// Whether it says that K_dev is in hardware.
    pub hardware: bool,
    pub counter: u64,
    pub token: Option<StateToken>,
    claim: Option<(Vec<u8>, Hash)>,
    /// S, where the PIN was chosen in the browser.
    s: Option<Secret<16>>,
}

impl Phone {
    /// First contact: fetches the information and checks the enrolment message with it.
    pub async fn scan(address: SocketAddr, clock: Arc<TestClock>, link: &str) -> Self {
        let link = Link::parse(link, Source::Camera).unwrap();
        let LinkMessage::Enrolment(enrolment, s) = link.message else {
            panic!("not an enrolment")
        };
        let client = client();
        let bytes = client
            .get(format!("http://{address}/.well-known/countersign"))
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        let info = Received::<Info>::parse(&bytes)
            .unwrap()
            .verify_first_contact()
            .unwrap();
        let enrolment = enrolment
            .verify(info.signing_key(info.kid).unwrap())
            .unwrap();
        assert_eq!(enrolment.info_hash, info.hash());
        assert_eq!(link.origin, info.origin);
        Self {
            client,
            address,
            clock,
            info,
            enrolment,
            key: SigningKey::from_slice(&random::<32>()).unwrap(),
            d: secret(),
            n: secret(),
            chain: Chain::new(1, secret()),
            epoch: 1,
            bio: None,
            hardware: false,
            counter: 0,
            token: None,
            claim: None,
            s,
        }
    }

    fn pin_keys(&self, pin: &str) -> PinKeys {
        self.keys_of(&self.d, self.epoch, pin)
    }

    /// What is PIN-derived or otherwise secret, for a test that looks for it in the service's files.
    pub fn secrets(&self, pin: &str) -> Vec<Vec<u8>> {
        let keys = self.pin_keys(pin);
        vec![
            PublicKey::of(keys.signing_key()).as_bytes()[1..33].to_vec(),
            keys.code.expose().to_vec(),
            self.n.expose().to_vec(),
            self.chain.value().expose().to_vec(),
        ]
    }

    async fn post(&self, path: &str, body: Vec<u8>, hash: Hash) -> Reply {
        let (status, bytes) = self.post_raw(path, body).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        self.read(&bytes, hash)
    }

    /// A reply to the request of this hash.
    fn read(&self, bytes: &[u8], hash: Hash) -> Reply {
        let reply = Received::<Reply>::parse(bytes)
            .unwrap()
            .verify(self.info.signing_key(self.info.kid).unwrap())
            .unwrap();
        assert_eq!(reply.request, hash);
        (*reply).clone()
    }

    pub async fn post_raw(&self, path: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let request = self
            .client
            .post(format!("http://{}{path}", self.address))
            .body(body);
        let response = request
            .header("content-type", "application/vnd.countersign+cbor")
            .send()
            .await
            .unwrap();
        (
            response.status().as_u16(),
            response.bytes().await.unwrap().to_vec(),
        )
    }

    fn signed(&self, unsigned: Unsigned) -> (Vec<u8>, Hash) {
        let hash = unsigned.hash();
        let payload = unsigned.to_be_signed();
        let signature: p256::ecdsa::Signature =
            p256::ecdsa::signature::Signer::sign(&self.key, &payload);
        (unsigned.body(&signature.to_bytes().into()).unwrap(), hash)
    }

    pub async fn claim(&mut self, pin: &str) -> Reply {
        let keys = self.pin_keys(pin);
        let secrets = ClaimSecrets {
            one_time_secret: copy(&self.enrolment.one_time_secret),
            p: copy(&keys.code),
            n: copy(&self.n),
            chain: copy(self.chain.value()),
            pin_key: PublicKey::of(keys.signing_key()),
            k: self.s.as_ref().map(|s| {
                let pin = Pin::from_bytes(pin.as_bytes()).unwrap();
                enrolment_pin_key(s, &self.enrolment.id, &pin)
            }),
        };
        let claim = Claim {
            svc: self.info.svc,
            acc: self.enrolment.acc,
            dev: self.enrolment.dev,
            enrolment: self.enrolment.id,
            enrolment_hash: self.enrolment.hash(),
            device_key: PublicKey::of(&self.key),
            key_class: if self.hardware {
                KeyClass::Hardware
            } else {
                KeyClass::Software
            },
            z_present: false,
            platform: "test".into(),
            model: "Test phone".into(),
            time: self.clock.now(),
            commitment: [0; 32],
        };
        let unsigned = claim
            .prepare(&secrets, &keys, &self.info.hpke_key, &mut OsRng)
            .unwrap();
        self.claim = Some(self.signed(unsigned));
        self.claim_again().await
    }

    /// Sends the same claim, byte for byte.
    pub async fn claim_again(&mut self) -> Reply {
        let (body, hash) = self.claim.clone().unwrap();
        let reply = self.post("/api/v1/claim", body, hash).await;
        if let Some(i0) = reply.i0 {
            self.chain = Chain::new(i0, copy(self.chain.value()));
            self.token = reply.state_token;
        }
        reply
    }

    pub fn query(&self, ask: Ask) -> (Vec<u8>, Hash) {
        let query = Query {
            svc: self.info.svc,
            acc: self.enrolment.acc,
            dev: self.enrolment.dev,
            time: self.clock.now(),
            nonce: random(),
            ask,
        };
        self.signed(Unsigned::plain(&query))
    }

    async fn ask(&self, path: &str, ask: Ask) -> Reply {
        let (body, hash) = self.query(ask);
        self.post(path, body, hash).await
    }

    pub async fn complete(&self) -> Reply {
        self.ask(
            "/api/v1/complete",
            Ask::Complete {
                wait: 0,
                enrolment: self.enrolment.id,
            },
        )
        .await
    }

    /// The HTTP status of a `complete`, for a device that may be gone.
    pub async fn complete_raw_status(&self) -> u16 {
        let (body, _) = self.query(Ask::Complete {
            wait: 0,
            enrolment: self.enrolment.id,
        });
        self.post_raw("/api/v1/complete", body).await.0
    }

    pub async fn status(&self) -> Reply {
        self.ask(
            "/api/v1/status",
            Ask::Status {
                last: self.chain.last(),
            },
        )
        .await
    }

    pub async fn inbox(&self, wait: u8) -> Option<Verified<Challenge>> {
        let reply = self
            .ask(
                "/api/v1/inbox",
                Ask::Inbox {
                    last: self.chain.last(),
                    wait,
                    known: None,
                },
            )
            .await;
        assert_eq!(reply.result, ResultCode::Done);
        let bytes = reply.challenges.unwrap().pop()?;
        Some(
            Received::<Challenge>::parse(&bytes)
                .unwrap()
                .verify(self.info.signing_key(self.info.kid).unwrap())
                .unwrap(),
        )
    }

    /// As if the code had had an S.
    pub fn pretend_s(&mut self, s: [u8; 16]) {
        self.s = Some(Secret::new_with(|out| *out = s));
    }

    /// As if it had had none.
    pub fn forget_s(&mut self) {
        self.s = None;
    }

    /// The challenge of a link that was opened on this phone.
    pub fn open(&self, link: &str) -> Verified<Challenge> {
        let LinkMessage::Challenge(challenge) =
            Link::parse(link, Source::VerifiedLink).unwrap().message
        else {
            panic!("not a challenge")
        };
        challenge
            .verify(self.info.signing_key(self.info.kid).unwrap())
            .unwrap()
    }

    /// An answer's body with its hash, signed with the next counter.
    pub fn answer(
        &mut self,
        challenge: &Verified<Challenge>,
        decision: Decision,
        number: Option<u8>,
        pin: &str,
    ) -> (Vec<u8>, Hash) {
        self.answer_by(challenge, decision, number, Some(pin))
    }

    /// An answer that biometrics unlock, where there is no PIN.
    pub fn answer_by(
        &mut self,
        challenge: &Verified<Challenge>,
        decision: Decision,
        number: Option<u8>,
        pin: Option<&str>,
    ) -> (Vec<u8>, Hash) {
        self.counter += 1;
        let approves = decision == Decision::Approve;
        let answer = Answer {
            challenge_type: challenge.kind.number(),
            svc: self.info.svc,
            purpose: challenge.purpose,
            acc: self.enrolment.acc,
            dev: self.enrolment.dev,
            challenge: challenge.id,
            challenge_hash: challenge.hash(),
            decision,
            number: number.filter(|_| approves),
            time: self.clock.now(),
            counter: self.counter,
            last: self.chain.last(),
            unlocked_by: match (approves, pin) {
                (false, _) => UnlockedBy::Nothing,
                (true, Some(_)) => UnlockedBy::Pin,
                (true, None) => UnlockedBy::Biometrics,
            },
            epoch: self.epoch,
            state_token: self.token.unwrap(),
        };
        let unsigned = match (approves, pin) {
            (false, _) => Ok(Unsigned::plain(&answer)),
            (true, Some(pin)) => {
                let keys = self.pin_keys(pin);
                answer.prepare_with_pin(keys.signing_key(), &self.info.hpke_key, &mut OsRng)
            }
            (true, None) => {
                let (key, _) = self.bio.as_ref().unwrap();
                let signature = life::sign_with(key, &answer.to_be_signed_by_biometrics());
                answer.prepare_with_biometrics(&signature, &self.info.hpke_key, &mut OsRng)
            }
        };
        self.signed(unsigned.unwrap())
    }

    pub async fn send(&self, body: Vec<u8>, hash: Hash) -> Reply {
        self.post("/api/v1/answer", body, hash).await
    }

    pub async fn decide(
        &mut self,
        challenge: &Verified<Challenge>,
        decision: Decision,
        number: Option<u8>,
        pin: &str,
    ) -> Reply {
        let (body, hash) = self.answer(challenge, decision, number, pin);
        let reply = self.send(body, hash).await;
        self.token = reply.state_token.or(self.token);
        reply
    }

    /// The code for a scanned challenge, the chain moved past it.
    pub fn code(&mut self, link: &str, values: &[(&str, &str)], pin: &str) -> String {
        self.code_by(link, values, |phone, unlock| match unlock {
            Unlock::Nothing => copy(&phone.n),
            _ => copy(&phone.pin_keys(pin).code),
        })
    }

    /// A code with the share that `share` gives for what must unlock it.
    pub fn code_by(
        &mut self,
        link: &str,
        values: &[(&str, &str)],
        share: impl Fn(&Self, Unlock) -> Secret32,
    ) -> String {
        let LinkMessage::Challenge(challenge) = Link::parse(link, Source::Camera).unwrap().message
        else {
            panic!("not a challenge")
        };
        let challenge = challenge
            .verify(self.info.signing_key(self.info.kid).unwrap())
            .unwrap();
        let (step, shape, question) = match &challenge.kind {
            Kind::Code { step, .. } => (*step, Shape::Eight, challenge.hash().0),
            Kind::Transaction { step, .. } => (
                *step,
                Shape::Twelve,
                transaction_question(&challenge.hash().0, values),
            ),
            _ => panic!("no code"),
        };
        let share = share(self, challenge.unlock);
        let here = self.chain.advanced(step, 65_536).unwrap();
        let code = Code::compute(shape, here.code_key(&share).expose(), step, &question)
            .shown()
            .to_string();
        self.chain = here.advanced(step + 1, 1).unwrap();
        code
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
    browser.password("anna@example.eu", PASSWORD).await;
    browser.post(method, &[]).await
}

/// Signs in anew by the app with this PIN.
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
