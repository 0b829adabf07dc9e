//! One signed exchange with a service. Nothing that came in is used before its signature is
//! verified.

pub(crate) mod backoff;
pub(crate) mod counted;
pub(crate) mod info;
pub(crate) mod query;
pub(crate) mod verdict;

use std::time::Duration;

use countersign_protocol::ParseError;
use countersign_protocol::message::{BadSignature, Message, Received, Verified};
use countersign_protocol::origin::Origin;
use countersign_protocol::reply::Reply;
use countersign_protocol::request::Unsigned;

use crate::phone::account::host;
use crate::phone::secrets::Owner;
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::platform::KeyStoreError;
use crate::platform::transport::{Outgoing, TransportError};
use crate::store::Account;

/// The longest time for a reply that the service does not hold back.
pub(crate) const PROMPT: Duration = Duration::from_secs(15);

/// A service did not answer, or not as it should. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// No answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// It does not know this phone, or no longer.
    #[error(
        "{host} does not know this phone, or no longer: the device was removed there, or all were by STOP. Remove the account here, sign in there, and initialise it again; if it was not you who removed it, say so there"
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
        /// The error.
        problem: ParseError,
    },
    /// The answer is not the service's, or not to this request.
    #[error(
        "this reply did not come from {host} ({why}). Nothing was changed; try another network"
    )]
    NotGenuine {
        /// The service.
        host: String,
        /// The check that failed.
        why: &'static str,
    },
    /// The answer is signed, but makes no sense here.
    #[error(
        "{host} gave an answer that does not fit ({what}): nothing was changed; tell the service"
    )]
    Unexpected {
        /// The service.
        host: String,
        /// The part that is missing or out of place.
        what: &'static str,
    },
    /// An error on this phone.
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

/// Where a request goes, and how patiently.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    pub(crate) path: &'static str,
    /// How long the service may hold the request.
    pub(crate) hold: Duration,
    /// How often the same bytes are sent when no answer arrives. They are in memory for that long,
    /// and nowhere else.
    pub(crate) attempts: u32,
}

impl Endpoint {
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

    pub(crate) const COMPLETE: Self = Self::again("/api/v1/complete").at_most(1);
    pub(crate) const INBOX: Self = Self::again("/api/v1/inbox").at_most(1);

    /// The same, where the service may hold the request for `wait` seconds.
    pub(crate) fn held(self, wait: u8) -> Self {
        let hold = Duration::from_secs(wait.into());
        Self { hold, ..self }
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
    /// The error for a signed reply that makes no sense here.
    pub(crate) fn unexpected(&self, what: &'static str) -> ServiceError {
        ServiceError::Unexpected {
            host: host(&self.origin).to_owned(),
            what,
        }
    }
}

impl Account {
    /// This phone as the account's service knows it.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            owner: self.owner(),
            origin: self.origin.clone(),
            device_key: self.device_key.clone(),
            device_key_epoch: self.device_key_epoch,
        }
    }

    /// The error for a signed reply that makes no sense here.
    pub(crate) fn unexpected(&self, what: &'static str) -> ServiceError {
        ServiceError::Unexpected {
            host: self.host().to_owned(),
            what,
        }
    }
}

impl Phone {
    /// Signs a request with K_dev, sends it, and verifies that the reply is the service's and to
    /// this request.
    pub(crate) async fn send(
        &self,
        who: &Identity,
        endpoint: Endpoint,
        request: Unsigned,
    ) -> Result<Verified<Reply>, ServiceError> {
        let (svc, host) = (who.owner.svc, host(&who.origin));
        let not_genuine = |why| ServiceError::NotGenuine {
            host: host.to_owned(),
            why,
        };
        // The request (§7): signed with K_dev.
        let hash = request.hash();
        let context = who.owner.device_key_context(who.device_key_epoch);
        let signature = self
            .keys
            .sign(&context, &who.device_key, &request.to_be_signed())?;
        let body = request
            .body(&signature)
            .map_err(|_| KeyStoreError::NotOurs)?;
        let origin = Origin::parse(&who.origin)
            .map_err(|_| self.store.damaged("the address of a service"))?;
        let mut pause = Duration::from_millis(300);
        let mut attempt = 1;
        let bytes = loop {
            let sent = self.transport.send(Outgoing {
                origin: origin.clone(),
                path: endpoint.path,
                body: Some(body.clone()),
                limit: Reply::LIMIT,
                timeout: PROMPT + endpoint.hold,
            });
            match sent.await {
                Err(error) if error.is_lost() && attempt < endpoint.attempts => {
                    tokio::time::sleep(pause).await;
                    pause *= 3;
                    attempt += 1;
                }
                sent => break sent.map_err(|error| refined(host, error))?,
            }
        };
        // The reply (§8): of this service, by a key of its own, and to this request.
        let received =
            Received::<Reply>::parse(&bytes).map_err(|problem| ServiceError::Unreadable {
                host: host.to_owned(),
                problem,
            })?;
        if received.svc() != svc {
            return Err(not_genuine("it is another service's"));
        }
        let key = self.signing_key(svc, received.kid()).await?;
        let reply = received
            .verify(&key)
            .map_err(|BadSignature| not_genuine("its signature is not right"))?;
        if reply.request != hash {
            return Err(not_genuine("it answers another request"));
        }
        if self.known_info(svc)?.sequence < reply.info_sequence {
            // The request is answered; newer information can wait if it does not come now.
            if let Err(error) = self.renew_info(svc).await {
                tracing::warn!(%error, "the service's newer information was not taken");
            }
        }
        Ok(reply)
    }
}

/// Maps the HTTP statuses that have a meaning of their own.
pub(crate) fn refined(host: &str, error: TransportError) -> ServiceError {
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
