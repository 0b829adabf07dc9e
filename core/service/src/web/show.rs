//! Pages as responses: rendered for a visitor, errors as pages, and the headers that bound what a
//! page may do.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use minijinja::{Value, context};

use super::{
    asked::Asked,
    error::PageError,
    refused::{Filled, Kept, Refused},
    visitor::Visitor,
};
use crate::{
    app::App,
    base::lang::Lang,
    edge::{self, TooMany},
    pages::Pages,
};

/// What a page may do.
const PAGE: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; worker-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The origins to which forms of a page may lead, besides our own: those of the service that the
/// person goes on to. Chromium holds a form to this along every redirect that comes after it.
#[derive(Clone)]
pub(super) struct FormTo(pub(super) Vec<String>);

impl FormTo {
    /// Lets forms of this page lead there.
    pub(super) fn allow(self, response: &mut Response) {
        response.extensions_mut().insert(self);
    }

    /// The policy of a page whose forms may lead there. Origins come from parsed addresses of the
    /// operator's file, and have no character that ends a directive.
    fn policy(&self) -> Option<HeaderValue> {
        let to = format!("form-action 'self' {}", self.0.join(" "));
        HeaderValue::try_from(PAGE.replace("form-action 'self'", &to)).ok()
    }
}

/// What a drawing may do that is opened by itself: the operator's logo may hold a script.
const DRAWING: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

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
    /// Where it would answer a form, the browser goes to the page's own address, which shows it.
    pub(super) fn refuse(
        &self,
        status: StatusCode,
        template: &str,
        visitor: &Visitor,
        values: Value,
    ) -> Result<Response, PageError> {
        if let Some(refused) = visitor.leaves(status, (template, &values)) {
            return Ok(refused.into_response());
        }
        let (status, values) = visitor.over(template, (status, values));
        let seconds = values.get_attr("seconds").ok();
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let html = self.render(template, &visitor.frame(), values);
        let html = html.map_err(|error| PageError::Broken(format!("{error:#}")))?;
        let mut response = page(status, visitor.lang, html);
        let some = (status == StatusCode::TOO_MANY_REQUESTS).then_some(60);
        if let Some(seconds) = seconds.or(some) {
            edge::retry_after(&mut response, seconds);
        }
        visitor.remember(&mut response);
        if let Some(asking) = &visitor.asking {
            FormTo(asking.client.origins()).allow(&mut response);
        }
        Ok(response)
    }
}

/// The page for a source that has used up its budget.
pub(crate) fn too_many(app: &App, asked: &Asked, error: TooMany) -> Response {
    let page = error_page(app, asked, &PageError::TooMany(error));
    dress(app, page)
}

/// The page for a request that took too long.
pub(crate) fn too_slow(app: &App, asked: &Asked) -> Response {
    let page = error_page(app, asked, &PageError::TooSlow);
    dress(app, page)
}

/// Middleware: renders a [`PageError`] as a page and sets the policy headers of every page.
pub(super) async fn finish(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let asked = Asked::of(&app, &mut request);
    let (parts, body) = request.into_parts();
    let mut response = match noted(&app, &asked, &parts).await {
        Ok(Some(note)) => note,
        Ok(None) => next.run(Request::from_parts(parts, body)).await,
        Err(error) => error.into_response(),
    };
    if let Some(refused) = response.extensions_mut().remove::<Refused>() {
        refused.send(&app, &mut response);
    }
    let error = response.extensions_mut().remove::<PageError>();
    if let Some(PageError::SignInFirst) = error {
        asked.say_why(&mut response);
        return dress(&app, response);
    }
    if let Some(error) = error {
        if let PageError::Broken(why) = &error {
            tracing::error!(%why, "a page could not be shown");
        }
        response = error_page(&app, &asked, &error);
    }
    dress(&app, response)
}

/// The page that this address shows once instead of its own.
async fn noted(app: &App, asked: &Asked, parts: &Parts) -> Result<Option<Response>, PageError> {
    let kept = Kept::of(app, &parts.method, asked, &parts.headers);
    let Some(template) = kept.as_ref().and_then(Kept::note) else {
        return Ok(None);
    };
    let visitor = Visitor::of(app, parts).await?;
    app.pages.show(template, &visitor, context! {}).map(Some)
}

/// The page of an error; after a person's form, the way to it. A program is told at once, and sends
/// no second request.
fn error_page(app: &App, asked: &Asked, error: &PageError) -> Response {
    let lang = asked.lang();
    let values = context! {
        error => error.text(), origin => app.origin.as_str(), seconds => error.seconds(),
    };
    if asked.navigates
        && error.is_shown_later()
        && let page = ("error.html", &values)
        && let (cookie, filled) = (asked.cookie.as_deref(), Filled::default())
        && let Some(refused) = Refused::of(asked, cookie, error.status(), page, &filled)
    {
        let mut response = Response::default();
        refused.send(app, &mut response);
        return response;
    }
    let html = app.pages.render("error.html", &asked.frame(lang), values);
    let html = html.unwrap_or_else(|error| {
        tracing::error!(%error, "the error page can't be shown");
        let text = app.pages.texts.get(lang, "error_broken", &[]);
        text.unwrap_or_default()
    });
    let mut response = page(error.status(), lang, html);
    if let Some(seconds) = error.seconds() {
        edge::retry_after(&mut response, seconds);
    }
    response
}

/// HTML in a language, which depends on the browser's header and cookies.
fn page(status: StatusCode, lang: Lang, html: String) -> Response {
    let headers = [
        (header::CONTENT_LANGUAGE, lang.code()),
        (header::VARY, "Accept-Language, Cookie"),
    ];
    (status, headers, Html(html)).into_response()
}

fn dress(app: &App, mut response: Response) -> Response {
    let leads = response.extensions_mut().remove::<FormTo>();
    let leads = leads.and_then(|leads| leads.policy());
    let headers = response.headers_mut();
    // Files say themselves for how long they are kept.
    let kept = headers.contains_key(header::CACHE_CONTROL);
    let svg = HeaderValue::from_static("image/svg+xml");
    let drawing = headers.get(header::CONTENT_TYPE) == Some(&svg);
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value))
    };
    set(
        header::CONTENT_SECURITY_POLICY,
        if drawing { DRAWING } else { PAGE },
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
    if !kept {
        set(header::CACHE_CONTROL, "no-store");
    }
    if app.origin.is_secure() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if let Some(policy) = leads {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
