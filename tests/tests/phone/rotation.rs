//! The service's own keys change under the phones that know the old ones.

use std::time::Duration;

use countersign::qr::scan::decode_file;
use countersign::transport::{HttpTransport, Outgoing, Transport};
use countersign_protocol::id::KeyId;
use countersign_protocol::info::Info;
use countersign_protocol::link::{Link, LinkMessage, Source};
use countersign_protocol::message::{Received, Verified};
use countersign_protocol::origin::Origin;
use countersign_service::{KeyState, Places, Rotate, list_keys, rotate_keys};

use crate::support::{PATIENCE, World};

pub(crate) const DAY: u64 = 24 * 3600;

pub(crate) fn places(world: &World) -> Places {
    Places::new(world.folder.path().join("service"))
}

pub(crate) async fn rotate(world: &World) {
    rotate_keys(&places(world), Rotate::Both, world.clock.as_ref())
        .await
        .unwrap();
}

/// The information as it is served.
pub(crate) async fn served(world: &World) -> Verified<Info> {
    let outgoing = Outgoing {
        origin: Origin::parse(world.service.origin()).unwrap(),
        path: "/.well-known/countersign",
        body: None,
        limit: 2048,
        timeout: PATIENCE,
    };
    let bytes = HttpTransport::new().send(outgoing).await.unwrap();
    let info = Received::<Info>::parse(&bytes).unwrap();
    info.verify_first_contact().unwrap()
}

/// The running service has taken up the published keys: so many signing keys, after this sequence.
pub(crate) async fn taken_up(world: &World, keys: usize, after: u64) -> Verified<Info> {
    for _ in 0..100 {
        let info = served(world).await;
        if info.sequence > after && info.signing_keys.len() == keys {
            return info;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the service did not take up its new keys")
}

/// The key that signs the page's challenge.
async fn signs(world: &mut World) -> KeyId {
    let png = world.ask_code().await;
    let text = decode_file(&png).unwrap()[0].text.clone().unwrap();
    match Link::parse(&text, Source::Camera).unwrap().message {
        LinkMessage::Challenge(challenge) => challenge.kid(),
        LinkMessage::Enrolment(..) => panic!("an enrolment"),
    }
}

pub(crate) async fn works(world: &mut World, account: countersign::AccountNumber) {
    let (number, request) = world.ask_app(account).await;
    world.approve(&request, number).await;
    assert!(world.page_goes_on().await);
}

#[tokio::test]
async fn a_running_service_signs_with_the_new_key_31_days_later_and_not_before() {
    let (mut world, account) = World::enrolled().await;
    let first = served(&world).await;
    rotate(&world).await;
    let both = taken_up(&world, 2, first.sequence).await;
    assert_eq!(both.kid, first.kid, "the key that phones know signs");
    assert_ne!(both.hpke_key, first.hpke_key);
    let (old, new) = (both.signing_keys[0].key, both.signing_keys[1].key);
    assert_eq!(old, first.signing_keys[0].key);
    let valid_from = both.signing_keys[1].valid_from;
    assert!(valid_from >= both.issued_at + 30 * DAY);
    works(&mut world, account).await;

    world.forward(30 * DAY - 60);
    assert_eq!(signs(&mut world).await, old.key_id());
    world.forward(120);
    assert_eq!(signs(&mut world).await, new.key_id());
    works(&mut world, account).await;

    // A day later the old key is out of the information, and its private half erased.
    world.forward(DAY);
    let alone = taken_up(&world, 1, both.sequence).await;
    assert_eq!(alone.kid, new.key_id());
    let listed = list_keys(&places(&world), world.clock.as_ref())
        .await
        .unwrap();
    let listed: Vec<_> = listed.iter().map(|key| (key.kid, key.state)).collect();
    assert_eq!(
        listed,
        [
            (new.key_id(), KeyState::InUse),
            (alone.hpke_key.key_id(), KeyState::InUse)
        ]
    );
    works(&mut world, account).await;
}

#[tokio::test]
async fn a_phone_that_slept_through_two_rotations_follows_from_key_to_key() {
    let (mut world, account) = World::enrolled().await;
    let known = served(&world).await;
    let mut sequence = known.sequence;
    for _ in 0..2 {
        rotate(&world).await;
        sequence = taken_up(&world, 2, sequence).await.sequence;
        world.forward(32 * DAY);
        sequence = taken_up(&world, 1, sequence).await.sequence;
    }
    let now = served(&world).await;
    assert!(now.signing_key(known.kid).is_none());
    assert_ne!(now.hpke_key, known.hpke_key);
    world.forward(300 * DAY);
    works(&mut world, account).await;

    // The service was down while the new key's time came.
    rotate(&world).await;
    let mut world = world.restarted_after(32 * DAY).await;
    works(&mut world, account).await;
}

#[tokio::test]
async fn the_next_signing_key_waits_for_the_one_that_waits() {
    let (world, _) = World::enrolled().await;
    rotate(&world).await;
    let again = rotate_keys(&places(&world), Rotate::Both, world.clock.as_ref()).await;
    let error = again.unwrap_err().to_string();
    assert!(error.contains("signs from"), "{error}");
    let hpke = rotate_keys(&places(&world), Rotate::Hpke, world.clock.as_ref()).await;
    let states: Vec<_> = hpke.unwrap().iter().map(|key| key.state).collect();
    assert!(matches!(
        states[..],
        [
            KeyState::InUse,
            KeyState::From(_),
            KeyState::Until(_),
            KeyState::Until(_),
            KeyState::InUse
        ]
    ));
}
