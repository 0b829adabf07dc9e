//! A service, a person at its pages, and her phone.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use countersign_cli::person::{Account, Person};
use countersign_service::{Config, Embedded};
use tempfile::TempDir;

use super::{Run, command, countersign, with_input};

pub const PIN: &[u8] = b"4071\n";
pub const WRONG_PIN: &[u8] = b"4072\n";
pub const PASSWORD: &str = "Seven-Swans-7";
pub const EMAIL: &str = "anna@example.eu";

/// A service, Anna, and her phone's folder.
pub struct World {
    pub folder: TempDir,
    pub service: Option<Embedded>,
    pub anna: Person,
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = Embedded::start(Config::embedded(folder.path().join("service")))
            .await
            .unwrap();
        let outbox = service.data().join("outbox");
        let mut anna = Person::at(service.origin()).unwrap().with_mail(&outbox);
        let account = Account {
            first_name: "Anna",
            last_name: "Ozola",
            email: EMAIL,
            password: PASSWORD,
        };
        anna.create_account(&account).await.unwrap();
        Self {
            folder,
            service: Some(service),
            anna,
        }
    }

    pub async fn initialised() -> Self {
        let mut world = Self::new().await;
        let run = world.init().await;
        assert_eq!(run.code, 0, "{}", run.stderr);
        world
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("phone")
    }

    pub fn run(&self, args: &[&str]) -> Run {
        countersign(&self.data(), args)
    }

    pub fn run_with(&self, args: &[&str], input: &[u8]) -> Run {
        with_input(&self.data(), args, input)
    }

    /// Saves the QR code on Anna's screen.
    pub async fn screenshot(&mut self, name: &str) -> String {
        let file = self.folder.path().join(name);
        fs::write(&file, self.anna.qr_png().await.unwrap()).unwrap();
        file.to_str().unwrap().to_owned()
    }

    pub async fn init(&mut self) -> Run {
        let picture = self.invitation().await;
        let command = command(&self.data(), &["init", &picture, "--pin-stdin", "--json"]);
        self.finish_init(command).await
    }

    /// The page "Add a device" shows a QR code, which is saved.
    pub async fn invitation(&mut self) -> String {
        self.anna.add_device("Anna's phone").await.unwrap();
        self.screenshot("init.png").await
    }

    /// Runs an `init --json`, and types the six digits on the page when it has printed them.
    pub async fn finish_init(&mut self, mut command: Command) -> Run {
        let mut child = command.spawn().unwrap();
        // A program that doesn't read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(PIN);
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let claimed: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(code) = claimed["confirmation_code"].as_str() {
            self.anna
                .wait_while("open", Duration::from_secs(10))
                .await
                .unwrap();
            self.anna.type_code(code).await.unwrap();
            line.clear();
            stdout.read_line(&mut line).unwrap();
        }
        let mut run = Run::from(child.wait_with_output().unwrap());
        run.stdout = line;
        run
    }

    pub async fn ask_app(&mut self) -> u8 {
        self.anna.give_password(EMAIL, PASSWORD).await.unwrap();
        self.anna.ask_app().await.unwrap();
        self.anna.number().unwrap()
    }

    pub async fn is_signed_in(&mut self) -> bool {
        self.anna.is_signed_in().await.unwrap()
    }
}

pub fn json_lines(run: &Run) -> Vec<serde_json::Value> {
    run.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
