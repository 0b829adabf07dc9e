//! What operators do with accounts through the running service's socket, and what strangers, owners
//! and phones see of it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fmt::Write as _,
    fs,
    time::{Duration, Instant},
};

use countersign_protocol::{answer::Decision, query::Query, reply::ResultCode, update::ChangeKind};
use countersign_service::{Act, Answer, AskError, Command, Refused, Shown};

use crate::support::{
    Browser, NEW_PASSWORD, PASSWORD, PIN, Page, Phone, World, begin_sign_in, events, mail, number,
    sql,
};

const ANNA: &str = "anna@example.eu";
const BERTA: &str = "berta@example.eu";
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
const STAFF: &str = "Another-horse7";

fn person(email: &str) -> Command {
    Command::Add {
        email: email.to_owned(),
        first_name: "Berta".to_owned(),
        last_name: "Liepa".to_owned(),
        language: None,
    }
}

async fn show(world: &World, email: &str) -> Shown {
    let email = email.to_owned();
    match world.command(Command::Show { email }).await.unwrap() {
        Answer::Account(shown) => *shown,
        other => panic!("{other:?}"),
    }
}

async fn refused(world: &World, command: Command) -> Refused {
    match world.command(command).await {
        Err(AskError::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

fn act(act: Act, email: &str) -> Command {
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
async fn staff(world: &World) -> (Browser, Phone, String) {
    world.command(person(BERTA)).await.unwrap();
    let mut browser = world.browser();
    browser.email = BERTA.to_owned();
    let link = invitation(&browser, BERTA, &[]).await;
    assert_eq!(accept(&mut browser, &link, PASSWORD).await.path, "/account");
    let phone = browser.add_phone(&world.clock).await;
    (browser, phone, link)
}

/// How many messages went to this address.
fn messages(world: &World, email: &str) -> usize {
    let Ok(files) = fs::read_dir(world.folder.path().join("outbox")) else {
        return 0;
    };
    let to = format!("To: {email}\r\n");
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    texts.filter(|text| text.contains(&to)).count()
}

#[tokio::test]
async fn b21_a_person_who_was_added_accepts_the_invitation_and_is_signed_in() {
    let world = World::new().await;
    let added = world.command(person(BERTA)).await.unwrap();
    assert!(matches!(
        added,
        Answer::Added {
            accounts: 1,
            seconds: 0
        }
    ));
    let shown = show(&world, BERTA).await;
    assert_eq!((&*shown.row.state, &*shown.row.kind), ("invited", "staff"));
    let mut browser = world.browser();
    let link = browser.mailed(BERTA, "/invitation/").await;
    // A mail scanner looks at it, more than once and in another browser.
    for _ in 0..2 {
        let page = world.browser().get(&link).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(BERTA) && page.body.contains("Berta Liepa"));
    }
    assert_eq!(show(&world, BERTA).await.row.state, "invited");
    browser.get(&link).await;
    let page = browser.post(&link, &NEW_PASSWORD).await;
    assert_eq!(page.status, 400, "without the privacy statement");
    let page = browser
        .post(
            &link,
            &[
                ("password", "short"),
                ("password_again", "short"),
                ("privacy", "yes"),
            ],
        )
        .await;
    assert_eq!(page.status, 400);
    let page = accept(&mut browser, &link, PASSWORD).await;
    assert_eq!(
        (page.status, &*page.path),
        (200, "/account"),
        "{}",
        page.body
    );
    assert_eq!(show(&world, BERTA).await.row.state, "active");
    let mut other = world.browser();
    assert_eq!(other.get(&link).await.status, 404, "it works once");
    other.get("/sign-in").await;
    assert_eq!(other.post(&link, &NEW_PASSWORD).await.status, 404);
    let page = other.password(BERTA, PASSWORD).await;
    assert_eq!((page.status, &*page.path), (200, "/account"));
    let history = browser.get("/account/history").await.body;
    assert!(
        history.contains("The administrator Ilze added the account"),
        "{history}"
    );
}

#[tokio::test]
async fn an_invitation_ends_with_the_next_one_and_after_seven_days() {
    let world = World::new().await;
    world.command(person(BERTA)).await.unwrap();
    let mut browser = world.browser();
    let first = browser.mailed(BERTA, "/invitation/").await;
    world.clock.advance(60);
    world.act(Act::Invite, BERTA).await.unwrap();
    let second = invitation(&browser, BERTA, &[&first]).await;
    assert_eq!(browser.get(&first).await.status, 404);
    assert_eq!(browser.get(&second).await.status, 200);
    world.clock.advance(7 * DAY);
    assert_eq!(browser.get(&second).await.status, 404);
    assert_eq!(show(&world, BERTA).await.invited_until, None);
    world.act(Act::Invite, BERTA).await.unwrap();
    assert!(show(&world, BERTA).await.invited_until.is_some());
    world.act(Act::Delete, BERTA).await.unwrap();
    let invited = refused(&world, act(Act::Invite, BERTA)).await;
    assert_eq!(invited, Refused::None(BERTA.to_owned()));
}

#[tokio::test]
async fn a_stranger_can_not_tell_an_invited_address_from_one_without_an_account() {
    let world = World::new().await;
    world.command(person(BERTA)).await.unwrap();
    world.browser().mailed(BERTA, "/invitation/").await;
    let nobody = "nobody@example.eu";
    let mut pages = Vec::new();
    for email in [BERTA, nobody] {
        let mut seen = Vec::new();
        let mut keep = |page: Page| {
            seen.push((page.status, page.path, page.body.replace(email, "")));
        };
        let mut other = world.browser();
        keep(other.password(email, PASSWORD).await);
        other.get("/password/forgotten").await;
        keep(other.post("/password/forgotten", &[("email", email)]).await);
        other.get("/stop/link").await;
        keep(other.post("/stop/link", &[("email", email)]).await);
        other.get("/stop").await;
        let stop = [("email", email), ("password", PASSWORD), ("word", "STOP")];
        keep(other.post("/stop", &stop).await);
        let asked = other.ask_for_account("Berta", "Liepa", email).await;
        // What was asked for is sealed in the page's address.
        let (path, state) = asked.path.rsplit_once('/').unwrap();
        keep(Page {
            body: asked.body.replace(state, ""),
            path: path.to_owned(),
            status: asked.status,
            headers: asked.headers.clone(),
        });
        let csrf = other.csrf.clone();
        for page in &mut seen {
            page.2 = page.2.replace(&csrf, "");
        }
        pages.push(seen);
    }
    let berta = pages.remove(0);
    assert_eq!(
        berta.iter().map(|page| page.0).collect::<Vec<_>>(),
        [401, 200, 200, 401, 200]
    );
    for (invited, nobody) in berta.iter().zip(pages.remove(0)) {
        assert_eq!(*invited, nobody);
    }
    // The mailbox alone learns of it.
    mail(&world, "you are invited").await;
    assert_eq!(
        messages(&world, BERTA),
        2,
        "the invitation, and that there is one"
    );
}

#[tokio::test]
async fn a_reset_deletes_what_stop_deletes_and_the_owner_comes_back_by_the_recovery() {
    let world = World::new().await;
    let (mut owner, phone) = world.person().await;
    begin_sign_in(&mut owner, "/sign-in/method").await;
    // A phone that waits hears of it at once.
    let waiting = Instant::now();
    let (body, _) = phone.query(Query::Inbox {
        last: 0,
        wait: 60,
        known: None,
    });
    let told = phone.try_post_raw("/api/v1/inbox", body);
    let reset = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.act(Act::Reset, ANNA).await.unwrap();
    };
    let (_, ()) = tokio::join!(told, reset);
    assert!(waiting.elapsed() < Duration::from_secs(20));
    assert_eq!(phone.complete_raw_status().await, 401, "the phone is told");
    assert_eq!(owner.get("/account").await.path, "/sign-in");
    assert_eq!(number(&world, "SELECT count(*) FROM device"), 0);
    assert_eq!(number(&world, "SELECT guarded FROM account"), 1);
    let text = mail(&world, "The administrator Ilze deleted all devices").await;
    assert!(text.contains("tell whoever runs the service"), "{text}");
    assert_eq!(number(&world, "SELECT count(*) FROM recovery"), 1);
    // The password alone adds nothing.
    assert_eq!(owner.password(ANNA, PASSWORD).await.path, "/recovery");
    let finish = owner.mailed(ANNA, "/recovery/finish/").await;
    let fields = [
        ("password", PASSWORD),
        ("new_password", STAFF),
        ("new_password_again", STAFF),
    ];
    owner.get(&finish).await;
    assert_eq!(owner.post(&finish, &fields).await.status, 409, "too early");
    world.clock.advance(DAY);
    owner.get(&finish).await;
    let page = owner.post(&finish, &fields).await;
    assert_eq!(
        (page.status, &*page.path),
        (200, "/account/devices"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn a_member_of_the_staff_comes_back_by_an_invitation_and_the_waiting_time() {
    let world = World::new().await;
    let (mut berta, phone, used) = staff(&world).await;
    let in_use = refused(&world, act(Act::Invite, BERTA)).await;
    assert_eq!(in_use, Refused::InUse(BERTA.to_owned()));
    world.act(Act::Reset, BERTA).await.unwrap();
    assert_eq!(phone.complete_raw_status().await, 401);
    assert_eq!(number(&world, "SELECT count(*) FROM recovery"), 0);
    let page = berta.password(BERTA, PASSWORD).await;
    assert_eq!(page.path, "/recovery");
    assert!(
        page.body.contains("ask there for an invitation"),
        "{}",
        page.body
    );
    berta.get("/stop").await;
    assert_eq!(berta.post("/recovery", &[]).await.status, 409);
    world.clock.advance(60);
    world.act(Act::Invite, BERTA).await.unwrap();
    let first = invitation(&berta, BERTA, &[&used]).await;
    let page = accept(&mut berta, &first, STAFF).await;
    assert_eq!(
        (page.status, &*page.path),
        (200, "/recovery/begun"),
        "{}",
        page.body
    );
    assert_eq!(berta.get(&first).await.status, 404);
    assert_eq!(
        berta.get("/account").await.path,
        "/sign-in",
        "nobody is signed in"
    );
    let finish = berta.mailed(BERTA, "/recovery/finish/").await;
    assert!(!berta.get(&finish).await.body.contains("new_password"));
    assert_eq!(
        berta.post(&finish, &[("password", STAFF)]).await.status,
        409
    );
    world.clock.advance(DAY);
    let page = berta.get(&finish).await;
    assert!(page.body.contains("current-password") && !page.body.contains("new_password"));
    assert_eq!(
        berta.post(&finish, &[("password", PASSWORD)]).await.status,
        401
    );
    let page = berta.post(&finish, &[("password", STAFF)]).await;
    assert_eq!(
        (page.status, &*page.path),
        (200, "/account/devices"),
        "{}",
        page.body
    );
    // The session may add a phone for an hour.
    let page = berta
        .post("/account/devices/add", &[("name", "New phone")])
        .await;
    assert!(
        page.path.starts_with("/account/enrolments/"),
        "{}",
        page.path
    );
    world.clock.advance(HOUR);
}

#[tokio::test]
async fn whoever_took_an_invitation_from_the_mailbox_is_stopped_in_the_waiting_time() {
    let world = World::new().await;
    let (.., used) = staff(&world).await;
    world.act(Act::Reset, BERTA).await.unwrap();
    world.clock.advance(60);
    world.act(Act::Invite, BERTA).await.unwrap();
    let mut thief = world.browser();
    let link = invitation(&thief, BERTA, &[&used]).await;
    assert_eq!(
        accept(&mut thief, &link, STAFF).await.path,
        "/recovery/begun"
    );
    let finish = thief.mailed(BERTA, "/recovery/finish/").await;
    world.clock.advance(12 * HOUR);
    assert!(show(&world, BERTA).await.recovery_at.is_some());
    // Berta finds her link used, and calls.
    world.act(Act::Reset, BERTA).await.unwrap();
    world.clock.advance(DAY);
    assert_eq!(thief.get(&finish).await.status, 404);
    assert_eq!(
        thief.post(&finish, &[("password", STAFF)]).await.status,
        404
    );
    assert_eq!(thief.password(BERTA, STAFF).await.path, "/recovery");
    thief.get("/stop").await;
    assert_eq!(thief.post("/recovery", &[]).await.status, 409);
    // A disabled account stops it too.
    world.act(Act::Invite, BERTA).await.unwrap();
    world.act(Act::Disable, BERTA).await.unwrap();
    let disabled = refused(&world, act(Act::Invite, BERTA)).await;
    assert_eq!(disabled, Refused::Disabled(BERTA.to_owned()));
}

#[tokio::test]
async fn after_stop_a_member_of_the_staff_is_sent_to_the_administrator() {
    let world = World::new().await;
    let (mut berta, ..) = staff(&world).await;
    berta.get("/stop").await;
    let fields = [("email", BERTA), ("password", PASSWORD), ("word", "STOP")];
    let page = berta.post("/stop", &fields).await;
    assert!(
        page.body
            .contains("ask your administrator for an invitation"),
        "{}",
        page.body
    );
    assert_eq!(number(&world, "SELECT count(*) FROM recovery"), 0);
    world.act(Act::Invite, BERTA).await.unwrap();
    assert!(show(&world, BERTA).await.invited_until.is_some());
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
    mail(&world, "The administrator Ilze lifted the locks").await;
}

#[tokio::test]
async fn each_change_is_told_to_the_owner_and_has_its_operator_in_journal_history_and_log() {
    let world = World::new().await;
    world.person().await;
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
    let text = mail(&world, "The administrator Ilze deleted the account").await;
    assert!(text.contains(&format!("To: {ANNA}")), "{text}");
    let journal = fs::read_to_string(world.folder.path().join("service.journal")).unwrap();
    // "Ilze" in hexadecimal digits.
    for act in ["disable", "enable", "unblock", "reset", "delete"] {
        let line = format!(" {act} 496c7a65 ");
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
        assert!(line.contains("\"detail\":\"Ilze\""), "{line}");
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
        Refused::Already(anna())
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

fn csv(rows: usize) -> String {
    let mut csv = String::from("\u{feff}email,first_name,last_name,language\r\n");
    for row in 0..rows {
        let _ = write!(csv, "a{row:05}@example.eu,Anna,Ozola,lv\r\n");
    }
    csv
}

#[tokio::test]
async fn ten_thousand_people_are_imported_within_seconds_and_nobody_elses_mail_waits() {
    let world = World::new().await;
    let begun = Instant::now();
    let request = countersign_service::Request {
        operator: Some("Ilze".to_owned()),
        sudo_user: None,
        command: Command::Import { csv: csv(10_000) },
    };
    let mut told = Vec::new();
    let done = countersign_service::ask(world.folder.path(), &request, |so_far| {
        told.push(so_far.done * 100 / so_far.all);
    });
    let Answer::Added { accounts, seconds } = done.await.unwrap() else {
        panic!("not added")
    };
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert_eq!((accounts, seconds), (10_000, 1999), "five a second");
    assert!(told.is_sorted() && told.last() == Some(&100), "{told:?}");
    assert_eq!(
        number(&world, "SELECT count(*) FROM account WHERE invited = 1"),
        10_000
    );
    // Somebody who registers meanwhile gets her link at once.
    let mut browser = world.browser();
    browser.register(ANNA).await;
    world.clock.advance(2);
    for _ in 0..100 {
        if number(
            &world,
            "SELECT count(*) FROM mailed_link WHERE kind = 'invite' AND due = 0",
        ) == 15
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let left = number(
        &world,
        "SELECT count(*) FROM mailed_link WHERE kind = 'invite' AND due = 0",
    );
    assert_eq!(left, 15, "of three seconds");
    // A second file follows the first one's invitations.
    let more = csv(2).replace("@example.eu", "@example.com");
    let Answer::Added { seconds, .. } = world.command(Command::Import { csv: more }).await.unwrap()
    else {
        panic!("not added")
    };
    assert!(seconds >= 1990, "{seconds}");
    let listed = |after: &str| Command::List {
        after: after.to_owned(),
    };
    let Answer::Accounts { accounts, more } = world.command(listed("")).await.unwrap() else {
        panic!("no list")
    };
    assert!(more && accounts.len() == 500);
    let last = "a09998@example.eu";
    let Answer::Accounts { accounts, more } = world.command(listed(last)).await.unwrap() else {
        panic!("no list")
    };
    let emails: Vec<_> = accounts.iter().map(|row| row.email.as_str()).collect();
    assert!(!more);
    assert_eq!(emails, ["a09999@example.eu", ANNA]);
}

#[tokio::test]
async fn a_file_is_imported_whole_or_not_at_all() {
    let world = World::new().await;
    world.person().await;
    let rows = "a@example.eu,A,A,en\nanna@example.eu,Anna,Ozola,en\nc@example.eu,=C,C,en\n";
    let head = "email,first_name,last_name,language\n";
    let import = |rows: &str| Command::Import {
        csv: format!("{head}{rows}"),
    };
    let Refused::Faults { faults, more } = refused(&world, import(rows)).await else {
        panic!("not refused")
    };
    assert_eq!((faults.len(), more), (1, 0));
    assert!(
        faults[0].starts_with("line 4: the column first_name"),
        "{faults:?}"
    );
    let Refused::Faults { faults, .. } = refused(&world, import(&rows.replace('=', ""))).await
    else {
        panic!("not refused")
    };
    assert_eq!(
        faults,
        ["line 3: an account has the address anna@example.eu already, or may have it back"]
    );
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 1);
    assert_eq!(
        number(
            &world,
            "SELECT count(*) FROM mailed_link WHERE kind = 'invite'"
        ),
        0
    );
}

#[tokio::test]
async fn of_two_imports_of_the_same_people_at_once_one_is_done_and_the_other_refused() {
    let world = World::new().await;
    let import = || world.command(Command::Import { csv: csv(300) });
    let (one, two) = tokio::join!(import(), import());
    assert_ne!(one.is_ok(), two.is_ok());
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 300);
}

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
        page.body.contains("kept by its administrator"),
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
    assert!(page.body.contains("Nobody registers here"), "{}", page.body);
    assert_eq!(browser.get(&link).await.status, 403);
    assert_eq!(browser.post(&link, &NEW_PASSWORD).await.status, 403);
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 0);
    world.command(person(BERTA)).await.unwrap();
    let link = invitation(&browser, BERTA, &[]).await;
    assert_eq!(accept(&mut browser, &link, PASSWORD).await.path, "/account");
}

#[tokio::test]
async fn invitations_wait_while_a_mail_server_takes_nothing_and_other_messages_do_not() {
    let world = World::new().await;
    // Fifty messages that a server does not take now.
    for _ in 0..50 {
        sql(
            &world,
            "INSERT INTO delivery (id, kind, content, created_at, due, gives_up_at)
             VALUES (randomblob(16), 'mail', x'00', 1, 99999999999, 99999999999)",
        );
    }
    world.command(person(BERTA)).await.unwrap();
    world.browser().register(ANNA).await;
    let waits = "SELECT count(*) FROM mailed_link WHERE kind = 'invite' AND due = 1";
    assert_eq!(number(&world, waits), 1);
    sql(
        &world,
        "DELETE FROM delivery WHERE number = (SELECT min(number) FROM delivery)",
    );
    invitation(&world.browser(), BERTA, &[]).await;
    assert_eq!(number(&world, waits), 0);
}
