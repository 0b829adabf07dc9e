//! `countersign-service client`: the services that sign people in here, in the clients file.

mod entry;
mod paste;

use std::{
    error::Error,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use countersign_service::{ClientRow, client_secret, list_clients};

use crate::out::{print, say};

#[derive(Subcommand)]
pub(crate) enum ClientCommand {
    /// Register a service, and print what to paste into it
    ///
    /// Its entry is added at the end of the clients file, where it can be changed by hand
    /// (docs/relying.md). A running service reads the file again at SIGHUP (`systemctl reload`).
    ///
    ///     countersign-service client add library --name "City library" --data DIR \
    ///         --cas https://library.example.eu/app/ --level MEDIUM --attribute email
    ///     countersign-service client add shop --name Shop --data DIR \
    ///         --oidc https://shop.example.eu/callback --attribute email
    ///
    /// A secret is made for a service of OpenID Connect, and shown once: the file has its hash.
    #[command(verbatim_doc_comment)]
    Add(Box<Add>),
    /// List the registered services, one a line: name of the entry, protocols, level, name,
    /// addresses. Tabs stand between them
    List(Which),
    /// Read the file as the service does, and say which line is wrong
    Check(Which),
}

/// The clients file.
#[derive(Args)]
pub(crate) struct Which {
    /// Data folder, whose clients.toml it is
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present = "clients",
        conflicts_with = "clients"
    )]
    data: Option<PathBuf>,
    /// Another clients file
    #[arg(long, value_name = "FILE")]
    clients: Option<PathBuf>,
}

impl Which {
    fn file(&self) -> PathBuf {
        match (&self.clients, &self.data) {
            (Some(file), _) => file.clone(),
            (None, Some(data)) => data.join("clients.toml"),
            // clap asks for one of them.
            (None, None) => PathBuf::from("clients.toml"),
        }
    }
}

#[derive(Args)]
#[command(group(ArgGroup::new("protocol").required(true).multiple(true).args(["cas", "oidc"])))]
pub(crate) struct Add {
    /// The name of the entry: small letters, digits and hyphens
    id: String,
    /// What people call the service
    #[arg(long)]
    name: String,
    /// Where people come back to by CAS: exactly this address or, if it ends in `/`, all below it.
    /// May be given several times
    #[arg(long, value_name = "URL")]
    cas: Vec<String>,
    /// The lowest level of a sign-in that the service takes: BASIC, MEDIUM or HIGH
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// What the service is told of a person: email, first_name, last_name, name, language. May be
    /// given several times
    #[arg(long, value_name = "NAME")]
    attribute: Vec<String>,
    /// Its first page
    #[arg(long, value_name = "URL")]
    start: Option<String>,
    /// Who helps people whom the service does not let in: https:, mailto: or tel:
    #[arg(long, value_name = "URL")]
    help_desk: Option<String>,
    /// CAS: tell the service when somebody signs out
    #[arg(long, requires = "cas")]
    single_logout: bool,
    #[command(flatten)]
    connect: Connect,
    /// The address of this sign-in service, for what is printed
    #[arg(long, value_name = "URL", default_value = "https://sign.example.eu")]
    origin: String,
    #[command(flatten)]
    which: Which,
}

/// How a service speaks OpenID Connect.
#[derive(Args)]
struct Connect {
    /// Where people come back to by OpenID Connect: exactly this address. May be given several
    /// times
    #[arg(long, value_name = "URL")]
    oidc: Vec<String>,
    /// OpenID Connect: how the service shows which one it is
    #[arg(long, value_enum, default_value = "basic", requires = "oidc")]
    method: Method,
    /// OpenID Connect: a file with a public key of the service, as JWK. For `private_key_jwt`. May
    /// be given several times
    #[arg(long, value_name = "FILE", requires = "oidc")]
    key: Vec<PathBuf>,
    /// OpenID Connect: where people may go after signing out. May be given several times
    #[arg(long, value_name = "URL", requires = "oidc")]
    after_logout: Vec<String>,
    /// OpenID Connect: where the service is told when somebody signs out
    #[arg(long, value_name = "URL", requires = "oidc")]
    backchannel_logout: Option<String>,
    /// OpenID Connect: sign ID tokens by RS256, for a service that can't verify ES256
    #[arg(long, requires = "oidc")]
    rs256: bool,
    /// OpenID Connect: take requests without PKCE, of a service that can't do it
    #[arg(long, requires = "oidc")]
    no_pkce: bool,
    /// OpenID Connect: give refresh tokens, which work as long as the session
    #[arg(long, requires = "oidc")]
    refresh: bool,
    /// OpenID Connect: give refresh tokens that outlive the session, where the service asks for
    /// `offline_access`
    #[arg(long, requires = "oidc")]
    offline: bool,
}

/// How a service shows which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    /// By a secret in a header
    Basic,
    /// By a secret in the body
    Post,
    /// By what it signs with a key of its own
    #[value(name = "private_key_jwt")]
    PrivateKeyJwt,
    /// It can't keep a secret: an app, or a page without a server
    None,
}

impl Method {
    /// As the clients file has it.
    const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Post => "post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }

    /// As OpenID Connect has it.
    const fn registered(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }

    const fn has_secret(self) -> bool {
        matches!(self, Self::Basic | Self::Post)
    }
}

/// Carries a command out.
pub(crate) fn run(command: ClientCommand) -> Result<(), Box<dyn Error>> {
    match command {
        ClientCommand::Add(add) => register(&add),
        ClientCommand::List(which) => {
            let rows = list_clients(&which.file())?;
            let lines: Vec<_> = rows.iter().map(|row| line(row) + "\n").collect();
            Ok(print(lines.concat())?)
        }
        ClientCommand::Check(which) => {
            let count = list_clients(&which.file())?.len();
            say(format_args!(
                "The file is right. Services that it registers: {count}."
            ));
            Ok(())
        }
    }
}

fn line(row: &ClientRow) -> String {
    let cells = [
        row.id.clone(),
        row.protocols.join(","),
        row.level.to_owned(),
        row.name.clone(),
        row.addresses.join(" "),
    ];
    cells.join("\t")
}

fn register(add: &Add) -> Result<(), Box<dyn Error>> {
    let file = add.which.file();
    let before = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("{} can't be read: {error}", file.display()).into()),
    };
    let gap = match before.is_empty() || before.ends_with('\n') {
        true => "",
        false => "\n",
    };
    let connect = &add.connect;
    let made = match !connect.oidc.is_empty() && connect.method.has_secret() {
        true => Some(client_secret()?),
        false => None,
    };
    let hash = made.as_ref().map(|(_, hash)| hash.as_str());
    let text = format!("{before}{gap}{}", entry::of(add, hash)?);
    replace(&file, &text)?;
    say(format_args!(
        "Registered in {}. Tell a running service: send it SIGHUP.",
        file.display()
    ));
    let secret = made.as_ref().map(|(secret, _)| secret.as_str());
    if secret.is_some() {
        say(format_args!(
            "The secret below is shown once; the file has its hash alone."
        ));
    }
    let (cas, oidc) = (paste::cas(add), paste::oidc(add, secret));
    Ok(print(cas + &oidc)?)
}

/// Puts a text in the file's place, if the service can read it.
fn replace(file: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    let draft = file.with_extension("toml.new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut written = options.open(&draft)?;
    written.write_all(text.as_bytes())?;
    written.sync_all()?;
    if let Err(error) = list_clients(&draft) {
        let _ = fs::remove_file(&draft);
        return Err(format!("nothing was changed: {error}").into());
    }
    fs::rename(&draft, file)?;
    Ok(())
}
