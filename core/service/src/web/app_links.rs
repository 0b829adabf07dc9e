//! Links of the app: what tells Android and iOS that they belong to it, and the page that they show
//! where it is not installed.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use countersign_protocol::link::LONGEST_LINK;
use minijinja::context;
use serde_json::Value;

use super::{PageError, visitor::Visitor};
use crate::app::App;

/// `GET /.well-known/assetlinks.json`.
pub(super) async fn android(State(app): State<Arc<App>>) -> Result<Response, PageError> {
    statement(app.apps.asset_links())
}

/// `GET /.well-known/apple-app-site-association`.
pub(super) async fn ios(State(app): State<Arc<App>>) -> Result<Response, PageError> {
    statement(app.apps.site_association())
}

/// A statement as the systems fetch it: JSON, without a redirect and without a cookie.
fn statement(statement: Option<Value>) -> Result<Response, PageError> {
    let json = statement.map(|statement| Json(statement).into_response());
    json.ok_or(PageError::NotFound)
}

/// `GET /Q/...`: the page that a link or QR code of the service opens where the app did not. QR
/// codes are in upper case, which Android's camera may pass on as it is, while it gives the app
/// its links by scheme and host in lower case: the page has the link written so. It reads nothing
/// else of the address, and does nothing with it.
pub(super) async fn landing(
    State(app): State<Arc<App>>,
    Path(message): Path<String>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let link = format!("{}/Q/{message}", app.origin.as_str());
    let link = (link.len() <= LONGEST_LINK && is_base32(&message)).then_some(link);
    let values = context! { link, stores => app.apps.stores() };
    app.pages.show("landing.html", &visitor, values)
}

/// Whether a text has the letters of a message in a link (RFC 4648 section 6, without padding).
fn is_base32(text: &str) -> bool {
    let known = |letter| matches!(letter, b'A'..=b'Z' | b'2'..=b'7');
    !text.is_empty() && text.bytes().all(known)
}
