//! Where pages are: at the origin, and for a person who loads an address that forms are sent to.

use std::net::Ipv4Addr;

use countersign_service::{Connections, OriginSetting};
use reqwest::Method;

use crate::support::World;

#[tokio::test]
async fn a_page_of_another_host_is_loaded_from_the_origin_and_a_form_there_does_nothing() {
    let world = World::with(|config| {
        config.connections = Connections::Proxies(vec![Ipv4Addr::LOCALHOST.into()]);
        config.origin = OriginSetting::Exactly("https://sign.example.eu".into());
    })
    .await;
    let mut browser = world.browser();
    let there = [("host", "evil.example")];
    for (path, to) in [
        ("/sign-in", "https://sign.example.eu/sign-in"),
        ("/nowhere?a=b", "https://sign.example.eu/nowhere?a=b"),
        (
            "//evil.example/x",
            "https://sign.example.eu//evil.example/x",
        ),
    ] {
        let page = browser.send(Method::GET, path, None, &there).await;
        assert_eq!((page.status, page.path.as_str()), (307, to));
        assert!(!page.headers.contains_key("set-cookie"), "{path}");
    }
    browser.get("/sign-in").await;
    let body = Some(format!("csrf={}&email=anna%40example.eu", browser.csrf));
    let page = browser
        .send(Method::POST, "/sign-in", body.clone(), &there)
        .await;
    assert_eq!(page.status, 421);
    assert!(
        page.body.contains("https:&#x2f;&#x2f;sign.example.eu"),
        "{}",
        page.body
    );
    let page = browser.send(Method::POST, "/sign-in", body, &[]).await;
    assert_eq!(
        (page.status, page.path.as_str()),
        (303, "/sign-in/password")
    );
}

#[tokio::test]
async fn an_address_that_only_forms_are_sent_to_leads_to_its_page() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    for (path, to) in [
        ("/language", "/"),
        ("/sign-out", "/"),
        ("/sign-in/app", "/sign-in"),
        ("/account/devices/add", "/account/devices"),
        ("/account/person/language", "/account/person"),
        (
            "/challenge/00112233445566778899aabbccddeeff/code",
            "/challenge/00112233445566778899aabbccddeeff",
        ),
    ] {
        let page = browser.send(Method::GET, path, None, &[]).await;
        assert_eq!((page.status, page.path.as_str()), (303, to), "{path}");
    }
    let page = browser.send(Method::DELETE, "/account", None, &[]).await;
    assert_eq!(page.status, 405);
    assert!(page.body.contains("href=\"/\""), "{}", page.body);
}

#[tokio::test]
async fn signing_out_takes_the_cookie_away_so_that_nobody_goes_back() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    let page = browser.post_once("/sign-out", &[]).await;
    assert_eq!((page.status, page.path.as_str()), (303, "/sign-in"));
    assert!(browser.cookie.is_none());
    assert_eq!(browser.get("/account").await.path, "/sign-in");
}
