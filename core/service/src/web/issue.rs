//! What a page says of the browser for which it asks for a challenge, and where that is shown.

use axum::{
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{
    challenge::{Browser, Context, System},
    id::ChallengeId,
};

use super::{PageError, visitor};
use crate::{app::App, base::hex, flow::issue::Asking, store::Session};

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
        context: context(headers),
        mark: visitor::known_mark(app, headers, session.account).await?,
    })
}

/// What a phone shows of the browser that asks: from closed lists, never the text that the browser
/// sends.
pub(super) fn context(headers: &HeaderMap) -> Context {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let has = |name: &str| agent.contains(name);
    // Every browser also names those that it imitates, so the order matters.
    let browser = match () {
        () if has("SamsungBrowser/") => Browser::SamsungInternet,
        () if has("Edg") => Browser::Edge,
        () if has("OPR/") => Browser::Opera,
        () if has("Firefox/") || has("FxiOS/") => Browser::Firefox,
        () if has("Chrome/") || has("CriOS/") => Browser::Chrome,
        () if has("Safari/") => Browser::Safari,
        () if agent.is_empty() => Browser::Unknown,
        () => Browser::Program,
    };
    let system = match () {
        () if has("iPhone") || has("iPad") => System::Ios,
        () if has("Android") => System::Android,
        () if has("CrOS") => System::ChromeOs,
        () if has("Windows") => System::Windows,
        () if has("Mac OS X") => System::MacOs,
        () if has("Linux") => System::Linux,
        () => System::Unknown,
    };
    Context {
        browser,
        system,
        place: *b"ZZ",
    }
}
