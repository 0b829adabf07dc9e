//! Change of the PIN and refresh: PROTOCOL.md, section 13, line by line, over real HTTP with the
//! real database.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use crate::support::{
    Browser, PIN, Phone, World, events,
    life::{Wanted, at_once, five_were_checked},
    number, random, sql, try_pin,
};
use countersign_protocol::{
    SigningKey,
    change::ChangeSecrets,
    claim::KeyClass,
    id::{Hash, PublicKey},
    query::Query,
    reply::{DeviceState, Reply, ResultCode},
    update::ChangeKind,
};
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
    let changes = (0..64)
        .map(|_| phone.change(phone.wanted(ChangeKind::Change, WRONG, NEW)))
        .map(|slot| (slot.body, slot.hash))
        .collect();
    let (_phone, replies) = at_once(phone, "/api/v1/change", changes).await;
    five_were_checked(&replies);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_change_sent_again_gets_the_same_outcome_and_costs_nothing() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    for (pin, result, left) in [(WRONG, ResultCode::WrongPin, 4), (PIN, ResultCode::Done, 5)] {
        let slot = phone.change(phone.wanted(ChangeKind::Change, pin, NEW));
        let copies = vec![(slot.body.clone(), slot.hash); 32];
        let replies;
        (phone, replies) = at_once(phone, "/api/v1/change", copies).await;
        phone.token = replies[0].state_token;
        // Much later too, when its time would be refused.
        world.clock.advance(3600);
        let late = phone.send_change(&slot).await;
        for reply in replies.iter().chain([&late]) {
            assert_eq!(
                (reply.result, reply.tries_in_row, reply.state_token),
                (result, Some(left), phone.token)
            );
        }
        assert_eq!(phone.status().await.tries_in_row, Some(left));
    }
}

#[tokio::test]
async fn a_late_change_costs_nothing_and_is_signed_anew() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
    world.clock.advance(121);
    let reply = phone.send_change(&slot).await;
    assert_eq!(
        (reply.result, reply.state_token, reply.tries_in_row),
        (ResultCode::Clock, None, None)
    );
    let (commit, hash) = phone.commit(slot.hash);
    world.clock.advance(121);
    let reply = phone.put("/api/v1/commit", commit, hash).await;
    assert_eq!(reply.result, ResultCode::Clock);
    phone.change_pin(ChangeKind::Change, PIN, NEW).await;
}

#[tokio::test]
async fn a_newer_change_takes_the_place_of_the_pending_one() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let first = phone.change(phone.wanted(ChangeKind::Change, PIN, "6304"));
    assert_eq!(phone.send_change(&first).await.result, ResultCode::Done);
    let second = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
    assert_eq!(phone.send_change(&second).await.result, ResultCode::Done);
    assert_eq!(phone.status().await.pending_change, Some(second.hash));
    let reply = phone.send_commit(first.hash).await;
    assert_eq!((reply.result, reply.epoch), (ResultCode::NotOpen, Some(1)));
    // The first one's reply again does not make it pending again.
    let again = phone.send_update("/api/v1/change", first.body, first.hash);
    assert_eq!(again.await.result, ResultCode::Done);
    assert_eq!(
        phone.send_commit(second.hash).await.result,
        ResultCode::Done
    );
    phone.take(second);
    assert!(works(&mut browser, &mut phone, NEW).await);
}

#[tokio::test]
async fn a_commit_is_done_once_however_often_it_comes_and_an_unknown_one_is_told_so() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    let reply = phone.send_commit(Hash([7; 32])).await;
    assert_eq!((reply.result, reply.epoch), (ResultCode::NotOpen, Some(1)));
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
    // A change that was never sent.
    assert_eq!(
        phone.send_commit(slot.hash).await.result,
        ResultCode::NotOpen
    );
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    let (body, hash) = phone.commit(slot.hash);
    let first = phone.put("/api/v1/commit", body.clone(), hash).await;
    // The same bytes, and the same change in a new message.
    let again = phone.put("/api/v1/commit", body, hash).await;
    let anew = phone.send_commit(slot.hash).await;
    for reply in [&first, &again, &anew] {
        assert_eq!((reply.result, reply.epoch), (ResultCode::Done, Some(2)));
    }
    assert_eq!(again.state_token, first.state_token);
    assert_ne!(anew.state_token, first.state_token);
    assert_eq!(events(&world, "pin-changed"), 1);
    phone.take(slot);
    // Once the next epoch has begun, the earlier change is no longer its.
    let earlier = phone.status().await.epoch_change.unwrap();
    phone.change_pin(ChangeKind::Refresh, NEW, NEW).await;
    assert_eq!(phone.send_commit(earlier).await.result, ResultCode::NotOpen);
}

#[tokio::test]
async fn a_change_of_another_epoch_than_the_next_costs_no_try() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    for kind in [ChangeKind::Change, ChangeKind::Refresh] {
        for epoch in [1, 3, u32::MAX] {
            let slot = phone.change(Wanted {
                epoch,
                ..phone.wanted(kind, WRONG, NEW)
            });
            let reply = phone.send_change(&slot).await;
            assert_eq!(
                (reply.result, reply.tries_in_row),
                (ResultCode::Epoch, Some(5))
            );
            assert!(reply.state_token.is_some());
        }
    }
}

#[tokio::test]
async fn a_refresh_keeps_the_pin_and_starts_the_tries_anew_and_nobody_is_told() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    for _ in 0..2 {
        for _ in 0..4 {
            let slot = phone.change(phone.wanted(ChangeKind::Change, WRONG, NEW));
            phone.send_change(&slot).await;
        }
        assert!(works(&mut browser, &mut phone, PIN).await);
    }
    assert_eq!(phone.status().await.tries_in_epoch, Some(7));
    sql(&world, "UPDATE device SET wrong_codes = 9");
    phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
    assert_eq!(phone.status().await.tries_in_epoch, Some(15));
    assert_eq!(number(&world, "SELECT wrong_codes FROM device"), 0);
    assert!(works(&mut browser, &mut phone, PIN).await);
    assert_eq!(events(&world, "pin-refreshed"), 1);
    assert_eq!(
        number(
            &world,
            "SELECT count(*) FROM event WHERE what = 'pin-refreshed' AND mail = 1"
        ),
        0
    );
}

#[tokio::test]
async fn what_can_not_be_opened_or_is_not_as_it_must_be_costs_no_try() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    let reply = |reply: Reply| (reply.result, reply.tries_in_row, reply.tries_in_epoch);
    // Sealed to another key.
    let right = phone.hpke_key;
    phone.hpke_key = PublicKey::of(&SigningKey::from_slice(&random::<32>()).unwrap());
    let slot = phone.change(phone.wanted(ChangeKind::Change, WRONG, NEW));
    assert_eq!(
        reply(phone.send_change(&slot).await),
        (ResultCode::Unsealable, Some(5), Some(15))
    );
    let (body, hash, ..) = phone.biometrics_on(WRONG);
    assert_eq!(
        reply(phone.put("/api/v1/biometrics", body, hash).await),
        (ResultCode::Unsealable, Some(5), Some(15))
    );
    phone.hpke_key = right;
    // A new PIN key that the phone does not hold.
    let slot = phone.change_with(phone.wanted(ChangeKind::Change, WRONG, NEW), |secrets| {
        ChangeSecrets {
            pin_key: PublicKey::of(&SigningKey::from_slice(&random::<32>()).unwrap()),
            ..secrets
        }
    });
    assert_eq!(
        reply(phone.send_change(&slot).await),
        (ResultCode::Refused, Some(5), Some(15))
    );
    assert_eq!(phone.status().await.pending_change, None);
}

#[tokio::test]
async fn the_class_of_a_device_key_is_never_lowered() {
    for (hardware, class, result) in [
        (true, KeyClass::Software, ResultCode::Refused),
        (true, KeyClass::Hardware, ResultCode::Done),
        (false, KeyClass::Software, ResultCode::Done),
        (false, KeyClass::Hardware, ResultCode::Done),
    ] {
        let world = World::new().await;
        let (_browser, mut phone) = world.person().await;
        if hardware {
            sql(&world, "UPDATE device SET hardware = 1");
        }
        let slot = phone.change(Wanted {
            rotate: Some(class),
            ..phone.wanted(ChangeKind::Change, PIN, NEW)
        });
        let reply = phone.send_change(&slot).await;
        assert_eq!((reply.result, reply.tries_in_row), (result, Some(5)));
        if result == ResultCode::Done {
            assert_eq!(phone.send_commit(slot.hash).await.result, ResultCode::Done);
            assert_eq!(
                number(&world, "SELECT hardware FROM device"),
                i64::from(class == KeyClass::Hardware)
            );
        }
    }
}

#[tokio::test]
async fn a_rotation_takes_effect_with_the_commit_and_the_old_device_key_is_worth_nothing() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let slot = phone.change(Wanted {
        rotate: Some(KeyClass::Software),
        ..phone.wanted(ChangeKind::Refresh, PIN, PIN)
    });
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    // Until the commit the old key signs.
    assert_eq!(phone.status().await.pending_change, Some(slot.hash));
    let (commit, hash) = phone.commit(slot.hash);
    assert_eq!(
        phone
            .put("/api/v1/commit", commit.clone(), hash)
            .await
            .result,
        ResultCode::Done
    );
    // The reply was lost: the commit again is of an unknown key, and so is a status. Under the new
    // key the status tells.
    assert_eq!(phone.post_raw("/api/v1/commit", commit).await.0, 401);
    let (status, _) = phone.query(Query::Status { last: 0 });
    assert_eq!(phone.post_raw("/api/v1/status", status).await.0, 401);
    let hash = slot.hash;
    phone.take(slot);
    assert_eq!(phone.status().await.epoch_change, Some(hash));
    assert!(works(&mut browser, &mut phone, PIN).await);
}

#[tokio::test]
async fn a_counter_that_is_not_higher_is_told_and_costs_nothing() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    phone.change_pin(ChangeKind::Change, PIN, NEW).await;
    let recorded = phone.counter;
    for path in ["/api/v1/change", "/api/v1/commit", "/api/v1/biometrics"] {
        phone.counter = 0;
        let (body, hash) = match path {
            "/api/v1/change" => {
                let slot = phone.change(phone.wanted(ChangeKind::Change, WRONG, PIN));
                (slot.body, slot.hash)
            }
            "/api/v1/commit" => phone.commit(Hash([7; 32])),
            _ => {
                let (body, hash, ..) = phone.biometrics_on(WRONG);
                (body, hash)
            }
        };
        let reply = phone.put(path, body, hash).await;
        assert_eq!(
            (
                reply.result,
                reply.counter,
                reply.state_token,
                reply.tries_in_row
            ),
            (ResultCode::Counter, Some(recorded), None, None)
        );
    }
    assert_eq!(phone.status().await.tries_in_epoch, Some(15));
}

#[tokio::test]
async fn a_copy_left_behind_is_suspended_at_its_first_change_commit_or_biometrics() {
    for path in ["/api/v1/change", "/api/v1/commit", "/api/v1/biometrics"] {
        let world = World::new().await;
        let (_browser, mut phone) = world.person().await;
        let copied = phone.token;
        phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
        phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
        phone.token = copied;
        let (body, hash) = match path {
            "/api/v1/change" => {
                let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
                (slot.body, slot.hash)
            }
            "/api/v1/commit" => phone.commit(Hash([7; 32])),
            _ => {
                let (body, hash, ..) = phone.biometrics_on(PIN);
                (body, hash)
            }
        };
        let reply = phone.put(path, body, hash).await;
        assert_eq!(
            (reply.result, reply.state_token, reply.counter),
            (ResultCode::Suspended, None, None)
        );
        assert_eq!(
            phone.status().await.device_state,
            Some(DeviceState::Suspended)
        );
        assert_eq!(events(&world, "device-suspended"), 1);
        let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::Suspended);
    }
}

#[tokio::test]
async fn a_request_at_another_endpoint_and_one_by_another_device_are_refused() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
    for path in ["/api/v1/commit", "/api/v1/biometrics", "/api/v1/answer"] {
        assert_eq!(
            phone.post_raw(path, slot.body.clone()).await.0,
            400,
            "{path}"
        );
    }
    for at in (0..slot.body.len()).step_by(31) {
        let mut flipped = slot.body.clone();
        flipped[at] ^= 0x10;
        let (status, _) = phone.post_raw("/api/v1/change", flipped).await;
        assert!(matches!(status, 400 | 401), "{at}: {status}");
    }
    let own = phone.key.clone();
    phone.key = SigningKey::from_slice(&random::<32>()).unwrap();
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
    assert_eq!(phone.post_raw("/api/v1/change", slot.body).await.0, 401);
    phone.key = own;
    assert_eq!(phone.status().await.tries_in_epoch, Some(15));
}

#[tokio::test]
async fn what_was_being_checked_while_an_epoch_began_does_nothing_in_it() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let change = phone.change(phone.wanted(ChangeKind::Change, PIN, "6304"));
    let (biometrics, hash, ..) = phone.biometrics_on(PIN);
    let late = [
        ("/api/v1/change", change.body, change.hash),
        ("/api/v1/biometrics", biometrics, hash),
    ];
    for (path, body, hash) in &late {
        let reply = phone.put(path, body.clone(), *hash).await;
        assert_eq!(reply.result, ResultCode::Done);
        // As if the service had stopped between the try and the verdict.
        sql(
            &world,
            "UPDATE outcome SET result = NULL WHERE issued = (SELECT issued FROM device)",
        );
    }
    phone.change_pin(ChangeKind::Change, PIN, NEW).await;
    for (path, body, hash) in &late {
        let reply = phone.send_update(path, body.clone(), *hash).await;
        assert_eq!(
            (reply.result, reply.tries_in_row, reply.tries_in_epoch),
            (ResultCode::Epoch, Some(5), Some(15))
        );
    }
    let status = phone.status().await;
    assert_eq!((status.pending_change, status.biometric_kid), (None, None));
    assert!(works(&mut browser, &mut phone, NEW).await);
}

/// A phone that did not hear the answer to its commit asks for the status, and erases slot B if
/// that names it neither as pending nor as begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_status_beside_a_commit_names_the_change_at_every_moment() {
    let world = World::new().await;
    let (_browser, mut phone) = world.person().await;
    for _ in 0..12 {
        let slot = phone.change(phone.wanted(ChangeKind::Refresh, PIN, PIN));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
        let (body, hash) = phone.commit(slot.hash);
        let shared = Arc::new(phone);
        let mut asking = JoinSet::new();
        for _ in 0..8 {
            let phone = shared.clone();
            asking.spawn(async move {
                let mut all = Vec::new();
                for _ in 0..4 {
                    all.push(phone.status().await);
                }
                all
            });
        }
        let committed = shared.send_update("/api/v1/commit", body, hash).await;
        assert_eq!(committed.result, ResultCode::Done);
        for status in asking.join_all().await.into_iter().flatten() {
            let pending = status.pending_change == Some(slot.hash);
            let begun = status.epoch_change == Some(slot.hash);
            assert!(pending || begun);
            assert!(!begun || status.epoch == Some(slot.epoch));
        }
        phone = Arc::into_inner(shared).unwrap();
        phone.token = committed.state_token;
        phone.take(slot);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_pins_of_every_kind_beside_a_commit_are_five_in_all_and_one_pin_works_after_them() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    let mut requests = Vec::new();
    for round in 0..24 {
        if round == 12 {
            let (body, hash) = phone.commit(slot.hash);
            requests.push(("/api/v1/commit", body, hash));
        }
        let change = phone.change(phone.wanted(ChangeKind::Change, WRONG, "6304"));
        requests.push(("/api/v1/change", change.body, change.hash));
        let (body, hash, ..) = phone.biometrics_on(WRONG);
        requests.push(("/api/v1/biometrics", body, hash));
    }
    let shared = Arc::new(phone);
    let mut all = JoinSet::new();
    for (path, body, hash) in requests {
        let phone = shared.clone();
        all.spawn(async move { phone.send_update(path, body, hash).await });
    }
    let replies = all.join_all().await;
    phone = Arc::into_inner(shared).unwrap();
    let wrong = |reply: &&Reply| reply.result == ResultCode::WrongPin;
    assert!(replies.iter().filter(wrong).count() <= 5);
    let newest = replies.iter().filter_map(|reply| reply.state_token);
    phone.token = newest.max_by_key(|token| token.sequence());
    let status = phone.status().await;
    assert_eq!(status.biometric_kid, None);
    let begun = status.epoch_change == Some(slot.hash);
    if begun {
        phone.take(slot);
    }
    // Either all tries were spent first, or exactly one PIN works.
    if status.device_state == Some(DeviceState::Active) {
        let (right, other) = if begun { (NEW, PIN) } else { (PIN, NEW) };
        assert!(works(&mut browser, &mut phone, right).await);
        assert!(!works(&mut browser, &mut phone, other).await);
    } else {
        assert!(!begun);
    }
}
