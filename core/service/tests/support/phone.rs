//! A phone, written from PROTOCOL.md with the protocol crate.

use std::{net::SocketAddr, sync::Arc};

use countersign_protocol::{
    SigningKey,
    answer::{Answer, Decision, StateToken, UnlockedBy},
    challenge::{Challenge, Kind, Unlock},
    claim::{Claim, ClaimSecrets, KeyClass},
    code::{Code, Shape, transaction_question},
    id::{DeviceId, Hash, PublicKey},
    info::Info,
    keys::{Chain, PinKeys, enrolment_pin_key},
    link::{Link, LinkMessage, Source},
    message::{Received, Verified},
    pin::Pin,
    query::{Query, QueryRequest},
    reply::{Reply, ResultCode},
    request::Unsigned,
    secret::{Secret, Secret32},
};
use countersign_service::Clock;
use reqwest::Client;

use super::{OsRng, TestClock, client, copy, life::sign_with, random, secret};

/// A phone that holds everything in memory.
pub struct Phone {
    client: Client,
    address: SocketAddr,
    pub(super) clock: Arc<TestClock>,
    pub info: Verified<Info>,
    /// To which it seals.
    pub hpke_key: PublicKey,
    pub(super) enrolment: Verified<countersign_protocol::enrolment::Enrolment>,
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
            hpke_key: info.hpke_key,
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

    pub(super) fn pin_keys(&self, pin: &str) -> PinKeys {
        self.keys_of(&self.d, self.epoch, pin)
    }

    /// The device's identifier.
    pub fn device(&self) -> DeviceId {
        self.enrolment.dev
    }

    /// The same as pages write it.
    pub fn dev(&self) -> String {
        self.enrolment.dev.to_string()
    }

    /// What is PIN-derived or otherwise secret, for a test that looks for it in the service's
    /// files.
    pub fn secrets(&self, pin: &str) -> Vec<Vec<u8>> {
        let keys = self.pin_keys(pin);
        vec![
            PublicKey::of(keys.signing_key()).as_bytes()[1..33].to_vec(),
            keys.code.expose().to_vec(),
            self.n.expose().to_vec(),
            self.chain.value().expose().to_vec(),
        ]
    }

    pub(super) async fn post(&self, path: &str, body: Vec<u8>, hash: Hash) -> Reply {
        let (status, bytes) = self.post_raw(path, body).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        self.read(&bytes, hash)
    }

    /// A reply to the request of this hash.
    pub fn read(&self, bytes: &[u8], hash: Hash) -> Reply {
        let reply = Received::<Reply>::parse(bytes)
            .unwrap()
            .verify(self.info.signing_key(self.info.kid).unwrap())
            .unwrap();
        assert_eq!(reply.request, hash);
        (*reply).clone()
    }

    pub async fn post_raw(&self, path: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        self.try_post_raw(path, body).await.unwrap()
    }

    /// The same, where the connection may break.
    pub async fn try_post_raw(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(u16, Vec<u8>), reqwest::Error> {
        let request = self
            .client
            .post(format!("http://{}{path}", self.address))
            .body(body);
        let response = request
            .header("content-type", "application/vnd.countersign+cbor")
            .send()
            .await?;
        let status = response.status().as_u16();
        Ok((status, response.bytes().await?.to_vec()))
    }

    pub(super) fn signed(&self, unsigned: Unsigned) -> (Vec<u8>, Hash) {
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
            .prepare(&secrets, &keys, &self.hpke_key, &mut OsRng)
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

    pub fn query(&self, ask: Query) -> (Vec<u8>, Hash) {
        let query = QueryRequest {
            svc: self.info.svc,
            acc: self.enrolment.acc,
            dev: self.enrolment.dev,
            time: self.clock.now(),
            nonce: random(),
            query: ask,
        };
        self.signed(Unsigned::plain(&query))
    }

    async fn ask(&self, path: &str, ask: Query) -> Reply {
        let (body, hash) = self.query(ask);
        self.post(path, body, hash).await
    }

    pub async fn complete(&self) -> Reply {
        self.ask(
            "/api/v1/complete",
            Query::Complete {
                wait: 0,
                enrolment: self.enrolment.id,
            },
        )
        .await
    }

    /// The HTTP status of a `complete`, for a device that may be gone.
    pub async fn complete_raw_status(&self) -> u16 {
        let (body, _) = self.query(Query::Complete {
            wait: 0,
            enrolment: self.enrolment.id,
        });
        self.post_raw("/api/v1/complete", body).await.0
    }

    pub async fn status(&self) -> Reply {
        self.ask(
            "/api/v1/status",
            Query::Status {
                last: self.chain.last(),
            },
        )
        .await
    }

    /// The sequence of the information that the service says it serves.
    pub async fn info_sequence(&self) -> u64 {
        self.status().await.info_sequence
    }

    pub async fn inbox(&self, wait: u8) -> Option<Verified<Challenge>> {
        let reply = self
            .ask(
                "/api/v1/inbox",
                Query::Inbox {
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
                answer.prepare_with_pin(keys.signing_key(), &self.hpke_key, &mut OsRng)
            }
            (true, None) => {
                let (key, _) = self.bio.as_ref().unwrap();
                let signature = sign_with(key, &answer.to_be_signed_by_biometrics());
                answer.prepare_with_biometrics(&signature, &self.hpke_key, &mut OsRng)
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
