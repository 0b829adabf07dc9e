//! Approving, declining, reporting as fraud (PROTOCOL.md §11). Every PIN gives a request of the
//! same form; only the service's reply says what it was.

use countersign_protocol::answer::{Answer, Decision, StateToken, UnlockedBy};
use countersign_protocol::challenge::{Challenge, Kind, Purpose, Subject, Unlock};
use countersign_protocol::id::ChallengeId;
use countersign_protocol::keys::PinKeys;
use countersign_protocol::link::encode_base32;
use countersign_protocol::message::Verified;
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::request::Unsigned;

use super::asked::{RequestDetails, purpose_name};
use crate::authenticator::Authenticator;
use crate::biometrics::{self, UseError};
use crate::durable::Write;
use crate::exchange::counted::Rounds;
use crate::exchange::verdict::store_reply;
use crate::exchange::{Endpoint, PATIENT, ServiceError};
use crate::phone::account::{AccountNumber, Refusal};
use crate::phone::history::{self, Kind as Event};
use crate::phone::random::Random;
use crate::phone::secrets::UnlockMethod;
use crate::phone::{Held, Phone, PhoneError, from_phone_errors};
use crate::platform::BiometricsError;
use crate::store::{Account, Tries};
use crate::sync::settle::{locked, report_deleted_key};

/// Why a request was not approved or declined.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    /// It is not among the requests that this phone has.
    #[error("this request is not open any more: look at the open requests again")]
    NotHeld,
    /// The number on the computer is asked.
    #[error("type the number that the computer shows, 10 to 99")]
    NumberNeeded,
    /// An approval takes the PIN or biometrics, and neither was given.
    #[error("type the PIN")]
    PinNeeded,
    /// It began in a browser on this phone, and no account was chosen for it.
    #[error("choose the account with which to answer this request")]
    AccountNeeded,
    /// It was not answered in time.
    #[error("this request has expired: begin again on the computer")]
    Expired,
    /// The service refuses it. After a wrong PIN the request stays open.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The number was wrong; the request is closed.
    #[error(
        "the number was wrong, so the request was ended: begin again on the computer. If you did not begin anything, somebody else did: change your password"
    )]
    WrongNumber,
    /// It was answered, replaced, or ended elsewhere.
    #[error("this request is not open any more: it was answered, replaced or ended elsewhere")]
    Closed,
    /// It can't be approved this way.
    #[error(
        "this request cannot be approved with a PIN: use biometrics where they are on, or see on the computer what it asks for"
    )]
    UnlockNotAllowed,
    /// It can't be approved with biometrics, says the request, or the service has no such key of
    /// this phone.
    #[error("this request cannot be approved with biometrics: use the PIN")]
    BiometricsNotAllowed,
    /// Biometrics are not on for this account.
    #[error("biometrics are not on for this account: use the PIN, and turn them on if you like")]
    BiometricsOff,
    /// The finger or face did not unlock it.
    #[error(transparent)]
    Biometrics(BiometricsError),
    /// The account is not of the service that asks.
    #[error("this account is not of the service that asks: choose another account")]
    OtherService,
    /// The service did not answer, or not as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// An error on this phone.
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
    /// PIN tries left in a row, from the reply.
    pub tries_left: Option<u8>,
    /// PIN tries left before the PIN's next renewal, from the reply.
    pub tries_left_in_epoch: Option<u8>,
    /// Where the browser on this phone goes on: open it at once, in the browser that began. Only
    /// for requests that began on this phone.
    pub open: Option<String>,
}

impl Authenticator {
    /// Approves a request of the inbox, or one that began in a browser on this phone. `account` is
    /// the account that the person chose for the latter; for a request of the inbox it is `None`.
    /// `number` is what the computer shows, where
    /// [`PendingRequest::number_asked`](crate::PendingRequest::number_asked) says so. Open
    /// [`Approved::open`] at once where it is there.
    ///
    /// # Errors
    /// [`Refusal::WrongPin`] with the tries left, after which the same request can be approved
    /// again; [`ApproveError::WrongNumber`], which ends it; [`ApproveError::Biometrics`], after
    /// which the PIN may be used; and the rest.
    pub async fn approve(
        &self,
        request: ChallengeId,
        account: Option<AccountNumber>,
        number: Option<u8>,
        unlock: UnlockMethod,
    ) -> Result<Approved, ApproveError> {
        let (held, account) = held(&self.phone, request, account)?;
        let number_asked = held.challenge.kind.asks_number();
        let number = number.filter(|number| number_asked && (10..=99).contains(number));
        if number_asked && number.is_none() {
            return Err(ApproveError::NumberNeeded);
        }
        if matches!(unlock, UnlockMethod::Nothing) {
            return Err(ApproveError::PinNeeded);
        }
        let decision = (Decision::Approve, number);
        self.answer(&held, account, decision, &unlock).await
    }

    /// Declines a request. It is final and asks no PIN. With `report` it is reported as fraud too:
    /// the person did not begin it, somebody else did or sent them the link. `account` is as in
    /// [`Authenticator::approve`].
    ///
    /// # Errors
    /// If it is not open any more, or the service can't be reached.
    pub async fn decline(
        &self,
        request: ChallengeId,
        account: Option<AccountNumber>,
        report: bool,
    ) -> Result<(), ApproveError> {
        let (held, account) = held(&self.phone, request, account)?;
        let decision = if report {
            Decision::Report
        } else {
            Decision::Decline
        };
        let nothing = UnlockMethod::Nothing;
        let declined = self.answer(&held, account, (decision, None), &nothing);
        declined.await.map(drop)
    }

    /// Answers a request, and does what follows from the reply. That never fails the answer itself.
    async fn answer(
        &self,
        held: &Held,
        number: AccountNumber,
        decision: (Decision, Option<u8>),
        unlock: &UnlockMethod,
    ) -> Result<Approved, ApproveError> {
        let phone = &*self.phone;
        let mut answered = answer_once(phone, held, number, decision, unlock).await;
        match (&mut answered, unlock) {
            (Ok(approved), UnlockMethod::Pin(pin)) => {
                let account = phone.account(number.0)?;
                let left = approved.tries_left_in_epoch;
                if let Some(renewed) = self.renew_if_due(&account, left, pin).await {
                    approved.tries_left = renewed.tries_left;
                    approved.tries_left_in_epoch = renewed.tries_left_in_epoch;
                }
            }
            (
                Err(
                    ApproveError::Refused(Refusal::OtherEpoch) | ApproveError::BiometricsNotAllowed,
                ),
                _,
            ) => self.refresh_after_mismatch(number).await,
            (Err(ApproveError::Biometrics(BiometricsError::Changed)), _) => {
                report_deleted_key(phone, number.0).await;
            }
            _ => (),
        }
        answered
    }
}

/// The request, and the account that answers it: its own for one of the inbox, the chosen one for
/// one that began in a browser on this phone.
fn held(
    phone: &Phone,
    id: ChallengeId,
    chosen: Option<AccountNumber>,
) -> Result<(Held, AccountNumber), ApproveError> {
    let held = phone.held(&id).ok_or(ApproveError::NotHeld)?;
    let account = match held.challenge.kind {
        Kind::Approve { .. } | Kind::Online { .. } => held
            .account
            .map(AccountNumber)
            .filter(|own| chosen.is_none_or(|chosen| chosen == *own)),
        Kind::OnMobile { .. } => Some(chosen.ok_or(ApproveError::AccountNeeded)?),
        Kind::Code { .. } | Kind::Transaction { .. } => None,
    };
    let account = account.ok_or(ApproveError::NotHeld)?;
    Ok((held, account))
}

/// Sends the answer, signed again where the service asks for it, and stores the reply. Before that
/// nothing on the phone says anything of whether the PIN was right.
async fn answer_once(
    phone: &Phone,
    held: &Held,
    number: AccountNumber,
    decision: (Decision, Option<u8>),
    unlock: &UnlockMethod,
) -> Result<Approved, ApproveError> {
    let challenge = &*held.challenge;
    let by_biometrics = matches!(unlock, UnlockMethod::Biometrics);
    if by_biometrics && challenge.unlock != Unlock::PinOrBiometrics {
        return Err(ApproveError::BiometricsNotAllowed);
    }
    // The account first, with nothing unfinished.
    let (_lock, account) = locked(phone, number.0, PATIENT).await?;
    if account.svc != challenge.svc {
        return Err(ApproveError::OtherService);
    }
    if !account.state.is_enrolled() {
        return Err(Refusal::NotActive.into());
    }
    if challenge.expires_at() <= phone.now(account.svc) {
        return Err(ApproveError::Expired);
    }
    // Anyone who knows the PIN needs no new one (§13): only biometrics can grant this phone one.
    let about = challenge.subject.as_ref().and_then(Subject::device);
    let about_itself = challenge.purpose == Purpose::Unblock && about == Some(account.dev);
    if about_itself && matches!(unlock, UnlockMethod::Pin(_)) {
        return Err(ApproveError::UnlockNotAllowed);
    }
    let pin_keys = match unlock {
        UnlockMethod::Pin(pin) => Some(phone.pin_keys(&account, pin)?),
        _ => None,
    };
    let mut rounds = Rounds::START;
    let (account, reply) = loop {
        let account = rounds.next(phone, number.0)?;
        let keys = pin_keys.as_ref();
        let request = sign(phone, challenge, &account, decision, keys, by_biometrics).await?;
        let reply = phone
            .send(&account.identity(), Endpoint::ANSWER, request)
            .await?;
        if !rounds.again(phone, &account, &reply).await? {
            break (account, reply);
        }
    };
    let detail = RequestDetails::of(challenge, account.host()).to_string();
    phone.change::<_, PhoneError>(Write::Answered, account.number, |connection, account| {
        let event = match (reply.result, decision.0) {
            (ResultCode::Done, Decision::Approve) => Some(Event::Approved),
            (ResultCode::Done, Decision::Decline) => Some(Event::Declined),
            (ResultCode::Done, Decision::Report) => Some(Event::Reported),
            (ResultCode::WrongPin, _) if pin_keys.is_some() => Some(Event::WrongPin),
            (ResultCode::WrongNumber, _) => Some(Event::WrongNumber),
            _ => None,
        };
        if let Some(event) = event {
            history::add(phone, connection, account, event, &detail)?;
        }
        store_reply(phone, connection, account, &reply)
    })?;
    // A request that another unlock method, or a later try, may still approve stays.
    if !matches!(
        reply.result,
        ResultCode::WrongPin | ResultCode::Blocked | ResultCode::Unlock
    ) {
        phone.memory().held.remove(&challenge.id);
    }
    outcome(challenge, &account, &reply, decision.0, by_biometrics)
}

/// The answer (§7) of this account, unlocked.
async fn sign(
    phone: &Phone,
    challenge: &Verified<Challenge>,
    account: &Account,
    (decision, number): (Decision, Option<u8>),
    pin_keys: Option<&PinKeys>,
    by_biometrics: bool,
) -> Result<Unsigned, ApproveError> {
    let token = account.state_token.ok_or(Refusal::NotActive)?;
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
        unlocked_by: match pin_keys {
            Some(_) => UnlockedBy::Pin,
            None if by_biometrics => UnlockedBy::Biometrics,
            None => UnlockedBy::Nothing,
        },
        epoch: account.epoch,
        state_token: StateToken(token),
    };
    let hpke_key = phone.known_info(account.svc)?.hpke_key;
    let mut random = Random::new(&*phone.entropy);
    let prepared = match pin_keys {
        Some(keys) => answer.prepare_with_pin(keys.signing_key(), &hpke_key, &mut random),
        None if by_biometrics => {
            let message = answer.to_be_signed_by_biometrics();
            let reason = format!("to approve: {}", purpose_name(challenge.purpose));
            let signature = biometrics::sign(phone, account, &message, &reason).await?;
            answer.prepare_with_biometrics(&signature, &hpke_key, &mut random)
        }
        None => return Ok(Unsigned::plain(&answer)),
    };
    random.check()?;
    prepared.map_err(|_| account.unexpected("its HPKE key").into())
}

/// The reply (§8), for the caller. The numbers are those of the service's steps in PROTOCOL.md.
fn outcome(
    challenge: &Challenge,
    account: &Account,
    reply: &Reply,
    decision: Decision,
    by_biometrics: bool,
) -> Result<Approved, ApproveError> {
    match reply.result {
        // 11.11 or 11.16.
        ResultCode::Done => Ok(Approved {
            tries_left: reply.tries_in_row,
            tries_left_in_epoch: reply.tries_in_epoch,
            open: match (&challenge.kind, decision) {
                (Kind::OnMobile { return_url }, Decision::Approve) => {
                    let r = reply.r.ok_or_else(|| account.unexpected("r"))?;
                    Some(format!("{return_url}?r={}", encode_base32(&r)))
                }
                _ => None,
            },
        }),
        // 11.10 or 11.15: another key of biometrics, or none.
        ResultCode::WrongPin | ResultCode::Unlock if by_biometrics => {
            Err(ApproveError::BiometricsNotAllowed)
        }
        // 11.12.
        ResultCode::WrongNumber => Err(ApproveError::WrongNumber),
        // 11.6.
        ResultCode::NotOpen => Err(ApproveError::Closed),
        // 11.10.
        ResultCode::Unlock => Err(ApproveError::UnlockNotAllowed),
        // 11.5, 11.8, 11.9, 11.14 or 11.15.
        result => {
            let tries = reply.tries_in_row.zip(reply.tries_in_epoch);
            let tries = tries.map(|(in_row, in_epoch)| Tries { in_row, in_epoch });
            match Refusal::stated(result, tries) {
                Some(refusal) => Err(refusal.into()),
                None if result == ResultCode::WrongPin => {
                    Err(account.unexpected("the tries left").into())
                }
                None => Err(account.unexpected("its result").into()),
            }
        }
    }
}
