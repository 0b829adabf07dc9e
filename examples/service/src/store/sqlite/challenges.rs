//! Challenges: issuing, listing, collecting.

use countersign_protocol::{
    Time,
    challenge::Unlock,
    id::{ChallengeId, DeviceId},
};
use rusqlite::{Connection, Params, params};

use super::{
    devices,
    rows::{self, all, int, num, one, run, small},
};
use crate::{policy, store::*};

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
    let device = devices::get(c, dev)?;
    if !device
        .is_some_and(|device| device.account == account && device.state == DeviceState::Active)
    {
        return Ok(Issue::NoDevice);
    }
    let held = one(
        c,
        "SELECT no_push_until FROM account WHERE acc = ?1",
        [account.0],
        |row| num(row, "no_push_until"),
    )?;
    if !new.known_browser && held.is_some_and(|until| until > now) {
        return Ok(Issue::Closed);
    }
    let other = one(
        c,
        "SELECT 1 FROM challenge WHERE dev = ?1 AND kind = 'approve' AND state = 'open' AND expires_at > ?2 AND session <> ?3",
        params![dev.0, int(now), new.session],
        |_| Ok(()),
    )?;
    if other.is_some() {
        return Ok(Issue::Busy);
    }
    run(
        c,
        "UPDATE challenge SET state = 'replaced', closed_at = ?2 WHERE dev = ?1 AND kind = 'approve' AND state = 'open'",
        params![dev.0, int(now)],
    )?;
    insert(c, new, None, message, now)?;
    Ok(Issue::Opened)
}

pub(super) fn issue_code(
    c: &Connection,
    new: &NewChallenge,
    sign: SignStep,
    now: Time,
) -> Result<Issue, StoreError> {
    let Some(account) = new.account.map(|account| account.0) else {
        return Ok(Issue::NoDevice);
    };
    let Some((step, open)) = one(
        c,
        "SELECT * FROM account WHERE acc = ?1",
        [account],
        |row| {
            let open = match new.unlock {
                Unlock::Nothing => policy::plain_codes_open(
                    small(row, "wrong_plain_codes")?,
                    num(row, "wrong_plain_at")?,
                    now,
                ),
                _ => policy::pin_codes_open(small(row, "wrong_pin_codes")?),
            };
            Ok((num(row, "step")? + 1, open))
        },
    )?
    else {
        return Ok(Issue::NoDevice);
    };
    if !open {
        return Ok(Issue::Closed);
    }
    // A page that asks again gives up what it had.
    run(
        c,
        "UPDATE challenge SET state = 'replaced', closed_at = ?4
         WHERE account = ?1 AND session = ?2 AND purpose = ?3 AND step IS NOT NULL AND state = 'open'",
        params![account, new.session, new.purpose as u8, int(now)],
    )?;
    let (most_open, most_hour) = policy::code_limits(new.known_browser);
    let count = |sql| {
        one(c, sql, params![account, int(now)], |row| small(row, "n")).map(|n| n.unwrap_or(0))
    };
    let open = count(
        "SELECT count(*) AS n FROM challenge WHERE account = ?1 AND step IS NOT NULL AND state = 'open' AND expires_at > ?2",
    )?;
    let hour = count(
        "SELECT count(*) AS n FROM challenge WHERE account = ?1 AND step IS NOT NULL AND issued_at > ?2 - 3600",
    )?;
    if open >= most_open || hour >= most_hour {
        return Ok(Issue::TooMany);
    }
    let Some(message) = sign(step) else {
        return Ok(Issue::NotSigned);
    };
    run(
        c,
        "UPDATE account SET step = ?2 WHERE acc = ?1",
        params![account, int(step)],
    )?;
    insert(c, new, Some(step), &message, now)?;
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
    // Anybody may begin one, so there is a bound for all together.
    let open = one(
        c,
        "SELECT count(*) AS n FROM challenge WHERE kind = 'on-mobile' AND account IS NULL AND expires_at > ?1",
        [int(now)],
        |row| small(row, "n"),
    )?;
    if open.unwrap_or(0) >= policy::MOBILE_OPEN {
        return Ok(Issue::TooMany);
    }
    insert(c, new, None, message, now)?;
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
    now: Time,
) -> Result<(), StoreError> {
    run(
        c,
        "INSERT INTO challenge
            (id, account, session, kind, purpose, dev, step, message, hash, number, payload, unlock, issued_at, expires_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'open')",
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
            int(new.expires_at)
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
        "SELECT id, message FROM challenge WHERE dev = ?1 AND kind = 'approve' AND state = 'open' AND expires_at > ?2
         ORDER BY issued_at DESC LIMIT 4",
        params![dev.0, int(now)],
        |row| Ok(InboxItem { id: ChallengeId(row.get("id")?), message: row.get("message")? }),
    )
}

pub(super) fn collect(
    c: &Connection,
    id: ChallengeId,
    session: SessionHash,
    now: Time,
) -> Result<Option<Collected>, StoreError> {
    take(
        c,
        "SELECT challenge.* FROM challenge JOIN device ON device.dev = challenge.by_dev
         WHERE id = ?1 AND session = ?2 AND challenge.state = 'approved' AND kind <> 'on-mobile' AND closed_at + ?3 >= ?4
           AND device.state = 'active' AND device.account = challenge.account",
        id,
        params![id.0, session, int(policy::COLLECT_SECONDS), int(now)],
    )
}

pub(super) fn complete_mobile(
    c: &Connection,
    id: ChallengeId,
    session: SessionHash,
    now: Time,
) -> Result<Option<Collected>, StoreError> {
    take(
        c,
        "SELECT challenge.* FROM challenge JOIN device ON device.dev = challenge.by_dev
         WHERE id = ?1 AND session = ?2 AND challenge.state = 'approved' AND kind = 'on-mobile' AND expires_at > ?3
           AND device.state = 'active' AND device.account = challenge.account",
        id,
        params![id.0, session, int(now)],
    )
}

/// Takes an approved challenge that `sql` finds, once.
fn take(
    c: &Connection,
    sql: &str,
    id: ChallengeId,
    params: impl Params,
) -> Result<Option<Collected>, StoreError> {
    let found = one(c, sql, params, |row| {
        let strength = Strength::from_name(&row.get::<_, String>("strength")?)
            .ok_or(StoreError::Damaged("strength"))?;
        let challenge = rows::challenge(row)?;
        Ok(Collected {
            account: challenge
                .account
                .ok_or(StoreError::Damaged("a challenge's account"))?,
            purpose: challenge.purpose,
            payload: challenge.payload,
            strength,
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
