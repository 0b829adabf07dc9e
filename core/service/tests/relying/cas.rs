//! What CAS promises a service that keeps to it.

use reqwest::Method;
use tokio::task::JoinSet;

use super::*;
use crate::support::{PASSWORD, number, sql, text};

#[tokio::test]
async fn b20_a_service_gets_a_ticket_after_the_sign_in_and_redeems_it_once() {
    let world = world(CLIENTS).await;
    world.browser().register("anna@example.eu").await;
    let mut browser = world.browser();
    let service = format!("{LIBRARY}?next=/shelf");
    let page = browser.get(&login(&service, &[])).await;
    assert_eq!(page.path, "/sign-in");
    assert!(
        page.read().contains("City &lt;b&gt;library&lt;/b&gt;"),
        "{}",
        page.read()
    );
    let page = browser.password("anna@example.eu", PASSWORD).await;
    let ticket = ticket(&page, &service);
    let answer = redeem(&world, &service, &ticket).await;
    assert!(
        answer.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"),
        "{answer}"
    );
    assert_eq!(
        element(&answer, "user").len(),
        40,
        "it is the sector's own name"
    );
    assert_eq!(element(&answer, "email"), "anna@example.eu");
    assert_eq!(element(&answer, "displayName"), "Anna Ozola");
    assert_eq!(element(&answer, "strength"), "PASSWORD");
    assert_eq!(element(&answer, "authenticationLevel"), "BASIC");
    assert_eq!(element(&answer, "isFromNewLogin"), "true");
    assert!(!answer.contains("lastName"), "it is not released: {answer}");
    assert_eq!(
        failed(&redeem(&world, &service, &ticket).await),
        "INVALID_TICKET"
    );
    // It is listed, once, and in the history.
    let page = browser.get("/account").await;
    assert!(
        page.body.contains("<bdi>City &lt;b&gt;library"),
        "{}",
        page.body
    );
    assert_eq!(crate::support::events(&world, "service-entered"), 1);
    // What waited is over: the next sign-in leads to the account.
    assert_eq!(browser.get("/enter").await.path, "/account");
}

#[tokio::test]
async fn b20_one_sign_in_enters_every_service_under_a_name_of_its_own() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    // In the same second too: nothing is typed for a service that is entered so.
    let mut names = Vec::new();
    for service in [LIBRARY, ARCHIVE, LIBRARY] {
        let ticket = entered(&mut anna, service).await;
        let answer = redeem(&world, service, &ticket).await;
        assert_eq!(element(&answer, "isFromNewLogin"), "false");
        names.push(element(&answer, "user").to_owned());
    }
    assert_eq!(names[0], names[2]);
    assert_eq!(names[1], "anna@example.eu");
    assert!(!names[0].contains("anna"));
    let kept = |of| {
        text(
            &world,
            &format!("SELECT name FROM subject WHERE sector = '{of}'"),
        )
    };
    assert_ne!(kept("library"), kept("archive"));
    // The name is the one that is kept, whatever key made it.
    sql(
        &world,
        "UPDATE subject SET name = 'as-ever' WHERE sector = 'library'",
    );
    let ticket = entered(&mut anna, LIBRARY).await;
    let answer = redeem(&world, LIBRARY, &ticket).await;
    assert_eq!(element(&answer, "user"), "as-ever");
    assert_eq!(crate::support::events(&world, "service-entered"), 2);
}

#[tokio::test]
async fn sixty_four_redemptions_of_one_ticket_in_parallel_give_one_success() {
    let world = Arc::new(world(CLIENTS).await);
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let ticket = entered(&mut anna, LIBRARY).await;
    let mut all = JoinSet::new();
    for _ in 0..64 {
        let (world, ticket) = (world.clone(), ticket.clone());
        all.spawn(async move { redeem(&world, LIBRARY, &ticket).await });
    }
    let answers = all.join_all().await;
    let good = answers
        .iter()
        .filter(|answer| answer.contains("Success"))
        .count();
    assert_eq!(good, 1);
    let codes = answers.iter().filter(|answer| !answer.contains("Success"));
    assert!(
        codes
            .map(|answer| failed(answer))
            .all(|code| code == "INVALID_TICKET")
    );
}

#[tokio::test]
async fn a_ticket_is_for_one_service_at_one_address_and_used_up_by_any_other() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    for other in [ARCHIVE, "https://library.example.eu/app/other", BANK] {
        let ticket = entered(&mut anna, LIBRARY).await;
        assert_eq!(
            failed(&redeem(&world, other, &ticket).await),
            "INVALID_SERVICE"
        );
        assert_eq!(
            failed(&redeem(&world, LIBRARY, &ticket).await),
            "INVALID_TICKET",
            "{other}"
        );
    }
    // A service that is not registered learns nothing, and uses nothing up.
    let ticket = entered(&mut anna, LIBRARY).await;
    let answer = redeem(&world, "https://evil.example/", &ticket).await;
    assert_eq!(failed(&answer), "INVALID_SERVICE");
    assert!(redeem(&world, LIBRARY, &ticket).await.contains("Success"));
}

#[tokio::test]
async fn a_ticket_lives_for_sixty_seconds_and_no_longer_than_its_session() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let ticket = entered(&mut anna, LIBRARY).await;
    world.clock.advance(59);
    assert!(redeem(&world, LIBRARY, &ticket).await.contains("Success"));
    let late = entered(&mut anna, LIBRARY).await;
    world.clock.advance(60);
    assert_eq!(
        failed(&redeem(&world, LIBRARY, &late).await),
        "INVALID_TICKET"
    );
    let ticket = entered(&mut anna, LIBRARY).await;
    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    assert_eq!(
        failed(&redeem(&world, LIBRARY, &ticket).await),
        "INVALID_TICKET"
    );
}

#[tokio::test]
async fn a_service_that_asks_nobody_gets_a_ticket_or_nothing() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let asked = login(LIBRARY, &[("gateway", "true")]);
    let page = anna.get(&asked).await;
    ticket(&page, LIBRARY);
    let page = world.browser().get(&asked).await;
    assert_eq!((page.status, page.path.as_str()), (303, LIBRARY));
    // The bank asks for more than this session has.
    let page = anna.get(&login(BANK, &[("gateway", "true")])).await;
    assert_eq!((page.status, page.path.as_str()), (303, BANK));
    // By a form, which comes without cookies, the same.
    let mut stranger = world.browser();
    let body = encode(&[("service", LIBRARY), ("gateway", "true")]);
    let page = stranger
        .send(Method::POST, "/cas/login", Some(body), &[])
        .await;
    assert!(page.path.starts_with("/enter/"), "{}", page.path);
    let page = stranger.get(&page.path).await;
    assert_eq!((page.status, page.path.as_str()), (303, LIBRARY));
    assert_eq!(number(&world, "SELECT count(*) FROM ask"), 0);
}

#[tokio::test]
async fn a_ticket_can_be_posted_by_the_browser() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let page = anna.get(&login(LIBRARY, &[("method", "POST")])).await;
    assert_eq!(page.status, 200);
    let shown = page.read();
    assert!(
        shown.contains(&format!(
            "<form method=\"post\" action=\"{LIBRARY}\" data-send>"
        )),
        "{shown}"
    );
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("form-action 'self' https://library.example.eu;"),
        "{policy}"
    );
    let ticket = page.hidden("ticket").to_owned();
    assert!(redeem(&world, LIBRARY, &ticket).await.contains("Success"));
}

#[tokio::test]
async fn answers_are_lines_xml_or_json_as_each_version_has_them() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let fresh = entered(&mut anna, ARCHIVE).await;
    let fields = [("service", ARCHIVE), ("ticket", fresh.as_str())];
    assert_eq!(
        ask(&world, "/cas/validate", &fields).await,
        "yes\nanna@example.eu\n"
    );
    assert_eq!(ask(&world, "/cas/validate", &fields).await, "no\n\n");
    let fresh = entered(&mut anna, LIBRARY).await;
    let fields = [("service", LIBRARY), ("ticket", fresh.as_str())];
    let answer = ask(&world, "/cas/serviceValidate", &fields).await;
    assert!(
        answer.contains("<cas:user>") && !answer.contains("attributes"),
        "{answer}"
    );
    let fresh = entered(&mut anna, LIBRARY).await;
    let fields = [
        ("service", LIBRARY),
        ("ticket", fresh.as_str()),
        ("format", "JSON"),
    ];
    let answer = ask(&world, "/cas/p3/serviceValidate", &fields).await;
    let value: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let success = &value["serviceResponse"]["authenticationSuccess"];
    assert_eq!(success["attributes"]["email"][0], "anna@example.eu");
    let answer = ask(&world, "/cas/p3/serviceValidate", &fields).await;
    let value: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let failure = &value["serviceResponse"]["authenticationFailure"];
    assert_eq!(failure["code"], "INVALID_TICKET");
    for fields in [
        &[][..],
        &[("service", LIBRARY)],
        &[("ticket", "ST-1")],
        &[("service", ""), ("ticket", "")],
        &[("service", LIBRARY), ("ticket", "ST-1"), ("ticket", "ST-2")],
    ] {
        let answer = ask(&world, "/cas/serviceValidate", fields).await;
        assert_eq!(failed(&answer), "INVALID_REQUEST", "{fields:?}");
    }
}

#[tokio::test]
async fn the_dialect_tells_the_strength_and_takes_staff_alone_where_it_is_strict() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let fresh = entered(&mut anna, LIBRARY).await;
    let fields = [("service", LIBRARY), ("ticket", fresh.as_str())];
    let answer = ask(&world, "/cas/laxValidate", &fields).await;
    assert!(
        answer.contains(
            "<cas:strengths number=\"1\"><cas:strength>PASSWORD</cas:strength></cas:strengths>"
        ),
        "{answer}"
    );
    assert!(
        answer.contains("<cas:moniker number=\"1\">anna@example.eu</cas:moniker>"),
        "{answer}"
    );
    assert_eq!(element(&answer, "ticketType"), "SERVICE");
    assert_eq!(element(&answer, "assuranceLevel"), "10");
    let fresh = entered(&mut anna, LIBRARY).await;
    let fields = [("service", LIBRARY), ("ticket", fresh.as_str())];
    let answer = ask(&world, "/cas/strictValidate", &fields).await;
    assert_eq!(failed(&answer), "INVALID_USER");
    let fresh = entered(&mut anna, ARCHIVE).await;
    let fields = [("service", ARCHIVE), ("ticket", fresh.as_str())];
    let answer = ask(&world, "/cas/laxValidate", &fields).await;
    assert!(
        !answer.contains("moniker"),
        "no address is released to it: {answer}"
    );
}

#[tokio::test]
async fn the_clients_file_is_read_again_and_a_wrong_one_changes_nothing() {
    let world = world(CLIENTS).await;
    let file = world.folder.path().join("clients.toml");
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let ticket = entered(&mut anna, LIBRARY).await;
    std::fs::write(
        &file,
        CLIENTS.replace("[client.library.cas]", "[client.library.cas]\nx = 1"),
    )
    .unwrap();
    let error = world.service.reload_clients().unwrap_err().to_string();
    assert!(error.contains("clients.toml:7: unknown field"), "{error}");
    entered(&mut anna, LIBRARY).await;
    std::fs::write(
        &file,
        CLIENTS.replace("library.example.eu/app/", "library.example.eu/new/"),
    )
    .unwrap();
    assert_eq!(world.service.reload_clients().unwrap(), 5);
    // What was given for the old address is worth nothing there any more.
    assert_eq!(
        failed(&redeem(&world, LIBRARY, &ticket).await),
        "INVALID_SERVICE"
    );
    assert_eq!(anna.get(&login(LIBRARY, &[])).await.status, 403);
    entered(&mut anna, "https://library.example.eu/new/x").await;
}
