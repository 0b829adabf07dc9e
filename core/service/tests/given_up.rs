//! Messages that no mail server took: what operators see of them, and do with them.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::administration::{ANNA, all_told, messages, refused, show};
use crate::support::{World, events, mail, number, sql};
use countersign_service::{Act, Answer, Command, MailAct, MailRow, Refused};
use std::{fs, time::Duration};

/// A message about the only account that was given up, or that waits for its next try. Its link is
/// this one's, in hexadecimal digits.
fn given_up(world: &World, number: u8, link: Option<u8>, dead: bool) {
    let link = link.map_or_else(|| "NULL".to_owned(), |link| format!("x'{}'", hex(link)));
    let dead_at = if dead { "1" } else { "NULL" };
    let statement = format!(
        "INSERT INTO delivery
           (number, id, kind, account, link, content, created_at, due, gives_up_at, dead_at, why)
         SELECT {number}, x'{}', 'mail', acc, {link}, x'00', 1, 99999999999, 99999999999,
           {dead_at}, '550 no such mailbox' FROM account LIMIT 1",
        hex(number)
    );
    sql(world, &statement);
}

fn hex(number: u8) -> String {
    format!("{number:02x}").repeat(16)
}

async fn on_mail(world: &World, act: MailAct, number: Option<u64>) -> Answer {
    let command = Command::ActOnMail { act, number };
    world.command(command).await.unwrap()
}

async fn listed(world: &World, waiting: bool) -> Vec<MailRow> {
    let command = Command::Mail { after: 0, waiting };
    match world.command(command).await.unwrap() {
        Answer::Mail { messages, .. } => messages,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refused_mail_command_is_not_logged_as_done_and_retry_counts_only_what_leaves() {
    let world = World::new().await;
    world.person().await;
    all_told(&world).await;
    for act in [MailAct::Retry, MailAct::Drop] {
        let number = Some(99);
        let none = refused(&world, Command::ActOnMail { act, number }).await;
        assert_eq!(none, Refused::NoMail);
    }
    // One without a link, and one whose link there is not any more.
    given_up(&world, 41, None, true);
    given_up(&world, 42, Some(7), true);
    given_up(&world, 43, None, true);
    given_up(&world, 44, None, true);
    let answer = on_mail(&world, MailAct::Retry, Some(42)).await;
    assert!(
        matches!(answer, Answer::Messages { done: 0, over: 1 }),
        "{answer:?}"
    );
    let answer = on_mail(&world, MailAct::Drop, Some(43)).await;
    assert!(
        matches!(answer, Answer::Messages { done: 1, over: 0 }),
        "{answer:?}"
    );
    assert_eq!(events(&world, "admin-dropped-mail"), 1);
    let answer = on_mail(&world, MailAct::Retry, None).await;
    assert!(
        matches!(answer, Answer::Messages { done: 2, over: 0 }),
        "{answer:?}"
    );
    let mut log = String::new();
    for _ in 0..100 {
        log = fs::read_to_string(world.folder.path().join("security.log")).unwrap();
        if log.matches("mail-retried").count() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let line = |what: &str, part: &str| {
        let mut lines = log.lines().filter(|line| line.contains(what));
        lines.any(|line| line.contains("Ilze (") && line.contains(part))
    };
    assert!(
        line(
            "mail-retried",
            "message 42: 0, and 1 whose links work no more"
        ),
        "{log}"
    );
    assert!(line("mail-retried", "): all: 2"), "{log}");
    assert!(line("mail-dropped", "): message 43: 1"), "{log}");
    assert!(!log.contains("message 99"), "{log}");
    assert_eq!(log.matches("\"mail-dropped\"").count(), 1, "{log}");
}

#[tokio::test]
async fn a_deleted_account_leaves_no_dead_message_and_its_older_address_is_told() {
    let world = World::new().await;
    world.person().await;
    all_told(&world).await;
    given_up(&world, 41, None, true);
    given_up(&world, 42, None, false);
    // The address was changed, which the older one can still undo.
    sql(
        &world,
        "INSERT INTO mailed_link
           (id, kind, account, address, payload, created_at, expires_at, due)
         SELECT CAST(x'0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b' AS BLOB), 'undo-email', acc,
           'old@example.eu', x'', created_at, created_at + 999999, 0 FROM account LIMIT 1",
    );
    world.act(Act::Delete, ANNA).await.unwrap();
    mail(&world, "deleted the account").await;
    all_told(&world).await;
    assert_eq!(messages(&world, "old@example.eu"), 1);
    assert_eq!(number(&world, "SELECT count(*) FROM delivery"), 0);
    assert!(listed(&world, false).await.is_empty() && listed(&world, true).await.is_empty());
}

#[tokio::test]
async fn show_says_that_an_invitation_was_refused_by_the_mail_server() {
    let world = World::new().await;
    world.person().await;
    all_told(&world).await;
    assert!(show(&world, ANNA).await.not_delivered.is_empty());
    given_up(&world, 41, None, true);
    given_up(&world, 42, None, false);
    let shown = show(&world, ANNA).await;
    assert_eq!(
        shown.not_delivered,
        ["550 no such mailbox", "550 no such mailbox"]
    );
    let numbers = |rows: Vec<MailRow>| rows.iter().map(|row| row.number).collect::<Vec<_>>();
    assert_eq!(numbers(listed(&world, false).await), [41]);
    assert_eq!(numbers(listed(&world, true).await), [42]);
}
