//! Approve, decline, report as fraud (§11). Every PIN gives a request of the same form; only the service's answer tells what it was.

use countersign_protocol::answer::{Answer, Decision, StateToken, UnlockedBy};
use countersign_protocol::challenge::{Challenge, Kind};
use countersign_protocol::id::ChallengeId;
use countersign_protocol::keys::PinKeys;
use countersign_protocol::link::encode_base32;
use countersign_protocol::message::Verified;
use countersign_protocol::pin::Pin;
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::request::Unsigned;

use crate::account::AccountNumber;
use crate::asked::Asked;
use crate::change;
use crate::epoch;
use crate::history::{self, Kind as Event};
use crate::keys::Random;
use crate::phone::{Held, MOST_ROUNDS, Phone, PhoneError, from_phone_errors};
use crate::service::{Asking, PATIENT, ServiceError};
use crate::status;
use crate::store::{Account, Write};

/// Why a request was not approved or declined.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    /// It is not among the requests that this phone has.
    #[error("this request is not open any more: look at the open requests again")]
    NotHeld,
    /// The number on the computer is asked.
    #[error("type the number that the computer shows, 10 to 99")]
    NumberNeeded,
    /// It was not answered in time.
    #[error("this request has expired: begin again on the computer")]
    Expired,
    /// The PIN was wrong; the request stays open.
    #[error("the PIN was wrong: {tries_left} tries left")]
    WrongPin {
        /// Tries left in a row.
        tries_left: u8,
        /// Tries left before the PIN's next renewal.
        tries_left_in_epoch: u8,
    },
    /// The number was wrong; the request is closed.
    #[error(
        "the number was wrong, so the request was ended: begin again on the computer. If you did not begin anything, somebody else did: change your password"
    )]
    WrongNumber,
    /// No tries are left.
    #[error(
        "no PIN tries are left: sign in on the service's page, have this device unblocked there, and set a new PIN"
    )]
    Blocked,
    /// It was answered, replaced, or ended elsewhere.
    #[error("this request is not open any more: it was answered, replaced or ended elsewhere")]
    Closed,
    /// The service saw a copy of this phone.
    #[error(
        "the service saw a copy of this phone and suspended it: remove the device on its page and the account here, and initialise anew"
    )]
    Suspended,
    /// The service has another PIN epoch than this phone.
    #[error(
        "this phone and the service no longer have the same PIN, because one of them was restored from a backup: sign in on the service's page, have this device unblocked there, and set a new PIN"
    )]
    OtherEpoch,
    /// It can't be approved this way.
    #[error("this request cannot be approved with a PIN: see on the computer what it asks for")]
    UnlockNotAllowed,
    /// The account is not in use yet.
    #[error("this account is not in use yet: finish initialising it")]
    NotActive,
    /// The account is not of the service that asks.
    #[error("this account is not of the service that asks: choose another account")]
    OtherService,
    /// The service did not answer, or not as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Something on this phone is in the way.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(ApproveError);

/// An approval that the service took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// PIN tries left in a row, as told.
    pub tries_left: Option<u8>,
    /// PIN tries left before the PIN's next renewal, as told.
    pub tries_left_in_epoch: Option<u8>,
    /// Where the browser on this phone goes on: open it at once, in the browser that began. Only for requests that began on this phone.
    pub open: Option<String>,
}

/// What the person decided.
#[derive(Clone, Copy)]
enum Choice {
    Approve { number: Option<u8> },
    Decline,
    Report,
}

/// Approves a request of the inbox.
pub(crate) async fn approve(
    phone: &Phone,
    id: ChallengeId,
    number: Option<u8>,
    pin: Pin,
) -> Result<Approved, ApproveError> {
    let (held, account) = from_inbox(phone, id)?;
    let number_asked = matches!(
        held.challenge.kind,
        Kind::Approve {
            number_matching: true,
            ..
        }
    );
    let number = number.filter(|number| number_asked && (10..=99).contains(number));
    if number_asked && number.is_none() {
        return Err(ApproveError::NumberNeeded);
    }
    answer(phone, &held, account, Choice::Approve { number }, Some(pin)).await
}

/// Approves a request that began in a browser on this phone.
pub(crate) async fn approve_on_mobile(
    phone: &Phone,
    id: ChallengeId,
    account: AccountNumber,
    pin: Pin,
) -> Result<Approved, ApproveError> {
    let held = phone.held(&id).ok_or(ApproveError::NotHeld)?;
    if !matches!(held.challenge.kind, Kind::OnMobile { .. }) {
        return Err(ApproveError::NotHeld);
    }
    answer(
        phone,
        &held,
        account,
        Choice::Approve { number: None },
        Some(pin),
    )
    .await
}

/// Declines a request of the inbox. It is final.
pub(crate) async fn decline(phone: &Phone, id: ChallengeId) -> Result<(), ApproveError> {
    let (held, account) = from_inbox(phone, id)?;
    answer(phone, &held, account, Choice::Decline, None)
        .await
        .map(drop)
}

/// Declines a request of the inbox and reports it: somebody else began it.
pub(crate) async fn report(phone: &Phone, id: ChallengeId) -> Result<(), ApproveError> {
    let (held, account) = from_inbox(phone, id)?;
    answer(phone, &held, account, Choice::Report, None)
        .await
        .map(drop)
}

fn from_inbox(phone: &Phone, id: ChallengeId) -> Result<(Held, AccountNumber), ApproveError> {
    let held = phone.held(&id).ok_or(ApproveError::NotHeld)?;
    let account = held.account.ok_or(ApproveError::NotHeld)?;
    match held.challenge.kind {
        Kind::Approve { .. } => Ok((held, AccountNumber(account))),
        _ => Err(ApproveError::NotHeld),
    }
}

async fn answer(
    phone: &Phone,
    held: &Held,
    number: AccountNumber,
    choice: Choice,
    pin: Option<Pin>,
) -> Result<Approved, ApproveError> {
    let challenge = &*held.challenge;
    // Requests with a counter and token go one at a time, also those of another program on this phone.
    let lock = phone.store.lock_requests().await?;
    if phone.account(number.0)?.pending.is_some() {
        epoch::settle(phone, &lock, number.0, PATIENT).await?;
    }
    let account = phone.account(number.0)?;
    if account.svc != challenge.svc {
        return Err(ApproveError::OtherService);
    }
    if !account.state.is_enrolled() {
        return Err(ApproveError::NotActive);
    }
    if challenge.expires_at() <= phone.now(account.svc) {
        return Err(ApproveError::Expired);
    }
    let pin_keys = pin
        .as_ref()
        .map(|pin| {
            phone
                .store
                .inspect(|connection| phone.pin_keys(connection, &account, pin))
        })
        .transpose()?;
    let mut above = 0;
    for _ in 0..MOST_ROUNDS {
        let account = phone.next_counter(number.0, above)?;
        let request = sign(phone, challenge, &account, choice, pin_keys.as_ref())?;
        let reply = phone.ask(&account, Asking::ANSWER, request).await?;
        match reply.result {
            ResultCode::Counter => {
                above = reply
                    .counter
                    .ok_or_else(|| status::unexpected(&account, "the counter"))?;
            }
            ResultCode::Clock => {
                take(phone, challenge, &account, &reply, choice)?;
                phone.adopt_time(account.svc, reply.time);
            }
            ResultCode::Unsealable => {
                take(phone, challenge, &account, &reply, choice)?;
                phone.renew_info(account.svc).await?;
            }
            _ => {
                take(phone, challenge, &account, &reply, choice)?;
                drop(lock);
                let outcome = outcome(phone, challenge, &account, &reply, choice);
                match (&outcome, &pin) {
                    (Ok(approved), Some(pin)) => {
                        let left = approved.tries_left_in_epoch;
                        change::renew_if_due(phone, &account, left, pin).await;
                    }
                    (Err(ApproveError::OtherEpoch), _) => status::hear_of(phone, number).await,
                    _ => (),
                }
                return outcome;
            }
        }
    }
    Err(status::unexpected(&account, "its result, again and again").into())
}

fn sign(
    phone: &Phone,
    challenge: &Verified<Challenge>,
    account: &Account,
    choice: Choice,
    pin_keys: Option<&PinKeys>,
) -> Result<Unsigned, ApproveError> {
    let token = account.state_token.ok_or(ApproveError::NotActive)?;
    let (decision, number) = match choice {
        Choice::Approve { number } => (Decision::Approve, number),
        Choice::Decline => (Decision::Decline, None),
        Choice::Report => (Decision::Report, None),
    };
    let answer = Answer {
        challenge_type: challenge.kind.number(),
        svc: account.svc,
        purpose: challenge.purpose,
        acc: account.acc,
        dev: account.dev,
        challenge: challenge.id,
        challenge_hash: challenge.hash(),
        decision,
        number,
        time: phone.now(account.svc),
        counter: account.counter,
        last: account.last_step(),
        unlocked_by: if pin_keys.is_some() {
            UnlockedBy::Pin
        } else {
            UnlockedBy::Nothing
        },
        epoch: account.epoch,
        state_token: StateToken(token),
    };
    let Some(pin_keys) = pin_keys else {
        return Ok(Unsigned::plain(&answer));
    };
    let hpke_key = phone.hpke_key(account)?;
    let mut random = Random::new(&*phone.entropy);
    let request = answer
        .prepare_with_pin(pin_keys.signing_key(), &hpke_key, &mut random)
        .map_err(|_| status::unexpected(account, "its HPKE key"))?;
    random.check()?;
    Ok(request)
}

/// Stores what the service said. Before this nothing on the phone knows anything of how it went.
fn take(
    phone: &Phone,
    challenge: &Challenge,
    account: &Account,
    reply: &Reply,
    choice: Choice,
) -> Result<(), ApproveError> {
    let detail = Asked::of(challenge, account.host()).to_string();
    phone.change(Write::Answered, account.number, |connection, account| {
        let event = match (reply.result, choice) {
            (ResultCode::Done, Choice::Approve { .. }) => Some(Event::Approved),
            (ResultCode::Done, Choice::Decline) => Some(Event::Declined),
            (ResultCode::Done, Choice::Report) => Some(Event::Reported),
            (ResultCode::WrongPin, _) => Some(Event::WrongPin),
            (ResultCode::WrongNumber, _) => Some(Event::WrongNumber),
            _ => None,
        };
        if let Some(event) = event {
            history::add_for(phone, connection, account, event, &detail)?;
        }
        Ok(status::take_verdict(phone, connection, account, reply)?)
    })
}

fn outcome(
    phone: &Phone,
    challenge: &Challenge,
    account: &Account,
    reply: &Reply,
    choice: Choice,
) -> Result<Approved, ApproveError> {
    if !matches!(reply.result, ResultCode::WrongPin | ResultCode::Blocked) {
        phone.memory().held.remove(&challenge.id);
    }
    match reply.result {
        ResultCode::Done => Ok(Approved {
            tries_left: reply.tries_in_row,
            tries_left_in_epoch: reply.tries_in_epoch,
            open: match (&challenge.kind, choice) {
                (Kind::OnMobile { return_url }, Choice::Approve { .. }) => {
                    let r = reply.r.ok_or_else(|| status::unexpected(account, "r"))?;
                    Some(format!("{return_url}?r={}", encode_base32(&r)))
                }
                _ => None,
            },
        }),
        ResultCode::WrongPin => match (reply.tries_in_row, reply.tries_in_epoch) {
            (Some(tries_left), Some(tries_left_in_epoch)) => Err(ApproveError::WrongPin {
                tries_left,
                tries_left_in_epoch,
            }),
            _ => Err(status::unexpected(account, "the tries left").into()),
        },
        ResultCode::WrongNumber => Err(ApproveError::WrongNumber),
        ResultCode::Blocked => Err(ApproveError::Blocked),
        ResultCode::NotOpen => Err(ApproveError::Closed),
        ResultCode::Suspended => Err(ApproveError::Suspended),
        ResultCode::Epoch => Err(ApproveError::OtherEpoch),
        ResultCode::Unlock => Err(ApproveError::UnlockNotAllowed),
        ResultCode::NotActive => Err(ApproveError::NotActive),
        _ => Err(status::unexpected(account, "its result").into()),
    }
}
