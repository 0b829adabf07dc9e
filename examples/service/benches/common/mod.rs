//! The service as it is installed, a program of its own with its usual log, so that its processor
//! time and memory are nobody else's; and phones' HTTP reduced to the least, so that they take
//! little of the machine from it.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

pub const ORIGIN: &str = "http://localhost:8800";

/// A running `countersign-service`; killed when dropped.
pub struct Service {
    child: Child,
    pub address: SocketAddr,
    /// Where it leaves its messages.
    pub outbox: PathBuf,
}

impl Service {
    /// Starts it with its data in `folder`, on a free port, with room for whatever comes from this
    /// computer.
    pub fn start(folder: &Path) -> Self {
        Self::with(folder, &["--large-network", "127.0.0.0/8=10000"])
    }

    /// The same with other settings.
    pub fn with(folder: &Path, settings: &[&str]) -> Self {
        let log = folder.with_extension("log");
        let child = Command::new(env!("CARGO_BIN_EXE_countersign-service"))
            .args(["--listen", "127.0.0.1:0", "--origin", ORIGIN, "--data"])
            .arg(folder)
            .args(settings)
            .env_remove("COUNTERSIGN_LOG")
            .stderr(fs::File::create(&log).unwrap())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut service = Self {
            child,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            outbox: folder.join("outbox"),
        };
        let start = Instant::now();
        loop {
            // The line that says where it listens.
            let said = fs::read_to_string(&log).unwrap();
            let address = said
                .lines()
                .find_map(|line| line.split_once(" address=")?.1.split(' ').next());
            if let Some(address) = address {
                service.address = address.parse().unwrap();
                return service;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{said}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its processor time until now, all threads, user and system, in steps of 10 ms.
    pub fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th after
        // it.
        let after = stat.rsplit_once(") ").unwrap().1;
        let ticks: u64 = after
            .split(' ')
            .skip(11)
            .take(2)
            .map(|ticks| ticks.parse::<u64>().unwrap())
            .sum();
        Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Its resident memory, in bytes.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kib = line.unwrap().split_whitespace().nth(1).unwrap();
        kib.parse::<u64>().unwrap() * 1024
    }

    /// Stops it as a service manager does, and waits.
    pub fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets this process and the service have as many open files as the system allows.
pub fn raise_file_limit() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    limit.current.unwrap_or(u64::MAX)
}

/// A request as a phone sends it.
pub fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost:8800\r\naccept: */*\r\ncontent-type: application/vnd.countersign+cbor\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A connection that is kept alive.
pub struct Connection {
    stream: TcpStream,
    /// What has come of the next response.
    read: Vec<u8>,
}

impl Connection {
    /// Connects from the given address of this computer.
    pub async fn from(source: IpAddr, to: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((source, 0).into()).unwrap();
        let stream = socket.connect(to).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            read: Vec::new(),
        }
    }

    pub async fn send(&mut self, request: &[u8]) {
        self.stream.write_all(request).await.unwrap();
    }

    /// Has nothing of a response come yet?
    pub fn is_quiet(&mut self) -> bool {
        let nothing = self.stream.try_read_buf(&mut self.read);
        nothing.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
            && self.read.is_empty()
    }

    /// The body of the next response, which must be a success.
    pub async fn receive(&mut self) -> Vec<u8> {
        loop {
            if let Some(body) = body(&self.read) {
                self.read = Vec::new();
                return body;
            }
            let read = self.stream.read_buf(&mut self.read).await.unwrap();
            assert_ne!(read, 0, "hung up");
        }
    }
}

/// The body of a response, if it has come as a whole.
fn body(response: &[u8]) -> Option<Vec<u8>> {
    let end = response.windows(4).position(|end| end == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&response[..end]).to_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let length = head.split_once("content-length: ").unwrap().1;
    let length: usize = length.lines().next().unwrap().parse().unwrap();
    let body = &response[end + 4..];
    (body.len() == length).then(|| body.to_vec())
}
