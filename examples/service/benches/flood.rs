//! What a flood from one address costs the others: the time of a sign-in from a second address,
//! quiet and flooded.
//!
//! `cargo bench -p countersign-server --bench flood`. Two generators, processes of their own,
//! share the address 127.0.0.2. While the flood is on, each keeps 9,500 connections open as well as
//! it can (what the service hangs up on is opened again, 500 a second) and sends 250 requests a
//! second over them: pages, passwords of people there are not, sign-ins on mobile, forged requests
//! of phones. Meanwhile somebody signs in from 127.0.0.3 with address and password, each time in a
//! new browser. Five sign-ins with the flood and five without it alternate, fifty each. The service
//! has the limits that it has for everybody, and all processes share this machine's processors.
//! The run fails when the flooded median is not under twice the quiet one.
#![allow(clippy::unwrap_used)]

#[path = "common/mod.rs"]
mod common;
#[path = "../../../core/service/tests/support/mod.rs"]
mod support;

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use common::{Service, post, raise_file_limit};
use support::{Browser, PASSWORD, encode};
use tokio::{
    net::{TcpSocket, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

/// The flooded median must be under so many times the quiet one.
const BOUND: f64 = 2.0;
const GENERATORS: usize = 2;
/// Connections of a generator.
const CONNECTIONS: usize = 9_500;
/// The time between two of its requests.
const TICK: Duration = Duration::from_millis(4);
/// Connections that it opens again for each of these.
const AGAIN: usize = 2;
/// Connections that it tries to open at once.
const AT_ONCE: usize = 64;
const BLOCKS: usize = 10;
/// Sign-ins of a block, quiet and flooded each.
const SIGN_INS: usize = 5;
const EMAIL: &str = "anna@example.eu";
/// Names the service to a generator.
const TO: &str = "COUNTERSIGN_FLOOD";

/// The other side of a generator.
struct Generator {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Generator {
    fn start(service: SocketAddr) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(TO, service.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            to: child.stdin.take().unwrap(),
            from: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn tell(&mut self, what: &str) {
        writeln!(self.to, "{what}").unwrap();
    }

    /// What it answers: connections and requests until now.
    fn hear(&mut self) -> (usize, usize) {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        let (connections, requests) = line.trim().split_once(' ').unwrap();
        (connections.parse().unwrap(), requests.parse().unwrap())
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A flood that is on.
struct Flood {
    opening: JoinHandle<()>,
    sending: JoinHandle<()>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    missing: AtomicUsize,
    opened: AtomicUsize,
    sent: AtomicUsize,
}

impl Flood {
    fn start(to: SocketAddr, requests: Arc<Vec<Vec<u8>>>) -> Self {
        let counts = Arc::new(Counts::default());
        counts.missing.store(CONNECTIONS, Ordering::SeqCst);
        let (opened, new) = mpsc::channel(AT_ONCE);
        Self {
            opening: tokio::spawn(open(to, counts.clone(), opened)),
            sending: tokio::spawn(send(requests, counts.clone(), new)),
            counts,
        }
    }
}

async fn connect(to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::new(127, 0, 0, 2), 0).into())?;
    let connecting = tokio::time::timeout(Duration::from_secs(1), socket.connect(to));
    connecting.await?
}

/// Opens what is missing: all at first, then what was hung up on, at its pace.
async fn open(to: SocketAddr, counts: Arc<Counts>, opened: mpsc::Sender<TcpStream>) {
    let mut pace = tokio::time::interval(TICK);
    loop {
        let tried = counts.opened.load(Ordering::SeqCst);
        let at_once = if tried < CONNECTIONS {
            AT_ONCE
        } else {
            pace.tick().await;
            AGAIN
        };
        let missing = counts.missing.load(Ordering::SeqCst).min(at_once);
        let mut connecting = tokio::task::JoinSet::new();
        for _ in 0..missing {
            connecting.spawn(connect(to));
        }
        counts.missing.fetch_sub(missing, Ordering::SeqCst);
        counts.opened.fetch_add(missing, Ordering::SeqCst);
        for stream in connecting.join_all().await {
            match stream {
                Ok(stream) => opened.send(stream).await.unwrap(),
                Err(_) => drop(counts.missing.fetch_add(1, Ordering::SeqCst)),
            }
        }
    }
}

/// Sends a request each tick over one connection after another, and notices which are over.
async fn send(
    requests: Arc<Vec<Vec<u8>>>,
    counts: Arc<Counts>,
    mut new: mpsc::Receiver<TcpStream>,
) {
    let mut streams: Vec<TcpStream> = Vec::new();
    let mut pace = tokio::time::interval(TICK);
    let (mut next, mut look) = (0, 0);
    loop {
        tokio::select! {
            Some(stream) = new.recv() => {
                streams.push(stream);
                continue;
            }
            _ = pace.tick() => {}
        }
        for _ in 0..100.min(streams.len()) {
            look = (look + 1) % streams.len();
            if is_over(&streams[look]) {
                streams.swap_remove(look);
                counts.missing.fetch_add(1, Ordering::SeqCst);
                if streams.is_empty() {
                    break;
                }
            }
        }
        for _ in 0..streams.len() {
            next += 1;
            let at = next % streams.len();
            let request = &requests[next % requests.len()];
            if !is_over(&streams[at]) && streams[at].try_write(request).is_ok() {
                counts.sent.fetch_add(1, Ordering::SeqCst);
                break;
            }
        }
    }
}

/// Reads what there is, and says whether the other end has hung up.
fn is_over(stream: &TcpStream) -> bool {
    let mut read = [0; 4096];
    loop {
        match stream.try_read(&mut read) {
            Ok(0) => return true,
            Ok(_) => (),
            Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}

fn form(path: &str, browser: &Browser, fields: &[(&str, &str)]) -> Vec<u8> {
    let body = encode(&[&[("csrf", browser.csrf.as_str())], fields].concat());
    let cookie = browser.cookie.as_deref().unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost:8800\r\norigin: {}\r\ncookie: {cookie}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        common::ORIGIN,
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// A generator of the flood: it takes `on` and `off`, and answers when that is so.
async fn generate(to: SocketAddr) {
    raise_file_limit();
    let mut browser = Browser::at([127, 0, 0, 2].into(), to, common::ORIGIN);
    browser.get("/sign-in").await;
    let mut requests = vec![
        b"GET /sign-in HTTP/1.1\r\nhost: localhost:8800\r\n\r\n".to_vec(),
        form("/sign-in/mobile", &browser, &[]),
        post("/api/v1/status", &[0x82; 200]),
    ];
    for number in 0..7 {
        let email = format!("nobody{number}@example.eu");
        let fields = [("email", email.as_str()), ("password", "Summer-2026")];
        requests.push(form("/sign-in/password", &browser, &fields));
    }
    let requests = Arc::new(requests);
    let (told, mut commands) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            told.blocking_send(line.unwrap()).unwrap();
        }
    });
    let mut flood: Option<Flood> = None;
    while let Some(command) = commands.recv().await {
        if command == "on" {
            let on = Flood::start(to, requests.clone());
            while on.counts.opened.load(Ordering::SeqCst) < CONNECTIONS {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let missing = on.counts.missing.load(Ordering::SeqCst);
            println!("{} 0", CONNECTIONS - missing);
            flood = Some(on);
        } else if let Some(off) = flood.take() {
            off.opening.abort();
            off.sending.abort();
            let _ = (off.opening.await, off.sending.await);
            let count = |count: &AtomicUsize| count.load(Ordering::SeqCst);
            println!("{} {}", count(&off.counts.opened), count(&off.counts.sent));
        }
    }
}

/// The time of a sign-in with address and password, in a new browser.
async fn sign_in(service: &Service) -> Duration {
    let mut browser = Browser::at([127, 0, 0, 3].into(), service.address, common::ORIGIN);
    let began = Instant::now();
    browser.get("/sign-in").await;
    browser.post("/sign-in", &[("email", EMAIL)]).await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let page = browser.post_once("/sign-in/password", &fields).await;
    let took = began.elapsed();
    assert_eq!((page.status, page.path.as_str()), (303, "/account"));
    took
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn measure() -> ExitCode {
    raise_file_limit();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let service = Service::with(&folder.path().join("data"), &[]);
    let mut owner = Browser::new(service.address, common::ORIGIN);
    owner.outbox = folder.path().join("data/outbox");
    owner.register(EMAIL).await;
    let mut generators: Vec<_> = (0..GENERATORS)
        .map(|_| Generator::start(service.address))
        .collect();
    let (mut quiet, mut flooded) = (Vec::new(), Vec::new());
    let (mut opened, mut sent, mut time) = (0, 0, Duration::ZERO);
    for _ in 0..BLOCKS {
        for _ in 0..SIGN_INS {
            quiet.push(sign_in(&service).await);
        }
        let began = Instant::now();
        generators.iter_mut().for_each(|one| one.tell("on"));
        for one in &mut generators {
            one.hear();
        }
        for _ in 0..SIGN_INS {
            flooded.push(sign_in(&service).await);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        generators.iter_mut().for_each(|one| one.tell("off"));
        time += began.elapsed();
        for one in &mut generators {
            let (connections, requests) = one.hear();
            opened += connections;
            sent += requests;
        }
        // What was begun is done, and the connections are gone.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let (quiet, flooded) = (median(&mut quiet), median(&mut flooded));
    let ratio = flooded.as_secs_f64() / quiet.as_secs_f64();
    println!(
        "the flood: {opened} connections opened, {sent} requests, {:.0} a second",
        sent as f64 / time.as_secs_f64()
    );
    println!(
        "a sign-in from another address: {quiet:.1?} quiet, {flooded:.1?} flooded, \
         {ratio:.2} times (under {BOUND})"
    );
    if ratio < BOUND {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match std::env::var(TO) {
        Ok(to) => {
            generate(to.parse().unwrap()).await;
            ExitCode::SUCCESS
        }
        Err(_) => measure().await,
    }
}
