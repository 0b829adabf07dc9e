//! Pages as responses: rendered for a visitor, errors as pages, and the headers that bound what a
//! page may do.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use minijinja::{Value, context};

use super::{error::PageError, visitor::Visitor};
use crate::{
    app::App,
    edge::{self, TooMany},
    pages::{Frame, Pages},
};

impl Pages {
    /// A page for this visitor, status 200.
    pub(super) fn show(
        &self,
        template: &str,
        visitor: &Visitor,
        values: Value,
    ) -> Result<Response, PageError> {
        self.refuse(StatusCode::OK, template, visitor, values)
    }

    /// A page with another status. With 429, `Retry-After` is the page's value `seconds`, or 60.
    pub(super) fn refuse(
        &self,
        status: StatusCode,
        template: &str,
        visitor: &Visitor,
        values: Value,
    ) -> Result<Response, PageError> {
        let seconds = values.get_attr("seconds").ok();
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let html = self.render(template, &visitor.frame(), values);
        let html = html.map_err(|error| PageError::Broken(format!("{error:#}")))?;
        let mut response = (status, Html(html)).into_response();
        if status == StatusCode::TOO_MANY_REQUESTS {
            edge::retry_after(&mut response, seconds.unwrap_or(60));
        }
        visitor.remember(&mut response);
        Ok(response)
    }
}

/// The page for a source that has used up its budget.
pub(crate) fn too_many(app: &App, error: TooMany) -> Response {
    dress(app, false, PageError::TooMany(error).into_response())
}

/// Middleware: renders a [`PageError`] as a page and sets the policy headers of every page.
pub(super) async fn finish(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let asset = request.uri().path().starts_with("/static/");
    dress(&app, asset, next.run(request).await)
}

fn error_page(app: &App, error: &PageError) -> String {
    let values = context! {
        error => error.text(), origin => app.origin.as_str(), seconds => error.seconds(),
    };
    let rendered = app.pages.render("error.html", &Frame::default(), values);
    rendered.unwrap_or_else(|error| {
        tracing::error!(%error, "the error page can't be shown");
        "The service is not able to show this page.".into()
    })
}

fn dress(app: &App, asset: bool, mut response: Response) -> Response {
    if let Some(error) = response.extensions_mut().remove::<PageError>() {
        if let PageError::Broken(why) = &error {
            tracing::error!(%why, "a page could not be shown");
        }
        response = (error.status(), Html(error_page(app, &error))).into_response();
        if let Some(seconds) = error.seconds() {
            edge::retry_after(&mut response, seconds);
        }
    }
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value))
    };
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    );
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    );
    set(
        header::CACHE_CONTROL,
        if asset {
            "public, max-age=3600"
        } else {
            "no-store"
        },
    );
    if app.origin.is_secure() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}
