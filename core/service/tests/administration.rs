//! What operators do with accounts through the running service's socket, and what strangers, owners
//! and phones see of it.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{
    Browser, PASSWORD, PIN, Page, Phone, World, begin_sign_in, events, mail, number, sql,
};
use countersign_protocol::{answer::Decision, reply::ResultCode, update::ChangeKind};
use countersign_service::{Act, Answer, AskError, Command, Refused, Shown};
use std::fs;
use std::time::Duration;

pub(crate) const ANNA: &str = "anna@example.eu";
pub(crate) const BERTA: &str = "berta@example.eu";
pub(crate) const HOUR: u64 = 3600;
pub(crate) const DAY: u64 = 24 * HOUR;
pub(crate) const STAFF: &str = "Another-horse7";

pub(crate) fn person(email: &str) -> Command {
    Command::Add {
        email: email.to_owned(),
        first_name: "Berta".to_owned(),
        last_name: "Liepa".to_owned(),
        language: None,
    }
}

pub(crate) async fn show(world: &World, email: &str) -> Shown {
    let email = email.to_owned();
    match world.command(Command::Show { email }).await.unwrap() {
        Answer::Account(shown) => *shown,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn refused(world: &World, command: Command) -> Refused {
    match world.command(command).await {
        Err(AskError::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn act(act: Act, email: &str) -> Command {
    Command::Act {
        act,
        email: email.to_owned(),
    }
}

/// The invitation to this address, as its message has it, that is none of `used`.
pub(crate) async fn invitation(browser: &Browser, email: &str, used: &[&str]) -> String {
    loop {
        let link = browser.mailed(email, "/invitation/").await;
        if !used.contains(&&*link) {
            return link;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Accepts an invitation; the page after that.
pub(crate) async fn accept(browser: &mut Browser, link: &str, password: &str) -> Page {
    browser.get(link).await;
    let fields = [
        ("password", password),
        ("password_again", password),
        ("privacy", "yes"),
    ];
    browser.post(link, &fields).await
}

/// A member of the staff with a phone, signed in, and the invitation that was accepted.
pub(crate) async fn staff(world: &World) -> (Browser, Phone, String) {
    world.command(person(BERTA)).await.unwrap();
    let mut browser = world.browser();
    browser.email = BERTA.to_owned();
    let link = invitation(&browser, BERTA, &[]).await;
    assert_eq!(accept(&mut browser, &link, PASSWORD).await.path, "/account");
    let phone = browser.add_phone(&world.clock).await;
    (browser, phone, link)
}

/// Waits until everything that happened is told.
pub(crate) async fn all_told(world: &World) {
    for _ in 0..200 {
        world.browser().mailed_all().await;
        if number(world, "SELECT count(*) FROM event WHERE mail = 1") == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world.browser().mailed_all().await;
}

/// How many messages went to this address.
pub(crate) fn messages(world: &World, email: &str) -> usize {
    let Ok(files) = fs::read_dir(world.folder.path().join("outbox")) else {
        return 0;
    };
    let to = format!("To: {email}\r\n");
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    texts.filter(|text| text.contains(&to)).count()
}

#[tokio::test]
async fn unblock_lifts_passwords_and_codes_without_pin_and_gives_no_try_at_a_pin_back() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let page = begin_sign_in(&mut owner, "/sign-in/app").await;
    let mut stranger = world.browser();
    stranger.password(ANNA, "Wrong-horse8").await;
    for _ in 0..5 {
        let challenge = phone.inbox(0).await.unwrap();
        let number_shown = Some(page.number());
        phone
            .decide(&challenge, Decision::Approve, number_shown, "1111")
            .await;
    }
    for statement in [
        "UPDATE guess SET wrong = 50",
        "INSERT INTO guess_lift (account, at) SELECT acc, 1 FROM account",
        "UPDATE account SET wrong_plain_codes = 15, unknown_plain_codes = 10,
           wrong_plain_at = 99999999999, unknown_plain_at = 99999999999,
           wrong_pin_codes = 5, unknown_pin_codes = 3",
        "UPDATE device SET wrong_codes = 15, unknown_codes = 10",
    ] {
        sql(&world, statement);
    }
    assert_eq!(stranger.password(ANNA, PASSWORD).await.status, 429);
    let shown = show(&world, ANNA).await;
    assert_eq!(shown.device_list[0].state, "blocked");
    assert_eq!(
        shown.locked,
        ["password-unknown", "codes-with-pin", "codes-without-pin"]
    );
    let pins = |world: &World| {
        [
            "SELECT wrong_row FROM device",
            "SELECT wrong_epoch FROM device",
            "SELECT wrong_codes FROM device",
            "SELECT unknown_codes FROM device",
            "SELECT epoch FROM device",
            "SELECT wrong_pin_codes FROM account",
            "SELECT unknown_pin_codes FROM account",
            "SELECT count(*) FROM pin_grant",
            "SELECT count(*) FROM guess_lift",
        ]
        .map(|query| number(world, query))
    };
    let month = |world: &World| {
        let query = "SELECT sum(length(wrong_month)) FROM device WHERE wrong_month <> x''";
        number(world, query)
    };
    let before = (pins(&world), month(&world));
    assert_eq!(before.0[0], 5);
    world.act(Act::Unblock, ANNA).await.unwrap();
    assert_eq!((pins(&world), month(&world)), before);
    let shown = show(&world, ANNA).await;
    assert_eq!(shown.device_list[0].state, "blocked");
    assert_eq!(shown.locked, ["codes-with-pin"]);
    assert_eq!(stranger.password(ANNA, PASSWORD).await.status, 200);
    // The phone may set no new PIN by it.
    assert_eq!(phone.status().await.granted, None);
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, "6304"));
    assert_ne!(phone.send_change(&slot).await.result, ResultCode::Done);
    mail(&world, "lifted the locks").await;
}

#[tokio::test]
async fn each_change_is_told_to_the_owner_and_has_its_operator_in_journal_history_and_log() {
    let world = World::new().await;
    world.person().await;
    world.browser().password(ANNA, "Wrong-horse8").await;
    sql(&world, "UPDATE guess SET wrong = 50");
    for (act, event) in [
        (Act::Disable, "disabled the account"),
        (Act::Enable, "enabled the account again"),
        (Act::Unblock, "lifted the locks"),
        (Act::Reset, "deleted all devices"),
    ] {
        world.act(act, ANNA).await.unwrap();
        let text = mail(&world, event).await;
        assert!(text.contains(&format!("To: {ANNA}")), "{text}");
    }
    let shown = show(&world, ANNA).await;
    let names = [
        "admin-disabled",
        "admin-enabled",
        "admin-unblocked",
        "admin-reset",
    ];
    for name in names {
        assert_eq!(events(&world, name), 1, "{name}");
        assert!(
            shown.events.iter().any(|event| event.what == name),
            "{name}"
        );
    }
    world.act(Act::Delete, ANNA).await.unwrap();
    let text = mail(&world, "deleted the account").await;
    assert!(text.contains(&format!("To: {ANNA}")), "{text}");
    let journal = fs::read_to_string(world.folder.path().join("service.journal")).unwrap();
    // "Ilze (" in hexadecimal digits; the system's user follows.
    for act in ["disable", "enable", "unblock", "reset", "delete"] {
        let line = format!(" {act} 496c7a652028");
        assert!(journal.contains(&line), "{act}: {journal}");
    }
    let mut log = String::new();
    for _ in 0..100 {
        log = fs::read_to_string(world.folder.path().join("security.log")).unwrap();
        if log.contains("admin-deleted") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for what in names.iter().chain(&["admin-deleted", "admin-shown"]) {
        let of = |line: &&str| line.contains(&format!("\"what\":\"{what}\""));
        let line = log
            .lines()
            .find(of)
            .unwrap_or_else(|| panic!("{what}: {log}"));
        assert!(line.contains("\"detail\":\"Ilze ("), "{line}");
        assert!(!line.contains(ANNA), "{line}");
    }
}

#[tokio::test]
async fn what_does_not_fit_an_account_is_refused_and_changes_nothing() {
    let world = World::new().await;
    world.person().await;
    let before = number(&world, "SELECT count(*) FROM journal");
    let anna = || ANNA.to_owned();
    assert_eq!(
        refused(&world, person("anna@EXAMPLE.eu")).await,
        Refused::Taken(anna())
    );
    assert_eq!(
        refused(&world, act(Act::Enable, ANNA)).await,
        Refused::NotDisabled(anna())
    );
    assert_eq!(
        refused(&world, act(Act::Invite, ANNA)).await,
        Refused::Own(anna())
    );
    let none = refused(&world, act(Act::Reset, BERTA)).await;
    assert_eq!(none, Refused::None(BERTA.to_owned()));
    let no_address = refused(&world, act(Act::Delete, "anna")).await;
    assert_eq!(no_address, Refused::Email("anna".to_owned()));
    let add = |first: &str, language: &str| Command::Add {
        email: BERTA.to_owned(),
        first_name: first.to_owned(),
        last_name: String::new(),
        language: Some(language.to_owned()),
    };
    assert!(matches!(
        refused(&world, add("", "en")).await,
        Refused::Name(_)
    ));
    assert!(matches!(
        refused(&world, add("=1+1", "en")).await,
        Refused::Name(_)
    ));
    assert!(matches!(
        refused(&world, add("B", "xx")).await,
        Refused::Language(..)
    ));
    assert_eq!(number(&world, "SELECT count(*) FROM journal"), before);
    world.command(person(BERTA)).await.unwrap();
    for change in [Act::Reset, Act::Unblock] {
        let invited = refused(&world, act(change, BERTA)).await;
        assert_eq!(invited, Refused::Invited(BERTA.to_owned()));
    }
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 2);
}

#[tokio::test]
async fn a_member_of_the_staff_changes_neither_name_nor_address() {
    let world = World::new().await;
    let (mut berta, ..) = staff(&world).await;
    let page = berta.get("/account/email").await;
    assert!(
        page.body.contains("kept by your administrator"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("action=\"/account/email\""));
    let page = berta
        .post("/account/email", &[("email", "b@example.eu")])
        .await;
    assert_eq!(page.status, 409);
    let page = berta.get("/account/person").await;
    assert!(page.body.contains("Your administrator keeps your name"));
    assert!(!page.body.contains("name=\"first_name\""));
    let fields = [("first_name", "Eve"), ("last_name", "Liepa")];
    assert_eq!(berta.post("/account/person", &fields).await.status, 409);
    let language = [("language", "lv")];
    let page = berta.post("/account/person/language", &language).await;
    assert_eq!(page.status, 200);
    assert_eq!(show(&world, BERTA).await.row.first_name, "Berta");
    assert_eq!(
        number(
            &world,
            "SELECT count(*) FROM challenge WHERE state = 'open'"
        ),
        0
    );
}

#[tokio::test]
async fn an_invitation_outlives_a_disabled_time_and_an_expired_one_is_listed_as_over() {
    let world = World::new().await;
    world.command(person(BERTA)).await.unwrap();
    let mut berta = world.browser();
    let link = invitation(&berta, BERTA, &[]).await;
    world.act(Act::Disable, BERTA).await.unwrap();
    let page = accept(&mut berta, &link, PASSWORD).await;
    assert_eq!(page.status, 404, "a disabled account takes no password");
    world.act(Act::Enable, BERTA).await.unwrap();
    assert_eq!(show(&world, BERTA).await.row.state, "invited");
    assert_eq!(berta.get(&link).await.status, 200);
    world.clock.advance(7 * DAY);
    let state = async |world: &World| {
        let after = String::new();
        match world.command(Command::List { after }).await.unwrap() {
            Answer::Accounts { accounts, .. } => accounts[0].state.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(state(&world).await, "invitation-over");
    assert_eq!(show(&world, BERTA).await.row.state, "invitation-over");
    world.act(Act::Invite, BERTA).await.unwrap();
    assert_eq!(state(&world).await, "invited");
    let link = invitation(&berta, BERTA, &[&link]).await;
    assert_eq!(accept(&mut berta, &link, PASSWORD).await.path, "/account");
    assert_eq!(state(&world).await, "active");
}

#[tokio::test]
async fn unblock_is_refused_where_nothing_is_locked_or_the_account_is_disabled() {
    let world = World::new().await;
    world.person().await;
    all_told(&world).await;
    let (before, journal) = (messages(&world, ANNA), "SELECT count(*) FROM journal");
    let lines = number(&world, journal);
    let anna = || ANNA.to_owned();
    let unblock = || act(Act::Unblock, ANNA);
    assert_eq!(refused(&world, unblock()).await, Refused::NotLocked(anna()));
    assert_eq!(number(&world, journal), lines);
    // One wrong password locks nothing.
    world.browser().password(ANNA, "Wrong-horse8").await;
    assert_eq!(refused(&world, unblock()).await, Refused::NotLocked(anna()));
    sql(&world, "UPDATE guess SET wrong = 50");
    sql(&world, "UPDATE account SET disabled_at = 1");
    assert_eq!(refused(&world, unblock()).await, Refused::Disabled(anna()));
    sql(&world, "UPDATE account SET disabled_at = NULL");
    all_told(&world).await;
    assert_eq!(messages(&world, ANNA), before);
    world.act(Act::Unblock, ANNA).await.unwrap();
    assert_eq!(refused(&world, unblock()).await, Refused::NotLocked(anna()));
    // Codes without PIN alone.
    sql(
        &world,
        "UPDATE account SET wrong_plain_codes = 15, unknown_plain_codes = 10,
           wrong_plain_at = 99999999999, unknown_plain_at = 99999999999",
    );
    world.act(Act::Unblock, ANNA).await.unwrap();
}

#[tokio::test]
async fn an_administrator_corrects_a_name_and_the_phone_stays() {
    let world = World::new().await;
    let (mut berta, phone, _) = staff(&world).await;
    let rename = |email: &str, first: Option<&str>, last: Option<&str>| Command::Rename {
        email: email.to_owned(),
        first_name: first.map(str::to_owned),
        last_name: last.map(str::to_owned),
    };
    let done = world.command(rename(BERTA, None, Some("Liepiņa"))).await;
    assert!(matches!(done, Ok(Answer::Done { staff: true })), "{done:?}");
    let shown = show(&world, BERTA).await;
    assert_eq!(
        (&*shown.row.first_name, &*shown.row.last_name),
        ("Berta", "Liepiņa")
    );
    assert_eq!(shown.device_list.len(), 1);
    assert_eq!(phone.complete_raw_status().await, 200);
    let page = berta.get("/account/person").await;
    assert!(page.body.contains("Liepiņa"), "{}", page.body);
    mail(&world, "changed the name").await;
    assert_eq!(events(&world, "admin-renamed"), 1);
    let journal = fs::read_to_string(world.folder.path().join("service.journal")).unwrap();
    // "Berta" in hexadecimal digits.
    assert!(
        journal.contains(" rename ") && journal.contains(" 4265727461 "),
        "{journal}"
    );
    // Nothing that is no name, and not the name of somebody who registered.
    let none = refused(&world, rename(BERTA, Some(""), Some(""))).await;
    assert!(matches!(none, Refused::Name(_)), "{none:?}");
    world.browser().register(ANNA).await;
    let own = refused(&world, rename(ANNA, Some("Eve"), None)).await;
    assert_eq!(own, Refused::OwnName(ANNA.to_owned()));
    let act = refused(&world, act(Act::Rename, BERTA)).await;
    assert!(matches!(act, Refused::Request(_)), "{act:?}");
}
