//! The events of an account as texts.

use minijinja::{Value, context};

use super::{error::PageError, visitor::Visitor};
use crate::{app::App, base::lang::Lang, store::AccountEvent};

/// The newest events as a template's list.
pub(super) async fn listed(
    app: &App,
    visitor: &Visitor,
    at_most: u32,
) -> Result<Vec<Value>, PageError> {
    let events = app.store.events(visitor.signed_in()?.account, at_most);
    let mut listed = Vec::new();
    for event in events.await? {
        let text = text(app, visitor.lang, &event)?;
        listed.push(context! { at => event.at, text });
    }
    Ok(listed)
}

/// The text of an event.
pub(super) fn text(app: &App, lang: Lang, event: &AccountEvent) -> Result<String, PageError> {
    let text = app.pages.texts.event(lang, &event.what, &event.detail);
    text.ok_or_else(|| PageError::Broken(format!("no text for the event {}", event.what)))
}
