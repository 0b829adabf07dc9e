//! Enrolment (§10): from a scanned code to an account in use. Each step is a persisted state that the next start finishes or drops.

use countersign_protocol::Time;
use countersign_protocol::claim::{Claim, ClaimSecrets};
use countersign_protocol::enrolment::{Enrolment, Way};
use countersign_protocol::field::is_displayable;
use countersign_protocol::info::Info;
use countersign_protocol::keys::{PinKeys, enrolment_pin_key};
use countersign_protocol::link::{Link, LinkError, LinkMessage, Source};
use countersign_protocol::message::{BadSignature, Verified};
use countersign_protocol::pin::{Guessable, Pin};
use countersign_protocol::query::Ask;
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::secret::Secret;

use crate::account::{AccountNumber, AccountSummary};
use crate::change::{NotChosen, choose};
use crate::keys::{C, D, N, Owner, Random, random_secret};
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::push;
use crate::remove;
use crate::service::{Asking, ServiceError, successor};
use crate::status;
use crate::store::{Account, NewAccount, State, Write};

/// The first PIN epoch.
const FIRST_EPOCH: u32 = 1;
/// The K_dev of an enrolment is not of any later epoch.
const FIRST_KEY: u32 = 0;
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
    /// The signature is not right, or the service's information is not the one that the message names.
    #[error("this code was not made by {host} ({why}): ask its page for a new one")]
    NotGenuine {
        /// The service.
        host: String,
        /// What gave it away.
        why: &'static str,
    },
    /// It expired.
    #[error(
        "this code has expired: ask the page for a new one. If the page says that it is still good, this phone's clock is wrong: set it"
    )]
    Expired,
    /// The account is on this phone already.
    #[error(
        "the account {name} is on this phone already: remove it here first if you want to initialise it anew"
    )]
    AlreadyHere {
        /// What it is called.
        name: String,
    },
    /// The service did not answer, or not as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Something on this phone is in the way.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(BeginError);

/// Why a claim was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The PIN is chosen on this phone, or was chosen in the browser; the other call is the right one.
    #[error("{0}")]
    OtherWay(&'static str),
    /// The two PINs differ.
    #[error("the two PINs are not the same: type the same four digits twice")]
    PinsDiffer,
    /// A new PIN that is too easy to guess.
    #[error("{0}")]
    Guessable(Guessable),
    /// The PIN is not the one that was chosen in the browser.
    #[error("this is not the PIN that was chosen in the browser: {tries_left} tries left")]
    WrongPin {
        /// Tries left for this enrolment.
        tries_left: u8,
    },
    /// The service does not take it.
    #[error(
        "the service does not take this enrolment any more: it expired or was used. Begin anew on its page"
    )]
    Refused,
    /// It expired before it was sent.
    #[error("this code has expired: ask the page for a new one")]
    Expired,
    /// The account is on this phone already.
    #[error("the account {name} is on this phone already")]
    AlreadyHere {
        /// What it is called.
        name: String,
    },
    /// The service did not answer, or not as it should. What was stored is finished or dropped by
    /// [`crate::Authenticator::resume`], or by claiming again.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Something on this phone is in the way.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(ClaimError);

/// Why an enrolment is not complete.
#[derive(Debug, thiserror::Error)]
pub enum CompleteError {
    /// The service dropped it.
    #[error(
        "the service dropped this enrolment: it expired, or was ended on the page. Begin anew there"
    )]
    Refused,
    /// It was not confirmed in time.
    #[error("nobody confirmed this enrolment on the page in time: begin anew there")]
    Expired,
    /// The service did not answer, or not as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Something on this phone is in the way.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(CompleteError);

/// What a person is shown before any PIN is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferDetails {
    /// The service's host, with the port where it is not the default. International names are in their `xn--` form.
    pub host: String,
    /// The service's name for people.
    pub app_name: String,
    /// The account's name at the service.
    pub account_label: String,
    /// Whether the PIN was chosen in the browser, and is typed here once; otherwise a new one is chosen here, and typed twice.
    pub pin_chosen_in_browser: bool,
    /// When the offer expires.
    pub expires_at: Time,
}

/// An invitation to an account that was verified. In memory only.
pub struct EnrolmentOffer {
    enrolment: Verified<Enrolment>,
    s: Option<Secret<16>>,
    info: Verified<Info>,
}

impl EnrolmentOffer {
    /// What a person is shown before any PIN is asked.
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

    fn owner(&self) -> Owner {
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
    /// An earlier attempt had arrived without its answer: the PIN typed then is the one that counts.
    pub earlier_attempt: bool,
}

/// What became of an enrolment that was begun before.
pub(crate) enum Earlier {
    Active(AccountSummary),
    Waiting(Claimed),
    Dropped(AccountSummary),
    Unknown(AccountSummary, ServiceError),
}

/// Reads an enrolment code and verifies it with the information that its origin serves.
pub(crate) async fn begin(
    phone: &Phone,
    text: &str,
    source: Source,
) -> Result<EnrolmentOffer, BeginError> {
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

fn existing(phone: &Phone, offer: &EnrolmentOffer) -> Result<Option<Account>, PhoneError> {
    let (svc, acc) = (offer.enrolment.svc, offer.enrolment.acc);
    Ok(phone
        .store
        .accounts()?
        .into_iter()
        .find(|account| account.svc == svc && account.acc == acc))
}

/// Claims with a PIN that is chosen here.
pub(crate) async fn claim_with_new_pin(
    phone: &Phone,
    offer: &EnrolmentOffer,
    pin: Pin,
    again: Pin,
) -> Result<Claimed, ClaimError> {
    if offer.enrolment.way != Way::PinOnPhone {
        return Err(ClaimError::OtherWay(
            "the PIN was chosen in the browser: type that one",
        ));
    }
    match choose(&pin, &again) {
        Ok(()) => (),
        Err(NotChosen::Differ) => return Err(ClaimError::PinsDiffer),
        Err(NotChosen::Guessable(reason)) => return Err(ClaimError::Guessable(reason)),
    }
    claim(phone, offer, &pin).await
}

/// Claims with the PIN that was chosen in the browser.
pub(crate) async fn claim_with_browser_pin(
    phone: &Phone,
    offer: &EnrolmentOffer,
    pin: Pin,
) -> Result<Claimed, ClaimError> {
    if offer.enrolment.way != Way::PinInBrowser {
        return Err(ClaimError::OtherWay(
            "this service has the PIN chosen on the phone: choose one and type it twice",
        ));
    }
    claim(phone, offer, &pin).await
}

async fn claim(phone: &Phone, offer: &EnrolmentOffer, pin: &Pin) -> Result<Claimed, ClaimError> {
    if offer.enrolment.expires_at <= phone.now(offer.enrolment.svc) {
        return Err(ClaimError::Expired);
    }
    if let Some(claimed) = earlier_attempt(phone, offer).await? {
        return Ok(claimed);
    }
    let mut renewed = false;
    loop {
        let (account, reply) = send_claim(phone, offer, pin).await?;
        match reply.result {
            ResultCode::Done => {
                let account = phone.change::<_, ServiceError>(
                    Write::ClaimAnswered,
                    account.number,
                    |connection, account| {
                        status::take(phone, connection, account, &reply)?;
                        Ok(account.clone())
                    },
                )?;
                return Ok(claimed(&account, &reply, false));
            }
            ResultCode::Clock if !renewed => {
                remove::erase(phone, &account)?;
                phone.adopt_time(account.svc, reply.time);
                renewed = true;
            }
            ResultCode::WrongEnrolmentPin => {
                remove::erase(phone, &account)?;
                return Err(ClaimError::WrongPin {
                    tries_left: reply.tries_in_row.unwrap_or(0),
                });
            }
            ResultCode::Refused => {
                remove::erase(phone, &account)?;
                return Err(ClaimError::Refused);
            }
            _ => {
                remove::erase(phone, &account)?;
                return Err(status::unexpected(&account, "its result").into());
            }
        }
    }
}

/// An attempt that was stored before: what the service knows of it comes first, so that no claim is ever made twice.
async fn earlier_attempt(
    phone: &Phone,
    offer: &EnrolmentOffer,
) -> Result<Option<Claimed>, ClaimError> {
    let Some(account) = existing(phone, offer)? else {
        return Ok(None);
    };
    if account.state.is_enrolled() {
        return Err(ClaimError::AlreadyHere {
            name: account.name().to_owned(),
        });
    }
    if account.enrolment == offer.enrolment.id {
        match resume_one(phone, &account).await? {
            Earlier::Waiting(claimed) => return Ok(Some(claimed)),
            Earlier::Active(summary) => {
                return Err(ClaimError::AlreadyHere { name: summary.name });
            }
            Earlier::Unknown(_, ServiceError::NotKnown { .. })
                if account.state == State::Stored => {}
            Earlier::Unknown(_, error) => return Err(error.into()),
            Earlier::Dropped(_) => return Ok(None),
        }
    }
    remove::erase(phone, &account)?;
    Ok(None)
}

/// Stores the account's keys, then sends the claim. Only what is stored here can be claimed, so an answer that is lost loses nothing.
async fn send_claim(
    phone: &Phone,
    offer: &EnrolmentOffer,
    pin: &Pin,
) -> Result<(Account, Verified<Reply>), ClaimError> {
    let (enrolment, owner) = (&offer.enrolment, offer.owner());
    let key = phone
        .keys
        .create_key(&owner.device_key_context(FIRST_KEY))?;
    let share = owner.share(&*phone.keys)?;
    let d = random_secret(&*phone.entropy)?;
    let n = random_secret(&*phone.entropy)?;
    let chain = random_secret(&*phone.entropy)?;
    let seal = |field, secret: &Secret<32>| {
        phone
            .keys
            .seal(&owner.context(field, FIRST_EPOCH), secret.expose())
    };
    let (sealed_d, sealed_n, sealed_c) = (seal(D, &d)?, seal(N, &n)?, seal(C, &chain)?);

    let pin_keys = PinKeys::derive(&owner.binding(FIRST_EPOCH), &d, share.as_ref(), pin);
    let secrets = ClaimSecrets {
        one_time_secret: Secret::new_with(|own| {
            own.copy_from_slice(enrolment.one_time_secret.expose());
        }),
        pin_key: countersign_protocol::id::PublicKey::of(pin_keys.signing_key()),
        k: offer
            .s
            .as_ref()
            .map(|s| enrolment_pin_key(s, &enrolment.id, pin)),
        p: Secret::new_with(|own| own.copy_from_slice(pin_keys.code.expose())),
        n,
        chain,
    };
    let claim = Claim {
        svc: owner.svc,
        acc: owner.acc,
        dev: owner.dev,
        enrolment: enrolment.id,
        enrolment_hash: enrolment.hash(),
        device_key: key.public,
        key_class: key.class,
        z_present: share.is_some(),
        platform: shortened(&phone.device.platform, 20),
        model: shortened(&phone.device.model, 40),
        time: phone.now(owner.svc),
        commitment: [0; 32],
    };
    let mut random = Random::new(&*phone.entropy);
    let request = claim
        .prepare(&secrets, &pin_keys, &offer.info.hpke_key, &mut random)
        .map_err(|_| ServiceError::Unexpected {
            host: offer.info.origin.authority().to_owned(),
            what: "its HPKE key",
        })?;
    random.check()?;
    drop((secrets, pin_keys));

    let number = phone
        .store
        .write::<_, PhoneError>(Write::AccountAdded, |transaction| {
            Ok(phone.store.add_account(
                transaction,
                &NewAccount {
                    svc: owner.svc,
                    acc: owner.acc,
                    dev: owner.dev,
                    origin: offer.info.origin.as_str(),
                    info: offer.info.bytes(),
                    enrolment: enrolment.id,
                    enrolment_ends: enrolment.expires_at,
                    app_name: &offer.info.app_name,
                    account_label: &enrolment.account_label,
                    device_key: &key.handle,
                    z_present: share.is_some(),
                    epoch: FIRST_EPOCH,
                    now: phone.clock.now(),
                    sealed: [(D, &sealed_d), (N, &sealed_n), (C, &sealed_c)],
                },
            )?)
        })?;
    phone.store.rewrite()?;
    phone.remember_info(offer.info.clone());
    let account = phone.account(number)?;
    let reply = phone
        .ask(&account.identity(), Asking::CLAIM, request)
        .await?;
    Ok((account, reply))
}

fn claimed(account: &Account, reply: &Reply, earlier_attempt: bool) -> Claimed {
    Claimed {
        account: AccountSummary::of(account),
        confirmation_code: reply.confirmation_code.clone(),
        earlier_attempt,
    }
}

/// Waits until the person has confirmed the claim on the page, and activates the device. Dropping the future stops the waiting.
pub(crate) async fn complete(
    phone: &Phone,
    number: AccountNumber,
) -> Result<AccountSummary, CompleteError> {
    let account = phone.account(number.0)?;
    if account.state.is_enrolled() {
        return Ok(AccountSummary::of(&account));
    }
    let mut backoff = crate::inbox::Backoff::new();
    loop {
        if phone.now(account.svc) > account.enrolment_ends.saturating_add(GRACE) {
            return Err(CompleteError::Expired);
        }
        let ask = Ask::Complete {
            wait: COMPLETE_WAIT,
            enrolment: account.enrolment,
        };
        let reply = match status::query(
            phone,
            &account.identity(),
            Asking::complete(COMPLETE_WAIT),
            ask,
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
        backoff = crate::inbox::Backoff::new();
        match reply.result {
            ResultCode::Done => {
                let account = phone.change::<_, ServiceError>(
                    Write::Completed,
                    number.0,
                    |connection, account| {
                        let state = reply
                            .device_state
                            .ok_or_else(|| status::unexpected(account, "the device's state"))?;
                        status::take_state(phone, connection, account, state)?;
                        Ok(account.clone())
                    },
                )?;
                push::tell_new(phone, number.0).await;
                return Ok(AccountSummary::of(&account));
            }
            ResultCode::NotYet => (),
            ResultCode::Refused => {
                remove::erase(phone, &account)?;
                return Err(CompleteError::Refused);
            }
            _ => return Err(status::unexpected(&account, "its result").into()),
        }
    }
}

/// Finishes or drops an enrolment that an earlier run left unfinished.
pub(crate) async fn resume_one(phone: &Phone, account: &Account) -> Result<Earlier, PhoneError> {
    let summary = AccountSummary::of(account);
    let reply = match status::ask(phone, account).await {
        Ok(reply) => reply,
        Err(ServiceError::Phone(error)) => return Err(error),
        // The service had no claim of this phone while it could still come, so none will be taken any more. Once it has said anything that
        // it signed, a 401, which anybody on the way could give, erases nothing.
        Err(ServiceError::NotKnown { .. })
            if account.state == State::Stored
                && phone.now(account.svc) > account.enrolment_ends.saturating_add(GRACE) =>
        {
            remove::erase(phone, account)?;
            return Ok(Earlier::Dropped(summary));
        }
        Err(error) => return Ok(Earlier::Unknown(summary, error)),
    };
    let taken =
        phone.change::<_, ServiceError>(Write::Resumed, account.number, |connection, account| {
            status::take(phone, connection, account, &reply)?;
            Ok(account.clone())
        });
    match taken {
        Ok(account) if account.state.is_enrolled() => {
            Ok(Earlier::Active(AccountSummary::of(&account)))
        }
        // The person has typed the digits already: nothing is left to wait for.
        Ok(account) if account.state == State::Confirmed => {
            match complete(phone, AccountNumber(account.number)).await {
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

/// At most so many bytes, cut between characters; what can't be displayed is left out.
fn shortened(text: &str, longest: usize) -> String {
    let mut short = String::new();
    for character in text.chars() {
        if short.len() + character.len_utf8() > longest {
            break;
        }
        if is_displayable(character.encode_utf8(&mut [0; 4])) {
            short.push(character);
        }
    }
    if short.is_empty() {
        short.push('?');
    }
    short
}
