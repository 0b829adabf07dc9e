//! A service's signed information (PROTOCOL.md §6, §13): its keys, and newer ones as they come.

use std::sync::Arc;

use countersign_protocol::ParseError;
use countersign_protocol::challenge::Challenge;
use countersign_protocol::id::{KeyId, PublicKey, Svc};
use countersign_protocol::info::{Info, LONGEST_EARLIER, parse_earlier};
use countersign_protocol::message::{BadSignature, Message, Received, Verified};
use countersign_protocol::origin::Origin;

use super::{PROMPT, ServiceError, refined};
use crate::durable::Write;
use crate::phone::history::Kind;
use crate::phone::{Phone, PhoneError};
use crate::platform::transport::Outgoing;
use crate::store::{Account, Record};

/// Where a service publishes its signed information.
const INFO_PATH: &str = "/.well-known/countersign";
/// Where it keeps the earlier one that leads there.
const EARLIER_PATH: &str = "/.well-known/countersign/earlier";

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

    /// Fetches the information of a known service again and takes it if a key that is known here
    /// signed it, or one that such a key leads to through earlier information (§13).
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
