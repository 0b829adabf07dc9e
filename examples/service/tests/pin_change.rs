//! Change of the PIN and refresh: PROTOCOL.md, section 13, line by line, over real HTTP with the real database.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::Arc;

use countersign_protocol::{
    reply::{DeviceState, ResultCode},
    update::ChangeKind,
};
use support::{Browser, PIN, Phone, World, events, try_pin};
use tokio::task::JoinSet;

const NEW: &str = "5071";
const WRONG: &str = "9374";

/// Which of the two PINs the service takes now, asked with the phone's slot A.
async fn works(browser: &mut Browser, phone: &mut Phone, pin: &str) -> bool {
    let reply = try_pin(browser, phone, pin).await;
    assert!(matches!(
        reply.result,
        ResultCode::Done | ResultCode::WrongPin
    ));
    reply.result == ResultCode::Done
}

#[tokio::test]
async fn exactly_one_pin_works_at_every_point_of_a_change() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    assert!(works(&mut browser, &mut phone, PIN).await);
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
    let reply = phone.send_change(&slot).await;
    assert_eq!(reply.result, ResultCode::Done);
    assert_eq!(
        (reply.tries_in_row, reply.tries_in_epoch, reply.epoch),
        (Some(5), Some(15), None)
    );
    assert!(reply.counter.is_some() && reply.state_token.is_some());

    // Pending: the old PIN still works, with its slot, and the new one is nothing yet.
    assert!(works(&mut browser, &mut phone, PIN).await);
    assert!(!works(&mut browser, &mut phone, NEW).await);
    let status = phone.status().await;
    assert_eq!(
        (status.pending_change, status.epoch_change, status.epoch),
        (Some(slot.hash), None, Some(1))
    );

    let hash = slot.hash;
    let reply = phone.send_commit(hash).await;
    assert_eq!((reply.result, reply.epoch), (ResultCode::Done, Some(2)));
    assert_eq!(
        (reply.tries_in_row, reply.tries_in_epoch),
        (Some(5), Some(15))
    );
    let status = phone.status().await;
    assert_eq!(
        (status.pending_change, status.epoch_change, status.epoch),
        (None, Some(hash), Some(2))
    );
    // Slot A is of another epoch now, whichever PIN.
    assert_eq!(
        try_pin(&mut browser, &mut phone, PIN).await.result,
        ResultCode::Epoch
    );
    phone.take(slot);
    assert!(works(&mut browser, &mut phone, NEW).await);
    assert!(!works(&mut browser, &mut phone, PIN).await);
    assert_eq!(events(&world, "pin-changed"), 1);
}

#[tokio::test]
async fn a_wrong_old_pin_is_counted_and_five_in_a_row_block() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    for left in (0..5).rev() {
        let slot = phone.change(phone.wanted(ChangeKind::Change, WRONG, NEW));
        let reply = phone.send_change(&slot).await;
        assert_eq!(
            (reply.result, reply.tries_in_row),
            (ResultCode::WrongPin, Some(left))
        );
        // Nothing is pending after a wrong one.
        assert_eq!(phone.status().await.pending_change, None);
    }
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
    let reply = phone.send_change(&slot).await;
    assert_eq!(
        (reply.result, reply.state_token),
        (ResultCode::Blocked, None)
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
}

#[tokio::test]
async fn fifteen_wrong_old_pins_in_an_epoch_block_whatever_came_right_between() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    for round in 0..4 {
        for _ in 0..if round == 3 { 3 } else { 4 } {
            let slot = phone.change(phone.wanted(ChangeKind::Refresh, WRONG, WRONG));
            assert_eq!(phone.send_change(&slot).await.result, ResultCode::WrongPin);
        }
        if round < 3 {
            // A right PIN gives its own try back, and no other.
            let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
            let reply = phone.send_change(&slot).await;
            assert_eq!(
                (reply.result, reply.tries_in_row, reply.tries_in_epoch),
                (ResultCode::Done, Some(5), Some(15 - 4 * (round + 1)))
            );
        }
    }
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Blocked);
    // What was pending before can't be committed by a blocked device.
    let pending = phone.status().await.pending_change.unwrap();
    assert_eq!(phone.send_commit(pending).await.result, ResultCode::Blocked);
    assert_eq!(phone.status().await.epoch, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_wrong_changes_in_parallel_never_give_a_sixth_check() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    let slots: Vec<_> = (0..64)
        .map(|_| phone.change(phone.wanted(ChangeKind::Change, WRONG, NEW)))
        .collect();
    let phone = Arc::new(phone);
    let mut all = JoinSet::new();
    for slot in slots {
        let phone = phone.clone();
        all.spawn(async move {
            let sent = phone.send_update("/api/v1/change", slot.body, slot.hash);
            sent.await.result
        });
    }
    let results = all.join_all().await;
    let checked = results
        .iter()
        .filter(|result| **result == ResultCode::WrongPin)
        .count();
    let refused = results
        .iter()
        .filter(|result| matches!(result, ResultCode::Blocked | ResultCode::Counter))
        .count();
    assert!((1..=5).contains(&checked), "{checked} PINs were checked");
    assert_eq!(checked + refused, 64, "{results:?}");
}
