//! The pages on which a person exports their data and deletes their account. They are also where
//! the policy's refusal of either is shown, after its proof.

use axum::response::Response;
use minijinja::context;

use super::{
    choice::{approving, listed, usable},
    error::{PageError, Refusal},
    visitor::{Visitor, account_of},
};
use crate::{
    app::App,
    base::random,
    policy::{
        self,
        changes::{Change, Proof, Refused, needs},
    },
    store::{Account, Deletion},
};

/// One of the two pages.
#[derive(Clone, Copy)]
pub(super) enum OwnData {
    /// The export.
    Export,
    /// The deletion.
    Delete,
}

impl OwnData {
    /// Its path.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Export => "/account/export",
            Self::Delete => "/account/delete",
        }
    }

    /// The page.
    pub(super) async fn show(
        self,
        app: &App,
        visitor: &Visitor,
        refusal: Option<Refusal>,
    ) -> Result<Response, PageError> {
        let session = visitor.signed_in()?;
        let account = account_of(app, session).await?;
        let now = app.clock.now();
        let (template, change) = match self {
            Self::Export => ("export.html", Change::Export),
            Self::Delete => ("delete.html", Change::Delete),
        };
        let needed = needs(change, &app.store.facts(account.acc, now).await?);
        let devices = usable(app, account.acc).await?;
        let deletion = app.store.standing(account.acc).await?.deletion;
        let until = session.export_until.filter(|until| *until > now);
        let (status, error) = Refusal::parts(refusal);
        let values = context! {
            error, email => account.email.as_str(), approving => listed(&approving(&devices)),
            password => matches!(needed, Ok(Proof::Password | Proof::PasswordAndLink)),
            link => needed == Ok(Proof::PasswordAndLink), refused => needed.err().map(Refused::text),
            days => app.deletion_days, due_at => deletion.map(|deletion| deletion.due_at),
            until, minutes => policy::EXPORT_SECONDS / 60,
        };
        app.pages.refuse(status, template, visitor, values)
    }

    /// The page, with why the policy refuses.
    pub(super) async fn refuse(
        self,
        app: &App,
        visitor: &Visitor,
        refused: Refused,
    ) -> Result<Response, PageError> {
        self.show(app, visitor, Some(refused.into())).await
    }
}

/// A deletion that is to be asked for. It waits for as many days as the service is set to.
pub(super) fn new_deletion(app: &App, account: &Account) -> Result<Deletion, PageError> {
    Ok(Deletion {
        id: random::bytes()?,
        account: account.acc,
        due_at: app.clock.now() + u64::from(app.deletion_days) * policy::DAY,
    })
}
