//! Deletions that people asked for, cancelled or let happen since the backup.
#![allow(clippy::unwrap_used)]

use super::*;

/// Asks for the deletion of Anna's account, which her phone approves.
async fn ask(owner: &mut Browser, phone: &mut Phone) {
    owner.get("/account/delete").await;
    let page = owner.post("/account/delete", &[]).await;
    approve(phone, &page, PIN).await;
    assert_eq!(owner.get(&page.path).await.path, "/account/delete");
}

async fn gone(world: &World) {
    for _ in 0..200 {
        if number(world, "SELECT count(*) FROM account") == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the account is still there");
}

#[tokio::test]
async fn no_restore_brings_an_account_back_whose_time_has_come() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let (_folder, before) = saved(&world);
    ask(&mut owner, &mut phone).await;
    let (_other, meanwhile) = saved(&world);
    world.clock.advance(7 * DAY);
    gone(&world).await;
    let world = restored(world, &before).await;
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 0);
    let world = restored(world, &meanwhile).await;
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 0);
    assert_eq!(phone.complete_raw_status().await, 401);
    world.service.stop().await;
}

#[tokio::test]
async fn a_deletion_that_was_cancelled_since_the_backup_does_not_happen() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    ask(&mut owner, &mut phone).await;
    let (_folder, file) = saved(&world);
    owner.post("/account/delete/cancel", &[]).await;
    let world = restored(world, &file).await;
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 0);
    world.clock.advance(8 * DAY);
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    signs_in(&mut owner, &mut phone).await;
    let history = owner.get("/account/history.csv").await.body;
    assert_eq!(history.matches(",deletion-cancelled,").count(), 1);
    world.service.stop().await;
}

#[tokio::test]
async fn a_deletion_that_was_asked_for_since_the_backup_waits_on_and_its_link_still_cancels_it() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let (_folder, file) = saved(&world);
    ask(&mut owner, &mut phone).await;
    let due = number(&world, "SELECT due_at FROM deletion");
    let link = owner.mailed(ANNA, "/deletion/cancel/").await;
    world.clock.advance(DAY);
    let world = restored(world, &file).await;
    assert_eq!(number(&world, "SELECT due_at FROM deletion"), due);
    let mut anybody = world.browser();
    anybody.get(&link).await;
    assert_eq!(anybody.post(&link, &[]).await.status, 200);
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 0);
    world.clock.advance(8 * DAY);
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    signs_in(&mut owner, &mut phone).await;
    world.service.stop().await;
}

#[tokio::test]
async fn where_the_journal_is_lost_a_deletion_of_the_backup_does_not_happen() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    ask(&mut owner, &mut phone).await;
    let (_folder, file) = saved(&world);
    owner.post("/account/delete/cancel", &[]).await;
    let mut config = config(&world);
    config.listen = world.service.address();
    config.new_journal = true;
    let (clock, places) = (world.clock.clone(), Places::new(world.folder.path()));
    world.service.stop().await;
    restore(&places, &file, true, clock.as_ref()).unwrap();
    fs::remove_file(world.folder.path().join("service.journal")).unwrap();
    let service = Embedded::start(config).await.unwrap();
    let world = World { service, ..world };
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 0);
    mail(&world, "The deletion of the account was cancelled").await;
    world.clock.advance(8 * DAY);
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    signs_in(&mut owner, &mut phone).await;
    world.service.stop().await;
}
