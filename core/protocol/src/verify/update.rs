//! Judges the requests that change a device's record: change, commit, biometrics, push address
//! (13.4 to 13.11).

use super::{Accepted, DeviceRecord, clock_is_near};
use crate::Time;
use crate::claim::KeyClass;
use crate::id::{ChallengeId, Hash};
use crate::reply::{DeviceState, ResultCode};
use crate::update::{Change, ChangeKind, Update, What};

/// A service's record of a pending change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingChange {
    /// Its hash.
    pub hash: Hash,
    /// Its kind.
    pub kind: ChangeKind,
}

/// A service's record of the device that sends an update.
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
    /// The challenge that grants a new PIN to this device now: approved with PIN or biometrics by
    /// another device of the account (or, as a service's setting, with biometrics by this one)
    /// within the last [`GRANT_LASTS`] seconds, with this device as its subject.
    pub granted: Option<ChallengeId>,
}

/// How long an approval allows a device to replace its PIN, in seconds.
pub const GRANT_LASTS: Time = 600;

/// The verdict on an update after steps 13.1 to 13.3: parsed, signed by K_dev, and without a
/// recorded outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateJudgement {
    /// To be recorded in the same transaction, once the counter and state token were accepted.
    pub accepted: Option<Accepted>,
    /// The next step.
    pub next: UpdateNext,
}

/// The step that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateNext {
    /// Reply so; nothing else changes.
    Reply(ResultCode),
    /// Suspend the device, notify the person, and reply so.
    Suspend,
    /// Check the sealed part (13.12, 13.13); for [`ChangeKind::Change`] and [`ChangeKind::Refresh`]
    /// take a try, commit (13.14), and only then verify its signature; then the change is pending.
    CheckChange,
    /// Begin the pending epoch, in one transaction.
    Swap,
    /// Check the sealed part, take a try, commit, and only then verify sk_pin's signature (13.12 to
    /// 13.15); then keep K_bio and B.
    CheckBiometrics,
    /// Delete K_bio and B.
    DropBiometrics,
    /// Keep the push address in the place of the one before, or none; where the service sends no
    /// pushes of its kind, none, and reply so ([`ResultCode::NoPush`]).
    SetPushAddress,
}

/// Judges an update from the time to the class of a new K_dev (13.4 to 13.11). `made` says whether
/// the service made the state token.
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
    // 13.4: the time.
    if !clock_is_near(update.time, now) {
        return refuse(ResultCode::Clock);
    }
    // 13.5: the device is active, or blocked and sends what lifts the block.
    match record.device.state {
        DeviceState::Active => {}
        DeviceState::Blocked if lifts_a_block(&update.what, record) => {}
        DeviceState::Blocked => return refuse(ResultCode::Blocked),
        DeviceState::Suspended => return refuse(ResultCode::Suspended),
        DeviceState::Claimed | DeviceState::Confirmed => return refuse(ResultCode::NotActive),
    }
    // 13.6: the counter.
    if update.counter <= record.device.counter {
        return refuse(ResultCode::Counter);
    }
    // 13.7: the state token.
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

/// A blocked device may send only the change that another factor granted, and its commit (13.5). A
/// commit that is repeated after the swap gets 0 again: a phone that heard "blocked" would erase
/// the only epoch whose PIN works.
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
        // 13.9: a change that is committed already is done, any other must be pending.
        What::Commit { change } if record.began_with == Some(*change) => {
            UpdateNext::Reply(ResultCode::Done)
        }
        What::Commit { change } => match record.pending {
            Some(pending) if pending.hash == *change => UpdateNext::Swap,
            _ => UpdateNext::Reply(ResultCode::NotOpen),
        },
        // 13.8: the epoch.
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
    // 13.8: the epoch that the change begins.
    let present = record.device.epoch;
    let fits = match change.kind {
        ChangeKind::Change | ChangeKind::Refresh => Some(change.epoch) == present.checked_add(1),
        ChangeKind::Forgotten => change.epoch > present,
    };
    if !fits {
        return UpdateNext::Reply(ResultCode::Epoch);
    }
    // 13.10: the grant.
    if change.kind == ChangeKind::Forgotten
        && (record.granted.is_none() || record.granted != change.granted_by)
    {
        return UpdateNext::Reply(ResultCode::NotOpen);
    }
    // 13.11: the class of a new K_dev.
    let lower = |new: KeyClass| record.key_class == KeyClass::Hardware && new != KeyClass::Hardware;
    if change.device_key.is_some_and(|new| lower(new.class)) {
        return UpdateNext::Reply(ResultCode::Refused);
    }
    UpdateNext::CheckChange
}
