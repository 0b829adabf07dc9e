//! The service's web origin (§2), to which accounts are bound.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::id::Svc;

/// `https://host[:port]`, or `http` for a loopback host: lower case, no default port, nothing after
/// it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

/// Why a text is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Neither `https://` nor `http://` in front, or too long.
    #[error("an address must begin with https:// (http:// only for localhost)")]
    Scheme,
    /// Plain http to another machine.
    #[error("http:// is for localhost only; use https://")]
    PlainHttp,
    /// The host or port is not in its canonical form.
    #[error(
        "the address must be just https://host or https://host:port, in lower case, without a path"
    )]
    Form,
}

impl Origin {
    /// The longest origin, in bytes.
    pub const LONGEST: usize = 255;

    /// Parses the canonical form; anything else is refused, not repaired.
    ///
    /// # Errors
    /// Names the part that is not canonical.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        if text.len() > Self::LONGEST {
            return Err(OriginError::Scheme);
        }
        let (secure, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(OriginError::Scheme),
        };
        let (host, port) = split_port(rest).ok_or(OriginError::Form)?;
        if !is_host(host) {
            return Err(OriginError::Form);
        }
        if let Some(port) = port {
            let number: u16 = port.parse().map_err(|_| OriginError::Form)?;
            let default = if secure { 443 } else { 80 };
            if number == 0 || number == default || number.to_string() != port {
                return Err(OriginError::Form);
            }
        }
        if !secure && !is_loopback(host) {
            return Err(OriginError::PlainHttp);
        }
        Ok(Self(text.to_owned()))
    }

    /// The origin of a host and port, `https` unless the host is a loopback host.
    ///
    /// # Errors
    /// As [`Origin::parse`].
    pub fn from_authority(authority: &str) -> Result<Self, OriginError> {
        let (host, _) = split_port(authority).ok_or(OriginError::Form)?;
        let scheme = if is_loopback(host) { "http" } else { "https" };
        Self::parse(&format!("{scheme}://{authority}"))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its hash, which messages carry.
    pub fn svc(&self) -> Svc {
        let hash = Sha256::digest(self.0.as_bytes());
        let mut svc = [0; 8];
        svc.copy_from_slice(&hash[..8]);
        Svc(svc)
    }

    /// Whether it is `https`.
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Host and, where not the default, port, as people see them.
    pub fn authority(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, rest)| rest)
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    // An IPv6 host has colons of its own, inside brackets.
    let end = authority.find(']').map_or(0, |at| at + 1);
    match authority.get(end..)?.split_once(':') {
        Some((host, port)) => Some((authority.get(..end + host.len())?, Some(port))),
        None => Some((authority, None)),
    }
}

fn is_host(host: &str) -> bool {
    if host == "[::1]" {
        return true;
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_an_origin() {
        for good in [
            "https://sign.example.eu",
            "https://sign.example.eu:8443",
            "http://localhost:8800",
            "http://127.0.0.1:1",
            "http://[::1]:8800",
            "https://xn--bcher-kva.example",
        ] {
            assert_eq!(Origin::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "https://SIGN.example.eu",
            "https://sign.example.eu/",
            "https://sign.example.eu:443",
            "https://sign.example.eu:0443",
            "https://sign.example.eu:",
            "https://user@sign.example.eu",
            "https://sign..example.eu",
            "https://",
            "https://bücher.example",
            "https://a b",
            "http://sign.example.eu",
            "http://localhost.example.eu",
            "ftp://localhost",
            "localhost:8800",
            "https://[::2]",
            "https://]:1",
        ] {
            assert!(Origin::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            Origin::from_authority("localhost:8800").unwrap().as_str(),
            "http://localhost:8800"
        );
        assert_eq!(
            Origin::from_authority("[::1]:8800").unwrap().authority(),
            "[::1]:8800"
        );
        assert_eq!(
            Origin::from_authority("sign.example.eu").unwrap().as_str(),
            "https://sign.example.eu"
        );
    }
}
