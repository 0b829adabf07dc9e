//! Requests to approve: asking for them, waiting for them, answering them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign::{
    AccountNumber, ApproveError as CoreApprove, Authenticator as Core, ChallengeId,
    InboxError as CoreInbox, PendingRequest as CoreRequest,
};

use crate::accounts::PhoneError;
use crate::authenticator::Authenticator;
use crate::pin::UnlockMethod;
use crate::problem::{
    PhoneProblem, Refusal, ServiceProblem, errors, from_incomplete_pin, from_service_and_phone,
};
use crate::records::{Account, Approved, PendingRequest, challenge};

/// The most requests that a watcher remembers.
const MOST_KNOWN: usize = 64;
/// How long a watcher pauses when there was nothing new.
const PAUSE: Duration = Duration::from_secs(2);

errors! {
    /// Why an inbox can't be had.
    InboxError {
        /// The account is not in use, or is suspended; when waiting for all, there is none in use.
        Refused {
            /// Why.
            refusal: Refusal,
        }
        /// The service did not answer, or not as it should.
        Service {
            /// The error.
            problem: ServiceProblem,
        }
        /// An error on this phone.
        Phone {
            /// The error.
            problem: PhoneProblem,
        }
    }
}
from_service_and_phone!(InboxError);

impl From<CoreInbox> for InboxError {
    fn from(error: CoreInbox) -> Self {
        let text = error.to_string();
        match error {
            CoreInbox::Refused(refusal) => Self::Refused {
                refusal: refusal.into(),
                text,
            },
            CoreInbox::Service(error) => error.into(),
            CoreInbox::Phone(error) => error.into(),
        }
    }
}

errors! {
    /// Why a request was not approved or declined.
    ApproveError {
        /// Fewer than four digits were typed.
        PinIncomplete {}
        /// It is not among the requests that this phone has: look at the open requests again.
        NotHeld {}
        /// The number on the computer is asked: 10 to 99.
        NumberNeeded {}
        /// An approval takes the PIN or biometrics, and neither was given.
        PinNeeded {}
        /// It began in a browser on this phone, and no account was chosen for it.
        AccountNeeded {}
        /// It was not answered in time.
        Expired {}
        /// The service refuses it. After a wrong PIN the request stays open.
        Refused {
            /// Why.
            refusal: Refusal,
        }
        /// The number was wrong; the request is closed.
        WrongNumber {}
        /// It was answered, replaced, or ended elsewhere.
        Closed {}
        /// It can't be approved this way: see on the computer what it asks for.
        UnlockNotAllowed {}
        /// The PIN is asked, and nothing else will do.
        BiometricsNotAllowed {}
        /// Biometrics are not on for this account: use the PIN.
        BiometricsOff {}
        /// The finger or face did not unlock it: use the PIN.
        Biometrics {}
        /// The account is not of the service that asks.
        OtherService {}
        /// The service did not answer, or not as it should. Whether a request arrived, `pending`
        /// tells.
        Service {
            /// The error.
            problem: ServiceProblem,
        }
        /// An error on this phone.
        Phone {
            /// The error.
            problem: PhoneProblem,
        }
    }
}
from_service_and_phone!(ApproveError);
from_incomplete_pin!(ApproveError);

impl From<CoreApprove> for ApproveError {
    fn from(error: CoreApprove) -> Self {
        let text = error.to_string();
        match error {
            CoreApprove::NotHeld => Self::NotHeld { text },
            CoreApprove::NumberNeeded => Self::NumberNeeded { text },
            CoreApprove::PinNeeded => Self::PinNeeded { text },
            CoreApprove::AccountNeeded => Self::AccountNeeded { text },
            CoreApprove::Expired => Self::Expired { text },
            CoreApprove::WrongNumber => Self::WrongNumber { text },
            CoreApprove::Refused(refusal) => Self::Refused {
                refusal: refusal.into(),
                text,
            },
            CoreApprove::Closed => Self::Closed { text },
            CoreApprove::UnlockNotAllowed => Self::UnlockNotAllowed { text },
            CoreApprove::BiometricsNotAllowed => Self::BiometricsNotAllowed { text },
            CoreApprove::BiometricsOff => Self::BiometricsOff { text },
            CoreApprove::Biometrics(_) => Self::Biometrics { text },
            CoreApprove::OtherService => Self::OtherService { text },
            CoreApprove::Service(error) => error.into(),
            CoreApprove::Phone(error) => error.into(),
        }
    }
}

/// An account about whose inbox nothing is known now.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct AccountInbox {
    /// The account.
    pub account: Account,
    /// Why, in English.
    pub text: String,
}

/// The requests of all accounts, and the accounts whose inbox was not had.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Inbox {
    /// The requests that wait for a decision, the oldest first.
    pub requests: Vec<PendingRequest>,
    /// Accounts about which nothing is known now.
    pub problems: Vec<AccountInbox>,
}

#[uniffi::export]
impl Authenticator {
    /// The open requests of one account, at once.
    ///
    /// # Errors
    /// If the service can't be reached or does not know this phone.
    pub async fn pending(&self, account: u32) -> Result<Vec<PendingRequest>, InboxError> {
        let core = self.core();
        let requests = self
            .runner
            .run(async move { core.pending(AccountNumber(account)).await })
            .await?;
        Ok(requests.into_iter().map(PendingRequest::from).collect())
    }

    /// The open requests of all accounts, at once, and the accounts that could not be asked about.
    ///
    /// # Errors
    /// If an error on this phone prevents it.
    pub async fn pending_all(&self) -> Result<Inbox, PhoneError> {
        let core = self.core();
        let inbox = self
            .runner
            .run(async move { core.pending_all().await })
            .await?;
        Ok(Inbox {
            requests: inbox
                .requests
                .into_iter()
                .map(PendingRequest::from)
                .collect(),
            problems: inbox
                .problems
                .into_iter()
                .map(|(account, error)| AccountInbox {
                    account: account.into(),
                    text: error.to_string(),
                })
                .collect(),
        })
    }

    /// A watcher of new requests: of one account, or of all that are in use when it is asked.
    pub fn watch(self: Arc<Self>, account: Option<u32>) -> RequestWatcher {
        RequestWatcher {
            phone: self,
            account: account.map(AccountNumber),
            told: Mutex::default(),
        }
    }

    /// Approves a request of the inbox, or one that began in a browser on this phone: then
    /// `account` is the one that the person chose, and the answer's address is to be opened in that
    /// browser at once. `number` is what the computer shows, where the request says that it is
    /// asked.
    ///
    /// # Errors
    /// Among others `Refused` with the tries left after a wrong PIN, after which the same request
    /// can be approved again; `WrongNumber`, which ends it; and `Biometrics`, after which the PIN
    /// may be used.
    pub async fn approve(
        &self,
        request: String,
        account: Option<u32>,
        number: Option<i32>,
        unlock: UnlockMethod,
    ) -> Result<Approved, ApproveError> {
        let unlock = unlock.take()?;
        let id = challenge(&request).ok_or(CoreApprove::NotHeld)?;
        let account = account.map(AccountNumber);
        let number = number.and_then(|number| u8::try_from(number).ok());
        let core = self.core();
        let approved = self
            .runner
            .run(async move { core.approve(id, account, number, unlock).await })
            .await?;
        Ok(approved.into())
    }

    /// Declines a request. It is final and asks no PIN. With `report` it is reported as fraud too:
    /// the person did not begin it. `account` is as in `approve`.
    ///
    /// # Errors
    /// If it is not open any more, or the service can't be reached.
    pub async fn decline(
        &self,
        request: String,
        account: Option<u32>,
        report: bool,
    ) -> Result<(), ApproveError> {
        let id = challenge(&request).ok_or(CoreApprove::NotHeld)?;
        let account = account.map(AccountNumber);
        let core = self.core();
        Ok(self
            .runner
            .run(async move { core.decline(id, account, report).await })
            .await?)
    }
}

/// Waits for new requests. Each is returned once.
#[derive(uniffi::Object)]
pub struct RequestWatcher {
    phone: Arc<Authenticator>,
    account: Option<AccountNumber>,
    told: Mutex<Told>,
}

/// The requests that a watcher knows.
#[derive(Default)]
struct Told {
    /// The newest first.
    known: Vec<ChallengeId>,
    /// New ones that were not returned yet.
    waiting: Vec<CoreRequest>,
}

impl Told {
    /// Takes in what is open now, and says whether something of it is new.
    fn add(&mut self, requests: Vec<CoreRequest>) -> bool {
        let before = self.waiting.len();
        for request in requests {
            if !self.known.contains(&request.id) {
                self.known.insert(0, request.id);
                self.waiting.push(request);
            }
        }
        self.known.truncate(MOST_KNOWN);
        self.waiting.len() > before
    }

    fn next(&mut self) -> Option<CoreRequest> {
        (!self.waiting.is_empty()).then(|| self.waiting.remove(0))
    }
}

#[uniffi::export]
impl RequestWatcher {
    /// Waits for the next new request. Networks that fail are waited out. A call that is cancelled
    /// loses none.
    ///
    /// # Errors
    /// Errors that waiting can't resolve: the service does not know this phone any more, or there
    /// is no account in use.
    pub async fn next(&self) -> Result<PendingRequest, InboxError> {
        loop {
            let known = {
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(request) = told.next() {
                    return Ok(request.into());
                }
                told.known.clone()
            };
            let (core, account) = (self.phone.core(), self.account);
            let requests = self
                .phone
                .runner
                .run(async move { open(&core, account, &known).await })
                .await?;
            let new = self
                .told
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add(requests);
            if !new {
                let pause = async { tokio::time::sleep(PAUSE).await };
                self.phone.runner.run(pause).await;
            }
        }
    }
}

async fn open(
    core: &Core,
    account: Option<AccountNumber>,
    known: &[ChallengeId],
) -> Result<Vec<CoreRequest>, CoreInbox> {
    match account {
        Some(account) => core.watch(account, known.first().copied()).await,
        None => core.watch_all(known).await,
    }
}
