//! OpenID Connect: what a service that keeps to it gets, and what nobody else does.

mod ends;
mod flow;
mod hostile;
mod parties;
mod requests;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use countersign_protocol::SigningKey;
use p256::ecdsa::{Signature, signature::Signer};
use reqwest::StatusCode;
use ring::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use serde_json::{Value, json};

use super::*;
use crate::support::client;

const BACK: &str = "https://app.example.eu/back";
const SECRET: &str = "of-the-app";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn clients(peer: &str) -> String {
    let hash = |secret: &str| {
        let hash = digest(&SHA256, secret.as_bytes());
        let digits: String = hash
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("sha256:{digits}")
    };
    let (own, other) = (hash(SECRET), hash("of-the-other"));
    format!(
        "{CLIENTS}
[client.app]
name = \"App\"
attributes = [\"email\", \"first_name\", \"last_name\", \"name\", \"language\"]
[client.app.oidc]
redirect_uris = [\"{BACK}\", \"https://app.example.eu/back?x=1\"]
post_logout_redirect_uris = [\"https://app.example.eu/bye\"]
method = \"basic\"
secrets = [\"{other}\", \"{own}\"]
refresh = true
backchannel_logout = \"{peer}\"
[client.open]
name = \"Open\"
[client.open.oidc]
redirect_uris = [\"http://127.0.0.1:9/back\"]
method = \"none\"
[client.old]
name = \"Old\"
[client.old.oidc]
redirect_uris = [\"https://old.example.eu/back\"]
method = \"post\"
secrets = [\"{own}\"]
pkce = false
offline = true
refresh = true
"
    )
}

/// The address of a request, with these in the place of the usual parameters.
fn authorize(more: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("client_id", "app"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", "openid email profile"),
        ("state", "a state & more"),
        ("nonce", "n1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in more {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    format!("/oidc/authorize?{}", encode(&fields))
}

/// A parameter of the address to which a browser is sent back.
fn parameter(page: &Page, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(&page.path).unwrap_or_else(|_| panic!("{}", page.path));
    let found = url.query_pairs().find(|(known, _)| known == name)?;
    Some(found.1.into_owned())
}

async fn code(browser: &mut Browser, more: &[(&str, &str)]) -> String {
    let page = browser.get(&authorize(more)).await;
    parameter(&page, "code").unwrap_or_else(|| panic!("{} {}", page.path, page.body))
}

/// What a service is answered at the token endpoint.
async fn post(
    world: &World,
    path: &str,
    auth: Option<(&str, &str)>,
    fields: &[(&str, &str)],
) -> (StatusCode, Value) {
    let (_, host) = world.service.origin().split_once("://").unwrap();
    let mut request = client()
        .post(format!("http://{}{path}", world.service.address()))
        .header("host", host)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(encode(fields));
    if let Some((id, secret)) = auth {
        request = request.basic_auth(id, Some(secret));
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

const APP: Option<(&str, &str)> = Some(("app", SECRET));

async fn exchange(world: &World, code: &str, more: &[(&str, &str)]) -> (StatusCode, Value) {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in more {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    post(world, "/oidc/token", APP, &fields).await
}

async fn refresh(world: &World, token: &Value) -> (StatusCode, Value) {
    let token = token.as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    post(world, "/oidc/token", APP, &fields).await
}

async fn get_json(world: &World, path: &str, token: Option<&str>) -> (StatusCode, Value) {
    let (_, host) = world.service.origin().split_once("://").unwrap();
    let mut request = client().get(format!("http://{}{path}", world.service.address()));
    request = request.header("host", host);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// The claims of a token by ES256, verified with the keys that the service publishes.
async fn verified(world: &World, token: &str) -> Value {
    let (_, keys) = get_json(world, "/oidc/keys", None).await;
    let (text, signature) = token.rsplit_once('.').unwrap();
    let (head, claims) = text.split_once('.').unwrap();
    let read =
        |part: &str| -> Value { serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap() };
    let head = read(head);
    assert_eq!(head["alg"], "ES256");
    let keys = keys["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == head["kid"]).unwrap();
    let part = |name: &str| BASE64.decode(key[name].as_str().unwrap()).unwrap();
    let point = [vec![4], part("x"), part("y")].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    let signature = BASE64.decode(signature).unwrap();
    key.verify(text.as_bytes(), &signature).unwrap();
    read(claims)
}

/// What a service is told of the person by an access token.
async fn userinfo(world: &World, given: &Value) -> (u16, Value) {
    let access = given["access_token"].as_str().unwrap();
    let (status, told) = get_json(world, "/oidc/userinfo", Some(access)).await;
    (status.as_u16(), told)
}

/// Signs a token with a key of a service.
fn signed(key: &SigningKey, head: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    let text = format!("{}.{}", part(head), part(claims));
    let signature: Signature = key.sign(text.as_bytes());
    format!("{text}.{}", BASE64.encode(signature.to_bytes()))
}

async fn person(clients: &str) -> (World, Browser) {
    let world = world(clients).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    (world, anna)
}
