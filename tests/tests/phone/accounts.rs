//! A11, A12 and A14: accounts on the phone.

use countersign::{
    EventKind, Purpose, ReadError, Scanned, Source, UnlockMethod, qr::scan::decode_file,
};
use countersign_cli::person::Person;

use crate::support::{
    EMAIL, PASSWORD, PATIENCE, PIN, TestPhone, WRONG_PIN, World, anna, browser_of, enrol, pin,
    start,
};

#[tokio::test]
async fn a11_several_accounts_and_services_live_in_one_phone() {
    let (mut world, first) = World::enrolled().await;
    let second_service = start(world.folder.path().join("second"), world.clock.clone()).await;
    let mut second = browser_of(&second_service);
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
    let code = world
        .phone
        .core
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
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
    let mut stranger = browser_of(&world.service);
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
    let _ = core
        .approve(request.id, None, Some(number), pin(WRONG_PIN).into())
        .await;
    core.approve(request.id, None, Some(number), pin(PIN).into())
        .await
        .unwrap();
    assert_eq!(core.rename(account, "The bank").unwrap().name, "The bank");
    assert!(core.rename(account, "\u{202e}").is_err());
    let removed = core.remove(account).await.unwrap();
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
async fn a12_a_phone_that_was_removed_on_the_page_says_so_and_its_sessions_elsewhere_end() {
    let (mut world, account) = World::enrolled().await;
    let mut elsewhere = Person::at(world.service.origin()).unwrap();
    elsewhere.give_password(EMAIL, PASSWORD).await.unwrap();
    elsewhere.ask_code().await.unwrap();
    let png = elsewhere.qr_png().await.unwrap();
    let request = world.phone.scan_code(&png).await;
    let code = world
        .phone
        .core
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
    elsewhere.type_code(&code.code).await.unwrap();
    assert!(elsewhere.is_signed_in().await.unwrap());
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
        assert_eq!(request.details.purpose, Purpose::Remove);
        world.approve(&request, number).await;
        world.person.wait_while("open", PATIENCE).await.unwrap();
    }
    assert!(world.person.is_signed_in().await.unwrap());
    assert!(!elsewhere.is_signed_in().await.unwrap());
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
