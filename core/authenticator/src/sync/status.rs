//! How an account stands at its service (PROTOCOL.md §8): asking for it, and storing the reply.

use countersign_protocol::keys::LONGEST_ADVANCE;
use countersign_protocol::message::Verified;
use countersign_protocol::query::Query;
use countersign_protocol::reply::{Reply, ResultCode};
use rusqlite::Connection;

use super::biometric_key;
use crate::exchange::query::query;
use crate::exchange::verdict::{store_state, store_tries};
use crate::exchange::{Endpoint, ServiceError};
use crate::phone::{Phone, PhoneError};
use crate::store::Account;

/// Sends a status request, `attempts` times at most if no answer arrives.
pub(crate) async fn ask(
    phone: &Phone,
    account: &Account,
    attempts: u32,
) -> Result<Verified<Reply>, ServiceError> {
    let status = Query::Status {
        last: account.last_step(),
    };
    let endpoint = Endpoint::STATUS.at_most(attempts);
    query(phone, &account.identity(), endpoint, status).await
}

/// Takes in a reply to a claim or status: names, tries, token, chain.
pub(crate) fn store_status(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    reply: &Reply,
) -> Result<(), ServiceError> {
    if reply.result != ResultCode::Done {
        return Err(account.unexpected("its result"));
    }
    let state = reply
        .device_state
        .ok_or_else(|| account.unexpected("the device's state"))?;
    let next_step = reply
        .next_step
        .ok_or_else(|| account.unexpected("the next step"))?;
    let epoch = reply.epoch.ok_or_else(|| account.unexpected("the epoch"))?;
    let names = reply
        .names
        .as_ref()
        .ok_or_else(|| account.unexpected("the names"))?;
    if epoch != account.epoch && !account.state.is_enrolled() {
        return Err(account.unexpected("the epoch"));
    }
    // The service was restored from a backup, or this phone was: a new PIN has to be set.
    account.told_epoch = (epoch != account.epoch).then_some(epoch);
    if account.next_step.is_none() {
        // The first that is heard of a claim: from here on the chain value that was sent has its
        // step.
        account.next_step = Some(
            reply
                .i0
                .ok_or_else(|| account.unexpected("the first step"))?,
        );
        let token = reply
            .state_token
            .ok_or_else(|| account.unexpected("the state token"))?;
        account.state_token = Some(token.0);
    } else if let (Some(token), 0) = (reply.state_token, account.counter) {
        account.state_token = Some(token.0);
    }
    account.app_name.clone_from(&names.app_name);
    account.account_label.clone_from(&names.account_label);
    account.device_name.clone_from(&names.device_name);
    account.synced_at = phone.clock.now();
    account.recovery_ends_at = reply.recovery_ends_at;
    store_tries(account, reply);
    store_state(phone, connection, account, state.into())?;
    if account.state.is_enrolled() {
        biometric_key::hear(phone, connection, account, reply)?;
        advance(phone, connection, account, next_step)?;
    }
    Ok(())
}

/// Moves the chain to the step that the service names, so that a phone that was away is not left
/// behind. It never moves back, and not further at once than for a code.
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
