//! My account: the overview, the person's data, the browsers that are signed in, and the history by
//! months.

use crate::support::{
    Browser, PASSWORD, PIN, World, approve, begin_sign_in, events, number, sql, text,
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const CHROME: &str = "Mozilla/5.0 (Linux; Android 10; K) Chrome/142.0.0.0 Mobile Safari/537.36";

fn browser(world: &World, agent: &str) -> Browser {
    let mut browser = world.browser();
    browser.headers = vec![("user-agent", agent.to_owned())];
    browser.email = "anna@example.eu".to_owned();
    browser
}

/// Anna in Firefox, and in Chrome on her phone.
async fn two_browsers(world: &World) -> (Browser, Browser) {
    let mut first = browser(world, FIREFOX);
    first.register("anna@example.eu").await;
    let mut second = browser(world, CHROME);
    let page = second.password("anna@example.eu", PASSWORD).await;
    assert_eq!(page.path, "/account", "{}", page.body);
    (first, second)
}

/// The random names on the page of sessions, in its order.
fn names(page: &str) -> Vec<&str> {
    let ids = page.split("name=\"id\" value=\"").skip(1);
    ids.map(|rest| rest.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn b17_sessions_are_listed_with_browser_times_and_proof_and_one_is_ended() {
    let world = World::new().await;
    let (mut first, mut second) = two_browsers(&world).await;
    world.clock.advance(120);
    let page = first.get("/account/sessions").await;
    assert_eq!(page.status, 200);
    let own = page.between("id=\"own\">", "</section>");
    assert!(own.contains("Firefox on Linux") && own.contains("This browser"));
    assert!(own.contains("<dd>password</dd>"), "{own}");
    assert!(page.body.contains("Chrome on Android"));
    // Used just now, so it is the first; and nothing of the cookies is there.
    let ids: Vec<_> = names(&page.body).into_iter().map(str::to_owned).collect();
    assert_eq!(ids.len(), 2);
    for secret in ["hash", "proof"] {
        assert!(!page.body.contains(secret));
    }
    for session in ["lower(hex(hash))", "hex(hash)"] {
        let hash = text(&world, &format!("SELECT {session} FROM session LIMIT 1"));
        assert!(!page.body.contains(&hash));
    }
    let shown = first
        .post("/account/sessions/end", &[("id", &ids[1])])
        .await;
    assert_eq!(shown.path, "/account/sessions");
    assert!(shown.body.contains("The browser is signed out."));
    assert!(!shown.body.contains("Chrome on Android"));
    assert_eq!(second.get("/account").await.path, "/sign-in");
    assert_eq!(first.get("/account").await.path, "/account");
    let history = first.get("/account/history").await.body;
    assert!(history.contains("Browser signed out: Chrome on Android"));
    assert_eq!(
        number(
            &world,
            "SELECT count(*) FROM event WHERE what = 'session-ended' AND mail <> 0"
        ),
        1
    );
    // Its own: as signing out.
    first.get("/account/sessions").await;
    let page = first
        .post("/account/sessions/end", &[("id", &ids[0])])
        .await;
    assert_eq!(page.path, "/sign-in");
    assert_eq!(first.get("/account").await.path, "/sign-in");
}

#[tokio::test]
async fn b17_all_other_sessions_are_ended_half_ones_too() {
    let world = World::new().await;
    let (mut first, mut second) = two_browsers(&world).await;
    let mut phone = first.add_phone(&world.clock).await;
    let page = begin_sign_in(&mut second, "/sign-in/app").await;
    approve(&mut phone, &page, PIN).await;
    assert_eq!(second.get(&page.path).await.path, "/account");
    let mut half = browser(&world, FIREFOX);
    half.password("anna@example.eu", PASSWORD).await;
    assert_eq!(number(&world, "SELECT count(*) FROM session"), 3);
    let sessions = second.get("/account/sessions").await.body;
    assert_eq!(names(&sessions).len(), 2, "a half session is none yet");
    assert!(sessions.contains("password and app PIN"));
    let page = second.post("/account/sessions/end-others", &[]).await;
    assert!(page.body.contains("All other browsers are signed out."));
    assert_eq!(number(&world, "SELECT count(*) FROM session"), 1);
    assert_eq!(first.get("/account").await.path, "/sign-in");
    assert_eq!(half.get("/sign-in/method").await.path, "/sign-in");
    assert_eq!(second.get("/account").await.path, "/account");
    assert_eq!(events(&world, "sessions-ended"), 1);
}

#[tokio::test]
async fn a_session_of_before_whose_browser_nobody_knows_is_listed_and_ended() {
    let world = World::new().await;
    let (mut first, _) = two_browsers(&world).await;
    world.clock.advance(120);
    sql(
        &world,
        "UPDATE session SET browser = NULL WHERE browser LIKE 'chrome%'",
    );
    let page = first.get("/account/sessions").await.body;
    assert!(page.contains("Unknown browser"));
    let id = names(&page)[1].to_owned();
    let page = first.post("/account/sessions/end", &[("id", &id)]).await;
    assert!(page.body.contains("The browser is signed out."));
    let history = first.get("/account/history").await.body;
    assert!(history.contains("Browser signed out: Unknown browser"));
}

#[tokio::test]
async fn another_accounts_session_is_not_ended_by_its_name_and_a_get_ends_nothing() {
    let world = World::new().await;
    let mut anna = browser(&world, FIREFOX);
    anna.register("anna@example.eu").await;
    let id = names(&anna.get("/account/sessions").await.body)[0].to_owned();
    let mut eve = browser(&world, CHROME);
    eve.register("eve@example.eu").await;
    eve.get("/account/sessions").await;
    for id in [id.as_str(), "00112233445566778899aabbccddeeff"] {
        let page = eve.post("/account/sessions/end", &[("id", id)]).await;
        assert_eq!(
            (page.status, page.path.as_str()),
            (200, "/account/sessions")
        );
        assert!(!page.body.contains("signed out."));
    }
    for id in ["", "xyz", &"00".repeat(17), "0011"] {
        let page = eve.post("/account/sessions/end", &[("id", id)]).await;
        assert_eq!(page.status, 400, "{id}");
    }
    for path in ["/account/sessions/end", "/account/sessions/end-others"] {
        let page = anna.get(path).await;
        assert_eq!(
            (page.status, page.path.as_str()),
            (200, "/account/sessions")
        );
    }
    assert_eq!(anna.get("/account").await.path, "/account");
    assert_eq!(events(&world, "session-ended"), 0);
}

#[tokio::test]
async fn b17_history_goes_by_months_and_pages_with_who_caused_each_event() {
    let world = World::new().await;
    let mut anna = browser(&world, FIREFOX);
    anna.register("anna@example.eu").await;
    let page = anna.get("/account/history").await;
    assert!(
        page.body.contains("<bdi>Firefox on Linux</bdi>"),
        "{}",
        page.body
    );
    let now = chrono_month(&page.body);
    assert!(!page.body.contains("Earlier month") && !page.body.contains("Page 1"));
    // 120 more in this month, and one of two months ago.
    for part in 0..120 {
        let insert = format!(
            "INSERT INTO event (account, at, what, detail, mail)
             SELECT acc, created_at + 1, 'device-added', 'Phone {part}', 0 FROM account"
        );
        sql(&world, &insert);
    }
    sql(
        &world,
        "INSERT INTO event (account, at, what, detail, mail)
         SELECT acc, created_at - 62 * 86400, 'device-added', 'Old phone', 0 FROM account",
    );
    world.clock.advance(2);
    let first = anna.get("/account/history").await.body;
    assert!(first.contains("Page 1 of 3") && first.contains("Phone 119"));
    assert!(!first.contains("Phone 60<") && !first.contains("Old phone"));
    let last = anna
        .get(&format!("/account/history?month={now}&page=3"))
        .await;
    assert!(last.body.contains("Phone 5<") && last.body.contains("Page 3 of 3"));
    let none = anna
        .get(&format!("/account/history?month={now}&page=4"))
        .await;
    assert_eq!(none.status, 200);
    assert!(first.contains("Earlier month") && !first.contains("Later month"));
    let mut page = first;
    for _ in 0..3 {
        let Some((_, rest)) = page.split_once("<a href=\"/account/history?month=") else {
            break;
        };
        let month = rest.split('"').next().unwrap().to_owned();
        page = anna
            .get(&format!("/account/history?month={month}"))
            .await
            .body;
        if page.contains("Old phone") {
            assert!(page.contains("Later month") && !page.contains("Earlier month"));
            return;
        }
        // The link to the earlier month is the last one.
        let earlier = page
            .rsplit("<a href=\"/account/history?month=")
            .next()
            .unwrap();
        page = format!("<a href=\"/account/history?month={earlier}");
    }
    panic!("the oldest month was not found");
}

/// The month of the page's title, as its address has it.
fn chrono_month(page: &str) -> String {
    let newest = page.split("<time datetime=\"").nth(1).unwrap();
    newest[..7].to_owned()
}

#[tokio::test]
async fn a_month_or_page_that_is_none_is_not_found() {
    let world = World::new().await;
    let mut anna = browser(&world, FIREFOX);
    anna.register("anna@example.eu").await;
    for bad in [
        "month=2026-13",
        "month=",
        "month=x",
        "page=0",
        "page=-1",
        "page=",
        "page=99999999999999999999",
        "month=%3Cscript%3E",
    ] {
        let page = anna.get(&format!("/account/history?{bad}")).await;
        assert_eq!(page.status, 404, "{bad}");
        assert!(!page.body.contains("<script>"), "{bad}");
    }
    // The future is this month.
    let page = anna.get("/account/history?month=2999-01").await;
    assert!(page.body.contains("Account created"));
}

#[tokio::test]
async fn b17_the_name_and_the_language_of_messages_are_changed_and_noted() {
    let world = World::new().await;
    let mut anna = browser(&world, FIREFOX);
    anna.register("anna@example.eu").await;
    anna.get("/account/person").await;
    let page = anna
        .post(
            "/account/person",
            &[("first_name", "  Ānna "), ("last_name", "")],
        )
        .await;
    assert_eq!(page.path, "/account/person");
    assert!(page.body.contains("The name is saved.") && page.body.contains("value=\"Ānna\""));
    assert_eq!(
        text(&world, "SELECT first_name || '|' || last_name FROM account"),
        "Ānna|"
    );
    let page = anna
        .post(
            "/account/person",
            &[("first_name", "<b>"), ("last_name", "Ozola")],
        )
        .await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("value=\"&lt;b&gt;\""), "{}", page.body);
    let page = anna
        .post("/account/person/language", &[("language", "lv")])
        .await;
    assert_eq!(page.path, "/account/person");
    assert_eq!(text(&world, "SELECT language FROM account"), "lv");
    let page = anna
        .post("/account/person/language", &[("language", "xx")])
        .await;
    assert_eq!(page.status, 400);
    // The same again is no event.
    anna.get("/account/person").await;
    anna.post("/account/person/language", &[("language", "lv")])
        .await;
    assert_eq!(
        (
            events(&world, "name-changed"),
            events(&world, "language-changed")
        ),
        (1, 1)
    );
    let log = std::fs::read_to_string(world.folder.path().join("security.log")).unwrap();
    assert!(log.contains("name-changed") && !log.contains("Ānna"));
}

#[tokio::test]
async fn while_a_recovery_runs_names_stay_as_they_are() {
    let world = World::new().await;
    let (mut anna, _phone) = world.person().await;
    sql(
        &world,
        "INSERT INTO recovery (account, id, began_at, ripe_at)
         SELECT acc, randomblob(16), created_at, created_at + 86400 FROM account",
    );
    anna.get("/account/person").await;
    let page = anna
        .post(
            "/account/person",
            &[("first_name", "Eve"), ("last_name", "")],
        )
        .await;
    assert_eq!(page.status, 409);
    assert!(page.body.contains("recovery of the account is under way"));
    assert_eq!(events(&world, "name-changed"), 0);
}

#[tokio::test]
async fn b17_the_overview_leads_to_each_part_and_says_that_no_service_was_entered_yet() {
    let world = World::new().await;
    let mut anna = browser(&world, FIREFOX);
    anna.register("anna@example.eu").await;
    let page = anna.get("/account").await.body.replace("&#x2f;", "/");
    for part in [
        "/account/person",
        "/account/password",
        "/account/email",
        "/account/devices",
        "/account/sessions",
        "/account/history",
    ] {
        assert!(page.contains(&format!("href=\"{part}\"")), "{part}");
    }
    assert!(page.contains("You have not entered any service"));
    sql(
        &world,
        "INSERT INTO entered (account, session, service, at)
         SELECT account, id, 'https://<bank>.example.eu/', created_at FROM session",
    );
    let page = anna.get("/account").await.body;
    assert!(
        page.contains("<bdi>https:&#x2f;&#x2f;&lt;bank&gt;.example.eu&#x2f;</bdi>"),
        "{page}"
    );
    assert!(!page.contains("You have not entered any service"));
}
