//! Issuing challenges.

use countersign_protocol::{
    Time,
    challenge::{Purpose, Unlock},
    id::AccountId,
    policy::{
        approvals, push,
        share::Asker,
        steps::{Given, allot},
    },
};

use super::{codes, devices};
use crate::{policy, store::*};

impl Store {
    /// Opens an approval for a device; only the same session replaces one that is open.
    pub(crate) async fn issue_approval(
        &self,
        challenge: NewChallenge,
        now: Time,
    ) -> Result<Issue, StoreError> {
        self.write(Write::IssueApproval, move |tx| {
            issue_approval(tx, &challenge, now)
        })
        .await
    }

    /// Allots the account's next step to a code or a transaction and opens it.
    pub(crate) async fn issue_code(
        &self,
        challenge: NewChallenge,
        sign: SignStep,
        now: Time,
    ) -> Result<Issue, StoreError> {
        self.write(Write::IssueCode, move |tx| {
            issue_code(tx, &challenge, &sign, now)
        })
        .await
    }

    /// Opens a challenge that a phone answers in whose browser it began, in place of the browser's
    /// earlier one.
    pub(crate) async fn issue_mobile(
        &self,
        challenge: NewChallenge,
        now: Time,
    ) -> Result<Issue, StoreError> {
        self.write(Write::IssueMobile, move |tx| {
            issue_mobile(tx, &challenge, now)
        })
        .await
    }
}

pub(super) fn issue_approval(
    tx: &dyn Tx,
    new: &NewChallenge,
    now: Time,
) -> Result<Issue, StoreError> {
    let (Some(account), Some(dev), Some(message)) = (new.account, new.dev, &new.message) else {
        return Ok(Issue::NotSigned);
    };
    let Some(device) = devices::get(tx, dev)?
        .filter(|device| device.account == account && device.state == DeviceState::Active)
    else {
        return Ok(Issue::NoDevice);
    };
    // No device grants itself a new PIN, but with biometrics where the service is set so.
    let grants = |subject| subject != dev || (new.grants_itself && device.bio_key.is_some());
    if new.purpose == Purpose::Unblock && !new.subject.is_some_and(grants) {
        return Ok(Issue::NoDevice);
    }
    let open = tx.all(
        "SELECT known, session FROM challenge WHERE dev = ?1 AND kind IN ('approve', 'online') AND state = 'open' AND expires_at > ?2",
        params![dev.0, now],
        |row| {
            let session: SessionHash = row.get("session")?;
            Ok((Asker::from_known(row.get("known")?), session == new.session))
        },
    )?;
    // 11.17 to 11.19
    let replaced = |(asker, same): &(Asker, bool)| approvals::replaces(new.asker, *asker, *same);
    if !open.iter().all(replaced) {
        return Ok(Issue::Busy);
    }
    let quiet = match pushing(tx, account, new.asker, now)? {
        // After a report of fraud not even the inbox takes requests of unknown browsers.
        Err(push::Stopped::Fraud) => return Ok(Issue::Closed),
        Err(push::Stopped::Unwanted) => true,
        Ok(()) => false,
    };
    tx.execute(
        "UPDATE challenge SET state = 'replaced', closed_at = ?2 WHERE dev = ?1 AND kind IN ('approve', 'online') AND state = 'open'",
        params![dev.0, now],
    )?;
    insert(tx, new, None, message, quiet, now)?;
    Ok(if quiet {
        Issue::OpenedQuietly
    } else {
        Issue::Opened
    })
}

/// May a push go out for this request? All of the account's devices count together, and requests
/// that still wait for an answer count too, so that asking now one device and now another, or
/// cancelling and asking again, wins nothing.
fn pushing(
    tx: &dyn Tx,
    account: AccountId,
    asker: Asker,
    now: Time,
) -> Result<Result<(), push::Stopped>, StoreError> {
    let unwanted = tx.all(
        "SELECT issued_at FROM challenge
         WHERE account = ?1 AND kind IN ('approve', 'online') AND issued_at > ?2
           AND state IN ('declined', 'fraud', 'wrong-number', 'replaced', 'open')",
        params![account.0, now.saturating_sub(push::HOUR)],
        |row| row.get("issued_at"),
    )?;
    let until = tx
        .one(
            "SELECT no_push_until FROM account WHERE acc = ?1",
            params![account.0],
            |row| row.get::<Time>("no_push_until"),
        )?
        .unwrap_or(0);
    let fraud = until.checked_sub(push::HOUR);
    Ok(push::may_push(now, &unwanted, fraud, asker))
}

pub(super) fn issue_code(
    tx: &dyn Tx,
    new: &NewChallenge,
    sign: &SignStep,
    now: Time,
) -> Result<Issue, StoreError> {
    let Some(owner) = new.account else {
        return Ok(Issue::NoDevice);
    };
    let account = owner.0;
    let Some((with_pin, without_pin)) = codes::of_account(tx, owner)? else {
        return Ok(Issue::NoDevice);
    };
    let closed = match new.unlock {
        Unlock::Nothing => without_pin.spend(new.asker, now).err(),
        Unlock::Pin | Unlock::PinOrBiometrics => with_pin.spend(new.asker).err(),
    };
    if closed.is_some() {
        return Ok(Issue::Closed);
    }
    // A page that asks again gives up what it had.
    tx.execute(
        "UPDATE challenge SET state = 'replaced', closed_at = ?4
         WHERE account = ?1 AND session = ?2 AND purpose = ?3 AND step IS NOT NULL AND state = 'open'",
        params![account, new.session, new.purpose as u8, now],
    )?;
    let given = tx.one(
        "SELECT account.step,
            count(*) FILTER (WHERE state = 'open' AND expires_at > ?2) AS open,
            count(*) FILTER (WHERE state = 'open' AND expires_at > ?2 AND known = 0) AS open_unknown,
            count(*) FILTER (WHERE issued_at > ?3) AS hour,
            count(*) FILTER (WHERE issued_at > ?3 AND known = 0) AS hour_unknown
         FROM account LEFT JOIN challenge ON challenge.account = acc AND challenge.step IS NOT NULL AND issued_at > ?4
         WHERE acc = ?1 GROUP BY acc",
        params![
            account,
            now,
            now.saturating_sub(push::HOUR),
            now.saturating_sub(push::HOUR + policy::CHALLENGE_SECONDS)
        ],
        |row| {
            let given = Given {
                open: row.get("open")?,
                open_unknown: row.get("open_unknown")?,
                hour: row.get("hour")?,
                hour_unknown: row.get("hour_unknown")?,
            };
            Ok((row.get("step")?, given))
        },
    )?;
    let Some((last, given)) = given else {
        return Ok(Issue::NoDevice);
    };
    let Ok(step) = allot(last, given, new.asker) else {
        return Ok(Issue::TooMany);
    };
    let Some(message) = sign(step) else {
        return Ok(Issue::NotSigned);
    };
    tx.execute(
        "UPDATE account SET step = ?2 WHERE acc = ?1",
        params![account, step],
    )?;
    insert(tx, new, Some(step), &message, false, now)?;
    Ok(Issue::Opened)
}

pub(super) fn issue_mobile(
    tx: &dyn Tx,
    new: &NewChallenge,
    now: Time,
) -> Result<Issue, StoreError> {
    let Some(message) = &new.message else {
        return Ok(Issue::NotSigned);
    };
    // A browser has one at a time: what it began before has no step, and nothing counts it.
    tx.execute(
        "DELETE FROM challenge
         WHERE session = ?1 AND kind = 'on-mobile' AND state IN ('open', 'replaced')",
        params![new.session],
    )?;
    // Anybody may begin one, so there is a bound for all together. Which makes room for this one,
    // so that nobody takes all of it, was decided by the sources that began them.
    if let Some(oldest) = new.replaces {
        tx.execute(
            "DELETE FROM challenge WHERE id = ?1 AND kind = 'on-mobile' AND account IS NULL",
            params![oldest.0],
        )?;
    }
    let open = tx.one(
        "SELECT count(*) AS n FROM challenge WHERE kind = 'on-mobile' AND account IS NULL AND expires_at > ?1",
        params![now],
        |row| row.get::<u32>("n"),
    )?;
    if open.unwrap_or(0) >= policy::MOBILE_OPEN {
        return Ok(Issue::TooMany);
    }
    insert(tx, new, None, message, false, now)?;
    Ok(Issue::Opened)
}

fn insert(
    tx: &dyn Tx,
    new: &NewChallenge,
    step: Option<u64>,
    message: &SignedMessage,
    quiet: bool,
    now: Time,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO challenge
            (id, account, session, kind, purpose, dev, step, message, hash, number, payload, unlock, issued_at, expires_at, state,
             known, quiet, subject, mark)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'open', ?15, ?16, ?17, ?18)",
        params![
            new.id.0,
            new.account.map(|account| account.0),
            new.session,
            new.kind.name(),
            new.purpose as u8,
            new.dev.map(|dev| dev.0),
            step,
            message.bytes,
            message.hash.0,
            new.number,
            new.payload,
            new.unlock as u8,
            now,
            new.expires_at,
            new.asker.is_known(),
            quiet,
            new.subject.map(|dev| dev.0),
            new.mark
        ],
    )?;
    Ok(())
}
