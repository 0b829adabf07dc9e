//! What a database needs that was restored from a backup.

use std::collections::BTreeSet;

use countersign_protocol::{Time, id::AccountId, policy::steps};

use super::{
    accounts, closed, codes, credentials, deletion, devices, events, grants, journal_rows, links,
    old_tokens, outcomes, own_keys, person, recovery, removal, settings::setting, staff, standing,
};
use crate::store::*;

/// Marks a backup, so that a service that is started with it, however it came there, knows that it
/// is restored: when it was made.
pub(in crate::store) const BACKUP: &str = "backup";

/// Sees to it that nothing comes back with a backup which must not.
pub(in crate::store) fn reconcile(
    tx: &dyn Tx,
    lines: &[Recorded],
    now: Time,
) -> Result<Option<Restored>, StoreError> {
    let last = journal_rows::last(tx)?;
    let newer: Vec<_> = lines.iter().filter(|line| line.seq > last).collect();
    let backup = setting(tx, BACKUP)?;
    close_what_was_open(tx, now)?;
    // Without the lines of this journal nobody knows which deletions were cancelled.
    if lines.last().is_none_or(|line| line.seq < last) {
        deletion::cancel_all(tx, now)?;
    }
    let last_step = steps::END - 1;
    tx.execute(
        "UPDATE account SET step = CASE WHEN step < ?2 THEN step + ?1 ELSE ?3 END",
        params![steps::RESTORE, last_step - steps::RESTORE, last_step],
    )?;
    own_keys::publish_anew(tx)?;
    let mut changed = BTreeSet::new();
    for line in &newer {
        apply(tx, line, now)?;
        changed.extend(whose_factors(line));
        tx.execute(
            "INSERT INTO journal (seq, at, entry) VALUES (?1, ?2, ?3)",
            params![line.seq, line.at, line.entry],
        )?;
    }
    // The account had a factor when the last one in the backup was removed, or has one that the
    // backup lacks: the password alone must not be enough because of that.
    for account in changed {
        if devices::of_account(tx, account)?.is_empty() {
            standing::guard(tx, account)?;
        }
    }
    tx.execute("DELETE FROM setting WHERE name = ?1", params![BACKUP])?;
    Ok(Some(Restored {
        made_at: backup.and_then(|at| String::from_utf8(at).ok()?.parse().ok()),
        applied: newer.len(),
    }))
}

/// The account whose factors a line is about.
fn whose_factors(line: &Recorded) -> Option<AccountId> {
    match JournalEntry::from_text(&line.entry)? {
        JournalEntry::Added(account, _) | JournalEntry::Removed(account, _) => Some(account),
        _ => None,
    }
}

/// Closes everything that was open when the backup was made: it may have been answered, cancelled,
/// finished or ended since.
pub(super) fn close_what_was_open(tx: &dyn Tx, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE challenge SET state = 'replaced', closed_at = ?1 WHERE state IN ('open', 'approved')",
        params![now],
    )?;
    let values: &[Value<'_>] = params![];
    tx.batch(&[
        // A browser that signed out meanwhile stays signed out.
        ("DELETE FROM session", values),
        ("DELETE FROM ask", values),
        ("DELETE FROM ticket", values),
        ("DELETE FROM token_grant", values),
        ("UPDATE enrolment SET state = 'void', code = NULL, pin_check = NULL WHERE state <> 'done'", values),
        ("DELETE FROM device WHERE state = 'pending'", values),
        ("DELETE FROM pin_grant", values),
        // A link may have been used since. Those that take a change of an address back stay: nobody
        // who took an account over may end them.
        ("UPDATE mailed_link SET used_at = created_at, due = 0, payload = ?1 WHERE used_at IS NULL AND kind <> 'undo-email'", params![links::NOTHING]),
    ])?;
    recovery::cancel_all(tx, now)
}

/// Applies a line of the journal to a database that is older. Devices and accounts that are not
/// there need nothing.
fn apply(tx: &dyn Tx, line: &Recorded, now: Time) -> Result<(), StoreError> {
    let entry = JournalEntry::from_text(&line.entry).ok_or(StoreError::Damaged("journal"))?;
    // The account's history has it again, at its own time; the notice left then.
    let note_again =
        |account, what, detail: &str| events::note_silently(tx, account, what, detail, line.at);
    match entry {
        JournalEntry::Removed(account, dev) => {
            if let Some(device) = devices::of(tx, account, dev)? {
                removal::delete(tx, &device, None, now)?;
                note_again(account, "device-removed", &device.name)?;
            }
        }
        JournalEntry::Suspended(account, dev) => {
            if let Some(device) = devices::of(tx, account, dev)? {
                removal::stop(tx, &device, now)?;
                note_again(account, "device-suspended", &device.name)?;
            }
        }
        JournalEntry::Cleared(account, why) => {
            if accounts::get(tx, account)?.is_some() {
                standing::clear(tx, account, now)?;
                // An operator's reset has a line of its own for the history.
                if why != Cleared::Reset {
                    note_again(account, why.event(), "")?;
                }
            }
        }
        JournalEntry::Guarded(account) => standing::guard(tx, account)?,
        JournalEntry::Key(key) => own_keys::add(tx, &key)?,
        JournalEntry::WrongPin(account, dev, epoch) => {
            if let Some(device) = devices::of(tx, account, dev)? {
                outcomes::count_again(tx, device, epoch, line.at)?;
            }
        }
        JournalEntry::WrongCode(account, asker, devices) => {
            codes::count_again(tx, account, asker, &devices, line.at)?;
        }
        JournalEntry::Blocked(account, dev) => {
            if let Some(mut device) = devices::of(tx, account, dev)? {
                device.tries = device.tries.all_in_a_row();
                outcomes::set_tries(tx, &device)?;
                note_again(account, "device-blocked", &device.name)?;
            }
        }
        JournalEntry::Added(account, dev) => {
            if accounts::get(tx, account)?.is_some() && devices::of(tx, account, dev)?.is_none() {
                note_again(account, "device-lost", "")?;
            }
        }
        JournalEntry::GrantEnded(account, dev) => {
            if devices::of(tx, account, dev)?.is_some() {
                grants::end(tx, dev)?;
            }
        }
        JournalEntry::Disabled(account) => {
            closed::disable(tx, account, now)?;
        }
        JournalEntry::Enabled(account) => {
            closed::enable(tx, account, line.at)?;
        }
        JournalEntry::Deleted(account) => {
            closed::delete(tx, account)?;
        }
        JournalEntry::DeletionAsked(account, id, due_at) => {
            deletion::ask_again(tx, account, id, due_at, line.at)?;
        }
        JournalEntry::DeletionCancelled(account) => deletion::cancel_again(tx, account, line.at)?,
        // The person is invited as before, by a new link: the old one may have been used since.
        JournalEntry::Invited(invited) => staff::make(tx, &invited, line.at)?,
        JournalEntry::Administered(account, act, by) => {
            if accounts::get(tx, account)?.is_some() {
                note_again(account, act.event(), by.as_str())?;
            }
        }
        JournalEntry::OldToken(_, dev, of) => old_tokens::mark(tx, dev, of)?,
        JournalEntry::Password(account) => credentials::forget_password(tx, account)?,
        JournalEntry::Email(account, email) => credentials::set_email_again(tx, account, &email)?,
        JournalEntry::Name(account, first, last) => person::set(tx, account, &first, &last)?,
        JournalEntry::Dropped => {}
    }
    Ok(())
}
