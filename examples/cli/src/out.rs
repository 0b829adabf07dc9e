//! Where output goes: what was asked for to standard output, in words or as JSON; questions and
//! notes to standard error.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use crate::failure::Failure;
use crate::text::{safe, safe_json, wrapped};

/// Where sentences on a terminal are broken.
const WIDTH: usize = 79;

/// How this run speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Out {
    json: bool,
    bold: bool,
}

impl Out {
    /// As the command line and the terminal say.
    #[must_use]
    pub(crate) fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            json,
            bold: !json && !plain && io::stdout().is_terminal(),
        }
    }

    /// Whether JSON was asked for.
    #[must_use]
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints a result: `value` as JSON, else `words`, whose parts from outside are safe already.
    pub(crate) fn result(self, value: impl FnOnce() -> Value, words: impl FnOnce() -> String) {
        if self.json {
            print(&safe_json(&value(), true));
        } else {
            print(&words());
        }
    }

    /// Prints one of several results: with JSON, one object a line.
    pub(crate) fn line(self, value: impl FnOnce() -> Value, words: impl FnOnce() -> String) {
        if self.json {
            print(&safe_json(&value(), false));
        } else {
            print(&words());
        }
    }

    /// Prints what only a program wants to have: an empty list, for instance.
    pub(crate) fn json_only(self, value: impl FnOnce() -> Value) {
        if self.json {
            print(&safe_json(&value(), true));
        }
    }

    /// Whether the terminal shows more than plain text.
    pub(crate) fn is_styled(self) -> bool {
        self.bold
    }

    /// Prints a file's content as it is.
    pub(crate) fn text(self, text: &str) {
        let mut stdout = io::stdout().lock();
        let _ = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
    }

    /// A note for the person, which is not what was asked for.
    pub(crate) fn note(self, words: &str) {
        let mut stderr = io::stderr().lock();
        let folded = stderr.is_terminal();
        for line in words.lines() {
            // Tables keep their form, and programs that read along get whole lines.
            let lines = if folded && !line.starts_with("  ") {
                wrapped(line, WIDTH)
            } else {
                vec![line.to_owned()]
            };
            for line in lines {
                // When standard error is gone, nothing can be reported.
                let _ = writeln!(stderr, "{line}");
            }
        }
    }

    /// Says what went wrong.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.json && !failure.is_said() {
            print(&safe_json(&failure.json(), false));
        }
        self.note(&format!("countersign: {}", safe(&failure.to_string())));
    }

    /// Makes words stand out where the terminal can.
    #[must_use]
    pub(crate) fn strong(self, words: &str) -> String {
        if self.bold {
            format!("\u{1b}[1m{words}\u{1b}[0m")
        } else {
            words.to_owned()
        }
    }
}

/// A closed pipe is no error: whoever reads has seen enough.
fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{}", text.trim_end_matches('\n')).and_then(|()| stdout.flush());
}

/// Rows in columns as wide as they need to be, two spaces apart.
#[must_use]
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:width$}"))
            .collect();
        out.push_str(line.join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "bb"], ["ccc", "d"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "a    bb\nccc  d\n");
    }
}
