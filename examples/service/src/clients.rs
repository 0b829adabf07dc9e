//! `countersign-service client`: the services that sign people in here, in the clients file.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use countersign_service::{ClientRow, list_clients};

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
pub(crate) struct Add {
    /// The name of the entry: small letters, digits and hyphens
    id: String,
    /// What people call the service
    #[arg(long)]
    name: String,
    /// Where people come back to by CAS: exactly this address or, if it ends in `/`, all below it.
    /// May be given several times
    #[arg(long, value_name = "URL", required = true)]
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
    /// Tell the service when somebody signs out
    #[arg(long)]
    single_logout: bool,
    /// The address of this sign-in service, for what is printed
    #[arg(long, value_name = "URL", default_value = "https://sign.example.eu")]
    origin: String,
    #[command(flatten)]
    which: Which,
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
    let text = format!("{before}{gap}{}", entry(add));
    replace(&file, &text)?;
    say(format_args!(
        "Registered in {}. Tell a running service: send it SIGHUP.",
        file.display()
    ));
    Ok(print(snippets(add))?)
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

/// A text in quotation marks, as TOML has it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn list(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// The entry, as it stands in the file.
fn entry(add: &Add) -> String {
    let mut text = format!("\n[client.{}]\nname = {}\n", add.id, quoted(&add.name));
    let optional = [
        ("level", &add.level),
        ("start", &add.start),
        ("help_desk", &add.help_desk),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            let _ = writeln!(text, "{name} = {}", quoted(value));
        }
    }
    if !add.attribute.is_empty() {
        let _ = writeln!(text, "attributes = {}", list(&add.attribute));
    }
    let _ = writeln!(
        text,
        "[client.{}.cas]\nservices = {}",
        add.id,
        list(&add.cas)
    );
    if add.single_logout {
        text.push_str("single_logout = true\n");
    }
    text
}

/// What to paste into common clients.
fn snippets(add: &Add) -> String {
    let origin = add.origin.trim_end_matches('/');
    let logout = match add.single_logout {
        true => "\nCASSSOEnabled On",
        false => "",
    };
    format!(
        "# Apache, mod_auth_cas\n\
         CASVersion 2\n\
         CASLoginURL {origin}/cas/login\n\
         CASValidateURL {origin}/cas/p3/serviceValidate\n\
         CASCookiePath /var/cache/apache2/mod_auth_cas/{logout}\n\
         \n\
         # Django, django-cas-ng (settings.py)\n\
         CAS_SERVER_URL = \"{origin}/cas/\"\n\
         CAS_VERSION = \"3\"\n\
         \n\
         # Spring Security (application.properties, with cas-client-core)\n\
         cas.server-url-prefix={origin}/cas\n\
         cas.server-login-url={origin}/cas/login\n\
         \n\
         # Any other client of CAS 3.0\n\
         login {origin}/cas/login\n\
         validate {origin}/cas/p3/serviceValidate\n\
         logout {origin}/cas/logout\n"
    )
}
