//! The check that a stranger's form carries: digits to type, or work that the browser does in
//! silence ([`picture`](crate::picture) says why).
//!
//! A check is sealed for one browser, so nothing is stored until it is answered. The form has it in
//! its field `check`, and the answer in `digits` or `proof` (the work).

use axum::http::StatusCode;
use minijinja::{Value, context};

use super::{
    error::{PageError, Refusal},
    visitor::Visitor,
};
use crate::{
    app::App,
    base::{hex, random},
    edge::Source,
    keys::seal::Place,
    picture::{NUMBERS, Number, work},
    policy,
    store::{AnsweredCheck, CheckId},
};

/// The bytes of a check before it is sealed: identifier, expiry, number, difficulty.
const LENGTH: usize = 16 + 8 + 4 + 1;
/// Sealed: with nonce and tag.
const SEALED: usize = 12 + LENGTH + 16;

/// A check.
pub(super) struct Check {
    /// Sealed, as the form has it.
    token: String,
    id: CheckId,
    expires_at: u64,
    /// The number in its picture.
    pub(super) number: Number,
    /// The zero bits of each puzzle; 0: no work is taken for it.
    bits: u8,
}

/// The answer in a form.
pub(super) struct Given<'a> {
    /// The check that the form carried.
    pub(super) check: &'a str,
    /// The digits, as typed.
    pub(super) digits: &'a str,
    /// The work.
    pub(super) proof: &'a str,
}

/// A form's answer was not taken: the check with which the form is shown again, and why.
pub(super) type Again = (Check, Refusal);

fn place(visitor: &Visitor) -> Place {
    let mut owner = [0; 8];
    owner.copy_from_slice(&visitor.browser()[..8]);
    Place {
        owner,
        field: "check",
        epoch: 0,
    }
}

impl Check {
    /// A new check for this browser. Work is taken for it while its source has some of its
    /// allowance left.
    pub(super) fn new(app: &App, visitor: &Visitor, source: Source) -> Result<Self, PageError> {
        let now = app.clock.now();
        let quarter = app.edge.quarter_of_quiet(source, now);
        Self::with(
            app,
            visitor,
            quarter.map_or(0, |used| policy::WORK_BITS + used),
        )
    }

    fn with(app: &App, visitor: &Visitor, bits: u8) -> Result<Self, PageError> {
        let number = match app.picture_number {
            Some(number) => number,
            None => random::below(NUMBERS)?,
        };
        let mut check = Self {
            token: String::new(),
            id: random::bytes()?,
            expires_at: app.clock.now() + policy::CHECK_SECONDS,
            number: Number::new(number),
            bits,
        };
        let parts = [
            &check.id[..],
            &check.expires_at.to_be_bytes(),
            &check.number.get().to_be_bytes(),
            &[bits],
        ];
        let sealed = app.root.sealing.seal(place(visitor), &parts.concat())?;
        check.token = hex::encode(&sealed);
        Ok(check)
    }

    /// The check with this token, if it was made for this browser and has not expired.
    pub(super) fn open(app: &App, visitor: &Visitor, token: &str) -> Option<Self> {
        let sealed = hex::decode::<SEALED>(token)?;
        let opened = app.root.sealing.open(place(visitor), &sealed).ok()?;
        let (id, rest) = opened.split_first_chunk::<16>()?;
        let (expires_at, rest) = rest.split_first_chunk::<8>()?;
        let (number, rest) = rest.split_first_chunk::<4>()?;
        let check = Self {
            token: token.to_owned(),
            id: *id,
            expires_at: u64::from_be_bytes(*expires_at),
            number: Number::new(u32::from_be_bytes(*number)),
            bits: *rest.first()?,
        };
        (app.clock.now() < check.expires_at).then_some(check)
    }

    /// The check that a form carried, while it can be answered, or a new one.
    pub(super) fn kept(
        app: &App,
        visitor: &Visitor,
        source: Source,
        token: &str,
    ) -> Result<Self, PageError> {
        match Self::open(app, visitor, token) {
            Some(check) => Ok(check),
            None => Self::new(app, visitor, source),
        }
    }

    /// What nobody outside knows: the picture and the sound follow from it.
    pub(super) fn seed(&self) -> &[u8] {
        &self.id
    }

    /// As the form's template needs it.
    pub(super) fn values(&self) -> Value {
        context! { token => self.token, bits => self.bits, puzzles => work::PUZZLES }
    }
}

/// Judges a form's answer, which is taken once.
///
/// # Errors
/// The inner error has the check with which the form is shown again.
pub(super) async fn judge(
    app: &App,
    visitor: &Visitor,
    source: Source,
    given: Given<'_>,
) -> Result<Result<(), Again>, PageError> {
    let new = || Check::new(app, visitor, source);
    let refused = |check, text| Ok(Err((check, Refusal::form(text))));
    let Some(check) = Check::open(app, visitor, given.check) else {
        return refused(new()?, "digits_error_old");
    };
    let typed = Number::typed(given.digits);
    let by_work =
        check.bits > 0 && typed.is_none() && work::is_done(&check.token, check.bits, given.proof);
    let is_right = match typed {
        _ if by_work => true,
        Some(typed) => typed.is(check.number),
        // Nothing, or no number: that is no try.
        None => return refused(check, "digits_error_missing"),
    };
    let (id, expires_at) = (check.id, check.expires_at);
    let answered = app
        .store
        .answer_check(id, expires_at, is_right, app.clock.now());
    match answered.await? {
        // The allowance ran out meanwhile: there is a picture for everybody.
        AnsweredCheck::Right if by_work && !app.edge.take_quiet(source, app.clock.now()) => {
            refused(Check::with(app, visitor, 0)?, "digits_error_asked")
        }
        AnsweredCheck::Right => Ok(Ok(())),
        AnsweredCheck::Wrong { left: 0 } => {
            let refusal = Refusal::new(StatusCode::BAD_REQUEST, "digits_error_another");
            Ok(Err((new()?, refusal)))
        }
        AnsweredCheck::Wrong { .. } => refused(check, "digits_error_wrong"),
        AnsweredCheck::Over => refused(new()?, "digits_error_old"),
        AnsweredCheck::Busy => Err(PageError::Busy),
    }
}
