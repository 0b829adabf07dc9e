//! Guesses at passwords: whoever knows only the address locks nobody out.

use crate::support::{
    Browser, PASSWORD, PIN, World, approve, begin_sign_in, events, mail, number, sql,
};

const ANNA: &str = "anna@example.eu";
const WRONG: &str = "Wrong-horse8";
const DAY: u64 = 24 * 3600;

/// Types wrong passwords for an address until the share of unknown browsers is used up.
async fn close(world: &World, email: &str) -> Browser {
    let mut stranger = world.browser();
    assert_eq!(stranger.password(email, WRONG).await.status, 401);
    sql(
        world,
        "UPDATE guess SET wrong = 49 WHERE share = 'unknown' AND wrong = 1",
    );
    assert_eq!(stranger.password(email, WRONG).await.status, 401);
    assert_eq!(stranger.password(email, PASSWORD).await.status, 429);
    stranger
}

async fn stop(browser: &mut Browser, password: &str) -> u16 {
    browser.get("/stop").await;
    let fields = [("email", ANNA), ("password", password), ("word", "STOP")];
    let page = browser.post("/stop", &fields).await;
    page.status
}

/// Signs in with the app in this browser, which is known from then on.
async fn by_app(browser: &mut Browser, phone: &mut crate::support::Phone) {
    let page = begin_sign_in(browser, "/sign-in/app").await;
    assert_eq!(page.status, 200);
    approve(phone, &page, PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account");
}

#[tokio::test]
async fn who_knows_only_the_address_keeps_the_owner_neither_from_signing_in_nor_from_stop() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    by_app(&mut owner, &mut phone).await;
    let mut stranger = close(&world, ANNA).await;
    let page = stranger.password(ANNA, PASSWORD).await;
    for way in [
        "signed in with the app before",
        "On mobile",
        "Forgotten password",
        "/stop",
    ] {
        assert!(page.body.contains(way), "{way}");
    }
    // In a browser that is known the password is taken, and that opens the others again.
    by_app(&mut owner, &mut phone).await;
    let page = world.browser().password(ANNA, PASSWORD).await;
    assert_eq!(page.path, "/sign-in/method");
    close(&world, ANNA).await;
    let mut anywhere = world.browser();
    assert_eq!(stop(&mut anywhere, PASSWORD).await, 200);
}

#[tokio::test]
async fn the_owner_is_told_once_that_strangers_used_up_their_guesses() {
    let world = World::new().await;
    let (_, _phone) = world.person().await;
    let mut stranger = close(&world, ANNA).await;
    for _ in 0..3 {
        assert_eq!(stranger.password(ANNA, WRONG).await.status, 429);
    }
    let told = mail(&world, "password is closed in new browsers").await;
    assert!(
        told.contains("Forgotten password") && told.contains("/stop"),
        "{told}"
    );
    assert_eq!(events(&world, "passwords-closed-unknown"), 1);
}

#[tokio::test]
async fn a_sign_in_of_the_owner_opens_the_share_of_strangers_three_times_in_thirty_days() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    by_app(&mut owner, &mut phone).await;
    for _ in 0..3 {
        close(&world, ANNA).await;
        by_app(&mut owner, &mut phone).await;
    }
    let mut stranger = close(&world, ANNA).await;
    by_app(&mut owner, &mut phone).await;
    assert_eq!(stranger.password(ANNA, PASSWORD).await.status, 429);
    world.clock.advance(30 * DAY + 1);
    assert_eq!(stranger.password(ANNA, PASSWORD).await.status, 429);
    by_app(&mut owner, &mut phone).await;
    let page = stranger.password(ANNA, PASSWORD).await;
    assert_eq!(page.path, "/sign-in/method");
}

#[tokio::test]
async fn an_address_without_an_account_looks_like_one_with() {
    let world = World::new().await;
    let (_, _phone) = world.person().await;
    let mut pages = Vec::new();
    for email in [ANNA, "nobody@example.eu"] {
        let mut stranger = close(&world, email).await;
        let page = stranger.password(email, PASSWORD).await;
        let body = page.body.replace(email, "").replace(&stranger.csrf, "");
        pages.push((page.status, body));
    }
    assert_eq!(pages[0], pages[1]);
    // It stays so for as long as one with an account: forever.
    world.clock.advance(400 * DAY);
    assert_eq!(
        world
            .browser()
            .password("nobody@example.eu", WRONG)
            .await
            .status,
        429
    );
}

#[tokio::test]
async fn each_way_has_its_share_and_a_right_password_begins_its_own_again() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    by_app(&mut owner, &mut phone).await;
    let mut stranger = world.browser();
    for _ in 0..20 {
        assert_eq!(stop(&mut stranger, WRONG).await, 401);
    }
    assert_eq!(stop(&mut stranger, PASSWORD).await, 429);
    mail(&world, "the STOP page no longer accepts passwords").await;
    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    for _ in 0..19 {
        assert_eq!(owner.password(ANNA, WRONG).await.status, 401);
    }
    assert_eq!(stranger.password(ANNA, WRONG).await.status, 401);
    let row = |share| format!("SELECT wrong FROM guess WHERE share = '{share}'");
    assert_eq!(owner.password(ANNA, PASSWORD).await.path, "/sign-in/method");
    let left = "SELECT count(*) FROM guess WHERE share = 'known'";
    assert_eq!(number(&world, left), 0);
    assert_eq!(
        number(&world, &row("unknown")),
        1,
        "not used up, so it stays"
    );
    // The owner's sign-in opened the page of STOP again, and a browser that the account knows has
    // tries of its own there.
    let left = "SELECT count(*) FROM guess WHERE share = 'stop'";
    assert_eq!(number(&world, left), 0);
    for _ in 0..20 {
        assert_eq!(stop(&mut stranger, WRONG).await, 401);
    }
    assert_eq!(stop(&mut stranger, PASSWORD).await, 429);
    assert_eq!(stop(&mut owner, PASSWORD).await, 200);
}
