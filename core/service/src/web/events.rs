//! The events of an account as texts.

use minijinja::{Value, context};

use super::error::PageError;
use crate::{app::App, base::lang::Lang, security::Caller, store::AccountEvent};

/// Events as a template's list.
pub(super) fn listed(
    app: &App,
    lang: Lang,
    events: &[AccountEvent],
) -> Result<Vec<Value>, PageError> {
    let mut listed = Vec::new();
    for event in events {
        let (text, caller) = (text(app, lang, event)?, caller(app, lang, &event.caller)?);
        listed.push(context! { at => event.at, text, caller });
    }
    Ok(listed)
}

/// The text of an event.
pub(super) fn text(app: &App, lang: Lang, event: &AccountEvent) -> Result<String, PageError> {
    let text = app.pages.texts.event(lang, &event.what, &event.detail);
    text.ok_or_else(|| PageError::Broken(format!("no text for the event {}", event.what)))
}

/// Who caused something, as text; empty where nobody is known.
pub(super) fn caller(app: &App, lang: Lang, caller: &Caller) -> Result<String, PageError> {
    let text = app.pages.texts.caller(lang, caller);
    text.ok_or_else(|| PageError::Broken("no text for a caller".into()))
}
