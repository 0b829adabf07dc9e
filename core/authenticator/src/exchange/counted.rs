//! Requests with a counter (PROTOCOL.md §7), and the retry loop that re-signs them.

use countersign_protocol::answer::StateToken;
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::update::{Update, What};

use super::ServiceError;
use super::verdict::store_reply;
use crate::durable::Write;
use crate::phone::{Phone, PhoneError};
use crate::store::Account;

/// How often a request is signed at most.
const MOST_ROUNDS: u32 = 4;

/// Retry loop for requests with a counter: re-signs on `Counter`, `Clock` or `Unsealable`, four
/// rounds at most.
pub(crate) struct Rounds {
    left: u32,
    above: u64,
}

impl Rounds {
    /// Before the first attempt.
    pub(crate) const START: Self = Self {
        left: MOST_ROUNDS,
        above: 0,
    };

    /// The account with the counter of the next attempt, which is on disk before anything is sent:
    /// a request that was sent and forgotten can never meet one with the same counter.
    pub(crate) fn next(&mut self, phone: &Phone, number: u32) -> Result<Account, PhoneError> {
        self.left = self.left.saturating_sub(1);
        phone.change(Write::Counter, number, |_, account| {
            account.counter = account.counter.max(self.above).saturating_add(1);
            Ok(account.clone())
        })
    }

    /// Whether the reply asks for another attempt, for which everything is ready then.
    ///
    /// # Errors
    /// If it can't be made ready.
    pub(crate) async fn again(
        &mut self,
        phone: &Phone,
        account: &Account,
        reply: &Reply,
    ) -> Result<bool, ServiceError> {
        if self.left == 0 {
            return Ok(false);
        }
        match (reply.result, reply.counter) {
            (ResultCode::Counter, Some(counter)) => self.above = counter,
            (ResultCode::Clock, _) => phone.adopt_time(account.svc, reply.time),
            (ResultCode::Unsealable, _) => {
                phone.change::<_, PhoneError>(
                    Write::Answered,
                    account.number,
                    |connection, account| store_reply(phone, connection, account, reply),
                )?;
                phone.renew_info(account.svc).await?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// An update of an account, but for what it says.
pub(crate) fn update(phone: &Phone, account: &Account, what: What) -> Result<Update, ServiceError> {
    let token = account
        .state_token
        .ok_or_else(|| account.unexpected("the state token"))?;
    Ok(Update {
        svc: account.svc,
        acc: account.acc,
        dev: account.dev,
        time: phone.now(account.svc),
        counter: account.counter,
        last: account.last_step(),
        state_token: StateToken(token),
        what,
    })
}
