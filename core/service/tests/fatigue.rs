//! Against request fatigue: what a stranger who knows the password can't do to the person with the
//! phone.

use crate::support::{Browser, PASSWORD, PIN, Page, World, number};
use countersign_protocol::{answer::Decision, reply::ResultCode};

/// A browser of its own that gives the password and asks for an approval.
async fn asks(browser: &mut Browser) -> Page {
    browser.password("anna@example.eu", PASSWORD).await;
    browser.post("/sign-in/app", &[]).await
}

#[tokio::test]
async fn only_the_session_that_asked_replaces_an_open_approval_and_another_is_told_to_wait() {
    let world = World::new().await;
    let (_, phone) = world.person().await;
    let mut first = world.browser();
    let page = asks(&mut first).await;
    let mut second = world.browser();
    let refused = asks(&mut second).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused
            .body
            .contains("That phone already has another request waiting.")
    );
    let open = phone.inbox(0).await.unwrap().id;
    // The same session asks again: its own older request gives way.
    first.get("/sign-in/method").await;
    let again = first.post("/sign-in/app", &[]).await;
    assert_eq!(again.status, 200);
    assert_ne!(phone.inbox(0).await.unwrap().id, open);
    assert!(first.get(&page.path).await.body.contains("Not confirmed"));
    // A session that ends takes its request with it.
    first.get("/sign-in").await;
    first.post("/sign-out", &[]).await;
    assert!(phone.inbox(0).await.is_none());
    second.get("/sign-in/method").await;
    assert_eq!(second.post("/sign-in/app", &[]).await.status, 200);
}

#[tokio::test]
async fn three_unanswered_or_declined_requests_in_an_hour_stop_notifications_never_the_inbox() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let mut stranger = world.browser();
    for declined in [true, false, false] {
        let page = asks(&mut stranger).await;
        assert!(!page.body.contains("No notification was sent"));
        let challenge = phone.inbox(0).await.unwrap();
        if declined {
            phone.decide(&challenge, Decision::Decline, None, PIN).await;
        } else {
            world.clock.advance(181);
        }
    }
    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    // A phone that waits is not disturbed, and finds the request when it asks by itself.
    let (page, waited) = tokio::join!(
        async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            asks(&mut owner).await
        },
        async {
            let begun = std::time::Instant::now();
            let found = phone.inbox(3).await;
            (found.is_some(), begun.elapsed().as_secs())
        }
    );
    assert!(
        page.body.contains("No notification was sent"),
        "{}",
        page.body
    );
    assert!(waited.1 >= 2, "it was woken after {} s", waited.1);
    let challenge = phone.inbox(0).await.unwrap();
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(reply.result, ResultCode::Done);
    assert_eq!(owner.get(&page.path).await.path, "/account");
    world.clock.advance(3601);
    let page = asks(&mut stranger).await;
    assert!(page.number() >= 10 && !page.body.contains("No notification was sent"));
}

#[tokio::test]
async fn a_stranger_with_the_password_leaves_codes_to_browsers_known_by_a_strong_sign_in() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let strong = "SELECT count(*) FROM known_browser WHERE strong = 1";
    assert_eq!(
        number(&world, strong),
        0,
        "a password alone makes no browser known"
    );
    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    let page = asks(&mut owner).await;
    let challenge = phone.inbox(0).await.unwrap();
    phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(owner.get(&page.path).await.path, "/account");
    assert_eq!(number(&world, strong), 1);
    owner.post("/sign-out", &[]).await;

    // Two may be open at once for strangers, and ten be asked for in an hour.
    let mut strangers = [world.browser(), world.browser(), world.browser()];
    let mut statuses = Vec::new();
    for stranger in &mut strangers {
        stranger.password("anna@example.eu", PASSWORD).await;
        statuses.push(stranger.post("/sign-in/code", &[]).await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
    let mut given = 2;
    loop {
        strangers[0].get("/sign-in/method").await;
        match strangers[0].post("/sign-in/code", &[]).await.status {
            200 => given += 1,
            status => break assert_eq!(status, 429),
        }
    }
    assert_eq!(given, 10);

    // The owner's browser, with nothing but the password given, still gets its ten and signs in.
    owner.password("anna@example.eu", PASSWORD).await;
    let mut last = None;
    for _ in 0..10 {
        owner.get("/sign-in/method").await;
        let page = owner.post("/sign-in/code", &[]).await;
        assert_eq!(page.status, 200);
        last = Some(page.path);
    }
    let path = last.unwrap();
    let link = owner.get(&format!("{path}/link")).await.body;
    let code = phone.code(&link, &[], PIN);
    let page = owner
        .post(&format!("{path}/code"), &[("code", &code)])
        .await;
    assert_eq!(page.path, "/account");
    owner.post("/sign-out", &[]).await;
    owner.password("anna@example.eu", PASSWORD).await;
    assert_eq!(owner.post("/sign-in/code", &[]).await.status, 429);
    // The mark is this browser's for this account: another's cookie is worth nothing.
    let mut other = world.browser();
    other.known = Some(format!("countersign-known={}", "ab".repeat(32)));
    world.clock.advance(1800);
    other.password("anna@example.eu", PASSWORD).await;
    assert_eq!(other.post("/sign-in/code", &[]).await.status, 429);
}

#[tokio::test]
async fn what_is_no_endpoint_of_the_phones_is_refused_with_one_line_of_text() {
    let world = World::new().await;
    let mut browser = world.browser();
    for (method, path, status) in [
        (reqwest::Method::GET, "/api/v1/nothing", 404),
        (reqwest::Method::POST, "/api/v2/claim", 404),
        (reqwest::Method::GET, "/api/v1/claim", 405),
        (reqwest::Method::DELETE, "/.well-known/countersign", 405),
    ] {
        let page = browser.send(method, path, None, &[]).await;
        assert_eq!(page.status, status, "{path}");
        let media = page.headers["content-type"].to_str().unwrap();
        assert!(media.starts_with("text/plain"), "{path}: {media}");
        assert_eq!(page.body.lines().count(), 1, "{path}: {}", page.body);
    }
}
