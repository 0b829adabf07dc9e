//! The listener: HTTP/1.1 over TCP, with bounds on connections and on how slowly a client may speak.

use std::{sync::Arc, time::Duration};

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
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

/// At most so many connections; further ones wait in the system's queue.
const CONNECTIONS: usize = 20_000;
/// A request's head must be there within this time; an idle connection is closed after it.
const HEAD: Duration = Duration::from_secs(60);
/// A page's request must be read and answered within this time.
const PAGE: Duration = Duration::from_secs(30);
/// The same for a phone's, which may wait 50 seconds for news.
const PHONE: Duration = Duration::from_secs(80);
/// How long a stopping service waits for its connections.
const GOODBYE: Duration = Duration::from_secs(5);

/// Serves until `stopping` turns true, then lets requests in flight finish.
pub(crate) async fn serve(
    listener: TcpListener,
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
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, most likely: give connections time to end instead of spinning.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let mut stop = stopping.clone();
        connections.spawn(async move {
            let _place = place;
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
        });
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
