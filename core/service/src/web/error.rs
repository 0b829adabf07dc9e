//! Why a page is not shown.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    api::ApiError, base::random::NoRandomness, edge::TooMany, keys::seal::SealError,
    password::PasswordError, store::StoreError,
};

/// Why a page was not shown. The middleware [`finish`](super::show::finish) renders it.
#[derive(Debug, Clone)]
pub(super) enum PageError {
    /// There is no such page, or it belongs to somebody else.
    NotFound,
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
            Self::SignInFirst => "error_sign_in",
            Self::FormExpired => "error_form_expired",
            Self::OtherSite => "error_other_site",
            Self::BadForm => "error_bad_form",
            Self::TooLong => "error_too_long",
            Self::Busy => "error_busy",
            Self::TooMany(_) => "error_too_many",
            Self::NotStored => "error_not_stored",
            Self::Broken(_) => "error_broken",
        }
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
            Self::SignInFirst => StatusCode::UNAUTHORIZED,
            Self::FormExpired | Self::OtherSite => StatusCode::FORBIDDEN,
            Self::BadForm => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
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

impl From<SealError> for PageError {
    fn from(error: SealError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        if matches!(self, Self::SignInFirst) {
            return Redirect::to("/sign-in").into_response();
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
