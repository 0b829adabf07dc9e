//! Several accounts on one phone: what is for another account than the one that was named says so,
//! and offers to switch. And a sign-in that began in a browser on the phone.
#![allow(clippy::unwrap_used)]

use crate::common::world::{PASSWORD, PIN, World};
use countersign_cli::person::{Account, Person};

const BEN: &str = "ben@example.eu";

/// Anna's phone, which has Ben's account too, as number 2.
async fn with_two_accounts() -> (World, Person) {
    let mut world = World::initialised().await;
    let service = world.service.as_ref().unwrap();
    let outbox = service.data().join("outbox");
    let mut ben = Person::at(service.origin()).unwrap().with_mail(&outbox);
    let account = Account {
        first_name: "Ben",
        last_name: "Ozols",
        email: BEN,
        password: PASSWORD,
    };
    ben.create_account(&account).await.unwrap();
    std::mem::swap(&mut world.anna, &mut ben);
    let run = world.init().await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    std::mem::swap(&mut world.anna, &mut ben);
    (world, ben)
}

/// A picture of Ben's sign-in code.
async fn bens_code(world: &World, ben: &mut Person) -> String {
    ben.give_password(BEN, PASSWORD).await.unwrap();
    ben.ask_code().await.unwrap();
    let file = world.folder.path().join("ben.png");
    std::fs::write(&file, ben.qr_png().await.unwrap()).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a11_a_code_for_another_account_says_so_and_how_to_switch() {
    let (world, mut ben) = with_two_accounts().await;
    let picture = bens_code(&world, &mut ben).await;
    let other = world.run(&["scan", &picture, "--account", "1"]);
    assert_eq!(other.code, 2);
    assert!(
        other.stderr.contains("this code is for “ben@example.eu”")
            && other.stderr.contains("--account 2"),
        "{}",
        other.stderr
    );
    // Nothing was spent.
    let run = world.run(&["scan", &picture, "--account", "2", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    ben.type_code(run.json()["code"].as_str().unwrap())
        .await
        .unwrap();
    assert!(ben.is_signed_in().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a11_a_request_for_another_account_says_so_and_how_to_switch() {
    let (world, mut ben) = with_two_accounts().await;
    ben.give_password(BEN, PASSWORD).await.unwrap();
    ben.ask_app().await.unwrap();
    let number = ben.number().unwrap().to_string();
    let other = world.run(&["approve", "--account", "1", "--number", &number]);
    assert_eq!(other.code, 1);
    assert!(
        other.stderr.contains("one waits for “ben@example.eu”")
            && other.stderr.contains("--account 2"),
        "{}",
        other.stderr
    );
    let args = [
        "approve",
        "--account",
        "2",
        "--number",
        &number,
        "--pin-stdin",
    ];
    assert_eq!(world.run_with(&args, PIN).code, 0);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a11_on_a_terminal_switching_is_offered() {
    use crate::common::terminal::Terminal;
    let (world, mut ben) = with_two_accounts().await;
    let picture = bens_code(&world, &mut ben).await;
    let mut terminal = Terminal::run(&world.data(), &["scan", &picture, "--account", "1"]);
    terminal.answer("Use that account? [y/N]", "y");
    terminal.answer("Enter puts it away", "");
    let screen = terminal.end();
    assert!(
        screen.contains("This code is for “ben@example.eu”"),
        "{screen}"
    );

    ben.give_password(BEN, PASSWORD).await.unwrap();
    ben.ask_app().await.unwrap();
    let number = ben.number().unwrap().to_string();
    let args = ["approve", "--account", "1", "--number", &number];
    let mut terminal = Terminal::run(&world.data(), &args);
    terminal.answer("Use that account? [y/N]", "y");
    terminal.answer("PIN: ", "4071");
    assert!(terminal.end().contains("Approved"));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a9_on_a_terminal_a_sign_in_of_this_devices_browser_is_asked_about() {
    use crate::common::terminal::Terminal;
    let mut world = World::initialised().await;
    world.anna.sign_out().await.unwrap();
    let link = world.anna.begin_on_mobile().await.unwrap();
    let mut terminal = Terminal::run(&world.data(), &["scan", &link]);
    terminal.answer("[d]ecline", "d");
    assert!(terminal.end().contains("Declined."));
    let link = world.anna.begin_on_mobile().await.unwrap();
    let mut terminal = Terminal::run(&world.data(), &["scan", &link]);
    terminal.answer("[a]pprove", "a");
    terminal.answer("PIN: ", "4072");
    terminal.answer("PIN: ", "4071");
    let screen = terminal.end();
    let address = screen.lines().find(|line| line.starts_with("http"));
    world.anna.come_back(address.unwrap().trim()).await.unwrap();
    assert!(world.is_signed_in().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a9_a_sign_in_of_this_devices_browser_is_declined_or_reported_without_a_pin() {
    let mut world = World::initialised().await;
    world.anna.sign_out().await.unwrap();
    for (option, decision) in [("--decline", "declined"), ("--report", "reported")] {
        let link = world.anna.begin_on_mobile().await.unwrap();
        let run = world.run(&["scan", &link, option, "--json"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(run.json()["decision"], decision);
        let page = world.anna.page().path().to_owned();
        let page = world.anna.open(&page).await.unwrap();
        assert!(
            page.text().contains("not confirmed in the app"),
            "{}",
            page.text()
        );
        // It is over.
        let late = world.run_with(&["scan", &link, "--pin-stdin"], PIN);
        assert_eq!(late.code, 3, "{}", late.stderr);
    }
    assert!(!world.is_signed_in().await);
    // A code asks for no decision.
    let picture = annas_code(&mut world).await;
    let run = world.run(&["scan", &picture, "--decline"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

async fn annas_code(world: &mut World) -> String {
    world
        .anna
        .give_password(crate::common::world::EMAIL, PASSWORD)
        .await
        .unwrap();
    world.anna.ask_code().await.unwrap();
    world.screenshot("code.png").await
}
