//! What must not happen: races, forged forms, hostile names, known cookies, lost data, secrets in
//! the database.

use std::time::Duration;

use crate::support::{
    Browser, PASSWORD, PIN, World, begin_sign_in, encode,
    life::{at_once, five_were_checked},
    sql,
};
use countersign_protocol::{answer::Decision, reply::ResultCode};
use countersign_service::{Config, Embedded, OriginSetting};
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_wrong_pins_in_parallel_never_give_a_sixth_check() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    let challenge = phone.inbox(0).await.unwrap();
    let answers = (0..64)
        .map(|_| phone.answer(&challenge, Decision::Approve, Some(page.number()), "9374"))
        .collect();
    let (_phone, replies) = at_once(phone, "/api/v1/answer", answers).await;
    five_were_checked(&replies);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_copies_of_one_answer_in_parallel_cost_one_try_and_get_one_outcome() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    let challenge = phone.inbox(0).await.unwrap();
    for (pin, result, left) in [
        ("9374", ResultCode::WrongPin, 4),
        (PIN, ResultCode::Done, 5),
    ] {
        let (body, hash) = phone.answer(&challenge, Decision::Approve, Some(page.number()), pin);
        let copies = vec![(body, hash); 64];
        let replies;
        (phone, replies) = at_once(phone, "/api/v1/answer", copies).await;
        for reply in &replies {
            assert_eq!(reply.result, result);
            assert_eq!(reply.tries_in_row, Some(left));
            assert_eq!(reply.state_token, replies[0].state_token);
        }
        phone.token = replies[0].state_token;
        assert_eq!(phone.status().await.tries_in_row, Some(left));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_uses_of_one_code_in_parallel_give_one_success() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/code").await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], PIN);
    browser.get(&page.path).await;
    let mut all = JoinSet::new();
    for _ in 0..64 {
        let (mut browser, path, code) =
            (browser.clone(), format!("{}/code", page.path), code.clone());
        all.spawn(async move { browser.post_once(&path, &[("code", &code)]).await });
    }
    let signed_in = all
        .join_all()
        .await
        .iter()
        .filter(|page| page.status == 303 && page.path == "/account")
        .count();
    assert_eq!(signed_in, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_guesses_at_the_six_digits_in_parallel_get_three_checks() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    let page = browser.begin_device(&[("name", "Phone")]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let mut phone =
        crate::support::Phone::scan(world.service.address(), world.clock.clone(), &link).await;
    let code = phone.claim(PIN).await.confirmation_code.unwrap();
    browser.get(&page.path).await;
    let mut all = JoinSet::new();
    for guess in (0..64)
        .map(|n| format!("{n:06}"))
        .filter(|guess| *guess != code)
    {
        let (mut browser, path) = (browser.clone(), format!("{}/code", page.path));
        all.spawn(async move { browser.post(&path, &[("code", &guess)]).await.status });
    }
    let statuses = all.join_all().await;
    // Two wrong ones are told so; the third voids the enrolment.
    assert!(
        statuses.iter().filter(|status| **status == 401).count() <= 2,
        "{statuses:?}"
    );
    assert_eq!(phone.complete_raw_status().await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn passwords_guessed_in_parallel_are_counted_before_they_are_checked_account_or_not() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    browser.post("/sign-out", &[]).await;
    for email in ["anna@example.eu", "nobody@example.eu"] {
        browser.password(email, "Wrong-horse8").await;
        sql(&world, "UPDATE guess SET wrong = 45 WHERE wrong = 1");
        let mut all = JoinSet::new();
        for _ in 0..16 {
            let mut browser = browser.clone();
            all.spawn(async move {
                browser
                    .post(
                        "/sign-in/password",
                        &[("email", email), ("password", "Wrong-horse8")],
                    )
                    .await
            });
        }
        let pages = all.join_all().await;
        let checked: Vec<_> = pages.iter().filter(|page| page.status == 401).collect();
        assert_eq!(checked.len(), 5, "{email}");
        assert_eq!(
            pages.iter().filter(|page| page.status == 429).count(),
            11,
            "{email}"
        );
        assert!(checked.iter().all(|page| {
            page.body
                .contains("The e-mail address or the password is not right.")
        }));
    }
    // The right one is not looked at either, however long it waits.
    for _ in 0..2 {
        assert_eq!(
            browser.password("anna@example.eu", PASSWORD).await.status,
            429
        );
        world.clock.advance(40 * 24 * 3600);
    }
}

#[tokio::test]
async fn a_form_that_our_page_did_not_give_to_this_browser_is_refused() {
    let world = World::new().await;
    let (mut browser, _phone) = world.person().await;
    browser.get("/account/devices").await;
    let origin = browser.origin.clone();
    let own = browser.csrf.clone();
    let mut stranger = world.browser();
    stranger.get("/register").await;
    let refused = [
        (None, origin.as_str(), "same-origin"),
        (Some(""), origin.as_str(), "same-origin"),
        (Some(stranger.csrf.as_str()), origin.as_str(), "same-origin"),
        (Some(own.as_str()), "https://evil.example", "same-origin"),
        (Some(own.as_str()), "null", "cross-site"),
        (Some(stranger.csrf.as_str()), "null", "same-origin"),
        (Some(own.as_str()), origin.as_str(), "cross-site"),
        (Some(own.as_str()), origin.as_str(), "same-site"),
    ];
    for (csrf, origin, site) in refused {
        let body = csrf.map_or(String::new(), |csrf| encode(&[("csrf", csrf)]));
        let page = browser
            .send(
                Method::POST,
                "/sign-out",
                Some(body),
                &[("origin", origin), ("sec-fetch-site", site)],
            )
            .await;
        assert_eq!(page.status, 403, "{csrf:?} {origin} {site}");
        assert_eq!(
            page.body.contains("Open http"),
            csrf == Some(own.as_str()),
            "{}",
            page.body
        );
    }
    assert_eq!(browser.get("/account").await.path, "/account");
    let body = encode(&[("csrf", &own)]);
    assert_eq!(
        browser
            .send(Method::POST, "/sign-out", Some(body), &[])
            .await
            .status,
        303
    );
}

#[tokio::test]
async fn hostile_names_are_shown_as_text() {
    let world = World::new().await;
    let mut browser = world.browser();
    // Shown again when it is refused, and when it is taken.
    let name = "<script>alert(1)</script>\"'&{{1234*5678}}";
    let refused = browser.ask_for_account(name, "<b>x", "o'&i@example.eu");
    let refused = refused.await;
    assert_eq!(refused.status, 400);
    let page = browser
        .register_as("d'Arc", "O`Brien", "o'&i@example.eu")
        .await;
    assert!(
        refused.body.contains("&lt;script&gt;alert(1)"),
        "{}",
        refused.body
    );
    for harmful in ["<script>alert", "<b>x", "'&i@", "7006652", "d'Arc"] {
        assert!(!refused.body.contains(harmful), "{harmful}");
        assert!(!page.body.contains(harmful), "{harmful}");
    }
    let page = browser
        .begin_device(&[("name", "\"><img src=x onerror=a>")])
        .await;
    assert!(page.path.starts_with("/account/enrolments/"), "{page:?}");
    assert!(!page.body.contains("<img"));
    browser.get("/account/transactions/other").await;
    let typed = [
        ("iban", "\"><img src=x>"),
        ("name", "<img>"),
        ("amount", "'"),
        ("reference", "<img>"),
    ];
    let page = browser.post("/account/transactions/other", &typed).await;
    assert_eq!(page.status, 400);
    assert!(!page.body.contains("<img"));
    // What turns the reading direction is refused as a name.
    let page = browser.ask_for_account("A\u{202e}nna", "B", "b@example.eu");
    assert_eq!(page.await.status, 400);
}

#[tokio::test]
async fn signing_in_changes_the_cookie_and_signing_out_makes_it_worthless() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    let half = browser.cookie.clone();
    let challenge = phone.inbox(0).await.unwrap();
    phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    browser.get(&page.path).await;
    let whole = browser.cookie.clone();
    assert_ne!(half, whole);
    let mut thief = world.browser();
    thief.cookie = half;
    assert_eq!(thief.get("/account").await.path, "/sign-in");
    browser.get("/account").await;
    browser.post("/sign-out", &[]).await;
    thief.cookie = whole;
    assert_eq!(thief.get("/account").await.path, "/sign-in");
}

#[tokio::test]
async fn half_a_sign_in_and_strangers_reach_nothing() {
    let world = World::new().await;
    let (mut browser, _phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    for path in [
        "/account",
        "/account/devices",
        "/account/transactions/other",
    ] {
        assert_eq!(browser.get(path).await.path, "/sign-in", "{path}");
    }
    let mut stranger = world.browser();
    stranger.register("eve@example.eu").await;
    // Of another's challenge a browser learns no more than of one that never was.
    for path in [&page.path, "/challenge/00112233445566778899aabbccddeeff"] {
        assert_eq!(stranger.get(path).await.path, "/account", "{path}");
    }
    for path in [
        format!("{}/state", page.path),
        format!("{}/code.png", page.path),
    ] {
        assert_eq!(stranger.get(&path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_idle_session_ends() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    world.clock.advance(29 * 60);
    assert_eq!(browser.get("/account").await.path, "/account");
    world.clock.advance(29 * 60);
    assert_eq!(browser.get("/account").await.path, "/account");
    world.clock.advance(31 * 60);
    assert_eq!(browser.get("/account").await.path, "/sign-in");
}

#[tokio::test]
async fn every_page_has_its_policy_headers_and_no_inline_script() {
    let world = World::new().await;
    let (mut browser, _phone) = world.person().await;
    let script = crate::files::folder(&browser.get("/register").await) + "/page.js";
    for path in [
        "/",
        "/register",
        "/account",
        "/account/devices",
        "/nowhere",
        "/Q/ABC",
        &script,
    ] {
        let page = browser.get(path).await;
        let header = |name: &str| page.headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert!(
            header("content-security-policy").starts_with("default-src 'none'"),
            "{path}"
        );
        assert!(!header("content-security-policy").contains("unsafe"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin");
        assert!(
            !page.body.contains("<script>")
                && !page.body.contains("onclick")
                && !page.body.contains("style="),
            "{path}"
        );
        if !path.starts_with("/static/") {
            assert_eq!(header("cache-control"), "no-store");
        }
    }
    let cookie = browser.send(Method::GET, "/register", None, &[]).await;
    assert!(cookie.headers.get("set-cookie").is_none());
    let fresh = world.browser().get("/register").await;
    let cookie = fresh.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
        "{cookie}"
    );
}

#[tokio::test]
async fn an_https_origin_has_host_bound_secure_cookies() {
    let folder = tempfile::tempdir().unwrap();
    let origin = OriginSetting::Exactly("https://sign.example.eu".into());
    let service = Embedded::start(Config {
        origin,
        ..Config::embedded(folder.path())
    })
    .await
    .unwrap();
    let page = Browser::new(service.address(), service.origin())
        .get("/sign-in")
        .await;
    let cookie = page.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("__Host-") && cookie.contains("; Secure"),
        "{cookie}"
    );
    assert!(page.headers.contains_key("strict-transport-security"));
    service.stop().await;
}

#[tokio::test]
async fn a_restart_keeps_sessions_devices_and_open_challenges() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let mut signed_in = world.browser();
    signed_in.cookie = browser.cookie.clone();
    browser.cookie = None;
    browser.password("anna@example.eu", PASSWORD).await;
    let page = browser.post("/sign-in/app", &[]).await;
    let (listen, origin) = (world.service.address(), world.service.origin().to_owned());
    world.service.stop().await;
    let service = Embedded::start(Config {
        listen,
        clock: world.clock.clone(),
        ..Config::embedded(world.folder.path())
    })
    .await
    .unwrap();
    assert_eq!(service.origin(), origin);
    assert_eq!(signed_in.get("/account").await.path, "/account");
    let challenge = phone.inbox(0).await.unwrap();
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(reply.result, ResultCode::Done);
    assert_eq!(browser.get(&page.path).await.path, "/account");
}

#[tokio::test]
async fn the_database_holds_no_secret_in_clear() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.register("anna@example.eu").await;
    let phone = browser.add_phone(&world.clock).await;
    let secrets = phone.secrets(PIN);
    let cookie = browser.cookie.clone().unwrap();
    let cookie = cookie.split('=').nth(1).unwrap().to_owned();
    let folder = world.folder.path().to_owned();
    let look = |when: &str| {
        let mut seen = false;
        for file in ["service.db", "service.db-wal"] {
            let Ok(bytes) = std::fs::read(folder.join(file)) else {
                continue;
            };
            let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
            seen |= holds(b"anna@example.eu");
            assert!(secrets.iter().all(|secret| !holds(secret)), "{file} {when}");
            assert!(
                !holds(cookie.as_bytes()) && !holds(PASSWORD.as_bytes()),
                "{file} {when}"
            );
        }
        assert!(seen, "the test looks at the wrong files {when}");
    };
    look("while it runs");
    world.service.stop().await;
    look("after it stopped");
}

#[tokio::test]
async fn data_of_one_origin_or_process_are_not_taken_by_another() {
    let world = World::new().await;
    let second = Embedded::start(Config::embedded(world.folder.path()))
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        second.contains("another countersign-service is running"),
        "{second}"
    );
    world.service.stop().await;
    let origin = OriginSetting::Exactly("https://other.example.eu".into());
    let other = Embedded::start(Config {
        origin,
        ..Config::embedded(world.folder.path())
    })
    .await
    .err()
    .unwrap()
    .to_string();
    assert!(
        other.contains("these data belong to http://localhost:"),
        "{other}"
    );
    std::fs::remove_file(world.folder.path().join("keys/service.key")).unwrap();
    let lost = Embedded::start(Config::embedded(world.folder.path()))
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(lost.contains("is missing"), "{lost}");
}

#[tokio::test]
async fn a_taken_port_and_a_wrong_origin_are_told() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let listen = world.service.address();
    let taken = Embedded::start(Config {
        listen,
        ..Config::embedded(folder.path())
    })
    .await
    .err()
    .unwrap()
    .to_string();
    assert!(taken.contains("Is another program using it?"), "{taken}");
    for origin in [
        "http://sign.example.eu",
        "https://sign.example.eu/",
        "sign.example.eu",
    ] {
        let origin = OriginSetting::Exactly(origin.into());
        let wrong = Embedded::start(Config {
            origin,
            ..Config::embedded(folder.path())
        })
        .await
        .err()
        .unwrap()
        .to_string();
        assert!(wrong.contains("can't be used"), "{wrong}");
    }
}

#[tokio::test]
async fn hostile_requests_of_phones_are_refused_clearly() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    let challenge = phone.inbox(0).await.unwrap();
    let (body, _) = phone.answer(&challenge, Decision::Approve, Some(page.number()), PIN);
    assert_eq!(phone.post_raw("/api/v1/answer", vec![0; 4097]).await.0, 413);
    assert_eq!(phone.post_raw("/api/v1/answer", Vec::new()).await.0, 400);
    assert_eq!(
        phone
            .post_raw("/api/v1/answer", body[..body.len() - 1].to_vec())
            .await
            .0,
        400
    );
    assert_eq!(phone.post_raw("/api/v1/inbox", body.clone()).await.0, 400);
    for at in (0..body.len()).step_by(7) {
        let mut flipped = body.clone();
        flipped[at] ^= 0x10;
        let (status, _) = phone.post_raw("/api/v1/answer", flipped).await;
        assert!(matches!(status, 400 | 401), "{at}: {status}");
    }
    // None of that cost a try.
    assert_eq!(phone.status().await.tries_in_epoch, Some(15));
}

#[tokio::test]
async fn a_phone_with_a_wrong_clock_gets_the_time_and_repeats() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/app").await;
    let challenge = phone.inbox(0).await.unwrap();
    let (body, hash) = phone.answer(&challenge, Decision::Approve, Some(page.number()), PIN);
    world.clock.advance(121);
    assert_eq!(phone.send(body, hash).await.result, ResultCode::Clock);
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    assert_eq!(reply.result, ResultCode::Done);
}

#[tokio::test]
async fn a_stopping_service_answers_phones_that_wait() {
    let world = World::new().await;
    let (_browser, phone) = world.person().await;
    let waiting = tokio::spawn(async move { phone.inbox(50).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    tokio::time::timeout(Duration::from_secs(5), world.service.stop())
        .await
        .unwrap();
    assert!(waiting.await.unwrap().is_none());
}

#[tokio::test]
async fn garbage_on_the_wire_is_answered_or_closed() {
    let world = World::new().await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET / HTTP/9\r\n\r\n",
        &[b'A'; 70_000],
    ] {
        let mut stream = TcpStream::connect(world.service.address()).await.unwrap();
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let read =
            tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok());
    }
    assert_eq!(world.browser().get("/sign-in").await.status, 200);
}
