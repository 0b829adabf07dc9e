//! Grants: one device lets another set a new PIN.

use countersign_protocol::{
    Time,
    id::{ChallengeId, DeviceId},
    policy::month::Month,
    update::ChangeKind,
    verify::GRANT_LASTS,
};

use super::{devices, facts};
use crate::{
    policy::changes::{Change, Proof, Rank},
    store::*,
};

impl Store {
    /// Until when the device may set a new PIN, if it was let.
    pub(crate) async fn grant_until(&self, dev: DeviceId) -> Result<Option<Time>, StoreError> {
        self.read(|tx| {
            let until = "SELECT until FROM pin_grant WHERE dev = ?1";
            tx.one(until, params![dev.0], |row| row.get("until"))
        })
    }
}

/// The approved challenge that lets the device set a new PIN now. A grant ends with the device
/// that gave it, and one by the device's own biometrics with these; nor does that one lift a block,
/// for it helps a person that forgot a PIN, and nobody that guessed.
pub(super) fn granted(
    tx: &dyn Tx,
    dev: DeviceId,
    now: Time,
) -> Result<Option<ChallengeId>, StoreError> {
    tx.one(
        "SELECT challenge, by_dev = pin_grant.dev AS by_itself, giver.* FROM pin_grant JOIN device AS giver ON giver.dev = by_dev
         WHERE pin_grant.dev = ?1 AND until > ?2 AND giver.state = 'active'",
        params![dev.0, now],
        |row| {
            let holds = !row.get::<bool>("by_itself")? || devices::read_tries(row)?.left() > 0 && !row.get::<Month>("wrong_month")?.is_full();
            Ok(holds.then_some(row.get("challenge")?))
        },
    )
    .map(Option::flatten)
}

/// An approval of a new PIN for another device was given, or where it `grants_itself` for its own:
/// that device may do so now, if the account's policy still allows it.
pub(super) fn grant(
    tx: &dyn Tx,
    challenge: &Challenge,
    giver: &Device,
    grants_itself: bool,
    now: Time,
) -> Result<(), StoreError> {
    let Some(subject) = challenge.subject else {
        return Ok(());
    };
    let given = Proof::Approval(Rank::Three);
    if facts::allow(tx, giver.account, Change::Unblock, given, now)?.is_err() {
        return Ok(());
    }
    let of_account = devices::get(tx, subject)?.is_some_and(|device| {
        device.account == giver.account && device.state == DeviceState::Active
    });
    if !of_account || (subject == giver.dev && !grants_itself) {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO pin_grant (dev, challenge, by_dev, until) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (dev) DO UPDATE SET challenge = ?2, by_dev = ?3, until = ?4",
        params![
            subject.0,
            challenge.id.0,
            giver.dev.0,
            now.saturating_add(GRANT_LASTS)
        ],
    )?;
    Ok(())
}

/// Ends the grant of this device, after it was used or taken back, and with it a forgotten PIN's
/// change that waits for its commit.
pub(super) fn end(tx: &dyn Tx, dev: DeviceId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM pin_grant WHERE dev = ?1", params![dev.0])?;
    tx.execute(
        "DELETE FROM pending_change WHERE dev = ?1 AND kind = ?2",
        params![dev.0, ChangeKind::Forgotten as u8],
    )?;
    Ok(())
}
