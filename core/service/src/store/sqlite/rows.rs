//! From rows to records and back. SQLite's integers are signed; everything here is below 2^53.

use countersign_protocol::{
    challenge::{Purpose, Unlock},
    enrolment::Way,
    id::{AccountId, ChallengeId, DeviceId, EnrolmentId, Hash, PublicKey},
    policy::{
        codes::{DeviceEpoch, ForChallenge},
        month::Month,
        share::{Asker, Wrong},
        tries::Tries,
    },
};
use rusqlite::{Connection, Params, Row};

use crate::{base::email::Email, store::*};

/// The first row of a query.
pub(super) fn one<T>(
    c: &Connection,
    sql: &str,
    params: impl Params,
    map: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(map).transpose()
}

/// All rows of a query.
pub(super) fn all<T>(
    c: &Connection,
    sql: &str,
    params: impl Params,
    map: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        out.push(map(row)?);
    }
    Ok(out)
}

/// Executes a statement and says how many rows it changed.
pub(super) fn run(c: &Connection, sql: &str, params: impl Params) -> Result<usize, StoreError> {
    Ok(c.prepare_cached(sql)?.execute(params)?)
}

/// A number as SQLite has it.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number from a column.
pub(super) fn num(row: &Row<'_>, column: &'static str) -> Result<u64, StoreError> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| StoreError::Damaged(column))
}

/// A small number from a column.
pub(super) fn small(row: &Row<'_>, column: &'static str) -> Result<u32, StoreError> {
    u32::try_from(row.get::<_, i64>(column)?).map_err(|_| StoreError::Damaged(column))
}

/// A count below 256 from a column.
pub(super) fn byte(row: &Row<'_>, column: &'static str) -> Result<u8, StoreError> {
    u8::try_from(row.get::<_, i64>(column)?).map_err(|_| StoreError::Damaged(column))
}

/// A value that is stored by its name.
pub(super) fn named<T>(
    row: &Row<'_>,
    column: &'static str,
    from: fn(&str) -> Option<T>,
) -> Result<T, StoreError> {
    from(&row.get::<_, String>(column)?).ok_or(StoreError::Damaged(column))
}

/// A public key from a column's bytes.
pub(super) fn key(bytes: &[u8], column: &'static str) -> Result<PublicKey, StoreError> {
    PublicKey::from_bytes(bytes).ok_or(StoreError::Damaged(column))
}

/// An e-mail address from its column.
pub(super) fn email(row: &Row<'_>) -> Result<Email, StoreError> {
    Email::parse(&row.get::<_, String>("email")?).map_err(|_| StoreError::Damaged("email"))
}

pub(super) fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        acc: AccountId(row.get("acc")?),
        email: email(row)?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        password: row.get("password")?,
    })
}

pub(super) fn device(row: &Row<'_>) -> Result<Device, StoreError> {
    Ok(Device {
        dev: DeviceId(row.get("dev")?),
        account: AccountId(row.get("account")?),
        enrolment: EnrolmentId(row.get("enrolment")?),
        name: row.get("name")?,
        model: row.get("model")?,
        platform: row.get("platform")?,
        state: named(row, "state", DeviceState::from_name)?,
        created_at: num(row, "created_at")?,
        used_at: num(row, "used_at")?,
        keys: DeviceKeys {
            device_key: key(&row.get::<_, Vec<u8>>("device_key")?, "device_key")?,
            pin_key: row.get("pin_key")?,
            pin_share: row.get("pin_share")?,
            plain_share: row.get("plain_share")?,
            chain: row.get("chain")?,
        },
        hardware: row.get("hardware")?,
        bio_key: row
            .get::<_, Option<Vec<u8>>>("bio_key")?
            .map(|bytes| key(&bytes, "bio_key"))
            .transpose()?,
        bio_share: row.get("bio_share")?,
        epoch: small(row, "epoch")?,
        began_with: row.get::<_, Option<[u8; 32]>>("began_with")?.map(Hash),
        first_step: num(row, "first_step")?,
        chain_step: num(row, "chain_step")?,
        counter: num(row, "counter")?,
        issued: num(row, "issued")?,
        acked: num(row, "acked")?,
        tries: tries(row)?,
        wrong_codes: DeviceEpoch(Wrong {
            all: byte(row, "wrong_codes")?,
            unknown: byte(row, "unknown_codes")?,
        }),
        month: month(row)?,
        month_told: num(row, "month_told")?,
    })
}

/// The tries at a device's PIN.
pub(super) fn tries(row: &Row<'_>) -> Result<Tries, StoreError> {
    Ok(Tries {
        in_a_row: byte(row, "wrong_row")?,
        in_epoch: byte(row, "wrong_epoch")?,
    })
}

/// A device's wrong PINs of 30 days.
pub(super) fn month(row: &Row<'_>) -> Result<Month, StoreError> {
    Month::from_bytes(&row.get::<_, Vec<u8>>("wrong_month")?)
        .ok_or(StoreError::Damaged("wrong_month"))
}

pub(super) fn enrolment(row: &Row<'_>) -> Result<Enrolment, StoreError> {
    Ok(Enrolment {
        id: EnrolmentId(row.get("id")?),
        account: AccountId(row.get("account")?),
        session: row.get("session")?,
        dev: DeviceId(row.get("dev")?),
        name: row.get("name")?,
        message: row.get("message")?,
        hash: Hash(row.get("hash")?),
        secret: row.get("secret")?,
        way: match num(row, "way")? {
            1 => Way::PinInBrowser,
            2 => Way::PinOnPhone,
            _ => return Err(StoreError::Damaged("way")),
        },
        expires_at: num(row, "expires_at")?,
        state: named(row, "state", EnrolmentState::from_name)?,
        claim: row.get::<_, Option<[u8; 32]>>("claim")?.map(Hash),
        code: row.get("code")?,
        code_tries: small(row, "code_tries")?,
    })
}

pub(super) fn challenge(row: &Row<'_>) -> Result<Challenge, StoreError> {
    Ok(Challenge {
        id: ChallengeId(row.get("id")?),
        account: row.get::<_, Option<[u8; 8]>>("account")?.map(AccountId),
        session: row.get("session")?,
        kind: named(row, "kind", ChallengeKind::from_name)?,
        purpose: Purpose::from_number(num(row, "purpose")?)
            .ok_or(StoreError::Damaged("purpose"))?,
        dev: row.get::<_, Option<[u8; 8]>>("dev")?.map(DeviceId),
        subject: row.get::<_, Option<[u8; 8]>>("subject")?.map(DeviceId),
        step: row
            .get::<_, Option<i64>>("step")?
            .map(|step| u64::try_from(step).map_err(|_| StoreError::Damaged("step")))
            .transpose()?,
        message: row.get("message")?,
        hash: Hash(row.get("hash")?),
        number: row.get("number")?,
        payload: row.get("payload")?,
        unlock: Unlock::from_number(num(row, "unlock")?).ok_or(StoreError::Damaged("unlock"))?,
        expires_at: num(row, "expires_at")?,
        state: named(row, "state", ChallengeState::from_name)?,
        codes: ForChallenge(byte(row, "wrong_codes")?),
        quiet: row.get("quiet")?,
        asker: Asker::from_known(row.get("known")?),
        mark: row.get("mark")?,
    })
}
