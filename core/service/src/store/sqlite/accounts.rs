//! Accounts, password guesses, sessions, settings and events.

use countersign_protocol::{Time, id::AccountId};
use rusqlite::{Connection, params};

use super::rows::{self, all, int, num, one, run};
use crate::{
    base::email::Email,
    policy,
    security::{self, Happened},
    store::*,
};

pub(super) fn setting(c: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    one(
        c,
        "SELECT value FROM setting WHERE name = ?1",
        [name],
        |row| Ok(row.get(0)?),
    )
}

pub(super) fn set_setting(c: &Connection, name: &str, value: &[u8]) -> Result<(), StoreError> {
    run(
        c,
        "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![name, value],
    )?;
    Ok(())
}

pub(super) fn sweep(c: &Connection, now: Time) -> Result<(), StoreError> {
    run(
        c,
        "DELETE FROM session WHERE expires_at <= ?1 OR used_at <= ?2",
        [
            int(now),
            int(now.saturating_sub(policy::SESSION_IDLE_SECONDS)),
        ],
    )?;
    run(
        c,
        "DELETE FROM outcome WHERE at <= ?1",
        [int(now.saturating_sub(policy::OUTCOME_SECONDS))],
    )?;
    Ok(())
}

pub(super) fn create(c: &Connection, account: &NewAccount, now: Time) -> Result<bool, StoreError> {
    let made = run(
        c,
        "INSERT INTO account (acc, email, first_name, last_name, password, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (email) DO NOTHING",
        params![account.acc.0, account.email.as_str(), account.first_name, account.last_name, account.password, int(now)],
    )?;
    if made == 1 {
        note(c, account.acc, "account-created", "", now)?;
    }
    Ok(made == 1)
}

/// Has another account than `own` this address, or may it have it back?
pub(super) fn is_taken(
    c: &Connection,
    email: &Email,
    own: Option<AccountId>,
    now: Time,
) -> Result<bool, StoreError> {
    let found = one(
        c,
        "SELECT 1 FROM account WHERE email = ?1 AND acc IS NOT ?2
         UNION ALL
         SELECT 1 FROM mailed_link
         WHERE address = ?1 AND kind = 'undo-email' AND account IS NOT ?2
           AND used_at IS NULL AND expires_at > ?3",
        params![email.as_str(), own.map(|own| own.0), int(now)],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

pub(super) fn seal_password(
    c: &Connection,
    account: AccountId,
    sealed: &str,
) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE account SET password = ?2 WHERE acc = ?1",
        params![account.0, sealed],
    )?;
    Ok(())
}

pub(super) fn by_email(c: &Connection, email: &str) -> Result<Option<Account>, StoreError> {
    one(
        c,
        "SELECT * FROM account WHERE email = ?1",
        [email],
        rows::account,
    )
}

pub(super) fn get(c: &Connection, account: AccountId) -> Result<Option<Account>, StoreError> {
    one(
        c,
        "SELECT * FROM account WHERE acc = ?1",
        [account.0],
        rows::account,
    )
}

/// The accounts that an older program wrote: the hash of their password is not sealed.
pub(super) fn unsealed(c: &Connection) -> Result<Vec<(AccountId, String, String)>, StoreError> {
    all(
        c,
        "SELECT acc, email, password FROM account WHERE password LIKE '$argon2%'",
        [],
        |row| {
            let acc = AccountId(row.get("acc")?);
            Ok((acc, row.get("email")?, row.get("password")?))
        },
    )
}

/// Brings such an account into today's form. An address that is none any more can get no message
/// and sign nobody in: it makes room for one that is marked as such.
pub(super) fn renew(
    c: &Connection,
    account: AccountId,
    email: &str,
    sealed: &str,
) -> Result<(), StoreError> {
    seal_password(c, account, sealed)?;
    let set = |email: &str| {
        run(
            c,
            "UPDATE OR IGNORE account SET email = ?2 WHERE acc = ?1",
            params![account.0, email],
        )
    };
    let spelled = Email::parse(email).ok();
    if let Some(spelled) = &spelled
        && (spelled.as_str() == email || set(spelled.as_str())? == 1)
    {
        return Ok(());
    }
    tracing::warn!(acc = %account, "this account's e-mail address can't be used any more");
    set(&format!(
        "{}@address.invalid",
        crate::base::hex::encode(&account.0)
    ))?;
    Ok(())
}

pub(super) fn record_transfer(
    c: &Connection,
    transfer: &Transfer,
    method: Method,
) -> Result<(), StoreError> {
    run(
        c,
        "INSERT INTO transfer (id, account, at, iban, name, amount, reference) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            transfer.id.0,
            transfer.account.0,
            int(transfer.at),
            transfer.iban,
            transfer.name,
            transfer.amount,
            transfer.reference
        ],
    )?;
    note(
        c,
        transfer.account,
        match method {
            Method::CodeBiometric => "transfer-signed-biometric",
            _ => "transfer-signed",
        },
        &transfer.amount,
        transfer.at,
    )
}

pub(super) fn note(
    c: &Connection,
    account: AccountId,
    what: &str,
    detail: &str,
    now: Time,
) -> Result<(), StoreError> {
    write_event(c, account, what, detail, now, policy::is_mailed(what))
}

/// Notes an event of which nobody is told by message.
pub(super) fn note_silently(
    c: &Connection,
    account: AccountId,
    what: &str,
    detail: &str,
    at: Time,
) -> Result<(), StoreError> {
    write_event(c, account, what, detail, at, false)
}

fn write_event(
    c: &Connection,
    account: AccountId,
    what: &str,
    detail: &str,
    at: Time,
    mail: bool,
) -> Result<(), StoreError> {
    security::seen(at, Happened::event(account, what, detail));
    run(
        c,
        "INSERT INTO event (account, at, what, detail, mail) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![account.0, int(at), what, detail, mail],
    )?;
    Ok(())
}

pub(super) fn events(
    c: &Connection,
    account: AccountId,
    at_most: u32,
) -> Result<Vec<Event>, StoreError> {
    all(
        c,
        "SELECT at, what, detail FROM event WHERE account = ?1 ORDER BY at DESC, id DESC LIMIT ?2",
        params![account.0, at_most],
        |row| {
            Ok(Event {
                at: num(row, "at")?,
                what: row.get("what")?,
                detail: row.get("detail")?,
            })
        },
    )
}
