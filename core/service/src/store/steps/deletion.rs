//! The deletion of an account by its person: asked for with a proof of its own, cancelled while it
//! waits, and done in two parts. The first is one transaction, after which the account is nobody's
//! any more: it has no name, address, password, phone or session. The second removes what is left
//! of its rows, a few at a time, in the sweep.

use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId},
};

use super::{
    accounts, devices, entered,
    events::{note, note_silently},
    facts, journal_rows, links, sessions,
    standing::{self, deletion_from_row},
};
use crate::{
    base::hex,
    policy::{
        self,
        changes::{Change, Proof, Refused},
    },
    security::{self, Happened},
    store::*,
};

/// Deletions that are begun or reminded of in one look, at most.
const AT_ONCE: u32 = 20;

impl Store {
    /// Uses a link to the confirmed address up, in the session that asked for it: the account is
    /// deleted when the time of `new` has come.
    pub(crate) async fn ask_deletion(
        &self,
        link: LinkId,
        new: Deletion,
        session: SessionHash,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError> {
        let subject = JournalSubject::Account(new.account);
        self.write_of(subject, Write::AskDeletion, move |tx| {
            by_link(tx, link, &new, session, now)
        })
        .await
    }

    /// A deletion that waits.
    pub(crate) async fn deletion(&self, id: DeletionId) -> Result<Option<Deletion>, StoreError> {
        self.read(|tx| get(tx, id))
    }

    /// Cancels a deletion; `false` when it does not wait any more.
    pub(crate) async fn cancel_deletion(
        &self,
        id: DeletionId,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::CancelDeletion, move |tx| match get(tx, id)? {
            Some(deletion) => standing::cancel_deletion(tx, deletion.account, now),
            None => Ok(false),
        })
        .await
    }

    /// Notes, once for each, the deletions that are due within a day, so that their people get a
    /// message. `false`: there is none.
    pub(crate) async fn remind_of_deletions(&self, now: Time) -> Result<bool, StoreError> {
        if self.read(|tx| near(tx, now))?.is_empty() {
            return Ok(false);
        }
        self.write(Write::RemindOfDeletions, move |tx| remind(tx, now))
            .await?;
        Ok(true)
    }

    /// The accounts whose time has come.
    pub(crate) async fn due_deletions(&self, now: Time) -> Result<Vec<AccountId>, StoreError> {
        self.read(|tx| {
            tx.all(
                // A disabled account may be somebody else's at present: it waits.
                // While a change of the address can be undone, the owner of the old one must find
                // the account.
                "SELECT account FROM deletion JOIN account ON acc = account
                 WHERE begun_at IS NULL AND due_at <= ?1 AND disabled_at IS NULL
                   AND NOT EXISTS (SELECT 1 FROM mailed_link WHERE mailed_link.account = acc
                     AND kind = 'undo-email' AND used_at IS NULL AND expires_at > ?1)
                 ORDER BY due_at LIMIT ?2",
                params![now, AT_ONCE],
                |row| row.get("account"),
            )
        })
    }

    /// Deletes an account whose time has come, and asks for the last message to its address.
    /// Answers the devices that were there; `None` when it is cancelled, or done already.
    pub(crate) async fn begin_deletion(
        &self,
        account: AccountId,
        farewell: NewLink,
        now: Time,
    ) -> Result<Option<Vec<DeviceId>>, StoreError> {
        let subject = JournalSubject::Account(account);
        self.write_of(subject, Write::BeginDeletion, move |tx| {
            begin(tx, account, &farewell, now)
        })
        .await
    }
}

fn get(tx: &dyn Tx, id: DeletionId) -> Result<Option<Deletion>, StoreError> {
    tx.one(
        "SELECT * FROM deletion WHERE id = ?1 AND begun_at IS NULL",
        params![id],
        deletion_from_row,
    )
}

/// An account that holds no factor proves it with the password, which was checked before the link
/// went out, and the link.
fn by_link(
    tx: &dyn Tx,
    id: LinkId,
    new: &Deletion,
    session: SessionHash,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    let asked = (Some(new.account), Some(session));
    let found = links::get(tx, id, now)?
        .filter(|link| link.kind == LinkKind::Confirm && (link.account, link.session) == asked);
    if found.is_none() {
        return Ok(Err(Refused::Changed));
    }
    let given = Proof::PasswordAndLink;
    let allowed = facts::allow(tx, new.account, Change::Delete, given, now)?;
    if allowed.is_ok() {
        links::spend(tx, id, LinkKind::Confirm, now)?;
        ask(tx, new, session, now)?;
    }
    Ok(allowed)
}

/// Takes a deletion up that is proved: every other session ends. One that waits already goes on.
pub(super) fn ask(
    tx: &dyn Tx,
    new: &Deletion,
    session: SessionHash,
    now: Time,
) -> Result<(), StoreError> {
    // As long as a change of the address can be undone, the old one can have the account back.
    let undo_until = links::undo_until(tx, new.account, now)?.unwrap_or(0);
    let new = &Deletion {
        due_at: new.due_at.max(undo_until),
        ..*new
    };
    if !insert(tx, new, now)? {
        return Ok(());
    }
    sessions::end_others(tx, new.account, Some(session), now)?;
    // What services have open ends for this browser too: they don't wait with the account.
    entered::end_all(tx, new.account, now)?;
    links::end_of_account(tx, new.account, now)?;
    let asked = JournalEntry::DeletionAsked(new.account, new.id, new.due_at);
    journal_rows::record(tx, &asked, now)?;
    let due = new.due_at.to_string();
    note(tx, new.account, "deletion-asked", &due, now)
}

/// Lets an account wait for its deletion. `false`: it does so already.
pub(super) fn insert(tx: &dyn Tx, new: &Deletion, now: Time) -> Result<bool, StoreError> {
    // A message a day before says nothing new where it would follow at once.
    let reminded = new.due_at <= now + policy::DAY;
    let inserted = tx.execute(
        "INSERT INTO deletion (account, id, asked_at, due_at, reminded) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (account) DO NOTHING",
        params![new.account.0, new.id, now, new.due_at, reminded],
    )?;
    Ok(inserted == 1)
}

/// The account is in use again: its deletion waits once more as long as it was to wait at first, so
/// that its person hears of it and can cancel it.
pub(super) fn wait_again(tx: &dyn Tx, account: AccountId, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE deletion SET asked_at = ?2, due_at = ?2 + (due_at - asked_at), reminded = 0
         WHERE account = ?1 AND begun_at IS NULL AND due_at < ?2 + (due_at - asked_at)",
        params![account.0, now],
    )?;
    Ok(())
}

/// The deletions that are due within a day and were not reminded of.
fn near(tx: &dyn Tx, now: Time) -> Result<Vec<Deletion>, StoreError> {
    tx.all(
        "SELECT * FROM deletion WHERE reminded = 0 AND begun_at IS NULL AND due_at <= ?1 LIMIT ?2",
        params![now + policy::DAY, AT_ONCE],
        deletion_from_row,
    )
}

fn remind(tx: &dyn Tx, now: Time) -> Result<(), StoreError> {
    for deletion in near(tx, now)? {
        tx.execute(
            "UPDATE deletion SET reminded = 1 WHERE account = ?1",
            params![deletion.account.0],
        )?;
        let due = deletion.due_at.to_string();
        note(tx, deletion.account, "deletion-near", &due, now)?;
    }
    Ok(())
}

fn begin(
    tx: &dyn Tx,
    account: AccountId,
    farewell: &NewLink,
    now: Time,
) -> Result<Option<Vec<DeviceId>>, StoreError> {
    let begun = tx.execute(
        "UPDATE deletion SET begun_at = ?2
         WHERE account = ?1 AND begun_at IS NULL AND due_at <= ?2
           AND EXISTS (SELECT 1 FROM account WHERE acc = ?1 AND disabled_at IS NULL)",
        params![account.0, now],
    )?;
    if begun == 0 {
        return Ok(None);
    }
    let devices = devices::of_account(tx, account)?;
    journal_rows::record(tx, &JournalEntry::Deleted(account), now)?;
    security::seen(now, Happened::event(account, "account-deleted", ""));
    // What services have open from the waiting time.
    entered::end_all(tx, account, now)?;
    sessions::end_others(tx, account, None, now)?;
    let values: &[Value<'_>] = params![account.0];
    tx.batch(&[
        ("DELETE FROM device WHERE account = ?1", values),
        ("DELETE FROM enrolment WHERE account = ?1", values),
        ("DELETE FROM known_browser WHERE account = ?1", values),
        ("DELETE FROM mailed_link WHERE account = ?1", values),
        ("DELETE FROM delivery WHERE account = ?1", values),
        (
            "UPDATE event SET mail = 0 WHERE account = ?1 AND mail = 1",
            values,
        ),
    ])?;
    // Its address is free from now on.
    let nobody = format!("{}@deleted.invalid", hex::encode(&account.0));
    tx.execute(
        "UPDATE account SET email = ?2, first_name = '', last_name = '', password = '',
           disabled_at = ?3 WHERE acc = ?1",
        params![account.0, nobody, now],
    )?;
    links::ask(tx, farewell, now)?;
    Ok(Some(devices.iter().map(|device| device.dev).collect()))
}

/// Deletes `?1` rows at most of accounts that are deleted.
const REST: [&str; 4] = [
    "DELETE FROM event WHERE id IN
       (SELECT event.id FROM event JOIN deletion ON deletion.account = event.account
        WHERE begun_at IS NOT NULL LIMIT ?1)",
    "DELETE FROM challenge WHERE id IN
       (SELECT challenge.id FROM challenge JOIN deletion ON deletion.account = challenge.account
        WHERE begun_at IS NOT NULL LIMIT ?1)",
    "DELETE FROM signed_transaction WHERE id IN
       (SELECT signed_transaction.id FROM signed_transaction
        JOIN deletion ON deletion.account = signed_transaction.account
        WHERE begun_at IS NOT NULL LIMIT ?1)",
    // The account itself, once nothing is left of what may be many rows.
    "DELETE FROM account WHERE acc IN
       (SELECT account FROM deletion WHERE begun_at IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM event WHERE event.account = deletion.account)
          AND NOT EXISTS (SELECT 1 FROM challenge WHERE challenge.account = deletion.account)
          AND NOT EXISTS (SELECT 1 FROM signed_transaction
                          WHERE signed_transaction.account = deletion.account)
        LIMIT ?1)",
];

/// Removes the next rows that are left of deleted accounts, `at_most` of them; answers how many.
pub(super) fn remove_rest(tx: &dyn Tx, at_most: u32) -> Result<usize, StoreError> {
    let mut removed = 0;
    for sql in REST {
        let left = at_most.saturating_sub(u32::try_from(removed).unwrap_or(u32::MAX));
        removed += tx.execute(sql, params![left])?;
    }
    Ok(removed)
}

/// The journal has that a deletion was asked for since the backup.
pub(super) fn ask_again(
    tx: &dyn Tx,
    account: AccountId,
    id: DeletionId,
    due_at: Time,
    at: Time,
) -> Result<(), StoreError> {
    let asked = Deletion {
        id,
        account,
        due_at,
    };
    if accounts::get(tx, account)?.is_some() && insert(tx, &asked, at)? {
        note_silently(tx, account, "deletion-asked", &due_at.to_string(), at)?;
    }
    Ok(())
}

/// The journal has that a deletion was cancelled since the backup.
pub(super) fn cancel_again(tx: &dyn Tx, account: AccountId, at: Time) -> Result<(), StoreError> {
    if standing::forget_deletion(tx, account)? {
        note_silently(tx, account, "deletion-cancelled", "", at)?;
    }
    Ok(())
}

/// The database was restored without the lines that its journal had: a deletion that waits in it
/// may have been cancelled since.
pub(super) fn cancel_all(tx: &dyn Tx, now: Time) -> Result<(), StoreError> {
    let waiting = "SELECT account FROM deletion WHERE begun_at IS NULL";
    for account in tx.all(waiting, params![], |row| row.get("account"))? {
        standing::cancel_deletion(tx, account, now)?;
    }
    Ok(())
}
