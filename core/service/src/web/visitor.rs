//! The visitor of a page: the cookie, its session, and forms that only our own pages can have sent.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{Form, FromRequest, FromRequestParts, Path, RawForm, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::id::AccountId;
use ring::digest;
use serde::{Deserialize, de::DeserializeOwned};
use subtle::ConstantTimeEq;

use super::{
    asked::Asked,
    asking::{self, Asking, BrowserOfAsks},
    cookies::Cookie,
    error::PageError,
    phone,
    remembered::{Remembered, TypedAddress},
    told::Told,
};
use crate::{
    app::App,
    base::{
        email::Email,
        hex::{self, FromHex, Hex},
        lang::Lang,
        random::{self, NoRandomness},
    },
    edge::{self, Pass},
    pages::Frame,
    policy::{self, means::Accepted},
    security,
    store::{Account, Entry, Method, Proved, Session, SessionHash},
};

/// A browser with a session, or with a cookie that only ties forms to it.
pub(super) struct Visitor {
    cookie: String,
    csrf: String,
    fresh: bool,
    /// Whether cookies are for TLS alone.
    pub(super) secure: bool,
    /// The cookie of a known browser, whether or not it is known for anything.
    known: Option<String>,
    /// The session, half or whole.
    pub(super) session: Option<Session>,
    /// The language of this visitor's pages.
    pub(super) lang: Lang,
    /// The address of whoever is signing in, from the first page until the last factor.
    who: Option<Email>,
    /// What was typed on the first page of a sign-in.
    pub(super) typed: Option<TypedAddress>,
    /// The addresses that this browser remembers.
    pub(super) remembered: Remembered,
    /// Whether it says that it is a phone's.
    phone: bool,
    /// What its next page says once.
    told: Option<Told>,
    /// The cookie that names the browser to what services asked for in it.
    asks: Option<String>,
    /// What a service asked for last in this browser, and waits for.
    pub(super) asking: Option<Asking>,
    asked: Asked,
}

/// The value of a cookie that is 64 hexadecimal digits.
fn digits(value: &str) -> Option<String> {
    hex::decode::<32>(value).is_some().then(|| value.to_owned())
}

/// Whether an earlier strong sign-in made the browser that sends these headers known for this
/// account.
pub(super) async fn is_known(
    app: &App,
    headers: &HeaderMap,
    account: AccountId,
) -> Result<bool, PageError> {
    Ok(known_mark(app, headers, account).await?.is_some())
}

/// The mark of the browser that sends these headers, if it is known for this account.
pub(super) async fn known_mark(
    app: &App,
    headers: &HeaderMap,
    account: AccountId,
) -> Result<Option<SessionHash>, PageError> {
    let Some(cookie) = Cookie::Known.read(headers, app.origin.is_secure(), digits) else {
        return Ok(None);
    };
    let mark = hash(&cookie);
    let known = app
        .store
        .knows_browser(mark, account, app.clock.now())
        .await?;
    Ok(known.then_some(mark))
}

fn hash(cookie: &str) -> SessionHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, cookie.as_bytes()).as_ref());
    hash
}

impl Visitor {
    async fn of(app: &App, request: &Parts) -> Result<Self, PageError> {
        let secure = app.origin.is_secure();
        let asked = Asked::of_parts(app, request);
        let cookie = Cookie::Session.read(&request.headers, secure, digits);
        let now = app.clock.now();
        let session = match &cookie {
            Some(cookie) => app.store.session(hash(cookie), now).await?,
            None => None,
        };
        if let Some(session) = session
            .as_ref()
            .filter(|session| session.used_at + 60 <= now)
        {
            app.store.touch_session(session.hash, now).await?;
        }
        let who = match &session {
            Some(session) if !session.signed_in => app.store.account(session.account).await?,
            _ => None,
        };
        let asks = Cookie::Asks.read(&request.headers, secure, digits);
        let fresh = cookie.is_none();
        let cookie = match cookie {
            Some(cookie) => cookie,
            None => hex::encode(&random::bytes::<32>()?),
        };
        let csrf = csrf(app, &cookie);
        let asking = asking::of(app, asks.as_deref()).await?;
        let services = asking.as_ref().and_then(Asking::language);
        Ok(Self {
            lang: asked
                .lang_of(app, session.as_ref(), &csrf, services)
                .await?,
            csrf,
            cookie,
            fresh,
            secure,
            known: Cookie::Known.read(&request.headers, secure, digits),
            session,
            who: who.map(|account| account.email),
            typed: TypedAddress::of(&request.headers, secure),
            remembered: Remembered::of(&request.headers, secure),
            phone: phone::is_phone(&request.headers),
            told: Cookie::Told.read(&request.headers, secure, Told::from_name),
            asking,
            asks,
            asked,
        })
    }

    /// The same visitor, on a page of the sign-in of this address.
    pub(super) fn signing_in(self, email: Email) -> Self {
        Self {
            who: Some(email),
            ..self
        }
    }

    /// The frame of this visitor's pages.
    pub(super) fn frame(&self) -> Frame<'_> {
        Frame {
            csrf: &self.csrf,
            signed_in: self.signed_in().is_ok(),
            who: self.who.as_ref().map(Email::as_str),
            phone: self.phone,
            told: self.told.map(Told::name),
            entering: self
                .asking
                .as_ref()
                .map(|asking| asking.client.name.as_str()),
            ..self.asked.frame(self.lang)
        }
    }

    /// The mark under which this browser may be known.
    pub(super) fn known_mark(&self) -> Option<SessionHash> {
        self.known.as_deref().map(hash)
    }

    /// The hash of this browser's cookie: its session's name, if it has one.
    pub(super) fn browser(&self) -> SessionHash {
        hash(&self.cookie)
    }

    /// The browser, as what services ask for is tied to it; a new name where it has none yet.
    pub(super) fn browser_of_asks(&self) -> Result<BrowserOfAsks, NoRandomness> {
        BrowserOfAsks::of(self.asks.as_deref(), self.secure)
    }

    /// Where the person goes on after signing in: to the service that asked for it, or to the
    /// account.
    pub(super) fn next(&self) -> &'static str {
        match self.asking {
            Some(_) => "/enter",
            None => "/account",
        }
    }

    /// What the service that asked for a sign-in accepts, or the account's own pages.
    pub(super) fn accepted(&self) -> Accepted {
        match &self.asking {
            Some(asking) => Accepted::at(asking.ask.wanted.least),
            None => Accepted::OWN_PAGES,
        }
    }

    /// Sets the cookie if the browser doesn't have it yet, and drops what was said once.
    pub(super) fn remember(&self, response: &mut Response) {
        if self.told.is_some() {
            Cookie::Told.set(response, "", self.secure, Some(0));
        }
        if !self.fresh {
            return;
        }
        Cookie::Session.set(response, &self.cookie, self.secure, None);
    }

    /// Takes the browser's cookie away, once its session has ended. Browsers drop the pages that
    /// they kept for going back when a cookie changes, so that nobody goes back to them.
    pub(super) fn leave(&self, response: &mut Response) {
        Cookie::Session.set(response, "", self.secure, Some(0));
    }

    /// The session, if the visitor is signed in.
    pub(super) fn signed_in(&self) -> Result<&Session, PageError> {
        self.session
            .as_ref()
            .filter(|session| session.signed_in)
            .ok_or(PageError::SignInFirst)
    }

    /// The session, if the visitor gave the password and still needs a second factor.
    pub(super) fn half(&self) -> Result<&Session, PageError> {
        self.session
            .as_ref()
            .filter(|session| !session.signed_in && session.proved(Method::Password).is_some())
            .ok_or(PageError::SignInFirst)
    }

    /// Any session.
    pub(super) fn any(&self) -> Result<&Session, PageError> {
        self.session.as_ref().ok_or(PageError::SignInFirst)
    }

    /// This browser in the session that was opened after a right password and owes a factor.
    pub(super) fn in_half(self, app: &App, opening: &Opening, email: Email) -> Self {
        let session = Session {
            signed_in: false,
            ..opening.entry.session.clone()
        };
        Self {
            csrf: csrf(app, &opening.cookie),
            cookie: opening.cookie.clone(),
            fresh: false,
            session: Some(session),
            who: Some(email),
            ..self
        }
    }

    /// A session to be opened, with a new cookie, so that an old one that somebody saw is worth
    /// nothing. `method` is the proof given now; the store replaces it by an approval or code.
    pub(super) fn opening(
        &self,
        app: &App,
        account: AccountId,
        method: Method,
    ) -> Result<Opening, PageError> {
        let cookie = hex::encode(&random::bytes::<32>()?);
        let known = hex::encode(&random::bytes::<32>()?);
        let now = app.clock.now();
        let session = Session {
            hash: hash(&cookie),
            id: random::bytes()?,
            caller: security::caller(),
            account,
            signed_in: true,
            proofs: vec![Proved {
                method,
                at: now,
                dev: None,
            }],
            created_at: now,
            used_at: now,
            expires_at: now + policy::SESSION_SECONDS,
            kept_account: false,
            export_until: None,
        };
        Ok(Opening {
            entry: Entry {
                replaces: hash(&self.cookie),
                known_before: self.known.as_deref().map(hash),
                known: hash(&known),
                session,
            },
            cookie,
            known,
            secure: self.secure,
        })
    }
}

/// A session that the store is to open, with the cookies that the browser then gets.
pub(super) struct Opening {
    /// The store's part.
    pub(super) entry: Entry,
    cookie: String,
    known: String,
    secure: bool,
}

impl Opening {
    /// Goes to `to`, once the session is open.
    pub(super) fn go(&self, to: &str) -> Response {
        self.leave(false, to)
    }

    /// Goes to `to`, once the browser is signed in, with a new mark. A browser that is known by it
    /// only has a reserve of tries, and comes back from a phone without a question.
    pub(super) fn go_known(&self, to: &str) -> Response {
        self.leave(true, to)
    }

    /// Gives the browser the mark by which it is known the next time.
    pub(super) fn mark(&self, response: &mut Response) {
        let seconds = Some(policy::KNOWN_BROWSER_SECONDS);
        Cookie::Known.set(response, &self.known, self.secure, seconds);
    }

    fn leave(&self, known: bool, to: &str) -> Response {
        let mut response = Redirect::to(to).into_response();
        self.set_cookie(&mut response);
        if known {
            self.mark(&mut response);
        }
        response
    }

    /// Gives the browser the cookie of the session. From then on the session says whose it is.
    pub(super) fn set_cookie(&self, response: &mut Response) {
        Cookie::Session.set(response, &self.cookie, self.secure, None);
        TypedAddress::forget(response, self.secure);
    }
}

fn csrf(app: &App, cookie: &str) -> String {
    hex::encode(&app.root.csrf.mac(&[cookie.as_bytes()]))
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, PageError> {
        Self::of(app, parts).await
    }
}

/// The account of a session.
pub(super) async fn account_of(app: &App, session: &Session) -> Result<Account, PageError> {
    let account = app.store.account(session.account).await?;
    account.ok_or(PageError::SignInFirst)
}

/// The identifier in a page's address. With any other text there is no such page.
impl<S: Send + Sync, T: FromHex> FromRequestParts<S> for Hex<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let digits = Path::<String>::from_request_parts(parts, state).await;
        let value = digits.ok().and_then(|Path(digits)| T::from_hex(&digits));
        value.map(Self).ok_or(PageError::NotFound)
    }
}

/// A form that one of our own pages sent in this browser: its fields and its visitor.
pub(super) struct Posted<T> {
    pub(super) visitor: Visitor,
    pub(super) headers: HeaderMap,
    pub(super) form: T,
}

/// A form without fields of its own.
#[derive(Deserialize)]
pub(super) struct Nothing {}

#[derive(Deserialize)]
struct Guard {
    csrf: String,
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Posted<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, PageError> {
        let (parts, body) = request.into_parts();
        same_site(app, &parts.headers)?;
        let visitor = Visitor::of(app, &parts).await?;
        let pass = parts.extensions.get::<Pass>().cloned();
        let headers = parts.headers.clone();
        let body = read(Request::from_parts(parts, body)).await?;
        let guard = parse::<Guard>(&body)
            .await
            .map_err(|_| PageError::FormExpired)?;
        // A fresh visitor has no cookie, so no page of ours gave this browser a form.
        if visitor.fresh || !bool::from(guard.csrf.as_bytes().ct_eq(visitor.csrf.as_bytes())) {
            return Err(PageError::FormExpired);
        }
        if let Some(pass) = pass.filter(Pass::costs_an_account)
            && let Some(session) = &visitor.session
        {
            let known = session.signed_in || is_known(app, &headers, session.account).await?;
            app.edge
                .charge_account(&pass, session.account, known, app.clock.now())?;
        }
        Ok(Self {
            visitor,
            headers,
            form: parse(&body).await?,
        })
    }
}

/// A form that one of our own pages sent, which changes nothing that needs the browser's token.
/// Pages that nobody is known for, such as those of errors, have no token.
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Sent<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, PageError> {
        same_site(app, request.headers())?;
        parse(&read(request).await?).await.map(Self)
    }
}

/// The body of a form.
async fn read(request: Request) -> Result<Bytes, PageError> {
    let body = tokio::time::timeout(edge::BODY, RawForm::from_request(request, &()));
    let Ok(body) = body.await else {
        return Err(PageError::BadForm);
    };
    let RawForm(body) = body.map_err(|error| match error.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLong,
        _ => PageError::BadForm,
    })?;
    Ok(body)
}

async fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, PageError> {
    let request = Request::builder()
        .method("POST")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.clone()))
        .map_err(|_| PageError::BadForm)?;
    Form::from_request(request, &())
        .await
        .map(|Form(form)| form)
        .map_err(|_| PageError::BadForm)
}

/// Refuses a form that the browser says comes from another site, before its token is checked. For
/// our own forms browsers send `Origin: null`, because our pages ask for no referrer; then
/// `Sec-Fetch-Site` and the token decide.
fn same_site(app: &App, headers: &HeaderMap) -> Result<(), PageError> {
    let says = |name: &str, good: &[&str]| {
        headers
            .get(name)
            .is_none_or(|value| good.iter().any(|good| value == good))
    };
    if says("origin", &[app.origin.as_str(), "null"])
        && says("sec-fetch-site", &["same-origin", "none"])
    {
        Ok(())
    } else {
        Err(PageError::OtherSite)
    }
}
