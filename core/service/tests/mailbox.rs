//! What a reader of a person's mail, or somebody at an open browser, can't do, and what the owner
//! hears of what they do.

use crate::support::{
    Browser, PASSWORD, PIN, Phone, World, approve, begin_sign_in, events, mail, number, sql, text,
};

const ANNA: &str = "anna@example.eu";
const OTHER: &str = "anna.ozola@elsewhere.example";
const NEW: &str = "Nine-Otters-9";
const DAY: u64 = 24 * 3600;

async fn by_app(browser: &mut Browser, phone: &mut Phone) {
    let page = begin_sign_in(browser, "/sign-in/app").await;
    approve(phone, &page, PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account");
}

/// Sets a new password by a mailed link alone, and signs in with it.
async fn replace_password(browser: &mut Browser) {
    browser.get("/password/forgotten").await;
    browser
        .post("/password/forgotten", &[("email", ANNA)])
        .await;
    let link = browser.mailed(ANNA, "/password/forgotten/").await;
    browser.get(&link).await;
    browser.post(&link, &[]).await;
    let twice = [("password", NEW), ("password_again", NEW)];
    let page = browser.post("/password/new", &twice).await;
    assert_eq!(page.path, "/password/done");
    assert_eq!(browser.password(ANNA, NEW).await.path, "/account");
}

#[tokio::test]
async fn a_password_that_a_link_alone_set_adds_no_phone_and_changes_no_address_for_a_week() {
    let world = World::new().await;
    world.browser().register(ANNA).await;
    let mut thief = world.browser();
    replace_password(&mut thief).await;
    let add = [("name", "Mine"), ("password", NEW)];
    let email = [("email", OTHER), ("password", NEW)];
    let delete = [("password", NEW)];
    for (page, path, fields) in [
        ("/account/devices", "/account/devices/add", &add[..]),
        ("/account/email", "/account/email", &email[..]),
        ("/account/delete", "/account/delete", &delete[..]),
    ] {
        thief.get(page).await;
        let refused = thief.post(path, fields).await;
        assert_eq!(refused.status, 409, "{path}");
        assert!(
            refused.read().contains("For a week"),
            "{path}: {}",
            refused.read()
        );
    }
    let links = "SELECT count(*) FROM mailed_link WHERE kind IN ('confirm', 'new-email')";
    assert_eq!(number(&world, links), 0);
    // Its owner waits.
    world.clock.advance(7 * DAY);
    thief.password(ANNA, NEW).await;
    thief.get("/account/devices").await;
    let page = thief.post("/account/devices/add", &add).await;
    assert_eq!(page.path, "/account/confirm");
}

#[tokio::test]
async fn a_sign_in_by_password_alone_in_a_new_browser_is_told_once() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    assert_eq!(
        events(&world, "new-browser"),
        0,
        "the account was made there"
    );
    owner.post("/sign-out", &[]).await;
    assert_eq!(owner.password(ANNA, PASSWORD).await.path, "/account");
    assert_eq!(events(&world, "new-browser"), 0);
    let mut other = world.browser();
    assert_eq!(other.password(ANNA, PASSWORD).await.path, "/account");
    mail(&world, "Signed in from a new browser").await;
    other.post("/sign-out", &[]).await;
    other.password(ANNA, PASSWORD).await;
    assert_eq!(events(&world, "new-browser"), 1);
    // It is seen, and has none of what a factor gives.
    let strong = "SELECT count(*) FROM known_browser WHERE strong = 1";
    assert_eq!(number(&world, strong), 0);
}

#[tokio::test]
async fn a_change_of_name_or_language_and_ended_sessions_are_told() {
    let world = World::new().await;
    let mut anna = world.browser();
    anna.register(ANNA).await;
    let mut other = world.browser();
    other.password(ANNA, PASSWORD).await;
    anna.get("/account/person").await;
    let name = [("first_name", "Berta"), ("last_name", "Liepa")];
    anna.post("/account/person", &name).await;
    anna.get("/account/person").await;
    anna.post("/account/person/language", &[("language", "lv")])
        .await;
    anna.get("/account/sessions").await;
    anna.post("/account/sessions/end-others", &[]).await;
    for what in ["name-changed", "language-changed", "sessions-ended"] {
        assert_eq!(events(&world, what), 1, "{what}");
    }
    let silent = "SELECT count(*) FROM event WHERE mail = 0
        AND what IN ('name-changed', 'language-changed', 'sessions-ended')";
    assert_eq!(number(&world, silent), 0);
}

#[tokio::test]
async fn a_copied_mark_of_a_known_browser_is_worth_nothing_after_the_next_sign_in() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    by_app(&mut owner, &mut phone).await;
    let copied = owner.known.clone();
    by_app(&mut owner, &mut phone).await;
    assert_ne!(owner.known, copied);
    assert_eq!(events(&world, "new-browser"), 0);
    let mut thief = world.browser();
    thief.email = ANNA.into();
    thief.known = copied;
    by_app(&mut thief, &mut phone).await;
    assert_eq!(events(&world, "new-browser"), 1);
}

#[tokio::test]
async fn requests_for_addresses_without_an_account_close_no_mailed_way_for_owners() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    let now = number(&world, "SELECT created_at FROM account");
    for kind in ["nobody", "register"] {
        let path = world.folder.path().join("service.db");
        let database = rusqlite::Connection::open(path).unwrap();
        let rows = database.execute(
            &format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                 INSERT INTO mailed_link (id, kind, address, payload, language, created_at,
                   expires_at, due, due_at)
                 SELECT randomblob(16), '{kind}', i || '@example.eu', x'', 'en', {now}, {now} + 1800,
                   0, {now} FROM n"
            ),
            [],
        );
        assert_eq!(rows, Ok(20_000));
    }
    for (form, path) in [
        ("/password/forgotten", "/password/forgotten"),
        ("/stop/link", "/stop/link"),
    ] {
        owner.get(form).await;
        let page = owner.post(path, &[("email", ANNA)]).await;
        assert_eq!(page.status, 200, "{path}");
    }
    owner.mailed(ANNA, "/password/forgotten/").await;
    owner.mailed(ANNA, "/stop/").await;
}

#[tokio::test]
async fn b19_a_disabled_account_gets_no_link_to_replace_its_password() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    sql(&world, "UPDATE account SET disabled_at = 1");
    owner.get("/password/forgotten").await;
    let page = owner.post("/password/forgotten", &[("email", ANNA)]).await;
    assert_eq!(page.status, 200);
    let told = mail(&world, "was not replaced").await;
    assert!(!told.contains("/password/forgotten/"), "{told}");
}

#[tokio::test]
async fn b17_ending_this_session_in_the_list_takes_the_cookie_away() {
    let world = World::new().await;
    let mut anna = world.browser();
    anna.register(ANNA).await;
    anna.get("/account/sessions").await;
    let id = text(&world, "SELECT lower(hex(id)) FROM session");
    let fields = [("id", id.as_str())];
    let page = anna.post("/account/sessions/end", &fields).await;
    assert_eq!(page.path, "/sign-in");
    let taken = anna
        .seen
        .iter()
        .rev()
        .find(|(path, _)| path == "/account/sessions/end");
    let cookies = taken.unwrap().1.headers.get_all("set-cookie");
    let taken =
        |cookie: &reqwest::header::HeaderValue| cookie.to_str().unwrap().ends_with("; Max-Age=0");
    assert!(cookies.iter().any(taken));
    assert_eq!(anna.get("/account").await.path, "/sign-in");
    assert_eq!(number(&world, "SELECT count(*) FROM session"), 0);
}
