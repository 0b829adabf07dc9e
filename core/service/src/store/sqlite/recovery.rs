//! Panic and recovery. An account is *guarded* from the moment that its factors were deleted until who recovered it has added one: until
//! then nothing is added with the password alone.

use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId},
};
use rusqlite::{Connection, Row, params};

use super::{
    accounts::note,
    credentials, enrolments, facts, guesses, journal, links,
    rows::{all, email, int, num, one, run},
    sessions::enter,
};
use crate::{
    policy::{
        self,
        changes::{Change, Proof, Refused},
    },
    store::*,
};

fn recovery(row: &Row<'_>) -> Result<Recovery, StoreError> {
    Ok(Recovery {
        id: row.get("id")?,
        account: AccountId(row.get("account")?),
        ripe_at: num(row, "ripe_at")?,
        by_panic: row.get("by_panic")?,
        finished_at: row
            .get::<_, Option<i64>>("finished_at")?
            .and_then(|at| u64::try_from(at).ok()),
    })
}

pub(super) fn standing(c: &Connection, account: AccountId) -> Result<Standing, StoreError> {
    let guarded = one(
        c,
        "SELECT guarded FROM account WHERE acc = ?1",
        [account.0],
        |row| Ok(row.get("guarded")?),
    )?;
    Ok(Standing {
        // An account that is gone is guarded best.
        guarded: guarded.unwrap_or(true),
        recovery: one(
            c,
            "SELECT * FROM recovery WHERE account = ?1 AND finished_at IS NULL",
            [account.0],
            recovery,
        )?,
    })
}

/// From now on the password alone adds no factor.
pub(super) fn guard(c: &Connection, account: AccountId) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE account SET guarded = 1 WHERE acc = ?1",
        [account.0],
    )?;
    Ok(())
}

/// Ends every session, ends what is under way, and deletes every factor.
pub(super) fn clear(
    c: &Connection,
    account: AccountId,
    now: Time,
) -> Result<Vec<DeviceId>, StoreError> {
    let devices = all(
        c,
        "SELECT dev FROM device WHERE account = ?1",
        [account.0],
        |row| Ok(DeviceId(row.get("dev")?)),
    )?;
    for sql in [
        "DELETE FROM session WHERE account = ?1",
        "DELETE FROM known_browser WHERE account = ?1",
        "DELETE FROM device WHERE account = ?1",
        "UPDATE enrolment SET state = 'void', code = NULL WHERE account = ?1 AND state <> 'done'",
    ] {
        run(c, sql, [account.0])?;
    }
    guard(c, account)?;
    links::end_of_account(c, account, now)?;
    run(
        c,
        "UPDATE challenge SET state = 'replaced', closed_at = ?2 WHERE account = ?1 AND state IN ('open', 'approved')",
        params![account.0, int(now)],
    )?;
    Ok(devices)
}

fn clear_for(
    c: &Connection,
    account: AccountId,
    why: Cleared,
    now: Time,
) -> Result<Vec<DeviceId>, StoreError> {
    let devices = clear(c, account, now)?;
    journal::record(c, &JournalEntry::Cleared(account, why), now)?;
    note(c, account, why.event(), "", now)?;
    Ok(devices)
}

/// STOP: ends every session and deletes what factors there are, whatever is under way. Then a
/// recovery of its own begins. Only where there was no factor left, and a recovery that an earlier
/// STOP opened is running, that one goes on: pressing STOP again makes the wait no longer.
pub(super) fn panic(
    c: &Connection,
    new: &Recovery,
    now: Time,
) -> Result<Vec<DeviceId>, StoreError> {
    let running = standing(c, new.account)?.recovery;
    let devices = clear_for(c, new.account, Cleared::Panic, now)?;
    if !(devices.is_empty() && running.is_some_and(|running| running.by_panic)) {
        open(c, new, now)?;
    }
    Ok(devices)
}

fn open(c: &Connection, new: &Recovery, now: Time) -> Result<(), StoreError> {
    run(
        c,
        "INSERT OR REPLACE INTO recovery (account, id, began_at, ripe_at, by_panic) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            new.account.0,
            new.id,
            int(now),
            int(new.ripe_at),
            new.by_panic
        ],
    )?;
    guesses::reset_link(c, new.account)?;
    // An enrolment that was begun before must not end in a factor meanwhile.
    enrolments::void(c, new.account)?;
    links::end_of_account(c, new.account, now)?;
    note(c, new.account, "recovery-began", "", now)
}

pub(super) fn begin(
    c: &Connection,
    new: &Recovery,
    now: Time,
) -> Result<Result<bool, Refused>, StoreError> {
    let (change, given) = (Change::BeginRecovery, Proof::Password);
    if let Err(refused) = facts::allow(c, new.account, change, given, now)? {
        return Ok(Err(refused));
    }
    let messages = one(
        c,
        "SELECT count(*) AS n FROM event WHERE account = ?1 AND what IN ('recovery-began', 'recovery-link') AND at > ?2",
        params![
            new.account.0,
            int(now.saturating_sub(policy::RECOVERY_MESSAGES_SECONDS))
        ],
        |row| num(row, "n"),
    )?;
    if messages.is_some_and(|messages| messages >= policy::RECOVERY_MESSAGES) {
        return Ok(Ok(false));
    }
    if standing(c, new.account)?.recovery.is_some() {
        note(c, new.account, "recovery-link", "", now)?;
    } else {
        open(c, new, now)?;
    }
    Ok(Ok(true))
}

pub(super) fn get(c: &Connection, id: RecoveryId) -> Result<Option<Recovery>, StoreError> {
    one(c, "SELECT * FROM recovery WHERE id = ?1", [id], recovery)
}

pub(super) fn cancel(c: &Connection, id: RecoveryId, now: Time) -> Result<bool, StoreError> {
    match get(c, id)? {
        Some(recovery) => cancel_of(c, recovery.account, now),
        None => Ok(false),
    }
}

/// Cancels the account's recovery, if there is one. What was deleted stays deleted, and the account guarded.
pub(super) fn cancel_of(c: &Connection, account: AccountId, now: Time) -> Result<bool, StoreError> {
    let under_way = "DELETE FROM recovery WHERE account = ?1 AND finished_at IS NULL";
    if run(c, under_way, [account.0])? == 0 {
        return Ok(false);
    }
    note(c, account, "recovery-cancelled", "", now)?;
    Ok(true)
}

/// The service was restored: what was under way when the backup was made may have been cancelled since.
pub(super) fn cancel_all(c: &Connection, now: Time) -> Result<(), StoreError> {
    let under_way = "SELECT account FROM recovery WHERE finished_at IS NULL";
    let accounts = all(c, under_way, [], |row| Ok(AccountId(row.get("account")?)))?;
    run(c, "DELETE FROM recovery", [])?;
    for account in accounts {
        note(c, account, "recovery-restored", "", now)?;
    }
    Ok(())
}

pub(super) fn finish(
    c: &Connection,
    id: RecoveryId,
    entry: &Entry,
    password: &NewPassword,
    now: Time,
) -> Result<Option<Vec<DeviceId>>, StoreError> {
    let Some(recovery) = get(c, id)?.filter(|recovery| recovery.ripe_at <= now) else {
        return Ok(None);
    };
    // Its answer was lost: the day of waiting must not have been in vain. Once there is a new factor, it is over.
    if let Some(finished_at) = recovery.finished_at {
        let again = finished_at + policy::RECOVERY_AGAIN_SECONDS > now
            && standing(c, recovery.account)?.guarded;
        if again {
            enter(c, entry)?;
        }
        return Ok(again.then(Vec::new));
    }
    let (change, given) = (Change::FinishRecovery, Proof::PasswordLinkAndWait);
    if facts::allow(c, recovery.account, change, given, now)?.is_err() {
        return Ok(None);
    }
    let devices = clear_for(c, recovery.account, Cleared::Recovery, now)?;
    credentials::set_password(c, recovery.account, password, now)?;
    run(
        c,
        "UPDATE recovery SET finished_at = ?2 WHERE account = ?1",
        params![recovery.account.0, int(now)],
    )?;
    enter(c, entry)?;
    Ok(Some(devices))
}

pub(super) fn sweep(c: &Connection, now: Time) -> Result<(), StoreError> {
    run(
        c,
        "DELETE FROM recovery WHERE ripe_at <= ?1 OR finished_at <= ?2",
        [
            int(now.saturating_sub(policy::RECOVERY_OPEN_SECONDS)),
            int(now.saturating_sub(policy::RECOVERY_AGAIN_SECONDS)),
        ],
    )?;
    Ok(())
}

pub(super) fn due_accounts(c: &Connection) -> Result<Vec<AccountId>, StoreError> {
    all(
        c,
        "SELECT account FROM event WHERE mail = 1 GROUP BY account ORDER BY min(id) LIMIT 1000",
        [],
        |row| Ok(AccountId(row.get("account")?)),
    )
}

pub(super) fn due_notices(
    c: &Connection,
    account: AccountId,
    now: Time,
) -> Result<Vec<DueNotice>, StoreError> {
    let recovering = standing(c, account)?.recovery.is_some();
    let old = links::recovery_address(c, account, now)?;
    all(
        c,
        "SELECT event.id, event.account, email, first_name, at, what, detail
         FROM event JOIN account ON acc = event.account
         WHERE mail = 1 AND event.account = ?1 ORDER BY event.id LIMIT 50",
        [account.0],
        |row| {
            let what: String = row.get("what")?;
            // Whoever has changed the address must not recover the account with it.
            let of_recovery = recovering || what == "panic" || what.starts_with("recovery-");
            let old = old.clone().filter(|_| of_recovery);
            Ok(DueNotice {
                id: num(row, "id")?,
                account,
                email: old.map_or_else(|| email(row), Ok)?,
                first_name: row.get("first_name")?,
                event: Event {
                    at: num(row, "at")?,
                    what,
                    detail: row.get("detail")?,
                },
            })
        },
    )
}

pub(super) fn notice_sent(c: &Connection, ids: &[u64]) -> Result<(), StoreError> {
    for id in ids {
        run(c, "UPDATE event SET mail = 0 WHERE id = ?1", [int(*id)])?;
    }
    Ok(())
}
