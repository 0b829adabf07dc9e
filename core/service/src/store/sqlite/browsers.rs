//! Browsers known by a strong sign-in: a part of an account's tries and codes is kept for them, so that a stranger who has the
//! password can't use up all.

use countersign_protocol::{Time, id::AccountId};
use rusqlite::{Connection, params};

use super::rows::{int, one, run};
use crate::{policy, store::*};

pub(super) fn know(
    c: &Connection,
    browser: SessionHash,
    account: AccountId,
    now: Time,
) -> Result<(), StoreError> {
    run(
        c,
        "INSERT INTO known_browser (hash, account, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (hash, account) DO UPDATE SET at = excluded.at",
        params![browser, account.0, int(now)],
    )?;
    run(
        c,
        "DELETE FROM known_browser WHERE account = ?1 AND hash IN
           (SELECT hash FROM known_browser WHERE account = ?1 ORDER BY at DESC LIMIT -1 OFFSET ?2)",
        params![account.0, policy::KNOWN_BROWSERS],
    )?;
    Ok(())
}

/// Forgets the browsers that are known for an account, but `keep`.
pub(super) fn forget_others(
    c: &Connection,
    account: AccountId,
    keep: Option<SessionHash>,
) -> Result<(), StoreError> {
    run(
        c,
        "DELETE FROM known_browser WHERE account = ?1 AND hash IS NOT ?2",
        params![account.0, keep],
    )?;
    Ok(())
}

pub(super) fn knows(
    c: &Connection,
    browser: SessionHash,
    account: AccountId,
    now: Time,
) -> Result<bool, StoreError> {
    let found = one(
        c,
        "SELECT 1 FROM known_browser WHERE hash = ?1 AND account = ?2 AND at > ?3",
        params![browser, account.0, int(oldest(now))],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// The browser with this mark is known for this account no more.
pub(super) fn forget(
    c: &Connection,
    browser: SessionHash,
    account: AccountId,
) -> Result<(), StoreError> {
    run(
        c,
        "DELETE FROM known_browser WHERE hash = ?1 AND account = ?2",
        params![browser, account.0],
    )?;
    Ok(())
}

pub(super) fn sweep(c: &Connection, now: Time) -> Result<(), StoreError> {
    run(
        c,
        "DELETE FROM known_browser WHERE at <= ?1",
        [int(oldest(now))],
    )?;
    Ok(())
}

fn oldest(now: Time) -> Time {
    now.saturating_sub(policy::KNOWN_BROWSER_SECONDS)
}
