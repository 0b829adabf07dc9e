//! Enrolment (PROTOCOL.md §10): from a scanned code to an account in use. Each step is a persisted
//! state that the next start finishes or drops. The claim is in `claim.rs`.

use countersign_protocol::Time;
use countersign_protocol::enrolment::{Enrolment, Way};
use countersign_protocol::info::Info;
use countersign_protocol::link::{Link, LinkError, LinkMessage, Source};
use countersign_protocol::message::{BadSignature, Verified};
use countersign_protocol::query::Query;
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::secret::Secret;

use super::{push, remove};
use crate::authenticator::Authenticator;
use crate::durable::Write;
use crate::exchange::backoff::Backoff;
use crate::exchange::info::successor;
use crate::exchange::query::query;
use crate::exchange::verdict::store_state;
use crate::exchange::{Endpoint, PATIENT, ServiceError};
use crate::phone::account::{AccountNumber, AccountSummary};
use crate::phone::secrets::Owner;
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::store::{Account, State};
use crate::sync::status::{ask, store_status};

/// How long the service may hold a `complete`, seconds.
const COMPLETE_WAIT: u8 = 25;
/// How long after its message's expiry an enrolment may still be known to the service, seconds.
const GRACE: Time = 300;

/// Why an enrolment can't begin. Nothing was stored or sent.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The text is no link of ours, or came a way that it may not.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// It is a code for something else.
    #[error("this code is not for adding a phone: scan it under “Scan QR code”")]
    NotAnEnrolment,
    /// The message is of another service than the link points to.
    #[error("this code names {host}, but was not made there: do not use it, and tell the service")]
    WrongHost {
        /// Where the link points.
        host: String,
    },
    /// The signature is not right, or the service's information is not the one that the message
    /// names.
    #[error("this code was not made by {host} ({why}): ask its page for a new one")]
    NotGenuine {
        /// The service.
        host: String,
        /// The check that failed.
        why: &'static str,
    },
    /// It expired.
    #[error(
        "this code has expired: ask the page for a new one. If the page says that it is still good, this phone's clock is wrong: set it"
    )]
    Expired,
    /// The account is on this phone already.
    #[error(
        "the account {name} is on this phone already: remove it here first if you want to initialise it again"
    )]
    AlreadyHere {
        /// Its name.
        name: String,
    },
    /// The service did not answer, or not as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// An error on this phone.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(BeginError);

/// Why an enrolment is not complete.
#[derive(Debug, thiserror::Error)]
pub enum CompleteError {
    /// The service dropped it.
    #[error(
        "the service dropped this enrolment: it expired, or was ended on the page. Start again there"
    )]
    Refused,
    /// It was not confirmed in time.
    #[error("nobody confirmed this enrolment on the page in time: start again there")]
    Expired,
    /// The service did not answer, or not as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// An error on this phone.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(CompleteError);

/// The details to show before any PIN is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferDetails {
    /// The service's host, with the port where it is not the default. International names are in
    /// their `xn--` form.
    pub host: String,
    /// The service's name for people.
    pub app_name: String,
    /// The account's name at the service.
    pub account_label: String,
    /// Whether the PIN was chosen in the browser, and is typed here once; otherwise a new one is
    /// chosen here, and typed twice.
    pub pin_chosen_in_browser: bool,
    /// When the offer expires.
    pub expires_at: Time,
}

/// An invitation to an account that was verified. In memory only.
pub struct EnrolmentOffer {
    pub(super) enrolment: Verified<Enrolment>,
    pub(super) s: Option<Secret<16>>,
    pub(super) info: Verified<Info>,
}

impl EnrolmentOffer {
    /// The details to show before any PIN is asked.
    #[must_use]
    pub fn details(&self) -> OfferDetails {
        OfferDetails {
            host: self.info.origin.authority().to_owned(),
            app_name: self.info.app_name.clone(),
            account_label: self.enrolment.account_label.clone(),
            pin_chosen_in_browser: self.enrolment.way == Way::PinInBrowser,
            expires_at: self.enrolment.expires_at,
        }
    }

    pub(super) fn owner(&self) -> Owner {
        Owner {
            svc: self.enrolment.svc,
            acc: self.enrolment.acc,
            dev: self.enrolment.dev,
        }
    }
}

/// An account that was claimed and waits to be confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The account, unfinished.
    pub account: AccountSummary,
    /// Six digits to type on the page, where the PIN was chosen on this phone.
    pub confirmation_code: Option<String>,
    /// An earlier attempt had arrived without its answer: the PIN typed then is the one that
    /// counts.
    pub earlier_attempt: bool,
}

/// The outcome of an enrolment that was begun earlier.
pub(crate) enum Earlier {
    Active(AccountSummary),
    Waiting(Claimed),
    Dropped(AccountSummary),
    Unknown(AccountSummary, ServiceError),
}

impl Authenticator {
    /// Begins an enrolment: reads the code and verifies it with what its origin serves. Nothing is
    /// stored yet. Show [`EnrolmentOffer::details`] before asking for a PIN.
    ///
    /// # Errors
    /// If it is not genuine or expired, the account is here already, or the service can't be
    /// reached.
    pub async fn begin_enrolment(
        &self,
        text: &str,
        source: Source,
    ) -> Result<EnrolmentOffer, BeginError> {
        let phone = &*self.phone;
        let link = Link::parse(text, source)?;
        let LinkMessage::Enrolment(received, s) = link.message else {
            return Err(BeginError::NotAnEnrolment);
        };
        let host = link.origin.authority().to_owned();
        let svc = received.svc();
        if link.origin.svc() != svc {
            return Err(BeginError::WrongHost { host });
        }
        let not_genuine = |why| BeginError::NotGenuine {
            host: host.clone(),
            why,
        };
        let fetched = phone.fetch_info(&link.origin).await?;
        let has_accounts = phone.store.accounts()?.iter().any(|own| own.svc == svc);
        let info = match phone.info(svc)?.filter(|_| has_accounts) {
            // A service that is known here keeps to its keys also when a further account joins.
            Some(known) if known.hash() != fetched.hash() => {
                successor(&known, fetched).map_err(not_genuine)?
            }
            _ => fetched
                .verify_first_contact()
                .map_err(|BadSignature| not_genuine("its keys are not well signed"))?,
        };
        if info.origin != link.origin {
            return Err(BeginError::WrongHost { host });
        }
        let key = *info
            .signing_key(received.kid())
            .ok_or_else(|| not_genuine("its key is not one of the service's"))?;
        let enrolment = received
            .verify(&key)
            .map_err(|BadSignature| not_genuine("its signature is not right"))?;
        if enrolment.info_hash != info.hash() {
            return Err(not_genuine("it belongs to other keys of the service"));
        }
        if enrolment.expires_at <= phone.now(svc) {
            return Err(BeginError::Expired);
        }
        let offer = EnrolmentOffer { enrolment, s, info };
        match existing(phone, &offer)? {
            Some(account) if account.state.is_enrolled() => Err(BeginError::AlreadyHere {
                name: account.name().to_owned(),
            }),
            _ => Ok(offer),
        }
    }

    /// Waits until the claim is confirmed on the page (at once, where the PIN was chosen in the
    /// browser); then the account is in use. Dropping the future stops the waiting.
    ///
    /// # Errors
    /// If the service drops the enrolment, or it is not confirmed in time.
    pub async fn complete_enrolment(
        &self,
        number: AccountNumber,
    ) -> Result<AccountSummary, CompleteError> {
        let phone = &*self.phone;
        let account = phone.account(number.0)?;
        if account.state.is_enrolled() {
            return Ok(AccountSummary::of(&account));
        }
        let mut backoff = Backoff::new();
        loop {
            if phone.now(account.svc) > account.enrolment_ends.saturating_add(GRACE) {
                return Err(CompleteError::Expired);
            }
            let complete = Query::Complete {
                wait: COMPLETE_WAIT,
                enrolment: account.enrolment,
            };
            let reply = match query(
                phone,
                &account.identity(),
                Endpoint::COMPLETE.held(COMPLETE_WAIT),
                complete,
            )
            .await
            {
                Ok(reply) => reply,
                Err(error) if error.may_pass() => {
                    backoff.wait(phone, &error).await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            backoff = Backoff::new();
            match reply.result {
                ResultCode::Done => {
                    let account = phone.change::<_, ServiceError>(
                        Write::Completed,
                        number.0,
                        |connection, account| {
                            let state = reply
                                .device_state
                                .ok_or_else(|| account.unexpected("the device's state"))?;
                            store_state(phone, connection, account, state.into())?;
                            Ok(account.clone())
                        },
                    )?;
                    push::report(phone, &[number.0]).await;
                    return Ok(AccountSummary::of(&account));
                }
                ResultCode::NotYet => (),
                ResultCode::Refused => {
                    remove::erase(phone, &account)?;
                    return Err(CompleteError::Refused);
                }
                _ => return Err(account.unexpected("its result").into()),
            }
        }
    }

    /// Finishes or drops an enrolment that an earlier run left unfinished.
    pub(crate) async fn finish_enrolment(&self, account: &Account) -> Result<Earlier, PhoneError> {
        let phone = &*self.phone;
        let summary = AccountSummary::of(account);
        let reply = match ask(phone, account, PATIENT).await {
            Ok(reply) => reply,
            Err(ServiceError::Phone(error)) => return Err(error),
            // The service had no claim of this phone while it could still come, so none will be
            // taken any more. Once it has said anything that it signed, a 401, which anybody on the
            // way could give, erases nothing.
            Err(ServiceError::NotKnown { .. })
                if account.state == State::Stored
                    && phone.now(account.svc) > account.enrolment_ends.saturating_add(GRACE) =>
            {
                remove::erase(phone, account)?;
                return Ok(Earlier::Dropped(summary));
            }
            Err(error) => return Ok(Earlier::Unknown(summary, error)),
        };
        let taken = phone.change::<_, ServiceError>(
            Write::Resumed,
            account.number,
            |connection, account| {
                store_status(phone, connection, account, &reply)?;
                Ok(account.clone())
            },
        );
        match taken {
            Ok(account) if account.state.is_enrolled() => {
                Ok(Earlier::Active(AccountSummary::of(&account)))
            }
            // The person has typed the digits already: nothing is left to wait for.
            Ok(account) if account.state == State::Confirmed => {
                match self.complete_enrolment(AccountNumber(account.number)).await {
                    Ok(active) => Ok(Earlier::Active(active)),
                    Err(CompleteError::Refused) => Ok(Earlier::Dropped(summary)),
                    Err(CompleteError::Expired) => {
                        Ok(Earlier::Waiting(claimed(&account, &reply, true)))
                    }
                    Err(CompleteError::Service(error)) => Ok(Earlier::Unknown(summary, error)),
                    Err(CompleteError::Phone(error)) => Err(error),
                }
            }
            Ok(account) => Ok(Earlier::Waiting(claimed(&account, &reply, true))),
            Err(ServiceError::Phone(error)) => Err(error),
            Err(error) => Ok(Earlier::Unknown(summary, error)),
        }
    }
}

pub(super) fn existing(
    phone: &Phone,
    offer: &EnrolmentOffer,
) -> Result<Option<Account>, PhoneError> {
    let (svc, acc) = (offer.enrolment.svc, offer.enrolment.acc);
    Ok(phone
        .store
        .accounts()?
        .into_iter()
        .find(|account| account.svc == svc && account.acc == acc))
}

pub(super) fn claimed(account: &Account, reply: &Reply, earlier_attempt: bool) -> Claimed {
    Claimed {
        account: AccountSummary::of(account),
        confirmation_code: reply.confirmation_code.clone(),
        earlier_attempt,
    }
}
