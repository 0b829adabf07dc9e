//! What the program is asked on its command line.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use countersign_service::{
    AndroidApp, Brand, IosApp, LargeNetwork, MailSetting, Places, Smtp, SmtpPassword, SmtpTls,
    StoreLink,
};

use crate::{accounts::AccountCommand, clients::ClientCommand, mail::MailCommand};

/// A sign-in service that speaks Countersign.
///
/// With a certificate of its own:
///
///     countersign-service --data /var/lib/countersign --listen 0.0.0.0:443 \
///         --origin https://sign.example.eu --key-file /etc/countersign/service.key \
///         --tls-cert fullchain.pem --tls-key privkey.pem
///
/// Behind a proxy that ends TLS, on another machine or on the same one (--trusted-proxy 127.0.0.1):
///
///     countersign-service --data /var/lib/countersign --listen 10.0.0.7:8800 \
///         --origin https://sign.example.eu --trusted-proxy 10.0.0.2
///
/// The proxy must add its client's address at the end of X-Forwarded-For: budgets go by the
/// right-most address there that is no trusted proxy.
///
/// Messages to people (security notices, mailed links) go to a mail server with --smtp. Without it
/// they are written to DIR/outbox, one .eml file each, for whoever sends them on.
///
/// BACKUPS: `countersign-service backup FILE --data DIR`, at any time. Keep a copy of the key file
/// elsewhere: either alone opens nothing; both together open every secret. The journal is not in
/// the backup: what it has is what a restore must not undo.
#[derive(Parser)]
#[command(
    version,
    verbatim_doc_comment,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Option<Serve>,
}

#[derive(Args)]
pub(crate) struct Where {
    /// Data folder
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The file with the key that seals secrets [default: DIR/keys/service.key]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The journal [default: DIR/service.journal]
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// The security log [default: DIR/security.log]
    #[arg(long, value_name = "FILE")]
    pub(crate) security_log: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// The service's own keys: list them, put new ones in their place while the service runs, or
    /// exchange the key file while it does not
    #[command(subcommand)]
    Keys(Keys),
    /// Copy the database to FILE, as it is at one moment. The service may be running. Neither the
    /// key file nor the journal is in it
    Backup {
        /// The backup; a file that is not there yet
        file: PathBuf,
        #[command(flatten)]
        place: Where,
    },
    /// Put a backup into a data folder; the service must not be running. At its next start it moves
    /// all steps on, closes what was open, and applies what the journal has since then; people sign
    /// in again, and phones notice nothing
    Restore {
        /// The backup
        file: PathBuf,
        /// Put it in the place of the database that is there; that one is kept beside it
        #[arg(long)]
        replace: bool,
        /// The key file that was in use when the backup was made, if it was exchanged since. The
        /// backup is taken if anybody with that file made it: after a theft, take one from a place
        /// that the thief could not write to
        #[arg(long, value_name = "FILE")]
        old_key: Option<PathBuf>,
        #[command(flatten)]
        place: Where,
    },
    /// Look whether everything that a start needs is there and this user's alone. Changes nothing;
    /// the service may be running
    Doctor {
        #[command(flatten)]
        place: Where,
        /// The TLS certificate's private key, to be looked at too
        #[arg(long, value_name = "FILE")]
        tls_key: Option<PathBuf>,
    },
    /// Administer the accounts of a running service: add, import, invite, rename, show, list,
    /// disable, enable, delete, unblock, reset
    #[command(subcommand)]
    Account(AccountCommand),
    /// Messages to people that no mail server took: list them, try them again, or drop them
    #[command(subcommand)]
    Mail(MailCommand),
    /// Services that sign people in here, in the clients file: register one, list them, check it
    #[command(subcommand)]
    Client(ClientCommand),
    /// Print the policy: which proof each change of an account needs, in each state of the account
    Policy,
}

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Which keys there are, and what each does
    List(Where),
    /// Make new keys. A new signing key is published now and signs in 30 days; a new HPKE key is
    /// used at once, and the old one opens for 30 days longer. A running service takes them up
    /// within seconds, and phones follow by themselves
    Rotate {
        #[command(flatten)]
        place: Where,
        /// Rotate one kind of key alone
        #[arg(long, value_name = "KIND")]
        only: Option<Only>,
    },
    /// Exchange the key file; the service must not be running. All that is sealed in the database
    /// is sealed again with a new key, and the other keys stay. Copy the key file first: backups
    /// from before need the old one from then on (restore --old-key), and it is gone. When it is
    /// interrupted, keep the key file as it is: the same command goes on
    Reseal {
        #[command(flatten)]
        place: Where,
        /// The key file was copied: replace every key. Everybody signs in again, mailed links are
        /// void, codes need a new PIN epoch, and each phone's last state token is taken once, for
        /// 30 days
        #[arg(long)]
        compromised: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Only {
    /// The key that signs the service's messages
    Signing,
    /// The key to which phones seal what is secret
    Hpke,
}

#[derive(Args)]
pub(crate) struct Serve {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8800", value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,
    /// Data folder; made if there is none
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The address that browsers and phones use; kept with the data [default:
    /// http://localhost:8800]
    #[arg(long, value_name = "URL")]
    pub(crate) origin: Option<String>,
    /// The certificate, with those that lead to its authority (PEM); needs --tls-key
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        conflicts_with = "trusted_proxy"
    )]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Address of a proxy that ends TLS; plain HTTP is taken from there only, and its
    /// X-Forwarded-For says for whom it asks. May be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) trusted_proxy: Vec<IpAddr>,
    /// The header in which the proxy says from what place a request comes, as in CF-IPCountry. The
    /// proxy must set it in the place of its client's own [default: no places are shown]
    #[arg(long, value_name = "NAME", requires = "trusted_proxy")]
    pub(crate) place_header: Option<String>,
    /// A network or address that many people share, and how many times the usual budgets each of
    /// its addresses has, as in 192.0.2.0/24=20. May be given several times
    #[arg(long, value_name = "NETWORK=FACTOR")]
    pub(crate) large_network: Vec<LargeNetwork>,
    /// The file with the key that seals secrets; keep it out of the backups of DIR [default:
    /// DIR/keys/service.key]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The journal: what a restore must not undo is written there too; keep it on another disk if
    /// you can [default: DIR/service.journal]
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Begin a journal for data that were used already, because the old one is lost for good.
    /// Without this, a missing one is an error
    #[arg(long)]
    pub(crate) new_journal: bool,
    /// Where sign-ins, failures, lock-outs and changes of factors are said, one JSON object a line;
    /// put aside at 16 MB, five are kept [default: DIR/security.log]
    #[arg(long, value_name = "FILE")]
    pub(crate) security_log: Option<PathBuf>,
    /// For how many days a backup can be restored: older lines of the journal are dropped, and an
    /// older backup is refused
    #[arg(long, default_value_t = 90, value_name = "DAYS")]
    pub(crate) backup_days: u32,
    /// For how many hours requests and codes are kept that nobody answered: 2 to 8760
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    pub(crate) unanswered_hours: u32,
    /// For how many days approvals and signed transactions are kept, with what the phone signed: 1
    /// to 3650
    #[arg(long, default_value_t = 396, value_name = "DAYS")]
    pub(crate) approvals_days: u32,
    /// For how many days the history of accounts is kept: 2 to 3650
    #[arg(long, default_value_t = 396, value_name = "DAYS")]
    pub(crate) events_days: u32,
    /// For how many days enrolments are kept that are done: 1 to 365
    #[arg(long, default_value_t = 7, value_name = "DAYS")]
    pub(crate) enrolments_days: u32,
    /// An Android app that opens this service's links by itself: its package, and the SHA-256
    /// fingerprint of the certificate that signs it, as apksigner prints it. May be given several
    /// times, also for one package
    #[arg(long, value_name = "PACKAGE=FINGERPRINT")]
    pub(crate) android_app: Vec<AndroidApp>,
    /// An iOS app that opens this service's links by itself. May be given several times
    #[arg(long, value_name = "TEAMID.BUNDLEID")]
    pub(crate) ios_app: Vec<IosApp>,
    /// Where people get the app for Android: pages that need it lead there
    #[arg(long, value_name = "URL")]
    pub(crate) store_link_android: Option<StoreLink>,
    /// Where people get the app for iOS
    #[arg(long, value_name = "URL")]
    pub(crate) store_link_ios: Option<StoreLink>,
    /// The services that sign people in here (docs/relying.md); read again at SIGHUP [default:
    /// DIR/clients.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    pub(crate) clients: Option<PathBuf>,
    /// An RSA key (PEM) that signs tokens for services that take RS256 alone; the first signs, the
    /// others are published. May be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) oidc_rsa_key: Vec<PathBuf>,
    /// Your own privacy statement, in the place of the built-in one
    #[arg(long, value_name = "URL")]
    pub(crate) privacy_url: Option<String>,
    /// Take no registrations: an administrator adds everybody (account add, account import)
    #[arg(long)]
    pub(crate) no_registration: bool,
    /// Take no registrations with addresses of exactly this domain, whose people an administrator
    /// adds. May be given several times
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) closed_domain: Vec<String>,
    /// How many hours a recovery waits, after a panic or when no factor is left: 1 to 720
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    pub(crate) recovery_hours: u32,
    /// How many days the deletion of an account waits that its person asked for: 1 to 90
    #[arg(long, default_value_t = 7, value_name = "DAYS")]
    pub(crate) deletion_days: u32,
    /// Let a phone's own fingerprint or face grant it a new PIN when the old one is forgotten, as
    /// another phone does
    #[arg(long)]
    pub(crate) own_biometrics: bool,
    /// Let fingerprint or face sign a transaction's code, as the PIN does
    #[arg(long)]
    pub(crate) biometric_transfers: bool,
    /// A push service to which notifications may go by Web Push, its host alone; phones choose
    /// theirs among these. May be given several times [default: no notifications are sent, and
    /// phones look when they are opened]
    #[arg(long, value_name = "HOST")]
    pub(crate) push_host: Vec<String>,
    /// The mail server to which messages go: smtps://user@host:465 (TLS from the first byte) or
    /// smtp://host:25. Without a user, nobody logs in [default: messages are files in DIR/outbox]
    #[arg(long, value_name = "URL")]
    pub(crate) smtp: Option<String>,
    /// Whether an smtp:// server must offer STARTTLS; without TLS at all only on this computer
    #[arg(
        long,
        value_name = "TLS",
        default_value = "required",
        requires = "smtp"
    )]
    pub(crate) smtp_tls: Tls,
    /// The file with the password of the mail server's user, this user's alone [default: the
    /// environment variable COUNTERSIGN_SMTP_PASSWORD]
    #[arg(long, value_name = "FILE", requires = "smtp")]
    pub(crate) smtp_password_file: Option<PathBuf>,
    /// From whom messages come [default: NAME <no-reply@HOST>, with the host of the origin]
    #[arg(long, value_name = "NAME <ADDRESS>")]
    pub(crate) mail_from: Option<String>,
    /// The name that phones and pages show, at most 20 bytes
    #[arg(long, default_value = "Countersign", value_name = "NAME")]
    pub(crate) name: String,
    /// The operator's logo beside the name on pages: an SVG or PNG file of at most 64 KB
    #[arg(long, value_name = "FILE")]
    pub(crate) logo: Option<PathBuf>,
    /// The colour of buttons and links, dark enough to be read on white; the one of dark pages is
    /// made from it [default: #0b5a73]
    #[arg(long, value_name = "#RRGGBB")]
    pub(crate) accent: Option<String>,
    /// Who helps people who can't sign in: https:, mailto: or tel:
    #[arg(long, value_name = "URL")]
    pub(crate) help_desk: Option<String>,
    /// The legal notice
    #[arg(long, value_name = "URL")]
    pub(crate) legal_url: Option<String>,
    /// The accessibility statement
    #[arg(long, value_name = "URL")]
    pub(crate) accessibility_url: Option<String>,
    /// Where faults that an attacker could use are reported: https:, mailto: or tel:. It is said
    /// in /.well-known/security.txt
    #[arg(long, value_name = "URL")]
    pub(crate) security_contact: Option<String>,
}

/// TLS with an smtp:// server.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Tls {
    /// By STARTTLS, or not at all
    Required,
    /// By STARTTLS where it is offered: whoever is in between can take that away
    Opportunistic,
    /// Never
    None,
}

impl From<Tls> for SmtpTls {
    fn from(tls: Tls) -> Self {
        match tls {
            Tls::Required => Self::Required,
            Tls::Opportunistic => Self::Opportunistic,
            Tls::None => Self::None,
        }
    }
}

impl Serve {
    /// How the pages look, and where they lead for help.
    pub(crate) fn brand(&self) -> Brand {
        Brand {
            accent: self.accent.clone(),
            logo: self.logo.clone(),
            help_desk: self.help_desk.clone(),
            legal: self.legal_url.clone(),
            accessibility: self.accessibility_url.clone(),
            security_contact: self.security_contact.clone(),
        }
    }

    /// Where messages go.
    pub(crate) fn mail(&mut self) -> MailSetting {
        let Some(url) = self.smtp.take() else {
            return MailSetting::Folder;
        };
        let password = match self.smtp_password_file.take() {
            Some(file) => SmtpPassword::File(file),
            None => match std::env::var("COUNTERSIGN_SMTP_PASSWORD") {
                Ok(password) => password.into(),
                Err(_) => SmtpPassword::None,
            },
        };
        MailSetting::Smtp(Smtp {
            url,
            tls: self.smtp_tls.into(),
            password,
        })
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
