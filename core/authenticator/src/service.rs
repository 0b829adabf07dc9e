//! One signed exchange with a service, and the service's keys. Nothing that came in is used before its signature was verified.

use std::sync::Arc;
use std::time::Duration;

use countersign_protocol::ParseError;
use countersign_protocol::challenge::Challenge;
use countersign_protocol::id::{KeyId, PublicKey, Svc};
use countersign_protocol::info::{Info, LONGEST_EARLIER, parse_earlier};
use countersign_protocol::message::{BadSignature, Message, Received, Verified};
use countersign_protocol::origin::Origin;
use countersign_protocol::reply::Reply;
use countersign_protocol::request::Unsigned;

use crate::history::Kind;
use crate::keys::Owner;
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::store::{Account, Record, Write};
use crate::transport::{Outgoing, TransportError};

/// Where a service publishes its signed information.
const INFO_PATH: &str = "/.well-known/countersign";
/// Where it keeps the earlier one that leads there.
const EARLIER_PATH: &str = "/.well-known/countersign/earlier";
/// What an answer may take when the service does not hold it back.
const PROMPT: Duration = Duration::from_secs(15);

/// A service did not answer, or not as it should. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// No answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// It does not know this phone, or no longer.
    #[error(
        "{host} does not know this phone, or no longer: the device was removed there, or all were by STOP. Remove the account here, sign in there, and initialise anew; if it was not you who removed it, say so there"
    )]
    NotKnown {
        /// The service.
        host: String,
    },
    /// Too many requests.
    #[error("{host} is busy: try again in {seconds} seconds")]
    TooMany {
        /// The service.
        host: String,
        /// How long to wait.
        seconds: u64,
    },
    /// The answer is not well formed.
    #[error(
        "{host} gave an answer that cannot be read ({problem}): try again, and update the app if it stays so"
    )]
    Unreadable {
        /// The service.
        host: String,
        /// What is wrong with it.
        problem: ParseError,
    },
    /// The answer is not the service's, or not to this request.
    #[error(
        "the answer that came for {host} is not its own ({why}): nothing was changed; try another network"
    )]
    NotGenuine {
        /// The service.
        host: String,
        /// What gave it away.
        why: &'static str,
    },
    /// The answer is signed, but makes no sense here.
    #[error(
        "{host} gave an answer that does not fit ({what}): nothing was changed; tell the service"
    )]
    Unexpected {
        /// The service.
        host: String,
        /// What is missing or out of place.
        what: &'static str,
    },
    /// Something on this phone is in the way.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(ServiceError);

impl ServiceError {
    /// Whether waiting may help.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Transport(TransportError::Refused { status, .. }) => *status >= 500,
            Self::Transport(_) | Self::TooMany { .. } => true,
            _ => false,
        }
    }

    /// Seconds that the service asked to wait.
    pub(crate) fn retry_after(&self) -> u64 {
        match self {
            Self::TooMany { seconds, .. } => *seconds,
            _ => 0,
        }
    }
}

/// How often a request is sent when no answer arrives.
pub(crate) const PATIENT: u32 = 3;

/// What is asked, and how patiently.
#[derive(Clone, Copy)]
pub(crate) struct Asking {
    pub(crate) path: &'static str,
    /// How long the service may hold the request.
    pub(crate) hold: Duration,
    /// How often the same bytes are sent when no answer arrives. They are in memory for that long, and nowhere else.
    pub(crate) attempts: u32,
}

impl Asking {
    pub(crate) const CLAIM: Self = Self::again("/api/v1/claim");
    pub(crate) const ANSWER: Self = Self::again("/api/v1/answer");
    pub(crate) const STATUS: Self = Self::again("/api/v1/status");
    pub(crate) const CHANGE: Self = Self::again("/api/v1/change");
    pub(crate) const COMMIT: Self = Self::again("/api/v1/commit");
    pub(crate) const BIOMETRICS: Self = Self::again("/api/v1/biometrics");
    pub(crate) const PUSH: Self = Self::again("/api/v1/push");

    const fn again(path: &'static str) -> Self {
        Self {
            path,
            hold: Duration::ZERO,
            attempts: PATIENT,
        }
    }

    /// The same, sent at most so many times.
    pub(crate) const fn at_most(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// Once: the next start asks again.
    pub(crate) const REMOVE: Self = Self::again("/api/v1/remove").at_most(1);

    pub(crate) fn complete(wait: u8) -> Self {
        Self::once("/api/v1/complete", wait)
    }

    pub(crate) fn inbox(wait: u8) -> Self {
        Self::once("/api/v1/inbox", wait)
    }

    fn once(path: &'static str, wait: u8) -> Self {
        Self {
            path,
            hold: Duration::from_secs(wait.into()),
            attempts: 1,
        }
    }
}

/// This phone as a service knows it: whose a request is, and which key signs it.
pub(crate) struct Identity {
    pub(crate) owner: Owner,
    pub(crate) origin: String,
    pub(crate) device_key: Vec<u8>,
    pub(crate) device_key_epoch: u32,
}

impl Identity {
    fn host(&self) -> &str {
        host(&self.origin)
    }

    pub(crate) fn unexpected(&self, what: &'static str) -> ServiceError {
        ServiceError::Unexpected {
            host: self.host().to_owned(),
            what,
        }
    }
}

impl Account {
    pub(crate) fn host(&self) -> &str {
        host(&self.origin)
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity {
            owner: self.owner(),
            origin: self.origin.clone(),
            device_key: self.device_key.clone(),
            device_key_epoch: self.device_key_epoch,
        }
    }
}

fn host(origin: &str) -> &str {
    origin.split_once("://").map_or("", |(_, host)| host)
}

impl Phone {
    /// The information of a service that this phone knows.
    pub(crate) fn info(&self, svc: Svc) -> Result<Option<Arc<Verified<Info>>>, PhoneError> {
        if let Some(info) = self.memory().infos.get(&svc) {
            return Ok(Some(Arc::clone(info)));
        }
        let Some(bytes) = self.store.info(svc)? else {
            return Ok(None);
        };
        let info = Received::<Info>::parse(&bytes)
            .ok()
            .and_then(|info| info.verify_first_contact().ok())
            .ok_or_else(|| self.store.damaged("the service's keys"))?;
        Ok(Some(self.remember_info(info)))
    }

    pub(crate) fn remember_info(&self, info: Verified<Info>) -> Arc<Verified<Info>> {
        let info = Arc::new(info);
        self.memory().infos.insert(info.svc, Arc::clone(&info));
        info
    }

    pub(crate) fn known_info(&self, svc: Svc) -> Result<Arc<Verified<Info>>, PhoneError> {
        let missing = || self.store.damaged("the service of an account is missing");
        self.info(svc)?.ok_or_else(|| missing().into())
    }

    /// Fetches a service's information; nothing is verified yet.
    pub(crate) async fn fetch_info(&self, origin: &Origin) -> Result<Received<Info>, ServiceError> {
        let bytes = self.fetch(origin, INFO_PATH, Info::LIMIT).await?;
        Received::parse(&bytes).map_err(unreadable(origin))
    }

    async fn fetch(
        &self,
        origin: &Origin,
        path: &'static str,
        limit: usize,
    ) -> Result<Vec<u8>, ServiceError> {
        let sent = self
            .transport
            .send(Outgoing {
                origin: origin.clone(),
                path,
                body: None,
                limit,
                timeout: PROMPT,
            })
            .await;
        sent.map_err(|error| refined(origin.authority(), error))
    }

    /// Fetches the information of a known service again and takes it if a key that is known here signed it, or one that such a key leads
    /// to through earlier information (§13).
    pub(crate) async fn renew_info(&self, svc: Svc) -> Result<Arc<Verified<Info>>, ServiceError> {
        let known = self.known_info(svc)?;
        let received = self.fetch_info(&known.origin).await?;
        let not_genuine = |why| ServiceError::NotGenuine {
            host: known.origin.authority().to_owned(),
            why,
        };
        let mut reached = (*known).clone();
        if reached.signing_key(received.kid()).is_none() {
            // This phone slept while the keys that it knows were replaced.
            let earlier = self
                .fetch(&known.origin, EARLIER_PATH, LONGEST_EARLIER)
                .await?;
            for step in parse_earlier(&earlier).map_err(unreadable(&known.origin))? {
                if let Ok(info) = successor(&reached, step) {
                    reached = info;
                }
            }
        }
        let info = successor(&reached, received).map_err(not_genuine)?;
        self.store
            .write::<_, ServiceError>(Write::ServiceKeys, |transaction| {
                self.store.set_info(transaction, svc, info.bytes())?;
                if info.signing_keys != known.signing_keys || info.hpke_key != known.hpke_key {
                    let record = Record {
                        at: self.clock.now(),
                        svc: Some(svc),
                        account: None,
                        name: info.app_name.clone(),
                        kind: Kind::ServiceKeysChanged.as_str().to_owned(),
                        detail: known.origin.authority().to_owned(),
                    };
                    self.store.add_record(transaction, &record)?;
                }
                Ok(())
            })?;
        Ok(self.remember_info(info))
    }

    /// A service's signing key. An unknown one is looked for once in newer information.
    pub(crate) async fn signing_key(
        &self,
        svc: Svc,
        kid: KeyId,
    ) -> Result<PublicKey, ServiceError> {
        let info = self.known_info(svc)?;
        if let Some(key) = info.signing_key(kid) {
            return Ok(*key);
        }
        let info = self.renew_info(svc).await?;
        info.signing_key(kid)
            .copied()
            .ok_or_else(|| ServiceError::NotGenuine {
                host: info.origin.authority().to_owned(),
                why: "its key is not one of the service's",
            })
    }

    /// Verifies a challenge of a service that this phone knows.
    pub(crate) async fn verify_challenge(
        &self,
        received: Received<Challenge>,
    ) -> Result<Verified<Challenge>, ServiceError> {
        let svc = received.svc();
        let key = self.signing_key(svc, received.kid()).await?;
        received
            .verify(&key)
            .map_err(|BadSignature| ServiceError::NotGenuine {
                host: self
                    .info(svc)
                    .ok()
                    .flatten()
                    .map(|info| info.origin.authority().to_owned())
                    .unwrap_or_default(),
                why: "its signature is not right",
            })
    }

    /// The key that what is secret is sealed to.
    pub(crate) fn hpke_key(&self, account: &Account) -> Result<PublicKey, PhoneError> {
        Ok(self.known_info(account.svc)?.hpke_key)
    }

    /// Signs a request with K_dev, sends it, and verifies that the reply is the service's and to this request.
    pub(crate) async fn ask(
        &self,
        who: &Identity,
        asking: Asking,
        request: Unsigned,
    ) -> Result<Verified<Reply>, ServiceError> {
        let host = who.host();
        let not_genuine = |why| ServiceError::NotGenuine {
            host: host.to_owned(),
            why,
        };
        let hash = request.hash();
        let signature = self.keys.sign(
            &who.owner.device_key_context(who.device_key_epoch),
            &who.device_key,
            &request.to_be_signed(),
        )?;
        let body = request
            .body(&signature)
            .map_err(|_| PhoneError::Keys(crate::platform::KeyStoreError::NotOurs))?;
        let bytes = self.send(who, asking, body).await?;
        let received =
            Received::<Reply>::parse(&bytes).map_err(|problem| ServiceError::Unreadable {
                host: host.to_owned(),
                problem,
            })?;
        if received.svc() != who.owner.svc {
            return Err(not_genuine("it is another service's"));
        }
        let key = self.signing_key(who.owner.svc, received.kid()).await?;
        let reply = received
            .verify(&key)
            .map_err(|BadSignature| not_genuine("its signature is not right"))?;
        if reply.request != hash {
            return Err(not_genuine("it answers another request"));
        }
        if self.known_info(who.owner.svc)?.sequence < reply.info_sequence {
            // What was asked is answered; the news can wait if they do not come now.
            if let Err(error) = self.renew_info(who.owner.svc).await {
                tracing::warn!(%error, "the service's newer information was not taken");
            }
        }
        Ok(reply)
    }

    async fn send(
        &self,
        who: &Identity,
        asking: Asking,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, ServiceError> {
        let origin = Origin::parse(&who.origin)
            .map_err(|_| self.store.damaged("the address of a service"))?;
        let mut pause = Duration::from_millis(300);
        let mut attempt = 1;
        loop {
            let sent = self
                .transport
                .send(Outgoing {
                    origin: origin.clone(),
                    path: asking.path,
                    body: Some(body.clone()),
                    limit: Reply::LIMIT,
                    timeout: PROMPT + asking.hold,
                })
                .await;
            match sent {
                Err(error) if error.is_lost() && attempt < asking.attempts => {
                    tokio::time::sleep(pause).await;
                    pause *= 3;
                    attempt += 1;
                }
                sent => return sent.map_err(|error| refined(who.host(), error)),
            }
        }
    }
}

/// Information that may take the place of what is known (§6).
pub(crate) fn successor(
    known: &Verified<Info>,
    received: Received<Info>,
) -> Result<Verified<Info>, &'static str> {
    let key = *known
        .signing_key(received.kid())
        .ok_or("none of the keys that this phone knows signed its new ones")?;
    let info = received
        .verify(&key)
        .map_err(|BadSignature| "the signature of its keys is not right")?;
    if info.origin != known.origin {
        return Err("its keys are another service's");
    }
    if info.sequence < known.sequence {
        return Err("its keys are older than those that this phone knows");
    }
    Ok(info)
}

fn unreadable(origin: &Origin) -> impl FnOnce(ParseError) -> ServiceError {
    let host = origin.authority().to_owned();
    |problem| ServiceError::Unreadable { host, problem }
}

fn refined(host: &str, error: TransportError) -> ServiceError {
    match error {
        TransportError::Refused { status: 401, .. } => ServiceError::NotKnown {
            host: host.to_owned(),
        },
        TransportError::Refused {
            status: 429 | 503,
            retry_after,
            ..
        } => ServiceError::TooMany {
            host: host.to_owned(),
            seconds: retry_after.unwrap_or(5).min(3600),
        },
        error => error.into(),
    }
}
