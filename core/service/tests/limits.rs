//! Budgets by source, device and account, over HTTP and with their real numbers.

use std::{net::IpAddr, sync::Arc, time::Instant};

use countersign_protocol::query::Query;
use countersign_service::{Connections, OriginSetting};
use reqwest::{Client, Response};
use tokio::task::JoinSet;

use crate::support::{Browser, PASSWORD, Phone, World, client_at, encode};

/// As it runs for people: no network is large.
async fn world() -> World {
    World::with(|config| config.large_networks.clear()).await
}

fn address(last: u8) -> IpAddr {
    [127, 0, 0, last].into()
}

fn browser(world: &World, last: u8) -> Browser {
    let mut browser = Browser::at(
        address(last),
        world.service.address(),
        world.service.origin(),
    );
    browser.outbox = world.folder.path().join("outbox");
    browser
}

/// Every refusal for lack of room says when to come again.
fn retry_after(headers: &reqwest::header::HeaderMap) -> u64 {
    let seconds = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=3600).contains(&seconds), "{seconds}");
    seconds
}

#[tokio::test]
async fn addresses_sprayed_with_passwords_from_one_source_are_few_and_others_sign_in() {
    let world = world().await;
    browser(&world, 1).register("anna@example.eu").await;
    let mut sprayer = browser(&world, 2);
    sprayer.get("/sign-in").await;
    let mut all = JoinSet::new();
    let (mut checked, mut refused) = (0, 0);
    for number in 0..959 {
        let mut sprayer = sprayer.clone();
        all.spawn(async move {
            let email = format!("person{number}@example.eu");
            let fields = [("email", email.as_str()), ("password", "Summer-2026")];
            sprayer.post("/sign-in/password", &fields).await
        });
        if all.len() == 8 {
            let page = all.join_next().await.unwrap().unwrap();
            checked += i32::from(page.status == 401);
            if page.status == 429 {
                retry_after(&page.headers);
                refused += 1;
            }
        }
    }
    for page in all.join_all().await {
        checked += i32::from(page.status == 401);
        refused += i32::from(page.status == 429);
    }
    assert_eq!((checked, refused), (100, 859));
    // Another source is not slowed down, and this one is again let in with time.
    let mut owner = browser(&world, 3);
    let page = owner.password("anna@example.eu", PASSWORD).await;
    assert_eq!(page.path, "/account");
    let page = sprayer.password("anna@example.eu", PASSWORD).await;
    assert_eq!(page.status, 429);
    assert!(page.body.contains("Try again in 10 seconds"));
    assert_eq!(retry_after(&page.headers), 10);
    world.clock.advance(10);
    let page = sprayer.password("anna@example.eu", PASSWORD).await;
    assert_eq!(page.path, "/account");
}

#[tokio::test]
async fn a_right_password_is_no_guess_so_that_an_office_signs_in_behind_one_address() {
    let world = world().await;
    browser(&world, 1).register("anna@example.eu").await;
    let mut all = JoinSet::new();
    for _ in 0..4 {
        let mut person = browser(&world, 2);
        all.spawn(async move {
            let fields = [("email", "anna@example.eu"), ("password", PASSWORD)];
            for _ in 0..30 {
                person.cookie = None;
                person.get("/sign-in").await;
                let page = person.post_once("/sign-in/password", &fields).await;
                assert_eq!(page.path, "/account", "{}", page.body);
            }
        });
    }
    all.join_all().await;
}

#[tokio::test]
async fn on_mobile_is_left_to_others_whoever_begins_without_end() {
    let world = world().await;
    let mut flood = browser(&world, 2);
    flood.get("/sign-in").await;
    let mut begun = 0;
    for _ in 0..1000 {
        let page = flood.post_once("/sign-in/mobile", &[]).await;
        if page.status == 429 {
            retry_after(&page.headers);
        } else {
            assert_eq!(page.status, 303);
            begun += 1;
        }
    }
    assert_eq!(begun, 60);
    let mut other = browser(&world, 3);
    other.get("/sign-in").await;
    assert_eq!(other.post("/sign-in/mobile", &[]).await.status, 200);
}

async fn send(client: &Client, world: &World, path: &str, body: Vec<u8>) -> Response {
    let url = format!("http://{}{path}", world.service.address());
    client
        .post(url)
        .header("content-type", "application/vnd.countersign+cbor")
        .body(body)
        .send()
        .await
        .unwrap()
}

fn status(phone: &Phone) -> Vec<u8> {
    let last = phone.chain.last();
    phone.query(Query::Status { last }).0
}

#[tokio::test]
async fn a_replayed_request_uses_up_its_devices_budget_and_nobody_elses() {
    let world = world().await;
    let (_, phone) = world.person().await;
    let mut browser = world.browser();
    browser.register("berta@example.eu").await;
    let other = browser.add_phone(&world.clock).await;
    let body = status(&phone);
    let replayer = client_at(address(2));
    let mut taken = 0;
    for _ in 0..1000 {
        let response = send(&replayer, &world, "/api/v1/status", body.clone()).await;
        if response.status() == 200 {
            taken += 1;
        } else {
            assert_eq!(response.status(), 429);
            retry_after(response.headers());
            let line = response.text().await.unwrap();
            assert!(line.starts_with("too many requests; try again in "));
        }
    }
    assert!((150..=200).contains(&taken), "{taken}");
    // The device has to wait wherever it is; a second later it is heard.
    let home = client_at(address(3));
    let late = send(&home, &world, "/api/v1/status", status(&phone)).await;
    assert_eq!(
        (late.status().as_u16(), retry_after(late.headers())),
        (429, 1)
    );
    let heard = send(&home, &world, "/api/v1/status", status(&other)).await;
    assert_eq!(heard.status(), 200);
    world.clock.advance(1);
    let heard = send(&home, &world, "/api/v1/status", status(&phone)).await;
    assert_eq!(heard.status(), 200);
}

#[tokio::test]
async fn verified_requests_cost_their_source_nothing_and_others_do() {
    let world = world().await;
    let (_, phone) = world.person().await;
    let office = client_at(address(2));
    for _ in 0..150 {
        let heard = send(&office, &world, "/api/v1/status", status(&phone)).await;
        assert_eq!(heard.status(), 200);
    }
    let mut statuses = Vec::new();
    for _ in 0..310 {
        let mut forged = status(&phone);
        *forged.last_mut().unwrap() ^= 1;
        let response = send(&office, &world, "/api/v1/status", forged).await;
        if response.status() == 429 {
            retry_after(response.headers());
        }
        statuses.push(response.status().as_u16());
    }
    assert!(statuses[..300].iter().all(|status| *status == 401));
    assert!(statuses[300..].iter().all(|status| *status == 429));
    let elsewhere = client_at(address(3));
    let heard = send(&elsewhere, &world, "/api/v1/status", status(&phone)).await;
    assert_eq!(heard.status(), 200);
}

#[tokio::test]
async fn a_stranger_with_the_password_asks_without_end_and_the_owners_browser_goes_on() {
    let world = world().await;
    let (mut owner, _phone) = world.person().await;
    let mut stranger = browser(&world, 2);
    stranger.password("anna@example.eu", PASSWORD).await;
    let mut asked = 0;
    for _ in 0..80 {
        let page = stranger.post_once("/sign-in/app", &[]).await;
        if page.status == 429 && page.body.contains("for your account") {
            assert!(retry_after(&page.headers) <= 10);
        } else {
            asked += 1;
        }
    }
    assert_eq!(asked, 60);
    // A means that is chosen with the password costs as much as its button, and goes on no more.
    stranger.get("/sign-in").await;
    let chosen = [
        ("email", "anna@example.eu"),
        ("password", PASSWORD),
        ("method", "app"),
    ];
    let page = stranger.post_once("/sign-in/password", &chosen).await;
    assert_eq!((page.status, page.path.as_str()), (303, "/sign-in/method"));
    owner.get("/account/transactions/other").await;
    let page = owner.post("/account/transactions/other", &[]).await;
    assert!(!page.body.contains("for your account"), "{}", page.body);
}

/// How many of 70 requests get room, each with these headers; 60 are allowed at once.
async fn begun(world: &World, client: &Client, headers: impl Fn(usize) -> String) -> usize {
    let mut begun = 0;
    for number in 0..70 {
        let mut request = client.post(format!("http://{}/sign-in/mobile", world.service.address()));
        let (_, authority) = world.service.origin().split_once("://").unwrap();
        request = request.header("host", authority);
        for line in headers(number).lines() {
            let (name, value) = line.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        let response = request.send().await.unwrap();
        if response.status() == 429 {
            retry_after(response.headers());
        } else {
            // It is no form, but there was room for it.
            assert_eq!(response.status(), 400);
            begun += 1;
        }
    }
    begun
}

#[tokio::test]
async fn without_a_trusted_proxy_forwarded_headers_are_ignored() {
    let world = world().await;
    let client = client_at(address(2));
    let spoofed = |number: usize| {
        format!(
            "x-forwarded-for: 198.51.100.{number}\nforwarded: for=198.51.100.{number}\n\
             x-real-ip: 198.51.100.{number}\ncf-connecting-ip: 198.51.100.{number}"
        )
    };
    assert_eq!(begun(&world, &client, spoofed).await, 60);
}

#[tokio::test]
async fn behind_trusted_proxies_each_client_has_a_budget_and_nobody_forges_one() {
    let world = World::with(|config| {
        config.large_networks.clear();
        config.connections = Connections::Proxies(vec![address(1), address(4)]);
        config.origin = OriginSetting::Exactly("https://sign.example.eu".into());
    })
    .await;
    let proxy = client_at(address(1));
    let all = async |headers: &dyn Fn(usize) -> String| begun(&world, &proxy, headers).await;
    // What stands further left is the client's own word.
    assert_eq!(
        all(&|n| format!("x-forwarded-for: 203.0.113.{n}, 198.51.100.1")).await,
        60
    );
    assert_eq!(
        all(&|n| format!("x-forwarded-for: {n}-%,198.51.100.2")).await,
        60
    );
    // Through two proxies, in one line or in several.
    assert_eq!(
        all(&|n| format!("x-forwarded-for: 203.0.113.{n}, 198.51.100.3, 127.0.0.4")).await,
        60
    );
    let lines = |n| {
        let first = format!("x-forwarded-for: 203.0.113.{n}");
        format!("{first}\nx-forwarded-for: 198.51.100.4\nx-forwarded-for: ::ffff:127.0.0.4")
    };
    assert_eq!(all(&lines).await, 60);
    // One customer's IPv6 addresses are one source; other customers' are others.
    assert_eq!(
        all(&|n| format!("x-forwarded-for: 2001:db8:0:5::{n}")).await,
        60
    );
    assert_eq!(
        all(&|n| format!("x-forwarded-for: 2001:db8:0:1{n:02}::1")).await,
        70
    );
    assert_eq!(all(&|n| format!("x-forwarded-for: 192.0.2.{n}")).await, 70);
    // Garbage, and other headers, count for the proxy: all of them together.
    let garbage = |n: usize| match n % 5 {
        0 => format!("x-real-ip: 198.51.100.{n}"),
        1 => format!("x-forwarded-for: 198.51.100.{n}, unknown"),
        2 => format!("x-forwarded-for: 198.51.100.{n}, "),
        3 => format!("forwarded: for=198.51.100.{n}"),
        _ => "x-forwarded-for: 127.0.0.4, 127.0.0.1".to_owned(),
    };
    assert_eq!(all(&garbage).await, 60);
    // The other proxy is another source, and no other address may connect.
    assert_eq!(
        begun(&world, &client_at(address(4)), |_| String::new()).await,
        60
    );
    let stranger = client_at(address(5));
    let url = format!("http://{}/sign-in", world.service.address());
    assert!(stranger.get(url).send().await.is_err());
}

#[tokio::test]
async fn a_large_network_has_larger_budgets() {
    let world = World::with(|config| {
        config.large_networks = vec!["127.0.0.2=2".parse().unwrap()];
    })
    .await;
    let headers = |_| String::new();
    assert_eq!(begun(&world, &client_at(address(2)), headers).await, 70);
    assert_eq!(begun(&world, &client_at(address(3)), headers).await, 60);
}

#[tokio::test]
async fn a_flood_of_passwords_keeps_nobody_else_from_signing_in_and_counts_nothing_it_refuses() {
    let world = world().await;
    browser(&world, 1).register("anna@example.eu").await;
    let mut flood = browser(&world, 2);
    flood.get("/sign-in").await;
    let mut owner = browser(&world, 3);
    owner.get("/sign-in").await;
    let address = world.service.address();
    let origin = world.service.origin().to_owned();
    let cookie = Arc::new(flood.cookie.clone().unwrap());
    let mut all = JoinSet::new();
    // All at once, each with a connection of its own.
    for number in 0..100 {
        let (cookie, origin, csrf) = (cookie.clone(), origin.clone(), flood.csrf.clone());
        all.spawn(async move {
            let email = format!("person{number}@example.eu");
            let body = encode(&[
                ("csrf", csrf.as_str()),
                ("email", email.as_str()),
                ("password", "Summer-2026"),
            ]);
            let request = client_at([127, 0, 0, 2].into())
                .post(format!("http://{address}/sign-in/password"))
                .header("cookie", cookie.as_str())
                .header("origin", origin)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
            let response = request.send().await.unwrap();
            if response.status() == 503 {
                retry_after(response.headers());
            }
            response.status().as_u16()
        });
    }
    // The flood stands in line when the first of it is answered.
    let mut statuses = vec![all.join_next().await.unwrap().unwrap()];
    let began = Instant::now();
    let fields = [("email", "anna@example.eu"), ("password", PASSWORD)];
    let page = owner.post_once("/sign-in/password", &fields).await;
    assert_eq!((page.status, page.path.as_str()), (303, "/account"));
    let alone = began.elapsed();
    while let Some(status) = all.try_join_next() {
        statuses.push(status.unwrap());
    }
    assert!(statuses.len() < 60, "{} answered before", statuses.len());
    statuses.extend(all.join_all().await);
    let flood = began.elapsed();
    assert!(alone < flood / 2, "{alone:?} of {flood:?}");
    let refused = statuses.iter().filter(|status| **status == 503).count();
    // The way to the page that says that the password was wrong.
    let checked = statuses.iter().filter(|status| **status == 303).count();
    assert_eq!(refused + checked, 100);
    assert!(refused >= 20, "{refused}");
}
