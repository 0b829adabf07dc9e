//! Reports to services where push messages for this phone go (PROTOCOL.md §13). The phone works
//! without it: it asks while it is open. So nothing here fails another operation, and failures are
//! retried at the next start.

use std::sync::Arc;
use std::time::Duration;

use countersign_protocol::info::Info;
use countersign_protocol::message::Verified;
use countersign_protocol::push::{PushAddress, PushKind};
use countersign_protocol::reply::ResultCode;
use countersign_protocol::request::Unsigned;
use countersign_protocol::update::What;
use tokio::time::{Instant, timeout, timeout_at};

use crate::authenticator::Authenticator;
use crate::durable::Write;
use crate::exchange::counted::{Rounds, update};
use crate::exchange::verdict::store_reply;
use crate::exchange::{Endpoint, ServiceError};
use crate::phone::{Phone, PhoneError};
use crate::platform::{PushAddressError, PushAddresses};
use crate::store::{Account, State};
use crate::sync::settle::{locked, up_to_date};

/// How long all of it may keep a start, an enrolment or a removal waiting.
const REPORT_MAY_TAKE: Duration = Duration::from_secs(5);

/// Why a service does not have the phone's present address.
#[derive(Debug, thiserror::Error)]
enum PushError {
    #[error(transparent)]
    Address(#[from] PushAddressError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error("it took too long")]
    Slow,
}

/// A push address to report, and the information of the service for which it is meant.
struct News {
    address: Option<PushAddress>,
    info: Arc<Verified<Info>>,
}

impl Authenticator {
    /// The platform has another push address: asks it for those of all accounts ([`PushAddresses`])
    /// and reports them to the services that know another one. `true` if all know theirs now;
    /// otherwise the next start, or the next call, reports them. It takes five seconds at most.
    ///
    /// # Errors
    /// If an error on this phone prevents it. A service that can't be reached is no error.
    pub async fn push_address_changed(&self) -> Result<bool, PhoneError> {
        let accounts = self.phone.store.accounts()?;
        let known = accounts.iter().any(|account| account.push_told.is_some());
        if self.phone.push.is_none() && !known {
            // This platform has no push messages, and no service has an address.
            return Ok(true);
        }
        let numbers: Vec<_> = accounts.iter().map(|account| account.number).collect();
        Ok(report(&self.phone, &numbers).await)
    }
}

/// Reports to the services of these accounts the push addresses that they have not been sent.
/// Whether all have theirs now. Failures are retried at the next start.
pub(super) async fn report(phone: &Phone, numbers: &[u32]) -> bool {
    let until = Instant::now() + REPORT_MAY_TAKE;
    let mut told = true;
    let mut due = Vec::new();
    for number in numbers {
        match by(until, news(phone, *number)).await {
            Some(news) => due.extend(news.map(|news| (*number, news))),
            None => told = false,
        }
    }
    // A service that does not answer takes its share of the time, and nobody else's.
    let mut left = u32::try_from(due.len()).unwrap_or(u32::MAX);
    for (number, news) in due {
        let now = Instant::now();
        let share = until.saturating_duration_since(now) / left.max(1);
        told &= by(now + share, try_report(phone, number, news))
            .await
            .is_some();
        left = left.saturating_sub(1);
    }
    told
}

/// Runs `work` until the deadline. A failure or timeout is logged and gives `None`.
async fn by<T>(until: Instant, work: impl Future<Output = Result<T, PushError>>) -> Option<T> {
    let done = timeout_at(until, work).await;
    let done = done.unwrap_or(Err(PushError::Slow));
    done.inspect_err(
        |error| tracing::warn!(%error, "the push address is reported to the service later"),
    )
    .ok()
}

/// The push address to report to an account's service, if it does not have it.
async fn news(phone: &Phone, number: u32) -> Result<Option<News>, PushError> {
    let account = phone.account(number).map_err(ServiceError::from)?;
    if account.state != State::Active {
        return Ok(None);
    }
    let info = phone.known_info(account.svc).map_err(ServiceError::from)?;
    let address = wanted(phone, &info).await?;
    let heard = match account.push_told {
        Some(told) => told == PushAddress::told(address.as_ref(), info.sequence),
        None => address.is_none(),
    };
    Ok((!heard).then_some(News { address, info }))
}

async fn try_report(phone: &Phone, number: u32, news: News) -> Result<(), PushError> {
    let News { address, mut info } = news;
    up_to_date(phone, number, 1).await?;
    let (_lock, _) = locked(phone, number, 1).await?;
    let mut rounds = Rounds::START;
    loop {
        let account = rounds.next(phone, number).map_err(ServiceError::from)?;
        if account.state != State::Active {
            return Ok(());
        }
        let what = What::PushAddress(address.clone());
        let request = Unsigned::plain(&update(phone, &account, what)?);
        let endpoint = Endpoint::PUSH.at_most(1);
        let reply = phone.send(&account.identity(), endpoint, request).await?;
        if rounds.again(phone, &account, &reply).await? {
            continue;
        }
        let heard = matches!(reply.result, ResultCode::Done | ResultCode::NoPush);
        // The reply may have brought newer information. If it has another key for pushes, the next
        // start reports the address for it: asking the platform now makes it subscribe again, and a
        // service with a new key each time would keep the phone at that for ever.
        let newer = phone.known_info(account.svc).map_err(ServiceError::from)?;
        if newer.push_key == info.push_key {
            info = newer;
        }
        let told = PushAddress::told(address.as_ref(), info.sequence);
        phone.change::<_, ServiceError>(Write::Status, number, |connection, account| {
            store_reply(phone, connection, account, &reply)?;
            account.push_told = heard.then_some(told).or(account.push_told);
            Ok(())
        })?;
        return Ok(());
    }
}

/// The address to report: one of a kind that the service can use.
async fn wanted(
    phone: &Phone,
    info: &Arc<Verified<Info>>,
) -> Result<Option<PushAddress>, PushAddressError> {
    let Some(platform) = phone.push.as_deref() else {
        return Ok(None);
    };
    let address = PushAddresses::address(platform, info.origin.as_str(), info.push_key.as_ref());
    // Anybody could send to a Web Push subscription without the service's key, and a service
    // without a key sends none.
    let usable = |to: &PushAddress| to.kind() != PushKind::WebPush || info.push_key.is_some();
    Ok(address.await?.filter(usable))
}

/// After a removal: if it was the service's last account here, the platform hears that it sends
/// none, so that it can end what it has for it.
pub(crate) async fn end(phone: &Phone, removed: &Account) -> Result<(), PhoneError> {
    let accounts = phone.store.accounts()?;
    let is_last = accounts.iter().all(|account| account.svc != removed.svc);
    if let Some(platform) = phone.push.as_deref().filter(|_| is_last) {
        let asked = platform.address(&removed.origin, None);
        if !matches!(timeout(REPORT_MAY_TAKE, asked).await, Ok(Ok(_))) {
            tracing::warn!(
                "the platform may keep a push subscription for a service that is gone from this phone"
            );
        }
    }
    Ok(())
}
