//! The way into a service: begun by its request, kept while the person signs in, and answered.

use std::sync::Arc;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::context;

use super::super::{
    asking::Asking,
    choice::{approving, listed, usable},
    error::{PageError, Refusal},
    show::FormTo,
    visitor::{Visitor, account_of},
};
use crate::{
    app::App,
    base::hex,
    clients::{self, Client},
    policy,
    standards::{
        self, Ask, Grant, Next, Reply, cas,
        oidc::{self, Answer},
    },
    store::{AskKept, PendingAsk, SecretHash},
};

/// Goes to the page of what is missing.
pub(super) fn here() -> Response {
    Redirect::to("/enter").into_response()
}

/// Begins an ask in the browser that brings it: answers at once where nothing is missing.
pub(super) async fn begin(
    app: &App,
    visitor: &Visitor,
    client: &Arc<Client>,
    ask: &Ask,
) -> Result<Response, PageError> {
    match standards::next(app, client, ask, visitor.session.as_ref(), false).await? {
        Next::Granted(grant) => answer(app, visitor, client, ask, &grant, None).await,
        next if ask.silent => unanswered(app, visitor, ask, &next),
        Next::Denied(why) => denied(app, visitor, client, why),
        Next::SignIn | Next::Step(_) => {
            let browser = visitor.browser_of_asks()?;
            keep(app, client, ask, Some(browser.hash())).await?;
            let mut response = here();
            browser.remember(&mut response);
            Ok(response)
        }
    }
}

/// Keeps an ask that another site's form brought, which no browser has yet: cookies come with the
/// next request (RFC 6265bis, section 8.8.2).
pub(super) async fn keep_for_anybody(
    app: &App,
    client: &Client,
    ask: &Ask,
) -> Result<Response, PageError> {
    let text = keep(app, client, ask, None).await?;
    Ok(Redirect::to(&format!("/enter/{text}")).into_response())
}

/// Keeps an ask, and gives the text that its address has.
async fn keep(
    app: &App,
    client: &Client,
    ask: &Ask,
    browser: Option<SecretHash>,
) -> Result<String, PageError> {
    let (text, id) = standards::secret("")?;
    let asked = serde_json::to_string(ask).map_err(|error| PageError::Broken(error.to_string()))?;
    let now = app.clock.now();
    let ask = PendingAsk {
        id,
        browser,
        client: client.id.clone(),
        asked,
        created_at: now,
        expires_at: now + policy::ASK_SECONDS,
    };
    match app.store.keep_ask(ask).await? {
        AskKept::Kept => Ok(text),
        AskKept::Full => Err(PageError::Busy),
    }
}

/// Opens the address of an ask: the first browser that does has it.
pub(super) async fn open(
    app: &App,
    visitor: &Visitor,
    text: [u8; 32],
) -> Result<Response, PageError> {
    let id = standards::hash(&hex::encode(&text));
    let pending = app.store.ask(id, app.clock.now()).await?;
    let browser = visitor.browser_of_asks()?;
    if pending.is_some() && app.store.open_ask(id, browser.hash()).await? {
        let mut response = here();
        browser.remember(&mut response);
        return Ok(response);
    }
    // Begun elsewhere, or over: it leads to the service's first page, not into it.
    let client = pending.and_then(|pending| app.clients.now().of(&pending.client));
    let values = context! {
        name => client.as_ref().map(|client| &client.name),
        start => client.as_ref().and_then(|client| client.start.as_ref()),
    };
    let status = StatusCode::FORBIDDEN;
    app.pages
        .refuse(status, "enter_elsewhere.html", visitor, values)
}

/// What comes next for the ask that waits in this browser.
pub(super) async fn go_on(
    app: &App,
    visitor: &Visitor,
    refusal: Option<Refusal>,
) -> Result<Response, PageError> {
    let Some(Asking { id, ask, client }) = &visitor.asking else {
        return Ok(Redirect::to("/").into_response());
    };
    let steps = match standards::next(app, client, ask, visitor.session.as_ref(), true).await? {
        // Nothing is missing any more: the page goes on, and no form's answer does.
        Next::Granted(_) if refusal.is_some() => return Ok(here()),
        Next::Granted(grant) => return answer(app, visitor, client, ask, &grant, Some(*id)).await,
        next if ask.silent => {
            forget(app, visitor).await?;
            return unanswered(app, visitor, ask, &next);
        }
        Next::SignIn if visitor.half().is_ok() => {
            return Ok(Redirect::to("/sign-in/method").into_response());
        }
        Next::SignIn => return Ok(Redirect::to("/sign-in").into_response()),
        Next::Denied(why) => return denied(app, visitor, client, why),
        Next::Step(steps) => steps,
    };
    let session = visitor.signed_in()?;
    let devices = usable(app, session.account).await?;
    let account = account_of(app, session).await?;
    let (status, error) = Refusal::parts(refusal);
    let values = context! {
        error, client => client.name, email => account.email.as_str(),
        password => steps.password, by_app => steps.app, by_code => steps.code,
        devices => listed(&approving(&devices)), renew => ask.wanted.since.is_some(),
    };
    app.pages.refuse(status, "enter.html", visitor, values)
}

/// Drops what waits in this browser.
pub(super) async fn forget(app: &App, visitor: &Visitor) -> Result<(), PageError> {
    if visitor.asking.is_some() {
        let browser = visitor.browser_of_asks()?;
        app.store.drop_asks(browser.hash()).await?;
    }
    Ok(())
}

/// The person does not want to go there any more.
pub(super) async fn stop(app: &App, visitor: &Visitor) -> Result<Response, PageError> {
    forget(app, visitor).await?;
    let ask = visitor.asking.as_ref().map(|asking| &asking.ask);
    match ask.map(|ask| (&ask.return_to, &ask.reply)) {
        Some((to, Reply::Oidc(how))) => {
            deliver(app, visitor, &oidc::error(app, to, how, oidc::GIVEN_UP))
        }
        _ => Ok(Redirect::to("/").into_response()),
    }
}

/// Lets the person into the service.
async fn answer(
    app: &App,
    visitor: &Visitor,
    client: &Client,
    ask: &Ask,
    grant: &Grant,
    ends: Option<SecretHash>,
) -> Result<Response, PageError> {
    let answer = match &ask.reply {
        Reply::Cas { post } => {
            let ticket = cas::ticket(app, client, ask, grant, ends).await?;
            ticket.map(|ticket| Answer {
                to: ask.return_to.clone(),
                post: *post,
                fields: vec![("ticket", ticket)],
            })
        }
        Reply::Oidc(how) => oidc::code(app, client, ask, how, grant, ends).await?,
    };
    match answer {
        Some(answer) => deliver(app, visitor, &answer),
        // The session ended between two looks at it.
        None => Err(PageError::SignInFirst),
    }
}

/// Takes an answer to the service through the person's browser.
pub(super) fn deliver(
    app: &App,
    visitor: &Visitor,
    answer: &Answer,
) -> Result<Response, PageError> {
    if !answer.post {
        let fields = answer.fields.iter();
        let to = fields.fold(answer.to.clone(), |to, (name, value)| {
            clients::with(&to, name, &clients::escaped(value))
        });
        return Ok(Redirect::to(&to).into_response());
    }
    let refused = answer.fields.iter().any(|(name, _)| *name == "error");
    let values = context! { to => answer.to, fields => answer.fields, refused };
    let mut response = app.pages.show("enter_post.html", visitor, values)?;
    FormTo(vec![clients::origin(&answer.to)]).allow(&mut response);
    Ok(response)
}

/// Back to a service that wants nobody to be asked, with nothing but why.
fn unanswered(app: &App, visitor: &Visitor, ask: &Ask, next: &Next) -> Result<Response, PageError> {
    let Reply::Oidc(how) = &ask.reply else {
        return Ok(Redirect::to(&ask.return_to).into_response());
    };
    let error = oidc::why_silent(next);
    deliver(app, visitor, &oidc::error(app, &ask.return_to, how, error))
}

/// The service does not let the person in. The page names who helps there.
fn denied(
    app: &App,
    visitor: &Visitor,
    client: &Client,
    why: &'static str,
) -> Result<Response, PageError> {
    let values = context! {
        why, client => client.name, desk => client.help_desk, start => client.start,
        add => why == "denied_device",
    };
    let status = StatusCode::FORBIDDEN;
    app.pages
        .refuse(status, "enter_denied.html", visitor, values)
}
