//! Telling services where push messages for this phone go (§13). Without it the phone works: it asks while it is open. So nothing here is ever
//! the failure of something else, and what can't be told now is told later.

use std::sync::Arc;
use std::time::Duration;

use countersign_protocol::info::Info;
use countersign_protocol::message::Verified;
use countersign_protocol::push::{PushAddress, PushKind};
use countersign_protocol::reply::ResultCode;
use countersign_protocol::request::Unsigned;
use countersign_protocol::update::What;

use crate::epoch;
use crate::phone::{Phone, PhoneError};
use crate::platform::{PushAddressError, PushAddresses};
use crate::resume;
use crate::rounds::Rounds;
use crate::service::{Asking, ServiceError};
use crate::status;
use crate::store::{Account, State, Write};

/// How long all of it may keep a start or an enrolment waiting.
const TELLING_MAY_TAKE: Duration = Duration::from_secs(5);

/// Why a service does not have the phone's present address.
#[derive(Debug, thiserror::Error)]
enum PushError {
    #[error(transparent)]
    Address(#[from] PushAddressError),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Tells every service that has not heard it, and says whether all have. What is in the way now is not in the way later.
pub(crate) async fn tell_all(phone: &Phone) -> Result<bool, PhoneError> {
    let all = async {
        let mut told = true;
        for account in phone.store.accounts()? {
            told &= tell(phone, account.number).await;
        }
        Ok(told)
    };
    let told = tokio::time::timeout(TELLING_MAY_TAKE, all).await;
    told.unwrap_or_else(|_| {
        tracing::warn!("some services are told later where push messages go");
        Ok(false)
    })
}

/// The same for an account that has just come into use.
pub(crate) async fn tell_new(phone: &Phone, number: u32) {
    if tokio::time::timeout(TELLING_MAY_TAKE, tell(phone, number))
        .await
        .is_err()
    {
        tracing::warn!("the service is told later where push messages go");
    }
}

async fn tell(phone: &Phone, number: u32) -> bool {
    let told = try_tell(phone, number).await;
    if let Err(error) = &told {
        tracing::warn!(%error, "the service is told later where push messages go");
    }
    told.is_ok()
}

async fn try_tell(phone: &Phone, number: u32) -> Result<(), PushError> {
    let account = phone.account(number).map_err(ServiceError::from)?;
    if account.state != State::Active {
        return Ok(());
    }
    let mut info = phone.known_info(account.svc).map_err(ServiceError::from)?;
    let mut wanted = wanted(phone, &info).await?;
    if account.push_told == telling(wanted.as_ref(), &info) {
        return Ok(());
    }
    let account = resume::settled(phone, account, 1).await?;
    let _lock = phone
        .store
        .lock_requests()
        .await
        .map_err(ServiceError::from)?;
    let mut rounds = Rounds::new();
    loop {
        let account = rounds
            .next(phone, account.number)
            .map_err(ServiceError::from)?;
        if account.state != State::Active {
            return Ok(());
        }
        let what = What::PushAddress(wanted.clone());
        let request = Unsigned::plain(&epoch::update(phone, &account, what)?);
        let asking = Asking::PUSH.at_most(1);
        let reply = phone.ask(&account.identity(), asking, request).await?;
        if rounds.again(phone, &account, &reply).await? {
            continue;
        }
        let heard = matches!(reply.result, ResultCode::Done | ResultCode::NoPush);
        // The reply may have told of newer information, with another key for pushes.
        let newer = phone.known_info(account.svc).map_err(ServiceError::from)?;
        let same_key = newer.push_key == info.push_key;
        if same_key {
            info = Arc::clone(&newer);
        }
        take(
            phone,
            number,
            &reply,
            heard.then(|| telling(wanted.as_ref(), &info)),
        )?;
        if !heard || same_key {
            return Ok(());
        }
        info = newer;
        wanted = self::wanted(phone, &info).await?;
    }
}

/// The address to tell: one of a kind that the service can use.
async fn wanted(
    phone: &Phone,
    info: &Arc<Verified<Info>>,
) -> Result<Option<PushAddress>, PushAddressError> {
    let Some(platform) = phone.push.as_deref() else {
        return Ok(None);
    };
    let address = PushAddresses::address(platform, info.origin.as_str(), info.push_key.as_ref());
    // A Web Push subscription without the service's key is one that anybody could send to; and who has no key sends none.
    let usable = |to: &PushAddress| to.kind() != PushKind::WebPush || info.push_key.is_some();
    Ok(address.await?.filter(usable))
}

/// What is kept of having told an address: it is told again when it changes, and when the service's information does, as after a restore, or
/// when pushes are turned on there. Nothing is kept where nothing was told.
fn telling(address: Option<&PushAddress>, info: &Info) -> Option<[u8; 32]> {
    address.map(|address| address.told(info.sequence))
}

fn take(
    phone: &Phone,
    number: u32,
    reply: &countersign_protocol::reply::Reply,
    told: Option<Option<[u8; 32]>>,
) -> Result<(), ServiceError> {
    phone.change(
        Write::Status,
        number,
        |connection, account: &mut Account| {
            status::take_verdict(phone, connection, account, reply)?;
            if let Some(told) = told {
                account.push_told = told;
            }
            Ok(())
        },
    )
}
