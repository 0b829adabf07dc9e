//! Requests of a stranger's browser or program to the service, over real HTTP: forms, and the
//! headers and bodies around them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use countersign_cli::person::{html::tags, mail::mailed_link, work::proof};
use countersign_service::{Config, Embedded};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::diagnostic::unescape;
use crate::table::Row;

const PASSWORD: &str = "jautra-Kaza-7-mazgāt";

/// A service with one account, and the browser of its owner.
pub struct Site {
    service: Embedded,
    owner: Session,
    /// The page of a registration that nobody finished.
    open: String,
    _folder: Option<TempDir>,
}

/// The state of a browser.
#[derive(Clone, Default)]
struct Session {
    cookie: String,
    csrf: String,
    /// The page that gave both.
    page: String,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// A request before it is written out.
struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    fields: Vec<(String, String)>,
    /// In the place of the fields.
    body: Option<Vec<u8>>,
}

impl Site {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = Self::start_in(&folder.path().join("data")).await;
        Self {
            _folder: Some(folder),
            ..site
        }
    }

    async fn start_in(data: &Path) -> Self {
        let service = Embedded::start(Config::embedded(data)).await.unwrap();
        let mut site = Self {
            service,
            owner: Session::default(),
            open: String::new(),
            _folder: None,
        };
        site.owner = site.fresh("/register").await;
        let link = site.invited("anna@example.eu").await;
        let mut request = site.good("registration", &site.owner);
        request.path = link;
        let answer = site.send(&request).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        site.owner.cookie = cookie(&answer.head).unwrap();
        let page = site
            .get("/account/devices", &site.owner.cookie.clone())
            .await;
        site.owner.csrf = csrf(&page.body);
        site.open = site.invited("open@example.eu").await;
        site
    }

    /// The answer to the request of a row: the status, and the text of the page.
    pub async fn refusal(&self, row: &Row) -> String {
        let (form, anonymous) = match row.target.strip_prefix("stranger's ") {
            Some(form) => (form, true),
            None => (
                row.target.as_str(),
                matches!(
                    row.target.as_str(),
                    "register" | "registration" | "sign-in" | "password" | "stop"
                ),
            ),
        };
        let session = match anonymous {
            true => self.fresh("/register").await,
            false => self.owner.clone(),
        };
        let mut request = self.good(form, &session);
        if form == "registration" {
            request.path.clone_from(&self.open);
        }
        for part in row.means.split(" & ") {
            change(&mut request, part);
        }
        let mut answer = self.send(&request).await;
        // A page that refuses a form is the form's own, loaded once more.
        let set = cookies_of(&answer.head);
        if set.iter().any(|it| it.starts_with("countersign-refused=")) {
            let to = line_of(&answer.head, "location: ").unwrap_or_default();
            assert_eq!(answer.status, 303, "{}", answer.head);
            let own = request.headers.iter().filter(|(name, _)| name == "cookie");
            let own = own.map(|(_, cookie)| cookie.as_str());
            let cookies = own.chain(set).collect::<Vec<_>>().join("; ");
            answer = self.get(to, &cookies).await;
        }
        let to = line_of(&answer.head, "location: ");
        let told = [
            &answer.status.to_string(),
            to.unwrap_or(""),
            &words(&answer.body),
        ];
        told.join(" ").trim_end().to_owned()
    }

    /// A cookie and the token that belongs to it.
    async fn fresh(&self, path: &str) -> Session {
        let page = self.get(path, "").await;
        Session {
            cookie: cookie(&page.head).unwrap(),
            csrf: csrf(&page.body),
            page: page.body,
        }
    }

    /// The page that a mailed link leads to, where an account begins.
    async fn invited(&self, email: &str) -> String {
        let session = self.fresh("/register").await;
        let mut request = self.good("register", &session);
        for field in ["email", "email_again"] {
            change(&mut request, &format!("{field} = {email}"));
        }
        change(
            &mut request,
            &format!("proof = {}", proof(&session.page).unwrap()),
        );
        assert_eq!(self.send(&request).await.status, 303);
        let outbox = self.service.data().join("outbox");
        let patience = Duration::from_secs(20);
        let link = mailed_link(&outbox, email, "/register/", &[], patience).await;
        link.unwrap().unwrap()
    }

    async fn get(&self, path: &str, cookie: &str) -> Answer {
        let request = Request {
            method: "GET".into(),
            path: path.into(),
            headers: vec![("cookie".into(), cookie.into())],
            fields: Vec::new(),
            body: Some(Vec::new()),
        };
        self.send(&request).await
    }

    /// The form as our own page sends it.
    fn good(&self, form: &str, session: &Session) -> Request {
        let (path, fields) = form_of(form);
        let mut headers = BTreeMap::from([
            ("origin", self.service.origin().to_owned()),
            ("sec-fetch-site", "same-origin".into()),
            ("cookie", session.cookie.clone()),
        ]);
        let api = path.starts_with("/api/");
        let media = match api {
            true => "application/vnd.countersign+cbor",
            false => "application/x-www-form-urlencoded",
        };
        headers.insert("content-type", media.into());
        let mut all = vec![("csrf".to_owned(), session.csrf.clone())];
        all.extend(
            fields
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned())),
        );
        if form == "register" {
            let fields = tags(&session.page, "input").into_iter();
            let mut check = fields.filter(|field| field.get("name") == Some("check"));
            let check = check.find_map(|field| field.get("value").map(str::to_owned));
            all.push(("check".to_owned(), check.unwrap_or_default()));
        }
        Request {
            method: "POST".into(),
            path: path.into(),
            headers: headers
                .into_iter()
                .map(|(name, text)| (name.into(), text))
                .collect(),
            fields: all,
            body: api.then(Vec::new),
        }
    }

    async fn send(&self, request: &Request) -> Answer {
        let body = request
            .body
            .clone()
            .unwrap_or_else(|| encoded(&request.fields).into_bytes());
        let mut head = format!(
            "{} {} HTTP/1.1\r\nconnection: close\r\n",
            request.method, request.path
        );
        let own = |name: &str| request.headers.iter().any(|(header, _)| header == name);
        if !own("host") {
            head += &format!("host: {}\r\n", self.service.address());
        }
        if !own("content-length") && !own("transfer-encoding") {
            head += &format!("content-length: {}\r\n", body.len());
        }
        for (name, text) in &request.headers {
            head += &format!("{name}: {text}\r\n");
        }
        let mut stream = TcpStream::connect(self.service.address()).await.unwrap();
        let bytes = [head.as_bytes(), b"\r\n", &body].concat();
        // A service that has heard enough hangs up.
        let _ = stream.write_all(&bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let text = String::from_utf8_lossy(&answer).replace("&#x27;", "'");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Answer {
            status: head
                .split(' ')
                .nth(1)
                .map_or(0, |status| status.parse().unwrap()),
            head: head.into(),
            body: body.into(),
        }
    }
}

type Fields = &'static [(&'static str, &'static str)];

fn form_of(form: &str) -> (&'static str, Fields) {
    match form {
        "register" => (
            "/register",
            &[
                ("first_name", "Anna"),
                ("last_name", "Ozola"),
                ("email", "anna@example.eu"),
                ("email_again", "anna@example.eu"),
                ("privacy", "yes"),
            ],
        ),
        "registration" => (
            "/register/00",
            &[("password", PASSWORD), ("password_again", PASSWORD)],
        ),
        "sign-in" => ("/sign-in", &[("email", "anna@example.eu")]),
        "password" => (
            "/sign-in/password",
            &[("email", "nobody@example.eu"), ("password", PASSWORD)],
        ),
        "stop" => (
            "/stop",
            &[
                ("email", "nobody@example.eu"),
                ("password", PASSWORD),
                ("word", "STOP"),
            ],
        ),
        "add" => ("/account/devices/add", &[("name", "My phone")]),
        "rename" => (
            "/account/devices/rename",
            &[("dev", "0011223344556677"), ("name", "My phone")],
        ),
        "remove" => ("/account/devices/remove", &[("dev", "0011223344556677")]),
        "unblock" => (
            "/account/devices/unblock",
            &[("dev", "0011223344556677"), ("with", "0011223344556688")],
        ),
        "transfer" => (
            "/account/transactions/other",
            &[
                ("iban", "LV80BANK0000435195001"),
                ("name", "Anna"),
                ("amount", "1.00"),
                ("reference", "RF1"),
            ],
        ),
        "code" => (
            "/challenge/00112233445566778899aabbccddeeff/code",
            &[("code", "7KQ4-M2D9")],
        ),
        "digits" => (
            "/account/enrolments/00112233445566778899aabbccddeeff/code",
            &[("code", "123456")],
        ),
        "verifier" => (
            "/account/enrolments/00112233445566778899aabbccddeeff/pin",
            &[(
                "v",
                "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            )],
        ),
        "finish" => ("/recovery/finish/0011", &[("password", PASSWORD)]),
        "claim" => ("/api/v1/claim", &[]),
        "status" => ("/api/v1/status", &[]),
        other => panic!("no such form: {other}"),
    }
}

/// One change of a request: `name = text`, `without name`, `header name: text`, and the like.
fn change(request: &mut Request, part: &str) {
    let (verb, rest) = part.split_once(' ').unwrap_or((part, ""));
    match verb {
        "without" => request.fields.retain(|(name, _)| name != rest),
        "no-header" => request.headers.retain(|(name, _)| name != rest),
        "header" => {
            let (name, text) = rest.split_once(": ").unwrap();
            request.headers.retain(|(header, _)| header != name);
            request.headers.push((name.into(), unescape(text)));
        }
        "another" => {
            let (name, text) = rest.split_once(": ").unwrap();
            request.headers.push((name.into(), unescape(text)));
        }
        "twice" => {
            let field = request
                .fields
                .iter()
                .find(|(name, _)| name == rest)
                .unwrap()
                .clone();
            request.fields.push(field);
        }
        "body" => request.body = Some(unescape(rest).into_bytes()),
        "method" => request.method = rest.into(),
        "path" => request.path = unescape(rest),
        _ => {
            let (name, text) = part.split_once(" = ").unwrap_or_else(|| panic!("{part}"));
            request.fields.retain(|(field, _)| field != name);
            request.fields.push((name.into(), unescape(text)));
        }
    }
}

fn encoded(fields: &[(String, String)]) -> String {
    let escape = |text: &str| -> String {
        let one = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(one).collect()
    };
    let pairs = fields
        .iter()
        .map(|(name, text)| format!("{name}={}", escape(text)));
    pairs.collect::<Vec<_>>().join("&")
}

fn line_of<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name))
}

fn cookie(head: &str) -> Option<String> {
    let line = line_of(head, "set-cookie: ")?;
    Some(line.split(';').next()?.to_owned())
}

/// The cookies that a head sets, as they are sent back.
fn cookies_of(head: &str) -> Vec<&str> {
    let set = head
        .lines()
        .filter_map(|line| line.strip_prefix("set-cookie: "));
    set.filter_map(|cookie| cookie.split(';').next()).collect()
}

fn csrf(body: &str) -> String {
    let (_, rest) = body.split_once("name=\"csrf\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Leaves a folder whose database, key and journal were all used: by an account, and by its STOP.
pub async fn leave_used(data: &Path) {
    let site = Site::start_in(data).await;
    let mut request = site.good("stop", &site.owner);
    change(&mut request, "email = anna@example.eu");
    let answer = site.send(&request).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    site.service.stop().await;
}

/// The text of a page that a person reads, or the line of an answer that is no page.
fn words(body: &str) -> String {
    let main = body.split_once("<main").map_or(body, |(_, main)| main);
    let mut text = String::new();
    let mut inside = main.len() < body.len();
    for character in main.chars() {
        match character {
            '<' => inside = true,
            '>' if inside => inside = false,
            _ if inside => (),
            character => text.push(character),
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
