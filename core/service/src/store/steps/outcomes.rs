//! What answers and updates have in common: recorded outcomes, counter and state tokens, tries at
//! the PIN.

use countersign_protocol::{
    Time,
    id::{DeviceId, Hash},
    policy::{share::Asker, tries::Notice},
    reply::{self, ResultCode},
    verify::{Accepted, DeviceRecord, TokenState},
};

use super::{
    accounts,
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
    /// How far a request got that came before, without a change of anything.
    pub(crate) async fn outcome(
        &self,
        dev: DeviceId,
        signed: Hash,
    ) -> Result<Option<Known>, StoreError> {
        let subject = JournalSubject::Device(dev);
        self.read_of(subject, |tx| get(tx, dev, signed)).await
    }
}

/// A request with a counter and a state token, as the step that judges it sees it: an answer or an
/// update.
pub(super) struct CountedRequest {
    /// The device that sent it, as it stands now.
    pub(super) device: Device,
    /// The hash of what it signed.
    pub(super) signed: Hash,
    /// Were its counter and state token accepted? Only then its outcome is recorded.
    pub(super) accepted: bool,
}

impl CountedRequest {
    /// Notes the counter and the state tokens of a request, where they were accepted.
    pub(super) fn begin(
        tx: &dyn Tx,
        mut device: Device,
        signed: Hash,
        accepted: Option<&Accepted>,
        now: Time,
    ) -> Result<Self, StoreError> {
        if let Some(accepted) = accepted {
            device.counter = accepted.counter;
            device.issued = accepted.tokens.issued;
            device.acked = accepted.tokens.acked;
            tx.execute(
                "UPDATE device SET counter = ?2, issued = ?3, acked = ?4, used_at = ?5 WHERE dev = ?1",
                params![device.dev.0, device.counter, device.issued, device.acked, now],
            )?;
        }
        Ok(Self {
            device,
            signed,
            accepted: accepted.is_some(),
        })
    }

    /// Counts a try at the PIN before it is checked, and records the request as one that is being
    /// checked. Biometrics cost no try. `false`: there is none left.
    pub(super) fn begin_check(
        &mut self,
        tx: &dyn Tx,
        with_pin: bool,
        now: Time,
    ) -> Result<bool, StoreError> {
        if with_pin {
            let month = self.device.month.spend(Asker::Known, now);
            let (Ok(tries), Ok(month)) = (self.device.tries.spend(), month) else {
                return Ok(false);
            };
            (self.device.tries, self.device.month) = (tries, month);
            set_tries(tx, &self.device)?;
        }
        self.record(tx, None, now)?;
        Ok(true)
    }

    /// Gives the try at a right PIN back.
    pub(super) fn give_back(&mut self, tx: &dyn Tx) -> Result<(), StoreError> {
        self.device.tries = self.device.tries.give_back();
        self.device.month = self.device.month.give_back(Asker::Known);
        set_tries(tx, &self.device)
    }

    /// Decides the request. The outcome is recorded if its state token was accepted.
    pub(super) fn decide(
        &self,
        tx: &dyn Tx,
        result: ResultCode,
        now: Time,
    ) -> Result<Outcome, StoreError> {
        if self.accepted {
            let recorded = self.record(tx, Some(result), now)?;
            return recorded.ok_or(StoreError::Damaged("outcome"));
        }
        Ok(Outcome {
            result,
            at: now,
            row_left: self.device.left_in_a_row(),
            epoch_left: self.device.left_in_epoch(),
            counter: self.device.counter,
            epoch: self.device.epoch,
            issued: None,
        })
    }

    /// Records the request as the device stands now: with its result, or as one that is being
    /// checked, which gives no outcome.
    fn record(
        &self,
        tx: &dyn Tx,
        result: Option<ResultCode>,
        now: Time,
    ) -> Result<Option<Outcome>, StoreError> {
        let device = &self.device;
        let mut epoch_left = device.left_in_epoch();
        // Where all went well, many wrong codes count too, so that the phone refreshes its epoch.
        // None at all would say that it is blocked.
        if result == Some(ResultCode::Done) && device.wrong_codes.refresh_needed() {
            epoch_left = epoch_left.min(device.wrong_codes.left().max(1));
        }
        // The counter and state token are those that this very request was given, also if another
        // came while it was checked.
        let recorded = tx.one(
            "INSERT INTO outcome (dev, signed, at, result, row_left, epoch_left, counter, epoch, issued)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (dev, signed) DO UPDATE
             SET at = ?3, result = ?4, row_left = ?5, epoch_left = ?6, epoch = ?8
             WHERE outcome.result IS NULL
             RETURNING *",
            params![
                device.dev.0,
                self.signed.0,
                now,
                result.map(|result| result as u8),
                device.left_in_a_row(),
                epoch_left,
                device.counter,
                device.epoch,
                device.issued
            ],
            from_row,
        )?;
        // A phone asks again before it asks anything else; one that asks without end must not fill
        // the table.
        tx.execute(
            "DELETE FROM outcome WHERE dev = ?1 AND issued <= ?2",
            params![device.dev.0, device.issued.saturating_sub(policy::OUTCOMES)],
        )?;
        Ok(match recorded {
            Some(Known::Answered(outcome)) => Some(outcome),
            _ => None,
        })
    }
}

/// How far a request got that came before (11.3, 13.3).
pub(super) fn get(tx: &dyn Tx, dev: DeviceId, signed: Hash) -> Result<Option<Known>, StoreError> {
    tx.one(
        "SELECT * FROM outcome WHERE dev = ?1 AND signed = ?2",
        params![dev.0, signed.0],
        from_row,
    )
}

fn from_row(row: &dyn Row) -> Result<Known, StoreError> {
    if row.get::<Option<u64>>("result")?.is_none() {
        return Ok(Known::Checking);
    }
    Ok(Known::Answered(Outcome {
        result: row.get("result")?,
        at: row.get("at")?,
        row_left: row.get("row_left")?,
        epoch_left: row.get("epoch_left")?,
        counter: row.get("counter")?,
        epoch: row.get("epoch")?,
        issued: Some(row.get("issued")?),
    }))
}

/// A device as the protocol judges it.
pub(super) fn device_record(tx: &dyn Tx, device: &Device) -> Result<DeviceRecord, StoreError> {
    let state = match accounts::is_disabled(tx, device.account)? {
        // Not active: nothing is taken from it.
        true => reply::DeviceState::Claimed,
        false => device.shown_state(),
    };
    Ok(DeviceRecord {
        state,
        acc: device.account,
        counter: device.counter,
        tokens: TokenState {
            issued: device.issued,
            acked: device.acked,
        },
        epoch: device.epoch,
        has_biometrics: device.bio_key.is_some(),
    })
}

/// Writes the tries at a device's PIN.
pub(super) fn set_tries(tx: &dyn Tx, device: &Device) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE device SET wrong_row = ?2, wrong_epoch = ?3, wrong_month = ?4 WHERE dev = ?1",
        params![
            device.dev.0,
            device.tries.in_a_row,
            device.tries.in_epoch,
            device.month.to_bytes()
        ],
    )?;
    Ok(())
}

/// A PIN was wrong: the try stays spent, and the person gets a notice when few or none are left,
/// and when there were many lately.
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

/// A code with PIN was wrong that this device may have given. It counts for 30 days with the wrong
/// PINs of approvals.
pub(super) fn wrong_code(tx: &dyn Tx, device: &Device, now: Time) -> Result<(), StoreError> {
    if device.month.is_full() {
        blocked(tx, device, now)?;
    }
    many_lately(tx, device, now)
}

/// Wrong PINs have blocked a device. Whoever guessed may have signed in with it before, so what it
/// opened ends.
fn blocked(tx: &dyn Tx, device: &Device, now: Time) -> Result<(), StoreError> {
    sessions::end_opened_by(tx, device.account, device.dev, now)?;
    journal_rows::record(tx, &JournalEntry::Blocked(device.account, device.dev), now)?;
    note(tx, device.account, "device-blocked", &device.name, now)
}

/// A restored database learns of a wrong PIN that came after its backup.
pub(super) fn count_again(
    tx: &dyn Tx,
    mut device: Device,
    epoch: u32,
    at: Time,
) -> Result<(), StoreError> {
    // A PIN that this database does not know counts in the 30 days only.
    if device.epoch == epoch {
        device.tries = device.tries.lost();
    }
    if let Ok(month) = device.month.spend(Asker::Known, at) {
        device.month = month;
    }
    set_tries(tx, &device)
}

fn many_lately(tx: &dyn Tx, device: &Device, now: Time) -> Result<(), StoreError> {
    if !device.month.is_told(device.month_noticed_at, now) {
        return Ok(());
    }
    tx.execute(
        "UPDATE device SET month_told = ?2 WHERE dev = ?1",
        params![device.dev.0, now],
    )?;
    note(tx, device.account, "many-wrong-pins", &device.name, now)
}
