//! The other end of the socket: asks a running service to carry out a command.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::words::{Answer, Imported, Refused, Request};

/// How long the service may say nothing. An import waits for the disk once, at its end.
#[cfg(unix)]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// The service did not carry out a command.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens.
    #[error(
        "no countersign-service runs with the data folder {}. Start it, or look whether --data is right. Nothing was changed",
        .0.display()
    )]
    NotRunning(PathBuf),
    /// This user may not.
    #[error(
        "this user may not give commands to the service of {}. Run this as root, or as the user that the service runs as. Nothing was changed",
        .0.display()
    )]
    NotAllowed(PathBuf),
    /// Others may have put another socket there.
    #[error("{0}. Nothing was changed")]
    Custody(String),
    /// The connection broke.
    #[error(
        "the service ended before it answered ({0}). The command may have been carried out: see with account show or account list, and in DIR/security.log"
    )]
    CutOff(String),
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There are no such sockets on this system.
    #[error("commands to a running service are not possible on this system")]
    NoSockets,
}

/// Asks the service that runs with the data folder `data`. `progress` is told how far a long
/// command is.
///
/// # Errors
/// See [`AskError`].
#[cfg(unix)]
pub async fn ask(
    data: &Path,
    request: &Request,
    progress: impl FnMut(Imported),
) -> Result<Answer, AskError> {
    use tokio::net::UnixStream;

    use super::socket::NAME;
    use crate::base::custody;

    let stream = UnixStream::connect(data.join(NAME)).await;
    let stream = stream.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => AskError::NotAllowed(data.to_owned()),
        _ => AskError::NotRunning(data.to_owned()),
    })?;
    // Nothing is said to a socket that somebody else may have put there.
    custody::folder(data).map_err(|error| AskError::Custody(error.to_string()))?;
    talk(stream, request, progress).await
}

/// Without Unix sockets there are no commands.
///
/// # Errors
/// [`AskError::NoSockets`].
#[cfg(not(unix))]
pub async fn ask(
    _data: &Path,
    _request: &Request,
    _progress: impl FnMut(Imported),
) -> Result<Answer, AskError> {
    Err(AskError::NoSockets)
}

#[cfg(unix)]
async fn talk(
    stream: tokio::net::UnixStream,
    request: &Request,
    mut progress: impl FnMut(Imported),
) -> Result<Answer, AskError> {
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

    use super::words::LONGEST_ANSWER;

    let (read, mut write) = stream.into_split();
    let mut line = serde_json::to_vec(request).map_err(|error| cut_off(&error))?;
    line.push(b'\n');
    // Where the service refuses early it hangs up, and its answer says why.
    let _ = write.write_all(&line).await;
    let mut read = BufReader::new(read);
    loop {
        line.clear();
        let mut limited = (&mut read).take(LONGEST_ANSWER);
        let read = limited.read_until(b'\n', &mut line);
        let length = tokio::time::timeout(PATIENCE, read).await;
        let length = length.map_err(|_| cut_off(&"it said nothing for two minutes"))?;
        let length = length.map_err(|error| cut_off(&error))?;
        if length == 0 {
            return Err(AskError::CutOff("the connection was closed".to_owned()));
        }
        match serde_json::from_slice(&line).map_err(|error| cut_off(&error))? {
            Answer::Progress(so_far) => progress(so_far),
            Answer::Refused(refused) => return Err(refused.into()),
            answer => return Ok(answer),
        }
    }
}

#[cfg(unix)]
fn cut_off(error: &dyn std::fmt::Display) -> AskError {
    AskError::CutOff(error.to_string())
}
