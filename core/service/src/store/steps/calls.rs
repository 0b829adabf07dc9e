//! What services are to be told: that a session has ended, in which they let somebody in.

use countersign_protocol::{Time, id::AccountId};

use crate::{policy, store::*};

impl Store {
    /// Calls that are due, the oldest first.
    pub(crate) async fn calls_due(&self, now: Time) -> Result<Vec<Call>, StoreError> {
        self.read(|tx| {
            tx.all(
                "SELECT * FROM call WHERE due <= ?1 ORDER BY number LIMIT 500",
                params![now],
                |row| {
                    Ok(Call {
                        number: row.get("number")?,
                        kind: row.get("kind")?,
                        client: row.get("client")?,
                        address: row.get("address")?,
                        name: row.get("name")?,
                        gives_up_at: row.get("gives_up_at")?,
                        tries: row.get("tries")?,
                    })
                },
            )
        })
    }

    /// A call was taken, or is given up.
    pub(crate) async fn end_call(&self, number: u64) -> Result<(), StoreError> {
        self.write(Write::EndCall, move |tx| {
            tx.execute("DELETE FROM call WHERE number = ?1", params![number])?;
            Ok(())
        })
        .await
    }

    /// A call is tried again at this time.
    pub(crate) async fn delay_call(&self, number: u64, due: Time) -> Result<(), StoreError> {
        self.write(Write::DelayCall, move |tx| {
            tx.execute(
                "UPDATE call SET due = ?2, tries = tries + 1 WHERE number = ?1",
                params![number, due],
            )?;
            Ok(())
        })
        .await
    }
}

/// Makes calls of what services have open for a session that ends.
pub(super) fn of_session(tx: &dyn Tx, session: SessionHash, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO call (kind, client, address, name, due, gives_up_at)
         SELECT kind, client, address, name, ?2, ?3 FROM visit
         WHERE session = (SELECT id FROM session WHERE hash = ?1) ORDER BY number",
        params![session, now, now + policy::CALL_SECONDS],
    )?;
    tx.execute(
        "DELETE FROM visit WHERE session = (SELECT id FROM session WHERE hash = ?1)",
        params![session],
    )?;
    tx.execute(
        "DELETE FROM ticket WHERE session = (SELECT id FROM session WHERE hash = ?1)",
        params![session],
    )?;
    tx.execute(
        "DELETE FROM token_grant
         WHERE session = (SELECT id FROM session WHERE hash = ?1) AND offline = 0",
        params![session],
    )?;
    Ok(())
}

/// Ends the grants of an account whose sessions are over, also those that outlive a session.
/// Whoever ends sessions because somebody else may have them wants nobody in.
pub(super) fn end_left_over(tx: &dyn Tx, account: AccountId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM token_grant WHERE account = ?1
           AND NOT EXISTS (SELECT 1 FROM session WHERE session.id = token_grant.session)",
        params![account.0],
    )?;
    Ok(())
}

/// The same as [`of_session`] for every session of an account.
pub(super) fn of_account(tx: &dyn Tx, account: AccountId, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO call (kind, client, address, name, due, gives_up_at)
         SELECT kind, client, address, name, ?2, ?3 FROM visit WHERE account = ?1 ORDER BY number",
        params![account.0, now, now + policy::CALL_SECONDS],
    )?;
    let values: &[Value<'_>] = params![account.0];
    tx.batch(&[
        ("DELETE FROM visit WHERE account = ?1", values),
        ("DELETE FROM ticket WHERE account = ?1", values),
        // Also those that outlive a session: whoever ends all of them wants nobody in.
        ("DELETE FROM token_grant WHERE account = ?1", values),
    ])
}
