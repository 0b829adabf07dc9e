//! `countersign-service mail`: the messages that were given up.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use countersign_service::{Answer, Command, MailAct, MailRow};

use crate::asking::{EXIT_CODES, Failed, To, as_json, asked, other, time};

#[derive(Subcommand)]
#[command(after_help = EXIT_CODES)]
pub(crate) enum MailCommand {
    /// List the messages that were given up, one a line
    ///
    /// A message is given up when the mail server refuses it for good, or has not taken it for
    /// three days. It is kept for 30 days. Columns: number, address, when it was given up, tries,
    /// why. Tabs stand between them.
    List {
        /// Print a JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        to: To,
    },
    /// Try messages again that were given up, once what kept them is mended
    ///
    /// A link that works no more is not sent.
    Retry(Which),
    /// Drop messages that were given up
    Drop(Which),
}

#[derive(Args)]
pub(crate) struct Which {
    /// The number of a message
    #[arg(required_unless_present = "all")]
    number: Option<u64>,
    /// All of them
    #[arg(long, conflicts_with = "number")]
    all: bool,
    #[command(flatten)]
    to: To,
}

/// Carries a command out.
pub(crate) async fn run(command: MailCommand) -> Result<(), Failed> {
    let (act, which) = match command {
        MailCommand::List { json, to } => return list(&to, json).await,
        MailCommand::Retry(which) => (MailAct::Retry, which),
        MailCommand::Drop(which) => (MailAct::Drop, which),
    };
    let number = which.number.filter(|_| !which.all);
    let command = Command::ActOnMail { act, number };
    let Answer::Messages(messages) = asked(&which.to, command, |_| {}).await? else {
        return Err(other());
    };
    match act {
        MailAct::Retry => eprintln!("Messages that are tried again: {messages}."),
        MailAct::Drop => eprintln!("Messages that were dropped: {messages}."),
    }
    Ok(())
}

async fn list(to: &To, json: bool) -> Result<(), Failed> {
    let mut after = 0;
    loop {
        let Answer::Mail { messages, more } = asked(to, Command::Mail { after }, |_| {}).await?
        else {
            return Err(other());
        };
        let mut out = io::stdout().lock();
        for row in &messages {
            match json {
                true => writeln!(out, "{}", as_json(row)?)?,
                false => writeln!(out, "{}", line(row))?,
            }
        }
        match messages.last() {
            Some(last) if more => after = last.number,
            _ => return Ok(()),
        }
    }
}

fn line(row: &MailRow) -> String {
    let cells = [
        row.number.to_string(),
        row.to.clone().unwrap_or_default(),
        time(row.given_up_at),
        row.tries.to_string(),
        row.why.clone(),
    ];
    cells.join("\t")
}
