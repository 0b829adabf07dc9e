//! Sign-in codes without a network (PROTOCOL.md §12). The chain moves on, durably and with its old
//! value erased, before a code is shown.

use countersign_protocol::Time;
use countersign_protocol::challenge::{Challenge, CodeForm, Kind, Unlock};
use countersign_protocol::code::{Code, Shape};
use countersign_protocol::id::ChallengeId;
use countersign_protocol::keys::LONGEST_ADVANCE;
use countersign_protocol::message::Verified;
use countersign_protocol::policy::steps::{NotAccepted, accept};
use zeroize::Zeroizing;

use super::unlock::{CodeError, CodeSecret, code_secret};
use crate::authenticator::Authenticator;
use crate::durable::Write;
use crate::phone::account::AccountSummary;
use crate::phone::history::{self, Kind as Event};
use crate::phone::secrets::{N, UnlockMethod};
use crate::phone::{Held, KeptCode, Phone, lock};
use crate::requests::asked::RequestDetails;

/// A request for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRequest {
    /// The challenge, which names the request in [`crate::Authenticator::code`] and
    /// [`crate::Authenticator::sign`].
    pub id: ChallengeId,
    /// Whose it is: say so where it is not the account that the person is looking at.
    pub account: AccountSummary,
    /// The details: who asks, for what, from where and when.
    pub details: RequestDetails,
    /// The unlock method that the code asks for.
    pub unlock: Unlock,
    /// The challenge seems to come from the future: this phone's clock looks wrong. The service's
    /// clock decides.
    pub clock_looks_wrong: bool,
    /// A code was made for it already and is still in memory: it is shown again, and nothing is
    /// asked.
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

impl Authenticator {
    /// Makes the sign-in code of a scanned request, without a network; `unlock` as
    /// [`CodeRequest::unlock`] asks. Until it expires, asking again gives the same code whatever
    /// PIN is given; it was computed with the one that was typed first.
    ///
    /// # Errors
    /// If the request expired or its step was used; the step is spent only when there is a code.
    /// After [`CodeError::Biometrics`] the PIN may be used.
    pub async fn code(
        &self,
        request: ChallengeId,
        unlock: UnlockMethod,
    ) -> Result<ShownCode, CodeError> {
        let phone = &*self.phone;
        let held = phone.held(&request).ok_or(CodeError::NotHeld)?;
        let Kind::Code { form, .. } = held.challenge.kind else {
            return Err(CodeError::NotHeld);
        };
        let spend = Spend {
            held: &held,
            shape: match form {
                CodeForm::Characters => Shape::Eight,
                CodeForm::Digits => Shape::Digits,
            },
            question: held.challenge.hash().0,
            values: Vec::new(),
            event: Event::CodeMade,
        };
        let secret = code_secret(phone, &held, &unlock).await?;
        spend_once(phone, spend, &secret)
    }
}

/// The inputs of a code.
pub(crate) struct Spend<'a> {
    pub(crate) held: &'a Held,
    pub(crate) shape: Shape,
    pub(crate) question: [u8; 32],
    pub(crate) values: Vec<(String, String)>,
    pub(crate) event: Event,
}

/// Makes the code, or finds the one that was made for the same challenge and values. A step is
/// spent once.
pub(crate) fn spend_once(
    phone: &Phone,
    spend: Spend<'_>,
    secret: &CodeSecret<'_>,
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
    let code = make(phone, challenge, &spend, secret)?;
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
    secret: &CodeSecret<'_>,
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
        // 12.1: the step is ahead of the last spent one, and not too far.
        accept(chain.last(), step)?;
        // 12.3: O_i.
        let here = chain
            .advanced(step, LONGEST_ADVANCE)
            .ok_or(NotAccepted::TooFar)?;
        let following = here.advanced(step + 1, 1).ok_or(NotAccepted::TooFar)?;
        let key = match secret {
            CodeSecret::Made => return Err(CodeError::NotHeld),
            CodeSecret::N => here.code_key(&phone.secret(connection, account, N)?),
            CodeSecret::P(pin) => here.code_key(&phone.pin_code_secret(connection, account, pin)?),
            CodeSecret::B(b) => here.code_key(b),
        };
        // 12.4: C_{i+1} in the place of C_i, in the transaction that commits before 12.5, the code.
        phone.move_chain(connection, account, &following)?;
        let detail = match &challenge.kind {
            Kind::Transaction { title, .. } => title.clone(),
            _ => RequestDetails::of(challenge, account.host()).to_string(),
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
