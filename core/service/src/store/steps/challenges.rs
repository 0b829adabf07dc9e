//! Challenges, as they are read and given up.

use countersign_protocol::{
    Time,
    id::{ChallengeId, DeviceId},
    policy::codes::ForChallenge,
    policy::share::Asker,
};

use crate::store::*;

impl Store {
    /// A challenge.
    pub(crate) async fn challenge(&self, id: ChallengeId) -> Result<Option<Challenge>, StoreError> {
        self.read(|tx| get(tx, id))
    }

    /// The open, unexpired approvals for a device: the signed messages.
    pub(crate) async fn inbox(
        &self,
        dev: DeviceId,
        now: Time,
    ) -> Result<Vec<InboxItem>, StoreError> {
        self.read(|tx| inbox(tx, dev, now))
    }

    /// The session that asked for a challenge gives it up, if it still is open.
    pub(crate) async fn cancel_challenge(
        &self,
        id: ChallengeId,
        session: SessionHash,
        now: Time,
    ) -> Result<(), StoreError> {
        self.write(Write::CancelChallenge, move |tx| {
            tx.execute(
                "UPDATE challenge SET state = 'replaced', closed_at = ?3
                 WHERE id = ?1 AND session = ?2 AND state = 'open'",
                params![id.0, session, now],
            )
            .map(drop)
        })
        .await
    }
}

pub(super) fn get(tx: &dyn Tx, id: ChallengeId) -> Result<Option<Challenge>, StoreError> {
    tx.one(
        "SELECT * FROM challenge WHERE id = ?1",
        params![id.0],
        from_row,
    )
}

pub(super) fn inbox(tx: &dyn Tx, dev: DeviceId, now: Time) -> Result<Vec<InboxItem>, StoreError> {
    tx.all(
        "SELECT id, message FROM challenge WHERE dev = ?1 AND kind IN ('approve', 'online') AND state = 'open' AND expires_at > ?2
         ORDER BY issued_at DESC LIMIT 4",
        params![dev.0, now],
        |row| Ok(InboxItem { id: row.get("id")?, message: row.get("message")? }),
    )
}

pub(super) fn from_row(row: &dyn Row) -> Result<Challenge, StoreError> {
    Ok(Challenge {
        id: row.get("id")?,
        account: row.get("account")?,
        session: row.get("session")?,
        kind: row.get("kind")?,
        purpose: row.get("purpose")?,
        dev: row.get("dev")?,
        subject: row.get("subject")?,
        step: row.get("step")?,
        message: row.get("message")?,
        hash: row.get("hash")?,
        number: row.get("number")?,
        payload: row.get("payload")?,
        unlock: row.get("unlock")?,
        expires_at: row.get("expires_at")?,
        state: row.get("state")?,
        codes: ForChallenge(row.get("wrong_codes")?),
        quiet: row.get("quiet")?,
        asker: Asker::from_known(row.get("known")?),
        mark: row.get("mark")?,
    })
}
