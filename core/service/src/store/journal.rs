//! Keeps the journal beside the database: what a step recorded is appended before anybody is
//! answered.

use std::sync::{Arc, PoisonError, atomic::Ordering::SeqCst};

use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId},
};

use super::{
    sqlite::Readers,
    steps::{
        devices,
        journal_rows::{kept, last, mark, since},
        restore::{self, BACKUP},
        settings::setting,
    },
    *,
};
use crate::{
    journal::{Journal, JournalError, Written},
    keys::mac::MacKeys,
};

/// Why journal and database can't be brought together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReconcileError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal can't be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Whom a row of the journal is about.
#[derive(Clone, Copy)]
pub(super) enum JournalSubject {
    Account(AccountId),
    Device(DeviceId),
}

impl JournalSubject {
    /// May it be this row? `account` is whose the device is; of a device that is gone nobody knows
    /// it any more.
    fn may_be(self, account: Option<AccountId>, row: &Recorded) -> bool {
        use JournalEntry::{
            Added, Administered, Blocked, Cleared, Deleted, DeletionAsked, DeletionCancelled,
            Disabled, Dropped, Email, Enabled, GrantEnded, Guarded, Invited, Key, Name, OldToken,
            Password, Removed, Suspended, WrongCode, WrongPin,
        };
        match (JournalEntry::from_text(&row.entry), self) {
            (
                Some(
                    Removed(_, dev)
                    | Suspended(_, dev)
                    | WrongPin(_, dev, _)
                    | Blocked(_, dev)
                    | Added(_, dev)
                    | GrantEnded(_, dev)
                    | OldToken(_, dev, _),
                ),
                Self::Device(of),
            ) => dev == of,
            (Some(WrongCode(_, _, devices)), Self::Device(of)) => devices.contains(&of),
            (
                Some(Cleared(acc, _) | Disabled(acc) | Enabled(acc) | Deleted(acc)),
                Self::Device(_),
            ) => account.is_none_or(|of| acc == of),
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
                    | GrantEnded(acc, _)
                    | Disabled(acc)
                    | Enabled(acc)
                    | Deleted(acc)
                    | DeletionAsked(acc, ..)
                    | DeletionCancelled(acc)
                    | OldToken(acc, ..)
                    | Password(acc)
                    | Email(acc, _)
                    | Name(acc, ..)
                    | Administered(acc, ..),
                ),
                Self::Account(of),
            ) => acc == of,
            (Some(Invited(invited)), Self::Account(of)) => invited.account == of,
            (
                Some(
                    Guarded(_) | Password(_) | Email(..) | Name(..) | Invited(_) | Administered(..)
                    | DeletionAsked(..) | DeletionCancelled(_),
                ),
                Self::Device(_),
            )
            | (Some(Key(_) | Dropped), _) => false,
            (None, _) => true,
        }
    }
}

impl Store {
    /// Brings the journal and the database to the same: lines that the database lacks, because it
    /// was restored, are applied to it, and rows that the journal lacks, because of a crash, are
    /// appended. From then on what must be there is appended as it happens.
    ///
    /// # Errors
    /// See [`ReconcileError`].
    pub(crate) async fn keep_journal(
        &self,
        mut journal: Journal,
        content: Written,
        now: Time,
    ) -> Result<Option<Restored>, ReconcileError> {
        let last = self.read(last)?;
        check(&journal, &content, &self.read(kept)?, last)?;
        let first = content.lines.first().map_or(u64::MAX, |line| line.seq);
        let lines = content.lines;
        let reconcile = move |tx: &dyn Tx| restore::reconcile(tx, &lines, now);
        let restored = match self.is_restored(journal.last())? {
            true => self.database.writer.write(Write::Settle, reconcile).await?,
            false => None,
        };
        let rows = self.read(kept)?;
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
                "lines of the journal were damaged; it is rewritten from the database"
            );
            journal.rewrite(&rows)?;
        }
        self.appended.fetch_max(journal.last(), SeqCst);
        *self.journal.lock().unwrap_or_else(PoisonError::into_inner) = Some(journal);
        Ok(restored)
    }

    /// Works on the journal's file. Without one this is not the service, which appends what it
    /// finds.
    async fn on_journal(
        &self,
        work: impl FnOnce(&mut Journal, &Readers) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let (journal, readers) = (
            Arc::clone(&self.journal),
            Arc::clone(&self.database.readers),
        );
        let done = tokio::task::spawn_blocking(move || {
            let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
            match journal.as_mut() {
                Some(journal) => work(journal, &readers),
                None => Ok(()),
            }
        });
        done.await.map_err(|_| StoreError::Stopped)?
    }

    /// Appends what the database has and the journal has not.
    pub(super) async fn append_to_journal(&self) -> Result<(), StoreError> {
        let newest = Arc::clone(&self.appended);
        self.on_journal(move |journal, readers| {
            let rows = readers.read(|tx| since(tx, journal.last()))?;
            let appended = journal.append(&rows);
            newest.fetch_max(journal.last(), SeqCst);
            appended.map_err(|error| StoreError::Journal(error.to_string()))
        })
        .await
    }

    /// Before answering, waits until the journal rows about this account or device are on disk: a
    /// request that is repeated while the first copy waits for its row must not be answered before
    /// it. A row may be another process's, which rotates keys beside the service. If the
    /// journal can't be written, only requests about the accounts in the missing rows fail.
    pub(super) async fn wait_for_journal(&self, subject: JournalSubject) -> Result<(), StoreError> {
        if self.read(last)? <= self.appended.load(SeqCst) {
            return Ok(());
        }
        let Err(error) = self.append_to_journal().await else {
            return Ok(());
        };
        let appended = self.appended.load(SeqCst);
        let (missing, account) = self.read(|tx| {
            let account = match subject {
                JournalSubject::Account(account) => Some(account),
                JournalSubject::Device(dev) => devices::get(tx, dev)?.map(|device| device.account),
            };
            Ok((since(tx, appended)?, account))
        })?;
        if missing.iter().any(|row| subject.may_be(account, row)) {
            // Whoever made the change is told by the step that it is done; this may have done
            // nothing.
            return Err(match error {
                StoreError::Journal(why) => StoreError::Behind(why),
                error => error,
            });
        }
        Ok(())
    }

    /// Writes the journal again from the database, with MACs under these keys.
    ///
    /// # Errors
    /// When the journal can't be written, or the database not be read.
    pub(crate) async fn renew_journal(&self, keys: Arc<MacKeys>) -> Result<(), StoreError> {
        let change = |journal: &mut Journal| journal.change_keys(keys);
        let changed = {
            let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
            journal.as_mut().map(change)
        };
        // Without one this is not the service.
        if changed.is_none() {
            return Ok(());
        }
        self.rewrite_journal().await
    }

    /// Writes the journal again from the database, after rows were changed there.
    pub(super) async fn rewrite_journal(&self) -> Result<(), StoreError> {
        self.on_journal(rewrite).await
    }

    /// Writes the journal again without the lines that the database has dropped, where it still has
    /// some: those of a drop that was interrupted too.
    pub(super) async fn drop_lines(&self) -> Result<(), StoreError> {
        self.on_journal(|journal, readers| {
            let mark = readers.read(mark)?;
            match journal.first().is_some_and(|first| first < mark) {
                true => rewrite(journal, readers),
                false => Ok(()),
            }
        })
        .await
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
        let found = self.read(|tx| tx.one(rows, params![], |row| row.get::<u64>("n")))?;
        Ok(found.is_some_and(|rows| rows > 0))
    }

    /// Does the database lack what a journal has, whose last line has this number, because it was
    /// restored and the service was not started since?
    ///
    /// # Errors
    /// When the database can't be read.
    pub(crate) fn is_restored(&self, newest: u64) -> Result<bool, StoreError> {
        self.read(|tx| Ok(setting(tx, BACKUP)?.is_some() || last(tx)? < newest))
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
    // What one of the two has dropped, the other may have still, or a part of it: a drop may have
    // been interrupted. Lines and rows before the newest mark do not count.
    let mark = mark_of(&content.lines).max(mark_of(rows));
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
        if line.seq < mark {
            continue;
        }
        while rows.next_if(|row| row.seq < line.seq).is_some() {}
        let row = rows.peek().filter(|row| row.seq == line.seq);
        let same = match line.seq == mark {
            // A mark keeps the time of the row in whose place it is.
            true => row.is_none_or(|row| row.at == line.at),
            false => row.is_some_and(|row| row.is(line)),
        };
        if !same {
            return Err(JournalError::Differs(path(), line.seq));
        }
    }
    Ok(())
}

/// The number of the newest mark that says up to where lines were dropped; 0 where none was.
fn mark_of(rows: &[Recorded]) -> u64 {
    let dropped = JournalEntry::Dropped.to_text();
    let mark = rows.iter().rfind(|row| row.entry == dropped);
    mark.map_or(0, |row| row.seq)
}

/// Writes the journal again from the database.
fn rewrite(journal: &mut Journal, readers: &Readers) -> Result<(), StoreError> {
    let mut rows = readers.read(kept)?;
    // Rows that are not there yet are appended by the request that recorded them.
    rows.retain(|row| row.seq <= journal.last());
    let written = journal.rewrite(&rows);
    written.map_err(|error| StoreError::Journal(error.to_string()))
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
