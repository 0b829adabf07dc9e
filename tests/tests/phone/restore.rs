//! The service is restored from a backup, and phones that went on meanwhile meet it.

use std::path::PathBuf;

use countersign::{AccountNumber, AccountState, ApproveError, Refusal, UnlockMethod};
use countersign_service::{Places, backup, restore};

use crate::rotation::{DAY, rotate, served, taken_up, works};
use crate::support::{PIN, World, pin};

const NEW_PIN: &str = "6304";

fn places(world: &World) -> Places {
    Places::new(world.service.data())
}

fn saved(world: &World) -> PathBuf {
    let file = world.folder.path().join("backup.db");
    backup(&places(world), &file, world.clock.as_ref()).unwrap();
    file
}

async fn restored(world: World, file: PathBuf) -> World {
    let (places, clock) = (places(&world), world.clock.clone());
    world
        .started_again(|| {
            restore(&places, &file, true, clock.as_ref()).unwrap();
        })
        .await
}

async fn works_by_code(world: &mut World, account: AccountNumber) {
    let png = world.ask_code().await;
    let request = world.phone.scan_code(&png).await;
    let shown = world
        .phone
        .core
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
    world.person.type_code(&shown.code).await.unwrap();
    assert!(world.person.is_signed_in().await.unwrap(), "{account:?}");
}

#[tokio::test]
async fn an_honest_phone_notices_nothing_of_a_restore() {
    let (mut world, account) = World::enrolled().await;
    works(&mut world, account).await;
    works_by_code(&mut world, account).await;
    let file = saved(&world);
    for _ in 0..2 {
        works(&mut world, account).await;
        works_by_code(&mut world, account).await;
    }
    let mut world = restored(world, file).await;
    works_by_code(&mut world, account).await;
    works(&mut world, account).await;
    works_by_code(&mut world, account).await;
    let summary = &world.phone.core.accounts().unwrap()[0];
    assert_eq!(summary.state, AccountState::Active);
}

#[tokio::test]
async fn keys_that_were_rotated_after_the_backup_come_back_from_the_journal() {
    let (mut world, account) = World::enrolled().await;
    let file = saved(&world);
    let first = served(&world).await;
    let mut sequence = first.sequence;
    for _ in 0..2 {
        rotate(&world).await;
        sequence = taken_up(&world, 2, sequence).await.sequence;
        world.forward(32 * DAY);
        sequence = taken_up(&world, 1, sequence).await.sequence;
        // The phone moves on to the new key alone.
        works(&mut world, account).await;
    }
    let before = served(&world).await;
    assert!(before.signing_key(first.kid).is_none());
    let mut world = restored(world, file).await;
    let now = served(&world).await;
    assert_eq!((now.kid, now.hpke_key), (before.kid, before.hpke_key));
    assert!(now.sequence > before.sequence);
    works(&mut world, account).await;
    works_by_code(&mut world, account).await;
}

#[tokio::test]
async fn a_phone_that_slept_through_the_lost_rotations_follows_too() {
    let (world, account) = World::enrolled().await;
    let file = saved(&world);
    let mut sequence = served(&world).await.sequence;
    for _ in 0..2 {
        rotate(&world).await;
        sequence = taken_up(&world, 2, sequence).await.sequence;
        world.forward(32 * DAY);
        sequence = taken_up(&world, 1, sequence).await.sequence;
    }
    let mut world = restored(world, file).await;
    works(&mut world, account).await;
}

#[tokio::test]
async fn a_phone_that_changed_its_pin_after_the_backup_is_told_what_to_do() {
    let (world, account) = World::enrolled().await;
    let file = saved(&world);
    let change = world
        .phone
        .core
        .change_pin(account, pin(PIN), pin(NEW_PIN), pin(NEW_PIN));
    change.await.unwrap();
    let mut world = restored(world, file).await;
    let (number, request) = world.ask_app(account).await;
    let approved = world
        .phone
        .core
        .approve(request.id, None, Some(number), pin(NEW_PIN).into());
    let refused = approved.await;
    assert!(
        matches!(refused, Err(ApproveError::Refused(Refusal::OtherEpoch))),
        "{refused:?}"
    );
    assert_eq!(world.phone.tries(), Some(5), "no try is spent");
}
