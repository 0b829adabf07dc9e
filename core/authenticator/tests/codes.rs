//! Codes and transactions without a network, and every scanned text that gives none.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use countersign::{
    Authenticator, CodeError, EventKind, FormError, LinkError, NotAccepted, ReadError, Scanned,
    ServiceError, SignError, Source, TypedValue, Unlock, UnlockMethod,
};
use countersign_protocol::challenge::Field;
use countersign_protocol::code::transaction_question;
use countersign_protocol::field::FieldKind;
use countersign_protocol::id::AccountId;
use countersign_protocol::message::Received;

use crate::support::*;

#[tokio::test]
async fn a8_an_offline_code_is_right_with_the_right_pin_alone_and_the_same_when_scanned_again() {
    let (scene, _, acc) = enrolled().await;
    let text = scene.desk.ask_code(acc, 1, Unlock::Pin);
    let request = scene.scan_code(&text).await;
    assert!(matches!(
        scene.phone.code(request.id, UnlockMethod::Nothing).await,
        Err(CodeError::PinNeeded)
    ));
    let wrong = scene
        .phone
        .code(request.id, pin("0815").into())
        .await
        .unwrap();
    assert!(!scene.desk.judge(&text, None, &wrong.code));
    // Whatever is typed now, the code is the one that was made.
    let request = scene.scan_code(&text).await;
    assert!(request.same_as_before);
    let again = scene.phone.code(request.id, pin(PIN).into()).await.unwrap();
    assert!(again.same_as_before);
    assert_eq!(*again.code, *wrong.code);

    let text = scene.desk.ask_code(acc, 2, Unlock::Pin);
    let request = scene.scan_code(&text).await;
    let right = scene.phone.code(request.id, pin(PIN).into()).await.unwrap();
    assert!(scene.desk.judge(&text, None, &right.code));
    let text = scene.desk.ask_code(acc, 9, Unlock::Nothing);
    let request = scene.scan_code(&text).await;
    let right = scene
        .phone
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
    assert!(scene.desk.judge(&text, None, &right.code));
}

#[tokio::test]
async fn a_code_is_not_made_twice_nor_for_a_step_that_is_spent_or_too_far() {
    let (scene, _, acc) = enrolled().await;
    let text = scene.desk.ask_code(acc, 5, Unlock::Nothing);
    let request = scene.scan_code(&text).await;
    scene
        .phone
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
    // Another start has forgotten the code, and the step stays spent.
    let again = phone(scene.folder.path(), &scene.clock, &scene.desk);
    let used = again.scan(&text, Source::Camera).await;
    assert!(matches!(used, Err(ReadError::Step(NotAccepted::Used))));
    let earlier = scene.desk.ask_code(acc, 4, Unlock::Nothing);
    assert!(matches!(
        scene.refused(&earlier).await,
        ReadError::Step(NotAccepted::Used)
    ));
    let far = scene.desk.ask_code(acc, 5 + 65_537, Unlock::Nothing);
    assert!(matches!(
        scene.refused(&far).await,
        ReadError::Step(NotAccepted::TooFar)
    ));
    let furthest = scene.desk.ask_code(acc, 5 + 65_536, Unlock::Nothing);
    let request = scene.scan_code(&furthest).await;
    scene
        .phone
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_code_of_another_account_or_service_says_so() {
    let (scene, _, acc) = enrolled().await;
    let stranger = scene.desk.ask_code(AccountId([9; 8]), 1, Unlock::Nothing);
    let error = scene.refused(&stranger).await;
    assert!(matches!(&error, ReadError::OtherAccount { host } if host == "sign.example.eu"));
    let other = Desk::at("https://other.example.eu", &scene.clock);
    let error = scene
        .refused(&other.ask_code(acc, 1, Unlock::Nothing))
        .await;
    assert!(matches!(&error, ReadError::UnknownService { host } if host == "other.example.eu"));
    // A second account of the same service on this phone: the request says whose it is.
    let second = enrol(&scene.phone, &scene.desk, "bert@example.eu").await;
    let request = scene
        .scan_code(&scene.desk.ask_code(acc, 1, Unlock::Nothing))
        .await;
    assert_eq!(request.account.account_label, "anna@example.eu");
    assert_ne!(request.account.number, second);
}

#[tokio::test]
async fn a_code_is_taken_from_the_enrolled_host_or_its_link_host_alone() {
    let (scene, _, acc) = enrolled().await;
    let text = scene.desk.ask_code(acc, 1, Unlock::Nothing);
    scene
        .scan_code(&text.replace("SIGN.EXAMPLE.EU", "LINK.EXAMPLE.EU"))
        .await;
    let error = scene
        .refused(&text.replace("SIGN.EXAMPLE.EU", "EVIL.EXAMPLE.EU"))
        .await;
    assert!(matches!(error, ReadError::WrongHost { .. }));
    let custom = text.replace("HTTPS:", "countersign:");
    assert!(matches!(
        scene.refused(&custom).await,
        ReadError::Link(LinkError::Source(..))
    ));
}

#[tokio::test]
async fn a_changed_or_foreign_code_is_refused_with_the_reason() {
    let (scene, _, acc) = enrolled().await;
    let text = scene.desk.ask_code(acc, 1, Unlock::Nothing);
    let mut changed = text.clone().into_bytes();
    let at = changed.len() - 40;
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    let error = scene.refused(&changed).await;
    assert!(
        matches!(error, ReadError::Service(ServiceError::NotGenuine { .. })),
        "{error}"
    );
    for foreign in [
        "",
        "https://example.eu",
        "otpauth://totp/x?secret=AAAA",
        "WIFI:S:x;;",
    ] {
        assert!(matches!(
            scene.refused(foreign).await,
            ReadError::Link(LinkError::Foreign)
        ));
    }
    assert!(matches!(
        scene.refused(&text[..text.len() - 1]).await,
        ReadError::Link(_)
    ));
}

#[tokio::test]
async fn an_expired_code_is_refused_and_one_from_the_future_warns_of_the_clock() {
    let (scene, _, acc) = enrolled().await;
    let text = scene.desk.ask_code(acc, 1, Unlock::Nothing);
    let request = scene.scan_code(&text).await;
    assert!(!request.clock_looks_wrong);
    scene.clock.set(NOW + 300);
    assert!(matches!(scene.refused(&text).await, ReadError::Expired));
    assert!(matches!(
        scene.phone.code(request.id, UnlockMethod::Nothing).await,
        Err(CodeError::Expired)
    ));
    scene.clock.set(NOW - 3600);
    assert!(scene.scan_code(&text).await.clock_looks_wrong);
}

#[tokio::test]
async fn a_new_key_of_the_service_is_fetched_once_if_a_known_key_signed_it() {
    let (scene, _, acc) = enrolled().await;
    let offline = Arc::new(Offline);
    scene.desk.add_key();
    let text = scene.desk.ask_code(acc, 1, Unlock::Nothing);
    let platform = platform(scene.folder.path(), Arc::clone(&scene.clock), offline);
    let away = Authenticator::open(scene.folder.path(), platform).unwrap();
    let error = away.scan(&text, Source::Camera).await;
    assert!(matches!(error, Err(ReadError::NewKey { .. })));
    let request = scene.scan_code(&text).await;
    scene
        .phone
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
    assert_eq!(
        scene.phone.history().unwrap()[1].kind,
        EventKind::ServiceKeysChanged
    );
}

struct Offline;

#[async_trait::async_trait]
impl countersign::transport::Transport for Offline {
    async fn send(
        &self,
        request: countersign::transport::Outgoing,
    ) -> Result<Vec<u8>, countersign::transport::TransportError> {
        Err(countersign::transport::TransportError::Unreachable {
            host: request.origin.authority().to_owned(),
            why: "no network".into(),
        })
    }
}

#[tokio::test]
async fn status_brings_a_phone_that_was_away_to_the_services_step() {
    let (scene, account, acc) = enrolled().await;
    {
        let mut books = scene.desk.books.lock().unwrap();
        let device = books.devices.values_mut().next().unwrap();
        device.chain = device.chain.advanced(60_000, 65_536).unwrap();
    }
    scene.phone.refresh(account).await.unwrap();
    let earlier = scene.desk.ask_code(acc, 59_999, Unlock::Nothing);
    assert!(matches!(
        scene.refused(&earlier).await,
        ReadError::Step(NotAccepted::Used)
    ));
    let text = scene.desk.ask_code(acc, 60_000, Unlock::Nothing);
    let request = scene.scan_code(&text).await;
    let shown = scene
        .phone
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
    assert!(scene.desk.judge(&text, None, &shown.code));
}

fn transfer() -> Vec<Field> {
    let field = |id: &str, label: &str, kind, longest, pattern: Option<&str>| Field {
        id: id.into(),
        label: label.into(),
        kind,
        longest,
        pattern: pattern.map(Into::into),
        hint: None,
    };
    vec![
        field("account", "Account", FieldKind::Iban, 34, None),
        field("amount", "Amount", FieldKind::Amount, 12, None),
        field(
            "ref",
            "Reference",
            FieldKind::Code,
            8,
            Some("[A-Z]{2}[0-9]{4}"),
        ),
    ]
}

fn typed(values: [&str; 3]) -> Vec<TypedValue> {
    ["account", "amount", "ref"]
        .iter()
        .zip(values)
        .map(|(id, value)| TypedValue {
            id: (*id).into(),
            value: value.into(),
        })
        .collect()
}

/// The question of a transfer's code, for this amount.
fn question(text: &str, amount: &str) -> [u8; 32] {
    let bytes = base32_bytes(text.split_once("/Q/").unwrap().1);
    let challenge = Received::<countersign_protocol::challenge::Challenge>::parse(&bytes);
    let values = [
        ("account", "LV80BANK0000435195001"),
        ("amount", amount),
        ("ref", "AB1234"),
    ];
    transaction_question(&challenge.unwrap().hash().0, &values)
}

#[tokio::test]
async fn a10_only_valid_data_give_a_code_and_it_fits_exactly_these_data() {
    let (scene, _, acc) = enrolled().await;
    let text = scene.desk.ask_transaction(acc, 1, transfer());
    let Scanned::Transaction(form) = scene.phone.scan(&text, Source::Camera).await.unwrap() else {
        panic!("no form");
    };
    assert_eq!(form.title, "Transfer");
    assert!(form.advice.contains("your own papers"));
    let check = |id: &str, value: &str| {
        let typed = TypedValue {
            id: id.into(),
            value: value.into(),
        };
        scene.phone.check_field(form.id, &typed)
    };
    assert_eq!(check("amount", " 1234,5 ").unwrap(), "1234.50");
    assert!(
        matches!(check("ref", "AB123"), Err(FormError::Value { label, .. }) if label == "Reference")
    );
    assert!(matches!(
        check("nothing", "x"),
        Err(FormError::NoSuchField(_))
    ));
    let good = typed(["LV80 BANK 0000 4351 9500 1", "1234,5", "AB1234"]);
    for bad in [
        typed(["LV80 BANK 0000 4351 9500 2", "1234,5", "AB1234"]),
        typed(["LV80BANK0000435195001", "", "AB1234"]),
        good[..2].to_vec(),
        [good.clone(), vec![good[0].clone()]].concat(),
    ] {
        let refused = scene.phone.sign(form.id, &bad, pin(PIN).into()).await;
        assert!(matches!(refused, Err(SignError::Form(_))));
    }
    let reviewed = scene.phone.review(form.id, &good).unwrap();
    assert_eq!(reviewed[0].value, "LV80BANK0000435195001");
    let refused = scene
        .phone
        .sign(form.id, &good, UnlockMethod::Nothing)
        .await;
    assert!(matches!(
        refused,
        Err(SignError::Code(CodeError::PinNeeded))
    ));
    let signed = scene
        .phone
        .sign(form.id, &good, pin(PIN).into())
        .await
        .unwrap();
    assert_eq!(signed.values, reviewed);
    assert_eq!(signed.code.len(), 14);

    // The same values show the same code; others need a new one on the page.
    let again = scene
        .phone
        .sign(form.id, &good, pin(PIN).into())
        .await
        .unwrap();
    assert!(again.same_as_before && *again.code == *signed.code);
    let other = typed(["LV80BANK0000435195001", "1234.51", "AB1234"]);
    let refused = scene.phone.sign(form.id, &other, pin(PIN).into()).await;
    assert!(matches!(
        refused,
        Err(SignError::Code(CodeError::OtherValues))
    ));

    let question = |amount| question(&text, amount);
    assert!(
        !scene
            .desk
            .judge(&text, Some(question("1234.51")), &signed.code)
    );
    assert!(
        scene
            .desk
            .judge(&text, Some(question("1234.50")), &signed.code)
    );
}
