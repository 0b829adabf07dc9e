//! The pages of OpenID Connect that browsers open.

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
use serde::{Deserialize, Serialize};

use super::{
    super::{error::PageError, posted::Posted, show::FormTo, told::Told, visitor::Visitor},
    entering,
};
use crate::{
    app::App,
    clients,
    standards::oidc::{Authorize, Wrong, jose, sid},
};

/// `GET /oidc/authorize`.
pub(super) async fn authorize(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    asked: Result<Query<Authorize>, QueryRejection>,
) -> Result<Response, PageError> {
    let asked = asked.map_err(|_| Wrong::Nowhere("relying_bad"));
    match asked.and_then(|Query(asked)| asked.ask(&app)) {
        Ok((client, ask)) => entering::begin(&app, &visitor, &client, &ask).await,
        Err(wrong) => refuse(&app, &visitor, wrong),
    }
}

/// `POST /oidc/authorize`, from a page of another site.
pub(super) async fn authorize_by_form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    asked: Result<Form<Authorize>, FormRejection>,
) -> Result<Response, PageError> {
    let asked = asked.map_err(|_| Wrong::Nowhere("relying_bad"));
    match asked.and_then(|Form(asked)| asked.ask(&app)) {
        Ok((client, ask)) => entering::keep_for_anybody(&app, &client, &ask).await,
        Err(wrong) => refuse(&app, &visitor, wrong),
    }
}

fn refuse(app: &App, visitor: &Visitor, wrong: Wrong) -> Result<Response, PageError> {
    match wrong {
        // The page neither names nor links what the request brought.
        Wrong::Nowhere(why) => {
            let status = StatusCode::FORBIDDEN;
            let values = context! { why };
            app.pages
                .refuse(status, "enter_refused.html", visitor, values)
        }
        Wrong::Told(answer) => entering::deliver(app, visitor, &answer),
    }
}

/// What a service brings to end a session (OpenID Connect RP-Initiated Logout 1.0, section 2).
#[derive(Default, Deserialize, Serialize)]
pub(super) struct Leaving {
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token_hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_logout_redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

/// What a request to end a session leads to.
struct Led {
    /// The session that the service means, by its name there.
    sid: Option<String>,
    /// The service, if it is known which one it is.
    client: Option<String>,
    /// Where the person goes afterwards.
    to: Option<String>,
}

impl Leaving {
    fn led(&self, app: &App) -> Led {
        let claims = self
            .id_token_hint
            .as_deref()
            .and_then(|hint| jose::own(app, hint));
        let text = |name: &str| {
            let claims = claims.as_ref()?;
            Some(claims[name].as_str()?.to_owned())
        };
        let hinted = text("aud");
        let client = match (&hinted, &self.client_id) {
            (Some(hinted), Some(named)) if hinted != named => None,
            (hinted, named) => hinted.clone().or_else(|| named.clone()),
        };
        let registered = client.as_ref().and_then(|id| app.clients.now().of(id));
        let to = self.post_logout_redirect_uri.as_deref();
        let to = to.filter(|to| {
            let oidc = registered.iter().filter_map(|client| client.oidc.as_ref());
            let mut known = oidc.flat_map(|oidc| &oidc.after_logout);
            known.any(|address| address.covers(to))
        });
        let state = self.state.as_deref().filter(|state| state.len() <= 1024);
        Led {
            sid: text("sid").filter(|_| hinted == client),
            client,
            to: to.map(|to| match state {
                Some(state) => clients::with(to, "state", &clients::escaped(state)),
                None => to.to_owned(),
            }),
        }
    }
}

/// `GET /oidc/logout`. It signs out at once only where the token that is brought is of this very
/// session; else any page could sign people out.
pub(super) async fn logout(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    asked: Result<Query<Leaving>, QueryRejection>,
) -> Result<Response, PageError> {
    let leaving = asked.map(|Query(leaving)| leaving).unwrap_or_default();
    let led = leaving.led(&app);
    let own = visitor.session.as_ref().map(|session| {
        let client = led.client.as_deref().unwrap_or_default();
        sid(&app, client, session.id)
    });
    if own.is_none() || own == led.sid {
        return leave(&app, &visitor, led.to).await;
    }
    let fields = [
        ("id_token_hint", &leaving.id_token_hint),
        ("client_id", &leaving.client_id),
        (
            "post_logout_redirect_uri",
            &leaving.post_logout_redirect_uri,
        ),
        ("state", &leaving.state),
    ];
    let given = fields
        .iter()
        .filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    let values = context! {
        action => "/oidc/logout/yes", fields => given.collect::<Vec<_>>(),
    };
    let mut response = app.pages.show("logout.html", &visitor, values)?;
    // The form's answer leads there, which browsers follow as far as the page's policy lets them.
    if let Some(to) = &led.to {
        FormTo(vec![clients::origin(to)]).allow(&mut response);
    }
    Ok(response)
}

/// `POST /oidc/logout`, from a page of another site, which comes without cookies: the same by GET.
pub(super) async fn logout_by_form(
    asked: Result<Form<Leaving>, FormRejection>,
) -> Result<Response, PageError> {
    let Form(leaving) = asked.map_err(|_| PageError::BadForm)?;
    let fields = [
        ("id_token_hint", leaving.id_token_hint),
        ("client_id", leaving.client_id),
        ("post_logout_redirect_uri", leaving.post_logout_redirect_uri),
        ("state", leaving.state),
    ];
    let given = fields.iter();
    let to = given.fold("/oidc/logout".to_owned(), |to, (name, value)| match value {
        Some(value) => clients::with(&to, name, &clients::escaped(value)),
        None => to,
    });
    match to.len() <= 8000 {
        true => Ok(Redirect::to(&to).into_response()),
        false => Err(PageError::BadForm),
    }
}

/// `POST /oidc/logout/yes`: the person means it.
pub(super) async fn sign_out(
    State(app): State<Arc<App>>,
    posted: Posted<Leaving>,
) -> Result<Response, PageError> {
    let to = posted.form.led(&app).to;
    leave(&app, &posted.visitor, to).await
}

async fn leave(app: &App, visitor: &Visitor, to: Option<String>) -> Result<Response, PageError> {
    entering::forget(app, visitor).await?;
    if let Some(session) = &visitor.session {
        app.store.end_session(session.hash, app.clock.now()).await?;
    }
    let mut response = match to {
        Some(to) => Redirect::to(&to).into_response(),
        None => Told::SignedOut.at("/sign-in", visitor.secure),
    };
    visitor.leave(&mut response);
    Ok(response)
}
