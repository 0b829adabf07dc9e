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
use rusqlite::{Connection, Row, params};

use super::{
    challenges, devices,
    failed::{self, Failed},
    journal,
    outcomes::wrong_code,
    rows::{byte, int, num, one, run},
    updates,
};
use crate::{
    security::{self, Happened},
    store::*,
};

pub(super) fn take_try(
    c: &Connection,
    id: ChallengeId,
    session: SessionHash,
    now: Time,
) -> Result<CodeStep, StoreError> {
    let found = challenges::get(c, id)?.filter(|challenge| {
        challenge.session == session
            && challenge.state == ChallengeState::Open
            && challenge.expires_at > now
            && challenge.step.is_some()
    });
    let Some(challenge) = found else {
        return Ok(CodeStep::Over);
    };
    let Ok(codes) = challenge.codes.take() else {
        return Ok(CodeStep::Over);
    };
    let Some(owner) = challenge.account else {
        return Ok(CodeStep::Over);
    };
    let (pin, asker) = (challenge.unlock != Unlock::Nothing, challenge.asker);
    let Some((with_pin, without_pin)) = of_account(c, owner)? else {
        return Ok(CodeStep::Over);
    };
    let taken = if pin {
        with_pin.take(asker).map(|taken| (taken, without_pin))
    } else {
        without_pin.take(asker, now).map(|taken| (with_pin, taken))
    };
    let Ok((with_pin, without_pin)) = taken else {
        return Ok(CodeStep::Closed);
    };
    let mut devices = devices::of_account(c, owner)?;
    devices.retain(|device| {
        // A device without tries left is no active one: all that it may send is a new PIN.
        device.state == DeviceState::Active
            && !device.is_blocked()
            && (!pin || take_of(device, asker, now).is_some())
    });
    run(
        c,
        "UPDATE challenge SET wrong_codes = ?2 WHERE id = ?1",
        params![id.0, codes.0],
    )?;
    set(c, owner, with_pin, without_pin)?;
    if pin {
        for device in &devices {
            if let Some(taken) = take_of(device, asker, now) {
                set_device(c, device, taken)?;
            }
        }
    }
    let last = codes.ended();
    let step = challenge.step.unwrap_or_default();
    let devices = devices
        .into_iter()
        .map(|device| {
            let past = updates::past(c, device.dev, step, now)?;
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
    c: &Connection,
    id: ChallengeId,
    winner: Option<&RightCode>,
    counted: &[DeviceId],
    now: Time,
) -> Result<bool, StoreError> {
    let Some(challenge) = challenges::get(c, id)? else {
        return Ok(false);
    };
    let Some(owner) = challenge.account else {
        return Ok(false);
    };
    let pin = challenge.unlock != Unlock::Nothing;
    let Some(winner) = winner else {
        security::seen(now, Happened::event(owner, "wrong-code", ""));
        failed::gather(c, owner, Failed::Codes, 1, now)?;
        if pin {
            let wrong = JournalEntry::WrongCode(owner, challenge.asker, counted.to_vec());
            journal::record(c, &wrong, now)?;
            for device in devices::of_account(c, owner)? {
                if counted.contains(&device.dev) {
                    wrong_code(c, &device, now)?;
                }
            }
        }
        if challenge.codes.ended() {
            run(
                c,
                "UPDATE challenge SET state = 'wrong-codes', closed_at = ?2 WHERE id = ?1 AND state = 'open'",
                params![id.0, int(now)],
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
    let closed = run(
        c,
        "UPDATE challenge SET state = 'approved', closed_at = ?2, strength = ?3, by_dev = ?4
         WHERE id = ?1 AND state = 'open' AND EXISTS (SELECT 1 FROM device WHERE dev = ?4 AND state = 'active')",
        params![id.0, int(now), method.name(), winner.dev.0],
    )?;
    if closed == 0 {
        return Ok(false);
    }
    devices::advance_chain(c, winner)?;
    run(
        c,
        "UPDATE device SET used_at = ?2 WHERE dev = ?1",
        params![winner.dev.0, int(now)],
    )?;
    let Some((with_pin, without_pin)) = of_account(c, owner)? else {
        return Err(StoreError::Damaged("account"));
    };
    if pin {
        set(c, owner, with_pin.reset(), without_pin)?;
        for device in devices::of_account(c, owner)? {
            if counted.contains(&device.dev) {
                let given = (
                    device.wrong_codes.give_back(challenge.asker),
                    device.month.give_back(challenge.asker),
                );
                set_device(c, &device, given)?;
            }
        }
    } else {
        set(c, owner, with_pin, without_pin.reset())?;
    }
    Ok(true)
}

/// The account's wrong codes in a row: where the PIN is asked, and where it is not.
pub(super) fn of_account(
    c: &Connection,
    account: AccountId,
) -> Result<Option<(WithPin, WithoutPin)>, StoreError> {
    one(
        c,
        "SELECT wrong_pin_codes, unknown_pin_codes, wrong_plain_codes, unknown_plain_codes, wrong_plain_at, unknown_plain_at
         FROM account WHERE acc = ?1",
        [account.0],
        |row| {
            let without_pin = WithoutPin {
                in_a_row: wrong(row, "wrong_plain_codes", "unknown_plain_codes")?,
                last: num(row, "wrong_plain_at")?,
                last_unknown: num(row, "unknown_plain_at")?,
            };
            let with_pin = wrong(row, "wrong_pin_codes", "unknown_pin_codes")?;
            Ok((WithPin(with_pin), without_pin))
        },
    )
}

fn wrong(row: &Row<'_>, all: &'static str, unknown: &'static str) -> Result<Wrong, StoreError> {
    Ok(Wrong {
        all: byte(row, all)?,
        unknown: byte(row, unknown)?,
    })
}

fn set(
    c: &Connection,
    account: AccountId,
    with_pin: WithPin,
    without_pin: WithoutPin,
) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE account SET wrong_pin_codes = ?2, unknown_pin_codes = ?3, wrong_plain_codes = ?4, unknown_plain_codes = ?5,
             wrong_plain_at = ?6, unknown_plain_at = ?7
         WHERE acc = ?1",
        params![
            account.0,
            with_pin.0.all,
            with_pin.0.unknown,
            without_pin.in_a_row.all,
            without_pin.in_a_row.unknown,
            int(without_pin.last),
            int(without_pin.last_unknown)
        ],
    )?;
    Ok(())
}

/// A restored database learns of a wrong code with PIN that came after its backup.
pub(super) fn count_again(
    c: &Connection,
    account: AccountId,
    asker: Asker,
    counted: &[DeviceId],
    at: Time,
) -> Result<(), StoreError> {
    let Some((with_pin, without_pin)) = of_account(c, account)? else {
        return Ok(());
    };
    let taken = with_pin.take(asker).unwrap_or(with_pin);
    set(c, account, taken, without_pin)?;
    for device in devices::of_account(c, account)? {
        if counted.contains(&device.dev) {
            let epoch = device.wrong_codes.take(asker);
            let month = device.month.take(asker, at);
            let epoch = epoch.unwrap_or(device.wrong_codes);
            let month = month.unwrap_or_else(|_| device.month.clone());
            set_device(c, &device, (epoch, month))?;
        }
    }
    Ok(())
}

/// After an approval with PIN or biometrics, or a new PIN epoch, the ways by code are open again.
pub(super) fn open_ways(c: &Connection, account: AccountId) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE account SET wrong_pin_codes = 0, unknown_pin_codes = 0, wrong_plain_codes = 0, unknown_plain_codes = 0 WHERE acc = ?1",
        [account.0],
    )?;
    Ok(())
}

/// A try at a code with PIN against this device; `None` when it gives this asker none.
fn take_of(device: &Device, asker: Asker, now: Time) -> Option<(DeviceEpoch, Month)> {
    let epoch = device.wrong_codes.take(asker).ok()?;
    Some((epoch, device.month.take(asker, now).ok()?))
}

fn set_device(
    c: &Connection,
    device: &Device,
    (epoch, month): (DeviceEpoch, Month),
) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE device SET wrong_codes = ?2, unknown_codes = ?3, wrong_month = ?4 WHERE dev = ?1",
        params![device.dev.0, epoch.0.all, epoch.0.unknown, month.to_bytes()],
    )?;
    Ok(())
}
