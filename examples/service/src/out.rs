//! What the program says: words on standard error, and data on standard output. Where standard
//! error is full or closed, that changes nothing of what was done, and no exit code.

use std::{
    fmt::{self, Display},
    io::{self, Write},
};

/// The exit code of a command that was carried out, and whose data could not be written, or that is
/// not recorded in the journal yet.
pub(crate) const NOT_WRITTEN: u8 = 5;

/// Says something to a person, in a line of its own.
pub(crate) fn say(words: impl Display) {
    let _ = writeln!(io::stderr(), "{words}");
}

/// Says something without ending the line.
pub(crate) fn say_on(words: impl Display) {
    let mut out = io::stderr();
    let _ = write!(out, "{words}");
    let _ = out.flush();
}

/// Prints data, which are out when this returns.
pub(crate) fn print(data: impl Display) -> Result<(), NotWritten> {
    let mut out = io::stdout().lock();
    let written = write!(out, "{data}").and_then(|()| out.flush());
    written.map_err(NotWritten)
}

/// Data could not be written.
#[derive(Debug)]
pub(crate) struct NotWritten(io::Error);

impl Display for NotWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the command was carried out, and what it says can't be written: {}",
            self.0
        )
    }
}

impl std::error::Error for NotWritten {}
