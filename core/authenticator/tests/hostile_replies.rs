//! One test for each kind of answer that a phone must not take, over real HTTP: it says what was
//! wrong, and nothing has changed.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use countersign::transport::{HttpTransport, TransportError};
use countersign::{
    AccountNumber, ApproveError, Authenticator, BeginError, InboxError, Refusal, ServiceError,
    Source,
};
use tempfile::TempDir;

use crate::support::*;

/// How the server passes on what the verifier says.
#[derive(Clone, Copy)]
enum Manner {
    Honest,
    /// A sign-in page of the network, as a portal shows it.
    WebPage,
    Redirect,
    /// Fewer bytes than announced.
    CutOff,
    /// As many bytes as announced, but not the whole message.
    Truncated,
    /// More than any reply, announced.
    Oversized,
    /// More than any reply, in chunks without end.
    Endless,
    /// Something that is not CBOR.
    Garbage,
    Status(u16, &'static str),
}

struct Server {
    manner: Arc<Mutex<Manner>>,
    origin: String,
}

impl Server {
    fn start(clock: &Arc<TestClock>) -> (Self, Arc<Desk>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let desk = Desk::at(&origin, clock);
        let manner = Arc::new(Mutex::new(Manner::Honest));
        let server = Self {
            manner: Arc::clone(&manner),
            origin,
        };
        let of_thread = Arc::clone(&desk);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let how = *manner.lock().unwrap();
                // A phone that stops reading breaks the connection, which is its right.
                let _ = serve(stream.unwrap(), &of_thread, how);
            }
        });
        (server, desk)
    }

    fn set(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }
}

fn serve(mut stream: TcpStream, desk: &Desk, manner: Manner) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    let (head, length) = loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        request.extend_from_slice(&buffer[..count]);
        let Some(end) = request.windows(4).position(|end| end == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8(request[..end].to_vec()).unwrap();
        let length = head
            .to_ascii_lowercase()
            .lines()
            .find_map(|line| {
                line.strip_prefix("content-length: ")
                    .map(|n| n.parse().unwrap())
            })
            .unwrap_or(0);
        request.drain(..end + 4);
        break (head, length);
    };
    while request.len() < length {
        let count = stream.read(&mut buffer)?;
        request.extend_from_slice(&buffer[..count]);
    }
    let path = head.split(' ').nth(1).unwrap();
    let reply = if head.starts_with("GET") {
        desk.info()
    } else {
        desk.judge_request(path, &request).unwrap()
    };
    let answer = |status: &str, kind: &str, length: usize, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nLocation: https://elsewhere.example/\r\n\
             Connection: close\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    let cose = "application/cose";
    let bytes = match manner {
        Manner::Honest => answer("200 OK", cose, reply.len(), &reply),
        Manner::WebPage => answer("200 OK", "text/html; charset=utf-8", 6, b"<html>"),
        Manner::Redirect => answer("307 Temporary Redirect", cose, 0, b""),
        Manner::CutOff => answer("200 OK", cose, reply.len(), &reply[..reply.len() / 2]),
        Manner::Truncated => answer("200 OK", cose, reply.len() - 1, &reply[..reply.len() - 1]),
        Manner::Oversized => answer("200 OK", cose, 9000, &[0; 9000]),
        Manner::Garbage => answer("200 OK", cose, 6, b"\xff\x00<xml"),
        Manner::Status(status, line) => answer(
            &format!("{status} Whatever"),
            "text/plain; charset=utf-8",
            line.len(),
            line.as_bytes(),
        ),
        Manner::Endless => {
            stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/cose\r\nTransfer-Encoding: chunked\r\n\r\n",
            )?;
            loop {
                stream.write_all(b"400\r\n")?;
                stream.write_all(&[b'a'; 1024])?;
                stream.write_all(b"\r\n")?;
            }
        }
    };
    stream.write_all(&bytes)
}

struct Scene {
    server: Server,
    desk: Arc<Desk>,
    phone: Authenticator,
    account: AccountNumber,
    _folder: TempDir,
}

async fn a_phone_over_http() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let (server, desk) = Server::start(&clock);
    let phone = over_http(folder.path(), &clock);
    let account = enrol(&phone, &desk, "anna@example.eu").await;
    Scene {
        server,
        desk,
        phone,
        account,
        _folder: folder,
    }
}

fn over_http(folder: &Path, clock: &Arc<TestClock>) -> Authenticator {
    let platform = platform(folder, Arc::clone(clock), Arc::new(HttpTransport::new()));
    Authenticator::open(folder, platform).unwrap()
}

impl Scene {
    /// Tries to approve under a manner or twist, checks that nothing changed, and that the phone
    /// goes on as if nothing had been.
    async fn refuses(&self, manner: Manner, twists: &[Twist]) -> ServiceError {
        self.desk.ask_approval(None);
        let request = self.phone.pending(self.account).await.unwrap().remove(0);
        let before = (
            self.phone.accounts().unwrap(),
            self.phone.history().unwrap(),
        );
        self.server.set(manner);
        self.desk.twist(twists);
        let refused = self
            .phone
            .approve(request.id, None, None, pin(PIN).into())
            .await;
        let after = (
            self.phone.accounts().unwrap(),
            self.phone.history().unwrap(),
        );
        assert_eq!(before, after);

        self.server.set(Manner::Honest);
        self.desk.twist(&[]);
        self.desk.ask_approval(None);
        let requests = self.phone.pending(self.account).await.unwrap();
        for request in requests {
            self.phone
                .approve(request.id, None, None, pin(PIN).into())
                .await
                .unwrap();
        }
        match refused {
            Err(ApproveError::Service(error)) => error,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it was taken"),
        }
    }
}

#[tokio::test]
async fn a_reply_to_another_request_is_not_taken() {
    let error = a_phone_over_http()
        .await
        .refuses(Manner::Honest, &[Twist::OtherRequest])
        .await;
    assert!(matches!(
        error,
        ServiceError::NotGenuine {
            why: "it answers another request",
            ..
        }
    ));
}

#[tokio::test]
async fn a_reply_signed_by_another_key_is_not_taken() {
    let error = a_phone_over_http()
        .await
        .refuses(Manner::Honest, &[Twist::OtherKey])
        .await;
    assert!(matches!(error, ServiceError::NotGenuine { .. }), "{error}");
}

#[tokio::test]
async fn a_reply_with_one_bit_changed_is_not_taken() {
    let error = a_phone_over_http()
        .await
        .refuses(Manner::Honest, &[Twist::FlippedBit])
        .await;
    assert!(matches!(error, ServiceError::NotGenuine { .. }), "{error}");
}

#[tokio::test]
async fn a_web_page_where_a_message_was_due_is_not_taken() {
    let error = a_phone_over_http()
        .await
        .refuses(Manner::WebPage, &[])
        .await;
    let ServiceError::Transport(TransportError::NotCose { found, .. }) = &error else {
        panic!("{error}");
    };
    assert_eq!(found, "text/html");
    assert!(error.to_string().contains("sign in first"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let error = a_phone_over_http()
        .await
        .refuses(Manner::Redirect, &[])
        .await;
    assert!(
        matches!(
            error,
            ServiceError::Transport(TransportError::Redirect { .. })
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_not_taken() {
    let error = a_phone_over_http().await.refuses(Manner::CutOff, &[]).await;
    assert!(
        matches!(
            error,
            ServiceError::Transport(TransportError::CutOff { .. })
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_truncated_reply_is_not_taken() {
    let error = a_phone_over_http()
        .await
        .refuses(Manner::Truncated, &[])
        .await;
    assert!(matches!(error, ServiceError::Unreadable { .. }), "{error}");
}

#[tokio::test]
async fn garbage_is_not_taken() {
    let error = a_phone_over_http()
        .await
        .refuses(Manner::Garbage, &[])
        .await;
    assert!(matches!(error, ServiceError::Unreadable { .. }), "{error}");
}

#[tokio::test]
async fn a_reply_that_is_too_large_is_not_read_to_its_end() {
    let scene = a_phone_over_http().await;
    for manner in [Manner::Oversized, Manner::Endless] {
        let error = scene.refuses(manner, &[]).await;
        assert!(
            matches!(
                error,
                ServiceError::Transport(TransportError::TooLarge { .. })
            ),
            "{error}"
        );
    }
}

#[tokio::test]
async fn every_other_status_changes_nothing_and_its_line_is_made_safe_to_show() {
    let scene = a_phone_over_http().await;
    for (status, line, part) in [
        (400, "time: a field is missing", "a field is missing"),
        (401, "unknown", "does not know this phone"),
        (404, "no such page", "404"),
        (413, "too large", "413"),
        (415, "unsupported", "415"),
        (429, "slow down", "busy"),
        (500, "\u{202e}gnorw\u{1b}[31m", "refused (500): "),
        (503, "later", "busy"),
    ] {
        let error = scene
            .refuses(Manner::Status(status, line), &[])
            .await
            .to_string();
        assert!(error.contains(part), "{error}");
        assert!(!error.contains(['\u{202e}', '\u{1b}']), "{error}");
    }
}

#[tokio::test]
async fn no_status_but_200_is_ever_taken_for_an_answer() {
    let scene = a_phone_over_http().await;
    // Those that mean something to programs on the way, and one of each hundred that mean nothing.
    for status in [
        201, 202, 203, 204, 205, 206, 226, 299, 300, 301, 302, 303, 304, 307, 308, 399, 402, 403,
        405, 406, 407, 408, 409, 410, 421, 425, 428, 431, 451, 499, 501, 502, 504, 507, 511, 599,
    ] {
        let error = scene.refuses(Manner::Status(status, "no"), &[]).await;
        let error = error.to_string();
        let said = match status {
            300..=399 => "elsewhere",
            _ => &status.to_string(),
        };
        assert!(error.contains(said), "{status}: {error}");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_costs_nothing_and_is_asked_for_again() {
    let scene = a_phone_over_http().await;
    let desk = &scene.desk;
    // Two in three answers are lost after the service judged: the same bytes fetch the recorded
    // outcome.
    let clock = TestClock::new();
    let folder = tempfile::tempdir().unwrap();
    let direct = Desk::new(&clock);
    let phone = phone(folder.path(), &clock, &direct);
    let account = enrol(&phone, &direct, "anna@example.eu").await;
    direct.ask_approval(Some(42));
    let request = phone.pending(account).await.unwrap().remove(0);
    direct.twist(&[Twist::Lost, Twist::Lost]);
    let wrong = phone
        .approve(request.id, None, Some(42), pin("0815").into())
        .await;
    assert!(matches!(
        wrong,
        Err(ApproveError::Refused(Refusal::WrongPin {
            tries_left: 4,
            ..
        }))
    ));
    let bodies = direct.sent("/api/v1/answer");
    assert_eq!(bodies.len(), 3);
    assert!(bodies[0] == bodies[1] && bodies[1] == bodies[2]);
    direct.twist(&[Twist::Lost]);
    phone
        .approve(request.id, None, Some(42), pin(PIN).into())
        .await
        .unwrap();
    drop(Arc::clone(desk));
}

#[tokio::test]
async fn a_service_that_is_away_is_named() {
    let scene = a_phone_over_http().await;
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let desk = Desk::at(&gone, &clock);
    let phone = over_http(folder.path(), &clock);
    let begun = phone
        .begin_enrolment(&desk.invite("anna", None), Source::Camera)
        .await;
    let Err(BeginError::Service(error)) = begun else {
        panic!("it began");
    };
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    assert!(phone.accounts().unwrap().is_empty());
    assert!(scene.server.origin.starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn an_https_service_is_never_spoken_to_without_tls() {
    let clock = TestClock::new();
    let (server, _) = Server::start(&clock);
    let secure = server.origin.replace("http://", "https://");
    let desk = Desk::at(&secure, &clock);
    let folder = tempfile::tempdir().unwrap();
    let phone = over_http(folder.path(), &clock);
    let begun = phone
        .begin_enrolment(&desk.invite("anna", None), Source::Camera)
        .await;
    assert!(matches!(
        begun,
        Err(BeginError::Service(ServiceError::Transport(
            TransportError::Unreachable { .. }
        )))
    ));
}

#[tokio::test]
async fn an_inbox_with_a_request_of_another_phone_is_refused() {
    let scene = a_phone_over_http().await;
    let id = scene.desk.ask_approval(None);
    {
        // The record says that it is this phone's; the signed message says another's.
        let (_, dev) = scene.desk.only();
        let other = scene.desk.invite("b@example.eu", None);
        let folder = tempfile::tempdir().unwrap();
        let second = over_http(folder.path(), &scene.desk.clock);
        let offer = second
            .begin_enrolment(&other, Source::Camera)
            .await
            .unwrap();
        second
            .claim_with_new_pin(&offer, pin(PIN), pin(PIN))
            .await
            .unwrap();
        {
            let mut books = scene.desk.books.lock().unwrap();
            let second_dev = *books.devices.keys().find(|key| **key != dev.0).unwrap();
            let record = &mut books.challenges.get_mut(&id.0).unwrap().0;
            record.dev = Some(countersign_protocol::id::DeviceId(second_dev));
        }
        let number = second.accounts().unwrap()[0].number;
        second.complete_enrolment(number).await.unwrap();
        let refused = second.pending(number).await;
        assert!(matches!(
            refused,
            Err(InboxError::Service(ServiceError::Unexpected { .. }))
        ));
    }
}
