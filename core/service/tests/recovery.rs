//! Panic and recovery: what a thief with the password gains by them (nothing), and how the owner
//! comes back.

#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{Browser, PASSWORD, PIN, Page, World, approve, mail, number};
use countersign_protocol::{answer::Decision, reply::ResultCode};
use countersign_service::Clock;

/// The present password and a new one, as they finish a recovery.
const FINISH: [(&str, &str); 3] = [
    ("password", PASSWORD),
    ("new_password", NEW),
    ("new_password_again", NEW),
];
/// With a wrong password.
const WRONG: [(&str, &str); 3] = [
    ("password", "Wrong-horse8"),
    ("new_password", NEW),
    ("new_password_again", NEW),
];
const NEW: &str = "Nine-Otters-9";

const ANNA: &str = "anna@example.eu";
const DAY: u64 = 24 * 3600;

async fn stop(browser: &mut Browser, password: &str, word: &str) -> Page {
    browser.get("/stop").await;
    let fields = [("email", ANNA), ("password", password), ("word", word)];
    browser.post("/stop", &fields).await
}

/// The path of a link in a message.
fn link(world: &World, mail: &str, action: &str) -> String {
    let start = format!("{}/recovery/{action}/", world.service.origin());
    let line = mail.lines().find(|line| line.starts_with(&start));
    line.unwrap()
        .strip_prefix(world.service.origin())
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn b18_panic_ends_every_session_and_deletes_every_factor_without_asking_for_one() {
    let world = World::new().await;
    let (mut owner, phone) = world.person().await;
    let page = owner.get("/stop").await;
    let warning = page.body.find("can’t be undone").unwrap();
    assert!(
        warning < page.body.find("name=\"password\"").unwrap(),
        "the warning comes first"
    );
    let mut other = world.browser();
    assert_eq!(stop(&mut other, PASSWORD, "go").await.status, 400);
    assert_eq!(owner.get("/account").await.path, "/account");
    let page = stop(&mut other, PASSWORD, " stop ").await;
    assert_eq!(page.path, "/stop/done");
    assert_eq!(owner.get("/account").await.path, "/sign-in");
    assert_eq!(phone.complete_raw_status().await, 401);
    let text = mail(&world, "all devices deleted").await;
    assert!(
        text.contains("To: anna@example.eu") && text.contains("/recovery/cancel/"),
        "{text}"
    );
}

#[tokio::test]
async fn a_thief_with_the_password_gains_nothing_by_panic() {
    let world = World::new().await;
    let (_, _phone) = world.person().await;
    let mut thief = world.browser();
    stop(&mut thief, PASSWORD, "STOP").await;
    let message = mail(&world, "recovery of the account began").await;
    let (finish, cancel) = (
        link(&world, &message, "finish"),
        link(&world, &message, "cancel"),
    );

    // Until the day is over nothing but the recovery's own page is reached, also after it was
    // "begun" again.
    for _ in 0..2 {
        let page = thief.password(ANNA, PASSWORD).await;
        assert_eq!(page.path, "/recovery");
        assert!(
            !page.body.contains("/recovery/finish/"),
            "the link comes by message alone"
        );
        for path in [
            "/account",
            "/account/devices",
            "/account/transactions/other",
        ] {
            assert_eq!(thief.get(path).await.path, "/sign-in", "{path}");
        }
        thief.get("/recovery").await;
        let added = thief
            .post("/account/devices/add", &[("name", "Mine")])
            .await;
        assert_eq!(added.path, "/sign-in");
        thief.get("/recovery").await;
        assert_eq!(thief.post("/recovery", &[]).await.path, "/recovery");
    }
    world.clock.advance(DAY - 60);
    let early = thief.get(&finish).await;
    assert!(!early.body.contains("name=\"password\""), "{}", early.body);
    thief.get("/stop").await;
    assert_eq!(thief.post(&finish, &FINISH).await.status, 409);

    // The owner's link: opening it asks, the button cancels.
    let mut owner = world.browser();
    assert!(
        owner
            .get(&cancel)
            .await
            .body
            .contains("Somebody who knows the password")
    );
    world.clock.advance(1);
    assert_eq!(owner.get(&cancel).await.status, 200);
    assert!(owner.post(&cancel, &[]).await.body.contains("is cancelled"));
    mail(&world, "recovery was cancelled").await;
    world.clock.advance(2 * DAY);
    assert_eq!(thief.get(&finish).await.status, 404);
    thief.get("/stop").await;
    assert_eq!(thief.post(&finish, &FINISH).await.status, 404);
    // The password alone still adds nothing: it leads to another recovery, with another day and
    // another message.
    assert_eq!(thief.password(ANNA, PASSWORD).await.path, "/recovery");
    assert_eq!(thief.get("/account/devices").await.path, "/sign-in");
}

#[tokio::test]
async fn after_24_hours_password_and_link_let_the_owner_add_a_phone_and_nobody_else() {
    let world = World::new().await;
    let (mut owner, _) = world.person().await;
    stop(&mut owner, PASSWORD, "STOP").await;
    let message = mail(&world, "recovery of the account began").await;
    let finish = link(&world, &message, "finish");
    // A link with one other digit is nobody's, and one action's link does nothing of the other's.
    let digit = if finish.ends_with('0') { '1' } else { '0' };
    let forged = format!("{}{digit}", &finish[..finish.len() - 1]);
    assert_eq!(owner.get(&forged).await.status, 404);
    assert_eq!(
        owner.get(&finish.replace("finish", "cancel")).await.status,
        404
    );
    world.clock.advance(DAY);
    owner.get(&finish).await;
    assert_eq!(owner.post(&finish, &WRONG).await.status, 401);
    let page = owner.post(&finish, &FINISH).await;
    assert_eq!(page.path, "/account/devices");
    // It is used up, and who has only the password is still not let in.
    assert_eq!(owner.get(&finish).await.status, 404);
    let mut thief = world.browser();
    assert_eq!(thief.password(ANNA, PASSWORD).await.status, 401);
    assert_eq!(thief.password(ANNA, NEW).await.path, "/recovery");
    assert_eq!(thief.get("/account/devices").await.path, "/sign-in");
    let mut phone = owner.add_phone(&world.clock).await;
    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    assert_eq!(owner.password(ANNA, NEW).await.path, "/sign-in/method");
    let page = owner.post("/sign-in/app", &[]).await;
    let challenge = phone.inbox(0).await.unwrap();
    phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(owner.get(&page.path).await.path, "/account");
    mail(&world, "account was recovered").await;
}

#[tokio::test]
async fn who_lost_the_answer_finishes_a_recovery_again_until_there_is_a_new_phone() {
    let world = World::new().await;
    let (mut owner, _) = world.person().await;
    stop(&mut owner, PASSWORD, "STOP").await;
    let message = mail(&world, "recovery of the account began").await;
    let finish = link(&world, &message, "finish");
    world.clock.advance(DAY);
    owner.get(&finish).await;
    let mut lost = owner.clone();
    let mut late = owner.clone();
    let typed = FINISH;
    assert_eq!(lost.post(&finish, &typed).await.path, "/account/devices");
    // The browser without the answer has its old cookie, and the form on its screen.
    let other = "Six-Herons-66";
    let wrong = [
        ("password", PASSWORD),
        ("new_password", other),
        ("new_password_again", other),
    ];
    assert_eq!(owner.post(&finish, &wrong).await.status, 401);
    assert_eq!(owner.post(&finish, &typed).await.path, "/account/devices");
    owner.add_phone(&world.clock).await;
    assert_eq!(late.post(&finish, &typed).await.status, 409);
    world.clock.advance(600);
    assert_eq!(late.post(&finish, &typed).await.status, 409);
    let done = crate::support::events(&world, "recovery-done");
    assert_eq!(done, 1);
}

#[tokio::test]
async fn an_account_with_only_a_blocked_device_is_recovered() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    owner.password(ANNA, PASSWORD).await;
    let page = owner.post("/sign-in/app", &[]).await;
    let challenge = phone.inbox(0).await.unwrap();
    for _ in 0..5 {
        phone
            .decide(&challenge, Decision::Approve, Some(page.number()), "9374")
            .await;
    }
    mail(&world, "Device blocked").await;
    let page = owner.password(ANNA, PASSWORD).await;
    assert!(page.body.contains("I have no device left that works"));
    owner.get("/recovery").await;
    owner.post("/recovery", &[]).await;
    let finish = link(
        &world,
        &mail(&world, "recovery of the account began").await,
        "finish",
    );
    world.clock.advance(DAY);
    owner.get(&finish).await;
    assert_eq!(owner.post(&finish, &FINISH).await.path, "/account/devices");
    assert_eq!(
        phone.complete_raw_status().await,
        401,
        "older devices are gone"
    );
    owner.add_phone(&world.clock).await;
}

#[tokio::test]
async fn a_phone_hears_when_a_recovery_that_is_under_way_can_be_finished() {
    let world = World::new().await;
    let (_owner, mut phone) = world.person().await;
    assert_eq!(phone.status().await.recovery_ends_at, None);
    let mut thief = world.browser();
    thief.password(ANNA, PASSWORD).await;
    thief.get("/recovery").await;
    thief.post("/recovery", &[]).await;
    let ends = world.clock.now() + DAY;
    assert_eq!(phone.status().await.recovery_ends_at, Some(ends));
    // Later too, when nobody has finished it yet.
    world.clock.advance(DAY + 1);
    assert_eq!(phone.status().await.recovery_ends_at, Some(ends));
    let mut owner = world.browser();
    owner.password(ANNA, PASSWORD).await;
    let page = owner.post("/sign-in/app", &[]).await;
    approve(&mut phone, &page, PIN).await;
    assert_eq!(phone.status().await.recovery_ends_at, None);
}

#[tokio::test]
async fn an_approval_with_the_pin_cancels_a_recovery_and_factors_do_not_change_meanwhile() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    // Signed in with a code, in a browser that stays open.
    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    owner.password(ANNA, PASSWORD).await;
    let page = owner.post("/sign-in/code", &[]).await;
    let scanned = owner.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&scanned, &[], PIN);
    owner
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    let dev = owner
        .get("/account/devices")
        .await
        .between("name=\"dev\" value=\"", "\"")
        .to_owned();

    let mut thief = world.browser();
    thief.password(ANNA, PASSWORD).await;
    thief.get("/recovery").await;
    thief.post("/recovery", &[]).await;
    let message = mail(&world, "recovery of the account began").await;
    let finish = link(&world, &message, "finish");

    // Meanwhile nothing changes: the phone is not even asked, so that no approval is spent in vain.
    owner.get("/account/devices").await;
    let page = owner
        .post("/account/devices/remove", &[("dev", &dev)])
        .await;
    assert_eq!(page.status, 409);
    assert!(page.body.contains("A recovery of the account is under way"));
    assert!(phone.inbox(0).await.is_none());

    let mut second = world.browser();
    second.password(ANNA, PASSWORD).await;
    let page = second.post("/sign-in/app", &[]).await;
    let challenge = phone.inbox(0).await.unwrap();
    let declined = phone.decide(&challenge, Decision::Decline, None, PIN).await;
    assert_eq!(declined.result, ResultCode::Done);
    assert_ne!(second.get(&page.path).await.path, "/account");
    assert_eq!(
        thief.get(&finish).await.status,
        200,
        "a decline cancels nothing"
    );

    let mut third = world.browser();
    third.password(ANNA, PASSWORD).await;
    let page = third.post("/sign-in/app", &[]).await;
    let challenge = phone.inbox(0).await.unwrap();
    let wrong = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), "9374")
        .await;
    assert_eq!(wrong.result, ResultCode::WrongPin);
    assert_eq!(
        thief.get(&finish).await.status,
        200,
        "a wrong PIN cancels nothing"
    );
    phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(third.get(&page.path).await.path, "/account");
    assert_eq!(thief.get(&finish).await.status, 404);
    mail(&world, "recovery was cancelled").await;
    world.clock.advance(DAY);
    thief.get("/stop").await;
    assert_eq!(thief.post(&finish, &FINISH).await.status, 404);
    assert_eq!(
        phone.complete_raw_status().await,
        200,
        "the device is still there"
    );
}

#[tokio::test]
async fn a_wrong_word_on_the_stop_page_costs_no_guess() {
    let world = World::new().await;
    let (_, _phone) = world.person().await;
    let mut thief = world.browser();
    for _ in 0..8 {
        assert_eq!(stop(&mut thief, "Wrong-horse8", "no").await.status, 400);
    }
    assert_eq!(number(&world, "SELECT count(*) FROM guess"), 0);
}

#[tokio::test]
async fn recovery_messages_are_few_and_a_setting_says_how_long_to_wait() {
    let world = World::new().await;
    let (mut owner, _) = world.person().await;
    stop(&mut owner, PASSWORD, "STOP").await;
    owner.password(ANNA, PASSWORD).await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        owner.get("/recovery").await;
        statuses.push(owner.post("/recovery", &[]).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 429]);
    let folder = tempfile::tempdir().unwrap();
    for hours in [0, 721] {
        let refused = countersign_service::Embedded::start(countersign_service::Config {
            recovery_hours: hours,
            ..countersign_service::Config::embedded(folder.path())
        })
        .await;
        assert!(refused.err().unwrap().to_string().contains("1 to 720"));
    }
}
