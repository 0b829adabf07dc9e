//! The program as a phone, against a real service and a person at its pages. Every run is a process
//! of its own.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use crate::common::terminal::Terminal;
use crate::common::world::{EMAIL, PASSWORD, PIN, WRONG_PIN, World, json_lines};
use crate::common::{Run, command, countersign};
use countersign_cli::person::Transfer;

#[tokio::test(flavor = "multi_thread")]
async fn init_shows_whose_account_it_is_and_the_six_digits_and_then_it_is_active() {
    let mut world = World::new().await;
    let run = world.init().await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr.contains("localhost:") && run.stderr.contains(EMAIL),
        "{}",
        run.stderr
    );
    assert_eq!(json_lines(&run)[0]["state"], "active");
    let accounts = world.run(&["accounts", "--json"]).json();
    assert_eq!(accounts[0]["state"], "active");
    assert_eq!(accounts[0]["account"], EMAIL);
    assert_eq!(accounts[0]["tries_left"], 5);
    let words = world.run(&["accounts"]).stdout;
    assert!(
        words.contains("5 PIN tries left") && words.contains("Anna's phone"),
        "{words}"
    );
    // The same invitation is of no use any more.
    let again = world.run_with(
        &[
            "init",
            world.folder.path().join("init.png").to_str().unwrap(),
            "--pin-stdin",
        ],
        PIN,
    );
    assert!(
        again.code == 6 && again.stderr.contains("already"),
        "{} {}",
        again.code,
        again.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_init_goes_on_later() {
    let mut world = World::new().await;
    world.anna.add_device("Anna's phone").await.unwrap();
    let picture = world.screenshot("init.png").await;
    let mut child = command(&world.data(), &["init", &picture, "--pin-stdin", "--json"])
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(PIN).unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let code = serde_json::from_str::<serde_json::Value>(&line).unwrap()["confirmation_code"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        world.run(&["accounts", "--json"]).json()[0]["state"],
        "unfinished"
    );
    world
        .anna
        .wait_while("open", Duration::from_secs(10))
        .await
        .unwrap();
    world.anna.type_code(&code).await.unwrap();
    let run = world.run(&["init", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(
        world.run(&["accounts", "--json"]).json()[0]["state"],
        "active"
    );
    assert_eq!(world.run(&["init"]).code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guessable_pin_is_refused_with_the_reason() {
    let mut world = World::new().await;
    world.anna.add_device("Anna's phone").await.unwrap();
    let picture = world.screenshot("init.png").await;
    for (pin, reason) in [
        ("1234\n", "in a row"),
        ("1987\n", "year"),
        ("7777\n", "equal"),
        ("123\n", "four digits"),
    ] {
        let run = world.run_with(&["init", &picture, "--pin-stdin"], pin.as_bytes());
        assert!(
            run.code == 2 && run.stderr.contains(reason),
            "{}",
            run.stderr
        );
    }
    assert_eq!(world.run(&["accounts"]).code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn approve_shows_who_asks_for_what_from_where_and_when_and_signs_in() {
    let mut world = World::initialised().await;
    assert_eq!(world.run(&["pending"]).code, 1);
    assert_eq!(
        world
            .run(&["approve", "--number", "42", "--pin-stdin"])
            .code,
        1
    );
    let number = world.ask_app().await.to_string();
    let pending = world.run(&["pending", "--json"]).json();
    assert_eq!(pending[0]["purpose"], "sign-in");
    let id = pending[0]["id"].as_str().unwrap().to_owned();
    let run = world.run_with(
        &["approve", &id[..8], "--number", &number, "--pin-stdin"],
        PIN,
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    for shown in [
        "localhost:",
        "sign-in",
        EMAIL,
        "Firefox on Linux",
        "expires",
        ", in ",
    ] {
        assert!(run.stderr.contains(shown), "{shown}: {}", run.stderr);
    }
    assert!(
        run.stderr.contains("just now") || run.stderr.contains(" ago"),
        "{}",
        run.stderr
    );
    world
        .anna
        .wait_while("open", Duration::from_secs(10))
        .await
        .unwrap();
    assert!(world.is_signed_in().await);
    let history = world.run(&["history", "--json"]).json();
    assert_eq!(history[0]["event"], "approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_exits_with_3_and_tells_the_tries_left() {
    let mut world = World::initialised().await;
    let number = world.ask_app().await.to_string();
    let args = ["approve", "--number", &number, "--pin-stdin", "--json"];
    let wrong = world.run_with(&args, WRONG_PIN);
    assert_eq!(wrong.code, 3);
    let said = wrong.json();
    assert_eq!(
        (said["reason"].as_str(), said["tries_left"].as_u64()),
        (Some("wrong-pin"), Some(4))
    );
    assert!(wrong.stderr.contains("4 tries left"), "{}", wrong.stderr);
    assert_eq!(
        world.run(&["accounts", "--json"]).json()[0]["tries_left"],
        4
    );
    let right = world.run_with(&args, PIN);
    assert_eq!(
        (right.code, right.json()["tries_left"].as_u64()),
        (0, Some(5)),
        "{}",
        right.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_number_exits_with_3_and_ends_the_request() {
    let mut world = World::initialised().await;
    let number = world.ask_app().await;
    let other = if number == 99 { 10 } else { number + 1 }.to_string();
    let run = world.run_with(
        &["approve", "--number", &other, "--pin-stdin", "--json"],
        PIN,
    );
    assert_eq!(
        (run.code, run.json()["reason"].as_str()),
        (3, Some("wrong-number")),
        "{}",
        run.stderr
    );
    assert_eq!(world.run(&["pending"]).code, 1);
    assert_eq!(
        world
            .run_with(&["approve", "--number", "100", "--pin-stdin"], PIN)
            .code,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_declined_or_reported_without_a_pin() {
    let mut world = World::initialised().await;
    assert_eq!(world.run(&["decline"]).code, 1);
    world.ask_app().await;
    let run = world.run(&["decline", "--json"]);
    assert_eq!(
        (run.code, run.json()["decision"].as_str()),
        (0, Some("declined")),
        "{}",
        run.stderr
    );
    assert!(!world.is_signed_in().await);
    world.ask_app().await;
    let run = world.run(&["decline", "--report"]);
    assert!(
        run.code == 0 && run.stdout.contains("change it"),
        "{}",
        run.stderr
    );
    assert!(!world.is_signed_in().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_prints_a_request_as_it_comes() {
    let mut world = World::initialised().await;
    let child = command(&world.data(), &["watch", "--once", "--json"])
        .spawn()
        .unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    world.ask_app().await;
    let run: Run = child.wait_with_output().unwrap().into();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(
        (run.code, json_lines(&run)[0]["purpose"].as_str()),
        (0, Some("sign-in")),
        "{}",
        run.stderr
    );
    world.run(&["decline"]);
    assert_eq!(world.run(&["watch", "--timeout", "1"]).code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn scan_gives_a_code_that_signs_in_without_a_network() {
    let mut world = World::initialised().await;
    world.anna.give_password(EMAIL, PASSWORD).await.unwrap();
    world.anna.ask_code().await.unwrap();
    let picture = world.screenshot("code.png").await;
    let run = world.run(&["scan", &picture]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let code = run
        .stdout
        .lines()
        .map(str::trim)
        .find(|line| line.len() == 9 && line.contains('-'))
        .unwrap()
        .to_owned();
    world.anna.type_code(&code).await.unwrap();
    assert!(world.is_signed_in().await);
    // Its step is spent, and says so.
    let again = world.run(&["scan", &picture]);
    assert!(
        again.code == 6 && again.stderr.contains("used already"),
        "{}",
        again.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn scan_signs_a_transaction_whose_fields_are_checked() {
    let mut world = World::initialised().await;
    let transfer = Transfer {
        iban: "LV80BANK0000435195001",
        name: "Jānis Kalniņš",
        amount: "1234,5",
        reference: "Invoice",
    };
    world.anna.begin_transfer(&transfer).await.unwrap();
    let picture = world.screenshot("transfer.png").await;
    let fields = [
        "--field",
        "iban=LV80 BANK 0000 4351 9500 1",
        "--field",
        "name=Jānis  Kalniņš",
        "--field",
        "amount=1234.50",
    ];
    let mut args = vec!["scan", &picture, "--pin-stdin", "--json"];
    args.extend(fields);
    let missing = world.run_with(&args, PIN);
    assert!(
        missing.code == 2 && missing.stderr.contains("--field reference=VALUE"),
        "{}",
        missing.stderr
    );
    for (field, says) in [
        ("iban=LV81BANK0000435195001", "check digits"),
        ("amount=1.234,50", "1234.50"),
        ("colour=red", "no field"),
    ] {
        let mut args = args.clone();
        args.extend(["--field", field]);
        let run = world.run_with(&args, PIN);
        assert!(
            run.code == 2 && (run.stderr.contains(says) || run.stderr.contains("twice")),
            "{}",
            run.stderr
        );
    }
    args.extend(["--field", "reference=Invoice"]);
    let run = world.run_with(&args, PIN);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let signed = run.json();
    assert_eq!(signed["values"]["amount"], "1234.50");
    assert!(
        run.stderr.contains("LV80BANK0000435195001"),
        "{}",
        run.stderr
    );
    let page = world
        .anna
        .type_code(signed["code"].as_str().unwrap())
        .await
        .unwrap();
    assert!(
        page.path().starts_with("/account/transactions/done/"),
        "{}",
        page.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_taken_like_a_picture_and_from_standard_input() {
    let mut world = World::initialised().await;
    world.anna.give_password(EMAIL, PASSWORD).await.unwrap();
    world.anna.ask_code().await.unwrap();
    let link = world.anna.qr_link().await.unwrap();
    let run = world.run_with(&["scan", "-", "--json"], format!("{link}\n").as_bytes());
    assert_eq!(run.code, 0, "{}", run.stderr);
    world
        .anna
        .type_code(run.json()["code"].as_str().unwrap())
        .await
        .unwrap();
    assert!(world.is_signed_in().await);
    let cut = &link[..link.len() - 9];
    let run = world.run(&["scan", cut]);
    assert_eq!(run.code, 6, "{}", run.stderr);
    let foreign = world.run(&["scan", "https://example.eu/"]);
    assert!(
        foreign.code == 6 && foreign.stderr.contains("not a Countersign code"),
        "{}",
        foreign.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_service_online_commands_exit_with_4_and_scan_still_works() {
    let mut world = World::initialised().await;
    world.anna.give_password(EMAIL, PASSWORD).await.unwrap();
    world.anna.ask_code().await.unwrap();
    let picture = world.screenshot("code.png").await;
    world.service.take().unwrap().stop().await;
    for args in [
        &["pending"][..],
        &["approve", "--number", "42", "--pin-stdin"],
        &["decline"],
        &["doctor"],
    ] {
        let run = world.run_with(args, PIN);
        assert_eq!(run.code, 4, "{args:?}: {}", run.stderr);
        let all = run.stdout + &run.stderr;
        assert!(all.contains("cannot be reached"), "{args:?}: {all}");
    }
    assert_eq!(world.run(&["scan", &picture]).code, 0);
    assert_eq!(world.run(&["accounts"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_nothing_wrong_where_nothing_is() {
    let world = World::initialised().await;
    let run = world.run(&["doctor", "--json"]);
    assert_eq!(
        (run.code, run.json()["ok"].as_bool()),
        (0, Some(true)),
        "{} {}",
        run.stdout,
        run.stderr
    );
    let words = world.run(&["doctor"]).stdout;
    assert!(
        words.contains("can be reached") && words.contains("clock"),
        "{words}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_removed_only_when_that_is_meant() {
    let world = World::initialised().await;
    let asked = world.run(&["remove", "1"]);
    assert!(
        asked.code == 2 && asked.stderr.contains("--yes"),
        "{}",
        asked.stderr
    );
    assert_eq!(world.run(&["remove", "nobody", "--yes"]).code, 1);
    let run = world.run(&["remove", EMAIL, "--yes"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(world.run(&["accounts"]).code, 1);
    assert!(world.run(&["history"]).stdout.contains("removed"));
    let csv = world.run(&["history", "--csv"]);
    assert!(csv.stdout.starts_with("time,account,name,event,detail\r\n"));
    assert!(csv.stdout.contains(",account-removed,"), "{}", csv.stdout);
    assert_eq!(world.run(&["history", "--csv", "--json"]).code, 2);
}

#[test]
fn data_that_cannot_be_used_exit_with_5_and_say_which_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    fs::write(&file, "x").unwrap();
    let run = countersign(
        folder.path(),
        &["accounts", "--data", file.to_str().unwrap()],
    );
    assert!(
        run.code == 5 && run.stderr.contains("a file"),
        "{}",
        run.stderr
    );
    let damaged = folder.path().join("damaged");
    fs::create_dir(&damaged).unwrap();
    fs::write(
        damaged.join("countersign.db"),
        "this is no database, and never was one, whatever it is called",
    )
    .unwrap();
    let run = countersign(
        folder.path(),
        &["accounts", "--data", damaged.to_str().unwrap()],
    );
    assert!(
        run.code == 5 && run.stderr.contains("damaged"),
        "{}",
        run.stderr
    );
}

#[test]
fn without_a_terminal_what_is_missing_is_named_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let run = countersign(folder.path(), &["init", "-", "--pin-stdin"]);
    assert!(
        run.code == 2 && run.stderr.contains("standard input"),
        "{}",
        run.stderr
    );
    let run = countersign(folder.path(), &["pending"]);
    assert!(
        run.code == 1 && run.stderr.contains("countersign init"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_data_are_in_the_xdg_folder_unless_another_is_named() {
    let folder = tempfile::tempdir().unwrap();
    countersign(folder.path(), &["accounts"]);
    assert!(
        folder
            .path()
            .join("countersign")
            .join("countersign.db")
            .is_file()
    );
    let other: &Path = &folder.path().join("other");
    countersign(
        folder.path(),
        &["accounts", "--data", other.to_str().unwrap()],
    );
    assert!(other.join("countersign.db").is_file());
}

/// On a terminal, which `script` of util-linux makes.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_pin_is_asked_without_echo_and_again_when_it_was_wrong() {
    let mut world = World::initialised().await;
    let number = world.ask_app().await.to_string();
    let mut terminal = Terminal::run(&world.data(), &["approve", "--number", &number]);
    terminal.answer("PIN: ", "4072");
    terminal.answer("PIN: ", "4071");
    let screen = terminal.end();
    assert!(
        screen.contains("4 tries left") && screen.contains("Approved"),
        "{screen}"
    );
    assert!(!screen.contains("407"), "{screen}");
}
