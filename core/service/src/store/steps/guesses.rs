//! Guesses at passwords: counted before they are checked, in shares.

use countersign_protocol::{Time, id::AccountId};

use super::events::note;
use crate::{policy, store::*};

impl Store {
    /// Takes a guess at a password before it is checked.
    pub(crate) async fn spend_guess(&self, by: Guesser, now: Time) -> Result<Guess, StoreError> {
        self.write(Write::TakeGuess, move |tx| spend(tx, &by, now))
            .await
    }

    /// The last guess of a share was wrong: sends the person a notice.
    pub(crate) async fn close_guesses(&self, by: Guesser, now: Time) -> Result<(), StoreError> {
        self.write(Write::CloseGuesses, move |tx| tell(tx, &by, now))
            .await
    }

    /// The guess was right: forgets the wrong ones of its share.
    pub(crate) async fn forget_guesses(&self, by: Guesser, now: Time) -> Result<(), StoreError> {
        self.write(Write::ForgetGuesses, move |tx| forget(tx, &by, now))
            .await
    }
}

/// Takes a guess, or says that the share is used up.
pub(super) fn spend(tx: &dyn Tx, by: &Guesser, now: Time) -> Result<Guess, StoreError> {
    let before = tx.one(
        "SELECT wrong FROM guess WHERE who = ?1 AND share = ?2",
        params![by.who, by.share.name()],
        |row| row.get("wrong"),
    )?;
    let wrong = before.unwrap_or(0);
    if wrong >= by.share.limit() {
        tell(tx, by, now)?;
        return Ok(Guess::Closed);
    }
    tx.execute(
        "INSERT INTO guess (who, share, account, wrong, last) VALUES (?1, ?2, ?3, 1, ?4)
         ON CONFLICT (who, share) DO UPDATE SET wrong = guess.wrong + 1, last = excluded.last",
        params![
            by.who,
            by.share.name(),
            by.account.map(|account| account.0),
            now
        ],
    )?;
    if before.is_none() && by.account.is_none() {
        make_room(tx)?;
    }
    let last = wrong + 1 == by.share.limit();
    Ok(Guess::Taken { last })
}

/// The oldest counts of addresses without an account go. Those of accounts never do.
fn make_room(tx: &dyn Tx) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM guess WHERE (who, share) IN
           (SELECT who, share FROM guess WHERE account IS NULL ORDER BY last DESC
            LIMIT 9223372036854775807 OFFSET ?1)",
        params![policy::STRANGERS_GUESSES],
    )?;
    Ok(())
}

/// Tells the person, once, that a share of their account's guesses is used up.
pub(super) fn tell(tx: &dyn Tx, by: &Guesser, now: Time) -> Result<(), StoreError> {
    let Some(account) = by.account else {
        return Ok(());
    };
    let first = tx.execute(
        "UPDATE guess SET told = 1 WHERE who = ?1 AND share = ?2 AND wrong >= ?3 AND told = 0",
        params![by.who, by.share.name(), by.share.limit()],
    )?;
    if first == 1 {
        let what = match by.share {
            Share::Unknown => "passwords-closed-unknown",
            Share::Known => "passwords-closed-known",
            Share::Stop => "passwords-closed-stop",
            Share::Link => "passwords-closed-link",
        };
        note(tx, account, what, "", now)?;
    }
    Ok(())
}

/// The password was right: its own share begins again. In a known browser it opens the share of
/// unknown ones again too.
pub(super) fn forget(tx: &dyn Tx, by: &Guesser, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM guess WHERE who = ?1 AND share = ?2",
        params![by.who, by.share.name()],
    )?;
    match (by.share, by.account) {
        (Share::Known, Some(account)) => lift(tx, account, now),
        _ => Ok(()),
    }
}

/// The owner has signed in another way: if strangers have used up their share, it begins again, but
/// only a few times a month, so that the guesses are bounded over any time.
pub(super) fn lift(tx: &dyn Tx, account: AccountId, now: Time) -> Result<(), StoreError> {
    let lifts = tx.one(
        "SELECT count(*) AS n FROM guess_lift WHERE account = ?1 AND at > ?2",
        params![account.0, now.saturating_sub(policy::GUESS_LIFTS_SECONDS)],
        |row| row.get::<u64>("n"),
    )?;
    if lifts.unwrap_or(0) >= policy::GUESS_LIFTS {
        return Ok(());
    }
    let closed = tx.execute(
        "DELETE FROM guess WHERE account = ?1
           AND (share = ?2 AND wrong >= ?3 OR share = ?4 AND wrong >= ?5)",
        params![
            account.0,
            Share::Unknown.name(),
            Share::Unknown.limit(),
            Share::Stop.name(),
            Share::Stop.limit()
        ],
    )?;
    if closed > 0 {
        tx.execute(
            "INSERT INTO guess_lift (account, at) VALUES (?1, ?2)",
            params![account.0, now],
        )?;
    }
    Ok(())
}

/// A recovery begins, which the right password was needed for: its link has all its tries.
pub(super) fn reset_link(tx: &dyn Tx, account: AccountId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM guess WHERE account = ?1 AND share = ?2",
        params![account.0, Share::Link.name()],
    )?;
    Ok(())
}

/// The ways in which no password of the account is taken now.
pub(super) fn closed(tx: &dyn Tx, account: AccountId) -> Result<Vec<Share>, StoreError> {
    let counts = tx.all(
        "SELECT share, wrong FROM guess WHERE account = ?1 ORDER BY share",
        params![account.0],
        |row| Ok((row.get::<String>("share")?, row.get::<u32>("wrong")?)),
    )?;
    let share = |(name, wrong): (String, u32)| {
        Share::from_name(&name).filter(|share| wrong >= share.limit())
    };
    Ok(counts.into_iter().filter_map(share).collect())
}

/// An operator opens every way by password again.
pub(super) fn open_ways(tx: &dyn Tx, account: AccountId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM guess WHERE account = ?1", params![account.0])?;
    Ok(())
}

/// The account has a new password: nobody has guessed at it yet.
pub(super) fn reset(tx: &dyn Tx, account: AccountId) -> Result<(), StoreError> {
    open_ways(tx, account)?;
    tx.execute(
        "DELETE FROM guess_lift WHERE account = ?1",
        params![account.0],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[tokio::test]
    async fn counts_of_addresses_without_an_account_are_bounded_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(folder.path()).unwrap();
        let c = Connection::open(folder.path().join("service.db")).unwrap();
        c.execute(
            "INSERT INTO account (acc, email, first_name, last_name, password, created_at)
             VALUES (?1, 'a@example.eu', 'A', 'B', 'x', 1)",
            [[1_u8; 8]],
        )
        .unwrap();
        c.execute_batch(
            "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 100000)
             INSERT INTO guess (who, share, wrong, last)
             SELECT CAST(printf('%032d', x) AS BLOB), 'unknown', 1, 1000 + x FROM n",
        )
        .unwrap();
        let by = |byte, account: Option<u8>| Guesser {
            who: [byte; 32],
            account: account.map(|account| AccountId([account; 8])),
            share: Share::Unknown,
        };
        // An account's count is older than all of them, and stays.
        let taken = Guess::Taken { last: false };
        assert_eq!(store.spend_guess(by(1, Some(1)), 1).await.unwrap(), taken);
        assert_eq!(
            store.spend_guess(by(2, None), 200_000).await.unwrap(),
            taken
        );
        let count = |filter: &str| -> i64 {
            let query = format!("SELECT count(*) FROM guess WHERE {filter}");
            c.query_row(&query, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(count("account IS NULL"), 100_000);
        assert_eq!(count("account IS NOT NULL"), 1);
        assert_eq!(count("last = 1001"), 0);
        assert_eq!(count("last = 1002"), 1);
        assert_eq!(count("last = 200000"), 1);
        store.close();
    }
}
