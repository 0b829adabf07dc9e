//! TLS as it goes over the wire, with the phone's own transport at the other end; who may connect;
//! and the key file apart from the data.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, time::Duration};

use crate::support::{PASSWORD, World};
use countersign::transport::{HttpTransport, Outgoing, Transport, TransportError};
use countersign_protocol::{info::Info, message::Received, origin::Origin};
use countersign_service::{Config, Connections, Embedded, OriginSetting};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// A certificate authority of this test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    /// Writes a certificate for `host` with its key, and says how to use them.
    fn issue(&self, folder: &Path, host: &str) -> Connections {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        written(folder, certificate.der(), &key)
    }
}

fn written(folder: &Path, certificate: &[u8], key: &KeyPair) -> Connections {
    let connections = (folder.join("cert.pem"), folder.join("key.pem"));
    fs::write(&connections.0, pem("CERTIFICATE", certificate)).unwrap();
    fs::write(&connections.1, pem("PRIVATE KEY", key.serialized_der())).unwrap();
    private(&connections.1, 0o600);
    Connections::Tls {
        certificate: connections.0,
        key: connections.1,
    }
}

fn private(path: &Path, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// RFC 7468.
fn pem(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut body = String::new();
    for chunk in der.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            body.push(if place <= chunk.len() {
                char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize])
            } else {
                '='
            });
        }
        if body.len() % 65 == 64 {
            body.push('\n');
        }
    }
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        body.trim_end()
    )
}

async fn start(folder: &Path, connections: Connections) -> Embedded {
    Embedded::start(Config {
        connections,
        ..Config::embedded(folder.join("data"))
    })
    .await
    .unwrap()
}

/// Fetches the service's information as a phone does.
async fn fetch(transport: &HttpTransport, origin: &str) -> Result<Vec<u8>, TransportError> {
    transport
        .send(Outgoing {
            origin: Origin::parse(origin).unwrap(),
            path: "/.well-known/countersign",
            body: None,
            limit: 4096,
            timeout: Duration::from_secs(10),
        })
        .await
}

#[tokio::test]
async fn a_phone_that_trusts_the_authority_reads_the_information_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let service = start(folder.path(), authority.issue(folder.path(), "localhost")).await;
    assert!(service.origin().starts_with("https://localhost:"));
    let transport = HttpTransport::with_authorities([authority.der()]);
    let bytes = fetch(&transport, service.origin()).await.unwrap();
    let info = Received::<Info>::parse(&bytes)
        .unwrap()
        .verify_first_contact()
        .unwrap();
    assert_eq!(info.origin.as_str(), service.origin());
    service.stop().await;
}

#[tokio::test]
async fn a_certificate_of_another_host_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let service = start(
        folder.path(),
        authority.issue(folder.path(), "other.example.eu"),
    )
    .await;
    let transport = HttpTransport::with_authorities([authority.der()]);
    let error = fetch(&transport, service.origin()).await.unwrap_err();
    assert!(
        matches!(&error, TransportError::Unreachable { why, .. } if why.contains("certificate")),
        "{error}"
    );
    service.stop().await;
}

#[tokio::test]
async fn a_certificate_that_vouches_for_itself_or_of_an_unknown_authority_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let known = Authority::new();
    let service = start(folder.path(), written(folder.path(), own.der(), &key)).await;
    for transport in [
        HttpTransport::new(),
        HttpTransport::with_authorities([known.der()]),
    ] {
        let error = fetch(&transport, service.origin()).await.unwrap_err();
        assert!(
            matches!(&error, TransportError::Unreachable { why, .. } if why.contains("certificate")),
            "{error}"
        );
    }
    service.stop().await;

    let second = tempfile::tempdir().unwrap();
    let unknown = Authority::new();
    let service = start(second.path(), unknown.issue(second.path(), "localhost")).await;
    assert!(
        fetch(
            &HttpTransport::with_authorities([known.der()]),
            service.origin()
        )
        .await
        .is_err()
    );
    assert!(
        fetch(
            &HttpTransport::with_authorities([unknown.der()]),
            service.origin()
        )
        .await
        .is_ok()
    );
    service.stop().await;
}

#[tokio::test]
async fn a_tls_port_takes_no_plain_http_and_slow_or_foreign_handshakes_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let service = start(folder.path(), authority.issue(folder.path(), "localhost")).await;
    let _silent = tokio::net::TcpStream::connect(service.address())
        .await
        .unwrap();
    let plain = crate::support::client()
        .get(format!("http://{}/", service.address()))
        .send()
        .await;
    assert!(plain.is_err());
    let transport = HttpTransport::with_authorities([authority.der()]);
    assert!(fetch(&transport, service.origin()).await.is_ok());
    service.stop().await;
}

async fn refused(config: Config) -> String {
    Embedded::start(config).await.err().unwrap().to_string()
}

#[tokio::test]
async fn plain_http_beyond_this_computer_and_an_http_origin_with_tls_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let open = refused(Config {
        listen: ([0, 0, 0, 0], 0).into(),
        ..Config::embedded(&data)
    })
    .await;
    for help in ["--tls-cert", "--trusted-proxy", "127.0.0.1"] {
        assert!(open.contains(help), "{open}");
    }
    let tls = Authority::new().issue(folder.path(), "localhost");
    for connections in [tls, Connections::Proxies(vec![[10, 0, 0, 2].into()])] {
        let http = refused(Config {
            connections,
            origin: OriginSetting::Kept,
            ..Config::embedded(&data)
        })
        .await;
        assert!(http.contains("--origin https://"), "{http}");
    }
}

#[tokio::test]
async fn certificates_and_keys_that_can_not_be_used_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let Connections::Tls { certificate, key } = authority.issue(folder.path(), "localhost") else {
        unreachable!()
    };
    let other = tempfile::tempdir().unwrap();
    let Connections::Tls { key: foreign, .. } = authority.issue(other.path(), "localhost") else {
        unreachable!()
    };
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "nothing here").unwrap();
    private(&empty, 0o600);
    let open = folder.path().join("open.pem");
    fs::copy(&key, &open).unwrap();
    private(&open, 0o644);
    let missing = folder.path().join("missing.pem");
    for (certificate, key, says) in [
        (&missing, &key, "can't be read"),
        (&empty, &key, "has no certificate"),
        (&certificate, &empty, "has no private key"),
        (&certificate, &foreign, "can't be used with the key"),
        (&certificate, &open, "others on this machine can read"),
    ] {
        let error = refused(Config {
            connections: Connections::Tls {
                certificate: certificate.clone(),
                key: key.clone(),
            },
            ..Config::embedded(folder.path().join("data"))
        })
        .await;
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn only_the_trusted_proxy_is_served_and_what_it_forwards_changes_nothing() {
    for (proxy, served) in [([127, 0, 0, 1], true), ([10, 0, 0, 2], false)] {
        let folder = tempfile::tempdir().unwrap();
        let service = Embedded::start(Config {
            connections: Connections::Proxies(vec![proxy.into()]),
            origin: OriginSetting::Exactly("https://sign.example.eu".into()),
            ..Config::embedded(folder.path())
        })
        .await
        .unwrap();
        let answer = crate::support::client()
            .get(format!("http://{}/sign-in", service.address()))
            .header("host", "sign.example.eu")
            .header("x-forwarded-proto", "http")
            .header("x-forwarded-host", "evil.example")
            .header("forwarded", "host=evil.example;proto=http")
            .send()
            .await;
        assert_eq!(answer.is_ok(), served);
        if let Ok(answer) = answer {
            let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
            assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"));
            assert!(!answer.text().await.unwrap().contains("evil.example"));
        }
        service.stop().await;
    }
}

#[tokio::test]
async fn a_backup_of_the_data_without_the_key_file_opens_nothing() {
    let world = World::new().await;
    let (_browser, _phone) = world.person().await;
    let origin = world.service.origin().to_owned();
    world.service.stop().await;
    let backup = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(world.folder.path()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), backup.path().join(entry.file_name())).unwrap();
        }
    }
    assert!(!backup.path().join("keys").exists());
    let missing = refused(Config::embedded(backup.path())).await;
    assert!(missing.contains("is missing"), "{missing}");
    // Another service's key does not fit.
    let stranger = World::new().await;
    let foreign = stranger.folder.path().join("keys/service.key");
    let wrong = refused(Config {
        key_file: Some(foreign),
        ..Config::embedded(backup.path())
    })
    .await;
    assert!(wrong.contains("does not open"), "{wrong}");
    // With its own key, from wherever that is kept, everything is there.
    let service = Embedded::start(Config {
        key_file: Some(world.folder.path().join("keys/service.key")),
        clock: world.clock.clone(),
        ..Config::embedded(backup.path())
    })
    .await
    .unwrap();
    assert_eq!(service.origin(), origin);
    let mut browser = crate::support::Browser::new(service.address(), service.origin());
    let page = browser.password("anna@example.eu", PASSWORD).await;
    assert_eq!(page.path, "/sign-in/method");
    service.stop().await;
}
