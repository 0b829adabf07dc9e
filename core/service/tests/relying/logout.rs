//! Services are told when a session ends, and a page elsewhere signs nobody out by itself.

use reqwest::Method;

use super::*;
use crate::support::{PASSWORD, PIN, begin_sign_in, number};

fn clients(own: &str, slow: &str) -> String {
    format!(
        "{CLIENTS}
[client.own]
name = \"Own\"
[client.own.cas]
services = [\"{own}\"]
single_logout = true
[client.slow]
name = \"Slow\"
[client.slow.cas]
services = [\"{slow}\"]
single_logout = true
"
    )
}

/// The ticket that a logout names.
fn index(request: &str) -> String {
    let body = request.split_once("\r\n\r\n").unwrap().1;
    let body = body
        .strip_prefix("logoutRequest=")
        .unwrap()
        .replace('+', " ");
    let bytes = body.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(u8::from_str_radix(&body[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    let xml = String::from_utf8(out).unwrap();
    assert!(xml.starts_with("<samlp:LogoutRequest"), "{xml}");
    let (_, rest) = xml.split_once("<samlp:SessionIndex>").unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

/// Enters a service and redeems the ticket; the ticket.
async fn open(world: &World, browser: &mut Browser, service: &str) -> String {
    let ticket = entered(browser, service).await;
    assert!(redeem(world, service, &ticket).await.contains("Success"));
    ticket
}

#[tokio::test]
async fn b20_a_service_is_told_of_a_sign_out_and_a_slow_one_keeps_no_other_waiting() {
    let (own, slow) = (Peer::answering(302).await, Peer::answering(0).await);
    let world = world(&clients(&own.url, &slow.url)).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    for _ in 0..3 {
        open(&world, &mut anna, &slow.url).await;
    }
    let at = format!("{}shelf?x=1", own.url);
    let ticket = open(&world, &mut anna, &at).await;
    // A ticket that was not redeemed opened nothing.
    entered(&mut anna, &own.url).await;
    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    let told = own.next(5).await.unwrap();
    assert!(told.starts_with("POST /shelf?x=1 HTTP/1.1"), "{told}");
    assert_eq!(index(&told), ticket);
    assert!(own.next(2).await.is_none(), "once");
    slow.next(5).await.unwrap();
    assert!(slow.next(1).await.is_none(), "one at a time");
    // Nothing of the account stays with what waits.
    assert_eq!(number(&world, "SELECT count(*) FROM visit"), 0);
    assert_eq!(number(&world, "SELECT count(*) FROM call"), 3);
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_told_again_for_an_hour_and_then_no_more() {
    let own = Peer::answering(503).await;
    let world = world(&clients(&own.url, "http://127.0.0.1:9/")).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let ticket = open(&world, &mut anna, &own.url).await;
    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    assert_eq!(index(&own.next(5).await.unwrap()), ticket);
    world.clock.advance(6);
    assert_eq!(index(&own.next(5).await.unwrap()), ticket);
    world.clock.advance(3600);
    own.next(5).await.unwrap();
    for _ in 0..100 {
        if number(&world, "SELECT count(*) FROM call") == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it is kept");
}

#[tokio::test]
async fn every_end_of_a_session_is_told() {
    let own = Peer::answering(200).await;
    let world = world(&clients(&own.url, "http://127.0.0.1:9/")).await;
    let (mut anna, mut phone) = world.person().await;
    // Ended by another browser of the same person.
    let mut other = anna.clone();
    other.cookie = None;
    other.cookies.clear();
    let page = other.password("anna@example.eu", PASSWORD).await;
    assert_eq!(page.path, "/sign-in/method");
    let page = other.post("/sign-in/app", &[]).await;
    crate::support::approve(&mut phone, &page, PIN).await;
    other.get(&page.path).await;
    let ticket = open(&world, &mut other, &own.url).await;
    anna.get("/account/sessions").await;
    anna.post("/account/sessions/end-others", &[]).await;
    assert_eq!(index(&own.next(5).await.unwrap()), ticket);
    // STOP.
    let ticket = open(&world, &mut anna, &own.url).await;
    anna.get("/stop").await;
    let fields = [
        ("email", "anna@example.eu"),
        ("password", PASSWORD),
        ("word", "STOP"),
    ];
    anna.post("/stop", &fields).await;
    assert_eq!(index(&own.next(5).await.unwrap()), ticket);
}

#[tokio::test]
async fn a_deletion_ends_what_services_have_open_when_it_is_asked_for() {
    let own = Peer::answering(200).await;
    let world = world(&clients(&own.url, "http://127.0.0.1:9/")).await;
    let (mut anna, mut phone) = world.person().await;
    let page = begin_sign_in(&mut anna, "/sign-in/app").await;
    crate::support::approve(&mut phone, &page, PIN).await;
    anna.get(&page.path).await;
    let ticket = open(&world, &mut anna, &own.url).await;
    anna.get("/account/delete").await;
    let page = anna.post("/account/delete", &[]).await;
    crate::support::approve(&mut phone, &page, PIN).await;
    assert_eq!(anna.get(&page.path).await.path, "/account/delete");
    assert_eq!(index(&own.next(5).await.unwrap()), ticket);
}

#[tokio::test]
async fn signing_in_again_in_the_same_browser_ends_nothing_that_is_open() {
    let own = Peer::answering(200).await;
    let world = world(&clients(&own.url, "http://127.0.0.1:9/")).await;
    let (mut anna, mut phone) = world.person().await;
    let ticket = open(&world, &mut anna, &own.url).await;
    let page = anna.get("/sign-in").await;
    assert_eq!(page.status, 200);
    let page = anna.password("anna@example.eu", PASSWORD).await;
    assert_eq!(page.path, "/sign-in/method");
    let page = anna.post("/sign-in/app", &[]).await;
    crate::support::approve(&mut phone, &page, PIN).await;
    anna.get(&page.path).await;
    assert!(own.next(2).await.is_none());
    // Signing out of the new session does.
    begin_sign_in(&mut anna, "/sign-in/app").await;
    assert_eq!(index(&own.next(5).await.unwrap()), ticket);
}

#[tokio::test]
async fn a_link_signs_out_at_once_only_those_who_entered_the_service_that_it_names() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let out = |service: &str| format!("/cas/logout?{}", encode(&[("service", service)]));
    for path in [
        out(LIBRARY),
        out("https://evil.example/"),
        "/cas/logout".to_owned(),
    ] {
        let page = anna.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.body.contains("Do you want to sign out?"));
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        let there = policy.contains("form-action 'self' https://library.example.eu;");
        assert_eq!(there, path.contains("library"), "{policy}");
        assert_eq!(anna.get("/account").await.path, "/account");
    }
    entered(&mut anna, LIBRARY).await;
    let page = anna.send(Method::GET, &out(LIBRARY), None, &[]).await;
    assert_eq!((page.status, page.path.as_str()), (303, LIBRARY));
    assert_eq!(anna.get("/account").await.path, "/sign-in");
    // Nobody is signed in any more: back where the person came from, if that is registered.
    assert_eq!(anna.get(&out(LIBRARY)).await.path, LIBRARY);
    assert_eq!(
        anna.get(&out("https://evil.example/")).await.path,
        "/sign-in"
    );
    // By the button.
    anna.password("anna@example.eu", PASSWORD).await;
    anna.get(&out(ARCHIVE)).await;
    let page = anna.post("/cas/logout", &[("service", ARCHIVE)]).await;
    assert_eq!(page.path, ARCHIVE);
    assert_eq!(anna.get("/account").await.path, "/sign-in");
}
