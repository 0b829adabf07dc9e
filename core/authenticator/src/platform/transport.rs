//! Bytes to a service and back over HTTPS. It sees bytes only: its signature shows whether a reply
//! is the service's.
//!
//! [`HttpTransport`] follows no redirect, speaks plain HTTP to loopback only, trusts the platform's
//! certificate authorities, or built-in ones where a platform would have to be prepared first (and
//! those of an organisation's own that its caller names), and bounds time and size.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use countersign_protocol::field::is_displayable;
use countersign_protocol::origin::Origin;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// The media type of every reply.
const COSE: &str = "application/cose";
/// The media type of every request body.
const REQUEST: &str = "application/vnd.countersign+cbor";
/// The most that is read of the line which an error brings.
const LONGEST_LINE: usize = 200;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why no answer came. None of these proves anything: a phone changes nothing on them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection, or none that is secure.
    #[error("{host} cannot be reached ({why}); check the network and try again")]
    Unreachable {
        /// The service.
        host: String,
        /// The reason.
        why: String,
    },
    /// It took too long.
    #[error("{host} did not answer in time; check the network and try again")]
    TimedOut {
        /// The service.
        host: String,
    },
    /// The answer broke off.
    #[error("the answer of {host} broke off; try again")]
    CutOff {
        /// The service.
        host: String,
    },
    /// It sends elsewhere, which is not followed.
    #[error(
        "{host} sends the phone elsewhere, which it does not follow; the network may want you to sign in first"
    )]
    Redirect {
        /// The service.
        host: String,
    },
    /// It refused, with a line for people.
    #[error("{host} refused ({status}): {line}")]
    Refused {
        /// The service.
        host: String,
        /// The HTTP status.
        status: u16,
        /// Its message, made safe to show; may be empty.
        line: String,
        /// Seconds after which to try again, if it says.
        retry_after: Option<u64>,
    },
    /// The answer is something else, a web page for instance.
    #[error(
        "{host} answered with {found} instead of a Countersign message; the network may want you to sign in first"
    )]
    NotCose {
        /// The service.
        host: String,
        /// The media type.
        found: String,
    },
    /// The answer is too large.
    #[error("the answer of {host} is too large to be right; tell the service")]
    TooLarge {
        /// The service.
        host: String,
    },
}

impl TransportError {
    /// Whether the request may have been answered without the answer arriving, so that sending the
    /// same bytes again is worth while.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::CutOff { .. }
        )
    }
}

/// A request to a service.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The service.
    pub origin: Origin,
    /// The path, from `/`.
    pub path: &'static str,
    /// The body to POST; none for GET.
    pub body: Option<Vec<u8>>,
    /// The longest answer to take, in bytes.
    pub limit: usize,
    /// The longest time in all.
    pub timeout: Duration,
}

/// Carries requests to services.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a request and returns the body of a 200 answer of type `application/cose`.
    ///
    /// # Errors
    /// For everything else.
    async fn send(&self, request: Outgoing) -> Result<Vec<u8>, TransportError>;
}

/// HTTPS by reqwest and rustls on ring.
#[derive(Default)]
pub struct HttpTransport {
    // Made when first needed: loading the platform's authorities takes longer than everything else
    // at a start.
    secure: OnceLock<Result<Client, String>>,
    authorities: Vec<CertificateDer<'static>>,
    built_in: bool,
    loopback: OnceLock<Result<Client, String>>,
}

impl HttpTransport {
    /// A transport; connections are made when needed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A transport that trusts these certificate authorities too, each a DER certificate (RFC
    /// 5280), for services inside an organisation and for tests. Every other check of a certificate
    /// stays as it is.
    #[must_use]
    pub fn with_authorities(authorities: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            authorities: authorities.into_iter().map(CertificateDer::from).collect(),
            ..Self::default()
        }
    }

    /// A transport that asks nothing of its platform: it trusts Mozilla's certificate authorities,
    /// which are built in, and these besides.
    #[must_use]
    pub fn with_built_in_authorities(authorities: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            built_in: true,
            ..Self::with_authorities(authorities)
        }
    }

    fn client(&self, origin: &Origin) -> Result<&Client, TransportError> {
        let client = if origin.is_secure() {
            self.secure.get_or_init(|| {
                if self.built_in {
                    built_in_client(&self.authorities)
                } else {
                    secure_client(&self.authorities)
                }
            })
        } else {
            self.loopback.get_or_init(loopback_client)
        };
        client.as_ref().map_err(|why| TransportError::Unreachable {
            host: origin.authority().to_owned(),
            why: why.clone(),
        })
    }
}

/// The platform's authorities and these; where those are left out of the build, the built-in ones.
#[cfg(feature = "platform-authorities")]
fn secure_client(authorities: &[CertificateDer<'static>]) -> Result<Client, String> {
    let config = super::authorities::config(authorities)
        .map_err(|error| format!("the certificate authorities can't be used: {error}"))?;
    build(config, true)
}

#[cfg(not(feature = "platform-authorities"))]
fn secure_client(authorities: &[CertificateDer<'static>]) -> Result<Client, String> {
    built_in_client(authorities)
}

/// The built-in authorities and these.
fn built_in_client(authorities: &[CertificateDer<'static>]) -> Result<Client, String> {
    let wrong =
        |error: rustls::Error| format!("the certificate authorities can't be used: {error}");
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for authority in authorities {
        roots.add(authority.clone()).map_err(wrong)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    build(config, true)
}

/// An [`Origin`] is `http` for loopback hosts only; nothing is trusted here that could be anything
/// else.
fn loopback_client() -> Result<Client, String> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    build(config, false)
}

fn build(config: ClientConfig, secure: bool) -> Result<Client, String> {
    let builder = Client::builder()
        .tls_backend_preconfigured(config)
        .https_only(secure)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")));
    let builder = if secure { builder } else { builder.no_proxy() };
    builder.build().map_err(|error| reason(&error))
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Outgoing) -> Result<Vec<u8>, TransportError> {
        let host = request.origin.authority().to_owned();
        let client = self.client(&request.origin)?;
        let url = format!("{}{}", request.origin, request.path);
        let sending: RequestBuilder = match request.body {
            Some(body) => client.post(url).header(CONTENT_TYPE, REQUEST).body(body),
            None => client.get(url),
        };
        let response = sending
            .timeout(request.timeout)
            .send()
            .await
            .map_err(|error| lost(&host, &error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(TransportError::Redirect { host });
        }
        if status != StatusCode::OK {
            return Err(refusal(host, response).await);
        }
        let found = media_type(&response);
        if found != COSE {
            return Err(TransportError::NotCose { host, found });
        }
        read(response, &host, request.limit).await
    }
}

async fn refusal(host: String, response: Response) -> TransportError {
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.trim().parse().ok());
    let line = if media_type(&response) == "text/plain" {
        let body = read(response, &host, LONGEST_LINE)
            .await
            .unwrap_or_default();
        String::from_utf8(body)
            .map(|line| line.trim().to_owned())
            .ok()
            .filter(|line| is_displayable(line))
    } else {
        None
    };
    TransportError::Refused {
        host,
        status,
        line: line.unwrap_or_default(),
        retry_after,
    }
}

/// The media type without parameters, made safe to show.
fn media_type(response: &Response) -> String {
    response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|kind| kind.trim().to_ascii_lowercase())
        .filter(|kind| kind.len() <= 60 && is_displayable(kind))
        .unwrap_or_else(|| "something unknown".to_owned())
}

/// Stops reading as soon as it is too much.
async fn read(mut response: Response, host: &str, limit: usize) -> Result<Vec<u8>, TransportError> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= limit => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                return Err(TransportError::TooLarge {
                    host: host.to_owned(),
                });
            }
            Ok(None) => return Ok(body),
            Err(error) if error.is_timeout() => return Err(lost(host, &error)),
            Err(_) => {
                return Err(TransportError::CutOff {
                    host: host.to_owned(),
                });
            }
        }
    }
}

fn lost(host: &str, error: &reqwest::Error) -> TransportError {
    let host = host.to_owned();
    if error.is_timeout() && !error.is_connect() {
        TransportError::TimedOut { host }
    } else if error.is_connect() || error.is_builder() {
        TransportError::Unreachable {
            host,
            why: reason(error),
        }
    } else {
        TransportError::CutOff { host }
    }
}

/// The innermost cause, which is the one that tells a person something. It never holds a body, and
/// our URLs hold no secret.
fn reason(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
