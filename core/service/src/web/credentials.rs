//! The password: changed by somebody who knows it, and replaced when it is forgotten.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{
    challenge::{Purpose, Subject},
    id::AccountId,
};
use minijinja::context;
use serde::Deserialize;

use super::{
    PageError, issue,
    links::{self, Whose},
    passwords::{Checked, check},
    sign_in::{approving, listed, pick, usable},
    visitor::{Posted, Visitor},
};
use crate::{
    api::account_label,
    app::App,
    base::email::Email,
    edge::Source,
    password::{self, Password},
    policy::changes::{Change, Proof, Refused, needs},
    store::{Account, AskedLink, LinkKind, Method, NewPassword, PasswordSet, Session, Share},
};

/// What a page about passwords says: its template, and what went wrong.
struct Shown<'a> {
    template: &'static str,
    status: StatusCode,
    errors: Vec<&'a str>,
}

impl Shown<'_> {
    const fn of(template: &'static str) -> Self {
        Self {
            template,
            status: StatusCode::OK,
            errors: Vec::new(),
        }
    }
}

async fn show(
    app: &App,
    visitor: &Visitor,
    account: AccountId,
    shown: Shown<'_>,
) -> Result<Response, PageError> {
    let devices = usable(app, account).await?;
    let values = context! { errors => shown.errors, approving => listed(&approving(&devices)) };
    app.pages
        .refuse(shown.status, shown.template, visitor, values)
}

async fn account_of(app: &App, session: &Session) -> Result<Account, PageError> {
    let account = app.store().account(session.account).await?;
    account.ok_or(PageError::SignInFirst)
}

/// The sealed hash of a new password.
pub(super) async fn sealed(
    app: &App,
    source: Source,
    account: AccountId,
    password: Password,
) -> Result<String, PageError> {
    let place = app.passwords.place(source).await?;
    let hash = app.passwords.hash(&place, password).await?;
    Ok(password::seal(&app.root.sealing, account, &hash)?)
}

/// Why a new password of this account is not taken.
pub(super) fn refused(account: &Account, new: &Password, again: &Password) -> Vec<&'static str> {
    let own = [
        account.first_name.as_str(),
        account.last_name.as_str(),
        account.email.as_str(),
    ];
    new.is_refused(again, &own)
}

/// Asks a device for the approval of a new password.
async fn ask(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    account: &Account,
    with: Option<&str>,
    sealed: String,
    template: &'static str,
) -> Result<Response, PageError> {
    let refuse = |error| Shown {
        template,
        status: StatusCode::CONFLICT,
        errors: vec![error],
    };
    let devices = usable(app, account.acc).await?;
    let Some(with) = pick(&approving(&devices), with) else {
        return show(app, visitor, account.acc, refuse("devices_error_with")).await;
    };
    let subject = Some(Subject::Account(account_label(account)));
    let purpose = Purpose::ChangePassword;
    let session = visitor.any()?;
    match issue::approval(app, session, headers, purpose, with, subject, sealed).await? {
        Ok(id) => Ok(issue::to(id)),
        Err(error) => show(app, visitor, account.acc, refuse(error)).await,
    }
}

const CHANGE: &str = "change_password.html";

/// `GET /account/password`.
pub(super) async fn change_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let account = visitor.signed_in()?.account;
    show(&app, &visitor, account, Shown::of(CHANGE)).await
}

#[derive(Deserialize)]
pub(super) struct ChangePassword {
    old: Password,
    password: Password,
    password_again: Password,
    with: Option<String>,
}

/// `POST /account/password`.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<ChangePassword>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let session = visitor.signed_in()?;
    let account = account_of(&app, session).await?;
    let refuse = |status, errors| {
        let shown = Shown {
            template: CHANGE,
            status,
            errors,
        };
        show(&app, &visitor, account.acc, shown)
    };
    let facts = app.store().facts(account.acc, app.now()).await?;
    let proof = match needs(Change::Password, &facts) {
        Ok(proof) => proof,
        Err(refused) => return refuse(StatusCode::CONFLICT, vec![refused.text()]).await,
    };
    let errors = refused(&account, &form.password, &form.password_again);
    if !errors.is_empty() {
        return refuse(StatusCode::BAD_REQUEST, errors).await;
    }
    match check(&app, source, Share::Known, &account.email, form.old).await? {
        Checked::Right(right) if right.acc == account.acc => {}
        Checked::Closed => {
            return refuse(StatusCode::TOO_MANY_REQUESTS, vec!["password_error_closed"]).await;
        }
        Checked::Right(_) | Checked::Wrong => {
            return refuse(StatusCode::UNAUTHORIZED, vec!["password_error_old"]).await;
        }
    }
    let sealed = sealed(&app, source, account.acc, form.password).await?;
    if proof != Proof::Password {
        let with = form.with.as_deref();
        return ask(&app, &visitor, &headers, &account, with, sealed, CHANGE).await;
    }
    let new = NewPassword {
        sealed,
        how: PasswordSet::ChangedAlone,
        keep: Some(session.hash),
        known: visitor.known_mark(),
    };
    match app
        .store()
        .change_password(account.acc, new, app.now())
        .await?
    {
        Ok(()) => Ok(Redirect::to("/account").into_response()),
        Err(refused) => refuse(StatusCode::CONFLICT, vec![refused.text()]).await,
    }
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

/// The page of the change that the policy refused after its approval.
pub(super) async fn refuse(
    app: &App,
    visitor: &Visitor,
    refused: Refused,
) -> Result<Response, PageError> {
    let session = visitor.any()?;
    let shown = Shown {
        template: if session.signed_in { CHANGE } else { NEW },
        status: StatusCode::CONFLICT,
        errors: vec![refused.text()],
    };
    show(app, visitor, session.account, shown).await
}

/// Where the browser goes when its approval was collected.
pub(super) fn done(session: &Session) -> Response {
    Redirect::to(match session.signed_in {
        true => "/account",
        false => "/password/done",
    })
    .into_response()
}

/// `GET /password/forgotten`.
pub(super) async fn forgotten_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    app.pages.show("forgotten.html", &visitor, context! {})
}

#[derive(Deserialize)]
pub(super) struct Forgotten {
    email: String,
}

/// `POST /password/forgotten`: the answer is the same whether or not the address has an account,
/// and however that stands.
pub(super) async fn forgotten(
    State(app): State<Arc<App>>,
    posted: Posted<Forgotten>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let Ok(email) = Email::parse(&form.email) else {
        let values = context! { email => form.email, error => "error_email" };
        let status = StatusCode::BAD_REQUEST;
        return app.pages.refuse(status, "forgotten.html", &visitor, values);
    };
    let account = app.store().account_by_email(&email).await?;
    let kind = match &account {
        None => LinkKind::Nobody,
        Some(account) => {
            let facts = app.store().facts(account.acc, app.now()).await?;
            match needs(Change::ForgottenPassword, &facts) {
                Ok(_) => LinkKind::Reset,
                Err(_) => LinkKind::ResetRefused,
            }
        }
    };
    let whose = Whose {
        account: account.map(|account| account.acc),
        session: None,
    };
    match links::ask(&app, kind, &email, whose, &()).await? {
        AskedLink::Due | AskedLink::Enough => {
            let values = context! { email => email.as_str(), what => "forgotten_sent" };
            app.pages.show("link_sent.html", &visitor, values)
        }
        AskedLink::Busy => Err(PageError::Busy),
    }
}

/// `GET /password/forgotten/{token}`.
pub(super) async fn reset_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    match links::find(&app, LinkKind::Reset, &token).await? {
        Some(link) => {
            let values = context! {
                what => "reset_confirm", action => format!("/password/forgotten/{token}"),
                email => link.address.as_str(),
            };
            app.pages.show("link_confirm.html", &visitor, values)
        }
        None => links::over(&app, &visitor, "forgotten_title", "/password/forgotten"),
    }
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

/// `POST /password/forgotten/{token}`: opens the session in which the password is replaced.
pub(super) async fn reset(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let link = links::find(&app, LinkKind::Reset, &token).await?;
    if let Some(link) = link
        && let Some(account) = link.account
    {
        let opening = visitor.opening(&app, account, Method::Link)?;
        let entry = opening.entry.clone();
        if app.store().open_reset(link.id, entry, app.now()).await? {
            return Ok(opening.go("/password/new"));
        }
    }
    links::over(&app, &visitor, "forgotten_title", "/password/forgotten")
}

const NEW: &str = "new_password.html";

/// The session that a link opened to replace a password.
fn by_link(visitor: &Visitor) -> Result<&Session, PageError> {
    visitor
        .any()
        .ok()
        .filter(|session| !session.signed_in && session.proved(Method::Link).is_some())
        .ok_or(PageError::SignInFirst)
}

/// `GET /password/new`.
pub(super) async fn new_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let account = by_link(&visitor)?.account;
    show(&app, &visitor, account, Shown::of(NEW)).await
}

#[derive(Deserialize)]
pub(super) struct New {
    password: Password,
    password_again: Password,
    with: Option<String>,
}

/// `POST /password/new`.
pub(super) async fn new(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<New>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    let session = by_link(&visitor)?;
    let account = account_of(&app, session).await?;
    let refuse = |status, errors| {
        let shown = Shown {
            template: NEW,
            status,
            errors,
        };
        show(&app, &visitor, account.acc, shown)
    };
    let facts = app.store().facts(account.acc, app.now()).await?;
    let proof = match needs(Change::ForgottenPassword, &facts) {
        Ok(proof) => proof,
        Err(refused) => return refuse(StatusCode::CONFLICT, vec![refused.text()]).await,
    };
    let errors = refused(&account, &form.password, &form.password_again);
    if !errors.is_empty() {
        return refuse(StatusCode::BAD_REQUEST, errors).await;
    }
    let sealed = sealed(&app, source, account.acc, form.password).await?;
    if proof != Proof::Link {
        let with = form.with.as_deref();
        return ask(&app, &visitor, &headers, &account, with, sealed, NEW).await;
    }
    let new = NewPassword {
        sealed,
        how: PasswordSet::ByLink,
        keep: None,
        known: None,
    };
    match app
        .store()
        .reset_password(account.acc, new, app.now())
        .await?
    {
        Ok(()) => Ok(Redirect::to("/password/done").into_response()),
        Err(refused) => refuse(StatusCode::CONFLICT, vec![refused.text()]).await,
    }
}

/// `GET /password/done`.
pub(super) async fn new_done(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    app.pages.show("password_done.html", &visitor, context! {})
}
