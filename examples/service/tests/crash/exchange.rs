//! The command that exchanges the key file is killed, at any of its writes; then the service starts
//! with what is left, and the same command goes on.

use std::{fs, os::unix::process::ExitStatusExt, path::Path};

use super::{Names, world::World};

pub async fn exchanging_the_key_file() -> Names {
    exchanging(&["keys", "reseal"]).await
}

pub async fn replacing_all_keys_after_a_theft() -> Names {
    exchanging(&["keys", "reseal", "--compromised"]).await
}

async fn exchanging(command: &[&str]) -> Names {
    let mut world = World::running();
    world.enrolled().await;
    let list = world.folder.path().join("writes");
    let record = ("COUNTERSIGN_WRITES", list.to_str().unwrap());
    world.service.stop();
    exchange(&world, command, record);
    let names: Vec<String> = fs::read_to_string(&list)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    for (at, name) in names.iter().enumerate() {
        // What is exchanged once can't be exchanged in the same way: a signing key waits.
        let mut world = World::running();
        world.enrolled().await;
        world.service.stop();
        let key = world.folder.path().join("service/keys/service.key");
        let time = 1 + names[..at].iter().filter(|other| *other == name).count();
        let point = format!("{name}:{time}");
        let armed = ("COUNTERSIGN_KILL_BEFORE", point.as_str());
        let before = fs::read_to_string(&key).unwrap();
        let killed = world.service.command_alone(command, armed);
        assert_eq!(killed.signal(), Some(9), "{point}");
        // It works with what is left, and a person who comes meanwhile loses nothing.
        let left = fs::read_to_string(&key).unwrap();
        assert_eq!(left.contains("replaced-"), left != before, "{point}");
        goes_on(&mut world).await;
        world.service.stop();
        exchange(&world, command, ("COUNTERSIGN_WRITES", "/dev/null"));
        assert!(is_done(&key, &before), "{point}");
        goes_on(&mut world).await;
        // Codes too: after a theft the phone has begun a new PIN epoch by itself.
        world.sign_in_by_code().await;
        world.service.journal_is_whole();
    }
    names.into_iter().collect()
}

fn exchange(world: &World, command: &[&str], arm: (&str, &str)) {
    assert!(world.service.command_alone(command, arm).success());
}

/// Another sealing key, and nothing of the one before.
fn is_done(key: &Path, before: &str) -> bool {
    let after = fs::read_to_string(key).unwrap();
    let sealing = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("sealing "));
        line.unwrap().to_owned()
    };
    !after.contains("replaced-") && sealing(&after) != sealing(before)
}

/// The service runs, and the phone and the person go on.
async fn goes_on(world: &mut World) {
    world.service.start(("COUNTERSIGN_WRITES", "/dev/null"));
    world.sign_in_by_app().await;
}
