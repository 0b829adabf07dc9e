//! The account's first page: what there is of it, and where each part is changed.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use minijinja::context;

use super::{
    error::PageError,
    events,
    visitor::{Visitor, account_of},
};
use crate::{app::App, base::person};

/// Events on the page, at most.
const SHOWN: u32 = 5;

/// `GET /account`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let session = visitor.signed_in()?;
    let account = account_of(&app, session).await?;
    let events = app.store.events(session.account, SHOWN).await?;
    let sessions = app.store.sessions(session.account, app.clock.now()).await?;
    let entered = app.store.entered(session.account).await?;
    let entered: Vec<_> = entered
        .iter()
        .map(|entered| context! { service => entered.service, at => entered.at })
        .collect();
    let values = context! {
        name => person::whole(&account.first_name, &account.last_name), email => account.email.as_str(),
        strength => session.last_method().name(), mails => account.language.own_name(),
        devices => app.store.devices(session.account).await?.len(), sessions => sessions.len(),
        events => events::listed(&app, visitor.lang, &events)?, entered,
        due_at => app.store.standing(session.account).await?.deletion.map(|waits| waits.due_at),
        kept => session.kept_account,
    };
    app.pages.show("account.html", &visitor, values)
}
