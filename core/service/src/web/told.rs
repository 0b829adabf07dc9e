//! What the page after a form says once: that what the form asked for is done.

use axum::response::{IntoResponse, Redirect, Response};

use super::cookies::Cookie;
use crate::base::names::names;

/// How long it waits for its page, in seconds.
const SECONDS: u64 = 60;

/// What was done. Its text is `told_` and its name; the browser keeps the name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    AccountKept,
    AddressForgotten,
    Cancelled,
    DeviceAdded,
    DeviceRemoved,
    DeviceRenamed,
    EmailChanged,
    MailsSaved,
    NameSaved,
    PasswordChanged,
    PinSet,
    SessionEnded,
    SessionsEnded,
    SignedOut,
    SignInFirst,
}

names!(Told {
    AccountKept = "account_kept",
    AddressForgotten = "address_forgotten",
    Cancelled = "cancelled",
    DeviceAdded = "device_added",
    DeviceRemoved = "device_removed",
    DeviceRenamed = "device_renamed",
    EmailChanged = "email_changed",
    MailsSaved = "mails_saved",
    NameSaved = "name_saved",
    PasswordChanged = "password_changed",
    PinSet = "pin_set",
    SessionEnded = "session_ended",
    SessionsEnded = "sessions_ended",
    SignedOut = "signed_out",
    SignInFirst = "sign_in_first",
});

impl Told {
    /// Goes to a page, which says it.
    pub(super) fn at(self, to: &str, secure: bool) -> Response {
        let mut response = Redirect::to(to).into_response();
        self.tell(&mut response, secure);
        response
    }

    /// Has the next page say it.
    pub(super) fn tell(self, response: &mut Response, secure: bool) {
        Cookie::Told.set(response, self.name(), secure, Some(SECONDS));
    }
}
