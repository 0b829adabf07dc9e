//! What is said on the socket: one request, a line of JSON, and the answers to it, a line each. The
//! last answer is no progress, and ends the connection.

use serde::{Deserialize, Serialize};

pub use crate::base::operator::Act;

/// The longest request, in bytes. A CSV file of full size, in which every tenth character is
/// escaped, fits.
pub(super) const LONGEST_REQUEST: u64 = 2 * LONGEST_CSV as u64 + 64 * 1024;
/// The longest answer, in bytes.
pub(super) const LONGEST_ANSWER: u64 = 1024 * 1024;
/// The longest CSV file, in bytes.
pub const LONGEST_CSV: usize = 4 * 1024 * 1024;
/// The most rows of a CSV file, without its header.
pub const MOST_ROWS: usize = 10_000;
/// The most accounts in one answer.
pub(super) const PAGE: u32 = 500;
/// The most faults that are named.
pub(super) const FAULTS: usize = 20;

/// What an operator asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who asks, by the name that was given. The system's user at the other end of the socket is
    /// said with it.
    pub operator: Option<String>,
    /// On whose behalf `sudo` made that user root, as the variable `SUDO_USER` says.
    pub sudo_user: Option<String>,
    /// What.
    pub command: Command,
}

/// A command.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Adds a person's account, and invites them.
    Add {
        /// The e-mail address.
        email: String,
        /// The first name; one of the two may be empty.
        first_name: String,
        /// The surname.
        last_name: String,
        /// The language in which the person is written to: a tag of BCP 47, English without one.
        language: Option<String>,
    },
    /// Adds the accounts of a CSV file, all or none, and invites everybody.
    Import {
        /// The file.
        csv: String,
    },
    /// Changes an account.
    Act {
        /// How.
        act: Act,
        /// Its e-mail address.
        email: String,
    },
    /// Corrects the name of an account that an administrator added.
    Rename {
        /// Its e-mail address.
        email: String,
        /// The first name; without one it stays.
        first_name: Option<String>,
        /// The surname; without one it stays.
        last_name: Option<String>,
    },
    /// Shows an account.
    Show {
        /// Its e-mail address.
        email: String,
    },
    /// Lists accounts by their addresses.
    List {
        /// From the first address after this one on.
        after: String,
    },
    /// Lists messages that were given up.
    Mail {
        /// From the first number after this one on.
        after: u64,
        /// Those that are tried again instead.
        waiting: bool,
    },
    /// Tries a message that was given up again, or drops it.
    ActOnMail {
        /// How.
        act: MailAct,
        /// Its number; without one, all of them.
        number: Option<u64>,
    },
}

/// What an operator does with a message that could not be delivered: try again, or delete it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailAct {
    /// It is tried again, for as long as a new one.
    Retry,
    /// It is dropped.
    Drop,
}

/// How far a long command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Accounts that are made.
    pub done: usize,
    /// Accounts in all.
    pub all: usize,
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The command goes on, and is so far.
    Progress(Imported),
    /// It is done, and on the disk.
    Done {
        /// Whether the account is a member's of the staff, who comes back by an invitation.
        staff: bool,
    },
    /// So many accounts are added, and on the disk.
    Added {
        /// How many.
        accounts: usize,
        /// In how many seconds the last of their invitations leaves.
        seconds: u64,
    },
    /// An account.
    Account(Box<Shown>),
    /// Some accounts.
    Accounts {
        /// The accounts, in the order of their addresses.
        accounts: Vec<Row>,
        /// Whether there are more.
        more: bool,
    },
    /// Some messages that were given up.
    Mail {
        /// The messages, in their order.
        messages: Vec<MailRow>,
        /// Whether there are more.
        more: bool,
    },
    /// It is done with messages.
    Messages {
        /// With how many: they are tried again, or were dropped.
        done: usize,
        /// How many were not tried again, because their links work no more: they are dropped.
        over: usize,
    },
    /// It is not done; nothing was changed unless the text says so.
    Refused(Refused),
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refused {
    /// The request is none of this program's.
    #[error("the service does not understand this request ({0}). Use the program of its version")]
    Request(String),
    /// The operator's name can't be shown.
    #[error(
        "this name of an operator can't be used: take 1 to 64 visible characters for --operator, none of them : / ( or ). Nothing was changed"
    )]
    Operator,
    /// It is no address.
    #[error("{0:?} is not an e-mail address that can be used. Nothing was changed")]
    Email(String),
    /// The names can't be used.
    #[error("the name can't be used: {0}. Nothing was changed")]
    Name(String),
    /// The service does not speak this language.
    #[error("{0:?} is not a language of this service: take one of {1}. Nothing was changed")]
    Language(String, String),
    /// Nobody has this address.
    #[error("no account has the address {0}. Nothing was changed")]
    None(String),
    /// Somebody has this address.
    #[error(
        "an account has the address {0} already, or may have it back. Nothing was changed. See it with: account show {0}"
    )]
    Taken(String),
    /// The account is disabled already.
    #[error("the account {0} is already disabled. Nothing was changed")]
    Already(String),
    /// The account is in use already.
    #[error("the account {0} is not disabled. Nothing was changed")]
    NotDisabled(String),
    /// Neither its passwords nor its codes without PIN are locked.
    #[error(
        "nothing is locked in the account {0} that can be lifted. Nothing was changed. See it with: account show {0}"
    )]
    NotLocked(String),
    /// The account needs no invitation.
    #[error(
        "the account {0} is in use and needs no invitation: who forgot the password sets a new one with “Forgotten password” on the page. \
         Nothing was changed. If its devices are lost, first: account reset {0}"
    )]
    InUse(String),
    /// Its owner recovers it.
    #[error(
        "the owner of the account {0} registered it, and recovers it with password, mail and waiting time. Nobody else is invited. \
         Nothing was changed"
    )]
    Own(String),
    /// Its owner changes the name.
    #[error(
        "the owner of the account {0} registered it, and changes the name on the page of personal data. Nothing was changed"
    )]
    OwnName(String),
    /// It is disabled.
    #[error(
        "the account {0} is disabled. Nothing was changed. Take it back into use first: account enable {0}"
    )]
    Disabled(String),
    /// Nobody has confirmed its address.
    #[error(
        "the invitation to {0} was not accepted yet, so there is nothing to lift or to reset. Nothing was changed. To send another one: \
         account invite {0}"
    )]
    Invited(String),
    /// The file can't be imported.
    #[error("nothing was imported. {}", named(.faults, *.more))]
    Faults {
        /// What is wrong, with its line; the first of them.
        faults: Vec<String>,
        /// How many more there are.
        more: usize,
    },
    /// No message was given up.
    #[error("no such message was given up. Nothing was changed. See them with: mail list")]
    NoMail,
    /// It is done, and not recorded where a restore does not undo it.
    #[error("{0}")]
    Unrecorded(String),
    /// The service can't do it now.
    #[error("{0}")]
    Failed(String),
}

fn named(faults: &[String], more: usize) -> String {
    let mut text = match (faults, more) {
        ([one], 0) => one.clone(),
        (faults, more) => format!(
            "Mend these {} faults, and import the file again:\n{}",
            faults.len() + more,
            faults.join("\n")
        ),
    };
    if more > 0 {
        text.push_str(&format!("\n... and {more} more"));
    }
    text
}

/// An account in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its e-mail address.
    pub email: String,
    /// The first name; it may be empty.
    pub first_name: String,
    /// The surname; it may be empty.
    pub last_name: String,
    /// The language in which the person is written to.
    pub language: String,
    /// `self`: its owner registered it; `staff`: an administrator added it.
    pub kind: String,
    /// `invited`, `invitation-over` (it expired, or was ended), `disabled`, `guarded` or `active`.
    pub state: String,
    /// How many devices it has.
    pub devices: u64,
    /// When it was made, in seconds since 1970.
    pub created_at: u64,
}

/// A message that was given up, or that was not taken yet and is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRow {
    /// Its number.
    pub number: u64,
    /// To which address; none if it opens under no key.
    pub to: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// When it was written, in seconds since 1970.
    pub made_at: u64,
    /// When it was given up, in seconds since 1970; none while it is tried.
    pub given_up_at: Option<u64>,
    /// How often it was tried.
    pub tries: u32,
    /// Why it was not taken at the last try; empty before the first.
    pub why: String,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRow {
    /// The person's name for it.
    pub name: String,
    /// As the phone says.
    pub platform: String,
    /// `active`, `blocked` or `suspended`.
    pub state: String,
    /// When it was added, in seconds since 1970.
    pub added_at: u64,
    /// When it last signed something, in seconds since 1970.
    pub used_at: u64,
}

/// An event of an account's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// When, in seconds since 1970.
    pub at: u64,
    /// What, as a name for programs.
    pub what: String,
    /// What, in words.
    pub text: String,
}

/// An account with all that an operator sees of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its identifier, as the security log has it.
    pub account: String,
    /// As in a list.
    #[serde(flatten)]
    pub row: Row,
    /// Its devices.
    pub device_list: Vec<DeviceRow>,
    /// What is locked: `password-unknown`, `password-known`, `password-stop`, `password-link`,
    /// `codes-with-pin`, `codes-without-pin`. All but the codes with PIN are lifted by `unblock`.
    pub locked: Vec<String>,
    /// From when a recovery under way can be finished, in seconds since 1970.
    pub recovery_at: Option<u64>,
    /// When the account is deleted, as its person asked, in seconds since 1970.
    pub deletion_at: Option<u64>,
    /// Until when an invitation works that was not accepted, in seconds since 1970.
    pub invited_until: Option<u64>,
    /// Why messages about it were not taken at the last try, the newest first.
    pub not_delivered: Vec<String>,
    /// The newest events, newest first.
    pub events: Vec<EventRow>,
}
