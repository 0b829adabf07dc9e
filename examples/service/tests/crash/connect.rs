//! A service of OpenID Connect gets a code, exchanges, refreshes and revokes, while the sign-in
//! service is killed. It shows which one it is by what it signs.

use std::{fs, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::{Value, json};

use super::{
    Before, Names, story,
    world::{PASSWORD, World},
};
use crate::support::client;

const BACK: &str = "http://127.0.0.1:9/back";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn key() -> SigningKey {
    SigningKey::from_slice(&[9; 32]).unwrap()
}

fn register(world: &World) {
    let point = key().verifying_key().to_sec1_point(false);
    let part = |part: Option<&[u8]>| BASE64.encode(part.unwrap());
    let (x, y) = (
        part(point.x().map(AsRef::as_ref)),
        part(point.y().map(AsRef::as_ref)),
    );
    let key = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
    let clients = format!(
        "[client.own]\nname = \"Own\"\n[client.own.oidc]\nredirect_uris = [\"{BACK}\"]\n\
         method = \"private_key_jwt\"\nkeys = ['{key}']\nrefresh = true\n"
    );
    fs::write(world.folder.path().join("service/clients.toml"), clients).unwrap();
}

/// What the service asserts, each time anew.
fn assertion(world: &World) -> String {
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let claims = json!({
        "iss": "own", "sub": "own", "aud": world.service.origin(), "exp": now.as_secs() + 60,
        "jti": now.as_nanos().to_string(),
    });
    let part = |value: &Value| BASE64.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({ "alg": "ES256" })), part(&claims));
    let signature: Signature = key().sign(text.as_bytes());
    format!("{text}.{}", BASE64.encode(signature.to_bytes()))
}

/// What is answered to the service; `None` when the sign-in service was killed first.
async fn post(world: &World, path: &str, fields: &str) -> Option<(u16, Value)> {
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    let own = assertion(world);
    let sent = client()
        .post(format!("{}{path}", world.service.origin()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!(
            "{fields}&client_assertion_type={kind}&client_assertion={own}"
        ))
        .send();
    let answer = sent.await.ok()?;
    let status = answer.status().as_u16();
    let text = answer.text().await.ok()?;
    Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
}

/// The value of a hidden field of the page.
fn hidden(html: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

/// Enters the service with the password typed anew, and uses and revokes what it is given; `None`
/// when the sign-in service was killed on the way, and it is all to be done again.
async fn enter(world: &mut World) -> Option<()> {
    let path = format!(
        "/oidc/authorize?client_id=own&redirect_uri={BACK}&response_type=code&scope=openid&prompt=login\
         &response_mode=form_post&code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    world.anna.open(&path).await.ok()?;
    // What is proved in the very second of the request may have been proved before it.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let values = [("password", PASSWORD)];
    world.anna.submit("/enter/password", &values).await.ok()?;
    let code = hidden(&world.anna.page().html, "code")?;
    let fields = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={BACK}&code_verifier={VERIFIER}"
    );
    let (status, given) = post(world, "/oidc/token", &fields).await?;
    assert_eq!(status, 200, "{given}");
    let first = given["refresh_token"].as_str()?.to_owned();
    let fields = format!("grant_type=refresh_token&refresh_token={first}");
    let (status, given) = post(world, "/oidc/token", &fields).await?;
    assert_eq!(status, 200, "{given}");
    let second = given["refresh_token"].as_str()?;
    let (status, _) = post(world, "/oidc/revoke", &format!("token={second}")).await?;
    assert_eq!(status, 200);
    let (status, _) = post(world, "/oidc/token", &fields).await?;
    assert_eq!(status, 400, "it was used, and is revoked");
    Some(())
}

pub async fn entering_a_service_of_openid_connect() -> Names {
    story(
        Before::Requested,
        async |world| {
            world.enrolled().await;
            world.sign_in_by_app().await;
            register(world);
        },
        async |world| {
            let mut tries = 0;
            while enter(world).await.is_none() {
                world.service.up();
                tries += 1;
                assert!(tries < 4, "{}", world.anna.page().text());
            }
        },
        async |world, _| {
            assert!(world.anna.is_signed_in().await.unwrap());
            world.is_whole(0).await;
        },
    )
    .await
}
