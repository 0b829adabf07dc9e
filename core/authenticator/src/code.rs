//! Sign-in codes without a network (§12). The chain moves on, durably and with its old value erased, before a code is shown.

use countersign_protocol::Time;
use countersign_protocol::challenge::{Challenge, CodeForm, Kind, Unlock};
use countersign_protocol::code::{Code, Shape};
use countersign_protocol::id::ChallengeId;
use countersign_protocol::keys::LONGEST_ADVANCE;
use countersign_protocol::message::Verified;
use countersign_protocol::pin::Pin;
use countersign_protocol::policy::steps::{NotAccepted, accept};
use countersign_protocol::secret::Secret32;
use zeroize::Zeroizing;

use crate::account::AccountSummary;
use crate::advice;
use crate::asked::{Asked, quoted};
use crate::biometrics::{self, UseError};
use crate::history::{self, Kind as Event};
use crate::keys::N;
use crate::phone::{Held, KeptCode, Phone, PhoneError, from_phone_errors, lock};
use crate::platform::{BiometricsError, NotConfirmed};
use crate::resume;
use crate::store::Write;

/// What a code is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRequest {
    /// The challenge, which names the request in [`crate::Authenticator::code`] and [`crate::Authenticator::sign`].
    pub id: ChallengeId,
    /// Whose it is: say so where it is not the account that the person is looking at.
    pub account: AccountSummary,
    /// Who asks, for what, from where and when.
    pub asked: Asked,
    /// What must be asked before the code is made.
    pub unlock: Unlock,
    /// The challenge seems to come from the future: this phone's clock looks wrong. The service's clock decides.
    pub clock_looks_wrong: bool,
    /// A code was made for it already and is still in memory: it is shown again, and nothing is asked.
    pub same_as_before: bool,
}

/// A code to show.
pub struct ShownCode {
    /// In groups of four: `7KQ4-M2XD`.
    pub code: Zeroizing<String>,
    /// From when on it is of no use.
    pub expires_at: Time,
    /// Whether it was made before and is shown again.
    pub same_as_before: bool,
}

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
    /// The service has another PIN epoch than this phone.
    #[error("{}", advice::OTHER_EPOCH)]
    OtherEpoch,
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
    /// Something on this phone is in the way.
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

/// What the person gives to unlock something.
pub(crate) enum By {
    Nothing,
    Pin(Pin),
    Biometrics,
}

impl From<Option<Pin>> for By {
    fn from(pin: Option<Pin>) -> Self {
        pin.map_or(Self::Nothing, Self::Pin)
    }
}

/// The code share U, or what it is derived from.
pub(crate) enum Share<'a> {
    /// None: the code was made before.
    Made,
    N,
    P(&'a Pin),
    B(Secret32),
}

/// Makes the code of a scanned sign-in, or shows the one that was made.
pub(crate) async fn code(phone: &Phone, id: ChallengeId, by: By) -> Result<ShownCode, CodeError> {
    let held = phone.held(&id).ok_or(CodeError::NotHeld)?;
    let Kind::Code { form, .. } = held.challenge.kind else {
        return Err(CodeError::NotHeld);
    };
    let shape = match form {
        CodeForm::Characters => Shape::Eight,
        CodeForm::Digits => Shape::Digits,
    };
    let question = held.challenge.hash().0;
    let spend = Spend {
        held: &held,
        shape,
        question,
        values: Vec::new(),
        event: Event::CodeMade,
    };
    let share = unlock(phone, &held, &by).await?;
    spend_once(phone, spend, &share)
}

/// From the moment in which a new PIN may be in force, until it is known, no code can be told to be right. One attempt to find out is made.
async fn finish_change(phone: &Phone, held: &Held) -> Result<(), CodeError> {
    let Some(number) = held.account else {
        return Err(CodeError::NotHeld);
    };
    let account = phone.account(number)?;
    if account.told_epoch.is_some() {
        return Err(CodeError::OtherEpoch);
    }
    if account.pending.as_ref().is_some_and(|slot| slot.accepted)
        && let Err(error) = resume::settled(phone, account, 1).await
    {
        tracing::warn!(%error, "the PIN change is not finished");
        return Err(CodeError::Unfinished);
    }
    Ok(())
}

/// Asks the phone's own lock where no PIN is asked, or the finger or face, and refuses where the PIN is missing. A code that was made is shown
/// without.
pub(crate) async fn unlock<'a>(
    phone: &Phone,
    held: &Held,
    by: &'a By,
) -> Result<Share<'a>, CodeError> {
    if phone.memory().codes.contains_key(&held.challenge.hash()) {
        return Ok(Share::Made);
    }
    finish_change(phone, held).await?;
    let reason = match &held.challenge.kind {
        Kind::Transaction { title, .. } => format!("to sign: {}", quoted(title)),
        _ => "to show a code".to_owned(),
    };
    match (held.challenge.unlock, by) {
        (Unlock::Nothing, _) => {
            phone.presence.confirm(&reason).await?;
            Ok(Share::N)
        }
        (Unlock::Pin | Unlock::PinOrBiometrics, By::Pin(pin)) => Ok(Share::P(pin)),
        (Unlock::PinOrBiometrics, By::Biometrics) => {
            let account = phone.account(held.account.ok_or(CodeError::NotHeld)?)?;
            let b = biometrics::share(phone, &account, &reason).await?;
            Ok(Share::B(b))
        }
        (Unlock::Pin, By::Biometrics) => Err(CodeError::BiometricsNotAllowed),
        (Unlock::Pin | Unlock::PinOrBiometrics, By::Nothing) => Err(CodeError::PinNeeded),
    }
}

/// What a code is made of.
pub(crate) struct Spend<'a> {
    pub(crate) held: &'a Held,
    pub(crate) shape: Shape,
    pub(crate) question: [u8; 32],
    pub(crate) values: Vec<(String, String)>,
    pub(crate) event: Event,
}

/// Makes the code, or finds the one that was made for the same challenge and values. A step is spent once.
pub(crate) fn spend_once(
    phone: &Phone,
    spend: Spend<'_>,
    share: &Share<'_>,
) -> Result<ShownCode, CodeError> {
    let challenge = &*spend.held.challenge;
    let expires_at = challenge.expires_at();
    let now = phone.now(challenge.svc);
    if expires_at <= now {
        return Err(CodeError::Expired);
    }
    let _one_at_a_time = lock(&phone.making_codes);
    {
        let mut memory = phone.memory();
        memory.codes.retain(|_, kept| kept.expires_at > now);
        if let Some(kept) = memory.codes.get(&challenge.hash()) {
            // The step of other values is spent: the form must be filled in for a new one.
            return if kept.values == spend.values {
                Ok(shown(&kept.code, expires_at, true))
            } else {
                Err(CodeError::OtherValues)
            };
        }
    }
    let code = make(phone, challenge, &spend, share)?;
    let shown = shown(&code, expires_at, false);
    let kept = KeptCode {
        code,
        values: spend.values,
        expires_at,
    };
    phone.memory().codes.insert(challenge.hash(), kept);
    Ok(shown)
}

fn shown(code: &Code, expires_at: Time, same_as_before: bool) -> ShownCode {
    ShownCode {
        code: code.shown(),
        expires_at,
        same_as_before,
    }
}

/// Computes O_i, commits C_{i+1} in the place of what came before, and only then lets the code out.
fn make(
    phone: &Phone,
    challenge: &Verified<Challenge>,
    spend: &Spend<'_>,
    share: &Share<'_>,
) -> Result<Code, CodeError> {
    let (Some(number), Some(step)) = (spend.held.account, step_of(challenge)) else {
        return Err(CodeError::NotHeld);
    };
    phone.change(Write::CodeMade, number, |connection, account| {
        if account.pending.as_ref().is_some_and(|slot| slot.accepted) {
            return Err(CodeError::Unfinished);
        }
        let chain = phone
            .chain(connection, account)?
            .ok_or(CodeError::NotHeld)?;
        accept(chain.last(), step)?;
        let here = chain
            .advanced(step, LONGEST_ADVANCE)
            .ok_or(NotAccepted::TooFar)?;
        let following = here.advanced(step + 1, 1).ok_or(NotAccepted::TooFar)?;
        let key = match share {
            Share::Made => return Err(CodeError::NotHeld),
            Share::N => here.code_key(&phone.secret(connection, account, N)?),
            Share::P(pin) => here.code_key(&phone.pin_share(connection, account, pin)?),
            Share::B(b) => here.code_key(b),
        };
        phone.move_chain(connection, account, &following)?;
        let detail = match &challenge.kind {
            Kind::Transaction { title, .. } => title.clone(),
            _ => Asked::of(challenge, account.host()).to_string(),
        };
        history::add(phone, connection, account, spend.event, &detail)?;
        Ok(Code::compute(
            spend.shape,
            key.expose(),
            step,
            &spend.question,
        ))
    })
}

fn step_of(challenge: &Challenge) -> Option<u64> {
    match challenge.kind {
        Kind::Code { step, .. } | Kind::Transaction { step, .. } => Some(step),
        Kind::Approve { .. } | Kind::OnMobile { .. } | Kind::Online { .. } => None,
    }
}
