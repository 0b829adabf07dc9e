//! A6 and A7: requests are approved, declined and reported.

use std::sync::atomic::Ordering;

use countersign::{AccountState, ApproveError, Browser, Purpose, Refusal, System};

use crate::support::{PIN, TestPhone, WRONG_PIN, World, pin};

#[tokio::test]
async fn a6_approving_by_pin_signs_in_and_the_page_goes_on_by_itself() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    assert!(request.number_asked);
    world.approve(&request, number).await;
    assert!(world.page_goes_on().await);
}

#[tokio::test]
async fn a6_a_wrong_pin_is_the_services_to_notice_and_the_right_one_then_works() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    let core = &world.phone.core;
    for left in [4, 3] {
        match core
            .approve(request.id, None, Some(number), pin(WRONG_PIN).into())
            .await
        {
            Err(ApproveError::Refused(Refusal::WrongPin { tries_left, .. })) => {
                assert_eq!(tries_left, left)
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(world.phone.tries(), Some(left));
    }
    core.approve(request.id, None, Some(number), pin(PIN).into())
        .await
        .unwrap();
    assert_eq!(world.phone.tries(), Some(5));
    assert!(world.page_goes_on().await);
}

#[tokio::test]
async fn a6_the_fifth_wrong_pin_blocks_and_the_right_one_comes_too_late() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    let core = &world.phone.core;
    for _ in 0..5 {
        let wrong = core
            .approve(request.id, None, Some(number), pin(WRONG_PIN).into())
            .await;
        assert!(matches!(
            wrong,
            Err(ApproveError::Refused(Refusal::WrongPin { .. }))
        ));
    }
    let late = core
        .approve(request.id, None, Some(number), pin(PIN).into())
        .await;
    assert!(
        matches!(
            late,
            Err(ApproveError::Refused(Refusal::Blocked) | ApproveError::Refused(Refusal::NotActive))
        ),
        "{late:?}"
    );
    assert_eq!(core.accounts().unwrap()[0].state, AccountState::Blocked);
}

#[tokio::test]
async fn a6_a_lost_answer_costs_no_try_and_the_retry_gets_the_same_outcome() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    world.phone.wire.lose_answers.store(2, Ordering::SeqCst);
    world.phone.wire.sent.lock().unwrap().clear();
    world.approve(&request, number).await;
    let sent = world.phone.wire.sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|body| *body == sent[0]), "the same bytes");
    assert_eq!(world.phone.tries(), Some(5));
    assert!(world.page_goes_on().await);
}

#[tokio::test]
async fn a6_when_no_answer_ever_comes_the_next_request_works_all_the_same() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    world.phone.wire.lose_answers.store(3, Ordering::SeqCst);
    let lost = world
        .phone
        .core
        .approve(request.id, None, Some(number), pin(PIN).into())
        .await;
    assert!(matches!(lost, Err(ApproveError::Service(_))), "{lost:?}");
    assert!(world.page_goes_on().await, "the service had it");
    let (number, request) = world.ask_app(account).await;
    world.approve(&request, number).await;
    assert!(world.page_goes_on().await);
}

#[tokio::test]
async fn a6_a_phone_whose_clock_is_an_hour_off_takes_the_services_time() {
    let (mut world, account) = World::enrolled().await;
    for off in [3600, 7200] {
        world.phone.clock.forward(off);
        let (number, request) = world.ask_app(account).await;
        world.approve(&request, number).await;
        assert!(world.page_goes_on().await);
    }
}

#[tokio::test]
async fn a7_the_request_says_who_asks_for_what_from_where_and_when() {
    let (mut world, account) = World::enrolled().await;
    let (_, request) = world.ask_app(account).await;
    assert_eq!(request.details.app_name, "Countersign");
    assert_eq!(
        format!("http://{}", request.details.host),
        world.service.origin()
    );
    assert_eq!(request.details.purpose, Purpose::SignIn);
    assert_eq!(request.details.browser, Browser::Firefox);
    assert_eq!(request.details.system, System::Linux);
    assert!(request.details.expires_at > request.details.issued_at);
    assert_eq!(request.account.number, account);
}

#[tokio::test]
async fn a7_a_wrong_number_ends_the_request_and_spends_no_try() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    let other = if number == 99 { 10 } else { number + 1 };
    let core = &world.phone.core;
    assert!(matches!(
        core.approve(request.id, None, None, pin(PIN).into()).await,
        Err(ApproveError::NumberNeeded)
    ));
    let wrong = core
        .approve(request.id, None, Some(other), pin(PIN).into())
        .await;
    assert!(matches!(wrong, Err(ApproveError::WrongNumber)), "{wrong:?}");
    assert_eq!(world.phone.tries(), Some(5));
    assert!(!world.page_goes_on().await);
}

#[tokio::test]
async fn a7_declining_is_final_and_asks_no_pin() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    let core = &world.phone.core;
    core.decline(request.id, None, false).await.unwrap();
    assert!(
        core.approve(request.id, None, Some(number), pin(PIN).into())
            .await
            .is_err()
    );
    assert!(!world.page_goes_on().await);
}

#[tokio::test]
async fn a7_a_report_of_fraud_ends_the_web_session() {
    let (mut world, account) = World::enrolled().await;
    let (_, request) = world.ask_app(account).await;
    world
        .phone
        .core
        .decline(request.id, None, true)
        .await
        .unwrap();
    world.person.open("/sign-in/method").await.unwrap();
    assert!(
        !world.person.page().path().starts_with("/sign-in/method"),
        "the session that asked is gone: {}",
        world.person.page().path()
    );
}

#[tokio::test]
async fn a7_an_expired_request_cannot_be_approved() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    world.forward(601);
    let late = world
        .phone
        .core
        .approve(request.id, None, Some(number), pin(PIN).into())
        .await;
    assert!(matches!(late, Err(ApproveError::Expired)), "{late:?}");
    assert!(world.phone.core.pending(account).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_copy_is_refused_at_its_first_use_once_its_owner_went_on_twice() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    world.approve(&request, number).await;
    let copy = world.folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(&world.phone.folder).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
    }
    for _ in 0..2 {
        let (number, request) = world.ask_app(account).await;
        world.approve(&request, number).await;
        assert!(world.page_goes_on().await);
    }
    let copied = TestPhone::open(&copy);
    world.begin_sign_in().await;
    world.person.ask_app().await.unwrap();
    let number = world.person.number().unwrap();
    let request = copied.request(account).await;
    let caught = copied
        .core
        .approve(request.id, None, Some(number), pin(PIN).into())
        .await;
    assert!(
        matches!(caught, Err(ApproveError::Refused(Refusal::Suspended))),
        "{caught:?}"
    );
    assert!(!world.person.is_signed_in().await.unwrap());
}
