//! The person at the computer: a browser without a screen that uses a sign-in service's own pages
//! and forms over real HTTP.
//!
//! The demo and the end-to-end tests drive a service with it. It knows what a person knows:
//! addresses, what the fields are called, and what the page says; never the service's inside. What
//! it reads is listed at `countersign_service`'s module `web`.

pub mod html;
pub mod mail;
mod script;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE, USER_AGENT};
use reqwest::{Client, Method, StatusCode, Url};

use html::{Form, forms, tags, text, text_of};

/// A browser that the service's list knows, so that a phone shows a request as people see it.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// The longest page or picture.
const LONGEST: usize = 4 << 20;
const MOST_REDIRECTS: usize = 10;
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often a waiting page asks for news.
const POLL: Duration = Duration::from_millis(100);

/// Why the person got no further.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// Not an address that a browser opens.
    #[error("{0:?} is no address of a web page; it begins with http:// or https://")]
    Address(String),
    /// No answer.
    #[error("{url} did not answer: {why}")]
    Network {
        /// The page.
        url: String,
        /// The innermost cause.
        why: String,
    },
    /// It sends to another site, or in circles.
    #[error("{0} sends the browser somewhere else")]
    Redirect(String),
    /// The answer is too large.
    #[error("{0} is larger than a page should be")]
    TooLarge(String),
    /// The page has no such form, field, number, picture or link.
    #[error("the page {page} has no {what}; it says: {says}")]
    Missing {
        /// Its address.
        page: String,
        /// What was looked for.
        what: String,
        /// The beginning of its text.
        says: String,
    },
    /// The page is another one than was expected.
    #[error("after {doing} the page is {page} ({status}); it says: {says}")]
    Elsewhere {
        /// What the person did.
        doing: &'static str,
        /// Where that led.
        page: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of its text.
        says: String,
    },
    /// The message that the page spoke of is not there.
    #[error("no message for {to} came to {}", .outbox.display())]
    NoMail {
        /// Whose it would be.
        to: String,
        /// Where it was looked for.
        outbox: PathBuf,
    },
    /// A page that waits did not go on.
    #[error("the page {0} did not go on in time")]
    Waited(String),
}

/// What the browser shows.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// The HTTP status.
    pub status: StatusCode,
    /// Its source.
    pub html: String,
}

impl Page {
    /// The path of its address.
    #[must_use]
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// What a person reads on it.
    #[must_use]
    pub fn text(&self) -> String {
        let body = self.html.find("<main").and_then(|at| self.html.get(at..));
        text(body.unwrap_or(&self.html))
    }

    /// The text of the element with this id.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<String> {
        text_of(&self.html, |tag| tag.get("id") == Some(id))
    }

    fn missing(&self, what: impl Into<String>) -> PersonError {
        PersonError::Missing {
            page: self.path().to_owned(),
            what: what.into(),
            says: self.beginning(),
        }
    }

    fn beginning(&self) -> String {
        self.text().chars().take(300).collect()
    }
}

/// Who signs up.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// First name.
    pub first_name: &'a str,
    /// Last name.
    pub last_name: &'a str,
    /// E-mail address.
    pub email: &'a str,
    /// Password: at least ten characters of all four kinds.
    pub password: &'a str,
}

/// A transfer as it is typed.
#[derive(Debug, Clone, Copy)]
pub struct Transfer<'a> {
    /// The account that gets the money.
    pub iban: &'a str,
    /// Whose it is.
    pub name: &'a str,
    /// How much, in euro.
    pub amount: &'a str,
    /// What for.
    pub reference: &'a str,
}

impl<'a> Transfer<'a> {
    /// Field ids and values, as the form and the phone have them.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, &'a str); 4] {
        [
            ("iban", self.iban),
            ("name", self.name),
            ("amount", self.amount),
            ("reference", self.reference),
        ]
    }
}

/// A browser with one window.
pub struct Person {
    http: Client,
    origin: Url,
    cookies: BTreeMap<String, String>,
    page: Page,
    outbox: PathBuf,
    /// Links of the mail that were opened.
    used: Vec<String>,
    /// Whose account it is: address and password, once they were typed.
    account: Option<(String, String)>,
}

impl Person {
    /// A new browser, without cookies, at a service that runs.
    ///
    /// # Errors
    /// If the address has no form of one, or the browser can't be set up.
    pub fn at(origin: &str) -> Result<Self, PersonError> {
        let url = Url::parse(origin)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
            .ok_or_else(|| PersonError::Address(origin.to_owned()))?;
        let http = client().map_err(|error| network(&url, &error))?;
        Ok(Self {
            http,
            page: Page {
                url: url.clone(),
                status: StatusCode::OK,
                html: String::new(),
            },
            origin: url,
            cookies: BTreeMap::new(),
            outbox: PathBuf::new(),
            used: Vec::new(),
            account: None,
        })
    }

    /// The same person, whose mail is in this folder, where the service leaves it.
    #[must_use]
    pub fn with_mail(mut self, outbox: &Path) -> Self {
        outbox.clone_into(&mut self.outbox);
        self
    }

    /// The newest link in the person's mail to a page below `path` that was not opened before: its
    /// own path.
    ///
    /// # Errors
    /// If no message comes.
    pub async fn mailed_link(&mut self, to: &str, path: &str) -> Result<String, PersonError> {
        let found = mail::mailed_link(&self.outbox, to, path, &self.used, TIMEOUT).await;
        let link = found.ok().flatten().ok_or_else(|| PersonError::NoMail {
            to: to.to_owned(),
            outbox: self.outbox.clone(),
        })?;
        self.used.push(link.clone());
        Ok(link)
    }

    /// What the browser shows now.
    #[must_use]
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// Types an address.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn open(&mut self, path: &str) -> Result<&Page, PersonError> {
        let url = self.url(path)?;
        self.go(Method::GET, url, None).await
    }

    /// Fills in the form of the current page whose address ends with `action`, and sends it. The
    /// other fields stay as they are.
    ///
    /// # Errors
    /// If there is no such form or field, or no answer.
    pub async fn submit(
        &mut self,
        action: &str,
        values: &[(&str, &str)],
    ) -> Result<&Page, PersonError> {
        let form = self
            .form(action, values)
            .ok_or_else(|| self.page.missing(format!("form {action}")))?;
        if let Some((name, _)) = values.iter().find(|(name, _)| !form.has(name)) {
            return Err(self
                .page
                .missing(format!("field {name} in the form {action}")));
        }
        let mut fields = form.fields;
        for (name, value) in values {
            fields.retain(|(found, _)| found != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let mut url = self.url(&form.action)?;
        // The same encoding for a form's body and for a query.
        let mut encoded = Url::parse("form:").map_err(|_| PersonError::Address(form.action))?;
        encoded.query_pairs_mut().extend_pairs(&fields);
        if form.post {
            let body = encoded.query().unwrap_or_default().to_owned();
            self.go(Method::POST, url, Some(body)).await
        } else {
            url.set_query(encoded.query());
            self.go(Method::GET, url, None).await
        }
    }

    /// Of several forms with one address, such as a list's, the one that has these values already.
    fn form(&self, action: &str, values: &[(&str, &str)]) -> Option<Form> {
        let mut all = forms(&self.page.html);
        all.retain(|form| form.action.ends_with(action));
        let fits = |form: &Form| {
            let preset = |(name, value): &(&str, &str)| {
                form.fields.iter().any(|(n, v)| n == name && v == value)
            };
            values.iter().filter(|pair| preset(pair)).count()
        };
        // The first of the best.
        all.into_iter().rev().max_by_key(fits)
    }

    fn url(&self, path: &str) -> Result<Url, PersonError> {
        let url = self
            .page
            .url
            .join(path)
            .map_err(|_| PersonError::Address(path.to_owned()))?;
        if url.origin() == self.origin.origin() {
            Ok(url)
        } else {
            Err(PersonError::Redirect(self.page.path().to_owned()))
        }
    }

    async fn go(
        &mut self,
        method: Method,
        url: Url,
        body: Option<String>,
    ) -> Result<&Page, PersonError> {
        let (mut method, mut url, mut body) = (method, url, body);
        for _ in 0..MOST_REDIRECTS {
            let (status, headers, bytes) = self.fetch(method, url.clone(), body.take()).await?;
            if status.is_redirection() {
                let to = headers
                    .get(LOCATION)
                    .and_then(|to| to.to_str().ok())
                    .and_then(|to| url.join(to).ok())
                    .filter(|to| to.origin() == self.origin.origin())
                    .ok_or_else(|| PersonError::Redirect(url.path().to_owned()))?;
                (method, url) = (Method::GET, to);
                continue;
            }
            self.page = Page {
                url,
                status,
                html: String::from_utf8_lossy(&bytes).into_owned(),
            };
            return Ok(&self.page);
        }
        Err(PersonError::Redirect(url.path().to_owned()))
    }

    async fn fetch(
        &mut self,
        method: Method,
        url: Url,
        body: Option<String>,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), PersonError> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = self
            .http
            .request(method, url.clone())
            .header(USER_AGENT, BROWSER)
            .header("sec-fetch-site", "same-origin");
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if let Some(body) = body {
            request = request
                .header(ORIGIN, self.origin.origin().ascii_serialization())
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body);
        }
        let mut response = request
            .send()
            .await
            .map_err(|error| network(&url, &error))?;
        for cookie in response.headers().get_all(SET_COOKIE) {
            let Ok(cookie) = cookie.to_str() else {
                continue;
            };
            let mut parts = cookie.split(';').map(str::trim);
            if let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) {
                if parts.any(|part| part.eq_ignore_ascii_case("max-age=0")) {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| network(&url, &error))?
        {
            if bytes.len() + chunk.len() > LONGEST {
                return Err(PersonError::TooLarge(url.path().to_owned()));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((response.status(), response.headers().clone(), bytes))
    }

    /// Something beside the page, such as a picture on it; the page stays.
    ///
    /// # Errors
    /// If it isn't there.
    pub async fn download(&mut self, path: &str) -> Result<Vec<u8>, PersonError> {
        let url = self.url(path)?;
        let (status, _, bytes) = self.fetch(Method::GET, url, None).await?;
        if status == StatusCode::OK {
            Ok(bytes)
        } else {
            Err(self.page.missing(path))
        }
    }

    fn arrived(&self, doing: &'static str, at: &str) -> Result<(), PersonError> {
        if self.page.status == StatusCode::OK && self.page.path().starts_with(at) {
            return Ok(());
        }
        Err(PersonError::Elsewhere {
            doing,
            page: self.page.path().to_owned(),
            status: self.page.status.as_u16(),
            says: self.page.beginning(),
        })
    }

    /// Creates an account with the link that comes by mail, and is signed in to it.
    ///
    /// # Errors
    /// If the page does not accept it.
    pub async fn create_account(&mut self, account: &Account<'_>) -> Result<(), PersonError> {
        self.open("/register").await?;
        let values = [
            ("first_name", account.first_name),
            ("last_name", account.last_name),
            ("email", account.email),
            ("privacy", "yes"),
        ];
        self.account = Some((account.email.to_owned(), account.password.to_owned()));
        self.submit("/register", &values).await?;
        self.arrived("asking for an account", "/register")?;
        let link = self.mailed_link(account.email, "/register/").await?;
        self.open(&link).await?;
        let values = [
            ("password", account.password),
            ("password_again", account.password),
        ];
        self.submit(&link, &values).await?;
        self.arrived("creating an account", "/account")
    }

    /// Gives e-mail and password. With no device yet, that is all; else the page asks for the
    /// method.
    ///
    /// # Errors
    /// If the page does not accept them.
    pub async fn give_password(&mut self, email: &str, password: &str) -> Result<(), PersonError> {
        self.account = Some((email.to_owned(), password.to_owned()));
        self.open("/sign-in").await?;
        self.submit("/sign-in", &[("email", email)]).await?;
        self.submit("/sign-in/password", &[("password", password)])
            .await?;
        if self
            .arrived("signing in with the password", "/account")
            .is_ok()
        {
            return Ok(());
        }
        self.arrived("signing in with the password", "/sign-in/method")
    }

    /// Signs out.
    ///
    /// # Errors
    /// If that does not work.
    pub async fn sign_out(&mut self) -> Result<(), PersonError> {
        self.open("/account").await?;
        self.submit("/sign-out", &[]).await?;
        self.arrived("signing out", "/sign-in")
    }

    /// Whether the browser is signed in, asked by opening the account's page.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn is_signed_in(&mut self) -> Result<bool, PersonError> {
        self.open("/account").await?;
        Ok(self.arrived("looking at the account", "/account").is_ok())
    }

    /// Adds a device; the first with the password and a link that comes by mail. The page then
    /// shows a QR code, or first asks for an approval by another device.
    ///
    /// # Errors
    /// If the page does not accept it.
    pub async fn add_device(&mut self, name: &str) -> Result<(), PersonError> {
        self.begin_device(&[("name", name)]).await
    }

    /// Fills in the form that adds a device. The first of an account takes the password too, and a
    /// link that comes by mail.
    async fn begin_device(&mut self, values: &[(&str, &str)]) -> Result<(), PersonError> {
        self.open("/account/devices").await?;
        let form = self.form("/account/devices/add", &[]);
        let account = self.account.clone();
        match account.filter(|_| form.is_some_and(|form| form.has("password"))) {
            None => drop(self.submit("/account/devices/add", values).await?),
            Some((email, password)) => {
                let values = [values, &[("password", password.as_str())]].concat();
                self.submit("/account/devices/add", &values).await?;
                self.arrived("adding the first device", "/account/confirm")?;
                let link = self.mailed_link(&email, "/account/confirm/").await?;
                self.open(&link).await?;
                self.submit(&link, &[]).await?;
            }
        }
        if self.arrived("adding a device", "/challenge/").is_ok() {
            return Ok(());
        }
        self.arrived("adding a device", "/account/enrolments/")
    }

    /// Chooses "app" as the method: the phone is asked.
    ///
    /// # Errors
    /// If the page does not offer it.
    pub async fn ask_app(&mut self) -> Result<(), PersonError> {
        self.open("/sign-in/method").await?;
        self.submit("/sign-in/app", &[]).await?;
        self.arrived("choosing the app", "/challenge/")
    }

    /// Chooses "QR code" as the method: the page shows one and takes the code.
    ///
    /// # Errors
    /// If the page does not offer it.
    pub async fn ask_code(&mut self) -> Result<(), PersonError> {
        self.open("/sign-in/method").await?;
        self.submit("/sign-in/code", &[]).await?;
        self.arrived("choosing the QR code", "/challenge/")
    }

    /// Fills in a transfer. The page then shows a QR code and takes the code.
    ///
    /// # Errors
    /// If the page does not accept it.
    pub async fn begin_transfer(&mut self, transfer: &Transfer<'_>) -> Result<(), PersonError> {
        self.open("/account/transfer").await?;
        self.submit("/account/transfer", &transfer.fields()).await?;
        self.arrived("filling in a transfer", "/challenge/")
    }

    /// The number that the page shows, to be typed on the phone.
    ///
    /// # Errors
    /// If it shows none.
    pub fn number(&self) -> Result<u8, PersonError> {
        self.page
            .by_id("number")
            .and_then(|number| number.replace(' ', "").parse().ok())
            .filter(|number| (10..=99).contains(number))
            .ok_or_else(|| self.page.missing("number"))
    }

    /// The QR code on the page, as the PNG that the service offers.
    ///
    /// # Errors
    /// If there is none.
    pub async fn qr_png(&mut self) -> Result<Vec<u8>, PersonError> {
        let path = format!("{}/code.png", self.page.path());
        self.download(&path).await
    }

    /// The link behind the QR code on the page.
    ///
    /// # Errors
    /// If there is none.
    pub async fn qr_link(&mut self) -> Result<String, PersonError> {
        let path = format!("{}/link", self.page.path());
        let bytes = self.download(&path).await?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// Types a code from the phone into the page's only code form: six digits at enrolment, else a
    /// one-time or transaction code. Whether it was right, the next page tells.
    ///
    /// # Errors
    /// If the page has no such form, or does not answer.
    pub async fn type_code(&mut self, code: &str) -> Result<&Page, PersonError> {
        self.submit("/code", &[("code", code)]).await
    }

    /// Waits, as the page does, until it has news other than `open`, and shows what it goes on to.
    ///
    /// # Errors
    /// If it has none in time.
    pub async fn wait_while(
        &mut self,
        state: &str,
        longest: Duration,
    ) -> Result<&Page, PersonError> {
        let path = self.page.path().to_owned();
        let end = Instant::now() + longest;
        while self.state().await? == state {
            if Instant::now() >= end {
                return Err(PersonError::Waited(path));
            }
            tokio::time::sleep(POLL).await;
        }
        self.open(&path).await
    }

    /// What the page's own script would be told: `open`, `done`; at enrolment `claimed`,
    /// `confirmed`, `done`, `void`.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn state(&mut self) -> Result<String, PersonError> {
        let path = format!("{}/state", self.page.path());
        let bytes = self.download(&path).await?;
        serde_json::from_slice::<serde_json::Value>(&bytes)
            .ok()
            .and_then(|value| Some(value.get("state")?.as_str()?.to_owned()))
            .ok_or_else(|| self.page.missing("state"))
    }

    /// The identifiers of the devices that the page lists with a form to remove each.
    #[must_use]
    pub fn devices(&self) -> Vec<String> {
        let mut found: Vec<String> = tags(&self.page.html, "input")
            .into_iter()
            .filter(|tag| tag.get("name") == Some("dev"))
            .filter_map(|tag| tag.get("value").map(str::to_owned))
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

/// Follows no redirect, so that every step is seen.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    // For this process; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .build()
}

/// The innermost cause is the one that tells a person something.
fn network(url: &Url, error: &reqwest::Error) -> PersonError {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    PersonError::Network {
        url: url.origin().ascii_serialization(),
        why: inner.to_string(),
    }
}
