//! `countersign-service account`: commands to the running service. What they print on standard
//! output is data; words are on standard error.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use countersign_service::{Act, Answer, Command, Imported, LONGEST_CSV, Row, Shown};

use crate::{
    asking::{EXIT_CODES, Failed, To, as_json, asked, other, time},
    out::{print, say, say_on},
};

#[derive(Subcommand)]
#[command(
    after_help = EXIT_CODES
)]
pub(crate) enum AccountCommand {
    /// Add a person's account, and send them an invitation
    ///
    /// The person chooses a password with the link in the invitation, which works for 7 days. Until
    /// then nobody signs in with the address.
    #[command(
        after_help = "Example:\n  countersign-service account add anna@example.eu \
        --first-name Anna --last-name Ozola --language lv --data /var/lib/countersign"
    )]
    Add {
        /// The e-mail address
        email: String,
        /// The first name; one of the two names is enough
        #[arg(long, value_name = "NAME")]
        first_name: Option<String>,
        /// The surname
        #[arg(long, value_name = "NAME")]
        last_name: Option<String>,
        /// The language in which the person is written to: en or lv
        #[arg(long, value_name = "LANGUAGE", default_value = "en")]
        language: String,
        #[command(flatten)]
        to: To,
    },
    /// Add the people of a CSV file, all or none, and send them invitations
    ///
    /// The first line of the file is email,first_name,last_name,language. It is UTF-8, with 10,000
    /// people and 4 MB at most; semicolons or tabs may stand in the place of the commas. Everything
    /// that is wrong with it is named by its line, and then nobody is added. Invitations leave five
    /// a second. Ctrl-C ends this program and not the import, which the service has then: see with
    /// account list what became of it.
    #[command(
        after_help = "Example:\n  countersign-service account import staff.csv \
        --data /var/lib/countersign"
    )]
    Import {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        to: To,
    },
    /// Send an invitation again; an earlier one ends
    ///
    /// For a person who has not accepted one yet, and for one whose account lost its devices, by
    /// `reset` or by STOP. The latter then waits as long as a recovery does.
    #[command(
        after_help = "Example:\n  countersign-service account invite anna@example.eu --data /var/lib/countersign"
    )]
    Invite(Which),
    /// Correct the name of a person whom an administrator added. The devices stay
    ///
    /// A name that is not given stays. Another address means a new account: delete this one, and
    /// add the person with the other address.
    #[command(
        after_help = "Example:\n  countersign-service account rename anna@example.eu \
        --last-name Liepa --data /var/lib/countersign"
    )]
    Rename {
        /// The first name; an empty one takes it away
        #[arg(long, value_name = "NAME", required_unless_present = "last_name")]
        first_name: Option<String>,
        /// The surname; an empty one takes it away
        #[arg(long, value_name = "NAME")]
        last_name: Option<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Show an account: its state, its devices, what is locked, and its newest events
    #[command(
        after_help = "Example:\n  countersign-service account show anna@example.eu --data /var/lib/countersign"
    )]
    Show {
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the accounts by their addresses, one a line
    ///
    /// Columns: address, name, kind (self or staff), state (invited, invitation-over, active,
    /// guarded or disabled), devices. Tabs stand between them.
    #[command(
        after_help = "Examples:\n  countersign-service account list --data /var/lib/countersign\n  \
        countersign-service account list --csv --data /var/lib/countersign > accounts.csv"
    )]
    List {
        /// Print a JSON object a line
        #[arg(long, conflicts_with = "csv")]
        json: bool,
        /// Print CSV for a spreadsheet: UTF-8 with a byte order mark, and without formulas
        #[arg(long)]
        csv: bool,
        /// Begin after this address
        #[arg(long, value_name = "EMAIL")]
        after: Option<String>,
        /// Print so many accounts at most
        #[arg(long, value_name = "NUMBER")]
        at_most: Option<usize>,
        #[command(flatten)]
        to: To,
    },
    /// Disable an account: its sessions end, it signs in nowhere, and its phones are refused as not
    /// active
    #[command(
        after_help = "Example:\n  countersign-service account disable anna@example.eu --data /var/lib/countersign"
    )]
    Disable(Which),
    /// Take a disabled account back into use; its owner signs in again
    #[command(
        after_help = "Example:\n  countersign-service account enable anna@example.eu --data /var/lib/countersign"
    )]
    Enable(Which),
    /// Delete an account with everything that belongs to it. No restore brings it back
    #[command(
        after_help = "Example:\n  countersign-service account delete anna@example.eu --data /var/lib/countersign"
    )]
    Delete(Which),
    /// Lift the locks after wrong passwords, and after wrong codes without PIN
    ///
    /// Tries at a PIN are never given back: where those are spent, the phone's owner sets a new PIN
    /// with another phone, or the account is reset.
    #[command(
        after_help = "Example:\n  countersign-service account unblock anna@example.eu --data /var/lib/countersign"
    )]
    Unblock(Which),
    /// Delete every device of an account and sign every browser out, as STOP does
    ///
    /// For a person whose phone was lost or stolen. Whoever registered comes back by the recovery
    /// of the page; a member of the staff with `invite`.
    #[command(
        after_help = "Example:\n  countersign-service account reset anna@example.eu --data /var/lib/countersign"
    )]
    Reset(Which),
}

#[derive(Args)]
pub(crate) struct Which {
    /// The account's e-mail address
    email: String,
    #[command(flatten)]
    to: To,
}

/// Carries a command out.
pub(crate) async fn run(command: AccountCommand) -> Result<(), Failed> {
    let (act, which) = match command {
        AccountCommand::Add {
            email,
            first_name,
            last_name,
            language,
            to,
        } => {
            let command = Command::Add {
                email,
                first_name: first_name.unwrap_or_default(),
                last_name: last_name.unwrap_or_default(),
                language: Some(language),
            };
            return added(asked(&to, command, |_| {}).await?);
        }
        AccountCommand::Rename {
            first_name,
            last_name,
            which: Which { email, to },
        } => {
            let said = format!("The name of {} is changed.", email.trim());
            let command = Command::Rename {
                email,
                first_name,
                last_name,
            };
            asked(&to, command, |_| {}).await?;
            say(said);
            return Ok(());
        }
        AccountCommand::Import { file, to } => return import(&file, &to).await,
        AccountCommand::Show { which, json } => return show(which, json).await,
        AccountCommand::List {
            json,
            csv,
            after,
            at_most,
            to,
        } => {
            let form = match (json, csv) {
                (true, _) => Form::Json,
                (_, true) => Form::Csv,
                _ => Form::Tabs,
            };
            let after = after.unwrap_or_default();
            return list(&to, form, after, at_most.unwrap_or(usize::MAX)).await;
        }
        AccountCommand::Invite(which) => (Act::Invite, which),
        AccountCommand::Disable(which) => (Act::Disable, which),
        AccountCommand::Enable(which) => (Act::Enable, which),
        AccountCommand::Delete(which) => (Act::Delete, which),
        AccountCommand::Unblock(which) => (Act::Unblock, which),
        AccountCommand::Reset(which) => (Act::Reset, which),
    };
    let email = which.email;
    let command = Command::Act {
        act,
        email: email.clone(),
    };
    let Answer::Done { staff } = asked(&which.to, command, |_| {}).await? else {
        return Err(other());
    };
    say(done(act, email.trim(), staff));
    Ok(())
}

fn done(act: Act, email: &str, staff: bool) -> String {
    match act {
        Act::Rename => format!("The name of {email} is changed."),
        Act::Invite => format!("An invitation to {email} is on its way. It works for 7 days."),
        Act::Disable => format!("{email} is disabled."),
        Act::Enable => format!("{email} is in use again."),
        Act::Delete => format!("{email} is deleted."),
        Act::Unblock => format!(
            "Passwords and codes without PIN are taken from {email} again. Tries at the PIN were not given back."
        ),
        Act::Reset if staff => format!(
            "Every device of {email} is deleted, and every browser signed out. Send an invitation, with which the person comes back: account invite {email}"
        ),
        Act::Reset => format!(
            "Every device of {email} is deleted, and every browser signed out. See how it comes back with: account show {email}"
        ),
    }
}

fn added(answer: Answer) -> Result<(), Failed> {
    let Answer::Added { accounts, seconds } = answer else {
        return Err(other());
    };
    match accounts {
        1 => say("The account is added, and the invitation is on its way."),
        many => say(format_args!(
            "{many} accounts are added. The last of their invitations leaves within {}.",
            match seconds.div_ceil(60) {
                0 | 1 => "a minute".to_owned(),
                minutes => format!("{minutes} minutes"),
            }
        )),
    }
    Ok(())
}

/// The text of a file, or why it can't be imported. No file is read beyond its limit.
fn read(file: &Path) -> Result<String, Failed> {
    let wrong =
        |why: String| Failed::File(format!("{}: {why}. Nothing was imported", file.display()));
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| {
        let limit = LONGEST_CSV as u64 + 1;
        file.take(limit).read_to_end(&mut bytes)
    });
    read.map_err(|error| wrong(error.to_string()))?;
    if bytes.len() > LONGEST_CSV {
        return Err(wrong("the file is too long: 4 MB at most".to_owned()));
    }
    let line = |good: &[u8]| 1 + good.iter().filter(|byte| **byte == b'\n').count();
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        wrong(format!(
            "line {} is not UTF-8. Save the file as CSV in UTF-8, and import it again",
            line(good)
        ))
    })?;
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n');
    match text.find(control) {
        Some(at) => Err(wrong(format!(
            "line {} has a control character: this is no text",
            line(&text.as_bytes()[..at])
        ))),
        None => Ok(text),
    }
}

async fn import(file: &Path, to: &To) -> Result<(), Failed> {
    let csv = read(file)?;
    let bar = io::stderr().is_terminal();
    // Whether the bar's line is not ended yet.
    let mut stands = false;
    let progress = |Imported { done, all }| {
        let percent = done * 100 / all.max(1);
        if !bar {
            say(format_args!("{percent:3} %, {done} of {all} people"));
            return;
        }
        say_on(format_args!(
            "\r[{:20}] {percent:3} %",
            "#".repeat(percent / 5)
        ));
        stands = true;
    };
    let answer = asked(to, Command::Import { csv }, progress).await;
    if stands {
        say("");
    }
    added(answer?)
}

async fn show(which: Which, json: bool) -> Result<(), Failed> {
    let command = Command::Show { email: which.email };
    let Answer::Account(shown) = asked(&which.to, command, |_| {}).await? else {
        return Err(other());
    };
    let text = match json {
        true => as_json(&*shown)? + "\n",
        false => in_words(&shown),
    };
    Ok(print(text)?)
}

/// The name of a person.
fn name(row: &Row) -> String {
    let names = [row.first_name.as_str(), row.last_name.as_str()];
    names.join(" ").trim().to_owned()
}

/// An account as lines of a name and a value.
fn in_words(shown: &Shown) -> String {
    let row = &shown.row;
    let mut lines = vec![
        ("address", row.email.clone()),
        ("name", name(row)),
        ("language", row.language.clone()),
        ("kind", row.kind.clone()),
        ("state", row.state.clone()),
        ("account", shown.account.clone()),
        ("made", time(row.created_at)),
    ];
    if let Some(until) = shown.invited_until {
        lines.push(("invited until", time(until)));
    }
    if let Some(at) = shown.recovery_at {
        lines.push(("recovery from", time(at)));
    }
    if let Some(at) = shown.deletion_at {
        lines.push(("is deleted", time(at)));
    }
    for device in &shown.device_list {
        let told = format!(
            "{} ({}), {}, added {}, last used {}",
            device.name,
            device.platform,
            device.state,
            time(device.added_at),
            time(device.used_at)
        );
        lines.push(("device", told));
    }
    lines.extend(
        shown
            .locked
            .iter()
            .map(|lock| ("locked", lock_in_words(lock))),
    );
    for why in &shown.not_delivered {
        lines.push(("message not delivered:", why.clone()));
    }
    for event in &shown.events {
        lines.push(("event", format!("{} {}", time(event.at), event.text)));
    }
    let line = |(name, value): (&str, String)| format!("{name:14} {value}\n");
    lines.into_iter().map(line).collect()
}

/// What is locked, for people.
fn lock_in_words(lock: &str) -> String {
    let words = match lock {
        "password-unknown" => "passwords in browsers that the person has not used",
        "password-known" => "passwords in browsers that the person uses",
        "password-stop" => "passwords on the STOP page",
        "password-link" => "passwords on pages that mailed links open",
        "codes-with-pin" => "codes with PIN (unblock does not lift this)",
        "codes-without-pin" => "codes without PIN",
        other => other,
    };
    words.to_owned()
}

#[derive(Clone, Copy)]
enum Form {
    Tabs,
    Json,
    Csv,
}

async fn list(to: &To, form: Form, mut after: String, at_most: usize) -> Result<(), Failed> {
    let mut left = at_most;
    if matches!(form, Form::Csv) {
        // With the mark spreadsheets read it as UTF-8.
        print("\u{feff}email,first_name,last_name,language,kind,state,devices,created_at\r\n")?;
    }
    loop {
        let command = Command::List { after };
        let Answer::Accounts { accounts, more } = asked(to, command, |_| {}).await? else {
            return Err(other());
        };
        let mut page = String::new();
        for row in accounts.iter().take(left) {
            page += &match form {
                Form::Json => as_json(row)? + "\n",
                Form::Csv => csv(row),
                Form::Tabs => {
                    let cells = [&row.email, &name(row), &row.kind, &row.state];
                    let cells = cells.map(String::as_str).join("\t");
                    format!("{cells}\t{}\n", row.devices)
                }
            };
        }
        print(page)?;
        left = left.saturating_sub(accounts.len());
        match accounts.into_iter().next_back() {
            Some(last) if more && left > 0 => after = last.email,
            _ => return Ok(()),
        }
    }
}

/// A line of CSV (RFC 4180).
fn csv(row: &Row) -> String {
    let (devices, created_at) = (row.devices.to_string(), time(row.created_at));
    let cells = [
        row.email.as_str(),
        &row.first_name,
        &row.last_name,
        &row.language,
        &row.kind,
        &row.state,
        &devices,
        &created_at,
    ];
    cells.map(cell).join(",") + "\r\n"
}

/// A cell. What a spreadsheet would take for a formula begins with an apostrophe.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = format!("{}{text}", if formula { "'" } else { "" });
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_ends_early() {
        for (text, written) in [
            ("Anna", "Anna"),
            ("=1+1", "'=1+1"),
            ("-x@example.eu", "'-x@example.eu"),
            ("@A", "'@A"),
            ("O\"B, C", "\"O\"\"B, C\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
