//! The pages that wait for a phone: which device is asked, until when, how a request is given up,
//! and what comes next when it is over.

use std::fs;

use crate::support::{Browser, PASSWORD, PIN, Page, Phone, World, approve, begin_sign_in, number};
use countersign_protocol::{answer::Decision, reply::ResultCode, update::ChangeKind};

const ANNA: &str = "anna@example.eu";
const WRONG: &str = "9374";

async fn state(browser: &mut Browser, page: &Page) -> serde_json::Value {
    let news = browser.get(&format!("{}/state", page.path)).await;
    serde_json::from_str(&news.body).unwrap()
}

async fn cancel(browser: &mut Browser, page: &Page) -> Page {
    browser.get(&page.path).await;
    browser.post(&format!("{}/cancel", page.path), &[]).await
}

async fn renew(browser: &mut Browser, page: &Page) -> Page {
    browser.get(&page.path).await;
    browser.post(&format!("{}/renew", page.path), &[]).await
}

/// A wrong old PIN, as the phone's own "Change PIN" sends it.
async fn wrong_pin(phone: &mut Phone) {
    let slot = phone.change(phone.wanted(ChangeKind::Change, WRONG, "6304"));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::WrongPin);
}

#[tokio::test]
async fn b5_the_waiting_page_names_the_device_and_says_its_number_and_until_when() {
    let world = World::new().await;
    let (mut browser, _phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    assert!(page.body.contains("<h1>Look at My phone</h1>"), "{page:?}");
    let number = page.number();
    let spoken = format!("<p class=\"unseen\">{} {}</p>", number / 10, number % 10);
    assert!(page.body.contains(&spoken), "{page:?}");
    assert!(page.body.contains("data-left=\"180\"") && page.body.contains("Good until"));
    assert!(page.body.contains("Check again"), "{page:?}");
    world.clock.advance(50);
    let news = state(&mut browser, &page).await;
    assert_eq!(
        (&news["state"], &news["left"]),
        (&"open".into(), &130.into())
    );
}

#[test]
fn no_page_loads_itself_again_without_being_asked() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
    for template in fs::read_dir(folder).unwrap() {
        let path = template.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        assert!(!source.contains("http-equiv"), "{}", path.display());
    }
}

#[tokio::test]
async fn b5_cancel_ends_the_request_for_the_phone_and_leads_back_to_the_choice() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    let challenge = phone.inbox(0).await.unwrap();
    assert_eq!(cancel(&mut browser, &page).await.path, "/sign-in/method");
    assert!(phone.inbox(0).await.is_none());
    let late = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(late.result, ResultCode::NotOpen);
    assert_eq!(state(&mut browser, &page).await["state"], "over");
    let over = browser.get(&page.path).await;
    assert!(over.body.contains("It was cancelled"), "{over:?}");
    // The page of what is over asks the same device once more.
    let again = renew(&mut browser, &page).await;
    assert_ne!(again.path, page.path);
    approve(&mut phone, &again, PIN).await;
    assert_eq!(browser.get(&again.path).await.path, "/account");
}

#[tokio::test]
async fn a_change_that_is_cancelled_leads_back_to_where_it_began() {
    let world = World::new().await;
    let (mut browser, phone) = world.person().await;
    let dev = phone.dev();
    let transfer = [
        ("iban", crate::support::IBAN),
        ("name", "SIA Ozols"),
        ("amount", "12.50"),
        ("reference", "Invoice 7"),
        ("way", "phone"),
    ];
    for (form, fields) in [
        ("/account/devices/add", &[("name", "Tablet")][..]),
        ("/account/devices/remove", &[("dev", &dev)]),
        ("/account/email", &[("email", "b@example.eu")]),
        ("/account/transactions/other", &transfer),
        ("/account/transactions/other", &transfer[..4]),
    ] {
        let from = form.trim_end_matches("/add").trim_end_matches("/remove");
        browser.get(from).await;
        let page = browser.post(form, fields).await;
        assert!(page.path.starts_with("/challenge/"), "{form}: {page:?}");
        assert_eq!(cancel(&mut browser, &page).await.path, from);
        assert!(phone.inbox(0).await.is_none(), "{form}");
        // Asked for again, it is about the same.
        let before = browser.get(&page.path).await;
        assert!(before.body.contains("/renew"), "{form}");
        let again = renew(&mut browser, &page).await;
        assert!(again.path.starts_with("/challenge/"), "{form}: {again:?}");
        if form.contains("transactions") {
            assert!(again.body.contains("SIA Ozols"), "{again:?}");
        }
        cancel(&mut browser, &again).await;
    }
    assert_eq!(
        number(
            &world,
            "SELECT count(*) FROM challenge WHERE state = 'open'"
        ),
        0
    );
}

#[tokio::test]
async fn no_other_session_cancels_renews_or_looks_at_a_request() {
    let world = World::new().await;
    let (mut browser, phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    let mut stranger = world.browser();
    stranger.password(ANNA, PASSWORD).await;
    for way in ["cancel", "renew"] {
        stranger.get("/sign-in/method").await;
        let path = format!("{}/{way}", page.path);
        assert_eq!(stranger.post(&path, &[]).await.status, 404, "{way}");
    }
    let news = stranger.get(&format!("{}/state", page.path)).await;
    assert_eq!(news.status, 404);
    assert!(phone.inbox(0).await.is_some());
    assert_eq!(state(&mut browser, &page).await["state"], "open");
    // Nor without the token of a page of ours.
    browser.csrf = "0".repeat(64);
    let forged = browser.post(&format!("{}/cancel", page.path), &[]).await;
    assert_eq!(forged.status, 403);
    assert!(phone.inbox(0).await.is_some());
}

#[tokio::test]
async fn b5_a_phone_that_gets_blocked_is_said_at_once_and_a_wrong_pin_is_not() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    let challenge = phone.inbox(0).await.unwrap();
    let before = browser.get(&page.path).await.body;
    for _ in 0..4 {
        let shown = Some(page.number());
        let reply = phone
            .decide(&challenge, Decision::Approve, shown, WRONG)
            .await;
        assert_eq!(reply.result, ResultCode::WrongPin);
        assert_eq!(browser.get(&page.path).await.body, before);
        let news = state(&mut browser, &page).await;
        assert_eq!(news, serde_json::json!({ "state": "open", "left": 180 }));
    }
    wrong_pin(&mut phone).await;
    assert_eq!(state(&mut browser, &page).await["state"], "unable");
    let over = browser.get(&page.path).await;
    assert!(
        over.body.contains("blocked, suspended or removed"),
        "{over:?}"
    );
    assert!(over.body.contains("Choose another way"), "{over:?}");
    assert!(!over.body.contains("/renew"), "{over:?}");
    let again = renew(&mut browser, &page).await;
    assert_eq!(again.status, 409);
    assert!(again.body.contains("be used any more"), "{again:?}");
}

#[tokio::test]
async fn b5_after_an_end_a_button_asks_the_same_device_again_for_ten_minutes() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    // Two, so that "the same" says something.
    let with = Some((&mut phone, PIN));
    let second = browser.add(&world.clock, "Second", "5071", with).await;
    let chooser = begin_sign_in(&mut browser, "/sign-in/app").await;
    assert_eq!(chooser.path, "/sign-in/device");
    let dev = second.dev();
    let mut page = browser.post("/sign-in/app", &[("dev", &dev)]).await;
    for _ in 0..2 {
        world.clock.advance(181);
        assert_eq!(state(&mut browser, &page).await["state"], "over");
        let over = browser.get(&page.path).await;
        assert!(over.body.contains("The time has run out"), "{over:?}");
        assert!(over.body.contains("Ask again"), "{over:?}");
        page = renew(&mut browser, &page).await;
        assert_eq!((page.status, page.number() > 9), (200, true));
        assert!(phone.inbox(0).await.is_none() && second.inbox(0).await.is_some());
    }
    // A session that lasts long enough goes back to the form.
    begin_sign_in(&mut browser, "/sign-in/app").await;
    page = browser.post("/sign-in/app", &[("dev", &phone.dev())]).await;
    approve(&mut phone, &page, PIN).await;
    browser.get(&page.path).await;
    browser.get("/account/email").await;
    let fields = [("email", "b@example.eu"), ("with", &phone.dev())];
    page = browser.post("/account/email", &fields).await;
    world.clock.advance(180 + 599);
    page = renew(&mut browser, &page).await;
    assert!(page.path.starts_with("/challenge/"), "{page:?}");
    world.clock.advance(180 + 600);
    assert_eq!(renew(&mut browser, &page).await.path, "/account/email");
    // What was used is not asked for again.
    let page = browser.post("/account/email", &fields).await;
    approve(&mut phone, &page, PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account/confirm");
    let used = renew(&mut browser, &page).await;
    assert_eq!(used.path, page.path);
    assert!(used.body.contains("finished already"), "{used:?}");
    assert!(phone.inbox(0).await.is_none());
}

#[tokio::test]
async fn a_change_that_the_policy_refuses_by_now_is_not_asked_for_again() {
    let world = World::new().await;
    let (mut browser, phone) = world.person().await;
    browser.get("/account/email").await;
    let page = browser
        .post("/account/email", &[("email", "b@example.eu")])
        .await;
    let mut thief = world.browser();
    thief.password(ANNA, PASSWORD).await;
    thief.get("/recovery").await;
    thief.post("/recovery", &[]).await;
    let refused = renew(&mut browser, &page).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("recovery"), "{refused:?}");
    cancel(&mut browser, &page).await;
    assert!(phone.inbox(0).await.is_none());
}

#[tokio::test]
async fn b6_a_code_is_typed_in_groups_and_a_new_qr_code_follows_one_that_is_over() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/code").await;
    assert!(page.body.contains("data-left=\"180\""), "{page:?}");
    world.clock.advance(181);
    assert_eq!(state(&mut browser, &page).await["state"], "over");
    let over = browser.get(&page.path).await;
    assert!(over.body.contains("New QR code"), "{over:?}");
    let page = renew(&mut browser, &page).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], PIN).replace('-', "").to_lowercase();
    let grouped = format!(" {} - {} ", &code[..4], &code[4..]);
    browser.get(&page.path).await;
    let done = browser
        .post(&format!("{}/code", page.path), &[("code", &grouped)])
        .await;
    assert_eq!(done.path, "/account", "{done:?}");
}

#[tokio::test]
async fn b6_a_cancelled_code_is_worth_nothing_and_a_phone_is_offered_its_own_app() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/code").await;
    assert!(page.body.contains("Is the app on this device?"), "{page:?}");
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let href = page.between("data-fresh=\"link\"", "</a>");
    assert!(href.ends_with("Open the app"), "{page:?}");
    let code = phone.code(&link, &[], PIN);
    assert_eq!(cancel(&mut browser, &page).await.path, "/sign-in/method");
    let late = browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert!(late.body.contains("It was cancelled"), "{late:?}");
    browser.headers = vec![("sec-ch-ua-mobile", "?1".into())];
    let page = renew(&mut browser, &page).await;
    let offer = page.body.find("can’t scan its own screen").unwrap();
    assert!(offer < page.body.find("<svg class=\"qr\"").unwrap());
    assert!(page.body.contains("action=\"/sign-in/mobile\""), "{page:?}");
}
