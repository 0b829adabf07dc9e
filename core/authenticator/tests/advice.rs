//! What a phone says of an account that was blocked or suspended, that is not finished, or whose
//! PIN is not the service's any more: plain words with the next step, and nothing where all is
//! well.
#![allow(clippy::unwrap_used, clippy::panic)]

use countersign::{AccountState, AccountSummary, ReadError, Refusal, Source, Unlock};
use countersign_protocol::reply::DeviceState;

use crate::support::*;

/// What the phone says once it has asked.
async fn told(scene: &Scene, account: countersign::AccountNumber) -> AccountSummary {
    scene.phone.refresh(account).await.unwrap()
}

fn says(summary: &AccountSummary, parts: &[&str]) {
    let advice = summary.advice().unwrap();
    for part in parts {
        assert!(advice.contains(part), "{advice}");
    }
    for jargon in ["epoch", "token", "K_dev", "counter"] {
        assert!(!advice.contains(jargon), "{advice}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_that_can_be_used_needs_no_advice_and_few_tries_are_warned_of() {
    let (scene, account, _) = enrolled().await;
    assert_eq!(told(&scene, account).await.advice(), None);
    scene.desk.with_device(|device| device.in_row = 3);
    assert_eq!(told(&scene, account).await.advice(), None);
    scene.desk.with_device(|device| device.in_row = 1);
    says(
        &told(&scene, account).await,
        &["one wrong PIN more", "blocked", "set a new one"],
    );
    scene
        .desk
        .with_device(|device| (device.in_row, device.in_epoch) = (5, 2));
    says(&told(&scene, account).await, &["2 wrong PINs more"]);
}

#[tokio::test(start_paused = true)]
async fn a_blocked_phone_says_how_to_unblock_it_and_gives_no_code_that_nobody_takes() {
    let (scene, account, acc) = enrolled().await;
    scene
        .desk
        .with_device(|device| device.state = DeviceState::Blocked);
    let summary = told(&scene, account).await;
    assert_eq!(summary.state, AccountState::Blocked);
    says(
        &summary,
        &[
            "wrong too often",
            "Sign in at sign.example.eu",
            "unblock the device “my phone”",
            "set a new PIN here",
            "recover",
        ],
    );
    for unlock in [Unlock::Pin, Unlock::Nothing] {
        let refused = scene.refused(&scene.desk.ask_code(acc, 1, unlock)).await;
        assert!(matches!(refused, ReadError::Refused(Refusal::Blocked)));
        assert!(refused.to_string().contains("set a new PIN"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_suspended_phone_says_why_and_what_to_do_also_when_it_was_no_restore() {
    let (scene, account, _) = enrolled().await;
    scene
        .desk
        .with_device(|device| device.state = DeviceState::Suspended);
    says(
        &told(&scene, account).await,
        &[
            "copy of this phone's data",
            "remove the device “my phone”",
            "initialise it again",
            "If you have not restored a backup",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_pin_that_only_one_side_has_and_a_change_without_an_answer_say_what_to_do() {
    let (scene, account, _) = enrolled().await;
    let lost = [
        Twist::None,
        Twist::Unreachable,
        Twist::Unreachable,
        Twist::Unreachable,
    ];
    scene
        .desk
        .twist(&[&lost[..], &[Twist::Unreachable]].concat());
    let changed = scene
        .phone
        .change_pin(account, pin(PIN), pin("8023"), pin("8023"));
    assert!(changed.await.is_err());
    says(
        &scene.phone.accounts().unwrap()[0],
        &["new PIN", "Go online", "which PIN holds"],
    );
    scene.phone.resume().await.unwrap();
    assert_eq!(scene.phone.accounts().unwrap()[0].advice(), None);

    scene.desk.with_device(|device| device.epoch = 1);
    let summary = told(&scene, account).await;
    assert_eq!(summary.state, AccountState::NewPinNeeded);
    says(
        &summary,
        &[
            "no longer have the same PIN",
            "restored from a backup",
            "unblock",
            "set a new PIN here",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_not_finished_says_how_it_is_finished() {
    let scene = scene();
    let text = scene.desk.invite("anna@example.eu", None);
    let offer = scene
        .phone
        .begin_enrolment(&text, Source::Camera)
        .await
        .unwrap();
    scene.desk.twist(&[Twist::Lost; 3]);
    let claim = scene
        .phone
        .claim_with_new_pin(&offer, pin(PIN), pin(PIN))
        .await;
    assert!(claim.is_err());
    says(
        &scene.phone.accounts().unwrap()[0],
        &[
            "not finished",
            "Go online",
            "new QR code of sign.example.eu",
        ],
    );
}
