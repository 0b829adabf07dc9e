//! The journal beside the database, and what `restore` refuses.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::{PASSWORD, Phone, World};
use countersign_service::{Config, Embedded, Places, StartError, backup, restore};

const ANNA: &str = "anna@example.eu";

fn config(world: &World) -> Config {
    Config {
        listen: world.service.address(),
        clock: world.clock.clone(),
        ..Config::embedded(world.folder.path())
    }
}

/// Starts the service again after what was done to its data folder.
async fn try_after(
    world: World,
    change: impl FnOnce(&Path),
) -> Result<World, (StartError, tempfile::TempDir)> {
    let config = config(&world);
    world.service.stop().await;
    change(world.folder.path());
    match Embedded::start(config).await {
        Ok(service) => Ok(World { service, ..world }),
        Err(error) => Err((error, world.folder)),
    }
}

async fn after(world: World, change: impl FnOnce(&Path)) -> World {
    match try_after(world, change).await {
        Ok(world) => world,
        Err((error, _)) => panic!("{error}"),
    }
}

async fn refused(world: World, change: impl FnOnce(&Path)) -> (String, tempfile::TempDir) {
    match try_after(world, change).await {
        Ok(_) => panic!("it started"),
        Err((error, folder)) => (error.to_string(), folder),
    }
}

fn journal(folder: &Path) -> String {
    fs::read_to_string(folder.join("service.journal")).unwrap()
}

/// A service with a device that removed itself: the last lines of its journal are about it.
async fn with_a_removal() -> (World, Phone, String) {
    let world = World::new().await;
    let (_, phone) = world.person().await;
    assert_eq!(phone.remove().await, 200);
    let lines = journal(world.folder.path());
    assert!(
        lines.contains("removed ") && lines.contains(&phone.dev()),
        "{lines}"
    );
    (world, phone, lines)
}

/// Copies the database by hand, as no backup is made.
fn copied(world_folder: &Path) -> Vec<u8> {
    fs::read(world_folder.join("service.db")).unwrap()
}

#[tokio::test]
async fn the_journal_is_written_before_the_answer_and_private() {
    let (world, _, lines) = with_a_removal().await;
    // Two keys, the device, its removal, and that it was the last one.
    assert_eq!(lines.lines().count(), 1 + 5, "{lines}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = world.folder.path().join("service.journal");
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    for secret in [ANNA, "Anna", "My phone", PASSWORD] {
        assert!(!lines.contains(secret));
    }
}

#[tokio::test]
async fn what_a_crash_kept_from_the_journal_is_there_after_the_next_start() {
    let (world, _, lines) = with_a_removal().await;
    let whole = lines.lines().count();
    let mut world = world;
    for kept in [whole - 1, whole - 2, 1] {
        let some: String = lines.split_inclusive('\n').take(kept).collect();
        for torn in ["", "9 1795450000 remov"] {
            let text = format!("{some}{torn}");
            world = after(world, |folder| {
                fs::write(folder.join("service.journal"), text).unwrap();
            })
            .await;
            assert_eq!(journal(world.folder.path()), lines);
        }
    }
    let world = after(world, |folder| {
        fs::remove_file(folder.join("service.journal")).unwrap();
    })
    .await;
    assert_eq!(journal(world.folder.path()), lines);
}

#[tokio::test]
async fn an_older_database_is_a_restored_one_however_it_came_there() {
    let world = World::new().await;
    let (mut owner, phone) = world.person().await;
    let mut old = Vec::new();
    let world = after(world, |folder| old = copied(folder)).await;
    assert_eq!(phone.remove().await, 200);
    let world = after(world, |folder| {
        fs::write(folder.join("service.db"), &old).unwrap();
    })
    .await;
    assert_eq!(phone.complete_raw_status().await, 401);
    assert_eq!(owner.get("/account").await.path, "/sign-in");
    assert_eq!(owner.password(ANNA, PASSWORD).await.path, "/recovery");
    let step = crate::support::number(&world, "SELECT step FROM account");
    assert_eq!(step, 10_000);
    // Once, and not at each start.
    let world = after(world, |_| {}).await;
    let step = crate::support::number(&world, "SELECT step FROM account");
    assert_eq!(step, 10_000);
}

#[tokio::test]
async fn a_damaged_line_is_written_anew_where_the_database_has_it_and_else_told() {
    let world = World::new().await;
    let (_, phone) = world.person().await;
    let mut old = Vec::new();
    let world = after(world, |folder| old = copied(folder)).await;
    assert_eq!(phone.remove().await, 200);
    let lines = journal(world.folder.path());
    let damaged = lines.replace("removed ", "removec ");
    let world = after(world, |folder| {
        fs::write(folder.join("service.journal"), &damaged).unwrap();
    })
    .await;
    assert_eq!(journal(world.folder.path()), lines);

    let (told, folder) = refused(world, |folder| {
        fs::write(folder.join("service.journal"), &damaged).unwrap();
        fs::write(folder.join("service.db"), &old).unwrap();
    })
    .await;
    assert!(told.contains("lines that are damaged: 5"), "{told}");
    // Whoever deletes the line accepts the loss; the next one counts.
    let kept: Vec<_> = damaged
        .lines()
        .filter(|line| !line.contains("removec"))
        .collect();
    fs::write(
        folder.path().join("service.journal"),
        kept.join("\n") + "\n",
    )
    .unwrap();
    let service = Embedded::start(Config::embedded(folder.path()))
        .await
        .unwrap();
    service.stop().await;
}

#[tokio::test]
async fn a_journal_of_another_service_or_another_story_is_refused() {
    let (world, _, lines) = with_a_removal().await;
    let (other, _, _) = with_a_removal().await;
    let theirs = journal(other.folder.path());
    let (told, folder) = refused(world, |folder| {
        fs::write(folder.join("service.journal"), &theirs).unwrap();
    })
    .await;
    assert!(told.contains("is not a journal of this service"), "{told}");
    // The same service's, and the database tells it otherwise.
    fs::write(folder.path().join("service.journal"), &lines).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("service.db")).unwrap();
    connection
        .execute("UPDATE journal SET at = at + 1 WHERE seq = 3", [])
        .unwrap();
    drop(connection);
    let told = Embedded::start(Config::embedded(folder.path())).await;
    let told = told.err().unwrap().to_string();
    assert!(told.contains("do not agree from line 3 on"), "{told}");
}

#[tokio::test]
async fn an_empty_database_never_takes_the_place_of_a_lost_one_without_a_word() {
    let (world, _, _) = with_a_removal().await;
    let (told, folder) = refused(world, |folder| {
        fs::remove_file(folder.join("service.db")).unwrap();
    })
    .await;
    assert!(told.contains("Restore the last backup first"), "{told}");
    assert!(!folder.path().join("service.db").exists());
}

/// A backup of a service with one account.
async fn a_backup() -> (World, tempfile::TempDir, PathBuf) {
    let world = World::new().await;
    world.person().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.db");
    let places = Places::new(world.folder.path());
    backup(&places, &file, world.clock.as_ref()).unwrap();
    (world, folder, file)
}

#[tokio::test]
async fn a_restore_overwrites_nothing_unless_told_and_keeps_what_was_there() {
    let (world, _folder, file) = a_backup().await;
    let clock = world.clock.clone();
    let mut browser = world.browser();
    browser.register("later@example.eu").await;
    let places = Places::new(world.folder.path());
    let world = after(world, |folder| {
        let told = restore(&places, &file, false, clock.as_ref());
        assert!(told.unwrap_err().to_string().contains("add --replace"));
        assert!(!folder.join("service.db.part").exists());
        let report = restore(&places, &file, true, clock.as_ref()).unwrap();
        assert!(report.made_at.is_some() && report.key_missing.is_none());
        let aside = report.replaced.unwrap();
        let old = rusqlite::Connection::open(aside).unwrap();
        let accounts: i64 = old
            .query_row("SELECT count(*) FROM account", [], |row| row.get(0))
            .unwrap();
        assert_eq!(accounts, 2);
    })
    .await;
    assert_eq!(
        crate::support::number(&world, "SELECT count(*) FROM account"),
        1
    );

    // A folder that is no data folder.
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("letter.txt"), "x").unwrap();
    let told = restore(&Places::new(other.path()), &file, false, clock.as_ref());
    assert!(told.unwrap_err().to_string().contains("letter.txt"));
    // A new one, whose key is still to come.
    let new = other.path().join("new");
    let report = restore(&Places::new(&new), &file, false, clock.as_ref()).unwrap();
    let key = report.key_missing.unwrap();
    assert!(Embedded::start(Config::embedded(&new)).await.is_err());
    fs::create_dir_all(key.parent().unwrap()).unwrap();
    fs::copy(world.folder.path().join("keys/service.key"), &key).unwrap();
    Embedded::start(Config::embedded(&new))
        .await
        .unwrap()
        .stop()
        .await;
}

#[tokio::test]
async fn a_restore_takes_only_whole_backups_of_this_service_and_schema() {
    let (world, folder, file) = a_backup().await;
    let clock = world.clock.clone();
    let into = |name: &str| Places::new(folder.path().join(name));
    let told = |name: &str, bytes: &[u8]| {
        let bad = folder.path().join(format!("{name}.bad"));
        fs::write(&bad, bytes).unwrap();
        let told = restore(&into(name), &bad, false, clock.as_ref());
        let left: Vec<_> = fs::read_dir(folder.path().join(name))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["lock"], "{name}");
        told.unwrap_err().to_string()
    };
    let whole = fs::read(&file).unwrap();
    assert!(told("empty", b"").contains("is not a database of this service"));
    assert!(told("text", &[b'x'; 9000]).contains("damaged"));
    assert!(told("cut", &whole[..whole.len() / 2]).contains("damaged"));
    let mut spoilt = whole.clone();
    for byte in &mut spoilt[8192..12_288] {
        *byte ^= 0x55;
    }
    assert!(told("spoilt", &spoilt).contains("damaged"));
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(told("newer", &fs::read(&file).unwrap()).contains("newer countersign-service"));
    let foreign = folder.path().join("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE other (x)").unwrap();
    drop(connection);
    assert!(
        told("foreign", &fs::read(&foreign).unwrap()).contains("is not a database of this service")
    );
    // With another service's key.
    let places = Places {
        key_file: Some(world.folder.path().join("keys/service.key")),
        ..into("key")
    };
    let (other, _folder, theirs) = a_backup().await;
    let refused = restore(&places, &theirs, false, clock.as_ref());
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("do not belong together"), "{refused}");
    other.service.stop().await;
}
