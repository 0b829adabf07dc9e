//! A sign-in service that speaks Countersign: accounts, pages, enrolment, challenges, verification.
//!
//! [`Embedded::start`] runs it inside another program; the program `countersign-service` does nothing else. What the pages take is
//! listed in the documentation of the module `web`; what phones send, in the protocol's `PROTOCOL.md`.
//!
//! It holds secrets that a thief of its database must not open: they are sealed under the key file, `DIR/keys/service.key` unless
//! [`Config::key_file`] says otherwise. Keep that file, and its copies, apart from the database's.
//!
//! When a request opens for a phone, one that waits with a long poll is woken, and a push message goes to the address that it has named, if
//! push services are set up ([`Config::push_hosts`]); where the protocol stops pushes against request fatigue, neither happens, the page says
//! so, and the phone finds the request when it next asks.

mod api;
mod app;
mod base;
mod edge;
mod flow;
mod journal;
mod keys;
mod notices;
mod operations;
mod pages;
mod password;
mod policy;
mod push;
mod security;
mod server;
mod store;
mod tls;
mod transfer;
mod web;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use countersign_protocol::{
    field::is_displayable,
    id::PublicKey,
    origin::{Origin, OriginError},
};
use sha2::{Digest, Sha256};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinHandle,
};

pub use app::{Clock, SystemClock};
pub use base::email::{Email, NotAnEmail};
pub use base::time::utc;
pub use edge::{BadNetwork, LargeNetwork};
pub use keys::ring::{KeyState, KeyStatus, Rotate};
pub use notices::{Notice, NoticeError, Notices, Outbox};
pub use operations::{
    AccountChange, AccountRefused, BackupRefused, Checked, Exchange, ExchangeReport, KeysRefused,
    Places, Progress, RestoreReport, StorageUnused, backup, change_account, doctor, exchange_keys,
    list_keys, restore, restore_with_old_key, rotate_keys,
};
pub use policy::lifetimes::{BadLifetime, Lifetimes};
pub use push::{Knock, PushFailed, PushService};

/// The policy of changes as a table: which proof each change of an account needs, a row a change
/// and a column a state of the account.
pub fn policy_table() -> String {
    policy::changes::table()
}

/// The names of everything that the service makes durable, for the tests that kill it before each.
#[cfg(debug_assertions)]
#[doc(hidden)]
pub const DURABLE_WRITES: &[&str] = base::durable::Write::ALL;

use app::{App, Waiting};
use edge::{Edge, Networks};
use keys::ring::{About, KeyRing, ServiceKeys};
use password::Passwords;
use push::{Pushes, web::WebPush};
use security::{Failures, SecurityLog};
use store::{Over, Store};

/// The setting that tells whether other push services were named since: a hash, for the database names no place to which messages go.
const PUSHES: &str = "pushes";

/// Which origin the service has. It is kept with the data, and phones are bound to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginSetting {
    /// The kept one; `http://localhost:8800` for new data.
    Kept,
    /// This one. Data of another origin are refused.
    Exactly(String),
    /// The kept one; for new data `http://localhost:` with the port that was bound. For tests and demonstrations.
    Loopback,
}

/// How browsers and phones reach the service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Connections {
    /// Plain HTTP, on this computer only.
    #[default]
    Loopback,
    /// Plain HTTP from these addresses only: proxies that end TLS for the service. Whoever else
    /// connects is hung up on. They must add the address of their client to X-Forwarded-For, at its
    /// end: budgets go by the right-most address there that is none of these proxies. No other
    /// forwarded header is read, and the origin comes from its setting.
    Proxies(Vec<IpAddr>),
    /// TLS 1.2 and 1.3.
    Tls {
        /// The certificate and those that lead to its authority: PEM.
        certificate: PathBuf,
        /// Its private key: PEM.
        key: PathBuf,
    },
}

/// How to run the service.
pub struct Config {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// What may connect, and how.
    pub connections: Connections,
    /// Networks whose addresses have larger budgets, because many people share one address.
    pub large_networks: Vec<LargeNetwork>,
    /// The data folder, made if there is none. It belongs to one process at a time.
    pub data: PathBuf,
    /// The origin.
    pub origin: OriginSetting,
    /// The key file, if it is not `keys/service.key` in the data folder.
    pub key_file: Option<PathBuf>,
    /// The journal, if it is not `service.journal` in the data folder.
    pub journal: Option<PathBuf>,
    /// Whether a journal is begun for data that were used already. Without it, one that is missing
    /// is an error: it was lost.
    pub new_journal: bool,
    /// The security log, if it is not `security.log` in the data folder.
    pub security_log: Option<PathBuf>,
    /// For how many days a backup can be restored, 1 to 3,650: the journal's older lines are dropped, and an older backup is refused.
    pub backup_days: u32,
    /// How long what is over is kept.
    pub lifetimes: Lifetimes,
    /// The name that phones and pages show, 1 to 20 bytes.
    pub name: String,
    /// How many hours a recovery waits, 1 to 720.
    pub recovery_hours: u32,
    /// Whether a phone's own biometrics grant it a new PIN in the place of a forgotten one, as another phone does.
    pub own_biometrics: bool,
    /// Whether biometrics sign a transfer's code, as the PIN does.
    pub biometric_transfers: bool,
    /// The push services to which Web Push messages go, each `host` or `host:port`; without any, none are sent. Phones choose the address, so only
    /// these are ever spoken to.
    pub push_hosts: Vec<String>,
    /// What carries push messages besides, to addresses of other kinds.
    pub push_services: Vec<Arc<dyn PushService>>,
    /// Takes messages to people; without one, each becomes a file in the data folder's `outbox`.
    pub notices: Option<Arc<dyn Notices>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// On a free port of this computer, for tests and demonstrations, which ask more of it than
    /// people do.
    pub fn embedded(data: impl Into<PathBuf>) -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            connections: Connections::Loopback,
            large_networks: LargeNetwork::loopback(),
            data: data.into(),
            origin: OriginSetting::Loopback,
            key_file: None,
            journal: None,
            new_journal: false,
            security_log: None,
            backup_days: 90,
            lifetimes: Lifetimes::default(),
            name: "Countersign".into(),
            recovery_hours: 24,
            own_biometrics: false,
            biometric_transfers: false,
            push_hosts: Vec::new(),
            push_services: Vec::new(),
            notices: None,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can't be listened on.
    #[error("can't listen on {0}: {1}. Is another program using it? Choose another with --listen")]
    Listen(SocketAddr, #[source] io::Error),
    /// Plain HTTP would leave this computer.
    #[error(
        "plain HTTP on {0} would send passwords through the network for all to read. Give --tls-cert and --tls-key; or --trusted-proxy with \
         the address of the proxy that ends TLS; or listen on 127.0.0.1"
    )]
    PlainHttp(SocketAddr),
    /// The origin is http, though browsers come by TLS.
    #[error(
        "browsers come by TLS, and the origin is {0}: give the address that they see, as in --origin https://sign.example.eu"
    )]
    PlainOrigin(String),
    /// The origin has a wrong form.
    #[error("the origin {0:?} can't be used: {1}")]
    Origin(String, #[source] OriginError),
    /// The data are those of another origin.
    #[error(
        "these data belong to {kept}, not to {given}. Phones are bound to their origin: start without --origin, or use another data folder"
    )]
    OtherOrigin {
        /// As kept with the data.
        kept: String,
        /// As given.
        given: String,
    },
    /// The name has a wrong form.
    #[error(
        "the name {0:?} can't be used: it must have 1 to 20 bytes, without invisible characters"
    )]
    Name(String),
    /// The waiting time of a recovery is out of bounds.
    #[error("a recovery can't wait {0} hours: take 1 to 720")]
    RecoveryHours(u32),
    /// The time for which backups are restored is out of bounds.
    #[error("backups can't be restored for {0} days: take 1 to 3650")]
    BackupDays(u32),
    /// How long something is kept is out of bounds.
    #[error(transparent)]
    Lifetime(#[from] BadLifetime),
    /// The name of a push service has a wrong form.
    #[error(
        "the push service {0:?} can't be used: give its host alone, as in --push-host updates.push.services.mozilla.com"
    )]
    PushHost(String),
    /// Web Push can't be set up.
    #[error(
        "push messages can't be sent: the system's certificate authorities can't be used ({0}). Install them (Debian: ca-certificates), or start without --push-host"
    )]
    Push(String),
    /// The data folder, the database, the key file or a key in them can't be used.
    #[error(transparent)]
    Storage(Box<dyn std::error::Error + Send + Sync>),
    /// The built-in pages are broken.
    #[error("the built-in pages can't be read: {0}")]
    Pages(String),
}

/// Errors of the parts beneath say already what a person can do.
fn storage(error: impl std::error::Error + Send + Sync + 'static) -> StartError {
    StartError::Storage(Box::new(error))
}

/// A running service.
pub struct Embedded {
    origin: Origin,
    address: SocketAddr,
    data: PathBuf,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    sweeper: JoinHandle<()>,
    store: Arc<Store>,
}

impl Embedded {
    /// Starts the service and returns when it listens.
    ///
    /// # Errors
    /// See [`StartError`]; each says what a person can do.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        if config.name.is_empty() || config.name.len() > 20 || !is_displayable(&config.name) {
            return Err(StartError::Name(config.name));
        }
        if !(1..=720).contains(&config.recovery_hours) {
            return Err(StartError::RecoveryHours(config.recovery_hours));
        }
        if !(1..=3650).contains(&config.backup_days) {
            return Err(StartError::BackupDays(config.backup_days));
        }
        let lifetimes = config.lifetimes.kept()?;
        let admission = server::Admission::new(&config)?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|error| StartError::Listen(config.listen, error))?;
        let address = listener
            .local_addr()
            .map_err(|error| StartError::Listen(config.listen, error))?;
        // An origin of a wrong form is told before a data folder is made for it.
        if let OriginSetting::Exactly(origin) = &config.origin {
            parse_origin(origin)?;
        }
        let push_hosts = push_hosts(&config.push_hosts)?;
        let places = Places {
            data: config.data.clone(),
            key_file: config.key_file,
            journal: config.journal,
            security_log: config.security_log,
        };
        let begin = match config.new_journal {
            true => operations::Begin::NewJournal,
            false => operations::Begin::Never,
        };
        let opened = operations::open(&places, begin, config.clock.now()).await;
        let (store, root) = opened.map_err(storage)?;
        let store = Arc::new(store);
        let security = SecurityLog::start(places.security_log()).map_err(storage)?;
        let security = Arc::new(security);
        store.log_to(security.clone());
        let origin = origin(
            store.as_ref(),
            config.origin,
            &config.connections,
            address.port(),
        )
        .await?;
        let seal = |account, hash: &str| password::seal(&root.sealing, account, hash);
        store.renew_accounts(seal).await.map_err(storage)?;
        let now = config.clock.now();
        let (others, hosts) = (config.push_services.len(), config.push_hosts.join(" "));
        let carriers = match (others, hosts.as_str()) {
            (0, "") => Vec::new(),
            _ => Sha256::digest(format!("{others} {hosts}")).to_vec(),
        };
        let kept = store.setting(PUSHES).await.map_err(storage)?;
        let mut push_services = config.push_services;
        let push_key = (!push_hosts.is_empty()).then(|| PublicKey::of(&root.push));
        if push_key.is_some() {
            let web = WebPush::new(push_hosts, root.push.clone(), &origin);
            push_services.push(Arc::new(web.map_err(StartError::Push)?));
        }
        let (pushes, pushes_due) = Pushes::new(push_services);
        let about = About {
            origin: &origin,
            name: &config.name,
            push_key,
            // A phone whose address nobody took tells it again when the information is another.
            news: kept.unwrap_or_default() != carriers,
        };
        let keys = ServiceKeys::load(store.as_ref(), &root, about, now)
            .await
            .map_err(storage)?;
        if about.news {
            let set = store.set_setting(PUSHES, carriers);
            set.await.map_err(storage)?;
        }
        let (stop, stopping) = watch::channel(false);
        let edge = Edge::new(Networks::new(config.large_networks), edge::places());
        let edge = Arc::new(edge);
        let app = Arc::new(App {
            store: store.clone(),
            root,
            keys: KeyRing::new(keys),
            origin: origin.clone(),
            passwords: Passwords::new(edge.clone()).map_err(storage)?,
            edge,
            pages: pages::Pages::new(&config.name)
                .map_err(|error| StartError::Pages(format!("{error:#}")))?,
            name: config.name,
            recovery_hours: config.recovery_hours,
            kept: lifetimes,
            backup_seconds: u64::from(config.backup_days) * 24 * 3600,
            own_biometrics: config.own_biometrics,
            biometric_transfers: config.biometric_transfers,
            security,
            failures: Failures::default(),
            mail: Notify::new(),
            pace: notices::Pace::default(),
            notices: config.notices.unwrap_or_else(|| {
                Arc::new(Outbox::new(config.data.join("outbox"), origin.authority()))
            }),
            clock: config.clock,
            pushes,
            push_key,
            waiting: Waiting::default(),
            stopping: stopping.clone(),
        });
        let router = api::router()
            .merge(web::router(&app))
            .layer(axum::middleware::from_fn(security::from_source))
            .with_state(app.clone());
        let serving = server::serve(listener, admission, app.clone(), router, stopping.clone());
        let server = tokio::spawn(serving);
        let sweeper = tokio::spawn(async move {
            tokio::join!(
                sweep(app.clone(), stopping.clone()),
                renew_keys(app.clone(), stopping.clone()),
                push::run(app.clone(), pushes_due, stopping.clone()),
                mail(app, stopping)
            );
        });
        Ok(Self {
            origin,
            address,
            data: config.data,
            stop,
            server,
            sweeper,
            store,
        })
    }

    /// The service's origin.
    pub fn origin(&self) -> &str {
        self.origin.as_str()
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Lets requests in flight finish (five seconds at most), then closes the database.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.server.await;
        let _ = self.sweeper.await;
        if let Some(store) = Arc::into_inner(self.store) {
            let _ = tokio::task::spawn_blocking(move || store.close()).await;
        }
    }
}

fn parse_origin(origin: &str) -> Result<Origin, StartError> {
    Origin::parse(origin).map_err(|error| StartError::Origin(origin.to_owned(), error))
}

fn push_hosts(hosts: &[String]) -> Result<Vec<Origin>, StartError> {
    hosts
        .iter()
        .map(|host| Origin::from_authority(host).map_err(|_| StartError::PushHost(host.clone())))
        .collect()
}

async fn origin(
    store: &Store,
    setting: OriginSetting,
    connections: &Connections,
    port: u16,
) -> Result<Origin, StartError> {
    let scheme = match connections {
        Connections::Tls { .. } => "https",
        Connections::Loopback | Connections::Proxies(_) => "http",
    };
    let checked = |origin: Origin| match connections {
        Connections::Tls { .. } | Connections::Proxies(_) if !origin.is_secure() => {
            Err(StartError::PlainOrigin(origin.as_str().to_owned()))
        }
        _ => Ok(origin),
    };
    let kept = store
        .setting("origin")
        .await
        .map_err(storage)?
        .and_then(|kept| String::from_utf8(kept).ok());
    let origin = match (kept, setting) {
        (Some(kept), OriginSetting::Exactly(given)) if kept != given => {
            return Err(StartError::OtherOrigin { kept, given });
        }
        (Some(kept), _) => return parse_origin(&kept).and_then(checked),
        (None, OriginSetting::Exactly(given)) => parse_origin(&given)?,
        (None, OriginSetting::Kept) => parse_origin("http://localhost:8800")?,
        (None, OriginSetting::Loopback) => parse_origin(&format!("{scheme}://localhost:{port}"))?,
    };
    let origin = checked(origin)?;
    store
        .set_setting("origin", origin.as_str().as_bytes().to_vec())
        .await
        .map_err(storage)?;
    Ok(origin)
}

/// Sends the messages that are due, looking once a second: a look costs microseconds, and each event is due from its own transaction on,
/// so that none is lost between the two.
async fn mail(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut pause = Duration::from_secs(1);
    loop {
        let failed = app.failures.take();
        if !failed.is_empty()
            && let Err(error) = app.store().note_failed(failed, app.now()).await
        {
            tracing::warn!(%error, "wrong passwords were not noted");
        }
        pause = match web::send_due(&app).await {
            Ok(()) => Duration::from_secs(1),
            Err(error) => {
                tracing::error!(%error, "a message did not leave; it is tried again");
                (pause * 2).min(Duration::from_secs(60))
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // After a failure the pause is kept.
            () = app.mail.notified(), if pause == Duration::from_secs(1) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

/// Takes up rotated keys, looking once a second: a look is one read of the page cache.
async fn renew_keys(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        let renewed = app
            .keys
            .renew(app.store(), &app.root, app.about(), app.now());
        if let Err(error) = renewed.await {
            tracing::error!(%error, "the service's keys were not renewed");
        }
    }
}

/// Drops what has expired, every half minute.
async fn sweep(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    loop {
        let over = Over {
            now: app.now(),
            kept: app.kept,
            backups: app.backup_seconds,
        };
        if let Err(error) = app.store().sweep(over).await {
            tracing::warn!(%error, "expired data were not dropped");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(30)) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}
