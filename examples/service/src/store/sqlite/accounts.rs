//! Accounts, password guesses, sessions, settings and events.

use countersign_protocol::{Time, id::AccountId};
use rusqlite::{Connection, params};

use super::{
    browsers, devices, recovery,
    rows::{self, all, int, num, one, run, small},
};
use crate::{policy, store::*};

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

/// Opens the session of a browser whose password was right. A blocked or suspended device counts: the password alone must not become
/// enough because of it. Nor because they were deleted.
pub(super) fn enter_by_password(c: &Connection, mut entry: Entry) -> Result<Entered, StoreError> {
    let session = &mut entry.session;
    let none = devices::of_account(c, session.account)?.is_empty();
    let entered = match none {
        false => Entered::Half,
        true if recovery::standing(c, session.account)?.guarded => Entered::Guarded,
        true => Entered::Whole,
    };
    session.signed_in = entered == Entered::Whole;
    session.expires_at = session.created_at
        + match session.signed_in {
            true => policy::SESSION_SECONDS,
            false => policy::HALF_SESSION_SECONDS,
        };
    enter(c, &entry)?;
    Ok(entered)
}

/// Opens the session of a browser that is let in, in the place of the one that it had.
pub(super) fn enter(c: &Connection, entry: &Entry) -> Result<(), StoreError> {
    let session = &entry.session;
    let now = session.created_at;
    end_session(c, entry.replaces, now)?;
    run(
        c,
        // Half sessions, which need only the password, don't push out whole ones.
        "DELETE FROM session WHERE hash IN
           (SELECT hash FROM session WHERE account = ?1 AND signed_in = ?2
            ORDER BY used_at DESC, created_at DESC LIMIT -1 OFFSET ?3)",
        params![session.account.0, session.signed_in, policy::SESSIONS - 1],
    )?;
    run(
        c,
        "INSERT INTO session (hash, account, signed_in, strength, created_at, used_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            session.hash,
            session.account.0,
            session.signed_in,
            session.strength.name(),
            int(session.created_at),
            int(session.used_at),
            int(session.expires_at)
        ],
    )?;
    if session.signed_in {
        note(
            c,
            session.account,
            "signed-in",
            session.strength.name(),
            now,
        )?;
        if session.strength.is_strong() {
            browsers::know(c, entry.known, session.account, now)?;
        }
    }
    Ok(())
}

pub(super) fn session(
    c: &Connection,
    hash: SessionHash,
    now: Time,
) -> Result<Option<Session>, StoreError> {
    one(
        c,
        "SELECT * FROM session WHERE hash = ?1 AND expires_at > ?2 AND used_at > ?3",
        params![
            hash,
            int(now),
            int(now.saturating_sub(policy::SESSION_IDLE_SECONDS))
        ],
        rows::session,
    )
}

pub(super) fn touch_session(
    c: &Connection,
    hash: SessionHash,
    now: Time,
) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE session SET used_at = max(used_at, ?2) WHERE hash = ?1",
        params![hash, int(now)],
    )?;
    Ok(())
}

pub(super) fn end_session(c: &Connection, hash: SessionHash, now: Time) -> Result<(), StoreError> {
    run(c, "DELETE FROM session WHERE hash = ?1", [hash])?;
    // Nobody can collect what it asked for any more, so that must not keep the next session of this browser waiting.
    run(
        c,
        "UPDATE challenge SET state = 'replaced', closed_at = ?2 WHERE session = ?1 AND state = 'open'",
        params![hash, int(now)],
    )?;
    Ok(())
}

pub(super) fn record_transfer(
    c: &Connection,
    transfer: &Transfer,
    strength: Strength,
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
        match strength {
            Strength::CodeBiometric => "transfer-signed-biometric",
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
