//! A service that comes back whenever it was killed, as under a service manager.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::world::PATIENCE;
use crate::support::port_of_its_own;

/// The program `countersign-service` on a port and a folder of its own.
pub struct Service {
    folder: PathBuf,
    pub port: u16,
    running: Mutex<Running>,
    push_host: Mutex<Option<String>>,
}

struct Running {
    child: Option<Child>,
    kills: u32,
}

impl Service {
    pub fn new(folder: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            folder,
            port: port_of_its_own(),
            running: Mutex::new(Running {
                child: None,
                kills: 0,
            }),
            push_host: Mutex::default(),
        })
    }

    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// From its next start on it knows this push service.
    pub fn set_push_host(&self, host: &str) {
        *self.push_host.lock().unwrap() = Some(host.to_owned());
    }

    /// Ends it, if it runs, and starts it with a variable for the points where it may be killed. It
    /// may be killed as it starts.
    pub fn start(&self, arm: (&str, &str)) {
        let mut running = self.running.lock().unwrap();
        if let Some(mut child) = running.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        running.kills = 0;
        running.child = self.spawn(arm);
    }

    fn spawn(&self, (name, value): (&str, &str)) -> Option<Child> {
        let push_host = self.push_host.lock().unwrap().clone();
        let push = push_host.map(|host| ["--push-host".to_owned(), host]);
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign-service"))
            .args(push.into_iter().flatten())
            .arg("--data")
            .arg(&self.folder)
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .args(["--origin", &self.origin()])
            .env(name, value)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let end = Instant::now() + PATIENCE;
        while self.answers().is_none() {
            if child.try_wait().unwrap().is_some() {
                break;
            }
            assert!(Instant::now() < end, "the service does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        Some(child)
    }

    /// It listens before it has opened its data, so only an answer tells that it runs.
    fn answers(&self) -> Option<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream
            .write_all(b"GET /robots.txt HTTP/1.0\r\nHost: localhost\r\n\r\n")
            .ok()?;
        stream.read_exact(&mut [0; 12]).ok()
    }

    /// Starts it again if it was killed; anything else that ends it is a fault. `true`: it had to
    /// be started again.
    pub fn up(&self) -> bool {
        use std::os::unix::process::ExitStatusExt;
        let mut running = self.running.lock().unwrap();
        // Who sees the connection break may be faster than the system that ends the process.
        std::thread::sleep(Duration::from_millis(20));
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = running.child.as_mut().unwrap().try_wait().unwrap() {
                break status;
            }
            if self.answers().is_some() {
                return false;
            }
            assert!(Instant::now() < end, "the service neither runs nor ends");
            std::thread::sleep(Duration::from_millis(5));
        };
        if status.signal() != Some(9) {
            let output = running.child.take().unwrap().wait_with_output().unwrap();
            panic!("{status}: {}", String::from_utf8_lossy(&output.stderr));
        }
        running.kills += 1;
        running.child = self.spawn(("COUNTERSIGN_WRITES", "/dev/null"));
        true
    }

    /// How often it was killed since it was last started by [`Self::start`].
    pub fn kills(&self) -> u32 {
        self.running.lock().unwrap().kills
    }

    pub fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.join("service.db")).unwrap()
    }

    /// Ends it.
    pub fn stop(&self) {
        if let Some(mut child) = self.running.lock().unwrap().child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Lets the program do something with its folder, beside the service.
    pub fn command(
        &self,
        arguments: &[&str],
        file: &Path,
        (name, value): (&str, &str),
    ) -> ExitStatus {
        let output = Command::new(env!("CARGO_BIN_EXE_countersign-service"))
            .args(arguments)
            .arg(file)
            .arg("--data")
            .arg(&self.folder)
            .env(name, value)
            .output()
            .unwrap();
        println!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.status
    }

    /// The same for a command that names no file.
    pub fn command_alone(&self, arguments: &[&str], (name, value): (&str, &str)) -> ExitStatus {
        let output = Command::new(env!("CARGO_BIN_EXE_countersign-service"))
            .args(arguments)
            .arg("--data")
            .arg(&self.folder)
            .env(name, value)
            .output()
            .unwrap();
        println!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.status
    }

    /// Every row of the journal is a line of its file.
    pub fn journal_is_whole(&self) {
        let rows: i64 = self
            .database()
            .query_row("SELECT count(*) FROM journal", [], |row| row.get(0))
            .unwrap();
        let file = fs::read_to_string(self.folder.join("service.journal")).unwrap();
        assert_eq!(file.lines().count() - 1, usize::try_from(rows).unwrap());
    }

    pub fn outbox(&self) -> PathBuf {
        self.folder.join("outbox")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.lock().unwrap().child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
