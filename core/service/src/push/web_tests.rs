use std::{net::SocketAddr, sync::Arc};

use countersign_protocol::push::PushKind;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::ring::default_provider};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::base::outgoing::build;

const HOST: &str = "push.example.eu";
const KNOCK: Knock = Knock {
    lifetime: 180,
    now: 1_795_450_000,
};

fn address(url: &str) -> PushAddress {
    PushAddress::new(PushKind::WebPush, url.to_owned()).unwrap()
}

fn web(named: &[&str]) -> WebPush {
    let named = named
        .iter()
        .map(|host| Origin::from_authority(host).unwrap());
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let own = Origin::parse("https://sign.example.eu").unwrap();
    WebPush::new(named.collect(), key, &own).unwrap()
}

fn provider() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
}

/// A push service with TLS for this host, its certificate authority, and the heads of the messages
/// that came.
async fn tls_server(host: &str) -> (SocketAddr, Vec<u8>, UnboundedReceiver<String>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialized_der().to_vec().into());
    let config = provider()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (news, came) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let _ = news.send(String::from_utf8(head).unwrap());
            let answer = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    });
    (at, authority.der().to_vec(), came)
}

/// The client for other hosts, which trusts this authority and resolves the host's name to `at`.
fn led_here(at: SocketAddr, authority: &[u8]) -> Client {
    let mut roots = RootCertStore::empty();
    roots.add(authority.to_vec().into()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = build(config).https_only(true).no_proxy();
    client.resolve(HOST, at).build().unwrap()
}

#[tokio::test]
async fn a_push_service_elsewhere_is_spoken_to_by_tls_alone_and_only_if_it_is_that_one() {
    let (at, authority, mut came) = tls_server(HOST).await;
    let named = format!("{HOST}:{}", at.port());
    let to = address(&format!("https://{named}/up/secret"));
    let mut web = web(&[&named]);
    web.secure = Some(led_here(at, &authority));
    web.send(&to, KNOCK).await.unwrap();
    let head = came.recv().await.unwrap().to_lowercase();
    assert!(head.starts_with("post /up/secret http/1.1\r\n"), "{head}");
    for line in [
        "content-length: 0",
        "ttl: 180",
        "urgency: high",
        "topic: look",
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{head}");
    }
    // The certificate of another host, or of an unknown authority.
    let (other, foreign, mut nothing) = tls_server("another.example.eu").await;
    let (_, unknown, _) = tls_server(HOST).await;
    for (at, authority) in [(other, &foreign), (at, &unknown)] {
        web.secure = Some(led_here(at, authority));
        let named = format!("{HOST}:{}", at.port());
        web.services = vec![Origin::from_authority(&named).unwrap()];
        let to = address(&format!("https://{named}/up/secret"));
        let failed = web.send(&to, KNOCK).await.unwrap_err();
        assert!(matches!(failed, PushFailed::Failed(_)), "{failed}");
    }
    assert!(nothing.try_recv().is_err() && came.try_recv().is_err());
}

#[tokio::test]
async fn no_error_names_an_address() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let to = address(&format!("http://{host}/up/secret"));
    for named in [host.as_str(), "localhost:1"] {
        let error = web(&[named])
            .send(&to, KNOCK)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            !error.contains("secret") && !error.contains("/up"),
            "{error}"
        );
    }
}

#[test]
fn a_token_holds_for_one_push_service_for_an_hour_and_names_whom_to_turn_to() {
    let to = Origin::parse("https://push.example.eu").unwrap();
    let header = web(&[]).authorization(&to, KNOCK.now);
    let claims = header.split('.').nth(1).unwrap();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        claims,
        serde_json::json!({
            "aud": "https://push.example.eu",
            "exp": 1_795_453_600_u64,
            "sub": "https://sign.example.eu",
        })
    );
}
