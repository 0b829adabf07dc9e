//! What an operator's reset ends, what its owner is told of it, and the way back of the staff.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::administration::{
    ANNA, BERTA, DAY, STAFF, accept, all_told, invitation, messages, show, staff,
};
use crate::support::{Browser, NEW_PASSWORD, PASSWORD, World, events, mail, number};
use countersign_service::Act;
use std::fs;

/// The password, and a new one.
const FINISH: [(&str, &str); 3] = [
    ("password", PASSWORD),
    ("new_password", STAFF),
    ("new_password_again", STAFF),
];

/// Every message to this address, one after the other.
async fn told(world: &World, email: &str) -> String {
    all_told(world).await;
    let to = format!("To: {email}\r\n");
    let files = fs::read_dir(world.folder.path().join("outbox")).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    texts.filter(|text| text.contains(&to)).collect()
}

/// Invites Berta, whose account lost its devices, and accepts: the link that finishes the recovery.
async fn invited_back(world: &World, browser: &mut Browser, used: &[&str]) -> String {
    world.clock.advance(60);
    world.act(Act::Invite, BERTA).await.unwrap();
    let link = invitation(browser, BERTA, used).await;
    let page = accept(browser, &link, STAFF).await;
    assert_eq!(page.path, "/recovery/begun", "{}", page.body);
    browser.mailed(BERTA, "/recovery/finish/").await
}

#[tokio::test]
async fn a_reset_or_stop_ends_a_recovery_that_was_finished_minutes_ago() {
    // A member of the staff, whose invitation a thief took.
    for by_stop in [false, true] {
        let world = World::new().await;
        let (.., used) = staff(&world).await;
        world.act(Act::Reset, BERTA).await.unwrap();
        let mut thief = world.browser();
        let finish = invited_back(&world, &mut thief, &[&used]).await;
        world.clock.advance(DAY);
        thief.get(&finish).await;
        let form = [("password", STAFF)];
        let page = thief.post(&finish, &form).await;
        assert_eq!(page.path, "/account/devices", "{}", page.body);
        world.clock.advance(60);
        if by_stop {
            let mut berta = world.browser();
            berta.get("/stop").await;
            let stop = [("email", BERTA), ("password", STAFF), ("word", "STOP")];
            assert_eq!(berta.post("/stop", &stop).await.status, 200);
        } else {
            world.act(Act::Reset, BERTA).await.unwrap();
        }
        let mut again = world.browser();
        again.get("/sign-in").await;
        let page = again.post(&finish, &form).await;
        assert_eq!(page.status, 404, "{}", page.body);
        assert_eq!(
            number(&world, "SELECT count(*) FROM session WHERE signed_in = 1"),
            0
        );
    }
    // Whoever registered: a reset while disabled, and being disabled itself.
    for reset in [true, false] {
        let world = World::new().await;
        let (mut owner, _) = world.person().await;
        world.act(Act::Reset, ANNA).await.unwrap();
        let finish = owner.mailed(ANNA, "/recovery/finish/").await;
        world.clock.advance(DAY);
        owner.get(&finish).await;
        assert_eq!(owner.post(&finish, &FINISH).await.path, "/account/devices");
        world.act(Act::Disable, ANNA).await.unwrap();
        if reset {
            world.act(Act::Reset, ANNA).await.unwrap();
        }
        world.act(Act::Enable, ANNA).await.unwrap();
        let mut again = world.browser();
        again.get("/sign-in").await;
        assert_eq!(again.post(&finish, &FINISH).await.status, 404);
    }
}

#[tokio::test]
async fn an_operators_reset_is_one_message_that_says_the_administrator_began_it() {
    let world = World::new().await;
    let (owner, _) = world.person().await;
    all_told(&world).await;
    let before = messages(&world, ANNA);
    world.act(Act::Reset, ANNA).await.unwrap();
    let first = owner.mailed(ANNA, "/recovery/finish/").await;
    assert_eq!(messages(&world, ANNA), before + 1);
    let said = mail(&world, "deleted all devices").await;
    assert!(
        said.contains("Your administrator began a recovery"),
        "{said}"
    );
    assert!(!said.contains("IF YOU DID NOT BEGIN IT"), "{said}");
    assert!(said.contains("/recovery/cancel/") && said.contains(&first));
    // Again: the link of before is dead, and one message says so.
    world.clock.advance(60);
    world.act(Act::Reset, ANNA).await.unwrap();
    all_told(&world).await;
    assert_eq!(messages(&world, ANNA), before + 2);
    assert_eq!(events(&world, "recovery-began"), 2);
    assert_eq!(events(&world, "recovery-cancelled"), 1);
    // A disabled account is not recovered.
    world.clock.advance(60);
    world.act(Act::Disable, ANNA).await.unwrap();
    let said = mail(&world, "disabled the account").await;
    assert!(!said.contains("/recovery/finish/"), "{said}");
    assert!(said.contains("until an administrator enables it"), "{said}");
}

#[tokio::test]
async fn no_text_sends_a_member_of_the_staff_to_begin_a_recovery() {
    let world = World::new().await;
    let (mut berta, _, used) = staff(&world).await;
    world.act(Act::Reset, BERTA).await.unwrap();
    let finish = invited_back(&world, &mut berta, &[&used]).await;
    let page = berta.password(BERTA, STAFF).await;
    assert_eq!(page.path, "/recovery");
    assert!(
        page.body.contains("If you did not open the invitation"),
        "{}",
        page.body
    );
    let cancel = finish.replace("finish", "cancel");
    let cancel = berta
        .mailed(BERTA, cancel.rsplit_once('/').unwrap().0)
        .await;
    let page = berta.get(&cancel).await;
    assert!(
        page.body.contains("Somebody opened the invitation"),
        "{}",
        page.body
    );
    let done = berta.post(&cancel, &[]).await;
    assert!(done.body.contains("a new invitation"), "{}", done.body);
    let all = told(&world, BERTA).await + &page.body + &done.body;
    for wrong in [
        "begin it again",
        "begin a recovery",
        "IF YOU DID NOT BEGIN IT",
        "that works”",
    ] {
        assert!(!all.contains(wrong), "{wrong}: {all}");
    }
    assert!(all.contains("To come back into the account, ask your administrator"));
}

#[tokio::test]
async fn who_was_reset_while_disabled_is_not_promised_devices() {
    let world = World::new().await;
    world.person().await;
    for act in [Act::Disable, Act::Reset, Act::Enable] {
        world.act(act, ANNA).await.unwrap();
    }
    let said = mail(&world, "enabled the account again").await;
    assert!(!said.contains("the devices that you had."), "{said}");
    assert!(said.contains("devices that you had were deleted"), "{said}");
    assert!(said.contains("until it is recovered"), "{said}");
    let world = World::new().await;
    world.person().await;
    for act in [Act::Disable, Act::Enable] {
        world.act(act, ANNA).await.unwrap();
    }
    let said = mail(&world, "enabled the account again").await;
    assert!(said.contains("the devices that you had."), "{said}");
}

#[tokio::test]
async fn the_password_that_an_invitation_sets_is_in_history_log_and_mail() {
    let world = World::new().await;
    let (mut berta, _, used) = staff(&world).await;
    world.act(Act::Reset, BERTA).await.unwrap();
    all_told(&world).await;
    let before = messages(&world, BERTA);
    invited_back(&world, &mut berta, &[&used]).await;
    let said = told(&world, BERTA).await;
    let first = "A new password was set with the administrator’s invitation.";
    assert!(said.contains(first), "{said}");
    assert!(said.contains("IF THAT WAS NOT YOU"), "{said}");
    all_told(&world).await;
    // The invitation, and that it was used.
    assert_eq!(messages(&world, BERTA), before + 2);
    let shown = show(&world, BERTA).await;
    let what: Vec<_> = shown.events.iter().map(|event| &*event.what).collect();
    assert!(what.contains(&"password-by-invitation"), "{what:?}");
    let log = fs::read_to_string(world.folder.path().join("security.log")).unwrap();
    assert!(log.contains("\"what\":\"password-by-invitation\""), "{log}");
}

#[tokio::test]
async fn an_invitation_back_says_that_it_is_one() {
    let world = World::new().await;
    let (berta, _, used) = staff(&world).await;
    let first = mail(&world, "your account").await;
    assert!(first.contains("You are invited to your account"), "{first}");
    world.act(Act::Reset, BERTA).await.unwrap();
    world.clock.advance(60);
    world.act(Act::Invite, BERTA).await.unwrap();
    invitation(&berta, BERTA, &[&used]).await;
    let back = mail(&world, "back into your account").await;
    for part in [
        "Your administrator Ilze (",
        "helps you back",
        "24 hours pass",
    ] {
        assert!(back.contains(part), "{part}: {back}");
    }
    assert!(!back.contains("You are invited"), "{back}");
}

#[tokio::test]
async fn an_invitation_that_is_over_names_the_administrator() {
    let world = World::new().await;
    let (.., used) = staff(&world).await;
    let page = world.browser().get(&used).await;
    assert_eq!(page.status, 404);
    assert!(
        page.body.contains("Ask your administrator for a new one"),
        "{}",
        page.body
    );
    for wrong in ["30 minutes", "Begin again"] {
        assert!(!page.body.contains(wrong), "{wrong}: {}", page.body);
    }
}

#[tokio::test]
async fn a_confirmation_that_is_sent_twice_says_that_it_was_done() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.ask_for_account("Anna", "Ozola", ANNA).await;
    let link = browser.mailed(ANNA, "/register/").await;
    browser.get(&link).await;
    assert_eq!(
        browser.post(&link, &NEW_PASSWORD).await.path,
        "/register/done"
    );
    let page = browser.post(&link, &NEW_PASSWORD).await;
    assert!(page.body.contains("This was done already"), "{}", page.body);
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 1);
    // Minutes later it is a link like any other that is over, and so is one that made nothing.
    world.clock.advance(10 * 60);
    let page = browser.post(&link, &NEW_PASSWORD).await;
    assert_eq!(page.status, 404);
}
