//! The code flow: from a request to tokens, and when they end.

use reqwest::Method;
use tokio::task::JoinSet;

use super::*;
use crate::support::{PASSWORD, number};

#[tokio::test]
async fn b20_a_service_gets_a_code_and_for_it_tokens_that_say_who_signed_in_and_how() {
    let world = world(&clients("http://127.0.0.1:9/")).await;
    world.browser().register("anna@example.eu").await;
    let mut browser = world.browser();
    assert_eq!(browser.get(&authorize(&[])).await.path, "/sign-in");
    let page = browser.password("anna@example.eu", PASSWORD).await;
    assert!(page.path.starts_with(&format!("{BACK}?")), "{}", page.path);
    assert_eq!(parameter(&page, "state").unwrap(), "a state & more");
    assert_eq!(parameter(&page, "iss").unwrap(), world.service.origin());
    let code = parameter(&page, "code").unwrap();
    let (status, given) = exchange(&world, &code, &[]).await;
    assert_eq!(status, 200, "{given}");
    assert_eq!(given["token_type"], "Bearer");
    let token = verified(&world, given["id_token"].as_str().unwrap()).await;
    assert_eq!(token["iss"], world.service.origin());
    assert_eq!(
        (&token["aud"], &token["nonce"]),
        (&json!("app"), &json!("n1"))
    );
    assert_eq!(
        (&token["acr"], &token["amr"]),
        (&json!("BASIC"), &json!(["pwd"]))
    );
    let access = given["access_token"].as_str().unwrap();
    let (_, told) = get_json(&world, "/oidc/userinfo", Some(access)).await;
    assert_eq!(told["sub"], token["sub"]);
    assert_eq!(
        (&told["email"], &told["email_verified"]),
        (&json!("anna@example.eu"), &json!(true))
    );
    assert_eq!(
        (&told["given_name"], &told["locale"]),
        (&json!("Anna"), &json!("en"))
    );
    // Only what the scopes ask for.
    let fresh = self::code(&mut browser, &[("scope", "openid")]).await;
    let (_, given) = exchange(&world, &fresh, &[]).await;
    let access = given["access_token"].as_str().unwrap();
    let (_, told) = get_json(&world, "/oidc/userinfo", Some(access)).await;
    assert_eq!(told, json!({ "sub": token["sub"] }));
    world.clock.advance(600);
    let (status, _) = get_json(&world, "/oidc/userinfo", Some(access)).await;
    assert_eq!(status, 401);
    let (_, known) = get_json(&world, "/.well-known/openid-configuration", None).await;
    assert_eq!(known["issuer"], world.service.origin());
}

#[tokio::test]
async fn a_code_that_comes_twice_revokes_what_it_gave_half_a_minute_later_too() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    for later in [0, 30] {
        let code = code(&mut anna, &[]).await;
        let (_, given) = exchange(&world, &code, &[]).await;
        let access = given["access_token"].as_str().unwrap();
        assert_eq!(
            get_json(&world, "/oidc/userinfo", Some(access)).await.0,
            200
        );
        world.clock.advance(later);
        let (status, refused) = exchange(&world, &code, &[]).await;
        assert_eq!(
            (status.as_u16(), &refused["error"]),
            (400, &json!("invalid_grant"))
        );
        assert_eq!(
            get_json(&world, "/oidc/userinfo", Some(access)).await.0,
            401
        );
        assert_eq!(refresh(&world, &given["refresh_token"]).await.0, 400);
    }
}

#[tokio::test]
async fn sixty_four_uses_of_one_authorization_code_in_parallel_give_one_success() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    let code = code(&mut anna, &[]).await;
    let world = Arc::new(world);
    let mut all = JoinSet::new();
    for _ in 0..64 {
        let (world, code) = (world.clone(), code.clone());
        all.spawn(async move { exchange(&world, &code, &[]).await.0 });
    }
    let statuses = all.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
}

#[tokio::test]
async fn a_code_is_worth_nothing_without_its_verifier_address_and_service() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    let other = "y".repeat(43);
    for wrong in [
        ("code_verifier", ""),
        ("code_verifier", other.as_str()),
        ("code_verifier", "short"),
        ("redirect_uri", ""),
        ("redirect_uri", "https://app.example.eu/back?x=1"),
        ("code", "0"),
    ] {
        let code = code(&mut anna, &[]).await;
        let (status, refused) = exchange(&world, &code, &[wrong]).await;
        assert_eq!(
            (status.as_u16(), &refused["error"]),
            (400, &json!("invalid_grant")),
            "{wrong:?}"
        );
    }
    // Another service's code is unknown to it, and stays good.
    let code = code(&mut anna, &[]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", BACK),
        ("client_id", "old"),
        ("client_secret", SECRET),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(post(&world, "/oidc/token", None, &fields).await.0, 400);
    assert_eq!(exchange(&world, &code, &[]).await.0, 200);
    let late = self::code(&mut anna, &[]).await;
    world.clock.advance(60);
    assert_eq!(exchange(&world, &late, &[]).await.0, 400);
}

#[tokio::test]
async fn a_challenge_is_required_and_a_verifier_without_one_is_refused() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    for more in [
        &[("code_challenge", ""), ("code_challenge_method", "")][..],
        &[("code_challenge_method", "plain")],
        &[("code_challenge_method", "")],
        &[("code_challenge", "short")],
        &[("code_challenge", "")],
    ] {
        let page = anna.get(&authorize(more)).await;
        assert_eq!(
            parameter(&page, "error").unwrap(),
            "invalid_request",
            "{more:?}"
        );
    }
    // A service that does without it: a verifier that no challenge asked for is a downgrade.
    let old = [
        ("client_id", "old"),
        ("redirect_uri", "https://old.example.eu/back"),
        ("code_challenge", ""),
        ("code_challenge_method", ""),
    ];
    let fields = |code: &str| {
        [
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", "https://old.example.eu/back".to_owned()),
            ("client_id", "old".to_owned()),
            ("client_secret", SECRET.to_owned()),
        ]
    };
    let code = code(&mut anna, &old).await;
    let all = fields(&code);
    let mut all: Vec<_> = all
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    all.push(("code_verifier", VERIFIER));
    assert_eq!(post(&world, "/oidc/token", None, &all).await.0, 400);
    let code = self::code(&mut anna, &old).await;
    let all = fields(&code);
    let all: Vec<_> = all
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(post(&world, "/oidc/token", None, &all).await.0, 200);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_all_that_came_of_it() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    let first = code(&mut anna, &[]).await;
    let (_, first) = exchange(&world, &first, &[]).await;
    let (status, second) = refresh(&world, &first["refresh_token"]).await;
    assert_eq!(status, 200);
    let access = |given: &Value| given["access_token"].as_str().unwrap().to_owned();
    assert_eq!(
        get_json(&world, "/oidc/userinfo", Some(&access(&first)))
            .await
            .0,
        401
    );
    assert_eq!(
        get_json(&world, "/oidc/userinfo", Some(&access(&second)))
            .await
            .0,
        200
    );
    assert_eq!(refresh(&world, &first["refresh_token"]).await.0, 400);
    assert_eq!(
        get_json(&world, "/oidc/userinfo", Some(&access(&second)))
            .await
            .0,
        401
    );
    assert_eq!(refresh(&world, &second["refresh_token"]).await.0, 400);
    // A sign-out ends it too.
    let third = code(&mut anna, &[]).await;
    let (_, third) = exchange(&world, &third, &[]).await;
    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    assert_eq!(refresh(&world, &third["refresh_token"]).await.0, 400);
    assert_eq!(
        get_json(&world, "/oidc/userinfo", Some(&access(&third)))
            .await
            .0,
        401
    );
}

#[tokio::test]
async fn a_request_goes_back_to_exactly_the_registered_address_or_nowhere() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    for evil in [
        "https://evil.example/",
        "https://app.example.eu/back/",
        "https://app.example.eu/back?x=2",
        "https://app.example.eu/back#x",
        "https://app.example.eu/Back",
        "https://app.example.eu:443/back",
        "https://app.example.eu/x/../back",
        "http://app.example.eu/back",
        "https://old.example.eu/back",
        " https://app.example.eu/back",
        "",
    ] {
        let page = anna.get(&authorize(&[("redirect_uri", evil)])).await;
        assert_eq!(page.status, 403, "{evil}");
        assert!(!page.read().contains("evil.example"));
    }
    for id in ["", "nobody", "library"] {
        assert_eq!(
            anna.get(&authorize(&[("client_id", id)])).await.status,
            403,
            "{id}"
        );
    }
    let twice = format!(
        "{}&{}",
        authorize(&[]),
        encode(&[("redirect_uri", "https://evil.example/")])
    );
    assert_eq!(anna.get(&twice).await.status, 403);
    assert_eq!(number(&world, "SELECT count(*) FROM token"), 0);
}

#[tokio::test]
async fn what_can_not_be_answered_is_said_to_the_service_with_its_state() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    for (more, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "email"), "invalid_scope"),
        (("request", "x"), "request_not_supported"),
        (
            ("request_uri", "https://evil.example/"),
            "request_uri_not_supported",
        ),
        (("prompt", "none login"), "invalid_request"),
        (("prompt", "dance"), "invalid_request"),
        (("max_age", "-1"), "invalid_request"),
        (("response_mode", "fragment"), "invalid_request"),
        (("id_token_hint", "x.y.z"), "invalid_request"),
    ] {
        let page = anna.get(&authorize(&[more])).await;
        assert_eq!(parameter(&page, "error").unwrap(), error, "{more:?}");
        assert_eq!(parameter(&page, "state").unwrap(), "a state & more");
        assert!(parameter(&page, "code").is_none());
    }
    let page = world.browser().get(&authorize(&[("prompt", "none")])).await;
    assert_eq!(parameter(&page, "error").unwrap(), "login_required");
    let page = anna
        .get(&authorize(&[("prompt", "none"), ("acr_values", "MEDIUM")]))
        .await;
    assert_eq!(parameter(&page, "error").unwrap(), "access_denied");
    assert!(parameter(&anna.get(&authorize(&[("prompt", "none")])).await, "code").is_some());
    let page = anna
        .get(&authorize(&[("response_mode", "form_post")]))
        .await;
    assert_eq!(
        (page.status, page.hidden("state")),
        (200, "a state &amp; more")
    );
    let answer = page.hidden("code").to_owned();
    assert_eq!(exchange(&world, &answer, &[]).await.0, 200);
    world.clock.advance(10);
    for more in [("prompt", "login"), ("max_age", "5")] {
        assert_eq!(
            anna.get(&authorize(&[more])).await.path,
            "/enter",
            "{more:?}"
        );
    }
}

#[tokio::test]
async fn a_service_shows_which_one_it_is_by_its_own_way_alone() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    let code = code(&mut anna, &[]).await;
    let fields = |more: &[(&'static str, &'static str)]| {
        let mut fields = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.clone()),
            ("redirect_uri", BACK.to_owned()),
            ("code_verifier", VERIFIER.to_owned()),
        ];
        fields.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        fields
    };
    for (auth, more, status) in [
        (None, &[][..], 401),
        (None, &[("client_id", "app")][..], 401),
        (
            None,
            &[("client_id", "app"), ("client_secret", SECRET)][..],
            401,
        ),
        (Some(("app", "wrong")), &[][..], 401),
        (Some(("nobody", SECRET)), &[][..], 401),
        (Some(("library", SECRET)), &[][..], 401),
        (Some(("app", SECRET)), &[("client_id", "old")][..], 401),
        (Some(("app", SECRET)), &[("client_secret", SECRET)][..], 400),
    ] {
        let fields = fields(more);
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let (got, answer) = post(&world, "/oidc/token", auth, &fields).await;
        assert_eq!(got.as_u16(), status, "{auth:?} {more:?} {answer}");
    }
    // None of that used the code up. A second secret is taken too, so that it can be changed.
    let fields = fields(&[]);
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let other = Some(("app", "of-the-other"));
    assert_eq!(post(&world, "/oidc/token", other, &fields).await.0, 200);
}

#[tokio::test]
async fn b20_a_sign_out_is_told_by_the_back_channel_and_asked_for_by_the_service() {
    let peer = Peer::answering(200).await;
    let (world, mut anna) = person(&clients(&peer.url)).await;
    let code = code(&mut anna, &[]).await;
    let (_, given) = exchange(&world, &code, &[]).await;
    let id_token = given["id_token"].as_str().unwrap().to_owned();
    let sid = verified(&world, &id_token).await["sid"].clone();
    let out = |more: &[(&str, &str)]| format!("/oidc/logout?{}", encode(more));
    let bye = "https://app.example.eu/bye";
    // Without a token of this very session a page asks.
    for more in [
        &[][..],
        &[("client_id", "app"), ("post_logout_redirect_uri", bye)],
        &[("id_token_hint", "x.y.z")],
        &[("id_token_hint", &id_token), ("client_id", "old")],
    ] {
        let page = anna.get(&out(more)).await;
        assert_eq!(page.status, 200, "{more:?}");
        assert!(
            page.body
                .contains("action=\"&#x2f;oidc&#x2f;logout&#x2f;yes\""),
            "{}",
            page.body
        );
        assert_eq!(anna.get("/account").await.path, "/account");
    }
    let evil = [
        ("id_token_hint", id_token.as_str()),
        ("post_logout_redirect_uri", "https://evil.example/"),
    ];
    let more = [
        ("id_token_hint", id_token.as_str()),
        ("post_logout_redirect_uri", bye),
        ("state", "s t"),
    ];
    let page = anna.send(Method::GET, &out(&more), None, &[]).await;
    assert_eq!(page.path, format!("{bye}?state=s%20t"));
    assert_eq!(anna.get("/account").await.path, "/sign-in");
    assert_eq!(anna.get(&out(&evil)).await.path, "/sign-in");
    let told = peer.next(5).await.unwrap();
    let (_, token) = told.split_once("logout%5Ftoken=").unwrap();
    let token = token
        .replace("%2E", ".")
        .replace("%2D", "-")
        .replace("%5F", "_");
    let claims = verified(&world, &token).await;
    assert_eq!((&claims["sid"], &claims["aud"]), (&sid, &json!("app")));
    assert!(claims.get("nonce").is_none());
}
