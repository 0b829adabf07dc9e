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
}

names!(Told {
    AccountKept = "account_kept",
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
});

impl Told {
    /// Goes to a page, which says it.
    pub(super) fn at(self, to: &str, secure: bool) -> Response {
        let mut response = Redirect::to(to).into_response();
        Cookie::Told.set(&mut response, self.name(), secure, Some(SECONDS));
        response
    }
}
