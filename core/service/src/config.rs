//! How to run the service, and why it did not start.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use countersign_protocol::{field::is_displayable, origin::OriginError};

use crate::{
    apps::Apps,
    base::clock::{Clock, SystemClock},
    clients::BadClients,
    deliveries::{Carrier, MailRefused, Smtp},
    edge::LargeNetwork,
    pages::{BadBrand, Brand},
    policy::{
        lifetimes::{BadLifetime, Kept, Lifetimes},
        registration::{BadDomain, Registration},
    },
    push::PushService,
};

/// Which origin the service has. It is kept with the data, and phones are bound to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginSetting {
    /// The kept one; `http://localhost:8800` for new data.
    Kept,
    /// This one. Data of another origin are refused.
    Exactly(String),
    /// The kept one; for new data `http://localhost:` with the port that was bound. For tests and
    /// demonstrations.
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

/// Where messages to people go.
#[derive(Default)]
pub enum MailSetting {
    /// Each becomes a file in the data folder's `outbox`, for another program to send.
    #[default]
    Folder,
    /// To a mail server.
    Smtp(Smtp),
    /// To this carrier.
    Carrier(Arc<dyn Carrier>),
}

/// How to run the service.
pub struct Config {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// What may connect, and how.
    pub connections: Connections,
    /// The header in which trusted proxies say from what place a request comes, which the owner of
    /// an account sees in its history. They must set it in the place of their client's own.
    pub place_header: Option<String>,
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
    /// For how many days a backup can be restored, 1 to 3,650: the journal's older lines are
    /// dropped, and an older backup is refused.
    pub backup_days: u32,
    /// How long what is over is kept.
    pub lifetimes: Lifetimes,
    /// The name that phones and pages show, 1 to 20 bytes.
    pub name: String,
    /// The apps that may open this service's links, and where people get them.
    pub apps: Apps,
    /// How the pages look, and where they lead for help.
    pub brand: Brand,
    /// Who may register.
    pub registration: Registration,
    /// How many hours a recovery waits, 1 to 720.
    pub recovery_hours: u32,
    /// The file that registers the services that sign people in here, if it is not `clients.toml`
    /// in the data folder. Where that is not there either, there are none.
    pub clients: Option<PathBuf>,
    /// The operator's RSA keys (PEM), which sign tokens for services that take RS256 alone: the
    /// first signs, the others are published.
    pub rsa_keys: Vec<PathBuf>,
    /// The operator's own privacy statement, in the place of the built-in one: an `https` address.
    pub privacy_url: Option<String>,
    /// The number in every picture of a form, up to 999,999, for tests and demonstrations, which
    /// can't look at one. `None`, as the program has it: a random one in each.
    pub picture_number: Option<u32>,
    /// How many days the deletion of an account waits that its person asked for, 1 to 90.
    pub deletion_days: u32,
    /// Whether a phone's own biometrics grant it a new PIN in the place of a forgotten one, as
    /// another phone does.
    pub own_biometrics: bool,
    /// Whether biometrics sign a transaction's code, as the PIN does.
    pub biometric_transfers: bool,
    /// The push services to which Web Push messages go, each `host` or `host:port`; without any,
    /// none are sent. Phones choose the address, so only these are ever spoken to.
    pub push_hosts: Vec<String>,
    /// What carries push messages besides, to addresses of other kinds.
    pub push_services: Vec<Arc<dyn PushService>>,
    /// Where messages to people go.
    pub mail: MailSetting,
    /// From whom they come, as in `Example <no-reply@example.eu>`; without it, from `no-reply` at
    /// the origin's host, under the service's name.
    pub mail_from: Option<String>,
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
            place_header: None,
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
            apps: Apps::default(),
            brand: Brand::default(),
            registration: Registration::default(),
            recovery_hours: 24,
            clients: None,
            rsa_keys: Vec::new(),
            privacy_url: None,
            picture_number: None,
            deletion_days: 7,
            own_biometrics: false,
            biometric_transfers: false,
            push_hosts: Vec::new(),
            push_services: Vec::new(),
            mail: MailSetting::Folder,
            mail_from: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Checks what can be checked before anything is opened, and gives for how long what is over is
    /// kept.
    ///
    /// # Errors
    /// The first of the settings that is out of bounds or of a wrong form.
    pub(crate) fn check(&self) -> Result<Kept, StartError> {
        if self.name.is_empty() || self.name.len() > 20 || !is_displayable(&self.name) {
            return Err(StartError::Name(self.name.clone()));
        }
        if !(1..=720).contains(&self.recovery_hours) {
            return Err(StartError::RecoveryHours(self.recovery_hours));
        }
        if !(1..=90).contains(&self.deletion_days) {
            return Err(StartError::DeletionDays(self.deletion_days));
        }
        if !(1..=3650).contains(&self.backup_days) {
            return Err(StartError::BackupDays(self.backup_days));
        }
        let is_web = |url: &String| {
            url.starts_with("https://") && reqwest::Url::parse(url).is_ok() && url.is_ascii()
        };
        if let Some(url) = self.privacy_url.as_ref().filter(|url| !is_web(url)) {
            return Err(StartError::PrivacyUrl(url.clone()));
        }
        Ok(self.lifetimes.kept()?)
    }
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The process signs tokens by another back end of crate jsonwebtoken.
    #[error(
        "this process has installed another CryptoProvider of crate jsonwebtoken: start the service before it"
    )]
    OtherSigner,
    /// The address can't be listened on.
    #[error("can't listen on {0}: {1}. Is another program using it? Choose another with --listen")]
    Listen(SocketAddr, #[source] io::Error),
    /// Plain HTTP would leave this computer.
    #[error(
        "plain HTTP on {0} would send passwords through the network for all to read. Give --tls-cert and --tls-key; or --trusted-proxy with \
         the address of the proxy that ends TLS; or listen on 127.0.0.1"
    )]
    PlainHttp(SocketAddr),
    /// The header for places can't be used.
    #[error(
        "the header {0:?} can't say places: name one that the proxy sets, and the proxy with --trusted-proxy"
    )]
    PlaceHeader(String),
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
    /// The pages can't look like that.
    #[error(transparent)]
    Brand(#[from] BadBrand),
    /// The waiting time of a recovery is out of bounds.
    #[error("a recovery can't wait {0} hours: take 1 to 720")]
    RecoveryHours(u32),
    /// The address of the privacy statement has a wrong form.
    #[error(
        "the privacy statement {0:?} can't be used: give its whole address, as in --privacy-url https://example.eu/privacy"
    )]
    PrivacyUrl(String),
    /// The waiting time of a deletion is out of bounds.
    #[error("the deletion of an account can't wait {0} days: take 1 to 90")]
    DeletionDays(u32),
    /// The time for which backups are restored is out of bounds.
    #[error("backups can't be restored for {0} days: take 1 to 3650")]
    BackupDays(u32),
    /// How long something is kept is out of bounds.
    #[error(transparent)]
    Lifetime(#[from] BadLifetime),
    /// The clients file can't be used.
    #[error(transparent)]
    Clients(#[from] BadClients),
    /// A key that signs tokens can't be used.
    #[error("the RSA key {} can't be used: {}", .0.display(), .1)]
    RsaKey(PathBuf, String),
    /// A closed domain is none.
    #[error(transparent)]
    ClosedDomain(#[from] BadDomain),
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
    /// Mail can't be sent as it was set.
    #[error(transparent)]
    Mail(#[from] MailRefused),
    /// The data folder, the database, the key file or a key in them can't be used.
    #[error(transparent)]
    Storage(Box<dyn std::error::Error + Send + Sync>),
    /// The socket for commands can't be made.
    #[error(
        "the socket for commands can't be made in {}: {}. The path may have some 90 bytes, and its file system must take sockets: choose \
         another folder with --data", .0.display(), .1
    )]
    Commands(PathBuf, #[source] io::Error),
    /// The built-in pages are broken.
    #[error("the built-in pages can't be read: {0}")]
    Pages(String),
}

/// Errors of the parts beneath say already what a person can do.
pub(crate) fn storage(error: impl std::error::Error + Send + Sync + 'static) -> StartError {
    StartError::Storage(Box::new(error))
}
