//! A new PIN epoch in two phases (PROTOCOL.md §13): slot B is stored beside slot A, then `change`
//! is sent, then `commit`; then A is erased. If either is interrupted, one PIN works, and the
//! service's status says which: [`reconcile`].

use countersign_protocol::id::Hash;
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::request::Unsigned;
use countersign_protocol::update::What;
use rusqlite::Connection;

use super::slot::{Plan, Slot, drop_slot, erase, missing, swap};
use super::status::{ask, store_status};
use crate::durable::Write;
use crate::exchange::counted::{Rounds, update};
use crate::exchange::verdict::store_reply;
use crate::exchange::{Endpoint, ServiceError};
use crate::phone::{Phone, PhoneError};
use crate::store::{Account, RequestLock, State};

/// How it ended. In all cases but the last there is no slot B any more.
pub(crate) enum Ended {
    /// The new epoch is in use.
    Begun(Account),
    /// The service said no; the old epoch is in use.
    Refused(ResultCode, Account),
    /// The service does not have it; the old epoch is in use.
    Lost(ServiceError),
    /// The outcome is not known yet. Slot B stays until it is.
    Unfinished(ServiceError),
}

impl Account {
    /// The same with the K_dev of slot B, in a rotation.
    fn with_new_key(&self) -> Option<Self> {
        let pending = self.pending.as_ref()?;
        Some(Self {
            device_key: pending.device_key.clone()?,
            device_key_epoch: pending.epoch,
            ..self.clone()
        })
    }
}

/// Makes slot B and sends it, and commits it once the service took it.
///
/// # Errors
/// If it could not be made: nothing was stored or sent. Or if the service no longer knows this
/// phone.
pub(crate) async fn begin(
    phone: &Phone,
    lock: &RequestLock,
    account: &Account,
    plan: &Plan<'_>,
) -> Result<Ended, ServiceError> {
    let slot = Slot::make(phone, account, plan)?;
    let answered = match send(phone, account.number, slot).await {
        Ok(None) => commit(phone, account.number, plan.attempts).await,
        answered => answered,
    };
    let account = phone.account(account.number)?;
    let error = match answered {
        Ok(None) => return Ok(Ended::Begun(account)),
        Ok(Some(result)) => return Ok(Ended::Refused(result, account)),
        Err(error) if account.pending.is_none() => return Ok(Ended::Lost(error)),
        Err(error) => error,
    };
    // No answer, or none that settles it.
    match reconcile(phone, lock, account.number, 1).await {
        Ok(true) => Ok(Ended::Begun(phone.account(account.number)?)),
        Ok(false) => Ok(Ended::Lost(error)),
        // The device was removed there: no start will hear more.
        Err(gone @ ServiceError::NotKnown { .. }) => Err(gone),
        Err(_) => Ok(Ended::Unfinished(error)),
    }
}

/// The epoch after this one.
pub(crate) fn after(account: &Account, epoch: u32) -> Result<u32, ServiceError> {
    epoch
        .checked_add(1)
        .ok_or_else(|| account.unexpected("the epoch"))
}

/// Sends the change until the service takes it, or refuses it with this result, after which it is
/// erased.
async fn send(
    phone: &Phone,
    number: u32,
    mut slot: Slot<'_>,
) -> Result<Option<ResultCode>, ServiceError> {
    let endpoint = Endpoint::CHANGE.at_most(slot.plan.attempts);
    let mut rounds = Rounds::START;
    let mut first = true;
    loop {
        let account = rounds.next(phone, number)?;
        let request = match slot.request(phone, &account, first) {
            Ok(request) => request,
            Err(error) => {
                // Nothing of it is on its way. What was stored is erased with slot B.
                if let (true, Some(key)) = (first, &slot.device_key)
                    && phone.account(number)?.pending.is_none()
                {
                    phone.keys.delete_key(&key.handle)?;
                }
                return Err(error);
            }
        };
        first = false;
        let reply = phone.send(&account.identity(), endpoint, request).await?;
        match rounds.again(phone, &account, &reply).await {
            Ok(false) => (),
            Ok(true) => continue,
            Err(error) => {
                erase(phone, number, None)?;
                return Err(error);
            }
        }
        if reply.result != ResultCode::Done {
            erase(phone, number, Some(&reply))?;
            return Ok(Some(reply.result));
        }
        phone.change::<_, PhoneError>(Write::SlotAccepted, number, |connection, account| {
            store_reply(phone, connection, account, &reply)?;
            Ok(phone.store.accept_pending(connection, number)?)
        })?;
        return Ok(None);
    }
}

/// Sends `commit` for what was accepted, until the new epoch is in use, or the service refuses it
/// with this result, after which it is erased.
async fn commit(
    phone: &Phone,
    number: u32,
    attempts: u32,
) -> Result<Option<ResultCode>, ServiceError> {
    let endpoint = Endpoint::COMMIT.at_most(attempts);
    let mut rounds = Rounds::START;
    loop {
        let account = rounds.next(phone, number)?;
        let pending = account.pending.as_ref().ok_or_else(missing)?;
        let what = What::Commit {
            change: pending.hash,
        };
        let request = Unsigned::plain(&update(phone, &account, what)?);
        let reply = phone.send(&account.identity(), endpoint, request).await?;
        if rounds.again(phone, &account, &reply).await? {
            continue;
        }
        let result = reply.result;
        match result {
            ResultCode::Done => {
                phone.change::<_, PhoneError>(
                    Write::SlotSwapped,
                    number,
                    |connection, account| {
                        swap(phone, connection, account)?;
                        if account.state == State::Blocked {
                            // A new epoch lifts the block.
                            account.state = State::Active;
                        }
                        store_reply(phone, connection, account, &reply)
                    },
                )?;
                phone.tidy();
                return Ok(None);
            }
            ResultCode::Blocked | ResultCode::NotOpen | ResultCode::Suspended => {
                erase(phone, number, Some(&reply))?;
                return Ok(Some(result));
            }
            _ => return Err(account.unexpected("its result")),
        }
    }
}

/// Asks the service what became of slot B, and finishes or erases it. Whether the new epoch is in
/// use.
///
/// # Errors
/// If the service's word was not had; then slot B stays.
pub(crate) async fn reconcile(
    phone: &Phone,
    _lock: &RequestLock,
    number: u32,
    attempts: u32,
) -> Result<bool, ServiceError> {
    let account = phone.account(number)?;
    let Some(pending) = &account.pending else {
        return Ok(false);
    };
    let reply = ask_status(phone, &account, attempts).await?;
    let is = |hash: Option<Hash>| hash == Some(pending.hash);
    let change = |write, work: &dyn Fn(&Connection, &mut Account) -> Result<(), PhoneError>| {
        phone.change::<_, ServiceError>(write, number, |connection, account| {
            work(connection, account)?;
            store_status(phone, connection, account, &reply)
        })
    };
    if is(reply.epoch_change) {
        change(Write::SlotSwapped, &|connection, account| {
            swap(phone, connection, account)
        })?;
        phone.tidy();
        return Ok(true);
    }
    if !is(reply.pending_change) {
        change(Write::SlotErased, &|connection, account| {
            drop_slot(phone, connection, account, None)
        })?;
        phone.tidy();
        return Ok(false);
    }
    change(Write::SlotAccepted, &|connection, _| {
        Ok(phone.store.accept_pending(connection, number)?)
    })?;
    let refused = commit(phone, number, attempts).await?;
    Ok(refused.is_none())
}

/// In a rotation the service may know the new K_dev already: then the old one is no phone of its.
async fn ask_status(
    phone: &Phone,
    account: &Account,
    attempts: u32,
) -> Result<Reply, ServiceError> {
    let reply = match ask(phone, account, attempts).await {
        Err(ServiceError::NotKnown { .. }) if let Some(rotated) = account.with_new_key() => {
            ask(phone, &rotated, attempts).await?
        }
        reply => reply?,
    };
    if reply.result == ResultCode::Done {
        Ok(Reply::clone(&reply))
    } else {
        Err(account.unexpected("its result"))
    }
}
