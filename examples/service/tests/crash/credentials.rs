//! Mailed links, passwords and addresses, while the service is killed.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, SaltString},
};

use countersign_cli::person::Account;

use super::stories::registered;
use super::world::{PASSWORD, World};
use super::{Before, Names, story};

const NEW: &str = "Nine-Otters-9";

/// The form of registration, and the link's message.
async fn ask(world: &mut World) {
    let email = world.email.clone();
    world
        .twice(async |anna| {
            let account = Account {
                first_name: "Anna",
                last_name: "Ozola",
                email: &email,
                password: PASSWORD,
            };
            anna.ask_for_account(&account).await
        })
        .await
        .unwrap();
    world.mail("confirm your e-mail address").await;
}

pub async fn mailing_a_link() -> Names {
    story(
        Before::Itself("TellLink"),
        async |world| world.newcomer(),
        async |world| ask(world).await,
        async |world, _| {
            world.all_mail_left().await;
            let to = format!("To: {}", world.email);
            let mails = world.mails();
            let mailed = mails.iter().filter(|mail| mail.contains(&to)).count();
            // Where the answer was lost too, the person asked again: each link left once.
            let asked = "SELECT count(*) FROM mailed_link WHERE address = ?1";
            let database = world.service.database();
            let asked = database.query_row(asked, [&world.email], |row| row.get::<_, i64>(0));
            assert_eq!(mailed as i64, asked.unwrap());
        },
    )
    .await
}

async fn stop(world: &mut World, password: &str) {
    let email = world.email.clone();
    world
        .twice(async |anna| {
            anna.open("/stop").await?;
            let values = [
                ("email", email.as_str()),
                ("password", password),
                ("word", "STOP"),
            ];
            anna.submit("/stop", &values).await.map(drop)
        })
        .await
        .unwrap();
}

pub async fn using_up_guesses() -> Names {
    story(
        Before::Requested,
        async |world| {
            world.enrolled().await;
            // In a browser of the account's own, STOP takes tries that strangers can't use up.
            if world.anna.is_signed_in().await.unwrap() {
                world.anna.sign_out().await.unwrap();
            }
            stop(world, "Wrong-horse8").await;
            let nineteenth = "UPDATE guess SET wrong = 19 WHERE share = 'stop' AND wrong = 1";
            world.service.database().execute(nineteenth, []).unwrap();
        },
        async |world| stop(world, "Wrong-horse8").await,
        async |world, _| {
            stop(world, PASSWORD).await;
            assert_eq!(world.anna.page().status, 429);
            world
                .mail("the STOP page no longer accepts passwords")
                .await;
            world.is_whole(0).await;
        },
    )
    .await
}

pub async fn changing_the_password() -> Names {
    story(
        Before::Requested,
        registered,
        async |world| {
            let change = async |world: &mut World, old: &str| {
                world.anna.open("/account/password").await?;
                let values = [("old", old), ("password", NEW), ("password_again", NEW)];
                world.anna.submit("/account/password", &values).await?;
                Ok::<_, countersign_cli::person::PersonError>(())
            };
            if change(world, PASSWORD).await.is_err() {
                world.service.up();
                change(world, PASSWORD).await.unwrap();
            }
        },
        async |world, _| {
            world.password = NEW;
            let email = world.email.clone();
            world.anna.give_password(&email, NEW).await.unwrap();
            world.enrol().await.unwrap();
            world.is_whole(0).await;
        },
    )
    .await
}

pub async fn replacing_a_forgotten_password() -> Names {
    story(
        Before::Requested,
        registered,
        async |world| {
            let email = world.email.clone();
            let typed = [("password", NEW), ("password_again", NEW)];
            // A link that was used and whose answer was lost is asked for once more.
            let reset = async |world: &mut World| {
                world.anna.open("/password/forgotten").await?;
                let form = [("email", email.as_str())];
                world.anna.submit("/password/forgotten", &form).await?;
                let link = world
                    .anna
                    .mailed_link(&email, "/password/forgotten/")
                    .await?;
                world.anna.open(&link).await?;
                world.anna.submit(&link, &[]).await?;
                world.anna.submit("/password/new", &typed).await?;
                Ok::<_, countersign_cli::person::PersonError>(())
            };
            if reset(world).await.is_err() {
                world.service.up();
                reset(world).await.unwrap();
            }
            assert_eq!(world.anna.page().path(), "/password/done");
        },
        async |world, _| {
            world.password = NEW;
            let email = world.email.clone();
            world.anna.give_password(&email, NEW).await.unwrap();
            assert_eq!(world.anna.page().path(), "/account");
            // For a week such a password adds no first phone.
            assert!(world.enrol().await.is_err());
        },
    )
    .await
}

/// To another address, and back with the link that went to the old one.
pub async fn changing_the_address() -> Names {
    story(
        Before::Requested,
        registered,
        async |world| {
            let old = world.email.clone();
            let new = format!("new-{old}");
            let change = async |world: &mut World| {
                world.anna.open("/account/email").await?;
                let form = [("email", new.as_str()), ("password", PASSWORD)];
                world.anna.submit("/account/email", &form).await?;
                for (to, below) in [(&old, "/account/confirm/"), (&new, "/account/email/")] {
                    let link = world.anna.mailed_link(to, below).await?;
                    world.anna.open(&link).await?;
                    world.anna.submit(&link, &[]).await?;
                }
                Ok::<_, countersign_cli::person::PersonError>(())
            };
            if change(world).await.is_err() {
                world.service.up();
                // It may be done, and its answer lost.
                let c = world.service.database();
                let query = "SELECT count(*) FROM account WHERE email = ?1";
                let done: i64 = c.query_row(query, [&new], |row| row.get(0)).unwrap();
                if done == 0 {
                    change(world).await.unwrap();
                }
            }
            let undo = world.anna.mailed_link(&old, "/email/undo/").await.unwrap();
            let undone = world
                .twice(async |anna| {
                    anna.open(&undo).await?;
                    anna.submit(&undo, &[]).await.map(drop)
                })
                .await;
            // When the answer was lost, it is done, and the link is used up.
            assert!(undone.is_ok() || world.anna.page().status == 404);
        },
        async |world, _| {
            let email = world.email.clone();
            let c = world.service.database();
            let query = "SELECT guarded FROM account WHERE email = ?1";
            let guarded: bool = c.query_row(query, [email], |row| row.get(0)).unwrap();
            assert!(guarded);
        },
    )
    .await
}

pub async fn renewing_an_old_account() -> Names {
    story(
        Before::Itself("RenewAccounts"),
        async |world| {
            world.enrolled().await;
            // As an older program kept it.
            let salt = SaltString::encode_b64(&[7; 16]).unwrap();
            let hash = Argon2::default().hash_password(PASSWORD.as_bytes(), &salt);
            let old = [hash.unwrap().to_string(), world.email.clone()];
            let sql = "UPDATE account SET password = ?1 WHERE email = ?2";
            assert_eq!(world.service.database().execute(sql, old).unwrap(), 1);
        },
        // It is what a service does when it starts, before it answers.
        async |world| {
            world.service.up();
        },
        async |world, _| {
            let sealed = "SELECT count(*) FROM account WHERE password LIKE '$%'";
            let c = world.service.database();
            let left: i64 = c.query_row(sealed, [], |row| row.get(0)).unwrap();
            assert_eq!(left, 0);
            world.is_whole(0).await;
        },
    )
    .await
}
