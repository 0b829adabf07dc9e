//! The program `countersign-service`.

use std::{
    error::Error,
    io::IsTerminal,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use countersign_service::{
    AccountChange, Config, Connections, Embedded, Exchange, KeyState, KeyStatus, LargeNetwork,
    Lifetimes, OriginSetting, Places, Progress, Rotate, StartError, SystemClock, backup,
    change_account, doctor, exchange_keys, list_keys, policy_table, restore, restore_with_old_key,
    rotate_keys, utc,
};
use tracing_subscriber::EnvFilter;

/// A sign-in service that speaks Countersign.
///
/// With a certificate of its own:
///
///     countersign-service --data /var/lib/countersign --listen 0.0.0.0:443 --origin https://sign.example.eu \
///         --tls-cert fullchain.pem --tls-key privkey.pem --key-file /etc/countersign/service.key
///
/// Behind a proxy that ends TLS, on another machine or on the same one (--trusted-proxy 127.0.0.1):
///
///     countersign-service --data /var/lib/countersign --listen 10.0.0.7:8800 --origin https://sign.example.eu --trusted-proxy 10.0.0.2
///
/// The proxy must add its client's address at the end of X-Forwarded-For: budgets go by the right-most
/// address there that is no trusted proxy.
///
/// Messages to people (security notices, the links of a recovery) are written to DIR/outbox, one .eml file each, for whoever sends them on.
///
/// BACKUPS: `countersign-service backup FILE --data DIR`, at any time. Keep a copy of the key file elsewhere: either alone opens nothing;
/// both together open every secret. The journal is not in the backup: what it has is what a restore must not undo.
#[derive(Parser)]
#[command(
    version,
    verbatim_doc_comment,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Option<Serve>,
}

#[derive(Args)]
struct Where {
    /// Data folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The file with the key that seals secrets [default: DIR/keys/service.key]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The journal [default: DIR/service.journal]
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// The security log [default: DIR/security.log]
    #[arg(long, value_name = "FILE")]
    security_log: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// The service's own keys: list them, or put new ones in their place. The service may be running
    #[command(subcommand)]
    Keys(Keys),
    /// Copy the database to FILE, as it is at one moment. The service may be running. Neither the key file nor the journal is in it
    Backup {
        /// The backup; a file that is not there yet
        file: PathBuf,
        #[command(flatten)]
        place: Where,
    },
    /// Put a backup into a data folder; the service must not be running. At its next start it moves all steps on, closes what was open, and
    /// applies what the journal has since then; people sign in again, and phones notice nothing
    Restore {
        /// The backup
        file: PathBuf,
        /// Put it in the place of the database that is there; that one is kept beside it
        #[arg(long)]
        replace: bool,
        /// The key file that was in use when the backup was made, if it was exchanged since. The backup is taken if anybody with that file
        /// made it: after a theft, take one from a place that the thief could not write to
        #[arg(long, value_name = "FILE")]
        old_key: Option<PathBuf>,
        #[command(flatten)]
        place: Where,
    },
    /// Look whether everything that a start needs is there and this user's alone. Changes nothing; the service may be running
    Doctor {
        #[command(flatten)]
        place: Where,
        /// The TLS certificate's private key, to be looked at too
        #[arg(long, value_name = "FILE")]
        tls_key: Option<PathBuf>,
    },
    /// Disable an account, take it back into use, or delete it. The service may be running
    #[command(subcommand)]
    Account(AccountCommand),
    /// Print the policy: which proof each change of an account needs, in each state of the account
    Policy,
}

#[derive(Subcommand)]
enum AccountCommand {
    /// Its sessions end, it signs in nowhere, and its phones are answered that they are not active
    Disable(WhichAccount),
    /// Takes a disabled account back into use; people sign in again
    Enable(WhichAccount),
    /// Deletes it with everything that belongs to it. No restore brings it back
    Delete(WhichAccount),
}

#[derive(Args)]
struct WhichAccount {
    /// The account's e-mail address
    email: String,
    #[command(flatten)]
    place: Where,
}

#[derive(Subcommand)]
enum Keys {
    /// Which keys there are, and what each does
    List(Where),
    /// Make new keys. A new signing key is published now and signs in 30 days; a new HPKE key is used at once, and the old one opens for 30
    /// days longer. A running service takes them up within seconds, and phones follow by themselves
    Rotate {
        #[command(flatten)]
        place: Where,
        /// Rotate one kind of key alone
        #[arg(long, value_name = "KIND")]
        only: Option<Only>,
    },
    /// Exchange the key file; the service must not be running. All that is sealed in the database is sealed again with a new key, and the
    /// other keys stay. When it is interrupted, the same command goes on. Backups from before need the old key file from then on
    /// (restore --old-key), so keep a copy of it where you keep copies
    Reseal {
        #[command(flatten)]
        place: Where,
        /// The key file was copied: replace every key. Everybody signs in again, mailed links are void, codes need a new PIN epoch, and
        /// each phone's last state token is taken once, for 30 days
        #[arg(long)]
        compromised: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Only {
    /// The key that signs the service's messages
    Signing,
    /// The key to which phones seal what is secret
    Hpke,
}

#[derive(Args)]
struct Serve {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8800", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Data folder; made if there is none
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The address that browsers and phones use; kept with the data [default: http://localhost:8800]
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// The certificate, with those that lead to its authority (PEM); needs --tls-key
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        conflicts_with = "trusted_proxy"
    )]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Address of a proxy that ends TLS; plain HTTP is taken from there only, and its X-Forwarded-For
    /// says for whom it asks. May be given several times
    #[arg(long, value_name = "ADDRESS")]
    trusted_proxy: Vec<IpAddr>,
    /// A network or address that many people share, and how many times the usual budgets each of its
    /// addresses has, as in 192.0.2.0/24=20. May be given several times
    #[arg(long, value_name = "NETWORK=FACTOR")]
    large_network: Vec<LargeNetwork>,
    /// The file with the key that seals secrets; keep it out of the backups of DIR [default: DIR/keys/service.key]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The journal: what a restore must not undo is written there too; keep it on another disk if you can [default: DIR/service.journal]
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Begin a journal for data that were used already, because the old one is lost for good. Without this, a missing one is an error
    #[arg(long)]
    new_journal: bool,
    /// Where sign-ins, failures, lock-outs and changes of factors are said, one JSON object a line; put aside at 16 MB, five are kept
    /// [default: DIR/security.log]
    #[arg(long, value_name = "FILE")]
    security_log: Option<PathBuf>,
    /// For how many days a backup can be restored: older lines of the journal are dropped, and an older backup is refused
    #[arg(long, default_value_t = 90, value_name = "DAYS")]
    backup_days: u32,
    /// For how many hours requests and codes are kept that nobody answered: 2 to 8760
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    unanswered_hours: u32,
    /// For how many days approvals and transfers are kept, with what the phone signed: 1 to 3650
    #[arg(long, default_value_t = 396, value_name = "DAYS")]
    approvals_days: u32,
    /// For how many days the history of accounts is kept: 2 to 3650
    #[arg(long, default_value_t = 396, value_name = "DAYS")]
    events_days: u32,
    /// For how many days enrolments are kept that are done: 1 to 365
    #[arg(long, default_value_t = 7, value_name = "DAYS")]
    enrolments_days: u32,
    /// How many hours a recovery waits, after a panic or when no factor is left: 1 to 720
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    recovery_hours: u32,
    /// Let a phone's own fingerprint or face grant it a new PIN when the old one is forgotten, as another phone does
    #[arg(long)]
    own_biometrics: bool,
    /// Let fingerprint or face sign a transfer's code, as the PIN does
    #[arg(long)]
    biometric_transfers: bool,
    /// A push service to which notifications may go by Web Push, its host alone; phones choose theirs among these. May be given several times
    /// [default: no notifications are sent, and phones look when they are opened]
    #[arg(long, value_name = "HOST")]
    push_host: Vec<String>,
    /// The name that phones and pages show, at most 20 bytes
    #[arg(long, default_value = "Countersign", value_name = "NAME")]
    name: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let hardened = countersign_hardening::harden();
    let arguments = Arguments::parse();
    let filter =
        EnvFilter::try_from_env("COUNTERSIGN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    if arguments.command.is_none() && !(hardened.no_core_dumps && hardened.locked) {
        tracing::info!(
            no_core_dumps = hardened.no_core_dumps,
            locked = hardened.locked,
            "the system does not let this program keep its memory off the disk altogether; see LimitMEMLOCK= of systemd, and turn swap off"
        );
    }
    let done = match (arguments.command, arguments.serve) {
        (Some(Command::Keys(keys)), _) => run_keys(keys).await,
        (Some(Command::Backup { file, place }), _) => {
            backup(&place.into(), &file, &SystemClock).map_err(Into::into)
        }
        (
            Some(Command::Restore {
                file,
                replace,
                old_key,
                place,
            }),
            _,
        ) => run_restore(&place.into(), &file, replace, old_key.as_deref()),
        (Some(Command::Doctor { place, tls_key }), _) => {
            run_doctor(&place.into(), tls_key.as_deref())
        }
        (Some(Command::Account(account)), _) => run_account(account).await,
        (Some(Command::Policy), _) => {
            print!("{}", policy_table());
            Ok(())
        }
        (None, Some(serve)) => run(serve).await.map_err(Into::into),
        // clap asks for the server's arguments where there is no command.
        (None, None) => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign-service: {error}");
            ExitCode::FAILURE
        }
    }
}

impl From<Where> for Places {
    fn from(place: Where) -> Self {
        Self {
            data: place.data,
            key_file: place.key_file,
            journal: place.journal,
            security_log: place.security_log,
        }
    }
}

async fn run_keys(keys: Keys) -> Result<(), Box<dyn Error>> {
    let list = match keys {
        Keys::List(place) => list_keys(&place.into(), &SystemClock).await?,
        Keys::Rotate { place, only } => {
            let rotate = match only {
                None => Rotate::Both,
                Some(Only::Signing) => Rotate::Signing,
                Some(Only::Hpke) => Rotate::Hpke,
            };
            rotate_keys(&place.into(), rotate, &SystemClock).await?
        }
        Keys::Reseal { place, compromised } => return reseal(&place.into(), compromised).await,
    };
    for key in list {
        println!("{}", line(&key));
    }
    Ok(())
}

async fn reseal(places: &Places, compromised: bool) -> Result<(), Box<dyn Error>> {
    let exchange = match compromised {
        true => Exchange::Copied,
        false => Exchange::Sealing,
    };
    let mut shown = None;
    let progress = |Progress { done, all }| {
        let percent = done * 100 / all.max(1);
        if shown != Some(percent / 5) {
            shown = Some(percent / 5);
            eprintln!("{percent:3} %, {done} of {all} rows");
        }
    };
    let report = exchange_keys(places, exchange, &SystemClock, progress).await?;
    if report.resumed {
        println!("An exchange that had been interrupted is done.");
    }
    println!(
        "The key file is exchanged. Copy it to where you keep its copy, and keep the old copy for as long as you keep backups from before \
         now: they are restored with --old-key."
    );
    if let Some(until) = report.waiting {
        println!(
            "A signing key that waits for its time was copied too: run countersign-service keys rotate after {} UTC, when the next one \
             can be made.",
            utc(until)
        );
    }
    Ok(())
}

async fn run_account(command: AccountCommand) -> Result<(), Box<dyn Error>> {
    let (change, which) = match command {
        AccountCommand::Disable(which) => (AccountChange::Disable, which),
        AccountCommand::Enable(which) => (AccountChange::Enable, which),
        AccountCommand::Delete(which) => (AccountChange::Delete, which),
    };
    let WhichAccount { email, place } = which;
    Ok(change_account(&place.into(), change, &email, &SystemClock).await?)
}

fn run_doctor(places: &Places, tls_key: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let checked = doctor(places, tls_key);
    for (what, found) in &checked {
        match found {
            Ok(()) => println!("ok       {what}"),
            Err(why) => println!("PROBLEM  {what}: {why}"),
        }
    }
    match checked.iter().filter(|(_, found)| found.is_err()).count() {
        0 => Ok(()),
        1 => Err("there is a problem, named above".into()),
        problems => Err(format!("there are {problems} problems, named above").into()),
    }
}

fn run_restore(
    places: &Places,
    file: &Path,
    replace: bool,
    old_key: Option<&Path>,
) -> Result<(), Box<dyn Error>> {
    let report = match old_key {
        Some(old_key) => restore_with_old_key(places, file, replace, old_key, &SystemClock)?,
        None => restore(places, file, replace, &SystemClock)?,
    };
    match report.made_at {
        Some(time) => println!("Restored: the backup of {} UTC.", utc(time)),
        None => println!("Restored."),
    }
    if let Some(path) = report.replaced {
        println!(
            "The database that was there before is {}: delete it when all is well.",
            path.display()
        );
    }
    Ok(())
}

fn line(key: &KeyStatus) -> String {
    let kind = if key.signs { "signing" } else { "HPKE" };
    let state = match (key.state, key.signs) {
        (KeyState::InUse, true) => "signs".to_owned(),
        (KeyState::InUse, false) => "phones seal to it".to_owned(),
        (KeyState::From(time), _) => format!("published; signs from {} UTC on", utc(time)),
        (KeyState::Until(time), true) => format!("replaced; erased at {} UTC", utc(time)),
        (KeyState::Until(time), false) => format!("replaced; opens until {} UTC", utc(time)),
    };
    format!("{kind:8} {}  {state}", key.kid)
}

async fn run(arguments: Serve) -> Result<(), StartError> {
    let plain = arguments.tls_cert.is_none() && arguments.trusted_proxy.is_empty();
    let service = Embedded::start(Config {
        listen: arguments.listen,
        connections: match (arguments.tls_cert, arguments.tls_key) {
            (Some(certificate), Some(key)) => Connections::Tls { certificate, key },
            _ if !arguments.trusted_proxy.is_empty() => {
                Connections::Proxies(arguments.trusted_proxy)
            }
            _ => Connections::Loopback,
        },
        large_networks: arguments.large_network,
        data: arguments.data,
        origin: arguments
            .origin
            .map_or(OriginSetting::Kept, OriginSetting::Exactly),
        key_file: arguments.key_file,
        journal: arguments.journal,
        new_journal: arguments.new_journal,
        security_log: arguments.security_log,
        backup_days: arguments.backup_days,
        lifetimes: Lifetimes {
            unanswered_hours: arguments.unanswered_hours,
            approvals_days: arguments.approvals_days,
            events_days: arguments.events_days,
            enrolments_days: arguments.enrolments_days,
        },
        name: arguments.name,
        recovery_hours: arguments.recovery_hours,
        own_biometrics: arguments.own_biometrics,
        biometric_transfers: arguments.biometric_transfers,
        push_hosts: arguments.push_host,
        push_services: Vec::new(),
        notices: None,
        clock: Arc::new(SystemClock),
    })
    .await?;
    tracing::info!(origin = service.origin(), address = %service.address(), data = %service.data().display(), "the service runs: open its origin in a browser");
    let port = format!(":{}", service.address().port());
    if plain && service.origin().starts_with("http://") && !service.origin().ends_with(&port) {
        tracing::warn!(
            "browsers and phones must open {}, and this listens on {}: listen on that port, or begin new data with --origin http://localhost{port}",
            service.origin(),
            service.address()
        );
    }
    if plain && service.origin().starts_with("https://") {
        tracing::warn!(
            "all who come through the proxy on this computer count as one source, and are slowed down \
             together: give --trusted-proxy with its address"
        );
    }
    asked_to_stop().await;
    tracing::info!("stopping");
    service.stop().await;
    Ok(())
}

/// Ctrl-C, or the signal with which service managers stop a program.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
