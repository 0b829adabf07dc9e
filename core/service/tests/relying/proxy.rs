//! A service goes to another one on a person's behalf, where both entries say so.

use super::*;
use crate::support::number;

fn clients(callback: &str) -> String {
    format!(
        "{CLIENTS}
[client.portal]
name = \"Portal\"
[client.portal.cas]
services = [\"https://portal.example.eu/\"]
proxy_callbacks = [\"{callback}\"]
[client.shelf]
name = \"Shelf\"
[client.shelf.cas]
services = [\"https://shelf.example.eu/\"]
proxies = [\"portal\"]
[client.treasury]
name = \"Treasury\"
level = \"MEDIUM\"
[client.treasury.cas]
services = [\"https://treasury.example.eu/\"]
proxies = [\"portal\"]
"
    )
}

const PORTAL: &str = "https://portal.example.eu/";
const SHELF: &str = "https://shelf.example.eu/books";

/// Redeems a ticket of the portal with its callback.
async fn with_callback(world: &World, browser: &mut Browser, callback: &str) -> String {
    let ticket = entered(browser, PORTAL).await;
    let fields = [
        ("service", PORTAL),
        ("ticket", ticket.as_str()),
        ("pgtUrl", callback),
    ];
    ask(world, "/cas/p3/serviceValidate", &fields).await
}

/// The parameters of what the callback was sent.
fn parameter(request: &str, name: &str) -> String {
    let line = request.lines().next().unwrap();
    let (_, rest) = line.split_once(&format!("{name}=")).unwrap();
    rest.split(['&', ' ']).next().unwrap().to_owned()
}

#[tokio::test]
async fn b20_a_service_goes_to_another_on_a_persons_behalf_where_both_entries_say_so() {
    let peer = Peer::answering(200).await;
    let callback = format!("{}callback", peer.url);
    let world = world(&clients(&callback)).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let answer = with_callback(&world, &mut anna, &callback).await;
    let told = peer.next(5).await.unwrap();
    assert_eq!(
        parameter(&told, "pgtIou"),
        element(&answer, "proxyGrantingTicket")
    );
    let granting = parameter(&told, "pgtId");
    assert!(!answer.contains(&granting));
    let proxy = async |target: &str| {
        let fields = [("pgt", granting.as_str()), ("targetService", target)];
        ask(&world, "/cas/proxy", &fields).await
    };
    let answer = proxy(SHELF).await;
    let ticket = element(&answer, "proxyTicket").to_owned();
    let fields = [("service", SHELF), ("ticket", ticket.as_str())];
    let refused = ask(&world, "/cas/p3/serviceValidate", &fields).await;
    assert_eq!(failed(&refused), "INVALID_TICKET_SPEC");
    let again = element(&proxy(SHELF).await, "proxyTicket").to_owned();
    let fields = [("service", SHELF), ("ticket", again.as_str())];
    let answer = ask(&world, "/cas/p3/proxyValidate", &fields).await;
    assert_eq!(element(&answer, "proxy"), callback);
    assert_eq!(element(&answer, "isFromNewLogin"), "false");
    // It has a name of its own for the person there.
    let shelf = element(&answer, "user");
    assert_ne!(
        shelf,
        crate::support::text(&world, "SELECT name FROM subject WHERE sector = 'portal'")
    );
    for target in [
        LIBRARY,
        "https://evil.example/",
        "https://treasury.example.eu/",
    ] {
        assert_eq!(
            failed(&proxy(target).await),
            "UNAUTHORIZED_SERVICE",
            "{target}"
        );
    }
    let fields = [("service", PORTAL), ("ticket", granting.as_str())];
    let answer = ask(&world, "/cas/p3/proxyValidate", &fields).await;
    assert_eq!(
        failed(&answer),
        "INVALID_TICKET",
        "it is no ticket of a person"
    );
    assert!(
        proxy(SHELF).await.contains("proxyTicket"),
        "and is not used up by that"
    );
    // It ends with the session.
    anna.get("/account").await;
    anna.post("/sign-out", &[]).await;
    assert_eq!(failed(&proxy(SHELF).await), "INVALID_TICKET");
}

#[tokio::test]
async fn a_callback_that_is_not_registered_is_not_asked_and_one_that_refuses_gets_nothing() {
    let (peer, other) = (Peer::answering(302).await, Peer::answering(200).await);
    let callback = format!("{}callback", peer.url);
    let world = world(&clients(&callback)).await;
    let mut anna = world.browser();
    anna.register("anna@example.eu").await;
    let more = format!("{callback}?x=1");
    for evil in [
        other.url.as_str(),
        &more,
        "http://169.254.169.254/",
        "file:///etc/passwd",
    ] {
        let answer = with_callback(&world, &mut anna, evil).await;
        assert_eq!(failed(&answer), "INVALID_PROXY_CALLBACK", "{evil}");
    }
    assert!(other.next(1).await.is_none() && peer.next(0).await.is_none());
    assert_eq!(
        number(
            &world,
            "SELECT count(*) FROM ticket WHERE kind = 'granting'"
        ),
        0
    );
    // A redirect is not followed.
    let answer = with_callback(&world, &mut anna, &callback).await;
    assert_eq!(failed(&answer), "INVALID_PROXY_CALLBACK");
    peer.next(5).await.unwrap();
    assert!(peer.next(1).await.is_none());
}
