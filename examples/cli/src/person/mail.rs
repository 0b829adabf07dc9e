//! The person's mail: a service that sends none itself leaves its messages in a folder, one file
//! each.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How often the folder is looked at.
const POLL: Duration = Duration::from_millis(20);

/// The newest message in `outbox` to this address with a link to a page below `path`, such as
/// `/register/`, that is not one of those in `used`: the path of that link. `None`: none came in
/// time.
///
/// # Errors
/// If the folder can't be read.
pub async fn mailed_link(
    outbox: &Path,
    to: &str,
    path: &str,
    used: &[String],
    patience: Duration,
) -> io::Result<Option<String>> {
    let end = Instant::now() + patience;
    loop {
        for file in newest_first(outbox)? {
            let text = fs::read_to_string(file)?;
            let link = link_of(&text, to, path);
            if let Some(link) = link.filter(|link| !used.contains(link)) {
                return Ok(Some(link));
            }
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The messages in the folder. Their names sort by time.
fn newest_first(outbox: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(outbox) {
        Ok(entries) => entries,
        // It is made with the first message.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let file = entry?.path();
        if file.extension().is_some_and(|kind| kind == "eml") {
            files.push(file);
        }
    }
    files.sort();
    files.reverse();
    Ok(files)
}

/// The path of the link below `path` in a message to this address.
fn link_of(message: &str, to: &str, path: &str) -> Option<String> {
    let (head, body) = message.split_once("\r\n\r\n")?;
    let header = format!("To: {to}");
    head.lines().find(|line| *line == header)?;
    let line = body
        .lines()
        .find(|line| line.starts_with("http") && line.contains(path))?;
    line.find(path)
        .and_then(|at| line.get(at..))
        .map(str::to_owned)
}
