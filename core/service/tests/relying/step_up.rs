//! A session that has less than a service asks for is taken through exactly what is missing.

use super::*;
use crate::support::{PASSWORD, PIN, approve, number, sql};

#[tokio::test]
async fn b20_a_session_that_has_less_is_taken_through_what_is_missing_and_keeps_the_rest() {
    let world = world(CLIENTS).await;
    let (mut anna, mut phone) = world.person().await;
    entered(&mut anna, LIBRARY).await;
    world.clock.advance(100);
    let page = anna.get(&login(BANK, &[])).await;
    assert_eq!(page.path, "/enter");
    assert!(
        page.body.contains("action=\"/enter/app\"") && page.body.contains("action=\"/enter/code\"")
    );
    assert!(
        !page.body.contains("action=\"/enter/password\""),
        "the password was given"
    );
    let page = anna.post("/enter/app", &[]).await;
    approve(&mut phone, &page, PIN).await;
    let page = anna.get(&page.path).await;
    let fresh = ticket(&page, BANK);
    let answer = redeem(&world, BANK, &fresh).await;
    assert_eq!(element(&answer, "strength"), "PASSWORD_MOBILE_APP");
    assert_eq!(element(&answer, "authenticationLevel"), "MEDIUM");
    assert_eq!(element(&answer, "isFromNewLogin"), "true");
    assert_eq!(element(&answer, "locale"), "en");
    // What was entered before is in the same session still, and neither asks again.
    let open = "SELECT count(*) FROM entered WHERE ended_at IS NULL
                AND session = (SELECT id FROM session WHERE signed_in = 1)";
    assert_eq!(number(&world, open), 2);
    for service in [LIBRARY, BANK] {
        entered(&mut anna, service).await;
    }
}

#[tokio::test]
async fn b20_a_code_is_a_step_too_and_tells_that_it_was_used() {
    let world = world(CLIENTS).await;
    let (mut anna, mut phone) = world.person().await;
    anna.get(&login(BANK, &[])).await;
    let page = anna.post("/enter/code", &[]).await;
    let link = anna.get(&format!("{}/link", page.path)).await.body;
    anna.get(&page.path).await;
    let code = phone.code(&link, &[], PIN);
    let page = anna
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    let answer = redeem(&world, BANK, &ticket(&page, BANK)).await;
    assert_eq!(element(&answer, "strength"), "PASSWORD_SOFTWARE_TOKEN");
    // A service that takes the app alone does not take that.
    let page = anna
        .get(&login(
            LIBRARY,
            &[("acceptStrengths", "PASSWORD_MOBILE_APP,PASSWORD_SMS")],
        ))
        .await;
    assert!(
        page.body.contains("action=\"/enter/app\"") && !page.body.contains("/enter/code"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn a_service_that_wants_the_person_again_gets_no_old_proof() {
    let world = world(CLIENTS).await;
    let (mut anna, mut phone) = world.person().await;
    // Not even one of the same second.
    let page = anna.get(&login(LIBRARY, &[("renew", "true")])).await;
    assert_eq!(page.path, "/enter");
    let page = anna
        .post("/enter/password", &[("password", "Wrong-horse8")])
        .await;
    assert_eq!(page.status, 401);
    world.clock.advance(5);
    let page = anna
        .post("/enter/password", &[("password", PASSWORD)])
        .await;
    let fresh = ticket(&page, LIBRARY);
    let fields = [
        ("service", LIBRARY),
        ("ticket", fresh.as_str()),
        ("renew", "true"),
    ];
    let answer = ask(&world, "/cas/p3/serviceValidate", &fields).await;
    assert_eq!(element(&answer, "isFromNewLogin"), "true");
    // One that was given without it does not pass for it.
    world.clock.advance(5);
    let old = entered(&mut anna, LIBRARY).await;
    let fields = [
        ("service", LIBRARY),
        ("ticket", old.as_str()),
        ("renew", "true"),
    ];
    let answer = ask(&world, "/cas/p3/serviceValidate", &fields).await;
    assert_eq!(failed(&answer), "INVALID_TICKET");
    // For a level that needs the app, the app alone is shorter than both, and the old password does
    // not count.
    world.clock.advance(100);
    anna.get(&login(BANK, &[("renew", "true")])).await;
    world.clock.advance(1);
    let page = anna.post("/enter/app", &[]).await;
    approve(&mut phone, &page, PIN).await;
    let page = anna.get(&page.path).await;
    let answer = redeem(&world, BANK, &ticket(&page, BANK)).await;
    assert_eq!(element(&answer, "strength"), "MOBILE_APP");
}

#[tokio::test]
async fn b20_a_sign_in_for_a_service_offers_what_the_service_takes() {
    let world = world(CLIENTS).await;
    let (mut anna, mut phone) = world.person().await;
    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    assert_eq!(anna.get(&login(BANK, &[])).await.path, "/sign-in");
    let page = anna.post("/sign-in", &[("email", "anna@example.eu")]).await;
    assert!(
        page.body.contains("value=\"app\"") && !page.body.contains("value=\"password\""),
        "{}",
        page.body
    );
    let fields = [
        ("email", "anna@example.eu"),
        ("password", PASSWORD),
        ("method", "app"),
    ];
    let page = anna.post("/sign-in/password", &fields).await;
    approve(&mut phone, &page, PIN).await;
    let page = anna.get(&page.path).await;
    ticket(&page, BANK);
}

#[tokio::test]
async fn b19_a_service_that_does_not_let_an_account_in_says_whose_help_desk_to_ask() {
    let world = world(CLIENTS).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    for (service, desk, says) in [
        (
            BANK,
            "href=\"tel:+37160000000\"",
            "no mobile device that works",
        ),
        (
            "https://vault.example.eu/x",
            "href=\"mailto:vault@example.eu\"",
            "does not have",
        ),
        (
            "https://office.example.eu/",
            "href=\"https://office.example.eu/help\"",
            "an administrator added",
        ),
    ] {
        let page = anna.get(&login(service, &[])).await;
        assert_eq!(page.status, 403);
        let shown = page.read().replace("&#x27;", "'");
        assert!(shown.contains(desk) && shown.contains(says), "{shown}");
    }
    assert_eq!(number(&world, "SELECT count(*) FROM ticket"), 0);
    // A registered device that is blocked is none that works.
    let mut anna = world.browser();
    anna.register("berta@example.eu").await;
    anna.add_phone(&world.clock).await;
    sql(&world, "UPDATE device SET state = 'suspended'");
    let page = anna.get(&login(BANK, &[])).await;
    assert_eq!(page.status, 403, "{}", page.body);
}

#[tokio::test]
async fn a_service_for_the_staff_lets_the_staff_in() {
    let world = world(CLIENTS).await;
    let (mut staff, ..) = crate::administration::staff(&world).await;
    let service = "https://office.example.eu/x";
    let page = staff.get(&login(service, &[])).await;
    let fresh = ticket(&page, service);
    let fields = [("service", service), ("ticket", fresh.as_str())];
    let answer = ask(&world, "/cas/strictValidate", &fields).await;
    assert_eq!(element(&answer, "assuranceLevel"), "40");
}
