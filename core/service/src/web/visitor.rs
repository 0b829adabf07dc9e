//! The visitor of a page: the cookie, and its session.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Path},
    http::{HeaderMap, StatusCode, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{Time, id::AccountId};
use minijinja::Value;
use ring::digest;
use serde::Serialize;

use super::{
    asked::{Asked, after_sign_in},
    asking::{self, Asking, BrowserOfAsks},
    cookies::{Cookie, digits},
    error::PageError,
    phone,
    refused::{Filled, Kept, Refused},
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
    pages::Frame,
    policy::{self, means::Accepted},
    security,
    store::{Account, Entry, Method, Proved, Session, SessionHash},
};

/// A browser with a session, or with a cookie that only ties forms to it.
pub(super) struct Visitor {
    cookie: String,
    /// The token of this browser's forms.
    pub(super) csrf: String,
    /// Whether the browser has no cookie of ours yet.
    pub(super) fresh: bool,
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
    /// The page that the person wanted to see before signing in.
    next: Option<String>,
    /// Why the form of this page was refused before.
    kept: Option<Kept>,
    /// What was filled in, in the form that was sent now or was refused before.
    pub(super) filled: Filled,
    /// When the session ends, if the visitor is signed in.
    ends: Option<Ends>,
    asked: Asked,
}

/// When a session ends.
#[derive(Clone, Copy, Serialize)]
struct Ends {
    /// When, if it is used no more.
    at: Time,
    /// Seconds until then.
    left: u64,
    /// Seconds until it ends because of its age.
    age: u64,
    /// For how long it is kept after each use, in seconds.
    idle: u64,
}

impl Ends {
    fn of(session: &Session, now: Time) -> Self {
        // A use within a minute of the one before is not noted.
        let used_at = match session.used_at + 60 <= now {
            true => now,
            false => session.used_at,
        };
        let idle = policy::SESSION_IDLE_SECONDS;
        let at = session.expires_at.min(used_at + idle);
        Self {
            at,
            left: at.saturating_sub(now),
            age: session.expires_at.saturating_sub(now),
            idle,
        }
    }
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
    /// The visitor of a request.
    pub(super) async fn of(app: &App, request: &Parts) -> Result<Self, PageError> {
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
            // A page that asks for news by itself is not used.
            .filter(|session| session.used_at + 60 <= now && !asked.path.ends_with("/state"))
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
        let whole = session.as_ref().filter(|session| session.signed_in);
        let ends = whole.map(|session| Ends::of(session, now));
        let kept = Kept::of(app, &request.method, &asked, &request.headers);
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
            next: Cookie::Next.read(&request.headers, secure, |page| {
                after_sign_in(page).map(str::to_owned)
            }),
            told: Cookie::Told.read(&request.headers, secure, Told::from_name),
            asking,
            asks,
            filled: kept
                .as_ref()
                .map(|kept| kept.filled.clone())
                .unwrap_or_default(),
            kept,
            ends,
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
            filled: self.filled.values(),
            ends: Value::from_serialize(self.ends),
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

    /// Where the person goes on after signing in: to the service that asked for it, to the page
    /// that they wanted to see, or to the account.
    pub(super) fn next(&self) -> &str {
        match (&self.asking, &self.next) {
            (Some(_), _) => "/enter",
            (None, Some(page)) => page,
            (None, None) => "/account",
        }
    }

    /// What the service that asked for a sign-in accepts, or the account's own pages.
    pub(super) fn accepted(&self) -> Accepted {
        match &self.asking {
            Some(asking) => Accepted::at(asking.ask.wanted.least),
            None => Accepted::OWN_PAGES,
        }
    }

    /// The page as another address is to show it: one that answers a form, or is not at its own.
    pub(super) fn leaves(&self, status: StatusCode, page: (&str, &Value)) -> Option<Refused> {
        let cookie = (!self.fresh).then_some(&*self.cookie);
        Refused::of(&self.asked, cookie, status, page, &self.filled)
    }

    /// The status and the values of a page, with why its form was refused before.
    pub(super) fn over(
        &self,
        template: &str,
        (status, values): (StatusCode, Value),
    ) -> (StatusCode, Value) {
        match &self.kept {
            Some(kept) => kept.over(template, (status, values)),
            None => (status, values),
        }
    }

    /// Whether this page is to say why its form was refused.
    pub(super) fn was_refused(&self) -> bool {
        self.kept.is_some()
    }

    /// Sets the cookie if the browser doesn't have it yet, and drops what was said once.
    pub(super) fn remember(&self, response: &mut Response) {
        if self.kept.is_some() {
            Cookie::Refused.set(response, "", self.secure, Some(0));
        }
        if self.told.is_some() {
            Cookie::Told.set(response, "", self.secure, Some(0));
        }
        // Browsers send no cookies with a form of another site's page, and may have a session.
        if !self.fresh || self.asked.by_form {
            return;
        }
        Cookie::Session.set(response, &self.cookie, self.secure, None);
    }

    /// Takes the browser's cookie away, once its session has ended. Browsers drop the pages that
    /// they kept for going back when a cookie changes, so that nobody goes back to them.
    pub(super) fn leave(&self, response: &mut Response) {
        Cookie::Session.set(response, "", self.secure, Some(0));
        if self.next.is_some() {
            Cookie::Next.set(response, "", self.secure, Some(0));
        }
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
            Cookie::Next.set(&mut response, "", self.secure, Some(0));
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
