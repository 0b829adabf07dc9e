//! The program on a terminal, which `script` of util-linux makes.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A run that a person sits at.
pub struct Terminal {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    screen: String,
    /// So much of the screen was read already.
    seen: usize,
}

impl Terminal {
    /// Runs the program with its data in the folder that it takes by itself.
    pub fn run(data: &Path, args: &[&str]) -> Self {
        let words: Vec<String> = args.iter().map(|word| format!("'{word}'")).collect();
        let program = format!(
            "'{}' {}",
            env!("CARGO_BIN_EXE_countersign"),
            words.join(" ")
        );
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &program, "/dev/null"])
            .env("XDG_DATA_HOME", data)
            .env("HOME", data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take().unwrap(),
            stdout: child.stdout.take().unwrap(),
            child,
            screen: String::new(),
            seen: 0,
        }
    }

    /// Waits for a question, and types a line.
    pub fn answer(&mut self, question: &str, line: &str) {
        let mut buffer = [0; 1024];
        while !self.screen[self.seen..].contains(question) {
            let length = self.stdout.read(&mut buffer).unwrap();
            assert!(length > 0, "not asked {question:?}: {}", self.screen);
            self.screen
                .push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        self.seen = self.screen.len();
        // The question is printed just before the echo goes off.
        std::thread::sleep(Duration::from_millis(300));
        self.stdin
            .write_all(format!("{line}\n").as_bytes())
            .unwrap();
    }

    /// The whole screen, when the program has ended well.
    pub fn end(mut self) -> String {
        let mut rest = Vec::new();
        self.stdout.read_to_end(&mut rest).unwrap();
        self.screen.push_str(&String::from_utf8_lossy(&rest));
        assert!(self.child.wait().unwrap().success(), "{}", self.screen);
        self.screen
    }
}
