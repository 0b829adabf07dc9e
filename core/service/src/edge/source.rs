//! The source of a request: the address that it is counted for, and its place.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use axum::{
    extract::FromRequestParts,
    http::{Extensions, HeaderMap, HeaderName, request::Parts},
};
use countersign_protocol::field::is_displayable;

/// The header in which proxies name the client.
const FORWARDED: &str = "x-forwarded-for";
/// Addresses of that header that are read, from the right, at most.
const HOPS: usize = 32;
/// The length of the IPv6 prefix that one customer gets, in bits.
const PREFIX: u32 = 64;

/// The address that a request or connection is counted for: an IPv4 address, or the first 64 bits
/// of an IPv6 address, because one customer has all addresses with the same 64 bits.
///
/// Handlers take it as an argument, before the one that reads the body. [`Origins::of`] decides it
/// once for each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Source(IpAddr);

impl Source {
    /// The source of an address. An IPv4 address written as IPv6 is the IPv4 address.
    pub(crate) fn new(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let kept = u128::from(address) & (u128::MAX << (128 - PREFIX));
                IpAddr::V6(Ipv6Addr::from(kept))
            }
            address => address,
        })
    }

    /// The source's address, or the first one of its IPv6 prefix.
    pub(crate) fn address(self) -> IpAddr {
        self.0
    }

    /// The source of the request that has these extensions. Requests that did not come through the
    /// listener have none in them, and share one.
    pub(super) fn of_extensions(extensions: &Extensions) -> Self {
        let source = extensions.get().copied();
        source.unwrap_or(Self(Ipv4Addr::UNSPECIFIED.into()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of_extensions(&parts.extensions))
    }
}

/// The place that a request comes from, as a trusted proxy says: text that can be shown.
#[derive(Debug, Clone)]
pub(crate) struct Location(pub(crate) String);

/// The longest place, in characters. A longer one is left out.
const LONGEST_PLACE: usize = 60;

/// Decides the source of each request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins {
    /// The trusted proxies, canonical.
    proxies: Vec<IpAddr>,
    /// The header in which they say from what place a request comes.
    place: Option<HeaderName>,
}

impl Origins {
    /// Trusts these proxies. Without any, no header is read.
    pub(crate) fn new(proxies: &[IpAddr], place: Option<HeaderName>) -> Self {
        Self {
            proxies: proxies.iter().map(IpAddr::to_canonical).collect(),
            place,
        }
    }

    /// Whether this is a trusted proxy.
    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.contains(&address.to_canonical())
    }

    /// The source of a request that came from `peer`. From a trusted proxy it is the right-most
    /// address in X-Forwarded-For that is no trusted proxy: the client can have written anything to
    /// the left of it. Other headers are not read.
    ///
    /// If the header is missing, names only proxies, or has something other than an address where
    /// the next address should be, the request counts for the proxy that sent it. A proxy that is
    /// set up wrongly so limits its own clients, and a malformed header gains nobody a source.
    pub(crate) fn of(&self, peer: IpAddr, headers: &HeaderMap) -> Source {
        if !self.is_proxy(peer) {
            return Source::new(peer);
        }
        let lines = headers.get_all(FORWARDED).iter().rev();
        let hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for hop in hops.take(HOPS) {
            match address(hop) {
                Some(address) if self.is_proxy(address) => (),
                Some(address) => return Source::new(address),
                None => break,
            }
        }
        Source::new(peer)
    }

    /// The place that a request from `peer` comes from, if it is a trusted proxy that says so: in
    /// the last line of its header, because a client may have written those before it. One that is
    /// long, or can't be shown, is left out.
    pub(crate) fn place(&self, peer: IpAddr, headers: &HeaderMap) -> Option<Location> {
        let name = self.place.as_ref().filter(|_| self.is_proxy(peer))?;
        let line = headers.get_all(name).iter().next_back()?;
        let place = std::str::from_utf8(line.as_bytes()).ok()?.trim();
        let fits = !place.is_empty() && place.chars().count() <= LONGEST_PLACE;
        (fits && is_displayable(place)).then(|| Location(place.to_owned()))
    }
}

/// Reads an address, with or without a port. Some proxies write one.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let with_port = |text: &str| text.parse::<SocketAddr>().ok().map(|at| at.ip());
    text.parse().ok().or_else(|| with_port(text))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn of(peer: &str, lines: &[&str]) -> IpAddr {
        let origins = Origins::new(&[at("10.0.0.2"), at("10.0.0.3")], None);
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED, line.parse().unwrap());
        }
        origins.of(at(peer), &headers).address()
    }

    #[test]
    fn without_a_trusted_proxy_the_header_is_ignored() {
        assert_eq!(of("192.0.2.1", &["198.51.100.7"]), at("192.0.2.1"));
    }

    #[test]
    fn the_right_most_address_that_is_no_trusted_proxy_is_the_source() {
        for lines in [
            &["198.51.100.7"][..],
            &["1.1.1.1, 198.51.100.7"],
            &["garbage,1.1.1.1 , 198.51.100.7,10.0.0.3"],
            &["1.1.1.1", "198.51.100.7, 10.0.0.3", "10.0.0.2"],
            &["198.51.100.7:443"],
            &["::ffff:198.51.100.7"],
            &["::ffff:198.51.100.7, ::ffff:10.0.0.3"],
        ] {
            assert_eq!(of("10.0.0.2", lines), at("198.51.100.7"), "{lines:?}");
            assert_eq!(of("::ffff:10.0.0.2", lines), at("198.51.100.7"));
        }
        assert_eq!(of("10.0.0.2", &["2001:db8::1:2:3:4"]), at("2001:db8::"));
        assert_eq!(of("10.0.0.2", &["[2001:db8::1]:80"]), at("2001:db8::"));
    }

    #[test]
    fn a_request_counts_for_the_proxy_where_the_header_names_nobody() {
        for lines in [
            &[][..],
            &[""],
            &["198.51.100.7, "],
            &["198.51.100.7, unknown"],
            &["198.51.100.7, unknown, 10.0.0.3"],
            &["10.0.0.3, 10.0.0.2"],
            &["198.51.100.7 1.1.1.1"],
            &["for=198.51.100.7"],
        ] {
            assert_eq!(of("10.0.0.2", lines), at("10.0.0.2"), "{lines:?}");
        }
    }

    #[test]
    fn one_customers_ipv6_addresses_are_one_source() {
        let source = |text| Source::new(at(text));
        assert_eq!(source("2001:db8:0:1::1"), source("2001:db8:0:1:ffff::9"));
        assert_ne!(source("2001:db8:0:1::1"), source("2001:db8:0:2::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }

    #[test]
    fn a_place_is_read_from_a_trusted_proxy_in_its_last_line_if_it_can_be_shown() {
        let name = HeaderName::from_static("x-place");
        let origins = Origins::new(&[at("10.0.0.2")], Some(name.clone()));
        let place = |peer: &str, lines: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(&name, HeaderValue::from_bytes(line).unwrap());
            }
            let place = origins.place(at(peer), &headers);
            place.map(|Location(place)| place)
        };
        let long = "a".repeat(LONGEST_PLACE + 1);
        for (lines, read) in [
            (&[" Rīga, Latvia ".as_bytes()][..], Some("Rīga, Latvia")),
            (&[b"Paris", b"LV"], Some("LV")),
            (&["a".repeat(LONGEST_PLACE).as_bytes()], Some(&long[1..])),
            (&[], None),
            (&[b" "], None),
            (&[b"LV", b""], None),
            (&[long.as_bytes()], None),
            (&[b"\xff"], None),
            (&[b"a\tb"], None),
            (&["\u{202e}LV".as_bytes()], None),
        ] {
            assert_eq!(place("10.0.0.2", lines).as_deref(), read, "{lines:?}");
            assert_eq!(place("192.0.2.1", lines), None);
        }
    }
}
