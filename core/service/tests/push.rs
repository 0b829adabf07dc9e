//! Push messages: they say "look" to the phone that has a request, over the push services that
//! whoever runs this has named, and to nobody else.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use countersign_protocol::{
    answer::Decision,
    info::Info,
    message::Received,
    push::{PushAddress, PushKind},
    reply::{Reply, ResultCode},
};
use countersign_service::{Config, Embedded, Knock, PushFailed, PushService};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use crate::support::{
    Browser, PASSWORD, PIN, Page, Phone, World, approve, begin_sign_in, number,
    push::{Message, PushServer},
    sql,
};

fn web(url: &str) -> Option<PushAddress> {
    Some(PushAddress::new(PushKind::WebPush, url.to_owned()).unwrap())
}

/// The phone tells where push messages go.
async fn tell(phone: &mut Phone, address: Option<PushAddress>) -> Reply {
    let (body, hash) = phone.push_address(address);
    phone.put("/api/v1/push", body, hash).await
}

/// A service that knows this push service, and a person whose phone has an address there.
async fn with_push(push: &PushServer) -> (World, Browser, Phone) {
    let world = World::with(|config| config.push_hosts = vec![push.host.clone()]).await;
    let (browser, mut phone) = world.person().await;
    let reply = tell(&mut phone, web(&push.url("phone"))).await;
    assert_eq!(reply.result, ResultCode::Done);
    (world, browser, phone)
}

fn addresses(world: &World) -> i64 {
    number(world, "SELECT count(*) FROM push_address")
}

/// Until the address is forgotten.
async fn is_forgotten(world: &World) {
    for _ in 0..100 {
        if addresses(world) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it is still there");
}

/// Whether the page says that a push message went out.
async fn pushed(browser: &mut Browser, page: &Page) -> bool {
    let state = browser.get(&format!("{}/state", page.path)).await;
    assert!(state.body.contains(r#""state":"open""#), "{}", state.body);
    state.body.contains(r#""pushed":true"#)
}

/// Until the page says so.
async fn is_pushed(browser: &mut Browser, page: &Page) {
    for _ in 0..100 {
        if pushed(browser, page).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no message was sent");
}

/// The token of RFC 8292: its claims, once its signature by the key beside it is verified.
fn claims(message: &Message, key: &[u8]) -> serde_json::Value {
    let text = message.header("authorization");
    let text = text.strip_prefix("vapid t=").unwrap();
    let (token, own) = text.split_once(", k=").unwrap();
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    assert_eq!(part(own), key);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
        .verify(signed.as_bytes(), &part(signature))
        .unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    assert_eq!(part(head), br#"{"typ":"JWT","alg":"ES256"}"#);
    serde_json::from_slice(&part(claims)).unwrap()
}

#[tokio::test]
async fn a_request_sends_one_empty_message_to_the_phones_address_and_the_page_says_so() {
    let push = PushServer::start().await;
    let (world, mut browser, mut phone) = with_push(&push).await;
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    let message = push.exactly(1).await.remove(0);
    assert_eq!((&*message.method, &*message.path), ("POST", "/up/phone"));
    assert!(message.body.is_empty());
    let ttl: u64 = message.header("ttl").parse().unwrap();
    assert!((170..=180).contains(&ttl), "{ttl}");
    assert_eq!(
        (
            message.header("urgency"),
            message.header("topic"),
            message.header("content-length")
        ),
        ("high", "look", "0")
    );
    let key = phone.info.push_key.unwrap();
    let claims = claims(&message, key.as_bytes());
    let now = countersign_service::Clock::now(&*world.clock);
    assert_eq!(claims["aud"], format!("http://{}", push.host));
    let expires = claims["exp"].as_u64().unwrap();
    assert!(expires > now && expires <= now + 24 * 3600);
    // Nothing in it tells of the person, the request or the service.
    let all = format!("{message:?}");
    assert!(!all.contains("anna") && !all.contains(world.service.origin()));

    is_pushed(&mut browser, &page).await;
    let again = browser.get(&page.path).await;
    assert!(
        again
            .body
            .contains(r#"<p id="pushed">A notification was sent"#)
    );
    approve(&mut phone, &page, PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account");
    push.exactly(1).await;
}

#[tokio::test]
async fn without_push_services_named_none_are_sent_and_the_phone_is_told_so() {
    let push = PushServer::start().await;
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    assert_eq!(phone.info.push_key, None);
    let reply = tell(&mut phone, web(&push.url("phone"))).await;
    assert_eq!(reply.result, ResultCode::NoPush);
    assert!(reply.state_token.is_some() && reply.counter == Some(phone.counter));
    assert_eq!(addresses(&world), 0);
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    approve(&mut phone, &page, PIN).await;
    assert!(
        page.body.contains(r#"<p id="pushed" hidden>"#),
        "{}",
        page.body
    );
    push.exactly(0).await;
}

#[tokio::test]
async fn addresses_elsewhere_and_of_other_kinds_are_not_taken_and_end_the_one_before() {
    let (push, other) = (PushServer::start().await, PushServer::start().await);
    let port = push.host.rsplit_once(':').unwrap().1;
    let (world, mut browser, mut phone) = with_push(&push).await;
    for address in [
        web(&other.url("phone")),
        // The same port by another name, the same host with TLS or another port.
        web(&format!("http://localhost:{port}/up/phone")),
        web(&format!("https://{}/up/phone", push.host)),
        web("https://127.0.0.1/up/phone"),
        web(&format!("https://example.eu/{}", push.host)),
        PushAddress::new(PushKind::Fcm, "token".into()).ok(),
        PushAddress::new(PushKind::Apns, "00ff".into()).ok(),
    ] {
        assert_eq!(
            tell(&mut phone, web(&push.url("phone"))).await.result,
            ResultCode::Done
        );
        assert_eq!(addresses(&world), 1);
        let reply = tell(&mut phone, address).await;
        assert_eq!(reply.result, ResultCode::NoPush);
        assert_eq!(addresses(&world), 0);
    }
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    approve(&mut phone, &page, PIN).await;
    push.exactly(0).await;
    other.exactly(0).await;
}

#[tokio::test]
async fn the_newest_address_counts_none_ends_it_and_the_same_request_again_changes_nothing() {
    let push = PushServer::start().await;
    let (world, mut browser, mut phone) = with_push(&push).await;
    let (body, hash) = phone.push_address(web(&push.url("second")));
    let first = phone.put("/api/v1/push", body.clone(), hash).await;
    assert_eq!(tell(&mut phone, None).await.result, ResultCode::Done);
    assert_eq!(addresses(&world), 0);
    // A lost answer: the same bytes get the same reply, and do nothing again.
    let again = phone.send_update("/api/v1/push", body, hash).await;
    assert_eq!(
        (again.result, again.state_token, again.counter),
        (first.result, first.state_token, first.counter)
    );
    assert_eq!(addresses(&world), 0);
    tell(&mut phone, web(&push.url("third"))).await;
    begin_sign_in(&mut browser, "/sign-in/app").await;
    assert_eq!(push.exactly(1).await[0].path, "/up/third");
}

#[tokio::test]
async fn an_address_that_is_gone_is_forgotten_and_a_newer_one_is_not() {
    for status in [404, 410] {
        let push = PushServer::start().await;
        let (world, mut browser, mut phone) = with_push(&push).await;
        push.answers(&[(status, "", "")]);
        let page = begin_sign_in(&mut browser, "/sign-in/app").await;
        is_forgotten(&world).await;
        assert!(!pushed(&mut browser, &page).await);
        approve(&mut phone, &page, PIN).await;
        begin_sign_in(&mut browser, "/sign-in/app").await;
        push.exactly(1).await;
        assert_eq!(
            tell(&mut phone, web(&push.url("newer"))).await.result,
            ResultCode::Done
        );
        assert_eq!(addresses(&world), 1);
    }
}

#[tokio::test]
async fn a_busy_push_service_is_asked_once_more_and_one_that_refuses_is_not() {
    let push = PushServer::start().await;
    let (world, mut browser, mut phone) = with_push(&push).await;
    let mut expected = 0;
    for (answers, times, sent) in [
        (&[(429, "retry-after", "1"), (201, "", "")][..], 2, true),
        (&[(503, "retry-after", "1"), (500, "", "")][..], 2, false),
        (&[(429, "retry-after", "3600")][..], 1, false),
        (&[(400, "", "")][..], 1, false),
        (&[(403, "", "")][..], 1, false),
    ] {
        push.answers(answers);
        let page = begin_sign_in(&mut browser, "/sign-in/app").await;
        expected += times;
        let came = push.exactly(expected).await;
        // A new token each time; of the same address.
        assert!(came.iter().all(|message| message.path == "/up/phone"));
        tokio::time::sleep(Duration::from_secs(2)).await;
        push.exactly(expected).await;
        assert_eq!(pushed(&mut browser, &page).await, sent);
        approve(&mut phone, &page, PIN).await;
        assert_eq!(browser.get(&page.path).await.path, "/account");
        assert_eq!(addresses(&world), 1);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_no_body_is_read() {
    let (push, other) = (PushServer::start().await, PushServer::start().await);
    let (_world, mut browser, mut phone) = with_push(&push).await;
    for (at, status) in [301, 302, 303, 307, 308].into_iter().enumerate() {
        push.answers(&[(status, "location", &other.url("phone"))]);
        let page = begin_sign_in(&mut browser, "/sign-in/app").await;
        push.exactly(at + 1).await;
        assert!(!pushed(&mut browser, &page).await);
        approve(&mut phone, &page, PIN).await;
        browser.get(&page.path).await;
    }
    other.exactly(0).await;
    push.endless();
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    push.exactly(6).await;
    is_pushed(&mut browser, &page).await;
}

#[tokio::test]
async fn a_push_service_that_hangs_holds_up_neither_the_page_nor_another_push_service() {
    let (slow, quick) = (PushServer::start().await, PushServer::start().await);
    let hosts = vec![slow.host.clone(), quick.host.clone()];
    let world = World::with(|config| config.push_hosts = hosts).await;
    slow.hang(true);
    let mut people = Vec::new();
    for at in 0..12 {
        let mut browser = world.browser();
        browser.register(&format!("person{at}@example.eu")).await;
        let mut phone = browser.add_phone(&world.clock).await;
        let to = if at < 11 { &slow } else { &quick };
        tell(&mut phone, web(&to.url(&format!("phone{at}")))).await;
        people.push((browser, phone));
    }
    // Passwords take their time; what comes after them has to come before the first message is
    // given up.
    for (browser, _) in &mut people {
        browser.get("/account").await;
        browser.post("/sign-out", &[]).await;
        let email = browser.email.clone();
        browser.password(&email, PASSWORD).await;
    }
    for (browser, phone) in &mut people {
        let asked = Instant::now();
        let page = browser.post("/sign-in/app", &[]).await;
        assert!(asked.elapsed() < Duration::from_secs(5));
        assert!(phone.inbox(0).await.is_some());
        assert_eq!(page.status, 200);
    }
    quick.exactly(1).await;
    // No more than eight at once, and the others wait behind them alone.
    slow.exactly(8).await;
    let begun = Instant::now();
    world.service.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn stopped_pushes_send_none_and_the_page_says_so() {
    let push = PushServer::start().await;
    let (world, mut owner, phone) = with_push(&push).await;
    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    let mut stranger = world.browser();
    for _ in 0..3 {
        stranger.password("anna@example.eu", PASSWORD).await;
        stranger.post("/sign-in/app", &[]).await;
        world.clock.advance(181);
    }
    push.exactly(3).await;
    stranger.password("anna@example.eu", PASSWORD).await;
    let page = stranger.post("/sign-in/app", &[]).await;
    assert!(page.body.contains("No notification was sent"));
    assert!(!page.body.contains("A notification was sent"));
    assert!(phone.inbox(0).await.is_some());
    push.exactly(3).await;
}

#[tokio::test]
async fn a_request_that_is_answered_before_its_message_could_go_out_sends_none() {
    let push = PushServer::start().await;
    let (_world, mut browser, mut phone) = with_push(&push).await;
    push.answers(&[(503, "retry-after", "3")]);
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    push.exactly(1).await;
    approve(&mut phone, &page, PIN).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    push.exactly(1).await;
}

#[tokio::test]
async fn a_message_that_waits_goes_to_the_address_of_now_and_to_none_that_was_taken_back() {
    let push = PushServer::start().await;
    let (_world, mut browser, mut phone) = with_push(&push).await;
    push.answers(&[(503, "retry-after", "3")]);
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    push.exactly(1).await;
    tell(&mut phone, web(&push.url("newer"))).await;
    let came = push.exactly(2).await;
    assert_eq!(came[1].path, "/up/newer");
    approve(&mut phone, &page, PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account");

    push.answers(&[(503, "retry-after", "3")]);
    begin_sign_in(&mut browser, "/sign-in/app").await;
    push.exactly(3).await;
    tell(&mut phone, None).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    push.exactly(3).await;
}

#[tokio::test]
async fn an_address_goes_with_its_device_with_stop_and_with_a_suspension() {
    let push = PushServer::start().await;
    let (world, _, phone) = with_push(&push).await;
    assert_eq!(phone.remove().await, 200);
    assert_eq!(addresses(&world), 0);

    let (world, mut browser, _) = with_push(&push).await;
    browser.get("/stop").await;
    let fields = [
        ("email", "anna@example.eu"),
        ("password", PASSWORD),
        ("word", "STOP"),
    ];
    assert_eq!(browser.post("/stop", &fields).await.path, "/stop/done");
    assert_eq!(addresses(&world), 0);

    let (world, _, mut phone) = with_push(&push).await;
    phone.token = Some(countersign_protocol::answer::StateToken([7; 32]));
    let reply = tell(&mut phone, web(&push.url("copy"))).await;
    assert_eq!(reply.result, ResultCode::Suspended);
    assert_eq!(addresses(&world), 0);
    push.exactly(0).await;
}

#[tokio::test]
async fn a_blocked_device_is_refused_and_another_message_is_not_taken_there() {
    let push = PushServer::start().await;
    let (world, _, mut phone) = with_push(&push).await;
    sql(&world, "UPDATE device SET wrong_row = 5, wrong_epoch = 5");
    let reply = tell(&mut phone, None).await;
    assert_eq!(reply.result, ResultCode::Blocked);
    assert_eq!(addresses(&world), 1);
    let (body, _) = phone.biometrics_off();
    assert_eq!(phone.post_raw("/api/v1/push", body).await.0, 400);
    let (body, _) = phone.push_address(None);
    assert_eq!(phone.post_raw("/api/v1/biometrics", body).await.0, 400);
}

#[tokio::test]
async fn neither_database_nor_page_shows_an_address() {
    let push = PushServer::start().await;
    let (world, mut browser, _) = with_push(&push).await;
    for file in ["service.db", "service.db-wal"] {
        let bytes = std::fs::read(world.folder.path().join(file)).unwrap();
        let found = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(!found("/up/phone") && !found(&push.host), "{file}");
    }
    for path in ["/account", "/account/devices", "/account/history"] {
        let page = browser.get(path).await;
        assert!(!page.body.contains("/up/phone") && !page.body.contains(&push.host));
    }
}

async fn information(service: &Embedded) -> Info {
    let url = format!("http://{}/.well-known/countersign", service.address());
    let bytes = crate::support::client().get(url).send().await.unwrap();
    let info = Received::<Info>::parse(&bytes.bytes().await.unwrap()).unwrap();
    (*info.verify_first_contact().unwrap()).clone()
}

#[tokio::test]
async fn turning_pushes_on_and_off_is_published_and_the_key_stays_the_same() {
    let push = PushServer::start().await;
    let (world, _, _) = with_push(&push).await;
    let World {
        service,
        folder,
        clock,
    } = world;
    let mut told = vec![information(&service).await];
    let listen = service.address();
    service.stop().await;
    for hosts in [vec![], vec![push.host.clone()]] {
        let service = Embedded::start(Config {
            listen,
            clock: clock.clone(),
            push_hosts: hosts,
            ..Config::embedded(folder.path())
        })
        .await
        .unwrap();
        told.push(information(&service).await);
        service.stop().await;
    }
    assert!(told[0].push_key.is_some() && told[1].push_key.is_none());
    assert_eq!(told[0].push_key, told[2].push_key);
    let sequences: Vec<_> = told.iter().map(|info| info.sequence).collect();
    assert!(sequences.is_sorted_by(|a, b| a < b), "{sequences:?}");
    let wrong = Config {
        push_hosts: vec!["https://push.example.eu/".into()],
        ..Config::embedded(folder.path())
    };
    let error = Embedded::start(wrong).await.err().unwrap().to_string();
    assert!(error.contains("give its host alone"), "{error}");
}

#[tokio::test]
async fn another_push_service_is_published_so_that_phones_tell_addresses_that_were_not_taken_before()
 {
    let (push, other) = (PushServer::start().await, PushServer::start().await);
    let (world, _, _) = with_push(&push).await;
    let World {
        service,
        folder,
        clock,
    } = world;
    let mut told = vec![information(&service).await.sequence];
    let listen = service.address();
    service.stop().await;
    let both = [push.host.clone(), other.host.clone()];
    for hosts in [&both[..1], &both, &both] {
        let service = Embedded::start(Config {
            listen,
            clock: clock.clone(),
            push_hosts: hosts.to_vec(),
            ..Config::embedded(folder.path())
        })
        .await
        .unwrap();
        told.push(information(&service).await.sequence);
        service.stop().await;
    }
    assert_eq!(told, [told[0], told[0], told[0] + 1, told[0] + 1]);
}

/// What an operator adds for another kind.
#[derive(Default)]
struct Another(Mutex<Vec<(String, u64)>>);

#[async_trait]
impl PushService for Another {
    fn takes(&self, address: &PushAddress) -> Option<String> {
        (address.kind() == PushKind::Fcm).then(|| "fcm".to_owned())
    }

    async fn send(&self, address: &PushAddress, knock: Knock) -> Result<(), PushFailed> {
        let mut sent = self.0.lock().unwrap();
        sent.push((address.address().to_owned(), knock.lifetime));
        Ok(())
    }
}

#[tokio::test]
async fn another_kind_of_push_is_another_implementation() {
    let another = Arc::new(Another::default());
    let own = another.clone();
    let world = World::with(|config| config.push_services = vec![own]).await;
    let (mut browser, mut phone) = world.person().await;
    assert_eq!(phone.info.push_key, None, "no Web Push");
    let token = PushAddress::new(PushKind::Fcm, "token".into()).ok();
    assert_eq!(tell(&mut phone, token).await.result, ResultCode::Done);
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    let challenge = phone.inbox(0).await.unwrap();
    is_pushed(&mut browser, &page).await;
    let sent = another.0.lock().unwrap().clone();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].0, "token");
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(reply.result, ResultCode::Done);
}
