//! A2 to A4: a phone is initialised.

use std::sync::atomic::Ordering;

use countersign::{AccountState, ClaimError, Resumed, Source, qr::scan::decode_file};

use crate::support::{EMAIL, PATIENCE, PIN, WRONG_PIN, World, pin};

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
    let resumed = phone.core.resume().await.unwrap();
    let Resumed::Waiting(again) = &resumed[0] else {
        panic!("{resumed:?}");
    };
    assert_eq!(again.confirmation_code, claimed.confirmation_code);
    world.person.wait_while("open", PATIENCE).await.unwrap();
    let code = claimed.confirmation_code.unwrap();
    world.person.type_code(&code).await.unwrap();
    let phone = phone.restarted();
    let resumed = phone.core.resume().await.unwrap();
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
