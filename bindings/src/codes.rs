//! Scanned texts: codes without a network, and transactions.

use countersign::{
    CodeError as CoreCode, FormError as CoreForm, NotAccepted, ReadError as CoreRead,
    SignError as CoreSign, Source, TypedValue as CoreTyped,
};

use crate::authenticator::Authenticator;
use crate::pin::UnlockMethod;
use crate::problem::{
    FieldProblem, LinkProblem, PhoneProblem, Refusal, ServiceProblem, errors, from_incomplete_pin,
    from_phone, from_service_and_phone,
};
use crate::records::{Scanned, ShownCode, SignedTransaction, SignedValue, TypedValue, challenge};

errors! {
    /// Why a text is not taken.
    ReadError {
        /// The text is no link of ours, or came a way that it may not.
        Link {
            /// The error.
            problem: LinkProblem,
        }
        /// No account of the service is on this phone: initialise it first.
        UnknownService {
            /// Where the code points.
            host: String,
        }
        /// The service is known, but the code is for another account of it.
        OtherAccount {
            /// The service.
            host: String,
        }
        /// The code points to another place than the service that made it: do not use it.
        WrongHost {
            /// Where it points.
            host: String,
        }
        /// It was signed with a newer key, which this phone has to fetch: connect to the network
        /// once and scan again.
        NewKey {
            /// The service.
            host: String,
        }
        /// It expired.
        Expired {}
        /// Its step was used, and the code that was made is not in memory any more: get a new one
        /// on the page.
        StepUsed {}
        /// It is too far ahead for this phone: go online once, then get a new one on the page.
        StepTooFar {}
        /// The service refuses it, or would refuse it.
        Refused {
            /// Why.
            refusal: Refusal,
        }
        /// The service's key was not had, or the message is not the service's.
        Service {
            /// The error.
            problem: ServiceProblem,
        }
        /// An error on this phone.
        Phone {
            /// The error.
            problem: PhoneProblem,
        }
    }
}
from_service_and_phone!(ReadError);

impl From<CoreRead> for ReadError {
    fn from(error: CoreRead) -> Self {
        let text = error.to_string();
        match error {
            CoreRead::Link(error) => Self::Link {
                problem: LinkProblem::of(&error),
                text,
            },
            CoreRead::UnknownService { host } => Self::UnknownService { host, text },
            CoreRead::OtherAccount { host } => Self::OtherAccount { host, text },
            CoreRead::WrongHost { host } => Self::WrongHost { host, text },
            CoreRead::NewKey { host } => Self::NewKey { host, text },
            CoreRead::Expired => Self::Expired { text },
            CoreRead::Step(NotAccepted::Used) => Self::StepUsed { text },
            CoreRead::Step(NotAccepted::TooFar) => Self::StepTooFar { text },
            CoreRead::Refused(refusal) => Self::Refused {
                refusal: refusal.into(),
                text,
            },
            CoreRead::Service(error) => error.into(),
            CoreRead::Phone(error) => error.into(),
        }
    }
}

errors! {
    /// Why there is no code. Nothing was spent.
    CodeError {
        /// Fewer than four digits were typed.
        PinIncomplete {}
        /// The request is not in memory: scan the code again.
        NotHeld {}
        /// The PIN is asked.
        PinNeeded {}
        /// It expired: get a new one on the page.
        Expired {}
        /// Its step was used: get a new one on the page.
        StepUsed {}
        /// It is too far ahead for this phone: go online once, then get a new one on the page.
        StepTooFar {}
        /// A code was made for other values already: get a new one on the page.
        OtherValues {}
        /// A new PIN's last answer has not come: go online and try again.
        Unfinished {}
        /// The service refuses it, or would refuse it.
        Refused {
            /// Why.
            refusal: Refusal,
        }
        /// The PIN is asked, and nothing else will do.
        BiometricsNotAllowed {}
        /// Biometrics are not on for this account: use the PIN.
        BiometricsOff {}
        /// The finger or face did not unlock it: use the PIN.
        Biometrics {}
        /// The phone's own lock was not confirmed.
        NotConfirmed {}
        /// An error on this phone.
        Phone {
            /// The error.
            problem: PhoneProblem,
        }
    }
}
from_phone!(CodeError);
from_incomplete_pin!(CodeError);

impl From<CoreCode> for CodeError {
    fn from(error: CoreCode) -> Self {
        let text = error.to_string();
        match error {
            CoreCode::NotHeld => Self::NotHeld { text },
            CoreCode::PinNeeded => Self::PinNeeded { text },
            CoreCode::Expired => Self::Expired { text },
            CoreCode::Step(NotAccepted::Used) => Self::StepUsed { text },
            CoreCode::Step(NotAccepted::TooFar) => Self::StepTooFar { text },
            CoreCode::OtherValues => Self::OtherValues { text },
            CoreCode::Unfinished => Self::Unfinished { text },
            CoreCode::Refused(refusal) => Self::Refused {
                refusal: refusal.into(),
                text,
            },
            CoreCode::BiometricsNotAllowed => Self::BiometricsNotAllowed { text },
            CoreCode::BiometricsOff => Self::BiometricsOff { text },
            CoreCode::Biometrics(_) => Self::Biometrics { text },
            CoreCode::NotConfirmed(_) => Self::NotConfirmed { text },
            CoreCode::Phone(error) => error.into(),
        }
    }
}

errors! {
    /// An error in a typed form. Nothing was spent.
    FormError {
        /// The form is not in memory: scan the code again.
        NotHeld {}
        /// There is no such field.
        NoSuchField {
            /// The field that was named.
            id: String,
        }
        /// A field was given twice.
        Twice {
            /// The field.
            id: String,
        }
        /// A value is not good.
        Value {
            /// The field.
            id: String,
            /// The error, with what to type.
            problem: FieldProblem,
            /// The same in English, to be shown at the field.
            advice: String,
        }
    }
}

impl From<CoreForm> for FormError {
    fn from(error: CoreForm) -> Self {
        let text = error.to_string();
        match error {
            CoreForm::NotHeld => Self::NotHeld { text },
            CoreForm::NoSuchField(id) => Self::NoSuchField { id, text },
            CoreForm::Twice(id) => Self::Twice { id, text },
            CoreForm::Value { id, problem, .. } => Self::Value {
                id,
                advice: problem.to_string(),
                problem: FieldProblem::of(&problem),
                text,
            },
        }
    }
}

errors! {
    /// Why a transaction has no code. Nothing was spent.
    SignError {
        /// Something that was typed is not good: `review` says what.
        Form {
            /// The error.
            error: FormError,
        }
        /// The code can't be made.
        Code {
            /// Why.
            error: CodeError,
        }
    }
}

impl From<CodeError> for SignError {
    fn from(error: CodeError) -> Self {
        Self::Code {
            text: error.to_string(),
            error,
        }
    }
}

impl From<FormError> for SignError {
    fn from(error: FormError) -> Self {
        Self::Form {
            text: error.to_string(),
            error,
        }
    }
}

impl From<CoreSign> for SignError {
    fn from(error: CoreSign) -> Self {
        match error {
            CoreSign::Form(error) => FormError::from(error).into(),
            CoreSign::Code(error) => CodeError::from(error).into(),
        }
    }
}

fn values(typed: Vec<TypedValue>) -> Vec<CoreTyped> {
    typed.into_iter().map(CoreTyped::from).collect()
}

#[uniffi::export]
impl Authenticator {
    /// Reads the text of a code or link, and says whose it is and what it asks for. Without a
    /// network, unless the service changed its keys.
    ///
    /// # Errors
    /// If it is not for this phone, not genuine, expired or used.
    pub async fn scan(&self, text: String, source: Source) -> Result<Scanned, ReadError> {
        let core = self.core();
        let scanned = self
            .runner
            .run(async move { core.scan(&text, source).await })
            .await?;
        Ok(scanned.into())
    }

    /// Makes the sign-in code of a scanned request, without a network; `unlock` as the request's
    /// `unlock` asks. Until it expires, asking again gives the same code whatever PIN is given; it
    /// was computed with the one that was typed first.
    ///
    /// # Errors
    /// If the request expired or its step was used; the step is spent only when there is a code.
    /// After `Biometrics` the PIN may be used.
    pub async fn code(
        &self,
        request: String,
        unlock: UnlockMethod,
    ) -> Result<ShownCode, CodeError> {
        let unlock = unlock.take()?;
        let id = challenge(&request).ok_or(CoreCode::NotHeld)?;
        let core = self.core();
        let shown = self
            .runner
            .run(async move { core.code(id, unlock).await })
            .await?;
        Ok(shown.into())
    }

    /// Checks one field of a transaction while it is being typed, and returns the value as it would
    /// be signed. Quick: call it at every key.
    ///
    /// # Errors
    /// If the value is not valid: with what to type.
    pub fn check_field(&self, form: String, typed: TypedValue) -> Result<String, FormError> {
        let id = challenge(&form).ok_or(CoreForm::NotHeld)?;
        Ok(self.core().check_field(id, &typed.into())?)
    }

    /// Checks the whole form and returns the values as they will be signed: show them before asking
    /// for the PIN.
    ///
    /// # Errors
    /// The first field that is wrong or missing.
    pub fn review(
        &self,
        form: String,
        typed: Vec<TypedValue>,
    ) -> Result<Vec<SignedValue>, FormError> {
        let id = challenge(&form).ok_or(CoreForm::NotHeld)?;
        let signed = self.core().review(id, &values(typed))?;
        Ok(signed.into_iter().map(SignedValue::from).collect())
    }

    /// Signs what was typed, without a network; `unlock` as the form's `unlock` asks. The code fits
    /// exactly these values. The same values give the same code until it expires.
    ///
    /// # Errors
    /// If a value is not valid, the form expired, or a code was made for other values. After
    /// `Biometrics` inside `Code` the PIN may be used.
    pub async fn sign(
        &self,
        form: String,
        typed: Vec<TypedValue>,
        unlock: UnlockMethod,
    ) -> Result<SignedTransaction, SignError> {
        let unlock = unlock.take().map_err(CodeError::from)?;
        let id = challenge(&form).ok_or(CoreSign::Form(CoreForm::NotHeld))?;
        let typed = values(typed);
        let core = self.core();
        let signed = self
            .runner
            .run(async move { core.sign(id, &typed, unlock).await })
            .await?;
        Ok(signed.into())
    }
}
