//! The service's data on a disk that is full, or that can't be written: real disks, in a mount
//! namespace of their own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use countersign::qr::scan::decode_file;
use countersign::{ApproveError, Authenticator, Pin, ServiceError, Source};
use countersign_cli::person::{Account, Person};
use tempfile::TempDir;

use crate::support::port_of_its_own;

const PASSWORD: &str = "Seven-Swans-7";
const EMAIL: &str = "anna@example.eu";
const PATIENCE: Duration = Duration::from_secs(20);

/// A disk of four megabytes, and a shell that sees it. `service` runs the program with its data
/// there.
struct Disk {
    folder: TempDir,
    origin: String,
    shell: Child,
    commands: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Disk {
    /// `None`, said so, where a program may not mount a disk.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let disk = folder.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let port = port_of_its_own();
        // A user namespace lets anybody mount; without it root can.
        for flags in ["--user --map-root-user --mount", "--mount"] {
            let shell = Command::new("unshare")
                .args(flags.split(' '))
                .arg("sh")
                .env("disk", &disk)
                .env("port", port.to_string())
                .env("program", env!("CARGO_BIN_EXE_countersign-service"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn();
            let Ok(mut shell) = shell else { continue };
            let mut disk = Self {
                commands: shell.stdin.take().unwrap(),
                said: BufReader::new(shell.stdout.take().unwrap()),
                shell,
                folder: tempfile::tempdir().unwrap(),
                origin: format!("http://localhost:{port}"),
            };
            if disk.run("mount -t tmpfs -o size=4m,mode=700 tmpfs \"$disk\" && echo mounted")
                == "mounted\n"
            {
                disk.run("arguments=\"--data $disk/data --listen 127.0.0.1:$port --origin http://localhost:$port\"; service() { \"$program\" $arguments; }");
                disk.folder = folder;
                return Some(disk);
            }
        }
        println!("SKIPPED: no program may mount a disk of its own here (unshare of util-linux)");
        None
    }

    /// What a command says.
    fn run(&mut self, command: &str) -> String {
        let mut said = String::new();
        if writeln!(self.commands, "{command}\necho end").is_ok() {
            while self.said.read_line(&mut said).unwrap_or(0) > 0 && !said.ends_with("end\n") {}
        }
        said.trim_end_matches("end\n").to_owned()
    }

    /// Where the service leaves its messages, as the shell sees it.
    fn outbox(&self) -> PathBuf {
        let disk = self.folder.path().join("disk");
        PathBuf::from(format!(
            "/proc/{}/root{}/data/outbox",
            self.shell.id(),
            disk.display()
        ))
    }

    fn fill(&mut self) {
        self.run("cat /dev/zero > \"$disk/filler\"");
    }

    fn free(&mut self) {
        self.run("rm \"$disk/filler\"");
    }

    fn start(&mut self) {
        // In its place, so that the number is the program's own.
        self.run("(exec \"$program\" $arguments >/dev/null 2>&1) & running=$!");
        let address = self.origin.strip_prefix("http://").unwrap();
        let end = std::time::Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(address).is_err() {
            assert!(
                std::time::Instant::now() < end,
                "the service does not start"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.commands.write_all(b"kill -9 $running\nexit\n");
        let _ = self.shell.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_half_done_and_it_goes_on_when_there_is_room() {
    let Some(mut disk) = Disk::new() else { return };
    disk.start();
    let pin = || Pin::from_bytes(b"4071").unwrap();
    let mut anna = Person::at(&disk.origin).unwrap().with_mail(&disk.outbox());
    let account = Account {
        first_name: "Anna",
        last_name: "Ozola",
        email: EMAIL,
        password: PASSWORD,
    };
    anna.create_account(&account).await.unwrap();
    let phone = Authenticator::embedded(&disk.folder.path().join("phone")).unwrap();
    anna.add_device("My phone").await.unwrap();
    let png = anna.qr_png().await.unwrap();
    let text = decode_file(&png).unwrap()[0].text.clone().unwrap();
    let offer = phone.begin_enrolment(&text, Source::Camera).await.unwrap();
    let claimed = phone
        .claim_with_new_pin(&offer, pin(), pin())
        .await
        .unwrap();
    anna.wait_while("open", PATIENCE).await.unwrap();
    anna.type_code(&claimed.confirmation_code.unwrap())
        .await
        .unwrap();
    let account = phone
        .complete_enrolment(claimed.account.number)
        .await
        .unwrap()
        .number;

    anna.sign_out().await.unwrap();
    anna.give_password(EMAIL, PASSWORD).await.unwrap();
    anna.ask_app().await.unwrap();
    let number = anna.number().unwrap();
    let waiting = anna.page().path().to_owned();
    let request = phone.pending(account).await.unwrap().remove(0);

    disk.fill();
    let refused = phone
        .approve(request.id, None, Some(number), pin().into())
        .await;
    assert!(
        matches!(
            &refused,
            Err(ApproveError::Service(ServiceError::TooMany { .. }))
        ),
        "{refused:?}"
    );
    let page = anna.open("/sign-in/method").await.unwrap();
    assert_eq!(page.status, 200, "what is there can be read");
    let page = anna.submit("/sign-in/code", &[]).await.unwrap();
    assert_eq!(page.status, 503);
    assert!(page.text().contains("Nothing was done"), "{}", page.text());

    disk.free();
    let approved = phone
        .approve(request.id, None, Some(number), pin().into())
        .await
        .unwrap();
    assert_eq!(
        (approved.tries_left, approved.tries_left_in_epoch),
        (Some(5), Some(15))
    );
    anna.open(&waiting).await.unwrap();
    assert!(anna.is_signed_in().await.unwrap());
}

#[test]
fn a_start_on_a_full_disk_says_so_and_the_next_one_works() {
    let Some(mut disk) = Disk::new() else { return };
    // From no room at all to nearly enough: the database, its log, the key file.
    for kilobytes in [0, 8, 32, 64, 128, 256] {
        disk.run(&format!(
            "rm -rf \"$disk/filler\" \"$disk/data\"; head -c {kilobytes}k /dev/zero > \"$disk/room\""
        ));
        disk.fill();
        let said = disk.run("rm \"$disk/room\"; service 2>&1");
        assert!(
            [
                "no room left on the disk",
                "is full or fails",
                "No space left"
            ]
            .iter()
            .any(|words| said.contains(words)),
            "{kilobytes}: {said}"
        );
    }
    disk.free();
    disk.start();
}

#[test]
fn a_folder_that_can_only_be_read_is_said_so() {
    let Some(mut disk) = Disk::new() else { return };
    disk.run("mkdir \"$disk/data\"; mount -o remount,ro \"$disk\"");
    let said = disk.run("service 2>&1");
    assert!(
        said.contains("give this user the right to write there"),
        "{said}"
    );
}
