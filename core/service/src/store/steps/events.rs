//! Events of an account: its history.

use countersign_protocol::{Time, id::AccountId};

use crate::{
    policy,
    security::{self, By, Caller, Happened},
    store::*,
};

impl Store {
    /// The newest events, newest first.
    pub(crate) async fn events(
        &self,
        account: AccountId,
        at_most: u32,
    ) -> Result<Vec<AccountEvent>, StoreError> {
        self.read_of(JournalSubject::Account(account), |tx| {
            events(tx, account, at_most)
        })
        .await
    }

    /// A page of the events from `from` on and before `to`, newest first, and how many there are.
    pub(crate) async fn events_between(
        &self,
        account: AccountId,
        (from, to): (Time, Time),
        skip: u64,
        at_most: u64,
    ) -> Result<(Vec<AccountEvent>, u64), StoreError> {
        self.read_of(JournalSubject::Account(account), |tx| {
            let events = tx.all(
                "SELECT at, what, detail, browser, place FROM event
                 WHERE account = ?1 AND at >= ?2 AND at < ?3
                 ORDER BY at DESC, id DESC LIMIT ?5 OFFSET ?4",
                params![account.0, from, to, skip, at_most],
                from_row,
            )?;
            let count = tx.one(
                "SELECT count(*) AS n FROM event WHERE account = ?1 AND at >= ?2 AND at < ?3",
                params![account.0, from, to],
                |row| row.get("n"),
            )?;
            Ok((events, count.unwrap_or(0)))
        })
        .await
    }

    /// When the first event happened that an account's history still has.
    pub(crate) async fn first_event(&self, account: AccountId) -> Result<Option<Time>, StoreError> {
        self.read(|tx| {
            tx.one(
                "SELECT at FROM event WHERE account = ?1 ORDER BY at LIMIT 1",
                params![account.0],
                |row| row.get("at"),
            )
        })
    }
}

pub(super) fn note(
    tx: &dyn Tx,
    account: AccountId,
    what: &str,
    detail: &str,
    now: Time,
) -> Result<(), StoreError> {
    write_event(tx, account, what, detail, now, policy::is_mailed(what))
}

/// Notes an event without a notice.
pub(super) fn note_silently(
    tx: &dyn Tx,
    account: AccountId,
    what: &str,
    detail: &str,
    at: Time,
) -> Result<(), StoreError> {
    write_event(tx, account, what, detail, at, false)
}

fn write_event(
    tx: &dyn Tx,
    account: AccountId,
    what: &str,
    detail: &str,
    at: Time,
    mail: bool,
) -> Result<(), StoreError> {
    security::seen(at, Happened::event(account, what, detail));
    insert(tx, account, what, detail, at, mail)
}

/// Puts an event into the history alone, and not into the security log.
pub(super) fn insert(
    tx: &dyn Tx,
    account: AccountId,
    what: &str,
    detail: &str,
    at: Time,
    mail: bool,
) -> Result<(), StoreError> {
    let caller = security::caller_here();
    let by = caller.by.map(|by| by.code());
    tx.execute(
        "INSERT INTO event (account, at, what, detail, mail, browser, place)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![account.0, at, what, detail, mail, by, caller.place],
    )?;
    Ok(())
}

pub(super) fn events(
    tx: &dyn Tx,
    account: AccountId,
    at_most: u32,
) -> Result<Vec<AccountEvent>, StoreError> {
    tx.all(
        "SELECT at, what, detail, browser, place FROM event
         WHERE account = ?1 ORDER BY at DESC, id DESC LIMIT ?2",
        params![account.0, at_most],
        from_row,
    )
}

/// Whether the account's history has such an event.
pub(super) fn has(tx: &dyn Tx, account: AccountId, what: &str) -> Result<bool, StoreError> {
    let found = tx.one(
        "SELECT 1 FROM event WHERE account = ?1 AND what = ?2 LIMIT 1",
        params![account.0, what],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

pub(super) fn from_row(row: &dyn Row) -> Result<AccountEvent, StoreError> {
    Ok(AccountEvent {
        at: row.get("at")?,
        what: row.get("what")?,
        detail: row.get("detail")?,
        caller: caller(row)?,
    })
}

/// The caller in a row's columns `browser` and `place`.
pub(super) fn caller(row: &dyn Row) -> Result<Caller, StoreError> {
    let by: Option<String> = row.get("browser")?;
    Ok(Caller {
        by: by.and_then(|code| By::from_code(&code)),
        place: row.get("place")?,
    })
}
