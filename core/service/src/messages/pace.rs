//! How fast messages go to each account: many events become few messages.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use countersign_protocol::{Time, id::AccountId};

use crate::policy;

/// Messages to one account within an hour before the next ones are gathered.
const IN_AN_HOUR: usize = 20;
/// How long gathered messages wait after the last one that was sent, in seconds.
const GATHERED_SECONDS: u64 = 10 * 60;

/// When messages were last sent to which account. Kept in memory only: after a restart the counts
/// are empty, and no message is lost.
#[derive(Default)]
pub(crate) struct Pace(Mutex<HashMap<AccountId, VecDeque<Time>>>);

impl Pace {
    /// Whether messages to this account wait, so that later ones can join them.
    pub(crate) fn holds(&self, account: AccountId, now: Time) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, sent| sent.back().is_some_and(|last| now < last + policy::HOUR));
        let Some(sent) = all.get_mut(&account) else {
            return false;
        };
        sent.retain(|at| now < at + policy::HOUR);
        sent.len() >= IN_AN_HOUR
            && sent
                .back()
                .is_some_and(|last| now < last + GATHERED_SECONDS)
    }

    /// Notes that a message to this account was sent.
    pub(crate) fn sent(&self, account: AccountId, now: Time) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(account).or_default().push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_to_one_account_are_gathered_when_they_are_many_and_to_others_not() {
        let pace = Pace::default();
        let (eve, anna) = (AccountId([1; 8]), AccountId([2; 8]));
        for _ in 0..IN_AN_HOUR {
            assert!(!pace.holds(eve, 1000));
            pace.sent(eve, 1000);
        }
        assert!(pace.holds(eve, 1000) && pace.holds(eve, 1599));
        assert!(!pace.holds(anna, 1000));
        // The next one is sent after ten minutes, with all that happened meanwhile.
        assert!(!pace.holds(eve, 1600));
        pace.sent(eve, 1600);
        assert!(pace.holds(eve, 1601));
        assert!(!pace.holds(eve, 1000 + policy::HOUR));
    }
}
