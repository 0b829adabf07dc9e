//! A person's browser: one cookie, forms with the token of the page before.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use countersign_cli::person::{mail::mailed_link, work::proof};
use countersign_protocol::reply::ResultCode;
use reqwest::{Client, Method};
use rusqlite::{Connection, OpenFlags};

use super::{PASSWORD, PIN, Phone, TestClock, approve, client, client_at};

/// A new password, typed twice.
pub const NEW_PASSWORD: [(&str, &str); 2] = [("password", PASSWORD), ("password_again", PASSWORD)];

/// What a person types into the form that asks for an account.
pub fn registration<'a>(first: &'a str, last: &'a str, email: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("first_name", first),
        ("last_name", last),
        ("email", email),
        ("email_again", email),
        ("privacy", "yes"),
    ]
}

#[derive(Debug, Clone)]
pub struct Page {
    pub status: u16,
    pub body: String,
    pub path: String,
    pub headers: reqwest::header::HeaderMap,
}

impl Page {
    /// The text between `before` and the next `after`.
    pub fn between(&self, before: &str, after: &str) -> &str {
        let rest = self
            .body
            .split_once(before)
            .unwrap_or_else(|| panic!("no {before} in {}", self.body))
            .1;
        rest.split_once(after).unwrap().0
    }

    /// The number on the waiting page.
    pub fn number(&self) -> u8 {
        self.between("id=\"number\">", "<").parse().unwrap()
    }

    /// The page with its slashes as they are read.
    pub fn read(&self) -> String {
        self.body.replace("&#x2f;", "/")
    }

    /// The value of a hidden field.
    pub fn hidden(&self, name: &str) -> &str {
        self.between(&format!("type=\"hidden\" name=\"{name}\" value=\""), "\"")
    }

    pub fn id(&self) -> String {
        self.path.rsplit('/').next().unwrap().to_owned()
    }
}

/// A browser: one cookie, forms with the token of the page before.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    address: SocketAddr,
    pub origin: String,
    pub cookie: Option<String>,
    /// The cookie that marks the browser as known.
    pub known: Option<String>,
    /// Every other cookie, by name.
    pub cookies: BTreeMap<String, String>,
    /// What it sends as `Accept-Language`, if anything.
    pub language: Option<&'static str>,
    /// Every page that it got, with the path that was asked for.
    pub seen: Vec<(String, Page)>,
    pub csrf: String,
    /// The address of its account.
    pub email: String,
    /// Where the service leaves its messages.
    pub outbox: PathBuf,
    /// Headers that it sends with every request.
    pub headers: Vec<(&'static str, String)>,
}

pub fn encode(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect::<String>()
    };
    fields
        .iter()
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect::<Vec<_>>()
        .join("&")
}

impl Browser {
    pub fn new(address: SocketAddr, origin: &str) -> Self {
        Self {
            client: client(),
            address,
            origin: origin.to_owned(),
            cookie: None,
            known: None,
            cookies: BTreeMap::new(),
            language: None,
            seen: Vec::new(),
            csrf: String::new(),
            email: String::new(),
            outbox: PathBuf::new(),
            headers: Vec::new(),
        }
    }

    /// One that connects from another address of this computer.
    pub fn at(source: IpAddr, address: SocketAddr, origin: &str) -> Self {
        Self {
            client: client_at(source),
            ..Self::new(address, origin)
        }
    }

    /// One request, no redirects followed.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Page {
        let mut request = self
            .client
            .request(method, format!("http://{}{path}", self.address));
        let mut cookies = vec!["other=1".to_owned()];
        cookies.extend(self.cookie.clone());
        cookies.extend(self.known.clone());
        let more = self.cookies.iter();
        cookies.extend(more.map(|(name, value)| format!("{name}={value}")));
        request = request.header("cookie", cookies.join("; "));
        if !headers.iter().any(|(name, _)| *name == "host") {
            let (_, authority) = self.origin.split_once("://").unwrap();
            request = request.header("host", authority);
        }
        if let Some(language) = self.language {
            request = request.header("accept-language", language);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let headers = response.headers().clone();
        for cookie in headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let gone = cookie.ends_with("; Max-Age=0");
            let cookie = cookie.split(';').next().unwrap();
            match cookie.split_once('=').unwrap() {
                (name, _) if name.ends_with("countersign") => {
                    self.cookie = (!gone).then(|| cookie.to_owned());
                }
                (name, _) if name.ends_with("-known") => self.known = Some(cookie.to_owned()),
                (name, _) if gone => drop(self.cookies.remove(name)),
                (name, value) => {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        let status = response.status().as_u16();
        let asked = path.to_owned();
        let path = headers
            .get("location")
            .map_or(path.to_owned(), |to| to.to_str().unwrap().to_owned());
        let body = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
        if let Some((_, rest)) = body.split_once("name=\"csrf\" value=\"") {
            self.csrf = rest.split('"').next().unwrap().to_owned();
        }
        let page = Page {
            status,
            body,
            path,
            headers,
        };
        self.seen.push((asked, page.clone()));
        page
    }

    async fn follow(&mut self, mut page: Page) -> Page {
        // A service that signs people in here is somewhere else.
        while page.status == 303 && page.path.starts_with('/') {
            page = self.send(Method::GET, &page.path.clone(), None, &[]).await;
        }
        page
    }

    pub async fn get(&mut self, path: &str) -> Page {
        let page = self.send(Method::GET, path, None, &[]).await;
        self.follow(page).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.post_once(path, fields).await;
        self.follow(page).await
    }

    pub async fn post_once(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.csrf.clone();
        let body = encode(&[&[("csrf", csrf.as_str())], fields].concat());
        let origin = self.origin.clone();
        self.send(
            Method::POST,
            path,
            Some(body),
            &[("origin", &origin), ("sec-fetch-site", "same-origin")],
        )
        .await
    }

    pub async fn register(&mut self, email: &str) -> Page {
        self.register_as("Anna", "Ozola", email).await
    }

    pub async fn register_as(&mut self, first: &str, last: &str, email: &str) -> Page {
        self.email = email.to_owned();
        let page = self.ask_for_account(first, last, email).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let link = self.mailed(email, "/register/").await;
        self.get(&link).await;
        let page = self.post(&link, &NEW_PASSWORD).await;
        assert_eq!(
            (page.status, page.path.as_str()),
            (200, "/register/done"),
            "{}",
            page.body
        );
        self.get("/account").await
    }

    /// Asks for an account, with the work that a page's script does; the page after it.
    pub async fn ask_for_account(&mut self, first: &str, last: &str, email: &str) -> Page {
        let page = self.get("/register").await;
        let proof = proof(&page.body).unwrap();
        let mut fields = registration(first, last, email).to_vec();
        let check = page.hidden("check").to_owned();
        fields.extend([("check", check.as_str()), ("proof", &proof)]);
        self.post("/register", &fields).await
    }

    /// Opens the address that the phone opens after an approval on mobile, and confirms the account
    /// that the page names, if it asks.
    pub async fn come_back(&mut self, address: &str) -> Page {
        let page = self.get(address).await;
        if !page.body.contains("id=\"continue-as\"") {
            return page;
        }
        let r = page.between("name=\"r\" value=\"", "\"").to_owned();
        let to = address.split('?').next().unwrap().to_owned();
        self.post(&to, &[("r", &r)]).await
    }

    /// The newest link to a page below `path` that was mailed to this address, once every message
    /// has left.
    pub async fn mailed(&self, email: &str, path: &str) -> String {
        self.mailed_all().await;
        let patience = Duration::from_secs(20);
        let found = mailed_link(&self.outbox, email, path, &[], patience).await;
        found
            .unwrap()
            .unwrap_or_else(|| panic!("no message to {email} with {path}"))
    }

    /// Waits until every message has left.
    pub async fn mailed_all(&self) {
        let end = Instant::now() + Duration::from_secs(20);
        while self.has_mail_to_send() && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn has_mail_to_send(&self) -> bool {
        let file = self.outbox.with_file_name("service.db");
        let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let waiting = "SELECT EXISTS (SELECT 1 FROM mailed_link WHERE due = 1)
            OR EXISTS (SELECT 1 FROM delivery WHERE dead_at IS NULL)";
        let found = database.and_then(|database| database.query_row(waiting, [], |row| row.get(0)));
        found.unwrap_or(true)
    }

    /// E-mail and password; the page after them.
    pub async fn password(&mut self, email: &str, password: &str) -> Page {
        self.get("/sign-in").await;
        self.post("/sign-in", &[("email", email)]).await;
        self.post(
            "/sign-in/password",
            &[("email", email), ("password", password)],
        )
        .await
    }

    /// Fills in the form that adds a device; the first with the link that comes by mail.
    pub async fn begin_device(&mut self, fields: &[(&str, &str)]) -> Page {
        self.get("/account/devices").await;
        let fields = [fields, &[("password", PASSWORD)]].concat();
        let page = self.post("/account/devices/add", &fields).await;
        if page.path != "/account/confirm" {
            return page;
        }
        let email = self.email.clone();
        let link = self.mailed(&email, "/account/confirm/").await;
        self.get(&link).await;
        self.post(&link, &[]).await
    }

    /// Adds the first phone.
    pub async fn add_phone(&mut self, clock: &Arc<TestClock>) -> Phone {
        self.add(clock, "My phone", PIN, None).await
    }

    /// Adds a phone, with everything that the person does on the page. Another that is there
    /// already approves it.
    pub async fn add(
        &mut self,
        clock: &Arc<TestClock>,
        name: &str,
        pin: &str,
        with: Option<(&mut Phone, &str)>,
    ) -> Phone {
        self.get("/account/devices").await;
        let mut page = self.begin_device(&[("name", name)]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        if let Some((phone, pin)) = with {
            approve(phone, &page, pin).await;
            page = self.get(&page.path).await;
        }
        let link = self.get(&format!("{}/link", page.path)).await.body;
        let mut phone = Phone::scan(self.address, clock.clone(), &link).await;
        let reply = phone.claim(pin).await;
        assert_eq!(reply.result, ResultCode::Done);
        let code = reply.confirmation_code.clone().unwrap();
        let shown = self.get(&page.path).await;
        let model = shown.between("id=\"model\">", "</p>");
        assert!(model.contains("Test phone"));
        self.post(&format!("{}/code", page.path), &[("code", &code)])
            .await;
        assert_eq!(phone.complete().await.result, ResultCode::Done);
        phone
    }
}
