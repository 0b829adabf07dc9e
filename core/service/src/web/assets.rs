//! Style, scripts and pictures, and the files that browsers and search engines look for by name.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};

use super::error::PageError;
use crate::{
    app::App,
    base::{lang::Lang, time::rfc3339},
};

/// For how long a `security.txt` holds; RFC 9116 advises less than a year.
const SECURITY_TEXT_SECONDS: u64 = 90 * 24 * 3600;

/// `GET /static/{folder}/{name}`: a file that never changes. A browser that has an older page gets
/// nothing, rather than a file that doesn't fit it.
pub(super) async fn file(
    State(app): State<Arc<App>>,
    Path((folder, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let file = app.pages.files.get(&folder, &name);
    let file = file.ok_or(PageError::NotFound)?;
    let (body, encoding) = match &file.gzip {
        Some(gzip) if takes_gzip(&headers) => (gzip, Some("gzip")),
        _ => (&file.plain, None),
    };
    let mut response = kept(
        file.media,
        body.clone(),
        "public, max-age=31536000, immutable",
    );
    let headers = response.headers_mut();
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    Ok(response)
}

/// Whether the browser takes gzip: it names it, and not with a quality of zero.
fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
            let quality = quality.trim().strip_prefix("q=").map(str::parse::<f32>);
            name.trim().eq_ignore_ascii_case("gzip") && !matches!(quality, Some(Ok(0.0) | Err(_)))
        })
}

/// `GET /favicon.ico`.
pub(super) async fn favicon(State(app): State<Arc<App>>) -> Response {
    let icon = app.pages.files.favicon.clone();
    kept("image/x-icon", icon, "public, max-age=86400")
}

/// `GET /robots.txt`: nothing here is for search engines.
pub(super) async fn robots() -> Response {
    let text = b"User-agent: *\nDisallow: /\n".to_vec();
    kept("text/plain; charset=utf-8", text, "public, max-age=86400")
}

/// `GET /.well-known/security.txt` (RFC 9116), where the operator gave a contact.
pub(super) async fn security_text(State(app): State<Arc<App>>) -> Result<Response, PageError> {
    let contact = app.pages.brand.security_contact.as_deref();
    let contact = contact.ok_or(PageError::NotFound)?;
    let expires = rfc3339(app.clock.now() + SECURITY_TEXT_SECONDS);
    let languages: Vec<_> = Lang::ALL.iter().map(|lang| lang.code()).collect();
    let text = format!(
        "Contact: {contact}\nExpires: {expires}\nPreferred-Languages: {}\nCanonical: {}/.well-known/security.txt\n",
        languages.join(", "),
        app.origin.as_str(),
    );
    let media = "text/plain; charset=utf-8";
    Ok(kept(media, text.into_bytes(), "public, max-age=86400"))
}

/// `GET /.well-known/change-password`, by which password managers find the form (W3C, A Well-Known
/// URL for Changing Passwords).
pub(super) async fn change_password() -> Redirect {
    Redirect::to("/account/password")
}

fn kept(media: &'static str, body: Vec<u8>, how: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, how)];
    (headers, body).into_response()
}
