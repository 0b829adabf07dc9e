//! Addresses that nobody may register with: domains that are an administrator's, and a service
//! where nobody registers.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::administration::{ANNA, BERTA, accept, invitation, person};
use crate::support::{NEW_PASSWORD, PASSWORD, World, number};

/// The page after somebody asked for an account, without what differs in every browser.
async fn asked(world: &World, email: &str) -> (u16, String) {
    let mut browser = world.browser();
    let page = browser.ask_for_account("Anna", "Ozola", email).await;
    (page.status, page.body.replace(email, ""))
}

#[tokio::test]
async fn whoever_may_not_register_is_told_whom_to_ask_and_never_whether_there_is_an_account() {
    let world = World::with(|config| {
        config.registration.closed_domains = vec!["Example.eu".to_owned()];
        config.brand.help_desk = Some("https://help.example.eu/".to_owned());
    })
    .await;
    world.command(person(BERTA)).await.unwrap();
    let mut berta = world.browser();
    let link = invitation(&berta, BERTA, &[]).await;
    assert_eq!(accept(&mut berta, &link, PASSWORD).await.path, "/account");
    world.command(person("carl@example.eu")).await.unwrap();
    let nobody = asked(&world, "nobody@example.eu").await;
    assert_eq!(nobody.0, 403);
    assert!(
        nobody.1.contains("an address at example.eu"),
        "{}",
        nobody.1
    );
    assert!(
        nobody.1.contains("https:&#x2f;&#x2f;help.example.eu"),
        "{}",
        nobody.1
    );
    for email in [BERTA, "carl@example.eu", "NOBODY@EXAMPLE.EU"] {
        assert_eq!(asked(&world, email).await, nobody, "{email}");
    }
    assert_eq!(
        number(
            &world,
            "SELECT count(*) FROM mailed_link WHERE kind <> 'invite'"
        ),
        0
    );
    // Others register, and don't move there.
    let mut anna = world.browser();
    anna.register("anna@example.com").await;
    anna.get("/account/email").await;
    let fields = [("email", "anna@example.eu"), ("password", PASSWORD)];
    let page = anna.post("/account/email", &fields).await;
    assert_eq!(page.status, 400);
    assert!(
        page.body.contains("its administrator assigns them"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn with_registration_closed_nobody_registers_and_an_older_link_makes_no_account() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.ask_for_account("Anna", "Ozola", ANNA).await;
    let link = browser.mailed(ANNA, "/register/").await;
    let (folder, clock) = (world.folder, world.clock);
    let address = world.service.address();
    world.service.stop().await;
    let mut config = countersign_service::Config {
        listen: address,
        clock: clock.clone(),
        ..countersign_service::Config::embedded(folder.path())
    };
    config.registration.nobody = true;
    let service = countersign_service::Embedded::start(config).await.unwrap();
    let world = World {
        service,
        clock,
        folder,
    };
    assert!(!browser.get("/sign-in").await.body.contains("/register"));
    let page = browser.get("/register").await;
    assert_eq!(page.status, 403);
    assert!(
        page.body.contains("You can’t register here"),
        "{}",
        page.body
    );
    assert_eq!(browser.get(&link).await.status, 403);
    assert_eq!(browser.post(&link, &NEW_PASSWORD).await.status, 403);
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 0);
    world.command(person(BERTA)).await.unwrap();
    let link = invitation(&browser, BERTA, &[]).await;
    assert_eq!(accept(&mut browser, &link, PASSWORD).await.path, "/account");
}
