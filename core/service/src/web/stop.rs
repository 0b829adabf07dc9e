//! "STOP: delete all my devices", with the password; and the same by a mailed link, for an owner
//! whose guesses at the page of STOP were used up by strangers.

use std::sync::Arc;

use axum::{
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::id::AccountId;
use minijinja::context;
use serde::Deserialize;

use super::{
    error::{NotDone, PageError, Refusal},
    links::{self, Whose},
    passwords::{self, Typed},
    posted::Posted,
    prove, recovery_link,
    visitor::{Visitor, is_known},
};
use crate::{
    app::App,
    base::email::Email,
    edge::Source,
    password::Password,
    policy::changes::Change,
    store::{AccountKind, LinkKind, Share},
};

/// A page of STOP.
struct Page {
    /// The share of guesses that it has.
    share: Share,
    /// The account's address, as it was typed or as the link has it.
    email: String,
    /// The page's own address.
    action: String,
}

impl Page {
    fn is_by_link(&self) -> bool {
        self.share == Share::Link
    }

    fn show(
        &self,
        app: &App,
        visitor: &Visitor,
        refusal: Option<Refusal>,
    ) -> Result<Response, PageError> {
        let (status, error) = Refusal::parts(refusal);
        let values = context! {
            email => self.email, error, action => self.action, fixed => self.is_by_link(),
            hours => app.recovery_hours,
        };
        app.pages.refuse(status, "stop.html", visitor, values)
    }
}

/// `GET /stop`.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    let account = match visitor.signed_in() {
        Ok(session) => app.store.account(session.account).await?,
        Err(_) => None,
    };
    let email = account.map(|account| account.email.to_string());
    let page = Page {
        share: Share::Stop,
        email: email.unwrap_or_default(),
        action: "/stop".into(),
    };
    page.show(&app, &visitor, None)
}

#[derive(Deserialize)]
pub(super) struct Stop {
    email: String,
    password: Password,
    word: String,
}

/// `POST /stop`. It asks for no second factor, which may be the one that was lost.
pub(super) async fn stop(
    State(app): State<Arc<App>>,
    source: Source,
    posted: Posted<Stop>,
) -> Result<Response, PageError> {
    let Posted {
        visitor,
        headers,
        form,
    } = posted;
    // A browser that the account knows has guesses of its own, which strangers don't use up.
    let account = match Email::parse(&form.email) {
        Ok(email) => app.store.account_by_email(&email).await?,
        Err(_) => None,
    };
    let share = match account {
        Some(account) if is_at_home(&app, &visitor, &headers, account.acc).await? => Share::Known,
        _ => Share::Stop,
    };
    let page = Page {
        share,
        email: form.email,
        action: "/stop".into(),
    };
    press(&app, &visitor, source, &page, form.password, &form.word).await
}

/// Whether this browser is the account's: signed in to it, or known for it.
async fn is_at_home(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    account: AccountId,
) -> Result<bool, PageError> {
    let signed_in = visitor.signed_in();
    let own = signed_in.is_ok_and(|session| session.account == account);
    Ok(own || is_known(app, headers, account).await?)
}

async fn press(
    app: &App,
    visitor: &Visitor,
    source: Source,
    page: &Page,
    password: Password,
    word: &str,
) -> Result<Response, PageError> {
    match delete_factors(app, visitor, source, page, password, word).await {
        Ok(kind) => {
            let to = match kind {
                AccountKind::Own => "/stop/done",
                AccountKind::Staff => "/stop/done?staff",
            };
            let mut response = Redirect::to(to).into_response();
            visitor.leave(&mut response);
            Ok(response)
        }
        Err(not_done) => page.show(app, visitor, Some(not_done.refusal()?)),
    }
}

/// Deletes all factors, if password and word are right and the policy allows it. Answers whose
/// account it is.
async fn delete_factors(
    app: &App,
    visitor: &Visitor,
    source: Source,
    page: &Page,
    password: Password,
    word: &str,
) -> Result<AccountKind, NotDone> {
    // Without the word nothing is looked at, so that it costs no guess.
    let right = app
        .pages
        .texts
        .get(visitor.lang, "stop_word", &[])
        .unwrap_or_default();
    if word.trim().to_lowercase() != right.to_lowercase() {
        return Err(Refusal::form("stop_error_word").into());
    }
    let email = Email::parse(&page.email).map_err(|_| Refusal::form("error_email"))?;
    let typed = Typed {
        share: page.share,
        email: &email,
        password,
        wrong: "sign_in_error",
        closed: match page.is_by_link() {
            true => "recover_error_closed",
            false => "stop_error_closed",
        },
    };
    let account = passwords::right(app, source, typed).await?;
    prove::needed(app, account.acc, Change::Panic).await?;
    let new = recovery_link::new(app, &account, true)?;
    let devices = app.store.panic(new, app.clock.now()).await?;
    for dev in devices {
        app.waiting.wake(dev);
    }
    tracing::warn!(acc = %account.acc, "all factors of an account were deleted");
    Ok(account.kind)
}

/// `GET /stop/done`.
pub(super) async fn done(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let staff = query.is_some_and(|query| query == "staff");
    let values = context! { hours => app.recovery_hours, staff };
    app.pages.show("stopped.html", &visitor, values)
}

/// `GET /stop/link`.
pub(super) async fn link_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    app.pages.show("stop_link.html", &visitor, context! {})
}

#[derive(Deserialize)]
pub(super) struct Who {
    email: String,
}

/// `POST /stop/link`: the reply is the same whether or not the address has an account.
pub(super) async fn ask_link(
    State(app): State<Arc<App>>,
    posted: Posted<Who>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    let email = match links::typed_address(&app, &visitor, "stop_link.html", &form.email)? {
        Ok(email) => email,
        Err(page) => return Ok(page),
    };
    let account = app.store.account_by_email(&email).await?;
    let kind = match &account {
        Some(_) => LinkKind::Stop,
        None => LinkKind::Nobody,
    };
    let whose = Whose {
        account: account.map(|account| account.acc),
        session: None,
    };
    let new = links::new(&app, kind, &email, whose, &())?;
    links::send(&app, &visitor, new, "/stop/sent").await
}

/// `GET /stop/sent`.
pub(super) async fn sent(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    links::sent(&app, &visitor, "stop_link_sent")
}

/// The page of STOP that a link opens.
async fn page_of_link(
    app: &App,
    visitor: &Visitor,
    token: &str,
) -> Result<Result<Page, Response>, PageError> {
    let link = links::open(app, visitor, LinkKind::Stop, token).await?;
    Ok(link.map(|link| Page {
        share: Share::Link,
        email: link.address.to_string(),
        action: links::path(app, link.kind, link.id),
    }))
}

/// `GET /stop/by-link/{token}`.
pub(super) async fn by_link_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    match page_of_link(&app, &visitor, &token).await? {
        Ok(page) => page.show(&app, &visitor, None),
        Err(over) => Ok(over),
    }
}

#[derive(Deserialize)]
pub(super) struct StopByLink {
    password: Password,
    word: String,
}

/// `POST /stop/by-link/{token}`: password and word, with a share of guesses that only a reader of
/// the account's mail can use.
pub(super) async fn by_link(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    source: Source,
    posted: Posted<StopByLink>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    match page_of_link(&app, &visitor, &token).await? {
        Ok(page) => press(&app, &visitor, source, &page, form.password, &form.word).await,
        Err(over) => Ok(over),
    }
}
