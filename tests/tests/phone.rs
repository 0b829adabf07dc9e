//! The rows of the phone app: what a person does with the phone and at the computer, through the real core, service, pages and images.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::atomic::Ordering;

use countersign::{
    AccountState, ApproveError, Browser, ClaimError, CodeError, EventKind, FormError, NotAccepted,
    Purpose, ReadError, Resumed, Scanned, SignError, Source, System, TypedValue, Unlock,
    scan::decode_file,
};
use countersign_cli::person::Person;
use support::{
    EMAIL, PASSWORD, PATIENCE, PIN, TRANSFER, TestPhone, WRONG_PIN, World, anna, enrol, pin, start,
    typed,
};

async fn enrolment_text(world: &mut World) -> String {
    world.person.add_device("My phone").await.unwrap();
    let png = world.person.qr_png().await.unwrap();
    decode_file(&png).unwrap()[0].text.clone().unwrap()
}

#[tokio::test]
async fn a2_a_pin_is_typed_twice_and_a_guessable_one_is_refused_with_the_reason() {
    let mut world = World::new().await;
    let text = enrolment_text(&mut world).await;
    let core = &world.phone.core;
    let offer = core.begin_enrolment(&text, Source::Camera).await.unwrap();
    for easy in [
        "1111", "1234", "9876", "1984", "2011", "3112", "1231", "1004",
    ] {
        let refused = core
            .claim_with_new_pin(&offer, pin(easy), pin(easy))
            .await
            .unwrap_err();
        assert!(matches!(refused, ClaimError::Guessable(_)), "{easy}");
        assert!(refused.to_string().len() > 20, "{easy}: {refused}");
    }
    let differ = core
        .claim_with_new_pin(&offer, pin(PIN), pin(WRONG_PIN))
        .await;
    assert!(matches!(differ, Err(ClaimError::PinsDiffer)));
    assert!(countersign::Pin::from_bytes(b"12a4").is_err());
    assert!(countersign::Pin::from_bytes(b"12345").is_err());
    assert!(core.accounts().unwrap().is_empty(), "nothing was stored");
    assert!(
        world.phone.wire.sent.lock().unwrap().is_empty(),
        "nothing was sent"
    );
}

#[tokio::test]
async fn a4_a_scanned_code_initialises_the_phone() {
    let mut world = World::new().await;
    let text = enrolment_text(&mut world).await;
    let core = &world.phone.core;
    let offer = core.begin_enrolment(&text, Source::Camera).await.unwrap();
    let details = offer.details();
    assert_eq!(format!("http://{}", details.host), world.service.origin());
    assert_eq!(details.account_label, EMAIL);
    let claimed = core
        .claim_with_new_pin(&offer, pin(PIN), pin(PIN))
        .await
        .unwrap();
    assert_eq!(claimed.account.state, AccountState::Unfinished);
    let code = claimed.confirmation_code.unwrap();
    world.person.wait_while("open", PATIENCE).await.unwrap();
    assert!(
        world.person.page().text().contains("command line"),
        "the page shows the phone's model"
    );
    world.person.type_code(&code).await.unwrap();
    let active = core
        .complete_enrolment(claimed.account.number)
        .await
        .unwrap();
    assert_eq!(active.state, AccountState::Active);
    assert_eq!(active.device_name, "My phone");
    assert_eq!(active.tries_left, Some(5));
}

#[tokio::test]
async fn a4_after_a_restart_an_unfinished_enrolment_goes_on_where_it_was() {
    let mut world = World::new().await;
    let text = enrolment_text(&mut world).await;
    let offer = world
        .phone
        .core
        .begin_enrolment(&text, Source::Camera)
        .await
        .unwrap();
    let claimed = world
        .phone
        .core
        .claim_with_new_pin(&offer, pin(PIN), pin(PIN))
        .await
        .unwrap();
    drop(offer);
    let phone = world.phone.restarted();
    let resumed = phone.core.resume_enrolments().await.unwrap();
    let Resumed::Waiting(again) = &resumed[0] else {
        panic!("{resumed:?}");
    };
    assert_eq!(again.confirmation_code, claimed.confirmation_code);
    world.person.wait_while("open", PATIENCE).await.unwrap();
    let code = claimed.confirmation_code.unwrap();
    world.person.type_code(&code).await.unwrap();
    let phone = phone.restarted();
    let resumed = phone.core.resume_enrolments().await.unwrap();
    assert!(
        matches!(&resumed[0], Resumed::Active(account) if account.state == AccountState::Active)
    );
}

#[tokio::test]
async fn a4_a_lost_answer_to_the_claim_loses_nothing() {
    let mut world = World::new().await;
    let text = enrolment_text(&mut world).await;
    let core = &world.phone.core;
    let offer = core.begin_enrolment(&text, Source::Camera).await.unwrap();
    // The service takes the claim; all of its answers are lost.
    world.phone.wire.lose_answers.store(3, Ordering::SeqCst);
    assert!(
        core.claim_with_new_pin(&offer, pin(PIN), pin(PIN))
            .await
            .is_err()
    );
    let claimed = core
        .claim_with_new_pin(&offer, pin(PIN), pin(PIN))
        .await
        .unwrap();
    assert!(claimed.earlier_attempt);
    world.person.wait_while("open", PATIENCE).await.unwrap();
    let code = claimed.confirmation_code.unwrap();
    world.person.type_code(&code).await.unwrap();
    let active = core
        .complete_enrolment(claimed.account.number)
        .await
        .unwrap();
    assert_eq!(active.state, AccountState::Active);
}

#[tokio::test]
async fn a6_approving_by_pin_signs_in_and_the_page_goes_on_by_itself() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    assert!(request.number_asked);
    world
        .phone
        .core
        .approve(request.id, Some(number), pin(PIN))
        .await
        .unwrap();
    assert!(world.page_goes_on().await);
}

#[tokio::test]
async fn a6_a_wrong_pin_is_the_services_to_notice_and_the_right_one_then_works() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    let core = &world.phone.core;
    for left in [4, 3] {
        match core.approve(request.id, Some(number), pin(WRONG_PIN)).await {
            Err(ApproveError::WrongPin { tries_left, .. }) => assert_eq!(tries_left, left),
            other => panic!("{other:?}"),
        }
        assert_eq!(world.phone.tries(), Some(left));
    }
    core.approve(request.id, Some(number), pin(PIN))
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
        let wrong = core.approve(request.id, Some(number), pin(WRONG_PIN)).await;
        assert!(matches!(wrong, Err(ApproveError::WrongPin { .. })));
    }
    let late = core.approve(request.id, Some(number), pin(PIN)).await;
    assert!(
        matches!(late, Err(ApproveError::Blocked | ApproveError::NotActive)),
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
    world
        .phone
        .core
        .approve(request.id, Some(number), pin(PIN))
        .await
        .unwrap();
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
        .approve(request.id, Some(number), pin(PIN))
        .await;
    assert!(matches!(lost, Err(ApproveError::Service(_))), "{lost:?}");
    assert!(world.page_goes_on().await, "the service had it");
    let (number, request) = world.ask_app(account).await;
    world
        .phone
        .core
        .approve(request.id, Some(number), pin(PIN))
        .await
        .unwrap();
    assert!(world.page_goes_on().await);
}

#[tokio::test]
async fn a6_a_phone_whose_clock_is_an_hour_off_takes_the_services_time() {
    let (mut world, account) = World::enrolled().await;
    for off in [3600, 7200] {
        world.phone.clock.forward(off);
        let (number, request) = world.ask_app(account).await;
        world
            .phone
            .core
            .approve(request.id, Some(number), pin(PIN))
            .await
            .unwrap();
        assert!(world.page_goes_on().await);
    }
}

#[tokio::test]
async fn a7_the_request_says_who_asks_for_what_from_where_and_when() {
    let (mut world, account) = World::enrolled().await;
    let (_, request) = world.ask_app(account).await;
    assert_eq!(request.asked.app_name, "Countersign");
    assert_eq!(
        format!("http://{}", request.asked.host),
        world.service.origin()
    );
    assert_eq!(request.asked.purpose, Purpose::SignIn);
    assert_eq!(request.asked.browser, Browser::Firefox);
    assert_eq!(request.asked.system, System::Linux);
    assert!(request.asked.expires_at > request.asked.issued_at);
    assert_eq!(request.account.number, account);
}

#[tokio::test]
async fn a7_a_wrong_number_ends_the_request_and_spends_no_try() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    let other = if number == 99 { 10 } else { number + 1 };
    let core = &world.phone.core;
    assert!(matches!(
        core.approve(request.id, None, pin(PIN)).await,
        Err(ApproveError::NumberNeeded)
    ));
    let wrong = core.approve(request.id, Some(other), pin(PIN)).await;
    assert!(matches!(wrong, Err(ApproveError::WrongNumber)), "{wrong:?}");
    assert_eq!(world.phone.tries(), Some(5));
    assert!(!world.page_goes_on().await);
}

#[tokio::test]
async fn a7_declining_is_final_and_asks_no_pin() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    let core = &world.phone.core;
    core.decline(request.id).await.unwrap();
    assert!(
        core.approve(request.id, Some(number), pin(PIN))
            .await
            .is_err()
    );
    assert!(!world.page_goes_on().await);
}

#[tokio::test]
async fn a7_a_report_of_fraud_ends_the_web_session() {
    let (mut world, account) = World::enrolled().await;
    let (_, request) = world.ask_app(account).await;
    world.phone.core.report(request.id).await.unwrap();
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
        .approve(request.id, Some(number), pin(PIN))
        .await;
    assert!(matches!(late, Err(ApproveError::Expired)), "{late:?}");
    assert!(world.phone.core.pending(account).await.unwrap().is_empty());
}

#[tokio::test]
async fn a8_offline_code_signs_in() {
    let (mut world, _) = World::enrolled().await;
    let png = world.ask_code().await;
    world.phone.offline();
    let request = world.phone.scan_code(&png).await;
    assert_eq!(request.unlock, Unlock::Nothing);
    let code = world.phone.core.code(request.id, None).await.unwrap();
    assert_eq!(code.code.len(), 9, "7KQ4-M2XD");
    let typed = code.code.to_lowercase().replace('-', " ");
    world.person.type_code(&typed).await.unwrap();
    assert!(world.person.is_signed_in().await.unwrap());
}

#[tokio::test]
async fn a8_scanning_again_shows_the_same_code_and_a_restart_does_not() {
    let (mut world, _) = World::enrolled().await;
    let png = world.ask_code().await;
    let request = world.phone.scan_code(&png).await;
    let first = world.phone.core.code(request.id, None).await.unwrap();
    let again = world.phone.scan_code(&png).await;
    assert!(again.same_as_before);
    let second = world.phone.core.code(again.id, None).await.unwrap();
    assert!(second.same_as_before && first.code == second.code);
    let phone = world.phone.restarted();
    let text = decode_file(&png).unwrap()[0].text.clone().unwrap();
    let refused = phone.core.scan(&text, Source::Camera).await;
    assert!(
        matches!(refused, Err(ReadError::Step(NotAccepted::Used))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a8_a_code_works_once_in_the_session_that_asked() {
    let (mut world, _) = World::enrolled().await;
    let png = world.ask_code().await;
    let request = world.phone.scan_code(&png).await;
    let code = world.phone.core.code(request.id, None).await.unwrap();
    let mut thief = Person::at(world.service.origin()).unwrap();
    thief.give_password(EMAIL, PASSWORD).await.unwrap();
    thief.ask_code().await.unwrap();
    thief.type_code(&code.code).await.unwrap();
    assert!(!thief.is_signed_in().await.unwrap());
    let page = world.person.page().path().to_owned();
    world.person.type_code(&code.code).await.unwrap();
    assert!(world.person.is_signed_in().await.unwrap());
    world.person.open(&page).await.unwrap();
    assert!(
        world.person.type_code(&code.code).await.is_err(),
        "the page has no form any more"
    );
}

#[tokio::test]
async fn a8_a_phone_that_was_away_for_many_codes_still_works() {
    let (mut world, _) = World::enrolled().await;
    for _ in 0..12 {
        world.ask_code().await;
        world.forward(400);
    }
    let png = world.ask_code().await;
    world.phone.offline();
    let request = world.phone.scan_code(&png).await;
    let code = world.phone.core.code(request.id, None).await.unwrap();
    world.person.type_code(&code.code).await.unwrap();
    assert!(world.person.is_signed_in().await.unwrap());
}

async fn signed(world: &mut World) -> (countersign::TransactionForm, Vec<u8>) {
    world.person.begin_transfer(&TRANSFER).await.unwrap();
    let png = world.person.qr_png().await.unwrap();
    (world.phone.scan_transaction(&png).await, png)
}

#[tokio::test]
async fn a10_only_valid_data_give_a_code() {
    let (mut world, _) = World::enrolled().await;
    let (form, _) = signed(&mut world).await;
    assert_eq!(form.unlock, Unlock::Pin);
    assert!(form.advice.contains("your own papers"));
    let core = &world.phone.core;
    let good = typed(&TRANSFER);
    for (id, wrong) in [
        ("iban", "LV80BANK0000435195002"),
        ("iban", ""),
        ("amount", "1,234.50"),
        ("amount", "12.345"),
        ("amount", "-5"),
        ("name", "   "),
        ("name", "Anna\u{202e}annA"),
    ] {
        let mut values = good.clone();
        values
            .iter_mut()
            .find(|value| value.id == id)
            .unwrap()
            .value = wrong.into();
        let one = TypedValue {
            id: id.into(),
            value: wrong.into(),
        };
        let at_once = core.check_field(form.id, &one).unwrap_err();
        assert!(
            matches!(at_once, FormError::Value { .. }),
            "{id} {wrong}: {at_once}"
        );
        let refused = core
            .sign(form.id, &values, Some(pin(PIN)))
            .await
            .err()
            .unwrap();
        assert!(
            matches!(refused, SignError::Form(_)),
            "{id} {wrong}: {refused}"
        );
    }
    let mut missing = good.clone();
    missing.pop();
    assert!(
        core.sign(form.id, &missing, Some(pin(PIN))).await.is_err(),
        "every field is required"
    );
    let no_pin = core.sign(form.id, &good, None).await.err().unwrap();
    assert!(matches!(no_pin, SignError::Code(CodeError::PinNeeded)));

    let signed = core.sign(form.id, &good, Some(pin(PIN))).await.unwrap();
    assert_eq!(signed.values[2].value, "1234.50");
    world.person.type_code(&signed.code).await.unwrap();
    assert!(world.person.page().status.is_success());
    assert!(
        world.person.page().text().contains("1234.50"),
        "{}",
        world.person.page().text()
    );
}

#[tokio::test]
async fn a10_values_may_be_typed_in_other_forms_of_the_same() {
    let (mut world, _) = World::enrolled().await;
    let (form, _) = signed(&mut world).await;
    let mut values = typed(&TRANSFER);
    values[0].value = "lv80 bank 0000 4351 9500 1".into();
    values[1].value = "  Ja\u{304}nis   Kalnin\u{327}s\u{30c} ".into();
    values[2].value = "01234,5".into();
    let signed = world
        .phone
        .core
        .sign(form.id, &values, Some(pin(PIN)))
        .await
        .unwrap();
    world.person.type_code(&signed.code).await.unwrap();
    assert!(world.person.page().text().contains("1234.50"));
}

#[tokio::test]
async fn a10_one_digit_changed_in_the_browser_makes_the_code_fail() {
    let (mut world, _) = World::enrolled().await;
    let changed = countersign_cli::person::Transfer {
        amount: "9234.50",
        ..TRANSFER
    };
    world.person.begin_transfer(&changed).await.unwrap();
    let png = world.person.qr_png().await.unwrap();
    let form = world.phone.scan_transaction(&png).await;
    let signed = world
        .phone
        .core
        .sign(form.id, &typed(&TRANSFER), Some(pin(PIN)))
        .await
        .unwrap();
    world.person.type_code(&signed.code).await.unwrap();
    assert!(!world.person.page().status.is_success());
}

#[tokio::test]
async fn a10_a_wrong_pin_gives_a_code_of_the_same_form_that_fits_nothing() {
    let (mut world, _) = World::enrolled().await;
    let (form, png) = signed(&mut world).await;
    let values = typed(&TRANSFER);
    let core = &world.phone.core;
    let wrong = core
        .sign(form.id, &values, Some(pin(WRONG_PIN)))
        .await
        .unwrap();
    assert_eq!(wrong.code.len(), "7KQ4-M2XD-93AB".len());
    // The step is spent: the right PIN does not make another code of it, so no two codes can be compared.
    let again = world.phone.scan_transaction(&png).await;
    let same = core.sign(again.id, &values, Some(pin(PIN))).await.unwrap();
    assert!(same.same_as_before && same.code == wrong.code);
    world.person.type_code(&wrong.code).await.unwrap();
    assert!(!world.person.page().status.is_success());
}

#[tokio::test]
async fn a11_several_accounts_and_services_live_in_one_phone() {
    let (mut world, first) = World::enrolled().await;
    let second_service = start(world.folder.path().join("second"), world.clock.clone()).await;
    let mut second = Person::at(second_service.origin()).unwrap();
    second
        .create_account(&anna("anna@office.example.eu"))
        .await
        .unwrap();
    let other = enrol(&mut second, &world.phone, "The same phone").await;
    assert_eq!(world.phone.core.accounts().unwrap().len(), 2);

    // A code of the first account says whose it is, whichever the person looks at.
    let png = world.ask_code().await;
    let request = world.phone.scan_code(&png).await;
    assert_eq!(request.account.number, first);
    let code = world.phone.core.code(request.id, None).await.unwrap();
    world.person.type_code(&code.code).await.unwrap();
    assert!(world.person.is_signed_in().await.unwrap());

    second.sign_out().await.unwrap();
    second
        .give_password("anna@office.example.eu", PASSWORD)
        .await
        .unwrap();
    second.ask_app().await.unwrap();
    let all = tokio::time::timeout(PATIENCE, world.phone.core.watch_all(&[]))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(all[0].account.number, other);
}

#[tokio::test]
async fn a11_a_code_of_an_account_that_is_not_here_is_refused_and_says_so() {
    let (mut world, _) = World::enrolled().await;
    let mut stranger = Person::at(world.service.origin()).unwrap();
    stranger
        .create_account(&anna("janis@example.eu"))
        .await
        .unwrap();
    let elsewhere = TestPhone::open(&world.folder.path().join("elsewhere"));
    enrol(&mut stranger, &elsewhere, "Another phone").await;
    stranger.sign_out().await.unwrap();
    stranger
        .give_password("janis@example.eu", PASSWORD)
        .await
        .unwrap();
    stranger.ask_code().await.unwrap();
    let png = stranger.qr_png().await.unwrap();
    let text = decode_file(&png).unwrap()[0].text.clone().unwrap();
    let refused = world.phone.core.scan(&text, Source::Camera).await;
    assert!(
        matches!(refused, Err(ReadError::OtherAccount { .. })),
        "{refused:?}"
    );

    let empty = TestPhone::open(&world.folder.path().join("empty"));
    let refused = empty.core.scan(&text, Source::Camera).await;
    assert!(
        matches!(refused, Err(ReadError::UnknownService { .. })),
        "{refused:?}"
    );
    world.person.open("/account").await.unwrap();
}

#[tokio::test]
async fn a12_an_account_is_renamed_removed_and_remembered_in_the_history() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    let core = &world.phone.core;
    let _ = core.approve(request.id, Some(number), pin(WRONG_PIN)).await;
    core.approve(request.id, Some(number), pin(PIN))
        .await
        .unwrap();
    assert_eq!(core.rename(account, "The bank").unwrap().name, "The bank");
    assert!(core.rename(account, "\u{202e}").is_err());
    let removed = core.remove(account).unwrap();
    assert!(
        !removed.next.is_empty(),
        "says what to do on the service's page"
    );
    assert!(core.accounts().unwrap().is_empty());
    let kinds: Vec<EventKind> = core
        .history()
        .unwrap()
        .iter()
        .map(|event| event.kind)
        .collect();
    for kind in [
        EventKind::AccountAdded,
        EventKind::WrongPin,
        EventKind::Approved,
        EventKind::AccountRemoved,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    let export = core.export_history().unwrap();
    assert!(!export.contains(PIN) && !export.contains(WRONG_PIN));
}

#[tokio::test]
async fn a12_a_phone_that_was_removed_on_the_page_says_so() {
    let (mut world, account) = World::enrolled().await;
    world.person.open("/account/devices").await.unwrap();
    world
        .person
        .submit("/account/devices/remove", &[])
        .await
        .unwrap();
    // Removing asks the phone itself first.
    if world.person.page().path().starts_with("/challenge/") {
        let number = world.person.number().unwrap();
        let request = world.phone.request(account).await;
        assert_eq!(request.asked.purpose, Purpose::Remove);
        world
            .phone
            .core
            .approve(request.id, Some(number), pin(PIN))
            .await
            .unwrap();
        world.person.wait_while("open", PATIENCE).await.unwrap();
    }
    let error = world.phone.core.pending(account).await.unwrap_err();
    assert!(
        error.to_string().contains("does not know this phone"),
        "{error}"
    );
    assert_eq!(
        world.phone.core.accounts().unwrap().len(),
        1,
        "an unsigned answer erases nothing"
    );
}

#[tokio::test]
async fn a14_a_pasted_link_does_where_the_camera_cannot_be_used() {
    let mut world = World::new().await;
    world.person.add_device("My phone").await.unwrap();
    let link = world.person.qr_link().await.unwrap();
    let offer = world
        .phone
        .core
        .begin_enrolment(&link, Source::Paste)
        .await
        .unwrap();
    assert_eq!(offer.details().account_label, EMAIL);
    let scanned = world.phone.core.scan(&link, Source::Paste).await.unwrap();
    assert_eq!(scanned, Scanned::Enrolment);
}

#[tokio::test]
async fn a_copied_phone_is_noticed_at_its_first_use() {
    let (mut world, account) = World::enrolled().await;
    let (number, request) = world.ask_app(account).await;
    world
        .phone
        .core
        .approve(request.id, Some(number), pin(PIN))
        .await
        .unwrap();
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
        world
            .phone
            .core
            .approve(request.id, Some(number), pin(PIN))
            .await
            .unwrap();
        assert!(world.page_goes_on().await);
    }
    let copied = TestPhone::open(&copy);
    world.begin_sign_in().await;
    world.person.ask_app().await.unwrap();
    let number = world.person.number().unwrap();
    let request = copied.request(account).await;
    let caught = copied
        .core
        .approve(request.id, Some(number), pin(PIN))
        .await;
    assert!(matches!(caught, Err(ApproveError::Suspended)), "{caught:?}");
    assert!(!world.person.is_signed_in().await.unwrap());
}
