//! What the service keeps of people, why, and for how long.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::context;

use super::{error::PageError, visitor::Visitor};
use crate::{app::App, policy};

/// The page's own address.
pub(crate) const PRIVACY: &str = "/privacy";

/// `GET /privacy`: the statement, or the operator's own.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    if app.privacy_page != PRIVACY {
        return Ok(Redirect::to(&app.privacy_page).into_response());
    }
    let days = |seconds: u64| seconds.div_ceil(policy::DAY);
    let values = context! {
        hours => app.kept.unanswered / policy::HOUR,
        approvals => days(app.kept.approvals),
        events => days(app.kept.events),
        backups => days(app.backup_seconds),
        browsers => days(policy::KNOWN_BROWSER_SECONDS),
        mail => days(policy::DELIVERY_SECONDS + policy::DEAD_DELIVERY_SECONDS),
    };
    app.pages.show("privacy.html", &visitor, values)
}
