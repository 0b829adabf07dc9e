//! What an attacker tries with the code flow, beside what the other files show.

use reqwest::Method;

use super::*;
use crate::support::{PASSWORD, number};

#[tokio::test]
async fn a_code_that_is_injected_into_another_browsers_flow_is_worth_nothing_there() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    // Anna's code comes into the flow of the attacker, whose request had another challenge.
    let injected = code(&mut anna, &[]).await;
    let own = "a-verifier-of-the-attackers-own-flow-0123456789";
    let (status, answer) = exchange(&world, &injected, &[("code_verifier", own)]).await;
    assert_eq!(
        (status.as_u16(), &answer["error"]),
        (400, &json!("invalid_grant"))
    );
    // It was tried, and so it is over for her, too.
    assert_eq!(exchange(&world, &injected, &[]).await.0, 400);
}

#[tokio::test]
async fn every_answer_names_who_gives_it_so_that_none_is_taken_for_anothers() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    let origin = world.service.origin();
    for asked in [
        &[][..],
        &[("scope", "email")],
        &[("prompt", "none"), ("acr_values", "HIGH")],
    ] {
        let page = anna.get(&authorize(asked)).await;
        assert_eq!(
            parameter(&page, "iss").as_deref(),
            Some(origin),
            "{asked:?}"
        );
    }
    let page = anna
        .get(&authorize(&[("response_mode", "form_post")]))
        .await;
    let issuer = page.hidden("iss").replace("&#x2f;", "/");
    assert_eq!(issuer, origin);
    let page = anna
        .get(&authorize(&[
            ("response_mode", "form_post"),
            ("scope", "email"),
        ]))
        .await;
    assert_eq!(page.hidden("error"), "invalid_scope");
    let (_, known) = get_json(&world, "/.well-known/openid-configuration", None).await;
    assert_eq!(known["issuer"], origin);
    let says = &known["authorization_response_iss_parameter_supported"];
    assert_eq!(*says, json!(true));
}

#[tokio::test]
async fn no_page_elsewhere_signs_anybody_out_by_a_form_or_a_link() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    let bye = encode(&[
        ("client_id", "app"),
        ("post_logout_redirect_uri", "https://app.example.eu/bye"),
    ]);
    let elsewhere = [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    // The form of a page of ours, without its token, or from elsewhere.
    for headers in [&elsewhere[..], &[]] {
        let page = anna
            .send(Method::POST, "/oidc/logout/yes", Some(bye.clone()), headers)
            .await;
        assert_ne!(page.path, "https://app.example.eu/bye");
        assert_eq!(anna.get("/account").await.path, "/account");
    }
    // A form of another site comes to the page that asks.
    let page = anna
        .send(Method::POST, "/oidc/logout", Some(bye.clone()), &elsewhere)
        .await;
    assert!(page.path.starts_with("/oidc/logout?"), "{}", page.path);
    let page = anna.get(&page.path).await;
    assert!(page.read().contains("action=\"/oidc/logout/yes\""));
    assert_eq!(anna.get("/account").await.path, "/account");
    // Anna's token in Bert's browser does not sign Bert out; his own does.
    let mut bert = world.browser();
    bert.register("bert@example.eu").await;
    let mut hints = Vec::new();
    for browser in [&mut anna, &mut bert] {
        let code = code(browser, &[]).await;
        let (_, given) = exchange(&world, &code, &[]).await;
        hints.push(given["id_token"].as_str().unwrap().to_owned());
    }
    let out = |hint: &str| format!("/oidc/logout?{}", encode(&[("id_token_hint", hint)]));
    bert.get(&out(&hints[0])).await;
    assert_eq!(bert.get("/account").await.path, "/account");
    bert.get(&out(&hints[1])).await;
    assert_eq!(bert.get("/account").await.path, "/sign-in");
}

#[tokio::test]
async fn a_name_or_a_parameter_with_html_is_shown_as_text() {
    let evil = "<img src=x onerror=alert(1)>";
    let clients = clients("http://127.0.0.1:9/").replace(
        "name = \"App\"",
        &format!("name = \"{evil}\"\nlevel = \"MEDIUM\"\nhelp_desk = \"mailto:help@example.eu\""),
    );
    let world = world(&clients).await;
    let (mut anna, _) = world.person().await;
    let mut bert = world.browser();
    bert.register("bert@example.eu").await;
    let state = [("state", evil), ("nonce", evil), ("login_hint", evil)];
    let posted = [&state[..], &[("response_mode", "form_post")]].concat();
    let mut pages = vec![
        world.browser().get(&authorize(&state)).await,
        anna.get(&authorize(&state)).await,
        bert.get(&authorize(&state)).await,
        anna.get(&authorize(&[&posted[..], &[("scope", "email")]].concat()))
            .await,
        bert.get("/account").await,
    ];
    pages.push(bert.get(&format!("/oidc/logout?{}", encode(&state))).await);
    for page in &pages {
        assert!(!page.body.contains("<img src=x"), "{}", page.body);
    }
    assert!(pages.iter().any(|page| page.body.contains("&lt;img src=x")));
    // Who is let in nowhere is told who helps.
    assert_eq!(pages[2].status, 403);
    assert!(pages[2].body.contains("mailto:help@example.eu"));
}

#[tokio::test]
async fn a_parameter_that_comes_twice_or_is_no_text_is_refused_before_anybody_is_asked() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    for name in [
        "client_id",
        "redirect_uri",
        "state",
        "scope",
        "code_challenge",
        "prompt",
    ] {
        let twice = format!("{}&{name}=x", authorize(&[("prompt", "login")]));
        let page = anna.get(&twice).await;
        assert_eq!(page.status, 403, "{name}");
    }
    let long = "x".repeat(2000);
    for name in ["state", "nonce"] {
        let page = anna.get(&authorize(&[(name, &long)])).await;
        assert_eq!(parameter(&page, "error").unwrap(), "invalid_request");
        assert!(parameter(&page, "state").is_none_or(|state| state.len() < 1100));
    }
    for body in ["grant_type=a&grant_type=b", "%ff=%ff", "", "{}"] {
        let answer = client()
            .post(format!("http://{}/oidc/token", world.service.address()))
            .header("host", world.service.origin().split_once("://").unwrap().1)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        assert!([400, 401].contains(&answer.status().as_u16()), "{body}");
    }
    assert_eq!(number(&world, "SELECT count(*) FROM token"), 0);
}

#[tokio::test]
async fn the_accounts_own_pages_take_no_token_of_a_service() {
    let (world, mut anna) = person(&clients("http://127.0.0.1:9/")).await;
    let code = code(&mut anna, &[]).await;
    let (_, given) = exchange(&world, &code, &[]).await;
    for token in ["access_token", "id_token", "refresh_token"] {
        let bearer = format!("Bearer {}", given[token].as_str().unwrap());
        let mut thief = world.browser();
        for path in ["/account", "/account/devices", "/account/history"] {
            let headers = [("authorization", bearer.as_str())];
            let page = thief.send(Method::GET, path, None, &headers).await;
            assert_eq!(
                (page.status, page.path.as_str()),
                (303, "/sign-in"),
                "{path}"
            );
        }
    }
    // Nor does one service's token say anything to whoever has no right to it.
    for token in ["id_token", "refresh_token"] {
        let (status, _) = get_json(&world, "/oidc/userinfo", given[token].as_str()).await;
        assert_eq!(status, 401, "{token}");
    }
    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    anna.password("anna@example.eu", PASSWORD).await;
    assert_eq!(userinfo(&world, &given).await.0, 401, "its session is over");
}
