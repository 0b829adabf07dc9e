//! Changes of a device's record: PIN epochs, biometrics, push addresses, and what another device
//! granted. Each function is one transaction; the order of the checks is the protocol's own
//! (`verify::judge_update`).

use countersign_protocol::{
    Step, Time,
    claim::KeyClass,
    id::{DeviceId, Hash, PublicKey},
    reply::ResultCode,
    update::{Change, ChangeKind, What},
    verify::{PendingChange, UpdateNext, UpdateRecord, judge_update},
};

use super::{
    codes, devices,
    events::note,
    grants::granted,
    journal_rows, old_tokens,
    outcomes::{self, CountedRequest, device_record, wrong_pin},
    past_epochs::keep_past,
    pushes, removal,
};
use crate::store::*;

impl Store {
    /// What the status of a device says of its keys.
    pub(crate) async fn life(&self, dev: DeviceId, now: Time) -> Result<Life, StoreError> {
        self.read_of(JournalSubject::Device(dev), |tx| life(tx, dev, now))
            .await
    }

    /// Judges everything of an update but the PIN's signature, in the protocol's order, and takes a
    /// try before that is checked. What needs no PIN is done at once; a commit begins the next
    /// epoch, with the shares that `reseal` gives.
    pub(crate) async fn begin_update(
        &self,
        update: UpdateFacts,
        reseal: Reseal,
        now: Time,
    ) -> Result<CountedStep, StoreError> {
        let write = match update.update.what {
            What::Change(_) => Write::BeginChange,
            What::Commit { .. } => Write::Commit,
            What::BiometricsOn { .. } | What::BiometricsOff { .. } => Write::BeginBiometrics,
            What::PushAddress(_) => Write::SetPushAddress,
        };
        self.write_of(
            JournalSubject::Device(update.update.dev),
            write,
            move |tx| begin(tx, &update, &reseal, now),
        )
        .await
    }

    /// Records what came of the PIN's signature: does what was asked and gives the try back, or
    /// leaves it spent.
    pub(crate) async fn finish_update(
        &self,
        update: UpdateFacts,
        right: bool,
        now: Time,
    ) -> Result<Outcome, StoreError> {
        self.write_of(
            JournalSubject::Device(update.update.dev),
            Write::FinishUpdate,
            move |tx| finish(tx, &update, right, now),
        )
        .await
    }
}

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

fn pending(tx: &dyn Tx, dev: DeviceId) -> Result<Option<Pending>, StoreError> {
    tx.one(
        "SELECT * FROM pending_change WHERE dev = ?1",
        params![dev.0],
        |row| {
            Ok(Pending {
                hash: row.get("hash")?,
                kind: row.get("kind")?,
                epoch: row.get("epoch")?,
                sealed: NewEpoch {
                    pin_key: row.get("pin_key")?,
                    pin_code_secret: row.get("pin_share")?,
                    chain: row.get("chain")?,
                },
                chain_step: row.get("chain_step")?,
                device_key: row.get("device_key")?,
                hardware: row.get("hardware")?,
                proof: row.get("proof")?,
            })
        },
    )
}

pub(super) fn life(tx: &dyn Tx, dev: DeviceId, now: Time) -> Result<Life, StoreError> {
    Ok(Life {
        pending: tx.one(
            "SELECT hash FROM pending_change WHERE dev = ?1",
            params![dev.0],
            |row| row.get("hash"),
        )?,
        granted: granted(tx, dev, now)?,
        recovery_ends_at: tx.one(
            "SELECT ripe_at FROM recovery JOIN device ON device.account = recovery.account
             WHERE dev = ?1 AND finished_at IS NULL",
            params![dev.0],
            |row| row.get("ripe_at"),
        )?,
    })
}

fn begin(
    tx: &dyn Tx,
    facts: &UpdateFacts,
    reseal: &Reseal,
    now: Time,
) -> Result<CountedStep, StoreError> {
    let update = &facts.update;
    // 13.3
    let known = outcomes::get(tx, update.dev, facts.signed)?;
    if let Some(Known::Answered(outcome)) = known {
        return Ok(CountedStep::Decided {
            outcome,
            restored: None,
        });
    }
    let device = devices::get(tx, update.dev)?.ok_or(StoreError::Gone)?;
    if known == Some(Known::Checking) {
        return Ok(CountedStep::check(device, None));
    }
    // 13.4 to 13.11
    let pending = pending(tx, update.dev)?;
    let known = UpdateRecord {
        device: device_record(tx, &device)?,
        key_class: match device.hardware {
            true => KeyClass::Hardware,
            false => KeyClass::Software,
        },
        pending: pending.as_ref().map(|pending| PendingChange {
            hash: pending.hash,
            kind: pending.kind,
        }),
        began_with: device.began_with,
        granted: granted(tx, update.dev, now)?,
    };
    let is_own_token = old_tokens::counts(tx, &device, facts.token, now)?;
    let judged = judge_update(update, &known, now, is_own_token);
    let restored = Some(update.state_token.sequence() > device.issued);
    let accepted = judged.accepted.as_ref();
    if accepted.is_some() {
        old_tokens::spend(tx, &device, facts.token, now)?;
    }
    let mut request = CountedRequest::begin(tx, device, facts.signed, accepted, now)?;
    let device = &request.device;
    let result = match (judged.next, &facts.content) {
        (UpdateNext::Reply(result), _) => result,
        (UpdateNext::Suspend, _) => {
            removal::suspend(tx, device, now)?;
            ResultCode::Suspended
        }
        // 13.16
        (UpdateNext::Swap, _) => {
            let pending = pending.ok_or(StoreError::Damaged("pending change"))?;
            swap(tx, device, &pending, reseal, now)?;
            request.device = devices::get(tx, update.dev)?.ok_or(StoreError::Gone)?;
            ResultCode::Done
        }
        (UpdateNext::DropBiometrics, _) => {
            drop_biometrics(tx, device, now)?;
            ResultCode::Done
        }
        (UpdateNext::SetPushAddress, Content::PushAddress(address)) => {
            pushes::set(tx, update.dev, address.as_deref())?;
            ResultCode::Done
        }
        (UpdateNext::SetPushAddress, _) => {
            // The phone has another one now, so the one before is not its any more.
            pushes::set(tx, update.dev, None)?;
            ResultCode::NoPush
        }
        // 13.12
        (_, Content::Unsealable) => ResultCode::Unsealable,
        // 13.13
        (_, Content::Nothing | Content::Refused | Content::PushAddress(_) | Content::NoPush) => {
            ResultCode::Refused
        }
        // Another factor vouches for it, so there is no PIN to count.
        (UpdateNext::CheckChange, _) if known.granted.is_some() && is_forgotten(&update.what) => {
            apply(tx, facts, device, now)?;
            ResultCode::Done
        }
        // 13.14
        (UpdateNext::CheckChange | UpdateNext::CheckBiometrics, _) => {
            if request.begin_check(tx, true, now)? {
                return Ok(CountedStep::check(request.device, restored));
            }
            ResultCode::Blocked
        }
    };
    let outcome = request.decide(tx, result, now)?;
    Ok(CountedStep::Decided { outcome, restored })
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

fn finish(tx: &dyn Tx, facts: &UpdateFacts, right: bool, now: Time) -> Result<Outcome, StoreError> {
    let (dev, signed) = (facts.update.dev, facts.signed);
    // The same request may have been checked twice at once; its first verdict stands, and gives
    // back one try at most.
    if let Some(Known::Answered(outcome)) = outcomes::get(tx, dev, signed)? {
        return Ok(outcome);
    }
    let device = devices::get(tx, dev)?.ok_or(StoreError::Gone)?;
    let mut request = CountedRequest {
        device,
        signed,
        accepted: true,
    };
    // Both may have come while this was checked: a copy of the phone, or the next PIN epoch, for
    // which this was not made.
    if request.device.state != DeviceState::Active {
        return request.decide(tx, ResultCode::Suspended, now);
    }
    let fits = match &facts.update.what {
        What::Change(change) => Some(change.epoch) == request.device.epoch.checked_add(1),
        What::BiometricsOn { epoch, .. } => *epoch == request.device.epoch,
        What::Commit { .. } | What::BiometricsOff { .. } | What::PushAddress(_) => false,
    };
    if !fits {
        return request.decide(tx, ResultCode::Epoch, now);
    }
    // 13.15
    if !right {
        wrong_pin(tx, &request.device, now)?;
        return request.decide(tx, ResultCode::WrongPin, now);
    }
    // 13.16
    request.give_back(tx)?;
    apply(tx, facts, &request.device, now)?;
    request.decide(tx, ResultCode::Done, now)
}

/// Does what was asked, once the PIN or another factor has vouched for it.
fn apply(tx: &dyn Tx, facts: &UpdateFacts, device: &Device, now: Time) -> Result<(), StoreError> {
    match (&facts.update.what, &facts.content) {
        (What::Change(change), Content::Change(new)) => set_pending(tx, facts, change, new),
        (What::BiometricsOn { key, .. }, Content::Biometrics(share)) => {
            forget_biometrics(tx, device.dev)?;
            tx.execute(
                "UPDATE device SET bio_key = ?2, bio_share = ?3 WHERE dev = ?1",
                params![device.dev.0, key.as_bytes(), share],
            )?;
            set_proof(tx, device.dev, "biometrics", &facts.proof)?;
            note(tx, device.account, "biometrics-on", &device.name, now)
        }
        _ => Err(StoreError::Damaged("what was sealed in an update")),
    }
}

/// A change waits for its commit, in place of an earlier one.
fn set_pending(
    tx: &dyn Tx,
    facts: &UpdateFacts,
    change: &Change,
    new: &NewEpoch,
) -> Result<(), StoreError> {
    let rotation = change.device_key.as_ref();
    tx.execute(
        "INSERT INTO pending_change
            (dev, hash, kind, epoch, pin_key, pin_share, chain, chain_step, device_key, hardware, proof, by_dev)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, (SELECT by_dev FROM pin_grant WHERE dev = ?1 AND challenge = ?12))
         ON CONFLICT (dev) DO UPDATE SET hash = excluded.hash, kind = excluded.kind, epoch = excluded.epoch,
             pin_key = excluded.pin_key, pin_share = excluded.pin_share, chain = excluded.chain,
             chain_step = excluded.chain_step, device_key = excluded.device_key, hardware = excluded.hardware,
             proof = excluded.proof, by_dev = excluded.by_dev",
        params![
            facts.update.dev.0,
            facts.signed.0,
            change.kind as u8,
            change.epoch,
            new.pin_key,
            new.pin_code_secret,
            new.chain,
            facts.update.last.saturating_add(1),
            rotation.map(|new| new.key.as_bytes()),
            rotation.map(|new| new.class == KeyClass::Hardware),
            facts.proof,
            change.granted_by.map(|id| id.0)
        ],
    )?;
    Ok(())
}

fn set_proof(tx: &dyn Tx, dev: DeviceId, what: &str, proof: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO device_proof (dev, what, proof) VALUES (?1, ?2, ?3)
         ON CONFLICT (dev, what) DO UPDATE SET proof = excluded.proof",
        params![dev.0, what, proof],
    )?;
    Ok(())
}

/// They are gone, or others take their place: what they granted goes with them.
fn forget_biometrics(tx: &dyn Tx, dev: DeviceId) -> Result<(), StoreError> {
    let values: &[Value<'_>] = params![dev.0];
    tx.batch(&[
        (
            "UPDATE device SET bio_key = NULL, bio_share = NULL WHERE dev = ?1",
            values,
        ),
        (
            "DELETE FROM device_proof WHERE dev = ?1 AND what = 'biometrics'",
            values,
        ),
        (
            "DELETE FROM pin_grant WHERE dev = ?1 AND by_dev = ?1",
            values,
        ),
        (
            "DELETE FROM pending_change WHERE dev = ?1 AND by_dev = ?1",
            values,
        ),
    ])?;
    Ok(())
}

fn drop_biometrics(tx: &dyn Tx, device: &Device, now: Time) -> Result<(), StoreError> {
    let granted = "SELECT 1 AS granted FROM pin_grant WHERE dev = ?1 AND by_dev = ?1
                   UNION SELECT 1 FROM pending_change WHERE dev = ?1 AND by_dev = ?1";
    if tx
        .one(granted, params![device.dev.0], |_| Ok(()))?
        .is_some()
    {
        let ended = JournalEntry::GrantEnded(device.account, device.dev);
        journal_rows::record(tx, &ended, now)?;
    }
    forget_biometrics(tx, device.dev)?;
    if device.bio_key.is_some() {
        note(tx, device.account, "biometrics-off", &device.name, now)?;
    }
    Ok(())
}

/// The pending epoch begins, and what belonged to the present one goes.
fn swap(
    tx: &dyn Tx,
    device: &Device,
    new: &Pending,
    reseal: &Reseal,
    now: Time,
) -> Result<(), StoreError> {
    let dev = device.dev;
    let shares = reseal(device, new.epoch).ok_or(StoreError::Damaged("a device's share"))?;
    keep_past(tx, device, now)?;
    tx.execute(
        "UPDATE device SET epoch = ?2, began_with = ?3, pin_key = ?4, pin_share = ?5, plain_share = ?6, chain = ?7, chain_step = ?8,
             device_key = coalesce(?9, device_key), hardware = coalesce(?10, hardware), bio_share = ?11,
             wrong_row = 0, wrong_epoch = 0, wrong_codes = 0, unknown_codes = 0
         WHERE dev = ?1",
        params![
            dev.0,
            new.epoch,
            new.hash.0,
            new.sealed.pin_key,
            new.sealed.pin_code_secret,
            shares.plain_code_secret,
            new.sealed.chain,
            new.chain_step,
            new.device_key.as_ref().map(PublicKey::as_bytes),
            new.hardware,
            shares.bio_code_secret
        ],
    )?;
    // A new PIN under the same phone's own word does not forget the guesses at the old one; another
    // factor's word does.
    if new.kind == ChangeKind::Forgotten {
        tx.execute(
            "UPDATE device SET wrong_month = ?2, month_told = 0 WHERE dev = ?1",
            params![dev.0, [0_u8; 0]],
        )?;
        // Never for the other kinds: it would say that the PIN before was right.
        let used = JournalEntry::GrantEnded(device.account, dev);
        journal_rows::record(tx, &used, now)?;
    }
    if new.kind != ChangeKind::Refresh {
        forget_biometrics(tx, dev)?;
    }
    codes::open_ways(tx, device.account)?;
    set_proof(tx, dev, "change", &new.proof)?;
    tx.execute("DELETE FROM pending_change WHERE dev = ?1", params![dev.0])?;
    tx.execute("DELETE FROM pin_grant WHERE dev = ?1", params![dev.0])?;
    let what = match new.kind {
        ChangeKind::Change => "pin-changed",
        ChangeKind::Refresh => "pin-refreshed",
        ChangeKind::Forgotten => "pin-set-anew",
    };
    note(tx, device.account, what, &device.name, now)
}
