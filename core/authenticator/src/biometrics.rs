//! Biometrics in the place of the PIN (PROTOCOL.md §13): a key and a code secret that only a finger
//! or face unlocks. They are turned on with the PIN, which always works too; a new PIN turns them
//! off, and so does the platform when fingers or faces change.

use std::sync::Arc;

use countersign_protocol::biometrics::BiometricsDraft;
use countersign_protocol::id::PublicKey;
use countersign_protocol::message::SignatureBytes;
use countersign_protocol::pin::Pin;
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::secret::Secret32;
use countersign_protocol::update::What;

use crate::authenticator::Authenticator;
use crate::durable::Write;
use crate::exchange::counted::{Rounds, update};
use crate::exchange::verdict::store_reply;
use crate::exchange::{Endpoint, PATIENT, ServiceError};
use crate::phone::account::{AccountNumber, AccountSummary, Refusal};
use crate::phone::history::{self, Kind};
use crate::phone::random::{Random, random_secret};
use crate::phone::secrets::{B, K_BIO};
use crate::phone::{Phone, PhoneError, from_phone_errors};
use crate::platform::{Biometrics, BiometricsError};
use crate::store::{Account, BiometricRow, BiometricState, State};
use crate::sync::biometric_key::{confirm, discard, erase};
use crate::sync::settle::{locked, reconcile_biometrics, report_deleted_key};

/// Why biometrics were not turned on. Nothing of them is left, except where it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum TurnOnError {
    /// There is no finger or face to ask.
    #[error("no finger or face is set up on this phone: set one up in its settings first")]
    NotAvailable,
    /// The person or the platform said no.
    #[error(transparent)]
    Biometrics(#[from] BiometricsError),
    /// The service refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The service does not take it.
    #[error("the service did not take it: try again, and update the app if it stays so")]
    NotTaken,
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
    /// An error on this phone.
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

/// K_bio and B, before they are stored.
struct New {
    row: BiometricRow,
    public: PublicKey,
    b: Secret32,
}

impl Authenticator {
    /// Whether to offer biometrics for an account: there is a finger or face to ask, and they are
    /// not on.
    ///
    /// # Errors
    /// If the data can't be read.
    pub fn biometrics_offered(&self, number: AccountNumber) -> Result<bool, PhoneError> {
        let account = self.phone.account(number.0)?;
        let reader = self.phone.biometrics.as_ref();
        let available = reader.is_some_and(|reader| reader.available());
        Ok(available && account.state == State::Active && !account.has_biometrics())
    }

    /// Turns biometrics on for an account, with its PIN, which always works too. A new PIN turns
    /// them off, and so does the platform when fingers or faces are added.
    ///
    /// # Errors
    /// [`Refusal::WrongPin`] with the tries left; [`TurnOnError::Unfinished`] if no answer came;
    /// and the rest, after which they are off.
    pub async fn turn_on_biometrics(
        &self,
        number: AccountNumber,
        pin: Pin,
    ) -> Result<AccountSummary, TurnOnError> {
        let phone = &*self.phone;
        let platform = phone
            .biometrics
            .clone()
            .filter(|biometrics| biometrics.available())
            .ok_or(TurnOnError::NotAvailable)?;
        let (lock, account) = locked(phone, number.0, PATIENT).await?;
        account.usable()?;
        let new = make(phone, &*platform, &account).await?;
        let reply = match send(phone, &platform, &account, &new, &pin).await {
            Ok(reply) => reply,
            Err(TurnOnError::Service(error)) => {
                return match reconcile_biometrics(phone, &lock, number.0, 1).await {
                    Ok(true) => Ok(AccountSummary::of(&phone.account(number.0)?)),
                    Ok(false) => Err(TurnOnError::Lost(error)),
                    // The device was removed there: a later start will not learn more.
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
        if reply.result != ResultCode::Done {
            let account = drop_asked(phone, number.0, Some(&reply))?;
            let refusal = Refusal::stated(reply.result, account.tries);
            if refusal == Some(Refusal::OtherEpoch) {
                self.refresh_after_mismatch(number).await;
            }
            return Err(refusal.map_or(TurnOnError::NotTaken, TurnOnError::Refused));
        }
        let account = phone.change::<_, PhoneError>(
            Write::BiometricsAnswered,
            number.0,
            |connection, account| {
                store_reply(phone, connection, account, &reply)?;
                confirm(phone, connection, account)?;
                Ok(account.clone())
            },
        )?;
        self.renew_if_due(&account, reply.tries_in_epoch, &pin)
            .await;
        Ok(AccountSummary::of(&phone.account(number.0)?))
    }

    /// Turns biometrics off for an account, without a network too: it is reported to the service
    /// now or later.
    ///
    /// # Errors
    /// If an error on this phone prevents it.
    pub async fn turn_off_biometrics(
        &self,
        number: AccountNumber,
    ) -> Result<AccountSummary, PhoneError> {
        erase(&self.phone, number.0, Kind::BiometricsOff)?;
        report_deleted_key(&self.phone, number.0).await;
        Ok(AccountSummary::of(&self.phone.account(number.0)?))
    }
}

async fn make(
    phone: &Phone,
    platform: &dyn Biometrics,
    account: &Account,
) -> Result<New, TurnOnError> {
    let b = random_secret(&*phone.entropy)?;
    let key = platform
        .create_key(&account.biometric_context(K_BIO))
        .await?;
    let context = account.biometric_context(B);
    let sealed = platform
        .seal(&context, &key.handle, b.expose(), "to turn on biometrics")
        .await;
    match sealed {
        Ok(code_secret) => Ok(New {
            row: BiometricRow {
                state: BiometricState::Asked,
                kid: key.public.key_id(),
                key: key.handle,
                code_secret,
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

/// Stores K_bio and B, then sends them with the PIN's signature, which is of the same form for any
/// PIN.
async fn send(
    phone: &Phone,
    platform: &Arc<dyn Biometrics>,
    account: &Account,
    new: &New,
    pin: &Pin,
) -> Result<Reply, TurnOnError> {
    store(phone, account.number, &new.row)?;
    let pin_keys = phone.pin_keys(account, pin)?;
    let mut rounds = Rounds::START;
    loop {
        let account = rounds.next(phone, account.number)?;
        // The draft fills in the rest.
        let what = What::BiometricsOff {
            epoch: account.epoch,
        };
        let update = update(phone, &account, what)?;
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
                &account.biometric_context(K_BIO),
                &new.row.key,
                &draft.to_be_signed_by_biometrics(),
                "to turn on biometrics",
            )
            .await?;
        let request = {
            let mut random = Random::new(&*phone.entropy);
            let request = draft
                .prepare(&pin_keys, &signature, &hpke_key, &mut random)
                .map_err(|_| account.unexpected("its HPKE key"))?;
            random.check()?;
            request
        };
        let reply = phone
            .send(&account.identity(), Endpoint::BIOMETRICS, request)
            .await?;
        if !rounds.again(phone, &account, &reply).await? {
            return Ok(Reply::clone(&reply));
        }
    }
}

fn store(phone: &Phone, number: u32, row: &BiometricRow) -> Result<(), PhoneError> {
    phone.change::<_, PhoneError>(Write::BiometricsStored, number, |connection, account| {
        // An earlier key is discarded first.
        discard(phone, connection, account)?;
        Ok(phone.store.set_biometrics(connection, number, row)?)
    })?;
    Ok(phone.store.rewrite()?)
}

/// Discards a key that was not turned on. `reply` is the service's, if there was one.
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
                store_reply(phone, connection, account, reply)?;
            }
            Ok(account.clone())
        })?;
    phone.tidy();
    Ok(account)
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
    let context = account.biometric_context(K_BIO);
    let signed = platform.sign(&context, &row.key, message, reason).await;
    signed.map_err(|error| unusable(phone, account, error))
}

/// Opens B, which asks the person.
pub(crate) async fn code_secret(
    phone: &Phone,
    account: &Account,
    reason: &str,
) -> Result<Secret32, UseError> {
    let (platform, row) = key_of(phone, account)?;
    let context = account.biometric_context(B);
    let opened = platform
        .open(&context, &row.key, &row.code_secret, reason)
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
