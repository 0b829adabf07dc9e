//! The command that restores a backup is killed, and so is the start after it.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use super::Names;
use super::world::World;

pub async fn restoring_a_backup() -> Names {
    let mut world = World::running();
    world.enrolled().await;
    let backup = world.folder.path().join("backup.db");
    let list = world.folder.path().join("writes");
    let record = ("COUNTERSIGN_WRITES", list.to_str().unwrap());
    assert!(
        world
            .service
            .command(&["backup"], &backup, record)
            .success()
    );
    world.service.stop();
    restore(&world, &backup, record);
    let names = written(&list);
    for name in &names {
        going_on(&mut world).await;
        world.service.stop();
        let armed = ("COUNTERSIGN_KILL_BEFORE", name.as_str());
        let killed = world
            .service
            .command(&["restore", "--replace"], &backup, armed);
        assert_eq!(killed.signal(), Some(9), "{name}");
        // What was there before is there still.
        going_on(&mut world).await;
        world.service.stop();
        restore(&world, &backup, record);
        going_on(&mut world).await;
    }

    world.service.stop();
    restore(&world, &backup, record);
    fs::remove_file(&list).unwrap();
    world.service.start(record);
    let started = written(&list);
    for name in started.iter().filter(|name| *name != "Sweep") {
        world.service.stop();
        restore(&world, &backup, ("COUNTERSIGN_WRITES", "/dev/null"));
        world.service.start(("COUNTERSIGN_KILL_BEFORE", name));
        assert!(world.service.up(), "{name}");
        let step: i64 = world
            .service
            .database()
            .query_row("SELECT step FROM account", [], |row| row.get(0))
            .unwrap();
        assert_eq!(step, 10_000, "once, whenever it is killed");
        world.is_whole(0).await;
        world.service.journal_is_whole();
    }
    names.into_iter().chain(started).collect()
}

fn restore(world: &World, backup: &Path, arm: (&str, &str)) {
    let done = world
        .service
        .command(&["restore", "--replace"], backup, arm);
    assert!(done.success());
}

fn written(list: &Path) -> Vec<String> {
    let names = fs::read_to_string(list).unwrap_or_default();
    names.lines().map(str::to_owned).collect()
}

/// The service runs, and the phone and the person go on.
async fn going_on(world: &mut World) {
    world.service.start(("COUNTERSIGN_WRITES", "/dev/null"));
    world.is_whole(0).await;
}
