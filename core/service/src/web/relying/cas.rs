//! The pages of CAS that browsers open.

use std::sync::Arc;

use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::context;
use serde::Deserialize;

use super::{
    super::{error::PageError, posted::Posted, show::FormTo, told::Told, visitor::Visitor},
    entering,
};
use crate::{
    app::App,
    clients::Client,
    standards::{
        Ask,
        cas::{Login, NoAsk},
    },
};

/// `GET /cas/login`.
pub(super) async fn login(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    asked: Result<Query<Login>, QueryRejection>,
) -> Result<Response, PageError> {
    let asked = asked.map_err(|_| NoAsk("relying_bad"));
    match asked.and_then(|Query(login)| found(&app, &login)) {
        Ok(Some((client, ask))) => entering::begin(&app, &visitor, &client, &ask).await,
        Ok(None) => Ok(Redirect::to("/").into_response()),
        Err(no) => refuse(&app, &visitor, no),
    }
}

/// `POST /cas/login`, from a page of another site.
pub(super) async fn login_by_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    asked: Result<Form<Login>, FormRejection>,
) -> Result<Response, PageError> {
    let asked = asked.map_err(|_| NoAsk("relying_bad"));
    match asked.and_then(|Form(login)| found(&app, &login)) {
        Ok(Some((client, ask))) => entering::keep_for_anybody(&app, &client, &ask).await,
        Ok(None) => Ok(Redirect::to("/").into_response()),
        Err(no) => refuse(&app, &visitor, no),
    }
}

fn found(app: &App, login: &Login) -> Result<Option<(Arc<Client>, Ask)>, NoAsk> {
    let Some(ask) = login.ask(app)? else {
        return Ok(None);
    };
    let client = app.clients.now().of(&ask.client);
    let client = client.ok_or(NoAsk("relying_unknown"))?;
    Ok(Some((client, ask)))
}

/// The request leads nowhere. The page neither names nor links what it brought: whoever wrote that
/// wants it to be followed.
fn refuse(app: &App, visitor: &Visitor, NoAsk(why): NoAsk) -> Result<Response, PageError> {
    let status = StatusCode::FORBIDDEN;
    app.pages
        .refuse(status, "enter_refused.html", visitor, context! { why })
}

#[derive(Default, Deserialize)]
pub(super) struct Leaving {
    service: Option<String>,
}

impl Leaving {
    /// The service to which the person goes back, if it is registered.
    fn to(&self, app: &App) -> Option<(Arc<Client>, String)> {
        let service = self.service.clone()?;
        let client = app.clients.now().by_service(&service)?;
        Some((client, service))
    }
}

/// `GET /cas/logout` (section 2.3). Any page can send a browser here, so it signs out at once only
/// where the person entered the service that is named, and asks otherwise.
pub(super) async fn logout(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    asked: Result<Query<Leaving>, QueryRejection>,
) -> Result<Response, PageError> {
    let leaving = asked.map(|Query(leaving)| leaving).unwrap_or_default();
    let to = leaving.to(&app);
    let Some(session) = &visitor.session else {
        return leave(&app, &visitor, to).await;
    };
    let entered = match &to {
        Some((client, _)) => app.store.has_entered(session.id, &client.name).await?,
        None => false,
    };
    if entered {
        return leave(&app, &visitor, to).await;
    }
    let service = to.iter().map(|(_, service)| ("service", service));
    let values = context! { action => "/cas/logout", fields => service.collect::<Vec<_>>() };
    let mut response = app.pages.show("logout.html", &visitor, values)?;
    if let Some((client, _)) = &to {
        FormTo(client.origins()).allow(&mut response);
    }
    Ok(response)
}

/// `POST /cas/logout`: the person means it.
pub(super) async fn sign_out(
    State(app): State<Arc<App>>,
    posted: Posted<Leaving>,
) -> Result<Response, PageError> {
    let to = posted.form.to(&app);
    leave(&app, &posted.visitor, to).await
}

async fn leave(
    app: &App,
    visitor: &Visitor,
    to: Option<(Arc<Client>, String)>,
) -> Result<Response, PageError> {
    entering::forget(app, visitor).await?;
    if let Some(session) = &visitor.session {
        app.store.end_session(session.hash, app.clock.now()).await?;
    }
    let mut response = match to {
        Some((_, service)) => Redirect::to(&service).into_response(),
        None => Told::SignedOut.at("/sign-in", visitor.secure),
    };
    visitor.leave(&mut response);
    Ok(response)
}
