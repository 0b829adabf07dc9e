//! Enrolments: from the QR code on the page to an active device.

use countersign_protocol::{
    Time,
    enrolment::Way,
    id::{AccountId, DeviceId, EnrolmentId},
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
    /// Begins an enrolment that no approval was collected for, in place of any unfinished one of
    /// the account.
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

    /// Sets V of an enrolment whose PIN is chosen in the browser; `false` when it isn't this
    /// session's, or not open. The page may choose again.
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

    /// Takes one of the three tries at the six digits, before they are compared. `None`: no claim,
    /// or no tries left.
    pub(crate) async fn spend_enrolment_try(
        &self,
        id: EnrolmentId,
        session: SessionHash,
        now: Time,
    ) -> Result<Option<CodeTry>, StoreError> {
        self.write(Write::TakeEnrolmentTry, move |tx| {
            spend_try(tx, id, session, now)
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

    /// Makes a confirmed device active and ends sessions of the account that only a password began.
    /// Repeating it changes nothing.
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

pub(super) fn spend_try(
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
        // A phone that lost the answer long ago: the enrolment is deleted, and the device is its
        // own.
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
    // From now on a password alone does not sign in, so other browsers that gave only that have to
    // begin again.
    sessions::end_without_factor(tx, enrolment.account, enrolment.session, now)?;
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
