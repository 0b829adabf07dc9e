//! One total for every secret, of which strangers have a share: what unknown browsers do leaves the
//! owner's known ones their part.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{Browser, IBAN, PASSWORD, PIN, Page, Phone, World, approve, number, sql};
use countersign_protocol::{answer::Decision, reply::ResultCode};
use tokio::task::JoinSet;

const TRANSFER: [(&str, &str); 4] = [
    ("iban", IBAN),
    ("name", "SIA Ozols"),
    ("amount", "12.50"),
    ("reference", "Invoice 7"),
];
const WRONG: &str = "0000-0000-0000";

/// Gives the password and asks for an approval.
async fn asks(browser: &mut Browser) -> Page {
    browser.password("anna@example.eu", PASSWORD).await;
    browser.post("/sign-in/app", &[]).await
}

/// A browser that is known from now on, signed in.
async fn known(world: &World, phone: &mut Phone) -> Browser {
    let mut browser = world.browser();
    let page = asks(&mut browser).await;
    approve(phone, &page, PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account");
    browser
}

async fn transfer(browser: &mut Browser) -> Page {
    browser.get("/account/transactions/other").await;
    browser.post("/account/transactions/other", &TRANSFER).await
}

async fn types(browser: &mut Browser, page: &Page, code: &str) -> Page {
    browser.get(&page.path).await;
    let path = format!("{}/code", page.path);
    browser.post(&path, &[("code", code)]).await
}

fn wrong(world: &World) -> (i64, i64) {
    (
        number(world, "SELECT wrong_pin_codes FROM account"),
        number(world, "SELECT unknown_pin_codes FROM account"),
    )
}

#[tokio::test]
async fn three_wrong_codes_of_a_stranger_leave_the_owners_known_browser_two_in_a_row() {
    let world = World::new().await;
    // Signed in with the password alone, before there was a phone: no browser that is known.
    let (mut stranger, mut phone) = world.person().await;
    let mut owner = known(&world, &mut phone).await;
    let page = transfer(&mut stranger).await;
    for _ in 0..3 {
        types(&mut stranger, &page, WRONG).await;
    }
    assert_eq!(wrong(&world), (3, 3));
    assert_eq!(transfer(&mut stranger).await.status, 429);

    let page = transfer(&mut owner).await;
    assert_eq!(types(&mut owner, &page, WRONG).await.status, 401);
    assert_eq!(wrong(&world), (4, 3));
    let link = owner.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &TRANSFER, PIN);
    let done = types(&mut owner, &page, &code).await;
    assert!(
        done.path.starts_with("/account/transactions/done/"),
        "{}",
        done.path
    );
    assert_eq!(wrong(&world), (0, 0));
    // The right one cost the device nothing; what was wrong stays counted, each in its part.
    let spent = |column| number(&world, &format!("SELECT {column} FROM device"));
    assert_eq!((spent("wrong_codes"), spent("unknown_codes")), (4, 3));

    // All five in a row, and nobody gets a sixth.
    for (browser, tries) in [(&mut stranger, 3), (&mut owner, 2)] {
        let page = transfer(browser).await;
        for _ in 0..tries {
            types(browser, &page, WRONG).await;
        }
        assert_eq!(transfer(browser).await.status, 429);
    }
    assert_eq!(wrong(&world), (5, 3));
}

#[tokio::test]
async fn ten_wrong_codes_of_strangers_in_an_epoch_leave_five_to_known_browsers() {
    let world = World::new().await;
    let (mut stranger, mut phone) = world.person().await;
    let mut owner = known(&world, &mut phone).await;
    sql(
        &world,
        "UPDATE device SET wrong_codes = 10, unknown_codes = 10",
    );
    let page = transfer(&mut stranger).await;
    let link = stranger.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &TRANSFER, PIN);
    // Not judged against this phone any more, right or not.
    assert_eq!(types(&mut stranger, &page, &code).await.status, 401);
    let page = transfer(&mut owner).await;
    let link = owner.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &TRANSFER, PIN);
    let done = types(&mut owner, &page, &code).await;
    assert!(
        done.path.starts_with("/account/transactions/done/"),
        "{}",
        done.path
    );
}

#[tokio::test]
async fn ten_wrong_codes_without_pin_close_them_to_strangers_and_the_owner_signs_in() {
    let world = World::new().await;
    let (_, mut phone) = world.person().await;
    let mut owner = known(&world, &mut phone).await;
    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    let mut stranger = world.browser();
    stranger.password("anna@example.eu", PASSWORD).await;
    let mut typed = 0;
    loop {
        stranger.get("/sign-in/method").await;
        let page = stranger.post("/sign-in/code", &[]).await;
        if page.status == 429 {
            break;
        }
        for _ in 0..3 {
            types(&mut stranger, &page, "0000-0000").await;
        }
        typed += 3;
        assert!(typed < 20);
    }
    let count = |column| number(&world, &format!("SELECT {column} FROM account"));
    assert_eq!(
        (count("wrong_plain_codes"), count("unknown_plain_codes")),
        (10, 10)
    );
    owner.password("anna@example.eu", PASSWORD).await;
    let page = owner.post("/sign-in/code", &[]).await;
    let link = owner.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], "no PIN");
    assert_eq!(types(&mut owner, &page, &code).await.path, "/account");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_wrong_codes_in_parallel_never_give_strangers_a_fourth_check_nor_all_a_sixth() {
    let world = World::new().await;
    let (_, mut phone) = world.person().await;
    let mut pages = Vec::new();
    for stranger in [true, true, false] {
        let mut browser = known(&world, &mut phone).await;
        let page = transfer(&mut browser).await;
        if stranger {
            // As if a browser had asked that is not known.
            let id = page.id();
            sql(
                &world,
                &format!(
                    "UPDATE challenge SET known = 0, mark = NULL WHERE hex(id) = upper('{id}')"
                ),
            );
        }
        browser.get(&page.path).await;
        pages.push((browser, page));
    }
    let mut all = JoinSet::new();
    for at in 0..64 {
        let (mut browser, path) = {
            let (browser, page) = &pages[at % 3];
            (browser.clone(), format!("{}/code", page.path))
        };
        all.spawn(async move { browser.post(&path, &[("code", WRONG)]).await.status });
    }
    let statuses = all.join_all().await;
    let checked = statuses.iter().filter(|status| **status == 401).count();
    assert!(checked <= 5, "{statuses:?}");
    let spent = |column| number(&world, &format!("SELECT {column} FROM device"));
    let (all, strangers) = wrong(&world);
    assert_eq!(all, 5);
    // The known browser's own request takes three: whatever it leaves is the strangers', and who
    // comes first is the scheduler's to say.
    assert!((2..=3).contains(&strangers), "{strangers}");
    let counted = (spent("wrong_codes"), spent("unknown_codes"));
    assert_eq!(counted, (all, strangers));
    assert_eq!(spent("length(wrong_month) / 8"), 5);
}

#[tokio::test]
async fn a_known_browsers_request_takes_the_place_of_a_strangers_and_never_the_other_way_round() {
    let world = World::new().await;
    let (_, mut phone) = world.person().await;
    let mut owner = known(&world, &mut phone).await;
    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    let mut stranger = world.browser();
    let waiting = asks(&mut stranger).await;
    assert_eq!(waiting.status, 200);
    let theirs = phone.inbox(0).await.unwrap();
    let page = asks(&mut owner).await;
    assert_eq!(page.status, 200);
    let challenge = phone.inbox(0).await.unwrap();
    assert_ne!(challenge.id, theirs.id);
    // The stranger's is over, also for a person who still looks at it.
    let late = phone
        .decide(&theirs, Decision::Approve, Some(waiting.number()), PIN)
        .await;
    assert_eq!(late.result, ResultCode::NotOpen);
    // The stranger does not come back into the owner's place.
    stranger.get("/sign-in/method").await;
    assert_eq!(stranger.post("/sign-in/app", &[]).await.status, 409);
    assert_eq!(phone.inbox(0).await.unwrap().id, challenge.id);
    // Nor does another known browser: one of the two is the owner's, and it waits.
    approve(&mut phone, &page, PIN).await;
    assert_eq!(owner.get(&page.path).await.path, "/account");
    let mut second = known(&world, &mut phone).await;
    for browser in [&mut owner, &mut second] {
        browser.get("/account").await;
        browser.post("/sign-out", &[]).await;
    }
    assert_eq!(asks(&mut owner).await.status, 200);
    assert_eq!(asks(&mut second).await.status, 409);
}

#[tokio::test]
async fn a_report_of_fraud_stops_unknown_browsers_and_the_one_that_was_reported() {
    let world = World::new().await;
    let (_, mut phone) = world.person().await;
    let mut owner = known(&world, &mut phone).await;
    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    let mut stranger = world.browser();
    asks(&mut stranger).await;
    let challenge = phone.inbox(0).await.unwrap();
    phone.decide(&challenge, Decision::Report, None, PIN).await;
    assert_eq!(asks(&mut stranger).await.status, 409);
    let page = asks(&mut owner).await;
    assert_eq!(page.status, 200);
    // A known browser whose own request is reported is known no more.
    let challenge = phone.inbox(0).await.unwrap();
    phone.decide(&challenge, Decision::Report, None, PIN).await;
    let strong = "SELECT count(*) FROM known_browser WHERE strong = 1";
    assert_eq!(number(&world, strong), 0);
    assert_eq!(asks(&mut owner).await.status, 409);
}

#[tokio::test]
async fn a_request_that_its_browser_cancels_or_replaces_counts_as_unanswered() {
    let world = World::new().await;
    let (_, _phone) = world.person().await;
    let mut stranger = world.browser();
    let quiet = |page: &Page| page.body.contains("No notification was sent");
    // Signs out with it, then asks twice in one session.
    assert!(!quiet(&asks(&mut stranger).await));
    stranger.get("/sign-in").await;
    stranger.post("/sign-out", &[]).await;
    assert!(!quiet(&asks(&mut stranger).await));
    stranger.get("/sign-in/method").await;
    assert!(!quiet(&stranger.post("/sign-in/app", &[]).await));
    stranger.get("/sign-in/method").await;
    assert!(quiet(&stranger.post("/sign-in/app", &[]).await));
    stranger.get("/sign-in").await;
    stranger.post("/sign-out", &[]).await;
    assert!(quiet(&asks(&mut stranger).await));
}
