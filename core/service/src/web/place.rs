//! Where a request goes: pages are at the service's origin alone, and an address to which only
//! forms are sent leads a person who types it to its page.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use super::{error::PageError, visitor::Visitor};
use crate::app::App;

/// A request with a method that its address does not have. Who loads an address that a form was
/// sent to gets the page that the form is on: the one above it, as in `/account/devices/add`.
pub(super) async fn other_method(_: Visitor, method: Method, uri: Uri) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        return PageError::OtherMethod.into_response();
    }
    let above = uri.path().rsplit_once('/').map(|(above, _)| above);
    let above = above.filter(|above| !above.is_empty()).unwrap_or("/");
    Redirect::to(above).into_response()
}

/// Middleware: a page that was asked for by another name of this computer is loaded from the
/// origin, and nothing else is done there. Cookies, phones and the owner's eyes know the origin
/// alone; another name may be one that somebody else has pointed here.
pub(super) async fn at_origin(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    if is_ours(app.origin.authority(), request.headers(), request.uri()) {
        return next.run(request).await;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return PageError::OtherHost.into_response();
    }
    let path = request.uri().path_and_query().map_or("/", |to| to.as_str());
    Redirect::temporary(&format!("{}{path}", app.origin)).into_response()
}

/// Whether a request names this authority, or is on one computer with it under any of its names.
fn is_ours(ours: &str, headers: &HeaderMap, uri: &Uri) -> bool {
    let mut named = headers.get_all(header::HOST).iter();
    let named = match (uri.authority(), named.next(), named.next()) {
        (Some(authority), ..) => authority.as_str(),
        (None, Some(one), None) => one.to_str().unwrap_or_default(),
        _ => return false,
    };
    let loopback = |authority: &str| {
        let authority = authority.parse::<Authority>().ok();
        authority.is_some_and(|it| matches!(it.host(), "localhost" | "127.0.0.1" | "[::1]"))
    };
    named.eq_ignore_ascii_case(ours) || loopback(ours) && loopback(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_origin_and_the_names_of_one_computer_are_ours() {
        let named = |ours: &str, host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            is_ours(ours, &headers, &Uri::from_static("/sign-in"))
        };
        for (ours, host) in [
            ("sign.example.eu", "sign.example.eu"),
            ("sign.example.eu", "Sign.Example.EU"),
            ("localhost:8800", "127.0.0.1:8800"),
            ("127.0.0.1:8800", "[::1]"),
        ] {
            assert!(named(ours, host), "{host}");
        }
        for (ours, host) in [
            ("sign.example.eu", "sign.example.eu:8443"),
            ("sign.example.eu", "sign.example.eu.evil.example"),
            ("sign.example.eu", "evil@sign.example.eu"),
            ("sign.example.eu", "localhost"),
            ("sign.example.eu", ""),
            ("localhost:8800", "evil.example"),
            ("localhost:8800", "localhost.evil.example"),
            ("localhost:8800", "evil.example@"),
        ] {
            assert!(!named(ours, host), "{host}");
        }
        assert!(!is_ours(
            "sign.example.eu",
            &HeaderMap::new(),
            &Uri::from_static("/")
        ));
        let mut two = HeaderMap::new();
        two.append(header::HOST, "sign.example.eu".parse().unwrap());
        two.append(header::HOST, "evil.example".parse().unwrap());
        assert!(!is_ours("sign.example.eu", &two, &Uri::from_static("/")));
    }
}
