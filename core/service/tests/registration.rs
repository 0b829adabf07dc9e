//! Registration by confirmed e-mail, and what is known to go wrong before an address is confirmed.

use std::fs;

use crate::support::{Browser, NEW_PASSWORD, PASSWORD, World, mail, number};

const EVE: &str = "evil.example.eu";
const ANNA: &str = "anna@example.eu";

/// Fills in the form of registration; the page after it.
async fn ask(browser: &mut Browser, first: &str, email: &str) -> (u16, String) {
    browser.get("/register").await;
    let fields = [
        ("first_name", first),
        ("last_name", "Ozola"),
        ("email", email),
        ("privacy", "yes"),
    ];
    let page = browser.post("/register", &fields).await;
    (page.status, page.body.replace(&browser.csrf, ""))
}

fn messages(world: &World) -> Vec<String> {
    let files = fs::read_dir(world.folder.path().join("outbox"));
    let files = files.into_iter().flatten();
    files
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

#[tokio::test]
async fn an_account_exists_only_once_its_address_is_confirmed_by_post_and_once() {
    let world = World::new().await;
    let mut anna = world.browser();
    assert_eq!(ask(&mut anna, "Anna", ANNA).await.0, 200);
    let accounts = || number(&world, "SELECT count(*) FROM account");
    let link = anna.mailed(ANNA, "/register/").await;
    for _ in 0..3 {
        assert_eq!(anna.get(&link).await.status, 200);
    }
    assert_eq!(accounts(), 0);
    assert_eq!(anna.get("/account").await.path, "/sign-in");
    // In another browser: a message is read where it is read.
    let mut phone = world.browser();
    phone.get(&link).await;
    let bad = [("password", PASSWORD), ("password_again", "another")];
    assert_eq!(phone.post(&link, &bad).await.status, 400);
    assert_eq!(phone.post(&link, &NEW_PASSWORD).await.path, "/account");
    assert_eq!(accounts(), 1);
    assert_eq!(anna.get("/account").await.path, "/sign-in");
    assert_eq!(phone.get(&link).await.status, 404);
    assert_eq!(phone.post(&link, &NEW_PASSWORD).await.status, 404);
    assert_eq!(accounts(), 1);
}

#[tokio::test]
async fn nothing_that_a_stranger_types_goes_to_an_address_and_the_answer_tells_nothing() {
    let world = World::new().await;
    let mut taken = world.browser();
    taken.register("taken@example.eu").await;
    let mut eve = world.browser();
    let mut answers = Vec::new();
    for email in ["taken@example.eu", ANNA] {
        let (status, body) = ask(&mut eve, EVE, email).await;
        answers.push((status, body.replace(email, "")));
    }
    assert_eq!(answers[0], answers[1]);
    mail(&world, "you have an account").await;
    eve.mailed(ANNA, "/register/").await;
    for message in messages(&world) {
        assert!(!message.contains("evil"), "{message}");
    }
}

#[tokio::test]
async fn messages_to_an_unconfirmed_address_are_few_and_stop_sends_it_none() {
    let world = World::new().await;
    let mut eve = world.browser();
    for _ in 0..20 {
        assert_eq!(ask(&mut eve, EVE, ANNA).await.0, 200);
        eve.get("/stop").await;
        let fields = [("email", ANNA), ("password", PASSWORD), ("word", "STOP")];
        assert_eq!(eve.post("/stop", &fields).await.status, 401);
        let guesses = rusqlite::Connection::open(world.folder.path().join("service.db"));
        guesses.unwrap().execute("DELETE FROM guess", []).unwrap();
    }
    eve.mailed(ANNA, "/register/").await;
    let count = || number(&world, "SELECT count(*) FROM mailed_link");
    assert_eq!(count(), 3);
    for _ in 0..30 {
        world.clock.advance(3601);
        ask(&mut eve, EVE, ANNA).await;
    }
    let day = "SELECT max(n) FROM (SELECT (SELECT count(*) FROM mailed_link b
         WHERE b.created_at > a.created_at - 86400 AND b.created_at <= a.created_at) AS n FROM mailed_link a)";
    assert_eq!(number(&world, day), 10);
}

#[tokio::test]
async fn one_who_has_an_account_is_told_rarely_that_somebody_asks_for_one() {
    let world = World::new().await;
    world.browser().register(ANNA).await;
    let mut eve = world.browser();
    for _ in 0..5 {
        world.clock.advance(3601);
        assert_eq!(ask(&mut eve, EVE, ANNA).await.0, 200);
    }
    let told = "SELECT count(*) FROM mailed_link WHERE kind = 'taken'";
    assert_eq!(number(&world, told), 1);
}

/// Pre-hijacking: the attacker's own link, or an older one, must not lead into the account that the
/// owner of the address made later.
#[tokio::test]
async fn a_link_to_an_address_that_was_registered_meanwhile_does_nothing() {
    let world = World::new().await;
    let mut first = world.browser();
    ask(&mut first, "Eve", ANNA).await;
    let early = first.mailed(ANNA, "/register/").await;
    world.clock.advance(60);
    let mut anna = world.browser();
    anna.register(ANNA).await;
    assert_eq!(first.get(&early).await.status, 404);
    first.get("/register").await;
    assert_eq!(first.post(&early, &NEW_PASSWORD).await.status, 404);
    assert_eq!(first.get("/account").await.path, "/sign-in");
    let name = "SELECT count(*) FROM account WHERE first_name = 'Anna'";
    assert_eq!(number(&world, name), 1);
}

#[tokio::test]
async fn an_expired_or_invented_link_does_nothing() {
    let world = World::new().await;
    let mut anna = world.browser();
    ask(&mut anna, "Anna", ANNA).await;
    let link = anna.mailed(ANNA, "/register/").await;
    let mut other = link.clone();
    let last = if other.pop() == Some('0') { '1' } else { '0' };
    other.push(last);
    assert_eq!(anna.get(&other).await.status, 404);
    world.clock.advance(30 * 60);
    assert_eq!(anna.get(&link).await.status, 404);
    anna.get("/register").await;
    assert_eq!(anna.post(&link, &NEW_PASSWORD).await.status, 404);
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 0);
}

#[tokio::test]
async fn a_guessable_password_is_refused_with_its_reason_and_the_link_still_works() {
    let world = World::new().await;
    let mut anna = world.browser();
    ask(&mut anna, "Anna", "ozola.anna@example.eu").await;
    let link = anna.mailed("ozola.anna@example.eu", "/register/").await;
    anna.get(&link).await;
    for (weak, why) in [
        ("Ozola-Anna1", "from your name"),
        ("Password1!", "many people use"),
    ] {
        let fields = [("password", weak), ("password_again", weak)];
        let page = anna.post(&link, &fields).await;
        assert_eq!(page.status, 400);
        assert!(page.body.contains(why), "{}", page.body);
    }
    assert_eq!(anna.post(&link, &NEW_PASSWORD).await.path, "/account");
}
