//! What answers and updates have in common: recorded outcomes, counter and state tokens, tries at the PIN.

use countersign_protocol::{
    Time,
    id::{DeviceId, Hash},
    policy::{
        month::Month,
        share::Asker,
        tries::{Notice, Tries},
    },
    reply::{self, ResultCode},
    verify::{Accepted, DeviceRecord, TokenState},
};

use super::{
    devices,
    events::note,
    failures::{self, Failed},
    journal_rows, sessions,
};
use crate::{
    policy,
    security::{self, Happened},
    store::*,
};

impl Store {
    /// What was answered to this request of the device before.
    pub(crate) async fn outcome(
        &self,
        dev: DeviceId,
        signed: Hash,
    ) -> Result<Option<Known>, StoreError> {
        self.read_of(JournalSubject::Device(dev), |tx| get(tx, dev, signed))
            .await
    }
}

/// What is known of a request that came before.
pub(super) fn get(tx: &dyn Tx, dev: DeviceId, signed: Hash) -> Result<Option<Known>, StoreError> {
    tx.one(
        "SELECT * FROM outcome WHERE dev = ?1 AND signed = ?2",
        params![dev.0, signed.0],
        |row| {
            let Some(result) = row.get::<Option<u8>>("result")? else {
                return Ok(Known::Checking);
            };
            Ok(Known::Answered(Outcome {
                result: ResultCode::from_number(result.into())
                    .ok_or(StoreError::Damaged("result"))?,
                at: row.get("at")?,
                row_left: row.get("row_left")?,
                epoch_left: row.get("epoch_left")?,
                counter: row.get("counter")?,
                epoch: row.get("epoch")?,
                issued: Some(row.get("issued")?),
            }))
        },
    )
}

/// An outcome that is not recorded, because the state token was not accepted.
pub(super) fn refusal(device: &Device, result: ResultCode, now: Time) -> Outcome {
    Outcome {
        result,
        at: now,
        row_left: device.left_in_a_row(),
        epoch_left: device.left_in_epoch(),
        counter: device.counter,
        epoch: device.epoch,
        issued: None,
    }
}

/// Records a request whose state token was accepted, as the device stands now: with its outcome, or as one that is being checked.
pub(super) fn record(
    tx: &dyn Tx,
    dev: DeviceId,
    signed: Hash,
    result: Option<ResultCode>,
    now: Time,
) -> Result<(), StoreError> {
    let device = devices::get(tx, dev)?.ok_or(StoreError::Gone)?;
    // The counter and state token are those that this very request was given, also if another came while it was checked.
    tx.execute(
        "INSERT INTO outcome (dev, signed, at, result, row_left, epoch_left, counter, epoch, issued)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (dev, signed) DO UPDATE SET at = ?3, result = ?4, row_left = ?5, epoch_left = ?6, epoch = ?8 WHERE outcome.result IS NULL",
        params![
            dev.0,
            signed.0,
            now,
            result.map(|result| result as u8),
            device.left_in_a_row(),
            left_in_epoch(&device, result),
            device.counter,
            device.epoch,
            device.issued
        ],
    )?;
    // A phone asks again before it asks anything else; one that asks without end must not fill the table.
    tx.execute(
        "DELETE FROM outcome WHERE dev = ?1 AND issued <= ?2",
        params![dev.0, device.issued.saturating_sub(policy::OUTCOMES)],
    )?;
    Ok(())
}

/// Where all went well, many wrong codes count too, so that the phone refreshes its epoch.
fn left_in_epoch(device: &Device, result: Option<ResultCode>) -> u8 {
    let left = device.left_in_epoch();
    if result == Some(ResultCode::Done) && device.wrong_codes.refresh_needed() {
        left.min(device.wrong_codes.left())
    } else {
        left
    }
}

/// Records an outcome and gives it back as it is recorded.
pub(super) fn decide(
    tx: &dyn Tx,
    dev: DeviceId,
    signed: Hash,
    result: ResultCode,
    now: Time,
) -> Result<Outcome, StoreError> {
    record(tx, dev, signed, Some(result), now)?;
    match get(tx, dev, signed)? {
        Some(Known::Answered(outcome)) => Ok(outcome),
        _ => Err(StoreError::Damaged("outcome")),
    }
}

/// The counter and state tokens of a request that was accepted.
pub(super) fn accept(
    tx: &dyn Tx,
    dev: DeviceId,
    accepted: &Accepted,
    now: Time,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE device SET counter = ?2, issued = ?3, acked = ?4, used_at = ?5 WHERE dev = ?1",
        params![
            dev.0,
            accepted.counter,
            accepted.tokens.issued,
            accepted.tokens.acked,
            now
        ],
    )?;
    Ok(())
}

/// A device as the protocol judges it.
pub(super) fn device_record(device: &Device) -> DeviceRecord {
    DeviceRecord {
        state: match device.state {
            DeviceState::Pending => reply::DeviceState::Claimed,
            DeviceState::Suspended => reply::DeviceState::Suspended,
            DeviceState::Active if device.is_blocked() => reply::DeviceState::Blocked,
            DeviceState::Active => reply::DeviceState::Active,
        },
        acc: device.account,
        counter: device.counter,
        tokens: TokenState {
            issued: device.issued,
            acked: device.acked,
        },
        epoch: device.epoch,
        has_biometrics: device.bio_key.is_some(),
    }
}

pub(super) fn set_tries(
    tx: &dyn Tx,
    dev: DeviceId,
    (tries, month): (Tries, Month),
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE device SET wrong_row = ?2, wrong_epoch = ?3, wrong_month = ?4 WHERE dev = ?1",
        params![dev.0, tries.in_a_row, tries.in_epoch, month.to_bytes()],
    )?;
    Ok(())
}

/// A PIN was wrong: the try stays spent, and the person is told when few or none are left, and when there were many lately.
pub(super) fn wrong_pin(tx: &dyn Tx, device: &Device, now: Time) -> Result<(), StoreError> {
    let wrong = JournalEntry::WrongPin(device.account, device.dev, device.epoch);
    journal_rows::record(tx, &wrong, now)?;
    let happened = Happened::event(device.account, "wrong-pin", &device.name);
    security::seen(now, happened);
    failures::gather(tx, device.account, Failed::Pins, 1, now)?;
    match device.notice() {
        Some(Notice::Blocked) => blocked(tx, device, now)?,
        Some(Notice::Warning { .. }) => {
            note(tx, device.account, "few-tries-left", &device.name, now)?;
        }
        None => {}
    }
    many_lately(tx, device, now)
}

/// A code with PIN was wrong that this device may have given. It counts for 30 days with the wrong PINs of approvals.
pub(super) fn wrong_code(tx: &dyn Tx, device: &Device, now: Time) -> Result<(), StoreError> {
    if device.month.is_full() {
        blocked(tx, device, now)?;
    }
    many_lately(tx, device, now)
}

/// Wrong PINs have blocked a device. Whoever guessed may have signed in with it before, so what it opened ends.
fn blocked(tx: &dyn Tx, device: &Device, now: Time) -> Result<(), StoreError> {
    sessions::end_opened_by(tx, device.dev, now)?;
    journal_rows::record(tx, &JournalEntry::Blocked(device.account, device.dev), now)?;
    note(tx, device.account, "device-blocked", &device.name, now)
}

/// A restored database learns of a wrong PIN that came after its backup.
pub(super) fn count_again(
    tx: &dyn Tx,
    device: &Device,
    epoch: u32,
    at: Time,
) -> Result<(), StoreError> {
    let tries = match device.epoch == epoch {
        true => device.tries.lost(),
        // Of a PIN that this database does not know: only the 30 days count it.
        false => device.tries,
    };
    let month = device.month.take(Asker::Known, at);
    let month = month.unwrap_or_else(|_| device.month.clone());
    set_tries(tx, device.dev, (tries, month))
}

fn many_lately(tx: &dyn Tx, device: &Device, now: Time) -> Result<(), StoreError> {
    if !device.month.is_told(device.month_told, now) {
        return Ok(());
    }
    tx.execute(
        "UPDATE device SET month_told = ?2 WHERE dev = ?1",
        params![device.dev.0, now],
    )?;
    note(tx, device.account, "many-wrong-pins", &device.name, now)
}
