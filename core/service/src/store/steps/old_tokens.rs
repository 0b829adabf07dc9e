//! State tokens whose key was replaced after a theft: those of each such key are taken once from a
//! device, for 30 days.

use countersign_protocol::{Time, id::DeviceId};

use super::{events::note_silently, journal_rows};
use crate::{keys::root::OLD_TOKEN_SECONDS, store::*};

/// Whether a state token counts as one that the service made for this device.
pub(super) fn counts(
    tx: &dyn Tx,
    dev: DeviceId,
    made: Made,
    now: Time,
) -> Result<bool, StoreError> {
    let replaced_at = match made {
        Made::No => return Ok(false),
        Made::Yes => return Ok(true),
        Made::Before(at) => at,
    };
    let taken_of = tx.one(
        "SELECT old_token_of FROM device WHERE dev = ?1",
        params![dev.0],
        |row| row.get::<Time>("old_token_of"),
    )?;
    let is_in_time = now < replaced_at.saturating_add(OLD_TOKEN_SECONDS);
    Ok(is_in_time && taken_of.is_some_and(|taken_of| taken_of < replaced_at))
}

/// Takes a device's state token that counts but once: it is marked, and the account's history says
/// so.
pub(super) fn take(
    tx: &dyn Tx,
    device: &Device,
    replaced_at: Time,
    now: Time,
) -> Result<(), StoreError> {
    mark(tx, device.dev, replaced_at)?;
    let entry = JournalEntry::OldToken(device.account, device.dev, replaced_at);
    journal_rows::record(tx, &entry, now)?;
    note_silently(tx, device.account, "old-token", &device.name, now)
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
