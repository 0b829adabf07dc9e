//! The demo's lines: a tick or a cross, what was done, and the time that it took.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::out::Out;
use crate::text::{safe, wrapped};

/// The column at which times stand.
const WIDTH: usize = 66;

/// Why a step did not do what it should; in words, for the line with the cross.
pub(super) type Step<T = ()> = Result<T, String>;

/// An error's words.
pub(super) fn words(error: impl ToString) -> String {
    error.to_string()
}

/// Keeps the time.
pub(super) struct Steps {
    out: Out,
    colour: bool,
    begun: Instant,
    last: Instant,
    done: Vec<Value>,
}

impl Steps {
    pub(super) fn new(out: Out) -> Self {
        let now = Instant::now();
        Self {
            out,
            colour: out.is_styled() && io::stdout().is_terminal(),
            begun: now,
            last: now,
            done: Vec::new(),
        }
    }

    /// Words that are no step.
    pub(super) fn say(&self, words: &str) {
        if !self.out.is_json() {
            self.write(&format!("{words}\n"));
        }
    }

    /// A step that did what it should.
    pub(super) fn done(&mut self, words: &str) {
        self.line(true, words);
    }

    /// A step that did not; nothing follows it.
    pub(super) fn failed(&mut self, words: &str) {
        self.line(false, words);
    }

    fn line(&mut self, good: bool, words: &str) {
        let took = self.last.elapsed();
        self.last = Instant::now();
        self.done
            .push(json!({ "step": words, "ok": good, "milliseconds": milliseconds(took) }));
        if self.out.is_json() {
            return;
        }
        let (mark, colour) = if good { ('✓', "32") } else { ('✗', "31") };
        let mark = if self.colour {
            format!("\u{1b}[{colour};1m{mark}\u{1b}[0m")
        } else {
            mark.to_string()
        };
        // Long words go over several lines, and the time stands at the end of the last.
        let lines = wrapped(&safe(words), WIDTH);
        let last = lines.len().saturating_sub(1);
        for (number, line) in lines.iter().enumerate() {
            let lead = if number == 0 { mark.as_str() } else { " " };
            if number == last {
                let took = format!("{:.2} s", took.as_secs_f64());
                self.write(&format!("  {lead} {line:WIDTH$} {took:>7}\n"));
            } else {
                self.write(&format!("  {lead} {line}\n"));
            }
        }
    }

    /// The time since the beginning.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Everything for `--json`.
    pub(super) fn json(self, folder: Option<String>) -> Value {
        let good = self.done.iter().all(|step| step["ok"] == true);
        json!({
            "ok": good,
            "milliseconds": milliseconds(self.begun.elapsed()),
            "folder": folder,
            "steps": self.done,
        })
    }

    fn write(&self, text: &str) {
        let mut stdout = io::stdout().lock();
        let _ = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
