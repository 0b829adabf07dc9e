//! What a person does at the pages, with a phone beside, over real HTTP.

use crate::support::{IBAN, PASSWORD, PIN, Page, World, approve};
use countersign_protocol::{
    answer::Decision,
    reply::{DeviceState, ResultCode},
};

fn strength(page: &Page) -> &str {
    page.between("id=\"strength\">", "<")
}

#[tokio::test]
async fn b1_b4_an_account_is_created_and_signs_in_with_its_password() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.register("anna@example.eu").await;
    assert_eq!(strength(&page), "password");
    browser.post("/sign-out", &[]).await;
    assert_eq!(browser.get("/account").await.path, "/sign-in");
    let page = browser.password("Anna@Example.eu", PASSWORD).await;
    assert_eq!(page.path, "/account");
}

#[tokio::test]
async fn b5_an_approval_with_the_pin_signs_in() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    browser.get("/account").await;
    browser.post("/sign-out", &[]).await;
    let page = browser.password("anna@example.eu", PASSWORD).await;
    assert_eq!(page.path, "/sign-in/method");
    let page = browser.post("/sign-in/app", &[]).await;
    let challenge = phone.inbox(0).await.unwrap();
    let state = browser.get(&format!("{}/state", page.path)).await.body;
    assert!(state.contains(r#""state":"open""#), "{state}");
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(
        (reply.result, reply.tries_in_row),
        (ResultCode::Done, Some(5))
    );
    assert_eq!(
        browser.get(&format!("{}/state", page.path)).await.body,
        r#"{"state":"done"}"#
    );
    let page = browser.get(&page.path).await;
    assert_eq!(
        (page.path.as_str(), strength(&page)),
        ("/account", "password and app PIN")
    );
    assert!(phone.inbox(0).await.is_none());
}

#[tokio::test]
async fn b5_a_waiting_phone_gets_the_request_at_once() {
    let world = World::new().await;
    let (mut browser, phone) = world.person().await;
    browser.get("/account").await;
    browser.post("/sign-out", &[]).await;
    browser.password("anna@example.eu", PASSWORD).await;
    let waiting = tokio::spawn(async move { phone.inbox(20).await });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let asked = std::time::Instant::now();
    browser.post("/sign-in/app", &[]).await;
    assert!(waiting.await.unwrap().is_some());
    assert!(asked.elapsed() < std::time::Duration::from_secs(5));
}

#[tokio::test]
async fn a_wrong_pin_costs_a_try_and_leaves_the_challenge_open() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = ask(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), "9374")
        .await;
    assert_eq!(
        (reply.result, reply.tries_in_row, reply.tries_in_epoch),
        (ResultCode::WrongPin, Some(4), Some(14))
    );
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(
        (reply.result, reply.tries_in_row, reply.tries_in_epoch),
        (ResultCode::Done, Some(5), Some(14))
    );
    assert_eq!(browser.get(&page.path).await.path, "/account");
}

async fn ask(browser: &mut crate::support::Browser) -> Page {
    browser.get("/account").await;
    browser.post("/sign-out", &[]).await;
    browser.password("anna@example.eu", PASSWORD).await;
    browser.post("/sign-in/app", &[]).await
}

#[tokio::test]
async fn a_wrong_number_ends_the_challenge_without_a_try() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = ask(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    let wrong = if page.number() == 99 {
        98
    } else {
        page.number() + 1
    };
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(wrong), PIN)
        .await;
    assert_eq!(
        (reply.result, reply.tries_in_row),
        (ResultCode::WrongNumber, Some(5))
    );
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(reply.result, ResultCode::NotOpen);
    let page = browser.get(&page.path).await;
    assert!(
        page.body.contains("The request was not confirmed."),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn a7_a_declined_request_is_final() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = ask(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    assert_eq!(
        phone
            .decide(&challenge, Decision::Decline, None, PIN)
            .await
            .result,
        ResultCode::Done
    );
    assert_eq!(
        phone
            .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
            .await
            .result,
        ResultCode::NotOpen
    );
    assert!(browser.get(&page.path).await.body.contains("Not confirmed"));
}

#[tokio::test]
async fn a7_a_report_of_fraud_ends_the_session_and_stops_password_started_requests_for_an_hour() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = ask(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    assert_eq!(
        phone
            .decide(&challenge, Decision::Report, None, PIN)
            .await
            .result,
        ResultCode::Done
    );
    assert_eq!(browser.get(&page.path).await.path, "/sign-in");
    browser.password("anna@example.eu", PASSWORD).await;
    assert_eq!(browser.post("/sign-in/app", &[]).await.status, 409);
    world.clock.advance(3601);
    browser.password("anna@example.eu", PASSWORD).await;
    assert_eq!(browser.post("/sign-in/app", &[]).await.status, 200);
}

#[tokio::test]
async fn b6_an_offline_code_signs_in_and_is_used_once() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    browser.get("/account").await;
    browser.post("/sign-out", &[]).await;
    browser.password("anna@example.eu", PASSWORD).await;
    let page = browser.post("/sign-in/code", &[]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], PIN);
    let mut other = browser.clone();
    let wrong = browser
        .post(&format!("{}/code", page.path), &[("code", "0000-0000")])
        .await;
    assert_eq!(wrong.status, 401);
    let malformed = browser
        .post(&format!("{}/code", page.path), &[("code", "12")])
        .await;
    assert_eq!(malformed.status, 400);
    let done = browser
        .post(
            &format!("{}/code", page.path),
            &[("code", &code.to_lowercase().replace('-', " "))],
        )
        .await;
    assert_eq!(
        (done.path.as_str(), strength(&done)),
        ("/account", "password and QR code")
    );
    let again = other
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert_ne!(again.path, "/account");
    // Codes go on after it, and the phone's news of its chain don't outrun a code that is on its
    // way to the page.
    browser.post("/sign-out", &[]).await;
    browser.password("anna@example.eu", PASSWORD).await;
    let page = browser.post("/sign-in/code", &[]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], PIN);
    assert!(phone.inbox(0).await.is_none());
    let done = browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert_eq!(done.path, "/account");
}

#[tokio::test]
async fn three_wrong_codes_end_the_challenge() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    browser.get("/account").await;
    browser.post("/sign-out", &[]).await;
    browser.password("anna@example.eu", PASSWORD).await;
    let page = browser.post("/sign-in/code", &[]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], PIN);
    for _ in 0..3 {
        browser
            .post(&format!("{}/code", page.path), &[("code", "0000-0000")])
            .await;
    }
    let late = browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert!(late.body.contains("Too many wrong codes"));
    let page = browser.post(&format!("{}/renew", page.path), &[]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], PIN);
    assert_eq!(
        browser
            .post(&format!("{}/code", page.path), &[("code", &code)])
            .await
            .path,
        "/account"
    );
}

const TRANSFER: [(&str, &str); 4] = [
    ("iban", IBAN),
    ("name", "SIA Ozols"),
    ("amount", "12.50"),
    ("reference", "Invoice 7"),
];

#[tokio::test]
async fn b15_a_transfer_is_signed_and_one_changed_digit_makes_the_code_fail() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    browser.get("/account/transactions/other").await;
    let typed = [
        ("iban", "lv80 BANK 0000 4351 9500 1"),
        ("name", " SIA  Ozols "),
        ("amount", "12,5"),
        ("reference", "Invoice 7"),
    ];
    let page = browser.post("/account/transactions/other", &typed).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &TRANSFER, PIN);
    let done = browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert!(
        done.path.starts_with("/account/transactions/done/"),
        "{}",
        done.body
    );
    assert!(done.body.contains("12.50") && done.body.contains("SIA Ozols"));

    browser.get("/account/transactions/other").await;
    let changed = [TRANSFER[0], TRANSFER[1], ("amount", "92.50"), TRANSFER[3]];
    let page = browser.post("/account/transactions/other", &changed).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &TRANSFER, PIN);
    assert_eq!(
        browser
            .post(&format!("{}/code", page.path), &[("code", &code)])
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn five_wrong_pin_codes_close_that_way_until_an_approval_with_the_pin() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    // In a browser that the account knows; others have three of the five.
    let page = ask(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(browser.get(&page.path).await.path, "/account");
    let mut statuses = Vec::new();
    for _ in 0..2 {
        browser.get("/account/transactions/other").await;
        let page = browser.post("/account/transactions/other", &TRANSFER).await;
        for _ in 0..3 {
            statuses.push(
                browser
                    .post(
                        &format!("{}/code", page.path),
                        &[("code", "0000-0000-0000")],
                    )
                    .await
                    .status,
            );
        }
    }
    assert_eq!(statuses, [401, 401, 200, 401, 401, 429]);
    browser.get("/account/transactions/other").await;
    assert_eq!(
        browser
            .post("/account/transactions/other", &TRANSFER)
            .await
            .status,
        429
    );
    let page = ask(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    browser.get(&page.path).await;
    browser.get("/account/transactions/other").await;
    let page = browser.post("/account/transactions/other", &TRANSFER).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &TRANSFER, PIN);
    let done = browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert!(done.path.starts_with("/account/transactions/done/"));
}

#[tokio::test]
async fn b13_a_second_device_is_added_and_removed_only_after_the_first_approves() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = browser.begin_device(&[("name", "Second")]).await;
    assert!(page.path.starts_with("/challenge/"));
    let challenge = phone.inbox(0).await.unwrap();
    phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    let page = browser.get(&page.path).await;
    assert!(
        page.path.starts_with("/account/enrolments/"),
        "{}",
        page.path
    );
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let mut second =
        crate::support::Phone::scan(world.service.address(), world.clock.clone(), &link).await;
    world.clock.advance(5);
    let code = second.claim("5071").await.confirmation_code.unwrap();
    assert_eq!(second.complete().await.result, ResultCode::NotYet);
    browser.get(&page.path).await;
    browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert_eq!(second.complete().await.result, ResultCode::Done);
    assert_eq!(second.complete().await.result, ResultCode::Done);

    let page = browser.get("/account/devices").await;
    assert!(page.body.contains("Second") && page.body.contains("My phone"));
    // Several devices: the page asks which.
    browser.post("/sign-out", &[]).await;
    browser.password("anna@example.eu", PASSWORD).await;
    let page = browser.post("/sign-in/app", &[]).await;
    assert_eq!(page.path, "/sign-in/device");
    let dev = page.between("name=\"dev\" value=\"", "\"").to_owned();
    let page = browser.post("/sign-in/app", &[("dev", &dev)]).await;
    let challenge = phone.inbox(0).await.unwrap();
    phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    browser.get(&page.path).await;

    browser.get("/account/devices").await;
    let page = browser
        .post("/account/devices/remove", &[("dev", &dev)])
        .await;
    // Not by itself, as there is another.
    assert!(phone.inbox(0).await.is_none());
    approve(&mut second, &page, "5071").await;
    let page = browser.get(&page.path).await;
    assert_eq!(page.path, "/account/devices");
    assert!(!page.body.contains("Remove My phone"));
    assert!(second.inbox(0).await.is_none());
}

#[tokio::test]
async fn a_lost_answer_costs_nothing() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = ask(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    let (body, hash) = phone.answer(&challenge, Decision::Approve, Some(page.number()), "9374");
    let first = phone.send(body.clone(), hash).await;
    for _ in 0..10 {
        let again = phone.send(body.clone(), hash).await;
        assert_eq!(
            (again.result, again.tries_in_row, again.state_token),
            (first.result, Some(4), first.state_token)
        );
    }
    phone.token = first.state_token;
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(reply.result, ResultCode::Done);
}

#[tokio::test]
async fn a_copied_phone_is_noticed_and_suspended() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let copied = phone.token;
    for _ in 0..2 {
        let page = ask(&mut browser).await;
        let challenge = phone.inbox(0).await.unwrap();
        phone
            .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
            .await;
        browser.get(&page.path).await;
    }
    let page = ask(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    let newest = std::mem::replace(&mut phone.token, copied);
    assert_eq!(
        phone
            .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
            .await
            .result,
        ResultCode::Suspended
    );
    phone.token = newest;
    assert_eq!(
        phone
            .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
            .await
            .result,
        ResultCode::Suspended
    );
    assert_eq!(
        phone.status().await.device_state,
        Some(DeviceState::Suspended)
    );
    // The password alone does not become enough because of it.
    let page = browser.password("anna@example.eu", PASSWORD).await;
    assert_eq!(page.path, "/sign-in/method");
    assert!(page.body.contains("No device of this account can be used"));
}

#[tokio::test]
async fn five_wrong_pins_block_the_device() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = ask(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    for left in (0..5).rev() {
        let reply = phone
            .decide(&challenge, Decision::Approve, Some(page.number()), "9374")
            .await;
        assert_eq!(
            (reply.result, reply.tries_in_row),
            (ResultCode::WrongPin, Some(left))
        );
    }
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(reply.result, ResultCode::Blocked);
    assert_eq!(
        phone.status().await.device_state,
        Some(DeviceState::Blocked)
    );
}

#[tokio::test]
async fn a_photographed_enrolment_code_does_not_finish_and_three_wrong_digits_void_it() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    let page = browser.begin_device(&[("name", "Phone")]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let mut phone =
        crate::support::Phone::scan(world.service.address(), world.clock.clone(), &link).await;
    let mut thief =
        crate::support::Phone::scan(world.service.address(), world.clock.clone(), &link).await;
    let code = phone.claim(PIN).await.confirmation_code.unwrap();
    assert_eq!(thief.claim(PIN).await.result, ResultCode::Refused);
    // The same claim again gets the same answer.
    assert_eq!(
        phone.claim_again().await.confirmation_code.as_deref(),
        Some(code.as_str())
    );
    let status = phone.status().await;
    assert_eq!(
        (status.device_state, status.confirmation_code),
        (Some(DeviceState::Claimed), Some(code.clone()))
    );
    browser.get(&page.path).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..3 {
        browser
            .post(&format!("{}/code", page.path), &[("code", wrong)])
            .await;
    }
    let page = browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert!(page.body.contains("did not work"), "{}", page.body);
    assert!(
        browser
            .get("/account/devices")
            .await
            .body
            .contains("No device yet.")
    );
}

#[tokio::test]
async fn an_enrolment_that_is_not_complete_after_five_minutes_is_dropped() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    let page = browser.begin_device(&[("name", "Phone")]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let mut phone =
        crate::support::Phone::scan(world.service.address(), world.clock.clone(), &link).await;
    let code = phone.claim(PIN).await.confirmation_code.unwrap();
    browser.get(&page.path).await;
    browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    world.clock.advance(301);
    assert_eq!(phone.complete().await.result, ResultCode::Refused);
    assert!(
        browser
            .get("/account/devices")
            .await
            .body
            .contains("No device yet.")
    );
}
