//! The pages on which a new password is typed, and how it is set.

use axum::{
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{
    challenge::{Purpose, Subject},
    id::AccountId,
};
use minijinja::context;

use super::{
    choice::{self, approving, listed, usable},
    error::{NotDone, PageError, Refusal},
    prove::{self, Approval},
    told::Told,
    visitor::Visitor,
};
use crate::{
    app::App,
    flow::claim::account_label,
    policy::changes::Refused,
    store::{Account, NewPassword, PasswordSet, Session},
};

/// The template of the page for someone who knows the old password.
pub(super) const CHANGE: &str = "change_password.html";
/// The template of the page for someone who forgot it and came by a mailed link.
pub(super) const FORGOTTEN: &str = "new_password.html";

/// The page, with the text keys of what is wrong.
pub(super) async fn show(
    app: &App,
    visitor: &Visitor,
    account: AccountId,
    template: &'static str,
    (status, errors): (StatusCode, Vec<&str>),
) -> Result<Response, PageError> {
    let devices = usable(app, account).await?;
    let values = context! { errors, approving => listed(&approving(&devices)) };
    app.pages.refuse(status, template, visitor, values)
}

/// The page, with a refusal.
pub(super) async fn show_refusal(
    app: &App,
    visitor: &Visitor,
    account: AccountId,
    template: &'static str,
    Refusal { status, text }: Refusal,
) -> Result<Response, PageError> {
    show(app, visitor, account, template, (status, vec![text])).await
}

/// Asks a device for the approval of a new password.
pub(super) async fn approval(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    account: &Account,
    with: Option<&str>,
    sealed: String,
) -> Result<Response, NotDone> {
    let asked = Approval {
        purpose: Purpose::ChangePassword,
        dev: choice::approver(app, account.acc, with).await?,
        subject: Some(Subject::Account(account_label(account))),
        payload: sealed,
    };
    prove::approval(app, session, headers, asked).await
}

/// The new password of an approval that is collected.
pub(super) fn approved(visitor: &Visitor, session: &Session, sealed: String) -> NewPassword {
    let (how, keep) = match session.signed_in {
        true => (PasswordSet::Changed, Some(session.hash)),
        false => (PasswordSet::ByLinkAndApproval, None),
    };
    NewPassword {
        sealed,
        how,
        keep,
        known: visitor.known_mark(),
    }
}

/// The page of a change that the policy refused after its approval.
pub(super) async fn refuse(
    app: &App,
    visitor: &Visitor,
    refused: Refused,
) -> Result<Response, PageError> {
    let session = visitor.any()?;
    let template = match session.signed_in {
        true => CHANGE,
        false => FORGOTTEN,
    };
    show_refusal(app, visitor, session.account, template, refused.into()).await
}

/// Goes on when the approval was collected and the password is set.
pub(super) fn done(session: &Session, secure: bool) -> Response {
    match session.signed_in {
        true => Told::PasswordChanged.at("/account", secure),
        false => Redirect::to("/password/done").into_response(),
    }
}
