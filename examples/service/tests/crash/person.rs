//! A person's data are changed, and browsers signed out, while the service is killed.

use super::{Before, Names, stories::registered, story, world::World};

/// Opens a page and sends one of its forms.
pub async fn send(world: &mut World, page: &str, to: &str, fields: &[(&str, &str)]) {
    world
        .twice(async |anna| {
            anna.open(page).await?;
            anna.submit(to, fields).await.map(drop)
        })
        .await
        .unwrap();
}

pub async fn changing_the_persons_data() -> Names {
    story(
        Before::Requested,
        registered,
        async |world| {
            let page = "/account/person";
            let name = [("first_name", "Ānna"), ("last_name", "")];
            send(world, page, page, &name).await;
            send(
                world,
                page,
                "/account/person/language",
                &[("language", "lv")],
            )
            .await;
        },
        async |world, _| {
            let email = world.email.clone();
            let c = world.service.database();
            let query = "SELECT first_name || last_name || language FROM account WHERE email = ?1";
            let kept: String = c.query_row(query, [email], |row| row.get(0)).unwrap();
            assert_eq!(kept, "Ānnalv");
        },
    )
    .await
}

pub async fn ending_sessions() -> Names {
    story(
        Before::Requested,
        async |world| {
            registered(world).await;
            // Two other browsers.
            world
                .service
                .database()
                .execute(
                    "INSERT INTO session (hash, id, account, signed_in, created_at, used_at, expires_at)
                     SELECT randomblob(32), randomblob(16), account, 1, created_at, used_at + x, expires_at
                     FROM session, (SELECT 60 AS x UNION SELECT 120)
                     WHERE account = (SELECT acc FROM account WHERE email = ?1)",
                    [&world.email],
                )
                .unwrap();
        },
        async |world| {
            let id: String = world
                .service
                .database()
                .query_row(
                    "SELECT lower(hex(session.id)) FROM session JOIN account ON acc = account
                     WHERE email = ?1 ORDER BY used_at DESC LIMIT 1",
                    [&world.email],
                    |row| row.get(0),
                )
                .unwrap();
            let page = "/account/sessions";
            send(world, page, "/account/sessions/end", &[("id", &id)]).await;
            send(world, page, "/account/sessions/end-others", &[]).await;
        },
        async |world, _| {
            let query = "SELECT count(*) FROM session JOIN account ON acc = account WHERE email = ?1";
            let c = world.service.database();
            let left: i64 = c.query_row(query, [&world.email], |row| row.get(0)).unwrap();
            assert_eq!(left, 1);
            assert!(world.anna.is_signed_in().await.unwrap());
        },
    )
    .await
}
