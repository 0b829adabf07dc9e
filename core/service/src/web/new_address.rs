//! The page that changes the e-mail address, and the link to the new one.

use axum::response::Response;
use minijinja::context;

use super::{
    choice::{approving, listed, usable},
    error::{PageError, Refusal},
    links::{self, Whose},
    visitor::{Visitor, account_of},
};
use crate::{
    app::App,
    base::email::Email,
    policy::changes::{Change, Proof, Refused, needs},
    store::{Account, LinkKind, NewLink},
};

/// The page.
pub(super) async fn show(
    app: &App,
    visitor: &Visitor,
    refusal: Option<Refusal>,
) -> Result<Response, PageError> {
    let account = account_of(app, visitor.signed_in()?).await?;
    let facts = app.store.facts(account.acc, app.clock.now()).await?;
    let devices = usable(app, account.acc).await?;
    let (status, error) = Refusal::parts(refusal);
    let values = context! {
        error, email => account.email.as_str(), approving => listed(&approving(&devices)),
        password => needs(Change::Email, &facts) == Ok(Proof::PasswordAndLink),
        managed => needs(Change::Email, &facts) == Err(Refused::Managed),
    };
    app.pages
        .refuse(status, "change_email.html", visitor, values)
}

/// The page, with why the policy refuses the change.
pub(super) async fn refuse(
    app: &App,
    visitor: &Visitor,
    refused: Refused,
) -> Result<Response, PageError> {
    show(app, visitor, Some(refused.into())).await
}

/// The link to a new address, for the session that has proved the change.
pub(super) fn new_link(
    app: &App,
    visitor: &Visitor,
    account: &Account,
    address: &str,
) -> Result<NewLink, PageError> {
    let address = Email::parse(address).map_err(|_| PageError::NotFound)?;
    let whose = Whose {
        account: Some(account.acc),
        session: Some(visitor.signed_in()?.hash),
    };
    links::new(app, LinkKind::NewEmail, &address, whose, &())
}
