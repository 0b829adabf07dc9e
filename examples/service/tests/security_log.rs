//! The security log, and what people see of tries that failed.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{fs, process::Command};

use crate::support::{
    Browser, PASSWORD, PIN, Phone, World, approve, begin_sign_in, events, mail, number,
};
use countersign_protocol::{reply::ResultCode, update::ChangeKind};
use serde_json::Value;

const ANNA: &str = "anna@example.eu";

/// The lines so far; each is a JSON object.
fn lines(world: &World) -> Vec<Value> {
    let path = world.folder.path().join("security.log");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Waits until there is such a line, and gives it.
async fn line(world: &World, what: &str, detail: Option<&str>) -> Value {
    for _ in 0..100 {
        let found = lines(world).into_iter().rev().find(|line| {
            line["what"] == what && detail.is_none_or(|detail| line["detail"] == detail)
        });
        if let Some(found) = found {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no line: {what} {detail:?}: {:?}", lines(world))
}

async fn signs_in_by_app(browser: &mut Browser, phone: &mut Phone) {
    let page = begin_sign_in(browser, "/sign-in/app").await;
    approve(phone, &page, PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account");
}

#[tokio::test]
async fn every_sign_in_failure_lock_out_and_change_of_factors_is_a_line_with_its_source() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    signs_in_by_app(&mut browser, &mut phone).await;
    let page = begin_sign_in(&mut browser, "/sign-in/code").await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], PIN);
    let path = format!("{}/code", page.path);
    browser.post(&path, &[("code", "0000-0000")]).await;
    assert_eq!(
        browser.post(&path, &[("code", &code)]).await.path,
        "/account"
    );
    let mut stranger = world.browser();
    stranger.password(ANNA, "Wrong-horse8").await;
    stranger.password("nobody@example.eu", "Wrong-horse8").await;
    phone.change_pin(ChangeKind::Change, PIN, "6304").await;
    for _ in 0..5 {
        let slot = phone.change(phone.wanted(ChangeKind::Change, "9374", "7193"));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::WrongPin);
    }
    for (what, detail, outcome) in [
        ("account-created", None, "done"),
        ("device-added", Some("My phone"), "done"),
        ("signed-in", Some("app-pin"), "done"),
        ("signed-in", Some("code"), "done"),
        ("wrong-code", None, "refused"),
        ("wrong-password", None, "refused"),
        ("pin-changed", Some("My phone"), "done"),
        ("wrong-pin", Some("My phone"), "refused"),
        ("device-blocked", Some("My phone"), "locked"),
    ] {
        let line = line(&world, what, detail).await;
        assert_eq!(line["outcome"], outcome, "{line}");
        assert_eq!(line["source"], "127.0.0.1", "{line}");
        assert_eq!(line["at"].as_str().unwrap().len(), 20, "{line}");
    }
    let count = |what: &str, account: bool| {
        let found = lines(&world).into_iter();
        found
            .filter(|line| line["what"] == what && line["account"].is_string() == account)
            .count()
    };
    // One of an account, and one of an address that has none, whose text is not told.
    assert_eq!(
        (
            count("wrong-password", true),
            count("wrong-password", false)
        ),
        (1, 1)
    );
    assert_eq!(count("wrong-pin", true), 5);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = world.folder.path().join("security.log");
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let text = fs::read_to_string(world.folder.path().join("security.log")).unwrap();
    let cookie = browser.cookie.clone().unwrap();
    let cookie = cookie.split_once('=').unwrap().1;
    for secret in [
        PASSWORD,
        "Wrong-horse8",
        PIN,
        "9374",
        &code,
        cookie,
        ANNA,
        "nobody@",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn what_is_done_on_the_command_line_is_in_the_log_too() {
    let world = World::new().await;
    for (arguments, what) in [
        (&["backup", "backup.db"][..], "backup"),
        (&["keys", "rotate"][..], "keys-rotated"),
    ] {
        let done = Command::new(env!("CARGO_BIN_EXE_countersign-service"))
            .args(arguments)
            .arg("--data")
            .arg(world.folder.path())
            .current_dir(world.folder.path())
            .status()
            .unwrap();
        assert!(done.success(), "{what}");
        let line = line(&world, what, None).await;
        assert_eq!(line["source"], "command-line", "{line}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_log_that_can_not_be_written_stops_nobody() {
    let world = World::with(|config| config.security_log = Some("/dev/full".into())).await;
    let (mut browser, mut phone) = world.person().await;
    signs_in_by_app(&mut browser, &mut phone).await;
}

#[tokio::test]
async fn failed_tries_are_one_row_a_day_and_one_message() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    // Early in a day, so that none of this crosses midnight.
    let now = number(&world, "SELECT max(at) FROM event");
    world
        .clock
        .advance(u64::try_from(86_400 - now % 86_400 + 60).unwrap());
    signs_in_by_app(&mut browser, &mut phone).await;
    let mut stranger = world.browser();
    for _ in 0..4 {
        stranger.password(ANNA, "Wrong-horse8").await;
    }
    mail(&world, "Several tries to sign in failed").await;
    let sum = "SELECT sum(CAST(detail AS INTEGER)) FROM event WHERE what = 'failed-passwords'";
    for _ in 0..100 {
        if number(&world, sum) == 4 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(number(&world, sum), 4);
    assert_eq!(events(&world, "failed-passwords"), 1);
    let page = begin_sign_in(&mut browser, "/sign-in/code").await;
    for _ in 0..3 {
        let path = format!("{}/code", page.path);
        browser.post(&path, &[("code", "0000-0000")]).await;
    }
    assert_eq!(events(&world, "failed-codes"), 1);
    assert_eq!(events(&world, "failed-tries"), 1);
    signs_in_by_app(&mut browser, &mut phone).await;
    let history = browser.get("/account/history").await.body;
    assert!(
        history.contains("Wrong passwords on this day: 4"),
        "{history}"
    );
    assert!(history.contains("Wrong codes on this day: 3"), "{history}");
}

#[tokio::test]
async fn a_sign_in_from_a_browser_that_was_not_known_is_told_once() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    // The account was made in this one.
    for _ in 0..2 {
        signs_in_by_app(&mut browser, &mut phone).await;
        assert_eq!(events(&world, "new-browser"), 0);
    }
    let mut other = world.browser();
    let page = other.password(ANNA, PASSWORD).await;
    assert_eq!(page.status, 200);
    let page = other.post("/sign-in/app", &[]).await;
    approve(&mut phone, &page, PIN).await;
    assert_eq!(other.get(&page.path).await.path, "/account");
    assert_eq!(events(&world, "new-browser"), 1);
    mail(&world, "Signed in from a new browser").await;
    let log = std::fs::read_to_string(world.folder.path().join("security.log")).unwrap();
    assert!(log.contains("new-browser"));
}
