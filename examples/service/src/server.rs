//! The listener: HTTP/1.1 over TLS or, on this computer and from trusted proxies, over TCP; with bounds on connections and on how slowly a client may speak.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router, body::Body, extract::Request, http::StatusCode, middleware::Next,
    response::IntoResponse,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::{Config, Connections, StartError, storage, tls};

/// At most so many connections; further ones wait in the system's queue.
const CONNECTIONS: usize = 20_000;
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

/// Who may connect, and how.
pub(crate) struct Admission {
    /// The only addresses to serve; `None`: all.
    only: Option<Vec<IpAddr>>,
    tls: Option<TlsAcceptor>,
}

impl Admission {
    /// From the settings. Reads the certificate and its key.
    ///
    /// # Errors
    /// [`StartError::PlainHttp`], or what is wrong with certificate and key.
    pub(crate) fn new(config: &Config) -> Result<Self, StartError> {
        match &config.connections {
            Connections::Loopback if config.listen.ip().is_loopback() => Ok(Self {
                only: None,
                tls: None,
            }),
            Connections::Loopback => Err(StartError::PlainHttp(config.listen)),
            Connections::Proxies(only) => Ok(Self {
                only: Some(only.iter().map(IpAddr::to_canonical).collect()),
                tls: None,
            }),
            Connections::Tls { certificate, key } => Ok(Self {
                only: None,
                tls: Some(tls::acceptor(certificate, key).map_err(storage)?),
            }),
        }
    }

    fn admits(&self, peer: IpAddr) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| only.contains(&peer.to_canonical()))
    }
}

/// Serves until `stopping` turns true, then lets requests in flight finish.
pub(crate) async fn serve(
    listener: TcpListener,
    admission: Admission,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let router = router.layer(axum::middleware::from_fn(in_time));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            break;
        };
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        let stream = match stream {
            Ok((stream, peer)) if admission.admits(peer.ip()) => stream,
            Ok((_, peer)) => {
                tracing::debug!(peer = %peer.ip(), "not a trusted proxy");
                continue;
            }
            Err(error) => {
                // Out of file descriptors, most likely: give connections time to end instead of spinning.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let stop = stopping.clone();
        // Two kinds of task, so that thousands that wait without TLS don't each hold the room that TLS would take.
        match admission.tls.clone() {
            None => connections.spawn(async move {
                let _place = place;
                talk(stream, service, stop).await;
            }),
            Some(tls) => connections.spawn(async move {
                let _place = place;
                // Who doesn't finish the handshake is a scanner, a broken client, or gone.
                if let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.accept(stream)).await {
                    talk(stream, service, stop).await;
                }
            }),
        };
        while connections.try_join_next().is_some() {}
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
    service: TowerToHyperService<Router>,
    mut stop: watch::Receiver<bool>,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // Errors here are the clients': hung up, too slow, not HTTP.
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stopping| *stopping) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn in_time(request: Request<Body>, next: Next) -> axum::response::Response {
    let limit = if request.uri().path().starts_with("/api/") {
        PHONE
    } else {
        PAGE
    };
    match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "the request took too long\n").into_response(),
    }
}
