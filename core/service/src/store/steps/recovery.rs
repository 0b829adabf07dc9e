//! Panic and recovery. An account is *guarded* from the moment that its factors were deleted until
//! who recovered it has added one: until then nothing is added with the password alone.

use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId},
};

use super::{
    credentials, enrolments,
    events::{note, note_silently},
    facts, guesses, journal_rows, links,
    sessions::enter,
    standing::{self, cancel_of, cancel_silently, clear, get, standing},
};
use crate::{
    policy::{
        self,
        changes::{Change, Proof, Refused},
    },
    store::*,
};

impl Store {
    /// Ends all sessions of the account, deletes every factor, and opens this recovery, unless none
    /// was left and one that STOP opened is running. Answers the devices that were there.
    pub(crate) async fn panic(
        &self,
        new: Recovery,
        now: Time,
    ) -> Result<Vec<DeviceId>, StoreError> {
        self.write(Write::Panic, move |tx| panic(tx, &new, now))
            .await
    }

    /// Opens this recovery, or notes that the message of the one under way is to go out again.
    /// `false`: too many messages already.
    pub(crate) async fn begin_recovery(
        &self,
        new: Recovery,
        now: Time,
    ) -> Result<Result<bool, Refused>, StoreError> {
        self.write(Write::BeginRecovery, move |tx| begin(tx, &new, now))
            .await
    }

    /// Cancels a recovery; `false` when it is not under way.
    pub(crate) async fn cancel_recovery(
        &self,
        id: RecoveryId,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::CancelRecovery, move |tx| cancel(tx, id, now))
            .await
    }

    /// Ends a recovery whose time has come: sessions and factors go, and the browser is let in,
    /// from which the account takes a new factor. Answers the devices that were there; `None` when
    /// it is not under way or too early.
    pub(crate) async fn finish_recovery(
        &self,
        id: RecoveryId,
        entry: Entry,
        password: NewPassword,
        now: Time,
    ) -> Result<Option<Vec<DeviceId>>, StoreError> {
        self.write(Write::FinishRecovery, move |tx| {
            finish(tx, id, &entry, &password, now)
        })
        .await
    }
}

fn clear_for(
    tx: &dyn Tx,
    account: AccountId,
    why: Cleared,
    now: Time,
) -> Result<Vec<DeviceId>, StoreError> {
    let devices = clear(tx, account, now)?;
    journal_rows::record(tx, &JournalEntry::Cleared(account, why), now)?;
    Ok(devices)
}

/// An operator's reset: sessions and factors go, and whatever recovery was under way. `new` is the
/// one that begins, where the owner can finish it.
pub(super) fn reset(
    tx: &dyn Tx,
    account: AccountId,
    new: Option<&Recovery>,
    now: Time,
) -> Result<(), StoreError> {
    clear_for(tx, account, Cleared::Reset, now)?;
    // The message about the reset says both.
    cancel_silently(tx, account, now)?;
    match new {
        Some(new) => open_silently(tx, new, now),
        None => Ok(()),
    }
}

/// STOP: ends every session and deletes what factors there are, whatever is under way. Then a
/// recovery of its own begins. Only where there was no factor left, and a recovery that an earlier
/// STOP opened is running, that one goes on: pressing STOP again makes the wait no longer.
pub(super) fn panic(tx: &dyn Tx, new: &Recovery, now: Time) -> Result<Vec<DeviceId>, StoreError> {
    let running = standing(tx, new.account)?.recovery;
    let devices = clear_for(tx, new.account, Cleared::Panic, now)?;
    note(tx, new.account, Cleared::Panic.event(), "", now)?;
    // An administrator invites a member of the staff to recover the account.
    if facts::of(tx, new.account, now)?.staff {
        cancel_of(tx, new.account, now)?;
        return Ok(devices);
    }
    if !(devices.is_empty() && running.is_some_and(|running| running.by_panic)) {
        open(tx, new, now)?;
    }
    Ok(devices)
}

pub(super) fn open(tx: &dyn Tx, new: &Recovery, now: Time) -> Result<(), StoreError> {
    begun(tx, new, now)?;
    note(tx, new.account, "recovery-began", "", now)
}

/// The same where another message says it.
pub(super) fn open_silently(tx: &dyn Tx, new: &Recovery, now: Time) -> Result<(), StoreError> {
    begun(tx, new, now)?;
    note_silently(tx, new.account, "recovery-began", "", now)
}

fn begun(tx: &dyn Tx, new: &Recovery, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO recovery (account, id, began_at, ripe_at, by_panic) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (account) DO UPDATE SET id = excluded.id, began_at = excluded.began_at,
             ripe_at = excluded.ripe_at, by_panic = excluded.by_panic, finished_at = NULL",
        params![
            new.account.0,
            new.id,
            now,
            new.ripe_at,
            new.by_panic
        ],
    )?;
    standing::cancel_deletion(tx, new.account, now)?;
    guesses::reset_link(tx, new.account)?;
    // An enrolment that was begun before must not end in a factor meanwhile.
    enrolments::void(tx, new.account)?;
    links::end_of_account(tx, new.account, now)
}

pub(super) fn begin(
    tx: &dyn Tx,
    new: &Recovery,
    now: Time,
) -> Result<Result<bool, Refused>, StoreError> {
    let facts = facts::of(tx, new.account, now)?;
    let (change, given) = (Change::BeginRecovery, Proof::Password);
    // One that an invitation has begun needs no other proof for its message to come again.
    if !(facts.staff && facts.recovering)
        && let Err(refused) = facts::allow(tx, new.account, change, given, now)?
    {
        return Ok(Err(refused));
    }
    let messages = tx.one(
        "SELECT count(*) AS n FROM event WHERE account = ?1 AND what IN ('recovery-began', 'recovery-link') AND at > ?2",
        params![
            new.account.0,
            now.saturating_sub(policy::RECOVERY_MESSAGES_SECONDS)
        ],
        |row| row.get::<u64>("n"),
    )?;
    if messages.is_some_and(|messages| messages >= policy::RECOVERY_MESSAGES) {
        return Ok(Ok(false));
    }
    if standing(tx, new.account)?.recovery.is_some() {
        note(tx, new.account, "recovery-link", "", now)?;
    } else {
        open(tx, new, now)?;
    }
    Ok(Ok(true))
}

pub(super) fn cancel(tx: &dyn Tx, id: RecoveryId, now: Time) -> Result<bool, StoreError> {
    match get(tx, id)? {
        Some(recovery) => cancel_of(tx, recovery.account, now),
        None => Ok(false),
    }
}

/// The service was restored: what was under way when the backup was made may have been cancelled
/// since.
pub(super) fn cancel_all(tx: &dyn Tx, now: Time) -> Result<(), StoreError> {
    let under_way = "SELECT account FROM recovery WHERE finished_at IS NULL";
    let accounts = tx.all(under_way, params![], |row| row.get("account"))?;
    tx.execute("DELETE FROM recovery", params![])?;
    for account in accounts {
        note(tx, account, "recovery-restored", "", now)?;
    }
    Ok(())
}

pub(super) fn finish(
    tx: &dyn Tx,
    id: RecoveryId,
    entry: &Entry,
    password: &NewPassword,
    now: Time,
) -> Result<Option<Vec<DeviceId>>, StoreError> {
    let Some(recovery) = get(tx, id)?.filter(|recovery| recovery.ripe_at <= now) else {
        return Ok(None);
    };
    // Its answer was lost: the day of waiting must not have been in vain. Once there is a new
    // factor, it is over.
    if let Some(finished_at) = recovery.finished_at {
        let again = finished_at + policy::RECOVERY_AGAIN_SECONDS > now
            && standing(tx, recovery.account)?.guarded;
        if again {
            enter(tx, entry)?;
        }
        return Ok(again.then(Vec::new));
    }
    let (change, given) = (Change::FinishRecovery, Proof::PasswordLinkAndWait);
    if facts::allow(tx, recovery.account, change, given, now)?.is_err() {
        return Ok(None);
    }
    let devices = clear_for(tx, recovery.account, Cleared::Recovery, now)?;
    note(tx, recovery.account, Cleared::Recovery.event(), "", now)?;
    credentials::set_password(tx, recovery.account, password, now)?;
    tx.execute(
        "UPDATE recovery SET finished_at = ?2 WHERE account = ?1",
        params![recovery.account.0, now],
    )?;
    enter(tx, entry)?;
    Ok(Some(devices))
}
