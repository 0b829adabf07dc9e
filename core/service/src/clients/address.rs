//! Addresses of services: those that are registered, and whether one that a request names is among
//! them. What a request names is hostile: whoever chooses where a browser goes with a ticket has
//! the account there. So it is compared as text first, and everything that two parsers could read
//! in two ways is refused.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

/// The longest address, in bytes.
const LONGEST: usize = 2048;

/// A registered address: exactly that one, or all below a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    text: String,
    /// Everything that begins so is meant, too.
    prefix: bool,
}

/// Why an address can't be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadAddress {
    /// It is no address, or has more than one spelling.
    #[error("it is no whole address in its one spelling, as in https://app.example.eu/login")]
    Spelling,
    /// It is neither https nor on this computer.
    #[error(
        "it must be https; http is for a service on this computer alone (localhost, 127.0.0.1, [::1])"
    )]
    Plain,
    /// It has a part that addresses of services can't have.
    #[error("it can't have a user, a fragment, `..`, a backslash, or %2e, %2f or %5c in its path")]
    Part,
    /// It ends in `/` and has a query.
    #[error("an address that stands for all below it can't have a query")]
    Query,
}

impl Address {
    /// An address that is meant alone, however it ends.
    ///
    /// # Errors
    /// [`BadAddress`]
    pub(crate) fn exact(text: &str) -> Result<Self, BadAddress> {
        let url = Url::parse(text).map_err(|_| BadAddress::Spelling)?;
        if !is_plain(text) || !has_plain_path(text) {
            return Err(BadAddress::Part);
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(BadAddress::Part);
        }
        if url.as_str() != text || text.len() > LONGEST {
            return Err(BadAddress::Spelling);
        }
        match (url.scheme(), is_loopback(&url)) {
            ("https", _) | ("http", true) => {}
            _ => return Err(BadAddress::Plain),
        }
        Ok(Self {
            text: text.to_owned(),
            prefix: false,
        })
    }

    /// The same, but one that ends in `/` stands for all addresses below it.
    ///
    /// # Errors
    /// [`BadAddress`]
    pub(crate) fn exact_or_below(text: &str) -> Result<Self, BadAddress> {
        let exact = Self::exact(text)?;
        let prefix = text.ends_with('/');
        if prefix && text.contains('?') {
            return Err(BadAddress::Query);
        }
        Ok(Self { prefix, ..exact })
    }

    /// As it was registered.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is the address, or one below it.
    pub(crate) fn covers(&self, named: &str) -> bool {
        if !self.prefix {
            return named == self.text;
        }
        // The text begins with the whole origin and path, so that no parser finds another host in
        // it; what comes after can lead out of neither.
        named.starts_with(&self.text) && is_safe(named)
    }

    /// Its origin, as a `form-action` names it.
    pub(crate) fn origin(&self) -> String {
        origin(&self.text)
    }
}

/// The scheme, host and port of an address that was taken; empty for any other text.
pub(crate) fn origin(address: &str) -> String {
    let url = Url::parse(address).ok();
    let origin = url.map(|url| url.origin().ascii_serialization());
    origin.unwrap_or_default()
}

/// Whether an address that a request names can be compared at all.
fn is_safe(named: &str) -> bool {
    let Ok(url) = Url::parse(named) else {
        return false;
    };
    named.len() <= LONGEST
        && is_plain(named)
        && has_plain_path(named)
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && has_no_ticket(&url)
}

/// ASCII that can be seen, without what parsers disagree about.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains(['\\', '#', '"', '<', '>'])
}

/// Whether the path, up to the query, says what it says in one way only.
fn has_plain_path(text: &str) -> bool {
    let path = text.split('?').next().unwrap_or_default();
    let path = path.to_ascii_lowercase();
    let after = path.split_once("://").map_or("", |(_, rest)| rest);
    let escapes = ["%2e", "%2f", "%5c", "%25", "%00", "%0a", "%0d"];
    !after.contains("//")
        && after.split('/').all(|part| part != ".." && part != ".")
        && escapes.iter().all(|escape| !path.contains(escape))
}

/// A ticket in the address could be taken for the one that is added to it.
fn has_no_ticket(url: &Url) -> bool {
    url.query_pairs().all(|(name, _)| name != "ticket")
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// What is escaped in a value: all but the unreserved characters (RFC 3986, section 2.3).
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text as the value of a parameter.
pub(crate) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// The address with one more parameter. Name and value need no escapes.
pub(crate) fn with(address: &str, name: &str, value: &str) -> String {
    let sign = match address.contains('?') {
        true if address.ends_with(['?', '&']) => "",
        true => "&",
        false => "?",
    };
    format!("{address}{sign}{name}={value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_registered_in_one_spelling_over_tls_or_on_this_computer() {
        for text in [
            "https://app.example.eu/",
            "https://app.example.eu/login?next=1",
            "https://app.example.eu:8443/a/",
            "http://localhost:3000/",
            "http://127.0.0.1/x",
            "http://[::1]:5000/x",
            "https://xn--eckwd4c7c.example/",
        ] {
            assert_eq!(Address::exact(text).unwrap().as_str(), text);
        }
        for (text, why) in [
            ("", BadAddress::Spelling),
            ("app.example.eu/login", BadAddress::Spelling),
            ("https://app.example.eu", BadAddress::Spelling),
            ("https://APP.example.eu/", BadAddress::Spelling),
            ("https://app.example.eu:443/", BadAddress::Spelling),
            ("http://app.example.eu/", BadAddress::Plain),
            ("http://localhost.example.eu/", BadAddress::Plain),
            ("http://10.0.0.7/", BadAddress::Plain),
            ("javascript:alert(1)", BadAddress::Plain),
            ("ftp://localhost/", BadAddress::Plain),
            ("https://user@app.example.eu/", BadAddress::Part),
            ("https://app.example.eu/#x", BadAddress::Part),
            ("https://app.example.eu/a/../b", BadAddress::Part),
            ("https://app.example.eu/a%2fb", BadAddress::Part),
            ("https://app.example.eu/a\\b", BadAddress::Part),
            ("https://app.example.eu/a b", BadAddress::Part),
            ("https://ezers.lv/ķ", BadAddress::Part),
        ] {
            assert_eq!(Address::exact(text), Err(why), "{text}");
        }
        let bad = Address::exact_or_below("https://app.example.eu/?x=/");
        assert_eq!(bad, Err(BadAddress::Query));
    }

    #[test]
    fn what_a_request_names_stays_below_the_registered_path_whoever_reads_it() {
        let below = Address::exact_or_below("https://app.example.eu/a/").unwrap();
        for named in [
            "https://app.example.eu/a/",
            "https://app.example.eu/a/b/c",
            "https://app.example.eu/a/?next=%2Fx%2F..&y=http://evil.example/@",
            "https://app.example.eu/a/b;jsessionid=1",
            "https://app.example.eu/a/@b",
        ] {
            assert!(below.covers(named), "{named}");
        }
        for named in [
            "",
            "https://app.example.eu/a",
            "https://app.example.eu/ab",
            "https://app.example.eu/A/",
            "https://app.example.eu/b/",
            "http://app.example.eu/a/",
            "https://APP.example.eu/a/",
            "https://app.example.eu:443/a/",
            "https://app.example.eu:8443/a/",
            "https://app.example.eu./a/",
            "https://app.example.eu@evil.example/a/",
            "https://evil.example/a/",
            "https://evil.example/https://app.example.eu/a/",
            "https://app.example.eu.evil.example/a/",
            "//app.example.eu/a/",
            " https://app.example.eu/a/",
            "https://app.example.eu/a/ ",
            "https://app.example.eu/a/../b",
            "https://app.example.eu/a/..",
            "https://app.example.eu/a/./b",
            "https://app.example.eu/a/%2e%2e/b",
            "https://app.example.eu/a/%2E%2e/b",
            "https://app.example.eu/a/..%2fb",
            "https://app.example.eu/a/%2fevil.example",
            "https://app.example.eu/a/%5c..",
            "https://app.example.eu/a/%252e%252e/b",
            "https://app.example.eu/a/\\..\\b",
            "https://app.example.eu/a//evil.example",
            "https://app.example.eu/a/#x",
            "https://app.example.eu/a/?x#y",
            "https://app.example.eu/a/\r\nLocation: https://evil.example/",
            "https://app.example.eu/a/\0",
            "https://app.example.eu/a/\u{202e}",
            "https://app.example.eu/a/?ticket=ST-1",
            "https://app.example.eu/a/?x=1&%74icket=ST-1",
            "https://app.example.eu/a/\"><script>",
            &format!("https://app.example.eu/a/{}", "x".repeat(LONGEST)),
        ] {
            assert!(!below.covers(named), "{named}");
        }
    }

    #[test]
    fn an_exact_address_is_that_one_alone() {
        let exact = Address::exact("https://app.example.eu/a/").unwrap();
        assert!(exact.covers("https://app.example.eu/a/"));
        for named in [
            "https://app.example.eu/a/b",
            "https://app.example.eu/a/?x=1",
            "https://app.example.eu/a",
        ] {
            assert!(!exact.covers(named), "{named}");
        }
    }

    #[test]
    fn a_parameter_is_added_to_the_query_that_is_there() {
        for (address, whole) in [
            ("https://a.eu/", "https://a.eu/?t=1"),
            ("https://a.eu/?x=1", "https://a.eu/?x=1&t=1"),
            ("https://a.eu/?", "https://a.eu/?t=1"),
            ("https://a.eu/?x&", "https://a.eu/?x&t=1"),
        ] {
            assert_eq!(with(address, "t", "1"), whole);
        }
    }
}
