//! Signing in and signing transfers while the service is killed.

use countersign::{ApproveError, Refusal, Scanned, Source, TypedValue};
use countersign_cli::person::Transfer;

use super::stories::enrolled;
use super::world::{Ended, PIN, WRONG_PIN, pin, scanned};
use super::{Before, Names, story};

pub async fn signing_in_by_app() -> Names {
    story(
        Before::Requested,
        enrolled,
        async |world| world.sign_in_by_app().await,
        async |world, _| world.is_whole(0).await,
    )
    .await
}

pub async fn a_wrong_pin() -> Names {
    story(
        Before::Requested,
        async |world| world.enrolled().await,
        async |world| {
            // Whatever is lost on the way, it counts once.
            let answer = world.ask_app(WRONG_PIN).await;
            let Err(Ended::Phone(ApproveError::Refused(Refusal::WrongPin {
                tries_left,
                tries_left_in_epoch,
            }))) = answer
            else {
                panic!("{answer:?}")
            };
            assert_eq!((tries_left, tries_left_in_epoch), (4, 14));
        },
        async |world, _| world.is_whole(1).await,
    )
    .await
}

pub async fn declining() -> Names {
    story(
        Before::Requested,
        async |world| {
            enrolled(world).await;
            world.begin_sign_in().await.unwrap();
            world.anna.ask_app().await.unwrap();
        },
        async |world| {
            let request = world.request().await;
            world.phone.decline(request.id, None, false).await.unwrap();
            world.page_goes_on().await.unwrap();
            assert!(!world.anna.is_signed_in().await.unwrap());
        },
        async |world, _| world.is_whole(0).await,
    )
    .await
}

pub async fn cancelling_a_request() -> Names {
    story(
        Before::Requested,
        async |world| {
            enrolled(world).await;
            world.begin_sign_in().await.unwrap();
            world.anna.ask_app().await.unwrap();
            world.request().await;
        },
        async |world| {
            let page = world.anna.page().path().to_owned();
            let cancel = format!("{page}/cancel");
            world
                .twice(async |anna| {
                    anna.open(&page).await?;
                    anna.submit(&cancel, &[]).await.map(drop)
                })
                .await
                .unwrap();
        },
        async |world, _| {
            assert_eq!(world.anna.page().path(), "/sign-in/method");
            assert!(world.phone.pending(world.account).await.unwrap().is_empty());
            world.is_whole(0).await;
        },
    )
    .await
}

pub async fn signing_in_by_code() -> Names {
    story(
        Before::Requested,
        async |world| world.enrolled().await,
        async |world| world.sign_in_by_code().await,
        async |world, _| world.is_whole(0).await,
    )
    .await
}

pub async fn wrong_codes() -> Names {
    story(
        Before::Requested,
        async |world| {
            world.enrolled().await;
            world.ask_code().await.unwrap();
        },
        async |world| {
            world.type_code("0000-0000").await.unwrap();
        },
        async |world, name| {
            // One that was being looked at counts, so that three are looked at, and no more.
            let more = if name == "FinishCode" { 1 } else { 2 };
            for left in (0..more).rev() {
                let page = world.anna.type_code("0000-0000").await.unwrap();
                let ended = page.by_id("code").is_none() && !page.html.contains("name=\"code\"");
                assert_eq!(ended, left == 0, "{name}: {}", page.text());
            }
            world.is_whole(0).await;
        },
    )
    .await
}

pub async fn a_phone_that_is_ahead() -> Names {
    story(
        Before::Requested,
        async |world| {
            world.enrolled().await;
            // The code is made and never typed: its page is left, and closed.
            world.ask_code().await.unwrap();
            world.begin_sign_in().await.unwrap();
        },
        async |world| {
            if world.phone.pending(world.account).await.is_err() {
                world.phone.pending(world.account).await.unwrap();
            }
        },
        async |world, _| world.is_whole(0).await,
    )
    .await
}

const TRANSFER: Transfer<'_> = Transfer {
    iban: "LV80BANK0000435195001",
    name: "Jānis Kalniņš",
    amount: "12.50",
    reference: "Invoice",
};

pub async fn a_transfer() -> Names {
    story(
        Before::Requested,
        async |world| world.enrolled().await,
        async |world| {
            world
                .twice(async |anna| anna.begin_transfer(&TRANSFER).await)
                .await
                .unwrap();
            let text = scanned(&world.anna.qr_png().await.unwrap());
            let Scanned::Transaction(form) = world.phone.scan(&text, Source::Camera).await.unwrap()
            else {
                panic!("no transaction")
            };
            let values = TRANSFER.fields().map(|(id, value)| TypedValue {
                id: id.into(),
                value: value.into(),
            });
            let signed = world.phone.sign(form.id, &values, pin(PIN).into()).await;
            world.type_code(&signed.unwrap().code).await.unwrap();
            let page = world.anna.page();
            assert!(
                page.path().starts_with("/account/transactions/done/"),
                "{}",
                page.text()
            );
        },
        async |world, _| {
            let transfers: i64 = world
                .service
                .database()
                .query_row(
                    "SELECT count(*) FROM signed_transaction JOIN account ON acc = account WHERE email = ?1",
                    [&world.email],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(transfers, 1);
            world.is_whole(0).await;
        },
    )
    .await
}

pub async fn signing_in_on_the_phone() -> Names {
    story(
        Before::Requested,
        async |world| {
            enrolled(world).await;
            if world.anna.is_signed_in().await.unwrap() {
                world.anna.sign_out().await.unwrap();
            }
        },
        async |world| {
            for _ in 0..2 {
                world
                    .twice(async |anna| anna.begin_on_mobile().await.map(drop))
                    .await
                    .unwrap();
                let link = world.anna.qr_link().await.unwrap();
                let Scanned::OnMobile(request) =
                    world.phone.scan(&link, Source::VerifiedLink).await.unwrap()
                else {
                    panic!("not on mobile")
                };
                let approved = world
                    .phone
                    .approve(request.id, Some(world.account), None, pin(PIN).into())
                    .await
                    .unwrap();
                let back = approved.open.unwrap();
                world
                    .twice(async |anna| anna.come_back(&back).await.map(drop))
                    .await
                    .unwrap();
                if world.anna.is_signed_in().await.unwrap() {
                    return;
                }
            }
            panic!("not signed in: {}", world.anna.page().text());
        },
        async |world, _| world.is_whole(0).await,
    )
    .await
}

pub async fn signing_out() -> Names {
    story(
        Before::Requested,
        async |world| {
            enrolled(world).await;
            world.sign_in_by_app().await;
        },
        async |world| {
            world
                .twice(async |anna| anna.sign_out().await)
                .await
                .unwrap();
        },
        async |world, _| {
            assert!(!world.anna.is_signed_in().await.unwrap());
            world.is_whole(0).await;
        },
    )
    .await
}

pub async fn a_session_that_is_used() -> Names {
    story(
        Before::Requested,
        async |world| {
            enrolled(world).await;
            world.sign_in_by_app().await;
            let earlier = "UPDATE session SET used_at = used_at - 100";
            world.service.database().execute(earlier, []).unwrap();
        },
        async |world| {
            world
                .twice(async |anna| anna.open("/account").await.map(drop))
                .await
                .unwrap();
        },
        async |world, _| {
            assert!(world.anna.is_signed_in().await.unwrap());
            world.is_whole(0).await;
        },
    )
    .await
}
