//! The program `countersign-service`.
// The help shows commands, which are no Rust.
#![allow(rustdoc::invalid_rust_codeblocks)]

mod accounts;
mod arguments;
mod asking;
mod clients;
mod mail;
mod out;

use std::{error::Error, path::Path, process::ExitCode, sync::Arc};

use arguments::{Arguments, Command, Keys, Only, Serve};
use clap::Parser;
use countersign_service::{
    Apps, Config, Connections, Embedded, Exchange, KeyState, KeyStatus, Lifetimes, OriginSetting,
    Places, Progress, Registration, Rotate, StartError, SystemClock, backup, doctor, exchange_keys,
    list_keys, policy_table, restore, restore_with_old_key, rotate_keys, utc,
};
use out::{NOT_WRITTEN, NotWritten, print, say};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let hardened = countersign_hardening::harden();
    let arguments = Arguments::parse();
    let filter =
        EnvFilter::try_from_env("COUNTERSIGN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Colours need a library that is not built in.
        .with_ansi(false)
        // It would be said on standard error, which is what can't be written.
        .log_internal_errors(false)
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
        (Some(Command::Account(account)), _) => {
            return asking::end(accounts::run(account).await);
        }
        (Some(Command::Mail(mail)), _) => return asking::end(mail::run(mail).await),
        (Some(Command::Client(client)), _) => clients::run(client),
        (Some(Command::Policy), _) => print(policy_table()).map_err(Into::into),
        (None, Some(serve)) => run(serve).await.map_err(Into::into),
        // clap asks for the server's arguments where there is no command.
        (None, None) => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("countersign-service: {error}"));
            match error.is::<NotWritten>() {
                true => ExitCode::from(NOT_WRITTEN),
                false => ExitCode::FAILURE,
            }
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
    let lines: String = list.iter().map(|key| line(key) + "\n").collect();
    print(lines).map_err(Into::into)
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
            say(format_args!("{percent:3} %, {done} of {all} rows"));
        }
    };
    let report = exchange_keys(places, exchange, &SystemClock, progress).await?;
    let mut text = String::new();
    if report.resumed {
        text += "An exchange that had been interrupted is done.\n";
    }
    text += "The key file is exchanged. Copy it to where you keep its copy, and make a backup now. \
        Keep the old copy for as long as you keep backups from before: they are restored with \
        --old-key.\n";
    if let Some(until) = report.waiting {
        text += &format!(
            "A signing key that waits for its time was copied too: run countersign-service keys \
             rotate after {} UTC, when the next one can be made.\n",
            utc(until)
        );
    }
    print(text).map_err(Into::into)
}

fn run_doctor(places: &Places, tls_key: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let checked = doctor(places, tls_key);
    let line = |(what, found): &(_, Result<(), _>)| match found {
        Ok(()) => format!("ok       {what}\n"),
        Err(why) => format!("PROBLEM  {what}: {why}\n"),
    };
    print(checked.iter().map(line).collect::<String>())?;
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
    let mut text = match report.made_at {
        Some(time) => format!("Restored: the backup of {} UTC.\n", utc(time)),
        None => "Restored.\n".to_owned(),
    };
    if let Some(path) = report.replaced {
        text += &format!(
            "The database that was there before is {}: delete it when all is well.\n",
            path.display()
        );
    }
    print(text).map_err(Into::into)
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

async fn run(mut arguments: Serve) -> Result<(), StartError> {
    let mail = arguments.mail();
    let brand = arguments.brand();
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
        place_header: arguments.place_header,
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
        apps: Apps {
            android: arguments.android_app,
            ios: arguments.ios_app,
            android_store: arguments.store_link_android,
            ios_store: arguments.store_link_ios,
        },
        brand,
        registration: Registration {
            nobody: arguments.no_registration,
            closed_domains: arguments.closed_domain,
        },
        recovery_hours: arguments.recovery_hours,
        clients: arguments.clients,
        rsa_keys: arguments.oidc_rsa_key,
        privacy_url: arguments.privacy_url,
        // A person looks at the picture.
        picture_number: None,
        deletion_days: arguments.deletion_days,
        own_biometrics: arguments.own_biometrics,
        biometric_transfers: arguments.biometric_transfers,
        push_hosts: arguments.push_host,
        push_services: Vec::new(),
        mail,
        mail_from: arguments.mail_from,
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
    run_until_stopped(&service).await;
    tracing::info!("stopping");
    service.stop().await;
    Ok(())
}

/// Runs until Ctrl-C, or the signal with which service managers stop a program. SIGHUP reads the
/// clients file again.
async fn run_until_stopped(service: &Embedded) {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = (
            signal(SignalKind::terminate()),
            signal(SignalKind::hangup()),
        );
        if let (Ok(mut terminate), Ok(mut hangup)) = signals {
            tokio::pin!(interrupt);
            loop {
                tokio::select! {
                    _ = &mut interrupt => return,
                    _ = terminate.recv() => return,
                    _ = hangup.recv() => reload(service),
                }
            }
        }
    }
    #[cfg(not(unix))]
    let _ = service;
    let _ = interrupt.await;
}

#[cfg(unix)]
fn reload(service: &Embedded) {
    match service.reload_clients() {
        Ok(services) => tracing::info!(services, "the clients file was read again"),
        Err(error) => tracing::error!(%error, "the clients file stays as it was read before"),
    }
}
