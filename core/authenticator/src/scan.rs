//! Reads a text that was scanned, pasted or opened as a link: which account it is for, and what it
//! asks for. It is verified before the person is asked for anything.

use std::sync::Arc;

use countersign_protocol::Step;
use countersign_protocol::challenge::{Challenge, Kind, Unlock};
use countersign_protocol::id::{AccountId, ChallengeId};
use countersign_protocol::info::Info;
use countersign_protocol::link::{Link, LinkError, LinkMessage, Source};
use countersign_protocol::message::{Received, Verified};
use countersign_protocol::origin::Origin;
use countersign_protocol::policy::steps::{NotAccepted, accept};

use crate::authenticator::Authenticator;
use crate::codes::code::CodeRequest;
use crate::codes::sign::TransactionForm;
use crate::exchange::ServiceError;
use crate::phone::account::{AccountSummary, Refusal};
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::platform::transport::TransportError;
use crate::requests::asked::RequestDetails;
use crate::store::{Account, State};

/// A phone's clock that is further behind than this many seconds looks wrong.
const CLOCK_TOLERANCE: u64 = 120;

/// Why a text is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The text is no link of ours, or came a way that it may not.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// No account of the service is on this phone.
    #[error("there is no account of {host} on this phone: initialise it first")]
    UnknownService {
        /// Where the code points.
        host: String,
    },
    /// The service is known, but the code is for another account of it.
    #[error(
        "this code is for an account of {host} that is not on this phone: use the phone that has it, or initialise it here"
    )]
    OtherAccount {
        /// The service.
        host: String,
    },
    /// The code points to another place than the service that made it.
    #[error(
        "this code points to {host}, which is not the service that made it: do not use it, and tell the service"
    )]
    WrongHost {
        /// Where it points.
        host: String,
    },
    /// It was signed with a key that can only be fetched online.
    #[error(
        "this code was signed with a newer key of {host}, which this phone has to fetch: connect to the network once and scan again"
    )]
    NewKey {
        /// The service.
        host: String,
    },
    /// It expired.
    #[error(
        "this code has expired: get a new one on the page. If the page says that it is still good, this phone's clock is wrong: set it"
    )]
    Expired,
    /// Its step was used, and the code that was made is not in memory any more; or it is too far
    /// ahead.
    #[error(transparent)]
    Step(#[from] NotAccepted),
    /// The service would refuse every code of this phone.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The service's key was not had, or the message is not the service's.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// An error on this phone.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(ReadError);

/// A request that began in a browser on this phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnMobileRequest {
    /// The challenge, which names the request in [`crate::Authenticator::approve`] and the like.
    pub id: ChallengeId,
    /// The accounts of the service on this phone; with several the person chooses.
    pub accounts: Vec<AccountSummary>,
    /// The details: who asks, for what, from where and when.
    pub details: RequestDetails,
    /// The unlock methods that an approval takes: the PIN, or biometrics too.
    pub unlock: Unlock,
}

/// The meaning of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// To add an account: pass the same text on to [`crate::Authenticator::begin_enrolment`].
    Enrolment,
    /// A sign-in code.
    Code(CodeRequest),
    /// Data to type and sign.
    Transaction(TransactionForm),
    /// An approval of what began in a browser on this phone.
    OnMobile(OnMobileRequest),
}

impl Authenticator {
    /// Reads the text of a code or link, and says whose it is and what it asks for. Without a
    /// network, unless the service changed its keys.
    ///
    /// # Errors
    /// If it is not for this phone, not genuine, expired or used.
    pub async fn scan(&self, text: &str, source: Source) -> Result<Scanned, ReadError> {
        let phone = &*self.phone;
        let link = Link::parse(text, source)?;
        let received = match link.message {
            LinkMessage::Enrolment(..) => return Ok(Scanned::Enrolment),
            LinkMessage::Challenge(received) => received,
        };
        let host = link.origin.authority().to_owned();
        let Some(info) = phone.info(received.svc())? else {
            return Err(ReadError::UnknownService { host });
        };
        if link.origin != info.origin && !is_link_host(&info, &link.origin) {
            return Err(ReadError::WrongHost { host });
        }
        let challenge = verify(phone, received, &info).await?;
        let now = phone.now(info.svc);
        if challenge.expires_at() <= now {
            return Err(ReadError::Expired);
        }
        let details = RequestDetails::of(&challenge, info.origin.authority());
        let mut accounts = phone.store.accounts_at(info.svc)?;
        accounts.retain(|account| account.state.is_enrolled());
        if accounts.is_empty() {
            return Err(ReadError::UnknownService { host });
        }
        let challenge = Arc::new(challenge);
        let found = match &challenge.kind {
            Kind::OnMobile { return_url } => {
                let inside = return_url
                    .strip_prefix(info.origin.as_str())
                    .is_some_and(|path| path.starts_with('/') && !path.contains(['?', '#']));
                if !inside {
                    return Err(ReadError::WrongHost { host });
                }
                accounts.retain(|account| account.state != State::Suspended);
                if accounts.is_empty() {
                    return Err(ReadError::UnknownService { host });
                }
                phone.hold(None, Arc::clone(&challenge), Arc::default());
                return Ok(Scanned::OnMobile(OnMobileRequest {
                    id: challenge.id,
                    accounts: accounts.iter().map(AccountSummary::of).collect(),
                    details,
                    unlock: challenge.unlock,
                }));
            }
            Kind::Code { acc, step, .. } | Kind::Transaction { acc, step, .. } => (*acc, *step),
            // The link's parser refuses it already: requests to approve come from the inbox only.
            Kind::Approve { .. } | Kind::Online { .. } => {
                return Err(LinkError::Source("a code or link", "open the app").into());
            }
        };
        let account = of_account(&accounts, found.0).ok_or(ReadError::OtherAccount { host })?;
        let same_as_before = phone.memory().codes.contains_key(&challenge.hash());
        if !same_as_before {
            check_step(account, found.1)?;
        }
        let patterns = phone.patterns(&challenge).map_err(LinkError::from)?;
        phone.hold(Some(account.number), Arc::clone(&challenge), patterns);
        let clock_looks_wrong = challenge.issued_at > now.saturating_add(CLOCK_TOLERANCE);
        let request = CodeRequest {
            id: challenge.id,
            account: AccountSummary::of(account),
            details,
            unlock: challenge.unlock,
            clock_looks_wrong,
            same_as_before,
        };
        Ok(match &challenge.kind {
            Kind::Transaction { title, fields, .. } => {
                Scanned::Transaction(TransactionForm::new(request, title, fields))
            }
            _ => Scanned::Code(request),
        })
    }
}

async fn verify(
    phone: &Phone,
    received: Received<Challenge>,
    info: &Info,
) -> Result<Verified<Challenge>, ReadError> {
    phone
        .verify_challenge(received)
        .await
        .map_err(|error| match error {
            ServiceError::Transport(
                TransportError::Unreachable { .. } | TransportError::TimedOut { .. },
            ) => ReadError::NewKey {
                host: info.origin.authority().to_owned(),
            },
            error => error.into(),
        })
}

fn is_link_host(info: &Info, origin: &Origin) -> bool {
    info.link_host
        .as_deref()
        .and_then(|host| Origin::from_authority(host).ok())
        .is_some_and(|host| host == *origin)
}

fn of_account(accounts: &[Account], acc: AccountId) -> Option<&Account> {
    accounts.iter().find(|account| account.acc == acc)
}

/// Whether the account can be used, and a step is ahead of the last spent one and not too far
/// (12.1).
fn check_step(account: &Account, step: Step) -> Result<(), ReadError> {
    account.usable()?;
    accept(account.last_step(), step)?;
    Ok(())
}
