//! The listener: HTTP/1.1 over TLS or, on this computer and from trusted proxies, over TCP; with
//! bounds on connections and on how slowly a client may speak.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::IntoResponse,
};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    api::{self, ApiError},
    app::App,
    base::agent::Agent,
    config::{Config, Connections, StartError, storage},
    edge::{Connection, Location, Origins, Source, Steady},
    flow::Failed,
    security::{self, By, Caller},
    tls,
    web::{self, Asked},
};

/// A request's head must be there within this time; an idle connection is closed after it.
const HEAD: Duration = Duration::from_secs(60);
/// A page's request must be read and answered within this time.
const PAGE: Duration = Duration::from_secs(30);
/// The same for a phone's, which may wait 50 seconds for news.
const PHONE: Duration = Duration::from_secs(80);
/// A TLS handshake must be done within this time.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a stopping service waits for its connections.
const GOODBYE: Duration = Duration::from_secs(5);

/// After how many seconds to try again, where a refusal for lack of room does not say it better.
const LATER: HeaderValue = HeaderValue::from_static("5");

/// The peers that may connect, and how.
pub(crate) struct Admission {
    /// Whose headers say for whom they ask.
    origins: Arc<Origins>,
    /// Are trusted proxies the only ones to serve?
    proxies_only: bool,
    tls: Option<TlsAcceptor>,
}

impl Admission {
    /// From the settings. Reads the certificate and its key.
    ///
    /// # Errors
    /// [`StartError::PlainHttp`], or what is wrong with certificate and key.
    pub(crate) fn new(config: &Config) -> Result<Self, StartError> {
        let (mut proxies, mut tls) = (None, None);
        match &config.connections {
            Connections::Loopback if config.listen.ip().is_loopback() => (),
            Connections::Loopback => return Err(StartError::PlainHttp(config.listen)),
            Connections::Proxies(only) => proxies = Some(only.as_slice()),
            Connections::Tls { certificate, key } => {
                tls = Some(tls::acceptor(certificate, key).map_err(storage)?);
            }
        }
        let place = place_header(config)?;
        Ok(Self {
            origins: Arc::new(Origins::new(proxies.unwrap_or_default(), place)),
            proxies_only: proxies.is_some(),
            tls,
        })
    }

    fn admits(&self, peer: IpAddr) -> bool {
        !self.proxies_only || self.origins.is_proxy(peer)
    }
}

/// The header in which trusted proxies say places.
fn place_header(config: &Config) -> Result<Option<HeaderName>, StartError> {
    let Some(given) = &config.place_header else {
        return Ok(None);
    };
    let read = matches!(config.connections, Connections::Proxies(_));
    let name = given.parse().ok().filter(|_| read);
    let name = name.ok_or_else(|| StartError::PlaceHeader(given.clone()))?;
    Ok(Some(name))
}

/// One connection's requests, each with its source.
struct Requests {
    router: TowerToHyperService<Router>,
    origins: Arc<Origins>,
    peer: IpAddr,
    connection: Arc<Connection>,
}

impl Service<Request<Incoming>> for Requests {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let source = self.origins.of(self.peer, request.headers());
        let place = self.origins.place(self.peer, request.headers());
        request.extensions_mut().insert(source);
        if let Some(place) = place {
            request.extensions_mut().insert(place);
        }
        request.extensions_mut().insert(self.connection.clone());
        self.router.call(request)
    }
}

/// Serves until `stopping` turns true, then lets requests in flight finish.
pub(crate) async fn serve(
    listener: TcpListener,
    admission: Admission,
    app: Arc<App>,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let edge = app.edge.clone();
    let router = router.layer(middleware::from_fn_with_state(app.clone(), in_time));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        while connections.try_join_next().is_some() {}
        let (stream, peer) = match accepted {
            Ok((stream, peer)) if admission.admits(peer.ip()) => (stream, peer.ip()),
            Ok((_, peer)) => {
                tracing::debug!(peer = %peer.ip(), "not a trusted proxy");
                continue;
            }
            Err(error) => {
                // Out of file descriptors, most likely: give connections time to end instead of
                // spinning.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Before the handshake, which a source pays for like the rest.
        let is_proxy = admission.proxies_only;
        let Some(place) = edge.connect(Source::new(peer), is_proxy, app.clock.now()) else {
            tracing::debug!(%peer, "no place for a connection");
            // Reset, so that the system keeps nothing of it either.
            let _ = stream.set_zero_linger();
            // The runtime would let a flood of these keep all else from being done.
            tokio::task::yield_now().await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let service = Requests {
            router: TowerToHyperService::new(router.clone()),
            origins: admission.origins.clone(),
            peer,
            connection: place.connection.clone(),
        };
        let stop = stopping.clone();
        // Two kinds of task, so that thousands that wait without TLS don't each hold the room that
        // TLS would take.
        match admission.tls.clone() {
            None => connections.spawn(async move {
                talk(stream, service, stop).await;
                drop(place);
            }),
            Some(tls) => connections.spawn(async move {
                // A peer that doesn't finish the handshake is a scanner, a broken client, or gone.
                let handshake = timeout(HANDSHAKE, tls.accept(stream));
                let stream = tokio::select! {
                    stream = handshake => stream,
                    () = place.connection.ended() => return,
                };
                if let Ok(Ok(stream)) = stream {
                    talk(stream, service, stop).await;
                }
                drop(place);
            }),
        };
    }
    drop(listener);
    let finished = timeout(GOODBYE, async {
        while connections.join_next().await.is_some() {}
    })
    .await;
    if finished.is_err() {
        connections.shutdown().await;
    }
}

/// HTTP on one connection until it ends or the service stops.
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    service: Requests,
    mut stop: watch::Receiver<bool>,
) {
    let place = service.connection.clone();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(Steady::new(stream)), service);
    tokio::pin!(connection);
    tokio::select! {
        // Errors here are the clients': hung up, too slow, not HTTP.
        _ = connection.as_mut() => return,
        // It waits for a request, and another connection needs its place.
        () = place.ended() => return,
        _ = stop.wait_for(|stopping| *stopping) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Who asks: the app on a phone, or a browser.
fn caller(request: &Request<Body>, is_api: bool) -> Caller {
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.map_or(&[][..], HeaderValue::as_bytes);
    let place = request.extensions().get::<Location>();
    Caller {
        by: Some(match is_api {
            true => By::Device,
            false => By::Browser(Agent::of(agent)),
        }),
        place: place.map(|Location(place)| place.clone()),
    }
}

/// Every request passes here: its source must have room for it, and it must be answered in time.
/// One layer for both, because thousands of phones wait here.
async fn in_time(
    State(app): State<Arc<App>>,
    mut request: Request<Body>,
    next: Next,
) -> axum::response::Response {
    let is_api = api::has(request.uri().path());
    let asked = Asked::of(&app, &mut request);
    let source = match app.edge.admit(&mut request, app.clock.now()) {
        Ok(source) => source,
        Err(error) if is_api => return ApiError::from(Failed::from(error)).into_response(),
        Err(error) => return web::too_many(&app, &asked, error),
    };
    let connection = request.extensions().get::<Arc<Connection>>();
    let answering = connection.map(|connection| app.edge.connections.answer(connection));
    let limit = if is_api { PHONE } else { PAGE };
    let caller = caller(&request, is_api);
    let work = security::of_source(source.address(), caller, next.run(request));
    let answered = timeout(limit, work).await;
    drop(answering);
    let Ok(mut response) = answered else {
        return match is_api {
            true => (StatusCode::REQUEST_TIMEOUT, "the request took too long\n").into_response(),
            false => web::too_slow(&app, &asked),
        };
    };
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
        let headers = response.headers_mut();
        headers.entry(header::RETRY_AFTER).or_insert(LATER);
    }
    response
}
