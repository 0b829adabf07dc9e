//! What ends a grant, and what does not.

use countersign_service::Act;

use super::*;
use crate::support::{PASSWORD, PIN, approve, number, sql};

const OLD: &str = "https://old.example.eu/back";
const NOBODY: &str = "http://127.0.0.1:9/";

/// A code of the service whose entry allows offline use, for a grant that outlives its session.
async fn offline_code(world: &World, browser: &mut Browser) -> String {
    let old = [("client_id", "old"), ("redirect_uri", OLD)];
    let code = code(browser, &old).await;
    sql(
        world,
        "UPDATE token_grant SET offline = 1 WHERE offline = 0",
    );
    code
}

async fn of_old(world: &World, fields: &[(&str, &str)]) -> (u16, Value) {
    let own = [("client_id", "old"), ("client_secret", SECRET)];
    let (status, given) = post(world, "/oidc/token", None, &[fields, &own].concat()).await;
    (status.as_u16(), given)
}

async fn exchange_old(world: &World, code: &str) -> (u16, Value) {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", OLD),
        ("code_verifier", VERIFIER),
    ];
    of_old(world, &fields).await
}

/// The status of a refresh, and what it gives.
async fn refresh_old(world: &World, given: &Value) -> (u16, Value) {
    let token = given["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    of_old(world, &fields).await
}

async fn offline(world: &World, browser: &mut Browser) -> Value {
    let code = offline_code(world, browser).await;
    exchange_old(world, &code).await.1
}

#[tokio::test]
async fn whoever_ends_other_sessions_ends_what_outlives_a_session_too() {
    let (world, mut anna) = person(&clients(NOBODY)).await;
    let mut elsewhere = world.browser();
    elsewhere.password("anna@example.eu", PASSWORD).await;
    let given = offline(&world, &mut elsewhere).await;
    elsewhere.get("/account").await;
    elsewhere.post("/sign-out", &[]).await;
    let (status, given) = refresh_old(&world, &given).await;
    assert_eq!(status, 200, "a sign-out leaves it");
    // What this browser itself granted stays.
    let own = offline(&world, &mut anna).await;
    anna.get("/account/sessions").await;
    anna.post("/account/sessions/end-others", &[]).await;
    assert_eq!(refresh_old(&world, &given).await.0, 400);
    assert_eq!(refresh_old(&world, &own).await.0, 200);
}

#[tokio::test]
async fn a_disabled_account_that_is_enabled_again_has_granted_nothing() {
    let (world, mut anna) = person(&clients(NOBODY)).await;
    let given = offline(&world, &mut anna).await;
    world.act(Act::Disable, "anna@example.eu").await.unwrap();
    world.act(Act::Enable, "anna@example.eu").await.unwrap();
    assert_eq!(refresh_old(&world, &given).await.0, 400);
    assert_eq!(number(&world, "SELECT count(*) FROM token_grant"), 0);
}

#[tokio::test]
async fn a_device_that_is_removed_takes_what_outlives_a_session_with_it() {
    let world = world(&clients(NOBODY)).await;
    let (mut anna, phone) = world.person().await;
    let given = offline(&world, &mut anna).await;
    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    assert_eq!(phone.remove().await, 200);
    assert_eq!(refresh_old(&world, &given).await.0, 400);
}

#[tokio::test]
async fn a_new_password_by_a_mailed_link_ends_what_outlives_a_session() {
    let (world, mut anna) = person(&clients(NOBODY)).await;
    let given = offline(&world, &mut anna).await;
    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    let mut other = world.browser();
    other.get("/password/forgotten").await;
    let email = [("email", "anna@example.eu")];
    other.post("/password/forgotten", &email).await;
    let link = other
        .mailed("anna@example.eu", "/password/forgotten/")
        .await;
    other.get(&link).await;
    other.post(&link, &[]).await;
    let new = "An0ther-horse-of-hers";
    let new = [("password", new), ("password_again", new)];
    let page = other.post("/password/new", &new).await;
    assert_eq!(page.path, "/password/done");
    assert_eq!(refresh_old(&world, &given).await.0, 400);
}

#[tokio::test]
async fn a_code_is_worth_nothing_after_a_sign_out_for_offline_use_either() {
    let (world, mut anna) = person(&clients(NOBODY)).await;
    let code = offline_code(&world, &mut anna).await;
    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    assert_eq!(exchange_old(&world, &code).await.0, 400);
    assert_eq!(number(&world, "SELECT count(*) FROM token_grant"), 0);
}

#[tokio::test]
async fn a_service_that_refreshes_in_a_loop_does_not_fill_the_table() {
    let (world, mut anna) = person(&clients(NOBODY)).await;
    let code = code(&mut anna, &[]).await;
    let (_, mut given) = exchange(&world, &code, &[]).await;
    let mut all = Vec::new();
    for _ in 0..120 {
        all.push(given["refresh_token"].clone());
        given = refresh(&world, &given["refresh_token"]).await.1;
    }
    let most = 100 + 3;
    assert_eq!(number(&world, "SELECT count(*) FROM token"), most);
    // One that nobody remembers is unknown, and one of the newest ends the grant.
    assert_eq!(refresh(&world, &all[0]).await.0, 400);
    let (status, next) = refresh(&world, &given["refresh_token"]).await;
    assert_eq!(status, 200);
    assert_eq!(refresh(&world, &all[60]).await.0, 400);
    assert_eq!(refresh(&world, &next["refresh_token"]).await.0, 400);
}

#[tokio::test]
async fn a_grant_ends_when_its_session_was_not_used_for_long_though_nobody_swept() {
    let (world, mut anna) = person(&clients(NOBODY)).await;
    for seconds in [31 * 60, 12 * 3600] {
        let code = code(&mut anna, &[]).await;
        let (_, given) = exchange(&world, &code, &[]).await;
        sql(
            &world,
            "UPDATE token SET expires_at = expires_at + 86400 WHERE kind = 'refresh'",
        );
        world.clock.advance(seconds);
        if seconds > 3600 {
            // Used all the while, and yet it is over.
            sql(
                &world,
                "UPDATE session SET used_at = expires_at - 1 WHERE signed_in = 1",
            );
        }
        assert_eq!(userinfo(&world, &given).await.0, 401, "{seconds}");
        assert_eq!(refresh(&world, &given["refresh_token"]).await.0, 400);
        anna.password("anna@example.eu", PASSWORD).await;
    }
}

#[tokio::test]
async fn a_service_whose_sector_changed_gets_a_grant_that_is_over_and_no_other_name() {
    let (world, mut anna) = person(&clients(NOBODY)).await;
    for change in [
        "UPDATE subject SET sector = 'before' WHERE sector = 'app'",
        "UPDATE token_grant SET sector = 'before'",
    ] {
        let code = code(&mut anna, &[]).await;
        let (_, given) = exchange(&world, &code, &[]).await;
        sql(&world, change);
        assert_eq!(userinfo(&world, &given).await.0, 401, "{change}");
        let (status, refused) = refresh(&world, &given["refresh_token"]).await;
        let invalid = json!("invalid_grant");
        assert_eq!((status.as_u16(), &refused["error"]), (400, &invalid));
    }
}

#[tokio::test]
async fn the_question_of_a_sign_out_lets_its_form_lead_back_to_the_service() {
    let (world, mut anna) = person(&clients(NOBODY)).await;
    let _ = &world;
    for (to, leads) in [
        ("https://app.example.eu/bye", true),
        ("https://evil.example/", false),
    ] {
        let fields = [("client_id", "app"), ("post_logout_redirect_uri", to)];
        let page = anna.get(&format!("/oidc/logout?{}", encode(&fields))).await;
        assert_eq!(page.status, 200);
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        let there = policy.contains("form-action 'self' https://app.example.eu;");
        assert_eq!(there, leads, "{policy}");
        assert!(!policy.contains("evil"), "{policy}");
    }
}

/// The session that a logout token names.
async fn told_of(world: &World, peer: &Peer) -> Value {
    let told = peer.next(5).await.unwrap();
    let (_, token) = told.split_once("logout%5Ftoken=").unwrap();
    let token = token.replace("%2E", ".").replace("%2D", "-");
    let token = token.replace("%5F", "_");
    verified(world, &token).await["sid"].clone()
}

#[tokio::test]
async fn a_sign_out_is_told_by_every_name_that_the_service_has_for_the_session() {
    let peer = Peer::answering(200).await;
    let world = world(&clients(&peer.url)).await;
    let (mut anna, mut phone) = world.person().await;
    let mut sids = Vec::new();
    let first = code(&mut anna, &[]).await;
    let (_, first) = exchange(&world, &first, &[]).await;
    let token = verified(&world, first["id_token"].as_str().unwrap()).await;
    sids.push(token["sid"].clone());
    world.clock.advance(100);
    let more = [("acr_values", "MEDIUM")];
    assert_eq!(anna.get(&authorize(&more)).await.path, "/enter");
    let page = anna.post("/enter/app", &[]).await;
    approve(&mut phone, &page, PIN).await;
    let page = anna.get(&page.path).await;
    let second = parameter(&page, "code").unwrap();
    let (_, second) = exchange(&world, &second, &[]).await;
    let token = verified(&world, second["id_token"].as_str().unwrap()).await;
    assert_ne!(token["sid"], sids[0]);
    sids.push(token["sid"].clone());
    // What is refreshed has the name that the service knows.
    let (_, again) = refresh(&world, &first["refresh_token"]).await;
    let token = verified(&world, again["id_token"].as_str().unwrap()).await;
    assert_eq!(token["sid"], sids[0]);
    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    let told = [told_of(&world, &peer).await, told_of(&world, &peer).await];
    assert!(sids.iter().all(|sid| told.contains(sid)), "{told:?}");
}

#[tokio::test]
async fn a_grant_waits_while_the_person_signs_in_once_more() {
    let world = world(&clients(NOBODY)).await;
    let (mut anna, mut phone) = world.person().await;
    let first = code(&mut anna, &[]).await;
    let (_, given) = exchange(&world, &first, &[]).await;
    anna.get("/sign-in").await;
    let page = anna.password("anna@example.eu", PASSWORD).await;
    assert_eq!(page.path, "/sign-in/method");
    assert_eq!(refresh(&world, &given["refresh_token"]).await.0, 400);
    assert_eq!(userinfo(&world, &given).await.0, 401);
    let page = anna.post("/sign-in/app", &[]).await;
    approve(&mut phone, &page, PIN).await;
    anna.get(&page.path).await;
    assert_eq!(userinfo(&world, &given).await.0, 200);
    assert_eq!(refresh(&world, &given["refresh_token"]).await.0, 200);
}
