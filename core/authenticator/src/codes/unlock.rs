//! The unlock methods of a code: nothing but the phone's own lock, the PIN, or biometrics
//! (PROTOCOL.md §12).

use countersign_protocol::challenge::{Kind, Unlock};
use countersign_protocol::pin::Pin;
use countersign_protocol::policy::steps::NotAccepted;
use countersign_protocol::secret::Secret32;

use crate::biometrics::{self, UseError};
use crate::phone::account::{Refusal, quoted};
use crate::phone::secrets::UnlockMethod;
use crate::phone::{Held, Phone, PhoneError, from_phone_errors};
use crate::platform::{BiometricsError, NotConfirmed};
use crate::sync::settle::up_to_date;

/// Why there is no code. Nothing was spent.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// The request is not in memory.
    #[error("scan the code again")]
    NotHeld,
    /// The PIN is asked.
    #[error("type the PIN")]
    PinNeeded,
    /// It expired.
    #[error("this code has expired: get a new one on the page")]
    Expired,
    /// Its step was used, or is too far ahead.
    #[error(transparent)]
    Step(#[from] NotAccepted),
    /// A code was made for other values.
    #[error("a code was made for other values already: get a new code on the page")]
    OtherValues,
    /// A new PIN's last answer has not come.
    #[error("finish the PIN change first: go online and try again")]
    Unfinished,
    /// The service would refuse every code of this phone.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The PIN is asked, and nothing else will do.
    #[error("this code asks for the PIN: type it")]
    BiometricsNotAllowed,
    /// Biometrics are not on for this account.
    #[error("biometrics are not on for this account: use the PIN, and turn them on if you like")]
    BiometricsOff,
    /// The finger or face did not unlock it.
    #[error(transparent)]
    Biometrics(BiometricsError),
    /// The phone's own lock was not confirmed.
    #[error(transparent)]
    NotConfirmed(#[from] NotConfirmed),
    /// An error on this phone.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(CodeError);

impl From<UseError> for CodeError {
    fn from(error: UseError) -> Self {
        match error {
            UseError::Off => Self::BiometricsOff,
            UseError::Biometrics(error) => Self::Biometrics(error),
            UseError::Phone(error) => Self::Phone(error),
        }
    }
}

/// The code secret U (PROTOCOL.md §5), or what it is derived from.
pub(crate) enum CodeSecret<'a> {
    /// None: the code was made before.
    Made,
    N,
    P(&'a Pin),
    B(Secret32),
}

/// Once `commit` may have been sent we don't know which epoch the service uses, so codes are
/// refused. Tries once to find out.
async fn finish_change(phone: &Phone, held: &Held) -> Result<(), CodeError> {
    let Some(number) = held.account else {
        return Err(CodeError::NotHeld);
    };
    let account = phone.account(number)?;
    if account.told_epoch.is_some() {
        return Err(Refusal::OtherEpoch.into());
    }
    if account.pending.as_ref().is_some_and(|slot| slot.accepted)
        && let Err(error) = up_to_date(phone, number, 1).await
    {
        tracing::warn!(%error, "the PIN change is not finished");
        return Err(CodeError::Unfinished);
    }
    Ok(())
}

/// Step 12.2. Asks the phone's own lock where no PIN is asked, or the finger or face, and refuses
/// where the PIN is missing. A code that was made is shown without.
pub(crate) async fn code_secret<'a>(
    phone: &Phone,
    held: &Held,
    by: &'a UnlockMethod,
) -> Result<CodeSecret<'a>, CodeError> {
    if phone.memory().codes.contains_key(&held.challenge.hash()) {
        return Ok(CodeSecret::Made);
    }
    finish_change(phone, held).await?;
    let reason = match &held.challenge.kind {
        Kind::Transaction { title, .. } => format!("to sign: {}", quoted(title)),
        _ => "to show a code".to_owned(),
    };
    match (held.challenge.unlock, by) {
        (Unlock::Nothing, _) => {
            phone.presence.confirm(&reason).await?;
            Ok(CodeSecret::N)
        }
        (Unlock::Pin | Unlock::PinOrBiometrics, UnlockMethod::Pin(pin)) => Ok(CodeSecret::P(pin)),
        (Unlock::PinOrBiometrics, UnlockMethod::Biometrics) => {
            let account = phone.account(held.account.ok_or(CodeError::NotHeld)?)?;
            let b = biometrics::code_secret(phone, &account, &reason).await?;
            Ok(CodeSecret::B(b))
        }
        (Unlock::Pin, UnlockMethod::Biometrics) => Err(CodeError::BiometricsNotAllowed),
        (Unlock::Pin | Unlock::PinOrBiometrics, UnlockMethod::Nothing) => Err(CodeError::PinNeeded),
    }
}
