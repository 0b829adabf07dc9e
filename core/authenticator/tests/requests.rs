//! Approve, decline, report: what the phone does with each of the verifier's words.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use countersign::{
    AccountState, ApproveError, EventKind, InboxError, LinkError, ReadError, Refusal, Scanned,
    Source, UnlockMethod,
};

use crate::support::*;

#[tokio::test]
async fn a7_the_number_is_typed_and_a_wrong_one_ends_the_request() {
    let (scene, account, _) = enrolled().await;
    let request = scene.open_request(account, Some(42)).await;
    assert!(request.number_asked);
    assert_eq!(request.details.to_string(), "sign-in, Firefox on Linux, LV");
    assert_eq!(request.details.host, "sign.example.eu");
    for number in [None, Some(9), Some(100)] {
        let missing = scene
            .phone
            .approve(request.id, None, number, pin(PIN).into())
            .await;
        assert!(matches!(missing, Err(ApproveError::NumberNeeded)));
    }
    assert!(scene.desk.sent("/api/v1/answer").is_empty());
    let wrong = scene
        .phone
        .approve(request.id, None, Some(43), pin(PIN).into())
        .await;
    assert!(matches!(wrong, Err(ApproveError::WrongNumber)));
    let again = scene
        .phone
        .approve(request.id, None, Some(42), pin(PIN).into())
        .await;
    assert!(matches!(again, Err(ApproveError::NotHeld)));
}

/// How the account is stored: its state, state token and counter.
fn stored(scene: &Scene) -> (i64, Vec<u8>, i64) {
    let path = scene.folder.path().join(countersign::DATABASE_FILE);
    let database = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT state, state_token, counter FROM account";
    let account = database.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    account.unwrap()
}

#[tokio::test]
async fn an_approval_that_nothing_unlocks_is_refused_before_anything_is_spent_or_sent() {
    let (scene, account, _) = enrolled().await;
    let request = scene.open_request(account, Some(42)).await;
    let before = stored(&scene);
    let unlocked = UnlockMethod::Nothing;
    let refused = scene.phone.approve(request.id, None, Some(42), unlocked);
    assert!(matches!(refused.await, Err(ApproveError::PinNeeded)));
    assert!(scene.desk.sent("/api/v1/answer").is_empty());
    assert_eq!(stored(&scene), before);
    // It asks for no PIN to decline.
    scene.phone.decline(request.id, None, false).await.unwrap();
}

#[tokio::test]
async fn a_reply_to_an_answer_changes_no_device_state_and_an_inbox_reply_no_state_token() {
    let (scene, account, _) = enrolled().await;
    let request = scene.open_request(account, None).await;
    scene.desk.twist(&[Twist::Suspended]);
    scene
        .phone
        .approve(request.id, None, None, pin(PIN).into())
        .await
        .unwrap();
    let state = |scene: &Scene| scene.phone.accounts().unwrap()[0].state;
    assert_eq!(state(&scene), AccountState::Active);
    // The tries are news, so the inbox reply is stored.
    let before = stored(&scene);
    scene.desk.with_device(|device| device.in_row = 3);
    scene.desk.twist(&[Twist::Token]);
    scene.phone.pending(account).await.unwrap();
    assert_eq!(scene.phone.accounts().unwrap()[0].tries_left, Some(3));
    assert_eq!(stored(&scene), before);
    // There the state is news.
    scene.desk.twist(&[Twist::Suspended]);
    let told = scene.phone.pending(account).await;
    assert!(matches!(told, Err(InboxError::Refused(Refusal::Suspended))));
    assert_eq!(state(&scene), AccountState::Suspended);
}

#[tokio::test]
async fn a6_tries_left_go_down_until_the_phone_is_blocked() {
    let (scene, account, _) = enrolled().await;
    let request = scene.open_request(account, None).await;
    for left in [4, 3, 2, 1, 0] {
        let wrong = scene
            .phone
            .approve(request.id, None, None, pin("0815").into())
            .await;
        assert!(
            matches!(wrong, Err(ApproveError::Refused(Refusal::WrongPin { tries_left, .. })) if tries_left == left)
        );
        assert_eq!(scene.phone.accounts().unwrap()[0].tries_left, Some(left));
    }
    let blocked = scene
        .phone
        .approve(request.id, None, None, pin(PIN).into())
        .await;
    assert!(matches!(
        blocked,
        Err(ApproveError::Refused(Refusal::Blocked))
    ));
    assert_eq!(
        scene.phone.accounts().unwrap()[0].state,
        AccountState::Blocked
    );
    let kinds: Vec<_> = scene
        .phone
        .history()
        .unwrap()
        .iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(
        kinds,
        [
            EventKind::Blocked,
            EventKind::WrongPin,
            EventKind::WrongPin,
            EventKind::WrongPin,
            EventKind::WrongPin,
            EventKind::WrongPin,
            EventKind::AccountAdded
        ]
    );
}

#[tokio::test]
async fn a7_decline_and_report_ask_no_pin_and_are_final() {
    let (scene, account, _) = enrolled().await;
    let request = scene.open_request(account, Some(42)).await;
    scene.phone.decline(request.id, None, false).await.unwrap();
    let again = scene.phone.decline(request.id, None, false).await;
    assert!(matches!(again, Err(ApproveError::NotHeld)));
    let request = scene.open_request(account, None).await;
    scene.phone.decline(request.id, None, true).await.unwrap();
    assert!(scene.phone.pending(account).await.unwrap().is_empty());
    let history = scene.phone.history().unwrap();
    assert_eq!(history[0].kind, EventKind::Reported);
    assert_eq!(history[1].kind, EventKind::Declined);
    assert!(
        scene
            .phone
            .export_history()
            .unwrap()
            .contains("declined,\"sign-in, Firefox on Linux, LV\"\r\n")
    );
}

#[tokio::test]
async fn a_counter_that_fell_behind_is_raised_and_the_request_repeated() {
    let (scene, account, _) = enrolled().await;
    let request = scene.open_request(account, None).await;
    scene
        .desk
        .books
        .lock()
        .unwrap()
        .devices
        .values_mut()
        .next()
        .unwrap()
        .counter = 7;
    scene
        .phone
        .approve(request.id, None, None, pin(PIN).into())
        .await
        .unwrap();
    assert_eq!(scene.desk.sent("/api/v1/answer").len(), 2);
    let counter = scene
        .desk
        .books
        .lock()
        .unwrap()
        .devices
        .values()
        .next()
        .unwrap()
        .counter;
    assert_eq!(counter, 8);
}

#[tokio::test]
async fn a_clock_that_is_off_is_set_right_in_memory_and_the_request_repeated() {
    let (scene, account, _) = enrolled().await;
    let request = scene.open_request(account, None).await;
    scene.desk.twist(&[Twist::Clock]);
    scene
        .phone
        .approve(request.id, None, None, pin(PIN).into())
        .await
        .unwrap();
    scene.desk.twist(&[Twist::Clock]);
    scene.phone.refresh(account).await.unwrap();
    scene.desk.twist(&[Twist::Clock, Twist::Clock]);
    let wrong = scene.phone.refresh(account).await;
    assert!(wrong.unwrap_err().to_string().contains("its clock"));
}

#[tokio::test]
async fn a_copied_phone_is_found_out_by_the_service_and_says_what_to_do() {
    let (scene, account, _) = enrolled().await;
    let copy = tempfile::tempdir().unwrap();
    copy_folder(scene.folder.path(), copy.path());
    for _ in 0..2 {
        let request = scene.open_request(account, None).await;
        scene
            .phone
            .approve(request.id, None, None, pin(PIN).into())
            .await
            .unwrap();
    }
    let thief = phone(copy.path(), &scene.clock, &scene.desk);
    let request = scene.open_request(account, None).await;
    thief.pending(account).await.unwrap();
    let refused = thief.approve(request.id, None, None, pin(PIN).into()).await;
    assert!(matches!(
        refused,
        Err(ApproveError::Refused(Refusal::Suspended))
    ));
    assert_eq!(thief.accounts().unwrap()[0].state, AccountState::Suspended);
    // The phone itself hears of it at its next question.
    let told = scene.phone.pending(account).await;
    assert!(matches!(told, Err(InboxError::Refused(Refusal::Suspended))));
    assert_eq!(
        scene.phone.accounts().unwrap()[0].state,
        AccountState::Suspended
    );
}

fn copy_folder(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a9_what_began_in_a_browser_on_this_phone_goes_back_to_it() {
    let (scene, account, _) = enrolled().await;
    let text = scene.desk.ask_on_mobile();
    assert!(matches!(
        scene.refused(&text).await,
        ReadError::Link(LinkError::Source(..))
    ));
    let scanned = scene.phone.scan(&text, Source::VerifiedLink).await.unwrap();
    let Scanned::OnMobile(request) = scanned else {
        panic!("not on mobile");
    };
    assert_eq!(request.accounts[0].number, account);
    let not_from_the_inbox = scene
        .phone
        .approve(request.id, None, None, pin(PIN).into())
        .await;
    assert!(matches!(
        not_from_the_inbox,
        Err(ApproveError::AccountNeeded)
    ));
    let declined = scene.phone.decline(request.id, None, false).await;
    assert!(matches!(declined, Err(ApproveError::AccountNeeded)));
    assert!(scene.desk.sent("/api/v1/answer").is_empty());
    let approved = scene
        .phone
        .approve(request.id, Some(account), None, pin(PIN).into())
        .await
        .unwrap();
    let open = approved.open.unwrap();
    assert_eq!(
        open,
        "https://sign.example.eu/back?r=A4DQOBYHA4DQOBYHA4DQOBYHA4"
    );
}

#[tokio::test]
async fn watching_waits_for_as_long_as_a_busy_service_says() {
    let (scene, account, _) = enrolled().await;
    let known = scene.desk.ask_approval(None);
    scene.desk.twist(&[Twist::Busy(429), Twist::Busy(503)]);
    let began = Instant::now();
    let found = scene.phone.watch(account, None).await.unwrap();
    assert_eq!(found[0].id, known);
    assert!(began.elapsed() >= Duration::from_secs(4));
    // A call that does not wait gets the error, and nothing is sent again meanwhile.
    scene.desk.twist(&[Twist::Busy(429)]);
    let error = scene.phone.pending(account).await.unwrap_err().to_string();
    assert!(error.contains("2 seconds"), "{error}");
}

#[tokio::test]
async fn watching_waits_out_a_network_that_fails_and_returns_what_is_new() {
    let (scene, account, _) = enrolled().await;
    scene.desk.twist(&[Twist::Unreachable, Twist::Unreachable]);
    let known = scene.desk.ask_approval(None);
    let found = scene.phone.watch(account, None).await.unwrap();
    assert_eq!(found[0].id, known);
    let waits = scene.phone.watch(account, Some(known));
    assert!(
        tokio::time::timeout(Duration::from_millis(1500), waits)
            .await
            .is_err()
    );
    let new = scene.desk.ask_approval(None);
    let found = scene.phone.watch_all(&[known]).await.unwrap();
    assert!(found.iter().any(|request| request.id == new));
    scene.desk.twist(&[Twist::NotKnown]);
    assert!(scene.phone.watch(account, None).await.is_err());
}
