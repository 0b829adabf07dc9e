//! The rows of the journal, and what a database needs that was restored from a backup.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId},
    policy::steps,
};
use rusqlite::{Connection, params};

use super::{
    Sqlite,
    accounts::{self, setting},
    codes, credentials, devices, keys, open, outcomes, recovery,
    rows::{all, int, num, one, run},
};
use crate::{
    journal::{Journal, JournalError, Written},
    store::*,
};

/// Marks a backup, so that whoever starts the service with it, however it came there, has a restored one: when it was made.
pub(super) const BACKUP: &str = "backup";

/// Lines are dropped once in so many seconds.
const DROPPED_EVERY: Time = 24 * 3600;

/// Why journal and database can't be brought together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettleError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal can't be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// How far the journal is, in numbers of rows.
#[derive(Default)]
pub(super) struct Progress {
    /// The newest row that may be in the database.
    recorded: AtomicU64,
    /// The newest that is in the journal too.
    appended: AtomicU64,
}

impl Progress {
    /// Called before the transaction commits: nobody sees the row and not this.
    pub(super) fn record(&self, last: u64) {
        self.recorded.fetch_max(last, SeqCst);
    }

    fn append(&self, last: u64) {
        self.record(last);
        self.appended.fetch_max(last, SeqCst);
    }
}

/// Of whom something is told.
#[derive(Clone, Copy)]
pub(super) enum Of {
    Account(AccountId),
    Device(DeviceId),
}

impl Of {
    /// May it be this row? `account` is whose the device is; of a device that is gone nobody knows it any more.
    fn may_be(self, account: Option<AccountId>, row: &Recorded) -> bool {
        use JournalEntry::{
            Added, Blocked, Cleared, Dropped, Email, Guarded, Key, Password, Removed, Suspended,
            WrongCode, WrongPin,
        };
        match (JournalEntry::from_text(&row.entry), self) {
            (
                Some(
                    Removed(_, dev)
                    | Suspended(_, dev)
                    | WrongPin(_, dev, _)
                    | Blocked(_, dev)
                    | Added(_, dev),
                ),
                Self::Device(of),
            ) => dev == of,
            (Some(WrongCode(_, _, devices)), Self::Device(of)) => devices.contains(&of),
            (Some(Cleared(acc, _)), Self::Device(_)) => account.is_none_or(|of| acc == of),
            (
                Some(
                    Removed(acc, _)
                    | Suspended(acc, _)
                    | Cleared(acc, _)
                    | Guarded(acc)
                    | WrongPin(acc, ..)
                    | WrongCode(acc, ..)
                    | Blocked(acc, _)
                    | Added(acc, _)
                    | Password(acc)
                    | Email(acc, _),
                ),
                Self::Account(of),
            ) => acc == of,
            (Some(Guarded(_) | Password(_) | Email(..)), Self::Device(_))
            | (Some(Key(_) | Dropped), _) => false,
            (None, _) => true,
        }
    }
}

impl Sqlite {
    /// Brings the journal and the database to the same: lines that the database lacks, because it was restored, are applied to it, and rows
    /// that the journal lacks, because of a crash, are appended. From then on what must be there is appended as it happens.
    ///
    /// # Errors
    /// See [`SettleError`].
    pub(crate) async fn keep_journal(
        &self,
        mut journal: Journal,
        content: Written,
        now: Time,
    ) -> Result<Option<Restored>, SettleError> {
        let last = self.read(last)?;
        check(&journal, &content, &self.read(|c| since(c, 0))?, last)?;
        let first = content.lines.first().map_or(u64::MAX, |line| line.seq);
        let lines = content.lines;
        let settling = move |c: &Connection| settle(c, &lines, now);
        let restored = match self.is_restored(journal.last()).await? {
            true => self.writer.write(Write::Settle, settling).await?,
            false => None,
        };
        let rows = self.read(|c| since(c, 0))?;
        let dropped = rows.first().map_or(0, |row| row.seq);
        if content.damaged.is_empty() && first < dropped {
            // A crash came between the two when lines were dropped.
            journal.rewrite(&rows)?;
        } else if content.damaged.is_empty() {
            if journal.last() < last {
                tracing::warn!(
                    journal = %journal.path().display(), lines = last - journal.last(),
                    "the journal lacked lines; they are written from the database"
                );
            }
            journal.append(&rows)?;
        } else {
            tracing::warn!(
                journal = %journal.path().display(), lines = ?content.damaged,
                "lines of the journal were damaged; it is written anew from the database"
            );
            journal.rewrite(&rows)?;
        }
        self.progress.append(journal.last());
        *self.journal.lock().unwrap_or_else(PoisonError::into_inner) = Some(journal);
        Ok(restored)
    }

    /// Appends what the database has and the journal has not.
    pub(super) async fn append_to_journal(&self) -> Result<(), StoreError> {
        let (journal, path) = (Arc::clone(&self.journal), self.path.clone());
        let progress = Arc::clone(&self.progress);
        let appended = tokio::task::spawn_blocking(move || {
            let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
            // Without one this is not the service: it appends what it finds.
            let Some(journal) = journal.as_mut() else {
                return Ok(());
            };
            let rows = since(&open::reader(&path)?, journal.last())?;
            let appended = journal.append(&rows);
            progress.append(journal.last());
            appended.map_err(|error| StoreError::Journal(error.to_string()))
        });
        appended.await.map_err(|_| StoreError::Stopped)?
    }

    /// Waits until what may have been seen of this account or device is in the journal too: who asks again, while the first request waits
    /// for its line, must not be told before it. A journal that can't be written is in the way of nobody whom it doesn't concern.
    pub(super) async fn told(&self, of: Of) -> Result<(), StoreError> {
        let appended = self.progress.appended.load(SeqCst);
        if self.progress.recorded.load(SeqCst) <= appended || self.read(last)? <= appended {
            return Ok(());
        }
        let Err(error) = self.append_to_journal().await else {
            return Ok(());
        };
        let appended = self.progress.appended.load(SeqCst);
        let (missing, account) = self.read(|c| {
            let account = match of {
                Of::Account(account) => Some(account),
                Of::Device(dev) => devices::get(c, dev)?.map(|device| device.account),
            };
            Ok((since(c, appended)?, account))
        })?;
        if missing.iter().any(|row| of.may_be(account, row)) {
            return Err(error);
        }
        Ok(())
    }

    /// Writes the journal again from the database, after rows were dropped there.
    pub(super) async fn rewrite_journal(&self) -> Result<(), StoreError> {
        let (journal, path) = (Arc::clone(&self.journal), self.path.clone());
        let written = tokio::task::spawn_blocking(move || {
            let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(journal) = journal.as_mut() else {
                return Ok(());
            };
            let mut rows = since(&open::reader(&path)?, 0)?;
            // What is not there yet is appended by whoever recorded it.
            rows.retain(|row| row.seq <= journal.last());
            let written = journal.rewrite(&rows);
            written.map_err(|error| StoreError::Journal(error.to_string()))
        });
        written.await.map_err(|_| StoreError::Stopped)?
    }

    /// Must there be lines in the journal? It is made before the first row is; what a crash keeps
    /// from an empty one is at most the service's own first keys.
    ///
    /// # Errors
    /// When the database can't be read.
    pub(crate) fn needs_journal(&self, is_there: bool) -> Result<bool, StoreError> {
        let rows = match is_there {
            true => "SELECT count(*) AS n FROM journal WHERE entry NOT LIKE 'key %'",
            false => "SELECT count(*) AS n FROM journal",
        };
        let found = self.read(|c| one(c, rows, [], |row| num(row, "n")))?;
        Ok(found.is_some_and(|rows| rows > 0))
    }

    async fn is_restored(&self, newest: u64) -> Result<bool, StoreError> {
        self.read(|c| Ok(setting(c, BACKUP)?.is_some() || last(c)? < newest))
    }
}

/// Does the journal belong to this database, and is every line there that the database lacks?
fn check(
    journal: &Journal,
    content: &Written,
    rows: &[Recorded],
    last: u64,
) -> Result<(), JournalError> {
    journal.reaches(content, last)?;
    let path = || journal.path().to_owned();
    let mut next = last + 1;
    // Both are in the order of their numbers.
    let mut rows = rows.iter().peekable();
    for line in &content.lines {
        if line.seq > last {
            if line.seq != next && !content.damaged.is_empty() {
                let numbers: Vec<_> = content.damaged.iter().map(usize::to_string).collect();
                return Err(JournalError::Lost(path(), numbers.join(", ")));
            }
            next = line.seq + 1;
            continue;
        }
        while rows.next_if(|row| row.seq < line.seq).is_some() {}
        let same = rows.peek() == Some(&line);
        // What one of the two has dropped, the other may have still.
        let is_dropped = |row: &Recorded| row.entry == JournalEntry::Dropped.to_text();
        if !same && !is_dropped(line) && !rows.peek().is_some_and(|row| is_dropped(row)) {
            return Err(JournalError::Differs(path(), line.seq));
        }
    }
    Ok(())
}

/// Drops the rows that are older than any backup that is restored, and leaves a mark in the place of the last of them; the
/// newest row stays, for the numbers go on from it. `false`: less than a day's, which can wait.
pub(super) fn drop_old(c: &Connection, before: Time) -> Result<bool, StoreError> {
    let mark = one(
        c,
        "SELECT coalesce((SELECT min(seq) FROM journal WHERE at >= ?1), max(seq)) - 1 AS mark FROM journal
         HAVING EXISTS (SELECT 1 FROM journal WHERE entry <> ?2 AND at < ?1 - ?3)",
        params![
            int(before),
            JournalEntry::Dropped.to_text(),
            int(DROPPED_EVERY)
        ],
        |row| Ok(row.get::<_, i64>("mark")?),
    )?;
    let Some(mark) = mark.filter(|mark| *mark > 0) else {
        return Ok(false);
    };
    let dropped = run(c, "DELETE FROM journal WHERE seq < ?1", [mark])?;
    let marked = run(
        c,
        "UPDATE journal SET entry = ?2 WHERE seq = ?1 AND entry <> ?2",
        params![mark, JournalEntry::Dropped.to_text()],
    )?;
    Ok(dropped + marked > 0)
}

/// Records what a restore must not undo.
pub(super) fn record(c: &Connection, entry: &JournalEntry, now: Time) -> Result<(), StoreError> {
    run(
        c,
        "INSERT INTO journal (at, entry) VALUES (?1, ?2)",
        params![int(now), entry.to_text()],
    )?;
    Ok(())
}

/// The number of the last row.
pub(super) fn last(c: &Connection) -> Result<u64, StoreError> {
    let last = one(
        c,
        "SELECT coalesce(max(seq), 0) AS last FROM journal",
        [],
        |row| num(row, "last"),
    )?;
    Ok(last.unwrap_or(0))
}

/// The rows after this number.
pub(super) fn since(c: &Connection, seq: u64) -> Result<Vec<Recorded>, StoreError> {
    all(
        c,
        "SELECT seq, at, entry FROM journal WHERE seq > ?1 ORDER BY seq",
        [int(seq)],
        |row| {
            Ok(Recorded {
                seq: num(row, "seq")?,
                at: num(row, "at")?,
                entry: row.get("entry")?,
            })
        },
    )
}

/// Sees to it that nothing comes back with a backup which must not.
fn settle(c: &Connection, lines: &[Recorded], now: Time) -> Result<Option<Restored>, StoreError> {
    let last = last(c)?;
    let newer: Vec<_> = lines.iter().filter(|line| line.seq > last).collect();
    let backup = setting(c, BACKUP)?;
    close_what_was_open(c, now)?;
    run(
        c,
        "UPDATE account SET step = min(step + ?1, ?2)",
        [int(steps::RESTORE), int(steps::END - 1)],
    )?;
    keys::publish_anew(c)?;
    let mut changed = BTreeSet::new();
    for line in &newer {
        apply(c, line, now)?;
        changed.extend(whose_factors(line));
        run(
            c,
            "INSERT INTO journal (seq, at, entry) VALUES (?1, ?2, ?3)",
            params![int(line.seq), int(line.at), line.entry],
        )?;
    }
    // The account had a factor when the last one in the backup was removed, or has one that the backup lacks: the password
    // alone must not be enough because of that.
    for account in changed {
        if devices::of_account(c, account)?.is_empty() {
            recovery::guard(c, account)?;
        }
    }
    run(c, "DELETE FROM setting WHERE name = ?1", [BACKUP])?;
    Ok(Some(Restored {
        made_at: backup.and_then(|at| String::from_utf8(at).ok()?.parse().ok()),
        applied: newer.len(),
    }))
}

/// The account of whose factors a line tells.
fn whose_factors(line: &Recorded) -> Option<AccountId> {
    match JournalEntry::from_text(&line.entry)? {
        JournalEntry::Added(account, _) | JournalEntry::Removed(account, _) => Some(account),
        _ => None,
    }
}

/// What was open when the backup was made was answered, cancelled, finished or ended since, as far as anybody knows.
fn close_what_was_open(c: &Connection, now: Time) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE challenge SET state = 'replaced', closed_at = ?1 WHERE state IN ('open', 'approved')",
        [int(now)],
    )?;
    for sql in [
        // Who signed out meanwhile stays signed out.
        "DELETE FROM session",
        "UPDATE enrolment SET state = 'void', code = NULL, pin_check = NULL WHERE state <> 'done'",
        "DELETE FROM device WHERE state = 'pending'",
        "DELETE FROM pin_grant",
        // Those that take a change of an address back stay: nobody who took an account over may end them.
        "UPDATE mailed_link SET used_at = created_at, due = 0, payload = x'' WHERE used_at IS NULL AND kind <> 'undo-email'",
    ] {
        run(c, sql, [])?;
    }
    // A link may have been used since. One that takes a change of an address back still may.
    run(
        c,
        "UPDATE mailed_link SET used_at = ?1, due = 0, payload = x''
         WHERE used_at IS NULL AND kind <> 'undo-email'",
        [int(now)],
    )?;
    recovery::cancel_all(c, now)
}

/// Applies a line of the journal to a database that is older. What is not there any more, or not yet, needs nothing.
fn apply(c: &Connection, line: &Recorded, now: Time) -> Result<(), StoreError> {
    let entry = JournalEntry::from_text(&line.entry).ok_or(StoreError::Damaged("journal"))?;
    // The account's history tells of it again, at its own time; the person was told by message then.
    let told =
        |account, what, detail: &str| accounts::note_silently(c, account, what, detail, line.at);
    match entry {
        JournalEntry::Removed(account, dev) => {
            if let Some(device) = devices::of(c, account, dev)? {
                devices::delete(c, &device, None, now)?;
                told(account, "device-removed", &device.name)?;
            }
        }
        JournalEntry::Suspended(account, dev) => {
            if let Some(device) = devices::of(c, account, dev)? {
                devices::stop(c, &device, now)?;
                told(account, "device-suspended", &device.name)?;
            }
        }
        JournalEntry::Cleared(account, why) => {
            if accounts::get(c, account)?.is_some() {
                recovery::clear(c, account, now)?;
                told(account, why.event(), "")?;
            }
        }
        JournalEntry::Guarded(account) => recovery::guard(c, account)?,
        JournalEntry::Key(key) => keys::add(c, &key)?,
        JournalEntry::WrongPin(account, dev, epoch) => {
            if let Some(device) = devices::of(c, account, dev)? {
                outcomes::count_again(c, &device, epoch, line.at)?;
            }
        }
        JournalEntry::WrongCode(account, asker, devices) => {
            codes::count_again(c, account, asker, &devices, line.at)?;
        }
        JournalEntry::Blocked(account, dev) => {
            if let Some(device) = devices::of(c, account, dev)? {
                let blocked = (device.tries.all_in_a_row(), device.month.clone());
                outcomes::set_tries(c, dev, blocked)?;
                told(account, "device-blocked", &device.name)?;
            }
        }
        JournalEntry::Added(account, dev) => {
            if accounts::get(c, account)?.is_some() && devices::of(c, account, dev)?.is_none() {
                told(account, "device-lost", "")?;
            }
        }
        JournalEntry::Password(account) => credentials::forget_password(c, account)?,
        JournalEntry::Email(account, email) => credentials::set_email_again(c, account, &email)?,
        JournalEntry::Dropped => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
