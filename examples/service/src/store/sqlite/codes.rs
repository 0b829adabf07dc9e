//! Codes that a person types: counted before they are computed, accepted once.

use countersign_protocol::{
    Time,
    answer::UnlockedBy,
    challenge::Unlock,
    id::{AccountId, ChallengeId, DeviceId},
    policy::codes::{DeviceEpoch, NOTICE_AT, WithPin, WithoutPin},
};
use rusqlite::{Connection, params};

use super::{
    accounts::note,
    challenges, devices,
    rows::{byte, int, num, one, run},
    updates,
};
use crate::store::*;

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
    let pin = challenge.unlock != Unlock::Nothing;
    let Some((with_pin, without_pin)) = of_account(c, owner)? else {
        return Ok(CodeStep::Over);
    };
    let taken = if pin {
        with_pin.take().map(|taken| (taken, without_pin))
    } else {
        without_pin.take(now).map(|taken| (with_pin, taken))
    };
    let Ok((with_pin, without_pin)) = taken else {
        return Ok(CodeStep::Closed);
    };
    let mut devices = devices::of_account(c, owner)?;
    devices.retain(|device| {
        // A device without tries left is no active one: all that it may send is a new PIN.
        device.state == DeviceState::Active
            && !device.is_blocked()
            && (!pin || device.wrong_codes.take().is_ok())
    });
    run(
        c,
        "UPDATE challenge SET wrong_codes = ?2 WHERE id = ?1",
        params![id.0, codes.0],
    )?;
    set(c, owner, with_pin, without_pin)?;
    if pin {
        for device in &devices {
            if let Ok(taken) = device.wrong_codes.take() {
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
        let due = of_account(c, owner)?.is_some_and(|(with_pin, without_pin)| {
            if pin {
                with_pin.0 == NOTICE_AT
            } else {
                without_pin.notice_due()
            }
        });
        if due {
            note(c, owner, "wrong-codes", "", now)?;
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
                set_device(c, &device, device.wrong_codes.give_back())?;
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
        "SELECT wrong_pin_codes, wrong_plain_codes, wrong_plain_at FROM account WHERE acc = ?1",
        [account.0],
        |row| {
            let without_pin = WithoutPin {
                in_a_row: byte(row, "wrong_plain_codes")?,
                last: num(row, "wrong_plain_at")?,
            };
            Ok((WithPin(byte(row, "wrong_pin_codes")?), without_pin))
        },
    )
}

fn set(
    c: &Connection,
    account: AccountId,
    with_pin: WithPin,
    without_pin: WithoutPin,
) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE account SET wrong_pin_codes = ?2, wrong_plain_codes = ?3, wrong_plain_at = ?4 WHERE acc = ?1",
        params![
            account.0,
            with_pin.0,
            without_pin.in_a_row,
            int(without_pin.last)
        ],
    )?;
    Ok(())
}

/// After an approval with PIN or biometrics, or a new PIN epoch, the ways by code are open again.
pub(super) fn open_ways(c: &Connection, account: AccountId) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE account SET wrong_pin_codes = 0, wrong_plain_codes = 0 WHERE acc = ?1",
        [account.0],
    )?;
    Ok(())
}

fn set_device(c: &Connection, device: &Device, wrong: DeviceEpoch) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE device SET wrong_codes = ?2 WHERE dev = ?1",
        params![device.dev.0, wrong.0],
    )?;
    Ok(())
}
