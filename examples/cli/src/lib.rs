//! Countersign on the command line: a whole phone, and the demo.
//!
//! The program `countersign` is [`run`]. [`person`] is the demo's person at the computer, which
//! tests use too.

mod args;
mod command;
mod demo;
mod failure;
mod input;
mod out;
pub mod person;
mod prompt;
mod text;

use std::process::ExitCode;

use clap::Parser;

/// Runs the program with the process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    let cli = args::Cli::parse();
    let out = out::Out::new(cli.global.json);
    match command::run(cli, out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            out.failure(&failure);
            ExitCode::from(failure.exit() as u8)
        }
    }
}
