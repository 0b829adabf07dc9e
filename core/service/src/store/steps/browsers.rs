//! Browsers known by a strong sign-in: a part of an account's tries and codes is kept for them, so
//! that a stranger with the password can't use up all.

use countersign_protocol::{Time, id::AccountId};

use crate::{policy, store::*};

impl Store {
    /// Has this browser signed in to the account with more than the password, not too long ago?
    pub(crate) async fn knows_browser(
        &self,
        browser: SessionHash,
        account: AccountId,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.read(|tx| knows(tx, browser, account, now))
    }
}

pub(super) fn know(
    tx: &dyn Tx,
    browser: SessionHash,
    account: AccountId,
    now: Time,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO known_browser (hash, account, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (hash, account) DO UPDATE SET at = excluded.at",
        params![browser, account.0, now],
    )?;
    tx.execute(
        "DELETE FROM known_browser WHERE account = ?1 AND hash NOT IN
           (SELECT hash FROM known_browser WHERE account = ?1 ORDER BY at DESC LIMIT ?2)",
        params![account.0, policy::KNOWN_BROWSERS],
    )?;
    Ok(())
}

/// Forgets the browsers that are known for an account, but `keep`.
pub(super) fn forget_others(
    tx: &dyn Tx,
    account: AccountId,
    keep: Option<SessionHash>,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM known_browser WHERE account = ?1 AND hash IS DISTINCT FROM ?2",
        params![account.0, keep],
    )?;
    Ok(())
}

pub(super) fn knows(
    tx: &dyn Tx,
    browser: SessionHash,
    account: AccountId,
    now: Time,
) -> Result<bool, StoreError> {
    let found = tx.one(
        "SELECT 1 FROM known_browser WHERE hash = ?1 AND account = ?2 AND at > ?3",
        params![browser, account.0, oldest(now)],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// The browser with this mark is known for this account no more.
pub(super) fn forget(
    tx: &dyn Tx,
    browser: SessionHash,
    account: AccountId,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM known_browser WHERE hash = ?1 AND account = ?2",
        params![browser, account.0],
    )?;
    Ok(())
}

fn oldest(now: Time) -> Time {
    now.saturating_sub(policy::KNOWN_BROWSER_SECONDS)
}
