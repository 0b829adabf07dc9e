//! Changes of a device's record: PIN epochs, biometrics, push addresses, and what another device granted. Each function is one transaction; the order of the
//! checks is the protocol's own (`verify::judge_update`).

use countersign_protocol::{
    Step, Time,
    challenge::Purpose,
    claim::KeyClass,
    id::{ChallengeId, DeviceId, Hash, PublicKey},
    reply::ResultCode,
    update::{Change, ChangeKind, What},
    verify::{GRANT_LASTS, PendingChange, UpdateNext, UpdateRecord, judge_update},
};
use rusqlite::{Connection, params};

use super::{
    accounts::note,
    codes, devices,
    outcomes::{self, accept, decide, device_record, record, refusal, set_tries, wrong_pin},
    pushes,
    rows::{all, int, key, month, num, one, run, small, tries},
};
use crate::{policy, store::*};

/// A change that waits for its commit.
struct Pending {
    hash: Hash,
    kind: ChangeKind,
    epoch: u32,
    sealed: NewEpoch,
    chain_step: Step,
    device_key: Option<PublicKey>,
    hardware: Option<bool>,
    proof: Vec<u8>,
}

fn pending(c: &Connection, dev: DeviceId) -> Result<Option<Pending>, StoreError> {
    one(
        c,
        "SELECT * FROM pending_change WHERE dev = ?1",
        [dev.0],
        |row| {
            Ok(Pending {
                hash: Hash(row.get("hash")?),
                kind: ChangeKind::from_number(num(row, "kind")?)
                    .ok_or(StoreError::Damaged("kind of a change"))?,
                epoch: small(row, "epoch")?,
                sealed: NewEpoch {
                    pin_key: row.get("pin_key")?,
                    pin_share: row.get("pin_share")?,
                    chain: row.get("chain")?,
                },
                chain_step: num(row, "chain_step")?,
                device_key: row
                    .get::<_, Option<Vec<u8>>>("device_key")?
                    .map(|bytes| key(&bytes, "device_key"))
                    .transpose()?,
                hardware: row.get("hardware")?,
                proof: row.get("proof")?,
            })
        },
    )
}

pub(super) fn life(c: &Connection, dev: DeviceId, now: Time) -> Result<Life, StoreError> {
    Ok(Life {
        pending: one(
            c,
            "SELECT hash FROM pending_change WHERE dev = ?1",
            [dev.0],
            |row| Ok(Hash(row.get("hash")?)),
        )?,
        granted: granted(c, dev, now)?,
        recovery_ends_at: one(
            c,
            "SELECT ripe_at FROM recovery JOIN device ON device.account = recovery.account
             WHERE dev = ?1 AND finished_at IS NULL",
            [dev.0],
            |row| num(row, "ripe_at"),
        )?,
    })
}

/// The approved challenge that lets the device set its PIN anew now. A grant ends with the device that gave it, and one by the device's own
/// biometrics with these; nor does that one lift a block, for it helps who forgot a PIN, and not who guessed.
fn granted(c: &Connection, dev: DeviceId, now: Time) -> Result<Option<ChallengeId>, StoreError> {
    one(
        c,
        "SELECT challenge, by_dev = pin_grant.dev AS by_itself, giver.* FROM pin_grant JOIN device AS giver ON giver.dev = by_dev
         WHERE pin_grant.dev = ?1 AND until > ?2 AND giver.state = 'active'",
        params![dev.0, int(now)],
        |row| {
            let holds = !row.get::<_, bool>("by_itself")? || tries(row)?.left() > 0 && !month(row)?.is_full();
            Ok(holds.then_some(ChallengeId(row.get("challenge")?)))
        },
    )
    .map(Option::flatten)
}

/// An approval was given: when it was asked for another device's PIN, or where it `grants_itself` for its own, that device may set it anew.
pub(super) fn grant(
    c: &Connection,
    challenge: &Challenge,
    giver: &Device,
    grants_itself: bool,
    now: Time,
) -> Result<(), StoreError> {
    let (ChallengeKind::Approve, Purpose::Unblock, Some(subject)) =
        (challenge.kind, challenge.purpose, challenge.subject)
    else {
        return Ok(());
    };
    let of_account = devices::get(c, subject)?.is_some_and(|device| {
        device.account == giver.account && device.state == DeviceState::Active
    });
    if !of_account || (subject == giver.dev && !grants_itself) {
        return Ok(());
    }
    run(
        c,
        "INSERT INTO pin_grant (dev, challenge, by_dev, until) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (dev) DO UPDATE SET challenge = ?2, by_dev = ?3, until = ?4",
        params![
            subject.0,
            challenge.id.0,
            giver.dev.0,
            int(now.saturating_add(GRANT_LASTS))
        ],
    )?;
    Ok(())
}

pub(super) fn begin(
    c: &Connection,
    facts: &UpdateFacts,
    reseal: Reseal,
    now: Time,
) -> Result<UpdateStep, StoreError> {
    let update = &facts.update;
    let known = outcomes::get(c, update.dev, facts.signed)?;
    if let Some(Known::Answered(outcome)) = known {
        return Ok(UpdateStep::Decided(outcome));
    }
    let device = devices::get(c, update.dev)?.ok_or(StoreError::Gone)?;
    if known == Some(Known::Checking) {
        return Ok(check(device));
    }
    let pending = pending(c, update.dev)?;
    let known = UpdateRecord {
        device: device_record(&device),
        key_class: if device.hardware {
            KeyClass::Hardware
        } else {
            KeyClass::Software
        },
        pending: pending.as_ref().map(|pending| PendingChange {
            hash: pending.hash,
            kind: pending.kind,
        }),
        began_with: device.began_with,
        granted: granted(c, update.dev, now)?,
    };
    let judged = judge_update(update, &known, now, facts.made);
    if let Some(accepted) = &judged.accepted {
        accept(c, update.dev, accepted, now)?;
    }
    let decided = |result| {
        Ok(UpdateStep::Decided(match judged.accepted {
            Some(_) => decide(c, update.dev, facts.signed, result, now)?,
            None => refusal(&device, result, now),
        }))
    };
    match (judged.next, &facts.content) {
        (UpdateNext::Reply(result), _) => decided(result),
        (UpdateNext::Suspend, _) => {
            devices::suspend(c, &device, now)?;
            decided(ResultCode::Suspended)
        }
        (UpdateNext::Swap, _) => {
            let pending = pending.ok_or(StoreError::Damaged("pending change"))?;
            swap(c, &device, &pending, reseal, now)?;
            decided(ResultCode::Done)
        }
        (UpdateNext::DropBiometrics, _) => {
            drop_biometrics(c, &device, now)?;
            decided(ResultCode::Done)
        }
        (UpdateNext::SetPushAddress, Content::PushAddress(address)) => {
            pushes::set(c, update.dev, address.as_deref())?;
            decided(ResultCode::Done)
        }
        (UpdateNext::SetPushAddress, _) => {
            // The phone has another one now, so the one before is not its any more.
            pushes::set(c, update.dev, None)?;
            decided(ResultCode::NoPush)
        }
        (_, Content::Unsealable) => decided(ResultCode::Unsealable),
        (_, Content::Nothing | Content::Refused | Content::PushAddress(_) | Content::NoPush) => {
            decided(ResultCode::Refused)
        }
        // Another factor vouches for it, so there is no PIN to count.
        (UpdateNext::CheckChange, _) if known.granted.is_some() && is_forgotten(&update.what) => {
            apply(c, facts, &device, now)?;
            decided(ResultCode::Done)
        }
        (UpdateNext::CheckChange | UpdateNext::CheckBiometrics, _) => {
            let Some(taken) = device.take_try(now) else {
                return decided(ResultCode::Blocked);
            };
            set_tries(c, update.dev, taken)?;
            record(c, update.dev, facts.signed, None, now)?;
            Ok(check(device))
        }
    }
}

fn is_forgotten(what: &What) -> bool {
    matches!(
        what,
        What::Change(Change {
            kind: ChangeKind::Forgotten,
            ..
        })
    )
}

fn check(device: Device) -> UpdateStep {
    UpdateStep::Check {
        pin_key: device.keys.pin_key,
        epoch: device.epoch,
    }
}

pub(super) fn finish(
    c: &Connection,
    facts: &UpdateFacts,
    right: bool,
    now: Time,
) -> Result<Outcome, StoreError> {
    let (dev, signed) = (facts.update.dev, facts.signed);
    // The same request may have been checked twice at once; its first verdict stands, and gives back one try at most.
    if let Some(Known::Answered(outcome)) = outcomes::get(c, dev, signed)? {
        return Ok(outcome);
    }
    let device = devices::get(c, dev)?.ok_or(StoreError::Gone)?;
    // Both may have come while this was checked: a copy of the phone, or the next PIN epoch, for which this was not made.
    if device.state != DeviceState::Active {
        return decide(c, dev, signed, ResultCode::Suspended, now);
    }
    let fits = match &facts.update.what {
        What::Change(change) => Some(change.epoch) == device.epoch.checked_add(1),
        What::BiometricsOn { epoch, .. } => *epoch == device.epoch,
        What::Commit { .. } | What::BiometricsOff { .. } | What::PushAddress(_) => false,
    };
    if !fits {
        return decide(c, dev, signed, ResultCode::Epoch, now);
    }
    if !right {
        wrong_pin(c, &device, now)?;
        return decide(c, dev, signed, ResultCode::WrongPin, now);
    }
    set_tries(c, dev, device.give_back_try())?;
    apply(c, facts, &device, now)?;
    decide(c, dev, signed, ResultCode::Done, now)
}

/// Does what was asked, once the PIN or another factor has vouched for it.
fn apply(
    c: &Connection,
    facts: &UpdateFacts,
    device: &Device,
    now: Time,
) -> Result<(), StoreError> {
    match (&facts.update.what, &facts.content) {
        (What::Change(change), Content::Change(new)) => set_pending(c, facts, change, new),
        (What::BiometricsOn { key, .. }, Content::Biometrics(share)) => {
            forget_biometrics(c, device.dev)?;
            run(
                c,
                "UPDATE device SET bio_key = ?2, bio_share = ?3 WHERE dev = ?1",
                params![device.dev.0, key.as_bytes(), share],
            )?;
            set_proof(c, device.dev, "biometrics", &facts.proof)?;
            note(c, device.account, "biometrics-on", &device.name, now)
        }
        _ => Err(StoreError::Damaged("what was sealed in an update")),
    }
}

/// A change waits for its commit, in place of an earlier one.
fn set_pending(
    c: &Connection,
    facts: &UpdateFacts,
    change: &Change,
    new: &NewEpoch,
) -> Result<(), StoreError> {
    let rotation = change.device_key.as_ref();
    run(
        c,
        "INSERT OR REPLACE INTO pending_change
            (dev, hash, kind, epoch, pin_key, pin_share, chain, chain_step, device_key, hardware, proof, by_dev)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, (SELECT by_dev FROM pin_grant WHERE dev = ?1 AND challenge = ?12))",
        params![
            facts.update.dev.0,
            facts.signed.0,
            change.kind as u8,
            change.epoch,
            new.pin_key,
            new.pin_share,
            new.chain,
            int(facts.update.last.saturating_add(1)),
            rotation.map(|new| new.key.as_bytes()),
            rotation.map(|new| new.class == KeyClass::Hardware),
            facts.proof,
            change.granted_by.map(|id| id.0)
        ],
    )?;
    Ok(())
}

fn set_proof(c: &Connection, dev: DeviceId, what: &str, proof: &[u8]) -> Result<(), StoreError> {
    run(
        c,
        "INSERT OR REPLACE INTO device_proof (dev, what, proof) VALUES (?1, ?2, ?3)",
        params![dev.0, what, proof],
    )?;
    Ok(())
}

/// They are gone, or others take their place: what they granted goes with them.
fn forget_biometrics(c: &Connection, dev: DeviceId) -> Result<(), StoreError> {
    for sql in [
        "UPDATE device SET bio_key = NULL, bio_share = NULL WHERE dev = ?1",
        "DELETE FROM device_proof WHERE dev = ?1 AND what = 'biometrics'",
        "DELETE FROM pin_grant WHERE dev = ?1 AND by_dev = ?1",
        "DELETE FROM pending_change WHERE dev = ?1 AND by_dev = ?1",
    ] {
        run(c, sql, [dev.0])?;
    }
    Ok(())
}

fn drop_biometrics(c: &Connection, device: &Device, now: Time) -> Result<(), StoreError> {
    forget_biometrics(c, device.dev)?;
    if device.bio_key.is_some() {
        note(c, device.account, "biometrics-off", &device.name, now)?;
    }
    Ok(())
}

/// The pending epoch begins, and what belonged to the present one goes.
fn swap(
    c: &Connection,
    device: &Device,
    new: &Pending,
    reseal: Reseal,
    now: Time,
) -> Result<(), StoreError> {
    let dev = device.dev;
    let shares = reseal(device, new.epoch).ok_or(StoreError::Damaged("a device's share"))?;
    keep_past(c, device, now)?;
    run(
        c,
        "UPDATE device SET epoch = ?2, began_with = ?3, pin_key = ?4, pin_share = ?5, plain_share = ?6, chain = ?7, chain_step = ?8,
             device_key = coalesce(?9, device_key), hardware = coalesce(?10, hardware), bio_share = ?11,
             wrong_row = 0, wrong_epoch = 0, wrong_codes = 0, unknown_codes = 0
         WHERE dev = ?1",
        params![
            dev.0,
            new.epoch,
            new.hash.0,
            new.sealed.pin_key,
            new.sealed.pin_share,
            shares.plain_share,
            new.sealed.chain,
            int(new.chain_step),
            new.device_key.as_ref().map(PublicKey::as_bytes),
            new.hardware,
            shares.bio_share
        ],
    )?;
    // A new PIN under the same phone's own word does not forget who guessed at the old one; another factor's word does.
    if new.kind == ChangeKind::Forgotten {
        run(
            c,
            "UPDATE device SET wrong_month = x'', month_told = 0 WHERE dev = ?1",
            [dev.0],
        )?;
    }
    if new.kind != ChangeKind::Refresh {
        forget_biometrics(c, dev)?;
    }
    codes::open_ways(c, device.account)?;
    set_proof(c, dev, "change", &new.proof)?;
    run(c, "DELETE FROM pending_change WHERE dev = ?1", [dev.0])?;
    run(c, "DELETE FROM pin_grant WHERE dev = ?1", [dev.0])?;
    let what = match new.kind {
        ChangeKind::Change => "pin-changed",
        ChangeKind::Refresh => "pin-refreshed",
        ChangeKind::Forgotten => "pin-set-anew",
    };
    note(c, device.account, what, &device.name, now)
}

/// A code may be on its way to the page: until the open challenges expire, what gave it can still judge it. What gave no code any more,
/// because too many PINs or codes were wrong, does not begin to again; nor does it judge more than its fifteen, if all that may come is wrong.
fn keep_past(c: &Connection, device: &Device, now: Time) -> Result<(), StoreError> {
    if device.is_blocked() || !device.wrong_codes.has_room(policy::WRONG_CODES_TO_COME) {
        return Ok(());
    }
    run(
        c,
        "INSERT OR REPLACE INTO past_epoch (dev, epoch, pin_share, chain, chain_step, last_step, until)
         SELECT ?1, ?2, ?3, ?4, ?5, max(step), max(expires_at) FROM challenge
         WHERE account = ?6 AND step IS NOT NULL AND state = 'open' AND expires_at > ?7 AND issued_at > ?7 - ?8
         HAVING count(*) > 0",
        params![
            device.dev.0,
            device.epoch,
            device.keys.pin_share,
            device.keys.chain,
            int(device.chain_step),
            device.account.0,
            int(now),
            int(policy::LONGEST_CHALLENGE_SECONDS)
        ],
    )?;
    // Each is judged with every code: a phone that begins epochs without end must not make that long.
    run(
        c,
        "DELETE FROM past_epoch WHERE dev = ?1
         AND epoch NOT IN (SELECT epoch FROM past_epoch WHERE dev = ?1 ORDER BY epoch DESC LIMIT ?2)",
        params![device.dev.0, policy::PAST_EPOCHS],
    )?;
    Ok(())
}

/// The past epochs of a device that a code for this step may be of.
pub(super) fn past(
    c: &Connection,
    dev: DeviceId,
    step: Step,
    now: Time,
) -> Result<Vec<PastEpoch>, StoreError> {
    all(
        c,
        "SELECT * FROM past_epoch WHERE dev = ?1 AND last_step >= ?2 AND until > ?3",
        params![dev.0, int(step), int(now)],
        |row| {
            Ok(PastEpoch {
                epoch: small(row, "epoch")?,
                pin_share: row.get("pin_share")?,
                chain: row.get("chain")?,
                chain_step: num(row, "chain_step")?,
            })
        },
    )
}

pub(super) fn sweep(c: &Connection, now: Time) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM past_epoch WHERE until <= ?1",
        "DELETE FROM pin_grant WHERE until <= ?1",
    ] {
        run(c, sql, [int(now)])?;
    }
    Ok(())
}
