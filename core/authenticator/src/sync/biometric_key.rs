//! The row of an account's biometric key, and what becomes of it (PROTOCOL.md §13).

use countersign_protocol::id::KeyId;
use countersign_protocol::reply::Reply;
use rusqlite::Connection;

use crate::durable::Write;
use crate::phone::history::{self, Kind};
use crate::phone::{Phone, PhoneError};
use crate::store::{Account, BiometricRow, BiometricState, StoreError};

/// Turns biometrics on after the service confirmed them. If they were turned off meanwhile, they
/// stay off.
pub(crate) fn confirm(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
) -> Result<(), StoreError> {
    if let Some(row) = &mut account.biometrics
        && row.state == BiometricState::Asked
    {
        row.state = BiometricState::On;
        phone.store.confirm_biometrics(connection, account.number)?;
        history::add(phone, connection, account, Kind::BiometricsOn, "")?;
    }
    Ok(())
}

/// Erases K_bio and B here.
pub(crate) fn discard(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
) -> Result<(), StoreError> {
    let Some(row) = account.biometrics.take() else {
        return Ok(());
    };
    if !row.key.is_empty() {
        phone.store.discard_key(connection, &row.key, true)?;
    }
    phone.store.remove_biometrics(connection, account.number)
}

/// The same, and notes that the service has to be informed.
fn discard_and_report(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    kid: KeyId,
) -> Result<(), StoreError> {
    discard(phone, connection, account)?;
    let row = BiometricRow {
        state: BiometricState::Gone,
        key: Vec::new(),
        kid,
        code_secret: Vec::new(),
    };
    phone
        .store
        .set_biometrics(connection, account.number, &row)?;
    account.biometrics = Some(row);
    Ok(())
}

pub(crate) fn erase(phone: &Phone, number: u32, event: Kind) -> Result<(), PhoneError> {
    let erased =
        phone.change::<_, PhoneError>(Write::BiometricsErased, number, |connection, account| {
            let Some(row) = account.biometrics.clone() else {
                return Ok(false);
            };
            if row.state != BiometricState::Gone {
                discard_and_report(phone, connection, account, row.kid)?;
                history::add(phone, connection, account, event, "")?;
            }
            Ok(true)
        })?;
    if erased {
        phone.tidy();
    }
    Ok(())
}

/// Takes in which K_bio the service has. `reply` is a status that has seen everything that this
/// phone sent.
pub(crate) fn hear(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    reply: &Reply,
) -> Result<(), PhoneError> {
    // A request that the service has not judged yet may be on its way.
    let has_seen_all = reply.counter.is_some_and(|seen| seen >= account.counter);
    if has_seen_all {
        reconcile(phone, connection, account, reply.biometric_kid)?;
    }
    Ok(())
}

pub(super) fn reconcile(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    there: Option<KeyId>,
) -> Result<(), StoreError> {
    let here = account.biometrics.as_ref().map(|row| (row.state, row.kid));
    match (here, there) {
        (Some((BiometricState::Asked, kid)), Some(there)) if kid == there => {
            confirm(phone, connection, account)
        }
        (Some((BiometricState::On, kid)), Some(there)) if kid == there => Ok(()),
        (Some((BiometricState::Gone, _)), Some(_)) | (None, None) => Ok(()),
        (Some((BiometricState::Gone, _)), None) => discard(phone, connection, account),
        (here, there) => {
            let kind = match here {
                Some((BiometricState::On, _)) => Some(Kind::BiometricsOff),
                Some(_) => Some(Kind::ChangeRefused),
                None => None,
            };
            if let Some(kind) = kind {
                history::add(phone, connection, account, kind, "biometrics")?;
            }
            match there {
                // A key that this phone does not have.
                Some(there) => discard_and_report(phone, connection, account, there),
                None => discard(phone, connection, account),
            }
        }
    }
}
