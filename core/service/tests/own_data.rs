//! The export of a person's data, and the deletion of an account by its person.

use std::collections::BTreeSet;

use countersign_protocol::reply::ResultCode;
use countersign_service::{Act, Config, Embedded, StartError};
use serde_json::Value;

use crate::support::{
    Browser, PASSWORD, PIN, Page, Phone, World, approve, begin_sign_in, events, mail, number, text,
};

const DAY: u64 = 24 * 3600;
const EMAIL: &str = "anna@example.eu";

fn browser(world: &World) -> Browser {
    let mut browser = world.browser();
    browser.email = EMAIL.to_owned();
    browser
}

/// Asks for something on its page with the phone, which approves; the page after that.
async fn ask(browser: &mut Browser, phone: &mut Phone, path: &str) -> Page {
    browser.get(path).await;
    let page = browser.post(path, &[]).await;
    approve(phone, &page, PIN).await;
    browser.get(&page.path).await
}

async fn download(browser: &mut Browser) -> Page {
    browser.post("/account/export/download", &[]).await
}

/// The path of each field: `devices[].name`.
fn paths(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                paths(value, &format!("{path}{dot}{name}"), into);
            }
        }
        Value::Array(list) => {
            for value in list {
                paths(value, &format!("{path}[]"), into);
            }
        }
        _ => {
            into.insert(path.to_owned());
        }
    }
}

/// Everything in the database that is secret: each column of bytes, and what is sealed as text.
fn secrets(world: &World) -> Vec<String> {
    let path = world.folder.path().join("service.db");
    let c = rusqlite::Connection::open(path).unwrap();
    let mut columns = Vec::new();
    let tables = "SELECT m.name, p.name FROM sqlite_schema m, pragma_table_info(m.name) p
                  WHERE m.type = 'table' AND p.type = 'BLOB'";
    for row in c
        .prepare(tables)
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
    {
        let column: (String, String) = row.unwrap();
        columns.push(column);
    }
    assert!(columns.len() > 40);
    let mut secrets = Vec::new();
    for (table, column) in columns {
        let query = format!(
            "SELECT hex({column}) FROM {table} WHERE typeof({column}) = 'blob' AND length({column}) >= 8"
        );
        let mut found = c.prepare(&query).unwrap();
        let found = found.query_map([], |row| row.get(0)).unwrap();
        secrets.extend(found.map(Result::<String, _>::unwrap));
    }
    secrets.push(text(world, "SELECT password FROM account"));
    secrets
}

/// A person with a phone, who did something of each kind that an export tells.
async fn busy(world: &World) -> (Browser, Phone) {
    let (mut anna, mut phone) = world.person().await;
    let page = begin_sign_in(&mut anna, "/sign-in/app").await;
    approve(&mut phone, &page, PIN).await;
    anna.get(&page.path).await;
    crate::support::sql(
        world,
        "INSERT INTO signed_transaction (id, account, at, operation, data)
         SELECT randomblob(16), acc, created_at, 'other', '[[\"name\",\"Jānis\"]]' FROM account",
    );
    crate::support::sql(
        world,
        "INSERT INTO entered (account, session, service, at)
         SELECT account, id, 'https://bank.example.eu/', created_at FROM session",
    );
    (anna, phone)
}

#[tokio::test]
async fn b17_an_export_is_approved_by_the_phone_downloaded_once_and_has_exactly_its_fields() {
    let world = World::new().await;
    let (mut anna, mut phone) = busy(&world).await;
    let page = ask(&mut anna, &mut phone, "/account/export").await;
    assert_eq!(page.path, "/account/export");
    assert!(page.body.contains("Your data are ready"), "{}", page.body);
    let file = download(&mut anna).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.headers["content-type"], "application/json");
    assert_eq!(
        file.headers["content-disposition"],
        "attachment; filename=\"my-data.json\""
    );
    assert_eq!(file.headers["cache-control"], "no-store");
    let value: Value = serde_json::from_str(&file.body).unwrap();
    assert_eq!(value["account"]["email"], EMAIL);
    assert_eq!(value["devices"][0]["name"], "My phone");
    let requests = value["requests"].as_array().unwrap();
    assert!(requests.iter().any(|asked| asked["purpose"] == "export"));
    assert_eq!(value["transactions"][0]["data"][0][1], "Jānis");
    let mut fields = BTreeSet::new();
    paths(&value, "", &mut fields);
    // What is documented, and nothing else.
    let documented = include_str!("../EXPORT.md");
    let documented: BTreeSet<_> = documented
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect();
    assert_eq!(fields, documented);
    // No secret of the account is in it, in any of the forms that the service writes.
    let lower = file.body.to_lowercase();
    let secrets = secrets(&world);
    assert!(secrets.len() > 40, "{}", secrets.len());
    for secret in secrets {
        assert!(!lower.contains(&secret.to_lowercase()), "{secret}");
    }
    for secret in [PASSWORD, PIN, &anna.cookie.clone().unwrap()[12..], "argon2"] {
        assert!(!file.body.contains(secret), "{secret}");
    }
    // Once.
    let again = download(&mut anna).await;
    assert_eq!(again.path, "/account/export");
    assert!(!again.body.contains("\"devices\""));
    mail(&world, "ready for download").await;
}

#[tokio::test]
async fn without_a_phone_an_export_asks_for_the_password_and_a_wrong_one_gives_nothing() {
    let world = World::new().await;
    let mut anna = world.browser();
    anna.register(EMAIL).await;
    anna.get("/account/export").await;
    let typed = [("password", "Wrong-horse7")];
    let page = anna.post("/account/export", &typed).await;
    assert_eq!(page.status, 401);
    assert_eq!(download(&mut anna).await.path, "/account/export");
    let typed = [("password", PASSWORD)];
    let page = anna.post("/account/export", &typed).await;
    assert!(page.body.contains("Your data are ready"), "{}", page.body);
    let value: Value = serde_json::from_str(&download(&mut anna).await.body).unwrap();
    assert_eq!(value["account"]["first_name"], "Anna");
    assert_eq!(events(&world, "export-asked"), 1);
}

#[tokio::test]
async fn an_export_is_for_the_session_that_proved_it_and_for_ten_minutes() {
    let world = World::new().await;
    let (mut anna, mut phone) = world.person().await;
    let mut other = browser(&world);
    other.password(EMAIL, PASSWORD).await;
    let page = other.post("/sign-in/app", &[]).await;
    approve(&mut phone, &page, PIN).await;
    assert_eq!(other.get(&page.path).await.path, "/account");
    ask(&mut anna, &mut phone, "/account/export").await;
    other.get("/account/export").await;
    let page = download(&mut other).await;
    assert_eq!(page.path, "/account/export");
    assert!(!page.body.contains("Your data are ready"));
    let page = anna.get("/account/export/download").await;
    assert_eq!(page.path, "/account/export");
    anna.get("/account/export").await;
    world.clock.advance(10 * 60);
    let page = download(&mut anna).await;
    assert_eq!(page.path, "/account/export");
    assert!(!page.body.contains("Your data are ready"));
    // Signed out, it is nobody's.
    ask(&mut anna, &mut phone, "/account/export").await;
    let csrf = anna.csrf.clone();
    anna.post("/sign-out", &[]).await;
    anna.csrf = csrf;
    assert_ne!(
        download(&mut anna).await.headers["content-type"],
        "application/json"
    );
}

/// The path of the link that cancels, in the newest message with this subject.
async fn cancel_link(world: &World, subject: &str) -> String {
    let message = mail(world, subject).await;
    let message = message.replace("=\r\n", "").replace("=\n", "");
    let start = message.find("/deletion/cancel/").unwrap();
    message[start..start + 17 + 64].to_owned()
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..300 {
        if what() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it did not come to that");
}

/// So many rows are left of accounts.
fn left(world: &World) -> i64 {
    let tables = [
        "account",
        "session",
        "device",
        "enrolment",
        "challenge",
        "event",
        "known_browser",
        "signed_transaction",
        "entered",
        "deletion",
        "guess",
        "mailed_link WHERE kind <> 'deleted'",
    ];
    let count = |table| number(world, &format!("SELECT count(*) FROM {table}"));
    tables.into_iter().map(count).sum()
}

#[tokio::test]
async fn b17_an_account_is_deleted_after_seven_days_with_all_that_belongs_to_it() {
    let world = World::new().await;
    let (mut anna, mut phone) = busy(&world).await;
    let mut other = browser(&world);
    other.password(EMAIL, PASSWORD).await;
    let page = other.post("/sign-in/app", &[]).await;
    approve(&mut phone, &page, PIN).await;
    other.get(&page.path).await;
    let page = ask(&mut anna, &mut phone, "/account/delete").await;
    assert_eq!(page.path, "/account/delete");
    assert!(
        page.body.contains("The account is deleted on"),
        "{}",
        page.body
    );
    // Every other browser is signed out, and this one is told.
    assert_eq!(other.get("/account").await.path, "/sign-in");
    let page = anna.get("/account").await;
    assert!(page.body.contains("This account is deleted on"));
    mail(&world, "Deletion of the account asked for").await;
    // Asked for again, it is the same.
    anna.get("/account/delete").await;
    assert_eq!(
        anna.post("/account/delete", &[]).await.path,
        "/account/delete"
    );
    assert_eq!(events(&world, "deletion-asked"), 1);

    world.clock.advance(6 * DAY - 60);
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(events(&world, "deletion-near"), 0);
    world.clock.advance(60);
    cancel_link(&world, "The account is deleted soon").await;
    world.clock.advance(DAY - 60);
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 1);
    assert_eq!(phone.status().await.result, ResultCode::Done);
    world.clock.advance(60);
    until(|| left(&world) == 0).await;
    mail(&world, "your account is deleted").await;
    assert_eq!(phone.complete_raw_status().await, 401);
    assert_eq!(browser(&world).password(EMAIL, PASSWORD).await.status, 401);
    // The address is free, and nothing of the old account comes with it.
    let mut again = world.browser();
    again.register(EMAIL).await;
    let history = again.get("/account/history").await.body;
    assert!(!history.contains("My phone"));
    let log = std::fs::read_to_string(world.folder.path().join("security.log")).unwrap();
    assert!(log.contains("account-deleted"));
}

#[tokio::test]
async fn without_a_phone_a_deletion_asks_for_the_password_and_a_link_in_the_same_session() {
    let world = World::new().await;
    let mut anna = world.browser();
    anna.register(EMAIL).await;
    anna.get("/account/delete").await;
    let page = anna
        .post("/account/delete", &[("password", "Wrong-horse7")])
        .await;
    assert_eq!(page.status, 401);
    let page = anna
        .post("/account/delete", &[("password", PASSWORD)])
        .await;
    assert_eq!(page.path, "/account/confirm");
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 0);
    let link = anna.mailed(EMAIL, "/account/confirm/").await;
    let mut other = browser(&world);
    assert_eq!(other.get(&link).await.status, 403);
    let page = anna.get(&link).await;
    assert!(
        page.body.contains("deletion of the account of"),
        "{}",
        page.body
    );
    assert_eq!(
        number(&world, "SELECT count(*) FROM deletion"),
        0,
        "looking changes nothing"
    );
    let page = anna.post(&link, &[]).await;
    assert_eq!(page.path, "/account/delete");
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 1);
    assert_eq!(anna.post(&link, &[]).await.status, 404);
}

#[tokio::test]
async fn a_link_in_any_message_cancels_a_deletion_from_any_browser_by_post_once() {
    let world = World::new().await;
    let (mut anna, mut phone) = world.person().await;
    ask(&mut anna, &mut phone, "/account/delete").await;
    let link = cancel_link(&world, "Deletion of the account asked for").await;
    // A message about something else has it too.
    anna.get("/account/export").await;
    ask(&mut anna, &mut phone, "/account/export").await;
    assert_eq!(cancel_link(&world, "ready for download").await, link);
    let mut anybody = world.browser();
    let page = anybody.get(&link).await;
    assert!(page.body.contains("You are about to cancel that"));
    assert_eq!(
        number(&world, "SELECT count(*) FROM deletion"),
        1,
        "looking changes nothing"
    );
    let forged = format!("{}{}", &link[..17], "0".repeat(64));
    assert_eq!(anybody.get(&forged).await.status, 404);
    assert_eq!(anybody.post(&forged, &[]).await.status, 404);
    world.clock.advance(7 * DAY - 5);
    anybody.get(&link).await;
    let page = anybody.post(&link, &[]).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("The deletion is cancelled"),
        "{}",
        page.body
    );
    mail(&world, "The deletion of the account was cancelled").await;
    for _ in 0..2 {
        assert_eq!(anybody.post(&link, &[]).await.status, 404);
        assert_eq!(anybody.get(&link).await.status, 404);
    }
    world.clock.advance(DAY);
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 1);
    assert_eq!(phone.status().await.result, ResultCode::Done);
    assert_eq!(events(&world, "deletion-cancelled"), 1);
}

#[tokio::test]
async fn a_link_that_comes_after_the_deletion_says_so_and_brings_nothing_back() {
    let world = World::with(|config| config.deletion_days = 1).await;
    let (mut anna, mut phone) = world.person().await;
    ask(&mut anna, &mut phone, "/account/delete").await;
    let link = cancel_link(&world, "Deletion of the account asked for").await;
    let mut anybody = world.browser();
    anybody.get(&link).await;
    world.clock.advance(DAY);
    until(|| number(&world, "SELECT count(*) FROM account") == 0).await;
    assert_eq!(anybody.post(&link, &[]).await.status, 404);
    let page = anybody.get(&link).await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("There is nothing to cancel"));
}

#[tokio::test]
async fn b17_any_sign_in_cancels_a_deletion_and_the_session_says_so() {
    let world = World::new().await;
    let (mut anna, mut phone) = world.person().await;
    ask(&mut anna, &mut phone, "/account/delete").await;
    let mut second = browser(&world);
    second.password(EMAIL, PASSWORD).await;
    assert_eq!(
        number(&world, "SELECT count(*) FROM deletion"),
        1,
        "the password alone is none"
    );
    let page = second.post("/sign-in/app", &[]).await;
    approve(&mut phone, &page, PIN).await;
    let page = second.get(&page.path).await;
    assert_eq!(page.path, "/account");
    assert!(
        page.body.contains("Your sign-in has cancelled that"),
        "{}",
        page.body
    );
    world.clock.advance(3600 / 2 - 60);
    let page = second.get("/account").await;
    assert!(page.body.contains("Your sign-in has cancelled that"));
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 0);
    mail(&world, "The deletion of the account was cancelled").await;
}

#[tokio::test]
async fn the_session_that_asked_cancels_a_deletion_with_a_button() {
    let world = World::new().await;
    let (mut anna, mut phone) = world.person().await;
    ask(&mut anna, &mut phone, "/account/delete").await;
    let page = anna.post("/account/delete/cancel", &[]).await;
    assert_eq!(page.path, "/account");
    assert!(
        page.body.contains("The deletion is cancelled"),
        "{}",
        page.body
    );
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 0);
    // And may ask for it again.
    ask(&mut anna, &mut phone, "/account/delete").await;
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 1);
}

#[tokio::test]
async fn a_guarded_account_and_one_in_recovery_are_neither_exported_nor_deleted() {
    let world = World::new().await;
    let (mut anna, phone) = world.person().await;
    // A recovery that somebody began.
    let mut other = browser(&world);
    other.password(EMAIL, PASSWORD).await;
    other.get("/recovery").await;
    other.post("/recovery", &[]).await;
    for path in ["/account/export", "/account/delete"] {
        let page = anna.get(path).await;
        assert!(
            page.body.contains("A recovery of the account is under way"),
            "{path}"
        );
        let page = anna.post(path, &[("password", PASSWORD)]).await;
        assert_eq!(page.status, 409, "{path}");
        assert!(phone.inbox(0).await.is_none(), "{path}");
    }
    crate::support::sql(&world, "DELETE FROM recovery");
    crate::support::sql(&world, "DELETE FROM device");
    crate::support::sql(&world, "UPDATE account SET guarded = 1");
    for path in ["/account/export", "/account/delete"] {
        anna.get(path).await;
        let page = anna.post(path, &[("password", PASSWORD)]).await;
        assert_eq!(page.status, 409, "{path}");
        assert!(page.body.contains("must be recovered"), "{path}");
    }
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 0);
}

#[tokio::test]
async fn stop_and_a_recovery_keep_an_account_that_was_to_be_deleted() {
    let world = World::new().await;
    let (mut anna, mut phone) = world.person().await;
    ask(&mut anna, &mut phone, "/account/delete").await;
    let mut other = browser(&world);
    other.password(EMAIL, PASSWORD).await;
    other.get("/recovery").await;
    other.post("/recovery", &[]).await;
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 0);
    assert_eq!(events(&world, "deletion-cancelled"), 1);

    let world = World::new().await;
    let (mut anna, mut phone) = world.person().await;
    ask(&mut anna, &mut phone, "/account/delete").await;
    anna.get("/stop").await;
    let typed = [("email", EMAIL), ("password", PASSWORD), ("word", "STOP")];
    assert_eq!(anna.post("/stop", &typed).await.path, "/stop/done");
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 0);
}

#[tokio::test]
async fn enabling_an_account_gives_its_deletion_its_waiting_time_again() {
    let world = World::with(|config| config.deletion_days = 1).await;
    let (mut anna, mut phone) = world.person().await;
    ask(&mut anna, &mut phone, "/account/delete").await;
    world.act(Act::Disable, EMAIL).await.unwrap();
    world.clock.advance(2 * DAY);
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(number(&world, "SELECT count(*) FROM device"), 1);
    world.act(Act::Enable, EMAIL).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(number(&world, "SELECT count(*) FROM device"), 1);
    // The link that the person has works again.
    let link = cancel_link(&world, "Deletion of the account asked for").await;
    assert_eq!(anna.get(&link).await.status, 200);
    world.clock.advance(DAY);
    until(|| number(&world, "SELECT count(*) FROM account") == 0).await;
}

#[tokio::test]
async fn a_deletion_does_not_outlive_the_last_phone() {
    let world = World::new().await;
    let (mut anna, mut phone) = world.person().await;
    ask(&mut anna, &mut phone, "/account/delete").await;
    assert_eq!(phone.remove().await, 200);
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 0);
    mail(&world, "The deletion of the account was cancelled").await;
}

#[tokio::test]
async fn a_deletion_waits_until_a_change_of_address_is_final() {
    let world = World::with(|config| config.deletion_days = 1).await;
    let (mut anna, mut phone) = world.person().await;
    let new = "anna.ozola@elsewhere.example";
    anna.get("/account/email").await;
    let page = anna.post("/account/email", &[("email", new)]).await;
    approve(&mut phone, &page, PIN).await;
    anna.get(&page.path).await;
    let link = anna.mailed(new, "/account/email/").await;
    anna.get(&link).await;
    anna.post(&link, &[]).await;
    let undo = anna.mailed(EMAIL, "/email/undo/").await;
    ask(&mut anna, &mut phone, "/account/delete").await;
    world.clock.advance(13 * DAY);
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    // The owner of the old address has the account back.
    let mut owner = browser(&world);
    owner.get(&undo).await;
    assert_eq!(owner.post(&undo, &[]).await.status, 200);
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 0);
    assert_eq!(text(&world, "SELECT email FROM account"), EMAIL);
}

#[tokio::test]
async fn an_approval_of_an_export_deletes_nothing_and_a_sign_in_exports_nothing() {
    let world = World::new().await;
    let (mut anna, mut phone) = world.person().await;
    ask(&mut anna, &mut phone, "/account/export").await;
    assert_eq!(number(&world, "SELECT count(*) FROM deletion"), 0);
    assert_eq!(download(&mut anna).await.status, 200);
    let page = begin_sign_in(&mut anna, "/sign-in/app").await;
    approve(&mut phone, &page, PIN).await;
    assert_eq!(anna.get(&page.path).await.path, "/account");
    assert_eq!(download(&mut anna).await.path, "/account/export");
}

#[tokio::test]
async fn the_waiting_time_of_a_deletion_has_bounds() {
    for days in [0, 91] {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            deletion_days: days,
            ..Config::embedded(folder.path())
        };
        let refused = Embedded::start(config).await.err();
        assert!(
            matches!(refused, Some(StartError::DeletionDays(_))),
            "{refused:?}"
        );
    }
}
