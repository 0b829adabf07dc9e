//! `countersign-service mail`: the messages that were given up.

use clap::{Args, Subcommand};
use countersign_service::{Answer, Command, MailAct, MailRow};

use crate::{
    asking::{EXIT_CODES, Failed, To, as_json, asked, other, time},
    out::{print, say},
};

#[derive(Subcommand)]
#[command(after_help = EXIT_CODES)]
pub(crate) enum MailCommand {
    /// List the messages that were given up, one a line
    ///
    /// A message is given up when the mail server refuses it for good, or has not taken it for
    /// three days. It is kept for 30 days. Columns: number, address, when it was given up, tries,
    /// why, subject. Tabs stand between them.
    #[command(
        after_help = "Examples:\n  countersign-service mail list --data /var/lib/countersign\n  \
        countersign-service mail list --waiting --data /var/lib/countersign"
    )]
    List {
        /// List the messages that wait for the mail server, or for the next try, instead
        #[arg(long)]
        waiting: bool,
        /// Print a JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        to: To,
    },
    /// Try messages again that were given up, once what kept them is mended
    ///
    /// A message whose link works no more is dropped instead.
    #[command(
        after_help = "Examples:\n  countersign-service mail retry 17 --data /var/lib/countersign\n  \
        countersign-service mail retry --all --data /var/lib/countersign"
    )]
    Retry(Which),
    /// Drop messages that were given up
    #[command(
        after_help = "Example:\n  countersign-service mail drop 17 --data /var/lib/countersign"
    )]
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
        MailCommand::List { waiting, json, to } => return list(&to, waiting, json).await,
        MailCommand::Retry(which) => (MailAct::Retry, which),
        MailCommand::Drop(which) => (MailAct::Drop, which),
    };
    let number = which.number.filter(|_| !which.all);
    let command = Command::ActOnMail { act, number };
    let Answer::Messages { done, over } = asked(&which.to, command, |_| {}).await? else {
        return Err(other());
    };
    match act {
        MailAct::Retry => say(format_args!("Messages that are tried again: {done}.")),
        MailAct::Drop => say(format_args!("Messages that were dropped: {done}.")),
    }
    if over > 0 {
        say(format_args!(
            "Messages that were dropped, because their links work no more: {over}. Who needs one asks for another; a new invitation is sent with: account invite"
        ));
    }
    Ok(())
}

async fn list(to: &To, waiting: bool, json: bool) -> Result<(), Failed> {
    let mut after = 0;
    loop {
        let command = Command::Mail { after, waiting };
        let Answer::Mail { messages, more } = asked(to, command, |_| {}).await? else {
            return Err(other());
        };
        let mut page = String::new();
        for row in &messages {
            page += &match json {
                true => as_json(row)?,
                false => line(row),
            };
            page.push('\n');
        }
        print(page)?;
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
        row.given_up_at.map_or_else(|| "waits".to_owned(), time),
        row.tries.to_string(),
        row.why.clone(),
        row.subject.clone().unwrap_or_default(),
    ];
    cells.join("\t")
}
