//! Password and e-mail address: how they change, who can't change them, and what ends with them.

use countersign_protocol::{challenge::Subject, update::ChangeKind};

use crate::support::{
    Browser, PASSWORD, PIN, Page, Phone, World, approve, begin_sign_in, events, mail, number, sql,
};

const ANNA: &str = "anna@example.eu";
const OTHER: &str = "anna.ozola@elsewhere.example";
const NEW: &str = "Nine-Otters-9";
const NEW_TWICE: [(&str, &str); 2] = [("password", NEW), ("password_again", NEW)];
const DAY: u64 = 24 * 3600;

async fn by_app(browser: &mut Browser, phone: &mut Phone) {
    let page = begin_sign_in(browser, "/sign-in/app").await;
    approve(phone, &page, PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account");
}

async fn stop(browser: &mut Browser, password: &str) -> Page {
    browser.get("/stop").await;
    let fields = [("email", ANNA), ("password", password), ("word", "STOP")];
    browser.post("/stop", &fields).await
}

async fn change_password(browser: &mut Browser, old: &str) -> Page {
    browser.get("/account/password").await;
    let fields = [&[("old", old)], &NEW_TWICE[..]].concat();
    browser.post("/account/password", &fields).await
}

/// Asks for a link, and opens it; the page after its button.
async fn forgot(browser: &mut Browser) -> Page {
    browser.get("/password/forgotten").await;
    let page = browser
        .post("/password/forgotten", &[("email", ANNA)])
        .await;
    assert_eq!(page.status, 200);
    let link = browser.mailed(ANNA, "/password/forgotten/").await;
    assert_eq!(browser.get(&link).await.status, 200);
    browser.post(&link, &[]).await
}

#[tokio::test]
async fn a_leaked_password_is_replaced_with_an_approval_made_for_it_and_ends_what_it_opened() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    by_app(&mut owner, &mut phone).await;
    let mut elsewhere = world.browser();
    elsewhere.email = ANNA.into();
    elsewhere.password(ANNA, PASSWORD).await;
    let page = elsewhere.post("/sign-in/app", &[]).await;
    approve(&mut phone, &page, PIN).await;
    assert_eq!(elsewhere.get(&page.path).await.path, "/account");

    assert_eq!(
        change_password(&mut owner, "Wrong-horse8").await.status,
        401
    );
    let page = change_password(&mut owner, PASSWORD).await;
    assert!(page.path.starts_with("/challenge/"), "{page:?}");
    let asked = phone.inbox(0).await.unwrap();
    assert_eq!(asked.subject, Some(Subject::Account(ANNA.into())));
    // Not before it is approved.
    let mut other = world.browser();
    assert_eq!(other.password(ANNA, NEW).await.status, 401);
    approve(&mut phone, &page, PIN).await;
    assert_eq!(owner.get(&page.path).await.path, "/account");
    assert_eq!(elsewhere.get("/account").await.path, "/sign-in");
    assert_eq!(number(&world, "SELECT count(*) FROM known_browser"), 1);
    assert_eq!(other.password(ANNA, PASSWORD).await.status, 401);
    assert_eq!(other.password(ANNA, NEW).await.path, "/sign-in/method");
    mail(&world, "Password changed").await;
}

#[tokio::test]
async fn a_new_password_opens_every_way_that_guesses_had_closed() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    let mut stranger = world.browser();
    stranger.password(ANNA, "Wrong-horse8").await;
    sql(&world, "UPDATE guess SET wrong = 50");
    assert_eq!(stranger.password(ANNA, PASSWORD).await.status, 429);
    assert_eq!(change_password(&mut owner, PASSWORD).await.path, "/account");
    assert_eq!(stranger.password(ANNA, NEW).await.path, "/account");
    assert_eq!(stranger.password(ANNA, PASSWORD).await.status, 401);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_link_that_works_once_and_by_post_alone() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    let mut anywhere = world.browser();
    assert_eq!(forgot(&mut anywhere).await.path, "/password/new");
    let link = anywhere.mailed(ANNA, "/password/forgotten/").await;
    assert_eq!(owner.get("/account").await.path, "/account");
    let page = anywhere.post("/password/new", &NEW_TWICE).await;
    assert_eq!(page.path, "/password/done");
    assert_eq!(owner.get("/account").await.path, "/sign-in");
    assert_eq!(anywhere.get("/account").await.path, "/sign-in");
    assert_eq!(owner.get(&link).await.status, 404);
    assert_eq!(owner.password(ANNA, PASSWORD).await.status, 401);
    assert_eq!(owner.password(ANNA, NEW).await.path, "/account");
    mail(&world, "new password was set with an e-mailed link").await;
}

#[tokio::test]
async fn a_password_that_a_link_alone_set_presses_no_stop_for_a_week() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    forgot(&mut owner).await;
    owner.post("/password/new", &NEW_TWICE).await;
    assert_eq!(stop(&mut owner, NEW).await.status, 409);
    world.clock.advance(7 * DAY - 60);
    assert_eq!(stop(&mut owner, NEW).await.status, 409);
    world.clock.advance(60);
    assert_eq!(stop(&mut owner, NEW).await.path, "/stop/done");
}

#[tokio::test]
async fn where_a_phone_is_held_the_link_alone_sets_no_password_and_signs_in_nowhere() {
    let world = World::new().await;
    let (_, mut phone) = world.person().await;
    let mut thief = world.browser();
    assert_eq!(forgot(&mut thief).await.path, "/password/new");
    for path in [
        "/sign-in/method",
        "/recovery",
        "/account",
        "/sign-in/device",
    ] {
        assert_eq!(thief.get(path).await.path, "/sign-in", "{path}");
    }
    for path in ["/sign-in/app", "/sign-in/code", "/recovery"] {
        thief.get("/password/new").await;
        assert_eq!(thief.post(path, &[]).await.path, "/sign-in", "{path}");
    }
    assert!(phone.inbox(0).await.is_none());
    thief.get("/password/new").await;
    let page = thief.post("/password/new", &NEW_TWICE).await;
    assert!(page.path.starts_with("/challenge/"), "{page:?}");
    let mut owner = world.browser();
    assert_eq!(owner.password(ANNA, NEW).await.status, 401);
    // The owner is asked for just that, and it sets the password, and signs nobody in.
    let asked = phone.inbox(0).await.unwrap();
    assert_eq!(asked.subject, Some(Subject::Account(ANNA.into())));
    approve(&mut phone, &page, PIN).await;
    assert_eq!(thief.get(&page.path).await.path, "/password/done");
    assert_eq!(thief.get("/account").await.path, "/sign-in");
    assert_eq!(owner.password(ANNA, NEW).await.path, "/sign-in/method");
    // An approval stood behind it, so it may press STOP.
    assert_eq!(stop(&mut owner, NEW).await.path, "/stop/done");
}

#[tokio::test]
async fn while_an_account_is_guarded_or_in_recovery_no_link_replaces_its_password() {
    let world = World::new().await;
    let (mut owner, _phone) = world.person().await;
    let mut bodies = Vec::new();
    for email in [ANNA, "nobody@example.eu"] {
        if email == ANNA {
            stop(&mut owner, PASSWORD).await;
        }
        let mut thief = world.browser();
        thief.get("/password/forgotten").await;
        let fields = [("email", email)];
        let page = thief.post("/password/forgotten", &fields).await;
        bodies.push(page.body.replace(email, ""));
    }
    assert_eq!(bodies[0], bodies[1]);
    let told = mail(&world, "was not replaced").await;
    assert!(!told.contains("/password/forgotten/"), "{told}");
    let links = "SELECT count(*) FROM mailed_link WHERE kind = 'reset'";
    assert_eq!(number(&world, links), 0);
}

#[tokio::test]
async fn mailed_links_end_with_stop_and_with_a_new_password() {
    for by_stop in [true, false] {
        let world = World::new().await;
        let mut owner = world.browser();
        owner.register(ANNA).await;
        let mut thief = world.browser();
        thief.get("/password/forgotten").await;
        thief.post("/password/forgotten", &[("email", ANNA)]).await;
        let link = thief.mailed(ANNA, "/password/forgotten/").await;
        assert_eq!(thief.get(&link).await.status, 200);
        if by_stop {
            assert_eq!(stop(&mut owner, PASSWORD).await.path, "/stop/done");
        } else {
            assert_eq!(change_password(&mut owner, PASSWORD).await.path, "/account");
        }
        assert_eq!(thief.get(&link).await.status, 404);
        thief.get("/sign-in").await;
        assert_eq!(thief.post(&link, &[]).await.status, 404);
    }
}

#[tokio::test]
async fn stop_by_a_mailed_link_takes_the_password_when_strangers_have_closed_the_page() {
    let world = World::new().await;
    let (_, _phone) = world.person().await;
    let mut owner = world.browser();
    stop(&mut owner, "Wrong-horse8").await;
    sql(&world, "UPDATE guess SET wrong = 20");
    assert_eq!(stop(&mut owner, PASSWORD).await.status, 429);
    owner.get("/stop/link").await;
    owner.post("/stop/link", &[("email", ANNA)]).await;
    let link = owner.mailed(ANNA, "/stop/by-link/").await;
    owner.get(&link).await;
    let word = ("word", "STOP");
    for _ in 0..9 {
        let wrong = [("password", "Wrong-horse8"), word];
        assert_eq!(owner.post(&link, &wrong).await.status, 401);
    }
    let page = owner.post(&link, &[("password", PASSWORD), word]).await;
    assert_eq!(page.path, "/stop/done");
    assert_eq!(owner.get(&link).await.status, 404);
}

#[tokio::test]
async fn another_address_is_signed_confirmed_in_the_same_session_and_undone_from_the_old_one() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    owner.get("/account/email").await;
    let page = owner.post("/account/email", &[("email", OTHER)]).await;
    assert!(page.path.starts_with("/challenge/"), "{page:?}");
    let asked = phone.inbox(0).await.unwrap();
    assert_eq!(asked.subject, Some(Subject::Address(OTHER.into())));
    approve(&mut phone, &page, PIN).await;
    assert_eq!(owner.get(&page.path).await.path, "/account/confirm");
    let link = owner.mailed(OTHER, "/account/email/").await;
    // In another browser, also one of the same account, it does nothing.
    let mut other = world.browser();
    other.email = ANNA.into();
    assert_eq!(other.get(&link).await.status, 403);
    assert_eq!(other.post(&link, &[]).await.status, 403);
    let changed = format!("SELECT count(*) FROM account WHERE email = '{OTHER}'");
    assert_eq!(owner.get(&link).await.status, 200);
    assert_eq!(number(&world, &changed), 0);
    assert_eq!(owner.post(&link, &[]).await.path, "/account");
    assert_eq!(number(&world, &changed), 1);

    // The old address can have the account back for 14 days, and nobody else gets it meanwhile.
    let undo = other.mailed(ANNA, "/email/undo/").await;
    let mut stranger = world.browser();
    stranger.ask_for_account("Eve", "Ozola", ANNA).await;
    let kinds = "SELECT count(*) FROM mailed_link WHERE kind = 'taken'";
    assert_eq!(number(&world, kinds), 1);
    world.clock.advance(14 * DAY - 60);
    assert_eq!(other.get(&undo).await.status, 200);
    let page = other.post(&undo, &[]).await;
    assert!(
        page.body.contains("The old address is back"),
        "{}",
        page.body
    );
    assert_eq!(number(&world, &changed), 0);
    assert_eq!(number(&world, "SELECT count(*) FROM session"), 0);
    assert_eq!(number(&world, "SELECT guarded FROM account"), 1);
    let page = other.post(&undo, &[]).await;
    assert!(page.body.contains("This was done already"), "{}", page.body);
    let told = mail(&world, "a change of your e-mail address was undone").await;
    assert!(told.contains(&format!("To: {OTHER}\r\n")), "{told}");
}

#[tokio::test]
async fn an_undone_change_of_address_takes_back_what_was_added_and_set_since() {
    let world = World::new().await;
    // Somebody with the password and, for once, the mailbox moves the account to their own address,
    // adds their phone and sets a password of theirs.
    let mut thief = world.browser();
    thief.register(ANNA).await;
    thief.get("/account/email").await;
    thief
        .post(
            "/account/email",
            &[("email", OTHER), ("password", PASSWORD)],
        )
        .await;
    let link = thief.mailed(ANNA, "/account/confirm/").await;
    thief.get(&link).await;
    thief.post(&link, &[]).await;
    let link = thief.mailed(OTHER, "/account/email/").await;
    thief.get(&link).await;
    assert_eq!(thief.post(&link, &[]).await.path, "/account");
    thief.email = OTHER.into();
    let mut phone = thief.add_phone(&world.clock).await;
    by_app(&mut thief, &mut phone).await;
    let page = change_password(&mut thief, PASSWORD).await;
    approve(&mut phone, &page, PIN).await;
    thief.get(&page.path).await;
    // And a second enrolment waits.
    thief.get("/account/devices").await;
    let page = thief
        .post("/account/devices/add", &[("name", "Later")])
        .await;
    approve(&mut phone, &page, PIN).await;
    thief.get(&page.path).await;

    let mut owner = world.browser();
    let undo = owner.mailed(ANNA, "/email/undo/").await;
    owner.get(&undo).await;
    assert_eq!(owner.post(&undo, &[]).await.status, 200);
    assert_eq!(phone.complete_raw_status().await, 401);
    for left in ["device", "session", "known_browser"] {
        assert_eq!(number(&world, &format!("SELECT count(*) FROM {left}")), 0);
    }
    let open = "SELECT count(*) FROM enrolment WHERE state NOT IN ('done', 'void')";
    assert_eq!(number(&world, open), 0);
    // The owner comes back by the old password, the old address and the wait.
    assert_eq!(owner.password(ANNA, PASSWORD).await.path, "/recovery");
    assert_eq!(owner.post("/recovery", &[]).await.path, "/recovery");
    let told = mail(&world, "recovery of the account began").await;
    assert!(told.contains(&format!("To: {ANNA}\r\n")), "{told}");
}

#[tokio::test]
async fn a_stranger_who_asks_for_links_all_day_keeps_the_owner_from_none() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    let mut stranger = world.browser();
    let stop = "SELECT count(*) FROM mailed_link WHERE kind = 'stop'";
    let reset = "SELECT count(*) FROM mailed_link WHERE kind = 'reset'";
    for half_hours in 1..=30 {
        for _ in 0..3 {
            for page in ["/stop/link", "/password/forgotten"] {
                stranger.get(page).await;
                stranger.post(page, &[("email", ANNA)]).await;
            }
        }
        // There is one that works, and no flood of them.
        assert_eq!(number(&world, stop), half_hours);
        assert_eq!(number(&world, reset), 2 * half_hours);
        world.clock.advance(30 * 60);
    }
}

#[tokio::test]
async fn until_a_change_of_address_is_final_both_addresses_are_told_and_the_old_one_recovers() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    owner.get("/account/email").await;
    let page = owner.post("/account/email", &[("email", OTHER)]).await;
    approve(&mut phone, &page, PIN).await;
    owner.get(&page.path).await;
    let link = owner.mailed(OTHER, "/account/email/").await;
    owner.get(&link).await;
    owner.post(&link, &[]).await;
    let undo = owner.mailed(ANNA, "/email/undo/").await;
    let told = mails(&world, "E-mail address changed").await;
    // The message with the link that undoes it has told the old address.
    assert_eq!(to(&told), [OTHER]);
    world.clock.advance(60);
    let mut thief = world.browser();
    thief.password(OTHER, PASSWORD).await;
    thief.get("/recovery").await;
    thief.post("/recovery", &[]).await;
    let told = mails(&world, "recovery of the account began").await;
    assert_eq!(to(&told), [ANNA, OTHER]);
    for (told, is_old) in told.iter().zip([true, false]) {
        assert!(told.contains("/recovery/cancel/"), "{told}");
        assert_eq!(told.contains("/recovery/finish/"), is_old, "{told}");
        assert_eq!(told.contains(&undo), is_old, "{told}");
    }
    // When it can't be undone any more, the new address is the only one.
    world.clock.advance(14 * 86400);
    phone.change_pin(ChangeKind::Change, PIN, "6304").await;
    let told = mails(&world, "PIN changed").await;
    assert_eq!(to(&told), [OTHER]);
}

/// The messages with these words in their subjects, once there is one and everything has left.
async fn mails(world: &World, subject: &str) -> Vec<String> {
    mail(world, subject).await;
    world.browser().mailed_all().await;
    let mut files: Vec<_> = std::fs::read_dir(world.folder.path().join("outbox"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let texts = files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap());
    let texts = texts.map(|text| text.replace("\r\n ", " "));
    let is_it = |text: &String| {
        let mut lines = text.lines();
        lines.any(|line| line.starts_with("Subject: ") && line.contains(subject))
    };
    texts.filter(is_it).collect()
}

/// To whom these messages went.
fn to(mails: &[String]) -> Vec<&str> {
    let lines = mails.iter().flat_map(|mail| mail.lines());
    lines.filter_map(|line| line.strip_prefix("To: ")).collect()
}

#[tokio::test]
async fn without_a_phone_password_and_a_link_to_the_old_address_come_first() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    owner.get("/account/email").await;
    let fields = [("email", OTHER), ("password", "Wrong-horse8")];
    assert_eq!(owner.post("/account/email", &fields).await.status, 401);
    let fields = [("email", OTHER), ("password", PASSWORD)];
    let page = owner.post("/account/email", &fields).await;
    assert_eq!(page.path, "/account/confirm");
    let to_new = "SELECT count(*) FROM mailed_link WHERE kind = 'new-email'";
    let link = owner.mailed(ANNA, "/account/confirm/").await;
    owner.get(&link).await;
    assert_eq!(number(&world, to_new), 0);
    assert_eq!(owner.post(&link, &[]).await.path, "/account/confirm");
    assert_eq!(number(&world, to_new), 1);
    // The link may be pasted too.
    let link = owner.mailed(OTHER, "/account/email/").await;
    owner.get("/account/confirm").await;
    let whole = format!(" {}{link} ", world.service.origin());
    let page = owner.post("/account/confirm", &[("link", &whole)]).await;
    assert_eq!(page.path, link);
    assert_eq!(owner.post(&link, &[]).await.path, "/account");
    assert_eq!(events(&world, "email-changed"), 1);
}

/// Pre-hijacking: a change of an attacker's account to the victim's address that is only pending.
#[tokio::test]
async fn a_pending_change_to_an_address_neither_keeps_its_owner_out_nor_merges_accounts() {
    let world = World::new().await;
    let mut eve = world.browser();
    eve.register("eve@example.eu").await;
    eve.get("/account/email").await;
    let fields = [("email", ANNA), ("password", PASSWORD)];
    eve.post("/account/email", &fields).await;
    let first = eve.mailed("eve@example.eu", "/account/confirm/").await;
    eve.get(&first).await;
    eve.post(&first, &[]).await;
    let pending = eve.mailed(ANNA, "/account/email/").await;
    // Anna opens what came, in her own browser: nothing happens.
    let mut anna = world.browser();
    assert_eq!(anna.get(&pending).await.status, 403);
    anna.register(ANNA).await;
    assert_eq!(anna.get(&pending).await.status, 403);
    assert_eq!(anna.post(&pending, &[]).await.status, 403);
    // Nor can Eve go on with it, even if she had the link.
    eve.get(&pending).await;
    assert_eq!(eve.post(&pending, &[]).await.status, 409);
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 2);
    let page = world.browser().password(ANNA, PASSWORD).await;
    assert!(page.body.contains(ANNA), "{}", page.body);
}

#[tokio::test]
async fn the_first_phone_takes_the_password_and_a_link_in_the_session_that_asked() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    owner.get("/account/devices").await;
    let add = "/account/devices/add";
    for wrong in [vec![], vec![("password", "Wrong-horse8")]] {
        let fields = [&[("name", "Mine")], &wrong[..]].concat();
        assert_eq!(owner.post(add, &fields).await.status, 401);
    }
    let fields = [("name", "Mine"), ("password", PASSWORD)];
    assert_eq!(owner.post(add, &fields).await.path, "/account/confirm");
    let link = owner.mailed(ANNA, "/account/confirm/").await;
    let enrolments = "SELECT count(*) FROM enrolment";
    // Another session of the same account, such as that of somebody who knows the password.
    let mut thief = world.browser();
    thief.password(ANNA, PASSWORD).await;
    assert_eq!(thief.get(&link).await.status, 403);
    assert_eq!(thief.post(&link, &[]).await.status, 403);
    owner.get(&link).await;
    assert_eq!(number(&world, enrolments), 0);
    let page = owner.post(&link, &[]).await;
    assert!(page.path.starts_with("/account/enrolments/"), "{page:?}");
    assert_eq!(owner.get(&link).await.status, 404);
    assert_eq!(number(&world, enrolments), 1);
}

#[tokio::test]
async fn links_that_were_asked_for_before_there_was_a_phone_end_when_there_is_one() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    let mut thief = world.browser();
    thief.password(ANNA, PASSWORD).await;
    thief.get("/account/email").await;
    let fields = [("email", OTHER), ("password", PASSWORD)];
    thief.post("/account/email", &fields).await;
    let early = owner.mailed(ANNA, "/account/confirm/").await;
    world.clock.advance(60);
    owner.add_phone(&world.clock).await;
    assert_eq!(owner.get(&early).await.status, 404);
    let left = "SELECT count(*) FROM mailed_link WHERE used_at IS NULL";
    assert_eq!(number(&world, left), 0);
    assert_eq!(owner.password(ANNA, PASSWORD).await.path, "/sign-in/method");
}
