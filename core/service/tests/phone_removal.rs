//! Removal on the phone: PROTOCOL.md, section 13.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use crate::support::{PASSWORD, PIN, World, approve, begin_sign_in, events, number, sql};
use countersign_protocol::{
    answer::Decision,
    query::Query,
    reply::{DeviceState, ResultCode},
    update::ChangeKind,
};
use tokio::task::JoinSet;

const SECOND_PIN: &str = "5071";

fn rows(world: &World) -> i64 {
    number(
        world,
        "SELECT (SELECT count(*) FROM device) + (SELECT count(*) FROM outcome) + (SELECT count(*) FROM pending_change)
           + (SELECT count(*) FROM past_epoch) + (SELECT count(*) FROM device_proof) + (SELECT count(*) FROM pin_grant)",
    )
}

#[tokio::test]
async fn active_blocked_and_suspended_devices_remove_themselves_with_all_that_was_sealed() {
    for (change, state) in [
        ("used_at = used_at", DeviceState::Active),
        ("wrong_row = 5", DeviceState::Blocked),
        ("state = 'suspended'", DeviceState::Suspended),
    ] {
        let world = World::new().await;
        let (mut browser, mut phone) = world.person().await;
        assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
        browser.get("/account/transactions/other").await;
        let fields = [
            ("iban", crate::support::IBAN),
            ("name", "SIA Ozols"),
            ("amount", "1"),
            ("reference", "7"),
        ];
        browser.post("/account/transactions/other", &fields).await;
        phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
        let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, SECOND_PIN));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
        sql(&world, &format!("UPDATE device SET {change}"));
        assert_eq!(phone.status().await.device_state, Some(state));
        assert!(rows(&world) > 4);
        assert_eq!(phone.remove().await, 200);
        assert_eq!(rows(&world), 0);
        // Sent again, because the reply was lost: the device is unknown, and the phone is done.
        assert_eq!(phone.remove().await, 401);
        assert_eq!(phone.post_raw("/api/v1/change", slot.body).await.0, 401);
        assert_eq!(events(&world, "last-device-removed"), 1);
    }
}

#[tokio::test]
async fn the_last_device_gone_by_its_own_key_leaves_the_account_guarded() {
    let world = World::new().await;
    let (mut owner, phone) = world.person().await;
    let mut thief = world.browser();
    thief.password("anna@example.eu", PASSWORD).await;
    assert_eq!(phone.remove().await, 200);
    // Every session has ended, the owner's and the half one of who has the password.
    assert_eq!(owner.get("/account").await.path, "/sign-in");
    assert_eq!(thief.get("/sign-in/method").await.path, "/sign-in");
    // Phone and password together are no way to another phone: recovery it is, with its message and
    // its wait.
    let page = thief.password("anna@example.eu", PASSWORD).await;
    assert_eq!(page.path, "/recovery");
    assert_eq!(thief.get("/account/devices").await.path, "/sign-in");
    let add = thief
        .post("/account/devices/add", &[("name", "Thief's")])
        .await;
    assert_eq!(add.path, "/sign-in");
    assert_eq!(number(&world, "SELECT count(*) FROM enrolment"), 1);
}

#[tokio::test]
async fn with_another_device_left_the_account_goes_on_with_it() {
    let world = World::new().await;
    let (mut browser, mut first) = world.person().await;
    let with = Some((&mut first, PIN));
    let mut second = browser.add(&world.clock, "Second", SECOND_PIN, with).await;
    assert_eq!(first.remove().await, 200);
    assert_eq!(
        (
            events(&world, "device-removed-itself"),
            events(&world, "last-device-removed")
        ),
        (1, 0)
    );
    assert_eq!(browser.get("/account").await.path, "/sign-in");
    browser.password("anna@example.eu", PASSWORD).await;
    let page = browser.post("/sign-in/app", &[]).await;
    approve(&mut second, &page, SECOND_PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account");
    let devices = browser.get("/account/devices").await;
    assert!(!devices.body.contains("Remove My phone") && devices.body.contains("Remove Second"));
}

#[tokio::test]
async fn a_removal_that_is_late_is_signed_anew_and_one_of_a_stranger_removes_nothing() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    let (body, hash) = phone.query(Query::Remove);
    world.clock.advance(121);
    assert_eq!(
        phone.put("/api/v1/remove", body.clone(), hash).await.result,
        ResultCode::Clock
    );
    for path in ["/api/v1/status", "/api/v1/inbox", "/api/v1/complete"] {
        let (body, _) = phone.query(Query::Remove);
        assert_eq!(phone.post_raw(path, body).await.0, 400, "{path}");
        let (body, _) = phone.query(Query::Status { last: 0 });
        assert_eq!(phone.post_raw("/api/v1/remove", body).await.0, 400);
    }
    let own = phone.key.clone();
    phone.key =
        countersign_protocol::SigningKey::from_slice(&crate::support::random::<32>()).unwrap();
    assert_eq!(phone.remove().await, 401);
    phone.key = own;
    assert_eq!(number(&world, "SELECT count(*) FROM device"), 1);
    assert_eq!(phone.remove().await, 200);
}

#[tokio::test]
async fn a_phone_that_was_only_claimed_takes_its_enrolment_with_it() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    let page = browser.begin_device(&[("name", "Phone")]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let mut phone =
        crate::support::Phone::scan(world.service.address(), world.clock.clone(), &link).await;
    let code = phone.claim(PIN).await.confirmation_code.unwrap();
    assert_eq!(phone.remove().await, 200);
    browser.get(&page.path).await;
    browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert_eq!(phone.complete_raw_status().await, 401);
    // Nothing was protected by it yet, so the account is as it was.
    assert_eq!(browser.get("/account").await.path, "/account");
    assert_eq!(number(&world, "SELECT guarded FROM account"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_its_way_while_a_phone_is_removed_is_judged_or_told_that_there_is_no_such_phone()
{
    for _ in 0..4 {
        let world = World::new().await;
        let (mut browser, mut phone) = world.person().await;
        begin_sign_in(&mut browser, "/sign-in/app").await;
        let challenge = phone.inbox(0).await.unwrap();
        let mut requests = Vec::new();
        for _ in 0..12 {
            let slot = phone.change(phone.wanted(ChangeKind::Change, "9374", SECOND_PIN));
            requests.push(("/api/v1/change", slot.body));
            let (body, _) = phone.answer(&challenge, Decision::Approve, Some(42), "9374");
            requests.push(("/api/v1/answer", body));
            requests.push(("/api/v1/biometrics", phone.biometrics_off().0));
        }
        let phone = Arc::new(phone);
        let mut all = JoinSet::new();
        for (at, (path, body)) in requests.into_iter().enumerate() {
            let sender = phone.clone();
            all.spawn(async move { sender.post_raw(path, body).await.0 });
            if at == 12 {
                let remover = phone.clone();
                all.spawn(async move { remover.remove().await });
            }
        }
        let statuses = all.join_all().await;
        assert!(
            statuses.iter().all(|status| matches!(status, 200 | 401)),
            "{statuses:?}"
        );
        assert_eq!(rows(&world), 0);
    }
}
