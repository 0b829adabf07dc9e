//! A page as the browser shows it, the data that a person types, and errors.

use std::path::PathBuf;

use reqwest::{StatusCode, Url};

use super::html::{text, text_of};

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
        /// The missing part.
        what: String,
        /// The beginning of its text.
        says: String,
    },
    /// The page is another one than was expected.
    #[error("after {doing} the page is {page} ({status}); it says: {says}")]
    Elsewhere {
        /// The person's action.
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

/// A page that the browser shows.
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

    /// Its text as a person reads it.
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

    pub(super) fn missing(&self, what: impl Into<String>) -> PersonError {
        PersonError::Missing {
            page: self.path().to_owned(),
            what: what.into(),
            says: self.beginning(),
        }
    }

    pub(super) fn beginning(&self) -> String {
        self.text().chars().take(300).collect()
    }
}

/// A new account's data.
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
    /// The reference.
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
