//! What a page says of the browser for which it asks for a challenge, and where that is shown.

use axum::{
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::id::ChallengeId;

use super::{PageError, visitor};
use crate::{app::App, base::hex, flow::issue::Asking, security, store::Session};

/// The page of a challenge.
pub(super) fn to(id: ChallengeId) -> Response {
    Redirect::to(&format!("/challenge/{}", hex::encode(&id.0))).into_response()
}

/// The browser of these headers, which asks in this session.
pub(super) async fn asking<'a>(
    app: &App,
    session: &'a Session,
    headers: &HeaderMap,
) -> Result<Asking<'a>, PageError> {
    Ok(Asking {
        session,
        context: security::caller().context(),
        mark: visitor::known_mark(app, headers, session.account).await?,
    })
}
