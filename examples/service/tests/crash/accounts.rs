//! The service is killed while it carries out an operator's commands, which are typed again; and
//! right after it has answered one, which loses nothing.

use std::{fs, path::Path};

use super::world::{PASSWORD, World};
use super::{Before, Names, story};

const QUIET: (&str, &str) = ("COUNTERSIGN_WRITES", "/dev/null");

/// Types a command, once more if the service was killed. `true`: it was carried out, and not
/// refused because it had been already.
fn command(world: &World, arguments: &[&str]) -> bool {
    let typed = [&["account"], arguments].concat();
    let type_it = || {
        let ended = world
            .service
            .command(&typed, Path::new(&world.email), QUIET);
        ended.code().unwrap()
    };
    match type_it() {
        0 => true,
        // The service ended before it answered.
        1 => {
            world.service.up();
            matches!(type_it(), 0 | 4)
        }
        4 => false,
        code => panic!("{arguments:?} ended with {code}"),
    }
}

fn count(world: &World, query: &str) -> i64 {
    let query = query.replace("{email}", &world.email);
    let database = world.service.database();
    database.query_row(&query, [], |row| row.get(0)).unwrap()
}

/// How many lines of the journal have these words.
fn lines(world: &World, words: &str) -> usize {
    let path = world.folder.path().join("service/service.journal");
    let journal = fs::read_to_string(path).unwrap();
    journal.lines().filter(|line| line.contains(words)).count()
}

/// Wrong codes without PIN lock the account.
fn lock(world: &World) {
    let locked = "UPDATE account SET wrong_plain_codes = 15, unknown_plain_codes = 10,
        wrong_plain_at = 99999999999, unknown_plain_at = 99999999999";
    world.service.database().execute(locked, []).unwrap();
}

pub async fn commands_of_an_operator() -> Names {
    story(
        Before::Requested,
        async |world| world.enrolled().await,
        async |world| {
            let before = lines(world, " administered ");
            for act in ["disable", "enable", "unblock", "reset", "delete"] {
                if act == "unblock" {
                    lock(world);
                }
                assert!(command(world, &[act]), "{act}");
            }
            // One that was killed between the database and the journal may be there twice.
            assert!(lines(world, " administered ") >= before + 5);
        },
        async |world, _| {
            let left = "SELECT count(*) FROM account WHERE email = '{email}'";
            assert_eq!(count(world, left), 0);
        },
    )
    .await
}

/// Messages that were given up are tried again and dropped.
pub async fn commands_about_mail() -> Names {
    story(
        Before::Requested,
        async |world| {
            if world.email.is_empty() {
                world.enrolled().await;
            }
            let c = world.service.database();
            c.execute("DELETE FROM delivery", []).unwrap();
            let dead =
                "INSERT INTO delivery (id, kind, content, created_at, due, gives_up_at, dead_at)
                VALUES (randomblob(16), 'mail', x'', 0, 0, 0, unixepoch())";
            c.execute(dead, []).unwrap();
        },
        async |world| {
            // What opens under no key is given up at once, whenever it is tried.
            for act in ["retry", "drop"] {
                let given_up = "SELECT count(*) FROM delivery WHERE dead_at IS NOT NULL";
                while count(world, given_up) == 0 {
                    world.service.up();
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
                let arguments = ["mail", act, "--all"];
                if world.service.command_alone(&arguments, QUIET).code() == Some(1) {
                    world.service.up();
                    let again = world.service.command_alone(&arguments, QUIET);
                    assert_eq!(again.code(), Some(0), "{act}");
                }
            }
        },
        async |world, _| assert_eq!(count(world, "SELECT count(*) FROM delivery"), 0),
    )
    .await
}

/// The person opens the newest invitation, and chooses a password.
async fn accept(world: &mut World) {
    let email = world.email.clone();
    let link = world
        .anna
        .mailed_link(&email, "/invitation/")
        .await
        .unwrap();
    world
        .twice(async |anna| {
            if anna.open(&link).await?.status == 404 {
                // It was used, and the answer lost.
                return anna.give_password(&email, PASSWORD).await;
            }
            let values = [
                ("password", PASSWORD),
                ("password_again", PASSWORD),
                ("privacy", "yes"),
            ];
            anna.submit(&link, &values).await.map(drop)
        })
        .await
        .unwrap();
}

pub async fn inviting_people() -> Names {
    story(
        Before::Requested,
        async |world| world.newcomer(),
        async |world| {
            assert!(command(world, &["add", "--first-name", "Anna"]));
            accept(world).await;
        },
        async |world, _| {
            let active = "SELECT count(*) FROM account WHERE email = '{email}' AND invited = 0";
            assert_eq!(count(world, active), 1);
            assert!(world.anna.is_signed_in().await.unwrap());
        },
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_right_after_its_answer_to_a_command_has_lost_nothing() {
    let mut world = World::running();
    world.enrolled().await;
    for (arguments, left) in [
        (&["disable"][..], "disabled_at IS NOT NULL"),
        (&["enable"], "disabled_at IS NULL"),
        (&["unblock"], "guarded = 0"),
        (&["reset"], "guarded = 1"),
    ] {
        if arguments == ["unblock"] {
            lock(&world);
        }
        assert!(command(&world, arguments));
        let before = lines(&world, " administered ");
        // Killed and started again at once.
        world.service.start(QUIET);
        let query = format!("SELECT count(*) FROM account WHERE email = '{{email}}' AND {left}");
        assert_eq!(count(&world, &query), 1, "{arguments:?}");
        assert_eq!(lines(&world, " administered "), before, "{arguments:?}");
        world.service.journal_is_whole();
    }
    assert!(command(&world, &["delete"]));
    world.service.start(QUIET);
    assert_eq!(count(&world, "SELECT count(*) FROM account"), 0);
    assert!(command(&world, &["add", "--last-name", "Ozola"]));
    world.service.start(QUIET);
    assert_eq!(
        count(&world, "SELECT count(*) FROM account WHERE invited = 1"),
        1
    );
    let file = world.folder.path().join("staff.csv");
    let rows: String = (0..500)
        .map(|n| format!("a{n}@example.com,A,B,lv\n"))
        .collect();
    fs::write(
        &file,
        format!("email,first_name,last_name,language\n{rows}"),
    )
    .unwrap();
    let imported = world.service.command(&["account", "import"], &file, QUIET);
    assert!(imported.success());
    world.service.start(QUIET);
    assert_eq!(
        count(&world, "SELECT count(*) FROM account WHERE invited = 1"),
        501
    );
    assert_eq!(lines(&world, " invited "), 501);
    world.service.journal_is_whole();
}
