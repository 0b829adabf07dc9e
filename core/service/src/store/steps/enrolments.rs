//! Enrolments: from the QR code on the page to an active device.

use countersign_protocol::{
    Step, Time,
    enrolment::Way,
    id::{AccountId, DeviceId, EnrolmentId, Hash},
};

use super::{events::note, facts, journal_rows, links, sessions};
use crate::{
    policy::{
        self,
        changes::{Change, Proof, Refused},
    },
    store::*,
};

impl Store {
    /// Begins an enrolment that no approval was collected for, in place of any unfinished one of the account.
    pub(crate) async fn begin_enrolment(
        &self,
        enrolment: NewEnrolment,
        on: Begin,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.write(Write::BeginEnrolment, move |tx| {
            begin_on(tx, &enrolment, &on, now)
        })
        .await
    }

    /// An enrolment that has not expired.
    pub(crate) async fn enrolment(
        &self,
        id: EnrolmentId,
        now: Time,
    ) -> Result<Option<Enrolment>, StoreError> {
        self.read(|tx| get(tx, id, now))
    }

    /// Records the first claim with its pending device, and gives the enrolment as it stands afterwards: with this claim or an earlier one.
    pub(crate) async fn claim(
        &self,
        claim: NewClaim,
        now: Time,
    ) -> Result<Option<Enrolment>, StoreError> {
        self.write(Write::Claim, move |tx| record_claim(tx, &claim, now))
            .await
    }

    /// Sets V of an enrolment whose PIN is chosen in the browser; `false` when it isn't this session's, or not open. The page may choose anew.
    pub(crate) async fn set_pin_check(
        &self,
        id: EnrolmentId,
        session: SessionHash,
        pin_check: Vec<u8>,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::SetPinCheck, move |tx| {
            set_pin_check(tx, id, session, &pin_check, now)
        })
        .await
    }

    /// Takes one of the three tries at that PIN for a claim, before its K is compared; the same claim again takes no other. `None`: not
    /// open, without V, or no tries left.
    pub(crate) async fn take_pin_try(
        &self,
        id: EnrolmentId,
        claim: Hash,
        now: Time,
    ) -> Result<Option<PinTry>, StoreError> {
        self.write(Write::TakePinTry, move |tx| {
            take_pin_try(tx, id, claim, now)
        })
        .await
    }

    /// A K was wrong: the enrolment is void if it was the third.
    pub(crate) async fn fail_pin_try(&self, id: EnrolmentId, now: Time) -> Result<(), StoreError> {
        self.write(Write::FailPinTry, move |tx| fail_pin_try(tx, id, now))
            .await
    }

    /// Takes one of the three tries at the six digits, before they are compared. `None`: no claim, or no tries left.
    pub(crate) async fn take_enrolment_try(
        &self,
        id: EnrolmentId,
        session: SessionHash,
        now: Time,
    ) -> Result<Option<CodeTry>, StoreError> {
        self.write(Write::TakeEnrolmentTry, move |tx| {
            take_try(tx, id, session, now)
        })
        .await
    }

    /// The digits were right, or wrong (the third wrong one voids the enrolment).
    pub(crate) async fn finish_enrolment_try(
        &self,
        id: EnrolmentId,
        right: bool,
        now: Time,
    ) -> Result<(), StoreError> {
        self.write(Write::FinishEnrolmentTry, move |tx| {
            finish_try(tx, id, right, now)
        })
        .await
    }

    /// Makes a confirmed device active and ends sessions of the account that only a password began. Repeating it changes nothing.
    pub(crate) async fn complete(
        &self,
        id: EnrolmentId,
        dev: DeviceId,
        now: Time,
    ) -> Result<Completion, StoreError> {
        self.write_of(JournalSubject::Device(dev), Write::Complete, move |tx| {
            complete(tx, id, dev, now)
        })
        .await
    }
}

/// Begins an enrolment for a session that finished a recovery, or in the place of another open one
/// of the same session, which gains no time by it.
pub(super) fn begin_on(
    tx: &dyn Tx,
    new: &NewEnrolment,
    on: &Begin,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    let allowed = match on {
        Begin::Recovered => {
            let proves = |session: &Session| {
                session.account == new.account && session.proves(Proof::Recovered, now)
            };
            match sessions::get(tx, new.session, now)?.is_some_and(|session| proves(&session)) {
                true => facts::allow(tx, new.account, Change::Add, Proof::Recovered, now)?,
                false => Err(Refused::Guarded),
            }
        }
        Begin::Confirmed(id) => {
            let own = |link: &Link| {
                link.kind == LinkKind::Confirm
                    && (link.account, link.session) == (Some(new.account), Some(new.session))
            };
            match links::get(tx, *id, now)?.is_some_and(|link| own(&link)) {
                true => {
                    links::spend(tx, *id, LinkKind::Confirm, now)?;
                    facts::allow(tx, new.account, Change::Add, Proof::PasswordAndLink, now)?
                }
                false => Err(Refused::Changed),
            }
        }
        Begin::InPlaceOf(id) => {
            let own = |old: &Enrolment| {
                old.state == EnrolmentState::Open
                    && (old.account, old.session) == (new.account, new.session)
                    && new.expires_at <= old.expires_at
            };
            let old = get(tx, *id, now)?.filter(own);
            old.map(drop).ok_or(Refused::Changed)
        }
    };
    match allowed {
        Ok(()) if !begin(tx, new)? => Ok(Err(Refused::Full)),
        allowed => Ok(allowed),
    }
}

/// Ends every enrolment of an account that is not done.
pub(super) fn void(tx: &dyn Tx, account: AccountId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM device WHERE account = ?1 AND state = 'pending'",
        params![account.0],
    )?;
    tx.execute(
        "UPDATE enrolment SET state = 'void', code = NULL, pin_check = NULL
         WHERE account = ?1 AND state <> 'done'",
        params![account.0],
    )?;
    Ok(())
}

/// Begins an enrolment that the policy has allowed; `false` when the account has ten devices.
pub(super) fn begin(tx: &dyn Tx, new: &NewEnrolment) -> Result<bool, StoreError> {
    let account = new.account.0;
    void(tx, new.account)?;
    let devices = tx
        .one(
            "SELECT count(*) AS n FROM device WHERE account = ?1",
            params![account],
            |row| row.get::<u64>("n"),
        )?
        .unwrap_or(0);
    if devices >= u64::from(policy::DEVICES) {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO enrolment (id, account, session, dev, name, message, hash, secret, way, issued_at, expires_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?11, ?9, ?10, 'open')",
        params![
            new.id.0,
            account,
            new.session,
            new.dev.0,
            new.name,
            new.message.bytes,
            new.message.hash.0,
            new.secret,
            new.issued_at,
            new.expires_at,
            new.way as u8
        ],
    )?;
    Ok(true)
}

pub(super) fn get(
    tx: &dyn Tx,
    id: EnrolmentId,
    now: Time,
) -> Result<Option<Enrolment>, StoreError> {
    let found = tx.one(
        "SELECT * FROM enrolment WHERE id = ?1",
        params![id.0],
        from_row,
    )?;
    Ok(found
        .filter(|enrolment| enrolment.state == EnrolmentState::Done || enrolment.expires_at > now))
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
            new.keys.pin_share,
            new.keys.plain_share,
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

pub(super) fn set_pin_check(
    tx: &dyn Tx,
    id: EnrolmentId,
    session: SessionHash,
    pin_check: &[u8],
    now: Time,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE enrolment SET pin_check = ?3 WHERE id = ?1 AND session = ?2 AND way = 1 AND state = 'open' AND expires_at > ?4",
        params![id.0, session, pin_check, now],
    )?;
    Ok(changed == 1)
}

pub(super) fn take_pin_try(
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

pub(super) fn take_try(
    tx: &dyn Tx,
    id: EnrolmentId,
    session: SessionHash,
    now: Time,
) -> Result<Option<CodeTry>, StoreError> {
    let Some(enrolment) = get(tx, id, now)? else {
        return Ok(None);
    };
    let Some(left) = policy::ENROLMENT_TRIES.checked_sub(enrolment.code_tries + 1) else {
        return Ok(None);
    };
    let (EnrolmentState::Claimed, true, Some(code)) = (
        enrolment.state,
        enrolment.session == session,
        enrolment.code,
    ) else {
        return Ok(None);
    };
    tx.execute(
        "UPDATE enrolment SET code_tries = code_tries + 1 WHERE id = ?1",
        params![id.0],
    )?;
    Ok(Some(CodeTry {
        dev: enrolment.dev,
        code,
        left,
    }))
}

pub(super) fn finish_try(
    tx: &dyn Tx,
    id: EnrolmentId,
    right: bool,
    now: Time,
) -> Result<(), StoreError> {
    let Some(enrolment) = get(tx, id, now)? else {
        return Ok(());
    };
    if enrolment.state != EnrolmentState::Claimed {
        return Ok(());
    }
    if right {
        tx.execute(
            "UPDATE enrolment SET state = 'confirmed', code = NULL WHERE id = ?1",
            params![id.0],
        )?;
    } else if enrolment.code_tries >= policy::ENROLMENT_TRIES {
        tx.execute(
            "UPDATE enrolment SET state = 'void', code = NULL WHERE id = ?1",
            params![id.0],
        )?;
        tx.execute(
            "DELETE FROM device WHERE dev = ?1 AND state = 'pending'",
            params![enrolment.dev.0],
        )?;
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

pub(super) fn complete(
    tx: &dyn Tx,
    id: EnrolmentId,
    dev: DeviceId,
    now: Time,
) -> Result<Completion, StoreError> {
    let Some(enrolment) = get(tx, id, now)?.filter(|enrolment| enrolment.dev == dev) else {
        // A phone that lost the answer long ago: the enrolment is deleted, and the device is its own.
        let is_done = tx.one(
            "SELECT 1 AS done FROM device WHERE dev = ?1 AND enrolment = ?2 AND state <> 'pending'",
            params![dev.0, id.0],
            |_| Ok(()),
        )?;
        return Ok(match is_done {
            Some(()) => Completion::Active,
            None => Completion::Refused,
        });
    };
    match enrolment.state {
        EnrolmentState::Done => return Ok(Completion::Active),
        EnrolmentState::Claimed => return Ok(Completion::NotYet),
        EnrolmentState::Open | EnrolmentState::Void => return Ok(Completion::Refused),
        EnrolmentState::Confirmed => {}
    }
    tx.execute(
        "UPDATE enrolment SET state = 'done' WHERE id = ?1",
        params![id.0],
    )?;
    tx.execute(
        "UPDATE device SET state = 'active', used_at = ?2 WHERE dev = ?1",
        params![dev.0, now],
    )?;
    tx.execute(
        "UPDATE account SET guarded = 0 WHERE acc = ?1",
        params![enrolment.account.0],
    )?;
    // From now on a password alone does not sign in, so other browsers that gave only that have to begin again.
    sessions::end_without_factor(tx, enrolment.account, enrolment.session)?;
    journal_rows::record(tx, &JournalEntry::Added(enrolment.account, dev), now)?;
    // Nor are links enough that were asked for when there was no factor.
    links::end_of_account(tx, enrolment.account, now)?;
    note(tx, enrolment.account, "device-added", &enrolment.name, now)?;
    Ok(Completion::Active)
}

pub(super) fn from_row(row: &dyn Row) -> Result<Enrolment, StoreError> {
    Ok(Enrolment {
        id: row.get("id")?,
        account: row.get("account")?,
        session: row.get("session")?,
        dev: row.get("dev")?,
        name: row.get("name")?,
        message: row.get("message")?,
        hash: row.get("hash")?,
        secret: row.get("secret")?,
        way: match row.get::<u8>("way")? {
            1 => Way::PinInBrowser,
            2 => Way::PinOnPhone,
            _ => return Err(StoreError::Damaged("way")),
        },
        expires_at: row.get("expires_at")?,
        state: row.get("state")?,
        claim: row.get("claim")?,
        code: row.get("code")?,
        code_tries: row.get("code_tries")?,
    })
}
