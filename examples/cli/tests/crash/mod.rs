//! The phone is killed (`kill -9`) before each of its durable writes, in everything that a person
//! does with it, and goes on: nothing confirmed is lost, no account is half initialised, no try
//! goes uncounted, and a retry costs nothing.
//!
//! A new durable write needs a place in one of the stories here: the test fails until one reaches
//! it.
#![cfg(all(unix, debug_assertions))]
#![allow(clippy::unwrap_used, clippy::panic)]

mod life;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::common::world::{EMAIL, PASSWORD, PIN, WRONG_PIN, World};
use crate::common::{Run, command};
use countersign_cli::person::Transfer;
use countersign_service::{Config, Embedded};

/// The stories. Each gives the names of the writes that it reached.
const STORIES: &[fn() -> Names] = &[
    initialising,
    going_on_with_an_initialisation,
    approving,
    a_wrong_pin,
    declining,
    a_code,
    a_transfer,
    looking_for_requests,
    looking_how_the_account_stands,
    a_service_with_newer_information,
    renaming,
    removing,
    life::changing_the_pin,
    life::a_wrong_present_pin,
    life::new_keys,
    life::turning_biometrics_on,
    life::turning_biometrics_off,
    life::setting_a_forgotten_pin,
    life::renewing_the_keys,
];

type Names = BTreeSet<String>;

#[test]
fn a_phone_that_is_killed_before_any_of_its_durable_writes_goes_on() {
    let left = Mutex::new(STORIES.to_vec());
    let reached = Mutex::new(Names::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(story) = left.lock().unwrap().pop() else {
                        return;
                    };
                    let names = story();
                    reached.lock().unwrap().extend(names);
                }
            });
        }
    });
    let all: Names = countersign::DURABLE_WRITES
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    assert_eq!(
        *reached.lock().unwrap(),
        all,
        "a durable write is in no story"
    );
}

/// What a run of the program is armed with.
enum Arm {
    Record(PathBuf),
    Kill(String),
}

impl Arm {
    fn command(&self, world: &World, args: &[&str]) -> Command {
        let mut command = command(&world.data(), args);
        match self {
            Self::Record(file) => command.env("COUNTERSIGN_WRITES", file),
            Self::Kill(point) => command.env("COUNTERSIGN_KILL_BEFORE", point),
        };
        command
    }

    fn run(&self, world: &World, args: &[&str], input: &[u8]) -> Run {
        crate::common::run(self.command(world, args), input)
    }
}

/// Lets `act` happen once to learn what it writes; then, each time in a new world, kills the
/// program before one of these writes, and lets `after` do what a person does next and look at what
/// is left. `after` gets the name of the write that was not made.
fn story(
    world: impl AsyncFn() -> World,
    act: impl AsyncFn(&mut World, &Arm) -> Run,
    after: impl AsyncFn(&mut World, &str),
) -> Names {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut whole = world().await;
        let list = whole.folder.path().join("writes");
        let run = act(&mut whole, &Arm::Record(list.clone())).await;
        assert!(run.signal.is_none(), "{}", run.stderr);
        let names = fs::read_to_string(&list).unwrap_or_default();
        let names: Vec<&str> = names.lines().collect();
        for (at, name) in names.iter().enumerate() {
            let time = 1 + names[..at].iter().filter(|other| *other == name).count();
            let point = format!("{name}:{time}");
            let mut world = world().await;
            let killed = act(&mut world, &Arm::Kill(point.clone())).await;
            assert_eq!(killed.signal, Some(9), "{point}: {}", killed.stderr);
            after(&mut world, name).await;
        }
        names.into_iter().map(str::to_owned).collect()
    })
}

/// The phone's file is sound, and it signs in both with its PIN and with a code; the service
/// counted just so many wrong PINs.
async fn is_whole(world: &mut World, wrong_pins: u64) {
    let file = world.data().join("countersign/countersign.db");
    let verdict: String = rusqlite::Connection::open(file)
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    let accounts = world.run(&["accounts", "--json"]).json();
    assert_eq!(accounts.as_array().unwrap().len(), 1);
    assert_eq!(accounts[0]["state"], "active");

    let number = ask_app_anew(world).await;
    let run = world.run_with(
        &["approve", "--number", &number, "--pin-stdin", "--json"],
        PIN,
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.json()["tries_left"], 5);
    assert_eq!(run.json()["tries_left_in_epoch"], 15 - wrong_pins);
    page_goes_on(world).await;
    assert!(world.is_signed_in().await);

    let picture = ask_code_anew(world).await;
    signs_in_with(world, &picture).await;
}

async fn ask_app_anew(world: &mut World) -> String {
    if world.is_signed_in().await {
        world.anna.sign_out().await.unwrap();
    }
    world.ask_app().await.to_string()
}

async fn ask_code_anew(world: &mut World) -> String {
    if world.is_signed_in().await {
        world.anna.sign_out().await.unwrap();
    }
    world.anna.give_password(EMAIL, PASSWORD).await.unwrap();
    world.anna.ask_code().await.unwrap();
    world.screenshot("code.png").await
}

async fn signs_in_with(world: &mut World, picture: &str) {
    let run = world.run(&["scan", picture, "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let code = run.json()["code"].as_str().unwrap().to_owned();
    world.anna.type_code(&code).await.unwrap();
    assert!(world.is_signed_in().await);
}

async fn page_goes_on(world: &mut World) {
    let patience = Duration::from_secs(60);
    world.anna.wait_while("open", patience).await.unwrap();
}

fn initialising() -> Names {
    story(
        World::new,
        async |world, arm| {
            let picture = world.invitation().await;
            let command = arm.command(world, &["init", &picture, "--pin-stdin", "--json"]);
            world.finish_init(command).await
        },
        async |world, name| {
            let picture = world.folder.path().join("init.png");
            let args = ["init", picture.to_str().unwrap(), "--pin-stdin", "--json"];
            let again = command(&world.data(), &args);
            let run = world.finish_init(again).await;
            // The service has it already; so has the phone as soon as it asks.
            let done = name == "Completed";
            assert_eq!(run.code, if done { 6 } else { 0 }, "{name}: {}", run.stderr);
            // The key that was left behind is no sign of an earlier installation.
            let history = world.run(&["history", "--json"]).json();
            let mut events = history.as_array().unwrap().iter();
            assert!(
                events.all(|event| event["event"] != "reinstalled"),
                "{name}"
            );
            is_whole(world, 0).await;
        },
    )
}

/// A claim has reached the service, and the phone has not heard so.
async fn claimed_unheard() -> World {
    let mut world = World::new().await;
    let picture = world.invitation().await;
    let arm = Arm::Kill("ClaimAnswered".to_owned());
    let args = ["init", &picture, "--pin-stdin", "--json"];
    let killed = arm.run(&world, &args, PIN);
    assert_eq!(killed.signal, Some(9), "{}", killed.stderr);
    world
}

fn going_on_with_an_initialisation() -> Names {
    story(
        claimed_unheard,
        async |world, arm| {
            let command = arm.command(world, &["init", "--json"]);
            world.finish_init(command).await
        },
        async |world, name| {
            let again = command(&world.data(), &["init", "--json"]);
            let run = world.finish_init(again).await;
            assert_eq!(run.code, 0, "{name}: {}", run.stderr);
            is_whole(world, 0).await;
        },
    )
}

fn approving() -> Names {
    story(
        World::initialised,
        async |world, arm| {
            let number = ask_app_anew(world).await;
            arm.run(world, &["approve", "--number", &number, "--pin-stdin"], PIN)
        },
        async |world, name| {
            let number = world.anna.number().unwrap().to_string();
            let run = world.run_with(&["approve", "--number", &number, "--pin-stdin"], PIN);
            // What reached the service is done, and waits no more.
            let arrived = name == "Answered";
            let expected = if arrived { 1 } else { 0 };
            assert_eq!(run.code, expected, "{name}: {}", run.stderr);
            page_goes_on(world).await;
            assert!(world.is_signed_in().await);
            is_whole(world, 0).await;
        },
    )
}

fn a_wrong_pin() -> Names {
    story(
        World::initialised,
        async |world, arm| {
            let number = ask_app_anew(world).await;
            let args = ["approve", "--number", &number, "--pin-stdin"];
            arm.run(world, &args, WRONG_PIN)
        },
        async |world, name| {
            let counted = if name == "Answered" { 1 } else { 0 };
            let number = world.anna.number().unwrap().to_string();
            let args = ["approve", "--number", &number, "--pin-stdin", "--json"];
            let run = world.run_with(&args, WRONG_PIN);
            assert_eq!(run.code, 3, "{name}: {}", run.stderr);
            assert_eq!(run.json()["tries_left"], 4 - counted, "{name}");
            is_whole(world, counted + 1).await;
        },
    )
}

fn declining() -> Names {
    story(
        World::initialised,
        async |world, arm| {
            ask_app_anew(world).await;
            arm.run(world, &["decline"], b"")
        },
        async |world, name| {
            let arrived = name == "Answered";
            let run = world.run(&["decline"]);
            let expected = if arrived { 1 } else { 0 };
            assert_eq!(run.code, expected, "{name}: {}", run.stderr);
            page_goes_on(world).await;
            assert!(!world.is_signed_in().await);
            is_whole(world, 0).await;
        },
    )
}

fn a_code() -> Names {
    story(
        World::initialised,
        async |world, arm| {
            let picture = ask_code_anew(world).await;
            arm.run(world, &["scan", &picture], b"")
        },
        async |world, _| {
            // No code was shown, so none is spent: the same picture still gives it.
            let picture = world.folder.path().join("code.png");
            signs_in_with(world, picture.to_str().unwrap()).await;
            is_whole(world, 0).await;
        },
    )
}

const TRANSFER: [&str; 11] = [
    "scan",
    "--json",
    "--pin-stdin",
    "--field",
    "iban=LV80BANK0000435195001",
    "--field",
    "name=Jānis Kalniņš",
    "--field",
    "amount=12.50",
    "--field",
    "reference=Invoice",
];

fn a_transfer() -> Names {
    story(
        World::initialised,
        async |world, arm| {
            let transfer = Transfer {
                iban: "LV80BANK0000435195001",
                name: "Jānis Kalniņš",
                amount: "12.50",
                reference: "Invoice",
            };
            world.anna.begin_transfer(&transfer).await.unwrap();
            let picture = world.screenshot("transfer.png").await;
            arm.run(world, &[&TRANSFER[..], &[&picture]].concat(), PIN)
        },
        async |world, _| {
            let picture = world.folder.path().join("transfer.png");
            let args = [&TRANSFER[..], &[picture.to_str().unwrap()]].concat();
            let run = world.run_with(&args, PIN);
            assert_eq!(run.code, 0, "{}", run.stderr);
            let code = run.json()["code"].as_str().unwrap().to_owned();
            let page = world.anna.type_code(&code).await.unwrap();
            assert!(page.path().starts_with("/account/transactions/done/"));
            is_whole(world, 0).await;
        },
    )
}

/// The service has counted a wrong PIN, and the phone has not heard so.
async fn wrong_pin_unheard() -> World {
    let mut world = World::initialised().await;
    let number = ask_app_anew(&mut world).await;
    let arm = Arm::Kill("Answered".to_owned());
    let args = ["approve", "--number", &number, "--pin-stdin"];
    let killed = arm.run(&world, &args, WRONG_PIN);
    assert_eq!(killed.signal, Some(9), "{}", killed.stderr);
    world
}

fn looking_for_requests() -> Names {
    story(
        wrong_pin_unheard,
        async |world, arm| arm.run(world, &["pending"], b""),
        async |world, _| {
            assert_eq!(world.run(&["pending"]).code, 0);
            let accounts = world.run(&["accounts", "--json"]).json();
            assert_eq!(accounts[0]["tries_left"], 4);
            is_whole(world, 1).await;
        },
    )
}

fn looking_how_the_account_stands() -> Names {
    story(
        World::initialised,
        async |world, arm| arm.run(world, &["doctor"], b""),
        async |world, _| {
            assert_eq!(world.run(&["doctor"]).code, 0);
            is_whole(world, 0).await;
        },
    )
}

fn a_service_with_newer_information() -> Names {
    story(
        async || {
            let mut world = World::initialised().await;
            let service = world.service.take().unwrap();
            let (address, data) = (service.address(), service.data().to_owned());
            service.stop().await;
            // A program that another story is just starting holds this process's files, and with
            // them the lock, until it runs.
            let end = Instant::now() + Duration::from_secs(60);
            while world.service.is_none() {
                let config = Config {
                    listen: address,
                    name: "Another name".into(),
                    ..Config::embedded(&data)
                };
                match Embedded::start(config).await {
                    Ok(service) => world.service = Some(service),
                    Err(error) => assert!(Instant::now() < end, "{error}"),
                }
            }
            world
        },
        async |world, arm| arm.run(world, &["pending"], b""),
        async |world, _| {
            assert_eq!(world.run(&["pending"]).code, 1);
            is_whole(world, 0).await;
        },
    )
}

fn renaming() -> Names {
    story(
        World::initialised,
        async |world, arm| arm.run(world, &["rename", "1", "Mine"], b""),
        async |world, _| {
            let run = world.run(&["rename", "1", "Mine", "--json"]);
            assert_eq!((run.code, run.json()["name"].as_str()), (0, Some("Mine")));
            is_whole(world, 0).await;
        },
    )
}

fn removing() -> Names {
    story(
        World::initialised,
        async |world, arm| arm.run(world, &["remove", "1", "--yes"], b""),
        async |world, name| {
            let gone = name != "AccountErased";
            let run = world.run(&["remove", "1", "--yes"]);
            assert_eq!(run.code, i32::from(gone), "{name}: {}", run.stderr);
            assert_eq!(world.run(&["accounts"]).code, 1);
            // The service was told, then or now: it knows no device of hers, and guards the
            // account.
            assert!(!world.is_signed_in().await, "{name}");
            let refused = world.anna.give_password(EMAIL, PASSWORD).await;
            let page = format!("{:?}", refused.unwrap_err());
            assert!(page.contains("/recovery"), "{name}: {page}");
        },
    )
}
