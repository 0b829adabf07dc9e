//! Forms that only our own pages can have sent.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{Form, FromRequest, RawForm, Request},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use serde::{Deserialize, de::DeserializeOwned};
use subtle::ConstantTimeEq;

use super::{
    error::PageError,
    refused::Filled,
    visitor::{Visitor, is_known},
};
use crate::{
    app::App,
    edge::{self, Pass},
};

/// A form that one of our own pages sent in this browser: its fields and its visitor.
pub(super) struct Posted<T> {
    pub(super) visitor: Visitor,
    pub(super) headers: HeaderMap,
    pub(super) form: T,
}

/// A form without fields of its own.
#[derive(Deserialize)]
pub(super) struct Nothing {}

#[derive(Deserialize)]
struct Guard {
    csrf: String,
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Posted<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, PageError> {
        let (parts, body) = request.into_parts();
        same_site(app, &parts.headers)?;
        let mut visitor = Visitor::of(app, &parts).await?;
        let pass = parts.extensions.get::<Pass>().cloned();
        let headers = parts.headers.clone();
        let body = read(Request::from_parts(parts, body)).await?;
        let guard = parse::<Guard>(&body)
            .await
            .map_err(|_| PageError::FormExpired)?;
        // A fresh visitor has no cookie, so no page of ours gave this browser a form.
        if visitor.fresh || !bool::from(guard.csrf.as_bytes().ct_eq(visitor.csrf.as_bytes())) {
            return Err(PageError::FormExpired);
        }
        if let Some(pass) = pass.filter(Pass::costs_an_account)
            && let Some(session) = &visitor.session
        {
            let known = session.signed_in || is_known(app, &headers, session.account).await?;
            app.edge
                .charge_account(&pass, session.account, known, app.clock.now())?;
        }
        visitor.filled = Filled::of(parse(&body).await?);
        Ok(Self {
            visitor,
            headers,
            form: parse(&body).await?,
        })
    }
}

/// A form that one of our own pages sent, which changes nothing that needs the browser's token.
/// Pages that nobody is known for, such as those of errors, have no token.
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Sent<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, PageError> {
        same_site(app, request.headers())?;
        parse(&read(request).await?).await.map(Self)
    }
}

/// The body of a form.
async fn read(request: Request) -> Result<Bytes, PageError> {
    let body = tokio::time::timeout(edge::BODY, RawForm::from_request(request, &()));
    let Ok(body) = body.await else {
        return Err(PageError::BadForm);
    };
    let RawForm(body) = body.map_err(|error| match error.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLong,
        _ => PageError::BadForm,
    })?;
    Ok(body)
}

async fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, PageError> {
    let request = Request::builder()
        .method("POST")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.clone()))
        .map_err(|_| PageError::BadForm)?;
    Form::from_request(request, &())
        .await
        .map(|Form(form)| form)
        .map_err(|_| PageError::BadForm)
}

/// Refuses a form that the browser says comes from another site, before its token is checked. For
/// our own forms browsers send `Origin: null`, because our pages ask for no referrer; then
/// `Sec-Fetch-Site` and the token decide.
fn same_site(app: &App, headers: &HeaderMap) -> Result<(), PageError> {
    let says = |name: &str, good: &[&str]| {
        headers
            .get(name)
            .is_none_or(|value| good.iter().any(|good| value == good))
    };
    if says("origin", &[app.origin.as_str(), "null"])
        && says("sec-fetch-site", &["same-origin", "none"])
    {
        Ok(())
    } else {
        Err(PageError::OtherSite)
    }
}
