//! The endpoints that phones use: PROTOCOL.md, section 9. Bodies are bounded and strictly parsed; signatures are verified before anything
//! else is looked at; replies are signed over the hash of the request.

mod answer;
mod claim;
mod query;
mod update;

pub(crate) use answer::return_value;
pub(crate) use claim::pin_check;
pub(crate) use query::{open_chain, sealed_chain};

use std::{sync::Arc, time::Duration};

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
    ParseError,
    answer::StateToken,
    id::{DeviceId, Hash},
    info::{Info, encode_earlier},
    message::{Message, Received},
    policy::tries,
    reply::{self, Names, Reply, ResultCode, Tries},
    request::{LONGEST_BODY, ReceivedRequest, Request, Transcript},
};

use crate::{
    app::App,
    edge::{self, Pass, TooMany},
    keys::{ring::KeysError, seal::SealError},
    security,
    store::{Account, Device, DeviceState, StoreError},
};

const REPLY_TYPE: HeaderValue = HeaderValue::from_static("application/cose");
const REQUEST_TYPE: &str = "application/vnd.countersign+cbor";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/.well-known/countersign", get(information))
        .route("/.well-known/countersign/earlier", get(earlier))
        .route("/api/v1/claim", post(claim::claim))
        .route("/api/v1/complete", post(query::complete))
        .route("/api/v1/status", post(query::status))
        .route("/api/v1/inbox", post(query::inbox))
        .route("/api/v1/answer", post(answer::answer))
        .route("/api/v1/change", post(update::change))
        .route("/api/v1/commit", post(update::commit))
        .route("/api/v1/biometrics", post(update::biometrics))
        .route("/api/v1/push", post(update::push))
        .route("/api/v1/remove", post(query::remove))
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

/// Works to the end also when the phone hangs up meanwhile: whoever took a try must learn what came of it, or a right PIN costs one.
async fn to_the_end(
    work: impl Future<Output = Result<Response, ApiError>> + Send + 'static,
) -> Result<Response, ApiError> {
    let ended = tokio::spawn(security::carried(work)).await;
    ended.unwrap_or_else(|error| Err(ApiError::Unavailable(error.to_string())))
}

async fn information(State(app): State<Arc<App>>) -> Response {
    cose(app.keys.now().info.clone())
}

/// For phones that slept while the keys that they know were replaced.
async fn earlier(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let earlier = app.store().own_keys().await?.earlier;
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

/// An error without a signature: a phone changes nothing on it. The body is one line for people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0}")]
    Parse(#[from] ParseError),
    #[error("this device is not known here, or its signature is wrong")]
    Unknown,
    #[error("the request is of a type that another endpoint takes")]
    OtherEndpoint,
    #[error("the request body is longer than {LONGEST_BODY} bytes")]
    TooLong,
    #[error("the request body was cut off")]
    CutOff,
    #[error("a request must be sent as {REQUEST_TYPE}")]
    MediaType,
    #[error("too many requests; try again in {} seconds", .0.0)]
    TooMany(TooMany),
    #[error("the service can't answer now; try again in a moment")]
    Unavailable(String),
}

impl From<TooMany> for ApiError {
    fn from(error: TooMany) -> Self {
        Self::TooMany(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Gone => Self::Unknown,
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<SealError> for ApiError {
    fn from(error: SealError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<KeysError> for ApiError {
    fn from(error: KeysError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<crate::base::random::NoRandomness> for ApiError {
    fn from(error: crate::base::random::NoRandomness) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Parse(_) | Self::CutOff | Self::OtherEndpoint => StatusCode::BAD_REQUEST,
            Self::Unknown => StatusCode::UNAUTHORIZED,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(why) => {
                tracing::error!(%why, "a phone's request could not be answered");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        let mut response = (status, format!("{self}\n")).into_response();
        match self {
            Self::TooMany(TooMany(seconds)) => edge::retry_after(&mut response, seconds),
            Self::Unavailable(_) => edge::retry_after(&mut response, 5),
            _ => (),
        }
        response
    }
}

/// A request body of the protocol's media type and length.
pub(crate) struct Cbor {
    bytes: Bytes,
    /// By what the request was admitted.
    pass: Option<Pass>,
}

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
            Ok(bytes) => Ok(Self { bytes, pass }),
            Err(BytesRejection::FailedToBufferBody(error))
                if error.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Err(ApiError::TooLong)
            }
            Err(_) => Err(ApiError::CutOff),
        }
    }
}

impl Cbor {
    fn parse<T: Transcript>(&self) -> Result<ReceivedRequest<T>, ApiError> {
        Ok(ReceivedRequest::parse(&self.bytes)?)
    }
}

/// Parses, finds the device, verifies its signature: in this order, and nothing else before. From
/// then on the request is counted for the device.
async fn authenticated<T: Transcript>(
    app: &App,
    body: &Cbor,
) -> Result<(Device, Request<T>), ApiError> {
    let received = body.parse::<T>()?;
    let device = device_of(app, &received).await?;
    let request = received
        .verify(&device.keys.device_key)
        .map_err(|_| ApiError::Unknown)?;
    if let Some(pass) = &body.pass {
        app.edge.prove(pass, device.dev, app.now())?;
    }
    Ok((device, request))
}

/// The device that a request names, if it is of this service and account; told apart from nothing.
async fn device_of<T: Transcript>(
    app: &App,
    request: &ReceivedRequest<T>,
) -> Result<Device, ApiError> {
    let (svc, acc, dev) = request.names();
    if svc != app.origin.svc() {
        return Err(ApiError::Unknown);
    }
    let device = app.store.device(dev).await?;
    device
        .filter(|device| device.account == acc)
        .ok_or(ApiError::Unknown)
}

fn reply(app: &App, request: Hash, result: ResultCode) -> Reply {
    let (keys, now) = (app.keys.now(), app.now());
    Reply::new(
        app.origin.svc(),
        keys.kid(now),
        request,
        result,
        now,
        keys.sequence,
    )
}

fn signed(app: &App, reply: &Reply) -> Result<Response, ApiError> {
    let keys = app.keys.now();
    let key = keys.signing(reply.kid).ok_or(KeysError::Damaged)?;
    reply
        .sign(key)
        .map(cose)
        .map_err(|error| ApiError::Unavailable(error.to_string()))
}

fn token(app: &App, dev: DeviceId, sequence: u64) -> StateToken {
    app.root.tokens.token(dev, sequence)
}

/// What a claim's and a status's reply say of a device.
fn describe(
    app: &App,
    reply: &mut Reply,
    device: &Device,
    account: &Account,
    state: reply::DeviceState,
    next_step: u64,
) {
    if device.acked == 0 && device.issued == 1 {
        reply.state_token = Some(token(app, device.dev, device.issued));
    }
    reply.tries_in_row = Some(device.left_in_a_row());
    reply.tries_in_epoch = Some(device.left_in_epoch());
    reply.counter = Some(device.counter);
    reply.next_step = Some(next_step);
    reply.epoch = Some(device.epoch);
    reply.device_state = Some(state);
    if matches!(
        state,
        reply::DeviceState::Claimed | reply::DeviceState::Confirmed
    ) {
        // Section 8: only until the device is active.
        reply.i0 = Some(device.first_step);
    }
    reply.names = Some(Names {
        app_name: app.name.clone(),
        account_label: account_label(account),
        device_name: device.name.clone(),
    });
    reply.policy = Some(Tries {
        in_row: tries::IN_A_ROW,
        in_epoch: tries::IN_EPOCH,
    });
}

/// The account as a phone shows it: the e-mail address, cut to 40 bytes at a character.
pub(crate) fn account_label(account: &Account) -> String {
    let mut label = account.email.to_string();
    if label.len() > 40 {
        let end = (0..=37)
            .rev()
            .find(|at| label.is_char_boundary(*at))
            .unwrap_or(0);
        label.truncate(end);
        label.push('…');
    }
    label
}

fn state_of(device: &Device) -> reply::DeviceState {
    match device.state {
        DeviceState::Pending => reply::DeviceState::Claimed,
        DeviceState::Suspended => reply::DeviceState::Suspended,
        DeviceState::Active if device.is_blocked() => reply::DeviceState::Blocked,
        DeviceState::Active => reply::DeviceState::Active,
    }
}

/// Waits until there may be news, the service stops, or the time is over.
async fn wait(app: &App, woken: tokio::sync::futures::Notified<'_>, time: Duration) {
    let mut stopping = app.stopping.clone();
    tokio::select! {
        () = woken => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
        () = tokio::time::sleep(time) => {}
    }
}
