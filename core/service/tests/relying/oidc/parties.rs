//! How services show which one they are by keys, ID tokens by RS256, and the ends of tokens.

use countersign_service::{Act, Clock};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

use super::*;
use crate::support::number;

/// A key of services of these tests, worth nothing elsewhere.
const RSA: &[u8] = include_bytes!("rsa.pem");

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn own_key() -> SigningKey {
    SigningKey::from_slice(&[9; 32]).unwrap()
}

/// The entry of a service that signs.
fn signing() -> String {
    let point = own_key().verifying_key().to_sec1_point(false);
    let part = |bytes: &[u8]| BASE64.encode(bytes);
    let key = json!({
        "kty": "EC", "crv": "P-256", "kid": "one", "use": "sig",
        "x": part(point.x().unwrap().as_ref()), "y": part(point.y().unwrap().as_ref()),
    });
    format!(
        "{}
[client.signs]
name = \"Signs\"
[client.signs.oidc]
redirect_uris = [\"{BACK}\"]
method = \"private_key_jwt\"
keys = ['{key}']
",
        clients("http://127.0.0.1:9/")
    )
}

/// What a service asserts, with these in the place of the usual claims.
fn asserted(world: &World, more: &[(&str, Value)]) -> Value {
    let now = world.clock.now();
    let mut claims = json!({
        "iss": "signs", "sub": "signs", "aud": world.service.origin(), "iat": now,
        "exp": now + 60, "jti": format!("{:?}", std::time::Instant::now()),
    });
    for (name, value) in more {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(*name)),
            value => claims[*name] = value.clone(),
        }
    }
    claims
}

/// Whether an assertion is taken. What it revokes is not there.
async fn takes(world: &World, assertion: &str, more: &[(&str, &str)]) -> bool {
    let mut fields = vec![
        ("token", "x"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ];
    for (name, value) in more {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    let (status, answer) = post(world, "/oidc/revoke", None, &fields).await;
    match status.as_u16() {
        200 => true,
        status => {
            assert!([400, 401].contains(&status), "{status}");
            assert!(answer["error"].is_string());
            false
        }
    }
}

#[tokio::test]
async fn a_service_that_signs_is_known_by_its_key_once_for_each_assertion() {
    let world = world(&signing()).await;
    let head = json!({ "alg": "ES256", "kid": "one" });
    let own = |more: &[(&str, Value)]| signed(&own_key(), &head, &asserted(&world, more));
    let good = own(&[]);
    assert!(takes(&world, &good, &[]).await);
    assert!(!takes(&world, &good, &[]).await, "a second time");
    let endpoint = format!("{}/oidc/token", world.service.origin());
    let now = world.clock.now();
    for more in [
        vec![("aud", json!(endpoint))],
        vec![("aud", json!([world.service.origin()]))],
        vec![("iat", Value::Null)],
        vec![("nbf", json!(now + 30))],
        vec![("exp", json!(now + 600))],
    ] {
        assert!(takes(&world, &own(&more), &[]).await, "{more:?}");
    }
    assert!(takes(&world, &own(&[]), &[("client_id", "signs")]).await);
    for more in [
        vec![("aud", json!("https://other.example.eu"))],
        vec![(
            "aud",
            json!([world.service.origin(), "https://other.example.eu"]),
        )],
        vec![("aud", json!([]))],
        vec![("aud", Value::Null)],
        vec![("iss", json!("app"))],
        vec![("iss", Value::Null)],
        vec![("sub", json!("app"))],
        vec![("exp", json!(now))],
        vec![("exp", json!(now + 700))],
        vec![("exp", json!("x"))],
        vec![("exp", Value::Null)],
        vec![("iat", json!(now + 100))],
        vec![("iat", json!("now"))],
        vec![("nbf", json!(now + 100))],
        vec![("jti", Value::Null)],
        vec![("jti", json!(""))],
        vec![("jti", json!(1))],
    ] {
        assert!(!takes(&world, &own(&more), &[]).await, "{more:?}");
    }
    let claims = asserted(&world, &[]);
    let (text, _) = good.rsplit_once('.').unwrap();
    let stranger = SigningKey::from_slice(&[8; 32]).unwrap();
    for forged in [
        signed(&stranger, &head, &claims),
        signed(&own_key(), &json!({ "alg": "none" }), &claims),
        signed(&own_key(), &json!({ "alg": "HS256" }), &claims),
        signed(&own_key(), &json!({ "alg": "RS256" }), &claims),
        signed(
            &own_key(),
            &json!({ "alg": "ES256", "kid": "two" }),
            &claims,
        ),
        signed(
            &own_key(),
            &json!({ "alg": "ES256", "crit": ["x"] }),
            &claims,
        ),
        format!("{text}."),
        "x".to_owned(),
        "a".repeat(9000),
        String::new(),
    ] {
        assert!(!takes(&world, &forged, &[]).await, "{forged}");
    }
    // Another way beside it, of another kind, or for another service.
    for more in [
        ("client_secret", SECRET),
        ("client_assertion_type", "urn:x"),
        ("client_id", "app"),
    ] {
        assert!(!takes(&world, &own(&[]), &[more]).await, "{more:?}");
    }
    // A service with a secret can't be taken for by a key.
    let app = own(&[("iss", json!("app")), ("sub", json!("app"))]);
    assert!(!takes(&world, &app, &[]).await);
    assert!(number(&world, "SELECT count(*) FROM used_assertion") >= 6);
}

#[tokio::test]
async fn b20_a_service_that_asks_for_rs256_gets_it_by_the_operators_key() {
    let clients = format!(
        "{}
[client.rs]
name = \"RS\"
[client.rs.oidc]
redirect_uris = [\"{BACK}\"]
method = \"none\"
algorithm = \"RS256\"
",
        clients("http://127.0.0.1:9/")
    );
    let world = World::with(move |config| {
        std::fs::write(config.data.join("clients.toml"), clients).unwrap();
        let key = config.data.join("rsa.pem");
        std::fs::write(&key, RSA).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let owners = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&key, owners).unwrap();
        }
        config.rsa_keys = vec![key];
    })
    .await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let code = code(&mut anna, &[("client_id", "rs")]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
        ("client_id", "rs"),
    ];
    let (status, given) = post(&world, "/oidc/token", None, &fields).await;
    assert_eq!(status, 200, "{given}");
    let token = given["id_token"].as_str().unwrap();
    let (text, signature) = token.rsplit_once('.').unwrap();
    let head = BASE64.decode(text.split_once('.').unwrap().0).unwrap();
    let head: Value = serde_json::from_slice(&head).unwrap();
    assert_eq!(head["alg"], "RS256");
    let (_, keys) = get_json(&world, "/oidc/keys", None).await;
    let keys = keys["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == head["kid"]).unwrap();
    assert!(key.get("d").is_none() && key["alg"] == "RS256" && key["use"] == "sig");
    let part = |name: &str| BASE64.decode(key[name].as_str().unwrap()).unwrap();
    let public = RsaPublicKeyComponents {
        n: part("n"),
        e: part("e"),
    };
    let signature = BASE64.decode(signature).unwrap();
    let verified = public.verify(&RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), &signature);
    verified.unwrap();
    // It is its hint too, and the others' tokens stay as they are.
    let hint = [("client_id", "rs"), ("id_token_hint", token)];
    self::code(&mut anna, &hint).await;
    let code = self::code(&mut anna, &[]).await;
    let (_, given) = exchange(&world, &code, &[]).await;
    self::verified(&world, given["id_token"].as_str().unwrap()).await;
    let (_, known) = get_json(&world, "/.well-known/openid-configuration", None).await;
    let algorithms = &known["id_token_signing_alg_values_supported"];
    assert_eq!(*algorithms, json!(["ES256", "RS256"]));
}

#[tokio::test]
async fn a_service_revokes_what_it_has_and_nothing_of_anothers() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    let revoke = async |auth, token: &Value| {
        let fields = [
            ("token", token.as_str().unwrap()),
            ("token_type_hint", "anything"),
        ];
        post(&world, "/oidc/revoke", auth, &fields).await.0.as_u16()
    };
    let code = code(&mut anna, &[]).await;
    let (_, given) = exchange(&world, &code, &[]).await;
    let (access, token) = (&given["access_token"], &given["refresh_token"]);
    assert_eq!(revoke(None, access).await, 401);
    assert_eq!(revoke(Some(("app", "wrong")), access).await, 401);
    assert_eq!(userinfo(&world, &given).await.0, 200);
    // Another service's token is none of its own: the answer is the same, and nothing ends.
    let fields = [
        ("token", token.as_str().unwrap()),
        ("client_id", "old"),
        ("client_secret", SECRET),
    ];
    assert_eq!(post(&world, "/oidc/revoke", None, &fields).await.0, 200);
    assert_eq!(userinfo(&world, &given).await.0, 200);
    // An access token by itself, and a refresh token with all that came of it.
    assert_eq!(revoke(APP, access).await, 200);
    assert_eq!(revoke(APP, access).await, 200, "it is revoked already");
    assert_eq!(userinfo(&world, &given).await.0, 401);
    let (status, second) = refresh(&world, token).await;
    assert_eq!(status, 200);
    assert_eq!(revoke(APP, &second["refresh_token"]).await, 200);
    assert_eq!(userinfo(&world, &second).await.0, 401);
    assert_eq!(refresh(&world, &second["refresh_token"]).await.0, 400);
    assert_eq!(number(&world, "SELECT count(*) FROM token"), 0);
}

#[tokio::test]
async fn offline_access_outlives_the_session_where_the_entry_says_so_and_not_the_account() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    let wide = [("scope", "openid offline_access")];
    let not_here = code(&mut anna, &wide).await;
    let (_, not_here) = exchange(&world, &not_here, &[]).await;
    assert_eq!(not_here["scope"], "openid", "the entry does not allow it");
    let old = [
        ("client_id", "old"),
        ("redirect_uri", "https://old.example.eu/back"),
    ];
    let code = code(&mut anna, &[&wide[..], &old].concat()).await;
    let own = [("client_id", "old"), ("client_secret", SECRET)];
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", "https://old.example.eu/back"),
        ("code_verifier", VERIFIER),
    ];
    let fields = [&fields[..], &own].concat();
    let (status, mut given) = post(&world, "/oidc/token", None, &fields).await;
    assert_eq!(
        (status.as_u16(), &given["scope"]),
        (200, &json!("openid offline_access"))
    );
    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    assert_eq!(refresh(&world, &not_here["refresh_token"]).await.0, 400);
    let again = async |given: &Value| {
        let token = given["refresh_token"].as_str().unwrap();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        post(&world, "/oidc/token", None, &[&fields[..], &own].concat()).await
    };
    for days in [0, 29] {
        world.clock.advance(days * 24 * 3600);
        let (status, next) = again(&given).await;
        assert_eq!(status, 200, "{days}");
        assert_eq!(userinfo(&world, &next).await.0, 200);
        given = next;
    }
    world.act(Act::Disable, "anna@example.eu").await.unwrap();
    assert_eq!(userinfo(&world, &given).await.0, 401);
    assert_eq!(again(&given).await.0, 400);
}
