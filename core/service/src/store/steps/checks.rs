//! Checks of strangers' forms: answered a few times, right once.

use countersign_protocol::Time;

use crate::{policy, store::*};

impl Store {
    /// Somebody answered a check, rightly or not. Count and verdict are one transaction: answers
    /// that come at once have no more tries than others.
    pub(crate) async fn answer_check(
        &self,
        id: CheckId,
        expires_at: Time,
        is_right: bool,
        now: Time,
    ) -> Result<AnsweredCheck, StoreError> {
        self.write(Write::AnswerCheck, move |tx| {
            answer(tx, id, expires_at, is_right, now)
        })
        .await
    }
}

fn answer(
    tx: &dyn Tx,
    id: CheckId,
    expires_at: Time,
    is_right: bool,
    now: Time,
) -> Result<AnsweredCheck, StoreError> {
    if expires_at <= now {
        return Ok(AnsweredCheck::Over);
    }
    let tries: Option<u32> = tx.one(
        "SELECT tries FROM answered_check WHERE id = ?1",
        params![id],
        |row| row.get("tries"),
    )?;
    if tries.is_none() {
        let kept = tx.one(
            "SELECT count(*) AS n FROM answered_check",
            params![],
            |row| row.get::<u64>("n"),
        )?;
        if kept.unwrap_or_default() >= policy::CHECKS {
            return Ok(AnsweredCheck::Busy);
        }
    }
    let tries = tries.unwrap_or_default();
    if tries >= policy::CHECK_TRIES {
        return Ok(AnsweredCheck::Over);
    }
    let tries = match is_right {
        true => policy::CHECK_TRIES,
        false => tries + 1,
    };
    tx.execute(
        "INSERT INTO answered_check (id, tries, expires_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET tries = excluded.tries",
        params![id, tries, expires_at],
    )?;
    Ok(match is_right {
        true => AnsweredCheck::Right,
        false => AnsweredCheck::Wrong {
            left: policy::CHECK_TRIES - tries,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_check_is_right_once_and_over_after_three_wrong_answers() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(folder.path()).unwrap();
        let answer = async |id: u8, is_right, now| {
            let answered = store.answer_check([id; 16], 1600, is_right, now);
            answered.await.unwrap()
        };
        assert_eq!(answer(1, true, 1000).await, AnsweredCheck::Right);
        assert_eq!(answer(1, true, 1000).await, AnsweredCheck::Over);
        for left in [2, 1, 0] {
            assert_eq!(answer(2, false, 1000).await, AnsweredCheck::Wrong { left });
        }
        assert_eq!(answer(2, true, 1000).await, AnsweredCheck::Over);
        for left in [2, 1] {
            assert_eq!(answer(3, false, 1599).await, AnsweredCheck::Wrong { left });
        }
        assert_eq!(answer(3, true, 1599).await, AnsweredCheck::Right);
        assert_eq!(answer(4, true, 1600).await, AnsweredCheck::Over);
        store.close();
    }
}
