//! The inbox: which requests are open for this phone. Requests to approve come only this way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_protocol::challenge::{Challenge, Unlock};
use countersign_protocol::id::ChallengeId;
use countersign_protocol::message::{Received, Verified};
use countersign_protocol::query::Query;
use countersign_protocol::reply::{Reply, ResultCode};
use tokio::task::JoinSet;

use super::asked::RequestDetails;
use crate::authenticator::Authenticator;
use crate::durable::Write;
use crate::exchange::backoff::Backoff;
use crate::exchange::query::query;
use crate::exchange::verdict::{store_state, store_tries};
use crate::exchange::{Endpoint, PATIENT, ServiceError};
use crate::phone::account::{AccountNumber, AccountSummary, Refusal};
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::store::{Account, State};
use crate::sync::settle::up_to_date;

/// How long the service may hold an inbox request of a watching phone, seconds.
const WATCH_WAIT: u8 = 50;
/// The least time between two requests of a watching phone.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
/// The status of an account is asked for with its inbox where it is older than this, seconds.
const STATUS_AGE: u64 = 24 * 3600;

/// A request that waits for the person's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRequest {
    /// The challenge, which names the request in [`crate::Authenticator::approve`] and the like.
    pub id: ChallengeId,
    /// Whose it is.
    pub account: AccountSummary,
    /// The details: who asks, for what, from where and when.
    pub details: RequestDetails,
    /// The unlock methods that an approval takes: the PIN, or biometrics too.
    pub unlock: Unlock,
    /// Whether the person types the number (10 to 99) that the computer shows.
    pub number_asked: bool,
}

/// Why an inbox can't be had.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The account is not in use, or is suspended.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The service did not answer, or not as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// An error on this phone.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(InboxError);

/// The requests of all accounts, and the accounts whose inbox was not had.
#[derive(Debug, Default)]
pub struct Inbox {
    /// The requests that wait for a decision.
    pub requests: Vec<PendingRequest>,
    /// Accounts about which nothing is known now, and why.
    pub problems: Vec<(AccountSummary, InboxError)>,
}

impl Authenticator {
    /// The open requests of one account, at once.
    ///
    /// # Errors
    /// If the service can't be reached or does not know this phone.
    pub async fn pending(&self, number: AccountNumber) -> Result<Vec<PendingRequest>, InboxError> {
        let phone = &*self.phone;
        phone.account(number.0)?.answered()?;
        let account = up_to_date(phone, number.0, PATIENT).await?;
        if phone.clock.now().abs_diff(account.synced_at) > STATUS_AGE {
            // So that no phone is left behind (§8, next step). The inbox does not depend on it.
            self.refresh_after_mismatch(number).await;
        }
        poll(phone, &account, 0, None).await
    }

    /// The open requests of all accounts in use, at once, the oldest first, and the accounts whose
    /// service could not be asked.
    ///
    /// # Errors
    /// If an error on this phone prevents it.
    pub async fn pending_all(&self) -> Result<Inbox, PhoneError> {
        let mut inbox = Inbox::default();
        let mut polls = JoinSet::new();
        for account in self.phone.store.accounts()? {
            if account.answered().is_ok() {
                let phone = Self {
                    phone: Arc::clone(&self.phone),
                };
                polls.spawn(async move {
                    let summary = AccountSummary::of(&account);
                    let pending = phone.pending(summary.number).await;
                    (summary, pending)
                });
            }
        }
        while let Some(done) = polls.join_next().await {
            match done {
                Ok((_, Ok(requests))) => inbox.requests.extend(requests),
                Ok((account, Err(error))) => inbox.problems.push((account, error)),
                // It panicked or was cancelled, and has said so elsewhere.
                Err(_) => (),
            }
        }
        inbox
            .requests
            .sort_by_key(|request| (request.details.issued_at, request.account.number));
        Ok(inbox)
    }

    /// Waits until an account has an open request other than `known`, which is the one on the
    /// screen. Network failures are retried.
    ///
    /// # Errors
    /// Those that waiting can't resolve: the service does not know this phone any more, for
    /// instance.
    pub async fn watch(
        &self,
        number: AccountNumber,
        known: Option<ChallengeId>,
    ) -> Result<Vec<PendingRequest>, InboxError> {
        let phone = &*self.phone;
        let mut backoff = Backoff::new();
        loop {
            phone.account(number.0)?.answered()?;
            let began = Instant::now();
            let polled = match up_to_date(phone, number.0, PATIENT).await {
                Ok(account) => poll(phone, &account, WATCH_WAIT, known).await,
                Err(error) => Err(error.into()),
            };
            match polled {
                Ok(requests) if requests.iter().any(|request| Some(request.id) != known) => {
                    return Ok(requests);
                }
                Ok(_) => {
                    backoff = Backoff::new();
                    // A service that does not hold requests is not asked without end.
                    tokio::time::sleep(LEAST_PAUSE.saturating_sub(began.elapsed())).await;
                }
                Err(InboxError::Service(error)) if error.may_pass() => {
                    tracing::debug!(%error, "the inbox was not had");
                    backoff.wait(phone, &error).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until any account in use has an open request that is not among `known`.
    ///
    /// # Errors
    /// If waiting can help for none of the accounts, or there is none in use.
    pub async fn watch_all(
        &self,
        known: &[ChallengeId],
    ) -> Result<Vec<PendingRequest>, InboxError> {
        let mut watches = JoinSet::new();
        for account in self.phone.store.accounts()? {
            if account.answered().is_ok() {
                let phone = Self {
                    phone: Arc::clone(&self.phone),
                };
                let known = known.iter().copied().find(|id| {
                    let held = self.phone.held(id);
                    held.is_some_and(|held| held.account == Some(account.number))
                });
                let number = AccountNumber(account.number);
                watches.spawn(async move { phone.watch(number, known).await });
            }
        }
        let mut problem = InboxError::Refused(Refusal::NotActive);
        while let Some(done) = watches.join_next().await {
            match done {
                Ok(Ok(requests)) => return Ok(requests),
                Ok(Err(error)) => problem = error,
                Err(_) => (),
            }
        }
        Err(problem)
    }
}

/// Asks for the open requests, verifies them, and holds them until they are answered.
async fn poll(
    phone: &Phone,
    account: &Account,
    wait: u8,
    known: Option<ChallengeId>,
) -> Result<Vec<PendingRequest>, InboxError> {
    let inbox = Query::Inbox {
        last: account.last_step(),
        wait,
        known,
    };
    let reply = query(
        phone,
        &account.identity(),
        Endpoint::INBOX.held(wait),
        inbox,
    )
    .await?;
    let account = store_news(phone, account, &reply)?;
    match reply.result {
        _ if account.state == State::Suspended => return Err(Refusal::Suspended.into()),
        ResultCode::Done => (),
        ResultCode::NotActive => return Err(Refusal::NotActive.into()),
        _ => return Err(account.unexpected("its result").into()),
    }
    let mut requests = Vec::new();
    for bytes in reply.challenges.iter().flatten() {
        let challenge = verified(phone, &account, bytes).await?;
        if challenge.expires_at() > phone.now(account.svc) {
            requests.push(PendingRequest {
                id: challenge.id,
                account: AccountSummary::of(&account),
                details: RequestDetails::of(&challenge, account.host()),
                unlock: challenge.unlock,
                number_asked: challenge.kind.asks_number(),
            });
            phone.hold(Some(account.number), Arc::new(challenge), Arc::default());
        }
    }
    Ok(requests)
}

/// Stores what the reply says of the account: the tries left and the device's state. A state token
/// (key 8) has no place in it (§8) and is ignored. Most replies change nothing: then nothing is
/// written.
fn store_news(phone: &Phone, account: &Account, reply: &Reply) -> Result<Account, InboxError> {
    let mut new = account.clone();
    store_tries(&mut new, reply);
    let state = match reply.result {
        ResultCode::Suspended => Some(State::Suspended),
        _ => reply.device_state.map(State::from),
    };
    if new.tries == account.tries && state.is_none_or(|state| state == account.state) {
        return Ok(new);
    }
    phone.change(Write::Inbox, account.number, |connection, account| {
        store_tries(account, reply);
        if let Some(state) = state {
            store_state(phone, connection, account, state)?;
        }
        Ok(account.clone())
    })
}

async fn verified(
    phone: &Phone,
    account: &Account,
    bytes: &[u8],
) -> Result<Verified<Challenge>, ServiceError> {
    let received =
        Received::<Challenge>::parse(bytes).map_err(|problem| ServiceError::Unreadable {
            host: account.host().to_owned(),
            problem,
        })?;
    if received.svc() != account.svc {
        return Err(account.unexpected("a request of another service"));
    }
    let challenge = phone.verify_challenge(received).await?;
    let ours = challenge.kind.account() == Some(account.acc)
        && challenge.kind.inbox() == Some(account.dev);
    if ours {
        Ok(challenge)
    } else {
        Err(account.unexpected("a request for another phone"))
    }
}
