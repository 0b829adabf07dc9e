//! Whether a browser says that it is a phone's. Only an offer on a page hangs on it, never a
//! decision: the way that is offered works in every browser.

use axum::http::{HeaderMap, HeaderName, header};
use countersign_protocol::challenge::System;

use crate::base::agent::Agent;

/// By the client hint where the browser sends it (Chromium), else by the system that it names. A
/// tablet that asks for pages as a desktop does looks like one: its person scans the QR code, as on
/// any desktop.
pub(super) fn is_phone(headers: &HeaderMap) -> bool {
    let hint = headers.get(HeaderName::from_static("sec-ch-ua-mobile"));
    let agent = headers.get(header::USER_AGENT);
    let agent = Agent::of(agent.map_or(&[], |agent| agent.as_bytes()));
    hint.is_some_and(|hint| hint == "?1") || matches!(agent.system, System::Android | System::Ios)
}
