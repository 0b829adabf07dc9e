//! Sessions: browsers that gave a first factor or more, with what each of them proved.

use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId},
};

use super::{
    accounts, browsers, calls, devices, entered,
    events::{self, note},
    guesses, standing,
};
use crate::{
    policy::{self, changes::Rank},
    security::By,
    store::*,
};

impl Store {
    /// Lets a browser in whose password was right, as far as the account's factors leave it; an
    /// account's oldest sessions go when there are too many.
    pub(crate) async fn open_session(&self, entry: Entry) -> Result<Entered, StoreError> {
        let subject = JournalSubject::Account(entry.session.account);
        self.write_of(subject, Write::OpenSession, move |tx| {
            enter_by_password(tx, &entry)
        })
        .await
    }

    /// A session that has not expired and was used lately.
    pub(crate) async fn session(
        &self,
        hash: SessionHash,
        now: Time,
    ) -> Result<Option<Session>, StoreError> {
        self.read(|tx| get(tx, hash, now))
    }

    /// Notes that the session was used.
    pub(crate) async fn touch_session(
        &self,
        hash: SessionHash,
        now: Time,
    ) -> Result<(), StoreError> {
        self.write(Write::TouchSession, move |tx| touch(tx, hash, now))
            .await
    }

    /// Notes that the password was given once more in a session that is signed in.
    pub(crate) async fn prove_password(
        &self,
        hash: SessionHash,
        now: Time,
    ) -> Result<(), StoreError> {
        self.write(Write::ProvePassword, move |tx| {
            tx.execute(
                "INSERT INTO session_proof (session, method, at)
                 SELECT hash, ?2, ?3 FROM session WHERE hash = ?1 AND signed_in = 1
                 ON CONFLICT (session, method) DO UPDATE SET at = excluded.at",
                params![hash, Method::Password.name(), now],
            )?;
            Ok(())
        })
        .await
    }

    /// Ends a session with all that it asked for and has not got.
    pub(crate) async fn end_session(&self, hash: SessionHash, now: Time) -> Result<(), StoreError> {
        self.write(Write::EndSession, move |tx| end(tx, hash, now))
            .await
    }

    /// The sessions of an account that are signed in, the one that was used last first.
    pub(crate) async fn sessions(
        &self,
        account: AccountId,
        now: Time,
    ) -> Result<Vec<Session>, StoreError> {
        self.read(|tx| of_account(tx, account, now))
    }

    /// Ends a session of an account by its random name; `false` where it has none of that name.
    pub(crate) async fn end_session_of(
        &self,
        account: AccountId,
        id: SessionId,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::EndSessionOf, move |tx| {
            end_by_name(tx, account, id, now)
        })
        .await
    }

    /// Ends every session of an account but this one.
    pub(crate) async fn end_other_sessions(
        &self,
        account: AccountId,
        keep: SessionHash,
        now: Time,
    ) -> Result<(), StoreError> {
        self.write(Write::EndOtherSessions, move |tx| {
            end_others(tx, account, Some(keep), now)?;
            note(tx, account, "sessions-ended", "", now)
        })
        .await
    }
}

/// Opens the session of a browser whose password was right. A blocked or suspended device counts:
/// the password alone must not become enough because of it, nor because devices were deleted.
pub(super) fn enter_by_password(tx: &dyn Tx, entry: &Entry) -> Result<Entered, StoreError> {
    let mut entry = entry.clone();
    let session = &mut entry.session;
    if accounts::is_disabled(tx, session.account)? {
        end(tx, entry.replaces, session.created_at)?;
        return Ok(Entered::Disabled);
    }
    let none = devices::of_account(tx, session.account)?.is_empty();
    let entered = match none {
        false => Entered::Half,
        true if standing::standing(tx, session.account)?.guarded => Entered::Guarded,
        true => Entered::Whole,
    };
    session.signed_in = entered == Entered::Whole;
    session.expires_at = session.created_at
        + match session.signed_in {
            true => policy::SESSION_SECONDS,
            false => policy::HALF_SESSION_SECONDS,
        };
    enter(tx, &entry)?;
    Ok(entered)
}

/// Opens the session of a browser that is let in, in the place of the one that it had.
pub(super) fn enter(tx: &dyn Tx, entry: &Entry) -> Result<(), StoreError> {
    let session = &entry.session;
    let now = session.created_at;
    entered::go_over(tx, entry.replaces, session.account, session.id)?;
    end(tx, entry.replaces, now)?;
    // It signs in nowhere, whatever was proved.
    if accounts::is_disabled(tx, session.account)? {
        return Ok(());
    }
    let too_many = tx.all(
        // Half sessions, which need only the password, don't push out whole ones.
        "SELECT hash FROM session WHERE account = ?1 AND signed_in = ?2 AND hash NOT IN
           (SELECT hash FROM session WHERE account = ?1 AND signed_in = ?2
            ORDER BY used_at DESC, created_at DESC LIMIT ?3)",
        params![session.account.0, session.signed_in, policy::SESSIONS - 1],
        |row| row.get::<SessionHash>("hash"),
    )?;
    for oldest in too_many {
        end(tx, oldest, now)?;
    }
    tx.execute(
        "INSERT INTO session
           (hash, account, signed_in, created_at, used_at, expires_at, id, browser, place)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            session.hash,
            session.account.0,
            session.signed_in,
            session.created_at,
            session.used_at,
            session.expires_at,
            session.id,
            session.caller.by.as_ref().map(By::code),
            session.caller.place
        ],
    )?;
    for proof in &session.proofs {
        tx.execute(
            "INSERT INTO session_proof (session, method, at, dev) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (session, method) DO UPDATE SET at = excluded.at, dev = excluded.dev",
            params![
                session.hash,
                proof.method.name(),
                proof.at,
                proof.dev.map(|dev| dev.0)
            ],
        )?;
    }
    if session.signed_in {
        // Nobody needs a message that the browser is new in which the account was made.
        let first = !events::has(tx, session.account, "signed-in")?
            && now < accounts::made_at(tx, session.account)? + policy::FIRST_SIGN_IN_SECONDS;
        note(
            tx,
            session.account,
            "signed-in",
            session.last_method().name(),
            now,
        )?;
        if standing::cancel_deletion(tx, session.account, now)? {
            tx.execute(
                "UPDATE session SET kept_account = 1 WHERE hash = ?1",
                params![session.hash],
            )?;
        }
        // Only a sign-in by the app, not by a code that whoever holds the phone can have.
        if session.last_method().rank() == Some(Rank::Three) {
            guesses::lift(tx, session.account, now)?;
        }
        if let Some(before) = entry.known_before {
            browsers::rename(tx, before, entry.known)?;
        }
        if !first && !browsers::is_seen(tx, entry.known, session.account, now)? {
            note(tx, session.account, "new-browser", "", now)?;
        }
        match session.is_strong() {
            true => browsers::know(tx, entry.known, session.account, session.last_method(), now)?,
            false => browsers::see(tx, entry.known, session.account, now)?,
        }
    }
    Ok(())
}

pub(super) fn get(
    tx: &dyn Tx,
    hash: SessionHash,
    now: Time,
) -> Result<Option<Session>, StoreError> {
    let found = tx.one(
        "SELECT * FROM session WHERE hash = ?1 AND expires_at > ?2 AND used_at > ?3",
        params![hash, now, now.saturating_sub(policy::SESSION_IDLE_SECONDS)],
        |row| {
            Ok(Session {
                hash: row.get("hash")?,
                id: row.get("id")?,
                caller: events::caller(row)?,
                account: row.get("account")?,
                signed_in: row.get("signed_in")?,
                proofs: Vec::new(),
                created_at: row.get("created_at")?,
                used_at: row.get("used_at")?,
                expires_at: row.get("expires_at")?,
                kept_account: row.get("kept_account")?,
                export_until: row.get("export_until")?,
            })
        },
    )?;
    let Some(session) = found else {
        return Ok(None);
    };
    let proofs = tx.all(
        "SELECT method, at, dev FROM session_proof WHERE session = ?1 ORDER BY at, dev IS NOT NULL",
        params![hash],
        |row| {
            Ok(Proved {
                method: row.get("method")?,
                at: row.get("at")?,
                dev: row.get("dev")?,
            })
        },
    )?;
    Ok(Some(Session { proofs, ..session }))
}

/// The sessions of an account that are signed in, the one that was used last first.
fn of_account(tx: &dyn Tx, account: AccountId, now: Time) -> Result<Vec<Session>, StoreError> {
    let hashes = tx.all(
        "SELECT hash FROM session WHERE account = ?1 AND signed_in = 1
         ORDER BY used_at DESC, created_at DESC",
        params![account.0],
        |row| row.get("hash"),
    )?;
    let mut sessions = Vec::new();
    for hash in hashes {
        sessions.extend(get(tx, hash, now)?);
    }
    Ok(sessions)
}

fn end_by_name(
    tx: &dyn Tx,
    account: AccountId,
    id: SessionId,
    now: Time,
) -> Result<bool, StoreError> {
    let found = tx.one(
        "SELECT hash, browser, place FROM session WHERE id = ?1 AND account = ?2",
        params![id, account.0],
        |row| Ok((row.get("hash")?, events::caller(row)?)),
    )?;
    let Some((hash, caller)) = found else {
        return Ok(false);
    };
    end(tx, hash, now)?;
    calls::end_left_over(tx, account)?;
    let browser = caller.browser().code();
    note(tx, account, "session-ended", &browser, now)?;
    Ok(true)
}

/// How far a session is open to services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is signed in, and was used lately.
    Open,
    /// The person signs in once more in its place, and has not got there.
    Half,
    /// There is none any more.
    Over,
}

/// How far the session of a name is open, by the same bounds as [`get`].
pub(super) fn standing_of(
    tx: &dyn Tx,
    id: SessionId,
    account: AccountId,
    now: Time,
) -> Result<Standing, StoreError> {
    let signed_in = tx.one(
        "SELECT signed_in FROM session
         WHERE id = ?1 AND account = ?2 AND expires_at > ?3 AND used_at > ?4",
        params![
            id,
            account.0,
            now,
            now.saturating_sub(policy::SESSION_IDLE_SECONDS)
        ],
        |row| row.get("signed_in"),
    )?;
    Ok(match signed_in {
        Some(true) => Standing::Open,
        Some(false) => Standing::Half,
        None => Standing::Over,
    })
}

/// Ends `at_most` half sessions whose time is over and that took the place of one in which services
/// were entered: these are told, for that one did not merely expire.
pub(super) fn end_half_over(tx: &dyn Tx, now: Time, at_most: u32) -> Result<usize, StoreError> {
    let over = tx.all(
        "SELECT hash FROM session WHERE expires_at <= ?1 AND signed_in = 0
           AND EXISTS (SELECT 1 FROM visit WHERE visit.session = session.id) LIMIT ?2",
        params![now, at_most],
        |row| row.get::<SessionHash>("hash"),
    )?;
    for hash in &over {
        end(tx, *hash, now)?;
    }
    Ok(over.len())
}

pub(super) fn touch(tx: &dyn Tx, hash: SessionHash, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE session SET used_at = ?2 WHERE hash = ?1 AND used_at < ?2",
        params![hash, now],
    )?;
    Ok(())
}

/// Ends a session with all that it asked for and has not got.
pub(super) fn end(tx: &dyn Tx, hash: SessionHash, now: Time) -> Result<(), StoreError> {
    entered::end(tx, hash, now)?;
    tx.execute("DELETE FROM session WHERE hash = ?1", params![hash])?;
    // Nobody can collect what it asked for any more, so that must not keep the next session of
    // this browser waiting.
    tx.execute(
        "UPDATE challenge SET state = 'replaced', closed_at = ?2 WHERE session = ?1 AND state = 'open'",
        params![hash, now],
    )?;
    Ok(())
}

/// Ends every session of an account but `keep` with all that services were granted, also what
/// outlives a session, and the way back into a recovery that was finished.
pub(super) fn end_others(
    tx: &dyn Tx,
    account: AccountId,
    keep: Option<SessionHash>,
    now: Time,
) -> Result<(), StoreError> {
    standing::end_finished(tx, account)?;
    let others = tx.all(
        "SELECT hash FROM session WHERE account = ?1",
        params![account.0],
        |row| row.get::<SessionHash>("hash"),
    )?;
    for hash in others.into_iter().filter(|hash| Some(*hash) != keep) {
        end(tx, hash, now)?;
    }
    calls::end_left_over(tx, account)
}

/// Ends the sessions of an account that are not signed in.
pub(super) fn end_half(tx: &dyn Tx, account: AccountId, now: Time) -> Result<(), StoreError> {
    let half = tx.all(
        "SELECT hash FROM session WHERE account = ?1 AND signed_in = 0",
        params![account.0],
        |row| row.get::<SessionHash>("hash"),
    )?;
    for hash in half {
        end(tx, hash, now)?;
    }
    Ok(())
}

/// Ends every session that a device opened: whoever guessed at its PIN may have opened them.
pub(super) fn end_opened_by(
    tx: &dyn Tx,
    account: AccountId,
    dev: DeviceId,
    now: Time,
) -> Result<(), StoreError> {
    let opened = tx.all(
        "SELECT DISTINCT session FROM session_proof WHERE dev = ?1",
        params![dev.0],
        |row| row.get::<SessionHash>("session"),
    )?;
    for hash in opened {
        end(tx, hash, now)?;
    }
    calls::end_left_over(tx, account)
}

/// Ends the sessions of an account that no device proved, but `keep`: from now on that is not
/// enough to sign in.
pub(super) fn end_without_factor(
    tx: &dyn Tx,
    account: AccountId,
    keep: SessionHash,
    now: Time,
) -> Result<(), StoreError> {
    let without = tx.all(
        "SELECT hash FROM session WHERE account = ?1 AND hash <> ?2
           AND NOT EXISTS (SELECT 1 FROM session_proof WHERE session = hash AND dev IS NOT NULL)",
        params![account.0, keep],
        |row| row.get::<SessionHash>("hash"),
    )?;
    for hash in without {
        end(tx, hash, now)?;
    }
    calls::end_left_over(tx, account)
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
