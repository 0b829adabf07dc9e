//! Judging what changes a device's record: change, commit, biometrics, push address (§13).

use super::{Accepted, DeviceRecord, clock_is_near};
use crate::Time;
use crate::claim::KeyClass;
use crate::id::{ChallengeId, Hash};
use crate::reply::{DeviceState, ResultCode};
use crate::update::{Change, ChangeKind, Update, What};

/// What a service knows of a change that is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingChange {
    /// Its hash.
    pub hash: Hash,
    /// Its kind.
    pub kind: ChangeKind,
}

/// What a service knows of the device that sends an update.
#[derive(Debug, Clone, Copy)]
pub struct UpdateRecord {
    /// The device.
    pub device: DeviceRecord,
    /// Where its K_dev lives.
    pub key_class: KeyClass,
    /// The change that waits for its commit.
    pub pending: Option<PendingChange>,
    /// The hash of the change with which the present epoch began.
    pub began_with: Option<Hash>,
    /// The challenge that grants a new PIN to this device now: approved with PIN or biometrics by another device of the account (or, as a
    /// service's setting, with biometrics by this one) within the last [`GRANT_LASTS`] seconds, with this device as its subject.
    pub granted: Option<ChallengeId>,
}

/// How long an approval grants that a PIN is set anew, seconds.
pub const GRANT_LASTS: Time = 600;

/// What to do with an update once it is parsed, K_dev's signature right, and no outcome recorded for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateJudgement {
    /// To be recorded in the same transaction, once the counter and state token were accepted.
    pub accepted: Option<Accepted>,
    /// What then.
    pub next: UpdateNext,
}

/// The step that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateNext {
    /// Reply so; nothing else changes.
    Reply(ResultCode),
    /// Suspend the device, tell the person, and reply so.
    Suspend,
    /// Check what was sealed; then, where the old PIN vouches ([`ChangeKind::Change`], [`ChangeKind::Refresh`]), take a try, commit, and only then
    /// verify its signature; then the change is pending.
    CheckChange,
    /// Begin the pending epoch, in one transaction.
    Swap,
    /// Check what was sealed, take a try, commit, and only then verify sk_pin's signature; then K_bio and B are there.
    CheckBiometrics,
    /// Delete K_bio and B.
    DropBiometrics,
    /// Keep the push address in the place of the one before, or none; where the service sends no pushes of its kind, none, and reply so
    /// ([`ResultCode::NoPush`]).
    SetPushAddress,
}

/// Judges an update in the order of §13, from the clock to what must be opened. `made` tells whether the state token is one of the service's own.
pub fn judge_update(
    update: &Update,
    record: &UpdateRecord,
    now: Time,
    made: bool,
) -> UpdateJudgement {
    let refuse = |result| UpdateJudgement {
        accepted: None,
        next: UpdateNext::Reply(result),
    };
    if !clock_is_near(update.time, now) {
        return refuse(ResultCode::Clock);
    }
    match record.device.state {
        DeviceState::Active => {}
        DeviceState::Blocked if lifts_a_block(&update.what, record) => {}
        DeviceState::Blocked => return refuse(ResultCode::Blocked),
        DeviceState::Suspended => return refuse(ResultCode::Suspended),
        DeviceState::Claimed | DeviceState::Confirmed => return refuse(ResultCode::NotActive),
    }
    if update.counter <= record.device.counter {
        return refuse(ResultCode::Counter);
    }
    let shown = record.device.tokens.shown(update.state_token.sequence());
    let Some(tokens) = shown.filter(|_| made) else {
        return UpdateJudgement {
            accepted: None,
            next: UpdateNext::Suspend,
        };
    };
    UpdateJudgement {
        accepted: Some(Accepted {
            counter: update.counter,
            tokens,
        }),
        next: judge_what(&update.what, record),
    }
}

/// A blocked device may send only what another factor granted, and its commit. A commit that comes again after the swap is told so: a phone
/// that heard "blocked" would erase the only epoch whose PIN works.
fn lifts_a_block(what: &What, record: &UpdateRecord) -> bool {
    match what {
        What::Change(change) => change.kind == ChangeKind::Forgotten,
        What::Commit { change } => {
            record.began_with == Some(*change)
                || record.pending.is_some_and(|pending| {
                    pending.hash == *change && pending.kind == ChangeKind::Forgotten
                })
        }
        What::BiometricsOn { .. } | What::BiometricsOff { .. } | What::PushAddress(_) => false,
    }
}

fn judge_what(what: &What, record: &UpdateRecord) -> UpdateNext {
    let epoch = record.device.epoch;
    match what {
        What::Change(change) => judge_change(change, record),
        What::Commit { change } if record.began_with == Some(*change) => {
            UpdateNext::Reply(ResultCode::Done)
        }
        What::Commit { change } => match record.pending {
            Some(pending) if pending.hash == *change => UpdateNext::Swap,
            _ => UpdateNext::Reply(ResultCode::NotOpen),
        },
        What::BiometricsOn { epoch: of, .. } | What::BiometricsOff { epoch: of }
            if *of != epoch =>
        {
            UpdateNext::Reply(ResultCode::Epoch)
        }
        What::BiometricsOn { .. } => UpdateNext::CheckBiometrics,
        What::BiometricsOff { .. } => UpdateNext::DropBiometrics,
        What::PushAddress(_) => UpdateNext::SetPushAddress,
    }
}

fn judge_change(change: &Change, record: &UpdateRecord) -> UpdateNext {
    let present = record.device.epoch;
    let fits = match change.kind {
        ChangeKind::Change | ChangeKind::Refresh => Some(change.epoch) == present.checked_add(1),
        ChangeKind::Forgotten => change.epoch > present,
    };
    if !fits {
        return UpdateNext::Reply(ResultCode::Epoch);
    }
    if change.kind == ChangeKind::Forgotten
        && (record.granted.is_none() || record.granted != change.granted_by)
    {
        return UpdateNext::Reply(ResultCode::NotOpen);
    }
    let lower = |new: KeyClass| record.key_class == KeyClass::Hardware && new != KeyClass::Hardware;
    if change.device_key.is_some_and(|new| lower(new.class)) {
        return UpdateNext::Reply(ResultCode::Refused);
    }
    UpdateNext::CheckChange
}
