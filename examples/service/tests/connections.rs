//! Connections: by source, within the limit of open files, and with clients that must read.

use std::{
    fs,
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use countersign_protocol::query::Query;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::support::{World, client_at};

const ASKED: &[u8] = b"GET /sign-in HTTP/1.1\r\nhost: localhost\r\n\r\n";

async fn world() -> World {
    World::with(|config| config.large_networks.clear()).await
}

/// A connection that the service may hang up on at once.
async fn try_connect(last: u8, to: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind((Ipv4Addr::new(127, 0, 0, last), 0).into())
        .unwrap();
    socket.connect(to).await.ok()
}

async fn connect(last: u8, to: SocketAddr) -> TcpStream {
    try_connect(last, to).await.unwrap()
}

/// Has the service hung up?
fn is_over(stream: &Option<TcpStream>) -> bool {
    let Some(stream) = stream else { return true };
    match stream.try_read(&mut [0; 1]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

/// How long a page takes, from a source of its own.
async fn page(last: u8, to: SocketAddr) -> Duration {
    let began = Instant::now();
    let client = client_at([127, 0, 0, last].into());
    let page = client.get(format!("http://{to}/sign-in")).send();
    assert_eq!(page.await.unwrap().status(), 200);
    began.elapsed()
}

/// The program with at most so many open files, soft and hard.
struct Program {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Program {
    fn start(files: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let run = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
        let child = Command::new("sh")
            .args(["-c", &run, env!("CARGO_BIN_EXE_countersign-service")])
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path().join("data"))
            .env_remove("COUNTERSIGN_LOG")
            .stdin(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut program = Self {
            child,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            _folder: folder,
        };
        let start = Instant::now();
        loop {
            let said = fs::read_to_string(&log).unwrap();
            let mut lines = said.lines();
            let address = lines.find_map(|line| line.split_once(" address=")?.1.split(' ').next());
            if let Some(address) = address {
                program.address = address.parse().unwrap();
                return program;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{said}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn files(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        fs::read_dir(folder).unwrap().count()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn idle_sockets_of_many_sources_stop_nobody_where_files_are_few() {
    let program = Program::start(1024);
    let mut idle = Vec::new();
    for number in 0..1100 {
        idle.push(try_connect(10 + (number % 11) as u8, program.address).await);
    }
    for last in 2..6 {
        let took = page(last, program.address).await;
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    // 896 places; the rest of the files are for the service itself.
    let files = program.files();
    assert!((800..1000).contains(&files), "{files}");
    let over = idle.iter().filter(|stream| is_over(stream)).count();
    assert!((200..320).contains(&over), "{over}");
}

#[tokio::test]
async fn idle_sockets_of_one_source_are_bounded_by_its_share() {
    let program = Program::start(1024);
    let mut idle = Vec::new();
    for _ in 0..1100 {
        idle.push(try_connect(2, program.address).await);
    }
    let took = page(3, program.address).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    let files = program.files();
    assert!(files < 200, "{files}");
    // The last that were let in are there still, and the source itself is served.
    let over = idle.iter().filter(|stream| is_over(stream)).count();
    assert_eq!(idle.len() - over, 112);
}

#[tokio::test]
async fn a_flood_of_connections_from_one_source_is_hung_up_on_before_any_handshake() {
    let world = world().await;
    let to = world.service.address();
    let mut all = Vec::new();
    for _ in 0..520 {
        all.push(try_connect(2, to).await);
    }
    assert!(page(3, to).await < Duration::from_secs(2));
    let over = all.iter().filter(|stream| is_over(stream)).count();
    assert_eq!(over, 20);
    world.clock.advance(1);
    let mut stream = connect(2, to).await;
    stream.write_all(ASKED).await.unwrap();
    let mut head = [0; 15];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_hung_up_on() {
    let world = world().await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(world.service.address()).await.unwrap();
    let form = reqwest::get(format!("{}/sign-in", world.service.origin()));
    let form = form.await.unwrap().text().await.unwrap();
    let (_, rest) = form.split_once("href=\"/static/").unwrap();
    let folder = &rest[..16];
    let ask = format!("GET /static/{folder}/qrcode.mjs HTTP/1.1\r\nhost: localhost\r\n\r\n");
    // Far more than the system keeps for a connection.
    let began = Instant::now();
    let asked = async {
        for _ in 0..900 {
            stream.write_all(ask.as_bytes()).await?;
        }
        stream.readable().await?;
        // Read so slowly that it does not help.
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            stream.write_all(b"G").await?;
        }
        #[allow(unreachable_code)]
        Ok::<(), std::io::Error>(())
    };
    let over = timeout(Duration::from_secs(45), asked).await;
    assert!(over.expect("still connected").is_err());
    assert!(began.elapsed() >= Duration::from_secs(15));
}

#[tokio::test]
async fn a_body_that_comes_slowly_is_not_waited_for() {
    let world = world().await;
    let asked = async |path: &str, kind: &str| {
        let mut stream = connect(2, world.service.address()).await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\n\
             content-length: 4000\r\n\r\na"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        String::from_utf8(status.to_vec()).unwrap()
    };
    let form = "application/x-www-form-urlencoded";
    let cbor = "application/vnd.countersign+cbor";
    let both = async { tokio::join!(asked("/sign-in", form), asked("/api/v1/status", cbor)) };
    let (page, phone) = timeout(Duration::from_secs(20), both).await.unwrap();
    assert_eq!(page, "HTTP/1.1 400");
    assert_eq!(phone, "HTTP/1.1 400");
}

#[tokio::test]
async fn a_phone_that_waits_keeps_its_connection_beside_a_flood_from_its_own_source() {
    let world = world().await;
    let (_, phone) = world.person().await;
    let ask = Query::Inbox {
        last: phone.chain.last(),
        wait: 5,
        known: None,
    };
    let (body, _) = phone.query(ask);
    let to = world.service.address();
    let client = client_at([127, 0, 0, 2].into());
    let waiting = tokio::spawn(
        client
            .post(format!("http://{to}/api/v1/inbox"))
            .header("content-type", "application/vnd.countersign+cbor")
            .body(body)
            .send(),
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut all = Vec::new();
    for _ in 0..600 {
        all.push(try_connect(2, to).await);
    }
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
}
