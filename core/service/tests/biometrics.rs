//! Biometrics: PROTOCOL.md, section 13, line by line.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{
    Browser, PASSWORD, PIN, Page, Phone, World, begin_sign_in, events,
    life::{at_once, five_were_checked},
    number, random, try_pin,
};
use countersign_protocol::{
    SigningKey,
    answer::Decision,
    id::PublicKey,
    reply::{DeviceState, Reply, ResultCode},
    update::ChangeKind,
};

const NEW: &str = "5071";
const WRONG: &str = "9374";

/// Signs in again with biometrics; the reply, and the page after it.
async fn try_biometrics(browser: &mut Browser, phone: &mut Phone) -> (Reply, Page) {
    let page = begin_sign_in(browser, "/sign-in/app").await;
    let challenge = phone.inbox(0).await.unwrap();
    let (body, hash) = phone.answer_by(&challenge, Decision::Approve, Some(page.number()), None);
    let reply = phone.put("/api/v1/answer", body, hash).await;
    (reply, browser.get(&page.path).await)
}

/// As if the phone still had biometrics.
fn pretend(phone: &mut Phone) {
    phone.bio = Some((
        SigningKey::from_slice(&random::<32>()).unwrap(),
        crate::support::secret(),
    ));
}

#[tokio::test]
async fn biometrics_turned_on_with_the_pin_approve_and_are_told_from_it() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    assert_eq!(phone.status().await.biometric_kid, None);
    let reply = phone.turn_biometrics_on(PIN).await;
    assert_eq!(
        (
            reply.result,
            reply.tries_in_row,
            reply.tries_in_epoch,
            reply.epoch
        ),
        (ResultCode::Done, Some(5), Some(15), None)
    );
    let kid = PublicKey::of(&phone.bio.as_ref().unwrap().0).key_id();
    assert_eq!(phone.status().await.biometric_kid, Some(kid));
    assert_eq!(events(&world, "biometrics-on"), 1);

    let (reply, page) = try_biometrics(&mut browser, &mut phone).await;
    assert_eq!(
        (reply.result, page.path.as_str()),
        (ResultCode::Done, "/account")
    );
    assert!(
        page.body
            .contains("password and app with fingerprint or face")
    );
    assert_eq!(
        number(
            &world,
            "SELECT count(*) FROM challenge WHERE strength = 'app-biometric'"
        ),
        1
    );
    // The PIN stays as the way back.
    let reply = try_pin(&mut browser, &mut phone, PIN).await;
    assert_eq!(reply.result, ResultCode::Done);
    assert!(
        browser
            .get("/account")
            .await
            .body
            .contains("password and app PIN")
    );
}

#[tokio::test]
async fn a_wrong_signature_by_biometrics_costs_no_try() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
    pretend(&mut phone);
    for _ in 0..6 {
        let (reply, _) = try_biometrics(&mut browser, &mut phone).await;
        assert_eq!(
            (reply.result, reply.tries_in_row, reply.tries_in_epoch),
            (ResultCode::WrongPin, Some(5), Some(15))
        );
    }
}

#[tokio::test]
async fn a_device_without_biometrics_is_told_so() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    pretend(&mut phone);
    let (reply, page) = try_biometrics(&mut browser, &mut phone).await;
    assert_eq!(reply.result, ResultCode::Unlock);
    assert!(page.path.starts_with("/challenge/"));
}

#[tokio::test]
async fn a_wrong_pin_is_counted_when_biometrics_are_turned_on() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    for left in (0..5).rev() {
        let reply = phone.turn_biometrics_on(WRONG).await;
        assert_eq!(
            (reply.result, reply.tries_in_row),
            (ResultCode::WrongPin, Some(left))
        );
        assert_eq!(phone.status().await.biometric_kid, None);
    }
    assert_eq!(
        phone.turn_biometrics_on(PIN).await.result,
        ResultCode::Blocked
    );
    assert_eq!(
        phone.status().await.device_state,
        Some(DeviceState::Blocked)
    );
    assert_eq!(
        (
            events(&world, "few-tries-left"),
            events(&world, "device-blocked")
        ),
        (1, 1)
    );
    assert_eq!(events(&world, "biometrics-on"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_wrong_pins_in_parallel_never_give_a_sixth_check_of_biometrics() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    let requests = (0..64)
        .map(|_| {
            let (body, hash, ..) = phone.biometrics_on(WRONG);
            (body, hash)
        })
        .collect();
    let (_phone, replies) = at_once(phone, "/api/v1/biometrics", requests).await;
    five_were_checked(&replies);
}

#[tokio::test]
async fn the_same_request_again_gets_the_same_outcome_and_costs_nothing() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    for (pin, result, left) in [(WRONG, ResultCode::WrongPin, 4), (PIN, ResultCode::Done, 5)] {
        let (body, hash, ..) = phone.biometrics_on(pin);
        for _ in 0..3 {
            let reply = phone.put("/api/v1/biometrics", body.clone(), hash).await;
            assert_eq!((reply.result, reply.tries_in_row), (result, Some(left)));
        }
    }
    assert_eq!(events(&world, "biometrics-on"), 1);
}

#[tokio::test]
async fn biometrics_are_gone_after_a_change_of_the_pin_and_kept_by_a_refresh() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
    let kid = phone.status().await.biometric_kid;
    phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
    assert!(kid.is_some() && phone.status().await.biometric_kid == kid);
    let (reply, _) = try_biometrics(&mut browser, &mut phone).await;
    assert_eq!(reply.result, ResultCode::Done);

    phone.change_pin(ChangeKind::Change, PIN, NEW).await;
    assert_eq!(phone.status().await.biometric_kid, None);
    assert_eq!(
        number(
            &world,
            "SELECT count(*) FROM device WHERE bio_key IS NOT NULL OR bio_share IS NOT NULL"
        ),
        0
    );
    pretend(&mut phone);
    let (reply, _) = try_biometrics(&mut browser, &mut phone).await;
    assert_eq!(reply.result, ResultCode::Unlock);
    // And may be turned on again with the new PIN.
    assert_eq!(phone.turn_biometrics_on(NEW).await.result, ResultCode::Done);
    let (reply, _) = try_biometrics(&mut browser, &mut phone).await;
    assert_eq!(reply.result, ResultCode::Done);
}

#[tokio::test]
async fn biometrics_are_gone_after_a_forgotten_pin() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let with = Some((&mut phone, PIN));
    let mut other = browser.add(&world.clock, "Second", NEW, with).await;
    assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
    browser.get("/account/devices").await;
    let dev = phone.dev();
    let page = browser
        .post("/account/devices/unblock", &[("dev", &dev)])
        .await;
    let id = other.inbox(0).await.unwrap().id;
    crate::support::approve(&mut other, &page, NEW).await;
    let slot = phone.change(crate::support::life::Wanted {
        granted_by: Some(id),
        ..phone.wanted(ChangeKind::Forgotten, "", "6304")
    });
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    assert!(phone.status().await.biometric_kid.is_some());
    assert_eq!(phone.send_commit(slot.hash).await.result, ResultCode::Done);
    phone.take(slot);
    assert_eq!(phone.status().await.biometric_kid, None);
}

#[tokio::test]
async fn biometrics_are_turned_off_under_the_device_key_alone() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
    // Twice: the second finds none and tells nobody.
    for _ in 0..2 {
        let reply = phone.turn_biometrics_off().await;
        assert_eq!(
            (reply.result, reply.tries_in_row),
            (ResultCode::Done, Some(5))
        );
        assert_eq!(phone.status().await.biometric_kid, None);
    }
    assert_eq!(events(&world, "biometrics-off"), 1);
    let (reply, _) = try_biometrics(&mut browser, &mut phone).await;
    assert_eq!(reply.result, ResultCode::Unlock);
}

#[tokio::test]
async fn another_epoch_and_what_is_not_as_it_must_be_cost_no_try() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
    for epoch in [1, 3] {
        let (body, hash, ..) = phone.biometrics_in(epoch, WRONG);
        let reply = phone.put("/api/v1/biometrics", body, hash).await;
        assert_eq!(
            (reply.result, reply.tries_in_row),
            (ResultCode::Epoch, Some(5))
        );
    }
    // Proved with another key than the one that it names.
    let (body, hash) = phone.biometrics_of_another(WRONG);
    let reply = phone.put("/api/v1/biometrics", body, hash).await;
    assert_eq!(
        (reply.result, reply.tries_in_row),
        (ResultCode::Refused, Some(5))
    );
    assert_eq!(phone.status().await.biometric_kid, None);
}

#[tokio::test]
async fn the_person_is_told_of_biometrics_and_of_a_new_pin() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
    phone.change_pin(ChangeKind::Change, PIN, NEW).await;
    phone.change_pin(ChangeKind::Refresh, NEW, NEW).await;
    let outbox = world.folder.path().join("outbox");
    let messages = || -> String {
        std::fs::read_dir(&outbox)
            .map(|files| {
                files
                    .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
                    .collect()
            })
            .unwrap_or_default()
    };
    for _ in 0..50 {
        if messages().contains("PIN changed") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let sent = messages();
    for told in [
        "Fingerprint or face turned on: My phone",
        "PIN changed: My phone",
    ] {
        assert!(sent.contains(told), "{told} in {sent}");
    }
    assert!(!sent.contains("renewed"));
    browser.post("/sign-out", &[]).await;
    browser.password("anna@example.eu", PASSWORD).await;
    let page = try_pin(&mut browser, &mut phone, NEW).await;
    assert_eq!(page.result, ResultCode::Done);
    let history = browser.get("/account").await.body;
    for told in [
        "Fingerprint or face turned on",
        "PIN changed",
        "The phone renewed the protection of the PIN",
    ] {
        assert!(history.contains(told), "{told}");
    }
}
