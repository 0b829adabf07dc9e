//! A finger or face in the place of the PIN, where the service is set so: it signs a
//! transfer, and grants a new PIN.

use countersign::{AccountNumber, ApproveError, Platform, Refusal, Unlock, UnlockMethod};
use countersign_service::Config;

use crate::support::*;

const NEW_PIN: &str = "6304";

/// A service with these settings, and a phone with a reader that says yes and biometrics turned on.
async fn with_finger(set: impl FnOnce(&mut Config)) -> (World, AccountNumber) {
    let mut world = World::with(set).await;
    let folder = world.folder.path().join("phone-with-reader");
    std::fs::create_dir_all(&folder).unwrap();
    let platform = Platform::with_stand_in_reader(&folder).unwrap();
    world.phone = TestPhone::on(&folder, platform);
    let account = enrol(&mut world.person, &world.phone, "My phone").await;
    let core = &world.phone.core;
    core.turn_on_biometrics(account, pin(PIN)).await.unwrap();
    (world, account)
}

/// Asks on the page for a new PIN of the only phone.
async fn asks(world: &mut World, account: AccountNumber) -> (u8, countersign::PendingRequest) {
    world.person.open("/account/devices").await.unwrap();
    let dev = world.person.devices().remove(0);
    let fields = [("dev", dev.as_str())];
    let unblock = "/account/devices/unblock";
    world.person.submit(unblock, &fields).await.unwrap();
    let number = world.person.number().unwrap();
    (number, world.phone.request(account).await)
}

#[tokio::test]
async fn a12_a_forgotten_pin_is_set_again_with_the_phones_own_finger_and_never_with_its_pin() {
    let (mut world, account) = with_finger(|config| config.own_biometrics = true).await;
    let (number, request) = asks(&mut world, account).await;
    assert!(request.details.to_string().contains("My phone"));
    let sent = world.phone.wire.sent.lock().unwrap().len();
    // Right or wrong, the PIN stays on the phone and looks the same.
    for digits in [PIN, WRONG_PIN] {
        let refused = world
            .phone
            .core
            .approve(request.id, None, Some(number), pin(digits).into());
        let refused = refused.await.unwrap_err();
        assert!(
            matches!(refused, ApproveError::UnlockNotAllowed),
            "{refused}"
        );
        assert!(refused.to_string().contains("use biometrics"));
    }
    assert_eq!(world.phone.wire.sent.lock().unwrap().len(), sent);
    let core = &world.phone.core;
    assert!(!core.can_set_new_pin(account).await.unwrap());
    core.approve(request.id, None, Some(number), UnlockMethod::Biometrics)
        .await
        .unwrap();
    assert!(core.can_set_new_pin(account).await.unwrap());
    let new = core.set_forgotten_pin(account, pin(NEW_PIN), pin(NEW_PIN));
    // A new PIN turns them off: whichever finger it was, the PIN confirms the next.
    assert!(!new.await.unwrap().biometrics);

    let (number, request) = world.ask_app(account).await;
    let core = &world.phone.core;
    let old = core
        .approve(request.id, None, Some(number), pin(PIN).into())
        .await;
    assert!(matches!(
        old,
        Err(ApproveError::Refused(Refusal::WrongPin { .. }))
    ));
    core.approve(request.id, None, Some(number), pin(NEW_PIN).into())
        .await
        .unwrap();
    assert!(world.page_goes_on().await);
}

#[tokio::test]
async fn a12_by_itself_no_service_lets_a_phones_own_finger_grant_it_a_new_pin() {
    let (mut world, account) = with_finger(|_| {}).await;
    world.person.open("/account/devices").await.unwrap();
    let page = world.person.page().text();
    assert!(
        page.contains("Another device has to approve a new one"),
        "{page}"
    );
    let core = &world.phone.core;
    assert!(!core.can_set_new_pin(account).await.unwrap());
}

#[tokio::test]
async fn a10_a_finger_signs_a_transfer_where_the_service_is_set_so_and_the_history_tells_it() {
    let (mut world, _) = with_finger(|config| config.biometric_transfers = true).await;
    world.person.begin_transfer(&TRANSFER).await.unwrap();
    let png = world.person.qr_png().await.unwrap();
    let form = world.phone.scan_transaction(&png).await;
    assert_eq!(form.unlock, Unlock::PinOrBiometrics);
    let core = &world.phone.core;
    let values = typed(&TRANSFER);
    let signed = core.sign(form.id, &values, UnlockMethod::Biometrics).await;
    let code = signed.unwrap().code;
    world.person.type_code(&code).await.unwrap();
    assert!(world.person.page().text().contains("1,234.50"));
    world.person.open("/account/history").await.unwrap();
    let history = world.person.page().text();
    assert!(
        history.contains("Signed with fingerprint or face: Transfer to another account"),
        "{history}"
    );
}
