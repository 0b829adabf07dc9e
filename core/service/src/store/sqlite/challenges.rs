//! Challenges: issuing, listing, collecting.

use countersign_protocol::{
    Time,
    challenge::{Purpose, Unlock},
    id::{AccountId, ChallengeId, DeviceId},
    policy::{
        approvals, push,
        share::Asker,
        steps::{Given, allot},
    },
};
use rusqlite::{Connection, Params, params};

use super::{
    accounts, codes, credentials, devices, enrolments, facts, links,
    rows::{self, all, int, named, num, one, run, small},
    sessions,
};
use crate::{
    policy::{
        self,
        changes::{self, Proof, Rank, Refused},
    },
    store::*,
};

pub(super) fn get(c: &Connection, id: ChallengeId) -> Result<Option<Challenge>, StoreError> {
    one(
        c,
        "SELECT * FROM challenge WHERE id = ?1",
        [id.0],
        rows::challenge,
    )
}

pub(super) fn issue_approval(
    c: &Connection,
    new: &NewChallenge,
    now: Time,
) -> Result<Issue, StoreError> {
    let (Some(account), Some(dev), Some(message)) = (new.account, new.dev, &new.message) else {
        return Ok(Issue::NotSigned);
    };
    let Some(device) = devices::get(c, dev)?
        .filter(|device| device.account == account && device.state == DeviceState::Active)
    else {
        return Ok(Issue::NoDevice);
    };
    // No device grants itself a new PIN, but with biometrics where the service is set so.
    let grants = |subject| subject != dev || (new.grants_itself && device.bio_key.is_some());
    if new.purpose == Purpose::Unblock && !new.subject.is_some_and(grants) {
        return Ok(Issue::NoDevice);
    }
    let open = all(
        c,
        "SELECT known, session FROM challenge WHERE dev = ?1 AND kind IN ('approve', 'online') AND state = 'open' AND expires_at > ?2",
        params![dev.0, int(now)],
        |row| {
            let session: SessionHash = row.get("session")?;
            Ok((Asker::from_known(row.get("known")?), session == new.session))
        },
    )?;
    let replaced = |(asker, same): &(Asker, bool)| approvals::replaces(new.asker, *asker, *same);
    if !open.iter().all(replaced) {
        return Ok(Issue::Busy);
    }
    let quiet = match pushing(c, account, new.asker, now)? {
        // After a report of fraud not even the inbox takes requests of unknown browsers.
        Err(push::Stopped::Fraud) => return Ok(Issue::Closed),
        Err(push::Stopped::Unwanted) => true,
        Ok(()) => false,
    };
    run(
        c,
        "UPDATE challenge SET state = 'replaced', closed_at = ?2 WHERE dev = ?1 AND kind IN ('approve', 'online') AND state = 'open'",
        params![dev.0, int(now)],
    )?;
    insert(c, new, None, message, quiet, now)?;
    Ok(if quiet {
        Issue::OpenedQuietly
    } else {
        Issue::Opened
    })
}

/// May a push go out for this request? All of the account's devices count together, and requests that still wait for an
/// answer count too, so that asking now one device and now another, or cancelling and asking again, wins nothing.
fn pushing(
    c: &Connection,
    account: AccountId,
    asker: Asker,
    now: Time,
) -> Result<Result<(), push::Stopped>, StoreError> {
    let unwanted = all(
        c,
        "SELECT issued_at FROM challenge
         WHERE account = ?1 AND kind IN ('approve', 'online') AND issued_at > ?2
           AND state IN ('declined', 'fraud', 'wrong-number', 'replaced', 'open')",
        params![account.0, int(now.saturating_sub(push::HOUR))],
        |row| num(row, "issued_at"),
    )?;
    let until = one(
        c,
        "SELECT no_push_until FROM account WHERE acc = ?1",
        [account.0],
        |row| num(row, "no_push_until"),
    )?
    .unwrap_or(0);
    let fraud = until.checked_sub(push::HOUR);
    Ok(push::may_push(now, &unwanted, fraud, asker))
}

pub(super) fn issue_code(
    c: &Connection,
    new: &NewChallenge,
    sign: SignStep,
    now: Time,
) -> Result<Issue, StoreError> {
    let Some(owner) = new.account else {
        return Ok(Issue::NoDevice);
    };
    let account = owner.0;
    let Some((with_pin, without_pin)) = codes::of_account(c, owner)? else {
        return Ok(Issue::NoDevice);
    };
    let closed = match new.unlock {
        Unlock::Nothing => without_pin.take(new.asker, now).err(),
        Unlock::Pin | Unlock::PinOrBiometrics => with_pin.take(new.asker).err(),
    };
    if closed.is_some() {
        return Ok(Issue::Closed);
    }
    // A page that asks again gives up what it had.
    run(
        c,
        "UPDATE challenge SET state = 'replaced', closed_at = ?4
         WHERE account = ?1 AND session = ?2 AND purpose = ?3 AND step IS NOT NULL AND state = 'open'",
        params![account, new.session, new.purpose as u8, int(now)],
    )?;
    let given = one(
        c,
        "SELECT account.step,
            count(*) FILTER (WHERE state = 'open' AND expires_at > ?2) AS open,
            count(*) FILTER (WHERE state = 'open' AND expires_at > ?2 AND NOT known) AS open_unknown,
            count(*) FILTER (WHERE issued_at > ?3) AS hour,
            count(*) FILTER (WHERE issued_at > ?3 AND NOT known) AS hour_unknown
         FROM account LEFT JOIN challenge ON challenge.account = acc AND challenge.step IS NOT NULL AND issued_at > ?3 - ?4
         WHERE acc = ?1 GROUP BY acc",
        params![
            account,
            int(now),
            int(now.saturating_sub(push::HOUR)),
            int(policy::CHALLENGE_SECONDS)
        ],
        |row| {
            let given = Given {
                open: small(row, "open")?,
                open_unknown: small(row, "open_unknown")?,
                hour: small(row, "hour")?,
                hour_unknown: small(row, "hour_unknown")?,
            };
            Ok((num(row, "step")?, given))
        },
    )?;
    let Some((last, given)) = given else {
        return Ok(Issue::NoDevice);
    };
    let Ok(step) = allot(last, given, new.asker) else {
        return Ok(Issue::TooMany);
    };
    let Some(message) = sign(step) else {
        return Ok(Issue::NotSigned);
    };
    run(
        c,
        "UPDATE account SET step = ?2 WHERE acc = ?1",
        params![account, int(step)],
    )?;
    insert(c, new, Some(step), &message, false, now)?;
    Ok(Issue::Opened)
}

pub(super) fn issue_mobile(
    c: &Connection,
    new: &NewChallenge,
    now: Time,
) -> Result<Issue, StoreError> {
    let Some(message) = &new.message else {
        return Ok(Issue::NotSigned);
    };
    run(
        c,
        "UPDATE challenge SET state = 'replaced', closed_at = ?2 WHERE session = ?1 AND kind = 'on-mobile' AND account IS NULL
           AND state = 'open' AND expires_at > ?2",
        params![new.session, int(now)],
    )?;
    // Anybody may begin one, so there is a bound for all together. Which makes room for this one, so
    // that nobody takes all of it, was decided by who began them.
    if let Some(oldest) = new.replaces {
        run(
            c,
            "DELETE FROM challenge WHERE id = ?1 AND kind = 'on-mobile' AND account IS NULL",
            [oldest.0],
        )?;
    }
    let open = one(
        c,
        "SELECT count(*) AS n FROM challenge WHERE kind = 'on-mobile' AND account IS NULL AND expires_at > ?1",
        [int(now)],
        |row| small(row, "n"),
    )?;
    if open.unwrap_or(0) >= policy::MOBILE_OPEN {
        return Ok(Issue::TooMany);
    }
    insert(c, new, None, message, false, now)?;
    Ok(Issue::Opened)
}

pub(super) fn sweep(c: &Connection, now: Time) -> Result<(), StoreError> {
    run(
        c,
        "DELETE FROM challenge WHERE kind = 'on-mobile' AND account IS NULL AND expires_at <= ?1",
        [int(now)],
    )?;
    Ok(())
}

fn insert(
    c: &Connection,
    new: &NewChallenge,
    step: Option<u64>,
    message: &SignedMessage,
    quiet: bool,
    now: Time,
) -> Result<(), StoreError> {
    run(
        c,
        "INSERT INTO challenge
            (id, account, session, kind, purpose, dev, step, message, hash, number, payload, unlock, issued_at, expires_at, state,
             known, quiet, subject, mark)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'open', ?15, ?16, ?17, ?18)",
        params![
            new.id.0,
            new.account.map(|account| account.0),
            new.session,
            new.kind.name(),
            new.purpose as u8,
            new.dev.map(|dev| dev.0),
            step.map(int),
            message.bytes,
            message.hash.0,
            new.number,
            new.payload,
            new.unlock as u8,
            int(now),
            int(new.expires_at),
            new.asker.is_known(),
            quiet,
            new.subject.map(|dev| dev.0),
            new.mark
        ],
    )?;
    Ok(())
}

pub(super) fn inbox(
    c: &Connection,
    dev: DeviceId,
    now: Time,
) -> Result<Vec<InboxItem>, StoreError> {
    all(
        c,
        "SELECT id, message FROM challenge WHERE dev = ?1 AND kind IN ('approve', 'online') AND state = 'open' AND expires_at > ?2
         ORDER BY issued_at DESC LIMIT 4",
        params![dev.0, int(now)],
        |row| Ok(InboxItem { id: ChallengeId(row.get("id")?), message: row.get("message")? }),
    )
}

/// An approved challenge that a browser collects.
struct Approved {
    account: AccountId,
    purpose: Purpose,
    proof: Proved,
}

pub(super) fn collect(
    c: &Connection,
    id: ChallengeId,
    session: SessionHash,
    then: Then,
    now: Time,
) -> Result<Option<Collected>, StoreError> {
    let spent = spend(
        c,
        "SELECT challenge.* FROM challenge JOIN device ON device.dev = challenge.by_dev
         WHERE id = ?1 AND session = ?2 AND challenge.state = 'approved' AND kind <> 'on-mobile' AND closed_at + ?3 >= ?4
           AND device.state = 'active' AND device.account = challenge.account",
        id,
        params![id.0, session, int(policy::COLLECT_SECONDS), int(now)],
    )?;
    let Some(approved) = spent else {
        return Ok(None);
    };
    finish(c, &approved, session, then, now).map(Some)
}

/// Does what was approved, if the policy still allows it.
fn finish(
    c: &Connection,
    approved: &Approved,
    session: SessionHash,
    then: Then,
    now: Time,
) -> Result<Collected, StoreError> {
    let account = approved.account;
    if let Some(change) = changes::of_purpose(approved.purpose) {
        let rank = approved.proof.method.rank().unwrap_or(Rank::Zero);
        let allowed = facts::allow(c, account, change, Proof::Approval(rank), now)?;
        if let Err(refused) = allowed {
            return Ok(Err(refused));
        }
    }
    match then {
        Then::Enter(entry) => let_in(c, entry, approved)?,
        Then::Enrol(new) => {
            if !enrolments::begin(c, &new)? {
                return Ok(Err(Refused::Full));
            }
        }
        Then::Remove(dev) => {
            if !devices::remove(c, account, dev, session, now)? {
                return Ok(Err(Refused::Changed));
            }
        }
        Then::SetPassword(new) => credentials::set_password(c, account, &new, now)?,
        Then::AskEmail(new) => return links::ask_email(c, &new, now),
        Then::Nothing => {}
        Then::Record(transfer) => accounts::record_transfer(c, &transfer, approved.proof.method)?,
    }
    Ok(Ok(()))
}

/// Opens the session of an approved sign-in. What the browser proved before stays proved in it.
fn let_in(c: &Connection, mut entry: Entry, approved: &Approved) -> Result<(), StoreError> {
    let now = entry.session.created_at;
    let before = sessions::get(c, entry.replaces, now)?
        .filter(|session| session.account == approved.account);
    let mut proofs = before.map(|session| session.proofs).unwrap_or_default();
    proofs.retain(|proof| proof.method != approved.proof.method);
    proofs.push(approved.proof);
    entry.session.account = approved.account;
    entry.session.proofs = proofs;
    sessions::enter(c, &entry)
}

pub(super) fn complete_mobile(
    c: &Connection,
    id: ChallengeId,
    entry: Entry,
    now: Time,
) -> Result<bool, StoreError> {
    let spent = spend(
        c,
        "SELECT challenge.* FROM challenge JOIN device ON device.dev = challenge.by_dev
         WHERE id = ?1 AND session = ?2 AND challenge.state = 'approved' AND kind = 'on-mobile' AND expires_at > ?3
           AND device.state = 'active' AND device.account = challenge.account",
        id,
        params![id.0, entry.replaces, int(now)],
    )?;
    let Some(approved) = spent else {
        return Ok(false);
    };
    let_in(c, entry, &approved)?;
    Ok(true)
}

/// Spends an approved challenge that `sql` finds, once.
fn spend(
    c: &Connection,
    sql: &str,
    id: ChallengeId,
    params: impl Params,
) -> Result<Option<Approved>, StoreError> {
    let found = one(c, sql, params, |row| {
        let challenge = rows::challenge(row)?;
        Ok(Approved {
            account: challenge
                .account
                .ok_or(StoreError::Damaged("a challenge's account"))?,
            purpose: challenge.purpose,
            proof: Proved {
                method: named(row, "strength", Method::from_name)?,
                at: num(row, "closed_at")?,
                dev: Some(DeviceId(row.get("by_dev")?)),
            },
        })
    })?;
    if found.is_some() {
        run(
            c,
            "UPDATE challenge SET state = 'used' WHERE id = ?1 AND state = 'approved'",
            [id.0],
        )?;
    }
    Ok(found)
}
