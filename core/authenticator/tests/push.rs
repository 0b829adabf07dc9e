//! Telling services where push messages go: once for each address, whatever breaks off, and never
//! as the failure of something else.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign::platform::{PushAddress, PushAddressError, PushAddresses, PushKind};
use countersign::software::{LoggedIn, SoftwareBiometrics};
use countersign::transport::{Outgoing, Transport, TransportError};
use countersign::{AccountNumber, AccountState, Authenticator};
use countersign_protocol::id::PublicKey;
use countersign_protocol::reply::DeviceState;

use crate::support::*;

/// A platform with a push address that the test holds.
struct Addresses {
    now: Mutex<Result<Option<PushAddress>, PushAddressError>>,
    asked: Mutex<Vec<(String, Option<PublicKey>)>>,
    hangs: AtomicUsize,
}

impl Addresses {
    fn new(text: &str) -> Arc<Self> {
        Arc::new(Self {
            now: Mutex::new(Ok(Some(address(text)))),
            asked: Mutex::default(),
            hangs: AtomicUsize::new(0),
        })
    }

    fn set(&self, now: Result<Option<PushAddress>, PushAddressError>) {
        *self.now.lock().unwrap() = now;
    }
}

#[async_trait]
impl PushAddresses for Addresses {
    async fn address(
        &self,
        origin: &str,
        push_key: Option<&PublicKey>,
    ) -> Result<Option<PushAddress>, PushAddressError> {
        let asked = (origin.to_owned(), push_key.copied());
        self.asked.lock().unwrap().push(asked);
        if self.hangs.load(Ordering::SeqCst) > 0 {
            std::future::pending::<()>().await;
        }
        self.now.lock().unwrap().clone()
    }
}

fn address(text: &str) -> PushAddress {
    PushAddress::new(PushKind::Fcm, text.to_owned()).unwrap()
}

fn web() -> PushAddress {
    let url = "https://push.example.eu/up/1".to_owned();
    PushAddress::new(PushKind::WebPush, url).unwrap()
}

fn open(scene: &Scene, addresses: &Arc<Addresses>) -> Authenticator {
    let transport = Arc::clone(&scene.desk) as _;
    let mut platform = platform(scene.folder.path(), Arc::clone(&scene.clock), transport);
    platform.push = Some(Arc::clone(addresses) as _);
    Authenticator::open(scene.folder.path(), platform).unwrap()
}

/// A phone with a push address, enrolled.
async fn with_push() -> (Scene, Arc<Addresses>, AccountNumber) {
    let mut scene = scene();
    let addresses = Addresses::new("first");
    scene.phone = open(&scene, &addresses);
    let account = enrol(&scene.phone, &scene.desk, "anna@example.eu").await;
    (scene, addresses, account)
}

impl Scene {
    fn told(&self) -> usize {
        self.desk.sent("/api/v1/push").len()
    }

    fn push(&self) -> Option<PushAddress> {
        self.desk.with_device(|device| device.push.clone())
    }
}

#[tokio::test]
async fn a_service_hears_an_address_once_at_the_enrolment_and_again_when_there_is_another() {
    let (scene, addresses, account) = with_push().await;
    assert_eq!((scene.told(), scene.push()), (1, Some(address("first"))));
    assert_eq!(
        *addresses.asked.lock().unwrap(),
        [("https://sign.example.eu".to_owned(), None)]
    );
    // Neither a start nor a report of what is known already sends anything.
    assert!(scene.phone.push_address_changed().await.unwrap());
    let again = open(&scene, &addresses);
    assert!(again.resume().await.unwrap().is_empty());
    assert_eq!(scene.told(), 1);

    addresses.set(Ok(Some(address("second"))));
    assert!(again.push_address_changed().await.unwrap());
    assert_eq!((scene.told(), scene.push()), (2, Some(address("second"))));
    addresses.set(Ok(Some(address("third"))));
    again.resume().await.unwrap();
    assert_eq!((scene.told(), scene.push()), (3, Some(address("third"))));
    // No pushes any more.
    addresses.set(Ok(None));
    assert!(again.push_address_changed().await.unwrap());
    assert!(again.push_address_changed().await.unwrap());
    assert_eq!((scene.told(), scene.push()), (4, None));
    assert!(works(&again, &scene.desk, account, PIN).await);
}

#[tokio::test]
async fn a_phone_that_knows_nothing_of_pushes_tells_nothing_and_one_that_lost_them_takes_its_address_back()
 {
    let (scene, _, _) = enrolled().await;
    scene.phone.resume().await.unwrap();
    assert!(scene.phone.push_address_changed().await.unwrap());
    assert_eq!(scene.told(), 0);

    let (scene, _, _) = with_push().await;
    let without = phone(scene.folder.path(), &scene.clock, &scene.desk);
    without.resume().await.unwrap();
    assert_eq!((scene.told(), scene.push()), (2, None));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_biometric_key_is_reported_with_the_next_address() {
    let (mut scene, addresses, account) = with_push().await;
    let transport = Arc::clone(&scene.desk) as _;
    let mut platform = platform(scene.folder.path(), Arc::clone(&scene.clock), transport);
    let reader = SoftwareBiometrics::open(scene.folder.path(), Arc::new(LoggedIn)).unwrap();
    platform.biometrics = Some(Arc::new(reader));
    platform.push = Some(Arc::clone(&addresses) as _);
    scene.phone = Authenticator::open(scene.folder.path(), platform).unwrap();
    scene
        .phone
        .turn_on_biometrics(account, pin(PIN))
        .await
        .unwrap();
    scene.desk.twist(&[Twist::Unreachable]);
    scene.phone.turn_off_biometrics(account).await.unwrap();
    let there = || scene.desk.with_device(|device| device.biometrics.is_some());
    assert!(there());
    addresses.set(Ok(Some(address("second"))));
    assert!(scene.phone.push_address_changed().await.unwrap());
    assert_eq!((there(), scene.push()), (false, Some(address("second"))));
}

#[tokio::test]
async fn a_platform_that_does_not_know_its_address_now_takes_none_away() {
    let (scene, addresses, _) = with_push().await;
    addresses.set(Err(PushAddressError("no distributor".into())));
    assert!(!scene.phone.push_address_changed().await.unwrap());
    scene.phone.resume().await.unwrap();
    assert_eq!((scene.told(), scene.push()), (1, Some(address("first"))));
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_hangs_delays_a_start_and_an_enrolment_by_seconds_and_harms_nothing() {
    let mut scene = scene();
    let addresses = Addresses::new("first");
    addresses.hangs.store(1, Ordering::SeqCst);
    scene.phone = open(&scene, &addresses);
    let begun = tokio::time::Instant::now();
    let account = enrol(&scene.phone, &scene.desk, "anna@example.eu").await;
    scene.phone.resume().await.unwrap();
    assert!(!scene.phone.push_address_changed().await.unwrap());
    assert!(begun.elapsed().as_secs() <= 16);
    assert_eq!(scene.told(), 0);
    assert!(works(&scene.phone, &scene.desk, account, PIN).await);
    addresses.hangs.store(0, Ordering::SeqCst);
    scene.phone.resume().await.unwrap();
    assert_eq!(scene.push(), Some(address("first")));
}

/// Whichever message is lost on its way there or back: the enrolment or start that it rides on is
/// done, and the next start makes up for it.
#[tokio::test(start_paused = true)]
async fn what_is_lost_is_told_at_the_next_start_and_is_never_the_failure_of_what_it_rides_on() {
    for lost in [
        Twist::Lost,
        Twist::Unreachable,
        Twist::OtherKey,
        Twist::OtherRequest,
        Twist::FlippedBit,
        Twist::NotKnown,
    ] {
        let mut scene = scene();
        let addresses = Addresses::new("first");
        scene.phone = open(&scene, &addresses);
        // The claim and its completion come first.
        scene.desk.twist(&[Twist::None, Twist::None, lost]);
        let account = enrol(&scene.phone, &scene.desk, "anna@example.eu").await;
        assert_eq!(scene.told() + usize::from(lost == Twist::Unreachable), 1);
        let again = open(&scene, &addresses);
        scene.desk.twist(&[lost]);
        assert!(again.resume().await.unwrap().is_empty());
        assert!(again.push_address_changed().await.unwrap());
        assert_eq!(scene.push(), Some(address("first")), "{lost:?}");
        let told = scene.told();
        again.resume().await.unwrap();
        assert_eq!(scene.told(), told, "{lost:?}");
        let state = |account: &countersign::AccountSummary| account.state;
        assert_eq!(
            again
                .accounts()
                .unwrap()
                .iter()
                .map(state)
                .collect::<Vec<_>>(),
            [AccountState::Active]
        );
        assert!(works(&again, &scene.desk, account, PIN).await);
    }
}

#[tokio::test]
async fn a_wrong_clock_or_a_counter_that_is_behind_is_made_right() {
    let (scene, addresses, _) = with_push().await;
    addresses.set(Ok(Some(address("second"))));
    scene.desk.twist(&[Twist::Clock]);
    scene.desk.with_device(|device| device.counter += 10);
    assert!(scene.phone.push_address_changed().await.unwrap());
    assert_eq!((scene.told(), scene.push()), (4, Some(address("second"))));
}

#[tokio::test]
async fn a_service_that_sends_none_of_that_kind_hears_it_again_only_when_it_publishes_something_new()
 {
    let (scene, addresses, _) = with_push().await;
    scene.desk.with_device(|device| device.takes_pushes = false);
    addresses.set(Ok(Some(address("second"))));
    assert!(scene.phone.push_address_changed().await.unwrap());
    assert_eq!((scene.told(), scene.push()), (2, None));
    scene.phone.resume().await.unwrap();
    assert_eq!(scene.told(), 2);
    // It was restored, or has pushes now: a reply says so, and the phone reports its address at the
    // next start.
    scene.desk.with_device(|device| device.takes_pushes = true);
    scene.desk.sequence.fetch_add(1, Ordering::SeqCst);
    scene.phone.pending_all().await.unwrap();
    scene.phone.resume().await.unwrap();
    assert_eq!((scene.told(), scene.push()), (3, Some(address("second"))));
}

#[tokio::test]
async fn a_web_push_subscription_is_told_only_to_a_service_with_a_key_of_its_own_for_it() {
    let (scene, addresses, _) = with_push().await;
    addresses.set(Ok(Some(web())));
    assert!(scene.phone.push_address_changed().await.unwrap());
    assert_eq!((scene.told(), scene.push()), (2, None));
    scene.phone.resume().await.unwrap();
    assert_eq!(scene.told(), 2);

    let key = scene.desk.with_device(|device| device.key);
    *scene.desk.push_key.lock().unwrap() = Some(key);
    scene.desk.sequence.fetch_add(1, Ordering::SeqCst);
    scene.phone.pending_all().await.unwrap();
    scene.phone.resume().await.unwrap();
    assert_eq!((scene.told(), scene.push()), (3, Some(web())));
    let asked = addresses.asked.lock().unwrap().last().unwrap().clone();
    assert_eq!(asked, ("https://sign.example.eu".to_owned(), Some(key)));
}

#[tokio::test]
async fn blocked_suspended_and_removed_accounts_tell_nothing_and_a_copy_is_found_out() {
    let (scene, addresses, account) = with_push().await;
    scene
        .desk
        .with_device(|device| device.state = DeviceState::Blocked);
    addresses.set(Ok(Some(address("second"))));
    scene.phone.push_address_changed().await.unwrap();
    let blocked = scene.phone.accounts().unwrap().remove(0);
    assert_eq!(blocked.state, AccountState::Blocked);
    scene.phone.resume().await.unwrap();
    assert_eq!((scene.told(), scene.push()), (2, Some(address("first"))));

    let (scene, addresses, _) = with_push().await;
    // Another phone with the same store has gone on meanwhile.
    scene.desk.with_device(|device| {
        device.tokens.issued += 2;
        device.tokens.acked += 2;
    });
    addresses.set(Ok(Some(address("second"))));
    scene.phone.resume().await.unwrap();
    let suspended = scene.phone.accounts().unwrap().remove(0);
    assert_eq!(suspended.state, AccountState::Suspended);
    assert_eq!(scene.push(), Some(address("first")));

    let (other, _, number) = with_push().await;
    assert!(other.phone.remove(number).await.unwrap().told);
    other.phone.push_address_changed().await.unwrap();
    other.phone.resume().await.unwrap();
    assert_eq!(other.told(), 1);
    let _ = account;
}

/// Two services. One answers nothing that tells it an address, the other is as it should be.
struct Net {
    silent: Arc<Desk>,
    honest: Arc<Desk>,
}

#[async_trait]
impl Transport for Net {
    async fn send(&self, request: Outgoing) -> Result<Vec<u8>, TransportError> {
        if request.origin == self.honest.origin {
            return self.honest.send(request).await;
        }
        if request.path == "/api/v1/push" {
            std::future::pending::<()>().await;
        }
        self.silent.send(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_answers_keeps_no_other_from_hearing_the_address() {
    let folder = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let silent = Desk::at("https://silent.example.eu", &clock);
    let honest = Desk::new(&clock);
    let addresses = Addresses::new("first");
    let net = Net {
        silent: Arc::clone(&silent),
        honest: Arc::clone(&honest),
    };
    let mut platform = platform(folder.path(), Arc::clone(&clock), Arc::new(net));
    platform.push = Some(Arc::clone(&addresses) as _);
    let phone = Authenticator::open(folder.path(), platform).unwrap();
    enrol(&phone, &silent, "anna@silent.example.eu").await;
    enrol(&phone, &honest, "anna@example.eu").await;
    let heard = || honest.with_device(|device| device.push.clone());
    assert_eq!(heard(), Some(address("first")));

    addresses.set(Ok(Some(address("second"))));
    let begun = tokio::time::Instant::now();
    phone.resume().await.unwrap();
    assert!(begun.elapsed().as_secs() <= 6);
    assert_eq!(heard(), Some(address("second")));
    addresses.set(Ok(Some(address("third"))));
    assert!(!phone.push_address_changed().await.unwrap());
    assert_eq!(heard(), Some(address("third")));
}

/// A service that publishes another key for pushes whenever it hears an address.
struct Restless(Arc<Desk>);

#[async_trait]
impl Transport for Restless {
    async fn send(&self, request: Outgoing) -> Result<Vec<u8>, TransportError> {
        if request.path == "/api/v1/push" {
            self.0.add_push_key();
        }
        self.0.send(request).await
    }
}

#[tokio::test]
async fn a_service_with_ever_other_keys_is_told_an_address_once_at_a_time() {
    let mut scene = scene();
    scene.desk.add_push_key();
    let addresses = Addresses::new("unused");
    addresses.set(Ok(Some(web())));
    let transport = Arc::new(Restless(Arc::clone(&scene.desk)));
    let mut platform = platform(scene.folder.path(), Arc::clone(&scene.clock), transport);
    platform.push = Some(Arc::clone(&addresses) as _);
    scene.phone = Authenticator::open(scene.folder.path(), platform).unwrap();
    enrol(&scene.phone, &scene.desk, "anna@example.eu").await;
    // With each new key the platform subscribes again, and its address is reported again: that must
    // not repeat itself for ever.
    let asked = || addresses.asked.lock().unwrap().len();
    assert_eq!((scene.told(), asked()), (1, 1));
    scene.phone.resume().await.unwrap();
    assert_eq!((scene.told(), asked()), (2, 2));
    scene.phone.push_address_changed().await.unwrap();
    assert_eq!((scene.told(), asked()), (3, 3));
}

#[tokio::test]
async fn a_service_that_was_restored_hears_again_that_there_is_no_address() {
    let (scene, addresses, _) = with_push().await;
    addresses.set(Ok(None));
    scene.phone.resume().await.unwrap();
    assert_eq!((scene.told(), scene.push()), (2, None));
    scene
        .desk
        .with_device(|device| device.push = Some(address("first")));
    scene.desk.sequence.fetch_add(10_000, Ordering::SeqCst);
    scene.phone.pending_all().await.unwrap();
    scene.phone.resume().await.unwrap();
    assert_eq!((scene.told(), scene.push()), (3, None));
    scene.phone.resume().await.unwrap();
    assert_eq!(scene.told(), 3);
}

#[tokio::test]
async fn after_a_services_last_account_was_removed_the_platform_can_end_its_subscription() {
    let (scene, addresses, first) = with_push().await;
    let key = scene.desk.with_device(|device| device.key);
    *scene.desk.push_key.lock().unwrap() = Some(key);
    scene.desk.sequence.fetch_add(1, Ordering::SeqCst);
    let second = enrol(&scene.phone, &scene.desk, "berta@example.eu").await;
    let asked = || addresses.asked.lock().unwrap().clone();
    let before = asked().len();
    scene.phone.remove(first).await.unwrap();
    assert_eq!(asked().len(), before);
    scene.phone.remove(second).await.unwrap();
    // It is asked for a service that has no key to send with, so there is nothing to subscribe to.
    assert_eq!(
        asked()[before..],
        [("https://sign.example.eu".to_owned(), None)]
    );
}
