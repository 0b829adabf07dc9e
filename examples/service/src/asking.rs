//! Commands to the running service: who gives them, and how they end. What they print on standard
//! output is data; words are on standard error.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use countersign_service::{Answer, AskError, Command, Imported, Refused, Request, ask, utc};

use crate::out::{NOT_WRITTEN, NotWritten, say};

/// The exit code where the service does not run, or this user may not give it commands.
const NOT_REACHED: u8 = 3;
/// The exit code where the service refused, and nothing was changed.
const REFUSED: u8 = 4;

/// What the help of these commands says of them.
pub(crate) const EXIT_CODES: &str = "Exit codes: 0 done; 1 it failed, or the service ended before \
    it answered; 2 the command line is wrong; 3 the service does not run, or this user may not \
    give it commands; 4 refused, or the file can't be used, and nothing was changed; 5 carried \
    out, but not recorded in the journal yet, or its output could not be written";

/// The running service, and who gives it commands.
#[derive(Args)]
pub(crate) struct To {
    /// Data folder of the running service
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Your name, for the journal, the history and the owner's message. This system's user is said
    /// with it
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
}

/// A command did not succeed.
pub(crate) enum Failed {
    /// The service did not carry it out.
    Asked(AskError),
    /// Something on this side.
    Here(String),
    /// A file that can't be used.
    File(String),
    /// It was carried out.
    NotWritten(NotWritten),
}

impl From<AskError> for Failed {
    fn from(error: AskError) -> Self {
        Self::Asked(error)
    }
}

impl From<NotWritten> for Failed {
    fn from(error: NotWritten) -> Self {
        Self::NotWritten(error)
    }
}

impl Failed {
    /// The program's exit code.
    fn code(&self) -> ExitCode {
        match self {
            Self::Asked(AskError::NotRunning(_) | AskError::NotAllowed(_)) => {
                ExitCode::from(NOT_REACHED)
            }
            Self::Asked(AskError::Refused(Refused::Failed(_))) => ExitCode::FAILURE,
            Self::Asked(AskError::Refused(Refused::Unrecorded(_))) | Self::NotWritten(_) => {
                ExitCode::from(NOT_WRITTEN)
            }
            Self::Asked(AskError::Refused(_)) | Self::File(_) => ExitCode::from(REFUSED),
            _ => ExitCode::FAILURE,
        }
    }
}

/// Says how a command went.
pub(crate) fn end(done: Result<(), Failed>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            match &failed {
                Failed::Asked(error) => say(format_args!("countersign-service: {error}")),
                Failed::Here(why) | Failed::File(why) => {
                    say(format_args!("countersign-service: {why}"));
                }
                Failed::NotWritten(error) => say(format_args!("countersign-service: {error}")),
            }
            failed.code()
        }
    }
}

/// Asks the running service.
pub(crate) async fn asked(
    to: &To,
    command: Command,
    progress: impl FnMut(Imported),
) -> Result<Answer, AskError> {
    let request = Request {
        operator: to.operator.clone(),
        sudo_user: std::env::var("SUDO_USER").ok(),
        command,
    };
    ask(&to.data, &request, progress).await
}

/// The service is of another version.
pub(crate) fn other() -> Failed {
    let why = "the service answered something else than was asked. Use the program of its version";
    Failed::Here(why.to_owned())
}

/// For programs.
pub(crate) fn as_json(value: &impl serde::Serialize) -> Result<String, Failed> {
    serde_json::to_string(value).map_err(|error| Failed::Here(error.to_string()))
}

/// For people.
pub(crate) fn time(at: u64) -> String {
    format!("{} UTC", utc(at))
}
