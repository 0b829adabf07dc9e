//! Approve, decline, report as fraud (§11). Every PIN gives a request of the same form; only the service's answer tells what it was.

use countersign_protocol::answer::{Answer, Decision, StateToken, UnlockedBy};
use countersign_protocol::challenge::{Challenge, Kind, Purpose, Subject, Unlock};
use countersign_protocol::id::ChallengeId;
use countersign_protocol::keys::PinKeys;
use countersign_protocol::link::encode_base32;
use countersign_protocol::message::Verified;
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::request::Unsigned;

use crate::account::AccountNumber;
use crate::advice;
use crate::asked::{Asked, purpose_name};
use crate::biometrics::{self, UseError};
use crate::change;
use crate::code::By;
use crate::epoch;
use crate::history::{self, Kind as Event};
use crate::keys::Random;
use crate::phone::{Held, Phone, PhoneError, from_phone_errors};
use crate::platform::BiometricsError;
use crate::rounds::Rounds;
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
    #[error("{}", advice::BLOCKED)]
    Blocked,
    /// It was answered, replaced, or ended elsewhere.
    #[error("this request is not open any more: it was answered, replaced or ended elsewhere")]
    Closed,
    /// The service saw a copy of this phone.
    #[error("{}", advice::SUSPENDED)]
    Suspended,
    /// The service has another PIN epoch than this phone.
    #[error("{}", advice::OTHER_EPOCH)]
    OtherEpoch,
    /// It can't be approved this way.
    #[error(
        "this request cannot be approved with a PIN: use biometrics where they are on, or see on the computer what it asks for"
    )]
    UnlockNotAllowed,
    /// It can't be approved with biometrics, says the request, or the service has no such key of this phone.
    #[error("this request cannot be approved with biometrics: use the PIN")]
    BiometricsNotAllowed,
    /// Biometrics are not on for this account.
    #[error("biometrics are not on for this account: use the PIN, and turn them on if you like")]
    BiometricsOff,
    /// The finger or face did not unlock it.
    #[error(transparent)]
    Biometrics(BiometricsError),
    /// The account is not in use yet.
    #[error("{}", advice::NOT_ACTIVE)]
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

impl From<UseError> for ApproveError {
    fn from(error: UseError) -> Self {
        match error {
            UseError::Off => Self::BiometricsOff,
            UseError::Biometrics(error) => Self::Biometrics(error),
            UseError::Phone(error) => Self::Phone(error),
        }
    }
}

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

/// What unlocks an approval.
enum Unlocking {
    Nothing,
    Pin(PinKeys),
    Biometrics,
}

impl Unlocking {
    fn new(phone: &Phone, account: &Account, by: &By) -> Result<Self, PhoneError> {
        Ok(match by {
            By::Nothing => Self::Nothing,
            By::Biometrics => Self::Biometrics,
            By::Pin(pin) => Self::Pin(
                phone
                    .store
                    .inspect(|connection| phone.pin_keys(connection, account, pin))?,
            ),
        })
    }
}

/// Approves a request of the inbox.
pub(crate) async fn approve(
    phone: &Phone,
    id: ChallengeId,
    number: Option<u8>,
    by: By,
) -> Result<Approved, ApproveError> {
    let (held, account) = from_inbox(phone, id)?;
    let number_asked = held.challenge.kind.asks_number();
    let number = number.filter(|number| number_asked && (10..=99).contains(number));
    if number_asked && number.is_none() {
        return Err(ApproveError::NumberNeeded);
    }
    answer(phone, &held, account, Choice::Approve { number }, by).await
}

/// Approves a request that began in a browser on this phone.
pub(crate) async fn approve_on_mobile(
    phone: &Phone,
    id: ChallengeId,
    account: AccountNumber,
    by: By,
) -> Result<Approved, ApproveError> {
    let held = on_mobile(phone, id)?;
    let choice = Choice::Approve { number: None };
    answer(phone, &held, account, choice, by).await
}

/// Declines a request that began in a browser on this phone. It is final.
pub(crate) async fn decline_on_mobile(
    phone: &Phone,
    id: ChallengeId,
    account: AccountNumber,
) -> Result<(), ApproveError> {
    let held = on_mobile(phone, id)?;
    answer(phone, &held, account, Choice::Decline, By::Nothing)
        .await
        .map(drop)
}

/// Declines a request whose link somebody else sent, and reports it.
pub(crate) async fn report_on_mobile(
    phone: &Phone,
    id: ChallengeId,
    account: AccountNumber,
) -> Result<(), ApproveError> {
    let held = on_mobile(phone, id)?;
    answer(phone, &held, account, Choice::Report, By::Nothing)
        .await
        .map(drop)
}

fn on_mobile(phone: &Phone, id: ChallengeId) -> Result<Held, ApproveError> {
    phone
        .held(&id)
        .filter(|held| matches!(held.challenge.kind, Kind::OnMobile { .. }))
        .ok_or(ApproveError::NotHeld)
}

/// Declines a request of the inbox. It is final.
pub(crate) async fn decline(phone: &Phone, id: ChallengeId) -> Result<(), ApproveError> {
    let (held, account) = from_inbox(phone, id)?;
    answer(phone, &held, account, Choice::Decline, By::Nothing)
        .await
        .map(drop)
}

/// Declines a request of the inbox and reports it: somebody else began it.
pub(crate) async fn report(phone: &Phone, id: ChallengeId) -> Result<(), ApproveError> {
    let (held, account) = from_inbox(phone, id)?;
    answer(phone, &held, account, Choice::Report, By::Nothing)
        .await
        .map(drop)
}

fn from_inbox(phone: &Phone, id: ChallengeId) -> Result<(Held, AccountNumber), ApproveError> {
    let held = phone.held(&id).ok_or(ApproveError::NotHeld)?;
    let account = held.account.ok_or(ApproveError::NotHeld)?;
    match held.challenge.kind.inbox() {
        Some(_) => Ok((held, AccountNumber(account))),
        None => Err(ApproveError::NotHeld),
    }
}

async fn answer(
    phone: &Phone,
    held: &Held,
    number: AccountNumber,
    choice: Choice,
    by: By,
) -> Result<Approved, ApproveError> {
    let mut answered = answer_once(phone, held, number, choice, &by).await;
    // What follows is not in the way of what was asked for.
    match (&mut answered, &by) {
        (Ok(approved), By::Pin(pin)) => {
            let account = phone.account(number.0)?;
            if let Some(renewed) =
                change::renew_if_due(phone, &account, approved.tries_left_in_epoch, pin).await
            {
                approved.tries_left = renewed.tries_left;
                approved.tries_left_in_epoch = renewed.tries_left_in_epoch;
            }
        }
        (Err(ApproveError::OtherEpoch | ApproveError::BiometricsNotAllowed), _) => {
            status::hear_of(phone, number).await;
        }
        (Err(ApproveError::Biometrics(BiometricsError::Changed)), _) => {
            biometrics::tell(phone, number.0).await;
        }
        _ => (),
    }
    answered
}

async fn answer_once(
    phone: &Phone,
    held: &Held,
    number: AccountNumber,
    choice: Choice,
    by: &By,
) -> Result<Approved, ApproveError> {
    let challenge = &*held.challenge;
    if matches!(by, By::Biometrics) && challenge.unlock != Unlock::PinOrBiometrics {
        return Err(ApproveError::BiometricsNotAllowed);
    }
    // Requests with a counter and token go one at a time, also those of another program on this phone.
    let lock = phone.store.lock_requests().await?;
    epoch::settle(phone, &lock, number.0, PATIENT).await?;
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
    if matches!(by, By::Pin(_)) && is_about_itself(challenge, &account) {
        return Err(ApproveError::UnlockNotAllowed);
    }
    let unlocking = Unlocking::new(phone, &account, by)?;
    let mut rounds = Rounds::new();
    loop {
        let account = rounds.next(phone, number.0)?;
        let request = sign(phone, challenge, &account, choice, &unlocking).await?;
        let reply = phone
            .ask(&account.identity(), Asking::ANSWER, request)
            .await?;
        if !rounds.again(phone, &account, &reply).await? {
            take(phone, challenge, &account, &reply, choice, &unlocking)?;
            return outcome(phone, challenge, &account, &reply, choice, &unlocking);
        }
    }
}

/// Whether it grants this phone a new PIN. Biometrics alone can: who knows the PIN needs no other (§13).
fn is_about_itself(challenge: &Challenge, account: &Account) -> bool {
    let about = challenge.subject.as_ref().and_then(Subject::device);
    challenge.purpose == Purpose::Unblock && about == Some(account.dev)
}

async fn sign(
    phone: &Phone,
    challenge: &Verified<Challenge>,
    account: &Account,
    choice: Choice,
    unlocking: &Unlocking,
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
        unlocked_by: match unlocking {
            Unlocking::Nothing => UnlockedBy::Nothing,
            Unlocking::Pin(_) => UnlockedBy::Pin,
            Unlocking::Biometrics => UnlockedBy::Biometrics,
        },
        epoch: account.epoch,
        state_token: StateToken(token),
    };
    let hpke_key = phone.hpke_key(account)?;
    let prepared = match unlocking {
        Unlocking::Nothing => return Ok(Unsigned::plain(&answer)),
        Unlocking::Pin(keys) => {
            let mut random = Random::new(&*phone.entropy);
            let request = answer.prepare_with_pin(keys.signing_key(), &hpke_key, &mut random);
            random.check()?;
            request
        }
        Unlocking::Biometrics => {
            let message = answer.to_be_signed_by_biometrics();
            let reason = format!("to approve: {}", purpose_name(challenge.purpose));
            let signature = biometrics::sign(phone, account, &message, &reason).await?;
            let mut random = Random::new(&*phone.entropy);
            let request = answer.prepare_with_biometrics(&signature, &hpke_key, &mut random);
            random.check()?;
            request
        }
    };
    prepared.map_err(|_| status::unexpected(account, "its HPKE key").into())
}

/// Stores what the service said. Before this nothing on the phone knows anything of how it went.
fn take(
    phone: &Phone,
    challenge: &Challenge,
    account: &Account,
    reply: &Reply,
    choice: Choice,
    unlocking: &Unlocking,
) -> Result<(), ApproveError> {
    let detail = Asked::of(challenge, account.host()).to_string();
    phone.change(Write::Answered, account.number, |connection, account| {
        let event = match (reply.result, choice) {
            (ResultCode::Done, Choice::Approve { .. }) => Some(Event::Approved),
            (ResultCode::Done, Choice::Decline) => Some(Event::Declined),
            (ResultCode::Done, Choice::Report) => Some(Event::Reported),
            (ResultCode::WrongPin, _) if matches!(unlocking, Unlocking::Pin(_)) => {
                Some(Event::WrongPin)
            }
            (ResultCode::WrongNumber, _) => Some(Event::WrongNumber),
            _ => None,
        };
        if let Some(event) = event {
            history::add(phone, connection, account, event, &detail)?;
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
    unlocking: &Unlocking,
) -> Result<Approved, ApproveError> {
    // What another way to unlock, or time, may still approve stays.
    let stays = matches!(
        reply.result,
        ResultCode::WrongPin | ResultCode::Blocked | ResultCode::Unlock
    );
    if !stays {
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
        ResultCode::WrongPin | ResultCode::Unlock if matches!(unlocking, Unlocking::Biometrics) => {
            Err(ApproveError::BiometricsNotAllowed)
        }
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
