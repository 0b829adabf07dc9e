//! What a request says of the page that it asks for: its language, and where it is.

use std::sync::{Arc, OnceLock};

use axum::{
    http::{HeaderMap, Method, Request, Uri, header, request::Parts},
    response::Response,
};
use minijinja::context;

use super::{
    cookies::{Cookie, digits},
    error::PageError,
    told::Told,
};
use crate::{app::App, base::lang::Lang, edge, pages::Frame, policy, store::Session};

/// The longest address of a page that a choice of language leads back to, in bytes.
const LONGEST: usize = 500;

/// What a request says of the page that it asks for.
pub(crate) struct Asked {
    /// The language that the person chose in this browser.
    chosen: Option<Lang>,
    /// The language that the browser asks for.
    accepted: Option<Lang>,
    /// The page's own path, where a choice of language leads back to.
    here: String,
    /// The address, without a query.
    pub(super) path: String,
    /// Whether a form was sent there.
    pub(super) by_form: bool,
    /// Whether a browser says that the answer is shown as a page (Fetch Metadata, section 2.2).
    pub(super) navigates: bool,
    /// The cookie of the browser's session, perhaps of one that is over.
    pub(super) cookie: Option<String>,
    secure: bool,
    found: Found,
}

/// What a request's visitor was found to be: for the page of an error, which is made where the
/// visitor is known no more. It travels with the request.
#[derive(Clone, Default)]
struct Found(Arc<OnceLock<Person>>);

/// What is found of a visitor.
struct Person {
    lang: Lang,
    /// The token of the forms, where the visitor is signed in.
    csrf: Option<String>,
}

impl Asked {
    /// Of a request. Whoever asks for the same request again shares what is found of its visitor.
    pub(crate) fn of<B>(app: &App, request: &mut Request<B>) -> Self {
        let found = request.extensions_mut().get_or_insert_default::<Found>();
        let found = found.clone();
        Self::read(
            app,
            request.method(),
            request.uri(),
            request.headers(),
            found,
        )
    }

    /// Of a request's head.
    pub(super) fn of_parts(app: &App, parts: &Parts) -> Self {
        let found = parts.extensions.get::<Found>().cloned().unwrap_or_default();
        Self::read(app, &parts.method, &parts.uri, &parts.headers, found)
    }

    fn read(app: &App, method: &Method, uri: &Uri, headers: &HeaderMap, found: Found) -> Self {
        let secure = app.origin.is_secure();
        let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        // The page that a form leads to is that of the same path without what was typed.
        let here = match *method {
            Method::GET => uri.path_and_query().map_or("/", |path| path.as_str()),
            _ => uri.path(),
        };
        Self {
            path: uri.path().to_owned(),
            navigates: headers
                .get("sec-fetch-mode")
                .is_some_and(|mode| mode == "navigate"),
            by_form: *method == Method::POST,
            cookie: Cookie::Session.read(headers, secure, digits),
            secure,
            chosen: Cookie::Language.read(headers, secure, Lang::from_name),
            accepted: Lang::accepted(lines.filter_map(|line| line.to_str().ok())),
            here: own_page(here)
                .or_else(|| above(here))
                .unwrap_or("/")
                .to_owned(),
            found,
        }
    }

    /// The language, as far as the request tells, or as its visitor was found to speak.
    pub(super) fn lang(&self) -> Lang {
        let visitors = self.found.0.get().map(|person| person.lang);
        let lang = visitors.or(self.chosen).or(self.accepted);
        lang.unwrap_or_default()
    }

    /// The language for a visitor with this session: chosen in this browser, else the account's,
    /// else what the service asks for that sent the visitor here, else what the browser asks for.
    pub(super) async fn lang_of(
        &self,
        app: &App,
        session: Option<&Session>,
        csrf: &str,
        services: Option<Lang>,
    ) -> Result<Lang, PageError> {
        let lang = match (self.chosen, session) {
            (None, Some(session)) => app.store.account(session.account).await?,
            _ => None,
        };
        let lang = lang.map(|account| account.language);
        let lang = lang.or(services.filter(|_| self.chosen.is_none()));
        let signed_in = session.is_some_and(|session| session.signed_in);
        let person = self.found.0.get_or_init(|| Person {
            lang: lang.unwrap_or(self.lang()),
            csrf: signed_in.then(|| csrf.to_owned()),
        });
        Ok(person.lang)
    }

    /// Says on the next page that the time of a session is over, where the browser had one, and
    /// keeps the page that was asked for until the person has signed in.
    pub(super) fn say_why(&self, response: &mut Response) {
        if self.cookie.is_some() {
            Told::SignInFirst.tell(response, self.secure);
        }
        if let Some(page) = after_sign_in(&self.here)
            && !self.by_form
        {
            let seconds = Some(policy::TYPED_SECONDS);
            Cookie::Next.set(response, page, self.secure, seconds);
        }
    }

    /// The frame of a page without a visitor of its own, as that of an error.
    pub(super) fn frame(&self, lang: Lang) -> Frame<'_> {
        let csrf = self.found.0.get().and_then(|person| person.csrf.as_deref());
        Frame {
            csrf: csrf.unwrap_or_default(),
            signed_in: csrf.is_some(),
            lang,
            here: &self.here,
            who: None,
            phone: false,
            told: None,
            entering: None,
            filled: context! {},
            ends: ().into(),
        }
    }
}

/// The page above an address that takes forms alone.
fn above(here: &str) -> Option<&str> {
    own_page(here.rsplit_once('/')?.0)
}

/// A path, perhaps with a query, if it is that of one of our own pages.
pub(super) fn own_page(to: &str) -> Option<&str> {
    let (path, query) = to.split_once('?').unwrap_or((to, ""));
    let plain = |text: &str, marks: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
    };
    let ours = to.len() <= LONGEST
        && plain(path, "/-_.")
        && plain(query, "=&-_")
        && !path.contains("..")
        && edge::is_page(path);
    ours.then_some(to)
}

/// A page of the account, perhaps with a query, that a new session can show. It names nothing of
/// the account by an identifier: another person may be the next who signs in there.
pub(super) fn after_sign_in(to: &str) -> Option<&str> {
    let path = to.split('?').next()?;
    let is_word =
        |part: &str| part.len() < 16 && part.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let of_account = path == "/account" || path.starts_with("/account/");
    own_page(to).filter(|_| of_account && path.split('/').all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_led_back_to() {
        for to in [
            "/",
            "/sign-in",
            "/account/devices",
            "/challenge/00112233445566778899aabbccddeeff",
            "/mobile/00112233445566778899aabbccddeeff/return?r=00ff",
        ] {
            assert_eq!(own_page(to), Some(to));
        }
        for to in [
            "",
            "sign-in",
            "//evil.example",
            "//evil.example/sign-in",
            "/\\evil.example",
            "https://evil.example/",
            "https:/sign-in",
            "/sign-in/../../x",
            "/challenge/..",
            "/challenge/",
            "/sign-in\r\nSet-Cookie: a=b",
            "/sign-in?to=https://evil.example",
            "/sign-in#x",
            "/sign-in/app",
            "/sign-out",
            "/static/style.css",
            "/api/v1/inbox",
            "/nowhere",
            &format!("/sign-in?{}", "a".repeat(LONGEST)),
        ] {
            assert_eq!(own_page(to), None, "{to}");
        }
    }

    #[test]
    fn only_pages_of_the_account_are_next_after_a_sign_in() {
        for to in [
            "/account",
            "/account/devices",
            "/account/transactions/other",
            "/account/history?month=2026-12&page=2",
        ] {
            assert_eq!(after_sign_in(to), Some(to));
        }
        for to in [
            "/",
            "/accounts",
            "/sign-in",
            "/account/",
            "/account/history.csv",
            "/account/../recovery",
            "/account//evil.example",
            "/account/enrolments/00112233445566778899aabbccddeeff",
            "/account/devices/aaaaaaaaaaaaaaaa/pin",
            "/account/transactions/done/00112233445566778899aabbccddeeff",
            "/challenge/00112233445566778899aabbccddeeff",
            "//evil.example/account",
            "https://evil.example/account",
            "/account?to=https://evil.example",
        ] {
            assert_eq!(after_sign_in(to), None, "{to}");
        }
    }
}
