//! Which browser, phone and place an event and a session are said to come from.

use std::net::Ipv4Addr;

use countersign_service::{Config, Connections, Embedded, OriginSetting, StartError};

use crate::support::{Browser, PASSWORD, PIN, World, approve, begin_sign_in, number, text};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn browser(world: &World, headers: &[(&'static str, &str)]) -> Browser {
    let mut browser = world.browser();
    let owned = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    browser.headers = owned.collect();
    browser
}

/// Who caused the newest event of a kind.
fn caller(world: &World, what: &str) -> String {
    text(
        world,
        &format!(
            "SELECT coalesce(browser, '-') || ' ' || coalesce(place, '-') FROM event
             WHERE what = '{what}' ORDER BY id DESC LIMIT 1"
        ),
    )
}

#[tokio::test]
async fn b17_an_event_says_the_browser_or_the_phone_that_caused_it() {
    let world = World::new().await;
    // No proxy is trusted, so nobody's word counts for the place.
    let said = [("user-agent", FIREFOX), ("cf-ipcountry", "LV")];
    let mut anna = browser(&world, &said);
    anna.register("anna@example.eu").await;
    assert_eq!(caller(&world, "account-created"), "firefox/linux -");
    let mut phone = anna.add_phone(&world.clock).await;
    assert_eq!(caller(&world, "device-added"), "device -");
    let page = begin_sign_in(&mut anna, "/sign-in/app").await;
    approve(&mut phone, &page, PIN).await;
    anna.get(&page.path).await;
    assert_eq!(caller(&world, "signed-in"), "firefox/linux -");
    let sessions = "SELECT group_concat(browser || length(id)) FROM session";
    assert_eq!(text(&world, sessions), "firefox/linux16");
}

#[tokio::test]
async fn wrong_passwords_say_the_browser_that_typed_the_last_one() {
    let world = World::new().await;
    browser(&world, &[("user-agent", FIREFOX)])
        .register("anna@example.eu")
        .await;
    let mut stranger = browser(&world, &[("user-agent", "Chrome/142.0 Android")]);
    stranger.password("anna@example.eu", "Wrong-horse7").await;
    let noted = "SELECT count(*) FROM event WHERE what = 'failed-passwords'";
    while number(&world, noted) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(caller(&world, "failed-passwords"), "chrome/android -");
}

#[tokio::test]
async fn a_hostile_user_agent_leaves_none_of_its_text() {
    let world = World::new().await;
    let hostile = "<img src=x onerror=alert(1)>\u{202e}".repeat(256);
    let mut anna = browser(&world, &[("user-agent", &hostile)]);
    anna.register("anna@example.eu").await;
    assert_eq!(caller(&world, "account-created"), "program/unknown -");
    assert_eq!(
        text(&world, "SELECT browser FROM session"),
        "program/unknown"
    );
}

#[tokio::test]
async fn a_trusted_proxy_says_the_place_and_its_client_does_not() {
    let world = World::with(|config| {
        config.connections = Connections::Proxies(vec![Ipv4Addr::LOCALHOST.into()]);
        config.origin = OriginSetting::Exactly("https://sign.example.eu".into());
        config.place_header = Some("X-Place".into());
    })
    .await;
    let mut anna = browser(&world, &[("x-place", "Paris"), ("x-place", "Rīga, Latvia")]);
    anna.register("anna@example.eu").await;
    assert_eq!(
        caller(&world, "account-created"),
        "unknown/unknown Rīga, Latvia"
    );
    assert_eq!(text(&world, "SELECT place FROM session"), "Rīga, Latvia");
    let long = "<b>".repeat(2000);
    for said in [long.as_str(), "\u{202e}Latvia", "a\tb"] {
        let mut again = browser(&world, &[("x-place", said)]);
        again.password("anna@example.eu", PASSWORD).await;
        assert_eq!(caller(&world, "signed-in"), "unknown/unknown -", "{said}");
    }
}

#[tokio::test]
async fn a_place_header_without_a_trusted_proxy_is_refused_at_the_start() {
    for (name, connections) in [
        ("X-Place", Connections::Loopback),
        (
            "no header",
            Connections::Proxies(vec![Ipv4Addr::LOCALHOST.into()]),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            connections,
            place_header: Some(name.to_owned()),
            ..Config::embedded(folder.path())
        };
        let refused = Embedded::start(config).await.err();
        assert!(
            matches!(refused, Some(StartError::PlaceHeader(_))),
            "{refused:?}"
        );
    }
}
