//! The class of every route, and the budget of each class for a source, a device and an account.
//!
//! `LIMITS.md` beside the crate's manifest is this table for people; a test keeps both the same,
//! and another one fails if a route of `api.rs` or `web.rs` has no class. A request to no route is
//! of class [`Class::Other`]. To add a route, add its row to [`ROUTES`] and run the first test with
//! `COUNTERSIGN_WRITE=1`.

use axum::http::Method;

/// How a bucket fills and empties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    /// Requests that fit at once.
    pub(super) burst: u32,
    /// Room that comes back each second, in thousandths of a request.
    pub(super) thousandths: u32,
}

const fn rate(burst: u32, thousandths: u32) -> Option<Rate> {
    Some(Rate { burst, thousandths })
}

/// The class of a request: requests of one class cost the service about the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A connection, including its TLS handshake. Not a route.
    Connection,
    /// Style, scripts, pictures.
    Asset,
    /// A page.
    Page,
    /// A waiting page's question whether there is news.
    Poll,
    /// A form.
    Form,
    /// A form with a password: it costs an Argon2 hash, and may be a guess.
    Password,
    /// A form that sends a message, also for somebody who is not signed in.
    Mail,
    /// A registration for which a browser worked in silence. Not a route.
    Quiet,
    /// A sign-in on the phone itself, which anybody can begin.
    Mobile,
    /// A form that asks a phone or opens a challenge, after the password.
    Ask,
    /// The service's keys.
    Information,
    /// The claim of a phone that enrols, with a key that the service does not know yet.
    Claim,
    /// A phone's request, before its signature is verified.
    Device,
    /// A service's own request, about somebody who enters it.
    Relying,
    /// There is no such route.
    Other,
}

impl Class {
    pub(super) const ALL: [Self; 15] = [
        Self::Connection,
        Self::Asset,
        Self::Page,
        Self::Poll,
        Self::Form,
        Self::Password,
        Self::Mail,
        Self::Quiet,
        Self::Mobile,
        Self::Ask,
        Self::Information,
        Self::Claim,
        Self::Device,
        Self::Relying,
        Self::Other,
    ];

    /// The class of a request to this route.
    pub(super) fn of(method: &Method, path: Option<&str>) -> Self {
        let method = if method == Method::HEAD {
            "GET"
        } else {
            method.as_str()
        };
        ROUTES
            .iter()
            .find(|(known, route, _)| *known == method && Some(*route) == path)
            .map_or(Self::Other, |(_, _, class)| *class)
    }

    /// The budget of a source.
    pub(super) fn of_source(self) -> Option<Rate> {
        match self {
            Self::Connection => rate(500, 20_000),
            Self::Asset => rate(1000, 50_000),
            Self::Page => rate(500, 20_000),
            Self::Poll => rate(1000, 100_000),
            Self::Form => rate(300, 10_000),
            Self::Password => rate(100, 100),
            Self::Mail => rate(60, 50),
            Self::Quiet => rate(20, 5),
            Self::Mobile => rate(60, 500),
            Self::Ask => rate(300, 5_000),
            Self::Information => rate(1000, 50_000),
            Self::Claim => rate(60, 500),
            Self::Device => rate(300, 20_000),
            Self::Relying => rate(2000, 200_000),
            Self::Other => rate(500, 10_000),
        }
    }

    /// The budget of a device whose signature was verified.
    pub(super) fn of_device(self) -> Option<Rate> {
        match self {
            Self::Device => rate(200, 1_000),
            _ => None,
        }
    }

    /// The budget of an account: once for browsers that are known for it, once for all others.
    pub(super) fn of_account(self) -> Option<Rate> {
        match self {
            Self::Ask => rate(60, 100),
            Self::Mail => rate(20, 10),
            _ => None,
        }
    }

    /// The classes from whose buckets a source's request takes.
    pub(super) fn charged(self) -> &'static [Self] {
        match self {
            Self::Connection => &[Self::Connection],
            Self::Asset => &[Self::Asset],
            Self::Page => &[Self::Page],
            Self::Poll => &[Self::Poll],
            Self::Form => &[Self::Form],
            // A right password gives its own room back, but not the form's.
            Self::Password => &[Self::Password, Self::Form],
            Self::Mail => &[Self::Mail],
            Self::Quiet => &[Self::Quiet],
            Self::Mobile => &[Self::Mobile],
            Self::Ask => &[Self::Ask],
            Self::Information => &[Self::Information],
            Self::Claim => &[Self::Claim],
            Self::Device => &[Self::Device],
            Self::Relying => &[Self::Relying],
            Self::Other => &[Self::Other],
        }
    }
}

/// Whether a path is that of a page.
pub(crate) fn is_page(path: &str) -> bool {
    let mut pages = ROUTES
        .iter()
        .filter(|(method, _, class)| *method == "GET" && *class == Class::Page);
    pages.any(|(_, route, _)| fits(route, path))
}

/// Whether a path is one of a route: `{name}` stands for one part of it, `{*name}` for the rest.
fn fits(route: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    for known in route.split('/') {
        match parts.next() {
            Some(part) if known.starts_with("{*") => return !part.is_empty(),
            Some(part) if known.starts_with('{') && !part.is_empty() => {}
            part if part == Some(known) => {}
            _ => return false,
        }
    }
    parts.next().is_none()
}

/// Every route: method, path as the routers have it, class.
const ROUTES: &[(&str, &str, Class)] = &[
    ("GET", "/.well-known/countersign", Class::Information),
    (
        "GET",
        "/.well-known/countersign/earlier",
        Class::Information,
    ),
    ("POST", "/api/v1/claim", Class::Claim),
    ("POST", "/api/v1/complete", Class::Device),
    ("POST", "/api/v1/status", Class::Device),
    ("POST", "/api/v1/inbox", Class::Device),
    ("POST", "/api/v1/answer", Class::Device),
    ("POST", "/api/v1/change", Class::Device),
    ("POST", "/api/v1/commit", Class::Device),
    ("POST", "/api/v1/biometrics", Class::Device),
    ("POST", "/api/v1/push", Class::Device),
    ("POST", "/api/v1/remove", Class::Device),
    ("ANY", "/api/{*path}", Class::Other),
    ("GET", "/.well-known/assetlinks.json", Class::Asset),
    (
        "GET",
        "/.well-known/apple-app-site-association",
        Class::Asset,
    ),
    ("GET", "/", Class::Page),
    ("GET", "/Q/{*message}", Class::Page),
    ("POST", "/language", Class::Form),
    ("GET", "/register", Class::Page),
    ("POST", "/register", Class::Mail),
    ("GET", "/register/done", Class::Page),
    ("GET", "/register/picture", Class::Page),
    ("POST", "/register/picture", Class::Form),
    ("GET", "/register/picture/{check}/code.png", Class::Page),
    ("GET", "/register/picture/{check}/digits.wav", Class::Page),
    ("GET", "/register/sent/{state}", Class::Page),
    ("POST", "/register/sent/{state}", Class::Form),
    ("GET", "/register/sent/{state}/again", Class::Page),
    ("POST", "/register/sent/{state}/again", Class::Mail),
    ("GET", "/register/{token}", Class::Page),
    ("POST", "/register/{token}", Class::Password),
    ("GET", "/privacy", Class::Page),
    ("GET", "/invitation/{token}", Class::Page),
    ("POST", "/invitation/{token}", Class::Password),
    ("GET", "/sign-in", Class::Page),
    ("POST", "/sign-in", Class::Form),
    ("POST", "/sign-in/forget", Class::Form),
    ("POST", "/sign-in/other", Class::Form),
    ("GET", "/sign-in/password", Class::Page),
    ("POST", "/sign-in/password", Class::Password),
    ("GET", "/sign-in/method", Class::Page),
    ("GET", "/sign-in/device", Class::Page),
    ("POST", "/sign-in/app", Class::Ask),
    ("POST", "/sign-in/code", Class::Ask),
    ("POST", "/sign-in/mobile", Class::Mobile),
    ("GET", "/mobile/{id}", Class::Page),
    ("GET", "/mobile/{id}/state", Class::Poll),
    ("GET", "/mobile/{id}/link", Class::Page),
    ("GET", "/mobile/{id}/return", Class::Page),
    ("POST", "/mobile/{id}/return", Class::Form),
    ("GET", "/stop", Class::Page),
    ("POST", "/stop", Class::Password),
    ("GET", "/stop/done", Class::Page),
    ("GET", "/stop/link", Class::Page),
    ("GET", "/stop/sent", Class::Page),
    ("GET", "/password/sent", Class::Page),
    ("GET", "/email/undone", Class::Page),
    ("GET", "/deletion/cancelled", Class::Page),
    ("GET", "/recovery/cancelled", Class::Page),
    ("GET", "/recovery/cancelled/staff", Class::Page),
    ("POST", "/stop/link", Class::Mail),
    ("GET", "/stop/by-link/{token}", Class::Page),
    ("POST", "/stop/by-link/{token}", Class::Password),
    ("GET", "/password/forgotten", Class::Page),
    ("POST", "/password/forgotten", Class::Mail),
    ("GET", "/password/forgotten/{token}", Class::Page),
    ("POST", "/password/forgotten/{token}", Class::Form),
    ("GET", "/password/new", Class::Page),
    ("POST", "/password/new", Class::Password),
    ("GET", "/password/done", Class::Page),
    ("GET", "/email/undo/{token}", Class::Page),
    ("POST", "/email/undo/{token}", Class::Form),
    ("GET", "/account/password", Class::Page),
    ("POST", "/account/password", Class::Password),
    ("GET", "/account/email", Class::Page),
    ("POST", "/account/email", Class::Password),
    ("GET", "/account/email/{token}", Class::Page),
    ("POST", "/account/email/{token}", Class::Form),
    ("GET", "/account/confirm", Class::Page),
    ("POST", "/account/confirm", Class::Form),
    ("GET", "/account/confirm/{token}", Class::Page),
    ("POST", "/account/confirm/{token}", Class::Ask),
    ("GET", "/recovery", Class::Page),
    ("POST", "/recovery", Class::Mail),
    ("GET", "/recovery/begun", Class::Page),
    ("GET", "/recovery/finish/{token}", Class::Page),
    ("POST", "/recovery/finish/{token}", Class::Password),
    ("GET", "/recovery/cancel/{token}", Class::Page),
    ("POST", "/recovery/cancel/{token}", Class::Form),
    ("POST", "/sign-out", Class::Form),
    ("GET", "/challenge/{id}", Class::Page),
    ("GET", "/challenge/{id}/state", Class::Poll),
    ("GET", "/challenge/{id}/code.png", Class::Page),
    ("GET", "/challenge/{id}/link", Class::Page),
    ("POST", "/challenge/{id}/code", Class::Form),
    ("POST", "/challenge/{id}/renew", Class::Ask),
    ("POST", "/challenge/{id}/cancel", Class::Form),
    ("GET", "/account", Class::Page),
    ("GET", "/account/export", Class::Page),
    ("POST", "/account/export", Class::Password),
    ("POST", "/account/export/download", Class::Form),
    ("GET", "/account/delete", Class::Page),
    ("POST", "/account/delete", Class::Password),
    ("POST", "/account/delete/cancel", Class::Form),
    ("GET", "/deletion/cancel/{token}", Class::Page),
    ("POST", "/deletion/cancel/{token}", Class::Form),
    ("GET", "/account/person", Class::Page),
    ("POST", "/account/person", Class::Form),
    ("POST", "/account/person/language", Class::Form),
    ("GET", "/account/sessions", Class::Page),
    ("POST", "/account/sessions/end", Class::Form),
    ("POST", "/account/sessions/end-others", Class::Form),
    ("GET", "/account/devices", Class::Page),
    ("POST", "/account/devices/add", Class::Ask),
    ("GET", "/account/history", Class::Page),
    ("GET", "/account/history.csv", Class::Page),
    ("POST", "/account/devices/rename", Class::Form),
    ("POST", "/account/devices/remove", Class::Ask),
    ("POST", "/account/devices/unblock", Class::Ask),
    ("GET", "/account/devices/{dev}/pin", Class::Page),
    ("GET", "/account/devices/{dev}/pin/state", Class::Poll),
    ("GET", "/account/enrolments/{id}", Class::Page),
    ("GET", "/account/enrolments/{id}/state", Class::Poll),
    ("GET", "/account/enrolments/{id}/code.png", Class::Page),
    ("GET", "/account/enrolments/{id}/link", Class::Page),
    ("POST", "/account/enrolments/{id}/code", Class::Form),
    ("POST", "/account/enrolments/{id}/pin", Class::Form),
    ("POST", "/account/enrolments/{id}/phone", Class::Ask),
    ("GET", "/account/transactions", Class::Page),
    ("GET", "/account/transactions/{operation}", Class::Page),
    ("POST", "/account/transactions/{operation}", Class::Ask),
    ("GET", "/account/transactions/done/{id}", Class::Page),
    ("GET", "/cas/login", Class::Form),
    ("POST", "/cas/login", Class::Form),
    ("GET", "/cas/logout", Class::Form),
    ("POST", "/cas/logout", Class::Form),
    ("GET", "/oidc/authorize", Class::Form),
    ("POST", "/oidc/authorize", Class::Form),
    ("GET", "/oidc/logout", Class::Form),
    ("POST", "/oidc/logout", Class::Form),
    ("POST", "/oidc/logout/yes", Class::Form),
    ("GET", "/.well-known/openid-configuration", Class::Relying),
    ("GET", "/oidc/keys", Class::Relying),
    ("POST", "/oidc/token", Class::Relying),
    ("POST", "/oidc/revoke", Class::Relying),
    ("GET", "/oidc/userinfo", Class::Relying),
    ("POST", "/oidc/userinfo", Class::Relying),
    ("GET", "/enter", Class::Page),
    ("GET", "/enter/{id}", Class::Form),
    ("POST", "/enter/password", Class::Password),
    ("POST", "/enter/app", Class::Ask),
    ("POST", "/enter/code", Class::Ask),
    ("POST", "/enter/stop", Class::Form),
    ("GET", "/cas/validate", Class::Relying),
    ("GET", "/cas/serviceValidate", Class::Relying),
    ("GET", "/cas/proxyValidate", Class::Relying),
    ("GET", "/cas/p3/serviceValidate", Class::Relying),
    ("GET", "/cas/p3/proxyValidate", Class::Relying),
    ("GET", "/cas/laxValidate", Class::Relying),
    ("GET", "/cas/strictValidate", Class::Relying),
    ("GET", "/cas/proxy", Class::Relying),
    ("GET", "/static/{folder}/{name}", Class::Asset),
    ("GET", "/favicon.ico", Class::Asset),
    ("GET", "/robots.txt", Class::Asset),
    ("GET", "/.well-known/security.txt", Class::Asset),
    ("GET", "/.well-known/change-password", Class::Page),
];

#[cfg(test)]
#[path = "classes_tests.rs"]
mod tests;
