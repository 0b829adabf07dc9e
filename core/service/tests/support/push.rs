//! A push service: it takes every message, notes it, and answers as the test wants.

use std::{
    collections::VecDeque,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use tokio::net::TcpListener;

/// A message that came.
#[derive(Debug, Clone)]
pub struct Message {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Message {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Default)]
struct Books {
    messages: Mutex<Vec<Message>>,
    answers: Mutex<VecDeque<(u16, &'static str, String)>>,
    hangs: AtomicBool,
    endless: AtomicBool,
}

pub struct PushServer {
    pub host: String,
    books: Arc<Books>,
}

impl PushServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let books = Arc::new(Books::default());
        let router = Router::new().fallback(take).with_state(books.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { host, books }
    }

    /// The address of a phone there.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/up/{name}", self.host)
    }

    /// How the next messages are answered, each with a header; what comes after is 201.
    pub fn answers(&self, answers: &[(u16, &'static str, &str)]) {
        let mut own = self.books.answers.lock().unwrap();
        let answers = answers.iter().copied();
        own.extend(answers.map(|(status, name, value)| (status, name, value.to_owned())));
    }

    /// It takes messages and never answers.
    pub fn hang(&self, hangs: bool) {
        self.books.hangs.store(hangs, Ordering::SeqCst);
    }

    /// Its answers have a body without end.
    pub fn endless(&self) {
        self.books.endless.store(true, Ordering::SeqCst);
    }

    pub fn came(&self) -> Vec<Message> {
        self.books.messages.lock().unwrap().clone()
    }

    /// As many messages as this, once they have come, and a moment later no more.
    pub async fn exactly(&self, count: usize) -> Vec<Message> {
        for _ in 0..500 {
            if self.came().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let came = self.came();
        assert_eq!(came.len(), count, "{came:?}");
        came
    }
}

async fn take(State(books): State<Arc<Books>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 4096).await.unwrap();
    books.messages.lock().unwrap().push(Message {
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        headers: parts.headers,
        body,
    });
    if books.hangs.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    let answer = books.answers.lock().unwrap().pop_front();
    let (status, name, value) = answer.unwrap_or((201, "location", "/message/1".into()));
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    if !name.is_empty() {
        response = response.header(name, value);
    }
    let body = if books.endless.load(Ordering::SeqCst) {
        response = response.header(header::CONTENT_LENGTH, "1000000000000");
        Body::new(Endless)
    } else {
        Body::empty()
    };
    response.body(body).unwrap()
}

struct Endless;

impl axum::body::HttpBody for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }
}
