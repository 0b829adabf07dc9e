//! What STOP does in every state of the account: it always ends sessions and deletes what is there.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{Browser, PASSWORD, Page, World, number};

const ANNA: &str = "anna@example.eu";
const HOUR: u64 = 3600;

async fn stop(browser: &mut Browser) -> Page {
    browser.get("/stop").await;
    let fields = [("email", ANNA), ("password", PASSWORD), ("word", "STOP")];
    browser.post("/stop", &fields).await
}

fn ripe_at(world: &World) -> i64 {
    number(world, "SELECT ripe_at FROM recovery")
}

#[tokio::test]
async fn stop_during_a_recovery_that_somebody_began_deletes_everything_and_begins_its_own() {
    let world = World::new().await;
    let (mut owner, phone) = world.person().await;
    // Somebody with the password waits for a recovery's day to pass.
    let mut thief = world.browser();
    thief.password(ANNA, PASSWORD).await;
    thief.get("/recovery").await;
    thief.post("/recovery", &[]).await;
    let theirs = ripe_at(&world);
    world.clock.advance(23 * HOUR);

    assert_eq!(stop(&mut owner).await.path, "/stop/done");
    assert_eq!(phone.complete_raw_status().await, 401);
    assert_eq!(number(&world, "SELECT count(*) FROM session"), 0);
    let own = ripe_at(&world);
    let expected = theirs + i64::try_from(23 * HOUR).unwrap();
    assert!(
        (expected..expected + 60).contains(&own),
        "the wait begins again"
    );
}

#[tokio::test]
async fn pressing_stop_again_makes_the_wait_no_longer_and_still_ends_sessions() {
    let world = World::new().await;
    let (mut owner, _) = world.person().await;
    stop(&mut owner).await;
    let first = ripe_at(&world);
    world.clock.advance(HOUR);
    let mut other = world.browser();
    other.password(ANNA, PASSWORD).await;
    assert_eq!(number(&world, "SELECT count(*) FROM session"), 1);
    assert_eq!(stop(&mut owner).await.path, "/stop/done");
    assert_eq!(number(&world, "SELECT count(*) FROM session"), 0);
    assert_eq!(ripe_at(&world), first);
}
