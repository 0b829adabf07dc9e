//! Accounts, password guesses, sessions, settings and events.

use countersign_protocol::{Time, id::AccountId};
use rusqlite::{Connection, params};

use super::rows::{self, all, int, num, one, run, small};
use crate::{
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
        "DELETE FROM guess WHERE last <= ?1",
        [int(now.saturating_sub(policy::GUESS_MEMORY_SECONDS))],
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
        params![account.acc.0, account.email, account.first_name, account.last_name, account.password, int(now)],
    )?;
    if made == 1 {
        note(c, account.acc, "account-created", "", now)?;
    }
    Ok(made == 1)
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

pub(super) fn take_guess(c: &Connection, who: [u8; 32], now: Time) -> Result<Guess, StoreError> {
    let (wrong, last) = one(
        c,
        "SELECT wrong, last FROM guess WHERE who = ?1",
        [who],
        |row| Ok((small(row, "wrong")?, num(row, "last")?)),
    )?
    .unwrap_or((0, 0));
    let wait = policy::guess_wait(wrong, last, now);
    if wait > 0 {
        return Ok(Guess::Wait(wait));
    }
    run(
        c,
        "INSERT INTO guess (who, wrong, last) VALUES (?1, 1, ?2)
         ON CONFLICT (who) DO UPDATE SET wrong = wrong + 1, last = excluded.last",
        params![who, int(now)],
    )?;
    Ok(Guess::Taken)
}

pub(super) fn forget_guesses(c: &Connection, who: [u8; 32]) -> Result<(), StoreError> {
    run(c, "DELETE FROM guess WHERE who = ?1", [who])?;
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
