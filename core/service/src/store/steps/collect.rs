//! Collecting what was approved: once, by the browser that asked, and what it was asked for is done
//! with it.

use countersign_protocol::{
    Time,
    challenge::Purpose,
    id::{AccountId, ChallengeId},
};

use super::{credentials, deletion, enrolments, export, facts, removal, sessions, transactions};
use crate::{
    policy::{
        self,
        changes::{self, Proof, Rank, Refused},
    },
    store::*,
};

impl Store {
    /// The browser collects the result: once, within a minute, by the session that asked, while the
    /// device is active. What it was asked for is done with it.
    pub(crate) async fn collect(
        &self,
        id: ChallengeId,
        session: SessionHash,
        then: Then,
        now: Time,
    ) -> Result<Option<Collected>, StoreError> {
        self.write(Write::Collect, move |tx| {
            collect(tx, id, session, &then, now)
        })
        .await
    }

    /// The browser that began on a phone comes back with what the phone was given, and is let in:
    /// once, before the challenge expires, while the device is active.
    pub(crate) async fn complete_mobile(
        &self,
        id: ChallengeId,
        entry: Entry,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::CompleteMobile, move |tx| {
            complete_mobile(tx, id, &entry, now)
        })
        .await
    }
}

/// An approved challenge that a browser collects.
struct Approved {
    account: AccountId,
    purpose: Purpose,
    proof: Proved,
}

pub(super) fn collect(
    tx: &dyn Tx,
    id: ChallengeId,
    session: SessionHash,
    then: &Then,
    now: Time,
) -> Result<Option<Collected>, StoreError> {
    let spent = spend(
        tx,
        "SELECT challenge.* FROM challenge JOIN device ON device.dev = challenge.by_dev
         WHERE id = ?1 AND session = ?2 AND challenge.state = 'approved' AND kind <> 'on-mobile' AND closed_at + ?3 >= ?4
           AND device.state = 'active' AND device.account = challenge.account",
        id,
        params![id.0, session, policy::COLLECT_SECONDS, now],
    )?;
    let Some(approved) = spent else {
        return Ok(None);
    };
    finish(tx, &approved, session, then, now).map(Some)
}

/// Does what was approved, if the policy still allows it.
fn finish(
    tx: &dyn Tx,
    approved: &Approved,
    session: SessionHash,
    then: &Then,
    now: Time,
) -> Result<Collected, StoreError> {
    let account = approved.account;
    if let Some(change) = changes::of_purpose(approved.purpose) {
        let rank = approved.proof.method.rank().unwrap_or(Rank::Zero);
        let allowed = facts::allow(tx, account, change, Proof::Approval(rank), now)?;
        if let Err(refused) = allowed {
            return Ok(Err(refused));
        }
    }
    match then {
        Then::Enter(entry) => let_in(tx, entry, approved)?,
        Then::Enrol(new) => {
            if !enrolments::begin(tx, new)? {
                return Ok(Err(Refused::Full));
            }
        }
        Then::Remove(dev) => {
            if !removal::remove(tx, account, *dev, session, now)? {
                return Ok(Err(Refused::Changed));
            }
        }
        Then::SetPassword(new) => credentials::set_password(tx, account, new, now)?,
        Then::Export => export::grant(tx, account, session, now)?,
        Then::Delete(new) => deletion::ask(tx, new, session, now)?,
        Then::AskEmail(new) => return credentials::ask_email(tx, new, now),
        Then::Nothing => {}
        Then::Record(signed) => transactions::record(tx, signed, approved.proof.method)?,
    }
    Ok(Ok(()))
}

/// Opens the session of an approved sign-in. What the browser proved before stays proved in it.
fn let_in(tx: &dyn Tx, entry: &Entry, approved: &Approved) -> Result<(), StoreError> {
    let mut entry = entry.clone();
    let now = entry.session.created_at;
    let before = sessions::get(tx, entry.replaces, now)?
        .filter(|session| session.account == approved.account);
    let mut proofs = before.map(|session| session.proofs).unwrap_or_default();
    proofs.retain(|proof| proof.method != approved.proof.method);
    proofs.push(approved.proof);
    entry.session.account = approved.account;
    entry.session.proofs = proofs;
    sessions::enter(tx, &entry)
}

/// 11.20: only with the cookie of the browser that began.
pub(super) fn complete_mobile(
    tx: &dyn Tx,
    id: ChallengeId,
    entry: &Entry,
    now: Time,
) -> Result<bool, StoreError> {
    let spent = spend(
        tx,
        "SELECT challenge.* FROM challenge JOIN device ON device.dev = challenge.by_dev
         WHERE id = ?1 AND session = ?2 AND challenge.state = 'approved' AND kind = 'on-mobile' AND expires_at > ?3
           AND device.state = 'active' AND device.account = challenge.account",
        id,
        params![id.0, entry.replaces, now],
    )?;
    let Some(approved) = spent else {
        return Ok(false);
    };
    let_in(tx, entry, &approved)?;
    Ok(true)
}

/// Spends an approved challenge that `sql` finds, once.
fn spend(
    tx: &dyn Tx,
    sql: &'static str,
    id: ChallengeId,
    values: &[Value<'_>],
) -> Result<Option<Approved>, StoreError> {
    let found = tx.one(sql, values, |row| {
        let challenge = super::challenges::from_row(row)?;
        Ok(Approved {
            account: challenge
                .account
                .ok_or(StoreError::Damaged("a challenge's account"))?,
            purpose: challenge.purpose,
            proof: Proved {
                method: row.get("strength")?,
                at: row.get("closed_at")?,
                dev: Some(row.get("by_dev")?),
            },
        })
    })?;
    if found.is_some() {
        tx.execute(
            "UPDATE challenge SET state = 'used' WHERE id = ?1 AND state = 'approved'",
            params![id.0],
        )?;
    }
    Ok(found)
}
