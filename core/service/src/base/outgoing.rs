//! Requests that the service makes itself: over TLS, without redirects, with limits of time, and
//! without a look at what comes back but its status.

use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Client, ClientBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring::default_provider};
use rustls_platform_verifier::BuilderVerifierExt;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);

/// A client with these settings of TLS.
pub(crate) fn build(config: ClientConfig) -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(config)
        .http1_only()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .user_agent(concat!("countersign-service/", env!("CARGO_PKG_VERSION")))
}

fn secure() -> Result<ClientBuilder, String> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|error| error.to_string())?
        .with_no_client_auth();
    Ok(build(config).https_only(true))
}

/// A client that trusts the system's certificate authorities, and takes TLS alone.
///
/// # Errors
/// Why these authorities can't be used.
pub(crate) fn secure_client() -> Result<Client, String> {
    secure()?.build().map_err(|error| error.to_string())
}

/// A client for loopback hosts. It trusts no certificate.
///
/// # Errors
/// Why it can't be made.
pub(crate) fn loopback_client() -> Result<Client, String> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let client = build(config).no_proxy().build();
    client.map_err(|error| error.to_string())
}

/// The innermost cause of a failure; it never holds a URL.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut inner: &dyn Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// Requests to addresses that the operator's configuration names.
pub(crate) struct Outgoing {
    /// To the internet alone: a name that leads to a private network is not followed.
    public: Result<Client, String>,
    /// To private networks too.
    private: Result<Client, String>,
    /// To this computer, without TLS.
    loopback: Result<Client, String>,
}

impl Outgoing {
    /// Where the system has no certificate authorities, only requests to this computer succeed.
    pub(crate) fn new() -> Self {
        let public = secure().and_then(|builder| {
            let client = builder.no_proxy().dns_resolver(PublicOnly).build();
            client.map_err(|error| error.to_string())
        });
        Self {
            public,
            private: secure_client(),
            loopback: loopback_client(),
        }
    }

    /// The status of a `GET`.
    ///
    /// # Errors
    /// Why there was no answer.
    pub(crate) async fn get(&self, url: &str, private: bool) -> Result<u16, String> {
        let sent = self.client(url, private)?.get(url).send().await;
        status(sent)
    }

    /// The status of a form that is posted.
    ///
    /// # Errors
    /// Why there was no answer.
    pub(crate) async fn post(
        &self,
        url: &str,
        private: bool,
        fields: &[(&str, &str)],
    ) -> Result<u16, String> {
        let request = self.client(url, private)?.post(url).body(form(fields));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        status(request.send().await)
    }

    fn client(&self, url: &str, private: bool) -> Result<&Client, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        let host = url.host_str().unwrap_or_default();
        let loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let literal = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        let client = match (url.scheme(), loopback) {
            ("http", true) => &self.loopback,
            // An address of this computer is named where it is written out.
            ("https", true) => &self.private,
            ("https", false) if private => &self.private,
            ("https", false) if literal.is_ok_and(|address| !is_public(address)) => {
                return Err("the address is private, and its entry does not say so".to_owned());
            }
            ("https", false) => &self.public,
            _ => return Err("the address is not https".to_owned()),
        };
        client.as_ref().map_err(Clone::clone)
    }
}

fn status(sent: Result<reqwest::Response, reqwest::Error>) -> Result<u16, String> {
    match sent {
        Ok(response) => Ok(response.status().as_u16()),
        // An error of reqwest names the URL.
        Err(error) => Err(reason(&error.without_url())),
    }
}

/// Fields as a form's body.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let mut pairs: Vec<String> = Vec::new();
    let escape = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    for (name, value) in fields {
        pairs.push(format!("{}={}", escape(name), escape(value)));
    }
    pairs.join("&")
}

/// Gives the addresses of a name that are anybody's, and leaves out those of private networks.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|it| is_public(it.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to a private network".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the internet (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (b & 0xfe) == 18))
        }
        IpAddr::V6(address) => {
            let first = address.segments()[0];
            // Global unicast alone, without 6to4, Teredo and documentation, which can hold others.
            (0x2000..0x4000).contains(&first)
                && first != 0x2002
                && !(first == 0x2001 && address.segments()[1] < 0x0200)
                && !(first == 0x2001 && address.segments()[1] == 0x0db8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_private_network_is_told_from_one_of_the_internet() {
        for public in ["9.9.9.9", "192.0.9.1", "2620:fe::fe", "::ffff:9.9.9.9"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "127.0.0.1",
            "10.0.0.7",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.0.170",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001::1",
            "::ffff:10.0.0.7",
            "::ffff:169.254.169.254",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[tokio::test]
    async fn a_request_goes_to_private_places_only_where_they_are_named() {
        let outgoing = Outgoing::new();
        for url in [
            "http://app.example.eu/",
            "https://10.0.0.7/",
            "https://[fd00::1]/",
            "https://169.254.169.254/latest",
            "ftp://localhost/",
            "file:///etc/passwd",
            "nonsense",
        ] {
            assert!(outgoing.client(url, false).is_err(), "{url}");
        }
        assert!(outgoing.client("http://localhost:1/", false).is_ok());
        let resolved = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.is_err());
    }

    #[test]
    fn a_form_holds_any_text() {
        assert_eq!(
            form(&[("a", "b c&d=é"), ("e", "")]),
            "a=b%20c%26d%3D%C3%A9&e="
        );
    }
}
