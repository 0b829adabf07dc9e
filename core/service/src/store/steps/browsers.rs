//! Browsers known by a strong sign-in: a part of an account's tries and codes is kept for them, so
//! that a stranger with the password can't use up all. A browser that gave the password alone is
//! only seen: its sign-in is no news the next time.

use countersign_protocol::{Time, id::AccountId};

use crate::{
    base::email::Email,
    policy::{self, means::Means},
    store::*,
};

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

    /// The means by which this browser, known for the account with this address, last signed in
    /// to it. Looks at the accounts that the browser is known for, never for the address among all:
    /// so for a stranger the work is the same whether or not an address has an account.
    pub(crate) async fn last_means(
        &self,
        browser: SessionHash,
        email: &Email,
        now: Time,
    ) -> Result<Option<Means>, StoreError> {
        self.read(|tx| {
            let all = tx.all(
                "SELECT account.email, known_browser.method FROM known_browser
                   CROSS JOIN account
                 WHERE hash = ?1 AND at > ?2 AND acc = account AND method IS NOT NULL
                   AND strong = 1",
                params![browser, oldest(now)],
                |row| Ok((row.get::<Email>("email")?, row.get::<Means>("method")?)),
            )?;
            let last = all.into_iter().find(|(whose, _)| whose == email);
            Ok(last.map(|(_, means)| means))
        })
    }
}

/// The means to sign in of which this is the factor; `None`: it is no factor.
const fn means_of(method: Method) -> Option<Means> {
    match method {
        Method::AppPin | Method::AppBiometric => Some(Means::App),
        Method::Code | Method::CodePin | Method::CodeBiometric => Some(Means::Code),
        Method::Mobile => Some(Means::Mobile),
        Method::Password | Method::Link | Method::Recovery => None,
    }
}

/// A browser has signed in to the account with more than the password; this came last.
pub(super) fn know(
    tx: &dyn Tx,
    browser: SessionHash,
    account: AccountId,
    method: Method,
    now: Time,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO known_browser (hash, account, at, method, strong) VALUES (?1, ?2, ?3, ?4, 1)
         ON CONFLICT (hash, account) DO UPDATE
           SET at = excluded.at, method = excluded.method, strong = 1",
        params![browser, account.0, now, means_of(method).map(Means::name)],
    )?;
    forget_oldest(tx, account)
}

/// A browser has signed in to the account with the password alone.
pub(super) fn see(
    tx: &dyn Tx,
    browser: SessionHash,
    account: AccountId,
    now: Time,
) -> Result<(), StoreError> {
    tx.execute(
        // What it is known by already does not last longer for it.
        "INSERT INTO known_browser (hash, account, at, strong) VALUES (?1, ?2, ?3, 0)
         ON CONFLICT (hash, account) DO UPDATE SET at = excluded.at WHERE strong = 0",
        params![browser, account.0, now],
    )?;
    forget_oldest(tx, account)
}

/// The browser with this mark has another one from now on, for every account that knows it.
pub(super) fn rename(
    tx: &dyn Tx,
    before: SessionHash,
    mark: SessionHash,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE known_browser SET hash = ?2 WHERE hash = ?1",
        params![before, mark],
    )?;
    Ok(())
}

fn forget_oldest(tx: &dyn Tx, account: AccountId) -> Result<(), StoreError> {
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

/// Whether a browser has signed in to the account before, by whatever means.
pub(super) fn is_seen(
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

fn knows(
    tx: &dyn Tx,
    browser: SessionHash,
    account: AccountId,
    now: Time,
) -> Result<bool, StoreError> {
    let found = tx.one(
        "SELECT 1 FROM known_browser WHERE hash = ?1 AND account = ?2 AND at > ?3 AND strong = 1",
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
