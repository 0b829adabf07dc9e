//! The inbox: which requests are open for this phone. The only way by which a request to approve comes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_protocol::challenge::{Challenge, Unlock};
use countersign_protocol::id::ChallengeId;
use countersign_protocol::message::{Received, Verified};
use countersign_protocol::query::Ask;
use countersign_protocol::reply::{Reply, ResultCode};
use tokio::task::JoinSet;

use crate::account::{AccountNumber, AccountSummary};
use crate::advice;
use crate::asked::Asked;
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::platform::NoEntropy;
use crate::resume;
use crate::service::{Asking, PATIENT, ServiceError};
use crate::status;
use crate::store::{Account, State, Write};

/// How long the service may hold an inbox request of a watching phone, seconds.
const WATCH_WAIT: u8 = 50;
/// The least time between two requests of a watching phone.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
/// An account that the service was not asked about for this long is asked about when its inbox is, seconds.
const STATUS_AGE: u64 = 24 * 3600;

/// A request that waits for the person's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRequest {
    /// The challenge, which names the request in [`crate::Authenticator::approve`] and the like.
    pub id: ChallengeId,
    /// Whose it is.
    pub account: AccountSummary,
    /// Who asks, for what, from where and when.
    pub asked: Asked,
    /// What unlocks an approval: where it says so, biometrics in the place of the PIN.
    pub unlock: Unlock,
    /// Whether the person types the number (10 to 99) that the computer shows.
    pub number_asked: bool,
}

/// Why an inbox can't be had.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The enrolment is not finished.
    #[error("{}", advice::NOT_ACTIVE)]
    NotActive,
    /// The service saw a copy of this phone.
    #[error("{}", advice::SUSPENDED)]
    Suspended,
    /// The service did not answer, or not as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Something on this phone is in the way.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(InboxError);

/// The requests of all accounts, and the accounts whose inbox was not had.
#[derive(Debug, Default)]
pub struct Inbox {
    /// What waits for a decision.
    pub requests: Vec<PendingRequest>,
    /// Accounts about which nothing is known now, and why.
    pub problems: Vec<(AccountSummary, InboxError)>,
}

/// The open requests of one account, at once.
pub(crate) async fn pending(
    phone: &Phone,
    number: AccountNumber,
) -> Result<Vec<PendingRequest>, InboxError> {
    let account = usable(phone, number)?;
    let account = resume::settled(phone, account, PATIENT).await?;
    if phone.clock.now().abs_diff(account.synced_at) > STATUS_AGE {
        // So that no phone is left behind (§8, next step). The inbox does not depend on it.
        if let Err(error) = status::refresh(phone, number).await {
            tracing::warn!(%error, "the account's status was not had");
        }
    }
    poll(phone, &account, 0, None).await
}

/// The open requests of all accounts in use, at once.
pub(crate) async fn pending_all(phone: &Arc<Phone>) -> Result<Inbox, PhoneError> {
    let mut inbox = Inbox::default();
    let mut polls = JoinSet::new();
    for account in phone.store.accounts()? {
        if account.state.is_enrolled() && account.state != State::Suspended {
            let phone = Arc::clone(phone);
            polls.spawn(async move {
                let number = AccountNumber(account.number);
                (AccountSummary::of(&account), pending(&phone, number).await)
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
        .sort_by_key(|request| (request.asked.issued_at, request.account.number));
    Ok(inbox)
}

/// Waits until an account has an open request other than `known`. Waits out what may pass; returns what waiting can't heal.
pub(crate) async fn watch(
    phone: &Phone,
    number: AccountNumber,
    known: Option<ChallengeId>,
) -> Result<Vec<PendingRequest>, InboxError> {
    let mut backoff = Backoff::new();
    loop {
        let account = usable(phone, number)?;
        let began = Instant::now();
        let polled = match resume::settled(phone, account, PATIENT).await {
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
pub(crate) async fn watch_all(
    phone: &Arc<Phone>,
    known: &[ChallengeId],
) -> Result<Vec<PendingRequest>, InboxError> {
    let mut watches = JoinSet::new();
    for account in phone.store.accounts()? {
        if account.state.is_enrolled() && account.state != State::Suspended {
            let phone = Arc::clone(phone);
            let known = known.iter().copied().find(|id| {
                phone
                    .held(id)
                    .is_some_and(|held| held.account == Some(account.number))
            });
            watches.spawn(async move { watch(&phone, AccountNumber(account.number), known).await });
        }
    }
    let mut problem = InboxError::NotActive;
    while let Some(done) = watches.join_next().await {
        match done {
            Ok(Ok(requests)) => return Ok(requests),
            Ok(Err(error)) => problem = error,
            Err(_) => (),
        }
    }
    Err(problem)
}

fn usable(phone: &Phone, number: AccountNumber) -> Result<Account, InboxError> {
    let account = phone.account(number.0)?;
    match account.state {
        State::Active | State::Blocked => Ok(account),
        State::Suspended => Err(InboxError::Suspended),
        State::Stored | State::Claimed | State::Confirmed => Err(InboxError::NotActive),
    }
}

async fn poll(
    phone: &Phone,
    account: &Account,
    wait: u8,
    known: Option<ChallengeId>,
) -> Result<Vec<PendingRequest>, InboxError> {
    let ask = Ask::Inbox {
        last: account.last_step(),
        wait,
        known,
    };
    let reply = status::query(phone, &account.identity(), Asking::inbox(wait), ask).await?;
    let account = take(phone, account, &reply)?;
    match reply.result {
        _ if account.state == State::Suspended => return Err(InboxError::Suspended),
        ResultCode::Done => (),
        ResultCode::NotActive => return Err(InboxError::NotActive),
        _ => return Err(status::unexpected(&account, "its result").into()),
    }
    let mut requests = Vec::new();
    for bytes in reply.challenges.iter().flatten() {
        let challenge = verified(phone, &account, bytes).await?;
        if challenge.expires_at() > phone.now(account.svc) {
            requests.push(show(phone, &account, challenge));
        }
    }
    Ok(requests)
}

fn take(phone: &Phone, account: &Account, reply: &Reply) -> Result<Account, InboxError> {
    // Most answers change nothing: no reason to write.
    let mut new = account.clone();
    status::take_tries(&mut new, reply);
    let told = match reply.result {
        ResultCode::Suspended => Some(countersign_protocol::reply::DeviceState::Suspended),
        _ => reply.device_state,
    };
    let same_state = told.is_none_or(|told| told as i64 == account.state as i64);
    if new.tries == account.tries && same_state {
        return Ok(new);
    }
    phone.change(Write::Inbox, account.number, |connection, account| {
        status::take_tries(account, reply);
        if let Some(told) = told {
            status::take_state(phone, connection, account, told)?;
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
        return Err(status::unexpected(account, "a request of another service"));
    }
    let challenge = phone.verify_challenge(received).await?;
    let ours = challenge.kind.account() == Some(account.acc)
        && challenge.kind.inbox() == Some(account.dev);
    if ours {
        Ok(challenge)
    } else {
        Err(status::unexpected(account, "a request for another phone"))
    }
}

fn show(phone: &Phone, account: &Account, challenge: Verified<Challenge>) -> PendingRequest {
    let request = PendingRequest {
        id: challenge.id,
        account: AccountSummary::of(account),
        asked: Asked::of(&challenge, account.host()),
        unlock: challenge.unlock,
        number_asked: challenge.kind.asks_number(),
    };
    phone.hold(Some(account.number), Arc::new(challenge));
    request
}

/// Longer and longer pauses, up to a minute, each with a random part so that phones do not come back all at once.
pub(crate) struct Backoff {
    seconds: u64,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { seconds: 1 }
    }

    pub(crate) async fn wait(
        &mut self,
        phone: &Phone,
        error: &ServiceError,
    ) -> Result<(), NoEntropy> {
        let mut random = [0; 2];
        phone.entropy.fill(&mut random)?;
        let jitter = u64::from(u16::from_le_bytes(random)) * self.seconds * 1000 / 0xffff;
        let pause = Duration::from_secs(self.seconds.max(error.retry_after()));
        tokio::time::sleep(pause + Duration::from_millis(jitter)).await;
        self.seconds = (self.seconds * 2).min(30);
        Ok(())
    }
}
