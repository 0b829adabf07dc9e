//! Codes that a person types: counted before they are computed, accepted once.

use countersign_protocol::{
    Time,
    challenge::Unlock,
    id::{ChallengeId, DeviceId},
};
use rusqlite::{Connection, params};

use super::{
    accounts::note,
    challenges, devices,
    rows::{int, num, one, run, small},
};
use crate::{policy, store::*};

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
    let Some(challenge) = found.filter(|challenge| challenge.wrong_codes < policy::CODE_TRIES)
    else {
        return Ok(CodeStep::Over);
    };
    let Some(owner) = challenge.account else {
        return Ok(CodeStep::Over);
    };
    let account = owner.0;
    let pin = challenge.unlock != Unlock::Nothing;
    let open = one(
        c,
        "SELECT * FROM account WHERE acc = ?1",
        [account],
        |row| {
            Ok(if pin {
                policy::pin_codes_open(small(row, "wrong_pin_codes")?)
            } else {
                policy::plain_codes_open(
                    small(row, "wrong_plain_codes")?,
                    num(row, "wrong_plain_at")?,
                    now,
                )
            })
        },
    )?;
    if open != Some(true) {
        return Ok(CodeStep::Closed);
    }
    let mut devices = devices::of_account(c, owner)?;
    devices.retain(|device| {
        device.state == DeviceState::Active
            && (!pin || policy::device_codes_open(device.wrong_codes))
    });
    run(
        c,
        "UPDATE challenge SET wrong_codes = wrong_codes + 1 WHERE id = ?1",
        [id.0],
    )?;
    if pin {
        run(
            c,
            "UPDATE account SET wrong_pin_codes = wrong_pin_codes + 1 WHERE acc = ?1",
            [account],
        )?;
        for device in &devices {
            run(
                c,
                "UPDATE device SET wrong_codes = wrong_codes + 1 WHERE dev = ?1",
                [device.dev.0],
            )?;
        }
    } else {
        run(
            c,
            "UPDATE account SET wrong_plain_codes = CASE WHEN ?2 >= wrong_plain_at + 86400 THEN 1 ELSE wrong_plain_codes + 1 END,
                                wrong_plain_at = ?2 WHERE acc = ?1",
            params![account, int(now)],
        )?;
    }
    let last = challenge.wrong_codes + 1 == policy::CODE_TRIES;
    Ok(CodeStep::Check {
        challenge: Box::new(challenge),
        devices,
        last,
    })
}

pub(super) fn finish(
    c: &Connection,
    id: ChallengeId,
    winner: Option<&NewChain>,
    counted: &[DeviceId],
    now: Time,
) -> Result<bool, StoreError> {
    let Some(challenge) = challenges::get(c, id)? else {
        return Ok(false);
    };
    let Some(owner) = challenge.account else {
        return Ok(false);
    };
    let account = owner.0;
    let pin = challenge.unlock != Unlock::Nothing;
    let Some(winner) = winner else {
        let wrong_row = one(
            c,
            "SELECT wrong_plain_codes, wrong_pin_codes FROM account WHERE acc = ?1",
            [account],
            |row| {
                small(
                    row,
                    if pin {
                        "wrong_pin_codes"
                    } else {
                        "wrong_plain_codes"
                    },
                )
            },
        )?;
        if wrong_row == Some(3) {
            note(c, owner, "wrong-codes", "", now)?;
        }
        if challenge.wrong_codes >= policy::CODE_TRIES {
            run(
                c,
                "UPDATE challenge SET state = 'wrong-codes', closed_at = ?2 WHERE id = ?1 AND state = 'open'",
                params![id.0, int(now)],
            )?;
        }
        return Ok(false);
    };
    // Compare-and-set: of many that bring the same right code, one finds the challenge open.
    let strength = if pin {
        Strength::CodePin
    } else {
        Strength::Code
    };
    let closed = run(
        c,
        "UPDATE challenge SET state = 'approved', closed_at = ?2, strength = ?3, by_dev = ?4
         WHERE id = ?1 AND state = 'open' AND EXISTS (SELECT 1 FROM device WHERE dev = ?4 AND state = 'active')",
        params![id.0, int(now), strength.name(), winner.dev.0],
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
    if pin {
        run(
            c,
            "UPDATE account SET wrong_pin_codes = 0 WHERE acc = ?1",
            [account],
        )?;
        for dev in counted {
            run(
                c,
                "UPDATE device SET wrong_codes = wrong_codes - 1 WHERE dev = ?1 AND wrong_codes > 0",
                [dev.0],
            )?;
        }
    } else {
        run(
            c,
            "UPDATE account SET wrong_plain_codes = 0 WHERE acc = ?1",
            [account],
        )?;
    }
    Ok(true)
}
