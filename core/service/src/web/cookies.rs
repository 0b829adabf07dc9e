//! Cookies of our own: their names, and how they are read and set.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use crate::base::hex;

/// How long a browser keeps the choice of a language, in seconds.
pub(super) const YEAR: u64 = 365 * 24 * 60 * 60;

/// What a cookie of ours is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cookie {
    /// It names the session, and ties forms to the browser. It ends with the browser.
    Session,
    /// It marks a browser as known, and stays when the browser signs out.
    Known,
    /// The language that the person chose.
    Language,
    /// The address that was typed on the first page of a sign-in, for its next page.
    Typed,
    /// The addresses that the person asked this browser to remember.
    Remembered,
    /// What the next page says once.
    Told,
    /// The page that a person wanted to see before signing in.
    Next,
    /// The page of a form that was refused, sealed.
    Refused,
    /// It names the browser to what services asked for in it.
    Asks,
}

impl Cookie {
    const fn name(self, secure: bool) -> &'static str {
        // With this prefix browsers insist on Secure, Path=/ and no Domain (RFC 6265bis, section
        // 4.1.3). Without TLS, on loopback, they would refuse it.
        match (self, secure) {
            (Self::Session, true) => "__Host-countersign",
            (Self::Session, false) => "countersign",
            (Self::Known, true) => "__Host-countersign-known",
            (Self::Known, false) => "countersign-known",
            (Self::Language, true) => "__Host-countersign-lang",
            (Self::Language, false) => "countersign-lang",
            (Self::Typed, true) => "__Host-countersign-typed",
            (Self::Typed, false) => "countersign-typed",
            (Self::Remembered, true) => "__Host-countersign-remembered",
            (Self::Remembered, false) => "countersign-remembered",
            (Self::Told, true) => "__Host-countersign-told",
            (Self::Told, false) => "countersign-told",
            (Self::Next, true) => "__Host-countersign-next",
            (Self::Next, false) => "countersign-next",
            (Self::Refused, true) => "__Host-countersign-refused",
            (Self::Refused, false) => "countersign-refused",
            (Self::Asks, true) => "__Host-countersign-asks",
            (Self::Asks, false) => "countersign-asks",
        }
    }

    /// The first value of this cookie that `read` takes.
    pub(super) fn read<T>(
        self,
        headers: &HeaderMap,
        secure: bool,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.name(secure))
            .find_map(|(_, value)| read(unquoted(value)))
    }

    /// Sets it, for so many seconds or, without any, until the browser is closed. With 0 seconds
    /// the browser drops it.
    pub(super) fn set(
        self,
        response: &mut Response,
        value: &str,
        secure: bool,
        seconds: Option<u64>,
    ) {
        let name = self.name(secure);
        let secure = if secure { "; Secure" } else { "" };
        let stays = seconds.map(|seconds| format!("; Max-Age={seconds}"));
        let stays = stays.unwrap_or_default();
        let value = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{stays}");
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
}

/// The value of a cookie that is 64 hexadecimal digits.
pub(super) fn digits(value: &str) -> Option<String> {
    hex::decode::<32>(value).is_some().then(|| value.to_owned())
}

/// A cookie's value without the quotation marks that a client may put around it (RFC 6265, section
/// 4.1.1), as Java's does where the cookie has a lifetime.
fn unquoted(value: &str) -> &str {
    let inside = value.strip_prefix('"');
    let inside = inside.and_then(|value| value.strip_suffix('"'));
    inside.unwrap_or(value)
}
