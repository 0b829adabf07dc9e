//! What a request can ask for, and what becomes of it.

use reqwest::Method;

use super::*;
use crate::support::{PASSWORD, PIN, approve, number};

/// What is posted, to `/oidc/authorize`.
fn form() -> String {
    authorize(&[]).split_once('?').unwrap().1.to_owned()
}

#[tokio::test]
async fn a_request_by_a_form_of_another_site_waits_for_the_browser_that_opens_it() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    // Browsers send no cookies with it, so it finds nobody signed in and changes nothing.
    let elsewhere = [
        ("origin", "https://app.example.eu"),
        ("sec-fetch-site", "cross-site"),
    ];
    let mut stranger = world.browser();
    let path = "/oidc/authorize";
    let page = stranger
        .send(Method::POST, path, Some(form()), &elsewhere)
        .await;
    assert_eq!(page.status, 303);
    assert!(page.path.starts_with("/enter/"), "{}", page.path);
    assert_eq!(number(&world, "SELECT count(*) FROM ask"), 1);
    let back = anna.get(&page.path).await;
    let code = parameter(&back, "code").unwrap();
    assert_eq!(exchange(&world, &code, &[]).await.0, 200);
    // It is over, and was for one browser alone.
    assert_eq!(stranger.get(&page.path).await.status, 403);
    let page = stranger
        .send(Method::POST, path, Some(form()), &elsewhere)
        .await;
    assert_eq!(stranger.get(&page.path).await.path, "/sign-in");
    let refused = anna.get(&page.path).await;
    assert_eq!(refused.status, 403);
    assert!(parameter_of(&refused.path, "code").is_none());
    // Of a request that is wrong, the service hears at once.
    let wrong = form().replace("S256", "plain");
    let page = stranger
        .send(Method::POST, path, Some(wrong), &elsewhere)
        .await;
    assert_eq!(parameter(&page, "error").unwrap(), "invalid_request");
}

/// A parameter of an address, which may be one of ours.
fn parameter_of(path: &str, name: &str) -> Option<String> {
    let (_, query) = path.split_once('?')?;
    let mut fields = query.split('&').filter_map(|field| field.split_once('='));
    Some(fields.find(|(known, _)| *known == name)?.1.to_owned())
}

#[tokio::test]
async fn b20_a_request_proposes_the_address_and_the_language_of_the_person() {
    let world = world(&clients("http://127.0.0.1:9/")).await;
    let hint = |hint: &str| authorize(&[("login_hint", hint), ("ui_locales", "fr lv-LV en")]);
    let page = world.browser().get(&hint("anna@example.eu")).await;
    assert_eq!(page.path, "/sign-in");
    assert!(
        page.body.contains("value=\"anna@example.eu\"") && page.body.contains("<html lang=\"lv\""),
        "{}",
        page.body
    );
    // What the person chose in this browser goes before it.
    let mut browser = world.browser();
    browser.get("/sign-in").await;
    browser
        .post("/language", &[("lang", "en"), ("to", "/sign-in")])
        .await;
    let page = browser.get(&hint("anna@example.eu")).await;
    assert!(page.body.contains("<html lang=\"en\""), "{}", page.body);
    for evil in ["\"><script>alert(1)</script>", "anna", &"x".repeat(5000)] {
        let page = world.browser().get(&hint(evil)).await;
        assert_eq!(page.path, "/sign-in", "{evil}");
        assert!(!page.body.contains("alert(1)"), "{}", page.body);
    }
}

#[tokio::test]
async fn b20_a_request_names_single_claims_and_gets_those_that_the_entry_releases() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    let named =
        r#"{"userinfo":{"name":{"essential":true},"picture":null},"id_token":{"email":null}}"#;
    let asked = [("scope", "openid"), ("claims", named)];
    let code = code(&mut anna, &asked).await;
    let (_, given) = exchange(&world, &code, &[]).await;
    let token = verified(&world, given["id_token"].as_str().unwrap()).await;
    assert_eq!(token["email"], "anna@example.eu");
    assert!(token.get("name").is_none());
    let (_, told) = userinfo(&world, &given).await;
    assert_eq!(told, json!({ "sub": token["sub"], "name": "Anna Ozola" }));
    // An entry that releases nothing releases nothing.
    let old = [
        ("client_id", "old"),
        ("redirect_uri", "https://old.example.eu/back"),
        ("claims", named),
    ];
    let code = self::code(&mut anna, &old).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", "https://old.example.eu/back"),
        ("code_verifier", VERIFIER),
        ("client_id", "old"),
        ("client_secret", SECRET),
    ];
    let (status, given) = post(&world, "/oidc/token", None, &fields).await;
    assert_eq!(status, 200, "{given}");
    let (_, told) = userinfo(&world, &given).await;
    assert_eq!(told.as_object().unwrap().len(), 1, "{told}");
    assert_ne!(told["sub"], token["sub"], "a name of its own");
    for bad in ["x", "[]", r#"{"userinfo":1}"#] {
        let page = anna.get(&authorize(&[("claims", bad)])).await;
        assert_eq!(parameter(&page, "error").unwrap(), "invalid_request");
    }
    let unmet = r#"{"id_token":{"acr":{"essential":true,"values":["urn:x"]}}}"#;
    let page = anna.get(&authorize(&[("claims", unmet)])).await;
    let error = parameter(&page, "error").unwrap();
    assert_eq!(error, "unmet_authentication_requirements");
}

#[tokio::test]
async fn whoever_gives_up_goes_back_to_the_service_which_is_told() {
    let world = world(&clients("http://127.0.0.1:9/")).await;
    let (mut anna, _) = world.person().await;
    let mut nobody = world.browser();
    for (browser, asked, at) in [
        (&mut nobody, &[][..], "/sign-in"),
        (
            &mut anna,
            &[("acr_values", "MEDIUM"), ("prompt", "login")],
            "/enter",
        ),
    ] {
        let page = browser.get(&authorize(asked)).await;
        assert_eq!(page.path, at, "{asked:?}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("https://app.example.eu"), "{policy}");
        assert!(page.read().contains("action=\"/enter/stop\""), "{asked:?}");
        let page = browser.post("/enter/stop", &[]).await;
        assert_eq!(parameter(&page, "error").unwrap(), "access_denied");
        assert_eq!(parameter(&page, "state").unwrap(), "a state & more");
        assert_eq!(parameter(&page, "iss").unwrap(), world.service.origin());
        assert!(page.path.starts_with(BACK));
    }
    assert_eq!(number(&world, "SELECT count(*) FROM ask"), 0);
}

#[tokio::test]
async fn b20_a_request_for_a_level_or_an_age_leads_through_exactly_what_is_missing() {
    let world = world(&clients("http://127.0.0.1:9/")).await;
    let (mut anna, mut phone) = world.person().await;
    let wanted = r#"{"id_token":{"acr":{"essential":true,"values":["MEDIUM"]}}}"#;
    for asked in [("acr_values", "urn:unknown MEDIUM"), ("claims", wanted)] {
        world.clock.advance(1000);
        let page = anna.get(&authorize(&[asked, ("max_age", "900")])).await;
        assert_eq!(page.path, "/enter");
        let page = anna.post("/enter/app", &[]).await;
        approve(&mut phone, &page, PIN).await;
        let page = anna.get(&page.path).await;
        let code = parameter(&page, "code").unwrap();
        let (_, given) = exchange(&world, &code, &[]).await;
        let token = verified(&world, given["id_token"].as_str().unwrap()).await;
        // The password is older than 900 seconds; the app has two elements by itself.
        let shown = (&token["acr"], &token["amr"]);
        assert_eq!(shown, (&json!("MEDIUM"), &json!(["mfa"])));
        assert_eq!(token["auth_time"], token["iat"], "the oldest of its proofs");
    }
    world.clock.advance(1000);
    let asked = [("max_age", "100"), ("acr_values", "BASIC")];
    assert_eq!(anna.get(&authorize(&asked)).await.path, "/enter");
    let page = anna
        .post("/enter/password", &[("password", PASSWORD)])
        .await;
    let code = parameter(&page, "code").unwrap();
    let (_, given) = exchange(&world, &code, &[]).await;
    let token = verified(&world, given["id_token"].as_str().unwrap()).await;
    assert_eq!(token["amr"], json!(["pwd"]), "what is young enough");
    assert_eq!(token["auth_time"], token["iat"]);
}

#[tokio::test]
async fn an_id_token_names_the_person_who_is_meant_and_nobody_else_goes_in() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    let first = code(&mut anna, &[]).await;
    let (_, given) = exchange(&world, &first, &[]).await;
    let hint = given["id_token"].as_str().unwrap();
    let hinted = [("id_token_hint", hint)];
    let silent = [("id_token_hint", hint), ("prompt", "none")];
    // However old it is.
    world.clock.advance(600);
    code(&mut anna, &hinted).await;
    code(&mut anna, &silent).await;
    let mut other = world.browser();
    other.register("bert@example.eu").await;
    let page = other.get(&authorize(&hinted)).await;
    assert_eq!(page.status, 403, "{}", page.path);
    let page = other.get(&authorize(&silent)).await;
    assert_eq!(parameter(&page, "error").unwrap(), "login_required");
    // The same by the parameter `claims`.
    let sub = verified(&world, hint).await["sub"].clone();
    let named = json!({ "id_token": { "sub": { "value": sub } } }).to_string();
    code(&mut anna, &[("claims", &named)]).await;
    let page = other
        .get(&authorize(&[("claims", &named), ("prompt", "none")]))
        .await;
    assert_eq!(parameter(&page, "error").unwrap(), "login_required");
    // Another service's token, one that is forged, and two that mean two.
    let open = [
        ("client_id", "open"),
        ("redirect_uri", "http://127.0.0.1:9/back"),
    ];
    let page = anna.get(&authorize(&[&hinted[..], &open].concat())).await;
    assert_eq!(parameter(&page, "error").unwrap(), "invalid_request");
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let claims = verified(&world, hint).await;
    let forged = signed(&key, &json!({ "alg": "ES256" }), &claims);
    let page = anna.get(&authorize(&[("id_token_hint", &forged)])).await;
    assert_eq!(parameter(&page, "error").unwrap(), "invalid_request");
    let named = r#"{"id_token":{"sub":{"value":"somebody else"}}}"#;
    let page = anna
        .get(&authorize(&[("id_token_hint", hint), ("claims", named)]))
        .await;
    assert_eq!(parameter(&page, "error").unwrap(), "invalid_request");
}
