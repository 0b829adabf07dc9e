//! What an attacker tries with the way into a service.

use reqwest::Method;

use super::*;
use crate::support::{PASSWORD, number};

/// Addresses that an attacker names.
const EVIL: &[&str] = &[
    "https://evil.example/",
    "https://library.example.eu.evil.example/app/",
    "https://library.example.eu@evil.example/app/",
    "https://evil.example/https://library.example.eu/app/",
    "https://library.example.eu/app/../admin",
    "https://library.example.eu/app/..%2fadmin",
    "https://library.example.eu/app/%2e%2e/admin",
    "https://library.example.eu/app\\..\\admin",
    "https://library.example.eu/app/#@evil.example",
    "https://library.example.eu/other",
    "http://library.example.eu/app/",
    "//evil.example/",
    "/account",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://library.example.eu/app/\r\nSet-Cookie: a=b",
    "https://library.example.eu/app/?ticket=ST-attackers",
    "https://archive.example.eu/login?x=1",
    "https://archive.example.eu/login/",
];

#[tokio::test]
async fn an_address_that_is_not_registered_is_neither_followed_nor_shown() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    for evil in EVIL {
        for browser in [&mut anna, &mut world.browser()] {
            for more in [
                &[][..],
                &[("gateway", "true")],
                &[("method", "POST")],
                &[("renew", "true")],
            ] {
                let page = browser.get(&login(evil, more)).await;
                assert_eq!(page.status, 403, "{evil}");
                assert!(!page.read().contains("evil"), "{evil}: {}", page.body);
            }
            let body = encode(&[("service", evil)]);
            let page = browser
                .send(Method::POST, "/cas/login", Some(body), &[])
                .await;
            assert_eq!((page.status, page.path.as_str()), (303, "/cas/login"));
            let page = browser.get(&page.path).await;
            assert_eq!(page.status, 403, "{evil}");
            assert!(!page.read().contains("evil"), "{evil}: {}", page.body);
            let page = browser
                .get(&format!("/cas/logout?{}", encode(&[("service", evil)])))
                .await;
            assert!(
                page.path.starts_with('/') && !page.path.starts_with("//"),
                "{}",
                page.path
            );
            assert!(!page.read().contains("evil"), "{evil}: {}", page.body);
        }
    }
    assert_eq!(number(&world, "SELECT count(*) FROM ask"), 0);
    assert_eq!(number(&world, "SELECT count(*) FROM ticket"), 0);
    assert_eq!(
        anna.get("/account").await.path,
        "/account",
        "nobody was signed out"
    );
}

#[tokio::test]
async fn a_parameter_that_comes_twice_leads_nowhere() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let twice = [("service", LIBRARY), ("service", ARCHIVE)];
    let page = anna.get(&format!("/cas/login?{}", encode(&twice))).await;
    assert_eq!(page.status, 403);
    let page = anna
        .send(Method::POST, "/cas/login", Some(encode(&twice)), &[])
        .await;
    assert_eq!((page.status, page.path.as_str()), (303, "/cas/login"));
    assert_eq!(anna.get("/cas/login").await.status, 403);
    let page = anna
        .get(&login(LIBRARY, &[("authenticationLevel", "NONE")]))
        .await;
    assert_eq!(page.status, 403);
}

#[tokio::test]
async fn an_ask_completes_in_the_browser_that_opened_it_and_in_no_other() {
    let world = world(CLIENTS).await;
    let (mut anna, mut eve) = (world.browser(), world.browser());
    anna.register("anna@example.eu").await;
    // A page of another site sends Eve's browser here by a form. No cookie comes with it.
    let body = encode(&[("service", LIBRARY)]);
    let headers = [
        ("origin", "https://library.example.eu"),
        ("sec-fetch-site", "cross-site"),
    ];
    let page = eve
        .send(Method::POST, "/cas/login", Some(body), &headers)
        .await;
    assert_eq!(page.status, 303);
    let address = page.path.clone();
    assert!(address.starts_with("/enter/"), "{address}");
    let kept = number(&world, "SELECT count(*) FROM ask WHERE browser IS NULL");
    assert_eq!(kept, 1);
    assert_eq!(eve.get(&address).await.path, "/sign-in");
    // Anna, who is signed in, is led to it: she is not let in by that.
    let page = anna.get(&address).await;
    assert_eq!(page.status, 403);
    assert!(
        page.read().contains("href=\"https://library.example.eu/\""),
        "{}",
        page.read()
    );
    assert_eq!(anna.get("/enter").await.path, "/account");
    assert_eq!(number(&world, "SELECT count(*) FROM ticket"), 0);
    // Nor does another cookie help, or an address that nobody has.
    let other = format!("/enter/{}", "0".repeat(64));
    assert_eq!(eve.get(&other).await.status, 403);
    assert_eq!(eve.get("/enter/1").await.status, 404);
    let page = eve.password("anna@example.eu", PASSWORD).await;
    ticket(&page, LIBRARY);
    assert_eq!(eve.get(&address).await.status, 403, "it was used");
    world.clock.advance(1801);
    assert_eq!(eve.get(&address).await.status, 403);
}

#[tokio::test]
async fn an_ask_waits_for_half_an_hour_and_a_browser_has_five_at_most() {
    let world = world(CLIENTS).await;
    let mut browser = world.browser();
    for shelf in 0..9 {
        let service = format!("{LIBRARY}?shelf={shelf}");
        assert_eq!(browser.get(&login(&service, &[])).await.path, "/sign-in");
        world.clock.advance(1);
    }
    assert_eq!(number(&world, "SELECT count(*) FROM ask"), 5);
    assert!(
        browser
            .get("/sign-in")
            .await
            .body
            .contains("id=\"entering\"")
    );
    world.clock.advance(1800);
    assert!(
        !browser
            .get("/sign-in")
            .await
            .body
            .contains("id=\"entering\"")
    );
}

#[tokio::test]
async fn forms_lead_to_the_service_that_waits_and_to_no_other() {
    let world = world(CLIENTS).await;
    let mut browser = world.browser();
    let policy = |page: &Page| {
        page.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    let own = policy(&browser.get("/sign-in").await);
    assert!(own.contains("form-action 'self';"), "{own}");
    let page = browser.get(&login(LIBRARY, &[])).await;
    let during = policy(&page);
    assert_eq!(
        during,
        own.replace(
            "form-action 'self'",
            "form-action 'self' https://library.example.eu"
        )
    );
    let other = policy(&world.browser().get("/sign-in").await);
    assert_eq!(other, own);
}

#[tokio::test]
async fn no_ticket_and_no_name_of_an_ask_is_in_the_database_until_it_is_used() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let ticket = entered(&mut anna, LIBRARY).await;
    let body = encode(&[("service", LIBRARY)]);
    let page = anna.send(Method::POST, "/cas/login", Some(body), &[]).await;
    let name = page.path.strip_prefix("/enter/").unwrap().to_owned();
    let files = [
        "service.db",
        "service.db-wal",
        "service.journal",
        "security.log",
    ];
    for file in files {
        let bytes = std::fs::read(world.folder.path().join(file)).unwrap_or_default();
        let bytes = String::from_utf8_lossy(&bytes);
        assert!(!bytes.contains(&ticket) && !bytes.contains(&name), "{file}");
    }
}

#[tokio::test]
async fn a_step_on_the_way_into_a_service_needs_a_form_of_ours_and_a_session() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    anna.get(&login(LIBRARY, &[("renew", "true")])).await;
    for path in [
        "/enter/password",
        "/enter/app",
        "/enter/code",
        "/enter/stop",
        "/cas/logout",
    ] {
        let body = encode(&[("password", PASSWORD)]);
        let page = anna.send(Method::POST, path, Some(body), &[]).await;
        assert_eq!(page.status, 403, "{path}");
    }
    let mut stranger = world.browser();
    stranger.get("/sign-in").await;
    let page = stranger
        .post_once("/enter/password", &[("password", PASSWORD)])
        .await;
    assert_eq!(page.path, "/sign-in");
}
