//! What carries a counter is signed anew where the service asks for a higher counter, the right time, or its newer key.

use countersign_protocol::reply::{Reply, ResultCode};

use crate::phone::{Phone, PhoneError};
use crate::service::ServiceError;
use crate::status;
use crate::store::{Account, Write};

/// How often a request is signed at most.
const MOST_ROUNDS: u32 = 4;

/// The attempts at one request.
pub(crate) struct Rounds {
    left: u32,
    above: u64,
}

impl Rounds {
    pub(crate) fn new() -> Self {
        Self {
            left: MOST_ROUNDS,
            above: 0,
        }
    }

    /// The account with the counter of the next attempt, which is on disk before anything is sent: a request that was sent and forgotten can
    /// never meet one with the same counter.
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
                    |connection, account| status::take_verdict(phone, connection, account, reply),
                )?;
                phone.renew_info(account.svc).await?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}
