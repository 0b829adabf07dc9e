//! Sessions: browsers that gave a first factor or more, with what each of them proved.

use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId},
};
use rusqlite::{Connection, params};

use super::{
    accounts::note,
    browsers, devices, guesses, recovery,
    rows::{all, int, named, num, one, run},
};
use crate::{
    policy::{self, changes::Rank},
    store::*,
};

/// Opens the session of a browser whose password was right. A blocked or suspended device counts:
/// the password alone must not become enough because of it, nor because devices were deleted.
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
    end(c, entry.replaces, now)?;
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
        "INSERT INTO session (hash, account, signed_in, created_at, used_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            session.hash,
            session.account.0,
            session.signed_in,
            int(session.created_at),
            int(session.used_at),
            int(session.expires_at)
        ],
    )?;
    for proof in &session.proofs {
        run(
            c,
            "INSERT INTO session_proof (session, method, at, dev) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (session, method) DO UPDATE SET at = excluded.at, dev = excluded.dev",
            params![
                session.hash,
                proof.method.name(),
                int(proof.at),
                proof.dev.map(|dev| dev.0)
            ],
        )?;
    }
    if session.signed_in {
        note(
            c,
            session.account,
            "signed-in",
            session.last_method().name(),
            now,
        )?;
        // Only a sign-in by the app, not by a code that whoever holds the phone can have.
        if session.last_method().rank() == Some(Rank::Three) {
            guesses::lift(c, session.account, now)?;
        }
        if session.is_strong() {
            if !browsers::knows(c, entry.known, session.account, now)? {
                note(c, session.account, "new-browser", "", now)?;
            }
            browsers::know(c, entry.known, session.account, now)?;
        }
    }
    Ok(())
}

pub(super) fn get(
    c: &Connection,
    hash: SessionHash,
    now: Time,
) -> Result<Option<Session>, StoreError> {
    let found = one(
        c,
        "SELECT * FROM session WHERE hash = ?1 AND expires_at > ?2 AND used_at > ?3",
        params![
            hash,
            int(now),
            int(now.saturating_sub(policy::SESSION_IDLE_SECONDS))
        ],
        |row| {
            Ok(Session {
                hash: row.get("hash")?,
                account: AccountId(row.get("account")?),
                signed_in: row.get("signed_in")?,
                proofs: Vec::new(),
                created_at: num(row, "created_at")?,
                used_at: num(row, "used_at")?,
                expires_at: num(row, "expires_at")?,
            })
        },
    )?;
    let Some(session) = found else {
        return Ok(None);
    };
    let proofs = all(
        c,
        "SELECT method, at, dev FROM session_proof WHERE session = ?1 ORDER BY at, dev IS NOT NULL",
        [hash],
        |row| {
            Ok(Proved {
                method: named(row, "method", Method::from_name)?,
                at: num(row, "at")?,
                dev: row.get::<_, Option<[u8; 8]>>("dev")?.map(DeviceId),
            })
        },
    )?;
    Ok(Some(Session { proofs, ..session }))
}

pub(super) fn touch(c: &Connection, hash: SessionHash, now: Time) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE session SET used_at = max(used_at, ?2) WHERE hash = ?1",
        params![hash, int(now)],
    )?;
    Ok(())
}

/// Ends a session with all that it asked for and has not got.
pub(super) fn end(c: &Connection, hash: SessionHash, now: Time) -> Result<(), StoreError> {
    run(c, "DELETE FROM session WHERE hash = ?1", [hash])?;
    // Nobody can collect what it asked for any more, so that must not keep the next session of
    // this browser waiting.
    run(
        c,
        "UPDATE challenge SET state = 'replaced', closed_at = ?2 WHERE session = ?1 AND state = 'open'",
        params![hash, int(now)],
    )?;
    Ok(())
}

/// Ends every session of an account but `keep`.
pub(super) fn end_others(
    c: &Connection,
    account: AccountId,
    keep: Option<SessionHash>,
    now: Time,
) -> Result<(), StoreError> {
    let others = all(
        c,
        "SELECT hash FROM session WHERE account = ?1",
        [account.0],
        |row| Ok(row.get::<_, SessionHash>("hash")?),
    )?;
    for hash in others.into_iter().filter(|hash| Some(*hash) != keep) {
        end(c, hash, now)?;
    }
    Ok(())
}

/// Ends the sessions of an account that are not signed in.
pub(super) fn end_half(c: &Connection, account: AccountId, now: Time) -> Result<(), StoreError> {
    let half = all(
        c,
        "SELECT hash FROM session WHERE account = ?1 AND signed_in = 0",
        [account.0],
        |row| Ok(row.get::<_, SessionHash>("hash")?),
    )?;
    for hash in half {
        end(c, hash, now)?;
    }
    Ok(())
}

/// Ends every session that a device opened: whoever guessed at its PIN may have opened them.
pub(super) fn end_opened_by(c: &Connection, dev: DeviceId, now: Time) -> Result<(), StoreError> {
    let opened = all(
        c,
        "SELECT DISTINCT session FROM session_proof WHERE dev = ?1",
        [dev.0],
        |row| Ok(row.get::<_, SessionHash>("session")?),
    )?;
    for hash in opened {
        end(c, hash, now)?;
    }
    Ok(())
}

/// Ends the sessions of an account that no device proved, but `keep`: from now on that is not
/// enough to sign in.
pub(super) fn end_without_factor(
    c: &Connection,
    account: AccountId,
    keep: SessionHash,
) -> Result<(), StoreError> {
    run(
        c,
        "DELETE FROM session WHERE account = ?1 AND hash <> ?2
           AND NOT EXISTS (SELECT 1 FROM session_proof WHERE session = hash AND dev IS NOT NULL)",
        params![account.0, keep],
    )?;
    Ok(())
}
