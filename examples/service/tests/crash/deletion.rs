//! A person exports their data and deletes their account, while the service is killed.

use super::{
    Before, Names,
    person::send,
    stories::registered,
    story,
    world::{PASSWORD, PATIENCE, World},
};

pub async fn exporting_the_data() -> Names {
    story(
        Before::Requested,
        registered,
        async |world| {
            let typed = [("password", PASSWORD)];
            send(world, "/account/export", "/account/export", &typed).await;
            send(world, "/account/export", "/account/export/download", &[]).await;
            assert!(world.anna.page().html.contains("\"history\""));
        },
        async |world, _| {
            let page = world.anna.open("/account/export").await.unwrap();
            assert!(!page.text().contains("Your data are ready"));
        },
    )
    .await
}

/// So many rows belong to Anna's deletion.
fn waiting(world: &World) -> i64 {
    let query = "SELECT count(*) FROM deletion JOIN account ON acc = account WHERE email = ?1";
    let database = world.service.database();
    let found = database.query_row(query, [&world.email], |row| row.get(0));
    found.unwrap()
}

/// Asks for the deletion, up to the link that confirms it.
async fn ask(world: &mut World) -> String {
    let typed = [("password", PASSWORD)];
    send(world, "/account/delete", "/account/delete", &typed).await;
    let email = world.email.clone();
    let link = world.anna.mailed_link(&email, "/account/confirm/").await;
    link.unwrap()
}

/// Opens a link and goes on. When the answer was lost, it is done, and the link is used up.
async fn follow(world: &mut World, link: &str) {
    let done = world.twice(async |anna| {
        anna.open(link).await?;
        anna.submit(link, &[]).await.map(drop)
    });
    assert!(done.await.is_ok() || world.anna.page().status == 404);
}

async fn asked(world: &mut World) {
    registered(world).await;
    let link = ask(world).await;
    follow(world, &link).await;
}

pub async fn asking_for_a_deletion() -> Names {
    story(
        Before::Requested,
        registered,
        async |world| {
            let link = ask(world).await;
            follow(world, &link).await;
        },
        async |world, _| {
            assert_eq!(waiting(world), 1);
            assert!(world.anna.is_signed_in().await.unwrap());
            world.mail("Deletion of the account asked for").await;
        },
    )
    .await
}

pub async fn cancelling_a_deletion() -> Names {
    story(
        Before::Requested,
        asked,
        async |world| {
            let email = world.email.clone();
            let link = world.anna.mailed_link(&email, "/deletion/cancel/").await;
            follow(world, &link.unwrap()).await;
        },
        async |world, _| {
            assert_eq!(waiting(world), 0);
            world.enrol().await.unwrap();
            world.is_whole(0).await;
        },
    )
    .await
}

/// Waits for what the service does by itself, also if it is killed meanwhile.
async fn wait(world: &World, done: impl Fn(&World) -> bool) {
    let end = std::time::Instant::now() + PATIENCE;
    while !done(world) {
        assert!(std::time::Instant::now() < end, "it was not done");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        world.service.up();
    }
}

fn due_in(world: &World, seconds: i64) {
    let sql = "UPDATE deletion SET due_at = unixepoch() + ?1
               WHERE account = (SELECT acc FROM account WHERE email = ?2)";
    let database = world.service.database();
    let changed = database.execute(sql, rusqlite::params![seconds, world.email]);
    assert_eq!(changed.unwrap(), 1);
}

fn reminded(world: &World) -> i64 {
    let query = "SELECT count(*) FROM event JOIN account ON acc = account
                 WHERE email = ?1 AND what = 'deletion-near'";
    let database = world.service.database();
    let found = database.query_row(query, [&world.email], |row| row.get(0));
    found.unwrap()
}

pub async fn reminding_of_a_deletion() -> Names {
    story(
        Before::Itself("RemindOfDeletions"),
        async |world| {
            asked(world).await;
            due_in(world, 3600);
        },
        async |world| wait(world, |world| reminded(world) > 0).await,
        async |world, _| {
            tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
            assert_eq!(reminded(world), 1);
        },
    )
    .await
}

pub async fn deleting_an_account_in_time() -> Names {
    story(
        Before::Itself("BeginDeletion"),
        async |world| {
            world.enrolled().await;
            let due = "INSERT INTO deletion (account, id, asked_at, due_at, reminded)
                       SELECT acc, randomblob(16), created_at, created_at, 1
                       FROM account WHERE email = ?1";
            world
                .service
                .database()
                .execute(due, [&world.email])
                .unwrap();
        },
        async |world| {
            wait(world, |world| {
                // Of the account nothing is left, or it is still whole.
                let database = world.service.database();
                let count =
                    |sql: &str| -> i64 { database.query_row(sql, [], |row| row.get(0)).unwrap() };
                let half = "SELECT count(*) FROM device JOIN account ON acc = account
                            WHERE email LIKE '%deleted.invalid'";
                assert_eq!(count(half), 0);
                count("SELECT count(*) FROM deletion") == 0
            })
            .await;
        },
        async |world, _| {
            let last = world.mail("your account is deleted").await;
            let same = world.mails().into_iter().filter(|mail| *mail == last);
            assert_eq!(same.count(), 1);
            assert!(world.phone.pending(world.account).await.is_err());
            let email = world.email.clone();
            assert!(world.anna.give_password(&email, PASSWORD).await.is_err());
        },
    )
    .await
}
