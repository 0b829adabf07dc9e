//! The command line: what can be asked, and the help that says so.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  nothing found, nothing waiting, not confirmed by you; a step of the demo failed
  2  wrong usage, or something had to be asked and there was nobody to ask
  3  refused by the service: wrong PIN or number, expired, blocked, removed
  4  the service could not be reached
  5  the phone's own data could not be read or written
  6  the picture, link or code cannot be used

Example, the whole main job against a service of its own:
  countersign demo";

/// A mobile authenticator on the command line: a whole phone.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// The options of every command.
    #[command(flatten)]
    pub(crate) global: Global,
}

/// The options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Print JSON instead of words
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The folder with the phone's accounts and key [default: $XDG_DATA_HOME/countersign, else
    /// ~/.local/share/countersign]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Initialise this phone for an account, with the QR code or link from the page "Add a mobile
    /// device"
    #[command(after_help = "\
Examples:
  countersign init screenshot.png
  wl-paste --type image/png | countersign init -
  countersign init 'https://sign.example.eu/Q/QRB2CAJG...'
  countersign init                  # finish what an earlier init began

The service and account are shown before any PIN is asked. Where you choose the
PIN here, type the six digits that appear on the page with the QR code.")]
    Init(Init),
    /// List the accounts on this phone
    #[command(after_help = "Example:\n  countersign accounts --json")]
    Accounts,
    /// List the requests that wait for an answer
    #[command(after_help = "Example:\n  countersign pending\n\nExit code 1 when none waits.")]
    Pending(AccountOption),
    /// Wait for requests and ask about each as it comes, until Ctrl-C
    #[command(
        after_help = "Examples:\n  countersign watch\n  countersign watch --once && echo 'a request waits'\n\nWith --json or without a terminal it prints requests and asks nothing."
    )]
    Watch(Watch),
    /// Approve a request: shows who asks, for what, from where and when, then takes the number and
    /// the PIN
    #[command(
        after_help = "Examples:\n  countersign approve\n  pass show example/pin | countersign approve --number 42 --pin-stdin\n  countersign approve --number 42 --biometrics\n\nThe number is the one that the computer's screen shows."
    )]
    Approve(Approve),
    /// Decline a request, or report it as fraud; this needs no PIN
    #[command(after_help = "Examples:\n  countersign decline\n  countersign decline --report")]
    Decline(Decline),
    /// Scan a QR code: shows the sign-in code, or asks for a transaction's data and shows its code.
    /// Needs no network
    #[command(after_help = "\
Examples:
  countersign scan photo.jpg
  countersign scan transfer.png --field amount=1234.50
  pass show example/pin | countersign scan transfer.png --pin-stdin --json \\
      --field 'name=Jānis Kalniņš' --field iban=LV80BANK0000435195001

On a terminal the code stays until Enter or until it expires.
Type a transaction's data from your own papers, not from the page that shows
the QR code.")]
    Scan(Scan),
    /// List what happened on this phone
    #[command(
        after_help = "Examples:\n  countersign history --limit 5\n  countersign history --csv > history.csv"
    )]
    History(History),
    /// Give an account another name on this phone
    #[command(after_help = "Example:\n  countersign rename 1 'My bank'")]
    Rename(Rename),
    /// Remove an account, with its keys, from this phone
    #[command(
        after_help = "Example:\n  countersign remove 1\n\nIt works without a network; then the next command that goes online tells the service."
    )]
    Remove(Remove),
    /// Change an account's PIN, or set a new one where it was forgotten or is blocked
    Pin {
        /// Which of the two
        #[command(subcommand)]
        command: PinCommand,
    },
    /// Turn biometrics on or off: a key of their own in the place of the PIN, where the service
    /// allows it
    #[command(after_help = "\
Examples:
  countersign biometrics on
  countersign approve --biometrics --number 42
  countersign biometrics off

A computer has a stand-in for the reader, to try this out with: it asks nobody, and
whoever may run programs as you may use it. The PIN always works too. A new PIN turns
biometrics off.")]
    Biometrics {
        /// Which of the two
        #[command(subcommand)]
        command: BiometricsCommand,
    },
    /// Make new keys for an account; the PIN stays the same
    #[command(after_help = "\
Example:
  countersign rotate

The old keys vouch for the new ones. Exit code 3 when the PIN was wrong.")]
    Rotate(Rotate),
    /// Print the text of every QR code in pictures
    #[command(
        after_help = "Examples:\n  countersign decode screenshot.png\n  countersign decode --json *.jpg\n\nExit code 1 when there is none."
    )]
    Decode(Decode),
    /// Draw a QR code in the terminal or to a file
    #[command(
        after_help = "Examples:\n  countersign draw 'HTTPS://EXAMPLE.EU/'\n  printf %s \"$LINK\" | countersign draw - --output code.png"
    )]
    Draw(Draw),
    /// Check this phone: its data, its clock, and whether the services can be reached
    #[command(
        after_help = "Example:\n  countersign doctor\n\nExit code 4 or 5 when something is wrong."
    )]
    Doctor,
    /// Print completions for a shell
    #[command(
        after_help = "Example:\n  countersign completions bash > ~/.local/share/bash-completion/completions/countersign"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Show the main job from end to end: a service, a person at a computer, and this phone
    #[command(after_help = "\
Examples:
  countersign demo
  countersign demo --keep
  countersign demo --server http://localhost:8800 --outbox service-data/outbox

It uses folders of its own and leaves nothing behind. Exit code 0 only if every step did what it should.")]
    Demo(Demo),
}

/// Takes the PIN from standard input.
#[derive(Debug, Default, Args)]
pub(crate) struct PinOption {
    /// Take PINs from lines of standard input instead of asking (never as an argument, which other
    /// programs could read)
    #[arg(long)]
    pub(crate) pin_stdin: bool,
}

/// The unlock method: the PIN, or biometrics in its place.
#[derive(Debug, Default, Args)]
pub(crate) struct UnlockOption {
    #[command(flatten)]
    pub(crate) pin: PinOption,
    /// Use biometrics in the place of the PIN, where the service allows it and `countersign
    /// biometrics on` was said
    #[arg(long, conflicts_with = "pin_stdin")]
    pub(crate) biometrics: bool,
}

/// Which account.
#[derive(Debug, Args)]
pub(crate) struct AccountOption {
    /// Only this account: its number in `countersign accounts`, or its name
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
}

/// `init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// A picture of the QR code, the link itself, or - for either on standard input; without it,
    /// goes on with an earlier init
    #[arg(value_name = "IMAGE|LINK|-")]
    pub(crate) code: Option<String>,
    #[command(flatten)]
    pub(crate) pin: PinOption,
}

/// `watch`.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) account: AccountOption,
    /// End after the first request
    #[arg(long)]
    pub(crate) once: bool,
    /// End after so many seconds without a request
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: Option<u64>,
}

/// `approve`.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    pub(crate) which: Which,
    /// The number that the computer's screen shows
    #[arg(long, value_parser = clap::value_parser!(u8).range(10..=99))]
    pub(crate) number: Option<u8>,
    #[command(flatten)]
    pub(crate) unlock: UnlockOption,
}

/// `decline`.
#[derive(Debug, Args)]
pub(crate) struct Decline {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Report it as fraud: you did not start this
    #[arg(long)]
    pub(crate) report: bool,
}

/// Which request.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The request's id in `countersign pending`, or its beginning; not needed when only one waits
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) account: AccountOption,
}

/// `scan`.
#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// A picture of the QR code, the link itself, or - for either on standard input
    #[arg(value_name = "IMAGE|LINK|-")]
    pub(crate) code: String,
    /// A field of a transaction, by its id; may be repeated. What is missing is asked
    #[arg(long = "field", value_name = "ID=VALUE", value_parser = field)]
    pub(crate) fields: Vec<(String, String)>,
    /// The account that you mean; where the code is for another one, that is said, and asked on a
    /// terminal
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Decline a sign-in that began in this device's browser; this needs no PIN
    #[arg(long, conflicts_with = "report")]
    pub(crate) decline: bool,
    /// Decline it and report it as fraud: somebody else sent you the link
    #[arg(long)]
    pub(crate) report: bool,
    #[command(flatten)]
    pub(crate) unlock: UnlockOption,
}

/// `history`.
#[derive(Debug, Args)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) account: AccountOption,
    /// At most so many, the newest first
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// Everything, as comma-separated values (RFC 4180): time in seconds since 1970, account, name,
    /// event, detail
    #[arg(long, conflicts_with_all = ["account", "limit"])]
    pub(crate) csv: bool,
}

/// `rename`.
#[derive(Debug, Args)]
pub(crate) struct Rename {
    /// The account's number in `countersign accounts`, or its name
    pub(crate) account: String,
    /// The new name, 1 to 40 characters
    pub(crate) name: String,
}

/// `remove`.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// The account's number in `countersign accounts`, or its name
    pub(crate) account: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `pin`.
#[derive(Debug, Subcommand)]
pub(crate) enum PinCommand {
    /// Change the PIN: the present one, then a new one twice
    #[command(after_help = "\
Examples:
  countersign pin change
  printf '4071\\n5829\\n' | countersign pin change --pin-stdin

With --pin-stdin the first line is the present PIN and the second the new one.
Exit code 3 when the present PIN was wrong. If the last answer does not come
(exit code 4), the next command that goes online finds out which PIN holds.")]
    Change(PinChange),
    /// Set a new PIN where it was forgotten or is blocked; another of your factors has to approve
    /// it first
    #[command(after_help = "\
Examples:
  countersign pin forgotten
  countersign pin forgotten --wait

On the service's page, choose to unblock this device, and approve that with
another device or key. It then holds for ten minutes. With --pin-stdin the
first line is the new PIN. Exit code 3 when nothing has approved it.")]
    Forgotten(PinForgotten),
}

/// `pin change`.
#[derive(Debug, Args)]
pub(crate) struct PinChange {
    /// The account's number in `countersign accounts`, or its name; not needed when there is only
    /// one
    pub(crate) account: Option<String>,
    #[command(flatten)]
    pub(crate) pin: PinOption,
}

/// `pin forgotten`.
#[derive(Debug, Args)]
pub(crate) struct PinForgotten {
    /// The account's number in `countersign accounts`, or its name; not needed when there is only
    /// one
    pub(crate) account: Option<String>,
    /// Wait until it is approved
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) pin: PinOption,
}

/// `biometrics`.
#[derive(Debug, Subcommand)]
pub(crate) enum BiometricsCommand {
    /// Turn them on, with the PIN
    #[command(
        after_help = "Example:\n  countersign biometrics on\n\nExit code 3 when the PIN was wrong."
    )]
    On(BiometricsOn),
    /// Turn them off; without a network too, and then it is reported to the service later
    #[command(after_help = "Example:\n  countersign biometrics off")]
    Off(BiometricsOff),
}

/// `biometrics on`.
#[derive(Debug, Args)]
pub(crate) struct BiometricsOn {
    /// The account's number in `countersign accounts`, or its name; not needed when there is only
    /// one
    pub(crate) account: Option<String>,
    #[command(flatten)]
    pub(crate) pin: PinOption,
}

/// `biometrics off`.
#[derive(Debug, Args)]
pub(crate) struct BiometricsOff {
    /// The account's number in `countersign accounts`, or its name; not needed when there is only
    /// one
    pub(crate) account: Option<String>,
}

/// `rotate`.
#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// The account's number in `countersign accounts`, or its name; not needed when there is only
    /// one
    pub(crate) account: Option<String>,
    #[command(flatten)]
    pub(crate) pin: PinOption,
}

/// `decode`.
#[derive(Debug, Args)]
pub(crate) struct Decode {
    /// Pictures: PNG, JPEG, WebP, GIF or BMP; - for standard input
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<String>,
}

/// `draw`.
#[derive(Debug, Args)]
pub(crate) struct Draw {
    /// The text, or - for standard input
    pub(crate) text: String,
    /// Write a picture instead; its name ends in .png or .svg
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// How much of the code may be unreadable: l 7 %, m 15 %, q 25 %, h 30 %
    #[arg(long, value_enum, default_value_t = LevelOption::M)]
    pub(crate) level: LevelOption,
    /// Pixels a module of a PNG
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) scale: u16,
}

/// The level of error correction.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LevelOption {
    L,
    M,
    Q,
    H,
}

/// `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Show a phone's whole life instead of its first day: PINs changed and forgotten, a new phone,
    /// a copied one
    #[arg(long)]
    pub(crate) life: bool,
    /// Keep the folder with the phone's and the service's data and the pictures, and say where it
    /// is
    #[arg(long)]
    pub(crate) keep: bool,
    /// Use a running service instead of one of its own
    #[arg(long, value_name = "URL", requires = "outbox")]
    pub(crate) server: Option<String>,
    /// Where that service leaves its messages: the outbox in its data folder
    #[arg(long, value_name = "DIR", requires = "server")]
    pub(crate) outbox: Option<PathBuf>,
}

fn field(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(id, value)| (id.to_owned(), value.to_owned()))
        .ok_or_else(|| "give it as id=value, for example amount=1234.50".to_owned())
}
