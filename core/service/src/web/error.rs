//! Why a page is not shown, or a form is shown again.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    base::random::NoRandomness, edge::TooMany, flow::Failed, keys::seal::SealError,
    password::PasswordError, policy::changes::Refused, standards::cas::TicketError,
    store::StoreError,
};

/// Why a page was not shown. The middleware [`finish`](super::show::finish) renders it.
#[derive(Debug, Clone)]
pub(crate) enum PageError {
    /// There is no such page, or it belongs to somebody else.
    NotFound,
    /// The page has no such method.
    OtherMethod,
    /// A form was sent to another name of this computer than the service's origin.
    OtherHost,
    /// The visitor must sign in: the browser is sent to that page.
    SignInFirst,
    /// The form came without the token of this browser.
    FormExpired,
    /// The form came from a page of another site.
    OtherSite,
    /// A field is missing or has a form that no page of ours sends.
    BadForm,
    /// The body is longer than [`LONGEST_FORM`](super::LONGEST_FORM).
    TooLong,
    /// The service has no room for this now; a retry in a few seconds can succeed.
    Busy,
    /// The page took longer than [`server`](crate::server) waits.
    TooSlow,
    /// The source, or the account, has used up its budget.
    TooMany(TooMany),
    /// Nothing can be stored now; the store has logged why.
    NotStored,
    /// A fault of the service; the text is for the log.
    Broken(String),
}

impl PageError {
    /// The key of the text that says what to do.
    pub(super) fn text(&self) -> &'static str {
        match self {
            Self::NotFound => "error_not_found",
            Self::OtherMethod => "error_other_method",
            Self::OtherHost => "error_other_host",
            Self::SignInFirst => "error_sign_in",
            Self::FormExpired => "error_form_expired",
            Self::OtherSite => "error_other_site",
            Self::BadForm => "error_bad_form",
            Self::TooLong => "error_too_long",
            Self::Busy => "error_busy",
            Self::TooSlow => "error_slow",
            Self::TooMany(_) => "error_too_many",
            Self::NotStored => "error_not_stored",
            Self::Broken(_) => "error_broken",
        }
    }

    /// Whether the page of a form's address says so, after the form. It does not for a form that
    /// none of our pages there has sent.
    pub(super) fn is_shown_later(&self) -> bool {
        !matches!(self, Self::OtherMethod | Self::OtherHost | Self::OtherSite)
    }

    /// Seconds until a retry can succeed, where that is known.
    pub(super) fn seconds(&self) -> Option<u64> {
        match self {
            Self::TooMany(TooMany(seconds)) => Some(*seconds),
            Self::Busy => Some(5),
            Self::NotStored => Some(60),
            _ => None,
        }
    }

    /// The status of the response.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::OtherMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::OtherHost => StatusCode::MISDIRECTED_REQUEST,
            Self::SignInFirst => StatusCode::UNAUTHORIZED,
            Self::FormExpired | Self::OtherSite => StatusCode::FORBIDDEN,
            Self::BadForm => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::NotStored => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<TooMany> for PageError {
    fn from(error: TooMany) -> Self {
        Self::TooMany(error)
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stopped => Self::Busy,
            StoreError::Full
            | StoreError::ReadOnly(_)
            | StoreError::Disk(_)
            | StoreError::Locked => Self::NotStored,
            error => Self::Broken(error.to_string()),
        }
    }
}

impl From<PasswordError> for PageError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            error => Self::Broken(error.to_string()),
        }
    }
}

impl From<NoRandomness> for PageError {
    fn from(error: NoRandomness) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<TicketError> for PageError {
    fn from(error: TicketError) -> Self {
        match error {
            TicketError::Store(error) => error.into(),
            TicketError::Random(error) => error.into(),
        }
    }
}

impl From<SealError> for PageError {
    fn from(error: SealError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<Failed> for PageError {
    fn from(error: Failed) -> Self {
        match error {
            Failed::Store(error) => error.into(),
            Failed::TooMany(error) => error.into(),
            Failed::Unavailable(why) => Self::Broken(why),
            error => Self::Broken(error.to_string()),
        }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        if matches!(self, Self::SignInFirst) {
            let mut response = Redirect::to("/sign-in").into_response();
            response.extensions_mut().insert(self);
            return response;
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Why a form is shown again: the status, and the key of the text that says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status of the page.
    pub(super) status: StatusCode,
    /// The key of the text.
    pub(super) text: &'static str,
}

impl Refusal {
    /// A field of the form can't be what was typed: 400.
    pub(super) const fn form(text: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// The account, as it stands, does not allow it: 409.
    pub(super) const fn conflict(text: &'static str) -> Self {
        Self::new(StatusCode::CONFLICT, text)
    }

    /// Too many were asked for, or were wrong: 429.
    pub(super) const fn too_many(text: &'static str) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, text)
    }

    /// With another status.
    pub(super) const fn new(status: StatusCode, text: &'static str) -> Self {
        Self { status, text }
    }

    /// The status and the text of a page that shows a refusal, if there is one.
    pub(super) fn parts(refusal: Option<Self>) -> (StatusCode, Option<&'static str>) {
        match refusal {
            Some(Self { status, text }) => (status, Some(text)),
            None => (StatusCode::OK, None),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::conflict(refused.text())
    }
}

/// Why what a form asked for was not done. The handler shows its form again with the refusal.
#[derive(Debug)]
pub(super) enum NotDone {
    /// The person can do something about it.
    Refused(Refusal),
    /// There is no page to show.
    Failed(PageError),
}

impl NotDone {
    /// The refusal to show; an error that no form can show is passed on.
    pub(super) fn refusal(self) -> Result<Refusal, PageError> {
        match self {
            Self::Refused(refusal) => Ok(refusal),
            Self::Failed(error) => Err(error),
        }
    }
}

impl From<Refusal> for NotDone {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Refused> for NotDone {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused.into())
    }
}

impl<E: Into<PageError>> From<E> for NotDone {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}
