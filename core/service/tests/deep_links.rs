//! Where a person wanted to go survives the sign-in.

use crate::support::{Browser, PASSWORD, PIN, World, approve};

const EMAIL: &str = "anna@example.eu";
const COOKIE: &str = "countersign-next";

/// The page after a sign-in in a browser that wanted to see this one before.
async fn wanted(world: &World, path: &str) -> String {
    let mut browser = world.browser();
    let page = browser.get(path).await;
    assert_eq!(
        (page.status, page.path.as_str()),
        (200, "/sign-in"),
        "{path}"
    );
    sign_in(&mut browser).await
}

async fn sign_in(browser: &mut Browser) -> String {
    browser.password(EMAIL, PASSWORD).await.path
}

#[tokio::test]
async fn a_page_of_the_account_is_next_after_the_sign_in_that_it_asked_for() {
    let world = World::new().await;
    world.browser().register(EMAIL).await;
    for path in [
        "/account/devices",
        "/account/transactions/other",
        "/account/history?month=2026-11&page=1",
    ] {
        assert_eq!(wanted(&world, path).await, path);
    }
    let to = wanted(&world, "/.well-known/change-password").await;
    assert_eq!(to, "/account/password");
    // Once: the next sign-in has its own.
    let mut browser = world.browser();
    browser.get("/account/devices").await;
    assert_eq!(sign_in(&mut browser).await, "/account/devices");
    browser.post("/sign-out", &[]).await;
    assert_eq!(sign_in(&mut browser).await, "/account");
}

#[tokio::test]
async fn the_page_is_next_after_the_last_factor_too() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(EMAIL).await;
    let mut phone = owner.add_phone(&world.clock).await;
    let mut browser = world.browser();
    browser.get("/account/history").await;
    browser.password(EMAIL, PASSWORD).await;
    let page = browser.post("/sign-in/app", &[]).await;
    approve(&mut phone, &page, PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account/history");
    assert!(!browser.cookies.contains_key(COOKIE));
}

#[tokio::test]
async fn nothing_but_a_page_of_the_account_is_next() {
    let world = World::new().await;
    world.browser().register(EMAIL).await;
    for path in ["/account/history.csv", "/recovery", "/sign-in/method"] {
        assert_eq!(wanted(&world, path).await, "/account", "{path}");
    }
    for planted in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/account//evil.example",
        "/account/../sign-out",
        "/sign-in",
        "/account/nowhere",
        "/account?a=%2F%2Fevil.example",
        "",
    ] {
        let mut browser = world.browser();
        browser.cookies.insert(COOKIE.into(), planted.into());
        assert_eq!(sign_in(&mut browser).await, "/account", "{planted}");
    }
}

#[tokio::test]
async fn a_form_of_somebody_who_is_signed_out_is_not_next() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register(EMAIL).await;
    world.clock.advance(31 * 60);
    let page = browser
        .post(
            "/account/person",
            &[("first_name", "Zane"), ("last_name", "")],
        )
        .await;
    assert_eq!(page.path, "/sign-in");
    assert_eq!(sign_in(&mut browser).await, "/account");
}
