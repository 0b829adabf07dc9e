//! Signing in on the phone that has the app (PROTOCOL.md, section 11), and the link that somebody
//! else opens, both ways.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{Browser, PASSWORD, PIN, Page, Phone, World, number};
use countersign_protocol::{
    answer::Decision,
    challenge::{Kind, Purpose},
    link::encode_base32,
    reply::ResultCode,
};

/// The person taps "On mobile": the page and its link.
async fn begin(browser: &mut Browser) -> (Page, String) {
    browser.get("/sign-in").await;
    let page = browser.post("/sign-in/mobile", &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let link = page
        .between("id=\"open\" href=\"", "\"")
        .replace("&#x2f;", "/");
    (page, link)
}

/// The phone opens the link and approves: the address with r that it opens then, without the
/// origin.
async fn approve(browser: &Browser, phone: &mut Phone, link: &str) -> String {
    let challenge = phone.open(link);
    let reply = phone.decide(&challenge, Decision::Approve, None, PIN).await;
    assert_eq!(reply.result, ResultCode::Done);
    let Kind::OnMobile { return_url } = &challenge.kind else {
        panic!("another kind")
    };
    let address = format!("{return_url}?r={}", encode_base32(&reply.r.unwrap()));
    address.strip_prefix(&browser.origin).unwrap().to_owned()
}

async fn signed_in(browser: &mut Browser) -> Option<String> {
    let page = browser.get("/account").await;
    let shown = page.body.split_once("Signed in as ")?.1;
    Some(shown.split(". ").next()?.split(".<").next()?.to_owned())
}

#[tokio::test]
async fn b7_a_phone_signs_its_own_browser_in_without_a_password() {
    let world = World::new().await;
    let (_computer, mut phone) = world.person().await;
    let mut browser = world.browser();
    let (page, link) = begin(&mut browser).await;
    assert!(page.body.contains("href=\"countersign:"), "{}", page.body);
    assert_eq!(browser.get(&format!("{}/link", page.path)).await.body, link);
    let challenge = phone.open(&link);
    assert_eq!(challenge.purpose, Purpose::SignIn);
    let back = approve(&browser, &mut phone, &link).await;

    // The page never completes by waiting, and without r nothing does.
    let waiting = browser.get(&page.path).await;
    assert_eq!(waiting.path, page.path);
    assert_eq!(signed_in(&mut browser).await, None);
    let without = browser.get(back.split('?').next().unwrap()).await;
    assert_eq!(without.status, 403);

    let before = browser.cookie.clone();
    let done = browser.come_back(&back).await;
    assert_eq!(done.path, "/account");
    assert!(done.body.contains("app on the same phone"), "{}", done.body);
    assert_eq!(
        signed_in(&mut browser).await.as_deref(),
        Some("anna@example.eu")
    );
    assert_ne!(
        browser.cookie, before,
        "the cookie from before is worth nothing"
    );

    // r is used up.
    let mut old = world.browser();
    old.cookie = before;
    assert_eq!(old.get(&back).await.status, 403);
    assert_eq!(signed_in(&mut old).await, None);
}

#[tokio::test]
async fn three_hundred_sign_ins_that_one_browser_begins_are_one_row_and_the_last_one_works() {
    let world = World::new().await;
    let (_computer, mut phone) = world.person().await;
    let (mut browser, mut other) = (world.browser(), world.browser());
    let (_, others_link) = begin(&mut other).await;
    let (_, first) = begin(&mut browser).await;
    let mut last = String::new();
    for _ in 0..299 {
        last = begin(&mut browser).await.1;
    }
    let rows = "SELECT count(*) FROM challenge WHERE kind = 'on-mobile'";
    assert_eq!(number(&world, rows), 2);
    let challenge = phone.open(&first);
    let reply = phone.decide(&challenge, Decision::Approve, None, PIN).await;
    assert_eq!(reply.result, ResultCode::NotOpen);
    for (browser, link) in [(&mut browser, &last), (&mut other, &others_link)] {
        let back = approve(browser, &mut phone, link).await;
        assert_eq!(browser.come_back(&back).await.path, "/account");
    }
}

#[tokio::test]
async fn a_link_of_an_attackers_browser_that_a_victims_phone_approves_signs_nobody_in() {
    let world = World::new().await;
    let (_computer, mut victim) = world.person().await;
    let mut attacker = world.browser();
    let (page, link) = begin(&mut attacker).await;

    // The victim is talked into approving; the victim's phone opens the victim's browser, which did
    // not begin.
    let back = approve(&attacker, &mut victim, &link).await;
    let mut victims_browser = world.browser();
    let shown = victims_browser.get(&back).await;
    assert_eq!(shown.status, 403);
    assert!(shown.body.contains("You began in another browser"));
    assert_eq!(signed_in(&mut victims_browser).await, None);

    // The attacker has the cookie and not r, which only the phone was given.
    for address in [
        page.path.clone(),
        format!("{}/return", page.path),
        format!("{}/return?r=", page.path),
        format!("{}/return?r={}", page.path, "A".repeat(26)),
        page.path.replace("/mobile/", "/challenge/"),
        format!("{}/state", page.path.replace("/mobile/", "/challenge/")),
    ] {
        attacker.get(&address).await;
        assert_eq!(signed_in(&mut attacker).await, None, "{address}");
    }

    // A guess uses nothing up: had the attacker r as well, it would complete, so r alone is what
    // stands between.
    assert_eq!(attacker.come_back(&back).await.path, "/account");
}

#[tokio::test]
async fn a_link_of_a_victims_browser_that_an_attackers_phone_approves_signs_nobody_in_unseen() {
    let world = World::new().await;
    let mut computer = world.browser();
    computer.register("mallory@example.eu").await;
    let mut mallory = computer.add_phone(&world.clock).await;

    // The attacker begins, approves with their own phone and sends the return address: the victim's
    // browser has another cookie.
    let mut attacker = world.browser();
    let (_, link) = begin(&mut attacker).await;
    let back = approve(&attacker, &mut mallory, &link).await;
    let mut victim = world.browser();
    assert_eq!(victim.get(&back).await.status, 403);
    assert_eq!(signed_in(&mut victim).await, None);

    // Also a victim who has begun a sign-in of their own at that moment.
    let (_, own_link) = begin(&mut victim).await;
    assert_eq!(victim.get(&back).await.status, 403);
    assert_eq!(signed_in(&mut victim).await, None);

    // And one who is signed in stays who they are.
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    assert_eq!(anna.get(&back).await.status, 403);
    assert_eq!(
        signed_in(&mut anna).await.as_deref(),
        Some("anna@example.eu")
    );

    // The attacker's phone approves what the victim's browser began: only the attacker's own phone
    // has that r, and a page that the attacker opens has the attacker's cookie.
    let stolen = approve(&victim, &mut mallory, &own_link).await;
    assert_eq!(attacker.get(&stolen).await.status, 403);
    assert_eq!(signed_in(&mut attacker).await, None);
    assert_eq!(
        signed_in(&mut victim).await,
        None,
        "nothing completes by waiting"
    );
}

#[tokio::test]
async fn a_victims_browser_that_a_strangers_phone_approves_is_asked_by_address_and_a_get_signs_nobody_in()
 {
    let world = World::new().await;
    let mut computer = world.browser();
    computer
        .register_as("Anna", "Ozola", "mallory@example.eu")
        .await;
    let mut mallory = computer.add_phone(&world.clock).await;

    // The victim's link was seen, and approved with the stranger's own account. The return address
    // reaches the victim's browser by any link on any page.
    let mut victim = world.browser();
    let (_, link) = begin(&mut victim).await;
    let back = approve(&victim, &mut mallory, &link).await;
    let shown = victim.get(&back).await;
    assert_eq!(shown.status, 200);
    assert_eq!(
        shown.between("id=\"continue-as\">", "<"),
        "mallory@example.eu"
    );
    assert!(
        !shown.body.contains("Ozola"),
        "a name is chosen by who has it"
    );
    assert_eq!(signed_in(&mut victim).await, None);

    // Asking used nothing up, and another page's form signs nobody in either.
    let to = back.split('?').next().unwrap().to_owned();
    let r = shown.between("name=\"r\" value=\"", "\"").to_owned();
    let csrf = std::mem::replace(&mut victim.csrf, "00".repeat(32));
    assert_eq!(victim.post(&to, &[("r", &r)]).await.status, 403);
    assert_eq!(signed_in(&mut victim).await, None);
    victim.csrf = csrf;
    assert_eq!(victim.post(&to, &[("r", &r)]).await.path, "/account");
    let (before, after) = (
        victim.get(&back).await,
        victim.post(&to, &[("r", &r)]).await,
    );
    assert_eq!((before.status, after.status), (403, 403), "r is used up");
}

#[tokio::test]
async fn a_browser_that_is_known_for_the_very_account_is_not_asked() {
    let world = World::new().await;
    let (_computer, mut anna) = world.person().await;
    let mut other = world.browser();
    other.register("mallory@example.eu").await;
    let mut mallory = other.add_phone(&world.clock).await;
    let mut browser = world.browser();
    let (_, link) = begin(&mut browser).await;
    let back = approve(&browser, &mut anna, &link).await;
    browser.come_back(&back).await;
    browser.post("/sign-out", &[]).await;

    let (_, link) = begin(&mut browser).await;
    let back = approve(&browser, &mut mallory, &link).await;
    assert!(
        browser.get(&back).await.body.contains("continue-as"),
        "another account"
    );
    let (_, link) = begin(&mut browser).await;
    let back = approve(&browser, &mut anna, &link).await;
    assert_eq!(browser.get(&back).await.path, "/account");
}

#[tokio::test]
async fn a_browser_that_gave_a_password_takes_only_that_accounts_phone() {
    let world = World::new().await;
    let (_computer, mut anna) = world.person().await;
    let mut computer = world.browser();
    computer.register("mallory@example.eu").await;
    let mut mallory = computer.add_phone(&world.clock).await;

    let mut browser = world.browser();
    browser.password("anna@example.eu", PASSWORD).await;
    begin(&mut browser).await;
    let (_, link) = begin(&mut browser).await;
    let rows = "SELECT count(*) FROM challenge WHERE kind = 'on-mobile'";
    assert_eq!(
        number(&world, rows),
        1,
        "with a session it has one at a time too"
    );
    let challenge = mallory.open(&link);
    let reply = mallory
        .decide(&challenge, Decision::Approve, None, PIN)
        .await;
    assert_eq!((reply.result, reply.r), (ResultCode::NotOpen, None));
    let back = approve(&browser, &mut anna, &link).await;
    assert_eq!(browser.come_back(&back).await.path, "/account");
}

#[tokio::test]
async fn a_wrong_pin_counts_on_mobile_too_and_gives_no_r() {
    let world = World::new().await;
    let (_computer, mut phone) = world.person().await;
    let mut browser = world.browser();
    let (_, link) = begin(&mut browser).await;
    let challenge = phone.open(&link);
    let reply = phone
        .decide(&challenge, Decision::Approve, None, "9374")
        .await;
    assert_eq!(
        (reply.result, reply.tries_in_row, reply.r),
        (ResultCode::WrongPin, Some(4), None)
    );
    let back = approve(&browser, &mut phone, &link).await;
    assert_eq!(browser.come_back(&back).await.path, "/account");
}

#[tokio::test]
async fn a_lost_answer_is_repeated_with_the_same_r() {
    let world = World::new().await;
    let (_computer, mut phone) = world.person().await;
    let mut browser = world.browser();
    let (_, link) = begin(&mut browser).await;
    let challenge = phone.open(&link);
    let (body, hash) = phone.answer(&challenge, Decision::Approve, None, PIN);
    let first = phone.send(body.clone(), hash).await;
    let again = phone.send(body, hash).await;
    assert!(first.r.is_some());
    assert_eq!(first.r, again.r);
}

#[tokio::test]
async fn what_is_declined_or_late_does_not_complete() {
    let world = World::new().await;
    let (_computer, mut phone) = world.person().await;
    let mut browser = world.browser();
    let (page, link) = begin(&mut browser).await;
    let challenge = phone.open(&link);
    assert_eq!(state(&mut browser, &page).await, "open");
    let reply = phone.decide(&challenge, Decision::Decline, None, PIN).await;
    assert_eq!((reply.result, reply.r), (ResultCode::Done, None));
    assert_eq!(state(&mut browser, &page).await, "over");
    assert!(
        browser
            .get(&page.path)
            .await
            .body
            .contains("not confirmed in the app")
    );

    // r lives as long as the challenge, not longer.
    let (_, link) = begin(&mut browser).await;
    let back = approve(&browser, &mut phone, &link).await;
    world.clock.advance(180);
    assert_eq!(browser.get(&back).await.status, 403);
    assert_eq!(signed_in(&mut browser).await, None);

    // Beginning again ends what was begun before in the same browser.
    let (_, first) = begin(&mut browser).await;
    let (_, second) = begin(&mut browser).await;
    let challenge = phone.open(&first);
    let reply = phone.decide(&challenge, Decision::Approve, None, PIN).await;
    assert_eq!(reply.result, ResultCode::NotOpen);
    let back = approve(&browser, &mut phone, &second).await;
    assert_eq!(browser.come_back(&back).await.path, "/account");
}

/// The state that the page's script reads.
async fn state(browser: &mut Browser, page: &Page) -> String {
    let told = browser.get(&format!("{}/state", page.path)).await;
    told.between("\"state\":\"", "\"").to_owned()
}

#[tokio::test]
async fn a_link_that_somebody_sent_is_reported_and_its_browser_signed_out_while_the_owners_requests_go_on()
 {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let mut thief = world.browser();
    thief.register("eve@example.eu").await;
    let (page, link) = begin(&mut thief).await;
    let challenge = phone.open(&link);
    let reply = phone.decide(&challenge, Decision::Report, None, PIN).await;
    assert_eq!(
        reply.result,
        ResultCode::NotOpen,
        "the browser is signed in to another account"
    );

    let mut thief = world.browser();
    let (page_2, link) = begin(&mut thief).await;
    let challenge = phone.open(&link);
    let reply = phone.decide(&challenge, Decision::Report, None, PIN).await;
    assert_eq!((reply.result, reply.r), (ResultCode::Done, None));
    assert_eq!(state(&mut thief, &page_2).await, "over");
    assert_eq!(signed_in(&mut thief).await, None);
    assert_ne!(page.path, page_2.path);

    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    owner
        .password("anna@example.eu", crate::support::PASSWORD)
        .await;
    assert_eq!(owner.post("/sign-in/app", &[]).await.status, 200);
}

#[tokio::test]
async fn an_approval_is_not_told_to_the_page() {
    let world = World::new().await;
    let (_computer, mut phone) = world.person().await;
    let mut browser = world.browser();
    let (page, link) = begin(&mut browser).await;
    let back = approve(&browser, &mut phone, &link).await;
    assert_eq!(state(&mut browser, &page).await, "open");
    assert_eq!(browser.come_back(&back).await.path, "/account");
}

#[tokio::test]
async fn a_form_of_another_site_begins_nothing() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.post_once("/sign-in/mobile", &[]).await;
    assert_eq!(page.status, 403);
}
