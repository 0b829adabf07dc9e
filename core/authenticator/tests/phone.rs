//! What the phone does with each of the verifier's words, and with every code that it should not take.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign::{
    AccountState, ApproveError, Authenticator, BeginError, ClaimError, CodeError, EventKind,
    FormError, LinkError, NotAccepted, ReadError, Resumed, Scanned, ServiceError, SignError,
    Source, TypedValue, Unlock,
};
use countersign_protocol::challenge::Field;
use countersign_protocol::code::transaction_question;
use countersign_protocol::field::FieldKind;
use countersign_protocol::id::AccountId;
use countersign_protocol::message::Received;
use tempfile::TempDir;

use support::*;

struct Scene {
    phone: Authenticator,
    desk: Arc<Desk>,
    clock: Arc<TestClock>,
    folder: TempDir,
}

fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let desk = Desk::new(&clock);
    Scene {
        phone: phone(folder.path(), &clock, &desk),
        desk,
        clock,
        folder,
    }
}

async fn enrolled() -> (Scene, countersign::AccountNumber, AccountId) {
    let scene = scene();
    let account = enrol(&scene.phone, &scene.desk, "anna@example.eu").await;
    let acc = scene.desk.only().0;
    (scene, account, acc)
}

impl Scene {
    async fn open_request(
        &self,
        account: countersign::AccountNumber,
        number: Option<u8>,
    ) -> countersign::PendingRequest {
        self.desk.ask_approval(number);
        self.phone.pending(account).await.unwrap().remove(0)
    }

    async fn scan_code(&self, text: &str) -> countersign::CodeRequest {
        match self.phone.scan(text, Source::Camera).await.unwrap() {
            Scanned::Code(request) => request,
            _ => panic!("not a code"),
        }
    }

    async fn refused(&self, text: &str) -> ReadError {
        match self.phone.scan(text, Source::Camera).await {
            Err(error) => error,
            Ok(_) => panic!("it was taken"),
        }
    }
}

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
    let resumed = again.resume_enrolments().await.unwrap();
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
    again.approve(request.id, None, pin(PIN)).await.unwrap();
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
    // One that never arrived is made anew.
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
async fn a7_the_number_is_typed_and_a_wrong_one_ends_the_request() {
    let (scene, account, _) = enrolled().await;
    let request = scene.open_request(account, Some(42)).await;
    assert!(request.number_asked);
    assert_eq!(request.asked.to_string(), "sign-in, Firefox on Linux, LV");
    assert_eq!(request.asked.host, "sign.example.eu");
    for number in [None, Some(9), Some(100)] {
        let missing = scene.phone.approve(request.id, number, pin(PIN)).await;
        assert!(matches!(missing, Err(ApproveError::NumberNeeded)));
    }
    assert!(scene.desk.sent("/api/v1/answer").is_empty());
    let wrong = scene.phone.approve(request.id, Some(43), pin(PIN)).await;
    assert!(matches!(wrong, Err(ApproveError::WrongNumber)));
    let again = scene.phone.approve(request.id, Some(42), pin(PIN)).await;
    assert!(matches!(again, Err(ApproveError::NotHeld)));
}

#[tokio::test]
async fn a6_tries_left_go_down_until_the_phone_is_blocked() {
    let (scene, account, _) = enrolled().await;
    let request = scene.open_request(account, None).await;
    for left in [4, 3, 2, 1, 0] {
        let wrong = scene.phone.approve(request.id, None, pin("0815")).await;
        assert!(
            matches!(wrong, Err(ApproveError::WrongPin { tries_left, .. }) if tries_left == left)
        );
        assert_eq!(scene.phone.accounts().unwrap()[0].tries_left, Some(left));
    }
    let blocked = scene.phone.approve(request.id, None, pin(PIN)).await;
    assert!(matches!(blocked, Err(ApproveError::Blocked)));
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
    scene.phone.decline(request.id).await.unwrap();
    let again = scene.phone.decline(request.id).await;
    assert!(matches!(again, Err(ApproveError::NotHeld)));
    let request = scene.open_request(account, None).await;
    scene.phone.report(request.id).await.unwrap();
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
        .approve(request.id, None, pin(PIN))
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
        .approve(request.id, None, pin(PIN))
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
            .approve(request.id, None, pin(PIN))
            .await
            .unwrap();
    }
    let thief = phone(copy.path(), &scene.clock, &scene.desk);
    scene.desk.ask_approval(None);
    let request = thief.pending(account).await.unwrap().remove(0);
    let refused = thief.approve(request.id, None, pin(PIN)).await;
    assert!(matches!(refused, Err(ApproveError::Suspended)));
    assert_eq!(thief.accounts().unwrap()[0].state, AccountState::Suspended);
}

fn copy_folder(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a8_an_offline_code_is_right_with_the_right_pin_alone_and_the_same_when_scanned_again() {
    let (scene, _, acc) = enrolled().await;
    let text = scene.desk.ask_code(acc, 1, Unlock::Pin);
    let request = scene.scan_code(&text).await;
    assert!(matches!(
        scene.phone.code(request.id, None).await,
        Err(CodeError::PinNeeded)
    ));
    let wrong = scene
        .phone
        .code(request.id, Some(pin("0815")))
        .await
        .unwrap();
    assert!(!scene.desk.judge(&text, None, &wrong.code));
    // Whatever is typed now, the code is the one that was made.
    let request = scene.scan_code(&text).await;
    assert!(request.same_as_before);
    let again = scene.phone.code(request.id, Some(pin(PIN))).await.unwrap();
    assert!(again.same_as_before);
    assert_eq!(*again.code, *wrong.code);

    let text = scene.desk.ask_code(acc, 2, Unlock::Pin);
    let request = scene.scan_code(&text).await;
    let right = scene.phone.code(request.id, Some(pin(PIN))).await.unwrap();
    assert!(scene.desk.judge(&text, None, &right.code));
    let text = scene.desk.ask_code(acc, 9, Unlock::Nothing);
    let request = scene.scan_code(&text).await;
    let right = scene.phone.code(request.id, None).await.unwrap();
    assert!(scene.desk.judge(&text, None, &right.code));
}

#[tokio::test]
async fn a_code_is_not_made_twice_nor_for_a_step_that_is_spent_or_too_far() {
    let (scene, _, acc) = enrolled().await;
    let text = scene.desk.ask_code(acc, 5, Unlock::Nothing);
    let request = scene.scan_code(&text).await;
    scene.phone.code(request.id, None).await.unwrap();
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
    scene.phone.code(request.id, None).await.unwrap();
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
        scene.phone.code(request.id, None).await,
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
    scene.phone.code(request.id, None).await.unwrap();
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
    let shown = scene.phone.code(request.id, None).await.unwrap();
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
        let refused = scene.phone.sign(form.id, &bad, Some(pin(PIN))).await;
        assert!(matches!(refused, Err(SignError::Form(_))));
    }
    let reviewed = scene.phone.review(form.id, &good).unwrap();
    assert_eq!(reviewed[0].value, "LV80BANK0000435195001");
    let refused = scene.phone.sign(form.id, &good, None).await;
    assert!(matches!(
        refused,
        Err(SignError::Code(CodeError::PinNeeded))
    ));
    let signed = scene
        .phone
        .sign(form.id, &good, Some(pin(PIN)))
        .await
        .unwrap();
    assert_eq!(signed.values, reviewed);
    assert_eq!(signed.code.len(), 14);

    // The same values show the same code; others need a new one on the page.
    let again = scene
        .phone
        .sign(form.id, &good, Some(pin(PIN)))
        .await
        .unwrap();
    assert!(again.same_as_before && *again.code == *signed.code);
    let other = typed(["LV80BANK0000435195001", "1234.51", "AB1234"]);
    let refused = scene.phone.sign(form.id, &other, Some(pin(PIN))).await;
    assert!(matches!(
        refused,
        Err(SignError::Code(CodeError::OtherValues))
    ));

    let encoded = text.split_once("/Q/").unwrap().1;
    let bytes = base32_bytes(encoded);
    let hash = Received::<countersign_protocol::challenge::Challenge>::parse(&bytes)
        .unwrap()
        .hash();
    let question = |amount: &str| {
        transaction_question(
            &hash.0,
            &[
                ("account", "LV80BANK0000435195001"),
                ("amount", amount),
                ("ref", "AB1234"),
            ],
        )
    };
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
    let not_from_the_inbox = scene.phone.approve(request.id, None, pin(PIN)).await;
    assert!(matches!(not_from_the_inbox, Err(ApproveError::NotHeld)));
    let approved = scene
        .phone
        .approve_on_mobile(request.id, account, pin(PIN))
        .await
        .unwrap();
    let open = approved.open.unwrap();
    assert_eq!(
        open,
        "https://sign.example.eu/back?r=A4DQOBYHA4DQOBYHA4DQOBYHA4"
    );
}

#[tokio::test]
async fn a12_accounts_are_renamed_and_removed_on_this_phone_alone() {
    let (scene, account, _) = enrolled().await;
    assert!(scene.phone.rename(account, " \u{202e} ").is_err());
    assert_eq!(scene.phone.rename(account, " Work ").unwrap().name, "Work");
    let removed = scene.phone.remove(account).unwrap();
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

#[test]
fn the_facade_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Authenticator>();
}
