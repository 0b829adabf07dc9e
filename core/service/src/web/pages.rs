//! Rendering, refusals, and the headers that bound what a page may do.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, context, value::Kwargs};

use super::{texts::Texts, visitor::Visitor};
use crate::{
    app::App,
    base::{random::NoRandomness, time::utc},
    edge::{self, TooMany},
    password::PasswordError,
    store::StoreError,
};

const TEMPLATES: &[(&str, &str)] = &[
    ("base.html", include_str!("../../templates/base.html")),
    ("account.html", include_str!("../../templates/account.html")),
    ("code.html", include_str!("../../templates/code.html")),
    ("device.html", include_str!("../../templates/device.html")),
    ("devices.html", include_str!("../../templates/devices.html")),
    ("ended.html", include_str!("../../templates/ended.html")),
    (
        "enrolment.html",
        include_str!("../../templates/enrolment.html"),
    ),
    ("error.html", include_str!("../../templates/error.html")),
    ("history.html", include_str!("../../templates/history.html")),
    ("landing.html", include_str!("../../templates/landing.html")),
    ("method.html", include_str!("../../templates/method.html")),
    ("mobile.html", include_str!("../../templates/mobile.html")),
    (
        "mobile_continue.html",
        include_str!("../../templates/mobile_continue.html"),
    ),
    ("new_pin.html", include_str!("../../templates/new_pin.html")),
    ("parts.html", include_str!("../../templates/parts.html")),
    (
        "password.html",
        include_str!("../../templates/password.html"),
    ),
    ("recover.html", include_str!("../../templates/recover.html")),
    (
        "recovery.html",
        include_str!("../../templates/recovery.html"),
    ),
    (
        "recovery_cancel.html",
        include_str!("../../templates/recovery_cancel.html"),
    ),
    ("stop.html", include_str!("../../templates/stop.html")),
    ("stopped.html", include_str!("../../templates/stopped.html")),
    (
        "register.html",
        include_str!("../../templates/register.html"),
    ),
    (
        "register_confirm.html",
        include_str!("../../templates/register_confirm.html"),
    ),
    (
        "link_sent.html",
        include_str!("../../templates/link_sent.html"),
    ),
    (
        "link_over.html",
        include_str!("../../templates/link_over.html"),
    ),
    (
        "change_email.html",
        include_str!("../../templates/change_email.html"),
    ),
    (
        "change_password.html",
        include_str!("../../templates/change_password.html"),
    ),
    ("confirm.html", include_str!("../../templates/confirm.html")),
    (
        "email_undone.html",
        include_str!("../../templates/email_undone.html"),
    ),
    (
        "forgotten.html",
        include_str!("../../templates/forgotten.html"),
    ),
    (
        "link_confirm.html",
        include_str!("../../templates/link_confirm.html"),
    ),
    (
        "link_elsewhere.html",
        include_str!("../../templates/link_elsewhere.html"),
    ),
    (
        "new_password.html",
        include_str!("../../templates/new_password.html"),
    ),
    (
        "password_done.html",
        include_str!("../../templates/password_done.html"),
    ),
    (
        "stop_link.html",
        include_str!("../../templates/stop_link.html"),
    ),
    ("sign_in.html", include_str!("../../templates/sign_in.html")),
    ("signed.html", include_str!("../../templates/signed.html")),
    (
        "transfer.html",
        include_str!("../../templates/transfer.html"),
    ),
    ("waiting.html", include_str!("../../templates/waiting.html")),
];

/// Templates and texts.
pub(crate) struct Pages {
    environment: Environment<'static>,
    /// The texts, for what is no page.
    pub(super) texts: Arc<Texts>,
}

impl Pages {
    /// Reads the built-in templates and texts.
    pub(crate) fn new(name: &str) -> Result<Self, Error> {
        let texts = Texts::english()
            .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?;
        let texts = Arc::new(texts);
        let ours = texts.clone();
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        environment.add_global("service", name);
        environment.add_function(
            "t",
            move |key: &str, values: Kwargs| -> Result<String, Error> {
                let names: Vec<String> = values.args().map(str::to_owned).collect();
                let mut pairs = Vec::new();
                for name in &names {
                    pairs.push((name.as_str(), values.get::<Value>(name)?.to_string()));
                }
                ours.get(key, &pairs).ok_or_else(|| {
                    Error::new(ErrorKind::InvalidOperation, format!("no text {key}"))
                })
            },
        );
        environment.add_filter("time", |seconds: u64| utc(seconds));
        Ok(Self { environment, texts })
    }

    /// A page, status 200.
    pub(super) fn show(
        &self,
        template: &str,
        visitor: &Visitor,
        values: Value,
    ) -> Result<Response, PageError> {
        self.refuse(StatusCode::OK, template, visitor, values)
    }

    /// A page with another status.
    pub(super) fn refuse(
        &self,
        status: StatusCode,
        template: &str,
        visitor: &Visitor,
        values: Value,
    ) -> Result<Response, PageError> {
        // A page that names the time until the next try has it in this value.
        let seconds = values.get_attr("seconds").ok();
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let values =
            context! { csrf => visitor.csrf(), signed_in => visitor.signed_in().is_ok(), ..values };
        let html = self
            .environment
            .get_template(template)
            .and_then(|template| template.render(values));
        let html = html.map_err(|error| PageError::Broken(format!("{error:#}")))?;
        let mut response = (status, axum::response::Html(html)).into_response();
        if status == StatusCode::TOO_MANY_REQUESTS {
            edge::retry_after(&mut response, seconds.unwrap_or(60));
        }
        visitor.remember(&mut response);
        Ok(response)
    }

    fn error(&self, error: &PageError, origin: &str) -> String {
        let rendered = self
            .environment
            .get_template("error.html")
            .and_then(|template| {
                let seconds = error.seconds();
                template.render(
                    context! { csrf => "", signed_in => false, error => error.text(), origin, seconds },
                )
            });
        rendered.unwrap_or_else(|error| {
            tracing::error!(%error, "the error page can't be shown");
            "The service is not able to show this page.".into()
        })
    }
}

/// Why a page was not shown. The middleware [`finish`] renders it.
#[derive(Debug, Clone)]
pub(super) enum PageError {
    NotFound,
    SignInFirst,
    FormExpired,
    OtherSite,
    BadForm,
    TooLong,
    Busy,
    /// The source, or the account, has used up its budget.
    TooMany(TooMany),
    /// Nothing can be stored at the moment; the store has said why in the log.
    NotStored,
    Broken(String),
}

impl PageError {
    fn text(&self) -> &'static str {
        match self {
            Self::NotFound => "error_not_found",
            Self::SignInFirst => "error_sign_in",
            Self::FormExpired => "error_form_expired",
            Self::OtherSite => "error_other_site",
            Self::BadForm => "error_bad_form",
            Self::TooLong => "error_too_long",
            Self::Busy => "error_busy",
            Self::TooMany(_) => "error_too_many",
            Self::NotStored => "error_not_stored",
            Self::Broken(_) => "error_broken",
        }
    }

    /// After how many seconds to try again.
    fn seconds(&self) -> Option<u64> {
        match self {
            Self::TooMany(TooMany(seconds)) => Some(*seconds),
            Self::Busy => Some(5),
            Self::NotStored => Some(60),
            _ => None,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::SignInFirst => StatusCode::UNAUTHORIZED,
            Self::FormExpired | Self::OtherSite => StatusCode::FORBIDDEN,
            Self::BadForm => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::NotStored => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<TooMany> for PageError {
    fn from(error: TooMany) -> Self {
        Self::TooMany(error)
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stopped => Self::Busy,
            StoreError::Full
            | StoreError::ReadOnly(_)
            | StoreError::Disk(_)
            | StoreError::Locked => Self::NotStored,
            error => Self::Broken(error.to_string()),
        }
    }
}

impl From<PasswordError> for PageError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            error => Self::Broken(error.to_string()),
        }
    }
}

impl From<NoRandomness> for PageError {
    fn from(error: NoRandomness) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<crate::keys::seal::SealError> for PageError {
    fn from(error: crate::keys::seal::SealError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<crate::api::ApiError> for PageError {
    fn from(error: crate::api::ApiError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        if matches!(self, Self::SignInFirst) {
            return Redirect::to("/sign-in").into_response();
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The page for whose source has used up its budget.
pub(crate) fn too_many(app: &App, error: TooMany) -> Response {
    dress(app, false, PageError::TooMany(error).into_response())
}

/// Renders refusals and sets the policy headers of every page.
pub(super) async fn finish(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let asset = request.uri().path().starts_with("/static/");
    dress(&app, asset, next.run(request).await)
}

fn dress(app: &App, asset: bool, mut response: Response) -> Response {
    if let Some(error) = response.extensions_mut().remove::<PageError>() {
        if let PageError::Broken(why) = &error {
            tracing::error!(%why, "a page could not be shown");
        }
        response = (
            error.status(),
            axum::response::Html(app.pages.error(&error, app.origin.as_str())),
        )
            .into_response();
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
