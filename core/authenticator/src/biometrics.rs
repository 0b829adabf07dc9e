//! Biometrics in the place of the PIN (§13): a key and a code share that only a finger or face unlocks. Turned on with the PIN, which stays the
//! way back; gone on a new PIN, and when the platform says that fingers or faces have changed.

use std::sync::Arc;

use countersign_protocol::biometrics::BiometricsDraft;
use countersign_protocol::id::{KeyId, PublicKey};
use countersign_protocol::message::SignatureBytes;
use countersign_protocol::pin::Pin;
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::request::Unsigned;
use countersign_protocol::secret::Secret32;
use countersign_protocol::update::What;
use rusqlite::Connection;

use crate::account::{AccountNumber, AccountSummary};
use crate::advice;
use crate::change;
use crate::epoch;
use crate::history::{self, Kind};
use crate::keys::{Random, random_secret};
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::platform::{Biometrics, BiometricsError};
use crate::rounds::Rounds;
use crate::service::{Asking, PATIENT, ServiceError};
use crate::status;
use crate::store::{Account, BiometricRow, BiometricState, RequestLock, State, StoreError, Write};

const KEY: &str = "K_bio";
const SHARE: &str = "B";
/// Neither is of any PIN epoch.
const NO_EPOCH: u32 = 0;

/// Why biometrics were not turned on. Nothing of them is left, except where it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum TurnOnError {
    /// There is no finger or face to ask.
    #[error("no finger or face is set up on this phone: set one up in its settings first")]
    NotAvailable,
    /// The person or the platform said no.
    #[error(transparent)]
    Biometrics(#[from] BiometricsError),
    /// The PIN was wrong.
    #[error("the PIN was wrong: {tries_left} tries left")]
    WrongPin {
        /// Tries left in a row.
        tries_left: u8,
        /// Tries left before the PIN's next renewal.
        tries_left_in_epoch: u8,
    },
    /// No tries are left.
    #[error("{}", advice::BLOCKED)]
    Blocked,
    /// The service saw a copy of this phone.
    #[error("{}", advice::SUSPENDED)]
    Suspended,
    /// The service has another PIN epoch than this phone.
    #[error("{}", advice::OTHER_EPOCH)]
    OtherEpoch,
    /// The account is not in use yet.
    #[error("{}", advice::NOT_ACTIVE)]
    NotActive,
    /// The service does not take it.
    #[error("the service did not take it: try again, and update the app if it stays so")]
    Refused,
    /// It did not reach the service.
    #[error("biometrics could not be turned on now: {0}")]
    Lost(ServiceError),
    /// No answer came. The next start finds out whether they are on.
    #[error(
        "the answer did not come ({0}), so this phone does not know yet whether biometrics are on: go online and open the app, which finds out"
    )]
    Unfinished(ServiceError),
    /// The service did not answer, or not as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Something on this phone is in the way.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(TurnOnError);

/// Why a finger or face did not unlock something. The PIN does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UseError {
    /// They were never turned on, or are gone.
    #[error("off")]
    Off,
    #[error(transparent)]
    Biometrics(#[from] BiometricsError),
    #[error(transparent)]
    Phone(#[from] PhoneError),
}

/// Whether biometrics can be offered: there is a finger or face to ask, and they are not on.
pub(crate) fn offered(phone: &Phone, number: AccountNumber) -> Result<bool, PhoneError> {
    let account = phone.account(number.0)?;
    let available = phone
        .biometrics
        .as_ref()
        .is_some_and(|biometrics| biometrics.available());
    Ok(available && account.state == State::Active && !account.has_biometrics())
}

impl Account {
    /// Whether they are on, as far as is known.
    pub(crate) fn has_biometrics(&self) -> bool {
        self.biometrics
            .as_ref()
            .is_some_and(|row| row.state == BiometricState::On)
    }

    fn biometric_context(&self, field: &str) -> Vec<u8> {
        self.owner().context(field, NO_EPOCH)
    }
}

/// K_bio and B, before they are stored.
struct New {
    row: BiometricRow,
    public: PublicKey,
    b: Secret32,
}

/// Makes K_bio and B, and asks the service to take them.
pub(crate) async fn turn_on(
    phone: &Phone,
    number: AccountNumber,
    pin: Pin,
) -> Result<AccountSummary, TurnOnError> {
    let platform = phone
        .biometrics
        .clone()
        .filter(|biometrics| biometrics.available())
        .ok_or(TurnOnError::NotAvailable)?;
    let lock = phone.store.lock_requests().await?;
    epoch::settle(phone, &lock, number.0, PATIENT).await?;
    let account = phone.account(number.0)?;
    match account.state {
        State::Active => (),
        State::Blocked => return Err(TurnOnError::Blocked),
        State::Suspended => return Err(TurnOnError::Suspended),
        State::Stored | State::Claimed | State::Confirmed => return Err(TurnOnError::NotActive),
    }
    let new = make(phone, &*platform, &account).await?;
    let reply = match send(phone, &platform, &account, &new, &pin).await {
        Ok(reply) => reply,
        Err(TurnOnError::Service(error)) => {
            return match settle(phone, &lock, number.0, 1).await {
                Ok(true) => Ok(AccountSummary::of(&phone.account(number.0)?)),
                Ok(false) => Err(TurnOnError::Lost(error)),
                // The device was removed there: no start will hear more.
                Err(gone @ ServiceError::NotKnown { .. }) => Err(gone.into()),
                Err(_) => Err(TurnOnError::Unfinished(error)),
            };
        }
        Err(error) => {
            drop_asked(phone, number.0, None)?;
            return Err(error);
        }
    };
    drop(lock);
    outcome(phone, number, &reply, &pin).await
}

async fn make(
    phone: &Phone,
    platform: &dyn Biometrics,
    account: &Account,
) -> Result<New, TurnOnError> {
    let b = random_secret(&*phone.entropy)?;
    let key = platform.create_key(&account.biometric_context(KEY)).await?;
    let context = account.biometric_context(SHARE);
    let sealed = platform
        .seal(&context, &key.handle, b.expose(), "to turn on biometrics")
        .await;
    match sealed {
        Ok(share) => Ok(New {
            row: BiometricRow {
                state: BiometricState::Asked,
                kid: key.public.key_id(),
                key: key.handle,
                share,
            },
            public: key.public,
            b,
        }),
        Err(error) => {
            platform.delete_key(&key.handle)?;
            Err(error.into())
        }
    }
}

/// Stores K_bio and B, then sends them with the PIN's signature, which is of the same form for any PIN.
async fn send(
    phone: &Phone,
    platform: &Arc<dyn Biometrics>,
    account: &Account,
    new: &New,
    pin: &Pin,
) -> Result<Reply, TurnOnError> {
    store(phone, account.number, &new.row)?;
    let pin_keys = phone
        .store
        .inspect(|connection| phone.pin_keys(connection, account, pin))?;
    let mut rounds = Rounds::new();
    loop {
        let account = rounds.next(phone, account.number)?;
        // What is off by then is filled in by the draft.
        let what = What::BiometricsOff {
            epoch: account.epoch,
        };
        let update = epoch::update(phone, &account, what)?;
        let hpke_key = phone.hpke_key(&account)?;
        let draft = {
            let mut random = Random::new(&*phone.entropy);
            let draft =
                BiometricsDraft::new(update, account.epoch, new.public, &new.b, &mut random);
            random.check()?;
            draft
        };
        let signature = platform
            .sign(
                &account.biometric_context(KEY),
                &new.row.key,
                &draft.to_be_signed_by_biometrics(),
                "to turn on biometrics",
            )
            .await?;
        let request = {
            let mut random = Random::new(&*phone.entropy);
            let request = draft
                .prepare(&pin_keys, &signature, &hpke_key, &mut random)
                .map_err(|_| status::unexpected(&account, "its HPKE key"))?;
            random.check()?;
            request
        };
        let reply = phone
            .ask(&account.identity(), Asking::BIOMETRICS, request)
            .await?;
        if !rounds.again(phone, &account, &reply).await? {
            return Ok(Reply::clone(&reply));
        }
    }
}

fn store(phone: &Phone, number: u32, row: &BiometricRow) -> Result<(), PhoneError> {
    phone.change::<_, PhoneError>(Write::BiometricsStored, number, |connection, account| {
        // What was on before makes room.
        discard(phone, connection, account)?;
        Ok(phone.store.set_biometrics(connection, number, row)?)
    })?;
    Ok(phone.store.rewrite()?)
}

async fn outcome(
    phone: &Phone,
    number: AccountNumber,
    reply: &Reply,
    pin: &Pin,
) -> Result<AccountSummary, TurnOnError> {
    if reply.result != ResultCode::Done {
        let account = drop_asked(phone, number.0, Some(reply))?;
        return Err(match (reply.result, account.tries) {
            (ResultCode::WrongPin, Some(tries)) => TurnOnError::WrongPin {
                tries_left: tries.in_row,
                tries_left_in_epoch: tries.in_epoch,
            },
            (ResultCode::Blocked, _) => TurnOnError::Blocked,
            (ResultCode::Suspended, _) => TurnOnError::Suspended,
            (ResultCode::NotActive, _) => TurnOnError::NotActive,
            (ResultCode::Epoch, _) => {
                status::hear_of(phone, number).await;
                TurnOnError::OtherEpoch
            }
            _ => TurnOnError::Refused,
        });
    }
    let account = phone.change::<_, PhoneError>(
        Write::BiometricsAnswered,
        number.0,
        |connection, account| {
            status::take_verdict(phone, connection, account, reply)?;
            confirm(phone, connection, account)?;
            Ok(account.clone())
        },
    )?;
    change::renew_if_due(phone, &account, reply.tries_in_epoch, pin).await;
    Ok(AccountSummary::of(&phone.account(number.0)?))
}

/// They are on, says the service. What was turned off before it said so stays off.
fn confirm(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
) -> Result<(), StoreError> {
    if let Some(row) = &mut account.biometrics
        && row.state == BiometricState::Asked
    {
        row.state = BiometricState::On;
        phone.store.confirm_biometrics(connection, account.number)?;
        history::add(phone, connection, account, Kind::BiometricsOn, "")?;
    }
    Ok(())
}

/// What was asked for is not on. `reply` is what the service said of it, if it said anything.
fn drop_asked(phone: &Phone, number: u32, reply: Option<&Reply>) -> Result<Account, PhoneError> {
    let account =
        phone.change::<_, PhoneError>(Write::BiometricsErased, number, |connection, account| {
            discard(phone, connection, account)?;
            if let Some(reply) = reply {
                let kind = match reply.result {
                    ResultCode::WrongPin => Kind::WrongPin,
                    _ => Kind::ChangeRefused,
                };
                history::add(phone, connection, account, kind, "biometrics")?;
                status::take_verdict(phone, connection, account, reply)?;
            }
            Ok(account.clone())
        })?;
    phone.tidy();
    Ok(account)
}

/// Erases K_bio and B here.
pub(crate) fn discard(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
) -> Result<(), StoreError> {
    let Some(row) = account.biometrics.take() else {
        return Ok(());
    };
    if !row.key.is_empty() {
        phone.store.discard_key(connection, &row.key, true)?;
    }
    phone.store.remove_biometrics(connection, account.number)
}

/// The same, with the service to be told.
fn discard_and_tell(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    kid: KeyId,
) -> Result<(), StoreError> {
    discard(phone, connection, account)?;
    let row = BiometricRow {
        state: BiometricState::Gone,
        key: Vec::new(),
        kid,
        share: Vec::new(),
    };
    phone
        .store
        .set_biometrics(connection, account.number, &row)?;
    account.biometrics = Some(row);
    Ok(())
}

/// Turns them off here at once, and at the service now or later.
pub(crate) async fn turn_off(
    phone: &Phone,
    number: AccountNumber,
) -> Result<AccountSummary, PhoneError> {
    erase(phone, number.0, Kind::BiometricsOff)?;
    tell(phone, number.0).await;
    Ok(AccountSummary::of(&phone.account(number.0)?))
}

fn erase(phone: &Phone, number: u32, event: Kind) -> Result<(), PhoneError> {
    let erased =
        phone.change::<_, PhoneError>(Write::BiometricsErased, number, |connection, account| {
            let Some(row) = account.biometrics.clone() else {
                return Ok(false);
            };
            if row.state != BiometricState::Gone {
                discard_and_tell(phone, connection, account, row.kid)?;
                history::add(phone, connection, account, event, "")?;
            }
            Ok(true)
        })?;
    if erased {
        phone.tidy();
    }
    Ok(())
}

/// Tells the service that they are gone, if that is due. What is in the way now is not in the way later.
pub(crate) async fn tell(phone: &Phone, number: u32) {
    let due = |account: &Account| {
        let row = account.biometrics.as_ref();
        row.is_some_and(|row| row.state == BiometricState::Gone)
    };
    let telling = async || -> Result<(), ServiceError> {
        if !due(&phone.account(number)?) {
            return Ok(());
        }
        let _lock = phone.store.lock_requests().await?;
        let mut rounds = Rounds::new();
        loop {
            let account = rounds.next(phone, number)?;
            if !due(&account) || account.state != State::Active {
                return Ok(());
            }
            let what = What::BiometricsOff {
                epoch: account.epoch,
            };
            let request = Unsigned::plain(&epoch::update(phone, &account, what)?);
            let asking = Asking::BIOMETRICS.at_most(1);
            let reply = phone.ask(&account.identity(), asking, request).await?;
            if rounds.again(phone, &account, &reply).await? {
                continue;
            }
            phone.change::<_, ServiceError>(
                Write::BiometricsTold,
                number,
                |connection, account| {
                    status::take_verdict(phone, connection, account, &reply)?;
                    if reply.result == ResultCode::Done && due(account) {
                        discard(phone, connection, account)?;
                    }
                    Ok(())
                },
            )?;
            phone.tidy();
            return Ok(());
        }
    };
    if let Err(error) = telling().await {
        tracing::warn!(%error, "the service is told later that biometrics are off");
    }
}

/// Finds out whether what was asked for is on.
pub(crate) async fn settle(
    phone: &Phone,
    _lock: &RequestLock,
    number: u32,
    attempts: u32,
) -> Result<bool, ServiceError> {
    let account = phone.account(number)?;
    if account
        .biometrics
        .as_ref()
        .is_none_or(|row| row.state != BiometricState::Asked)
    {
        return Ok(account.has_biometrics());
    }
    let reply = status::ask_patiently(phone, &account, attempts).await?;
    let on = phone.change::<_, ServiceError>(
        Write::BiometricsAnswered,
        number,
        |connection, account| {
            status::take(phone, connection, account, &reply)?;
            // Nothing of this phone is on its way while it holds the lock.
            reconcile(phone, connection, account, reply.biometric_kid)?;
            Ok(account.has_biometrics())
        },
    )?;
    phone.tidy();
    Ok(on)
}

/// Takes in which K_bio the service has. `reply` is a status that has seen everything that this phone sent.
pub(crate) fn hear(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    reply: &Reply,
) -> Result<(), PhoneError> {
    // What was sent later than the service judged may be on its way.
    let has_seen_all = reply.counter.is_some_and(|seen| seen >= account.counter);
    if has_seen_all {
        reconcile(phone, connection, account, reply.biometric_kid)?;
    }
    Ok(())
}

fn reconcile(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    there: Option<KeyId>,
) -> Result<(), StoreError> {
    let here = account.biometrics.as_ref().map(|row| (row.state, row.kid));
    match (here, there) {
        (Some((BiometricState::Asked, kid)), Some(there)) if kid == there => {
            confirm(phone, connection, account)
        }
        (Some((BiometricState::On, kid)), Some(there)) if kid == there => Ok(()),
        (Some((BiometricState::Gone, _)), Some(_)) | (None, None) => Ok(()),
        (Some((BiometricState::Gone, _)), None) => discard(phone, connection, account),
        (here, there) => {
            let kind = match here {
                Some((BiometricState::On, _)) => Some(Kind::BiometricsOff),
                Some(_) => Some(Kind::ChangeRefused),
                None => None,
            };
            if let Some(kind) = kind {
                history::add(phone, connection, account, kind, "biometrics")?;
            }
            match there {
                // A key that this phone does not have.
                Some(there) => discard_and_tell(phone, connection, account, there),
                None => discard(phone, connection, account),
            }
        }
    }
}

/// K_bio and what unlocks it.
fn key_of<'a>(
    phone: &'a Phone,
    account: &'a Account,
) -> Result<(&'a Arc<dyn Biometrics>, &'a BiometricRow), UseError> {
    let row = account.biometrics.as_ref();
    let row = row.filter(|row| row.state == BiometricState::On);
    phone.biometrics.as_ref().zip(row).ok_or(UseError::Off)
}

/// Signs with K_bio, which asks the person.
pub(crate) async fn sign(
    phone: &Phone,
    account: &Account,
    message: &[u8],
    reason: &str,
) -> Result<SignatureBytes, UseError> {
    let (platform, row) = key_of(phone, account)?;
    let context = account.biometric_context(KEY);
    let signed = platform.sign(&context, &row.key, message, reason).await;
    signed.map_err(|error| unusable(phone, account, error))
}

/// Opens B, which asks the person.
pub(crate) async fn share(
    phone: &Phone,
    account: &Account,
    reason: &str,
) -> Result<Secret32, UseError> {
    let (platform, row) = key_of(phone, account)?;
    let context = account.biometric_context(SHARE);
    let opened = platform
        .open(&context, &row.key, &row.share, reason)
        .await
        .map_err(|error| unusable(phone, account, error))?;
    Secret32::from_slice(&opened)
        .ok_or(BiometricsError::Changed)
        .map_err(|error| unusable(phone, account, error))
}

/// When fingers or faces have changed, what they unlocked is worth nothing any more.
fn unusable(phone: &Phone, account: &Account, error: BiometricsError) -> UseError {
    if error == BiometricsError::Changed
        && let Err(error) = erase(phone, account.number, Kind::BiometricsGone)
    {
        return error.into();
    }
    error.into()
}
