//! A running service.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
};

use countersign_protocol::{id::PublicKey, origin::Origin};
use sha2::{Digest, Sha256};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinHandle,
};
use zeroize::Zeroizing;

use crate::{
    admin::Socket as Commands,
    api,
    app::{App, Waiting},
    background,
    base::{custody, outgoing::Outgoing},
    clients::{BadClients, Clients},
    config::{Config, Connections, MailSetting, OriginSetting, StartError, storage},
    deliveries::{self, Carrier, MailFolder, MailRefused, Outbox, SmtpClient},
    edge::{self, Edge, Networks},
    keys::{jose, root::RootKeys, token::TokenKey},
    messages::Composer,
    operations::{self, Places},
    pages,
    password::{self, Passwords},
    push::{self, PushService, Pushes, web::WebPush},
    ring::{About, KeyRing, ServiceKeys},
    security::{Failures, SecurityLog},
    server, standards,
    store::Store,
    web,
};

/// The setting that tells whether other push services were named since: a hash, for the database
/// names no place to which messages go.
const PUSHES: &str = "pushes";

/// A running service.
pub struct Embedded {
    origin: Origin,
    address: SocketAddr,
    data: PathBuf,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    sweeper: JoinHandle<()>,
    store: Arc<Store>,
    app: Weak<App>,
}

impl Embedded {
    /// Starts the service and returns when it listens.
    ///
    /// # Errors
    /// See [`StartError`]; each says what a person can do.
    pub async fn start(mut config: Config) -> Result<Self, StartError> {
        let kept = config.check()?;
        let look = config.brand.look()?;
        let admission = server::Admission::new(&config)?;
        let (listener, address) = listen(config.listen).await?;
        // An origin of a wrong form is reported before a data folder is made for it.
        if let OriginSetting::Exactly(origin) = &config.origin {
            parse_origin(origin)?;
        }
        let push_hosts = push_hosts(&config.push_hosts)?;
        let Storage {
            store,
            root,
            security,
            commands,
        } = open(&config).await?;
        let origin = origin(&store, &config.origin, &config.connections, address.port()).await?;
        let (carriers, push_key) = carriers(&config, push_hosts, &root, &origin)?;
        let keys = keys(&store, &root, &config, &origin, push_key).await?;
        let clock = config.clock.clone();
        let (pushes, due) = Pushes::new(carriers, store.clone(), root.clone(), clock);
        let carrier = mail_carrier(&mut config, &origin)?;
        let rsa = token_keys(&config.rsa_keys)?;
        let clients = Clients::open(config.clients.as_deref(), &config.data, !rsa.is_empty())?;
        let outbox = Outbox::new(carrier, store.clone(), root.clone(), config.clock.clone());
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
            pages: pages::Pages::new(&config.name, look)
                .map_err(|error| StartError::Pages(format!("{error:#}")))?,
            name: config.name,
            apps: config.apps,
            doors: config.registration.doors()?,
            recovery_hours: config.recovery_hours,
            picture_number: config.picture_number,
            privacy_page: config.privacy_url.unwrap_or(web::PRIVACY.to_owned()),
            deletion_days: config.deletion_days,
            kept,
            backup_seconds: u64::from(config.backup_days) * 24 * 3600,
            own_biometrics: config.own_biometrics,
            biometric_transfers: config.biometric_transfers,
            clients,
            rsa,
            outgoing: Outgoing::new(),
            security,
            failures: Failures::default(),
            mail: Notify::new(),
            clock: config.clock,
            pushes: pushes.clone(),
            push_key,
            waiting: Waiting::default(),
            stopping: stopping.clone(),
        });
        let router = api::router()
            .merge(web::router(&app))
            .with_state(app.clone());
        let serving = server::serve(listener, admission, app.clone(), router, stopping.clone());
        let server = tokio::spawn(serving);
        let running = Arc::downgrade(&app);
        let sweeper = tokio::spawn(async move {
            let pushing = push::run(pushes, due, stopping.clone());
            tokio::join!(pushing, beside(app, commands, outbox, stopping));
        });
        Ok(Self {
            origin,
            address,
            data: config.data,
            stop,
            server,
            sweeper,
            store,
            app: running,
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

    /// Reads the clients file again, and says how many services it registers. Those that were
    /// registered before stay where it is wrong.
    ///
    /// # Errors
    /// [`BadClients`]: the line, and what is wrong there.
    pub fn reload_clients(&self) -> Result<usize, BadClients> {
        // It lives as long as the service runs.
        self.app.upgrade().map_or(Ok(0), |app| app.clients.reload())
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

/// What runs beside the requests, until the service stops.
async fn beside(
    app: Arc<App>,
    commands: Commands,
    outbox: Arc<Outbox>,
    stopping: watch::Receiver<bool>,
) {
    tokio::join!(
        commands.serve(app.clone(), stopping.clone()),
        background::sweep(app.clone(), stopping.clone()),
        background::renew_keys(app.clone(), stopping.clone()),
        deliveries::run(outbox.clone(), stopping.clone()),
        standards::run_calls(app.clone(), stopping.clone()),
        background::write_mail(app.clone(), Composer::new(app, outbox), stopping)
    );
}

/// Makes the process able to sign tokens, and reads the operator's RSA keys.
fn token_keys(files: &[PathBuf]) -> Result<Vec<TokenKey>, StartError> {
    if !jose::install() {
        return Err(StartError::OtherSigner);
    }
    let read = |file: &PathBuf| {
        let refused = |why: String| StartError::RsaKey(file.clone(), why);
        custody::given_key(file).map_err(|error| refused(error.to_string()))?;
        let text = Zeroizing::new(std::fs::read(file).map_err(|error| refused(error.to_string()))?);
        let none = "it has no RSA key of 2,048 bits or more, as openssl genpkey writes them";
        TokenKey::rs256(&text).ok_or_else(|| refused(none.to_owned()))
    };
    files.iter().map(read).collect()
}

/// Listens, and says where: the address may have left the port to the system.
async fn listen(at: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error| StartError::Listen(at, error);
    let listener = TcpListener::bind(at).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// The opened contents of the data folder.
struct Storage {
    store: Arc<Store>,
    root: Arc<RootKeys>,
    security: Arc<SecurityLog>,
    commands: Commands,
}

/// Opens the data folder, and brings what older programs wrote into today's form.
async fn open(config: &Config) -> Result<Storage, StartError> {
    let places = Places {
        data: config.data.clone(),
        key_file: config.key_file.clone(),
        journal: config.journal.clone(),
        security_log: config.security_log.clone(),
    };
    let begin = match config.new_journal {
        true => operations::Begin::NewJournal,
        false => operations::Begin::Never,
    };
    let opened = operations::open(&places, begin, config.clock.now()).await;
    let (store, root) = opened.map_err(storage)?;
    let security = SecurityLog::start(places.security_log()).map_err(storage)?;
    let security = Arc::new(security);
    // The store holds the folder's lock.
    let commands = Commands::bind(&config.data);
    let commands = commands.map_err(|error| StartError::Commands(config.data.clone(), error))?;
    store.log_to(security.clone());
    let seal = |account, hash: &str| password::seal(&root.sealing, account, hash);
    store.renew_accounts(seal).await.map_err(storage)?;
    store.end_leases().await.map_err(storage)?;
    Ok(Storage {
        store: Arc::new(store),
        root,
        security,
        commands,
    })
}

/// The services that carry push messages.
type Carriers = Vec<Arc<dyn PushService>>;

/// The services that carry push messages, and the key of Web Push requests where there are any.
fn carriers(
    config: &Config,
    hosts: Vec<Origin>,
    root: &RootKeys,
    origin: &Origin,
) -> Result<(Carriers, Option<PublicKey>), StartError> {
    let mut carriers = config.push_services.clone();
    if hosts.is_empty() {
        return Ok((carriers, None));
    }
    let web = WebPush::new(hosts, root.push.clone(), origin);
    carriers.push(Arc::new(web.map_err(StartError::Push)?));
    Ok((carriers, Some(PublicKey::of(&root.push))))
}

/// What carries mail, and from whom.
fn mail_carrier(config: &mut Config, origin: &Origin) -> Result<Arc<dyn Carrier>, MailRefused> {
    let from = || match &config.mail_from {
        Some(from) => deliveries::sender(from),
        None => deliveries::no_reply(&config.name, origin.authority()),
    };
    Ok(match std::mem::take(&mut config.mail) {
        MailSetting::Folder => Arc::new(MailFolder::new(config.data.join("outbox"), from()?)),
        MailSetting::Smtp(smtp) => Arc::new(SmtpClient::new(smtp, from()?, origin.authority())?),
        MailSetting::Carrier(carrier) => carrier,
    })
}

/// Opens the service's own keys, publishing what is due.
async fn keys(
    store: &Store,
    root: &RootKeys,
    config: &Config,
    origin: &Origin,
    push_key: Option<PublicKey>,
) -> Result<ServiceKeys, StartError> {
    let (others, hosts) = (config.push_services.len(), config.push_hosts.join(" "));
    let carriers = match (others, hosts.as_str()) {
        (0, "") => Vec::new(),
        _ => Sha256::digest(format!("{others} {hosts}")).to_vec(),
    };
    let known = store.setting(PUSHES).await.map_err(storage)?;
    let about = About {
        origin,
        name: &config.name,
        push_key,
        // A phone whose address nobody took reports it again when the information is another.
        news: known.unwrap_or_default() != carriers,
    };
    let keys = ServiceKeys::load(store, root, about, config.clock.now()).await;
    let keys = keys.map_err(storage)?;
    if about.news {
        let set = store.set_setting(PUSHES, carriers);
        set.await.map_err(storage)?;
    }
    Ok(keys)
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
    setting: &OriginSetting,
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
        (Some(kept), OriginSetting::Exactly(given)) if kept != *given => {
            let given = given.clone();
            return Err(StartError::OtherOrigin { kept, given });
        }
        (Some(kept), _) => return parse_origin(&kept).and_then(checked),
        (None, OriginSetting::Exactly(given)) => parse_origin(given)?,
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
