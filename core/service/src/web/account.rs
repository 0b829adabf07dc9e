//! The account's first page.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use minijinja::context;

use super::{
    error::PageError,
    events,
    visitor::{Visitor, account_of},
};
use crate::{app::App, base::person};

/// `GET /account`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let session = visitor.signed_in()?;
    let account = account_of(&app, session).await?;
    let events = events::listed(&app, &visitor, 20).await?;
    let devices = app.store.devices(session.account).await?.len();
    let values = context! {
        name => person::whole(&account.first_name, &account.last_name), email => account.email.as_str(),
        strength => session.last_method().name(), events, devices,
    };
    app.pages.show("account.html", &visitor, values)
}
