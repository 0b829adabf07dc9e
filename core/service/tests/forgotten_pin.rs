//! A forgotten or blocked PIN: another device approves, the page says what to do, and the phone
//! sets a new one. PROTOCOL.md, section 13.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{
    Browser, PIN, Page, Phone, World, approve, begin_sign_in, events, life::Wanted, number, sql,
};
use countersign_protocol::{
    answer::Decision,
    challenge::Purpose,
    id::ChallengeId,
    reply::{DeviceState, ResultCode},
    update::ChangeKind,
};

const SECOND_PIN: &str = "5071";
const NEW: &str = "6304";
const WRONG: &str = "9374";

/// Somebody with two phones, signed in.
async fn two_phones(world: &World) -> (Browser, Phone, Phone) {
    let (mut browser, mut first) = world.person().await;
    let with = Some((&mut first, PIN));
    let second = browser.add(&world.clock, "Second", SECOND_PIN, with).await;
    (browser, first, second)
}

async fn ask(browser: &mut Browser, phone: &Phone, with: &str) -> Page {
    browser.get("/account/devices").await;
    let dev = phone.dev();
    browser
        .post("/account/devices/unblock", &[("dev", &dev), ("with", with)])
        .await
}

/// Asks for a new PIN of `phone`, and `other` approves it with its PIN.
async fn granted(browser: &mut Browser, phone: &Phone, other: &mut Phone) -> ChallengeId {
    let page = ask(browser, phone, "").await;
    let challenge = other.inbox(0).await.unwrap();
    approve(other, &page, SECOND_PIN).await;
    let page = browser.get(&page.path).await;
    assert_eq!(page.path, format!("/account/devices/{}/pin", phone.dev()));
    challenge.id
}

fn forgotten(phone: &Phone, granted_by: ChallengeId) -> Wanted<'static> {
    Wanted {
        granted_by: Some(granted_by),
        ..phone.wanted(ChangeKind::Forgotten, "", NEW)
    }
}

async fn block(phone: &mut Phone) {
    for _ in 0..5 {
        let slot = phone.change(phone.wanted(ChangeKind::Change, WRONG, NEW));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::WrongPin);
    }
    assert_eq!(
        phone.status().await.device_state,
        Some(DeviceState::Blocked)
    );
}

#[tokio::test]
async fn a_blocked_phone_gets_a_new_pin_by_the_approval_of_another() {
    let world = World::new().await;
    let (mut browser, mut phone, mut other) = two_phones(&world).await;
    block(&mut phone).await;
    let page = browser.get("/account/devices").await;
    assert!(page.body.contains("Forgotten or blocked PIN: My phone"));
    assert_eq!(phone.status().await.granted, None);

    let page = ask(&mut browser, &phone, "").await;
    assert!(page.body.contains("approved with another device"));
    let challenge = other.inbox(0).await.unwrap();
    assert_eq!(challenge.purpose, Purpose::Unblock);
    let subject = challenge.subject.as_ref().unwrap();
    assert_eq!(
        (
            subject.device().unwrap().to_string(),
            subject.text(),
            challenge.kind.inbox().unwrap().to_string()
        ),
        (phone.dev(), "My phone", other.dev())
    );
    approve(&mut other, &page, SECOND_PIN).await;
    let page = browser.get(&page.path).await;
    assert!(page.body.contains("Now choose a new PIN on the phone"));
    let state = format!("{}/state", page.path);
    assert!(browser.get(&state).await.body.contains("open"));

    assert_eq!(phone.status().await.granted, Some(challenge.id));
    assert_eq!(other.status().await.granted, None);
    let slot = phone.change(forgotten(&phone, challenge.id));
    let reply = phone.send_change(&slot).await;
    assert_eq!(
        (reply.result, reply.tries_in_row),
        (ResultCode::Done, Some(0))
    );
    // Blocked until the commit; the old PIN is no way in.
    assert_eq!(
        phone.status().await.device_state,
        Some(DeviceState::Blocked)
    );
    let reply = phone.send_commit(slot.hash).await;
    assert_eq!(
        (reply.result, reply.tries_in_row, reply.tries_in_epoch),
        (ResultCode::Done, Some(5), Some(15))
    );
    phone.take(slot);
    let status = phone.status().await;
    assert_eq!(
        (status.device_state, status.granted, status.epoch),
        (Some(DeviceState::Active), None, Some(2))
    );
    assert!(browser.get(&state).await.body.contains("done"));
    assert_eq!(browser.get(&page.path).await.path, "/account/devices");
    assert_eq!(events(&world, "pin-set-anew"), 1);

    let dev = phone.dev();
    begin_sign_in(&mut browser, "/sign-in/app").await;
    let page = browser.post("/sign-in/app", &[("dev", &dev)]).await;
    approve(&mut phone, &page, NEW).await;
    assert_eq!(browser.get(&page.path).await.path, "/account");
}

#[tokio::test]
async fn a_blocked_device_may_send_only_a_forgotten_pins_change_and_its_commit() {
    let world = World::new().await;
    let (mut browser, mut phone, mut other) = two_phones(&world).await;
    // Pending before the block: a blocked device does not commit it.
    let earlier = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
    assert_eq!(phone.send_change(&earlier).await.result, ResultCode::Done);
    block(&mut phone).await;
    let id = granted(&mut browser, &phone, &mut other).await;
    for kind in [ChangeKind::Change, ChangeKind::Refresh] {
        let slot = phone.change(phone.wanted(kind, PIN, NEW));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::Blocked);
    }
    for result in [
        phone.send_commit(earlier.hash).await.result,
        phone.turn_biometrics_on(PIN).await.result,
        phone.turn_biometrics_off().await.result,
    ] {
        assert_eq!(result, ResultCode::Blocked);
    }
    let slot = phone.change(forgotten(&phone, id));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    assert_eq!(
        phone.send_commit(earlier.hash).await.result,
        ResultCode::Blocked
    );
    assert_eq!(phone.send_commit(slot.hash).await.result, ResultCode::Done);
}

#[tokio::test]
async fn a_forgotten_pin_needs_the_grant_of_this_device_by_another_while_it_holds() {
    let world = World::new().await;
    let (mut browser, mut phone, mut other) = two_phones(&world).await;
    // Nothing granted, an id that nobody knows, an approval of something else.
    let slot = phone.change(forgotten(&phone, ChallengeId([7; 16])));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::NotOpen);
    browser.get("/account/devices").await;
    let dev = other.dev();
    let page = browser
        .post("/account/devices/add", &[("name", "Third"), ("with", &dev)])
        .await;
    let add = other.inbox(0).await.unwrap().id;
    approve(&mut other, &page, SECOND_PIN).await;
    browser.get(&page.path).await;
    let slot = phone.change(forgotten(&phone, add));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::NotOpen);

    // Asked and not approved, or declined.
    let page = ask(&mut browser, &phone, "").await;
    let challenge = other.inbox(0).await.unwrap();
    let slot = phone.change(forgotten(&phone, challenge.id));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::NotOpen);
    let declined = other
        .decide(
            &challenge,
            Decision::Decline,
            Some(page.number()),
            SECOND_PIN,
        )
        .await;
    assert_eq!(declined.result, ResultCode::Done);
    let slot = phone.change(forgotten(&phone, challenge.id));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::NotOpen);

    // Granted to the first phone: the other can't use it, nor can the first under another id.
    let id = granted(&mut browser, &phone, &mut other).await;
    let slot = other.change(forgotten(&other, id));
    assert_eq!(other.send_change(&slot).await.result, ResultCode::NotOpen);
    let slot = phone.change(forgotten(&phone, add));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::NotOpen);
    world.clock.advance(599);
    let slot = phone.change(forgotten(&phone, id));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    // Ten minutes are over: no further change, and the status says nothing of it.
    world.clock.advance(1);
    let late = phone.change(forgotten(&phone, id));
    assert_eq!(phone.send_change(&late).await.result, ResultCode::NotOpen);
    assert_eq!(phone.status().await.granted, None);
    // What was accepted in time is committed.
    assert_eq!(phone.send_commit(slot.hash).await.result, ResultCode::Done);
    assert_eq!(phone.status().await.tries_in_epoch, Some(15));
}

#[tokio::test]
async fn a_grant_is_used_up_by_the_commit() {
    let world = World::new().await;
    let (mut browser, mut phone, mut other) = two_phones(&world).await;
    let id = granted(&mut browser, &phone, &mut other).await;
    // Until then the change may be made again: the first one's reply may be lost.
    for _ in 0..2 {
        let slot = phone.change(forgotten(&phone, id));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
        assert_eq!(phone.status().await.granted, Some(id));
    }
    let slot = phone.change(forgotten(&phone, id));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    assert_eq!(phone.send_commit(slot.hash).await.result, ResultCode::Done);
    phone.take(slot);
    let again = phone.change(forgotten(&phone, id));
    assert_eq!(phone.send_change(&again).await.result, ResultCode::NotOpen);
}

#[tokio::test]
async fn no_device_grants_itself_a_new_pin() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    // Alone, the page tells what to do instead.
    let page = browser.get("/account/devices").await;
    assert!(
        page.body
            .contains("Another device has to approve a new one")
    );
    assert!(!page.body.contains("/account/devices/unblock"));
    let page = ask(&mut browser, &phone, "").await;
    assert_eq!(page.status, 409);
    let with = Some((&mut phone, PIN));
    let other = browser.add(&world.clock, "Second", SECOND_PIN, with).await;
    let page = ask(&mut browser, &phone, &phone.dev()).await;
    assert_eq!(page.status, 409);
    assert!(phone.inbox(0).await.is_none() && other.inbox(0).await.is_none());

    // A challenge that names the device which approves it, as no page makes it.
    let page = ask(&mut browser, &other, "").await;
    sql(
        &world,
        "UPDATE challenge SET subject = dev WHERE state = 'open' AND subject IS NOT NULL",
    );
    let id = phone.inbox(0).await.unwrap().id;
    approve(&mut phone, &page, PIN).await;
    assert_eq!(phone.status().await.granted, None);
    assert_eq!(number(&world, "SELECT count(*) FROM pin_grant"), 0);
    let slot = phone.change(forgotten(&phone, id));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::NotOpen);
}

#[tokio::test]
async fn a_grant_ends_with_the_device_that_gave_it() {
    let world = World::new().await;
    let (mut browser, mut phone, mut other) = two_phones(&world).await;
    let id = granted(&mut browser, &phone, &mut other).await;
    assert_eq!(phone.status().await.granted, Some(id));
    assert_eq!(other.remove().await, 200);
    assert_eq!(phone.status().await.granted, None);
    let slot = phone.change(forgotten(&phone, id));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::NotOpen);
}

#[tokio::test]
async fn biometrics_of_another_device_grant_a_new_pin_too() {
    let world = World::new().await;
    let (mut browser, mut phone, mut other) = two_phones(&world).await;
    assert_eq!(
        other.turn_biometrics_on(SECOND_PIN).await.result,
        ResultCode::Done
    );
    let page = ask(&mut browser, &phone, "").await;
    let challenge = other.inbox(0).await.unwrap();
    let (body, hash) = other.answer_by(&challenge, Decision::Approve, Some(page.number()), None);
    assert_eq!(other.send(body, hash).await.result, ResultCode::Done);
    let slot = phone.change(forgotten(&phone, challenge.id));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
}

#[tokio::test]
async fn a_phone_whose_epoch_is_ahead_begins_any_later_one() {
    let world = World::new().await;
    let (mut browser, mut phone, mut other) = two_phones(&world).await;
    let id = granted(&mut browser, &phone, &mut other).await;
    for epoch in [1, 0x7fff_ffff] {
        let slot = phone.change(Wanted {
            epoch,
            ..forgotten(&phone, id)
        });
        let expected = if epoch == 1 {
            ResultCode::Epoch
        } else {
            ResultCode::Done
        };
        assert_eq!(phone.send_change(&slot).await.result, expected);
        if epoch > 1 {
            let reply = phone.send_commit(slot.hash).await;
            assert_eq!((reply.result, reply.epoch), (ResultCode::Done, Some(epoch)));
            phone.take(slot);
        }
    }
    let slot = phone.change(phone.wanted(ChangeKind::Refresh, NEW, NEW));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
}

#[tokio::test]
async fn a_suspended_phone_gets_no_new_pin() {
    let world = World::new().await;
    let (mut browser, mut phone, mut other) = two_phones(&world).await;
    let id = granted(&mut browser, &phone, &mut other).await;
    sql(
        &world,
        "UPDATE device SET state = 'suspended' WHERE name = 'My phone'",
    );
    let slot = phone.change(forgotten(&phone, id));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Suspended);
    assert_eq!(ask(&mut browser, &phone, "").await.status, 404);
    let page = browser.get("/account/devices").await;
    assert!(!page.body.contains("Forgotten or blocked PIN: My phone"));
}

#[tokio::test]
async fn a_pending_change_outlives_its_grants_ten_minutes_and_not_the_device_that_gave_it() {
    for stopped in [None, Some("removed"), Some("suspended")] {
        let world = World::new().await;
        let (mut browser, mut phone, mut other) = two_phones(&world).await;
        let id = granted(&mut browser, &phone, &mut other).await;
        let slot = phone.change(forgotten(&phone, id));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
        // The app was closed before the commit, and is opened again later.
        world.clock.advance(3600);
        match stopped {
            None => {}
            Some("removed") => assert_eq!(other.remove().await, 200),
            Some(_) => {
                let copy = other.change(other.wanted(ChangeKind::Change, SECOND_PIN, NEW));
                sql(
                    &world,
                    "UPDATE device SET issued = 90, acked = 80 WHERE name = 'Second'",
                );
                assert_eq!(other.send_change(&copy).await.result, ResultCode::Suspended);
            }
        }
        let status = phone.status().await;
        assert_eq!(status.granted, None);
        assert_eq!(status.pending_change.is_some(), stopped.is_none());
        let expected = match stopped {
            None => ResultCode::Done,
            Some(_) => ResultCode::NotOpen,
        };
        assert_eq!(phone.send_commit(slot.hash).await.result, expected);
    }
}

/// A service of which a phone's own biometrics grant it a new PIN, with a phone that has them.
async fn own_biometrics() -> (World, Browser, Phone) {
    let world = World::with(|config| config.own_biometrics = true).await;
    let (browser, mut phone) = world.person().await;
    assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
    (world, browser, phone)
}

/// Asks for a new PIN of the phone by its own biometrics, and approves it with these.
async fn granted_by_itself(browser: &mut Browser, phone: &mut Phone) -> ChallengeId {
    let page = ask(browser, phone, "").await;
    assert!(page.body.contains("with your fingerprint or face"));
    let challenge = phone.inbox(0).await.unwrap();
    let (body, hash) = phone.answer_by(&challenge, Decision::Approve, Some(page.number()), None);
    assert_eq!(phone.send(body, hash).await.result, ResultCode::Done);
    let page = browser.get(&page.path).await;
    assert_eq!(page.path, format!("/account/devices/{}/pin", phone.dev()));
    challenge.id
}

#[tokio::test]
async fn a_phones_own_biometrics_grant_it_a_new_pin_where_the_service_is_set_so() {
    let (world, mut browser, mut phone) = own_biometrics().await;
    let page = browser.get("/account/devices").await;
    assert!(page.body.contains("Forgotten or blocked PIN: My phone"));
    let id = granted_by_itself(&mut browser, &mut phone).await;
    assert_eq!(phone.status().await.granted, Some(id));
    let slot = phone.change(forgotten(&phone, id));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    assert_eq!(phone.send_commit(slot.hash).await.result, ResultCode::Done);
    phone.take(slot);
    assert_eq!(events(&world, "pin-set-anew"), 1);
    begin_sign_in(&mut browser, "/sign-in/app").await;
    let page = browser.post("/sign-in/app", &[]).await;
    approve(&mut phone, &page, NEW).await;
    assert_eq!(browser.get(&page.path).await.path, "/account");
    // They are gone with the old PIN, so there is no second time.
    assert_eq!(phone.status().await.biometric_kid, None);
    assert_eq!(ask(&mut browser, &phone, "").await.status, 409);
}

#[tokio::test]
async fn the_pin_and_biometrics_that_are_off_grant_the_phone_itself_nothing() {
    let (_world, mut browser, mut phone) = own_biometrics().await;
    let page = ask(&mut browser, &phone, "").await;
    approve(&mut phone, &page, PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account/devices");
    assert_eq!(phone.status().await.granted, None);
    let id = granted_by_itself(&mut browser, &mut phone).await;
    assert_eq!(phone.status().await.granted, Some(id));
    // Whoever turned them off, or changed them on the phone, takes the grant back.
    assert_eq!(phone.turn_biometrics_off().await.result, ResultCode::Done);
    assert_eq!(phone.status().await.granted, None);
    let slot = phone.change(forgotten(&phone, id));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::NotOpen);
    assert_eq!(ask(&mut browser, &phone, "").await.status, 409);
}

#[tokio::test]
async fn what_biometrics_granted_ends_with_them_also_when_others_take_their_place() {
    let (_world, mut browser, mut phone) = own_biometrics().await;
    let id = granted_by_itself(&mut browser, &mut phone).await;
    let slot = phone.change(forgotten(&phone, id));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
    let status = phone.status().await;
    assert_eq!((status.granted, status.pending_change), (None, None));
    let reply = phone.send_commit(slot.hash).await;
    assert_eq!(reply.result, ResultCode::NotOpen);
}

#[tokio::test]
async fn what_a_phone_granted_itself_does_not_lift_a_block_that_came_after_it() {
    let (_world, mut browser, mut phone) = own_biometrics().await;
    let id = granted_by_itself(&mut browser, &mut phone).await;
    block(&mut phone).await;
    assert_eq!(phone.status().await.granted, None);
    let slot = phone.change(forgotten(&phone, id));
    assert_ne!(phone.send_change(&slot).await.result, ResultCode::Done);
}

#[tokio::test]
async fn a_blocked_phones_own_biometrics_do_not_lift_the_block() {
    let (_world, mut browser, mut phone) = own_biometrics().await;
    let page = ask(&mut browser, &phone, "").await;
    let challenge = phone.inbox(0).await.unwrap();
    block(&mut phone).await;
    let (body, hash) = phone.answer_by(&challenge, Decision::Approve, Some(page.number()), None);
    assert_eq!(phone.send(body, hash).await.result, ResultCode::Blocked);
    assert_eq!(phone.status().await.granted, None);
    assert_eq!(ask(&mut browser, &phone, "").await.status, 409);
}
