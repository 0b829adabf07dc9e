//! Slow guessing beside an honest phone: what is wrong in 30 days counts together, over all epochs,
//! in approvals, changes and codes.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{
    Browser, IBAN, PIN, Phone, World, approve, events, life::Wanted, mail, number, try_pin,
};
use countersign_protocol::{
    reply::{DeviceState, ResultCode},
    update::ChangeKind,
};

const SECOND_PIN: &str = "5071";
const NEW: &str = "6304";
const WRONG: &str = "9374";

/// Four wrong PINs, and then the owner's phone renews its epoch with the right one.
async fn guesses_and_a_refresh(phone: &mut Phone, wrong: u8) -> u8 {
    for already in 0..4 {
        let slot = phone.change(phone.wanted(ChangeKind::Refresh, WRONG, WRONG));
        let reply = phone.send_change(&slot).await;
        if reply.result == ResultCode::Blocked {
            return wrong + already;
        }
        assert_eq!(reply.result, ResultCode::WrongPin);
    }
    phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
    wrong + 4
}

async fn wrong_codes(browser: &mut Browser, tries: u8) {
    browser.get("/account/transactions/other").await;
    let fields = [
        ("iban", IBAN),
        ("name", "SIA Ozols"),
        ("amount", "12.50"),
        ("reference", "Invoice 7"),
    ];
    let page = browser.post("/account/transactions/other", &fields).await;
    assert_eq!(page.status, 200);
    for _ in 0..tries {
        browser.get(&page.path).await;
        let path = format!("{}/code", page.path);
        browser.post(&path, &[("code", "0000-0000-0000")]).await;
    }
}

#[tokio::test]
async fn forty_wrong_pins_over_many_epochs_are_told_at_ten_and_block_the_device_at_thirty() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let with = Some((&mut phone, PIN));
    let mut other = browser.add(&world.clock, "Second", SECOND_PIN, with).await;
    let mut wrong = 0;
    for round in 1..=7 {
        assert_eq!(events(&world, "many-wrong-pins"), i64::from(round > 3));
        world.clock.advance(60);
        wrong = guesses_and_a_refresh(&mut phone, wrong).await;
        assert_eq!(wrong, 4 * round);
    }
    assert_eq!(events(&world, "many-wrong-pins"), 1);
    assert!(mail(&world, "Ten wrong PINs").await.contains("My phone"));
    // A code that was typed counts with them: 28 and one.
    wrong_codes(&mut browser, 1).await;
    let month = "SELECT length(wrong_month) / 8 FROM device WHERE name = 'My phone'";
    assert_eq!(number(&world, month), 29);
    let status = phone.status().await;
    assert_eq!(
        (status.tries_in_row, status.tries_in_epoch),
        (Some(1), Some(15))
    );
    let slot = phone.change(phone.wanted(ChangeKind::Refresh, WRONG, WRONG));
    let reply = phone.send_change(&slot).await;
    assert_eq!(
        (reply.result, reply.tries_in_row, reply.tries_in_epoch),
        (ResultCode::WrongPin, Some(0), Some(0))
    );
    let status = phone.status().await;
    assert_eq!(
        (
            status.device_state,
            status.tries_in_row,
            status.tries_in_epoch
        ),
        (Some(DeviceState::Blocked), Some(0), Some(0))
    );
    assert_eq!(events(&world, "device-blocked"), 1);
    let slot = phone.change(phone.wanted(ChangeKind::Refresh, PIN, PIN));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Blocked);
    let page = browser.get("/account/devices").await;
    assert!(page.body.contains("until it has a new PIN"));

    // Unblocked like any block, and then nothing is counted any more.
    let dev = phone.dev();
    browser.get("/account/devices").await;
    let fields = [("dev", dev.as_str()), ("with", "")];
    let page = browser.post("/account/devices/unblock", &fields).await;
    let challenge = other.inbox(0).await.unwrap();
    approve(&mut other, &page, SECOND_PIN).await;
    browser.get(&page.path).await;
    let slot = phone.change(Wanted {
        granted_by: Some(challenge.id),
        ..phone.wanted(ChangeKind::Forgotten, "", NEW)
    });
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    assert_eq!(phone.send_commit(slot.hash).await.result, ResultCode::Done);
    phone.take(slot);
    let status = phone.status().await;
    assert_eq!(
        (
            status.device_state,
            status.tries_in_row,
            status.tries_in_epoch
        ),
        (Some(DeviceState::Active), Some(5), Some(15))
    );
    assert_eq!(number(&world, month), 0);
}

#[tokio::test]
async fn an_honest_person_who_mistypes_now_and_then_for_months_is_neither_told_nor_blocked() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    for _ in 0..12 {
        assert_eq!(
            try_pin(&mut browser, &mut phone, WRONG).await.result,
            ResultCode::WrongPin
        );
        let reply = try_pin(&mut browser, &mut phone, PIN).await;
        assert_eq!(reply.result, ResultCode::Done);
        if reply.tries_in_epoch.unwrap() <= 7 {
            phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
        }
        world.clock.advance(4 * 24 * 3600);
        browser.get("/sign-in").await;
    }
    assert_eq!(events(&world, "many-wrong-pins"), 0);
    let month = number(&world, "SELECT length(wrong_month) / 8 FROM device");
    assert!(month <= 8, "{month}");
}
