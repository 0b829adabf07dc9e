//! What people and phones do with the service while it is killed.

use std::fs;
use std::future::Future;
use std::pin::Pin as Pinned;

use countersign::{ClaimError, Source};

use super::accounts::*;
use super::connect::*;
use super::credentials::*;
use super::deletion::*;
use super::exchange::*;
use super::life::*;
use super::person::*;
use super::relying::*;
use super::restore::restoring_a_backup;
use super::sign_in::*;
use super::sweep::*;
use super::world::{PASSWORD, PIN, WRONG_PIN, World, pin};
use super::{Before, Names, story};

const NEW_PASSWORD: &str = "Nine-Otters-9";

type Story = fn() -> Pinned<Box<dyn Future<Output = Names>>>;

macro_rules! stories {
    ($($name:ident,)*) => { pub const ALL: &[Story] = &[$(|| Box::pin($name()),)*]; };
}

stories! {
    the_first_start,
    registering,
    enrolling,
    enrolling_with_the_pin_chosen_on_the_page,
    wrong_pins_at_an_enrolment,
    signing_in_by_app,
    a_wrong_pin,
    declining,
    cancelling_a_request,
    signing_in_by_code,
    wrong_codes,
    a_phone_that_is_ahead,
    a_transfer,
    signing_in_on_the_phone,
    signing_out,
    a_session_that_is_used,
    changing_the_persons_data,
    ending_sessions,
    exporting_the_data,
    asking_for_a_deletion,
    cancelling_a_deletion,
    reminding_of_a_deletion,
    deleting_an_account_in_time,
    entering_a_service,
    telling_a_service_of_a_sign_out,
    entering_a_service_of_openid_connect,
    renaming_a_device,
    removing_a_device,
    removing_the_device_on_the_phone,
    changing_the_pin,
    turning_biometrics_on_and_off,
    telling_where_push_messages_go,
    forgetting_a_push_address,
    deleting_every_device,
    beginning_a_recovery,
    cancelling_a_recovery,
    finishing_a_recovery,
    drafting_a_message,
    naming_a_message,
    telling_of_an_event,
    leasing_a_message,
    noting_that_a_message_was_sent,
    ending_the_leases_of_a_service_that_was_killed,
    dropping_what_has_expired,
    restoring_a_backup,
    exchanging_the_key_file,
    commands_of_an_operator,
    commands_about_mail,
    inviting_people,
    replacing_all_keys_after_a_theft,
    mailing_a_link,
    using_up_guesses,
    changing_the_password,
    replacing_a_forgotten_password,
    changing_the_address,
    renewing_an_old_account,
}

async fn the_first_start() -> Names {
    let list = tempfile::NamedTempFile::new().unwrap();
    let world = World::empty();
    world
        .service
        .start(("COUNTERSIGN_WRITES", list.path().to_str().unwrap()));
    let names = fs::read_to_string(list.path()).unwrap();
    let names: Vec<&str> = names.lines().filter(|name| *name != "Sweep").collect();
    for (at, name) in names.iter().enumerate() {
        let time = 1 + names[..at].iter().filter(|other| *other == name).count();
        let mut world = World::empty();
        world
            .service
            .start(("COUNTERSIGN_KILL_BEFORE", &format!("{name}:{time}")));
        assert!(world.service.up(), "{name}");
        world.enrolled().await;
        world.is_whole(0).await;
    }
    names.into_iter().map(str::to_owned).collect()
}

async fn registering() -> Names {
    story(
        Before::Requested,
        async |world| world.newcomer(),
        async |world| {
            if world.register().await.is_err() {
                world.service.up();
                // Either it is there already, or it can be made now.
                if world.begin_sign_in().await.is_err() {
                    world.register().await.unwrap();
                }
            }
        },
        async |world, _| {
            world.enrol().await.unwrap();
            world.is_whole(0).await;
        },
    )
    .await
}

pub async fn registered(world: &mut World) {
    world.newcomer();
    world.register().await.unwrap();
}

async fn enrolling() -> Names {
    story(
        Before::Requested,
        registered,
        async |world| world.enrol().await.unwrap(),
        async |world, _| world.is_whole(0).await,
    )
    .await
}

/// Adds a device whose PIN is chosen on the page, and gives the code that the page draws.
async fn choose_pin(world: &mut World) -> String {
    world
        .twice(async |anna| anna.add_device_with_script("My phone").await)
        .await
        .unwrap();
    match world.anna.choose_pin(&pin(PIN)).await {
        Ok(code) => code,
        Err(_) => {
            world.service.up();
            world.anna.choose_pin(&pin(PIN)).await.unwrap()
        }
    }
}

async fn enrolling_with_the_pin_chosen_on_the_page() -> Names {
    story(
        Before::Requested,
        registered,
        async |world| {
            let code = choose_pin(world).await;
            let offer = world.phone.begin_enrolment(&code, Source::Camera).await;
            let claimed = world
                .phone
                .claim_with_browser_pin(&offer.unwrap(), pin(PIN))
                .await
                .unwrap();
            world.account = claimed.account.number;
            world.phone.complete_enrolment(world.account).await.unwrap();
        },
        async |world, _| world.is_whole(0).await,
    )
    .await
}

async fn wrong_pins_at_an_enrolment() -> Names {
    story(
        Before::Requested,
        registered,
        async |world| {
            let code = choose_pin(world).await;
            let offer = world.phone.begin_enrolment(&code, Source::Camera).await;
            let offer = offer.unwrap();
            for left in [2, 1, 0] {
                let claimed = world.phone.claim_with_browser_pin(&offer, pin(WRONG_PIN));
                let Err(ClaimError::WrongPin { tries_left }) = claimed.await else {
                    panic!("{left} left")
                };
                assert_eq!(tries_left, left);
            }
            let fourth = world.phone.claim_with_browser_pin(&offer, pin(PIN)).await;
            assert!(matches!(fourth, Err(ClaimError::Refused)));
        },
        async |world, _| {
            world.enrol().await.unwrap();
            world.is_whole(0).await;
        },
    )
    .await
}

pub async fn enrolled(world: &mut World) {
    if world.email.is_empty() {
        world.enrolled().await;
    }
}

async fn renaming_a_device() -> Names {
    story(
        Before::Requested,
        async |world| {
            world.enrolled().await;
            world.sign_in_by_app().await;
            world.anna.open("/account/devices").await.unwrap();
        },
        async |world| {
            let dev = world.anna.devices().remove(0);
            world
                .twice(async |anna| {
                    anna.open("/account/devices").await?;
                    let named = [("dev", dev.as_str()), ("name", "Renamed phone")];
                    anna.submit("/account/devices/rename", &named)
                        .await
                        .map(drop)
                })
                .await
                .unwrap();
        },
        async |world, _| {
            let page = world.anna.open("/account/devices").await.unwrap();
            assert!(page.text().contains("Renamed phone"));
        },
    )
    .await
}

async fn removing_a_device() -> Names {
    story(
        Before::Requested,
        async |world| {
            world.enrolled().await;
            world.sign_in_by_app().await;
        },
        async |world| {
            for _ in 0..2 {
                world.anna.open("/account/devices").await.unwrap();
                let Some(dev) = world.anna.devices().pop() else {
                    return;
                };
                world
                    .twice(async |anna| {
                        anna.open("/account/devices").await?;
                        anna.submit("/account/devices/remove", &[("dev", dev.as_str())])
                            .await
                            .map(drop)
                    })
                    .await
                    .unwrap();
                let number = world.anna.number().unwrap();
                let request = world.request().await;
                world
                    .phone
                    .approve(request.id, None, Some(number), pin(PIN).into())
                    .await
                    .unwrap();
                world.page_goes_on().await.unwrap();
            }
        },
        async |world, _| {
            world.anna.open("/account/devices").await.unwrap();
            assert!(world.anna.devices().is_empty());
            assert!(world.phone.pending(world.account).await.is_err());
        },
    )
    .await
}

async fn deleting_every_device() -> Names {
    story(
        Before::Requested,
        async |world| world.enrolled().await,
        async |world| {
            let email = world.email.clone();
            world
                .twice(async |anna| {
                    anna.open("/stop").await?;
                    let typed = [
                        ("email", email.as_str()),
                        ("password", PASSWORD),
                        ("word", "STOP"),
                    ];
                    anna.submit("/stop", &typed).await.map(drop)
                })
                .await
                .unwrap();
        },
        async |world, _| {
            assert_eq!(world.anna.page().path(), "/stop/done");
            assert!(!world.anna.is_signed_in().await.unwrap());
            assert!(world.phone.pending(world.account).await.is_err());
            world.mail("recovery").await;
        },
    )
    .await
}

/// Gives the password, and says that no factor is left.
async fn begin_recovery(world: &mut World) {
    world.begin_sign_in().await.unwrap();
    world
        .twice(async |anna| {
            anna.open("/recovery").await?;
            anna.submit("/recovery", &[]).await.map(drop)
        })
        .await
        .unwrap();
}

async fn beginning_a_recovery() -> Names {
    story(
        Before::Requested,
        async |world| world.enrolled().await,
        begin_recovery,
        async |world, _| {
            world.anna.open("/recovery").await.unwrap();
            assert!(world.anna.page().by_id("ripe").is_some());
            let mail = world.mail("recovery").await;
            world.link(&mail, "finish");
        },
    )
    .await
}

/// A recovery under way, whose link is on the person's screen.
async fn recovering(world: &mut World, action: &str) {
    world.enrolled().await;
    begin_recovery(world).await;
    let mail = world.mail("recovery").await;
    world
        .service
        .database()
        .execute("UPDATE recovery SET ripe_at = began_at", [])
        .unwrap();
    let link = world.link(&mail, action);
    world.anna.open(&link).await.unwrap();
}

async fn cancelling_a_recovery() -> Names {
    story(
        Before::Requested,
        async |world| recovering(world, "cancel").await,
        async |world| {
            let action = world.anna.page().path().to_owned();
            world
                .twice(async |anna| anna.submit(&action, &[]).await.map(drop))
                .await
                .unwrap();
        },
        async |world, _| world.is_whole(0).await,
    )
    .await
}

async fn finishing_a_recovery() -> Names {
    story(
        Before::Requested,
        async |world| recovering(world, "finish").await,
        async |world| {
            let action = world.anna.page().path().to_owned();
            world
                .twice(async |anna| {
                    let typed = [
                        ("password", PASSWORD),
                        ("new_password", NEW_PASSWORD),
                        ("new_password_again", NEW_PASSWORD),
                    ];
                    anna.submit(&action, &typed).await.map(drop)
                })
                .await
                .unwrap();
        },
        async |world, _| {
            // The day of waiting was not in vain: a new phone can be added now.
            assert_eq!(world.anna.page().path(), "/account/devices");
            world.password = NEW_PASSWORD;
            let account = world.account;
            world.phone.remove(account).await.unwrap();
            world.enrol().await.unwrap();
            world.is_whole(0).await;
        },
    )
    .await
}

/// A device was added, and the service is killed where it tells the person.
async fn a_message(before: &'static str) -> Names {
    story(
        Before::Itself(before),
        async |world| {
            registered(world).await;
            world.begin_enrolment().await.unwrap();
        },
        async |world| {
            world.finish_enrolment().await.unwrap();
            world.mail("phone").await;
            world.all_mail_left().await;
        },
        async |world, _| {
            world.mail("phone").await;
            world.all_mail_left().await;
            // Once: a message that is sent again takes its own place.
            let to = format!("To: {}", world.email);
            let mails = world.mails();
            let told = |mail: &&String| mail.contains(&to) && mail.contains("My phone");
            assert_eq!(mails.iter().filter(told).count(), 1);
        },
    )
    .await
}

async fn drafting_a_message() -> Names {
    a_message("MessageDraft").await
}

async fn naming_a_message() -> Names {
    a_message("MessageName").await
}

async fn noting_that_a_message_was_sent() -> Names {
    a_message("DeliveryTried").await
}

async fn telling_of_an_event() -> Names {
    a_message("TellEvents").await
}

async fn leasing_a_message() -> Names {
    a_message("LeaseDelivery").await
}

async fn ending_the_leases_of_a_service_that_was_killed() -> Names {
    story(
        Before::Itself("EndLeases"),
        async |world| {
            let c = world.service.database();
            c.execute("DELETE FROM delivery", []).unwrap();
            registered(world).await;
            world.all_mail_left().await;
            // As it was carried, of a time that never comes.
            let leased = "INSERT INTO delivery
                  (id, kind, content, created_at, due, gives_up_at, lease, lease_until)
                VALUES (randomblob(16), 'mail', x'', 0, 1 << 40, 1 << 40, zeroblob(16), 1 << 40)";
            c.execute(leased, []).unwrap();
        },
        // It is what a service does when it starts, before it answers.
        async |world| {
            world.service.up();
        },
        async |world, _| {
            let c = world.service.database();
            let leased = "SELECT count(*) FROM delivery WHERE lease IS NOT NULL OR lease_until > 0";
            let left: i64 = c.query_row(leased, [], |row| row.get(0)).unwrap();
            assert_eq!(left, 0);
        },
    )
    .await
}
