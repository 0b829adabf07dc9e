//! Enrolments: from the QR code on the page to an active device.

use countersign_protocol::{
    Time,
    enrolment::Way,
    id::{DeviceId, EnrolmentId, Hash},
};
use rusqlite::{Connection, params};

use super::{
    accounts::note,
    facts, journal, links,
    rows::{self, int, num, one, run},
    sessions,
};
use crate::{
    policy::{
        self,
        changes::{Change, Proof, Refused, session_proves},
    },
    store::*,
};

/// Begins an enrolment for a session that finished a recovery, or in the place of another open one
/// of the same session, which gains no time by it.
pub(super) fn begin_on(
    c: &Connection,
    new: &NewEnrolment,
    on: &Begin,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    let allowed = match on {
        Begin::Recovered => {
            let proves = |session: &Session| {
                session.account == new.account && session_proves(Proof::Recovered, session, now)
            };
            match sessions::get(c, new.session, now)?.is_some_and(|session| proves(&session)) {
                true => facts::allow(c, new.account, Change::Add, Proof::Recovered, now)?,
                false => Err(Refused::Guarded),
            }
        }
        Begin::Confirmed(id) => {
            let own = |link: &Link| {
                link.kind == LinkKind::Confirm
                    && (link.account, link.session) == (Some(new.account), Some(new.session))
            };
            match links::get(c, *id, now)?.is_some_and(|link| own(&link)) {
                true => {
                    links::spend(c, *id, LinkKind::Confirm, now)?;
                    facts::allow(c, new.account, Change::Add, Proof::PasswordAndLink, now)?
                }
                false => Err(Refused::Changed),
            }
        }
        Begin::InPlaceOf(id) => {
            let own = |old: &Enrolment| {
                old.state == EnrolmentState::Open
                    && (old.account, old.session) == (new.account, new.session)
                    && new.expires_at <= old.expires_at
            };
            let old = get(c, *id, now)?.filter(own);
            old.map(drop).ok_or(Refused::Changed)
        }
    };
    match allowed {
        Ok(()) if !begin(c, new)? => Ok(Err(Refused::Full)),
        allowed => Ok(allowed),
    }
}

/// Ends every enrolment of an account that is not done.
pub(super) fn void(c: &Connection, account: AccountId) -> Result<(), StoreError> {
    run(
        c,
        "DELETE FROM device WHERE account = ?1 AND state = 'pending'",
        [account.0],
    )?;
    run(
        c,
        "UPDATE enrolment SET state = 'void', code = NULL, pin_check = NULL
         WHERE account = ?1 AND state <> 'done'",
        [account.0],
    )?;
    Ok(())
}

/// Begins an enrolment that the policy has allowed; `false` when the account has ten devices.
pub(super) fn begin(c: &Connection, new: &NewEnrolment) -> Result<bool, StoreError> {
    let account = new.account.0;
    void(c, new.account)?;
    let devices = one(
        c,
        "SELECT count(*) AS n FROM device WHERE account = ?1",
        [account],
        |row| num(row, "n"),
    )?
    .unwrap_or(0);
    if devices >= u64::from(policy::DEVICES) {
        return Ok(false);
    }
    run(
        c,
        "INSERT INTO enrolment (id, account, session, dev, name, message, hash, secret, way, issued_at, expires_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?11, ?9, ?10, 'open')",
        params![
            new.id.0,
            account,
            new.session,
            new.dev.0,
            new.name,
            new.message.bytes,
            new.message.hash.0,
            new.secret,
            int(new.issued_at),
            int(new.expires_at),
            new.way as u8
        ],
    )?;
    Ok(true)
}

pub(super) fn get(
    c: &Connection,
    id: EnrolmentId,
    now: Time,
) -> Result<Option<Enrolment>, StoreError> {
    let found = one(
        c,
        "SELECT * FROM enrolment WHERE id = ?1",
        [id.0],
        rows::enrolment,
    )?;
    Ok(found
        .filter(|enrolment| enrolment.state == EnrolmentState::Done || enrolment.expires_at > now))
}

pub(super) fn claim(
    c: &Connection,
    new: &NewClaim,
    now: Time,
) -> Result<Option<Enrolment>, StoreError> {
    let Some(enrolment) = get(c, new.id, now)? else {
        return Ok(None);
    };
    if enrolment.state != EnrolmentState::Open {
        return Ok(Some(enrolment));
    }
    let step = one(
        c,
        "SELECT step FROM account WHERE acc = ?1",
        [enrolment.account.0],
        |row| num(row, "step"),
    )?
    .ok_or(StoreError::Damaged("account"))?;
    run(
        c,
        "INSERT INTO device (dev, account, enrolment, name, model, platform, state, created_at, used_at, hardware, device_key, epoch,
                             first_step, pin_key, pin_share, plain_share, chain, chain_step)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending', ?7, ?7, ?8, ?9, 1, ?10, ?11, ?12, ?13, ?14, ?10)",
        params![
            enrolment.dev.0,
            enrolment.account.0,
            enrolment.id.0,
            enrolment.name,
            new.model,
            new.platform,
            int(now),
            new.hardware,
            new.keys.device_key.as_bytes(),
            int(step + 1),
            new.keys.pin_key,
            new.keys.pin_share,
            new.keys.plain_share,
            new.keys.chain
        ],
    )?;
    run(
        c,
        "UPDATE enrolment SET state = ?5, claim = ?2, proof = ?3, code = ?4, pin_check = NULL WHERE id = ?1",
        params![
            new.id.0,
            new.claim.0,
            new.proof,
            new.code,
            if new.code.is_some() {
                EnrolmentState::Claimed
            } else {
                EnrolmentState::Confirmed
            }
            .name()
        ],
    )?;
    get(c, new.id, now)
}

pub(super) fn set_pin_check(
    c: &Connection,
    id: EnrolmentId,
    session: SessionHash,
    pin_check: &[u8],
    now: Time,
) -> Result<bool, StoreError> {
    let changed = run(
        c,
        "UPDATE enrolment SET pin_check = ?3 WHERE id = ?1 AND session = ?2 AND way = 1 AND state = 'open' AND expires_at > ?4",
        params![id.0, session, pin_check, int(now)],
    )?;
    Ok(changed == 1)
}

pub(super) fn take_pin_try(
    c: &Connection,
    id: EnrolmentId,
    claim: Hash,
    now: Time,
) -> Result<Option<PinTry>, StoreError> {
    let open = get(c, id, now)?.is_some_and(|enrolment| {
        enrolment.state == EnrolmentState::Open && enrolment.way == Way::PinInBrowser
    });
    if !open {
        return Ok(None);
    }
    let found = one(
        c,
        "SELECT pin_check, pin_claims FROM enrolment WHERE id = ?1",
        [id.0],
        |row| {
            Ok((
                row.get::<_, Option<Vec<u8>>>("pin_check")?,
                row.get::<_, Vec<u8>>("pin_claims")?,
            ))
        },
    )?;
    let Some((Some(pin_check), mut claims)) = found else {
        return Ok(None);
    };
    let (hashes, _) = claims.as_chunks::<32>();
    let place = match hashes.iter().position(|hash| *hash == claim.0) {
        Some(place) => place,
        None => hashes.len(),
    };
    let spent = u32::try_from(place + 1).unwrap_or(u32::MAX);
    let Some(left) = policy::ENROLMENT_TRIES.checked_sub(spent) else {
        return Ok(None);
    };
    if place == hashes.len() {
        claims.extend_from_slice(&claim.0);
        run(
            c,
            "UPDATE enrolment SET pin_claims = ?2 WHERE id = ?1",
            params![id.0, claims],
        )?;
    }
    Ok(Some(PinTry { pin_check, left }))
}

pub(super) fn fail_pin_try(c: &Connection, id: EnrolmentId, now: Time) -> Result<(), StoreError> {
    let changed = run(
        c,
        "UPDATE enrolment SET state = 'void', pin_check = NULL WHERE id = ?1 AND state = 'open' AND length(pin_claims) >= 32 * ?2",
        params![id.0, policy::ENROLMENT_TRIES],
    )?;
    if changed == 1
        && let Some(enrolment) = get(c, id, now)?
    {
        note(c, enrolment.account, "enrolment-void", &enrolment.name, now)?;
    }
    Ok(())
}

pub(super) fn take_try(
    c: &Connection,
    id: EnrolmentId,
    session: SessionHash,
    now: Time,
) -> Result<Option<CodeTry>, StoreError> {
    let Some(enrolment) = get(c, id, now)? else {
        return Ok(None);
    };
    let Some(left) = policy::ENROLMENT_TRIES.checked_sub(enrolment.code_tries + 1) else {
        return Ok(None);
    };
    let (EnrolmentState::Claimed, true, Some(code)) = (
        enrolment.state,
        enrolment.session == session,
        enrolment.code,
    ) else {
        return Ok(None);
    };
    run(
        c,
        "UPDATE enrolment SET code_tries = code_tries + 1 WHERE id = ?1",
        [id.0],
    )?;
    Ok(Some(CodeTry {
        dev: enrolment.dev,
        code,
        left,
    }))
}

pub(super) fn finish_try(
    c: &Connection,
    id: EnrolmentId,
    right: bool,
    now: Time,
) -> Result<(), StoreError> {
    let Some(enrolment) = get(c, id, now)? else {
        return Ok(());
    };
    if enrolment.state != EnrolmentState::Claimed {
        return Ok(());
    }
    if right {
        run(
            c,
            "UPDATE enrolment SET state = 'confirmed', code = NULL WHERE id = ?1",
            [id.0],
        )?;
    } else if enrolment.code_tries >= policy::ENROLMENT_TRIES {
        run(
            c,
            "UPDATE enrolment SET state = 'void', code = NULL WHERE id = ?1",
            [id.0],
        )?;
        run(
            c,
            "DELETE FROM device WHERE dev = ?1 AND state = 'pending'",
            [enrolment.dev.0],
        )?;
        note(c, enrolment.account, "enrolment-void", &enrolment.name, now)?;
    }
    Ok(())
}

pub(super) fn complete(
    c: &Connection,
    id: EnrolmentId,
    dev: DeviceId,
    now: Time,
) -> Result<Completion, StoreError> {
    let Some(enrolment) = get(c, id, now)?.filter(|enrolment| enrolment.dev == dev) else {
        return Ok(Completion::Refused);
    };
    match enrolment.state {
        EnrolmentState::Done => return Ok(Completion::Active),
        EnrolmentState::Claimed => return Ok(Completion::NotYet),
        EnrolmentState::Open | EnrolmentState::Void => return Ok(Completion::Refused),
        EnrolmentState::Confirmed => {}
    }
    run(
        c,
        "UPDATE enrolment SET state = 'done' WHERE id = ?1",
        [id.0],
    )?;
    run(
        c,
        "UPDATE device SET state = 'active', used_at = ?2 WHERE dev = ?1",
        params![dev.0, int(now)],
    )?;
    run(
        c,
        "UPDATE account SET guarded = 0 WHERE acc = ?1",
        [enrolment.account.0],
    )?;
    // From now on a password alone does not sign in, so other browsers that gave only that have to begin again.
    sessions::end_without_factor(c, enrolment.account, enrolment.session)?;
    journal::record(c, &JournalEntry::Added(enrolment.account, dev), now)?;
    // Nor are links enough that were asked for when there was no factor.
    links::end_of_account(c, enrolment.account, now)?;
    note(c, enrolment.account, "device-added", &enrolment.name, now)?;
    Ok(Completion::Active)
}

pub(super) fn sweep(c: &Connection, now: Time) -> Result<(), StoreError> {
    run(
        c,
        "DELETE FROM device WHERE state = 'pending' AND enrolment IN (SELECT id FROM enrolment WHERE expires_at <= ?1)",
        [int(now)],
    )?;
    run(
        c,
        "DELETE FROM enrolment WHERE state <> 'done' AND expires_at <= ?1",
        [int(now)],
    )?;
    Ok(())
}
