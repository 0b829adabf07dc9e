//! From a scanned code to an account, and what the phone does with every code that it should not
//! take for one.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use countersign::{
    AccountState, Authenticator, BeginError, ClaimError, EventKind, LinkError, Resumed, Source,
};

use crate::support::*;

#[tokio::test]
async fn a4_the_pin_of_the_browser_is_typed_once_and_judged_by_the_service() {
    let scene = scene();
    let text = scene.desk.invite("anna@example.eu", Some("1234"));
    let offer = scene
        .phone
        .begin_enrolment(&text, Source::Camera)
        .await
        .unwrap();
    let details = offer.details();
    assert_eq!(details.host, "sign.example.eu");
    assert_eq!(details.account_label, "anna@example.eu");
    assert!(details.pin_chosen_in_browser);
    let other_way = scene
        .phone
        .claim_with_new_pin(&offer, pin(PIN), pin(PIN))
        .await;
    assert!(matches!(other_way, Err(ClaimError::OtherWay(_))));
    let wrong = scene
        .phone
        .claim_with_browser_pin(&offer, pin("1235"))
        .await;
    assert!(matches!(wrong, Err(ClaimError::WrongPin { tries_left: 2 })));
    assert!(
        scene.phone.accounts().unwrap().is_empty(),
        "a wrong one claims nothing"
    );
    // A guessable PIN is refused where it is chosen, never where it is entered.
    let claimed = scene
        .phone
        .claim_with_browser_pin(&offer, pin("1234"))
        .await
        .unwrap();
    assert_eq!(claimed.confirmation_code, None);
    let account = scene
        .phone
        .complete_enrolment(claimed.account.number)
        .await
        .unwrap();
    assert_eq!(account.state, AccountState::Active);
    assert_eq!(account.device_name, "my phone");
}

#[tokio::test]
async fn a2_a_new_pin_is_typed_twice_and_refused_with_the_reason_when_it_is_guessable() {
    let scene = scene();
    let text = scene.desk.invite("anna@example.eu", None);
    let offer = scene
        .phone
        .begin_enrolment(&text, Source::Paste)
        .await
        .unwrap();
    let claim = async |first: &str, second: &str| {
        scene
            .phone
            .claim_with_new_pin(&offer, pin(first), pin(second))
            .await
    };
    assert!(matches!(
        claim("4711", "4712").await,
        Err(ClaimError::PinsDiffer)
    ));
    let guessable = claim("1987", "1987").await.unwrap_err().to_string();
    assert!(guessable.contains("year"), "{guessable}");
    assert!(scene.desk.sent("/api/v1/claim").is_empty());
    let claimed = claim(PIN, PIN).await.unwrap();
    assert_eq!(claimed.confirmation_code.as_deref(), Some("123456"));
}

#[tokio::test]
async fn an_enrolment_that_is_not_the_services_own_is_refused_and_leaves_nothing() {
    let scene = scene();
    let begin = async |text: &str, source| match scene.phone.begin_enrolment(text, source).await {
        Err(error) => error,
        Ok(_) => panic!("it began"),
    };
    let good = scene.desk.invite("anna@example.eu", Some(PIN));
    assert!(matches!(
        begin(&good, Source::Paste).await,
        BeginError::Link(LinkError::Source(..))
    ));
    assert!(matches!(
        begin("https://example.eu/", Source::Camera).await,
        BeginError::Link(LinkError::Foreign)
    ));
    let cut = &good[..good.len() - 60];
    assert!(matches!(
        begin(cut, Source::Camera).await,
        BeginError::Link(_)
    ));
    let elsewhere = good.replace("SIGN.EXAMPLE.EU", "SIGN.EXAMPLE.CO");
    assert!(matches!(
        begin(&elsewhere, Source::Camera).await,
        BeginError::WrongHost { .. }
    ));
    // Made with a service's keys of another day than those that the origin serves.
    let old = scene.desk.invite("anna@example.eu", None);
    scene.desk.add_key();
    assert!(matches!(
        begin(&old, Source::Camera).await,
        BeginError::NotGenuine { .. }
    ));
    // An impostor who answers for the origin, with keys of its own.
    let impostor = Desk::new(&scene.clock);
    let forged = impostor.invite("anna@example.eu", None);
    assert!(matches!(
        begin(&forged, Source::Camera).await,
        BeginError::NotGenuine { .. }
    ));
    let fresh = scene.desk.invite("anna@example.eu", None);
    scene.clock.set(NOW + 300);
    assert!(matches!(
        begin(&fresh, Source::Camera).await,
        BeginError::Expired
    ));
    assert!(scene.phone.accounts().unwrap().is_empty());
}

#[tokio::test]
async fn a_known_service_keeps_its_keys_when_a_further_account_joins() {
    let (scene, ..) = enrolled().await;
    let impostor = Desk::new(&scene.clock);
    let mut platform = platform(
        scene.folder.path(),
        Arc::clone(&scene.clock),
        Arc::clone(&impostor) as _,
    );
    platform.device.model = "x".repeat(100);
    let phone = Authenticator::open(scene.folder.path(), platform).unwrap();
    let begun = phone
        .begin_enrolment(&impostor.invite("bert", None), Source::Camera)
        .await;
    assert!(matches!(begun, Err(BeginError::NotGenuine { .. })));
    // The service itself may bring new keys, signed by the old ones.
    scene.desk.add_key();
    let text = scene.desk.invite("bert", None);
    let offer = scene
        .phone
        .begin_enrolment(&text, Source::Camera)
        .await
        .unwrap();
    scene
        .phone
        .claim_with_new_pin(&offer, pin(PIN), pin(PIN))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_finished_by_the_next_start() {
    let scene = scene();
    let text = scene.desk.invite("anna@example.eu", None);
    let offer = scene
        .phone
        .begin_enrolment(&text, Source::Camera)
        .await
        .unwrap();
    scene.desk.twist(&[Twist::Lost, Twist::Lost, Twist::Lost]);
    let lost = scene
        .phone
        .claim_with_new_pin(&offer, pin(PIN), pin(PIN))
        .await;
    assert!(matches!(lost, Err(ClaimError::Service(_))));
    assert_eq!(
        scene.phone.accounts().unwrap()[0].state,
        AccountState::Unfinished
    );
    let again = phone(scene.folder.path(), &scene.clock, &scene.desk);
    let resumed = again.resume().await.unwrap();
    let [Resumed::Waiting(claimed)] = &resumed[..] else {
        panic!("{resumed:?}");
    };
    assert_eq!(claimed.confirmation_code.as_deref(), Some("123456"));
    let account = again
        .complete_enrolment(claimed.account.number)
        .await
        .unwrap();
    // The PIN of that claim is the one that counts.
    scene.desk.ask_approval(None);
    let request = again.pending(account.number).await.unwrap().remove(0);
    again
        .approve(request.id, None, None, pin(PIN).into())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_claim_that_is_repeated_with_the_same_offer_is_never_made_twice() {
    let scene = scene();
    let text = scene.desk.invite("anna@example.eu", None);
    let offer = scene
        .phone
        .begin_enrolment(&text, Source::Camera)
        .await
        .unwrap();
    scene.desk.twist(&[Twist::Lost, Twist::Lost, Twist::Lost]);
    assert!(
        scene
            .phone
            .claim_with_new_pin(&offer, pin(PIN), pin(PIN))
            .await
            .is_err()
    );
    let claimed = scene
        .phone
        .claim_with_new_pin(&offer, pin("8023"), pin("8023"))
        .await
        .unwrap();
    assert!(claimed.earlier_attempt);
    // One that never arrived is made again.
    let text = scene.desk.invite("bert@example.eu", None);
    let offer = scene
        .phone
        .begin_enrolment(&text, Source::Camera)
        .await
        .unwrap();
    scene
        .desk
        .twist(&[Twist::Unreachable, Twist::Unreachable, Twist::Unreachable]);
    assert!(
        scene
            .phone
            .claim_with_new_pin(&offer, pin("8023"), pin("8023"))
            .await
            .is_err()
    );
    let claimed = scene
        .phone
        .claim_with_new_pin(&offer, pin("8023"), pin("8023"))
        .await
        .unwrap();
    assert!(!claimed.earlier_attempt);
    assert_eq!(scene.phone.accounts().unwrap().len(), 2);
}

#[tokio::test]
async fn a12_accounts_are_renamed_and_removed_on_this_phone_alone() {
    let (scene, account, _) = enrolled().await;
    assert!(scene.phone.rename(account, " \u{202e} ").is_err());
    assert_eq!(scene.phone.rename(account, " Work ").unwrap().name, "Work");
    let removed = scene.phone.remove(account).await.unwrap();
    assert_eq!(removed.account.name, "Work");
    assert!(removed.next.contains("sign.example.eu") && removed.next.contains("my phone"));
    assert!(scene.phone.accounts().unwrap().is_empty());
    assert_eq!(
        scene.phone.history().unwrap()[0].kind,
        EventKind::AccountRemoved
    );
    assert!(scene.phone.pending(account).await.is_err());
    // Its number is not given again.
    let next = enrol(&scene.phone, &scene.desk, "anna@example.eu").await;
    assert!(next > account);
}

#[test]
fn the_facade_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Authenticator>();
    fn sent<T: Send>(_: impl FnOnce(&'static Authenticator) -> T) {}
    sent(|phone| phone.scan("", Source::Paste));
    sent(|phone| {
        phone.approve(
            countersign::ChallengeId([0; 16]),
            None,
            None,
            pin(PIN).into(),
        )
    });
    sent(|phone| phone.complete_enrolment(countersign::AccountNumber(1)));
    sent(|phone| phone.watch_all(&[]));
}
