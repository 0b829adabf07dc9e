//! The person at the computer: a browser without a screen that uses a sign-in service's own pages
//! and forms over real HTTP.
//!
//! The demo and the end-to-end tests drive a service with it. It knows what a person knows:
//! addresses, what the fields are called, and what the page says; never the service's inside. What
//! it reads is listed at `countersign_service`'s module `web`.

pub mod html;
pub mod mail;
mod page;
mod script;
mod steps;
pub mod work;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE, USER_AGENT};
use reqwest::{Client, Method, StatusCode, Url};

use html::{Form, forms};
pub use page::{Account, Page, PersonError, Transfer};

/// A browser that the service's list knows, so that a phone shows a request as people see it.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// The longest page or picture.
const LONGEST: usize = 4 << 20;
const MOST_REDIRECTS: usize = 10;
const TIMEOUT: Duration = Duration::from_secs(30);

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
    /// Whether the browser says that it is a phone's.
    phone: bool,
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
            phone: false,
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

    /// The page that the browser shows now.
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
            .header("sec-fetch-site", "same-origin")
            .header("sec-ch-ua-mobile", if self.phone { "?1" } else { "?0" });
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
