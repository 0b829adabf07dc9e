//! The verifier: the least of a service that the protocol's `verify` needs around it, with replies
//! that a test can spoil.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign::platform::Clock;
use countersign::transport::{Outgoing, Transport, TransportError};
use countersign_protocol::SigningKey;
use countersign_protocol::answer::{Answer, StateToken, UnlockedBy};
use countersign_protocol::claim::{Claim, ClaimSecrets};
use countersign_protocol::enrolment::Enrolment;
use countersign_protocol::id::{AccountId, ChallengeId, DeviceId, Hash, PublicKey};
use countersign_protocol::info::{Info, ServiceKey};
use countersign_protocol::keys::{Chain, enrolment_pin_verifier};
use countersign_protocol::message::Message;
use countersign_protocol::origin::Origin;
use countersign_protocol::push::PushAddress;
use countersign_protocol::query::{Query, QueryRequest};
use countersign_protocol::reply::{DeviceState, Names, Reply, ResultCode, Tries};
use countersign_protocol::request::{ReceivedRequest, Request, Transcript};
use countersign_protocol::seal::OpeningKey;
use countersign_protocol::secret::{Secret, Secret32};
use countersign_protocol::update::Update;
use countersign_protocol::verify::{
    ChallengeRecord, DeviceRecord, Next, StateTokenKey, TokenState, judge_answer,
};

use super::{NOW, Pending, TestClock, random};

/// What the test does to the next replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twist {
    /// Nothing: the one after it is for a later request.
    None,
    /// The reply names another request.
    OtherRequest,
    /// The signature is another key's, which names itself as the right one.
    OtherKey,
    /// One bit of the signature is flipped.
    FlippedBit,
    /// The reply is lost after the request was judged.
    Lost,
    /// The request never arrives.
    Unreachable,
    /// The service has no room, and says by this status to come again in two seconds.
    Busy(u16),
    /// The service sees nothing of this phone.
    NotKnown,
    /// The phone's clock is called wrong once.
    Clock,
    /// The reply has a device state, suspended, also where that has no place.
    Suspended,
    /// The reply has a state token, which is none, also where that has no place.
    Token,
}

/// A device as the verifier knows it.
pub struct Registered {
    pub key: PublicKey,
    pub pin_key: PublicKey,
    pub p: Secret32,
    pub n: Secret32,
    pub chain: Chain,
    pub state: DeviceState,
    pub counter: u64,
    pub tokens: TokenState,
    pub in_row: u8,
    pub in_epoch: u8,
    pub claim: Hash,
    pub epoch: u32,
    pub pending: Option<Pending>,
    pub began_with: Option<Hash>,
    pub granted: Option<ChallengeId>,
    pub biometrics: Option<(PublicKey, Secret32)>,
    pub push: Option<PushAddress>,
    pub takes_pushes: bool,
}

pub struct Invitation {
    pub message: Enrolment,
    pub hash: Hash,
    pub verifier: Option<[u8; 32]>,
    pub tries: u8,
}

#[derive(Default)]
pub struct Books {
    pub invitations: HashMap<[u8; 16], Invitation>,
    pub devices: HashMap<[u8; 8], Registered>,
    pub challenges: HashMap<[u8; 16], (ChallengeRecord, Vec<u8>)>,
    pub outcomes: HashMap<Hash, Reply>,
    pub requests: Vec<(String, Vec<u8>)>,
    pub twists: Vec<Twist>,
    pub recovery_ends_at: Option<u64>,
}

pub struct Desk {
    pub origin: Origin,
    pub signing: Mutex<Vec<SigningKey>>,
    pub sequence: AtomicU64,
    pub push_key: Mutex<Option<PublicKey>>,
    pub opening: OpeningKey,
    pub tokens: StateTokenKey,
    pub clock: Arc<TestClock>,
    pub books: Mutex<Books>,
}

impl Desk {
    pub fn new(clock: &Arc<TestClock>) -> Arc<Self> {
        Self::at("https://sign.example.eu", clock)
    }

    pub fn at(origin: &str, clock: &Arc<TestClock>) -> Arc<Self> {
        Arc::new(Self {
            origin: Origin::parse(origin).unwrap(),
            signing: Mutex::new(vec![signing_key()]),
            sequence: AtomicU64::new(1),
            push_key: Mutex::default(),
            opening: OpeningKey::derive(&Secret::take(&mut random())).unwrap(),
            tokens: StateTokenKey::new(Secret::take(&mut random())),
            clock: Arc::clone(clock),
            books: Mutex::default(),
        })
    }

    pub fn key(&self) -> SigningKey {
        self.signing.lock().unwrap().last().unwrap().clone()
    }

    /// Signs with a new key from now on; the information that names it is signed by the first one.
    pub fn add_key(&self) {
        self.signing.lock().unwrap().push(signing_key());
        self.sequence.fetch_add(1, Ordering::SeqCst);
    }

    /// Publishes another key for pushes.
    pub fn add_push_key(&self) {
        *self.push_key.lock().unwrap() = Some(PublicKey::of(&signing_key()));
        self.sequence.fetch_add(1, Ordering::SeqCst);
    }

    pub fn info(&self) -> Vec<u8> {
        let keys = self.signing.lock().unwrap();
        let public = |key| PublicKey::of(key);
        Info {
            svc: self.origin.svc(),
            kid: public(&keys[0]).key_id(),
            origin: self.origin.clone(),
            app_name: "Example".into(),
            sequence: self.sequence.load(Ordering::SeqCst),
            issued_at: NOW,
            signing_keys: keys
                .iter()
                .map(|key| ServiceKey {
                    key: public(key),
                    valid_from: NOW - 1,
                })
                .collect(),
            hpke_key: *self.opening.public(),
            link_host: Some("link.example.eu".into()),
            push_key: *self.push_key.lock().unwrap(),
        }
        .sign(&keys[0])
        .unwrap()
    }

    pub fn only(&self) -> (AccountId, DeviceId) {
        let books = self.books.lock().unwrap();
        let dev = DeviceId(*books.devices.keys().next().unwrap());
        let invitation = books
            .invitations
            .values()
            .find(|invitation| invitation.message.dev == dev);
        (invitation.unwrap().message.acc, dev)
    }

    pub fn twist(&self, twists: &[Twist]) {
        self.books.lock().unwrap().twists = twists.to_vec();
    }

    /// The bodies that phones sent to an endpoint.
    pub fn sent(&self, path: &str) -> Vec<Vec<u8>> {
        let books = self.books.lock().unwrap();
        let of_path = books.requests.iter().filter(|(to, _)| to == path);
        of_path.map(|(_, body)| body.clone()).collect()
    }

    pub(super) fn reply(&self, request: Hash, result: ResultCode) -> Reply {
        let kid = PublicKey::of(&self.key()).key_id();
        let sequence = self.sequence.load(Ordering::SeqCst);
        let now = self.clock.now();
        Reply::new(self.origin.svc(), kid, request, result, now, sequence)
    }

    fn signed(&self, mut reply: Reply, twist: Option<Twist>) -> Vec<u8> {
        match twist {
            Some(Twist::OtherRequest) => reply.request.0[0] ^= 1,
            Some(Twist::Clock) => reply = self.reply(reply.request, ResultCode::Clock),
            Some(Twist::Suspended) => reply.device_state = Some(DeviceState::Suspended),
            Some(Twist::Token) => reply.state_token = Some(StateToken([9; 32])),
            _ => (),
        }
        let key = match twist {
            Some(Twist::OtherKey) => signing_key(),
            _ => self.key(),
        };
        let mut bytes = reply.sign(&key).unwrap();
        if twist == Some(Twist::FlippedBit) {
            *bytes.last_mut().unwrap() ^= 1;
        }
        bytes
    }

    /// What the verifier says to a request. `None`: it knows no such phone.
    pub fn judge_request(&self, path: &str, body: &[u8]) -> Option<Vec<u8>> {
        let twist = {
            let mut books = self.books.lock().unwrap();
            books.requests.push((path.to_owned(), body.to_vec()));
            (!books.twists.is_empty()).then(|| books.twists.remove(0))
        };
        if twist == Some(Twist::NotKnown) {
            return None;
        }
        if twist == Some(Twist::Clock) {
            let hash = match path {
                "/api/v1/answer" => self.request::<Answer>(body)?.hash(),
                "/api/v1/change" | "/api/v1/commit" | "/api/v1/biometrics" | "/api/v1/push" => {
                    self.request::<Update>(body)?.hash()
                }
                "/api/v1/claim" => self.claim_request(body).hash(),
                _ => self.request::<QueryRequest>(body)?.hash(),
            };
            return Some(self.signed(self.reply(hash, ResultCode::Clock), None));
        }
        let reply = match path {
            "/api/v1/claim" => self.claim(body)?,
            "/api/v1/answer" => self.answer(body)?,
            "/api/v1/change" | "/api/v1/commit" | "/api/v1/biometrics" | "/api/v1/push" => {
                self.update(body)?
            }
            _ => self.query(body)?,
        };
        Some(self.signed(reply, twist))
    }

    pub(super) fn request<T: Transcript>(
        &self,
        body: &[u8],
    ) -> Option<countersign_protocol::request::Request<T>> {
        let received = ReceivedRequest::<T>::parse(body).unwrap();
        let (_, _, dev) = received.names();
        let key = self.books.lock().unwrap().devices.get(&dev.0)?.key;
        received.verify(&key).ok()
    }

    fn claim_request(&self, body: &[u8]) -> countersign_protocol::request::Request<Claim> {
        ReceivedRequest::<Claim>::parse(body)
            .unwrap()
            .verify_own_key()
            .unwrap()
    }

    fn claim(&self, body: &[u8]) -> Option<Reply> {
        let request = self.claim_request(body);
        let mut books = self.books.lock().unwrap();
        if let Some(device) = books.devices.get(&request.dev.0) {
            let same = device.claim == request.hash();
            let result = if same {
                ResultCode::Done
            } else {
                ResultCode::Refused
            };
            let mut reply = self.reply(request.hash(), result);
            if same {
                self.facts(&mut reply, &request.dev.0, &books);
            }
            return Some(reply);
        }
        let invitation = books.invitations.get_mut(&request.enrolment.0)?;
        if invitation.hash != request.enrolment_hash || invitation.tries == 0 {
            return Some(self.reply(request.hash(), ResultCode::Refused));
        }
        let opened = self
            .opening
            .open(&request.sealing(), request.sealed())
            .unwrap();
        let secrets: ClaimSecrets = request
            .secrets(&opened)
            .unwrap_or_else(|error| panic!("{error}"));
        assert!(
            secrets
                .one_time_secret
                .matches(invitation.message.one_time_secret.expose())
        );
        let mut state = DeviceState::Claimed;
        if let Some(verifier) = invitation.verifier {
            invitation.tries -= 1;
            let k = secrets.k.as_ref().unwrap();
            if *enrolment_pin_verifier(k).expose() != verifier {
                let mut reply = self.reply(request.hash(), ResultCode::WrongEnrolmentPin);
                reply.tries_in_row = Some(invitation.tries);
                return Some(reply);
            }
            state = DeviceState::Confirmed;
        }
        books.devices.insert(
            request.dev.0,
            Registered {
                key: request.device_key,
                pin_key: secrets.pin_key,
                chain: Chain::new(1, secrets.chain),
                p: secrets.p,
                n: secrets.n,
                state,
                counter: 0,
                tokens: TokenState::FIRST,
                in_row: 5,
                in_epoch: 15,
                claim: request.hash(),
                epoch: 1,
                pending: None,
                began_with: None,
                granted: None,
                biometrics: None,
                push: None,
                takes_pushes: true,
            },
        );
        let mut reply = self.reply(request.hash(), ResultCode::Done);
        self.facts(&mut reply, &request.dev.0, &books);
        Some(reply)
    }

    fn facts(&self, reply: &mut Reply, dev: &[u8; 8], books: &Books) {
        let device = &books.devices[dev];
        if device.tokens == TokenState::FIRST {
            reply.state_token = Some(self.tokens.token(DeviceId(*dev), device.tokens.issued));
        }
        reply.tries_in_row = Some(device.in_row);
        reply.tries_in_epoch = Some(device.in_epoch);
        reply.counter = Some(device.counter);
        reply.next_step = Some(device.chain.next());
        reply.epoch = Some(device.epoch);
        reply.pending_change = device.pending.as_ref().map(|pending| pending.hash);
        reply.epoch_change = device.began_with;
        reply.granted = device.granted;
        reply.biometric_kid = device.biometrics.as_ref().map(|(key, _)| key.key_id());
        reply.device_state = Some(device.state);
        reply.recovery_ends_at = books.recovery_ends_at;
        let label = |invitation: &&Invitation| invitation.message.dev.0 == *dev;
        let invitation = books.invitations.values().find(label).unwrap();
        reply.names = Some(Names {
            app_name: "Example".into(),
            account_label: invitation.message.account_label.clone(),
            device_name: "my phone".into(),
        });
        reply.policy = Some(Tries {
            in_row: 5,
            in_epoch: 15,
        });
        if matches!(device.state, DeviceState::Claimed | DeviceState::Confirmed) {
            reply.i0 = Some(1);
        }
        if device.state == DeviceState::Claimed {
            reply.confirmation_code = Some("123456".into());
        }
    }

    fn query(&self, body: &[u8]) -> Option<Reply> {
        let request = self.request::<QueryRequest>(body)?;
        let mut books = self.books.lock().unwrap();
        let mut reply = self.reply(request.hash(), ResultCode::Done);
        match request.query {
            Query::Status { .. } => self.facts(&mut reply, &request.dev.0, &books),
            Query::Complete { .. } => {
                let device = books.devices.get_mut(&request.dev.0).unwrap();
                // The person confirms it at once.
                device.state = DeviceState::Active;
                reply.device_state = Some(device.state);
            }
            Query::Inbox { .. } => {
                let device = &books.devices[&request.dev.0];
                reply.tries_in_row = Some(device.in_row);
                reply.tries_in_epoch = Some(device.in_epoch);
                reply.device_state = Some(device.state);
                let open = books.challenges.values().filter(|(record, _)| {
                    record.open && record.dev.is_some_and(|dev| dev == request.dev)
                });
                reply.challenges = Some(open.map(|(_, bytes)| bytes.clone()).collect());
            }
            Query::Remove => {
                books.devices.remove(&request.dev.0);
            }
        }
        Some(reply)
    }

    fn answer(&self, body: &[u8]) -> Option<Reply> {
        let request = self.request::<Answer>(body)?;
        let mut books = self.books.lock().unwrap();
        if let Some(reply) = books.outcomes.get(&request.hash()) {
            return Some(reply.clone());
        }
        let Books {
            devices,
            challenges,
            outcomes,
            ..
        } = &mut *books;
        let device = devices.get_mut(&request.dev.0).unwrap();
        let record = challenges.get_mut(&request.challenge.0);
        let made = self.tokens.made(request.dev, &request.state_token);
        let judgement = judge_answer(
            &request,
            &DeviceRecord {
                state: device.state,
                acc: request.acc,
                counter: device.counter,
                tokens: device.tokens,
                epoch: device.epoch,
                has_biometrics: device.biometrics.is_some(),
            },
            record.as_ref().map(|(record, _)| record),
            self.clock.now(),
            made,
        );
        if let Some(accepted) = judgement.accepted {
            device.counter = accepted.counter;
            device.tokens = accepted.tokens;
        }
        let mut close = || {
            if let Some((record, _)) = challenges.get_mut(&request.challenge.0) {
                record.open = false;
            }
        };
        let result = match judgement.next {
            Next::Reply(result) => result,
            Next::Suspend => {
                device.state = DeviceState::Suspended;
                ResultCode::Suspended
            }
            Next::Close(_) => {
                close();
                ResultCode::Done
            }
            Next::CloseWrongNumber => {
                close();
                ResultCode::WrongNumber
            }
            Next::CheckPin | Next::CheckBiometrics => {
                let result = self.check_unlock(&request, device);
                if result == ResultCode::Done {
                    close();
                }
                result
            }
        };
        let mut reply = self.reply(request.hash(), result);
        if judgement.accepted.is_some() {
            reply.state_token = Some(self.tokens.token(request.dev, device.tokens.issued));
            reply.tries_in_row = Some(device.in_row);
            reply.tries_in_epoch = Some(device.in_epoch);
            reply.counter = Some(device.counter);
            if result == ResultCode::Done && request.challenge_type == 4 {
                reply.r = Some([7; 16]);
            }
            outcomes.insert(request.hash(), reply.clone());
        } else if result == ResultCode::Counter {
            reply.counter = Some(device.counter);
        }
        Some(reply)
    }

    /// Opens and verifies the signature that unlocked an approval. One by biometrics costs no try.
    fn check_unlock(&self, request: &Request<Answer>, device: &mut Registered) -> ResultCode {
        let sealing = request.sealing();
        let opened = self.opening.open(&sealing, request.sealed()).unwrap();
        if request.unlocked_by != UnlockedBy::Biometrics {
            let right = request.verify_unlock(&opened, &device.pin_key).is_ok();
            return device.count(right);
        }
        let (key, _) = device.biometrics.as_ref().unwrap();
        match request.verify_unlock(&opened, key) {
            Ok(()) => ResultCode::Done,
            Err(_) => ResultCode::WrongPin,
        }
    }
}

fn signing_key() -> SigningKey {
    loop {
        if let Ok(key) = SigningKey::from_slice(&random::<32>()) {
            return key;
        }
    }
}

#[async_trait]
impl Transport for Desk {
    async fn send(&self, request: Outgoing) -> Result<Vec<u8>, TransportError> {
        let host = request.origin.authority().to_owned();
        if request.origin != self.origin {
            let why = "no such host".into();
            return Err(TransportError::Unreachable { host, why });
        }
        let Some(body) = request.body else {
            return Ok(self.info());
        };
        let first = self.books.lock().unwrap().twists.first().copied();
        if first == Some(Twist::Unreachable) {
            self.books.lock().unwrap().twists.remove(0);
            let why = "no network".into();
            return Err(TransportError::Unreachable { host, why });
        }
        if let Some(Twist::Busy(status)) = first {
            self.books.lock().unwrap().twists.remove(0);
            return Err(TransportError::Refused {
                host,
                status,
                line: "too many requests".into(),
                retry_after: Some(2),
            });
        }
        match self.judge_request(request.path, &body) {
            Some(_) if first == Some(Twist::Lost) => Err(TransportError::CutOff { host }),
            Some(reply) => Ok(reply),
            None => Err(TransportError::Refused {
                host,
                status: 401,
                line: String::new(),
                retry_after: None,
            }),
        }
    }
}
