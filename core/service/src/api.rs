//! The endpoints that phones use: PROTOCOL.md, section 9. Bodies are bounded and strictly parsed;
//! signatures are verified before anything else is looked at; replies are signed over the hash of
//! the request.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, FromRequest, Request as HttpRequest, State, rejection::BytesRejection,
    },
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use countersign_protocol::{
    info::{Info, encode_earlier},
    message::Received,
    request::LONGEST_BODY,
    update::What,
};

use crate::{
    app::App,
    edge::{self, TooMany},
    flow::{self, Failed, Posted, Signed},
    security,
};

const REPLY_TYPE: HeaderValue = HeaderValue::from_static("application/cose");
const REQUEST_TYPE: &str = "application/vnd.countersign+cbor";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/.well-known/countersign", get(information))
        .route("/.well-known/countersign/earlier", get(earlier))
        .route("/api/v1/claim", post(claim))
        .route("/api/v1/complete", post(complete))
        .route("/api/v1/status", post(status))
        .route("/api/v1/inbox", post(inbox))
        .route("/api/v1/answer", post(answer))
        .route("/api/v1/change", post(change))
        .route("/api/v1/commit", post(commit))
        .route("/api/v1/biometrics", post(biometrics))
        .route("/api/v1/push", post(push))
        .route("/api/v1/remove", post(remove))
        .method_not_allowed_fallback(|| async {
            (
                StatusCode::METHOD_NOT_ALLOWED,
                "this endpoint takes another method\n",
            )
        })
        .route(
            "/api/{*path}",
            any(|| async { (StatusCode::NOT_FOUND, "there is no such endpoint\n") }),
        )
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
}

/// Is this the path of something that phones ask, whose refusals are a line of text?
pub(crate) fn has(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/.well-known/")
}

/// Works to the end also when the phone hangs up meanwhile: once a try is counted, the result must
/// be recorded, or a right PIN would cost one.
async fn to_the_end(
    work: impl Future<Output = Signed> + Send + 'static,
) -> Result<Response, ApiError> {
    let ended = tokio::spawn(security::carried(work)).await;
    let failed = |error: tokio::task::JoinError| Failed::Unavailable(error.to_string());
    Ok(cose(ended.map_err(failed)??))
}

async fn information(State(app): State<Arc<App>>) -> Response {
    cose(app.keys.now().info.clone())
}

/// For phones that slept while the keys that they know were replaced.
async fn earlier(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let earlier = app.store.own_keys().await.map_err(Failed::from)?.earlier;
    let mut earlier: Vec<_> = earlier
        .iter()
        .filter_map(|bytes| {
            Received::<Info>::parse(bytes)
                .ok()?
                .verify_first_contact()
                .ok()
        })
        .collect();
    earlier.sort_unstable_by_key(|info| info.sequence);
    let earlier = earlier.iter().map(|info| info.bytes().to_vec());
    Ok(cose(encode_earlier(earlier.collect())))
}

fn cose(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, REPLY_TYPE)], bytes).into_response()
}

/// `POST /api/v1/claim`.
async fn claim(State(app): State<Arc<App>>, Cbor(posted): Cbor) -> Result<Response, ApiError> {
    to_the_end(flow::claim::claim(app, posted)).await
}

/// `POST /api/v1/complete`.
async fn complete(State(app): State<Arc<App>>, Cbor(posted): Cbor) -> Result<Response, ApiError> {
    Ok(cose(flow::query::complete(app, posted).await?))
}

/// `POST /api/v1/status`.
async fn status(State(app): State<Arc<App>>, Cbor(posted): Cbor) -> Result<Response, ApiError> {
    Ok(cose(flow::query::status(app, posted).await?))
}

/// `POST /api/v1/inbox`.
async fn inbox(State(app): State<Arc<App>>, Cbor(posted): Cbor) -> Result<Response, ApiError> {
    Ok(cose(flow::query::inbox(app, posted).await?))
}

/// `POST /api/v1/answer`.
async fn answer(State(app): State<Arc<App>>, Cbor(posted): Cbor) -> Result<Response, ApiError> {
    to_the_end(flow::answer::answer(app, posted)).await
}

/// `POST /api/v1/change`.
async fn change(State(app): State<Arc<App>>, Cbor(posted): Cbor) -> Result<Response, ApiError> {
    let belongs = |what: &What| matches!(what, What::Change(_));
    to_the_end(flow::update::update(app, posted, belongs)).await
}

/// `POST /api/v1/commit`.
async fn commit(State(app): State<Arc<App>>, Cbor(posted): Cbor) -> Result<Response, ApiError> {
    let belongs = |what: &What| matches!(what, What::Commit { .. });
    to_the_end(flow::update::update(app, posted, belongs)).await
}

/// `POST /api/v1/biometrics`.
async fn biometrics(State(app): State<Arc<App>>, Cbor(posted): Cbor) -> Result<Response, ApiError> {
    let belongs =
        |what: &What| matches!(what, What::BiometricsOn { .. } | What::BiometricsOff { .. });
    to_the_end(flow::update::update(app, posted, belongs)).await
}

/// `POST /api/v1/push`.
async fn push(State(app): State<Arc<App>>, Cbor(posted): Cbor) -> Result<Response, ApiError> {
    let belongs = |what: &What| matches!(what, What::PushAddress(_));
    to_the_end(flow::update::update(app, posted, belongs)).await
}

/// `POST /api/v1/remove`.
async fn remove(State(app): State<Arc<App>>, Cbor(posted): Cbor) -> Result<Response, ApiError> {
    Ok(cose(flow::query::remove(app, posted).await?))
}

/// A request that gets no signed reply. The body is one line for people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error(transparent)]
    Failed(#[from] Failed),
    #[error("the request body is longer than {LONGEST_BODY} bytes")]
    TooLong,
    #[error("the request body was cut off")]
    CutOff,
    #[error("a request must be sent as {REQUEST_TYPE}")]
    MediaType,
}

fn unavailable(why: &dyn std::fmt::Display) -> StatusCode {
    tracing::error!(%why, "a phone's request could not be answered");
    StatusCode::SERVICE_UNAVAILABLE
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Failed(Failed::Parse(_) | Failed::OtherEndpoint) | Self::CutOff => {
                StatusCode::BAD_REQUEST
            }
            Self::Failed(Failed::Unknown) => StatusCode::UNAUTHORIZED,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Failed(Failed::TooMany(_)) => StatusCode::TOO_MANY_REQUESTS,
            Self::Failed(Failed::Unavailable(why)) => unavailable(why),
            Self::Failed(Failed::Store(error)) => unavailable(error),
        };
        let mut response = (status, format!("{self}\n")).into_response();
        match self {
            Self::Failed(Failed::TooMany(TooMany(seconds))) => {
                edge::retry_after(&mut response, seconds)
            }
            Self::Failed(Failed::Unavailable(_) | Failed::Store(_)) => {
                edge::retry_after(&mut response, 5)
            }
            _ => (),
        }
        response
    }
}

/// A request body of the protocol's media type and length.
struct Cbor(Posted);

impl<S: Send + Sync> FromRequest<S> for Cbor {
    type Rejection = ApiError;

    async fn from_request(request: HttpRequest, state: &S) -> Result<Self, ApiError> {
        let media = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        if !media.is_some_and(|media| media.eq_ignore_ascii_case(REQUEST_TYPE)) {
            return Err(ApiError::MediaType);
        }
        let pass = request.extensions().get().cloned();
        let body = Bytes::from_request(request, state);
        let Ok(body) = tokio::time::timeout(edge::BODY, body).await else {
            return Err(ApiError::CutOff);
        };
        match body {
            Ok(bytes) => Ok(Self(Posted { bytes, pass })),
            Err(BytesRejection::FailedToBufferBody(error))
                if error.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Err(ApiError::TooLong)
            }
            Err(_) => Err(ApiError::CutOff),
        }
    }
}
