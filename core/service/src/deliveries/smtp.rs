//! Mail by SMTP (RFC 5321), to the one server that sends it on. By TLS, unless the server is on
//! this computer or its operator says otherwise.

use std::{
    fmt::Display,
    fs, io,
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use lettre::{
    Address,
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail as MailFrom, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use zeroize::Zeroizing;

use super::{
    Carried, Carrier, Content, Message,
    message::{Bytes, formatted},
};
use crate::base::{custody, email::Email};

/// How long a connection is waited for.
const LONGEST_CONNECTING: Duration = Duration::from_secs(10);
/// How long a connection waits for another message.
const IDLE: Duration = Duration::from_secs(5);
/// The longest password, in bytes.
const LONGEST_PASSWORD: usize = 1024;

/// Whether mail goes to its server by TLS, where the URL is `smtp://`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SmtpTls {
    /// By STARTTLS, or not at all.
    #[default]
    Required,
    /// By STARTTLS where the server offers it: whoever is in between can take that away.
    Opportunistic,
    /// Never, to this computer alone.
    None,
}

/// The mail server, and how to speak to it.
#[derive(Default)]
pub struct Smtp {
    /// `smtps://user@host:465` (TLS from the first byte) or `smtp://host:25`. Without a user,
    /// nobody logs in.
    pub url: String,
    /// TLS.
    pub tls: SmtpTls,
    /// The user's password.
    pub password: SmtpPassword,
}

/// Where the password of the mail server's user is.
#[derive(Default)]
pub enum SmtpPassword {
    /// There is none.
    #[default]
    None,
    /// In a file for this user alone.
    File(PathBuf),
    /// Here.
    Given(Zeroizing<String>),
}

impl From<String> for SmtpPassword {
    fn from(password: String) -> Self {
        Self::Given(Zeroizing::new(password))
    }
}

/// Why mail can't be sent as it was set.
#[derive(Debug, thiserror::Error)]
pub enum MailRefused {
    /// The URL of the mail server has a wrong form.
    #[error(
        "the mail server {0:?} can't be used: give it as smtps://user@host:465, or smtp://host:25"
    )]
    Url(String),
    /// A password in the URL.
    #[error(
        "everybody on this computer can see a password on the command line: give it in a file, with --smtp-password-file"
    )]
    PasswordInUrl,
    /// STARTTLS is set for a server that has TLS from the first byte.
    #[error("smtps:// has TLS from the first byte: leave --smtp-tls out, or give smtp://")]
    TwiceTls,
    /// Mail would leave this computer for all to read.
    #[error(
        "--smtp-tls none would send mail through the network for all to read: only a mail server on this computer (127.0.0.1) may be spoken to without TLS"
    )]
    Plain,
    /// A password would leave this computer for all to read.
    #[error(
        "--smtp-tls opportunistic would give the password to whoever is in between: take smtps://, or --smtp-tls required"
    )]
    PlainPassword,
    /// A user without password, or the other way round.
    #[error(
        "the mail server's user and the password belong together: give smtps://user@host and --smtp-password-file, or neither"
    )]
    Password,
    /// The password's file can't be read.
    #[error("the mail server's password in {} can't be read: {}", .0.display(), .1)]
    PasswordFile(PathBuf, #[source] io::Error),
    /// The password's file is not for this user alone.
    #[error("{0}")]
    Custody(String),
    /// The password has another form.
    #[error("the mail server's password must be one line of 1 to 1,024 bytes")]
    PasswordForm,
    /// The system's certificate authorities can't be used.
    #[error(
        "mail can't be sent by TLS: the system's certificate authorities can't be used ({0}). Install them (Debian: ca-certificates)"
    )]
    Roots(String),
    /// The sender has a wrong form.
    #[error(
        "the sender {0:?} can't be used: give it as --mail-from \"Example <no-reply@example.eu>\""
    )]
    From(String),
    /// There is no address that mail could come from.
    #[error("mail has no sender: give one with --mail-from \"Example <no-reply@example.eu>\"")]
    NoSender,
}

/// The sender of mail, as it was set.
///
/// # Errors
/// [`MailRefused::From`], for everything but one address with its name.
pub(crate) fn sender(text: &str) -> Result<Mailbox, MailRefused> {
    let wrong = || MailRefused::From(text.to_owned());
    let mailbox: Mailbox = text.parse().map_err(|_| wrong())?;
    let email = Email::parse(mailbox.email.as_ref()).map_err(|_| wrong())?;
    match text.contains(char::is_control) {
        true => Err(wrong()),
        false => Ok(Mailbox::new(mailbox.name, email.address().clone())),
    }
}

/// The sender where none was set: `no-reply` at the service's host, under its name.
///
/// # Errors
/// [`MailRefused::NoSender`], where no address can be made of the host.
pub(crate) fn no_reply(name: &str, authority: &str) -> Result<Mailbox, MailRefused> {
    let address = Address::new("no-reply", host(authority));
    let address = address.map_err(|_| MailRefused::NoSender)?;
    Ok(Mailbox::new(Some(name.to_owned()), address))
}

/// The host in `host:port`. An IPv6 address has colons of its own, inside brackets.
fn host(authority: &str) -> &str {
    match authority.find(']') {
        Some(end) => authority.get(..=end).unwrap_or(authority),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

/// Who logs in to the mail server.
struct Login {
    user: String,
    password: Zeroizing<String>,
}

/// A connection that waits for another message, and since when.
type Resting = Mutex<Vec<(AsyncSmtpConnection, Instant)>>;

/// The client of a mail server.
pub(crate) struct SmtpClient {
    host: String,
    port: u16,
    /// TLS from the first byte.
    is_wrapped: bool,
    starttls: SmtpTls,
    /// None where TLS is never spoken.
    tls: Option<TlsParameters>,
    login: Option<Login>,
    from: Mailbox,
    hello: ClientId,
    resting: Arc<Resting>,
}

impl SmtpClient {
    /// The client of this server, for mail from `from`. It greets with the service's own host.
    ///
    /// # Errors
    /// [`MailRefused`], which says what to do.
    pub(crate) fn new(smtp: Smtp, from: Mailbox, authority: &str) -> Result<Self, MailRefused> {
        let wrong = || MailRefused::Url(smtp.url.clone());
        let url = Url::parse(&smtp.url).map_err(|_| wrong())?;
        let is_wrapped = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(wrong()),
        };
        if url.password().is_some() {
            return Err(MailRefused::PasswordInUrl);
        }
        let server = url.host_str().unwrap_or_default();
        let server = server
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
        let rest = (url.path(), url.query(), url.fragment());
        if server.is_empty()
            || !server.chars().all(is_host)
            || !matches!(rest, ("" | "/", None, None))
        {
            return Err(wrong());
        }
        let is_here =
            server == "localhost" || server.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        let user = percent_decode_str(url.username())
            .decode_utf8()
            .map_err(|_| wrong())?;
        match smtp.tls {
            SmtpTls::Opportunistic | SmtpTls::None if is_wrapped => {
                return Err(MailRefused::TwiceTls);
            }
            SmtpTls::None if !is_here => return Err(MailRefused::Plain),
            SmtpTls::Opportunistic if !user.is_empty() && !is_here => {
                return Err(MailRefused::PlainPassword);
            }
            _ => {}
        }
        let login = match (user.as_ref(), password(&smtp.password)?) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => Some(Login {
                user: user.to_owned(),
                password,
            }),
            _ => return Err(MailRefused::Password),
        };
        let tls = match smtp.tls {
            SmtpTls::None => None,
            _ => Some(
                TlsParameters::new(server.clone())
                    .map_err(|error| MailRefused::Roots(error.to_string()))?,
            ),
        };
        Ok(Self {
            port: url.port().unwrap_or(if is_wrapped { 465 } else { 25 }),
            host: server,
            is_wrapped,
            starttls: smtp.tls,
            tls,
            login,
            from,
            hello: hello(host(authority)),
            resting: Arc::default(),
        })
    }

    /// A connection that rests, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Failed> {
        loop {
            let Some((mut connection, _)) = locked(&self.resting).pop() else {
                return self.connect().await;
            };
            if connection.test_connected().await {
                return Ok(connection);
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failed> {
        let wrapped = self.tls.clone().filter(|_| self.is_wrapped);
        let connected = AsyncSmtpConnection::connect_tokio1(
            (self.host.as_str(), self.port),
            Some(LONGEST_CONNECTING),
            &self.hello,
            wrapped,
            None,
        );
        let failed = |what: &str, error: &Error| later(format!("{what}: {error}"));
        let mut connection = connected
            .await
            .map_err(|error| failed("the mail server can't be reached", &error))?;
        if let Some(tls) = self.tls.clone().filter(|_| !self.is_wrapped) {
            if connection.can_starttls() {
                let begun = connection.starttls(tls, &self.hello).await;
                begun.map_err(|error| failed("no TLS with the mail server", &error))?;
            } else if self.starttls == SmtpTls::Required {
                return Err(later(
                    "the mail server offers no TLS, which --smtp-tls required asks for",
                ));
            }
        }
        if let Some(login) = &self.login {
            let credentials =
                Credentials::new(login.user.clone(), login.password.as_str().to_owned());
            let let_in = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
            let_in.map_err(|error| failed("the mail server does not let the user in", &error))?;
        }
        Ok(connection)
    }

    /// Sends one message. What concerns its recipient or itself is refused for good; a sender who
    /// is refused is the operator's to mend.
    async fn send(
        &self,
        connection: &mut AsyncSmtpConnection,
        message: &[u8],
        to: &Email,
    ) -> Result<(), Failed> {
        let mut parameters = Vec::new();
        if !to.as_str().is_ascii() {
            if !connection
                .server_info()
                .supports_feature(Extension::SmtpUtfEight)
            {
                return Err(Failed(Carried::Never(
                    "the mail server takes no address with such letters".to_owned(),
                )));
            }
            parameters.push(MailParameter::SmtpUtfEight);
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let from = MailFrom::new(Some(self.from.email.clone()), parameters);
        let said = |what: &str, error: &Error| format!("{what}: {}", without(to, error));
        connection
            .command(from)
            .await
            .map_err(|error| later(said("the sender was not taken", &error)))?;
        let refused = |what: &str, error: &Error| match error.is_permanent() {
            true => Failed(Carried::Never(said(what, error))),
            false => later(said(what, error)),
        };
        connection
            .command(Rcpt::new(to.address().clone(), Vec::new()))
            .await
            .map_err(|error| refused("the recipient was not taken", &error))?;
        let sent = async {
            connection.command(Data).await?;
            connection.message(message).await
        };
        sent.await
            .map_err(|error| refused("the message was not taken", &error))?;
        Ok(())
    }

    async fn carry_mail(&self, message: &Message) -> Result<(), Failed> {
        let Content::Mail(mail) = &message.content;
        let bytes = formatted(message, mail, &self.from, Bytes::Safe)
            .map_err(|error| Failed(Carried::Never(error.to_string())))?;
        let mut connection = self.connection().await?;
        self.send(&mut connection, &bytes, &mail.to).await?;
        rest(&self.resting, connection);
        Ok(())
    }
}

#[async_trait]
impl Carrier for SmtpClient {
    async fn carry(&self, message: &Message) -> Carried {
        match self.carry_mail(message).await {
            Ok(()) => Carried::Done,
            Err(Failed(carried)) => carried,
        }
    }
}

/// Why a message was not sent.
struct Failed(Carried);

fn later(why: impl Into<String>) -> Failed {
    Failed(Carried::Later(why.into()))
}

/// What the server said, without the address, which no log may have.
fn without(to: &Email, error: &impl Display) -> String {
    let local = to.address().user();
    let said = error.to_string();
    let hidden = said.split_whitespace().map(|word| {
        let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
        match word.contains('@') || bare.eq_ignore_ascii_case(local) {
            true => "<...>",
            false => word,
        }
    });
    hidden.collect::<Vec<_>>().join(" ")
}

fn password(password: &SmtpPassword) -> Result<Option<Zeroizing<String>>, MailRefused> {
    let password = match password {
        SmtpPassword::None => return Ok(None),
        SmtpPassword::File(file) => {
            custody::own_file(file).map_err(|error| MailRefused::Custody(error.to_string()))?;
            let failed = |error| MailRefused::PasswordFile(file.clone(), error);
            Zeroizing::new(fs::read_to_string(file).map_err(failed)?)
        }
        SmtpPassword::Given(password) => password.clone(),
    };
    let line = password.strip_suffix('\n').unwrap_or(&password);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() || line.len() > LONGEST_PASSWORD || line.contains(char::is_control) {
        return Err(MailRefused::PasswordForm);
    }
    Ok(Some(Zeroizing::new(line.to_owned())))
}

/// How the service greets: with its host.
fn hello(host: &str) -> ClientId {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse() {
        Ok(IpAddr::V4(ip)) => ClientId::Ipv4(ip),
        Ok(IpAddr::V6(ip)) => ClientId::Ipv6(ip),
        Err(_) => ClientId::Domain(host.to_owned()),
    }
}

fn locked(resting: &Resting) -> MutexGuard<'_, Vec<(AsyncSmtpConnection, Instant)>> {
    resting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a connection for the next message of the same batch, and closes it when none comes.
fn rest(resting: &Arc<Resting>, connection: AsyncSmtpConnection) {
    locked(resting).push((connection, Instant::now()));
    let resting = Arc::downgrade(resting);
    tokio::spawn(async move {
        tokio::time::sleep(IDLE).await;
        if let Some(resting) = resting.upgrade() {
            locked(&resting).retain(|(_, since)| since.elapsed() < IDLE);
        }
    });
}
