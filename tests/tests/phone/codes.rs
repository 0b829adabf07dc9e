//! A8 and A10: codes without a network.

use countersign::{
    CodeError, FormError, NotAccepted, ReadError, SignError, Source, TypedValue, Unlock,
    UnlockMethod, qr::scan::decode_file,
};
use countersign_cli::person::Person;

use crate::support::{EMAIL, PASSWORD, PIN, TRANSFER, WRONG_PIN, World, pin, typed};

#[tokio::test]
async fn a8_offline_code_signs_in() {
    let (mut world, _) = World::enrolled().await;
    let png = world.ask_code().await;
    world.phone.offline();
    let request = world.phone.scan_code(&png).await;
    assert_eq!(request.unlock, Unlock::Nothing);
    let code = world
        .phone
        .core
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
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
    let first = world
        .phone
        .core
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
    let again = world.phone.scan_code(&png).await;
    assert!(again.same_as_before);
    let second = world
        .phone
        .core
        .code(again.id, UnlockMethod::Nothing)
        .await
        .unwrap();
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
    let code = world
        .phone
        .core
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
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
    let code = world
        .phone
        .core
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
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
            .sign(form.id, &values, pin(PIN).into())
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
        core.sign(form.id, &missing, pin(PIN).into()).await.is_err(),
        "every field is required"
    );
    let no_pin = core
        .sign(form.id, &good, UnlockMethod::Nothing)
        .await
        .err()
        .unwrap();
    assert!(matches!(no_pin, SignError::Code(CodeError::PinNeeded)));

    let signed = core.sign(form.id, &good, pin(PIN).into()).await.unwrap();
    assert_eq!(signed.values[2].value, "1234.50");
    world.person.type_code(&signed.code).await.unwrap();
    assert!(world.person.page().status.is_success());
    assert!(
        world.person.page().text().contains("1,234.50"),
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
        .sign(form.id, &values, pin(PIN).into())
        .await
        .unwrap();
    world.person.type_code(&signed.code).await.unwrap();
    assert!(world.person.page().text().contains("1,234.50"));
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
        .sign(form.id, &typed(&TRANSFER), pin(PIN).into())
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
        .sign(form.id, &values, pin(WRONG_PIN).into())
        .await
        .unwrap();
    assert_eq!(wrong.code.len(), "7KQ4-M2XD-93AB".len());
    // The step is spent: the right PIN does not make another code of it, so no two codes can be
    // compared.
    let again = world.phone.scan_transaction(&png).await;
    let same = core.sign(again.id, &values, pin(PIN).into()).await.unwrap();
    assert!(same.same_as_before && same.code == wrong.code);
    world.person.type_code(&wrong.code).await.unwrap();
    assert!(!world.person.page().status.is_success());
}
