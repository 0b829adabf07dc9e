//! The security log: one JSON object a line, for whoever watches over the service. It has every
//! sign-in with its method, every failure, lock-out and change of factors, and what was done on the
//! command line; each with its time, the source address, the account's id, what happened and how it
//! ended. It never has a password, code, PIN, cookie, token or link.
//!
//! Lines are written by a thread of their own, so that no request waits for the disk. A disk that
//! is full or fails is reported in the program's own log and stops nobody from signing in: the
//! lines are counted, and the first one that can be written again is followed by one that says how
//! many were lost. The file is not synced at each line, so a crash of the whole computer may cost
//! the last seconds of it; what must survive that is in the database and the journal.

mod caller;

use std::{
    cell::RefCell,
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use countersign_protocol::{Time, id::AccountId};
use serde::Serialize;

use crate::base::time::rfc3339;

pub(crate) use caller::{By, Caller, caller, caller_here, carried, of_source, on_behalf_of};

/// A file of this size is put aside, and the next one begins.
const LARGEST: u64 = 16 * 1024 * 1024;
/// So many that were put aside are kept: `security.log.1` is the newest of them.
const KEPT: u32 = 5;
/// So many lines wait for the disk at most; further ones are lost, and counted.
const QUEUE: usize = 8192;
/// How often a disk that fails is reported.
const REPORTED_EVERY: Duration = Duration::from_secs(60);
/// The longest detail, in bytes.
const LONGEST: usize = 200;

thread_local! {
    /// What the transaction that this thread works on has seen.
    static SEEN: RefCell<Vec<(Time, Happened)>> = const { RefCell::new(Vec::new()) };
}

/// Notes what happened in the transaction that this thread works on. It is logged once that is on
/// the disk.
pub(crate) fn seen(at: Time, happened: Happened) {
    SEEN.with_borrow_mut(|seen| seen.push((at, happened)));
}

/// The events noted since the last call.
pub(crate) fn take_seen() -> Vec<(Time, Happened)> {
    SEEN.take()
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ending {
    /// It was done.
    Done,
    /// It was refused: a secret was wrong, or a person declined.
    Refused,
    /// A device or a way is closed from now on.
    Locked,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Happened {
    /// Whose account; none where an address has none.
    pub(crate) account: Option<AccountId>,
    /// The name of an event, `wrong-password`, or a command.
    pub(crate) what: String,
    /// A method, or the name of a device. It may be hostile text.
    pub(crate) detail: String,
    /// How it ended.
    pub(crate) ending: Ending,
}

impl Happened {
    /// An event of an account's history.
    pub(crate) fn event(account: AccountId, what: &str, detail: &str) -> Self {
        let ending = match what {
            "declined" | "reported-fraud" | "wrong-number" | "enrolment-void" | "wrong-pin"
            | "wrong-code" | "wrong-password" => Ending::Refused,
            "device-blocked" | "device-suspended" => Ending::Locked,
            _ if what.starts_with("passwords-closed-") => Ending::Locked,
            _ => Ending::Done,
        };
        // Somebody's name and addresses concern nobody here.
        let detail = match what == "name-changed" || what.starts_with("email-") {
            true => "",
            false => detail,
        };
        Self {
            account: Some(account),
            what: what.to_owned(),
            detail: detail.to_owned(),
            ending,
        }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    at: String,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    what: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    outcome: Ending,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<u64>,
}

/// A line, with its end. `lines` is how many were lost.
fn line(at: Time, source: &str, happened: &Happened, lines: Option<u64>) -> Vec<u8> {
    let end = happened.detail.floor_char_boundary(LONGEST);
    let line = Line {
        at: rfc3339(at),
        source,
        account: happened.account.map(|account| account.to_string()),
        what: &happened.what,
        detail: &happened.detail[..end],
        outcome: happened.ending,
        lines,
    };
    // Text and numbers can always be written as JSON.
    let mut text = serde_json::to_vec(&line).unwrap_or_default();
    text.push(b'\n');
    text
}

/// The log. Dropping it writes what is left.
pub(crate) struct SecurityLog {
    queue: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
    lost: Arc<AtomicU64>,
}

impl SecurityLog {
    /// Starts to write into this file.
    ///
    /// # Errors
    /// When no thread can be started. A file that can't be opened is reported and tried again with
    /// each line.
    pub(crate) fn start(path: PathBuf) -> io::Result<Self> {
        let (queue, lines) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let writer = Writer::new(path, Arc::clone(&lost), LARGEST);
        let thread = std::thread::Builder::new()
            .name("security-log".into())
            .spawn(move || writer.run(&lines))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            lost,
        })
    }

    /// Takes a line about what this task works on. It never waits.
    pub(crate) fn note(&self, at: Time, happened: &Happened) {
        let line = line(at, &caller::address(), happened, None);
        let taken = self.queue.as_ref().map(|queue| queue.try_send(line));
        if !matches!(taken, Some(Ok(()))) {
            self.lost.fetch_add(1, Relaxed);
        }
    }
}

impl Drop for SecurityLog {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Wrong passwords of an account that its history does not have yet.
pub(crate) struct Failure {
    /// Whose.
    pub(crate) account: AccountId,
    /// How many.
    pub(crate) wrong: u32,
    /// Who typed the last one.
    pub(crate) last: Caller,
}

/// Wrong passwords that no account's history has yet. They are gathered here and noted in the
/// background, so that a wrong password takes no longer where there is an account than where there
/// is none.
#[derive(Default)]
pub(crate) struct Failures(Mutex<HashMap<[u8; 8], (u32, Caller)>>);

impl Failures {
    /// A password was wrong that this task's caller typed.
    pub(crate) fn add(&self, account: AccountId) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (wrong, last) = failures.entry(account.0).or_default();
        *wrong = wrong.saturating_add(1);
        *last = caller();
    }

    /// What was added since the last time.
    pub(crate) fn take(&self) -> Vec<Failure> {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = std::mem::take(&mut *failures).into_iter();
        taken
            .map(|(account, (wrong, last))| Failure {
                account: AccountId(account),
                wrong,
                last,
            })
            .collect()
    }
}

/// Appends one line about a command, beside a service that may be running. A log that can't be
/// written is reported, and does not stop the command.
pub(crate) fn note_command(path: &Path, at: Time, what: &str, detail: &str) {
    let happened = Happened {
        account: None,
        what: what.to_owned(),
        detail: detail.to_owned(),
        ending: Ending::Done,
    };
    let written = opened(path)
        .and_then(|mut file| file.write_all(&line(at, "command-line", &happened, None)));
    if let Err(error) = written {
        report(path, &error, 1);
    }
}

fn report(path: &Path, error: &io::Error, lost: u64) {
    tracing::error!(log = %path.display(), %error, lost, "the security log can't be written, and goes on without these lines");
}

/// Opens a log to append, for its owner alone.
fn opened(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The file and its thread.
struct Writer {
    path: PathBuf,
    file: Option<File>,
    lost: Arc<AtomicU64>,
    reported: Option<Instant>,
    largest: u64,
}

impl Writer {
    fn new(path: PathBuf, lost: Arc<AtomicU64>, largest: u64) -> Self {
        Self {
            path,
            file: None,
            lost,
            reported: None,
            largest,
        }
    }

    fn run(mut self, lines: &Receiver<Vec<u8>>) {
        while let Ok(first) = lines.recv() {
            let mut text = first;
            let mut count = 1;
            // Lines that came meanwhile go along, as far as one write is not too long.
            while text.len() < 64 * 1024
                && let Ok(next) = lines.try_recv()
            {
                text.extend(next);
                count += 1;
            }
            self.take(&text, count);
        }
    }

    /// Writes some whole lines, or counts them as lost.
    fn take(&mut self, text: &[u8], count: u64) {
        if let Err(error) = self.write(text) {
            // The next line opens it again.
            self.file = None;
            let lost = self.lost.fetch_add(count, Relaxed) + count;
            if self
                .reported
                .is_none_or(|at| at.elapsed() >= REPORTED_EVERY)
            {
                report(&self.path, &error, lost);
                self.reported = Some(Instant::now());
            }
            return;
        }
        let lost = self.lost.swap(0, Relaxed);
        if lost > 0 {
            let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let happened = Happened {
                account: None,
                what: "lines-lost".to_owned(),
                detail: String::new(),
                ending: Ending::Refused,
            };
            let text = line(
                at.map_or(0, |at| at.as_secs()),
                "service",
                &happened,
                Some(lost),
            );
            if self.write(&text).is_err() {
                self.lost.fetch_add(lost, Relaxed);
            }
        }
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => opened(&self.path)?,
        };
        let length = file.metadata()?.len();
        if length > 0 && length + text.len() as u64 > self.largest {
            self.put_aside()?;
            file = opened(&self.path)?;
        }
        let length = file.metadata()?.len();
        if let Err(error) = file.write_all(text) {
            // Half a line must not stand before the next one.
            let _ = file.set_len(length);
            return Err(error);
        }
        self.file = Some(file);
        Ok(())
    }

    /// Each file gets the next number, and the last one goes.
    fn put_aside(&self) -> io::Result<()> {
        let numbered = |number: u32| {
            let mut name = self.path.as_os_str().to_owned();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        };
        for number in (1..KEPT).rev() {
            let from = numbered(number);
            if from.exists() {
                fs::rename(from, numbered(number + 1))?;
            }
        }
        fs::rename(&self.path, numbered(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Time = 1_795_450_000;

    fn happened(detail: &str) -> Happened {
        Happened::event(AccountId([7; 8]), "device-added", detail)
    }

    fn writer(path: &Path, largest: u64) -> Writer {
        Writer::new(path.to_owned(), Arc::default(), largest)
    }

    #[test]
    fn hostile_text_stays_in_its_line_and_its_field() {
        let hostile = "a\", \"outcome\":\"done\"}\r\n{\"what\":\"signed-in\"}\u{2028}\u{0}\u{202e}";
        let text = line(AT, "192.0.2.1", &happened(hostile), None);
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["detail"], hostile);
        assert_eq!(read["what"], "device-added");
        assert_eq!(read["at"], "2026-11-23T16:06:40Z");
        assert_eq!(read["account"], "0707070707070707");
        let long = line(AT, "192.0.2.1", &happened(&"ā".repeat(5000)), None);
        assert!(long.len() < 400);
    }

    #[test]
    fn files_of_full_size_are_put_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("security.log");
        let mut writer = writer(&path, 300);
        for number in 0..40 {
            let text = line(AT + number, "192.0.2.1", &happened("x"), None);
            writer.take(&text, 1);
        }
        let count = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(count, 1 + KEPT as usize);
        for file in fs::read_dir(folder.path()).unwrap() {
            let path = file.unwrap().path();
            assert!(fs::metadata(&path).unwrap().len() <= 300);
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                text.lines()
                    .all(|line| line.starts_with('{') && line.ends_with('}'))
            );
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = fs::metadata(&path).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_stops_nothing_and_the_lost_lines_are_counted_when_it_works_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("security.log");
        // A device on which no room is ever left.
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let mut writer = writer(&path, LARGEST);
        for _ in 0..3 {
            writer.take(&line(AT, "192.0.2.1", &happened("x"), None), 1);
        }
        assert_eq!(writer.lost.load(Relaxed), 3);
        fs::remove_file(&path).unwrap();
        writer.take(&line(AT, "192.0.2.1", &happened("y"), None), 1);
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[1].contains("\"what\":\"lines-lost\""), "{text}");
        assert!(lines[1].contains("\"lines\":3"), "{text}");
    }

    #[test]
    fn lines_that_find_no_place_are_counted_and_nobody_waits() {
        let (queue, _lines) = sync_channel(1);
        let log = SecurityLog {
            queue: Some(queue),
            thread: None,
            lost: Arc::default(),
        };
        for _ in 0..5 {
            log.note(AT, &happened("x"));
        }
        assert_eq!(log.lost.load(Relaxed), 4);
    }
}
