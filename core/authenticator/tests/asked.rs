//! What a person is shown of a request: every part in a field of its own, whatever names are in it.
#![allow(clippy::unwrap_used, clippy::panic)]

use countersign::{Browser, OnlineTransaction, Purpose, RequestDetails, Subject, System, quoted};
use countersign_protocol::challenge::{Challenge, Kind, Pair};
use countersign_protocol::id::DeviceId;

use crate::support::*;

/// Names that people and strangers may choose, and that would be taken for something else if a
/// sentence were taken apart.
const HOSTILE: [&str; 5] = [
    "Old, Safari on iOS",
    "from Safari on iOS",
    "Old”, Firefox on Linux, LV",
    "Phone\" (sign.bank.example)",
    "“New” for “Bank”, approved",
];

async fn shown(scene: &Scene, change: impl FnOnce(&mut Challenge)) -> RequestDetails {
    let account = scene.phone.accounts().unwrap()[0].number;
    let id = scene.desk.ask_as(change);
    let requests = scene.phone.pending(account).await.unwrap();
    let request = requests.into_iter().find(|request| request.id == id);
    let asked = request.unwrap().details;
    scene.phone.decline(id, None, false).await.unwrap();
    asked
}

fn device(name: &str) -> Subject {
    Subject::Device {
        dev: DeviceId([7; 8]),
        name: name.into(),
    }
}

#[tokio::test]
async fn hostile_names_stay_in_their_fields_and_change_no_other() {
    let (scene, ..) = enrolled().await;
    for name in HOSTILE {
        let asked = shown(&scene, |challenge| {
            challenge.purpose = Purpose::Remove;
            challenge.subject = Some(device(name));
            challenge.client = name.get(..20).map(str::to_owned).or(Some(name.into()));
            challenge.binding = Some(name.into());
        })
        .await;
        assert_eq!(asked.subject, Some(device(name)));
        assert_eq!(asked.binding.as_deref(), Some(name));
        assert!(name.starts_with(asked.client.as_deref().unwrap()));
        assert_eq!(asked.browser, Browser::Firefox);
        assert_eq!(asked.system, System::Linux);
        assert_eq!(asked.place.as_deref(), Some("LV"));
        assert_eq!(asked.origin().as_deref(), Some("Firefox on Linux, LV"));
    }
}

#[tokio::test]
async fn a_name_in_a_sentence_can_not_end_its_quotation_marks() {
    let (scene, ..) = enrolled().await;
    for name in HOSTILE {
        let inside = quoted(name);
        let inside = inside.strip_prefix('“').unwrap().strip_suffix('”').unwrap();
        assert!(!inside.contains(['“', '”', '"']), "{inside}");
        let asked = shown(&scene, |challenge| {
            challenge.purpose = Purpose::Remove;
            challenge.subject = Some(device(name));
        })
        .await;
        let expected = format!("removing a factor “{inside}”, Firefox on Linux, LV");
        assert_eq!(asked.to_string(), expected);
    }
    let event = scene.phone.history().unwrap().remove(0);
    let last = quoted(HOSTILE[4]);
    let expected = format!("removing a factor {last}, Firefox on Linux, LV");
    assert_eq!(event.detail, expected);
}

#[tokio::test]
async fn every_kind_of_subject_reaches_the_person_whole() {
    let (scene, ..) = enrolled().await;
    let address = format!("{}@example.eu", "a".repeat(243));
    for (purpose, subject) in [
        (Purpose::AddDevice, Subject::Factor("Second".into())),
        (Purpose::ChangeEmail, Subject::Address(address)),
        (Purpose::AddFactor, Subject::Factor("Key".into())),
        (
            Purpose::DeleteAccount,
            Subject::Account("anna@example.eu".into()),
        ),
        (
            Purpose::ExportData,
            Subject::Account("anna@example.eu".into()),
        ),
    ] {
        let asked = shown(&scene, |challenge| {
            challenge.purpose = purpose;
            challenge.subject = Some(subject.clone());
        })
        .await;
        assert_eq!((asked.purpose, asked.subject), (purpose, Some(subject)));
    }
}

#[tokio::test]
async fn a_code_too_says_what_it_is_about_before_the_pin_is_asked() {
    let (scene, _, acc) = enrolled().await;
    let text = scene
        .desk
        .ask_code_about(acc, 1, device("Old, Safari on iOS"));
    let request = scene.scan_code(&text).await;
    assert_eq!(request.details.purpose, Purpose::Remove);
    assert_eq!(request.details.subject, Some(device("Old, Safari on iOS")));
}

#[tokio::test]
async fn an_online_transaction_is_shown_whole_before_it_is_approved() {
    let (scene, account, _) = enrolled().await;
    let (acc, dev) = scene.desk.only();
    let pairs = vec![
        Pair {
            label: "To".into(),
            value: "Old, Safari on iOS".into(),
        },
        Pair {
            label: "Amount".into(),
            value: "1234.50 EUR".into(),
        },
    ];
    let online = Kind::Online {
        acc,
        dev,
        number_matching: false,
        title: "Transfer".into(),
        pairs: pairs.clone(),
    };
    scene.desk.ask_as(|challenge| {
        challenge.purpose = Purpose::Transaction;
        challenge.kind = online;
        challenge.client = Some("Shop".into());
        challenge.binding = Some("Compare 7Q4".into());
    });
    let request = scene.phone.pending(account).await.unwrap().remove(0);
    let title = "Transfer".to_owned();
    let expected = OnlineTransaction { title, pairs };
    assert_eq!(request.details.transaction, Some(expected));
    assert_eq!(request.details.client.as_deref(), Some("Shop"));
    assert_eq!(request.details.binding.as_deref(), Some("Compare 7Q4"));
    assert!(scene.desk.sent("/api/v1/answer").is_empty());
    scene
        .phone
        .approve(request.id, None, None, pin(PIN).into())
        .await
        .unwrap();
    let event = scene.phone.history().unwrap().remove(0);
    let expected = "transaction “Transfer” for “Shop”, Firefox on Linux, LV";
    assert_eq!(event.detail, expected);
}

#[tokio::test]
async fn an_account_says_when_a_recovery_that_is_under_way_can_be_finished() {
    let (scene, account, _) = enrolled().await;
    let told = || scene.phone.accounts().unwrap()[0].recovery_ends_at;
    assert_eq!(told(), None);
    scene.desk.books.lock().unwrap().recovery_ends_at = Some(NOW + 86_400);
    scene.phone.refresh(account).await.unwrap();
    assert_eq!(told(), Some(NOW + 86_400));
    scene.desk.books.lock().unwrap().recovery_ends_at = None;
    scene.phone.refresh(account).await.unwrap();
    assert_eq!(told(), None);
}
