//! The socket on which a running service takes commands: `admin.sock` in the data folder, for the
//! service's user and root alone.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream, unix::OwnedWriteHalf},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    commands,
    words::{Answer, Imported, LONGEST_REQUEST, Refused, Request},
};
use crate::{
    app::App,
    base::{files, operator::Operator},
    security::{self, By, Caller},
};

/// The socket's name in the data folder.
pub(super) const NAME: &str = "admin.sock";
/// So many talk at once; the next ones wait.
const PLACES: usize = 8;
/// How long a request may take to arrive, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a service that stops waits for commands that were begun.
const LAST: Duration = Duration::from_secs(5);

/// The socket, which is bound.
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Binds the socket in a data folder whose lock this process holds: one that is there already
    /// is left from a process that is gone, and is replaced.
    ///
    /// # Errors
    /// When it can't be made there. A path has about 100 bytes at most.
    pub(crate) fn bind(folder: &Path) -> io::Result<Self> {
        // A new socket has the rights that the umask leaves. Where it is made, nobody else can look
        // in; it comes out with its own.
        let draft = folder.join(".admin");
        files::make_folder(&draft)?;
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o700))?;
        let made = draft.join("s");
        files::remove(&made)?;
        let listener = UnixListener::bind(&made)?;
        fs::set_permissions(&made, fs::Permissions::from_mode(0o600))?;
        let path = folder.join(NAME);
        fs::rename(&made, &path)?;
        fs::remove_dir(&draft)?;
        Ok(Self { listener, path })
    }

    /// Takes commands until the service stops. One that was begun is finished, also when whoever
    /// asked has gone.
    pub(crate) async fn serve(self, app: Arc<App>, mut stopping: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(PLACES));
        let mut talks = JoinSet::new();
        loop {
            let place = tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => break,
                place = places.clone().acquire_owned() => place,
            };
            let accepted = tokio::select! {
                _ = stopping.wait_for(|stopping| *stopping) => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let app = app.clone();
                    talks.spawn(async move {
                        talk(&app, stream).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a command can't be taken");
                    sleep(Duration::from_millis(100)).await;
                }
            }
            while talks.try_join_next().is_some() {}
        }
        drop(self.listener);
        let _ = files::remove(&self.path);
        let _ = timeout(LAST, talks.join_all()).await;
    }
}

/// One request and its answers.
async fn talk(app: &App, stream: UnixStream) {
    let Some(user) = user(&stream) else {
        return;
    };
    let (read, mut write) = stream.into_split();
    let request = timeout(PATIENCE, request(read)).await;
    let request = request.unwrap_or_else(|_| unreadable("it did not arrive in time"));
    let answer = match request {
        Ok(request) => carry_out(app, user, request, &mut write).await,
        Err(refused) => Answer::Refused(refused),
    };
    send(&mut write, &answer).await;
}

/// The user at the other end, if it may give commands. The socket's rights say the same.
fn user(stream: &UnixStream) -> Option<u32> {
    let user = stream.peer_cred().ok()?.uid();
    let own = rustix::process::geteuid().as_raw();
    if user != own && user != 0 {
        tracing::warn!(user, "another user asked for a command, and was hung up on");
        return None;
    }
    Some(user)
}

fn unreadable(why: &str) -> Result<Request, Refused> {
    Err(Refused::Request(why.to_owned()))
}

async fn request(read: impl tokio::io::AsyncRead + Unpin) -> Result<Request, Refused> {
    let mut line = Vec::new();
    let mut read = BufReader::new(read.take(LONGEST_REQUEST));
    if let Err(error) = read.read_until(b'\n', &mut line).await {
        return unreadable(&error.to_string());
    }
    match line.strip_suffix(b"\n") {
        Some(line) => serde_json::from_slice(line).or_else(|error| unreadable(&error.to_string())),
        None if line.len() as u64 == LONGEST_REQUEST => unreadable("it is too long"),
        None => unreadable("its line has no end"),
    }
}

async fn carry_out(app: &App, user: u32, request: Request, write: &mut OwnedWriteHalf) -> Answer {
    let by = match operator(user, &request) {
        Ok(by) => by,
        Err(refused) => return Answer::Refused(refused),
    };
    let (progress, mut news) = watch::channel(Imported { done: 0, all: 0 });
    let caller = Caller {
        by: Some(By::Operator(by.as_str().to_owned())),
        place: None,
    };
    let work = commands::run(app, &by, request.command, progress);
    let work = security::of_source("command-line", caller, work);
    tokio::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            Ok(()) = news.changed() => {
                let so_far = *news.borrow_and_update();
                send(write, &Answer::Progress(so_far)).await;
            }
        }
    };
    done.unwrap_or_else(|refused| {
        if let Refused::Failed(why) = &refused {
            tracing::error!(why, "an operator's command failed");
        }
        Answer::Refused(refused)
    })
}

/// Who asks: the system's user, and the name that was given.
fn operator(user: u32, request: &Request) -> Result<Operator, Refused> {
    // Only root can have become so by sudo.
    let sudo = request.sudo_user.as_deref().filter(|_| user == 0);
    let operator = Operator::of(request.operator.as_deref(), &login(user), sudo);
    operator.map_err(|_| Refused::Operator)
}

/// The login name of a user, as far as this computer's own list has it.
fn login(user: u32) -> String {
    let list = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("user {user}"))
}

/// Writes an answer. Whoever has gone gets none, and the command is carried out all the same.
async fn send(write: &mut OwnedWriteHalf, answer: &Answer) {
    // Texts, numbers and lists can always be written as JSON.
    let mut line = serde_json::to_vec(answer).unwrap_or_default();
    line.push(b'\n');
    let _ = timeout(PATIENCE, write.write_all(&line)).await;
}
