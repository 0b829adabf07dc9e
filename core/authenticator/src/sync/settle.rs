//! Brings an account up to date: what an earlier request left unfinished comes first. Every use
//! case that sends something calls it once, before anything else.

use countersign_protocol::reply::ResultCode;
use countersign_protocol::request::Unsigned;
use countersign_protocol::update::What;

use super::status::{ask, store_status};
use super::{biometric_key, epoch};
use crate::durable::Write;
use crate::exchange::counted::{Rounds, update};
use crate::exchange::verdict::store_reply;
use crate::exchange::{Endpoint, ServiceError};
use crate::phone::Phone;
use crate::store::{Account, BiometricState, RequestLock, State};

/// The account, after an unfinished change of its PIN was finished or dropped and a deleted
/// biometric key was reported.
pub(crate) async fn up_to_date(
    phone: &Phone,
    number: u32,
    attempts: u32,
) -> Result<Account, ServiceError> {
    let account = phone.account(number)?;
    if account.pending.is_none() && account.biometrics.is_none() {
        return Ok(account);
    }
    if account.pending.is_some() {
        let lock = phone.store.lock_requests().await?;
        epoch::reconcile(phone, &lock, number, attempts).await?;
    }
    report_deleted_key(phone, number).await;
    Ok(phone.account(number)?)
}

/// The account, without an unfinished change of its PIN, and the lock under which requests with a
/// counter go one at a time, also those of another program on this phone.
pub(crate) async fn locked(
    phone: &Phone,
    number: u32,
    attempts: u32,
) -> Result<(RequestLock, Account), ServiceError> {
    let lock = phone.store.lock_requests().await?;
    if phone.account(number)?.pending.is_some() {
        epoch::reconcile(phone, &lock, number, attempts).await?;
    }
    Ok((lock, phone.account(number)?))
}

/// Reports the deleted biometric key to the service. On failure the row stays `Gone`, and the next
/// request or start retries.
pub(crate) async fn report_deleted_key(phone: &Phone, number: u32) {
    let due = |account: &Account| {
        let row = account.biometrics.as_ref();
        row.is_some_and(|row| row.state == BiometricState::Gone)
    };
    let report = async || -> Result<(), ServiceError> {
        if !due(&phone.account(number)?) {
            return Ok(());
        }
        let _lock = phone.store.lock_requests().await?;
        let mut rounds = Rounds::START;
        loop {
            let account = rounds.next(phone, number)?;
            if !due(&account) || account.state != State::Active {
                return Ok(());
            }
            let what = What::BiometricsOff {
                epoch: account.epoch,
            };
            let request = Unsigned::plain(&update(phone, &account, what)?);
            let endpoint = Endpoint::BIOMETRICS.at_most(1);
            let reply = phone.send(&account.identity(), endpoint, request).await?;
            if rounds.again(phone, &account, &reply).await? {
                continue;
            }
            phone.change::<_, ServiceError>(
                Write::BiometricsTold,
                number,
                |connection, account| {
                    store_reply(phone, connection, account, &reply)?;
                    if reply.result == ResultCode::Done && due(account) {
                        biometric_key::discard(phone, connection, account)?;
                    }
                    Ok(())
                },
            )?;
            phone.tidy();
            return Ok(());
        }
    };
    if let Err(error) = report().await {
        tracing::warn!(%error, "that biometrics are off is reported to the service later");
    }
}

/// Finds out whether biometrics that were asked for are on.
pub(crate) async fn reconcile_biometrics(
    phone: &Phone,
    _lock: &RequestLock,
    number: u32,
    attempts: u32,
) -> Result<bool, ServiceError> {
    let account = phone.account(number)?;
    if account
        .biometrics
        .as_ref()
        .is_none_or(|row| row.state != BiometricState::Asked)
    {
        return Ok(account.has_biometrics());
    }
    let reply = ask(phone, &account, attempts).await?;
    let on = phone.change::<_, ServiceError>(
        Write::BiometricsAnswered,
        number,
        |connection, account| {
            store_status(phone, connection, account, &reply)?;
            // Nothing of this phone is on its way while it holds the lock.
            biometric_key::reconcile(phone, connection, account, reply.biometric_kid)?;
            Ok(account.has_biometrics())
        },
    )?;
    phone.tidy();
    Ok(on)
}
