//! Links of the app: what tells Android and iOS that they belong to it, and the page that they show
//! where it is not installed.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
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

/// `GET /Q/...`: the page that a link or QR code of the service opens on a phone without the app.
/// It reads nothing of the address.
pub(super) async fn landing(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let values = context! { stores => app.apps.stores() };
    app.pages.show("landing.html", &visitor, values)
}
