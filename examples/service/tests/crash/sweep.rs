//! Old rows are deleted in several transactions, and the service is killed before each of them.

use std::time::Duration;

use super::{
    Before, Names,
    stories::enrolled,
    story,
    world::{PATIENCE, World},
};

/// More than are deleted in two transactions.
const OLD: u32 = 450;

pub async fn dropping_what_has_expired() -> Names {
    story(
        Before::Itself("Sweep"),
        async |world| {
            enrolled(world).await;
            grow_old(world);
        },
        // It is the first thing that a service does when it has started.
        async |world| gone(world).await,
        async |world, _| {
            gone(world).await;
            world.is_whole(0).await;
        },
    )
    .await
}

/// Requests that nobody answered, two days ago, and events of two years ago.
fn grow_old(world: &World) {
    let database = world.service.database();
    let old = format!(
        "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {OLD})
         INSERT INTO challenge (id, account, session, kind, purpose, message, hash, payload, unlock,
           issued_at, expires_at, state)
         SELECT randomblob(16), acc, zeroblob(32), 'approve', 1, x'00', zeroblob(32), '', 1,
           unixepoch() - 2 * 86400, unixepoch() - 2 * 86400 + 180, 'open'
         FROM n, (SELECT acc FROM account LIMIT 1);
         INSERT INTO event (account, at, what, detail)
         SELECT acc, unixepoch() - 730 * 86400, 'signed-in', 'password' FROM account"
    );
    database.execute_batch(&old).unwrap();
}

/// Waits until they are deleted, also by a service that is killed meanwhile.
async fn gone(world: &World) {
    let end = std::time::Instant::now() + PATIENCE;
    loop {
        world.service.up();
        let left: i64 = world
            .service
            .database()
            .query_row(
                "SELECT (SELECT count(*) FROM challenge WHERE issued_at < unixepoch() - 86400)
                   + (SELECT count(*) FROM event WHERE at < unixepoch() - 400 * 86400)",
                [],
                |row| row.get(0),
            )
            .unwrap();
        if left == 0 {
            return;
        }
        assert!(std::time::Instant::now() < end, "{left} rows are left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
