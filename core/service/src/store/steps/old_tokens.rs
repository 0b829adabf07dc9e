//! State tokens whose key was replaced after a theft: one is taken from a device that is older than
//! that, for 30 days, unless one of the present key was taken from it since.

use countersign_protocol::{Time, id::DeviceId};

use super::{events::note_silently, journal_rows};
use crate::{keys::root::OLD_TOKEN_SECONDS, store::*};

/// Whether a state token counts as one that the service made for this device.
pub(super) fn counts(
    tx: &dyn Tx,
    device: &Device,
    made: Made,
    now: Time,
) -> Result<bool, StoreError> {
    let at = match made {
        Made::No => return Ok(false),
        Made::Yes { .. } => return Ok(true),
        Made::Before { at, .. } => at,
    };
    let is_in_time = now < at.saturating_add(OLD_TOKEN_SECONDS);
    // A device that is newer never had a token of that key.
    Ok(is_in_time && device.created_at <= at && taken_of(tx, device.dev)? < at)
}

/// A device's state token was taken: from then on none of any replaced key is, whichever key made
/// this one, for the phone is given one of the present key. Where a replaced key made it, the
/// account's history says so. Neither says anything of the PIN, which is looked at later.
pub(super) fn spend(tx: &dyn Tx, device: &Device, made: Made, now: Time) -> Result<(), StoreError> {
    let (newest, is_old) = match made {
        Made::No => return Ok(()),
        Made::Yes { newest } => (newest, false),
        Made::Before { newest, .. } => (newest, true),
    };
    let is_over = now >= newest.saturating_add(OLD_TOKEN_SECONDS);
    if is_over || device.created_at > newest || taken_of(tx, device.dev)? >= newest {
        return Ok(());
    }
    mark(tx, device.dev, newest)?;
    let entry = JournalEntry::OldToken(device.account, device.dev, newest);
    journal_rows::record(tx, &entry, now)?;
    match is_old {
        true => note_silently(tx, device.account, "old-token", &device.name, now),
        false => Ok(()),
    }
}

fn taken_of(tx: &dyn Tx, dev: DeviceId) -> Result<Time, StoreError> {
    let taken_of = tx.one(
        "SELECT old_token_of FROM device WHERE dev = ?1",
        params![dev.0],
        |row| row.get("old_token_of"),
    )?;
    taken_of.ok_or(StoreError::Gone)
}

/// No token of the key that was replaced at this time, or of an older one, is taken from this
/// device any more.
pub(super) fn mark(tx: &dyn Tx, dev: DeviceId, replaced_at: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE device SET old_token_of = ?2 WHERE dev = ?1 AND old_token_of < ?2",
        params![dev.0, replaced_at],
    )?;
    Ok(())
}
