//! Stores the part of a reply that is about its account: the state token, the tries left, whether
//! the device is still in use.

use countersign_protocol::reply::{Reply, ResultCode};
use rusqlite::Connection;

use crate::phone::history::{self, Kind};
use crate::phone::{Phone, PhoneError};
use crate::store::{Account, State, Tries};

/// Stores what a reply to a request with a counter says of its account: the next state token, the
/// tries left, and whether the device is still in use. The device's state (key 15) has no place in
/// such a reply (§8) and is ignored. In the same transaction go the events that the reply causes.
pub(crate) fn store_reply(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    reply: &Reply,
) -> Result<(), PhoneError> {
    if let Some(token) = reply.state_token {
        account.state_token = Some(token.0);
    }
    store_tries(account, reply);
    let none_left = account
        .tries
        .is_some_and(|tries| tries.in_row == 0 || tries.in_epoch == 0);
    let state = match reply.result {
        ResultCode::Suspended => Some(State::Suspended),
        ResultCode::Blocked => Some(State::Blocked),
        _ => none_left.then_some(State::Blocked),
    };
    match state {
        Some(state) => store_state(phone, connection, account, state),
        None => Ok(()),
    }
}

/// Stores the tries left, where a reply has them.
pub(crate) fn store_tries(account: &mut Account, reply: &Reply) {
    if let (Some(in_row), Some(in_epoch)) = (reply.tries_in_row, reply.tries_in_epoch) {
        account.tries = Some(Tries { in_row, in_epoch });
    }
}

/// Stores how the device stands. An account in use never goes back to an unfinished one.
pub(crate) fn store_state(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    state: State,
) -> Result<(), PhoneError> {
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
