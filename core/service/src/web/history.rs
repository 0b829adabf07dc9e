//! The history of an account, as a page and as a table to export.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::{Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use minijinja::context;
use serde::Deserialize;

use super::{error::PageError, events, visitor::Visitor};
use crate::{
    app::App,
    base::{month::Month, time::rfc3339},
    security::By,
};

/// Events on a page, at most.
const SHOWN: u64 = 50;
/// Events in an export, at most.
const EXPORTED: u32 = 100_000;

#[derive(Deserialize)]
pub(super) struct Which {
    month: Option<String>,
    page: Option<String>,
}

/// `GET /account/history` (`month`, as in `2026-12`, and `page`, from 1; both optional).
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Query(which): Query<Which>,
) -> Result<Response, PageError> {
    let account = visitor.signed_in()?.account;
    let now = Month::of(app.clock.now());
    let month = match which.month.as_deref().map(Month::parse) {
        None => now,
        Some(Some(month)) => month.min(now),
        Some(None) => return Err(PageError::NotFound),
    };
    let page: u64 = match which.page.as_deref().map(str::parse) {
        None => 1,
        Some(Ok(page @ 1..=1_000_000)) => page,
        Some(_) => return Err(PageError::NotFound),
    };
    let (from, to) = (month.begin(), month.next().begin());
    let skip = (page - 1) * SHOWN;
    let found = app.store.events_between(account, (from, to), skip, SHOWN);
    let (events, count) = found.await?;
    let first = app.store.first_event(account).await?;
    let earlier = first.is_some_and(|first| first < from);
    let values = context! {
        events => events::listed(&app, visitor.lang, &events)?,
        year => month.year().to_string(), month => month.number(), code => month.code(),
        earlier => earlier.then(|| month.previous().code()),
        later => (month < now).then(|| month.next().code()),
        page, pages => count.div_ceil(SHOWN).max(1),
    };
    app.pages.show("history.html", &visitor, values)
}

/// `GET /account/history.csv` (RFC 4180): times in UTC, the kind of event and what caused it for
/// programs, the place, and the text for people.
pub(super) async fn csv(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let account = visitor.signed_in()?.account;
    let mut out = String::from("time,event,by,place,text\r\n");
    for event in app.store.events(account, EXPORTED).await? {
        let cells = [
            rfc3339(event.at),
            event.what.clone(),
            cell(&event.caller.by.as_ref().map(By::code).unwrap_or_default()),
            cell(event.caller.place.as_deref().unwrap_or_default()),
            cell(&events::text(&app, visitor.lang, &event)?),
        ];
        let _ = write!(out, "{}\r\n", cells.join(","));
    }
    let headers = [
        (
            header::CONTENT_TYPE,
            "text/csv; charset=utf-8; header=present",
        ),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"history.csv\"",
        ),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)));
    Ok((headers, out).into_response())
}

/// Text as one cell, quoted. Spreadsheets read text that begins with certain characters as a
/// formula, which a device's name must not become.
fn cell(text: &str) -> String {
    let mark = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_any_text_and_is_no_formula() {
        for (text, written) in [
            ("Device added: My phone", "\"Device added: My phone\""),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
            ("=HYPERLINK(1)", "\"'=HYPERLINK(1)\""),
            ("", "\"\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
