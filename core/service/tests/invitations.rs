//! Accounts that an administrator adds and invites, and the way back of the staff.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::administration::{
    ANNA, BERTA, DAY, HOUR, STAFF, accept, act, invitation, messages, person, refused, show, staff,
};
use crate::support::{NEW_PASSWORD, PASSWORD, Page, World, begin_sign_in, mail, number};
use countersign_protocol::query::Query;
use countersign_service::{Act, Answer, Refused};
use std::time::{Duration, Instant};

#[tokio::test]
async fn b21_a_person_who_was_added_accepts_the_invitation_and_is_signed_in() {
    let world = World::new().await;
    let added = world.command(person(BERTA)).await.unwrap();
    assert!(matches!(
        added,
        Answer::Added {
            accounts: 1,
            seconds: 0
        }
    ));
    let shown = show(&world, BERTA).await;
    assert_eq!((&*shown.row.state, &*shown.row.kind), ("invited", "staff"));
    let mut browser = world.browser();
    let link = browser.mailed(BERTA, "/invitation/").await;
    // A mail scanner looks at it, more than once and in another browser.
    for _ in 0..2 {
        let page = world.browser().get(&link).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(BERTA) && page.body.contains("Berta Liepa"));
    }
    assert_eq!(show(&world, BERTA).await.row.state, "invited");
    browser.get(&link).await;
    let page = browser.post(&link, &NEW_PASSWORD).await;
    assert_eq!(page.status, 400, "without the privacy statement");
    let page = browser
        .post(
            &link,
            &[
                ("password", "short"),
                ("password_again", "short"),
                ("privacy", "yes"),
            ],
        )
        .await;
    assert_eq!(page.status, 400);
    let page = accept(&mut browser, &link, PASSWORD).await;
    assert_eq!(
        (page.status, &*page.path),
        (200, "/account"),
        "{}",
        page.body
    );
    assert_eq!(show(&world, BERTA).await.row.state, "active");
    let mut other = world.browser();
    assert_eq!(other.get(&link).await.status, 404, "it works once");
    other.get("/sign-in").await;
    assert_eq!(other.post(&link, &NEW_PASSWORD).await.status, 404);
    let page = other.password(BERTA, PASSWORD).await;
    assert_eq!((page.status, &*page.path), (200, "/account"));
    let history = browser.get("/account/history").await.body;
    assert!(history.contains("added the account"), "{history}");
}

#[tokio::test]
async fn an_invitation_ends_with_the_next_one_and_after_seven_days() {
    let world = World::new().await;
    world.command(person(BERTA)).await.unwrap();
    let mut browser = world.browser();
    let first = browser.mailed(BERTA, "/invitation/").await;
    world.clock.advance(60);
    world.act(Act::Invite, BERTA).await.unwrap();
    let second = invitation(&browser, BERTA, &[&first]).await;
    assert_eq!(browser.get(&first).await.status, 404);
    assert_eq!(browser.get(&second).await.status, 200);
    world.clock.advance(7 * DAY);
    assert_eq!(browser.get(&second).await.status, 404);
    assert_eq!(show(&world, BERTA).await.invited_until, None);
    world.act(Act::Invite, BERTA).await.unwrap();
    assert!(show(&world, BERTA).await.invited_until.is_some());
    world.act(Act::Delete, BERTA).await.unwrap();
    let invited = refused(&world, act(Act::Invite, BERTA)).await;
    assert_eq!(invited, Refused::None(BERTA.to_owned()));
}

#[tokio::test]
async fn a_stranger_can_not_tell_an_invited_address_from_one_without_an_account() {
    let world = World::new().await;
    world.command(person(BERTA)).await.unwrap();
    world.browser().mailed(BERTA, "/invitation/").await;
    let nobody = "nobody@example.eu";
    let mut pages = Vec::new();
    for email in [BERTA, nobody] {
        let mut seen = Vec::new();
        let mut keep = |page: Page| {
            seen.push((page.status, page.path, page.body.replace(email, "")));
        };
        let mut other = world.browser();
        keep(other.password(email, PASSWORD).await);
        other.get("/password/forgotten").await;
        keep(other.post("/password/forgotten", &[("email", email)]).await);
        other.get("/stop/link").await;
        keep(other.post("/stop/link", &[("email", email)]).await);
        other.get("/stop").await;
        let stop = [("email", email), ("password", PASSWORD), ("word", "STOP")];
        keep(other.post("/stop", &stop).await);
        let asked = other.ask_for_account("Berta", "Liepa", email).await;
        // What was asked for is sealed in the page's address.
        let (path, state) = asked.path.rsplit_once('/').unwrap();
        keep(Page {
            body: asked.body.replace(state, ""),
            path: path.to_owned(),
            status: asked.status,
            headers: asked.headers.clone(),
        });
        let csrf = other.csrf.clone();
        for page in &mut seen {
            page.2 = page.2.replace(&csrf, "");
        }
        pages.push(seen);
    }
    let berta = pages.remove(0);
    assert_eq!(
        berta.iter().map(|page| page.0).collect::<Vec<_>>(),
        [401, 200, 200, 401, 200]
    );
    for (invited, nobody) in berta.iter().zip(pages.remove(0)) {
        assert_eq!(*invited, nobody);
    }
    // The mailbox alone learns of it.
    mail(&world, "you are invited").await;
    assert_eq!(
        messages(&world, BERTA),
        2,
        "the invitation, and that there is one"
    );
}

#[tokio::test]
async fn a_reset_deletes_what_stop_deletes_and_the_owner_comes_back_by_the_recovery() {
    let world = World::new().await;
    let (mut owner, phone) = world.person().await;
    begin_sign_in(&mut owner, "/sign-in/method").await;
    // A phone that waits hears of it at once.
    let waiting = Instant::now();
    let (body, _) = phone.query(Query::Inbox {
        last: 0,
        wait: 60,
        known: None,
    });
    let told = phone.try_post_raw("/api/v1/inbox", body);
    let reset = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.act(Act::Reset, ANNA).await.unwrap();
    };
    let (_, ()) = tokio::join!(told, reset);
    assert!(waiting.elapsed() < Duration::from_secs(20));
    assert_eq!(phone.complete_raw_status().await, 401, "the phone is told");
    assert_eq!(owner.get("/account").await.path, "/sign-in");
    assert_eq!(number(&world, "SELECT count(*) FROM device"), 0);
    assert_eq!(number(&world, "SELECT guarded FROM account"), 1);
    let text = mail(&world, "deleted all devices").await;
    assert!(text.contains("tell the service’s help desk"), "{text}");
    assert_eq!(number(&world, "SELECT count(*) FROM recovery"), 1);
    // The password alone adds nothing.
    assert_eq!(owner.password(ANNA, PASSWORD).await.path, "/recovery");
    let finish = owner.mailed(ANNA, "/recovery/finish/").await;
    let fields = [
        ("password", PASSWORD),
        ("new_password", STAFF),
        ("new_password_again", STAFF),
    ];
    owner.get(&finish).await;
    assert_eq!(owner.post(&finish, &fields).await.status, 409, "too early");
    world.clock.advance(DAY);
    owner.get(&finish).await;
    let page = owner.post(&finish, &fields).await;
    assert_eq!(
        (page.status, &*page.path),
        (200, "/account/devices"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn a_member_of_the_staff_comes_back_by_an_invitation_and_the_waiting_time() {
    let world = World::new().await;
    let (mut berta, phone, used) = staff(&world).await;
    let in_use = refused(&world, act(Act::Invite, BERTA)).await;
    assert_eq!(in_use, Refused::InUse(BERTA.to_owned()));
    world.act(Act::Reset, BERTA).await.unwrap();
    assert_eq!(phone.complete_raw_status().await, 401);
    assert_eq!(number(&world, "SELECT count(*) FROM recovery"), 0);
    let page = berta.password(BERTA, PASSWORD).await;
    assert_eq!(page.path, "/recovery");
    assert!(
        page.body
            .contains("ask your administrator for an invitation"),
        "{}",
        page.body
    );
    berta.get("/stop").await;
    assert_eq!(berta.post("/recovery", &[]).await.status, 409);
    world.clock.advance(60);
    world.act(Act::Invite, BERTA).await.unwrap();
    let first = invitation(&berta, BERTA, &[&used]).await;
    let page = accept(&mut berta, &first, STAFF).await;
    assert_eq!(
        (page.status, &*page.path),
        (200, "/recovery/begun"),
        "{}",
        page.body
    );
    assert_eq!(berta.get(&first).await.status, 404);
    assert_eq!(
        berta.get("/account").await.path,
        "/sign-in",
        "nobody is signed in"
    );
    let finish = berta.mailed(BERTA, "/recovery/finish/").await;
    assert!(!berta.get(&finish).await.body.contains("new_password"));
    assert_eq!(
        berta.post(&finish, &[("password", STAFF)]).await.status,
        409
    );
    world.clock.advance(DAY);
    let page = berta.get(&finish).await;
    assert!(page.body.contains("current-password") && !page.body.contains("new_password"));
    assert_eq!(
        berta.post(&finish, &[("password", PASSWORD)]).await.status,
        401
    );
    let page = berta.post(&finish, &[("password", STAFF)]).await;
    assert_eq!(
        (page.status, &*page.path),
        (200, "/account/devices"),
        "{}",
        page.body
    );
    // The session may add a phone for an hour.
    let page = berta
        .post("/account/devices/add", &[("name", "New phone")])
        .await;
    assert!(
        page.path.starts_with("/account/enrolments/"),
        "{}",
        page.path
    );
    world.clock.advance(HOUR);
}

#[tokio::test]
async fn whoever_took_an_invitation_from_the_mailbox_is_stopped_in_the_waiting_time() {
    let world = World::new().await;
    let (.., used) = staff(&world).await;
    world.act(Act::Reset, BERTA).await.unwrap();
    world.clock.advance(60);
    world.act(Act::Invite, BERTA).await.unwrap();
    let mut thief = world.browser();
    let link = invitation(&thief, BERTA, &[&used]).await;
    assert_eq!(
        accept(&mut thief, &link, STAFF).await.path,
        "/recovery/begun"
    );
    let finish = thief.mailed(BERTA, "/recovery/finish/").await;
    world.clock.advance(12 * HOUR);
    assert!(show(&world, BERTA).await.recovery_at.is_some());
    // Berta finds her link used, and calls.
    world.act(Act::Reset, BERTA).await.unwrap();
    world.clock.advance(DAY);
    assert_eq!(thief.get(&finish).await.status, 404);
    assert_eq!(
        thief.post(&finish, &[("password", STAFF)]).await.status,
        404
    );
    assert_eq!(thief.password(BERTA, STAFF).await.path, "/recovery");
    thief.get("/stop").await;
    assert_eq!(thief.post("/recovery", &[]).await.status, 409);
    // A disabled account stops it too.
    world.act(Act::Invite, BERTA).await.unwrap();
    world.act(Act::Disable, BERTA).await.unwrap();
    let disabled = refused(&world, act(Act::Invite, BERTA)).await;
    assert_eq!(disabled, Refused::Disabled(BERTA.to_owned()));
}

#[tokio::test]
async fn after_stop_a_member_of_the_staff_is_sent_to_the_administrator() {
    let world = World::new().await;
    let (mut berta, ..) = staff(&world).await;
    berta.get("/stop").await;
    let fields = [("email", BERTA), ("password", PASSWORD), ("word", "STOP")];
    let page = berta.post("/stop", &fields).await;
    assert!(
        page.body
            .contains("ask your administrator for an invitation"),
        "{}",
        page.body
    );
    assert_eq!(number(&world, "SELECT count(*) FROM recovery"), 0);
    world.act(Act::Invite, BERTA).await.unwrap();
    assert!(show(&world, BERTA).await.invited_until.is_some());
}
