//! The import of a file of people: whole or not at all, and nobody else waits for it.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::administration::{ANNA, BERTA, invitation, person, refused};
use crate::support::{World, number, sql};
use countersign_service::{Answer, Command, Refused};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

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
