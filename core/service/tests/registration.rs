//! Registration by confirmed e-mail, and what is known to go wrong before an address is confirmed.

use std::fs;

use crate::support::{Browser, NEW_PASSWORD, PASSWORD, World, events, mail, number, registration};

const EVE: &str = "Eve Evilexample";
const ANNA: &str = "anna@example.eu";

/// Fills in the form of registration; the status and text of the page after it, without what is
/// another for each browser and request.
async fn ask(browser: &mut Browser, first: &str, email: &str) -> (u16, String) {
    let page = browser.ask_for_account(first, "Ozola", email).await;
    let text = page.read().replace(&browser.csrf, "");
    (page.status, text.replace(&page.path, ""))
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
    assert_eq!(
        phone.post(&link, &NEW_PASSWORD).await.path,
        "/register/done"
    );
    assert_eq!(accounts(), 1);
    assert_eq!(anna.get("/account").await.path, "/sign-in");
    assert_eq!(phone.get(&link).await.path, "/account");
    assert_eq!(anna.get(&link).await.status, 404);
    let page = phone.post(&link, &NEW_PASSWORD).await;
    assert!(page.body.contains("This was done already"), "{}", page.body);
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
    assert_eq!(answers[0].0, 200);
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
    assert_eq!(anna.post(&link, &NEW_PASSWORD).await.path, "/register/done");
}

/// The clock aside, both cases must do the same: as many rows, the same texts, also when the owner
/// was told already.
#[tokio::test]
async fn each_request_leaves_the_same_traces_whether_or_not_the_address_has_an_account() {
    let world = World::new().await;
    world.browser().register("taken@example.eu").await;
    world.clock.advance(86_400);
    let mut eve = world.browser();
    let count = |email: &str| {
        let rows = format!("SELECT count(*) FROM mailed_link WHERE address = '{email}'");
        number(&world, &rows)
    };
    let before = [count("taken@example.eu"), count(ANNA)];
    for asked in 1..=5 {
        let mut answers = Vec::new();
        for (email, before) in ["taken@example.eu", ANNA].into_iter().zip(before) {
            let (status, body) = ask(&mut eve, "Eve", email).await;
            answers.push((status, body.replace(email, ""), count(email) - before));
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[0].2, asked.min(3));
    }
    let told = "SELECT count(*) FROM mailed_link WHERE kind = 'taken'";
    assert_eq!(number(&world, told), 1);
}

#[tokio::test]
async fn the_message_is_sent_again_within_the_limits_and_the_page_says_the_same_each_time() {
    let world = World::new().await;
    world.browser().register("taken@example.eu").await;
    let mut pages = Vec::new();
    for email in ["taken@example.eu", ANNA] {
        let mut browser = world.browser();
        let page = browser.ask_for_account("Anna", "Ozola", email).await;
        let path = page.path.clone();
        assert!(path.starts_with("/register/sent/"), "{path}");
        for _ in 0..4 {
            let again = browser.post(&format!("{path}/again"), &[]).await;
            assert_eq!((again.status, &again.path), (200, &format!("{path}/again")));
            let text = again.read().replace(&browser.csrf, "").replace(&path, "");
            pages.push(text.replace(email, ""));
        }
        // Nobody else goes on from this page, and it has its end.
        let mut other = world.browser();
        assert_eq!(other.get(&path).await.status, 404);
        other.get("/register").await;
        assert_eq!(other.post(&format!("{path}/again"), &[]).await.status, 404);
    }
    pages.dedup();
    assert_eq!(pages.len(), 1);
    let links = format!("SELECT count(*) FROM mailed_link WHERE address = '{ANNA}'");
    assert_eq!(number(&world, &links), 3);
}

#[tokio::test]
async fn b2_the_link_is_pasted_and_another_text_is_refused_with_what_to_do() {
    let world = World::new().await;
    let mut anna = world.browser();
    let page = anna.ask_for_account("Anna", "", ANNA).await;
    let link = anna.mailed(ANNA, "/register/").await;
    let waits = page.path.clone();
    for bad in ["", "https://example.eu/", "/register/00"] {
        let page = anna.post(&waits, &[("link", bad)]).await;
        assert_eq!(page.status, 400);
        assert!(page.body.contains("Copy the whole link"), "{}", page.body);
    }
    let pasted = format!(" {}{link} ", anna.origin);
    let page = anna.post(&waits, &[("link", &pasted)]).await;
    assert_eq!((page.status, &page.path), (200, &link));
    let field = page.between("<input id=\"email\"", ">");
    assert!(field.contains("readonly") && field.contains("autocomplete=\"username\""));
    let done = anna.post(&link, &NEW_PASSWORD).await;
    assert_eq!(done.path, "/register/done");
    assert!(
        done.read()
            .contains("<a class=\"button\" href=\"/account\">")
    );
    assert_eq!(events(&world, "account-created"), 1);
    // Used, it says what to do, here and where it was asked for.
    let pasted = anna.post(&waits, &[("link", &pasted)]).await;
    for over in [pasted, world.browser().get(&link).await] {
        assert!(over.status == 404 && over.read().contains("href=\"/sign-in\""));
    }
    assert_eq!(anna.get(&link).await.path, "/account");
}

#[tokio::test]
async fn the_name_can_be_put_right_when_the_address_is_confirmed_and_errors_name_their_fields() {
    let world = World::new().await;
    let mut anna = world.browser();
    anna.ask_for_account("Eve", "was here", ANNA).await;
    let link = anna.mailed(ANNA, "/register/").await;
    anna.get(&link).await;
    let mut fields = vec![
        ("first_name", "علی\u{200c}رضا"),
        ("last_name", "<b>"),
        ("password", "short"),
        ("password_again", "other"),
    ];
    let page = anna.post(&link, &fields).await;
    assert_eq!(page.status, 400);
    for error in ["last_name-error", "password-error", "password_again-error"] {
        assert!(page.body.contains(&format!("id=\"{error}\"")), "{error}");
    }
    assert!(!page.body.contains("id=\"first_name-error\""));
    fields[1].1 = "";
    fields[2].1 = PASSWORD;
    fields[3].1 = PASSWORD;
    assert_eq!(anna.post(&link, &fields).await.path, "/register/done");
    let page = anna.get("/account").await;
    assert!(
        page.body.contains("<bdi>علی\u{200c}رضا</bdi>"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn the_address_is_typed_twice_and_what_was_typed_stays() {
    let world = World::new().await;
    let mut anna = world.browser();
    let page = anna.get("/register").await;
    let check = page.hidden("check").to_owned();
    let mut fields = registration("Anna", "Ozola", ANNA).to_vec();
    fields.push(("check", &check));
    fields[3].1 = "ana@example.eu";
    let page = anna.post("/register", &fields).await;
    assert_eq!(page.status, 400);
    assert!(
        page.body.contains("id=\"email_again-error\""),
        "{}",
        page.body
    );
    for typed in ["Anna", "Ozola", ANNA, "ana@example.eu"] {
        assert!(page.body.contains(&format!("value=\"{typed}\"")), "{typed}");
    }
    // The check was not answered, so it is the same.
    assert_eq!(page.hidden("check"), check);
    // The same mailbox in another spelling is the same address.
    fields[3].1 = " Anna@EXAMPLE.eu ";
    let page = anna.post("/register", &fields).await;
    assert!(!page.body.contains("id=\"email_again-error\""));
}

#[tokio::test]
async fn the_privacy_statement_says_how_long_data_are_kept() {
    let world = World::with(|config| {
        config.lifetimes.events_days = 77;
        config.backup_days = 33;
    })
    .await;
    let page = world.browser().get("/privacy").await;
    for said in [
        "kept for 77 days",
        "kept for 33 days",
        "after 24 hours",
        "12 hours at most",
    ] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    let form = world.browser().get("/register").await;
    assert!(form.read().contains("href=\"/privacy\" target=\"_blank\""));
    let url = "https://example.eu/privacy?a&b";
    let own = World::with(|config| config.privacy_url = Some(url.into())).await;
    let form = own.browser().get("/register").await;
    assert!(
        form.body
            .contains("href=\"https:&#x2f;&#x2f;example.eu&#x2f;privacy?a&amp;b\""),
        "{}",
        form.body
    );
    let page = own
        .browser()
        .send(reqwest::Method::GET, "/privacy", None, &[])
        .await;
    assert_eq!((page.status, page.path.as_str()), (303, url));
}
