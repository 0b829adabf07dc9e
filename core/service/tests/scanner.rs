//! Mail programs and filters open the links in messages before their person does: looking at one
//! changes nothing, whichever it is. And no answer takes longer where an address has an account.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use countersign_service::Command;
use reqwest::Method;
use rusqlite::{Connection, types::Value};

use crate::support::{Browser, PASSWORD, PIN, World, approve, mail};

const ANNA: &str = "anna@example.eu";
const CARL: &str = "carl@example.eu";

/// The paths of all links with a token in all messages.
fn links(world: &World) -> BTreeSet<String> {
    let mut links = BTreeSet::new();
    for file in fs::read_dir(world.folder.path().join("outbox")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let text = text.replace("=\r\n", "").replace("=3D", "=");
        for (at, _) in text.match_indices("://") {
            let Some(path) = text[at + 3..].find('/') else {
                continue;
            };
            let rest = &text[at + 3 + path..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"/-".contains(c));
            let path = &rest[..end.unwrap_or(rest.len())];
            if path
                .rsplit('/')
                .next()
                .is_some_and(|token| token.len() == 64)
            {
                links.insert(path.to_owned());
            }
        }
    }
    links
}

/// All that is stored and that a link could change.
fn stored(world: &World) -> Vec<String> {
    let database = Connection::open(world.folder.path().join("service.db")).unwrap();
    let tables = [
        "account",
        "device",
        "mailed_link",
        "recovery",
        "deletion",
        "enrolment",
        "session",
        "session_proof",
        "event",
        "known_browser",
    ];
    let mut rows = Vec::new();
    for table in tables {
        let mut all = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = all.column_count();
        let read = all.query_map([], |row| {
            let values: Result<Vec<Value>, _> =
                (0..columns).map(|column| row.get(column)).collect();
            Ok(format!("{table}: {:?}", values?))
        });
        rows.extend(read.unwrap().map(Result::unwrap));
    }
    rows.sort();
    rows
}

/// Messages of every kind that has a link.
async fn every_kind_of_link(world: &World) {
    world
        .browser()
        .ask_for_account("Berta", "Liepa", "berta@example.eu")
        .await;
    let invited = Command::Add {
        email: "staff@example.eu".to_owned(),
        first_name: "Dace".to_owned(),
        last_name: "Kalna".to_owned(),
        language: None,
    };
    world.command(invited).await.unwrap();
    // Carl has no phone: links to confirm and to replace his password, then STOP and a recovery.
    let mut carl = world.browser();
    carl.register(CARL).await;
    let mut forgetful = world.browser();
    forgetful.get("/password/forgotten").await;
    forgetful
        .post("/password/forgotten", &[("email", CARL)])
        .await;
    carl.get("/account/delete").await;
    carl.post("/account/delete", &[("password", PASSWORD)])
        .await;
    carl.mailed_all().await;
    let mut other = world.browser();
    other.register("erik@example.eu").await;
    other.get("/stop").await;
    let stop = [
        ("email", "erik@example.eu"),
        ("password", PASSWORD),
        ("word", "STOP"),
    ];
    assert_eq!(other.post("/stop", &stop).await.path, "/stop/done");
    // Anna changes her address, asks for STOP by mail, and deletes her account.
    let (mut anna, mut phone) = world.person().await;
    let new = "anna.ozola@elsewhere.example";
    anna.get("/account/email").await;
    let page = anna.post("/account/email", &[("email", new)]).await;
    approve(&mut phone, &page, PIN).await;
    anna.get(&page.path).await;
    let link = anna.mailed(new, "/account/email/").await;
    anna.get(&link).await;
    anna.post(&link, &[]).await;
    anna.get("/account/email").await;
    let page = anna
        .post("/account/email", &[("email", "third@example.eu")])
        .await;
    approve(&mut phone, &page, PIN).await;
    anna.get(&page.path).await;
    anna.mailed("third@example.eu", "/account/email/").await;
    anna.get("/stop/link").await;
    anna.post("/stop/link", &[("email", new)]).await;
    anna.mailed(new, "/stop/by-link/").await;
    anna.get("/account/delete").await;
    let page = anna.post("/account/delete", &[]).await;
    approve(&mut phone, &page, PIN).await;
    anna.get(&page.path).await;
    mail(world, "Deletion of the account asked for").await;
    mail(world, "A recovery of the account").await;
    anna.mailed_all().await;
}

#[tokio::test]
async fn looking_at_any_mailed_link_changes_nothing_in_any_browser() {
    let world = World::new().await;
    every_kind_of_link(&world).await;
    let links = links(&world);
    let pages = [
        "/register/",
        "/invitation/",
        "/password/forgotten/",
        "/account/confirm/",
        "/account/email/",
        "/email/undo/",
        "/stop/by-link/",
        "/recovery/cancel/",
        "/recovery/finish/",
        "/deletion/cancel/",
    ];
    for page in pages {
        assert!(
            links.iter().any(|link| link.starts_with(page)),
            "{page}: {links:#?}"
        );
    }
    let before = stored(&world);
    for link in &links {
        let mut scanner = world.browser();
        for method in [Method::GET, Method::HEAD, Method::GET] {
            let page = scanner.send(method, link, None, &[]).await;
            assert!(page.status < 500, "{link}: {}", page.status);
        }
    }
    assert_eq!(stored(&world), before);
}

/// How long the answer to a form takes.
async fn takes(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Duration {
    let begin = Instant::now();
    browser.post_once(path, fields).await;
    begin.elapsed()
}

#[tokio::test]
async fn no_answer_takes_longer_where_an_address_has_an_account() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    for path in ["/password/forgotten", "/stop/link", "/sign-in/password"] {
        let mut known = Vec::new();
        let mut unknown = Vec::new();
        for round in 0..24 {
            // The limits of one address and one source begin again.
            world.clock.advance(3 * 3600);
            let nobody = format!("nobody{round}@example.eu");
            for (email, times) in [(ANNA, &mut known), (&*nobody, &mut unknown)] {
                let mut stranger = world.browser();
                stranger.get("/sign-in").await;
                let fields = [("email", email), ("password", "Wrong-horse7")];
                let fields = if path == "/sign-in/password" {
                    &fields[..]
                } else {
                    &fields[..1]
                };
                times.push(takes(&mut stranger, path, fields).await);
            }
        }
        known.sort();
        unknown.sort();
        let (known, unknown) = (known[12].as_secs_f64(), unknown[12].as_secs_f64());
        let ratio = known / unknown;
        println!(
            "{path}: {:.1} ms with an account, {:.1} without",
            known * 1e3,
            unknown * 1e3
        );
        assert!((0.6..1.67).contains(&ratio), "{path}: {ratio}");
    }
}
