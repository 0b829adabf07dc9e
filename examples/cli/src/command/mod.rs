//! The commands, one family a file.

mod accounts;
mod biometrics;
mod doctor;
mod errors;
mod init;
mod on_mobile;
mod phone;
mod pin;
mod qr;
mod requests;
mod scan;
mod views;

use std::future::Future;
use std::io;

use clap::CommandFactory;
use tokio::runtime::Builder;

use crate::args::{Cli, Command};
use crate::demo;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::Out;

/// Runs one command.
pub(crate) fn run(cli: Cli, out: Out) -> Outcome {
    let global = &cli.global;
    let open = || phone::open(global);
    match cli.command {
        Command::Init(args) => wait(async { init::init(&open()?, &args, out).await }),
        Command::Accounts => accounts::accounts(&open()?, out),
        Command::Pending(args) => {
            wait(async { requests::pending(&phone::online(global, out).await?, &args, out).await })
        }
        Command::Watch(args) => {
            wait(async { requests::watch(&phone::online(global, out).await?, &args, out).await })
        }
        Command::Approve(args) => {
            wait(async { requests::approve(&phone::online(global, out).await?, &args, out).await })
        }
        Command::Decline(args) => {
            wait(async { requests::decline(&phone::online(global, out).await?, &args, out).await })
        }
        Command::Scan(args) => wait(async { scan::scan(&open()?, &args, out).await }),
        Command::History(args) => accounts::history(&open()?, &args, out),
        Command::Rename(args) => accounts::rename(&open()?, &args, out),
        Command::Remove(args) => {
            wait(async { accounts::remove(&phone::online(global, out).await?, &args, out).await })
        }
        Command::Pin { command } => {
            wait(async { pin::pin(&phone::online(global, out).await?, &command, out).await })
        }
        Command::Biometrics { command } => wait(async {
            biometrics::biometrics(&phone::online(global, out).await?, &command, out).await
        }),
        Command::Rotate(args) => {
            wait(async { pin::rotate(&phone::online(global, out).await?, &args, out).await })
        }
        Command::Decode(args) => qr::decode(&args, out),
        Command::Draw(args) => qr::draw(&args, out),
        Command::Doctor => wait(doctor::doctor(global, out)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "countersign", &mut io::stdout());
            Ok(())
        }
        Command::Demo(args) => wait(demo::demo(&args, out)),
    }
}

/// Runs what waits for the network.
fn wait(work: impl Future<Output = Outcome>) -> Outcome {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                Exit::Store,
                format!("the system gives no threads: {error}; close some programs and try again"),
            )
        })?
        .block_on(work)
}
