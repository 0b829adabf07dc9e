//! Stories of the life cycle: PINs changed, forgotten and renewed, keys rotated, biometrics.

use std::path::PathBuf;

use super::{Names, ask_app_anew, ask_code_anew, is_whole, page_goes_on, signs_in_with, story};
use crate::common::world::{PIN, World};
use crate::common::{command, with_input};

const NEW_PIN: &[u8] = b"5829\n";

/// Exactly one PIN works: this one. Tells what is said of the other.
async fn works_alone(world: &mut World, right: &[u8], wrong: &[u8], wrong_pins: u8) {
    for (pin, code) in [(wrong, 3), (right, 0)] {
        let number = ask_app_anew(world).await;
        let args = ["approve", "--number", &number, "--pin-stdin", "--json"];
        let run = world.run_with(&args, pin);
        assert_eq!(run.code, code, "{}", run.stderr);
        if code == 3 {
            assert_eq!(run.json()["reason"], "wrong-pin");
            assert_eq!(run.json()["tries_left_in_epoch"], 14 - wrong_pins);
            assert_eq!(world.run(&["decline"]).code, 0);
        }
        page_goes_on(world).await;
    }
}

pub(crate) fn changing_the_pin() -> Names {
    story(
        World::initialised,
        async |world, arm| arm.run(world, &["pin", "change", "--pin-stdin"], b"4071\n5829\n"),
        async |world, name| {
            // Nobody does anything but go on: the next request settles it.
            assert_eq!(world.run(&["doctor"]).code, 0, "{name}");
            let history = world.run(&["history", "--json"]).json();
            let changed = history
                .as_array()
                .unwrap()
                .iter()
                .any(|event| event["event"] == "pin-changed");
            let (right, wrong) = match changed {
                true => (NEW_PIN, PIN),
                false => (PIN, NEW_PIN),
            };
            works_alone(world, right, wrong, 0).await;
            let code = ask_code_anew(world).await;
            signs_in_with(world, &code).await;
            // And again, from whatever it is.
            let next = [right, b"6183\n"].concat();
            let run = world.run_with(&["pin", "change", "--pin-stdin"], &next);
            assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        },
    )
}

pub(crate) fn a_wrong_present_pin() -> Names {
    story(
        World::initialised,
        async |world, arm| arm.run(world, &["pin", "change", "--pin-stdin"], b"4072\n5829\n"),
        async |world, name| {
            // It counted where it arrived, and only there.
            let arrived = !matches!(name, "Counter" | "SlotStored" | "Rewritten" | "NoRemains")
                || slot_is_gone(world);
            let args = ["pin", "change", "--pin-stdin", "--json"];
            let run = world.run_with(&args, b"4072\n5829\n");
            assert_eq!(run.code, 3, "{name}: {}", run.stderr);
            assert_eq!(
                run.json()["tries_left"],
                if arrived { 3 } else { 4 },
                "{name}"
            );
            works_alone(world, PIN, NEW_PIN, if arrived { 2 } else { 1 }).await;
        },
    )
}

/// Whether the phone has heard that its change was refused.
fn slot_is_gone(world: &World) -> bool {
    let history = world.run(&["history", "--json"]).json();
    history[0]["event"] == "wrong-pin"
}

pub(crate) fn new_keys() -> Names {
    story(
        World::initialised,
        async |world, arm| arm.run(world, &["rotate", "--pin-stdin"], PIN),
        async |world, name| {
            assert_eq!(world.run(&["doctor"]).code, 0, "{name}");
            is_whole(world, 0).await;
            let run = world.run_with(&["rotate", "--pin-stdin"], PIN);
            assert_eq!(run.code, 0, "{name}: {}", run.stderr);
            is_whole(world, 0).await;
        },
    )
}

/// Biometrics are on or off on both sides alike, approve if they are on, and can be turned on
/// again.
async fn biometrics_are_whole(world: &mut World, name: &str) {
    assert_eq!(world.run(&["doctor"]).code, 0, "{name}");
    let on = world.run(&["accounts", "--json"]).json()[0]["biometrics"] == true;
    let number = ask_app_anew(world).await;
    let args = ["approve", "--number", &number, "--biometrics"];
    let run = world.run(&args);
    assert_eq!(run.code, if on { 0 } else { 2 }, "{name}: {}", run.stderr);
    if !on {
        assert_eq!(world.run(&["decline"]).code, 0);
        let run = world.run_with(&["biometrics", "on", "--pin-stdin"], PIN);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
    }
    page_goes_on(world).await;
    is_whole(world, 0).await;
}

pub(crate) fn turning_biometrics_on() -> Names {
    story(
        World::initialised,
        async |world, arm| arm.run(world, &["biometrics", "on", "--pin-stdin"], PIN),
        async |world, name| biometrics_are_whole(world, name).await,
    )
}

pub(crate) fn turning_biometrics_off() -> Names {
    story(
        async || {
            let world = World::initialised().await;
            let run = world.run_with(&["biometrics", "on", "--pin-stdin"], PIN);
            assert_eq!(run.code, 0, "{}", run.stderr);
            world
        },
        async |world, arm| arm.run(world, &["biometrics", "off"], b""),
        async |world, name| biometrics_are_whole(world, name).await,
    )
}

/// A second phone of hers, which the first one approved.
async fn second_phone(world: &mut World) -> PathBuf {
    let number = ask_app_anew(world).await;
    approve_here(world, &number).await;
    world.anna.add_device("Second phone").await.unwrap();
    let number = world.anna.number().unwrap().to_string();
    approve_here(world, &number).await;
    let second = world.folder.path().join("second");
    let picture = world.screenshot("second.png").await;
    let init = command(&second, &["init", &picture, "--pin-stdin", "--json"]);
    let run = world.finish_init(init).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    second
}

async fn approve(world: &mut World, phone: &std::path::Path, number: &str) {
    let args = ["approve", "--number", number, "--pin-stdin"];
    let run = with_input(phone, &args, PIN);
    assert_eq!(run.code, 0, "{}", run.stderr);
    page_goes_on(world).await;
}

/// The second phone has approved that the first one gets a new PIN.
async fn granted() -> World {
    let mut world = World::initialised().await;
    world.anna.open("/account/devices").await.unwrap();
    let first = world.anna.devices();
    let second = second_phone(&mut world).await;
    world.anna.open("/account/devices").await.unwrap();
    let unblock = [("dev", first[0].as_str())];
    let page = world
        .anna
        .submit("/account/devices/unblock", &unblock)
        .await;
    page.unwrap();
    let number = world.anna.number().unwrap().to_string();
    approve(&mut world, &second, &number).await;
    world
}

pub(crate) fn setting_a_forgotten_pin() -> Names {
    story(
        granted,
        async |world, arm| arm.run(world, &["pin", "forgotten", "--pin-stdin"], NEW_PIN),
        async |world, name| {
            assert_eq!(world.run(&["doctor"]).code, 0, "{name}");
            let history = world.run(&["history", "--json"]).json();
            let events = history.as_array().unwrap();
            let set = events.iter().any(|event| event["event"] == "pin-set-anew");
            let (right, wrong) = if set { (NEW_PIN, PIN) } else { (PIN, NEW_PIN) };
            for (old, code) in [(wrong, 3), (right, 0)] {
                let input = [old, b"6183\n"].concat();
                let run = world.run_with(&["pin", "change", "--pin-stdin"], &input);
                assert_eq!(run.code, code, "{name}: {}", run.stderr);
            }
            // What was not used up still lets her set one.
            let again = world.run_with(&["pin", "forgotten", "--pin-stdin"], NEW_PIN);
            assert!(matches!(again.code, 0 | 3), "{name}: {}", again.stderr);
        },
    )
}

/// Eight tries were spent, so that the next right PIN renews the keys.
async fn worn() -> World {
    let world = World::initialised().await;
    let data = world.service.as_ref().unwrap().data();
    let database = rusqlite::Connection::open(data.join("service.db")).unwrap();
    let worn = database.execute("UPDATE device SET wrong_epoch = 8", []);
    assert_eq!(worn.unwrap(), 1);
    world
}

async fn approve_here(world: &mut World, number: &str) {
    let data = world.data();
    approve(world, &data, number).await;
}

pub(crate) fn renewing_the_keys() -> Names {
    story(
        worn,
        async |world, arm| {
            let number = ask_app_anew(world).await;
            arm.run(world, &["approve", "--number", &number, "--pin-stdin"], PIN)
        },
        async |world, name| {
            assert_eq!(world.run(&["doctor"]).code, 0, "{name}");
            // The next right PIN makes up for what was not done.
            let number = ask_app_anew(world).await;
            approve_here(world, &number).await;
            let history = world.run(&["history", "--json"]).json();
            let events = history.as_array().unwrap().iter();
            let renewed = events.filter(|event| event["event"] == "pin-renewed");
            assert_eq!(renewed.count(), 1, "{name}");
            is_whole(world, 0).await;
        },
    )
}
