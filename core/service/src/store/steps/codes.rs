//! Codes that a person types: counted before they are computed, accepted once.

use countersign_protocol::{
    Time,
    answer::UnlockedBy,
    challenge::Unlock,
    id::{AccountId, ChallengeId, DeviceId},
    policy::{
        codes::{DeviceEpoch, WithPin, WithoutPin},
        month::Month,
        share::{Asker, Wrong},
    },
};

use super::{
    accounts, chains, challenges, devices,
    failures::{self, Failed},
    journal_rows,
    outcomes::wrong_code,
    past_epochs,
};
use crate::{
    security::{self, Happened},
    store::*,
};

impl Store {
    /// Takes one of a challenge's three tries at a code, and one of the account's, before the code
    /// is computed.
    pub(crate) async fn spend_code_try(
        &self,
        id: ChallengeId,
        session: SessionHash,
        now: Time,
    ) -> Result<CodeStep, StoreError> {
        self.write(Write::TakeCodeTry, move |tx| {
            spend_try(tx, id, session, now)
        })
        .await
    }

    /// The code was this device's, or nobody's. `true`: it is accepted; a code is accepted once.
    /// `counted`: the devices for which the try was taken, which get it back.
    pub(crate) async fn finish_code(
        &self,
        id: ChallengeId,
        winner: Option<RightCode>,
        counted: Vec<DeviceId>,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::FinishCode, move |tx| {
            finish(tx, id, winner.as_ref(), &counted, now)
        })
        .await
    }
}

pub(super) fn spend_try(
    tx: &dyn Tx,
    id: ChallengeId,
    session: SessionHash,
    now: Time,
) -> Result<CodeStep, StoreError> {
    let found = challenges::get(tx, id)?.filter(|challenge| {
        challenge.session == session
            && challenge.state == ChallengeState::Open
            && challenge.expires_at > now
            && challenge.step.is_some()
    });
    let Some(challenge) = found else {
        return Ok(CodeStep::Over);
    };
    let Ok(codes) = challenge.codes.spend() else {
        return Ok(CodeStep::Over);
    };
    let Some(owner) = challenge.account else {
        return Ok(CodeStep::Over);
    };
    if accounts::is_disabled(tx, owner)? {
        return Ok(CodeStep::Closed);
    }
    let (pin, asker) = (challenge.unlock != Unlock::Nothing, challenge.asker);
    let Some((with_pin, without_pin)) = of_account(tx, owner)? else {
        return Ok(CodeStep::Over);
    };
    let taken = if pin {
        with_pin.spend(asker).map(|taken| (taken, without_pin))
    } else {
        without_pin.spend(asker, now).map(|taken| (with_pin, taken))
    };
    let Ok((with_pin, without_pin)) = taken else {
        return Ok(CodeStep::Closed);
    };
    let mut devices = devices::of_account(tx, owner)?;
    let copied = devices::copied(tx, owner)?;
    devices.retain(|device| {
        // A device without tries left is no active one: all that it may send is a new PIN.
        device.state == DeviceState::Active
            && !device.is_blocked()
            && !copied.contains(&device.dev)
            && (!pin || take_of(device, asker, now).is_some())
    });
    tx.execute(
        "UPDATE challenge SET wrong_codes = ?2 WHERE id = ?1",
        params![id.0, codes.0],
    )?;
    set(tx, owner, with_pin, without_pin)?;
    if pin {
        for device in &devices {
            if let Some(taken) = take_of(device, asker, now) {
                set_device(tx, device, taken)?;
            }
        }
    }
    let last = codes.ended();
    let step = challenge.step.unwrap_or_default();
    let devices = devices
        .into_iter()
        .map(|device| {
            let past = past_epochs::past(tx, device.dev, step, now)?;
            Ok((device, past))
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(CodeStep::Check {
        challenge: Box::new(challenge),
        devices,
        last,
    })
}

pub(super) fn finish(
    tx: &dyn Tx,
    id: ChallengeId,
    winner: Option<&RightCode>,
    counted: &[DeviceId],
    now: Time,
) -> Result<bool, StoreError> {
    let Some(challenge) = challenges::get(tx, id)? else {
        return Ok(false);
    };
    let Some(owner) = challenge.account else {
        return Ok(false);
    };
    let pin = challenge.unlock != Unlock::Nothing;
    let Some(winner) = winner else {
        security::seen(now, Happened::event(owner, "wrong-code", ""));
        failures::gather(tx, owner, Failed::Codes, 1, now)?;
        if pin {
            let wrong = JournalEntry::WrongCode(owner, challenge.asker, counted.to_vec());
            journal_rows::record(tx, &wrong, now)?;
            for device in devices::of_account(tx, owner)? {
                if counted.contains(&device.dev) {
                    wrong_code(tx, &device, now)?;
                }
            }
        }
        if challenge.codes.ended() {
            tx.execute(
                "UPDATE challenge SET state = 'wrong-codes', closed_at = ?2 WHERE id = ?1 AND state = 'open'",
                params![id.0, now],
            )?;
        }
        return Ok(false);
    };
    // Compare-and-set: of many that bring the same right code, one finds the challenge open.
    let method = match winner.unlocked {
        UnlockedBy::Nothing => Method::Code,
        UnlockedBy::Pin => Method::CodePin,
        UnlockedBy::Biometrics => Method::CodeBiometric,
    };
    let winner = &winner.chain;
    let closed = tx.execute(
        "UPDATE challenge SET state = 'approved', closed_at = ?2, strength = ?3, by_dev = ?4
         WHERE id = ?1 AND state = 'open' AND EXISTS (SELECT 1 FROM device WHERE dev = ?4 AND state = 'active')",
        params![id.0, now, method.name(), winner.dev.0],
    )?;
    if closed == 0 {
        return Ok(false);
    }
    chains::advance_chain(tx, winner)?;
    tx.execute(
        "UPDATE device SET used_at = ?2 WHERE dev = ?1",
        params![winner.dev.0, now],
    )?;
    let Some((with_pin, without_pin)) = of_account(tx, owner)? else {
        return Err(StoreError::Damaged("account"));
    };
    if pin {
        set(tx, owner, with_pin.reset(), without_pin)?;
        for device in devices::of_account(tx, owner)? {
            if counted.contains(&device.dev) {
                let given = (
                    device.wrong_codes.give_back(challenge.asker),
                    device.month.give_back(challenge.asker),
                );
                set_device(tx, &device, given)?;
            }
        }
    } else {
        set(tx, owner, with_pin, without_pin.reset())?;
    }
    Ok(true)
}

/// The account's wrong codes in a row: where the PIN is asked, and where it is not.
pub(super) fn of_account(
    tx: &dyn Tx,
    account: AccountId,
) -> Result<Option<(WithPin, WithoutPin)>, StoreError> {
    tx.one(
        "SELECT wrong_pin_codes, unknown_pin_codes, wrong_plain_codes, unknown_plain_codes, wrong_plain_at, unknown_plain_at
         FROM account WHERE acc = ?1",
        params![account.0],
        |row| {
            let without_pin = WithoutPin {
                in_a_row: wrong(row, "wrong_plain_codes", "unknown_plain_codes")?,
                last: row.get("wrong_plain_at")?,
                last_unknown: row.get("unknown_plain_at")?,
            };
            let with_pin = wrong(row, "wrong_pin_codes", "unknown_pin_codes")?;
            Ok((WithPin(with_pin), without_pin))
        },
    )
}

fn wrong(row: &dyn Row, all: &'static str, unknown: &'static str) -> Result<Wrong, StoreError> {
    Ok(Wrong {
        all: row.get(all)?,
        unknown: row.get(unknown)?,
    })
}

fn set(
    tx: &dyn Tx,
    account: AccountId,
    with_pin: WithPin,
    without_pin: WithoutPin,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET wrong_pin_codes = ?2, unknown_pin_codes = ?3, wrong_plain_codes = ?4, unknown_plain_codes = ?5,
             wrong_plain_at = ?6, unknown_plain_at = ?7
         WHERE acc = ?1",
        params![
            account.0,
            with_pin.0.all,
            with_pin.0.unknown,
            without_pin.in_a_row.all,
            without_pin.in_a_row.unknown,
            without_pin.last,
            without_pin.last_unknown
        ],
    )?;
    Ok(())
}

/// A restored database learns of a wrong code with PIN that came after its backup.
pub(super) fn count_again(
    tx: &dyn Tx,
    account: AccountId,
    asker: Asker,
    counted: &[DeviceId],
    at: Time,
) -> Result<(), StoreError> {
    let Some((with_pin, without_pin)) = of_account(tx, account)? else {
        return Ok(());
    };
    let taken = with_pin.spend(asker).unwrap_or(with_pin);
    set(tx, account, taken, without_pin)?;
    for device in devices::of_account(tx, account)? {
        if counted.contains(&device.dev) {
            let epoch = device.wrong_codes.spend(asker);
            let month = device.month.spend(asker, at);
            let epoch = epoch.unwrap_or(device.wrong_codes);
            let month = month.unwrap_or_else(|_| device.month.clone());
            set_device(tx, &device, (epoch, month))?;
        }
    }
    Ok(())
}

/// After an approval with PIN or biometrics, or a new PIN epoch, the ways by code are open again.
pub(super) fn open_ways(tx: &dyn Tx, account: AccountId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET wrong_pin_codes = 0, unknown_pin_codes = 0, wrong_plain_codes = 0, unknown_plain_codes = 0 WHERE acc = ?1",
        params![account.0],
    )?;
    Ok(())
}

/// An operator opens the way by codes without PIN again. Codes with PIN are guesses at a PIN, and
/// stay counted: an approval with the PIN opens them.
pub(super) fn open_plain(tx: &dyn Tx, account: AccountId) -> Result<(), StoreError> {
    if let Some((with_pin, without_pin)) = of_account(tx, account)? {
        set(tx, account, with_pin, without_pin.reset())?;
    }
    Ok(())
}

/// A try at a code with PIN against this device; `None` when it gives this asker none.
fn take_of(device: &Device, asker: Asker, now: Time) -> Option<(DeviceEpoch, Month)> {
    let epoch = device.wrong_codes.spend(asker).ok()?;
    Some((epoch, device.month.spend(asker, now).ok()?))
}

fn set_device(
    tx: &dyn Tx,
    device: &Device,
    (epoch, month): (DeviceEpoch, Month),
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE device SET wrong_codes = ?2, unknown_codes = ?3, wrong_month = ?4 WHERE dev = ?1",
        params![device.dev.0, epoch.0.all, epoch.0.unknown, month.to_bytes()],
    )?;
    Ok(())
}
