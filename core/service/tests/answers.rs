//! Answers that fit no open request: nothing happens on them, and no try is spent, whatever PIN was
//! typed.
#![allow(clippy::unwrap_used)]

use std::{
    io::Write,
    net::{Shutdown, TcpStream},
    time::Duration,
};

use crate::support::{Browser, PASSWORD, PIN, Page, Phone, World, random};
use countersign_protocol::{
    SigningKey,
    answer::Decision,
    challenge::Challenge,
    id::PublicKey,
    message::Verified,
    reply::{Reply, ResultCode},
};
use tokio::time::timeout;

const WRONG: &str = "9374";

async fn ask(browser: &mut Browser, email: &str) -> Page {
    browser.get("/account").await;
    browser.post("/sign-out", &[]).await;
    browser.password(email, PASSWORD).await;
    browser.post("/sign-in/app", &[]).await
}

async fn answered(phone: &mut Phone, challenge: &Verified<Challenge>, page: &Page) -> Reply {
    phone
        .decide(challenge, Decision::Approve, Some(page.number()), WRONG)
        .await
}

#[tokio::test]
async fn an_answer_to_a_request_that_is_not_open_for_this_phone_costs_no_try() {
    let world = World::new().await;
    let (mut anna, mut phone) = world.person().await;
    let mut ben = world.browser();
    ben.register("ben@example.eu").await;
    let mut bens = ben.add_phone(&world.clock).await;

    // Another account's.
    let page = ask(&mut ben, "ben@example.eu").await;
    let challenge = bens.inbox(0).await.unwrap();
    let reply = answered(&mut phone, &challenge, &page).await;
    assert_eq!(reply.result, ResultCode::NotOpen, "another account's");
    let right = Decision::Approve;
    let reply = bens
        .decide(&challenge, right, Some(page.number()), PIN)
        .await;
    assert_eq!(reply.result, ResultCode::Done);

    // Another service's, whose identifier nobody has here.
    let elsewhere = World::new().await;
    let (mut other, others) = elsewhere.person().await;
    let page = ask(&mut other, "anna@example.eu").await;
    let unknown = others.inbox(0).await.unwrap();
    let reply = answered(&mut phone, &unknown, &page).await;
    assert_eq!(reply.result, ResultCode::NotOpen, "unknown");

    // Replaced by the same browser.
    let page = ask(&mut anna, "anna@example.eu").await;
    let replaced = phone.inbox(0).await.unwrap();
    anna.get("/sign-in/method").await;
    let newer = anna.post("/sign-in/app", &[]).await;
    let reply = answered(&mut phone, &replaced, &page).await;
    assert_eq!(reply.result, ResultCode::NotOpen, "replaced");

    // Answered already.
    let challenge = phone.inbox(0).await.unwrap();
    let reply = phone
        .decide(&challenge, right, Some(newer.number()), PIN)
        .await;
    assert_eq!(reply.result, ResultCode::Done);
    let reply = answered(&mut phone, &challenge, &newer).await;
    assert_eq!(reply.result, ResultCode::NotOpen, "answered");

    // Expired.
    let page = ask(&mut anna, "anna@example.eu").await;
    let challenge = phone.inbox(0).await.unwrap();
    world.clock.advance(181);
    let reply = answered(&mut phone, &challenge, &page).await;
    assert_eq!(reply.result, ResultCode::NotOpen, "expired");

    let status = phone.status().await;
    assert_eq!(
        (status.tries_in_row, status.tries_in_epoch),
        (Some(5), Some(15))
    );
}

#[tokio::test]
async fn an_answer_sealed_to_an_unknown_key_costs_no_try_and_leaves_the_request_open() {
    let world = World::new().await;
    let (mut anna, mut phone) = world.person().await;
    let page = ask(&mut anna, "anna@example.eu").await;
    let challenge = phone.inbox(0).await.unwrap();
    let right = phone.hpke_key;
    phone.hpke_key = PublicKey::of(&SigningKey::from_slice(&random::<32>()).unwrap());
    let reply = answered(&mut phone, &challenge, &page).await;
    assert_eq!(
        (reply.result, reply.tries_in_row, reply.tries_in_epoch),
        (ResultCode::Unsealable, Some(5), Some(15))
    );
    phone.hpke_key = right;
    let number = Some(page.number());
    let reply = phone
        .decide(&challenge, Decision::Approve, number, PIN)
        .await;
    assert_eq!(reply.result, ResultCode::Done);
}

#[tokio::test]
async fn an_answer_that_is_replayed_gets_its_old_outcome_and_approves_nothing_new() {
    let world = World::new().await;
    let (mut anna, mut phone) = world.person().await;
    let page = ask(&mut anna, "anna@example.eu").await;
    let challenge = phone.inbox(0).await.unwrap();
    let (body, hash) = phone.answer(&challenge, Decision::Approve, Some(page.number()), PIN);
    let first = phone.send(body.clone(), hash).await;
    phone.token = first.state_token.or(phone.token);
    assert_eq!(first.result, ResultCode::Done);
    assert_eq!(anna.get(&page.path).await.path, "/account");

    let page = ask(&mut anna, "anna@example.eu").await;
    let again = phone.send(body, hash).await;
    assert_eq!(
        (again.result, again.state_token),
        (ResultCode::Done, first.state_token)
    );
    let state = anna.get(&format!("{}/state", page.path)).await.body;
    assert!(state.contains(r#""state":"open""#), "{state}");
    // The phone goes on as if nothing had been.
    let challenge = phone.inbox(0).await.unwrap();
    let number = Some(page.number());
    let reply = phone
        .decide(&challenge, Decision::Approve, number, PIN)
        .await;
    assert_eq!(reply.result, ResultCode::Done);
}

#[tokio::test]
async fn an_answer_is_judged_to_the_end_when_the_phone_hangs_up_at_once() {
    let world = World::new().await;
    let (mut anna, mut phone) = world.person().await;
    let page = ask(&mut anna, "anna@example.eu").await;
    let challenge = phone.inbox(0).await.unwrap();
    let (body, _) = phone.answer(&challenge, Decision::Approve, Some(page.number()), PIN);
    let address = world.service.address();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /api/v1/answer HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/vnd.countersign+cbor\r\nContent-Length: {}\r\n\r\n",
        address.port(),
        body.len()
    );
    stream
        .write_all(&[head.as_bytes(), &body].concat())
        .unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
    let signed_in = async {
        while anna.get(&page.path).await.path != "/account" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), signed_in).await.unwrap();
    let status = phone.status().await;
    assert_eq!(
        (status.tries_in_row, status.tries_in_epoch),
        (Some(5), Some(15))
    );
}
