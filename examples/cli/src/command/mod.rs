//! The commands, one family a file.

pub(crate) mod qr;

use std::io;

use clap::CommandFactory;

use crate::args::{Cli, Command};
use crate::failure::Outcome;
use crate::out::Out;

/// Runs one command.
pub(crate) fn run(cli: Cli) -> Outcome {
    let out = Out::new(cli.global.json);
    match cli.command {
        Command::Decode(args) => qr::decode(&args, out),
        Command::Draw(args) => qr::draw(&args, out),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "countersign", &mut io::stdout());
            Ok(())
        }
        _ => Ok(()),
    }
}
