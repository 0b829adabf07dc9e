//! The e-mail addresses that a browser keeps in cookies: the one that was typed on the first page
//! of a sign-in, and those that the person asked it to remember.

use axum::{http::HeaderMap, response::Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};

use super::cookies::Cookie;
use crate::{base::email::Email, policy};

/// Addresses that a browser remembers, at most.
const REMEMBERED: usize = 3;

/// What was typed on the first page of a sign-in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct TypedAddress {
    /// The address.
    pub(super) email: Email,
    /// Whether this browser is to remember it, once the password was right.
    pub(super) remember: bool,
}

impl TypedAddress {
    /// What this browser typed, until it is signed in or [`policy::TYPED_SECONDS`] are over.
    pub(super) fn of(headers: &HeaderMap, secure: bool) -> Option<Self> {
        Cookie::Typed.read(headers, secure, Self::parse)
    }

    /// Keeps it for the next page.
    pub(super) fn keep(&self, response: &mut Response, secure: bool) {
        let seconds = Some(policy::TYPED_SECONDS);
        Cookie::Typed.set(response, &self.text(), secure, seconds);
    }

    /// Makes the browser drop it.
    pub(super) fn forget(response: &mut Response, secure: bool) {
        Cookie::Typed.set(response, "", secure, Some(0));
    }

    fn text(&self) -> String {
        let what = if self.remember { "keep" } else { "once" };
        format!("{what}.{}", encoded(&self.email))
    }

    fn parse(text: &str) -> Option<Self> {
        let (what, email) = text.split_once('.')?;
        let remember = match what {
            "keep" => true,
            "once" => false,
            _ => return None,
        };
        let email = decoded(email)?;
        Some(Self { email, remember })
    }
}

/// The addresses that a browser remembers, the last one first.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Remembered(Vec<Email>);

impl Remembered {
    /// Those of this browser. A cookie that is not wholly as we set it counts for none.
    pub(super) fn of(headers: &HeaderMap, secure: bool) -> Self {
        let found = Cookie::Remembered.read(headers, secure, Self::parse);
        found.unwrap_or_default()
    }

    /// The addresses.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Email::as_str)
    }

    /// The same with this address as the last one. The one that was used longest ago makes room.
    pub(super) fn with(&self, email: &Email) -> Self {
        let others = self.0.iter().filter(|kept| *kept != email);
        let all = std::iter::once(email).chain(others);
        Self(all.take(REMEMBERED).cloned().collect())
    }

    /// The same without this address.
    pub(super) fn without(&self, email: &Email) -> Self {
        let others = self.0.iter().filter(|kept| *kept != email);
        Self(others.cloned().collect())
    }

    /// The same without this address, if it is there.
    pub(super) fn unless(&self, email: &Email) -> Option<Self> {
        self.0.contains(email).then(|| self.without(email))
    }

    /// Makes the browser remember these.
    pub(super) fn keep(&self, response: &mut Response, secure: bool) {
        let seconds = match self.0.is_empty() {
            true => 0,
            false => policy::REMEMBERED_SECONDS,
        };
        Cookie::Remembered.set(response, &self.text(), secure, Some(seconds));
    }

    fn text(&self) -> String {
        let all: Vec<_> = self.0.iter().map(encoded).collect();
        all.join(".")
    }

    fn parse(text: &str) -> Option<Self> {
        let all: Option<Vec<_>> = text.split('.').take(REMEMBERED + 1).map(decoded).collect();
        all.filter(|all| all.len() <= REMEMBERED).map(Self)
    }
}

/// An address in the characters of a cookie: it may have letters of any script.
fn encoded(email: &Email) -> String {
    BASE64.encode(email.as_str())
}

/// The address that was encoded so: in its one spelling, and no other text.
fn decoded(text: &str) -> Option<Email> {
    let bytes = BASE64.decode(text).ok()?;
    let text = str::from_utf8(&bytes).ok()?;
    let email = Email::parse(text).ok()?;
    (email.as_str() == text).then_some(email)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn sent(name: &str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::try_from(format!("other=1; {name}={value}")).unwrap();
        headers.insert(header::COOKIE, value);
        headers
    }

    #[test]
    fn a_typed_address_comes_back_as_it_was_and_nothing_else_does() {
        for remember in [true, false] {
            let typed = TypedAddress {
                email: email("ūdens@ezers.lv"),
                remember,
            };
            let headers = sent("countersign-typed", &typed.text());
            assert_eq!(TypedAddress::of(&headers, false), Some(typed.clone()));
            assert_eq!(TypedAddress::of(&headers, true), None, "another name");
        }
        let of = |text: &str| BASE64.encode(text);
        for bad in [
            String::new(),
            "keep".into(),
            "keep.".into(),
            format!("maybe.{}", of("anna@example.eu")),
            format!("keep.{}", of("Anna@example.eu")),
            format!("keep.{}", of(" anna@example.eu")),
            format!("keep.{}", of("anna@example.eu\r\nset-cookie: a=b")),
            format!("keep.{}", of("no address")),
            format!("keep.{}.more", of("anna@example.eu")),
            format!("keep.{}=", of("anna@example.eu")),
        ] {
            let headers = sent("countersign-typed", &bad.replace(['\r', '\n'], ""));
            assert_eq!(TypedAddress::of(&headers, false), None, "{bad}");
        }
    }

    #[test]
    fn three_addresses_are_remembered_the_last_one_first() {
        let mut kept = Remembered::default();
        for name in ["anna", "juris", "anna", "zane", "ivars"] {
            kept = kept.with(&email(&format!("{name}@example.eu")));
        }
        let headers = sent("countersign-remembered", &kept.text());
        assert_eq!(Remembered::of(&headers, false), kept);
        let all: Vec<_> = kept.addresses().collect();
        assert_eq!(
            all,
            ["ivars@example.eu", "zane@example.eu", "anna@example.eu"]
        );
        let kept = kept.without(&email("zane@example.eu"));
        let all: Vec<_> = kept.addresses().collect();
        assert_eq!(all, ["ivars@example.eu", "anna@example.eu"]);
        let four = [kept.text(), kept.text()].join(".");
        let headers = sent("countersign-remembered", &four);
        assert_eq!(Remembered::of(&headers, false), Remembered::default());
    }
}
