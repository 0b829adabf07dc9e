//! Claims: a phone takes up an enrolment.

use countersign_protocol::{
    Step, Time,
    enrolment::Way,
    id::{EnrolmentId, Hash},
};

use super::{enrolments::get, events::note};
use crate::{policy, store::*};

impl Store {
    /// Records the first claim with its pending device, and gives the enrolment as it stands
    /// afterwards: with this claim or an earlier one.
    pub(crate) async fn claim(
        &self,
        claim: NewClaim,
        now: Time,
    ) -> Result<Option<Enrolment>, StoreError> {
        self.write(Write::Claim, move |tx| record_claim(tx, &claim, now))
            .await
    }

    /// Takes one of the three tries at that PIN for a claim, before its K is compared; the same
    /// claim again takes no other. `None`: not open, without V, or no tries left.
    pub(crate) async fn spend_pin_try(
        &self,
        id: EnrolmentId,
        claim: Hash,
        now: Time,
    ) -> Result<Option<PinTry>, StoreError> {
        self.write(Write::TakePinTry, move |tx| {
            spend_pin_try(tx, id, claim, now)
        })
        .await
    }

    /// A K was wrong: the enrolment is void if it was the third.
    pub(crate) async fn fail_pin_try(&self, id: EnrolmentId, now: Time) -> Result<(), StoreError> {
        self.write(Write::FailPinTry, move |tx| fail_pin_try(tx, id, now))
            .await
    }
}

fn record_claim(tx: &dyn Tx, new: &NewClaim, now: Time) -> Result<Option<Enrolment>, StoreError> {
    let Some(enrolment) = get(tx, new.id, now)? else {
        return Ok(None);
    };
    if enrolment.state != EnrolmentState::Open {
        return Ok(Some(enrolment));
    }
    let step = tx
        .one(
            "SELECT step FROM account WHERE acc = ?1",
            params![enrolment.account.0],
            |row| row.get::<Step>("step"),
        )?
        .ok_or(StoreError::Damaged("account"))?;
    tx.execute(
        "INSERT INTO device (dev, account, enrolment, name, model, platform, state, created_at, used_at, hardware, device_key, epoch,
                             first_step, pin_key, pin_share, plain_share, chain, chain_step)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending', ?7, ?7, ?8, ?9, 1, ?10, ?11, ?12, ?13, ?14, ?10)",
        params![
            enrolment.dev.0,
            enrolment.account.0,
            enrolment.id.0,
            enrolment.name,
            new.model,
            new.platform,
            now,
            new.hardware,
            new.keys.device_key.as_bytes(),
            step + 1,
            new.keys.pin_key,
            new.keys.pin_code_secret,
            new.keys.plain_code_secret,
            new.keys.chain
        ],
    )?;
    tx.execute(
        "UPDATE enrolment SET state = ?5, claim = ?2, proof = ?3, code = ?4, pin_check = NULL WHERE id = ?1",
        params![
            new.id.0,
            new.claim.0,
            new.proof,
            new.code,
            if new.code.is_some() {
                EnrolmentState::Claimed
            } else {
                EnrolmentState::Confirmed
            }
            .name()
        ],
    )?;
    get(tx, new.id, now)
}

pub(super) fn spend_pin_try(
    tx: &dyn Tx,
    id: EnrolmentId,
    claim: Hash,
    now: Time,
) -> Result<Option<PinTry>, StoreError> {
    let open = get(tx, id, now)?.is_some_and(|enrolment| {
        enrolment.state == EnrolmentState::Open && enrolment.way == Way::PinInBrowser
    });
    if !open {
        return Ok(None);
    }
    let found = tx.one(
        "SELECT pin_check, pin_claims FROM enrolment WHERE id = ?1",
        params![id.0],
        |row| {
            Ok((
                row.get::<Option<Vec<u8>>>("pin_check")?,
                row.get::<Vec<u8>>("pin_claims")?,
            ))
        },
    )?;
    let Some((Some(pin_check), mut claims)) = found else {
        return Ok(None);
    };
    let (hashes, _) = claims.as_chunks::<32>();
    let place = match hashes.iter().position(|hash| *hash == claim.0) {
        Some(place) => place,
        None => hashes.len(),
    };
    let spent = u32::try_from(place + 1).unwrap_or(u32::MAX);
    let Some(left) = policy::ENROLMENT_TRIES.checked_sub(spent) else {
        return Ok(None);
    };
    if place == hashes.len() {
        claims.extend_from_slice(&claim.0);
        tx.execute(
            "UPDATE enrolment SET pin_claims = ?2 WHERE id = ?1",
            params![id.0, claims],
        )?;
    }
    Ok(Some(PinTry { pin_check, left }))
}

pub(super) fn fail_pin_try(tx: &dyn Tx, id: EnrolmentId, now: Time) -> Result<(), StoreError> {
    let changed = tx.execute(
        "UPDATE enrolment SET state = 'void', pin_check = NULL WHERE id = ?1 AND state = 'open' AND length(pin_claims) >= 32 * ?2",
        params![id.0, policy::ENROLMENT_TRIES],
    )?;
    if changed == 1
        && let Some(enrolment) = get(tx, id, now)?
    {
        note(
            tx,
            enrolment.account,
            "enrolment-void",
            &enrolment.name,
            now,
        )?;
    }
    Ok(())
}
