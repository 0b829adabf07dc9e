//! Errors of a command: words for a person, and an exit code for a script.

use serde_json::{Map, Value, json};

/// Exit codes. They are part of the program's interface: `countersign --help` and README.md list
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing was found or nothing is waiting, or a check or a step of the demo did not come out
    /// right.
    Nothing = 1,
    /// The command line is wrong, or something had to be asked and there was nobody to ask. Clap
    /// uses the same number.
    Usage = 2,
    /// The service said no: a wrong PIN or number, a request that has expired, a device that is
    /// blocked or removed.
    Refused = 3,
    /// The service could not be reached.
    Network = 4,
    /// The phone's own data could not be read or written.
    Store = 5,
    /// The picture, link or code can't be used.
    Input = 6,
}

impl Exit {
    /// Its name in `--json` output.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Usage => "usage",
            Self::Refused => "refused",
            Self::Network => "network",
            Self::Store => "store",
            Self::Input => "input",
        }
    }
}

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    // Boxed: the error travels through every function, and this part is seldom there.
    details: Option<Box<Map<String, Value>>>,
    said: bool,
}

impl Failure {
    /// A failure; the message says what happened and what to do.
    pub(crate) fn new(exit: Exit, message: impl ToString) -> Self {
        Self {
            exit,
            message: message.to_string(),
            details: None,
            said: false,
        }
    }

    /// Adds a fact for `--json`, such as the tries left.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details
            .get_or_insert_default()
            .insert(name.to_owned(), value.into());
        self
    }

    /// Marks that `--json` has printed everything already.
    #[must_use]
    pub(crate) fn said(mut self) -> Self {
        self.said = true;
        self
    }

    /// Whether it has.
    #[must_use]
    pub(crate) fn is_said(&self) -> bool {
        self.said
    }

    /// The exit code.
    #[must_use]
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// The error as `--json` prints it.
    #[must_use]
    pub(crate) fn json(&self) -> Value {
        let mut value = json!({ "error": self.exit.name(), "message": self.message });
        if let (Value::Object(all), Some(details)) = (&mut value, &self.details) {
            all.extend(details.as_ref().clone());
        }
        value
    }
}

/// The result of a command.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;
