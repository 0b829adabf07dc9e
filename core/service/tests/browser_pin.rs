//! The PIN chosen in the browser (PROTOCOL.md, section 10, way 1). The page's script is played
//! here: it makes S, and sends V alone.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use crate::support::{Browser, PIN, Page, Phone, World, random};
use countersign_protocol::{
    id::EnrolmentId,
    keys::{enrolment_pin_key, enrolment_pin_verifier},
    link::encode_base32,
    pin::Pin,
    reply::{DeviceState, ResultCode},
    secret::Secret,
};
use tokio::task::JoinSet;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the page's script does, as the person types the PIN: the text of the code that it draws,
/// and S.
async fn choose(browser: &mut Browser, page: &str, pin: &str) -> (String, [u8; 16]) {
    let s = random::<16>();
    let (status, code) = send_verifier(browser, page, pin, &s).await;
    assert_eq!(status, 200);
    (format!("{code}#{}", encode_base32(&s)), s)
}

async fn send_verifier(
    browser: &mut Browser,
    page: &str,
    pin: &str,
    s: &[u8; 16],
) -> (u16, String) {
    let digits = page.rsplit('/').next().unwrap();
    let id: Vec<u8> = (0..32)
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect();
    let k = enrolment_pin_key(
        &Secret::new_with(|out| *out = *s),
        &EnrolmentId(id.try_into().unwrap()),
        &Pin::from_bytes(pin.as_bytes()).unwrap(),
    );
    let v = hex(enrolment_pin_verifier(&k).expose());
    let answer = browser.post(&format!("{page}/pin"), &[("v", &v)]).await;
    let code = serde_json::from_str::<serde_json::Value>(&answer.body)
        .ok()
        .and_then(|json| json["code"].as_str().map(str::to_owned));
    (answer.status, code.unwrap_or_default())
}

async fn add(browser: &mut Browser) -> Page {
    let fields = [("name", "My phone"), ("pin", "browser")];
    let page = browser.begin_device(&fields).await;
    assert!(page.path.starts_with("/account/enrolments/"), "{page:?}");
    page
}

async fn begun(world: &World) -> (Browser, String, String, [u8; 16]) {
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    let page = add(&mut browser).await;
    let (code, s) = choose(&mut browser, &page.path, PIN).await;
    (browser, page.path, code, s)
}

async fn scanned(world: &World, code: &str) -> Phone {
    Phone::scan(world.service.address(), world.clock.clone(), code).await
}

#[tokio::test]
async fn b13_the_right_pin_confirms_the_phone_by_itself() {
    let world = World::new().await;
    let (mut browser, page, code, s) = begun(&world).await;
    let mut phone = scanned(&world, &code).await;
    let reply = phone.claim(PIN).await;
    assert_eq!(
        (reply.result, reply.device_state, reply.confirmation_code),
        (ResultCode::Done, Some(DeviceState::Confirmed), None)
    );
    let state = browser.get(&format!("{page}/state")).await.body;
    assert_eq!(state, r#"{"state":"confirmed"}"#);
    assert_eq!(phone.complete().await.result, ResultCode::Done);
    assert_eq!(browser.get(&page).await.path, "/account/devices");

    // It is as good a phone as one that enrolled the other way.
    browser.post("/sign-out", &[]).await;
    browser
        .password("anna@example.eu", crate::support::PASSWORD)
        .await;
    let waiting = browser.post("/sign-in/app", &[]).await;
    let challenge = phone.inbox(0).await.unwrap();
    let approve = countersign_protocol::answer::Decision::Approve;
    let reply = phone
        .decide(&challenge, approve, Some(waiting.number()), PIN)
        .await;
    assert_eq!(reply.result, ResultCode::Done);

    world.service.stop().await;
    let text = encode_base32(&s);
    for file in ["service.db", "service.db-wal"] {
        let bytes = std::fs::read(world.folder.path().join(file)).unwrap_or_default();
        for needle in [&s[..], text.as_bytes(), hex(&s).as_bytes()] {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle));
        }
    }
}

#[tokio::test]
async fn three_wrong_pins_void_the_enrolment_and_claim_nothing() {
    let world = World::new().await;
    let (mut browser, page, code, _) = begun(&world).await;
    for left in [2, 1, 0] {
        let reply = scanned(&world, &code).await.claim("9374").await;
        assert_eq!(
            (reply.result, reply.tries_in_row),
            (ResultCode::WrongEnrolmentPin, Some(left))
        );
    }
    let reply = scanned(&world, &code).await.claim(PIN).await;
    assert_eq!(reply.result, ResultCode::Refused);
    let shown = browser.get(&page).await;
    assert!(shown.body.contains("wrong three times"), "{}", shown.body);
    let devices = browser.get("/account/devices").await;
    assert!(devices.body.contains("No device yet"));
}

#[tokio::test]
async fn a_wrong_pin_leaves_the_enrolment_to_the_right_one_and_a_repeated_claim_costs_nothing() {
    let world = World::new().await;
    let (_browser, _page, code, _) = begun(&world).await;
    let mut wrong = scanned(&world, &code).await;
    wrong.claim("9374").await;
    for _ in 0..5 {
        let reply = wrong.claim_again().await;
        assert_eq!(
            (reply.result, reply.tries_in_row),
            (ResultCode::WrongEnrolmentPin, Some(2))
        );
    }
    let mut phone = scanned(&world, &code).await;
    assert_eq!(phone.claim(PIN).await.result, ResultCode::Done);
    assert_eq!(phone.claim_again().await.result, ResultCode::Done);
    // Somebody who knows the PIN too comes too late.
    let reply = scanned(&world, &code).await.claim(PIN).await;
    assert_eq!(reply.result, ResultCode::Refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_wrong_pins_in_parallel_never_give_a_fourth_check() {
    let world = World::new().await;
    let (_browser, _page, code, _) = begun(&world).await;
    let world = Arc::new(world);
    let mut all = JoinSet::new();
    for _ in 0..64 {
        let (world, code) = (world.clone(), code.clone());
        all.spawn(async move { scanned(&world, &code).await.claim("9374").await.result });
    }
    let results = all.join_all().await;
    let count = |wanted| results.iter().filter(|result| **result == wanted).count();
    assert_eq!(count(ResultCode::WrongEnrolmentPin), 3);
    assert_eq!(count(ResultCode::Refused), 61);
}

#[tokio::test]
async fn before_the_pin_is_chosen_no_phone_can_claim_and_the_service_shows_no_code() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    let page = add(&mut browser).await;
    assert!(page.body.contains("data-enrolment=") && page.body.contains("<noscript>"));
    assert!(!page.body.contains("/Q/"), "{}", page.body);
    for part in ["link", "code.png"] {
        assert_eq!(
            browser.get(&format!("{}/{part}", page.path)).await.status,
            404
        );
    }
    let (code, _) = choose(&mut browser, &page.path, "9374").await;
    let mut early = scanned(&world, &code).await;
    // Who types another PIN on the page begins with a new S; the code before it is worth nothing.
    let (code, _) = choose(&mut browser, &page.path, PIN).await;
    assert_eq!(
        early.claim("9374").await.result,
        ResultCode::WrongEnrolmentPin
    );
    let reply = scanned(&world, &code).await.claim(PIN).await;
    assert_eq!(reply.result, ResultCode::Done);
    let (status, _) = send_verifier(&mut browser, &page.path, PIN, &random()).await;
    assert_eq!(status, 404, "a claimed enrolment takes no other PIN");
}

#[tokio::test]
async fn only_the_session_that_began_chooses_the_pin() {
    let world = World::new().await;
    let (_anna, page, ..) = begun(&world).await;
    let mut other = world.browser();
    other.register("other@example.eu").await;
    let (status, _) = send_verifier(&mut other, &page, PIN, &random()).await;
    assert_eq!(status, 404);
    assert_eq!(other.get(&page).await.status, 404);
}

#[tokio::test]
async fn without_javascript_the_pin_is_chosen_on_the_phone() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    let form = browser.get("/account/devices").await;
    assert!(
        form.body.contains(
            r#"<input type="hidden" name="pin" value="phone" data-with-script="browser">"#
        )
    );
    // A script that was there and is not any more: the page has a way back, which gains no time.
    let page = add(&mut browser).await;
    let begun = page.path.clone();
    world.clock.advance(200);
    let page = browser.post(&format!("{begun}/phone"), &[]).await;
    assert_ne!(page.path, begun);
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let reply = scanned(&world, &link).await.claim(PIN).await;
    assert!(reply.confirmation_code.is_some());
    world.clock.advance(101);
    assert_eq!(browser.get(&page.path).await.status, 404);
}

#[tokio::test]
async fn the_way_is_kept_while_another_device_confirms() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    browser.get("/account/devices").await;
    let fields = [("name", "2nd phone"), ("pin", "browser")];
    let waiting = browser.post("/account/devices/add", &fields).await;
    let challenge = phone.inbox(0).await.unwrap();
    let approve = countersign_protocol::answer::Decision::Approve;
    phone
        .decide(&challenge, approve, Some(waiting.number()), PIN)
        .await;
    let page = browser.get(&waiting.path).await;
    assert!(page.body.contains("data-enrolment="), "{}", page.body);
    let (code, _) = choose(&mut browser, &page.path, PIN).await;
    let mut second = scanned(&world, &code).await;
    assert_eq!(second.claim(PIN).await.result, ResultCode::Done);
    assert_eq!(second.complete().await.result, ResultCode::Done);
    let devices = browser.get("/account/devices").await;
    assert!(devices.body.contains("2nd phone"), "{}", devices.body);
}

#[tokio::test]
async fn a_claim_of_the_other_way_is_refused() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    let page = browser.begin_device(&[("name", "My phone")]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let mut phone = scanned(&world, &link).await;
    phone.pretend_s(random());
    assert_eq!(phone.claim(PIN).await.result, ResultCode::Refused);

    let page = add(&mut browser).await;
    let (code, _) = choose(&mut browser, &page.path, PIN).await;
    let mut phone = scanned(&world, &code).await;
    phone.forget_s();
    assert_eq!(phone.claim(PIN).await.result, ResultCode::Refused);
}
