//! Failed tries, gathered for the person: one row of the history a day and kind, with how many they
//! were, and when and from where the last one came; and one message a day at most.

use countersign_protocol::{Time, id::AccountId, policy::codes::NOTICE_AT};

use super::events::note;
use crate::{
    policy::DAY,
    security::{self, Failure},
    store::*,
};

impl Store {
    /// Notes that so many passwords of these accounts were wrong lately: their history has them,
    /// and one message a day at most.
    pub(crate) async fn note_failed(
        &self,
        failed: Vec<Failure>,
        now: Time,
    ) -> Result<(), StoreError> {
        self.write(Write::Sweep, move |tx| {
            for failure in &failed {
                let note = || gather(tx, failure.account, Failed::Passwords, failure.wrong, now);
                security::on_behalf_of(failure.last.clone(), note)?;
            }
            Ok(())
        })
        .await
    }
}

/// What failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Failed {
    Passwords,
    Codes,
    Pins,
}

impl Failed {
    /// The event in the account's history.
    const fn event(self) -> &'static str {
        match self {
            Self::Passwords => "failed-passwords",
            Self::Codes => "failed-codes",
            Self::Pins => "failed-pins",
        }
    }
}

/// Adds some that failed, the last of them now. Wrong PINs have notices of their own, by how many
/// tries are left.
pub(super) fn gather(
    tx: &dyn Tx,
    account: AccountId,
    what: Failed,
    more: u32,
    now: Time,
) -> Result<(), StoreError> {
    let day = now - now % DAY;
    let last = security::caller_here();
    let by = last.by.map(|by| by.code());
    let added = tx.execute(
        "UPDATE event SET at = CASE WHEN at < ?4 THEN ?4 ELSE at END, detail = CAST(detail AS INTEGER) + ?5,
           browser = ?6, place = ?7
         WHERE account = ?1 AND what = ?2 AND at >= ?3",
        params![account.0, what.event(), day, now, more, by, last.place],
    )?;
    if added == 0 {
        // Nothing, if the account is gone.
        tx.execute(
            "INSERT INTO event (account, at, what, detail, mail, browser, place)
             SELECT acc, ?2, ?3, ?4, 0, ?5, ?6 FROM account WHERE acc = ?1",
            params![
                account.0,
                now,
                what.event(),
                more.to_string(),
                by,
                last.place
            ],
        )?;
    }
    if what == Failed::Pins {
        return Ok(());
    }
    let due = tx.one(
        "SELECT coalesce(sum(CAST(detail AS INTEGER)), 0) AS n FROM event
         WHERE account = ?1 AND what IN ('failed-passwords', 'failed-codes') AND at >= ?2
           AND NOT EXISTS (SELECT 1 FROM event WHERE account = ?1 AND what = 'failed-tries' AND at > ?3)",
        params![account.0, day, now.saturating_sub(DAY)],
        |row| row.get::<u64>("n"),
    )?;
    if due.unwrap_or(0) >= u64::from(NOTICE_AT) {
        note(tx, account, "failed-tries", "", now)?;
    }
    Ok(())
}
