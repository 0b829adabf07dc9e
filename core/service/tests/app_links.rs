//! Links of the app: what Android and iOS read, and the page where there is no app.
#![allow(clippy::unwrap_used, clippy::panic)]

use countersign_cli::person::html::unescape;
use countersign_service::Apps;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Browser, World};

const ASSET_LINKS: &str = "/.well-known/assetlinks.json";
const ASSOCIATION: &str = "/.well-known/apple-app-site-association";
const PLAY: &str = "https://play.google.com/store/apps/details?id=eu.example.sign&hl=lv";

fn print(byte: &str) -> String {
    [byte; 32].join(":")
}

fn apps() -> Apps {
    let android = |package: &str, byte| format!("{package}={}", print(byte)).parse().unwrap();
    Apps {
        android: vec![
            android("eu.example.sign", "0a"),
            android("eu.example.test", "0b"),
            android("eu.example.sign", "0c"),
        ],
        ios: vec![
            "A1B2C3D4E5.eu.example.sign".parse().unwrap(),
            "A1B2C3D4E5.eu.example.test".parse().unwrap(),
        ],
        android_store: Some(PLAY.parse().unwrap()),
        ios_store: None,
    }
}

/// A statement as the systems fetch it: they follow no redirect, and want JSON.
async fn statement(browser: &mut Browser, path: &str) -> Value {
    let page = browser.send(Method::GET, path, None, &[]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "application/json");
    assert!(!page.headers.contains_key("set-cookie"));
    serde_json::from_str(&page.body).unwrap()
}

#[tokio::test]
async fn b7_android_and_ios_are_told_which_apps_open_the_links() {
    let world = World::with(|config| config.apps = apps()).await;
    let mut browser = world.browser();
    let handles = json!(["delegate_permission/common.handle_all_urls"]);
    assert_eq!(
        statement(&mut browser, ASSET_LINKS).await,
        json!([
            {
                "relation": handles,
                "target": {
                    "namespace": "android_app",
                    "package_name": "eu.example.sign",
                    "sha256_cert_fingerprints": [print("0A"), print("0C")],
                },
            },
            {
                "relation": handles,
                "target": {
                    "namespace": "android_app",
                    "package_name": "eu.example.test",
                    "sha256_cert_fingerprints": [print("0B")],
                },
            },
        ])
    );
    assert_eq!(
        statement(&mut browser, ASSOCIATION).await,
        json!({
            "applinks": {
                "details": [{
                    "appIDs": ["A1B2C3D4E5.eu.example.sign", "A1B2C3D4E5.eu.example.test"],
                    "components": [{ "/": "/Q/*" }],
                }],
            },
        })
    );
}

#[tokio::test]
async fn b7_pages_that_need_the_app_lead_to_the_stores_that_there_are() {
    let world = World::with(|config| config.apps = apps()).await;
    let mut browser = world.browser();
    let link = format!("href=\"{PLAY}\"");
    let landing = browser.get("/Q/ABC").await;
    browser.get("/sign-in").await;
    let mobile = browser.post("/sign-in/mobile", &[]).await;
    for page in [landing, mobile] {
        let body = unescape(&page.body);
        assert!(body.contains(&link), "{body}");
        assert!(body.contains("for Android") && !body.contains("for iPhone"));
    }
}

#[tokio::test]
async fn b7_the_page_of_a_code_opens_the_app_by_its_link_in_lower_case() {
    let world = World::new().await;
    let mut browser = world.browser();
    let origin = browser.origin.clone();
    let button = |message: &str| {
        format!("<a class=\"button\" id=\"open\" href=\"{origin}/Q/{message}\" data-code>")
    };
    let page = browser.get("/Q/ABC234").await;
    assert!(
        unescape(&page.body).contains(&button("ABC234")),
        "{}",
        page.body
    );
    // What is no message of ours is not repeated.
    let long = "A".repeat(1024);
    for other in ["abc", "ABC1", "ABC/DEF", "ABC?x", "%22onclick=", &long] {
        let page = browser.get(&format!("/Q/{other}")).await;
        assert_eq!(page.status, 200);
        let at = page.body.contains("id=\"open\"");
        assert_eq!(at, other == "ABC?x", "{other}: {}", page.body);
    }
}

#[tokio::test]
async fn without_apps_there_is_neither_statement_nor_link_to_a_store() {
    let world = World::new().await;
    let mut browser = world.browser();
    for path in [ASSET_LINKS, ASSOCIATION] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    assert!(!browser.get("/Q/ABC").await.body.contains("Install it:"));
}
