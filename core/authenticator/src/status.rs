//! Taking in what a service says of an account (§8): status, and the facts that other replies carry.

use countersign_protocol::keys::LONGEST_ADVANCE;
use countersign_protocol::message::Verified;
use countersign_protocol::query::{Ask, Query};
use countersign_protocol::reply::{DeviceState, Reply, ResultCode};
use countersign_protocol::request::Unsigned;
use rusqlite::Connection;

use crate::account::{AccountNumber, AccountSummary};
use crate::biometrics;
use crate::history::{self, Kind};
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::platform::NoEntropy;
use crate::resume;
use crate::service::{Asking, Identity, PATIENT, ServiceError};
use crate::store::{Account, State, Tries, Write};

/// Why the service's word on an account was not had.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The service did not answer, or not as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Something on this phone is in the way.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(StatusError);

/// Asks the service how an account stands, and takes its answer in.
pub(crate) async fn refresh(
    phone: &Phone,
    number: AccountNumber,
) -> Result<AccountSummary, StatusError> {
    let account = phone.account(number.0)?;
    resume::settled(phone, account, PATIENT).await?;
    let (account, _) = renew(phone, number).await?;
    Ok(AccountSummary::of(&account))
}

/// The same with the reply, where nothing is pending.
pub(crate) async fn renew(
    phone: &Phone,
    number: AccountNumber,
) -> Result<(Account, Verified<Reply>), ServiceError> {
    loop {
        let asked = phone.account(number.0)?;
        let reply = ask(phone, &asked).await?;
        let taken =
            phone.change::<_, ServiceError>(Write::Status, number.0, |connection, account| {
                if account.epoch != asked.epoch {
                    // A new PIN epoch began meanwhile, of which this answer knows nothing.
                    return Ok(None);
                }
                take(phone, connection, account, &reply)?;
                Ok(Some(account.clone()))
            })?;
        if let Some(account) = taken {
            phone.tidy_if_due()?;
            return Ok((account, reply));
        }
    }
}

/// Asks how an account stands because something did not fit. What it says is shown; that it can't be had changes nothing.
pub(crate) async fn hear_of(phone: &Phone, number: AccountNumber) {
    if let Err(error) = refresh(phone, number).await {
        tracing::warn!(%error, "the account's status was not had");
    }
}

/// Sends a status request, once more if the clock is off.
pub(crate) async fn ask(phone: &Phone, account: &Account) -> Result<Verified<Reply>, ServiceError> {
    ask_patiently(phone, account, PATIENT).await
}

/// The same, sent so many times if no answer arrives.
pub(crate) async fn ask_patiently(
    phone: &Phone,
    account: &Account,
    attempts: u32,
) -> Result<Verified<Reply>, ServiceError> {
    query(
        phone,
        &account.identity(),
        Asking::STATUS.at_most(attempts),
        Ask::Status {
            last: account.last_step(),
        },
    )
    .await
}

/// Sends a question under K_dev. The service's clock decides: a phone whose clock is off asks again with the time that it was told.
pub(crate) async fn query(
    phone: &Phone,
    who: &Identity,
    asking: Asking,
    ask: Ask,
) -> Result<Verified<Reply>, ServiceError> {
    let send = async || {
        let query = Query {
            svc: who.owner.svc,
            acc: who.owner.acc,
            dev: who.owner.dev,
            time: phone.now(who.owner.svc),
            nonce: nonce(phone)?,
            ask,
        };
        phone.ask(who, asking, Unsigned::plain(&query)).await
    };
    let reply = send().await?;
    if reply.result != ResultCode::Clock {
        return Ok(reply);
    }
    phone.adopt_time(who.owner.svc, reply.time);
    let reply = send().await?;
    if reply.result == ResultCode::Clock {
        return Err(who.unexpected("its clock"));
    }
    Ok(reply)
}

fn nonce(phone: &Phone) -> Result<[u8; 16], NoEntropy> {
    let mut nonce = [0; 16];
    phone.entropy.fill(&mut nonce)?;
    Ok(nonce)
}

pub(crate) fn unexpected(account: &Account, what: &'static str) -> ServiceError {
    ServiceError::Unexpected {
        host: account.host().to_owned(),
        what,
    }
}

/// Takes in a reply to a claim or status: names, tries, token, chain.
pub(crate) fn take(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    reply: &Reply,
) -> Result<(), ServiceError> {
    let missing = |account: &Account, what| unexpected(account, what);
    if reply.result != ResultCode::Done {
        return Err(missing(account, "its result"));
    }
    let state = reply
        .device_state
        .ok_or_else(|| missing(account, "the device's state"))?;
    let next_step = reply
        .next_step
        .ok_or_else(|| missing(account, "the next step"))?;
    let epoch = reply.epoch.ok_or_else(|| missing(account, "the epoch"))?;
    let names = reply
        .names
        .as_ref()
        .ok_or_else(|| missing(account, "the names"))?;
    if epoch != account.epoch && !account.state.is_enrolled() {
        return Err(missing(account, "the epoch"));
    }
    // The service was restored from a backup, or this phone was: the PIN is set anew.
    account.told_epoch = (epoch != account.epoch).then_some(epoch);
    if account.next_step.is_none() {
        // The first that is heard of a claim: from here on the chain value that was sent has its step.
        account.next_step = Some(reply.i0.ok_or_else(|| missing(account, "the first step"))?);
        let token = reply
            .state_token
            .ok_or_else(|| missing(account, "the state token"))?;
        account.state_token = Some(token.0);
    } else if let (Some(token), 0) = (reply.state_token, account.counter) {
        account.state_token = Some(token.0);
    }
    account.app_name.clone_from(&names.app_name);
    account.account_label.clone_from(&names.account_label);
    account.device_name.clone_from(&names.device_name);
    account.synced_at = phone.clock.now();
    account.recovery_ends_at = reply.recovery_ends_at;
    take_tries(account, reply);
    take_state(phone, connection, account, state)?;
    if account.state.is_enrolled() {
        biometrics::hear(phone, connection, account, reply)?;
        advance(phone, connection, account, next_step)?;
    }
    Ok(())
}

/// The tries left, where a reply has them.
pub(crate) fn take_tries(account: &mut Account, reply: &Reply) {
    if let (Some(in_row), Some(in_epoch)) = (reply.tries_in_row, reply.tries_in_epoch) {
        account.tries = Some(Tries { in_row, in_epoch });
    }
}

/// Takes in what a reply says that judged a counter and state token: the next token, the tries, and whether the device is still in use.
pub(crate) fn take_verdict(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    reply: &Reply,
) -> Result<(), PhoneError> {
    if let Some(token) = reply.state_token {
        account.state_token = Some(token.0);
    }
    take_tries(account, reply);
    let none_left = account
        .tries
        .is_some_and(|tries| tries.in_row == 0 || tries.in_epoch == 0);
    match reply.result {
        ResultCode::Suspended => take_state(phone, connection, account, DeviceState::Suspended),
        ResultCode::Blocked => take_state(phone, connection, account, DeviceState::Blocked),
        _ if none_left => take_state(phone, connection, account, DeviceState::Blocked),
        _ => Ok(()),
    }
}

/// How the device stands. A claimed device becomes active only by `complete` or by hearing that it is.
pub(crate) fn take_state(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    told: DeviceState,
) -> Result<(), PhoneError> {
    let state = match told {
        DeviceState::Claimed => State::Claimed,
        DeviceState::Confirmed => State::Confirmed,
        DeviceState::Active => State::Active,
        DeviceState::Blocked => State::Blocked,
        DeviceState::Suspended => State::Suspended,
    };
    if state == account.state || (account.state.is_enrolled() && !state.is_enrolled()) {
        return Ok(());
    }
    let event = match state {
        _ if !account.state.is_enrolled() && state.is_enrolled() => Some(Kind::AccountAdded),
        State::Blocked => Some(Kind::Blocked),
        State::Suspended => Some(Kind::Suspended),
        _ => None,
    };
    account.state = state;
    if let Some(kind) = event {
        history::add(phone, connection, account, kind, account.host())?;
    }
    Ok(())
}

/// Moves the chain to the step that the service names, so that a phone that was away is not left behind. It never moves back, and
/// not further at once than for a code.
fn advance(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    next_step: u64,
) -> Result<(), PhoneError> {
    let Some(chain) = phone.chain(connection, account)? else {
        return Ok(());
    };
    let to = next_step.min(chain.next().saturating_add(LONGEST_ADVANCE));
    if to <= chain.next() {
        return Ok(());
    }
    match chain.advanced(to, LONGEST_ADVANCE) {
        Some(chain) => phone.move_chain(connection, account, &chain),
        None => Ok(()),
    }
}
